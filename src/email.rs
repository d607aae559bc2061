//! Messages: addresses, the sender's settings, composing, and the way out.
//!
//! [`Composer::compose`] is the only way to a new [`Message`], and it takes a
//! [`Permit`](crate::gate::Permit). The same inputs give the same bytes. An outbox keeps a message
//! as [`Message::to_json`] writes it, sealed, and reads it back with [`Message::from_json`].
//!
//! Nothing that reaches a header may hold a control character. It is an error that names the field,
//! never silently dropped: a line end in a name or a subject is how headers are injected.
//!
//! ```
//! use std::sync::Arc;
//!
//! use bespoke::content::Letter;
//! use bespoke::email::{Address, Composer, Draft, Sender};
//! use bespoke::gate::{Candidate, Lookup, Standing, Verdict, gate};
//! use bespoke::identity::{CanonicalEmail, Hasher};
//! use bespoke::key::{KeyVersion, Keys, Secret};
//! use bespoke::privacy::{Consent, Ledger};
//!
//! let now = "2026-03-01T09:00:00Z".parse()?;
//! let keys = Arc::new(Keys::new(KeyVersion::new(1), Secret::new([7; 32])?));
//! let address = Hasher::new(keys.clone()).digest(&CanonicalEmail::new("ann@example.com")?)?;
//! let standing = Standing::new("p-1", address)
//!     .erased(Lookup::Known(false))
//!     .suppressed(Lookup::Known(None))
//!     .consents(Lookup::Known(Ledger::new().with(Consent::granted("news", now, "2026-01"))));
//! let Verdict::Permit(permit) = gate(&standing, &Candidate::marketing("news"), now).verdict else {
//!     panic!("Ann consented");
//! };
//!
//! let sender = Sender::new("Shop <news@shop.example>", "https://shop.example/u/", "Weg 1, Ulm");
//! let composer = Composer::new(&sender, keys)?;
//! let way_out = composer.unsubscribe_url(&"m-1".into(), &"p-1".into(), &"news".into())?;
//! let letter = Letter::new("Für Ann", "Hallo!", format!("<p>Hallo!</p><a href=\"{way_out}\">Abmelden</a>"));
//! let draft = Draft::new("m-1", "p-1", Address::parse("Ann <ann@example.com>")?, letter);
//! let message = composer.compose(permit, &draft, now)?;
//! assert!(message.bytes.is_ascii());
//! # Ok::<(), bespoke::Error>(())
//! ```

mod address;
mod compose;
mod fault;
mod header;
mod sender;
mod stored;
mod unsubscribe;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use address::Address;
pub use compose::Composer;
pub(crate) use compose::check_id;
pub use fault::AddressFault;
pub use sender::{ProviderHeader, Sender};
pub use unsubscribe::UnsubscribeToken;

use crate::content::Letter;
use crate::gate::MessageKind;
use crate::id::{MessageId, ProfileId};
use crate::privacy::Purpose;

/// A message to be composed.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Draft {
    /// The message's own identifier: 1 to 128 letters, digits, `-`, `_` and single dots inside. It
    /// becomes the `Message-ID` and stands in the way out, for all to see.
    pub id: MessageId,
    /// Who it is for; the permit must be theirs.
    pub profile: ProfileId,
    /// Where it goes; the permit must be for this address.
    pub recipient: Address,
    /// What it says. The subject is one line, and white space around it is cut; line ends of any
    /// kind in the text, the AMP and the HTML become CRLF.
    pub letter: Letter,
    /// Whom it comes from, where that is not the sender. Its domain must be one that whoever hands
    /// the message over signs for.
    pub from: Option<Address>,
    /// Where answers to it go, where that is not where the sender has them.
    pub reply_to: Option<Address>,
    /// The campaign that it is part of, for `Feedback-ID`.
    pub campaign: Option<Arc<str>>,
}

/// A message ready to be handed over.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The message's own identifier.
    pub id: MessageId,
    /// Who it is for.
    pub profile: ProfileId,
    /// What it is for.
    pub purpose: Purpose,
    /// Marketing or transactional.
    pub kind: MessageKind,
    /// The sender's address, for the envelope.
    pub from: Address,
    /// The recipient's address, for the envelope.
    pub recipient: Address,
    /// The version of the templates that it was rendered from.
    pub version: Option<Arc<str>>,
    /// The variant of each block that it shows, by the block's name.
    pub variants: BTreeMap<Arc<str>, Arc<str>>,
    /// The whole message by RFC 5322: ASCII, lines of at most 998 bytes that end in CRLF.
    pub bytes: Vec<u8>,
}

impl Draft {
    /// A message of this identifier, for this person, at this address.
    pub fn new(
        id: impl Into<MessageId>,
        profile: impl Into<ProfileId>,
        recipient: Address,
        letter: Letter,
    ) -> Self {
        Self {
            id: id.into(),
            profile: profile.into(),
            recipient,
            letter,
            from: None,
            reply_to: None,
            campaign: None,
        }
    }

    /// The same draft from another address than the sender's.
    #[must_use]
    pub fn from(mut self, address: Address) -> Self {
        self.from = Some(address);
        self
    }

    /// The same draft with another address for answers than the sender's.
    #[must_use]
    pub fn reply_to(mut self, address: Address) -> Self {
        self.reply_to = Some(address);
        self
    }

    /// The same draft as part of a campaign.
    #[must_use]
    pub fn campaign(mut self, campaign: impl Into<Arc<str>>) -> Self {
        self.campaign = Some(campaign.into());
        self
    }
}

impl fmt::Debug for Message {
    /// Shows neither what it says nor to which address.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("id", &self.id)
            .field("profile", &self.profile)
            .field("purpose", &self.purpose)
            .field("kind", &self.kind)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}
