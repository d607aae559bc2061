//! Rules over a schema that pass its check.

mod class;
mod funnel;
mod group;

use std::collections::BTreeMap;
use std::sync::Arc;

use class::cut;

use super::dice::Dice;
use super::words;
use crate::expr::{Aggregate, Expr, Function, Literal, Truth};
use crate::schema::{ANY_EVENT, EventShape, Field, Schema, Sensitivity, Shape};
use crate::value::Kind;

/// The kinds of values that terms have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sort {
    Number,
    Text,
    Instant,
    Boolean,
    Duration,
}

impl Sort {
    /// All that metrics are made of here.
    pub(super) const ALL: [Self; 4] = [Self::Number, Self::Text, Self::Instant, Self::Boolean];

    fn of(kind: Kind) -> Option<Self> {
        match kind {
            Kind::Boolean => Some(Self::Boolean),
            Kind::Instant => Some(Self::Instant),
            Kind::Number => Some(Self::Number),
            Kind::Text => Some(Self::Text),
            Kind::List | Kind::Null | Kind::Object => None,
        }
    }
}

/// What rules are made over.
pub(super) struct Rules<'s> {
    schema: &'s Schema,
    pub(super) metrics: Vec<(Arc<str>, Sort)>,
    pub(super) segments: Vec<Arc<str>>,
}

/// Where in a rule a part stands.
#[derive(Clone, Copy)]
struct Place<'p> {
    /// In a filter, the event and the element whose fields may be named.
    scope: Option<(&'p str, Option<&'p Fields>)>,
    /// The list that the test at hand may go through.
    list: Option<&'p [Arc<str>]>,
    /// How deep parts may still stand in one another.
    depth: usize,
    /// Whether the part must depend on its entry alone.
    pure: bool,
    /// In a group, its field: every series must have it.
    group: Option<&'p str>,
}

type Fields = BTreeMap<Arc<str>, Field>;

/// A path that leads to values.
struct Way<'s> {
    path: Vec<Arc<str>>,
    /// `None` for whole objects of a list.
    sort: Option<Sort>,
    /// How many names lead to the list on the way.
    list: Option<usize>,
    /// The fields of the list's objects.
    objects: Option<&'s Fields>,
    currency: Option<&'s Arc<str>>,
}

impl Way<'_> {
    /// What amounts of money need before they are added or compared.
    fn one_currency(&self, function: Function) -> Option<Expr> {
        let currency = self.currency.filter(|_| function != Function::Count)?;
        Some(Expr::path([Arc::clone(currency)]).equals("EUR"))
    }
}

const PROFILE: Place<'_> = Place { scope: None, list: None, depth: 3, pure: false, group: None };

impl Place<'_> {
    fn below(self) -> Self {
        Self { depth: self.depth.saturating_sub(1), ..self }
    }

    /// Below it, where only the profile's names count.
    fn of_profile(self) -> Self {
        Self { scope: None, list: None, ..self.below() }
    }
}

impl<'s> Rules<'s> {
    pub(super) fn new(schema: &'s Schema) -> Self {
        Self { schema, metrics: Vec::new(), segments: Vec::new() }
    }

    pub(super) fn rule(&self, mut dice: Dice<'_>) -> Expr {
        self.condition(PROFILE, &mut dice)
    }

    pub(super) fn metric(&self, sort: Sort, mut dice: Dice<'_>) -> Expr {
        self.term(sort, PROFILE.below(), &mut dice)
    }

    pub(super) fn single_comparison(&self, mut dice: Dice<'_>) -> Expr {
        let dice = &mut dice;
        if dice.chance(6) {
            return of_person(dice);
        }
        if dice.chance(3) {
            return elapsed(PROFILE, dice);
        }
        let place = Place { depth: 1, pure: true, ..PROFILE };
        if dice.chance(4) {
            return self.group(place, dice);
        }
        let sort = dice.of(&[Sort::Number, Sort::Number, Sort::Number, Sort::Instant, Sort::Text]);
        let aggregate = self.aggregate(sort, place, dice);
        if matches!(sort, Sort::Instant | Sort::Number) && dice.chance(6) {
            return cut(aggregate, sort, dice)
                .compare(words::comparison(dice), words::number(dice));
        }
        aggregate.compare(words::comparison(dice), literal(sort, dice))
    }

    fn condition(&self, place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
        let place = Place { list: None, ..place };
        let form = if place.depth == 0 { 0 } else { dice.roll(18) };
        let below = place.below();
        match form {
            8 | 9 => Expr::all(self.conditions(below, dice)),
            10 | 11 => Expr::any(self.conditions(below, dice)),
            12 => self.condition(below, dice).negate(),
            13 => self.condition(below, dice).is(words::truth(dice)),
            14 => self.condition(below, dice).is_not(words::truth(dice)),
            7 if place.names() && dice.chance(3) => self.group(below, dice),
            15 if place.names() => match dice.among(&self.segments) {
                Some(name) => Expr::in_segment(Arc::clone(name)),
                None => self.test(place, dice),
            },
            16 | 17 if !place.pure => of_person(dice),
            _ => self.test(place, dice),
        }
    }

    fn conditions(&self, place: Place<'_>, dice: &mut Dice<'_>) -> Vec<Expr> {
        (0..2 + dice.roll(2)).map(|_| self.condition(place, dice)).collect()
    }

    fn test(&self, place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
        let ways = self.ways(place);
        let lists: Vec<&[Arc<str>]> =
            ways.iter().filter_map(|way| way.path.get(..way.list?)).collect();
        let list = if dice.chance(3) { dice.among(&lists).copied() } else { None };
        let place = Place { list, ..place };
        let form = dice.roll(20);
        let sort = match form {
            14..=15 => Sort::Text,
            16..=18 => Sort::Boolean,
            _ => dice.of(&SORTS),
        };
        let value = self.term(sort, place, dice);
        match form {
            0..=8 => value.compare(words::comparison(dice), self.other(sort, place, dice)),
            9 => value.between(self.other(sort, place, dice), self.other(sort, place, dice)),
            10 => value.not_between(self.other(sort, place, dice), self.other(sort, place, dice)),
            11 => value.is_in(literals(sort, dice)),
            12 => value.not_in(literals(sort, dice)),
            13 => value.is(Truth::Null),
            14 => value.like(words::pattern(dice)),
            15 => value.not_like(words::pattern(dice)),
            16 => value.is(words::truth(dice)),
            17 => value.is_not(words::truth(dice)),
            18 => value,
            _ => value.is_not(Truth::Null),
        }
    }

    /// What a value is compared with: mostly a literal.
    fn other(&self, sort: Sort, place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
        if dice.chance(3) {
            self.term(sort, place.below(), dice)
        } else {
            literal(sort, dice).into()
        }
    }

    fn term(&self, sort: Sort, place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
        // Of durations there are no fields: they are mostly differences.
        let form = if sort == Sort::Duration { dice.of(&[0, 8, 8, 8, 9]) } else { dice.roll(10) };
        match form {
            0 => literal(sort, dice).into(),
            1..=5 if !place.pure => self.aggregate(sort, place, dice),
            6 if place.names() => match self.metrics.iter().find(|(_, known)| *known == sort) {
                Some((name, _)) => Expr::path([Arc::clone(name)]),
                None => self.path(sort, place, dice),
            },
            8 if place.depth > 0 => self.combination(sort, place.below(), dice),
            9 if place.depth > 0 => {
                let values = 0..=dice.roll(3);
                Expr::coalesce(values.map(|_| self.term(sort, place.below(), dice)))
            }
            _ => self.path(sort, place, dice),
        }
    }

    /// What only this sort can be made of.
    fn combination(&self, sort: Sort, place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
        if sort == Sort::Number && dice.chance(4) {
            return self.class(place, dice);
        }
        let form = dice.roll(3);
        let term = |sort, dice: &mut Dice<'_>| self.term(sort, place, dice);
        match (sort, form) {
            (Sort::Number, 0) if dice.chance(4) && !place.pure => bucket(dice),
            (Sort::Number, 0) => term(sort, dice).plus(term(sort, dice)),
            (Sort::Number, 1) => term(sort, dice).minus(term(sort, dice)),
            (Sort::Number, _) => term(sort, dice).scaled(words::number(dice)),
            (Sort::Duration, 0) if dice.chance(2) => term(sort, dice).plus(term(sort, dice)),
            (Sort::Duration, 0) => term(sort, dice).scaled(words::factor(dice)),
            (Sort::Duration, _) if dice.chance(2) && !place.pure => {
                Expr::now().minus(term(Sort::Instant, dice))
            }
            (Sort::Duration, _) => term(Sort::Instant, dice).minus(term(Sort::Instant, dice)),
            (Sort::Instant, 0) if !place.pure => Expr::now(),
            (Sort::Instant, 1) => term(Sort::Duration, dice).plus(term(Sort::Instant, dice)),
            (Sort::Instant, _) => term(Sort::Instant, dice).minus(term(Sort::Duration, dice)),
            (Sort::Boolean, _) => self.condition(place, dice),
            (Sort::Text, _) => self.path(sort, place, dice),
        }
    }

    fn path(&self, sort: Sort, place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
        let mut ways = self.ways(place);
        ways.retain(|way| {
            let list = way.list.and_then(|length| way.path.get(..length));
            way.sort == Some(sort) && (list.is_none() || list == place.list)
        });
        // Where a test may go through a list, it mostly does.
        if ways.iter().any(|way| way.list.is_some()) && !dice.chance(3) {
            ways.retain(|way| way.list.is_some());
        }
        match dice.among(&ways) {
            Some(way) => Expr::path(way.path.iter().cloned()),
            None => literal(sort, dice).into(),
        }
    }

    fn aggregate(&self, sort: Sort, place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
        if sort == Sort::Number && dice.chance(5) {
            return self.funnel(place, dice);
        }
        let event = place.event(dice);
        let mut ways = Vec::new();
        for (name, field) in self.properties(event) {
            walk(field, vec![Arc::clone(name)], None, &mut ways);
        }
        let Some((function, way)) = figure(sort, &ways, dice) else {
            return literal(sort, dice).into();
        };
        if !self.has(place.group, event, way) {
            return literal(sort, dice).into();
        }
        let path = way.map(|way| way.path.clone()).unwrap_or_default();
        let mut aggregate = Aggregate::new(function, event, path);
        if way.is_some_and(|way| way.sort.is_some()) && dice.chance(3) {
            aggregate = aggregate.distinct();
        }
        let scope = Some((event, way.and_then(|way| way.objects)));
        let inside = Place { scope, list: None, ..place.below() };
        let filtered = place.depth > 0 && dice.chance(3);
        let filter = filtered.then(|| self.filter(inside, dice));
        let filters = filter.into_iter().chain(way.and_then(|way| way.one_currency(function)));
        if let Some(filter) = filters.reduce(Expr::and) {
            aggregate = aggregate.filtered(filter);
        }
        match dice.roll(9) {
            6 | 7 => aggregate.over_last(words::few(dice)).into(),
            8 => words::between(aggregate, dice).into(),
            1..=3 => aggregate.over(words::length(dice)).into(),
            4 => aggregate.over_ending(words::length(dice), words::length(dice)).into(),
            5 if !place.pure => aggregate.since(self.bound(place.of_profile(), dice)).into(),
            _ => aggregate.into(),
        }
    }

    /// A filter; some of them let an entry through for a while only.
    fn filter(&self, place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
        match dice.roll(6) {
            4 if !place.pure => {
                let age = Expr::now().minus(self.path(Sort::Instant, place, dice));
                age.compare(words::comparison(dice), words::interval(dice))
            }
            5 if place.names() => match dice.among(&self.segments) {
                Some(name) => Expr::in_segment(Arc::clone(name)),
                None => elapsed(place, dice),
            },
            _ => self.condition(place, dice),
        }
    }

    /// An instant from which on entries count; some of them move on or back while time goes on.
    fn bound(&self, place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
        match dice.roll(6) {
            2 => instant(place, dice),
            3 => Expr::now().minus(words::interval(dice)),
            4 => instant(place, dice).minus(Expr::now().minus(instant(place, dice))),
            5 => instant(place, dice).plus(Expr::now().minus(instant(place, dice)).scaled(2)),
            _ => self.term(Sort::Instant, place, dice),
        }
    }

    /// The fields that a series of this event may name: those of `*`, where all events agree.
    fn properties(&self, event: &str) -> BTreeMap<&'s Arc<str>, &'s Field> {
        let events = self.schema.events();
        let fields = events.values().flat_map(EventShape::fields);
        let alike = |name: &str, field: &Field| {
            let mut declared = events.values().filter_map(|shape| shape.fields().get(name));
            declared.all(|other| other == field)
        };
        if event == ANY_EVENT {
            return fields.filter(|(name, field)| alike(name, field)).collect();
        }
        let named = [ANY_EVENT, event].into_iter().filter_map(|event| events.get(event));
        named.flat_map(EventShape::fields).collect()
    }

    /// Every path that a part of a rule may name there: the nearest field of a name counts.
    fn ways<'w>(&self, place: Place<'w>) -> Vec<Way<'w>>
    where
        's: 'w,
    {
        let mut fields: BTreeMap<&Arc<str>, &Field> = BTreeMap::new();
        if !place.pure {
            fields.extend(self.schema.attributes());
        }
        if let Some((event, element)) = place.scope {
            if event == ANY_EVENT {
                let events = self.schema.events().values();
                events.flat_map(|shape| shape.fields().keys()).for_each(|name| {
                    fields.remove(name);
                });
            }
            fields.extend(self.properties(event));
            fields.extend(element.into_iter().flatten());
        }
        let mut ways = Vec::new();
        for (name, field) in fields {
            walk(field, vec![Arc::clone(name)], None, &mut ways);
        }
        ways.retain(|way| way.sort.is_some());
        ways
    }
}

/// Sorts as often as tests are about them.
const SORTS: [Sort; 10] = {
    use Sort::{Boolean, Duration, Instant, Number, Text};
    [Number, Number, Number, Number, Text, Instant, Instant, Duration, Duration, Boolean]
};

const NO_PATH: [Arc<str>; 0] = [];

/// A comparison of an instant with now.
fn elapsed(place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
    let instant = instant(place, dice);
    let (ago, op) = (words::interval(dice), words::comparison(dice));
    match dice.roll(3) {
        0 => Expr::now().minus(instant).compare(op, ago),
        1 => instant.plus(ago).compare(op, Expr::now()),
        _ => Expr::now().minus(ago).compare(op, instant),
    }
}

/// A question about the person.
fn of_person(dice: &mut Dice<'_>) -> Expr {
    match dice.roll(6) {
        0 => Expr::changed(["country"], words::length(dice)),
        1 => Expr::changed(["address", "city"], words::length(dice)),
        2 => Expr::observed_for(words::length(dice)),
        3 => match words::zone(dice).parse() {
            Ok(zone) => Expr::anniversary_in(dice.of(&[["birthday"], ["joined"]]), zone),
            Err(_) => Expr::anniversary(["country"]),
        },
        4 => Expr::anniversary(dice.of(&[["birthday"], ["joined"]])),
        _ => bucket(dice).compare(words::comparison(dice), dice.of(&[0, 1, 2])),
    }
}

fn bucket(dice: &mut Dice<'_>) -> Expr {
    Expr::bucket(dice.of(&[2, 3, 10, 1_000_000]), words::text(dice))
}

fn instant(place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
    match dice.roll(3) {
        0 => Expr::path(["joined"]),
        1 => {
            let function = dice.of(&[Function::Last, Function::First]);
            Aggregate::new(function, place.series(dice), NO_PATH).into()
        }
        _ => words::moment(dice).into(),
    }
}

fn walk<'s>(field: &'s Field, path: Vec<Arc<str>>, list: Option<usize>, ways: &mut Vec<Way<'s>>) {
    if field.sensitivity() != Sensitivity::Public {
        return;
    }
    let here = Some(path.len());
    let way =
        |path, sort, list, objects| Way { path, sort, list, objects, currency: field.currency() };
    match field.shape() {
        Shape::Scalar(kind) => ways.push(way(path, Sort::of(*kind), list, None)),
        Shape::ScalarList(kind) if list.is_none() => {
            ways.push(way(path, Sort::of(*kind), here, None));
        }
        Shape::Object(fields) => walk_all(fields, &path, list, ways),
        Shape::ObjectList(fields) if list.is_none() => {
            ways.push(way(path.clone(), None, here, None));
            let first = ways.len() - 1;
            walk_all(fields, &path, here, ways);
            ways.iter_mut().skip(first).for_each(|way| way.objects = Some(fields));
        }
        Shape::ObjectList(_) | Shape::ScalarList(_) => {}
    }
}

fn walk_all<'s>(
    fields: &'s Fields,
    path: &[Arc<str>],
    list: Option<usize>,
    ways: &mut Vec<Way<'s>>,
) {
    for (name, field) in fields {
        let path = path.iter().chain([name]).cloned().collect();
        walk(field, path, list, ways);
    }
}

/// A function that has values of this sort, and the field that it is of, if it needs one.
fn figure<'w>(
    sort: Sort,
    ways: &'w [Way<'w>],
    dice: &mut Dice<'_>,
) -> Option<(Function, Option<&'w Way<'w>>)> {
    use Function::{Avg, Count, First, Last, Max, Min, Sum};
    let functions: &[Function] = match (sort, dice.roll(4)) {
        (Sort::Duration, _) => return None,
        (Sort::Number, 0) => return Some((Count, None)),
        (Sort::Number, 1) => return Some((Count, dice.among(ways))),
        (Sort::Instant, 0 | 1) => return Some((dice.of(&[Last, First]), None)),
        (Sort::Number, _) => &[Sum, Avg, Min, Max, First, Last, Sum, Sum],
        _ => &[Last, First, Min, Max],
    };
    let values: Vec<&Way<'_>> = ways.iter().filter(|way| way.sort == Some(sort)).collect();
    let function = *dice.among(functions)?;
    dice.among(&values).map(|way| (function, Some(*way)))
}

fn literal(sort: Sort, dice: &mut Dice<'_>) -> Literal {
    if dice.chance(24) {
        return Literal::Null;
    }
    match sort {
        Sort::Boolean => dice.chance(2).into(),
        Sort::Duration => words::interval(dice).into(),
        Sort::Instant => words::moment(dice).into(),
        Sort::Number => words::number(dice).into(),
        Sort::Text => words::text(dice).into(),
    }
}

fn literals(sort: Sort, dice: &mut Dice<'_>) -> Vec<Literal> {
    (0..=dice.roll(3)).map(|_| literal(sort, dice)).collect()
}
