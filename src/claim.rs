//! Claims: that an address was claimed for a mailing.
//!
//! A [`Claim`] is made when a message is composed, in the same batch as the decision. The gate
//! counts claims, so that nobody is written to twice in one [`Mailing`] or more often than they
//! bear; the outbox keeps what became of each.

use crate::id::{MessageId, ProfileId, identifier};
use crate::time::Timestamp;

identifier! {
    /// Which mailing: a campaign or a step of a journey, within which an address is written to once.
    Mailing
}

/// That an address was claimed for a mailing: what "already written to" and frequency caps are
/// counted on, whatever became of the delivery.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Claim {
    /// When.
    pub at: Timestamp,
    /// For which mailing.
    pub mailing: Mailing,
    /// For which message; it names the delivery too.
    pub message: MessageId,
    /// For whom.
    pub profile: ProfileId,
}

impl Claim {
    /// A claim for a message, made at an instant.
    pub fn new(
        mailing: impl Into<Mailing>,
        message: impl Into<MessageId>,
        profile: impl Into<ProfileId>,
        at: Timestamp,
    ) -> Self {
        Self { at, mailing: mailing.into(), message: message.into(), profile: profile.into() }
    }
}
