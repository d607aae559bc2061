//! A weighted sum of counts, and how soon it can come to another side of a stretch.

use crate::expr::plan::{Leaf, Part, Reads, Span};
use crate::facts::Facts;
use crate::time::Timestamp;
use crate::value::Decimal;

use super::evaluator::Next;
use super::leaf::{Slice, Turn};

/// Sums of more counts than that are followed change by change.
const FEW: usize = 4;

/// The entries that each of its parts counts.
type Slices<'a> = [Option<Slice<'a>>; FEW];

/// So often it is found out when it can next have come to another side.
const FOLLOWED: usize = 4;

const ONE: i128 = Decimal::SCALE as i128;

impl Leaf {
    /// Whether it is a sum of few counts whose stretches do not depend on other columns.
    #[inline]
    pub(super) fn tallies(&self) -> bool {
        let counts =
            |part: &Part| part.reads == Reads::Count && !matches!(part.stretch, Span::Since(..));
        self.slope == 0 && self.parts.len() <= FEW && self.parts.iter().all(counts)
    }

    /// Its truth, and when that turns; or, where that takes long to find out, before when it does
    /// not. `None` where the columns cannot tell.
    pub(super) fn tally(
        &self,
        facts: &Facts<'_>,
        mut now: Timestamp,
    ) -> Option<(Option<bool>, Turn)> {
        let mut slices = [None; FEW];
        for (part, slice) in self.parts.iter().zip(&mut slices) {
            *slice = Some(part.own(part.column.find(facts)?, now)?);
        }
        let mut value = self.sum(&slices);
        let truth = self.passes(Some(value));
        for _ in 0..FOLLOWED {
            let Some(next) = self.changes(&slices, value)?.instant() else {
                return Some((truth, Turn { at: None, sure: false }));
            };
            now = next;
            for (part, slice) in self.parts.iter().zip(slices.iter_mut().flatten()) {
                *slice = part.own(slice.column, now)?;
            }
            value = self.sum(&slices);
            if self.passes(Some(value)) != truth {
                return Some((truth, Turn { at: Some(now), sure: true }));
            }
        }
        Some((truth, Turn { at: Some(now), sure: false }))
    }

    /// What it comes to, in millionths.
    fn sum(&self, slices: &Slices<'_>) -> i128 {
        self.counts(slices).map(|(part, slice)| part.weight * slice.count()).sum::<i128>() * ONE
    }

    /// Before when, after the instant of these slices, it cannot have come to another side.
    fn changes(&self, slices: &Slices<'_>, value: i128) -> Option<Next> {
        let mut next = Next::never();
        if !self.stays(self.counts(slices), value) {
            // Each count changes by one at a time, so one of them has to change its share of what
            // is missing.
            let most = self.parts.iter().map(|part| part.weight.abs()).max()?.max(1);
            let changes = (self.missing(value) - 1) / i64::try_from(most * ONE).ok()? + 1;
            let share = usize::try_from(changes).ok()?.div_ceil(self.parts.len());
            self.counts(slices).for_each(|(part, slice)| part.changes(slice, share, &mut next));
        }
        Some(next)
    }

    fn counts<'s>(
        &'s self,
        slices: &'s Slices<'_>,
    ) -> impl Iterator<Item = (&'s Part, &'s Slice<'s>)> {
        self.parts.iter().zip(slices.iter().flatten())
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
