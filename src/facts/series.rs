//! The entries of one event's name, in order.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::Fact;
use crate::id::MessageId;
use crate::time::Timestamp;
use crate::value::Value;

/// From when a fact is known, and until when: a half-open stretch of time.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct Known {
    /// Since when it is known.
    pub from: Timestamp,
    /// From when on it is retracted; endless unless a later fact takes it back.
    pub until: Timestamp,
}

impl Known {
    /// Known since an instant and never retracted.
    pub const fn since(from: Timestamp) -> Self {
        Self { from, until: Timestamp::MAX }
    }

    /// Whether it is known at `known`.
    pub fn at(self, known: Timestamp) -> bool {
        self.from <= known && known < self.until
    }

    /// While both are known.
    fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }

    /// Ends it, unless it ended before.
    pub(crate) fn end(&mut self, until: Timestamp) {
        self.until = self.until.min(until);
    }
}

/// The entries of one event's name, ascending by instant, then by `messageId`.
#[derive(Clone, Debug)]
pub struct Series {
    facts: Vec<Fact>,
    /// While all of them are known; some that are replaced may still shorten it.
    known: Known,
    /// The totals of the fields that are tracked.
    totals: BTreeMap<Arc<str>, Vec<Total>>,
}

/// What a numeric field comes to over the entries before a place.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Total {
    /// The sum in millionths.
    pub(crate) sum: i128,
    /// How many entries have the field, be it a number or not.
    pub(crate) count: usize,
}

impl Default for Series {
    fn default() -> Self {
        Self { facts: Vec::new(), known: Known::since(Timestamp::MIN), totals: BTreeMap::new() }
    }
}

impl Series {
    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.facts.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// Whether all of its entries are known at `known`; no says nothing.
    pub(crate) fn all_known(&self, known: Timestamp) -> bool {
        self.known.at(known)
    }

    /// All entries, whether known or not.
    pub(super) fn all(&self) -> &[Fact] {
        &self.facts
    }

    /// The entries that happened after `after`.
    pub(crate) fn since(&self, after: Timestamp) -> &[Fact] {
        self.facts.split_at(self.facts.partition_point(|fact| fact.at <= after)).1
    }

    /// The entries that happened at `upto` or before.
    pub(crate) fn upto(&self, upto: Timestamp) -> &[Fact] {
        self.facts.split_at(self.facts.partition_point(|fact| fact.at <= upto)).0
    }

    /// Keeps totals of a field from now on, so that a sum over a stretch is one difference.
    pub(crate) fn track(&mut self, field: &Arc<str>) {
        if !self.totals.contains_key(field) {
            self.totals.insert(Arc::clone(field), Vec::new());
            self.total_from(0);
        }
    }

    /// The entries that happened after `after`, and the totals of a tracked field before each of
    /// them and after the last.
    pub(crate) fn totals_since(
        &self,
        field: &str,
        after: Timestamp,
    ) -> Option<(&[Fact], &[Total])> {
        let totals = self.totals.get(field)?;
        let from = self.facts.partition_point(|fact| fact.at <= after);
        Some((self.facts.get(from..)?, totals.get(from..)?))
    }

    /// Brings the totals up to date with the entries from `index` on.
    fn total_from(&mut self, index: usize) {
        for (field, totals) in &mut self.totals {
            totals.truncate(index + 1);
            if totals.is_empty() {
                totals.push(Total::default());
            }
            let mut total = totals.last().copied().unwrap_or_default();
            for fact in self.facts.iter().skip(totals.len() - 1) {
                let value = fact.fields.get(field).unwrap_or(&Value::Null);
                total.sum += value.as_number().map_or(0, |number| number.micros().into());
                total.count += usize::from(!value.is_null());
                totals.push(total);
            }
        }
    }

    pub(crate) fn insert(&mut self, fact: Fact) {
        self.known = self.known.and(fact.known);
        // Most events come in order and belong at the end.
        let in_order = self.facts.last().is_none_or(|last| order(last) <= order(&fact));
        let at = if in_order {
            self.facts.len()
        } else {
            self.facts.partition_point(|other| order(other) <= order(&fact))
        };
        self.facts.insert(at, fact);
        self.total_from(at);
    }

    /// Takes out one entry that is as `fact` but for when it is known.
    pub(super) fn remove(&mut self, fact: &Fact) {
        let first = self.facts.partition_point(|other| (other.at, &other.id) < (fact.at, &fact.id));
        if self.facts.get(first).is_some_and(|found| (found.at, &found.id) == (fact.at, &fact.id)) {
            self.facts.remove(first);
            self.total_from(first);
        }
    }

    /// Takes out the entries that `told` names and puts in others.
    pub(crate) fn replace(&mut self, told: impl Fn(&MessageId) -> bool, facts: Vec<Fact>) {
        self.facts.retain(|fact| !told(&fact.id));
        self.total_from(0);
        facts.into_iter().for_each(|fact| self.insert(fact));
    }

    pub(crate) fn retract(&mut self, id: &MessageId, from: Timestamp) -> bool {
        let mut found = false;
        for fact in self.facts.iter_mut().filter(|fact| fact.id == *id) {
            fact.known.end(from);
            self.known.end(from);
            found = true;
        }
        found
    }
}

fn order(fact: &Fact) -> (Timestamp, &MessageId, Timestamp) {
    (fact.at, &fact.id, fact.known.from)
}
