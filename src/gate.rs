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
//!
//! A candidate may ask for more: a topic that they subscribed to, a mailing in which nobody is
//! written to twice, caps, quiet hours. What it does not ask for is not needed, and need not be
//! looked up.
//!
//! ```
//! use bespoke::claim::Claim;
//! use bespoke::gate::{Candidate, Cap, Lookup, QuietHours, Standing, Verdict, gate};
//! use bespoke::identity::Digest;
//! use bespoke::key::KeyVersion;
//! use bespoke::privacy::{Consent, Ledger, SubscriptionState, Subscriptions};
//! use bespoke::time::Duration;
//!
//! let now = "2026-03-01T09:00:00Z".parse()?;
//! let sale = Candidate::marketing("newsletter")
//!     .topic("sale", SubscriptionState::Subscribed)
//!     .mailing("spring-sale")
//!     .cap(Cap::new(1, Duration::days(1))?)
//!     .quiet_hours(QuietHours::new("21:00".parse()?, "08:00".parse()?)?);
//! let yesterday = Claim::new("winter-sale", "m-1", "p-1", "2026-02-28T18:00:00Z".parse()?);
//! let standing = Standing::new("p-1", Digest::new(KeyVersion::new(1), [0; 32]))
//!     .erased(Lookup::Known(false))
//!     .suppressed(Lookup::Known(None))
//!     .consents(Lookup::Known(Ledger::new().with(Consent::granted("newsletter", now, "2026-01"))))
//!     .subscriptions(Lookup::Known(Subscriptions::new()))
//!     .claims(Lookup::Known(vec![yesterday]))
//!     .zone(Lookup::Known("Europe/Lisbon".parse()?));
//! let Verdict::Defer { until, reason } = gate(&standing, &sale, now).verdict else {
//!     panic!("one message a day");
//! };
//! assert_eq!((until, reason.as_str()), ("2026-03-01T18:00:00Z".parse()?, "frequency-cap"));
//! # Ok::<(), bespoke::Error>(())
//! ```

mod cap;
mod decide;
mod permit;
mod quiet;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use cap::Cap;
pub use decide::gate;
pub use permit::Permit;
pub use quiet::QuietHours;

use crate::claim::{Claim, Mailing};
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::privacy::{Ledger, Purpose, SubscriptionState, Subscriptions, Suppressed, Topic};
use crate::time::{Duration, Timestamp, Zone};

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
    /// And what counts for who never chose.
    topic: Option<(Topic, SubscriptionState)>,
    mailing: Option<Mailing>,
    caps: Vec<Cap>,
    quiet_hours: Option<QuietHours>,
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
/// message that needs it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Standing {
    profile: ProfileId,
    address: Digest,
    erased: Lookup<bool>,
    suppressed: Lookup<Option<Suppressed>>,
    consents: Lookup<Ledger>,
    subscriptions: Lookup<Subscriptions>,
    claims: Lookup<Vec<Claim>>,
    zone: Lookup<Zone>,
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
    /// Not now: at `until` the step that stood in the way no longer does, if nothing happens
    /// meanwhile, so look up and ask again then. Another step may stand in the way by then: what is
    /// put off by a cap until midnight may come into quiet hours.
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
    /// Is the topic wanted?
    Subscription,
    /// Was the mailing claimed already, for the address or the person?
    Claimed,
    /// Were they written to as often as they bear?
    FrequencyCap,
    /// Is it night where they live?
    QuietHours,
}

/// What a step found.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// Nothing in the way.
    Passed,
    /// The step does not concern a message of this kind, or the candidate did not ask for it.
    NotNeeded,
    /// The look-up was unavailable, and a transactional message went on without it.
    PassedUnknown,
    /// The message was stopped, for good or until later.
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
    /// The topic is not wanted.
    Unsubscribed,
    /// It is not known whether the topic is wanted.
    SubscriptionUnavailable,
    /// In this mailing a message was claimed for the address or the person.
    AlreadyClaimed,
    /// It is not known what was claimed.
    ClaimsUnavailable,
    /// They were written to as often as they bear.
    FrequencyCap,
    /// It is night where they live.
    QuietHours,
    /// It is not known where they live.
    ZoneUnavailable,
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
        Self {
            purpose,
            kind,
            validity: DEFAULT_VALIDITY,
            topic: None,
            mailing: None,
            caps: Vec::new(),
            quiet_hours: None,
        }
    }

    /// The same candidate, about a topic; `default` counts for who never chose. A transactional
    /// message is sent whatever they chose.
    #[must_use]
    pub fn topic(mut self, topic: impl Into<Topic>, default: SubscriptionState) -> Self {
        self.topic = Some((topic.into(), default));
        self
    }

    /// The same candidate, in a mailing that writes to nobody twice.
    #[must_use]
    pub fn mailing(mut self, mailing: impl Into<Mailing>) -> Self {
        self.mailing = Some(mailing.into());
        self
    }

    /// The same candidate under one more cap; it must pass all. A transactional message passes any.
    #[must_use]
    pub fn cap(mut self, cap: Cap) -> Self {
        self.caps.push(cap);
        self
    }

    /// The same candidate, not to come in these hours. A transactional message comes at any.
    #[must_use]
    pub fn quiet_hours(mut self, hours: QuietHours) -> Self {
        self.quiet_hours = Some(hours);
        self
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
            subscriptions: Lookup::Unavailable,
            claims: Lookup::Unavailable,
            zone: Lookup::Unavailable,
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

    /// The same standing with what the person subscribed to.
    #[must_use]
    pub fn subscriptions(mut self, subscriptions: Lookup<Subscriptions>) -> Self {
        self.subscriptions = subscriptions;
        self
    }

    /// The same standing with the claims of the address and of the person, in any order; of those
    /// that are both, and so come twice, one counts.
    #[must_use]
    pub fn claims(mut self, claims: Lookup<Vec<Claim>>) -> Self {
        self.claims = claims;
        self
    }

    /// The same standing with the zone in which the person lives. Whether a usual one stands in for
    /// who told none is the host's to say.
    #[must_use]
    pub fn zone(mut self, zone: Lookup<Zone>) -> Self {
        self.zone = zone;
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
            Self::Unsubscribed => "unsubscribed",
            Self::SubscriptionUnavailable => "subscription-unavailable",
            Self::AlreadyClaimed => "already-claimed",
            Self::ClaimsUnavailable => "claims-unavailable",
            Self::FrequencyCap => "frequency-cap",
            Self::QuietHours => "quiet-hours",
            Self::ZoneUnavailable => "zone-unavailable",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
