//! Addresses that are not written to.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::identity::Digest;
use crate::time::Timestamp;

/// Why an address is suppressed, the most binding first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Cause {
    /// Its owner called a message spam.
    Complaint,
    /// It does not exist.
    Bounce,
    /// The host said so.
    Manual,
    /// Its owner unsubscribed from everything: an opt-out, which stops marketing and leaves the
    /// mail that a contract needs.
    UnsubscribeAll,
}

impl Cause {
    /// Whether it stops transactional mail too: all do but the opt-out.
    pub fn stops_transactional(self) -> bool {
        self != Self::UnsubscribeAll
    }
}

/// That an address is suppressed, why and since when.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Suppressed {
    /// The most binding cause.
    pub cause: Cause,
    /// Since when it is suppressed for that.
    pub since: Timestamp,
}

impl Suppressed {
    /// Suppressed for a cause since an instant.
    pub const fn new(cause: Cause, since: Timestamp) -> Self {
        Self { cause, since }
    }
}

/// Suppressed addresses by digest. It names nobody, so it survives an erasure.
///
/// ```
/// # use std::sync::Arc;
/// # use bespoke::key::{KeyVersion, Keys, Secret};
/// use bespoke::identity::{CanonicalEmail, Hasher};
/// use bespoke::privacy::{Cause, Suppression};
///
/// # let hasher = Hasher::new(Arc::new(Keys::new(KeyVersion::new(1), Secret::new([7; 32])?)));
/// let ann = CanonicalEmail::new("ann@example.com")?;
/// let mut list = Suppression::new();
/// list.add(hasher.digest(&ann)?, Cause::Bounce, "2026-02-01T00:00:00Z".parse()?);
/// let found = list.find(&hasher.candidates(&ann)?, "2026-03-01T00:00:00Z".parse()?);
/// assert_eq!(found.unwrap().cause, Cause::Bounce);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Suppression(BTreeMap<Digest, BTreeMap<Cause, Timestamp>>);

impl Suppression {
    /// A list without addresses.
    pub fn new() -> Self {
        Self::default()
    }

    /// Suppresses an address from an instant on. For one cause the earliest instant stands.
    pub fn add(&mut self, address: Digest, cause: Cause, since: Timestamp) {
        let known = self.0.entry(address).or_default().entry(cause).or_insert(since);
        *known = since.min(*known);
    }

    /// The most binding suppression in effect at `now` of the address that has these digests, one
    /// for each generation of the key ([`Hasher::candidates`]).
    ///
    /// [`Hasher::candidates`]: crate::identity::Hasher::candidates
    pub fn find(&self, candidates: &[Digest], now: Timestamp) -> Option<Suppressed> {
        let entries = candidates.iter().filter_map(|digest| self.0.get(digest)).flatten();
        let effective = entries.filter(|(_, since)| **since <= now);
        let (cause, since) = effective.min()?;
        Some(Suppressed { cause: *cause, since: *since })
    }

    /// Every entry, by digest and then by cause.
    pub fn entries(&self) -> impl Iterator<Item = (&Digest, Suppressed)> {
        self.0.iter().flat_map(|(digest, causes)| {
            let causes = causes.iter();
            causes.map(move |(cause, since)| (digest, Suppressed { cause: *cause, since: *since }))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::KeyVersion;

    fn digest(version: u32) -> Digest {
        Digest::new(KeyVersion::new(version), [1; 32])
    }

    fn at(micros: i64) -> Timestamp {
        Timestamp::from_micros(micros)
    }

    #[test]
    fn the_most_binding_cause_in_effect_is_found() {
        let mut list = Suppression::new();
        list.add(digest(1), Cause::UnsubscribeAll, at(7));
        list.add(digest(2), Cause::Bounce, at(9));
        list.add(digest(2), Cause::Bounce, at(8));
        list.add(digest(2), Cause::Bounce, at(10));
        let both = [digest(1), digest(2)];
        assert_eq!(list.find(&both, at(6)), None);
        assert_eq!(list.find(&both, at(7)).unwrap().cause, Cause::UnsubscribeAll);
        let bounced = Suppressed { cause: Cause::Bounce, since: at(8) };
        assert_eq!(list.find(&both, at(8)), Some(bounced));
        assert_eq!(list.find(&[digest(3)], at(9)), None);
        assert_eq!(list.entries().count(), 2);
    }
}
