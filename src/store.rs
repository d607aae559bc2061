//! Keeping what is known and what was decided: one trait, one batch, all or nothing.
//!
//! A [`Store`] commits a [`Batch`] as a whole: events, consents, decisions, claims, timers and the
//! place in the source that they were read from. Whoever decides reads a [`Profile`] with its
//! [`Version`] and names that version in the batch; if somebody else wrote in between, the batch is
//! a [conflict](crate::error::ErrorKind::Conflict) and nothing of it is kept.
//!
//! [`MemoryStore`] is for tests and small bases. `SqliteStore` (feature `sqlite`) is the embedded
//! default: one file that the `sqlite3` shell reads. `PostgresStore` (feature `postgres`) is for
//! several processes: tables in a database that the host connects to.
//!
//! No personal data reaches a store: events come through the [`door`](crate::privacy::door),
//! addresses as keyed digests, messages sealed.

mod batch;
mod judge;
mod memory;
mod place;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod query;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod row;
#[cfg(feature = "sqlite")]
mod sqlite;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod table;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use batch::Batch;
pub use memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use postgres::{Access, Connection, EventViews, PostgresStore};
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteStore, SqliteVault};

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::claim::{Claim, Mailing};
use crate::delivery::{Delivery, StateName};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::gate::StepRecord;
use crate::id::{MessageId, ProfileId};
use crate::identity::Digest;
use crate::page::{Cursor, Page};
use crate::privacy::{Ledger, Subscriptions, Suppression};
use crate::time::Timestamp;

/// Keeps facts and decisions.
///
/// # Contract
/// - [`commit`] is atomic and, once it has answered, durable: after a crash a batch is there as a
///   whole or not at all, and none that was acknowledged is missing.
/// - Every commit raises by one the version of each profile that an event, consent, subscription,
///   decision or claim of it names. A profile begins at [`Version::NEW`]. A batch that expects
///   another version than the stored one is an [`ErrorKind::Conflict`] and changes nothing; so is one
///   that expects another text of a document.
/// - An event counts once by `(profile, messageId)`: of copies with different content the one known
///   first stands, then the one of the smaller digest, in whatever order they came. A batch that
///   brings nothing but repeats still raises the version. An event without a `messageId` is kept
///   under the derived one and comes back with it. Nothing else of it is lost but the count of
///   [`Event::rounded`].
/// - Two claims of one mailing for one address are a conflict, in one batch or in two; so are two
///   deliveries of one message, and a transition from a state that the delivery is not in or that
///   [`StateName::may_become`] forbids. A delivery that comes to a final state loses its sealed
///   message.
/// - A decision replaces an earlier one of the same mailing and profile, a timer one of the same
///   profile and name, a cursor one of the same source, a document one of the same name.
/// - A consent, subscription or suppression counts once; none is ever changed.
/// - A batch's deliveries are claimed first, then its transitions are taken in their order.
/// - Lists have one order: profiles, decisions by the bytes of the profile's identifier; deliveries
///   in the order in which they were claimed (within a batch as they stand there); timers by due
///   instant, then profile, then name. What is committed between two pages shows on later pages
///   where its place is behind theirs.
///
/// # Shapes and units
/// A page holds at most `limit` items (0 counts as 1); a page with a `next` holds at least one.
///
/// # Errors
/// [`ErrorKind::Conflict`] as above, naming what is at odds; [`ErrorKind::Input`] for an event of
/// nobody, a new delivery that is not claimed, a transition of a delivery that is not there, and a
/// cursor that is not of this list;
/// [`ErrorKind::Format`] for what a newer version wrote, and for a stored event that the schema in
/// use refuses, naming it; [`ErrorKind::Io`] where the store does not answer. After `Io` from
/// [`commit`] the batch may or may not be there: read before writing it again.
///
/// # Implementing
/// Keep a format version and refuse a newer one. One transaction per batch. `testing::store::check`
/// (feature `testing`) runs the contract.
///
/// # Example
/// ```
/// use bespoke::event::Event;
/// use bespoke::store::{Batch, MemoryStore, Store, Version};
///
/// # pollster::block_on(async {
/// let store = MemoryStore::new();
/// let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?);
/// store.commit(Batch::new().event(order.clone())).await?;
/// let page = store.profiles(None, 100).await?;
/// assert_eq!((page.items[0].version, page.items[0].events.len()), (Version::new(1), 1));
///
/// let stale = Batch::new().expect("p-1", Version::NEW).event(order);
/// assert_eq!(store.commit(stale).await.unwrap_err().kind(), bespoke::error::ErrorKind::Conflict);
/// # Ok::<(), bespoke::Error>(())
/// # }).unwrap();
/// ```
///
/// [`commit`]: Store::commit
/// [`ErrorKind::Conflict`]: crate::error::ErrorKind::Conflict
/// [`ErrorKind::Format`]: crate::error::ErrorKind::Format
/// [`ErrorKind::Input`]: crate::error::ErrorKind::Input
/// [`ErrorKind::Io`]: crate::error::ErrorKind::Io
#[async_trait]
pub trait Store: fmt::Debug + Send + Sync {
    /// Commits a batch as a whole.
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn commit(&self, batch: Batch) -> Result<()>;

    /// The profiles after a place, with everything known of them.
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn profiles(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<Profile>>;

    /// One profile; one of which nothing is known is at [`Version::NEW`].
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn profile(&self, id: &ProfileId) -> Result<Profile>;

    /// These people in the order asked for, without their events: what is read again before a
    /// message is handed over.
    ///
    /// As provided it reads each of them whole; a store that can do with less should.
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn wishes(&self, ids: &[ProfileId]) -> Result<Vec<Profile>> {
        let mut people = Vec::with_capacity(ids.len());
        for id in ids {
            people.push(Profile { events: Vec::new(), ..self.profile(id).await? });
        }
        Ok(people)
    }

    /// What is known of these addresses.
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn addresses(&self, digests: &[Digest]) -> Result<Addresses>;

    /// The decisions of a mailing after a place.
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn decisions(
        &self,
        mailing: &Mailing,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<DecisionRecord>>;

    /// The decisions of a mailing on these people, in the order asked for; people of whom nothing
    /// was decided are left out.
    ///
    /// Whoever decides reads profiles first and this after: a decision that was made in between is
    /// then seen, and one that is made later is a conflict of versions.
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn decided(&self, mailing: &Mailing, people: &[ProfileId])
    -> Result<Vec<DecisionRecord>>;

    /// The deliveries of a mailing that are in a state, after a place.
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn deliveries(
        &self,
        mailing: &Mailing,
        state: StateName,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Delivery>>;

    /// The timers due at `now`, the earliest first, at most `limit` (0 counts as 1). They stay due
    /// until a batch sets or cancels them.
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn timers(&self, now: Timestamp, limit: usize) -> Result<Vec<Timer>>;

    /// How far a source was read.
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn cursor(&self, source: &str) -> Result<Option<Cursor>>;

    /// A document by its name: a model, a report's figures, the settings of a run.
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn document(&self, name: &str) -> Result<Option<String>>;
}

/// How often a profile was written.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(transparent)]
pub struct Version(u64);

impl Version {
    /// Of a profile that was never written.
    pub const NEW: Self = Self(0);

    /// Written so often.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// How often.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// After one more write.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Everything stored of one person.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Profile {
    /// Who.
    pub id: ProfileId,
    /// How often it was written.
    pub version: Version,
    /// What they did and what was told of them, by when it happened, then by `messageId`.
    pub events: Vec<Event>,
    /// What they consented to.
    pub consents: Ledger,
    /// What they subscribed to.
    pub subscriptions: Subscriptions,
    /// The messages claimed for them, the earliest first.
    pub claims: Vec<Claim>,
}

impl Profile {
    /// A person of whom nothing is stored.
    pub fn new(id: impl Into<ProfileId>) -> Self {
        Self {
            id: id.into(),
            version: Version::NEW,
            events: Vec::new(),
            consents: Ledger::new(),
            subscriptions: Subscriptions::new(),
            claims: Vec::new(),
        }
    }
}

/// What is stored of some addresses.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Addresses {
    /// Their suppressions.
    pub suppression: Suppression,
    /// Their claims, the earliest first; addresses without are left out.
    pub claims: BTreeMap<Digest, Vec<Claim>>,
}

/// What was decided of one person in one mailing.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct DecisionRecord {
    /// In which mailing.
    pub mailing: Mailing,
    /// Of whom.
    pub profile: ProfileId,
    /// As of which instant.
    pub at: Timestamp,
    /// `claimed`, `deferred`, `skipped` or `failed`: in a word, what came of it.
    pub outcome: Arc<str>,
    /// Why it was not claimed.
    pub reason: Option<String>,
    /// When to ask again, where it was deferred.
    pub until: Option<Timestamp>,
    /// The message that was claimed.
    pub message: Option<MessageId>,
    /// The gate's steps, as far as they were taken.
    pub steps: Vec<StepRecord>,
    /// What else the host wants to know of it, as JSON: `run::decide` writes [`Answers`], which a
    /// report reads. Never personal data.
    pub detail: String,
}

impl DecisionRecord {
    /// A decision of this outcome, with nothing else on record yet.
    pub fn new(
        mailing: impl Into<Mailing>,
        profile: impl Into<ProfileId>,
        at: Timestamp,
        outcome: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            mailing: mailing.into(),
            profile: profile.into(),
            at,
            outcome: outcome.into(),
            reason: None,
            until: None,
            message: None,
            steps: Vec::new(),
            detail: String::from("{}"),
        }
    }
}

impl DecisionRecord {
    /// The answers in its detail.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for a detail that holds something else.
    pub fn answers(&self) -> Result<Answers> {
        serde_json::from_str(&self.detail).map_err(|error| {
            let detail = format!("the decision of {}: {error}", self.profile);
            Error::new(ErrorKind::Input, detail)
        })
    }
}

/// What the rules answered of a person when it was decided of them.
///
/// ```
/// use bespoke::store::{Answers, DecisionRecord};
///
/// let now = "2026-03-01T09:00:00Z".parse()?;
/// let mut record = DecisionRecord::new("spring", "p-1", now, "skipped");
/// let mut answers = Answers::default();
/// answers.blocks.insert("hero".into(), "loyal".into());
/// record.detail = answers.to_json();
/// assert_eq!(record.answers()?, answers);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Answers {
    /// The chosen variant of each block.
    pub blocks: BTreeMap<Arc<str>, Arc<str>>,
    /// The scores of now; `None` of one that was unset.
    pub scores: BTreeMap<Arc<str>, Option<f64>>,
    /// The segments that they are in, each with the instant until which that holds.
    pub segments: BTreeMap<Arc<str>, Option<Timestamp>>,
}

impl Answers {
    /// The answers as JSON.
    pub fn to_json(&self) -> String {
        // Names, numbers and instants: nothing that JSON cannot say.
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }
}

/// When to look at a profile again, and what for.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct Timer {
    /// When.
    pub due: Timestamp,
    /// At whom.
    pub profile: ProfileId,
    /// What for, such as `segment/vip`; a profile has one timer of a name.
    pub name: Arc<str>,
}

impl Timer {
    /// A timer of a profile.
    pub fn new(profile: impl Into<ProfileId>, name: impl Into<Arc<str>>, due: Timestamp) -> Self {
        Self { due, profile: profile.into(), name: name.into() }
    }
}
