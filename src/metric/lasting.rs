//! The usual test, one count or sum of what has happened, by the shortest way.
//!
//! While nothing comes, such a figure only falls: it is at least so much until one certain entry
//! leaves the window, and for good where none leaves. So the test passes during one stretch of time,
//! and the two entries that bound it are all that has to be found.

use crate::expr::plan::{Amount, Leaf, Part, Reads, Span};
use crate::facts::{Column, Facts};
use crate::time::{Timestamp, Window};

use super::evaluator::Next;
use super::leaf::Slice;
use super::moving::instant;

/// The entries of a column, none of which is to come, and which of them count how long.
#[derive(Clone, Copy)]
struct Past<'a> {
    column: &'a Column,
    counts: Counts,
}

#[derive(Clone, Copy)]
enum Counts {
    /// All, those that were cut off too, for good.
    All,
    /// Those later than this, for good.
    Since(Timestamp),
    /// Each while it is in the window.
    Within(Window),
}

impl Leaf {
    /// Its truth and when that turns, if it is asked of a figure that only falls while time passes;
    /// `None` says nothing.
    pub(super) fn over_the_past(&self, facts: &Facts<'_>) -> Option<(Option<bool>, Next)> {
        let (threshold, part) = (self.threshold.as_ref()?, self.parts.first()?);
        let Some(past) = part.past(facts)? else { return Some((None, Next::never())) };
        let now = facts.now();
        let lasts = |amount| past.lasts(amount, now);
        let from = threshold.above.map_or(Some(Timestamp::MIN), lasts)?;
        let until = threshold.least.map_or(Some(Timestamp::MAX), lasts)?;
        let turn = if now < from { from } else { until };
        let turns = from < until && now < turn;
        let passes = from <= now && now < until;
        let next = if turns { Next(turn) } else { Next::never() };
        Some((Some(passes != self.negated), next))
    }

    /// What such a figure comes to, and what is left of it in the end.
    pub(super) fn value_of_the_past(&self, facts: &Facts<'_>) -> Option<(i128, i128)> {
        let part = self.parts.first().filter(|_| self.threshold.is_some())?;
        let past = part.past(facts)??;
        if part.reads == Reads::Total && !past.column.only_rises() {
            return None;
        }
        let value = part.weight.checked_mul(past.slice(facts.now()).read(part.reads)?)?;
        let leaves = matches!(past.counts, Counts::Within(_));
        Some((value, if leaves { 0 } else { value }))
    }
}

impl Part {
    /// Its entries, if all of them have happened; the inner `None` where the bound is NULL.
    #[inline]
    #[expect(clippy::option_option, reason = "columns that cannot tell are not a bound of NULL")]
    fn past<'a>(&self, facts: &Facts<'a>) -> Option<Option<Past<'a>>> {
        let (now, column) = (facts.now(), self.column.find(facts)?);
        let (upto, counts) = match &self.stretch {
            Span::Always => (now, Counts::All),
            Span::Since(reads, kept) => {
                let bound = kept.find(facts).filter(|bound| bound.is_past(now))?;
                let bound = Slice { column: bound, low: 0, high: bound.len(), whole: true };
                let Some(micros) = bound.read(*reads) else { return Some(None) };
                (now, Counts::Since(instant(micros)))
            }
            Span::Sliding(window) => (window.upto(now), Counts::Within(*window)),
        };
        column.is_past(upto).then_some(Some(Past { column, counts }))
    }
}

impl Past<'_> {
    /// Until when there is at least so much; `None` where that cannot be told.
    #[inline]
    fn lasts(&self, amount: Amount, now: Timestamp) -> Option<Timestamp> {
        let column = self.column;
        let first = match amount {
            // What rises and falls may come to as much again.
            Amount::Millionths(_) if !column.only_rises() => return None,
            Amount::Entries(count) => column.nth_last(count),
            Amount::Millionths(least) => column.totals_since(least),
        };
        let (enough, after) = match (self.counts, first) {
            (Counts::Within(window), Some(first)) => return Some(window.leaves(first)),
            (Counts::Within(window), None) => (false, window.after(now)),
            (Counts::Since(after), first) => (first > Some(after), after),
            (Counts::All, first) => (first.is_some() || self.had(amount), now),
        };
        let until = if enough { Timestamp::MAX } else { Timestamp::MIN };
        column.reaches(after).then_some(until)
    }

    /// Whether there was so much, counting what was cut off.
    fn had(&self, amount: Amount) -> bool {
        let column = self.column;
        match amount {
            Amount::Entries(count) => count <= column.before() + column.len(),
            Amount::Millionths(least) => least <= column.total(column.len()),
        }
    }

    /// The entries that count.
    fn slice(&self, now: Timestamp) -> Slice<'_> {
        let Self { column, counts } = *self;
        let (low, whole) = match counts {
            Counts::All => (0, true),
            Counts::Since(after) => (column.upto(after), false),
            Counts::Within(window) => (column.upto(window.after(now)), false),
        };
        Slice { column, low, high: column.len(), whole }
    }
}
