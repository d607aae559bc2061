//! The usual test, one count or sum over a window of what has happened, by the shortest way.
//!
//! While nothing comes, such a figure only falls: it is at least so much until one certain entry
//! leaves the window. So the test passes during one stretch of time, and the two entries that bound
//! it are all that has to be found.

use std::ops::Range;

use crate::expr::plan::{Leaf, Part, Reads, Span};
use crate::facts::{Column, Facts};
use crate::time::{Timestamp, Valid, Window};
use crate::value::Decimal;

/// A count, or a sum that no entry lowers, all of whose entries have entered its window.
#[derive(Clone, Copy)]
struct Past<'a> {
    column: &'a Column,
    reads: Reads,
    window: Window,
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
        let now = facts.now();
        let inside = self.past(facts)?.between(self.alone);
        let truth = inside.contains(&now) != self.negated;
        let answer = ask(Some(truth));
        if inside.is_empty() || ask(Some(!truth)) == answer {
            return Some(Valid::always(answer));
        }
        let turn = if now < inside.start { inside.start } else { inside.end };
        Some(Valid::until(answer, (now < turn && turn <= Timestamp::LAST).then_some(turn)))
    }

    /// What the figure comes to, if it only falls while time passes; `None` says nothing.
    pub(super) fn value_of_the_past(&self, facts: &Facts<'_>) -> Option<i128> {
        let past = self.past(facts)?;
        let weight = self.parts.first()?.weight;
        let each = if past.reads == Reads::Count { weight.checked_mul(ONE)? } else { weight };
        past.value(facts.now()).checked_mul(each)
    }

    #[inline]
    fn past<'a>(&self, facts: &Facts<'a>) -> Option<Past<'a>> {
        let [Part { weight, reads, column, stretch: Span::Sliding(window) }] = &*self.parts else {
            return None;
        };
        let (now, column) = (facts.now(), column.find(facts)?);
        let falls = *reads == Reads::Count || *reads == Reads::Total && column.only_rises();
        let settled = column.is_past(window.upto(now)) && column.reaches(window.after(now));
        let alone = self.slope == 0 && *weight > 0;
        (falls && settled && alone).then_some(Past { column, reads: *reads, window: *window })
    }
}

const ONE: i128 = Decimal::SCALE as i128;

impl Past<'_> {
    /// While it is at least the one and at most the other.
    #[inline]
    fn between(&self, (least, most): (i128, i128)) -> Range<Timestamp> {
        let above = most.checked_add(1).map_or(Timestamp::MIN, |above| self.lasts(above));
        above..self.lasts(least)
    }

    /// Until when it is at least so much.
    #[inline]
    fn lasts(&self, least: i128) -> Timestamp {
        if least <= 0 {
            return Timestamp::MAX;
        }
        let first = match self.reads {
            Reads::Count => usize::try_from(least).ok().and_then(|n| self.column.from_end(n)),
            _ => self.column.totals_since(least),
        };
        first.map_or(Timestamp::MIN, |first| self.window.leaves(first))
    }

    /// In entries, or millionths.
    fn value(&self, now: Timestamp) -> i128 {
        let (low, high) = (self.column.upto(self.window.after(now)), self.column.len());
        match self.reads {
            Reads::Count => i128::try_from(high - low).unwrap_or(i128::MAX),
            _ => self.column.total(high) - self.column.total(low),
        }
    }
}
