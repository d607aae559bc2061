//! Columns: what figures count of a person's events, in order, so that a stretch is two searches.

mod merge;

use std::sync::Arc;

use super::layout::{Keep, Layout, Pick};
use super::{Fact, Known};
use crate::bits::Bits;
use crate::few::{Map, Short, make_room};
use crate::memory::fetch_first;
use crate::time::Timestamp;
use crate::value::Value;

/// What became of a column.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Change {
    /// An entry of so many millionths came, that happened at an instant; or a value was seen again,
    /// later.
    Added(Timestamp, i128),
    Removed,
}

/// Learns what became of the column of a number.
pub(crate) type Changed<'a> = dyn FnMut(usize, Change) + 'a;

/// Nobody learns it.
pub(super) fn ignored(_: usize, _: Change) {}

/// A person's columns, as far as they hold anything.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns {
    layout: Arc<Layout>,
    kept: Held,
}

/// Columns by number.
#[derive(Clone, Debug, Default)]
struct Held {
    numbers: Bits,
    /// All below this are there, each at its own number, so that for who has done a bit of
    /// everything a column is found without counting.
    dense: usize,
    /// By their numbers, ascending.
    columns: Vec<Column>,
    /// When each value was last seen, by the number of a column that tells values apart.
    seen: Vec<(usize, Seen)>,
}

/// When each value was last seen.
type Seen = Map<Value, Timestamp>;

impl Columns {
    pub(crate) fn new(layout: Arc<Layout>) -> Self {
        Self { layout, ..Self::default() }
    }

    /// Asks for the memory of the first columns.
    #[inline]
    pub(super) fn reach(&self) {
        fetch_first(&self.kept.columns);
    }

    pub(crate) fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    /// The column of that number, if it holds what `pick` takes.
    #[inline]
    pub(crate) fn get(&self, number: usize, pick: &Arc<Pick>) -> Option<&Column> {
        if !self.layout.holds(number, pick) {
            return None;
        }
        self.kept.get(number).or(Some(Column::EMPTY))
    }

    /// Puts in what the fact of an event of this name has in each column; `changed` learns the
    /// columns' numbers.
    ///
    /// A column holds what is known in the end, so a fact that is taken back has no part in it.
    pub(crate) fn insert(&mut self, event: &str, fact: &Fact, changed: &mut Changed<'_>) {
        let Self { layout, kept } = self;
        layout.for_each_taker(event, fact, |number, pick| {
            pick.entries(fact, &mut |value, micros| {
                let column = kept.column(number);
                column.learn(fact.known);
                if !fact.known.is_endless() {
                    return;
                }
                match value.filter(|_| pick.tells_apart()) {
                    Some(value) => kept.see(number, value, fact.at),
                    None => column.insert(fact.at, micros),
                }
                changed(number, Change::Added(fact.at, micros));
            });
        });
    }

    /// Takes out what the fact of an event of this name has in each column: it is known until
    /// `from` only.
    pub(crate) fn remove(
        &mut self,
        event: &str,
        fact: &Fact,
        from: Timestamp,
        changed: &mut Changed<'_>,
    ) {
        if !fact.known.is_endless() {
            return;
        }
        let Self { layout, kept } = self;
        layout.for_each_taker(event, fact, |number, pick| {
            pick.entries(fact, &mut |_, micros| {
                let column = kept.column(number);
                column.learn(Known { from: fact.known.from, until: from });
                if pick.tells_apart() {
                    // When the value was seen before that is not kept.
                    column.since = Timestamp::MAX;
                } else {
                    column.remove(fact.at, micros);
                }
                changed(number, Change::Removed);
            });
        });
    }

    /// Cuts off what is not kept any more.
    pub(crate) fn trim(&mut self, now: Timestamp) {
        let Self { layout, kept: Held { numbers, columns, seen, .. } } = self;
        let mut columns = columns.iter_mut();
        numbers.for_each(|number| {
            if let Some(column) = columns.next()
                && let Some(Keep::For(length)) = layout.keeps(number)
                && let Some(cut) = column.trim(now.minus(length))
                && let Some((_, seen)) = seen.iter_mut().find(|(other, _)| *other == number)
            {
                seen.retain(|at| *at > cut);
            }
        });
    }

    /// Visits the columns that hold anything.
    fn for_each(&self, mut visit: impl FnMut(usize, &Column)) {
        let mut columns = self.kept.columns.iter();
        self.kept.numbers.for_each(|number| {
            columns.next().into_iter().for_each(|column| visit(number, column));
        });
    }
}

/// Room is made for so many columns at a time.
const AT_ONCE: usize = 4;

impl Held {
    /// Notes when a value was last seen: only that instant is an entry.
    fn see(&mut self, number: usize, value: &Value, at: Timestamp) {
        let seen = self.seen(number);
        let before = seen.get(value).copied();
        if before.is_some_and(|before| at <= before) {
            return;
        }
        *seen.entry(value.clone(), || at) = at;
        let column = self.column(number);
        before.into_iter().for_each(|before| column.remove(before, 0));
        column.insert(at, 0);
    }

    /// When the values of a column were seen; few columns tell values apart.
    fn seen(&mut self, number: usize) -> &mut Seen {
        let place = self.seen.iter().position(|(other, _)| *other == number);
        let place = place.unwrap_or_else(|| {
            make_room(&mut self.seen, 1);
            self.seen.push((number, Seen::default()));
            self.seen.len() - 1
        });
        &mut self.seen[place].1
    }

    #[inline]
    fn get(&self, number: usize) -> Option<&Column> {
        if number < self.dense {
            return self.columns.get(number);
        }
        let place = self.numbers.get(number).then(|| self.numbers.rank(number))?;
        self.columns.get(place)
    }

    fn column(&mut self, number: usize) -> &mut Column {
        let place = self.numbers.rank(number);
        if !self.numbers.get(number) {
            self.numbers.insert(number);
            make_room(&mut self.columns, AT_ONCE);
            self.columns.insert(place, Column::default());
            while self.numbers.get(self.dense) {
                self.dense += 1;
            }
        }
        &mut self.columns[place]
    }
}

/// When entries happened; of most things most people have done few, which need no memory elsewhere.
type Instants = Short<Timestamp, 3>;

/// Entries in order, with their running totals.
#[derive(Clone, Debug)]
pub(crate) struct Column {
    at: Instants,
    /// From when on its entries are what is known.
    since: Timestamp,
    /// Most have nothing more, and there are many.
    more: Option<Box<More>>,
}

/// What is kept of a column besides when its entries happened.
#[derive(Clone, Debug)]
struct More {
    /// The totals before each entry and after the last, once one of them is not 0.
    totals: Vec<i128>,
    /// How many entries were cut off; the first total is theirs.
    before: usize,
    /// Entries up to here were cut off.
    cut: Timestamp,
    /// Whether an entry lowers the total.
    falls: bool,
}

impl More {
    const NONE: &Self = &Self { totals: Vec::new(), before: 0, cut: Timestamp::MIN, falls: false };
}

impl Default for Column {
    fn default() -> Self {
        Self::EMPTY.clone()
    }
}

/// So few entries are not worth cutting off.
const TRIMMED: usize = 16;

impl Column {
    const EMPTY: &Self =
        &Self { at: Instants::none(Timestamp::MIN), since: Timestamp::MIN, more: None };

    #[inline]
    fn more(&self) -> &More {
        self.more.as_deref().unwrap_or(More::NONE)
    }

    fn more_mut(&mut self) -> &mut More {
        self.more.get_or_insert_with(|| Box::new(More::NONE.clone()))
    }

    #[inline]
    fn totals(&self) -> &[i128] {
        &self.more().totals
    }

    /// Whether its entries are what is known at `known`; no says nothing.
    #[inline]
    pub(crate) fn is_known(&self, known: Timestamp) -> bool {
        self.since <= known
    }

    /// Whether every entry after `after` is still there.
    #[inline]
    pub(crate) fn reaches(&self, after: Timestamp) -> bool {
        self.cut_at() <= after
    }

    /// Whether no entry was cut off.
    pub(crate) fn is_whole(&self) -> bool {
        self.cut_at() == Timestamp::MIN
    }

    /// How many entries are there.
    pub(crate) fn len(&self) -> usize {
        self.at.len()
    }

    /// Whether none of its entries is later.
    #[inline]
    pub(crate) fn is_past(&self, now: Timestamp) -> bool {
        self.at.last().is_none_or(|last| *last <= now)
    }

    /// When the last so many began; one is the last alone.
    #[inline]
    pub(crate) fn nth_last(&self, count: usize) -> Option<Timestamp> {
        self.at(self.at.len().checked_sub(count)?)
    }

    /// When the last so many began that come to at least so much; none lowers the total, and so much
    /// is more than nothing.
    #[inline]
    pub(crate) fn totals_since(&self, least: i128) -> Option<Timestamp> {
        let totals = self.totals();
        let before = totals.last()?.checked_sub(least)?;
        let after = totals.partition_point(|total| *total <= before);
        self.at(after.checked_sub(1)?)
    }

    /// How many entries there were before the first that is still there.
    pub(crate) fn before(&self) -> usize {
        self.more().before
    }

    /// How many entries happened at `upto` or before.
    #[inline]
    pub(crate) fn upto(&self, upto: Timestamp) -> usize {
        // Most questions are about all that is kept, or about what happened since before it.
        match (self.at.first(), self.at.last()) {
            (_, Some(last)) if *last <= upto => self.at.len(),
            (Some(first), _) if *first > upto => 0,
            _ => self.at.partition_point(|at| *at <= upto),
        }
    }

    /// When an entry happened.
    #[inline]
    pub(crate) fn at(&self, index: usize) -> Option<Timestamp> {
        self.at.get(index).copied()
    }

    /// What the entries before `index` come to, in millionths.
    #[inline]
    pub(crate) fn total(&self, index: usize) -> i128 {
        self.totals().get(index).copied().unwrap_or(0)
    }

    /// What an entry comes to, in millionths.
    #[inline]
    pub(crate) fn value(&self, index: usize) -> i128 {
        self.total(index + 1) - self.total(index)
    }

    /// Whether no entry lowers the total.
    #[inline]
    pub(crate) fn only_rises(&self) -> bool {
        !self.more().falls
    }

    fn learn(&mut self, known: Known) {
        self.since = self.since.max(if known.is_endless() { known.from } else { known.until });
    }

    fn insert(&mut self, at: Timestamp, micros: i128) {
        if micros < 0 {
            self.more_mut().falls = true;
        }
        if at <= self.cut_at() {
            self.more_mut().before += 1;
            return self.shift(0, micros);
        }
        let index = self.upto(at);
        if micros != 0 {
            self.start_totals();
        }
        self.at.insert(index, at);
        if let Some(more) = self.more.as_mut().filter(|more| !more.totals.is_empty()) {
            more.totals.insert(index, more.totals[index]);
            self.shift(index + 1, micros);
        }
    }

    fn remove(&mut self, at: Timestamp, micros: i128) {
        if at <= self.cut_at() {
            let more = self.more_mut();
            more.before = more.before.saturating_sub(1);
            return self.shift(0, -micros);
        }
        let first = self.at.partition_point(|other| *other < at);
        let mut same = (first..self.at.len()).take_while(|index| self.at(*index) == Some(at));
        let Some(index) = same.find(|index| self.value(*index) == micros) else { return };
        self.at.remove(index..index + 1);
        if let Some(more) = self.more.as_mut().filter(|more| !more.totals.is_empty()) {
            more.totals.remove(index);
            self.shift(index, -micros);
        }
    }

    #[inline]
    fn cut_at(&self) -> Timestamp {
        self.more().cut
    }

    /// Keeps totals from now on.
    fn start_totals(&mut self) {
        if self.totals().is_empty() {
            let count = self.at.len() + 1;
            self.more_mut().totals.resize(count, 0);
        }
    }

    /// Raises the totals from `index` on.
    fn shift(&mut self, index: usize, micros: i128) {
        if micros != 0 {
            self.start_totals();
            let totals = &mut self.more_mut().totals;
            totals.iter_mut().skip(index).for_each(|total| *total += micros);
        }
    }

    /// Cuts off the older half if all of it is older than `upto`, so each entry is moved about
    /// once; up to when it did.
    fn trim(&mut self, upto: Timestamp) -> Option<Timestamp> {
        let half = self.at.len() / 2;
        let at = self.at(half.checked_sub(1)?).filter(|at| half >= TRIMMED && *at <= upto)?;
        // The last stays, so that it can be told.
        self.at.last().filter(|last| at < **last)?;
        self.cut(at);
        Some(at)
    }

    /// Forgets when the entries up to `upto` happened; their total stays.
    fn cut(&mut self, upto: Timestamp) {
        if upto <= self.cut_at() {
            return;
        }
        let cut = self.upto(upto);
        self.at.remove(0..cut);
        let more = self.more_mut();
        if !more.totals.is_empty() {
            more.totals.drain(..cut);
        }
        more.before += cut;
        more.cut = upto;
    }
}
