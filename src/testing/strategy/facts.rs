//! Facts by the schema, and the events and the timeline that tell them.

use std::sync::Arc;

use super::super::naive::Fact;
use super::dice::Dice;
use super::words;
use crate::event::Event;
use crate::facts::Timeline;
use crate::schema::{ANY_EVENT, EventShape, Field, Schema, Shape};
use crate::time::Timestamp;
use crate::value::{Fields, Kind, Value};

/// Whose facts all of them are.
pub const PERSON: &str = "p-1";

/// Each fact as an event of its own `messageId`, and when it is retracted, if ever. The ids are
/// in the order of the list.
pub fn events(facts: &[Fact]) -> Vec<(Event, Option<Timestamp>)> {
    let event = |(index, fact): (usize, &Fact)| {
        let event = match &fact.event {
            Some(name) => Event::track(PERSON, Arc::clone(name), fact.at),
            None => Event::identify(PERSON, fact.at),
        };
        let event = event.with_id(format!("m-{index:04}")).received(fact.known_from);
        let retracted = (fact.known_until != Timestamp::MAX).then_some(fact.known_until);
        (event.with_fields(fact.fields.clone()), retracted)
    };
    facts.iter().enumerate().map(event).collect()
}

/// The timeline that these events make, put in in this order and retracted afterwards.
pub fn timeline(events: &[(Event, Option<Timestamp>)], schema: &Schema) -> Timeline {
    fill(Timeline::new(), events, schema)
}

/// The timeline with these events, put in in this order and retracted afterwards.
pub fn fill(
    mut timeline: Timeline,
    events: &[(Event, Option<Timestamp>)],
    schema: &Schema,
) -> Timeline {
    events.iter().for_each(|(event, _)| timeline.insert(event, schema));
    for (event, retracted) in events {
        if let Some(from) = retracted {
            timeline.retract(&event.id(), *from);
        }
    }
    timeline
}

pub(super) fn fact(schema: &Schema, mut dice: Dice<'_>) -> Fact {
    let dice = &mut dice;
    let events = [
        None,
        Some("Order Completed"),
        Some("Product Viewed"),
        Some("Order Completed"),
        None,
        Some("Page Viewed"),
    ];
    let event = dice.of(&events);
    let at = words::instant(dice);
    let fact = match event {
        Some(name) => Fact::event(name, at),
        None => Fact::traits(at),
    };
    let from = match dice.roll(6) {
        4 => at.plus(words::interval(dice)),
        5 => words::moment(dice),
        _ => at,
    };
    let until = if dice.chance(6) { words::moment(dice) } else { Timestamp::MAX };
    let declared = event.into_iter().chain(event.map(|_| ANY_EVENT));
    let declared = declared.filter_map(|event| schema.events().get(event));
    let fields: Vec<(&Arc<str>, &Field)> = match event {
        Some(_) => declared.flat_map(EventShape::fields).collect(),
        None => schema.attributes().iter().collect(),
    };
    let fields = some_of(fields, dice);
    Fact { known_from: from, known_until: until, fields, ..fact }
}

/// Values of some of the fields; the others are absent.
fn some_of<'f>(
    fields: impl IntoIterator<Item = (&'f Arc<str>, &'f Field)>,
    dice: &mut Dice<'_>,
) -> Fields {
    let mut values = Vec::new();
    for (name, field) in fields {
        match dice.roll(8) {
            0 => {}
            1 => values.push((Arc::clone(name), Value::Null)),
            _ => values.push((Arc::clone(name), named(name, field, dice))),
        }
    }
    Fields::from_iter(values)
}

/// A value of a field; some names say more of it than its kind.
fn named(name: &str, field: &Field, dice: &mut Dice<'_>) -> Value {
    match name {
        "birthday" => Value::from(words::date(dice)),
        "timezone" => Value::from(words::zone(dice)),
        _ => value(field.shape(), dice),
    }
}

fn value(shape: &Shape, dice: &mut Dice<'_>) -> Value {
    match shape {
        Shape::Object(fields) => Value::Object(some_of(fields, dice)),
        Shape::ObjectList(fields) => {
            let elements = (0..dice.roll(4)).map(|_| Value::Object(some_of(fields, dice)));
            Value::from(elements.collect::<Vec<_>>())
        }
        Shape::Scalar(kind) => scalar(*kind, dice),
        Shape::ScalarList(kind) => {
            let length = dice.roll(4);
            let mut element = || if dice.chance(6) { Value::Null } else { scalar(*kind, dice) };
            Value::from((0..length).map(|_| element()).collect::<Vec<_>>())
        }
    }
}

fn scalar(kind: Kind, dice: &mut Dice<'_>) -> Value {
    match kind {
        Kind::Boolean => Value::from(dice.roll(2) == 1),
        Kind::Instant => Value::from(words::instant(dice)),
        Kind::Number => Value::from(words::number(dice)),
        Kind::Text => Value::from(words::text(dice)),
        Kind::List | Kind::Null | Kind::Object => Value::Null,
    }
}
