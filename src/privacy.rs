//! Personal data and the right to use it: the door, the vault, consent and suppression.
//!
//! At the [`door`] an event is split by the schema. What is declared and public goes on; what is
//! personal, of a special category or not declared at all goes to a [`Vault`], from which only
//! templates read. Rules, metrics and models never see it.
//!
//! ```
//! use bespoke::event::Event;
//! use bespoke::privacy::door;
//! use bespoke::schema::{Field, Schema};
//! use bespoke::value::Kind;
//!
//! let schema = Schema::new()
//!     .attribute("name", Field::from(Kind::Text).personal())
//!     .attribute("country", Kind::Text);
//! let told = Event::read(
//!     r#"{"type": "identify", "userId": "p-1", "timestamp": "2026-02-01T12:00:00Z",
//!         "traits": {"name": "Ann", "country": "DE", "shoeSize": 38}}"#,
//!     &schema,
//! )?;
//! let admitted = door(told, &schema)?;
//! assert_eq!(admitted.event.fields().len(), 1);
//! assert_eq!(admitted.personal.unwrap().held().count(), 2);
//! # Ok::<(), bespoke::error::Rejection>(())
//! ```

mod consent;
mod door;
mod memory;
mod personal;
#[cfg(feature = "seal")]
mod seal;
mod subscription;
mod suppression;

use std::fmt;

use async_trait::async_trait;

pub use consent::{Consent, ConsentState, Ledger, Purpose};
pub use door::{Admitted, door};
pub use memory::MemoryVault;
pub use personal::{Held, Personal, PersonalRecord, Place, Protection};
#[cfg(feature = "seal")]
pub use seal::Sealer;
#[cfg(feature = "sqlite")]
pub(crate) use seal::generation;
pub use subscription::{Subscription, SubscriptionState, Subscriptions, Topic};
pub use suppression::{Cause, Suppressed, Suppression};

use crate::error::Result;
use crate::id::ProfileId;
use crate::time::Timestamp;

/// Keeps personal data, apart from everything else, until it is erased.
///
/// # Contract
/// - What [`get`] returns is the fold of the records put in, as [`Personal::apply`] does it: it
///   depends on the records, not on the order in which they came, and a record put in twice counts
///   once.
/// - [`erase`] destroys what is held of a person and remembers when. A record known at or before
///   that instant is dropped from then on, so that replaying a log brings nothing back; one known
///   later is kept, since the person has come back.
/// - Nobody else's data changes by any call.
///
/// # Shapes and units
/// A person is the identifier that the event came with. A profile of several identifiers is read
/// and erased by each of them.
///
/// # Errors
/// [`ErrorKind::Io`] where the store does not answer, [`ErrorKind::Key`] where a person's data
/// cannot be unsealed. After an error of [`put`] the record may or may not be held, and putting it
/// again is safe; after one of [`erase`] nothing is known, and it is to be called again.
///
/// # Implementing
/// Keep each person's records sealed under a key of that person, so that destroying the key erases
/// what backups still hold. [`PersonalRecord::held`] gives what to store, [`PersonalRecord::new`]
/// makes the record again, [`Personal::apply`] folds. `testing::vault::check` runs the contract.
///
/// # Example
/// ```
/// use bespoke::privacy::{MemoryVault, PersonalRecord, Place, Protection, Vault};
///
/// let vault = MemoryVault::new();
/// let told = "2026-02-01T12:00:00Z".parse()?;
/// let record = PersonalRecord::new("p-1", Place::Attribute, "m-1", told)
///     .with("name", Protection::Personal, "Ann");
/// pollster::block_on(async {
///     vault.put(record).await?;
///     let ann = vault.get(&"p-1".into()).await?;
///     assert_eq!(ann.attribute("name").unwrap().to_string(), "Ann");
///     let receipt = vault.erase(&"p-1".into(), "2026-03-01T00:00:00Z".parse()?).await?;
///     assert_eq!(receipt.values, 1);
///     assert!(vault.get(&"p-1".into()).await?.is_empty());
///     Ok::<(), bespoke::Error>(())
/// })
/// # ?;
/// # Ok::<(), bespoke::Error>(())
/// ```
///
/// [`get`]: Vault::get
/// [`put`]: Vault::put
/// [`erase`]: Vault::erase
/// [`ErrorKind::Io`]: crate::error::ErrorKind::Io
/// [`ErrorKind::Key`]: crate::error::ErrorKind::Key
#[async_trait]
pub trait Vault: fmt::Debug + Send + Sync {
    /// Puts in what one event told of a person.
    ///
    /// # Errors
    ///
    /// See above.
    async fn put(&self, record: PersonalRecord) -> Result<()>;

    /// Puts in what several events told. A vault that writes to disk does it at once, and not
    /// once for each record, as is done here.
    ///
    /// # Errors
    ///
    /// See above; any of the records may then be held, and putting all of them again is safe.
    async fn put_all(&self, records: Vec<PersonalRecord>) -> Result<()> {
        for record in records {
            self.put(record).await?;
        }
        Ok(())
    }

    /// What is held of a person; empty where that is nothing.
    ///
    /// # Errors
    ///
    /// See above.
    async fn get(&self, person: &ProfileId) -> Result<Personal>;

    /// Erases what is held of a person, as of `now`, and says what that was.
    ///
    /// # Errors
    ///
    /// See above.
    async fn erase(&self, person: &ProfileId, now: Timestamp) -> Result<Receipt>;
}

/// What an erasure did, to be kept as its proof. It holds no personal data.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Receipt {
    /// Whose data was erased.
    pub person: ProfileId,
    /// As of which instant; what was known by then stays erased.
    pub at: Timestamp,
    /// How many values were destroyed; 0 where nothing was held, as when it is done again.
    pub values: usize,
}

impl Receipt {
    /// The receipt of an erasure of so many values.
    pub fn new(person: ProfileId, at: Timestamp, values: usize) -> Self {
        Self { person, at, values }
    }
}
