//! Tests that columns answer: a few searches, whatever the number of facts.

use crate::expr::plan::{Kept, Leaf, Part, Reads, Span};
use crate::facts::{Column, Facts};
use crate::time::{Timestamp, Valid, Window, earlier};
use crate::value::Decimal;

use super::evaluator::Next;
use super::moving::instant;

/// What a leaf comes to at an instant, and what time may do to it.
#[derive(Clone, Copy)]
struct Reading<'a> {
    /// `None` where a figure is NULL.
    value: Option<i128>,
    /// What it comes to when all has gone that time takes.
    rest: i128,
    /// When an entry next comes or goes.
    next: Next,
    /// When a figure next becomes NULL.
    gone: Next,
    /// Whether no entry comes.
    settled: bool,
    falls: bool,
    rises: bool,
    /// The stretch that time takes from, and what takes it; the last of several.
    sliding: Option<(Slice<'a>, Window)>,
}

/// When the truth may turn, and whether it is sure to.
#[derive(Clone, Copy)]
struct Turn {
    at: Option<Timestamp>,
    sure: bool,
}

impl Reading<'_> {
    /// Where the value goes, if it goes one way only.
    fn tends(&self) -> Option<i128> {
        (self.settled && !(self.falls && self.rises)).then_some(self.rest)
    }
}

impl Leaf {
    /// The answer to a question about its truth, and until when that holds: exactly, unless time
    /// has to be followed for more than `steps` changes. `None` where the columns cannot tell.
    pub(crate) fn evaluate<T: PartialEq>(
        &self,
        facts: &Facts<'_>,
        steps: usize,
        ask: impl Fn(Option<bool>) -> T,
    ) -> Option<Valid<T>> {
        if let Some((truth, turns)) = self.over_the_past(facts) {
            return Some(turns.answer(truth, ask));
        }
        self.follow(facts, steps, ask)
    }

    /// The same by following it from each change to the next.
    pub(crate) fn follow<T: PartialEq>(
        &self,
        facts: &Facts<'_>,
        steps: usize,
        ask: impl Fn(Option<bool>) -> T,
    ) -> Option<Valid<T>> {
        let mut at = facts.now();
        let mut reading = self.read(facts, at)?;
        let truth = self.passes(reading.value);
        let answer = ask(truth);
        for _ in 0..steps {
            let turn = self.turns(facts, at, &reading);
            let Some(next) = turn.at else { return Some(Valid::always(answer)) };
            at = next;
            if turn.sure && ask(truth.map(|truth| !truth)) != answer {
                break;
            }
            reading = self.read(facts, at)?;
            if ask(self.passes(reading.value)) != answer {
                break;
            }
        }
        Some(Valid::until(answer, Some(at)))
    }

    /// Makes it false where it is unknown, if it then reads less.
    pub(crate) fn take_unknown_for_false(&mut self) {
        // Where there are no entries, what they come to is nothing.
        let together = |part: &Part| part.stretch.is_same(&self.parts[0].stretch);
        let nothing =
            self.slope == 0 && self.parts.iter().all(|part| part.adds() && together(part));
        if nothing && self.passes(Some(0)) == Some(false) {
            self.parts.retain(|part| part.reads != Reads::Presence);
            self.find_threshold();
        }
    }

    /// How much may be added to its figure before its truth may turn, where time alone never turns
    /// it.
    pub(crate) fn room(&self, facts: &Facts<'_>) -> i128 {
        self.falling(facts).map_or(0, |value| match self.side(value) {
            -1 => (self.passes.0 - 1).saturating_sub(value),
            0 => self.passes.1.saturating_sub(value),
            _ => i128::MAX,
        })
    }

    /// What its figure comes to, if time does not raise it.
    fn falling(&self, facts: &Facts<'_>) -> Option<i128> {
        let reading = self.read(facts, facts.now()).filter(|_| self.slope == 0)?;
        reading.value.filter(|_| reading.settled && !reading.rises)
    }

    /// Whether it passes at an instant; `next` learns when that may change. `None` where the
    /// columns cannot tell.
    #[expect(clippy::option_option, reason = "columns that cannot tell are not a truth of NULL")]
    pub(super) fn at(
        &self,
        facts: &Facts<'_>,
        now: Timestamp,
        next: &mut Next,
    ) -> Option<Option<bool>> {
        if let Some((truth, turns)) = self.over_the_past(&facts.at(now)) {
            next.at(turns.0);
            return Some(truth);
        }
        let reading = self.read(facts, now)?;
        self.turns(facts, now, &reading).at.into_iter().for_each(|at| next.at(at));
        Some(self.passes(reading.value))
    }

    #[inline]
    fn passes(&self, value: Option<i128>) -> Option<bool> {
        value.map(|value| (self.side(value) == 0) != self.negated)
    }

    /// Whether a value lies below, in or above the stretch that passes.
    #[inline]
    fn side(&self, value: i128) -> i8 {
        i8::from(value > self.passes.1) - i8::from(value < self.passes.0)
    }

    fn read<'a>(&self, facts: &Facts<'a>, now: Timestamp) -> Option<Reading<'a>> {
        let moved = self.slope.checked_mul(now.micros().into())?;
        let mut reading = Reading {
            value: Some(moved),
            rest: moved,
            next: Next::never(),
            gone: Next::never(),
            settled: true,
            falls: false,
            rises: false,
            sliding: None,
        };
        for part in &self.parts {
            part.read(facts, now, &mut reading)?;
        }
        Some(reading)
    }

    /// When, after `now`, the truth may turn.
    fn turns(&self, facts: &Facts<'_>, now: Timestamp, reading: &Reading<'_>) -> Turn {
        let Some(value) = reading.value else {
            return Turn { at: reading.next.instant(), sure: false };
        };
        let side = self.side(value);
        let mut next = reading.gone;
        let mut sure = false;
        if self.slope != 0 {
            next.at(reading.next.0);
            self.crosses(value, side, now).into_iter().for_each(|at| next.at(at));
            return Turn { at: next.instant(), sure };
        }
        match (reading.tends(), &*self.parts) {
            // A stretch has no holes: between two values on one side of it all are.
            (Some(rest), _) if self.side(rest) == side => {}
            (Some(_), [part] | [part, Part { reads: Reads::Presence, .. }]) => {
                if let Some(at) = part.falls(reading, |value| self.side(value) == side) {
                    // Who goes one way and leaves a stretch does not come back to it.
                    sure = side == 0 && at < next.0;
                    next.at(at);
                }
            }
            _ => next.at(self.soonest(facts, now, value, side).unwrap_or(reading.next.0)),
        }
        Turn { at: next.instant(), sure }
    }

    /// Before when a sum of counts cannot have come to another side: each count changes by one at
    /// a time, so one of them has to change its share of what is missing.
    fn soonest(
        &self,
        facts: &Facts<'_>,
        now: Timestamp,
        value: i128,
        side: i8,
    ) -> Option<Timestamp> {
        let counts = || self.parts.iter().filter(|part| part.weight != 0);
        if counts().any(|part| part.reads != Reads::Count) {
            return None;
        }
        let missing = |bound: i128| bound.checked_sub(value).and_then(i128::checked_abs);
        let missing = match side {
            -1 => missing(self.passes.0)?,
            1 => missing(self.passes.1)?,
            _ => {
                let (low, high) = (missing(self.passes.0), missing(self.passes.1));
                low.unwrap_or(i128::MAX).min(high.unwrap_or(i128::MAX)).checked_add(1)?
            }
        };
        let most = counts().map(|part| part.weight.abs()).max()? * i128::from(Decimal::SCALE);
        let changes = (missing.max(1) - 1) / most + 1;
        let parts = i128::try_from(counts().count()).ok()?;
        let share = usize::try_from((changes + parts - 1) / parts).ok()?.max(1);
        let mut soonest = Next::never();
        for part in counts() {
            part.changes(facts, now, share)?.into_iter().for_each(|at| soonest.at(at));
        }
        Some(soonest.0)
    }

    /// When the value comes to another side by the passing of time alone.
    fn crosses(&self, value: i128, side: i8, now: Timestamp) -> Option<Timestamp> {
        let bound = match (side, self.slope > 0) {
            (-1, true) => self.passes.0,
            (0, true) => self.passes.1.checked_add(1)?,
            (0, false) => self.passes.0.checked_sub(1)?,
            (1, false) => self.passes.1,
            _ => return None,
        };
        let gap = bound.checked_sub(value)?.checked_abs()?;
        let steps = match self.slope.abs() {
            1 => gap,
            // Rounded up: the first microsecond at which it has come there.
            speed => (gap.checked_add(speed)? - 1) / speed,
        };
        Some(instant(steps.checked_add(now.micros().into())?))
    }
}

/// The entries of a column between two places.
#[derive(Clone, Copy)]
struct Slice<'a> {
    column: &'a Column,
    low: usize,
    high: usize,
    /// Whether the entries that were cut off count too.
    whole: bool,
}

impl Slice<'_> {
    fn read(&self, reads: Reads) -> Option<i128> {
        let instant = |index: usize| Some(self.column.at(index)?.micros().into());
        match reads {
            Reads::Count => {
                let before = if self.whole { self.column.before() } else { 0 };
                let count = i128::try_from(self.high - self.low + before).ok()?;
                Some(count * i128::from(Decimal::SCALE))
            }
            Reads::First => instant(self.low).filter(|_| self.low < self.high),
            Reads::Last => instant(self.last()?),
            Reads::LastValue => {
                let last = self.last()?;
                let at = self.column.at(last);
                let tied = (self.low..=last).rev().take_while(|index| self.column.at(*index) == at);
                tied.map(|index| self.column.value(index)).max()
            }
            Reads::Presence => self.last().map(|_| 0),
            Reads::Total => {
                let low = if self.whole { 0 } else { self.column.total(self.low) };
                Some(self.column.total(self.high) - low)
            }
        }
    }

    fn last(&self) -> Option<usize> {
        self.high.checked_sub(1).filter(|_| self.low < self.high)
    }

    /// The first entry that is still to come.
    fn to_come(self) -> Option<Timestamp> {
        self.column.at(self.high)
    }
}

impl Part {
    /// Whether it comes to nothing where there are no entries.
    fn adds(&self) -> bool {
        matches!(self.reads, Reads::Count | Reads::Presence | Reads::Total)
    }

    /// Adds what it comes to at `now`; `None` where the columns cannot tell.
    fn read<'a>(&self, facts: &Facts<'a>, now: Timestamp, reading: &mut Reading<'a>) -> Option<()> {
        let Some(slice) = self.slice(facts, now, reading)? else {
            reading.value = None;
            return Some(());
        };
        if let Some(at) = slice.to_come() {
            reading.settled = false;
            reading.next.at(match &self.stretch {
                Span::Sliding(window) => window.enters(at),
                Span::Always | Span::Since(..) => at,
            });
        }
        let Some(value) = slice.read(self.reads) else {
            reading.value = None;
            return Some(());
        };
        if self.reads == Reads::Presence {
            if let (Span::Sliding(window), Some(last)) = (&self.stretch, slice.last()) {
                slice.column.at(last).into_iter().for_each(|at| reading.gone.at(window.leaves(at)));
            }
            return Some(());
        }
        let value = self.weight.checked_mul(value)?;
        if let Some(sum) = reading.value {
            reading.value = Some(sum.checked_add(value)?);
        }
        let Span::Sliding(window) = &self.stretch else {
            reading.rest = reading.rest.checked_add(value)?;
            return Some(());
        };
        if let Some(first) = slice.column.at(slice.low).filter(|_| slice.low < slice.high) {
            reading.next.at(window.leaves(first));
            reading.sliding = Some((slice, *window));
            let rises = self.weight < 0;
            let both = self.reads == Reads::Total && !slice.column.only_rises();
            reading.rises |= rises || both;
            reading.falls |= !rises || both;
        }
        Some(())
    }

    /// The entries that count; the inner `None` where the bound is NULL.
    #[expect(clippy::option_option, reason = "columns that cannot tell are not a bound of NULL")]
    fn slice<'a>(
        &self,
        facts: &Facts<'a>,
        now: Timestamp,
        reading: &mut Reading<'a>,
    ) -> Option<Option<Slice<'a>>> {
        let column = self.column.find(facts)?;
        let (after, upto) = match &self.stretch {
            Span::Always => {
                let high = column.upto(now);
                if !column.reaches(now) || self.column.pick.tells_apart() && high < column.len() {
                    return None;
                }
                return Some(Some(Slice { column, low: 0, high, whole: true }));
            }
            Span::Sliding(window) => (window.after(now), window.upto(now)),
            Span::Since(reads, kept) => {
                let bound = kept.find(facts)?;
                let slice = Slice { column: bound, low: 0, high: bound.upto(now), whole: true };
                if let Some(at) = slice.to_come() {
                    reading.settled = false;
                    reading.next.at(at);
                }
                match slice.read(*reads) {
                    Some(micros) => (instant(micros), now),
                    None => return Some(None),
                }
            }
        };
        let hides = self.column.pick.tells_apart() && column.upto(upto) < column.len();
        if !column.reaches(after) || hides {
            return None;
        }
        let high = column.upto(upto);
        Some(Some(Slice { column, low: column.upto(after).min(high), high, whole: false }))
    }

    /// When enough has left a sliding stretch for its value to be no longer the `same`; nothing
    /// comes, and what leaves takes it one way.
    fn falls(&self, reading: &Reading<'_>, same: impl Fn(i128) -> bool) -> Option<Timestamp> {
        let (Slice { column, low, high, .. }, window) = reading.sliding?;
        let (mut low, mut end) = (low, high);
        while low < end {
            let middle = low + (end - low) / 2;
            let left = Slice { column, low: middle + 1, high, whole: false };
            if same(self.weight * left.read(self.reads)?) {
                low = middle + 1;
            } else {
                end = middle;
            }
        }
        Some(window.leaves(column.at(low)?))
    }
}

impl Part {
    /// When a count can have changed so many times; the outer `None` where it cannot be told.
    #[expect(clippy::option_option, reason = "what cannot be told is not what never comes")]
    fn changes(
        &self,
        facts: &Facts<'_>,
        now: Timestamp,
        times: usize,
    ) -> Option<Option<Timestamp>> {
        let column = self.column.find(facts)?;
        let Span::Sliding(window) = &self.stretch else {
            let coming = column.at(column.upto(now) + times - 1);
            return matches!(self.stretch, Span::Always).then_some(coming);
        };
        let goes = column.at(column.upto(window.after(now)) + times - 1);
        let comes = column.at(column.upto(window.upto(now)) + times - 1);
        let goes = goes.map(|at| window.leaves(at));
        Some(earlier(goes, comes.map(|at| window.enters(at))))
    }
}

impl Kept {
    #[inline]
    pub(super) fn find<'a>(&self, facts: &Facts<'a>) -> Option<&'a Column> {
        facts.column(self.number, &self.pick)
    }
}
