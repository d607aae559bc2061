//! What was decided of an audience.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::store::DecisionRecord;

/// How many people were decided of, by what came of it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Tally {
    /// They are written to: a message was claimed.
    pub claimed: u64,
    /// They are asked about again.
    pub deferred: u64,
    /// Their message could not be written.
    pub failed: u64,
    /// They are not written to, by why not.
    pub skipped: BTreeMap<Arc<str>, u64>,
}

impl Tally {
    /// Counts a decision.
    pub(super) fn add(&mut self, record: &DecisionRecord) {
        let count = self.count(record);
        *count = count.saturating_add(1);
    }

    /// Takes back what was counted, since something else was decided.
    pub(super) fn remove(&mut self, record: &DecisionRecord) {
        let count = self.count(record);
        *count = count.saturating_sub(1);
    }

    fn count(&mut self, record: &DecisionRecord) -> &mut u64 {
        match &*record.outcome {
            "claimed" => &mut self.claimed,
            "deferred" => &mut self.deferred,
            "failed" => &mut self.failed,
            _ => {
                let reason = record.reason.as_deref().unwrap_or_default();
                self.skipped.entry(reason.into()).or_default()
            }
        }
    }

    /// How many were decided of, those included who are asked about again.
    pub fn decided(&self) -> u64 {
        self.skipped
            .values()
            .fold(self.claimed, |sum, count| sum.saturating_add(*count))
            .saturating_add(self.deferred)
            .saturating_add(self.failed)
    }
}
