//! Events as a store writes them down: columns, the declared fields as JSON, and the rest.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, DeserializeSeed, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use super::{Event, EventKind, Extra};
use crate::error::Rejection;
use crate::id::ProfileId;
use crate::schema::{ANY_EVENT, EventShape, Field, Raw, RawObject, Schema, Shape};
use crate::time::Timestamp;
use crate::value::{Decimal, Fields, Kind, Value};

/// An event's columns.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Columns<'a> {
    pub(crate) profile: &'a ProfileId,
    pub(crate) message: &'a str,
    pub(crate) at: Timestamp,
    pub(crate) known_from: Timestamp,
    pub(crate) kind: &'a str,
    pub(crate) name: &'a str,
    /// The declared fields as JSON.
    pub(crate) fields: &'a str,
    /// What most events have nothing of, as JSON.
    pub(crate) rest: Option<&'a str>,
}

/// What most events have nothing of.
#[derive(Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct Rest {
    /// Whether the profile is a device and no user.
    #[serde(skip_serializing_if = "is_false")]
    device: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    anonymous: Option<ProfileId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous: Option<ProfileId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<(String, Box<RawValue>)>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    envelope: Vec<(String, Box<RawValue>)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde wants")]
fn is_false(value: &bool) -> bool {
    !value
}

impl Event {
    /// The columns `fields` and `rest`. A field that `schema` would not type to what it holds
    /// counts as not declared, as it does at the door, and is kept as JSON.
    pub(crate) fn to_columns(&self, schema: &Schema) -> (String, Option<String>) {
        let declarations = Declarations::of(self.kind, &self.name, schema);
        let declared = |name: &str, value: &Value| {
            declarations.get(name).is_some_and(|(_, field)| fits(field.shape(), value))
        };
        let fits = self.fields.iter().all(|(name, value)| declared(name, value));
        let plain = self.extra.is_none() && self.previous.is_none();
        if fits && plain && self.user.is_some() && self.anonymous.is_none() {
            return (json(&self.fields), None);
        }
        let (held, strange): (Vec<_>, Vec<_>) =
            self.fields.iter().partition(|(name, value)| declared(name, value));
        let held: Fields =
            held.into_iter().map(|(name, value)| (Arc::clone(name), value.clone())).collect();
        let extra = self.extra.as_deref().cloned().unwrap_or_default();
        let strange = strange.into_iter().filter_map(|(name, value)| {
            Some((name.to_string(), RawValue::from_string(json(value)).ok()?))
        });
        let rest = Rest {
            device: self.user.is_none(),
            anonymous: self.anonymous.clone().filter(|_| self.user.is_some()),
            previous: self.previous.clone(),
            fields: extra.fields.into_iter().chain(strange).collect(),
            envelope: extra.envelope,
        };
        (json(&held), Some(json(&rest)))
    }

    /// The event of these columns, its declared fields typed by `schema`.
    ///
    /// # Errors
    ///
    /// Why the columns are none of an event, or what of it `schema` refuses.
    pub(crate) fn from_columns(columns: Columns<'_>, schema: &Schema) -> Result<Self, Rejection> {
        let Columns { profile, at, known_from, name, .. } = columns;
        let kind = EventKind::from_word(columns.kind).ok_or_else(|| {
            Rejection::new("unknown-type", columns.kind.to_owned()).in_field("kind")
        })?;
        let shape = schema.events().get_key_value(name);
        let name = shape.map_or_else(|| Arc::from(name), |(name, _)| Arc::clone(name));
        let mut event = Self::new(kind, name, at).with_id(columns.message).user(profile.clone());
        event.received = (known_from != at).then_some(known_from);
        let declarations = Declarations::of(kind, &event.name, schema);
        let (fields, undeclared) = read(columns.fields, &declarations)?;
        event.fields = fields;
        if columns.rest.is_some() || !undeclared.is_empty() {
            event.put_rest(columns.rest.unwrap_or("{}"), undeclared)?;
        }
        Ok(event)
    }

    fn put_rest(
        &mut self,
        rest: &str,
        undeclared: Vec<(String, Box<RawValue>)>,
    ) -> Result<(), Rejection> {
        let mut rest: Rest = serde_json::from_str(rest)
            .map_err(|error| Rejection::new("broken-json", error.to_string()).in_field("rest"))?;
        rest.fields.extend(undeclared);
        self.previous = rest.previous;
        self.anonymous = rest.anonymous;
        if rest.device {
            self.anonymous = self.user.take();
        }
        if !rest.fields.is_empty() || !rest.envelope.is_empty() {
            self.extra = Some(Arc::new(Extra { envelope: rest.envelope, fields: rest.fields }));
        }
        Ok(())
    }
}

fn json<T: Serialize + ?Sized>(value: &T) -> String {
    // Texts, numbers and lists of them: nothing that JSON cannot say.
    serde_json::to_string(value).unwrap_or_default()
}

/// The declarations that the fields of an event are read by.
#[derive(Clone, Copy)]
struct Declarations<'s> {
    own: Option<&'s BTreeMap<Arc<str>, Field>>,
    any: Option<&'s BTreeMap<Arc<str>, Field>>,
}

impl<'s> Declarations<'s> {
    fn of(kind: EventKind, name: &str, schema: &'s Schema) -> Self {
        if kind == EventKind::Identify {
            return Self { own: Some(schema.attributes()), any: None };
        }
        let fields = |name: &str| schema.events().get(name).map(EventShape::fields);
        Self { own: fields(name), any: fields(ANY_EVENT) }
    }

    fn get(self, name: &str) -> Option<(&'s Arc<str>, &'s Field)> {
        let of = |fields: Option<&'s BTreeMap<Arc<str>, Field>>| fields?.get_key_value(name);
        of(self.own).or_else(|| of(self.any))
    }
}

/// Whether a value comes back as it is when its JSON is read by this declaration.
fn fits(shape: &Shape, value: &Value) -> bool {
    match (shape, value) {
        (_, Value::Null) => true,
        (Shape::Scalar(Kind::Null), _) => value.kind() == Kind::Text,
        (Shape::Scalar(Kind::Instant), Value::Instant(at)) => is_written(*at),
        (Shape::Scalar(kind), _) => value.kind() == *kind,
        (Shape::ScalarList(kind), Value::List(elements)) => {
            let shape = Shape::Scalar(*kind);
            elements.iter().all(|element| fits(&shape, element))
        }
        (Shape::Object(declared), Value::Object(fields)) => fields_fit(declared, fields),
        (Shape::ObjectList(declared), Value::List(elements)) => elements.iter().all(|element| {
            element.is_null()
                || element.as_object().is_some_and(|fields| fields_fit(declared, fields))
        }),
        _ => false,
    }
}

fn fields_fit(declared: &BTreeMap<Arc<str>, Field>, fields: &Fields) -> bool {
    fields
        .iter()
        .all(|(name, value)| declared.get(name).is_some_and(|field| fits(field.shape(), value)))
}

/// Whether an instant's text is one: of the years 0000 to 9999.
fn is_written(at: Timestamp) -> bool {
    const FIRST: Timestamp = Timestamp::from_micros(-62_167_219_200_000_000);
    (FIRST..=Timestamp::LAST).contains(&at)
}

type Undeclared = Vec<(String, Box<RawValue>)>;

fn read(json: &str, declarations: &Declarations<'_>) -> Result<(Fields, Undeclared), Rejection> {
    let mut reading = Reading { declarations: *declarations, undeclared: Vec::new(), fault: None };
    let mut reader = serde_json::Deserializer::from_str(json);
    let fields = reading.deserialize(&mut reader).and_then(|fields| {
        reader.end()?;
        Ok(fields)
    });
    match (fields, reading.fault) {
        (_, Some(fault)) => Err(fault),
        (Ok(fields), None) => Ok((fields, reading.undeclared)),
        (Err(error), None) => {
            Err(Rejection::new("broken-json", error.to_string()).in_field("fields"))
        }
    }
}

/// Reads an object straight into typed fields.
struct Reading<'s> {
    declarations: Declarations<'s>,
    undeclared: Undeclared,
    /// Why a field was refused; serde's error has no room for it.
    fault: Option<Rejection>,
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> DeserializeSeed<'de> for &mut Reading<'_> {
    type Value = Fields;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Fields, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for &mut Reading<'_> {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Vec::with_capacity(8);
        while let Some((Key(name), raw)) = map.next_entry::<Key<'de>, &'de RawValue>()? {
            let Some((name, field)) = self.declarations.get(&name) else {
                self.undeclared.push((name.into_owned(), raw.to_owned()));
                continue;
            };
            match value(field, raw) {
                Ok(value) => fields.push((Arc::clone(name), value)),
                Err(fault) => {
                    self.fault = Some(super::json::in_path(name, fault));
                    return Err(de::Error::custom("a field was refused"));
                }
            }
        }
        Ok(Fields::from_iter(fields))
    }
}

/// A value as it was written, or, where the declaration has changed, as it is read by it now.
fn value(field: &Field, raw: &RawValue) -> Result<Value, Rejection> {
    match typed(field.shape(), raw) {
        Some(value) => Ok(value),
        None => field.read(Raw::Json(raw), &mut 0),
    }
}

/// What [`fits`] let be written so.
fn typed(shape: &Shape, raw: &RawValue) -> Option<Value> {
    let text = raw.get();
    if text == "null" {
        return Some(Value::Null);
    }
    match shape {
        Shape::Scalar(kind) => scalar(*kind, text),
        Shape::ScalarList(kind) => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let shape = Shape::Scalar(*kind);
            let elements = elements.into_iter().map(|element| typed(&shape, element));
            Some(Value::from(elements.collect::<Option<Vec<_>>>()?))
        }
        Shape::Object(declared) => object(declared, text),
        Shape::ObjectList(declared) => {
            let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
            let elements = elements.into_iter().map(|element| match element.get() {
                "null" => Some(Value::Null),
                text => object(declared, text),
            });
            Some(Value::from(elements.collect::<Option<Vec<_>>>()?))
        }
    }
}

fn object(declared: &BTreeMap<Arc<str>, Field>, text: &str) -> Option<Value> {
    let object: RawObject<'_> = serde_json::from_str(text).ok()?;
    let fields = object.0.into_iter().map(|(name, raw)| {
        let (name, field) = declared.get_key_value(name.as_str())?;
        Some((Arc::clone(name), typed(field.shape(), raw)?))
    });
    Some(Value::Object(Fields::from_iter(fields.collect::<Option<Vec<_>>>()?)))
}

fn scalar(kind: Kind, text: &str) -> Option<Value> {
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match (kind, quoted) {
        (Kind::Text | Kind::Null, Some(bare)) if !bare.contains('\\') => Some(Value::from(bare)),
        (Kind::Text | Kind::Null, Some(_)) => {
            serde_json::from_str::<String>(text).ok().map(Value::from)
        }
        (Kind::Instant, Some(bare)) => Timestamp::read(bare).map(Value::Instant),
        (Kind::Number, None) => match Decimal::read(text) {
            Ok((number, false)) => Some(Value::Number(number)),
            _ => None,
        },
        (Kind::Boolean, None) => text.parse().ok().map(Value::Boolean),
        _ => None,
    }
}
