//! The gate: whether somebody may be written to, decided before a message is.
//!
//! [`gate`] looks at one person's [`Standing`] and one [`Candidate`] message and permits it or says
//! what stopped it. Only a [`Permit`] lets a message be composed, only the gate makes one, and
//! composing uses it up.
//!
//! ```
//! use bespoke::gate::{Candidate, Lookup, Standing, Verdict, gate};
//! use bespoke::identity::Digest;
//! use bespoke::key::KeyVersion;
//! use bespoke::privacy::{Consent, Ledger};
//!
//! let now = "2026-03-01T09:00:00Z".parse()?;
//! let ledger = Ledger::new()
//!     .with(Consent::granted("newsletter", "2026-01-01T00:00:00Z".parse()?, "2026-01"));
//! let standing = Standing::new("p-1", Digest::new(KeyVersion::new(1), [0; 32]))
//!     .erased(Lookup::Known(false))
//!     .suppressed(Lookup::Known(None))
//!     .consents(Lookup::Known(ledger));
//! let decision = gate(&standing, &Candidate::marketing("newsletter"), now);
//! assert!(matches!(decision.verdict, Verdict::Permit(_)));
//!
//! let decision = gate(&standing, &Candidate::marketing("survey"), now);
//! let Verdict::Skip { reason } = decision.verdict else { panic!("nobody consented to surveys") };
//! assert_eq!(reason.as_str(), "consent");
//! # Ok::<(), bespoke::Error>(())
//! ```

mod decide;
mod permit;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use decide::gate;
pub use permit::Permit;

use crate::id::ProfileId;
use crate::identity::Digest;
use crate::privacy::{Ledger, Purpose, Suppressed};
use crate::time::{Duration, Timestamp};

/// For how long a permit holds if nothing else is asked for.
///
/// An hour is long enough to compose a mailing and to hand it over, with a retry or two, and short
/// enough that a withdrawal is not overlooked for longer than a recipient would understand.
pub const DEFAULT_VALIDITY: Duration = Duration::hours(1);

/// What somebody is written to about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MessageKind {
    /// What the sender wants them to read. It needs consent and carries a way out.
    Marketing,
    /// What they asked for or are owed: a receipt, a password. It needs no consent.
    Transactional,
}

/// A message that is wanted, not yet written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Candidate {
    purpose: Purpose,
    kind: MessageKind,
    validity: Duration,
}

/// What a look-up answered.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "an answer is there or it is not")]
pub enum Lookup<T> {
    /// The answer.
    Known(T),
    /// None: the look-up failed or was never made.
    #[default]
    Unavailable,
}

/// What is known of one person and one of their addresses when a decision is made.
///
/// Every look-up counts as unavailable until it is set, so one that was forgotten stops a marketing
/// message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    profile: ProfileId,
    address: Digest,
    erased: Lookup<bool>,
    suppressed: Lookup<Option<Suppressed>>,
    consents: Lookup<Ledger>,
}

/// What the gate decided and how it came to that.
#[derive(Debug)]
#[non_exhaustive]
pub struct Decision {
    /// Whether the message may be composed.
    pub verdict: Verdict,
    /// The steps taken, in order; the last is the one that stopped it, if one did.
    pub steps: Vec<StepRecord>,
}

/// Whether a message may be composed.
#[derive(Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// Yes, by this permit.
    Permit(Permit),
    /// Not now: at `until` the same look-ups would answer differently, so ask again then. No step
    /// there is today defers.
    Defer {
        /// When to ask again.
        until: Timestamp,
        /// What stands in the way.
        reason: Reason,
    },
    /// No.
    Skip {
        /// What stands in the way.
        reason: Reason,
    },
}

/// The gate's steps, in their order.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Step {
    /// Was the person erased?
    Erased,
    /// Is the address suppressed?
    Suppressed,
    /// Is there consent for the purpose?
    Consent,
}

/// What a step found.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing in the way.
    Passed,
    /// The step does not concern a message of this kind.
    NotNeeded,
    /// The look-up was unavailable, and a transactional message went on without it.
    PassedUnknown,
    /// The message was stopped.
    Stopped,
}

/// One step taken.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StepRecord {
    /// Which.
    pub step: Step,
    /// What it found.
    pub outcome: Outcome,
}

/// Why a message is not composed. The text is stable, to count and to store by.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Reason {
    /// The person was erased.
    Erased,
    /// It is not known whether the person was erased.
    ErasedUnavailable,
    /// The address is suppressed.
    Suppressed,
    /// It is not known whether the address is suppressed.
    SuppressedUnavailable,
    /// There is no consent for the purpose: never given, or withdrawn.
    Consent,
    /// It is not known whether there is consent.
    ConsentUnavailable,
}

impl Candidate {
    /// A marketing message for a purpose.
    pub fn marketing(purpose: impl Into<Purpose>) -> Self {
        Self::new(purpose.into(), MessageKind::Marketing)
    }

    /// A transactional message for a purpose.
    pub fn transactional(purpose: impl Into<Purpose>) -> Self {
        Self::new(purpose.into(), MessageKind::Transactional)
    }

    fn new(purpose: Purpose, kind: MessageKind) -> Self {
        Self { purpose, kind, validity: DEFAULT_VALIDITY }
    }

    /// The same candidate, whose permit holds for so long instead of [`DEFAULT_VALIDITY`].
    #[must_use]
    pub fn valid_for(mut self, validity: Duration) -> Self {
        self.validity = validity;
        self
    }

    /// What it is for.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Marketing or transactional.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }
}

impl Standing {
    /// The standing of a person who would be written to at the address of this digest, with
    /// nothing looked up yet.
    pub fn new(profile: impl Into<ProfileId>, address: Digest) -> Self {
        Self {
            profile: profile.into(),
            address,
            erased: Lookup::Unavailable,
            suppressed: Lookup::Unavailable,
            consents: Lookup::Unavailable,
        }
    }

    /// The same standing with whether the person was erased.
    #[must_use]
    pub fn erased(mut self, erased: Lookup<bool>) -> Self {
        self.erased = erased;
        self
    }

    /// The same standing with what [`Suppression::find`] answered for the address.
    ///
    /// [`Suppression::find`]: crate::privacy::Suppression::find
    #[must_use]
    pub fn suppressed(mut self, suppressed: Lookup<Option<Suppressed>>) -> Self {
        self.suppressed = suppressed;
        self
    }

    /// The same standing with the person's consents; an empty ledger is no consent.
    #[must_use]
    pub fn consents(mut self, consents: Lookup<Ledger>) -> Self {
        self.consents = consents;
        self
    }
}

impl Reason {
    /// The stable text: `erased`, `consent-unavailable`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Erased => "erased",
            Self::ErasedUnavailable => "erased-unavailable",
            Self::Suppressed => "suppressed",
            Self::SuppressedUnavailable => "suppressed-unavailable",
            Self::Consent => "consent",
            Self::ConsentUnavailable => "consent-unavailable",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
