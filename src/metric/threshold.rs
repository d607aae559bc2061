//! The usual test, one count or sum over a window that ends now, by the shortest way.

use crate::expr::plan::{Leaf, Part, Reads, Span};
use crate::facts::{Column, Facts};
use crate::time::{Timestamp, Valid, Window};
use crate::value::Decimal;

/// The entries that count now, of which none is to come.
#[derive(Clone, Copy)]
struct Past<'a> {
    column: &'a Column,
    low: usize,
    high: usize,
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
        let (past, reads) = self.past(facts)?;
        let (side, leaves) = match reads {
            Reads::Count => past.count(self.alone),
            _ => past.total(self.alone),
        };
        let truth = (side == 0) != self.negated;
        let (answer, turned) = (ask(Some(truth)), ask(Some(!truth)));
        // Above the stretch it may fall past it at once, which is for others to follow.
        if side > 0 || answer == turned {
            return None;
        }
        Some(Valid::until(answer, leaves.filter(|at| *at <= Timestamp::LAST)))
    }

    /// What the figure comes to, if it only falls while time passes; `None` says nothing.
    #[inline]
    pub(super) fn value_of_the_past(&self, facts: &Facts<'_>) -> Option<i128> {
        let (past, reads) = self.past(facts)?;
        let weight = self.parts.first()?.weight;
        let each = if reads == Reads::Count { weight.checked_mul(ONE)? } else { weight };
        let value = if reads == Reads::Count { past.number() } else { past.sum() };
        value.checked_mul(each)
    }

    /// The entries that count, and what is read of them.
    #[inline]
    fn past<'a>(&self, facts: &Facts<'a>) -> Option<(Past<'a>, Reads)> {
        let [Part { weight, reads, column, stretch: Span::Sliding(window) }] = &*self.parts else {
            return None;
        };
        let (now, column) = (facts.now(), column.find(facts)?);
        let high = column.past(now).filter(|_| self.slope == 0 && *weight > 0)?;
        let falls = *reads == Reads::Count || *reads == Reads::Total && column.only_rises();
        let after = window.after(now);
        if !falls || window.upto(now) != now || !column.reaches(after) {
            return None;
        }
        let low = column.upto(after).min(high);
        Some((Past { column, low, high, window: *window }, *reads))
    }
}

const ONE: i128 = Decimal::SCALE as i128;

impl Past<'_> {
    /// On which side of a stretch their number lies, and when they are too few for it.
    #[inline]
    fn count(&self, (least, most): (i128, i128)) -> (i8, Option<Timestamp>) {
        let first = usize::try_from(least).ok().and_then(|least| self.high.checked_sub(least));
        self.side(self.number(), (least, most), first)
    }

    /// On which side of a stretch their total lies, and when it is too little for it.
    #[inline]
    fn total(&self, (least, most): (i128, i128)) -> (i8, Option<Timestamp>) {
        let first = least.checked_neg().map(|least| {
            let allowed = self.column.total(self.high).saturating_add(least);
            self.low + self.column.totals_upto(self.low + 1, self.high, allowed)
        });
        self.side(self.sum(), (least, most), first)
    }

    fn number(&self) -> i128 {
        i128::try_from(self.high - self.low).unwrap_or(i128::MAX)
    }

    fn sum(&self) -> i128 {
        self.column.total(self.high) - self.column.total(self.low)
    }

    /// `first` is the entry without which what counts is too little.
    #[inline]
    fn side(
        &self,
        value: i128,
        (least, most): (i128, i128),
        first: Option<usize>,
    ) -> (i8, Option<Timestamp>) {
        if value < least {
            return (-1, None);
        }
        if value > most {
            return (1, None);
        }
        let first = first.filter(|_| least > 0).and_then(|first| self.column.at(first));
        (0, first.map(|at| self.window.leaves(at)))
    }
}
