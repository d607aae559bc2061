//! A weighted sum of counts, and how soon it can come to another side of a stretch.

use crate::expr::plan::{Leaf, Part, Reads, Span};
use crate::facts::Facts;
use crate::time::Timestamp;
use crate::value::Decimal;

use super::evaluator::Next;
use super::leaf::Slice;

/// Sums of more counts than that are followed change by change.
const FEW: usize = 4;

const ONE: i128 = Decimal::SCALE as i128;

impl Leaf {
    /// Whether it is a sum of few counts whose stretches do not depend on other columns.
    #[inline]
    pub(super) fn tallies(&self) -> bool {
        let counts =
            |part: &Part| part.reads == Reads::Count && !matches!(part.stretch, Span::Since(..));
        self.slope == 0 && self.parts.len() <= FEW && self.parts.iter().all(counts)
    }

    /// What it comes to, in millionths, and before when, after `now`, it cannot have come to another
    /// side. `None` where the columns cannot tell.
    pub(super) fn tally(&self, facts: &Facts<'_>, now: Timestamp) -> Option<(i128, Next)> {
        let (mut slices, mut value, mut most) = ([None; FEW], 0, 1);
        for (part, place) in self.parts.iter().zip(&mut slices) {
            let slice = part.own(part.column.find(facts)?, now)?;
            value += part.weight * slice.count();
            most = most.max(part.weight.abs());
            *place = Some(slice);
        }
        let value = value * ONE;
        let counts = || self.parts.iter().zip(slices.iter().flatten());
        let mut next = Next::never();
        if !self.stays(counts(), value) {
            // Each count changes by one at a time, so one of them has to change its share of what
            // is missing.
            let changes = (self.missing(value) - 1) / i64::try_from(most * ONE).ok()? + 1;
            let share = usize::try_from(changes).ok()?.div_ceil(self.parts.len());
            counts().for_each(|(part, slice)| part.changes(slice, share, &mut next));
        }
        Some((value, next))
    }

    /// Whether it is on one side for good: nothing comes, and what leaves takes it one way only, and
    /// not to another side.
    fn stays<'s>(
        &self,
        counts: impl Iterator<Item = (&'s Part, &'s Slice<'s>)>,
        value: i128,
    ) -> bool {
        let (mut rises, mut falls, mut rest) = (false, false, 0);
        for (part, slice) in counts {
            if slice.to_come().is_some() {
                return false;
            }
            match part.stretch {
                Span::Sliding(_) if slice.low < slice.high => {
                    rises |= part.weight < 0;
                    falls |= part.weight > 0;
                }
                _ => rest += part.weight * slice.count(),
            }
        }
        !(rises && falls) && self.side(rest * ONE) == self.side(value)
    }

    /// How far it is to another side; what is farther than can be told is as far as can be.
    fn missing(&self, value: i128) -> i64 {
        let (least, most) = self.passes;
        let missing = match self.side(value) {
            -1 => least.saturating_sub(value),
            1 => value.saturating_sub(most),
            _ => {
                let (low, high) = (value.saturating_sub(least), most.saturating_sub(value));
                low.min(high).saturating_add(1)
            }
        };
        i64::try_from(missing).unwrap_or(i64::MAX)
    }
}

impl Part {
    /// `next` learns when, after the instant of a slice, the count can have changed so many times.
    fn changes(&self, slice: &Slice<'_>, times: usize, next: &mut Next) {
        let Slice { column, low, high, .. } = *slice;
        let (goes, comes) = (column.at(low + times - 1), column.at(high + times - 1));
        if let Span::Sliding(window) = &self.stretch {
            goes.into_iter().for_each(|at| next.at(window.leaves(at)));
            comes.into_iter().for_each(|at| next.at(window.enters(at)));
        } else {
            comes.into_iter().for_each(|at| next.at(at));
        }
    }
}
