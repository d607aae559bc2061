//! The usual test, one count or sum over a window of what has happened, by the shortest way.
//!
//! While nothing comes, such a figure only falls: it is at least so much until one certain entry
//! leaves the window. So the test passes during one stretch of time, and the two entries that bound
//! it are all that has to be found.

use crate::expr::plan::{Leaf, Part, Reads, Span};
use crate::facts::{Column, Facts};
use crate::time::{Timestamp, Window};

use super::evaluator::Next;

/// A count, or a sum that no entry lowers, all of whose entries have entered its window.
struct Falling<'a> {
    column: &'a Column,
    reads: Reads,
    window: Window,
    now: Timestamp,
}

impl Leaf {
    /// Its truth and when that turns, if it is asked of a figure that only falls while time passes;
    /// `None` says nothing.
    pub(super) fn over_the_past(&self, facts: &Facts<'_>) -> Option<(bool, Next)> {
        let [part] = &*self.parts else { return None };
        let falling = part.over_the_past(facts).filter(|_| self.slope == 0)?;
        let (least, most) = self.alone;
        let until = falling.lasts(least)?;
        let from =
            most.checked_add(1).map_or(Some(Timestamp::MIN), |above| falling.lasts(above))?;
        let now = facts.now();
        let passes = (from..until).contains(&now);
        let turn = if now < from { from } else { until };
        let turns = from < until && now < turn;
        Some((passes != self.negated, if turns { Next(turn) } else { Next::never() }))
    }
}

impl Part {
    fn over_the_past<'a>(&self, facts: &Facts<'a>) -> Option<Falling<'a>> {
        let Self { weight, reads, column, stretch: Span::Sliding(window) } = self else {
            return None;
        };
        let (now, column) = (facts.now(), column.find(facts)?);
        let falls = *reads == Reads::Count || *reads == Reads::Total && column.only_rises();
        let alone = falls && *weight > 0 && column.is_past(window.upto(now));
        alone.then_some(Falling { column, reads: *reads, window: *window, now })
    }
}

impl Falling<'_> {
    /// Until when it is at least so much; `None` where that was cut off.
    fn lasts(&self, least: i128) -> Option<Timestamp> {
        if least <= 0 {
            return Some(Timestamp::MAX);
        }
        let first = match self.reads {
            Reads::Count => usize::try_from(least).ok().and_then(|n| self.column.from_end(n)),
            _ => self.column.totals_since(least),
        };
        match first {
            Some(first) => Some(self.window.leaves(first)),
            None => self.column.reaches(self.window.after(self.now)).then_some(Timestamp::MIN),
        }
    }
}
