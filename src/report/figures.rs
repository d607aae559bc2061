//! Figures that are collected person by person.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Count, Definition, Lifecycle, SegmentSize, Segments, Week};
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

    /// What was counted, from the first week in which somebody was known.
    pub fn finish(mut self) -> Lifecycle {
        let weeks = &mut self.lifecycle.weeks;
        let nobody = |week: &Week| week.counts.iter().all(|count| *count == 0);
        let first = weeks.iter().position(|week| !nobody(week)).unwrap_or(weeks.len());
        weeks.drain(..first);
        self.lifecycle
    }
}

/// The events by name, the most frequent first.
pub(super) fn events(counted: BTreeMap<Arc<str>, u64>) -> Vec<Count> {
    let counts = counted.into_iter().map(|(name, count)| Count::new(&*name, count));
    let mut counts: Vec<Count> = counts.collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.count));
    counts
}

/// The states first, in their order, then the other segments, the largest first.
pub(super) fn ordered(segments: &Segments, states: &[Arc<str>]) -> Segments {
    let key = |place: &usize| {
        let segment = segments.each.get(*place);
        let name = segment.map_or("", |segment| &segment.definition.name);
        let state = states.iter().position(|state| **state == *name);
        let members = segment.map_or(0, |segment| segment.members);
        (state.unwrap_or(states.len()), std::cmp::Reverse(members))
    };
    let mut order: Vec<usize> = (0..segments.each.len()).collect();
    order.sort_by_key(key);
    let row = |place: &usize| {
        let row = segments.both.get(*place)?;
        Some(order.iter().filter_map(|column| row.get(*column).copied()).collect())
    };
    Segments {
        known: segments.known,
        each: order.iter().filter_map(|place| segments.each.get(*place).cloned()).collect(),
        both: order.iter().filter_map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_before_anybody_was_known_are_left_out() {
        let week = |at| Timestamp::from_micros(at);
        let mut counter = LifecycleCounter::new(["a"], [1, 2, 3].map(week));
        assert_eq!(counter.clone().finish().weeks, []);
        counter.add([None, Some(0), None]);
        assert_eq!(
            counter.finish().weeks,
            [Week::new(week(2), vec![1]), Week::new(week(3), vec![0])]
        );
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
