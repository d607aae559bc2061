//! Tests that columns answer: a few searches, whatever the number of facts.

use crate::expr::plan::{Kept, Leaf, Part, Reads, Span};
use crate::facts::{Column, Facts};
use crate::time::{Timestamp, Valid, Window};
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

/// A truth, when it turns by time alone, and if it never does, how much may be added to its figure
/// before it may.
pub(crate) struct Standing {
    pub(crate) truth: Option<bool>,
    pub(crate) turns: Option<Timestamp>,
    pub(crate) room: i64,
}

/// When the truth may turn, and whether it is sure to.
#[derive(Clone, Copy)]
pub(super) struct Turn {
    pub(super) at: Option<Timestamp>,
    pub(super) sure: bool,
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
        let (truth, mut turn) = self.glance(facts, at)?;
        let answer = ask(truth);
        for _ in 0..steps {
            let Some(next) = turn.at else { return Some(Valid::always(answer)) };
            at = next;
            if turn.sure && ask(truth.map(|truth| !truth)) != answer {
                break;
            }
            let (truth, then) = self.glance(facts, at)?;
            if ask(truth) != answer {
                break;
            }
            turn = then;
        }
        Some(Valid::until(answer, Some(at)))
    }

    /// Its truth at an instant, and when that may turn.
    fn glance(&self, facts: &Facts<'_>, now: Timestamp) -> Option<(Option<bool>, Turn)> {
        if self.tallies() {
            return self.tally(facts, now);
        }
        let reading = self.read(facts, now)?;
        Some((self.passes(reading.value), self.turns(now, &reading)))
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

    /// How it stands, followed for so many `steps` as by [`Leaf::evaluate`].
    pub(crate) fn stands(&self, facts: &Facts<'_>, steps: usize) -> Option<Standing> {
        if let Some(standing) = self.standing(facts) {
            return Some(standing);
        }
        let Valid { value: truth, until: turns } = self.follow(facts, steps, |truth| truth)?;
        let falling = if turns.is_none() { self.falling(facts) } else { None };
        let room = falling.map_or(0, |(value, rest)| self.room(value, rest));
        Some(Standing { truth, turns, room })
    }

    /// How much may be added to a figure that falls from one value to another before it may ever
    /// come to another side of the stretch that passes, as it does not by itself.
    pub(super) fn room(&self, value: i128, rest: i128) -> i64 {
        let (least, most) = self.passes;
        let room = match self.side(value) {
            -1 => least.saturating_sub(1).saturating_sub(value),
            0 => most.saturating_sub(value),
            // What falls past the stretch at once may stop in it if there is more.
            _ if self.side(rest) <= 0 => 0,
            _ => i128::MAX,
        };
        i64::try_from(room).unwrap_or(i64::MAX)
    }

    /// What its figure comes to, and what is left of it in the end, if time does not raise it.
    fn falling(&self, facts: &Facts<'_>) -> Option<(i128, i128)> {
        let reading = self.read(facts, facts.now()).filter(|_| self.slope == 0)?;
        let value = reading.value.filter(|_| reading.settled && !reading.rises)?;
        Some((value, reading.rest))
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
        let (truth, turn) = self.glance(facts, now)?;
        turn.at.into_iter().for_each(|at| next.at(at));
        Some(truth)
    }

    #[inline]
    pub(super) fn passes(&self, value: Option<i128>) -> Option<bool> {
        value.map(|value| (self.side(value) == 0) != self.negated)
    }

    /// Whether a value lies below, in or above the stretch that passes.
    #[inline]
    pub(super) fn side(&self, value: i128) -> i8 {
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
    fn turns(&self, now: Timestamp, reading: &Reading<'_>) -> Turn {
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
            _ => next.at(reading.next.0),
        }
        Turn { at: next.instant(), sure }
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
pub(super) struct Slice<'a> {
    pub(super) column: &'a Column,
    pub(super) low: usize,
    pub(super) high: usize,
    /// Whether the entries that were cut off count too.
    pub(super) whole: bool,
}

impl Slice<'_> {
    /// How many entries there are.
    #[inline]
    pub(super) fn count(&self) -> i128 {
        let before = if self.whole { self.column.before() } else { 0 };
        i128::try_from(self.high - self.low + before).unwrap_or(i128::MAX)
    }

    /// What they come to, in millionths.
    #[inline]
    pub(super) fn total(&self) -> i128 {
        let low = if self.whole { 0 } else { self.column.total(self.low) };
        self.column.total(self.high) - low
    }

    pub(super) fn read(&self, reads: Reads) -> Option<i128> {
        let instant = |index: usize| Some(self.column.at(index)?.micros().into());
        match reads {
            Reads::Count => Some(self.count() * i128::from(Decimal::SCALE)),
            Reads::First => instant(self.low).filter(|_| self.low < self.high),
            Reads::Last => instant(self.last()?),
            Reads::LastValue => {
                let last = self.last()?;
                let at = self.column.at(last);
                let tied = (self.low..=last).rev().take_while(|index| self.column.at(*index) == at);
                tied.map(|index| self.column.value(index)).max()
            }
            Reads::Presence => self.last().map(|_| 0),
            Reads::Total => Some(self.total()),
        }
    }

    fn last(&self) -> Option<usize> {
        self.high.checked_sub(1).filter(|_| self.low < self.high)
    }

    /// The first entry that is still to come.
    pub(super) fn to_come(self) -> Option<Timestamp> {
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
        let Span::Since(reads, kept) = &self.stretch else {
            return self.own(column, now).map(Some);
        };
        let bound = kept.find(facts)?;
        let slice = Slice { column: bound, low: 0, high: bound.upto(now), whole: true };
        if let Some(at) = slice.to_come() {
            reading.settled = false;
            reading.next.at(at);
        }
        match slice.read(*reads) {
            Some(micros) => self.between(column, instant(micros), now).map(Some),
            None => Some(None),
        }
    }

    /// The entries that count, where that does not depend on another column.
    #[inline]
    pub(super) fn own<'a>(&self, column: &'a Column, now: Timestamp) -> Option<Slice<'a>> {
        if let Span::Sliding(window) = &self.stretch {
            return self.between(column, window.after(now), window.upto(now));
        }
        let high = column.upto(now);
        if !column.reaches(now) || self.column.pick.tells_apart() && high < column.len() {
            return None;
        }
        Some(Slice { column, low: 0, high, whole: true })
    }

    /// The entries after one instant and up to another.
    #[inline]
    pub(super) fn between<'a>(
        &self,
        column: &'a Column,
        after: Timestamp,
        upto: Timestamp,
    ) -> Option<Slice<'a>> {
        let high = column.upto(upto);
        if !column.reaches(after) || self.column.pick.tells_apart() && high < column.len() {
            return None;
        }
        Some(Slice { column, low: column.upto(after).min(high), high, whole: false })
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

impl Kept {
    #[inline]
    pub(super) fn find<'a>(&self, facts: &Facts<'a>) -> Option<&'a Column> {
        facts.column(self.number, &self.pick)
    }
}
