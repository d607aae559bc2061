//! The usual test, one count or sum of what has happened, by the shortest way.
//!
//! While nothing comes, a count over a window only falls: it is at least so much until one certain
//! entry leaves. So the test passes during one stretch of time, and the two entries that bound it
//! are all that has to be found. Where no entry leaves, a figure stays what it is.

use crate::expr::plan::{Amount, Leaf, Part, Reads, Span, Threshold};
use crate::facts::{Column, Facts};
use crate::time::Timestamp;

use super::evaluator::Next;
use super::leaf::{Slice, Standing};
use super::moving::instant;

impl Leaf {
    /// Its truth and when that turns, if it is asked of a figure that only falls while time passes;
    /// `None` says nothing.
    #[inline]
    pub(super) fn over_the_past(&self, facts: &Facts<'_>) -> Option<(Option<bool>, Next)> {
        let Some(threshold) = &self.threshold else {
            let value = self.for_good(facts)?;
            return Some((self.passes(value), Next::never()));
        };
        let part = self.parts.first()?;
        let (now, column) = (facts.now(), part.column.find(facts)?);
        // What rises and falls may come to as much again.
        let falls = part.reads == Reads::Count || column.only_rises();
        if !falls || !column.is_past(threshold.window.upto(now)) {
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

    /// How it stands, if it is asked of such a figure.
    pub(super) fn standing(&self, facts: &Facts<'_>) -> Option<Standing> {
        if self.threshold.is_none() {
            let value = self.for_good(facts)?;
            let room = value.map_or(0, |value| self.room(value, value));
            return Some(Standing { truth: self.passes(value), turns: None, room });
        }
        let (truth, next) = self.over_the_past(facts)?;
        let turns = next.instant();
        let stays = self.parts.first().filter(|_| turns.is_none());
        let value = stays.and_then(|part| part.in_window(facts));
        let room = value.map_or(0, |value| self.room(value, 0));
        Some(Standing { truth, turns, room })
    }

    /// What its figure is for good, if nothing of it is to come and nothing leaves; the inner `None`
    /// is NULL.
    #[expect(clippy::option_option, reason = "columns that cannot tell are not a figure of NULL")]
    fn for_good(&self, facts: &Facts<'_>) -> Option<Option<i128>> {
        let [part] = &*self.parts else { return None };
        let (now, column) = (facts.now(), part.column.find(facts)?);
        let slice = match &part.stretch {
            Span::Always => part.own(column, now)?,
            Span::Since(reads, kept) => {
                let bound = kept.find(facts).filter(|bound| bound.is_past(now))?;
                let bound = Slice { column: bound, low: 0, high: bound.len(), whole: true };
                let Some(micros) = bound.read(*reads) else { return Some(None) };
                part.between(column, instant(micros), now)?
            }
            Span::Sliding(_) => return None,
        };
        if self.slope != 0 || slice.to_come().is_some() {
            return None;
        }
        match slice.read(part.reads) {
            Some(value) => part.weight.checked_mul(value).map(Some),
            None => Some(None),
        }
    }
}

impl Part {
    /// What it comes to in a window.
    fn in_window(&self, facts: &Facts<'_>) -> Option<i128> {
        let slice = self.own(self.column.find(facts)?, facts.now())?;
        self.weight.checked_mul(slice.read(self.reads)?)
    }
}

impl Threshold {
    /// Until when there is at least so much in the window; `None` where that cannot be told.
    #[inline]
    fn lasts(&self, amount: Amount, column: &Column, now: Timestamp) -> Option<Timestamp> {
        let first = match amount {
            Amount::Entries(count) => column.nth_last(count),
            Amount::Millionths(least) => column.totals_since(least),
        };
        match first {
            Some(first) => Some(self.window.leaves(first)),
            None => column.reaches(self.window.after(now)).then_some(Timestamp::MIN),
        }
    }
}
