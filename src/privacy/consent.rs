//! Consent by purpose.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::identifier;
use crate::time::Timestamp;

identifier! {
    /// What somebody is written to for, such as `newsletter`: consent is given for a purpose, never in
    /// general.
    Purpose
}

/// What became of a consent. Withdrawn orders last, so that of two records of one instant it is
/// the last.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ConsentState {
    /// It was given.
    Granted,
    /// It was taken back.
    Withdrawn,
}

/// A consent given or taken back, with what proves it.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Consent {
    /// When.
    pub at: Timestamp,
    /// Given or taken back.
    pub state: ConsentState,
    /// For what.
    pub purpose: Purpose,
    /// The version of the policy that was shown.
    pub policy: String,
    /// What proves it, in the host's words: the form, the confirmation, the call. Keep personal
    /// data out of it.
    pub evidence: String,
}

impl Consent {
    /// Consent given at an instant under this version of the policy, without evidence yet.
    pub fn granted(purpose: impl Into<Purpose>, at: Timestamp, policy: impl Into<String>) -> Self {
        Self::new(purpose.into(), at, policy.into(), ConsentState::Granted)
    }

    /// Consent taken back at an instant under this version of the policy, without evidence yet.
    pub fn withdrawn(
        purpose: impl Into<Purpose>,
        at: Timestamp,
        policy: impl Into<String>,
    ) -> Self {
        Self::new(purpose.into(), at, policy.into(), ConsentState::Withdrawn)
    }

    fn new(purpose: Purpose, at: Timestamp, policy: String, state: ConsentState) -> Self {
        Self { at, state, purpose, policy, evidence: String::new() }
    }

    /// The same record with its proof.
    #[must_use]
    pub fn with_evidence(mut self, evidence: impl Into<String>) -> Self {
        self.evidence = evidence.into();
        self
    }
}

/// One person's consents: every record ever made, none of them changed.
///
/// ```
/// use bespoke::privacy::{Consent, ConsentState, Ledger};
///
/// let ledger = Ledger::new()
///     .with(Consent::granted("newsletter", "2026-01-01T00:00:00Z".parse()?, "2026-01"))
///     .with(Consent::withdrawn("newsletter", "2026-03-01T00:00:00Z".parse()?, "2026-01"));
/// let february = "2026-02-01T00:00:00Z".parse()?;
/// assert!(ledger.is_granted(&"newsletter".into(), february));
/// assert!(!ledger.is_granted(&"survey".into(), february));
/// assert!(!ledger.is_granted(&"newsletter".into(), "2026-03-01T00:00:00Z".parse()?));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ledger(BTreeMap<Purpose, Vec<Consent>>);

impl Ledger {
    /// A ledger without records: nothing was ever consented to.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same ledger with one more record.
    #[must_use]
    pub fn with(mut self, consent: Consent) -> Self {
        self.record(consent);
        self
    }

    /// Puts in a record, wherever in time it belongs. The same record twice counts once.
    pub fn record(&mut self, consent: Consent) {
        let records = self.0.entry(consent.purpose.clone()).or_default();
        if let Err(place) = records.binary_search(&consent) {
            records.insert(place, consent);
        }
    }

    /// The record in effect at `now`: the last of this purpose at or before it. Of several at one
    /// instant a withdrawal is the last, since writing to somebody who withdrew is the worse error.
    pub fn effective(&self, purpose: &Purpose, now: Timestamp) -> Option<&Consent> {
        let records = self.0.get(purpose)?;
        let past = records.partition_point(|record| record.at <= now);
        records.get(..past)?.last()
    }

    /// Whether consent for this purpose is in effect at `now`. No record is no consent.
    pub fn is_granted(&self, purpose: &Purpose, now: Timestamp) -> bool {
        let effective = self.effective(purpose, now);
        effective.is_some_and(|record| record.state == ConsentState::Granted)
    }

    /// Every record, by purpose and then in order of time.
    pub fn records(&self) -> impl Iterator<Item = &Consent> {
        self.0.values().flatten()
    }
}

impl FromIterator<Consent> for Ledger {
    fn from_iter<I: IntoIterator<Item = Consent>>(records: I) -> Self {
        records.into_iter().fold(Self::new(), Self::with)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn consent(at: i64, state: ConsentState, evidence: &str) -> Consent {
        let at = Timestamp::from_micros(at);
        Consent::new("news".into(), at, "1".to_owned(), state).with_evidence(evidence)
    }

    #[test]
    fn a_tie_is_withdrawn() {
        // The evidence of the grant sorts last, and it came last.
        let ledger = Ledger::new().with(consent(5, ConsentState::Withdrawn, "a")).with(consent(
            5,
            ConsentState::Granted,
            "z",
        ));
        assert!(!ledger.is_granted(&"news".into(), Timestamp::from_micros(5)));
    }

    #[test]
    fn consent_begins_and_ends_at_its_instant() {
        let ledger = Ledger::new().with(consent(9, ConsentState::Withdrawn, "")).with(consent(
            5,
            ConsentState::Granted,
            "form",
        ));
        let granted = |now| ledger.is_granted(&"news".into(), Timestamp::from_micros(now));
        assert_eq!([4, 5, 8, 9].map(granted), [false, true, true, false]);
        let proof = ledger.effective(&"news".into(), Timestamp::from_micros(8)).unwrap();
        assert_eq!(proof.evidence, "form");
    }

    proptest! {
        #[test]
        fn the_order_of_recording_does_not_matter(
            records in prop::collection::vec((0..4_i64, any::<bool>(), "[ab]"), 0..8),
            now in 0..5_i64,
        ) {
            let records = records.into_iter().map(|(at, granted, evidence)| {
                let state = if granted { ConsentState::Granted } else { ConsentState::Withdrawn };
                consent(at, state, &evidence)
            });
            let records: Vec<Consent> = records.collect();
            let ledger: Ledger = records.iter().cloned().collect();
            prop_assert_eq!(&ledger, &records.iter().rev().cloned().collect());
            let past = records.iter().filter(|record| record.at.micros() <= now);
            let last = past.clone().map(|record| record.at).max();
            let mut latest = past.filter(|record| Some(record.at) == last).peekable();
            let granted = latest.peek().is_some()
                && latest.all(|record| record.state == ConsentState::Granted);
            prop_assert_eq!(
                ledger.is_granted(&"news".into(), Timestamp::from_micros(now)),
                granted
            );
        }
    }
}
