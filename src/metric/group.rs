//! Conditions on the entries that share a value of a field.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Measure;
use super::evaluator::{Entry, Evaluator, Next};
use super::moving::Val;
use super::slide::Slide;
use crate::expr::plan::{By, Figure, Group, Source};
use crate::facts::{Fact, Facts};
use crate::time::Timestamp;
use crate::value::Value;

/// A group at an instant: what it comes to for each value of the field.
///
/// Each value is asked again when its own answer may change, and not before, so following a group
/// through time costs what following each of its values does.
#[derive(Debug)]
pub(crate) struct Grouped<'a> {
    group: &'a Group,
    now: Timestamp,
    values: Vec<Shared<'a>>,
    /// When each of the values is to be asked again.
    due: BTreeSet<(Timestamp, usize)>,
    /// Of how many values the condition is true, and of how many it is unknown.
    truths: usize,
    unknowns: usize,
}

/// One value of a group's field.
#[derive(Debug)]
struct Shared<'a> {
    value: &'a Value,
    /// Sees only entries of this value.
    evaluator: Evaluator<'a>,
    /// Whether some entry of it happened.
    happened: bool,
    /// False until then.
    truth: Option<bool>,
}

/// The entries of a group that share a value.
#[derive(Clone, Debug)]
pub(super) struct Share<'a> {
    value: &'a Value,
    series: Rc<Vec<Parted<'a>>>,
}

/// The entries of a series by their value of the group's field.
#[derive(Debug)]
struct Parted<'a> {
    figure: &'a Figure,
    entries: BTreeMap<&'a Value, Vec<(Entry<'a>, Option<&'a Value>)>>,
}

impl<'a> Evaluator<'a> {
    /// Whether a group's condition is true of some value.
    pub(super) fn some_value(
        &self,
        group: &'a Group,
        now: Timestamp,
        next: &mut Next,
    ) -> Option<bool> {
        self.grouped(group, now, |grouped| {
            grouped.due.first().into_iter().for_each(|(at, _)| next.at(*at));
            grouped.truth()
        })
    }

    /// The values of a group's field that some entry has had, each with an evaluator that sees
    /// only the entries of that value.
    pub(crate) fn for_each_value(
        &self,
        group: &'a Group,
        now: Timestamp,
        mut visit: impl FnMut(Measure, &Self),
    ) {
        self.grouped(group, now, |grouped| {
            let happened = grouped.values.iter().filter(|shared| shared.happened);
            happened.for_each(|shared| {
                visit(Val::of(shared.value).measure(now), &shared.evaluator);
            });
        });
    }

    /// The facts that have the value at hand, in order.
    pub(crate) fn entries(&self, group: &'a Group) -> Vec<&'a Fact> {
        let now = self.facts().now();
        let entries = group.entries.iter().flat_map(|figure| self.witnesses(figure, now));
        let mut entries: Vec<&Fact> = entries.collect();
        entries.sort_by_key(|fact| (fact.at, &fact.id));
        entries.dedup_by_key(|fact| &fact.id);
        entries
    }

    fn grouped<T>(
        &self,
        group: &'a Group,
        now: Timestamp,
        read: impl FnOnce(&Grouped<'a>) -> T,
    ) -> T {
        let mut kept = self.memory().groups.borrow_mut();
        let at = kept.iter().position(|grouped| std::ptr::eq(grouped.group, group));
        let kept_one = at.map(|at| kept.swap_remove(at));
        drop(kept);
        let mut grouped = kept_one.unwrap_or_else(|| Grouped::new(group, self.facts()));
        grouped.ask(now);
        let result = read(&grouped);
        self.memory().groups.borrow_mut().push(grouped);
        result
    }
}

impl<'a> Grouped<'a> {
    fn new(group: &'a Group, facts: Facts<'a>) -> Self {
        let mut series: Vec<Parted<'a>> = Vec::new();
        for figure in &group.entries {
            if !series.iter().any(|parted| parted.is_of(figure)) {
                series.push(Parted::new(figure, facts));
            }
        }
        let series = Rc::new(series);
        let values: BTreeSet<&'a Value> =
            series.iter().flat_map(|parted| parted.entries.keys().copied()).collect();
        let shared = values.into_iter().map(|value| {
            let share = Share { value, series: Rc::clone(&series) };
            let evaluator = Evaluator::within(facts, share);
            Shared { value, evaluator, happened: false, truth: Some(false) }
        });
        let (values, due) = (shared.collect(), BTreeSet::new());
        Self { group, now: Timestamp::MAX, values, due, truths: 0, unknowns: 0 }
    }

    /// Asks of each value whose answer may have changed.
    fn ask(&mut self, now: Timestamp) {
        if now < self.now {
            self.due = (0..self.values.len()).map(|index| (now, index)).collect();
        }
        self.now = now;
        while let Some((_, index)) = self.due.first().copied().filter(|(at, _)| *at <= now) {
            self.due.pop_first();
            let Some(shared) = self.values.get_mut(index) else { continue };
            let before = shared.truth;
            let again = shared.ask(self.group, now);
            let count = |truth| move |asked| usize::from(asked == truth);
            let (truths, unknowns) = (count(Some(true)), count(None));
            self.truths = self.truths + truths(shared.truth) - truths(before);
            self.unknowns = self.unknowns + unknowns(shared.truth) - unknowns(before);
            self.due.insert((again.instant().unwrap_or(Timestamp::MAX), index));
        }
    }

    /// True if it is of some value, else unknown if it is of some.
    fn truth(&self) -> Option<bool> {
        match (self.truths, self.unknowns) {
            (0, 0) => Some(false),
            (0, _) => None,
            _ => Some(true),
        }
    }
}

impl<'a> Shared<'a> {
    /// Asks anew; returns when the answer may next change.
    fn ask(&mut self, group: &'a Group, now: Timestamp) -> Next {
        let mut next = Next::never();
        self.happened = group.entries.iter().any(|figure| {
            self.evaluator.slid(figure, now, &mut next, Slide::is_empty) == Some(false)
        });
        self.truth = if self.happened {
            self.evaluator.truth(&group.cond, now, &mut next)
        } else {
            Some(false)
        };
        next
    }
}

impl<'a> Share<'a> {
    /// Visits the entries of a figure's series after `from`, in the order in which they are kept.
    pub(super) fn for_each_entry(
        &self,
        figure: &Figure,
        from: Timestamp,
        visit: &mut impl FnMut(Entry<'a>, Option<&'a Value>),
    ) {
        let parted = self.series.iter().find(|parted| parted.is_of(figure));
        let entries = parted.and_then(|parted| parted.entries.get(self.value));
        let entries = entries.map_or(&[][..], Vec::as_slice);
        let late = entries.iter().filter(|(entry, _)| entry.fact.at > from);
        late.for_each(|(entry, value)| visit(*entry, *value));
    }
}

impl<'a> Parted<'a> {
    fn new(figure: &'a Figure, facts: Facts<'a>) -> Self {
        let mut entries: BTreeMap<_, Vec<_>> = BTreeMap::new();
        figure.for_each_known(facts, Timestamp::MIN, &mut |entry, value| {
            let of = figure.by.as_ref().and_then(|by| by.value(entry));
            of.into_iter().for_each(|of| entries.entry(of).or_default().push((entry, value)));
        });
        Self { figure, entries }
    }

    /// Whether a figure has the same entries, but for its filter.
    fn is_of(&self, figure: &Figure) -> bool {
        let series = |figure: &'a Figure| (&figure.event, &figure.entries, &figure.by);
        series(self.figure) == (&figure.event, &figure.entries, &figure.by)
    }
}

impl By {
    /// The value that an entry has of the field, if it is not NULL.
    fn value<'a>(&self, entry: Entry<'a>) -> Option<&'a Value> {
        let value = if self.from == Source::Element {
            entry.element?.descend(&self.path)
        } else {
            entry.fact.fields.descend(&self.path)
        };
        value.filter(|value| !value.is_null())
    }
}
