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
    /// Up to the hour that is at hand.
    near: BinaryHeap<Timer>,
    hour: i64,
    /// By their hours, all of which are later.
    far: BTreeMap<i64, Vec<Timer>>,
}

type Timer = Reverse<(Timestamp, usize)>;

impl Timers {
    pub(super) fn set(&mut self, at: Timestamp, number: usize) {
        let (hour, timer) = (at.micros().div_euclid(HOUR), Reverse((at, number)));
        if hour <= self.hour {
            self.near.push(timer);
        } else {
            self.far.entry(hour).or_default().push(timer);
        }
    }

    /// The first there is.
    pub(super) fn first(&mut self) -> Option<(Timestamp, usize)> {
        if self.near.is_empty() {
            let (hour, timers) = self.far.pop_first()?;
            (self.hour, self.near) = (hour, timers.into());
        }
        self.near.peek().map(|Reverse(timer)| *timer)
    }

    /// Takes the first there is, if it is due at `upto` or before.
    pub(super) fn take(&mut self, upto: Timestamp) -> Option<(Timestamp, usize)> {
        let first = self.first().filter(|(at, _)| *at <= upto)?;
        self.near.pop();
        Some(first)
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
