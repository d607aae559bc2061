//! When to come back to whom.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use crate::time::{Duration, Timestamp};

/// Timers are sorted hour by hour: there are as many as people, and most are far away.
const HOUR: i64 = Duration::hours(1).micros();

/// The timers of many people, each a person's number; the first comes first, and of several at one
/// instant the least number.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// Of the hour that is at hand, the first last.
    near: Vec<Timer>,
    /// Those up to that hour that were set since it began.
    added: BinaryHeap<Reverse<Timer>>,
    hour: i64,
    /// By their hours, all of which are later.
    far: BTreeMap<i64, Vec<Timer>>,
}

type Timer = (Timestamp, usize);

impl Timers {
    pub(super) fn set(&mut self, at: Timestamp, number: usize) {
        let hour = at.micros().div_euclid(HOUR);
        if hour <= self.hour {
            self.added.push(Reverse((at, number)));
        } else {
            self.far.entry(hour).or_default().push((at, number));
        }
    }

    /// The first there is.
    pub(super) fn first(&mut self) -> Option<Timer> {
        if self.near.is_empty() && self.added.is_empty() {
            (self.hour, self.near) = self.far.pop_first()?;
            self.near.sort_unstable_by(|timer, other| other.cmp(timer));
        }
        let near = self.near.last().copied();
        let added = self.added.peek().map(|Reverse(timer)| *timer);
        near.into_iter().chain(added).min()
    }

    /// Takes the first there is, if it is due at `upto` or before.
    pub(super) fn take(&mut self, upto: Timestamp) -> Option<Timer> {
        let first = self.first().filter(|(at, _)| *at <= upto)?;
        if self.near.pop_if(|timer| *timer == first).is_none() {
            self.added.pop();
        }
        Some(first)
    }

    /// Whose timer comes so many after the first, unless it was set lately.
    pub(super) fn after(&self, count: usize) -> Option<usize> {
        let place = self.near.len().checked_sub(1 + count)?;
        self.near.get(place).map(|(_, number)| *number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_is_taken(
            steps in vec((0_i64..9, prop::option::of(0_usize..9)), 0..40),
        ) {
            let (mut timers, mut expected) = (Timers::default(), BTreeSet::new());
            for (quarters, number) in steps {
                let at = Timestamp::from_micros(quarters * HOUR / 2);
                if let Some(number) = number {
                    // A person has one timer at an instant.
                    if expected.insert((at, number)) {
                        timers.set(at, number);
                    }
                } else {
                    let due = expected.first().filter(|(first, _)| *first <= at).copied();
                    prop_assert_eq!(timers.take(at), due);
                    if let Some(due) = due {
                        expected.remove(&due);
                    }
                }
                prop_assert_eq!(timers.first(), expected.first().copied());
            }
        }
    }
}
