//! The usual test, one count or sum over a window that ends now, by the shortest way.

use crate::expr::plan::{Leaf, Part, Reads, Span};
use crate::facts::{Column, Facts};
use crate::time::{Timestamp, Valid, Window};

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
        let [Part { weight, reads, column, stretch: Span::Sliding(window) }] = &*self.parts else {
            return None;
        };
        let (now, column) = (facts.now(), column.find(facts)?);
        let high = column.past(now).filter(|_| self.slope == 0 && *weight > 0)?;
        let after = window.after(now);
        if window.upto(now) != now || !column.reaches(after) {
            return None;
        }
        let past = Past { column, low: column.upto(after).min(high), high, window: *window };
        let (least, most) = self.alone;
        let (side, leaves) = match reads {
            Reads::Count => past.count(least, most),
            Reads::Total if column.only_rises() => past.total(least, most),
            _ => return None,
        };
        let truth = (side == 0) != self.negated;
        let (answer, turned) = (ask(Some(truth)), ask(Some(!truth)));
        // Above the stretch it may fall past it at once, which is for others to follow.
        if side > 0 || answer == turned {
            return None;
        }
        Some(Valid::until(answer, leaves.filter(|at| *at <= Timestamp::LAST)))
    }
}

impl Past<'_> {
    /// On which side of a stretch their number lies, and when they are too few for it.
    #[inline]
    fn count(&self, least: i128, most: i128) -> (i8, Option<Timestamp>) {
        let number = i128::try_from(self.high - self.low).unwrap_or(i128::MAX);
        let first = usize::try_from(least).ok().and_then(|least| self.high.checked_sub(least));
        self.side(number, (least, most), first)
    }

    /// On which side of a stretch their total lies, and when it is too little for it.
    #[inline]
    fn total(&self, least: i128, most: i128) -> (i8, Option<Timestamp>) {
        let total = self.column.total(self.high) - self.column.total(self.low);
        let first = least.checked_neg().map(|least| {
            let allowed = self.column.total(self.high).saturating_add(least);
            self.low + self.column.totals_upto(self.low + 1, self.high, allowed)
        });
        self.side(total, (least, most), first)
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
