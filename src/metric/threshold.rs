//! The usual test, one count or sum of what has happened, by the shortest way.

use crate::expr::plan::{Leaf, Part, Reads, Span};
use crate::facts::Facts;
use crate::time::{Timestamp, Valid, Window};
use crate::value::Decimal;

use super::leaf::Slice;
use super::moving::instant;

/// What counts now, if nothing is to come: time alone only takes from it.
#[derive(Clone, Copy)]
struct Past<'a> {
    slice: Slice<'a>,
    reads: Reads,
    /// How entries leave; they stay if there is none.
    window: Option<Window>,
}

/// A truth, when it turns by time alone, and if it never does, how much may be added to its figure
/// before it may.
pub(crate) struct Standing {
    pub(crate) truth: Option<bool>,
    pub(crate) turns: Option<Timestamp>,
    pub(crate) room: i64,
}

impl Leaf {
    /// What [`Leaf::evaluate`] comes to, if it is asked of a figure that only falls while time
    /// passes; `None` says nothing.
    #[inline]
    pub(super) fn over_the_past<T: PartialEq>(
        &self,
        facts: &Facts<'_>,
        ask: &impl Fn(Option<bool>) -> T,
    ) -> Option<Valid<T>> {
        let Standing { truth, turns, .. } = self.standing(facts)?;
        let answer = ask(truth);
        if turns.is_some() && ask(truth.map(|truth| !truth)) == answer {
            return None;
        }
        Some(Valid::until(answer, turns))
    }

    /// How it stands, if its figure only falls while time passes; `None` says nothing.
    #[inline]
    pub(super) fn standing(&self, facts: &Facts<'_>) -> Option<Standing> {
        let [part] = &*self.parts else { return None };
        if self.slope != 0 || part.weight <= 0 {
            return None;
        }
        let Some(past) = part.past(facts)? else {
            return Some(Standing { truth: None, turns: None, room: 0 });
        };
        let (least, most) = self.alone;
        let value = past.value();
        let (inside, turns) = if value < least {
            (false, None)
        } else if value <= most {
            // Who falls below a stretch does not come back to it.
            (true, past.falls_to(least.saturating_sub(1)))
        } else {
            let falls = past.falls_to(most);
            // With others that leave at the same instant it may fall past the stretch.
            if falls.is_some_and(|at| least > 0 && past.left_at(at) < least) {
                return None;
            }
            (false, falls)
        };
        let turns = turns.filter(|at| *at <= Timestamp::LAST);
        let room = if turns.is_none() { part.whole(room(value, self.alone)) } else { 0 };
        Some(Standing { truth: Some(inside != self.negated), turns, room })
    }
}

/// How much may be added to a value before it comes to another side of a stretch.
pub(super) fn room(value: i128, (least, most): (i128, i128)) -> i64 {
    let room = if value < least {
        least.saturating_sub(1).saturating_sub(value)
    } else if value <= most {
        most.saturating_sub(value)
    } else {
        i128::MAX
    };
    i64::try_from(room).unwrap_or(i64::MAX)
}

impl Part {
    /// So many entries or millionths as what they weigh in a sum.
    #[inline]
    fn whole(&self, alone: i64) -> i64 {
        let weight = i64::try_from(self.weight).unwrap_or(i64::MAX);
        let each = if self.reads == Reads::Count { Decimal::SCALE } else { 1 };
        alone.saturating_mul(weight).saturating_mul(each)
    }

    /// The entries that count, if all there are have happened; the inner `None` where the bound is
    /// NULL.
    #[inline]
    #[expect(clippy::option_option, reason = "columns that cannot tell are not a bound of NULL")]
    fn past<'a>(&self, facts: &Facts<'a>) -> Option<Option<Past<'a>>> {
        let (now, column) = (facts.now(), self.column.find(facts)?);
        let high = column.past(now)?;
        let adds = self.reads == Reads::Count || self.reads == Reads::Total && column.only_rises();
        let (after, window) = match &self.stretch {
            Span::Always => (None, None),
            Span::Sliding(window) if window.upto(now) == now => {
                (Some(window.after(now)), Some(*window))
            }
            Span::Sliding(_) => return None,
            Span::Since(reads, kept) => {
                let bound = kept.find(facts)?;
                let slice = Slice { column: bound, low: 0, high: bound.past(now)?, whole: true };
                let Some(micros) = slice.read(*reads) else { return Some(None) };
                (Some(instant(micros)), None)
            }
        };
        if !adds || !column.reaches(after.unwrap_or(now)) {
            return None;
        }
        let low = after.map_or(0, |after| column.upto(after));
        let slice = Slice { column, low, high, whole: after.is_none() };
        Some(Some(Past { slice, reads: self.reads, window }))
    }
}

impl Past<'_> {
    /// In entries, or millionths.
    #[inline]
    fn value(&self) -> i128 {
        if self.reads == Reads::Count { self.slice.count() } else { self.slice.total() }
    }

    /// When so much has left that its value is not above a bound.
    #[inline]
    fn falls_to(&self, bound: i128) -> Option<Timestamp> {
        let window = self.window.filter(|_| bound >= 0)?;
        let Slice { column, low, high, .. } = self.slice;
        let last = if self.reads == Reads::Count {
            high.checked_sub(usize::try_from(bound).ok()?)?.checked_sub(1)?
        } else {
            let left = column.total(high).saturating_sub(bound);
            low + column.totals_below(low + 1, high, left)
        };
        column.at(last).map(|at| window.leaves(at))
    }

    /// What its value is at an instant at which entries leave.
    fn left_at(&self, now: Timestamp) -> i128 {
        let after = self.window.map_or(Timestamp::MIN, |window| window.after(now));
        let low = self.slice.column.upto(after);
        Self { slice: Slice { low, ..self.slice }, ..*self }.value()
    }
}
