//! Figures that are collected person by person.

use std::collections::BTreeMap;

use super::{Bin, Definition, Distribution, Lifecycle, SegmentSize, Segments, Week};
use crate::time::Timestamp;

/// Counts how many are in each segment, and in each two.
///
/// ```
/// use bespoke::report::{Definition, SegmentCounter};
///
/// let define = |name: &str| Definition::new(name, "…", "…");
/// let mut counter = SegmentCounter::new(vec![define("active"), define("vip")]);
/// counter.add(["active"]);
/// counter.add(["active", "vip"]);
/// counter.add([""; 0]);
/// let segments = counter.finish();
/// assert_eq!(segments.known, 3);
/// assert_eq!(segments.both, [[2, 1], [1, 1]]);
/// ```
#[derive(Clone, Debug)]
pub struct SegmentCounter {
    definitions: Vec<Definition>,
    places: BTreeMap<String, usize>,
    known: u64,
    both: Vec<Vec<u64>>,
}

impl SegmentCounter {
    /// Nobody counted yet; the report keeps the order of the segments.
    pub fn new(segments: Vec<Definition>) -> Self {
        let names = segments.iter().enumerate();
        let places = names.map(|(place, segment)| (segment.name.clone(), place)).collect();
        let both = vec![vec![0; segments.len()]; segments.len()];
        Self { definitions: segments, places, known: 0, both }
    }

    /// Counts a person by the segments they are in; names of no segment are passed over.
    pub fn add<N: AsRef<str>>(&mut self, segments: impl IntoIterator<Item = N>) {
        self.known += 1;
        let places =
            segments.into_iter().filter_map(|name| self.places.get(name.as_ref()).copied());
        let mut places: Vec<usize> = places.collect();
        places.sort_unstable();
        places.dedup();
        for row in &places {
            let Some(row) = self.both.get_mut(*row) else { continue };
            for column in &places {
                row.iter_mut().skip(*column).take(1).for_each(|count| *count += 1);
            }
        }
    }

    /// What was counted.
    pub fn finish(self) -> Segments {
        let sizes = self.both.iter().enumerate().map(|(place, row)| row.get(place).copied());
        let sizes = sizes.map(Option::unwrap_or_default);
        let each = self.definitions.into_iter().zip(sizes);
        let each = each.map(|(segment, members)| SegmentSize::new(segment, members)).collect();
        Segments { known: self.known, each, both: self.both }
    }
}

/// Counts in which state people were, week by week.
///
/// ```
/// use bespoke::report::LifecycleCounter;
/// use bespoke::time::Timestamp;
///
/// let weeks: Vec<Timestamp> = vec!["2026-02-22T09:00:00Z".parse()?, "2026-03-01T09:00:00Z".parse()?];
/// let mut counter = LifecycleCounter::new(["new", "active", "lapsed"], weeks);
/// counter.add([Some(0), Some(1)]);
/// counter.add([None, Some(0)]);
/// let lifecycle = counter.finish();
/// assert_eq!(lifecycle.weeks[1].counts, [1, 1, 0]);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct LifecycleCounter {
    lifecycle: Lifecycle,
}

impl LifecycleCounter {
    /// Nobody counted yet, in states at instants, the earliest first.
    pub fn new<S: Into<String>>(
        states: impl IntoIterator<Item = S>,
        weeks: impl IntoIterator<Item = Timestamp>,
    ) -> Self {
        let states: Vec<String> = states.into_iter().map(Into::into).collect();
        let week = |at| Week::new(at, vec![0; states.len()]);
        let weeks = weeks.into_iter().map(week).collect();
        Self { lifecycle: Lifecycle { states, weeks } }
    }

    /// The instants asked about.
    pub fn instants(&self) -> impl Iterator<Item = Timestamp> {
        self.lifecycle.weeks.iter().map(|week| week.at)
    }

    /// Counts a person by the place of their state at each instant; `None` where they were not
    /// known, or in none of the states.
    pub fn add(&mut self, states: impl IntoIterator<Item = Option<usize>>) {
        for (week, state) in self.lifecycle.weeks.iter_mut().zip(states) {
            if let Some(count) = state.and_then(|state| week.counts.get_mut(state)) {
                *count += 1;
            }
        }
    }

    /// What was counted.
    pub fn finish(self) -> Lifecycle {
        self.lifecycle
    }
}

/// Counts values in bins with fixed edges.
///
/// ```
/// use bespoke::report::Histogram;
///
/// let mut spend = Histogram::new([0.0, 10.0, 20.0, 50.0]);
/// for amount in [5.0, 12.0, 14.0, 80.0] {
///     spend.add(Some(amount));
/// }
/// spend.add(None);
/// let spend = spend.finish("Spend", "EUR");
/// assert_eq!(spend.bins.iter().map(|bin| bin.count).collect::<Vec<_>>(), [1, 2, 0, 1]);
/// assert_eq!((spend.without, spend.median), (1, Some(15.0)));
/// ```
#[derive(Clone, Debug)]
pub struct Histogram {
    edges: Vec<f64>,
    /// One more than edges: below the first, between each two, from the last on.
    counts: Vec<u64>,
    without: u64,
}

impl Histogram {
    /// Bins between these edges, and one beyond each end for what lies there. Edges are put in
    /// order; those that are no numbers are left out.
    pub fn new(edges: impl IntoIterator<Item = f64>) -> Self {
        let mut edges: Vec<f64> = edges.into_iter().filter(|edge| edge.is_finite()).collect();
        edges.sort_unstable_by(f64::total_cmp);
        edges.dedup();
        let counts = vec![0; edges.len() + 1];
        Self { edges, counts, without: 0 }
    }

    /// Bins for amounts of money: 1, 2, 5, 10, 20, 50 … to 10,000, since spending is spread over
    /// orders of magnitude. Give `None` for who spent nothing, to tell them from who spent little.
    pub fn amounts() -> Self {
        Self::new([0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4])
    }

    /// Bins for days since something: weeks at first, then months, then quarters of a year.
    pub fn days() -> Self {
        Self::new([0.0, 7.0, 14.0, 30.0, 60.0, 90.0, 120.0, 180.0, 270.0, 365.0, 730.0])
    }

    /// Bins for probabilities, each a twentieth wide.
    pub fn probabilities() -> Self {
        Self::new((0..=20).map(|twentieth| f64::from(twentieth) / 20.0))
    }

    /// Counts a person's value; `None`, and what is no number, is counted apart.
    pub fn add(&mut self, value: Option<f64>) {
        match value.filter(|value| !value.is_nan()) {
            Some(value) => {
                let place = self.edges.partition_point(|edge| *edge <= value);
                self.counts.iter_mut().skip(place).take(1).for_each(|count| *count += 1);
            }
            None => self.without += 1,
        }
    }

    /// What was counted. Bins beyond the ends are left out where they are empty. The median is that
    /// of values spread evenly within their bin; within a bin without an end it is its edge.
    pub fn finish(self, name: impl Into<String>, unit: impl Into<String>) -> Distribution {
        let median = self.median();
        let from = std::iter::once(None).chain(self.edges.iter().copied().map(Some));
        let to = self.edges.iter().copied().map(Some).chain([None]);
        let bins = from.zip(to).zip(&self.counts);
        let bins = bins.map(|((from, to), count)| Bin::new(from, to, *count));
        let open = |bin: &Bin| bin.from.is_none() || bin.to.is_none();
        let bins = bins.filter(|bin| !open(bin) || bin.count > 0).collect();
        Distribution {
            name: name.into(),
            unit: unit.into(),
            bins,
            median,
            without: self.without,
            caption: String::new(),
        }
    }

    fn median(&self) -> Option<f64> {
        let half = self.counts.iter().sum::<u64>() as f64 / 2.0;
        let mut below = 0.0;
        for (place, count) in self.counts.iter().enumerate() {
            let count = *count as f64;
            if count > 0.0 && below + count >= half {
                let from = place.checked_sub(1).and_then(|before| self.edges.get(before));
                let to = self.edges.get(place);
                return match (from, to) {
                    (Some(from), Some(to)) => Some(from + (to - from) * (half - below) / count),
                    (from, to) => from.or(to).copied(),
                };
            }
            below += count;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_on_an_edge_belong_above_it_and_the_median_lies_in_its_bin() {
        let mut days = Histogram::new([10.0, 0.0, f64::NAN, 10.0]);
        for value in [-1.0, 0.0, 9.9, 10.0, f64::INFINITY, f64::NAN] {
            days.add(Some(value));
        }
        let days = days.finish("Days", "");
        let counts: Vec<u64> = days.bins.iter().map(|bin| bin.count).collect();
        assert_eq!(counts, [1, 2, 2]);
        assert_eq!(days.without, 1);
        assert_eq!(days.median, Some(7.5));
        assert_eq!(Histogram::days().finish("", "").median, None);
        let mut open = Histogram::new([]);
        open.add(Some(1.0));
        assert_eq!(open.finish("", "").median, None);
    }

    #[test]
    fn a_segment_named_twice_counts_once() {
        let mut counter = SegmentCounter::new(vec![Definition::new("a", "", "")]);
        counter.add(["a", "a", "other"]);
        let segments = counter.finish();
        assert_eq!(segments.each[0].members, 1);
        assert_eq!(segments.both, [[1]]);
    }
}
