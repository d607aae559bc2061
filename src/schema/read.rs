//! Raw values, as a file has them, and how a field reads them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{Field, Shape};
use crate::error::Rejection;
use crate::value::{Decimal, DecimalError, Fields, Kind, Value};

/// A value as a file has it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Raw<'a> {
    /// A cell of a table.
    Text(&'a str),
    /// A value of a JSON document.
    Json(&'a RawValue),
}

/// A JSON object whose values are left as they came, in the order they came.
///
/// A name that comes twice is an error: one of the two would be lost.
#[derive(Debug, Default)]
pub struct RawObject<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawObject<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(RawObjectVisitor)
    }
}

struct RawObjectVisitor;

impl<'de> Visitor<'de> for RawObjectVisitor {
    type Value = RawObject<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawObject<'de>, A::Error> {
        let mut fields = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            fields.push((name, value));
        }
        let mut names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        if let Some([name, _]) = names.array_windows().find(|[a, b]| a == b) {
            return Err(de::Error::custom(format!("the name `{name}` comes twice")));
        }
        Ok(RawObject(fields))
    }
}

/// A scalar's content: a string without quotes, a number or boolean as written. `None` where there
/// is no value: null, nothing, an empty text.
pub(crate) fn scalar(raw: Raw<'_>) -> Option<Cow<'_, str>> {
    let text = match raw {
        Raw::Text(text) => Cow::Borrowed(text),
        Raw::Json(json) => match json.get() {
            "null" => return None,
            text if text.starts_with('"') => Cow::Owned(serde_json::from_str(text).ok()?),
            text => Cow::Borrowed(text),
        },
    };
    (!text.is_empty()).then_some(text)
}

impl Field {
    /// Reads a raw value as what this field holds; `rounded` counts numbers that lost digits.
    ///
    /// An empty text and null are no value. A text takes whatever comes, as it is written.
    ///
    /// # Errors
    ///
    /// Why the value is none of the field's kind.
    pub fn read(&self, raw: Raw<'_>, rounded: &mut usize) -> Result<Value, Rejection> {
        match (&self.shape, raw) {
            (Shape::Scalar(kind), _) => read_scalar(*kind, raw, rounded),
            (_, Raw::Json(json)) if json.get() == "null" => Ok(Value::Null),
            (_, Raw::Text("")) => Ok(Value::Null),
            (_, Raw::Text(text)) => match serde_json::from_str::<&RawValue>(text) {
                Ok(json) => self.read(Raw::Json(json), rounded),
                Err(error) => Err(mismatch(self.shape.kind(), &error.to_string())),
            },
            (Shape::Object(fields), Raw::Json(json)) => read_object(fields, json, rounded),
            (Shape::ScalarList(kind), Raw::Json(json)) => {
                read_list(json, |element| read_scalar(*kind, Raw::Json(element), rounded))
            }
            (Shape::ObjectList(fields), Raw::Json(json)) => {
                read_list(json, |element| read_object(fields, element, rounded))
            }
        }
    }
}

impl Shape {
    /// The kind of value that has this shape.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Object(_) => Kind::Object,
            Self::ObjectList(_) | Self::ScalarList(_) => Kind::List,
            Self::Scalar(kind) => *kind,
        }
    }
}

fn read_scalar(kind: Kind, raw: Raw<'_>, rounded: &mut usize) -> Result<Value, Rejection> {
    let Some(text) = scalar(raw) else { return Ok(Value::Null) };
    match kind {
        Kind::Boolean => match &*text {
            "true" => Ok(Value::Boolean(true)),
            "false" => Ok(Value::Boolean(false)),
            _ => Err(mismatch(kind, &text)),
        },
        Kind::Instant => text.parse().map(Value::Instant).map_err(|_| mismatch(kind, &text)),
        Kind::Number => match Decimal::read(&text) {
            Ok((number, lost)) => {
                *rounded += usize::from(lost);
                Ok(Value::Number(number))
            }
            Err(DecimalError::Magnitude) => Err(Rejection::new(
                "number-too-large",
                format!("`{}` has more than 12 digits before the point", excerpt(&text)),
            )),
            Err(DecimalError::Syntax) => Err(mismatch(kind, &text)),
        },
        Kind::Null | Kind::Text => Ok(Value::from(&*text)),
        Kind::List | Kind::Object => Err(mismatch(kind, &text)),
    }
}

fn read_object(
    fields: &BTreeMap<Arc<str>, Field>,
    json: &RawValue,
    rounded: &mut usize,
) -> Result<Value, Rejection> {
    let object: RawObject<'_> = serde_json::from_str(json.get())
        .map_err(|error| mismatch(Kind::Object, &error.to_string()))?;
    let mut values = Vec::with_capacity(fields.len());
    for (name, raw) in object.0 {
        let Some((name, field)) = fields.get_key_value(name.as_str()) else { continue };
        let value =
            field.read(Raw::Json(raw), rounded).map_err(|rejection| nested(name, rejection))?;
        if !value.is_null() {
            values.push((Arc::clone(name), value));
        }
    }
    Ok(Value::Object(Fields::from_iter(values)))
}

fn read_list(
    json: &RawValue,
    mut read: impl FnMut(&RawValue) -> Result<Value, Rejection>,
) -> Result<Value, Rejection> {
    let elements: Vec<&RawValue> = serde_json::from_str(json.get())
        .map_err(|error| mismatch(Kind::List, &error.to_string()))?;
    let values: Result<Vec<Value>, Rejection> = elements.into_iter().map(&mut read).collect();
    Ok(Value::from(values?))
}

fn nested(name: &str, rejection: Rejection) -> Rejection {
    let path = match &rejection.field {
        Some(inner) => format!("{name}.{inner}"),
        None => name.to_owned(),
    };
    rejection.in_field(path)
}

fn mismatch(kind: Kind, text: &str) -> Rejection {
    Rejection::new("wrong-kind", format!("`{}` is not {kind}", excerpt(text)))
}

/// The beginning of a text, short enough for a message.
fn excerpt(text: &str) -> Cow<'_, str> {
    match text.char_indices().nth(60) {
        Some((end, _)) => {
            text.split_at_checked(end).map_or("", |(start, _)| start).to_owned() + "…"
        }
        None => return Cow::Borrowed(text),
    }
    .into()
}
