//! The permit to compose one message.

use super::{Candidate, MessageKind, Standing};
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::privacy::Purpose;
use crate::time::Timestamp;

/// That one message may be composed: to this person, at this address, for this purpose, until it
/// expires.
///
/// Only [`gate`](super::gate) makes one. It cannot be cloned, so it permits one message:
///
/// ```compile_fail,E0599
/// fn twice(permit: bespoke::gate::Permit) -> (bespoke::gate::Permit, bespoke::gate::Permit) {
///     (permit.clone(), permit)
/// }
/// ```
///
/// nor made by hand:
///
/// ```compile_fail,E0451
/// use bespoke::gate::{MessageKind, Permit};
/// use bespoke::identity::Digest;
/// use bespoke::key::KeyVersion;
/// use bespoke::time::Timestamp;
///
/// let permit = Permit {
///     profile: "p-1".into(),
///     address: Digest::new(KeyVersion::new(1), [0; 32]),
///     purpose: "newsletter".into(),
///     kind: MessageKind::Marketing,
///     issued: Timestamp::MIN,
///     expires: Timestamp::MAX,
/// };
/// ```
#[derive(Debug)]
#[must_use = "a permit that is dropped permits nothing"]
pub struct Permit {
    profile: ProfileId,
    address: Digest,
    purpose: Purpose,
    kind: MessageKind,
    issued: Timestamp,
    expires: Timestamp,
}

impl Permit {
    pub(super) fn issue(standing: &Standing, candidate: &Candidate, now: Timestamp) -> Self {
        Self {
            profile: standing.profile.clone(),
            address: standing.address,
            purpose: candidate.purpose.clone(),
            kind: candidate.kind,
            issued: now,
            expires: now.plus(candidate.validity),
        }
    }

    /// Who may be written to.
    pub fn profile(&self) -> &ProfileId {
        &self.profile
    }

    /// The digest of the address that was looked up.
    pub fn address(&self) -> &Digest {
        &self.address
    }

    /// What for.
    pub fn purpose(&self) -> &Purpose {
        &self.purpose
    }

    /// Marketing or transactional.
    pub fn kind(&self) -> MessageKind {
        self.kind
    }

    /// When it was issued, from which on it holds.
    pub fn issued(&self) -> Timestamp {
        self.issued
    }

    /// When it has expired, this instant included.
    pub fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Whether it holds at `now`. Before it was issued it does not: a clock that went back is no
    /// reason to trust it for longer.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.issued <= now && now < self.expires
    }
}
