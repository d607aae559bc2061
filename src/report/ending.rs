//! What came of decisions.

use std::collections::BTreeMap;

use super::OutcomeCount;
use crate::delivery::State;
use crate::store::DecisionRecord;

/// What came of a decision in the end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Ending<'a> {
    /// `sent`, or how far the message has come, or why there is none: `deferred`, `skipped`,
    /// `failed`.
    pub outcome: &'a str,
    /// Why, where it was not sent.
    pub reason: Option<&'a str>,
}

/// How many reasons are told apart; later ones are counted as other reasons.
const REASONS: usize = 200;

/// How often each ending came.
#[derive(Clone, Debug, Default)]
pub(super) struct Endings(BTreeMap<(String, Option<String>), u64>);

/// What is said of a message that a channel has accepted.
pub(super) const SENT: &str = "sent";

impl<'a> Ending<'a> {
    /// What came of a decision: of the message that it claimed, the delivery's state, unless a
    /// channel has accepted it.
    pub fn of(record: &'a DecisionRecord, unsent: Option<&'a State>) -> Self {
        let (outcome, reason) = match (&record.message, unsent) {
            (None, _) => (&*record.outcome, record.reason.as_deref()),
            (Some(_), None | Some(State::Accepted)) => (SENT, None),
            (Some(_), Some(state)) => (state.name().as_str(), said(state)),
        };
        Self { outcome, reason }
    }
}

/// What a channel said.
fn said(state: &State) -> Option<&str> {
    match state {
        State::Deferred { reason, .. } | State::Failed { reason } => Some(reason),
        _ => None,
    }
}

impl Endings {
    pub(super) fn add(&mut self, ending: Ending<'_>) {
        // Faults differ from person to person; their first line is what to count by.
        let reason = ending.reason.and_then(|reason| reason.lines().next()).map(str::to_owned);
        let mut key = (ending.outcome.to_owned(), reason);
        if self.0.len() >= REASONS && !self.0.contains_key(&key) {
            key.1 = Some("other reasons".to_owned());
        }
        *self.0.entry(key).or_default() += 1;
    }

    /// How many came to one of these.
    pub(super) fn of(&self, wanted: &[&str]) -> u64 {
        let found = self.0.iter().filter(|((outcome, _), _)| wanted.contains(&&**outcome));
        found.map(|(_, count)| count).sum()
    }

    /// The endings from the best to the worst, each with its most frequent reason first.
    pub(super) fn counts(&self) -> Vec<OutcomeCount> {
        const ORDER: [&str; 6] = [SENT, "claimed", "sending", "unknown", "deferred", "skipped"];
        let place = |outcome: &str| ORDER.iter().position(|known| *known == outcome);
        let counts = self.0.iter().map(|((outcome, reason), count)| {
            OutcomeCount::new(outcome.as_str(), reason.as_deref(), *count)
        });
        let mut counts: Vec<OutcomeCount> = counts.collect();
        counts.sort_by_key(|it| {
            (place(&it.outcome).unwrap_or(ORDER.len()), std::cmp::Reverse(it.count))
        });
        counts
    }
}
