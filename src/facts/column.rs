//! Columns: what figures count of a person's events, in order, so that a stretch is two searches.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::{Fact, Known};
use crate::time::{Duration, Timestamp};

/// Visits what one fact has in a column, in millionths; 0 where it only counts.
type Entries = dyn Fn(&Fact, &mut dyn FnMut(i128)) + Send + Sync;

/// What a column takes from facts.
///
/// Two are the same if their keys are, whoever made them.
pub(crate) struct Pick {
    key: Box<str>,
    /// The event's name; `None` is every event.
    event: Option<Arc<str>>,
    entries: Box<Entries>,
}

impl Pick {
    pub(crate) fn new(
        key: String,
        event: Option<Arc<str>>,
        entries: impl Fn(&Fact, &mut dyn FnMut(i128)) + Send + Sync + 'static,
    ) -> Self {
        Self { key: key.into(), event, entries: Box::new(entries) }
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
    columns: Vec<Arc<Pick>>,
    keys: BTreeMap<Box<str>, usize>,
    by_event: BTreeMap<Arc<str>, Vec<usize>>,
    of_every_event: Vec<usize>,
    lean: Option<Lean>,
}

/// What is kept where not everything is: only what answers about the present need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Lean {
    /// The columns that are kept, and for how long the instants of their entries are.
    pub(crate) columns: BTreeMap<usize, Keep>,
    /// The series that are kept, and for how long.
    pub(crate) series: BTreeMap<Arc<str>, Keep>,
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

impl Layout {
    /// The number of a column, and the pick under which it is found.
    pub(crate) fn add(&mut self, pick: &Arc<Pick>) -> (usize, Arc<Pick>) {
        if let Some((number, known)) = self.find(&pick.key) {
            return (number, Arc::clone(known));
        }
        let number = self.columns.len();
        self.columns.push(Arc::clone(pick));
        self.keys.insert(pick.key.clone(), number);
        match &pick.event {
            Some(event) => self.by_event.entry(Arc::clone(event)).or_default().push(number),
            None => self.of_every_event.push(number),
        }
        (number, Arc::clone(pick))
    }

    /// The same columns, of which timelines keep only some, and few facts besides.
    pub(crate) fn lean(&self, lean: Lean) -> Self {
        let kept = |number: &usize| lean.columns.contains_key(number);
        let mut layout = Self { lean: None, ..self.clone() };
        layout.by_event.values_mut().for_each(|numbers| numbers.retain(kept));
        layout.of_every_event.retain(kept);
        layout.lean = Some(lean);
        layout
    }

    fn keeps_column(&self, number: usize) -> bool {
        self.lean.as_ref().is_none_or(|lean| lean.columns.contains_key(&number))
    }

    pub(crate) fn is_lean(&self) -> bool {
        self.lean.is_some()
    }

    pub(crate) fn keeps_attribute(&self, name: &str) -> bool {
        self.lean.as_ref().is_none_or(|lean| lean.attributes.contains(name))
    }

    /// How long the facts of an event are kept; `None` if they are not.
    pub(crate) fn keeps_series(&self, event: &str) -> Option<Keep> {
        let Some(lean) = &self.lean else { return Some(Keep::Always) };
        lean.series.get(event).copied().max(lean.every_series)
    }

    fn find(&self, key: &str) -> Option<(usize, &Arc<Pick>)> {
        let number = *self.keys.get(key)?;
        Some((number, self.columns.get(number)?))
    }

    /// The columns that an event of this name has entries in.
    pub(crate) fn of_event(&self, event: &str) -> impl Iterator<Item = usize> {
        let named = self.by_event.get(event).into_iter().flatten();
        named.chain(&self.of_every_event).copied()
    }
}

/// A person's columns, as far as they hold anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    layout: Arc<Layout>,
    /// Ascending by number.
    columns: Vec<(usize, Column)>,
}

impl Columns {
    pub(crate) fn new(layout: Arc<Layout>) -> Self {
        Self { layout, columns: Vec::new() }
    }

    /// The column of that number, if it holds what `pick` takes.
    pub(crate) fn get(&self, number: usize, pick: &Arc<Pick>) -> Option<&Column> {
        let kept = self.layout.columns.get(number)?;
        if !Arc::ptr_eq(kept, pick) || !self.layout.keeps_column(number) {
            return None;
        }
        match self.place(number) {
            Ok(place) => self.columns.get(place).map(|(_, column)| column),
            Err(_) => Some(Column::EMPTY),
        }
    }

    pub(crate) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// Cuts off what is not kept any more of the columns of an event.
    pub(crate) fn trim(&mut self, event: &str, now: Timestamp) {
        let layout = Arc::clone(&self.layout);
        let Some(lean) = &layout.lean else { return };
        for number in layout.of_event(event) {
            if let Some(Keep::For(length)) = lean.columns.get(&number)
                && let Ok(place) = self.place(number)
            {
                self.columns[place].1.trim(now.minus(*length));
            }
        }
    }

    fn place(&self, number: usize) -> Result<usize, usize> {
        self.columns.binary_search_by_key(&number, |(number, _)| *number)
    }

    /// Puts in what the fact of an event of this name has in each column.
    ///
    /// A column holds what is known in the end, so a fact that is taken back has no part in it.
    pub(crate) fn insert(&mut self, event: &str, fact: &Fact) {
        let layout = Arc::clone(&self.layout);
        for number in layout.of_event(event) {
            self.insert_into(number, fact);
        }
    }

    fn insert_into(&mut self, number: usize, fact: &Fact) {
        let Some(pick) = self.layout.columns.get(number).map(Arc::clone) else { return };
        (pick.entries)(fact, &mut |micros| {
            let column = self.column(number);
            column.learn(fact.known);
            if fact.known.is_endless() {
                column.insert(fact.at, micros);
            }
        });
    }

    /// Takes out what the fact of an event of this name has in each column: it is known until
    /// `from` only.
    pub(crate) fn remove(&mut self, event: &str, fact: &Fact, from: Timestamp) {
        if !fact.known.is_endless() {
            return;
        }
        let layout = Arc::clone(&self.layout);
        for number in layout.of_event(event) {
            let Some(pick) = layout.columns.get(number) else { continue };
            (pick.entries)(fact, &mut |micros| {
                let column = self.column(number);
                column.learn(Known { from: fact.known.from, until: from });
                column.remove(fact.at, micros);
            });
        }
    }

    fn column(&mut self, number: usize) -> &mut Column {
        let place = match self.place(number) {
            Ok(place) => place,
            Err(place) => {
                self.columns.insert(place, (number, Column::default()));
                place
            }
        };
        &mut self.columns[place].1
    }
}

/// So few entries are not worth cutting off.
const TRIMMED: usize = 16;

/// Entries in order, with their running totals.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    at: Vec<Timestamp>,
    /// The totals before each entry and after the last, once one of them is not 0.
    totals: Vec<i128>,
    /// How many entries were cut off; the first total is theirs.
    before: usize,
    /// Entries up to here were cut off.
    cut: Timestamp,
    /// Whether an entry lowers the total.
    falls: bool,
    /// From when on its entries are what is known.
    since: Timestamp,
}

impl Default for Column {
    fn default() -> Self {
        Self::EMPTY.clone()
    }
}

impl Column {
    const EMPTY: &Self = &Self {
        at: Vec::new(),
        totals: Vec::new(),
        before: 0,
        cut: Timestamp::MIN,
        falls: false,
        since: Timestamp::MIN,
    };

    /// Whether its entries are what is known at `known`; no says nothing.
    pub(crate) fn is_known(&self, known: Timestamp) -> bool {
        self.since <= known
    }

    /// Whether every entry after `after` is still there.
    pub(crate) fn reaches(&self, after: Timestamp) -> bool {
        self.cut <= after
    }

    /// Whether no entry was cut off.
    pub(crate) fn is_whole(&self) -> bool {
        self.cut == Timestamp::MIN
    }

    /// How many entries there were before the first that is still there.
    pub(crate) fn before(&self) -> usize {
        self.before
    }

    /// How many entries happened at `upto` or before.
    pub(crate) fn upto(&self, upto: Timestamp) -> usize {
        match self.at.last() {
            // Most questions are about what has happened, and most of what is kept has.
            Some(last) if *last <= upto => self.at.len(),
            _ => self.at.partition_point(|at| *at <= upto),
        }
    }

    /// When an entry happened.
    pub(crate) fn at(&self, index: usize) -> Option<Timestamp> {
        self.at.get(index).copied()
    }

    /// What the entries before `index` come to, in millionths.
    pub(crate) fn total(&self, index: usize) -> i128 {
        self.totals.get(index).copied().unwrap_or(0)
    }

    /// Whether no entry lowers the total.
    pub(crate) fn only_rises(&self) -> bool {
        !self.falls
    }

    fn learn(&mut self, known: Known) {
        self.since = self.since.max(if known.is_endless() { known.from } else { known.until });
    }

    fn insert(&mut self, at: Timestamp, micros: i128) {
        self.falls |= micros < 0;
        if at <= self.cut {
            self.before += 1;
            return self.shift(0, micros);
        }
        let index = self.upto(at);
        if micros != 0 && self.totals.is_empty() {
            self.totals.resize(self.at.len() + 1, 0);
        }
        self.at.insert(index, at);
        if !self.totals.is_empty() {
            self.totals.insert(index, self.total(index));
            self.shift(index + 1, micros);
        }
    }

    fn remove(&mut self, at: Timestamp, micros: i128) {
        if at <= self.cut {
            self.before = self.before.saturating_sub(1);
            return self.shift(0, -micros);
        }
        let first = self.at.partition_point(|other| *other < at);
        let mut same = (first..self.at.len()).take_while(|index| self.at(*index) == Some(at));
        let value = |index: usize| self.total(index + 1) - self.total(index);
        let Some(index) = same.find(|index| value(*index) == micros) else { return };
        self.at.remove(index);
        if !self.totals.is_empty() {
            self.totals.remove(index);
            self.shift(index, -micros);
        }
    }

    /// Raises the totals from `index` on.
    fn shift(&mut self, index: usize, micros: i128) {
        if micros == 0 {
            return;
        }
        if self.totals.is_empty() {
            self.totals.resize(self.at.len() + 1, 0);
        }
        self.totals.iter_mut().skip(index).for_each(|total| *total += micros);
    }

    /// Cuts off the older half if all of it is older than `upto`; so each entry is moved about once.
    fn trim(&mut self, upto: Timestamp) {
        let half = self.at.len() / 2;
        if half >= TRIMMED
            && let Some(at) = self.at(half - 1).filter(|at| *at <= upto)
        {
            self.cut(at);
        }
    }

    /// Forgets when the entries up to `upto` happened; their total stays.
    fn cut(&mut self, upto: Timestamp) {
        let cut = self.upto(upto);
        self.at.drain(..cut);
        if !self.totals.is_empty() {
            self.totals.drain(..cut);
        }
        self.before += cut;
        self.cut = self.cut.max(upto);
    }
}
