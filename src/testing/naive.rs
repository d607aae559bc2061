//! Rules and metrics evaluated by the letter of their definition, for everything else to be
//! compared with: no plan, no index, no timeline, only a list of facts that is read from end to
//! end for every question.
//!
//! ```
//! use bespoke::expr::Expr;
//! use bespoke::schema::Schema;
//! use bespoke::testing::naive::{Fact, World};
//! use bespoke::value::Kind;
//!
//! let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
//! let order = Fact::event("Order Completed", "2026-02-01T12:00:00Z".parse()?);
//! let facts = [order.with("revenue", 620)];
//! let rule = Expr::parse(r#"sum("Order Completed".revenue over 28 days) > 600"#)?;
//!
//! let world = World::new(&schema, &facts, "2026-03-01T11:59:59Z".parse()?);
//! assert_eq!(world.truth(&rule), Some(true));
//! assert_eq!(world.at("2026-03-01T12:00:00Z".parse()?).truth(&rule), Some(false));
//! # Ok::<(), bespoke::Error>(())
//! ```

mod answer;
mod fact;
mod funnel;
mod group;
mod person;
mod ratio;
mod turns;
mod window;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

pub use answer::Answer;
use answer::{all, any, compare, is, like, not, not_if};
pub use fact::Fact;
pub use ratio::Ratio;

use crate::expr::{
    Aggregate, Comparison, Expr, Function, Literal, Node, Over, Series, Sign, Truth,
};
use crate::schema::{ANY_EVENT, Field, Schema, Shape};
use crate::time::Timestamp;
use crate::value::{Fields, Value};

/// All that an answer may depend on.
#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    schema: &'a Schema,
    facts: &'a [Fact],
    metrics: Option<&'a BTreeMap<Arc<str>, Expr>>,
    segments: Option<&'a BTreeMap<Arc<str>, Expr>>,
    now: Timestamp,
    known: Timestamp,
    person: Option<&'a str>,
    /// In a group, its field and the value that entries must have of it.
    group: Option<(&'a [Arc<str>], &'a Value)>,
}

/// What the names in a part of a rule mean.
#[derive(Clone, Copy, Default)]
struct Scope<'a> {
    /// The entry that a filter is asked of.
    entry: Option<Entry<'a>>,
    /// The list that the test at hand goes through, and the element that it is at.
    bound: Option<(&'a [Arc<str>], &'a Value)>,
}

/// One entry of a series.
#[derive(Clone, Copy)]
struct Entry<'a> {
    /// The name of the series: `None` for `*`.
    series: Option<&'a str>,
    at: Timestamp,
    event: &'a Fields,
    /// For an element of a list of objects, what its fields are declared as.
    element: Option<(&'a BTreeMap<Arc<str>, Field>, &'a Value)>,
    /// The value of an element or field; `None` for a whole event.
    value: Option<&'a Value>,
}

const NULL: &Value = &Value::Null;

impl<'a> World<'a> {
    /// The facts at `now`, as known then, without named metrics and segments.
    pub fn new(schema: &'a Schema, facts: &'a [Fact], now: Timestamp) -> Self {
        let (metrics, segments) = (None, None);
        Self { schema, facts, metrics, segments, now, known: now, person: None, group: None }
    }

    /// The same with named metrics and segments.
    #[must_use]
    pub fn with_names(
        self,
        metrics: &'a BTreeMap<Arc<str>, Expr>,
        segments: &'a BTreeMap<Arc<str>, Expr>,
    ) -> Self {
        Self { metrics: Some(metrics), segments: Some(segments), ..self }
    }

    /// The same of the person of this identifier.
    #[must_use]
    pub fn of_person(self, person: &'a str) -> Self {
        Self { person: Some(person), ..self }
    }

    /// The same as known at an instant.
    #[must_use]
    pub fn as_known(self, known: Timestamp) -> Self {
        Self { known, ..self }
    }

    /// The same knowledge at another instant.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// Whether the rule is true, false or (`None`) unknown.
    pub fn truth(&self, rule: &'a Expr) -> Option<bool> {
        self.condition(rule, Scope::default())
    }

    /// Whether the person is a member: whether the rule is true.
    pub fn is_member(&self, rule: &'a Expr) -> bool {
        self.truth(rule) == Some(true)
    }

    /// What a metric comes to.
    pub fn measure(&self, metric: &'a Expr) -> Answer {
        self.value(metric, Scope::default())
    }

    fn condition(&self, rule: &'a Expr, scope: Scope<'a>) -> Option<bool> {
        match rule.node() {
            Node::And(parts) => all(parts.iter().map(|part| self.condition(part, scope))),
            Node::Or(parts) => any(parts.iter().map(|part| self.condition(part, scope))),
            Node::Group { by, rule } => self.some_value(by, rule),
            Node::Not(inner) => not(self.condition(inner, scope)),
            Node::InSegment(name) => {
                let segment = self.segments.and_then(|segments| segments.get(name));
                Some(segment.is_some_and(|rule| self.is_member(rule)))
            }
            Node::Is { value, what, negated } if is_condition(value) => {
                Some(is(self.condition(value, scope), *what) != *negated)
            }
            _ => self.test(rule, scope),
        }
    }

    /// A test that goes through a list is true if it is true of any element; an empty list has
    /// none, and one that is absent is asked once, its fields being NULL.
    fn test(&self, test: &'a Expr, scope: Scope<'a>) -> Option<bool> {
        let scope = Scope { bound: None, ..scope };
        let paths = paths(test);
        let mut lists = paths.iter().filter_map(|path| self.list_on(path, scope));
        let Some(list) = lists.next() else { return self.ask(test, scope) };
        let through = |element| self.ask(test, Scope { bound: Some((list, element)), ..scope });
        match self.find(list, scope) {
            Value::List(elements) => any(elements.iter().map(through)),
            _ => through(NULL),
        }
    }

    fn ask(&self, test: &'a Expr, scope: Scope<'a>) -> Option<bool> {
        let value = |part| self.value(part, scope);
        match test.node() {
            Node::Compare { left, op, right } => compare(&value(left), *op, &value(right)),
            Node::Between { value: middle, low, high, negated } => {
                let middle = value(middle);
                let least = compare(&middle, Comparison::GreaterOrEqual, &value(low));
                let most = compare(&middle, Comparison::LessOrEqual, &value(high));
                not_if(*negated, all([least, most].into_iter()))
            }
            Node::In { value: one, list, negated } => {
                let one = value(one);
                let equal = |other| compare(&one, Comparison::Equal, &Answer::from(other));
                not_if(*negated, any(list.iter().map(equal)))
            }
            Node::Like { value: text, pattern, negated } => {
                not_if(*negated, like(&value(text), pattern))
            }
            Node::Is { value: of, what: Truth::Null, negated } => {
                Some((value(of) == Answer::Null) != *negated)
            }
            Node::Is { value: of, what, negated } => Some(is(value(of).truth(), *what) != *negated),
            _ => value(test).truth(),
        }
    }

    fn value(&self, expr: &'a Expr, scope: Scope<'a>) -> Answer {
        match expr.node() {
            Node::Aggregate(aggregate) => self.aggregate(aggregate),
            Node::Class { value, cuts } => {
                let value = self.value(value, scope);
                let reached = |cut: &&Literal| {
                    compare(&value, Comparison::GreaterOrEqual, &Answer::from(*cut)) == Some(true)
                };
                match value {
                    Answer::Null => Answer::Null,
                    _ => Answer::Number(Ratio::from(1 + cuts.iter().filter(reached).count())),
                }
            }
            Node::Coalesce(values) => {
                let mut values = values.iter().map(|value| self.value(value, scope));
                values.find(|value| *value != Answer::Null).unwrap_or(Answer::Null)
            }
            Node::Funnel(funnel) => self.funnel(funnel),
            Node::Literal(literal) => literal.into(),
            Node::Now => Answer::instant(self.now),
            Node::Path(path) => self.path(path, scope),
            Node::Person(person) => self.person(person),
            Node::Scale { by, of } => {
                self.value(of, scope).times(&Ratio::new(by.micros(), 1_000_000))
            }
            Node::Sum { first, rest } => {
                let first = self.value(first, scope);
                rest.iter().fold(first, |sum, (sign, term)| {
                    let term = self.value(term, scope);
                    if *sign == Sign::Plus { sum.plus(&term) } else { sum.minus(&term) }
                })
            }
            _ => self.condition(expr, scope).map_or(Answer::Null, Answer::Boolean),
        }
    }

    fn path(&self, path: &'a [Arc<str>], scope: Scope<'a>) -> Answer {
        if let Some((list, element)) = scope.bound
            && let Some(rest) = path.strip_prefix(list)
        {
            return follow(element, rest).into();
        }
        let metric = path.first().and_then(|name| self.metrics?.get(name));
        match metric.filter(|_| self.declared(path, scope).is_none()) {
            Some(metric) => self.measure(metric),
            None => self.find(path, scope).into(),
        }
    }

    /// What a path leads to: of an element's fields, else of the event's, else of the traits.
    fn find(&self, path: &'a [Arc<str>], scope: Scope<'a>) -> &'a Value {
        let Some((name, rest)) = path.split_first() else { return NULL };
        let start = match scope.entry {
            Some(Entry { element: Some((fields, element)), .. }) if fields.contains_key(name) => {
                return follow(element, path);
            }
            Some(entry) if self.property(entry.series, name).is_some() => entry.event.get(name),
            _ => self.attribute(name),
        };
        follow(start.unwrap_or(NULL), rest)
    }

    /// How the field that a path begins with is declared.
    fn declared(&self, path: &'a [Arc<str>], scope: Scope<'a>) -> Option<&'a Field> {
        let name = path.first()?;
        let of_element = |entry: Entry<'a>| entry.element?.0.get(name);
        let of_event = |entry: Entry<'a>| self.property(entry.series, name);
        let of_entry = scope.entry.and_then(|entry| of_element(entry).or_else(|| of_event(entry)));
        of_entry.or_else(|| self.schema.attributes().get(name))
    }

    /// How a property is declared: for its event or for all; of `*`, for any event.
    fn property(&self, event: Option<&str>, name: &str) -> Option<&'a Field> {
        let events = self.schema.events();
        let of = |event: &str| events.get(event)?.fields().get(name);
        match event {
            Some(event) => of(event).or_else(|| of(ANY_EVENT)),
            None => of(ANY_EVENT).or_else(|| events.keys().find_map(|event| of(event))),
        }
    }

    /// The trait as last told; of several at one instant, the greatest.
    fn attribute(&self, name: &str) -> Option<&'a Value> {
        let told = self.visible().filter(|fact| fact.event.is_none());
        let told = told.filter_map(|fact| Some((fact.at, fact.fields.get(name)?)));
        told.max().map(|(_, value)| value)
    }

    fn visible(&self) -> impl Iterator<Item = &'a Fact> {
        let Self { now, known, .. } = *self;
        self.facts.iter().filter(move |fact| {
            fact.at <= now && fact.known_from <= known && known < fact.known_until
        })
    }

    /// The part of a path that leads to the list on its way.
    fn list_on(&self, path: &'a [Arc<str>], scope: Scope<'a>) -> Option<&'a [Arc<str>]> {
        let field = self.declared(path, scope)?;
        list_within(field, path).map(|(list, _)| list)
    }

    fn aggregate(&self, aggregate: &'a Aggregate) -> Answer {
        let Some(window) = self.window(aggregate.window()) else { return Answer::Null };
        let mut entries = self.counted(aggregate, &window);
        entries.retain(|entry| entry.figure() != Answer::Null);
        if let Some(Over::Last(count)) = aggregate.window() {
            entries = window::last(entries, *count);
        }
        let mut values: Vec<(Timestamp, Answer)> =
            entries.iter().map(|entry| (entry.at, entry.figure())).collect();
        let by_time = matches!(aggregate.function(), Function::First | Function::Last);
        if aggregate.is_distinct() && !by_time {
            values = different(values);
        }
        figure(aggregate.function(), values)
    }

    /// The entries within a window of which the aggregate's filter is true.
    fn counted(&self, aggregate: &'a Aggregate, window: &(Ratio, Ratio)) -> Vec<Entry<'a>> {
        let mut entries = self.entries(aggregate.series());
        entries.retain(|entry| window.0 < entry.at.into() && Ratio::from(entry.at) <= window.1);
        entries.retain(|entry| {
            let scope = Scope { entry: Some(*entry), bound: None };
            aggregate.filter().is_none_or(|filter| self.condition(filter, scope) == Some(true))
        });
        entries
    }

    /// The window as `(after, upto)`; `None` where it begins at an instant that is not known.
    fn window(&self, window: Option<&'a Over>) -> Option<(Ratio, Ratio)> {
        let now = Ratio::from(self.now);
        match window {
            None | Some(Over::Last(_)) => Some((Ratio::from(Timestamp::MIN), now)),
            Some(Over::Between(period)) => {
                let (from, to) = window::bounds(period);
                let before = |at: Timestamp| Ratio::from(at).minus(&Ratio::from(1_i64));
                Some((before(from), to.map(before).into_iter().chain([now]).min()?))
            }
            Some(Over::Sliding { length, ending }) => {
                let upto = now.minus(&Ratio::from(ending.unwrap_or_default()));
                Some((upto.minus(&Ratio::from(*length)), upto))
            }
            Some(Over::Since(since)) => match self.value(since, Scope::default()) {
                Answer::Instant(since) => Some((since, now)),
                _ => None,
            },
        }
    }

    fn entries(&self, series: &'a Series) -> Vec<Entry<'a>> {
        let name = series.event().map(|name| &**name);
        let facts = self.visible().filter(|fact| match (&fact.event, name) {
            (Some(event), Some(name)) => **event == *name,
            (event, None) => event.is_some(),
            (None, _) => false,
        });
        let entries = facts.flat_map(|fact| self.entries_of(fact, name, series.path()));
        entries.filter(|entry| self.shares(*entry)).collect()
    }

    /// The entries that one event brings to a series: itself, a field, or each element of a list.
    fn entries_of(
        &self,
        fact: &'a Fact,
        series: Option<&'a str>,
        path: &'a [Arc<str>],
    ) -> Vec<Entry<'a>> {
        let event = &fact.fields;
        let whole = Entry { series, at: fact.at, event, element: None, value: None };
        let Some((name, rest)) = path.split_first() else { return vec![whole] };
        let start = event.get(name).unwrap_or(NULL);
        let declared = self.property(series, name);
        let Some((list, shape)) = declared.and_then(|field| list_within(field, path)) else {
            return vec![Entry { value: Some(follow(start, rest)), ..whole }];
        };
        let (to_list, in_element) = path.split_at(list.len());
        let Value::List(elements) = follow(start, to_list.get(1..).unwrap_or_default()) else {
            return Vec::new();
        };
        let entry = |element| match shape {
            Shape::ObjectList(fields) => Entry {
                element: Some((fields, element)),
                value: (!in_element.is_empty()).then(|| follow(element, in_element)),
                ..whole
            },
            _ => Entry { value: Some(element), ..whole },
        };
        elements.iter().map(entry).collect()
    }
}

impl Entry<'_> {
    /// Its value; of a whole event or object, which is counted as it is, the instant.
    fn figure(&self) -> Answer {
        self.value.map_or_else(|| Answer::instant(self.at), Answer::from)
    }
}

/// Each value once.
fn different(values: Vec<(Timestamp, Answer)>) -> Vec<(Timestamp, Answer)> {
    let mut different: Vec<(Timestamp, Answer)> = Vec::new();
    for (at, value) in values {
        if different.iter().all(|(_, other)| *other != value) {
            different.push((at, value));
        }
    }
    different
}

/// The list on a path's way, as the part of the path that leads to it, and the list's shape.
fn list_within<'f, 'p>(
    field: &'f Field,
    path: &'p [Arc<str>],
) -> Option<(&'p [Arc<str>], &'f Shape)> {
    let mut shape = field.shape();
    for length in 1..=path.len() {
        match shape {
            Shape::ObjectList(_) | Shape::ScalarList(_) => {
                return path.get(..length).map(|list| (list, shape));
            }
            Shape::Object(fields) => shape = fields.get(path.get(length)?)?.shape(),
            Shape::Scalar(_) => return None,
        }
    }
    None
}

fn follow<'v>(value: &'v Value, path: &[Arc<str>]) -> &'v Value {
    path.iter().fold(value, |value, name| match value {
        Value::Object(fields) => fields.get(name).unwrap_or(NULL),
        _ => NULL,
    })
}

/// Whether an expression is a condition by its form, rather than a value that may be a boolean.
fn is_condition(expr: &Expr) -> bool {
    match expr.node() {
        Node::And(_)
        | Node::Between { .. }
        | Node::Compare { .. }
        | Node::Group { .. }
        | Node::In { .. }
        | Node::InSegment(_)
        | Node::Is { .. }
        | Node::Like { .. }
        | Node::Not(_)
        | Node::Or(_) => true,
        Node::Person(person) => person.is_condition(),
        Node::Aggregate(_)
        | Node::Class { .. }
        | Node::Coalesce(_)
        | Node::Funnel(_)
        | Node::Literal(_)
        | Node::Now
        | Node::Path(_)
        | Node::Scale { .. }
        | Node::Sum { .. } => false,
    }
}

/// The paths that a test reads, those of conditions and aggregates within it left out.
fn paths(test: &Expr) -> Vec<&[Arc<str>]> {
    let operands: Vec<&Expr> = match test.node() {
        Node::Between { value, low, high, .. } => vec![value, low, high],
        Node::Compare { left, right, .. } => vec![left, right],
        Node::In { value, .. } | Node::Is { value, .. } | Node::Like { value, .. } => vec![value],
        _ => vec![test],
    };
    operands.into_iter().flat_map(paths_of_value).collect()
}

fn paths_of_value(value: &Expr) -> Vec<&[Arc<str>]> {
    match value.node() {
        Node::Class { value, .. } => paths_of_value(value),
        Node::Coalesce(values) => values.iter().flat_map(paths_of_value).collect(),
        Node::Path(path) => vec![path],
        Node::Scale { of, .. } => paths_of_value(of),
        Node::Sum { first, rest } => {
            let terms = std::iter::once(first).chain(rest.iter().map(|(_, term)| term));
            terms.flat_map(paths_of_value).collect()
        }
        _ => Vec::new(),
    }
}

/// What an aggregate makes of the values that are not NULL, each with its instant.
fn figure(function: Function, values: Vec<(Timestamp, Answer)>) -> Answer {
    let count = Ratio::from(values.len());
    let order = |a: &Answer, b: &Answer| a.order(b).unwrap_or(Ordering::Equal);
    let sum = || {
        let nought = Answer::Number(Ratio::from(0_i64));
        values.iter().fold(nought, |sum, (_, value)| sum.plus(value))
    };
    let by_time = |a: &(Timestamp, Answer), b: &(Timestamp, Answer)| {
        a.0.cmp(&b.0).then_with(|| order(&a.1, &b.1))
    };
    let chosen = match function {
        Function::Count => return Answer::Number(count),
        Function::Sum => return sum(),
        Function::Avg if values.is_empty() => return Answer::Null,
        Function::Avg => return sum().divided(&count),
        Function::First => values.into_iter().min_by(by_time),
        Function::Last => values.into_iter().max_by(by_time),
        Function::Min => values.into_iter().min_by(|a, b| order(&a.1, &b.1)),
        Function::Max => values.into_iter().max_by(|a, b| order(&a.1, &b.1)),
    };
    chosen.map_or(Answer::Null, |(_, value)| value)
}
