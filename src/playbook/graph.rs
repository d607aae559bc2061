//! Which definition names which, and an order in which each comes after those it names.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Playbook;
use super::part::{Name, Sort};
use crate::expr::{Aggregate, Expr, Node, Over};
use crate::schema::{Field, Schema, Shape};

/// What a rule or a metric names.
#[derive(Clone, Debug, Default)]
pub(super) struct Mentions {
    pub(super) parts: BTreeSet<Name>,
    /// Whether it names something that nobody defines.
    pub(super) unknown: bool,
}

/// The names that rules may use, whether or not what they stand for is sound.
#[derive(Debug)]
pub(super) struct Defined<'p> {
    schema: &'p Schema,
    names: BTreeSet<Name>,
}

impl<'p> Defined<'p> {
    pub(super) fn new(playbook: &'p Playbook, broken: &BTreeSet<Name>) -> Self {
        let metrics = playbook.metrics.keys().map(|name| (Sort::Metric, Arc::clone(name)));
        let segments = playbook.segments.keys().map(|name| (Sort::Segment, Arc::clone(name)));
        let scores = playbook.scores.keys().map(|name| (Sort::Score, Arc::clone(name)));
        let names = metrics.chain(segments).chain(scores).chain(broken.iter().cloned());
        Self { schema: &playbook.schema, names: names.collect() }
    }

    pub(super) fn has(&self, sort: Sort, name: &str) -> bool {
        self.names.contains(&(sort, name.into()))
    }

    pub(super) fn mentions(&self, expr: &Expr) -> Mentions {
        let mut mentions = Mentions::default();
        self.walk(expr, None, &mut mentions);
        mentions
    }

    fn walk(&self, expr: &Expr, scope: Option<&Aggregate>, mentions: &mut Mentions) {
        match expr.node() {
            Node::Path(path) => {
                let first = path.first().map_or("", |name| name);
                if !scope.is_some_and(|aggregate| is_field(self.schema, aggregate, first)) {
                    self.path(first, mentions);
                }
            }
            Node::InSegment(name) => {
                mentions.unknown |= !self.has(Sort::Segment, name);
                mentions.parts.insert((Sort::Segment, Arc::clone(name)));
            }
            Node::Aggregate(aggregate) => {
                self.entries(aggregate, mentions);
                self.window(aggregate.window(), scope, mentions);
            }
            Node::Funnel(funnel) => {
                funnel.steps().for_each(|step| self.entries(step, mentions));
                self.window(funnel.window(), scope, mentions);
            }
            Node::Group { rule, .. } => self.walk(rule, None, mentions),
            node => node.for_each_child(&mut |child| self.walk(child, scope, mentions)),
        }
    }

    fn entries(&self, aggregate: &Aggregate, mentions: &mut Mentions) {
        let event = aggregate.series().event();
        mentions.parts.extend(event.map(|name| (Sort::Event, Arc::clone(name))));
        if let Some(filter) = aggregate.filter() {
            self.walk(filter, Some(aggregate), mentions);
        }
    }

    fn window(&self, window: Option<&Over>, scope: Option<&Aggregate>, mentions: &mut Mentions) {
        if let Some(Over::Since(since)) = window {
            self.walk(since, scope, mentions);
        }
    }

    fn path(&self, name: &str, mentions: &mut Mentions) {
        let sort = if self.schema.attributes().contains_key(name) {
            Sort::Attribute
        } else if self.has(Sort::Metric, name) {
            Sort::Metric
        } else if self.has(Sort::Score, name) {
            Sort::Score
        } else {
            mentions.unknown = true;
            return;
        };
        mentions.parts.insert((sort, name.into()));
    }
}

/// Whether a name in the filter of an aggregate is one of the event's fields, or of its elements'.
fn is_field(schema: &Schema, aggregate: &Aggregate, name: &str) -> bool {
    let series = aggregate.series();
    let events = schema.events().keys();
    let events = events.filter(|event| series.event().is_none_or(|own| own == *event));
    let mut fields = events.filter_map(|event| {
        let mut field = series.path().first().and_then(|first| schema.event_field(event, first));
        for step in series.path().iter().skip(1) {
            field = inner(field?).and_then(|fields| fields.get(step));
        }
        let element = field.and_then(inner).and_then(|fields| fields.get(name));
        element.or_else(|| schema.event_field(event, name))
    });
    fields.next().is_some()
}

fn inner(field: &Field) -> Option<&BTreeMap<Arc<str>, Field>> {
    match field.shape() {
        Shape::Object(fields) | Shape::ObjectList(fields) => Some(fields),
        _ => None,
    }
}

/// Each part after those it names, and the circles in which parts name each other.
///
/// What names something unknown comes late, so that all that could have been meant is known.
pub(super) fn order(parts: &BTreeMap<Name, Mentions>) -> (Vec<Name>, Vec<Vec<Name>>) {
    let mut waits: BTreeMap<&Name, BTreeSet<&Name>> = BTreeMap::new();
    for (name, mentions) in parts {
        waits.insert(name, mentions.parts.iter().filter(|of| parts.contains_key(*of)).collect());
    }
    let (mut order, mut circles) = (Vec::new(), Vec::new());
    while !waits.is_empty() {
        let ready = waits.iter().filter(|(_, of)| of.is_empty()).map(|(name, _)| *name);
        let next = ready.min_by_key(|name| (parts.get(*name).is_some_and(|of| of.unknown), *name));
        let done = next.map_or_else(|| circle(&waits), |name| vec![name.clone()]);
        if next.is_none() {
            circles.push(done.clone());
        }
        for name in &done {
            waits.remove(name);
            waits.values_mut().for_each(|of| {
                of.remove(name);
            });
        }
        order.extend(done);
    }
    (order, circles)
}

/// A circle among parts that all wait for one of them.
fn circle(waits: &BTreeMap<&Name, BTreeSet<&Name>>) -> Vec<Name> {
    let mut path: Vec<&Name> = waits.keys().copied().take(1).collect();
    while let Some(next) = path.last().and_then(|last| waits.get(*last)?.first()) {
        if let Some(start) = path.iter().position(|name| name == next) {
            let mut circle: Vec<Name> = path.split_off(start).into_iter().cloned().collect();
            // It begins where it comes first, wherever it was entered.
            let first = circle.iter().enumerate().min_by_key(|(_, name)| *name);
            let first = first.map_or(0, |(at, _)| at);
            circle.rotate_left(first);
            return circle;
        }
        path.push(next);
    }
    path.into_iter().cloned().collect()
}
