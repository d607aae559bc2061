//! The entries of a figure, and the stretch of them that counts while time goes on.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::evaluator::{Entry, Evaluator, Moment, Next};
use super::last::{last_of, reach, starts};
use super::moving::{Moving, Val, instant};
use crate::expr::Function;
use crate::expr::plan::{Entries, Figure, Stretch};
use crate::facts::{Column, Fact, Facts, Series};
use crate::time::{Timestamp, Window};
use crate::value::{Exact, Value};

/// The stretch of time that a figure looks at, at one instant.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretched {
    after: Timestamp,
    upto: Timestamp,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// Up to an instant that stays.
    Fixed(Timestamp),
    Sliding(Window),
    /// From a bound that may move with time, to now.
    From(Moving),
}

impl Stretched {
    pub(super) fn always(now: Timestamp) -> Self {
        Self::since(Moving::fixed(i64::MIN), now)
    }

    /// What happened after one instant and up to another.
    pub(super) fn fixed(after: Timestamp, upto: Timestamp, now: Timestamp) -> Self {
        Self { after, upto: upto.min(now), kind: Kind::Fixed(upto) }
    }

    pub(super) fn sliding(window: Window, now: Timestamp) -> Self {
        Self { after: window.after(now), upto: window.upto(now), kind: Kind::Sliding(window) }
    }

    /// What happened since `bound`, exclusive.
    pub(super) fn since(bound: Moving, now: Timestamp) -> Self {
        Self { after: instant(bound.at(now)), upto: now, kind: Kind::From(bound) }
    }

    pub(super) fn after(&self) -> Timestamp {
        self.after
    }

    /// The instant after which entries can still come to count.
    fn horizon(&self) -> Timestamp {
        match self.kind {
            // A bound that moves back brings old entries in again.
            Kind::From(bound) if bound.slope < 0 => Timestamp::MIN,
            _ => self.after,
        }
    }

    /// When what happened `at`, and is still to come, begins to count.
    fn enters(&self, at: Timestamp) -> Timestamp {
        match self.kind {
            Kind::Fixed(upto) if at > upto => Timestamp::MAX,
            Kind::Sliding(window) => window.enters(at),
            Kind::Fixed(_) | Kind::From(_) => at,
        }
    }

    /// When what happened `at` no longer counts.
    fn leaves(&self, at: Timestamp) -> Timestamp {
        match self.kind {
            Kind::Sliding(window) => window.leaves(at),
            Kind::From(bound) if bound.slope > 0 => {
                let missing = i128::from(at.micros()).saturating_sub(bound.base);
                // The first instant at which the bound has come to `at`: rounded up.
                instant(missing.saturating_neg().div_euclid(bound.slope).saturating_neg())
            }
            Kind::Fixed(_) | Kind::From(_) => Timestamp::MAX,
        }
    }

    /// When what happened `at`, before a bound that moves back, counts again.
    fn returns(&self, at: Timestamp) -> Timestamp {
        match self.kind {
            Kind::From(bound) if bound.slope < 0 => {
                let above = bound.base.saturating_sub(at.micros().into());
                instant(above.div_euclid(-bound.slope).saturating_add(1))
            }
            _ => Timestamp::MAX,
        }
    }
}

/// What some entries come to.
#[derive(Clone, Copy, Debug, Default)]
struct Total {
    sum: i128,
    count: usize,
}

/// One entry that passed the filter.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted<'a> {
    pub(super) fact: &'a Fact,
    /// The field's value; the event itself has none.
    value: Option<&'a Value>,
}

/// A figure's entries in order.
#[derive(Debug)]
pub(super) enum Rows<'a> {
    Collected(Vec<Counted<'a>>),
    /// What is kept of them.
    Column(&'a Column),
    /// The events of a series, all of which are entries: there is nothing to collect.
    Events(&'a [Fact]),
}

/// A figure's entries, of which `low..high` count, and what they come to.
#[derive(Debug)]
pub(super) struct Slide<'a> {
    figure: &'a Figure,
    /// Entries up to here are left out.
    from: Timestamp,
    /// The filter judged at the first of these instants; at the second it may judge otherwise.
    fresh: Timestamp,
    stale: Timestamp,
    rows: Rows<'a>,
    /// The first row of each fact, where the figure is of the last facts.
    starts: Vec<usize>,
    low: usize,
    high: usize,
    sum: i128,
    /// How often each value counts; kept only where values must be told apart.
    values: BTreeMap<&'a Value, usize>,
}

impl<'a> Slide<'a> {
    /// Takes the entries that count now or may come to count later.
    pub(super) fn build(
        figure: &'a Figure,
        evaluator: &Evaluator<'a>,
        stretch: &Stretched,
        now: Timestamp,
    ) -> Self {
        let from = stretch.horizon();
        let mut stale = Next::never();
        let rows = figure.rows(evaluator.facts(), from).unwrap_or_else(|| {
            let after = reach(figure, evaluator, now, &mut stale).unwrap_or(from);
            Rows::Collected(collect(figure, evaluator, after, now, &mut stale))
        });
        let stale = stale.instant().unwrap_or(Timestamp::MAX);
        let starts = starts(figure, &rows);
        let values = BTreeMap::new();
        Self { figure, from, fresh: now, stale, rows, starts, low: 0, high: 0, sum: 0, values }
    }

    /// The facts that count now, in order.
    pub(super) fn witnesses(
        figure: &'a Figure,
        evaluator: &Evaluator<'a>,
        stretch: &Stretched,
        now: Timestamp,
    ) -> Vec<&'a Fact> {
        let from = stretch.horizon();
        let entries = collect(figure, evaluator, from, now, &mut Next::never());
        let counts = |at: Timestamp| stretch.after < at && at <= stretch.upto;
        let facts = entries.iter().map(|entry| entry.fact).filter(|fact| counts(fact.at));
        last_of(figure, facts.collect())
    }

    pub(super) fn is_of(&self, figure: &Figure) -> bool {
        std::ptr::eq(self.figure, figure)
    }

    /// Whether the entries suffice for a stretch that begins after `after`, at `now`.
    pub(super) fn covers(&self, after: Timestamp, now: Timestamp) -> bool {
        self.from <= after && self.fresh <= now && now < self.stale
    }

    /// Moves to another stretch. Moving on costs what comes and goes; moving back starts anew.
    pub(super) fn position(&mut self, stretch: &Stretched) {
        let high = self.rows.upto(stretch.upto);
        let low = match self.figure.window {
            Stretch::Last(count) => self.first_of_last(count, high),
            _ => self.rows.upto(stretch.after).min(high),
        };
        if matches!(self.rows, Rows::Collected(_)) {
            self.slide(low, high);
        }
        (self.low, self.high) = (low, high);
    }

    /// The first row of the last `count` facts before the row `high`.
    fn first_of_last(&self, count: u32, high: usize) -> usize {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let Rows::Collected(_) = self.rows else { return high.saturating_sub(count) };
        let facts = self.starts.partition_point(|start| *start < high);
        let first = facts.checked_sub(count).and_then(|before| self.starts.get(before));
        first.copied().unwrap_or_default()
    }

    /// Adds the values of the entries that come and takes away those of the entries that go.
    fn slide(&mut self, low: usize, high: usize) {
        if low < self.low || high < self.high || low > self.high {
            self.values.clear();
            (self.low, self.high, self.sum) = (low, low, 0);
        }
        for index in self.high..high {
            self.add(index);
        }
        for index in self.low..low {
            self.remove(index);
        }
    }

    /// Tells when an entry next comes or goes.
    pub(super) fn next(&self, stretch: &Stretched, next: &mut Next) {
        let at = |index: usize| self.rows.at(index);
        if self.low < self.high {
            at(self.low).into_iter().for_each(|at| next.at(stretch.leaves(at)));
        }
        at(self.high).into_iter().for_each(|at| next.at(stretch.enters(at)));
        let before = self.low.checked_sub(1).and_then(at);
        before.into_iter().for_each(|at| next.at(stretch.returns(at)));
        next.at(self.stale);
    }

    /// The facts that count and happened at `from` or later, in order.
    pub(super) fn from(&self, from: Timestamp) -> impl Iterator<Item = &'a Fact> {
        let first =
            self.rows.upto(Timestamp::from_micros(from.micros().saturating_sub(1))).max(self.low);
        (first..self.high).filter_map(|index| self.rows.get(index)).map(|entry| entry.fact)
    }

    /// Whether no entry counts.
    pub(super) fn is_empty(&self) -> bool {
        self.low == self.high
    }

    pub(super) fn value(&self) -> Val<'a> {
        let Total { sum, count } = self.total();
        match self.figure.function {
            Function::Avg => Exact::mean(sum, count).map_or(Val::Null, Val::Number),
            Function::Count => Val::Number(Exact::whole(i64::try_from(count).unwrap_or(i64::MAX))),
            Function::First => self.end(false, Ord::min),
            Function::Last => self.end(true, Ord::max),
            Function::Max => self.values.last_key_value().map_or(Val::Null, |(v, _)| Val::of(v)),
            Function::Min => self.values.first_key_value().map_or(Val::Null, |(v, _)| Val::of(v)),
            Function::Sum => Val::Number(Exact::from_micros(sum)),
        }
    }

    /// What counts comes to.
    fn total(&self) -> Total {
        match self.rows {
            Rows::Column(column) => {
                let sum = column.total(self.high) - column.total(self.low);
                Total { sum, count: self.high - self.low }
            }
            _ if self.figure.distinct => Total { sum: self.sum, count: self.values.len() },
            _ => Total { sum: self.sum, count: self.high - self.low },
        }
    }

    /// The entry at one end, `from` the other; of several at its instant, the value that `choose`
    /// prefers. Events have no value but their instant.
    fn end(&self, last: bool, choose: fn(&'a Value, &'a Value) -> &'a Value) -> Val<'a> {
        let at = |index: usize| if last { self.high - 1 - index } else { self.low + index };
        let Some(end) = (self.low < self.high).then(|| self.rows.at(at(0))).flatten() else {
            return Val::Null;
        };
        let entries = (0..self.high - self.low).map_while(|index| self.rows.get(at(index)));
        let tied = entries.take_while(|entry| entry.fact.at == end);
        match tied.filter_map(|entry| entry.value).reduce(choose) {
            Some(value) => Val::of(value),
            None => Val::Instant(Moving::fixed(end.micros())),
        }
    }

    fn tells_apart(&self) -> bool {
        self.figure.distinct || matches!(self.figure.function, Function::Max | Function::Min)
    }

    fn add(&mut self, index: usize) {
        let Some(value) = self.rows.get(index).and_then(|entry| entry.value) else { return };
        if self.tells_apart() {
            let times = self.values.entry(value).or_default();
            *times += 1;
            if self.figure.distinct && *times > 1 {
                return;
            }
        }
        self.sum += micros(value);
    }

    fn remove(&mut self, index: usize) {
        let Some(value) = self.rows.get(index).and_then(|entry| entry.value) else { return };
        if self.tells_apart()
            && let Some(times) = self.values.get_mut(value)
        {
            *times -= 1;
            if *times > 0 && self.figure.distinct {
                return;
            }
            if *times == 0 {
                self.values.remove(value);
            }
        }
        self.sum -= micros(value);
    }
}

impl<'a> Rows<'a> {
    fn get(&self, index: usize) -> Option<Counted<'a>> {
        match self {
            Self::Collected(entries) => entries.get(index).copied(),
            Self::Column(_) => None,
            Self::Events(facts) => facts.get(index).map(|fact| Counted { fact, value: None }),
        }
    }

    fn at(&self, index: usize) -> Option<Timestamp> {
        match self {
            Self::Column(column) => column.at(index),
            Self::Collected(_) | Self::Events(_) => self.get(index).map(|entry| entry.fact.at),
        }
    }

    /// How many of them happened at `upto` or before.
    fn upto(&self, upto: Timestamp) -> usize {
        match self {
            Self::Collected(entries) => entries.partition_point(|entry| entry.fact.at <= upto),
            Self::Column(column) => column.upto(upto),
            Self::Events(facts) => facts.partition_point(|fact| fact.at <= upto),
        }
    }
}

/// The entries after `from` that are known and pass the filter; `stale` learns when it may judge
/// otherwise.
fn collect<'a>(
    figure: &'a Figure,
    evaluator: &Evaluator<'a>,
    from: Timestamp,
    now: Timestamp,
    stale: &mut Next,
) -> Vec<Counted<'a>> {
    let facts = evaluator.facts();
    let mut entries = Vec::with_capacity(figure.capacity(facts, from));
    let mut take = |entry: Entry<'a>, value: Option<&'a Value>| {
        if figure.passes(entry, evaluator, now, stale) {
            entries.push(Counted { fact: entry.fact, value });
        }
    };
    match evaluator.share() {
        Some(share) => share.for_each_entry(figure, from, &mut take),
        None => figure.for_each_known(facts, from, &mut take),
    }
    if figure.event.is_none() {
        entries.sort_by_key(|entry| (entry.fact.at, &entry.fact.id));
    }
    entries
}

fn micros(value: &Value) -> i128 {
    value.as_number().map_or(0, |number| number.micros().into())
}

impl Figure {
    /// The entries after `from`, where nothing has to be collected: they are kept in a column, or
    /// they are the events themselves, all known and none filtered.
    fn rows<'a>(&self, facts: Facts<'a>, from: Timestamp) -> Option<Rows<'a>> {
        let column = self.column.as_ref().and_then(|kept| kept.find(&facts));
        if let Some(column) = column.filter(|column| column.is_whole()) {
            return Some(Rows::Column(column));
        }
        let series = facts.series(self.event.as_ref()?)?;
        let plain = self.filter.is_none() && self.by.is_none();
        let plain = plain && matches!(self.entries, Entries::Events);
        (plain && series.all_known(facts.known())).then(|| Rows::Events(series.since(from)))
    }

    /// Whether an entry passes the filter; `stale` learns when that may change.
    pub(super) fn passes<'a>(
        &'a self,
        entry: Entry<'a>,
        evaluator: &Evaluator<'a>,
        now: Timestamp,
        stale: &mut Next,
    ) -> bool {
        self.filter.as_ref().is_none_or(|filter| {
            evaluator.cond(filter, Moment::of_entry(now, entry), stale) == Some(true)
        })
    }

    /// Room for the entries after `from`, where it costs nothing to know.
    fn capacity(&self, facts: Facts<'_>, from: Timestamp) -> usize {
        let series = self.event.as_ref().filter(|_| self.by.is_none());
        let series = series.and_then(|event| facts.series(event));
        series.map_or(0, |series| series.since(from).len())
    }

    /// Visits the entries after `from` that are known, each with its value: those of a name in
    /// order.
    pub(super) fn for_each_known<'a>(
        &self,
        facts: Facts<'a>,
        from: Timestamp,
        visit: &mut impl FnMut(Entry<'a>, Option<&'a Value>),
    ) {
        let mut visit = |series: &'a Series| {
            let known = series.since(from).iter().filter(|fact| fact.known.at(facts.known()));
            known.for_each(|fact| self.for_each_entry(fact, visit));
        };
        match &self.event {
            Some(event) => facts.series(event).into_iter().for_each(visit),
            None => facts.all_series().for_each(|(_, series)| visit(series)),
        }
    }

    /// Visits a fact's entries, each with its value.
    #[inline]
    pub(super) fn for_each_entry<'a>(
        &self,
        fact: &'a Fact,
        visit: &mut impl FnMut(Entry<'a>, Option<&'a Value>),
    ) {
        let mut visit = |element, value| visit(Entry { fact, element }, value);
        let at = |path: &[Arc<str>]| fact.fields.descend(path).filter(|value| !value.is_null());
        match &self.entries {
            Entries::Events => visit(None, None),
            Entries::Field(path) => {
                at(path).into_iter().for_each(|value| visit(None, Some(value)));
            }
            Entries::Elements(list, path) => {
                for element in at(list).and_then(Value::as_list).unwrap_or_default() {
                    let value = element.descend(path).filter(|value| !value.is_null());
                    value.into_iter().for_each(|value| visit(Some(element), Some(value)));
                }
            }
        }
    }
}
