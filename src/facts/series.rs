//! The entries of one event's name, in order.

use serde::Serialize;

use super::Fact;
use crate::id::MessageId;
use crate::time::Timestamp;

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

    /// Whether it is never taken back.
    pub(crate) fn is_endless(self) -> bool {
        self.until == Timestamp::MAX
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
}

impl Default for Series {
    fn default() -> Self {
        Self { facts: Vec::new(), known: Known::since(Timestamp::MIN) }
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
    }

    /// Takes out the older half if all of it is older than `upto`; so each entry is moved about
    /// once.
    pub(crate) fn trim(&mut self, upto: Timestamp) {
        let half = self.facts.len() / 2;
        if self.facts.get(half).is_some_and(|fact| fact.at <= upto) {
            self.facts.drain(..half);
        }
    }

    /// Takes out these entries.
    pub(crate) fn remove<'f>(&mut self, facts: impl IntoIterator<Item = &'f Fact>) {
        for fact in facts {
            let first = self.facts.partition_point(|other| order(other) < order(fact));
            let mut same = self.facts.iter().skip(first);
            if let Some(after) = same.position(|other| other == fact) {
                self.facts.remove(first + after);
            }
        }
    }

    /// Ends the entries that an event told; they are as they were before.
    pub(crate) fn retract(&mut self, id: &MessageId, from: Timestamp) -> Vec<Fact> {
        let mut retracted = Vec::new();
        for fact in self.facts.iter_mut().filter(|fact| fact.id == *id) {
            retracted.push(fact.clone());
            fact.known.end(from);
            self.known.end(from);
        }
        retracted
    }
}

fn order(fact: &Fact) -> (Timestamp, &MessageId, Timestamp) {
    (fact.at, &fact.id, fact.known.from)
}
