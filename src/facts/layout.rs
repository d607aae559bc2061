//! Which columns timelines keep, and of what.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::Fact;
use super::by_name::ByName;
use crate::time::Duration;
use crate::value::Value;

/// Visits the entries that one fact has in a column: the value, and its millionths, 0 where it is
/// only counted.
type Entries = dyn Fn(&Fact, &mut dyn FnMut(Option<&Value>, i128)) + Send + Sync;

/// A field without which a fact has no entries, and which of its values it must have.
pub(crate) struct Needs {
    path: Vec<Arc<str>>,
    passes: Box<dyn Fn(&Value) -> bool + Send + Sync>,
}

impl Needs {
    pub(crate) fn new(
        path: &[Arc<str>],
        passes: impl Fn(&Value) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { path: path.into(), passes: Box::new(passes) }
    }
}

/// What a column takes from facts.
///
/// Two are the same if their keys are, whoever made them.
pub(crate) struct Pick {
    key: Box<str>,
    /// The event's name; `None` is every event.
    event: Option<Arc<str>>,
    /// Whether of equal values only the last to happen is an entry.
    tells_apart: bool,
    needs: Option<Needs>,
    entries: Box<Entries>,
}

impl Pick {
    pub(crate) fn new(
        key: String,
        event: Option<Arc<str>>,
        tells_apart: bool,
        entries: impl Fn(&Fact, &mut dyn FnMut(Option<&Value>, i128)) + Send + Sync + 'static,
    ) -> Self {
        Self { key: key.into(), event, tells_apart, needs: None, entries: Box::new(entries) }
    }

    /// The same, of facts that have what it needs.
    pub(crate) fn needing(self, needs: Option<Needs>) -> Self {
        Self { needs, ..self }
    }

    pub(super) fn entries(&self, fact: &Fact, take: &mut dyn FnMut(Option<&Value>, i128)) {
        (self.entries)(fact, take);
    }

    /// Whether a fact may have entries whose field has this value.
    fn takes(&self, value: &Value) -> bool {
        self.needs.as_ref().is_none_or(|needs| (needs.passes)(value))
    }

    /// The event's name; `None` is every event.
    pub(crate) fn event(&self) -> Option<&Arc<str>> {
        self.event.as_ref()
    }

    /// Whether of equal values only the last to happen is an entry.
    pub(crate) fn tells_apart(&self) -> bool {
        self.tells_apart
    }
}

impl fmt::Debug for Pick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)
    }
}

/// The columns that timelines keep, by number; it only grows, so that a number stays true.
#[derive(Clone, Debug, Default)]
pub(crate) struct Layout {
    columns: Vec<Slot>,
    keys: BTreeMap<Box<str>, usize>,
    by_event: ByName<Takers>,
    of_every_event: Takers,
    lean: Option<Lean>,
}

/// The columns that take from the facts of an event.
#[derive(Clone, Debug, Default)]
struct Takers {
    /// Those that need no field.
    always: Vec<usize>,
    by_field: Vec<(Vec<Arc<str>>, Vec<usize>)>,
}

#[derive(Clone, Debug)]
struct Slot {
    pick: Arc<Pick>,
    keep: Keep,
}

/// What is kept where not everything is: only what answers about the present need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lean {
    /// The columns that are kept, by the numbers that they had, and for how long the instants of
    /// their entries are.
    pub(crate) columns: BTreeMap<usize, Keep>,
    /// The series that are kept, and for how long.
    pub(crate) series: ByName<Option<Keep>>,
    /// If every series is, for how long.
    pub(crate) every_series: Option<Keep>,
    /// The traits that are kept.
    pub(crate) attributes: BTreeSet<Arc<str>>,
}

/// How long something is kept; the longest is for ever.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Keep {
    For(Duration),
    Always,
}

impl Takers {
    fn add(&mut self, number: usize, pick: &Pick) {
        let Some(Needs { path, .. }) = &pick.needs else { return self.always.push(number) };
        match self.by_field.iter_mut().find(|(other, _)| other == path) {
            Some((_, numbers)) => numbers.push(number),
            None => self.by_field.push((path.clone(), vec![number])),
        }
    }

    fn numbers(&self) -> impl Iterator<Item = usize> {
        let of_fields = self.by_field.iter().flat_map(|(_, numbers)| numbers);
        self.always.iter().chain(of_fields).copied()
    }
}

impl Layout {
    /// The number of a column, and the pick under which it is found.
    pub(crate) fn add(&mut self, pick: &Arc<Pick>) -> (usize, Arc<Pick>) {
        if let Some((number, known)) = self.find(&pick.key) {
            return (number, Arc::clone(known));
        }
        let number = self.columns.len();
        self.columns.push(Slot { pick: Arc::clone(pick), keep: Keep::Always });
        self.keys.insert(pick.key.clone(), number);
        match &pick.event {
            Some(event) => self.by_event.entry(event).add(number, pick),
            None => self.of_every_event.add(number, pick),
        }
        (number, Arc::clone(pick))
    }

    fn find(&self, key: &str) -> Option<(usize, &Arc<Pick>)> {
        let number = *self.keys.get(key)?;
        Some((number, &self.columns.get(number)?.pick))
    }

    /// Some of the columns, which is all that timelines keep with few facts besides. Those of one
    /// event get numbers in a row, so that what it changes lies together.
    pub(crate) fn lean(&self, mut lean: Lean) -> Self {
        let kept = std::mem::take(&mut lean.columns).into_iter();
        let mut kept: Vec<(&Slot, Keep)> =
            kept.filter_map(|(number, keep)| Some((self.columns.get(number)?, keep))).collect();
        kept.sort_by_key(|(slot, _)| slot.pick.event());
        let mut layout = Self::default();
        for (slot, keep) in kept {
            let (number, pick) = layout.add(&slot.pick);
            layout.columns[number] = Slot { pick, keep };
        }
        Self { lean: Some(lean), ..layout }
    }

    /// The number of the column that a pick fills.
    pub(crate) fn number(&self, pick: &Pick) -> Option<usize> {
        self.keys.get(&pick.key).copied()
    }

    pub(crate) fn is_lean(&self) -> bool {
        self.lean.is_some()
    }

    /// Whether the column of that number holds what `pick` takes.
    #[inline]
    pub(super) fn holds(&self, number: usize, pick: &Arc<Pick>) -> bool {
        let slot = self.columns.get(number);
        slot.is_some_and(|slot| Arc::ptr_eq(&slot.pick, pick))
    }

    pub(super) fn pick(&self, number: usize) -> Option<&Pick> {
        self.columns.get(number).map(|slot| &*slot.pick)
    }

    /// How long the entries of a column are kept.
    pub(super) fn keeps(&self, number: usize) -> Option<Keep> {
        self.columns.get(number).map(|slot| slot.keep)
    }

    /// The columns that an event of this name has entries in.
    fn of_event(&self, event: &str) -> impl Iterator<Item = usize> {
        self.takers(event).flat_map(Takers::numbers)
    }

    fn takers(&self, event: &str) -> impl Iterator<Item = &Takers> {
        self.by_event.get(event).into_iter().chain([&self.of_every_event])
    }

    /// Visits the columns that a fact of an event of this name may have entries in. A field that
    /// several ask for is looked up once.
    pub(super) fn for_each_taker(
        &self,
        event: &str,
        fact: &Fact,
        mut visit: impl FnMut(usize, &Pick),
    ) {
        for takers in self.takers(event) {
            for number in &takers.always {
                self.pick(*number).into_iter().for_each(|pick| visit(*number, pick));
            }
            for (path, numbers) in &takers.by_field {
                let Some(value) = fact.fields.descend(path) else { continue };
                for number in numbers {
                    let pick = self.pick(*number).filter(|pick| pick.takes(value));
                    pick.into_iter().for_each(|pick| visit(*number, pick));
                }
            }
        }
    }

    /// Whether entries of an event stand in a column from which they cannot be taken out, and in
    /// which what is still to happen hides what has.
    pub(crate) fn tells_apart(&self, event: &str) -> bool {
        self.of_event(event).any(|number| self.pick(number).is_some_and(Pick::tells_apart))
    }

    pub(crate) fn keeps_attribute(&self, name: &str) -> bool {
        self.lean.as_ref().is_none_or(|lean| lean.attributes.contains(name))
    }

    /// How long the facts of an event are kept; `None` if they are not.
    pub(crate) fn keeps_series(&self, event: &str) -> Option<Keep> {
        let Some(lean) = &self.lean else { return Some(Keep::Always) };
        lean.series.get(event).copied().flatten().max(lean.every_series)
    }
}
