//! Handing messages over: claimed before they are sent, and never twice.
//!
//! A [`Delivery`] is a row of the outbox: one message to one recipient. It is *claimed* when the
//! message is composed, in the same batch as the decision, and the claim is what caps are counted
//! on. A relay takes it (*sending*) before it calls the channel and writes down what came of it.
//! Whoever finds a delivery still *sending* does not know whether it went out: where the channel
//! drops repeats by the delivery's identifier it is handed over again, elsewhere it becomes
//! *unknown*, which is a state of its own and not a retry.
//!
//! ```text
//! claimed ──► sending ──► accepted
//!    ▲            ├─────► failed
//!    │            ├─────► unknown
//!    └─ deferred ◄┘
//! ```
//!
//! What a relay writes down follows from the [`Handover`] and from whether the channel drops
//! repeats ([`Idempotency`]): see [`Delivery::taken`], [`Delivery::handed`] and
//! [`Delivery::recovered`].

#[cfg(feature = "mail")]
mod channel;
#[cfg(feature = "mail")]
mod folder;
mod handover;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

#[cfg(feature = "mail")]
pub use channel::Channel;
#[cfg(feature = "mail")]
pub use folder::EmlFolder;
pub use handover::{Handover, Idempotency};

use crate::claim::Claim;
use crate::id::MessageId;
use crate::identity::Digest;
use crate::privacy::Purpose;
use crate::time::Timestamp;

/// One message to one recipient, as the outbox has it.
///
/// It is known by its message's identifier, which follows from what caused the message, so that a
/// second attempt to claim the same message is seen as one.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Delivery {
    /// For which mailing, which message, whom and when it was claimed.
    pub claim: Claim,
    /// The digest of the address.
    pub address: Digest,
    /// What the message is for.
    pub purpose: Purpose,
    /// How far it has come.
    pub state: State,
    /// When it came there.
    pub since: Timestamp,
    /// How often it was taken to be handed over.
    pub attempts: u32,
    /// The message, sealed by whoever claimed it: a store does not read it. `None` once the
    /// delivery has come to its end, when the store drops it.
    pub sealed: Option<Arc<[u8]>>,
}

impl Delivery {
    /// A claimed delivery of a message that was sealed.
    pub fn claimed(
        claim: Claim,
        address: Digest,
        purpose: impl Into<Purpose>,
        sealed: impl Into<Arc<[u8]>>,
    ) -> Self {
        let since = claim.at;
        Self {
            claim,
            address,
            purpose: purpose.into(),
            state: State::Claimed,
            since,
            attempts: 0,
            sealed: Some(sealed.into()),
        }
    }

    /// The message's identifier, by which the delivery is known.
    pub fn id(&self) -> &MessageId {
        &self.claim.message
    }
}

/// How far a delivery has come.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
#[non_exhaustive]
pub enum State {
    /// Written down, not yet handed over.
    Claimed,
    /// Taken by a relay: it may have gone out, or not.
    Sending,
    /// The channel has it.
    Accepted,
    /// The channel wants it later.
    Deferred {
        /// Not before this instant.
        until: Timestamp,
        /// What the channel said.
        reason: String,
    },
    /// The channel refuses it for good.
    Failed {
        /// What the channel said.
        reason: String,
    },
    /// It was handed over and nobody knows what came of it.
    Unknown,
}

/// The name of a [`State`], to ask and to count by.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum StateName {
    /// [`State::Claimed`].
    Claimed,
    /// [`State::Sending`].
    Sending,
    /// [`State::Accepted`].
    Accepted,
    /// [`State::Deferred`].
    Deferred,
    /// [`State::Failed`].
    Failed,
    /// [`State::Unknown`].
    Unknown,
}

impl State {
    /// The state's name.
    pub fn name(&self) -> StateName {
        match self {
            Self::Claimed => StateName::Claimed,
            Self::Sending => StateName::Sending,
            Self::Accepted => StateName::Accepted,
            Self::Deferred { .. } => StateName::Deferred,
            Self::Failed { .. } => StateName::Failed,
            Self::Unknown => StateName::Unknown,
        }
    }
}

impl StateName {
    /// Whether nothing comes after it without somebody's asking. The store drops the message of a
    /// delivery that has come to such a state.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Accepted | Self::Failed | Self::Unknown)
    }

    /// Whether a delivery may go from this state to `next`.
    pub fn may_become(self, next: Self) -> bool {
        match self {
            Self::Claimed => next == Self::Sending || next == Self::Failed,
            // A relay that takes over what another left behind takes it anew.
            Self::Sending => next != Self::Claimed,
            Self::Deferred => matches!(next, Self::Sending | Self::Failed),
            // What nobody knew may be learnt from the provider later.
            Self::Unknown => matches!(next, Self::Accepted | Self::Failed),
            Self::Accepted | Self::Failed => false,
        }
    }

    /// The stable text: `claimed`, `unknown`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Claimed => "claimed",
            Self::Sending => "sending",
            Self::Accepted => "accepted",
            Self::Deferred => "deferred",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for StateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// That a delivery has come from one state to another.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Transition {
    /// Which delivery.
    pub message: MessageId,
    /// The state it must be in; where it is not, another relay has it and the batch is a conflict.
    pub from: StateName,
    /// The state it comes to. Coming to [`State::Sending`] counts as an attempt.
    pub to: State,
    /// When.
    pub at: Timestamp,
}

impl Transition {
    /// A delivery comes from one state to another at an instant.
    pub fn new(message: MessageId, from: StateName, to: State, at: Timestamp) -> Self {
        Self { message, from, to, at }
    }
}
