//! From a checked rule to folds of a table and logic over them.

mod attribute;
mod figure;
mod fold;
mod relax;
mod test;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::number::{Bounded, NUMBER, Number, TooWide, Width};
use super::plan::{FIRST, Fold, From, Lift, Pass, Plan, Reach, Scalar, Verdict};
use super::table::{Column, List, Storage, Table};
use super::{Clause, Exactness};
use crate::event::EventKind;
use crate::expr::Comparison;
use crate::expr::plan::Cond;
use crate::schema::Schema;
use crate::time::Timestamp;

/// What a question is asked of, and when.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) table: &'a Arc<Table>,
    pub(super) schema: &'a Schema,
    pub(super) width: Width,
    pub(super) now: Timestamp,
    pub(super) known: Timestamp,
}

/// Makes one plan of several rules; what they share is in it once.
pub(super) struct Lowering<'a> {
    of: Context<'a>,
    folds: Vec<Fold>,
    lifts: Vec<Lift>,
    /// Where the test at hand is not to be trusted.
    doubts: Vec<(Scalar, &'static str)>,
    /// What cannot be asked of the table exactly, of the rule at hand.
    clauses: Vec<Clause>,
}

/// Why something cannot be asked of the table.
#[derive(Debug)]
pub(super) struct Unsupported(pub(super) String);

type Lowered<T> = Result<T, Unsupported>;

/// A value by its kind.
#[derive(Clone, Debug)]
enum Val {
    Boolean(Scalar),
    Duration(Bounded),
    Instant(Bounded),
    Null,
    Number(Number),
    Text(Scalar),
}

/// What the names in a condition mean.
#[derive(Clone, Copy)]
enum Scope<'s> {
    Person,
    Row(Row<'s>),
}

/// The row that a filter is asked of.
#[derive(Clone, Copy)]
struct Row<'s> {
    /// The event's name; `None` is any.
    event: Option<&'s str>,
    /// The list whose element the row is.
    element: Option<&'s List>,
    /// Within a test that goes through a list.
    any: Any<'s>,
}

#[derive(Clone, Copy)]
enum Any<'s> {
    None,
    /// The event has no such list: its elements' fields are NULL.
    Absent,
    Element(&'s List),
}

/// The rows of a fold.
#[derive(Clone)]
struct Selected {
    when: Scalar,
    reach: Reach,
}

impl From {
    fn column(self, column: &Column) -> Scalar {
        Scalar::Column(self, column.clone())
    }

    fn text(self, name: &Arc<str>) -> Scalar {
        self.column(&Column::text(Arc::clone(name)))
    }
}

impl<'a> Lowering<'a> {
    pub(super) fn new(of: Context<'a>) -> Self {
        let (folds, lifts) = (Vec::new(), Vec::new());
        Self { of, folds, lifts, doubts: Vec::new(), clauses: Vec::new() }
    }

    /// What a rule comes to, and how exactly.
    pub(super) fn rule(&mut self, cond: &Cond) -> (Verdict, Exactness) {
        let verdict = self.relaxed(cond).verdict();
        let clauses = std::mem::take(&mut self.clauses);
        let exactness = match (&verdict.perhaps, &verdict.surely) {
            (Scalar::Boolean(true), _) => Exactness::Unsupported(clauses.into()),
            (Scalar::Boolean(false), _) => Exactness::Exact,
            _ => Exactness::Inexact(clauses.into()),
        };
        (verdict, exactness)
    }

    /// The plan of all rules so far.
    pub(super) fn finish(self, verdicts: Vec<Verdict>) -> Plan {
        let everybody = verdicts.iter().any(|verdict| {
            let over_nothing = |scalar: &Scalar| scalar.over_nothing(&self.folds);
            [&verdict.surely, &verdict.perhaps]
                .map(over_nothing)
                .iter()
                .any(|truth| *truth != Scalar::Boolean(false))
        });
        let mut passes = vec![self.pass(0, None, None)];
        let mut others: Vec<(usize, &Option<Arc<List>>)> = Vec::new();
        for fold in self.folds.iter().filter(|fold| fold.level > 0 || fold.reach.list.is_some()) {
            let pass = (fold.level, &fold.reach.list);
            if !others.contains(&pass) {
                others.push(pass);
            }
        }
        others.sort_by_key(|(level, _)| *level);
        passes.extend(
            others.into_iter().map(|(level, list)| self.pass(level, list.clone(), Some(()))),
        );
        if let (true, Some(first)) = (everybody, passes.first_mut()) {
            first.rows = self.visible();
        }
        let linked = self.linked();
        let Self { folds, lifts, of, .. } = self;
        Plan { table: Arc::clone(of.table), linked, passes, folds, lifts, verdicts }
    }

    /// The folds of a level over the same rows. The first pass reads whatever any fold may select,
    /// so that nobody who is of interest lacks a row in it.
    fn pass(&self, level: usize, list: Option<Arc<List>>, own: Option<()>) -> Pass {
        let is_of = |fold: &Fold| fold.level == level && fold.reach.list == list;
        let numbered = self.folds.iter().enumerate();
        let folds: Vec<usize> =
            numbered.filter(|(_, fold)| is_of(fold)).map(|(number, _)| number).collect();
        let mut lifts = BTreeSet::new();
        for fold in self.folds.iter().filter(|fold| is_of(fold)) {
            for part in [&fold.when, &fold.value] {
                part.for_each(&mut |scalar| {
                    if let Scalar::Lift(number) = scalar {
                        lifts.insert(*number);
                    }
                });
            }
        }
        let reaches = self.folds.iter().filter(|fold| own.is_none() || is_of(fold));
        let reach = reaches.map(|fold| &fold.reach).cloned().reduce(Reach::or);
        let rows = match reach {
            Some(reach) => Scalar::all([self.visible(), self.reached(&reach)]),
            None => Scalar::all([self.visible(), Scalar::Boolean(false)]),
        };
        Pass { level, list, lifts, rows, folds }
    }

    /// The rows that count: of somebody, happened and known.
    fn visible(&self) -> Scalar {
        let Context { table, now, known, .. } = self.of;
        let person = Scalar::IsNull(Box::new(From::Event.text(&table.person))).negated();
        let happened = |upto| at_most(From::Event, &table.at, upto);
        let (received, happened) = match &table.received {
            None => (Scalar::Boolean(true), happened(now.min(known))),
            Some(column) => {
                let received = From::Event.column(column);
                let by_then = if known < now { happened(known) } else { Scalar::Boolean(true) };
                let unknown = Scalar::all([received.absent(), by_then]);
                (Scalar::any([at_most(From::Event, column, known), unknown]), happened(now))
            }
        };
        let until = table.known_until.as_ref();
        let until = until.map_or(Scalar::Boolean(true), |column| {
            Scalar::any([From::Event.column(column).absent(), after(From::Event, column, known)])
        });
        Scalar::all([person, happened, received, until])
    }

    /// When a link counts.
    fn linked(&self) -> Scalar {
        let known = self.of.known;
        let Some(links) = &self.of.table.links else { return Scalar::Boolean(true) };
        let open = |column: &Column| From::Link.column(column).absent();
        let from = links.known_from.iter();
        let from = from.map(|from| Scalar::any([open(from), at_most(From::Link, from, known)]));
        let until = links.known_until.iter();
        let until = until.map(|until| Scalar::any([open(until), after(From::Link, until, known)]));
        Scalar::all(from.chain(until))
    }

    /// The rows that some fold may select; those of a name from when on it is of interest.
    fn reached(&self, reach: &Reach) -> Scalar {
        let Reach { names, entries, traits, all, after: from, list: _ } = reach;
        let since = |from| after(From::Event, &self.of.table.at, from);
        if *all {
            return since(*from);
        }
        let mut since_when: BTreeMap<Timestamp, Vec<&str>> = BTreeMap::new();
        for (name, from) in names {
            since_when.entry(*from).or_default().push(name);
        }
        let event = || From::Event.text(&self.of.table.event);
        let named = since_when
            .into_iter()
            .map(|(from, names)| Scalar::all([since(from), one_of(event(), names.into_iter())]));
        let entries = entries.then(|| self.is_entry());
        let traits = traits.then(|| self.is_of_kind(&[EventKind::Identify]));
        Scalar::all([Scalar::any(named.chain(entries).chain(traits)), since(*from)])
    }

    /// Whether a row tells what somebody did, rather than a trait, a link or a group.
    fn is_entry(&self) -> Scalar {
        match self.of.table.kind {
            Some(_) => self.is_of_kind(&ENTRIES),
            None => self.is_of_kind(&OTHERS).negated(),
        }
    }

    fn is_of_kind(&self, kinds: &[EventKind]) -> Scalar {
        let column = self.of.table.kind.as_ref().unwrap_or(&self.of.table.event);
        one_of(From::Event.text(column), kinds.iter().map(|kind| kind.word()))
    }

    /// The number of a fold, which is there once however many ask for it.
    fn fold(&mut self, fold: Fold) -> usize {
        if let Some(number) = self.folds.iter().position(|other| *other == fold) {
            return number;
        }
        self.folds.push(fold);
        self.folds.len() - 1
    }

    /// The level of a fold that looks at these expressions: above all that it looks at.
    fn level(&self, parts: &[&Scalar]) -> usize {
        let mut level = 0;
        parts.iter().for_each(|part| {
            part.for_each(&mut |scalar| {
                if let Scalar::Fold(number) = scalar
                    && let Some(fold) = self.folds.get(*number)
                {
                    level = level.max(fold.level + 1);
                }
            });
        });
        level
    }

    /// When a row happened, in microseconds.
    fn at(&self) -> Bounded {
        (micros(From::Event.column(&self.of.table.at), self.of.table.at.storage), INSTANT)
    }
}

/// What is told of events, and of nothing else.
const ENTRIES: [EventKind; 3] = [EventKind::Page, EventKind::Screen, EventKind::Track];
const OTHERS: [EventKind; 3] = [EventKind::Alias, EventKind::Group, EventKind::Identify];

/// The greatest magnitude of an instant between the years 0000 and 9999.
const INSTANT: i128 = 300_000_000_000_000_000;

impl Reach {
    fn or(mut self, other: Self) -> Self {
        for (name, from) in other.names {
            let earliest = self.names.entry(name).or_insert(from);
            *earliest = from.min(*earliest);
        }
        self.entries |= other.entries;
        self.traits |= other.traits;
        self.all |= other.all;
        Self { after: self.after.min(other.after), ..self }
    }
}

/// Whether an instant lies after another.
fn after(from: From, column: &Column, at: Timestamp) -> Scalar {
    match within(column, at).filter(|_| at > Timestamp::MIN) {
        Some(at) => from.column(column).compare(Comparison::Greater, at),
        None => Scalar::Boolean(true),
    }
}

fn at_most(from: From, column: &Column, at: Timestamp) -> Scalar {
    match within(column, at) {
        Some(at) => from.column(column).compare(Comparison::LessOrEqual, at),
        None => Scalar::Boolean(false),
    }
}

/// An instant as a column holds it; `None` where it lies before all that a column can hold.
fn within(column: &Column, at: Timestamp) -> Option<Scalar> {
    match column.storage {
        Storage::EpochMicros => Some(Scalar::Integer(at.micros().into())),
        _ if at < FIRST => None,
        _ => Some(Scalar::Instant(at.min(Timestamp::LAST))),
    }
}

fn one_of<'t>(text: Scalar, texts: impl Iterator<Item = &'t str>) -> Scalar {
    let mut texts: Vec<Scalar> = texts.map(|text| Scalar::Text(text.into())).collect();
    match texts.len() {
        1 => text.compare(Comparison::Equal, texts.swap_remove(0)),
        _ => Scalar::In(Box::new(text), texts),
    }
}

/// A column's instants, in microseconds.
fn micros(value: Scalar, storage: Storage) -> Scalar {
    match storage {
        Storage::Timestamp => Scalar::Micros(Box::new(value)),
        _ => value,
    }
}

/// What is stored, by its kind.
fn stored(value: Scalar, storage: Storage, width: Width) -> Lowered<Val> {
    Ok(match storage {
        Storage::Boolean => Val::Boolean(value),
        Storage::Decimal if width == Width::BITS_64 => {
            return Err(Unsupported("the engine has no exact decimals".to_owned()));
        }
        Storage::Decimal => {
            Val::Number(Number::new(Scalar::Millionths(Box::new(value)), NUMBER, 6))
        }
        Storage::EpochMicros | Storage::Timestamp => {
            Val::Instant((micros(value, storage), INSTANT))
        }
        Storage::Scaled(digits) => Val::Number(Number::new(value, units(digits), digits)),
        Storage::Text => Val::Text(value),
    })
}

/// The greatest magnitude of a number in units of which so many powers of ten make one.
fn units(digits: u32) -> i128 {
    NUMBER / 10_i128.pow(6 - digits.min(6))
}

impl std::convert::From<TooWide> for Unsupported {
    fn from(_: TooWide) -> Self {
        Self("its numbers may outgrow the integers of the engine".to_owned())
    }
}
