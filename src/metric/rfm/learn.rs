//! Cut points from people.

use super::{Rfm, RfmAxis, RfmCuts};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Names;
use crate::facts::Timeline;
use crate::metric::{Measure, Metric};
use crate::time::{Duration, Timestamp};
use crate::value::{Decimal, Exact};

/// Learns cut points from one person after the other, a page of them at a time or all at once.
///
/// It keeps three numbers of each person who has an event in the window; the others have none, and
/// no cut point depends on them.
#[derive(Clone, Debug)]
pub struct RfmLearner {
    of: Rfm,
    now: Timestamp,
    recency: Metric,
    frequency: Metric,
    monetary: Metric,
    lengths: Vec<Duration>,
    counts: Vec<u32>,
    sums: Vec<Decimal>,
}

impl RfmLearner {
    pub(super) fn new(of: &Rfm, names: &Names, now: Timestamp) -> Result<Self> {
        if of.classes < 2 {
            return Err(Error::new(ErrorKind::Definition, "classes are two or more"));
        }
        let metric = |axis| Metric::new(&of.value(axis)?, names);
        Ok(Self {
            of: of.clone(),
            now,
            recency: metric(RfmAxis::Recency)?,
            frequency: metric(RfmAxis::Frequency)?,
            monetary: metric(RfmAxis::Monetary)?,
            lengths: Vec::new(),
            counts: Vec::new(),
            sums: Vec::new(),
        })
    }

    /// Takes in a person.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for amounts whose sum has more than 12 digits before the point.
    pub fn add(&mut self, timeline: &Timeline) -> Result<()> {
        let facts = &timeline.facts(self.now);
        let count = self.frequency.evaluate(facts).value;
        let count = count.as_number().and_then(Exact::to_decimal);
        let count = count.map_or(0, |count| count.micros() / Decimal::SCALE);
        let Measure::Duration(length) = self.recency.evaluate(facts).value else { return Ok(()) };
        if count == 0 {
            return Ok(());
        }
        let sum = self.monetary.evaluate(facts).value;
        let sum = sum.as_number().and_then(Exact::to_decimal);
        let large =
            || Error::new(ErrorKind::Input, "a sum of amounts is too large for a cut point");
        self.sums.push(sum.ok_or_else(large)?);
        self.counts.push(u32::try_from(count).unwrap_or(u32::MAX));
        self.lengths.push(length);
        Ok(())
    }

    /// How many people have an event in the window.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether nobody has.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The cut points.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] if nobody has an event in the window.
    pub fn cuts(self) -> Result<RfmCuts> {
        if self.is_empty() {
            let detail = "cut points need somebody with an event in the window";
            return Err(Error::new(ErrorKind::Input, detail));
        }
        let classes = usize::from(self.of.classes);
        Ok(RfmCuts {
            learned: self.now,
            recency: cuts(self.lengths, classes),
            frequency: cuts(self.counts, classes),
            monetary: cuts(self.sums, classes),
            of: self.of,
        })
    }
}

/// Where values are cut into classes of one size: each cut is the least value of the class above.
///
/// Of `n` values the first `⌈i × n / classes⌉` lie below cut `i`. Equal values are never parted, so
/// a cut among equals counts them all above it; a cut that has nothing below it, or nothing between
/// it and the one before, is left out.
fn cuts<T: Copy + Ord>(mut values: Vec<T>, classes: usize) -> Vec<T> {
    values.sort_unstable();
    let mut last = values.first().copied();
    let at = (1..classes).map(|class| (class * values.len()).div_ceil(classes));
    let mut cuts = Vec::new();
    for cut in at.filter_map(|at| values.get(at).copied()) {
        if last < Some(cut) {
            cuts.push(cut);
            last = Some(cut);
        }
    }
    cuts
}

#[cfg(test)]
mod tests {
    use super::cuts;

    #[test]
    fn classes_are_of_one_size_and_never_part_equals() {
        assert_eq!(cuts((1..=10).collect(), 5), [3, 5, 7, 9]);
        assert_eq!(cuts((1..=11).collect(), 5), [4, 6, 8, 10]);
        assert_eq!(cuts(vec![4, 1, 3, 2], 2), [3]);
        assert_eq!(cuts(vec![1, 1, 1, 1, 1, 1, 2, 3, 3, 9], 5), [2, 3]);
        assert_eq!(cuts(vec![7; 10], 5), [0; 0]);
        assert_eq!(cuts(vec![1, 2], 5), [2]);
        assert_eq!(cuts(vec![1], 5), [0; 0]);
    }
}
