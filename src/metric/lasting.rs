//! The usual test, one count or sum over a window of what has happened, by the shortest way.
//!
//! While nothing comes, such a figure only falls: it is at least so much until one certain entry
//! leaves the window. So the test passes during one stretch of time, and the two entries that bound
//! it are all that has to be found.

use crate::expr::plan::{Amount, Leaf, Threshold};
use crate::facts::{Column, Facts};
use crate::time::Timestamp;

use super::evaluator::Next;

impl Leaf {
    /// Its truth and when that turns, if it is asked of a figure that only falls while time passes;
    /// `None` says nothing.
    pub(super) fn over_the_past(&self, facts: &Facts<'_>) -> Option<(Option<bool>, Next)> {
        let (threshold, part) = (self.threshold.as_ref()?, self.parts.first()?);
        let (now, column) = (facts.now(), part.column.find(facts)?);
        if !column.is_past(threshold.window.upto(now)) {
            return None;
        }
        let lasts = |amount| threshold.lasts(amount, column, now);
        let from = threshold.above.map_or(Some(Timestamp::MIN), lasts)?;
        let until = threshold.least.map_or(Some(Timestamp::MAX), lasts)?;
        let turn = if now < from { from } else { until };
        let turns = from < until && now < turn;
        let passes = from <= now && now < until;
        let next = if turns { Next(turn) } else { Next::never() };
        Some((Some(passes != self.negated), next))
    }
}

impl Threshold {
    /// Until when there is at least so much in the window; `None` where that cannot be told.
    #[inline]
    fn lasts(&self, amount: Amount, column: &Column, now: Timestamp) -> Option<Timestamp> {
        let first = match amount {
            Amount::Entries(count) => column.nth_last(count),
            Amount::Millionths(least) if column.only_rises() => column.totals_since(least),
            // What rises and falls may come to as much again.
            Amount::Millionths(_) => return None,
        };
        match first {
            Some(first) => Some(self.window.leaves(first)),
            None => column.reaches(self.window.after(now)).then_some(Timestamp::MIN),
        }
    }
}
