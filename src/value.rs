//! Values: exact numbers, text, booleans, instants, and lists and objects of them.

mod decimal;
mod exact;
mod fields;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

pub use decimal::{Decimal, DecimalError};
pub use exact::Exact;
pub use fields::Fields;

use crate::time::Timestamp;

/// What a field, a trait or a literal holds.
///
/// Values of one kind are ordered (numbers by size, text by code point, `false` before `true`);
/// values of different kinds are never compared by a rule that passed its check.
#[derive(Clone, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Value {
    /// Nothing is known.
    #[default]
    Null,
    /// True or false.
    Boolean(bool),
    /// An exact decimal.
    Number(Decimal),
    /// An instant.
    Instant(Timestamp),
    /// Text.
    Text(Arc<str>),
    /// Several values, such as an order's lines.
    List(Arc<[Self]>),
    /// Named values.
    Object(Fields),
}

/// The kind of a [`Value`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Kind {
    /// True or false.
    Boolean,
    /// An instant in whole microseconds of UTC.
    Instant,
    /// Several values.
    List,
    /// No value was ever seen, so every kind fits.
    Null,
    /// An exact decimal of up to 18 digits, 6 of them after the point.
    Number,
    /// Named values.
    Object,
    /// Text, compared by code point.
    Text,
}

impl Value {
    /// Which kind of value this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Boolean(_) => Kind::Boolean,
            Self::Instant(_) => Kind::Instant,
            Self::List(_) => Kind::List,
            Self::Null => Kind::Null,
            Self::Number(_) => Kind::Number,
            Self::Object(_) => Kind::Object,
            Self::Text(_) => Kind::Text,
        }
    }

    /// Whether nothing is known.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The number, if it is one.
    pub fn as_number(&self) -> Option<Decimal> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, if it is a list.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self {
            Self::List(elements) => Some(elements),
            _ => None,
        }
    }

    /// The named values, if it is an object.
    pub fn as_object(&self) -> Option<&Fields> {
        match self {
            Self::Object(fields) => Some(fields),
            _ => None,
        }
    }

    /// The value at the end of a path into objects.
    #[inline]
    pub(crate) fn descend(&self, path: &[Arc<str>]) -> Option<&Self> {
        path.iter().try_fold(self, |value, name| value.as_object()?.get(name))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "a boolean",
            Self::Instant => "an instant",
            Self::List => "a list",
            Self::Null => "NULL",
            Self::Number => "a number",
            Self::Object => "an object",
            Self::Text => "a text",
        })
    }
}

impl fmt::Display for Value {
    /// Prints the bare value: text without quotes, NULL as nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => fmt::Display::fmt(value, f),
            Self::Instant(at) => fmt::Display::fmt(at, f),
            Self::Null => Ok(()),
            Self::Number(number) => fmt::Display::fmt(number, f),
            Self::Text(text) => f.write_str(text),
            Self::List(_) | Self::Object(_) => {
                f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
            }
        }
    }
}

impl Serialize for Value {
    /// As JSON has it: numbers as JSON numbers with their exact digits, instants as text.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Instant(at) => at.serialize(serializer),
            Self::List(elements) => elements.serialize(serializer),
            Self::Null => serializer.serialize_unit(),
            Self::Number(number) => number.serialize(serializer),
            Self::Object(fields) => fields.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<Decimal> for Value {
    fn from(value: Decimal) -> Self {
        Self::Number(value)
    }
}

impl From<i32> for Value {
    fn from(value: i32) -> Self {
        Self::Number(value.into())
    }
}

impl From<u32> for Value {
    fn from(value: u32) -> Self {
        Self::Number(value.into())
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Instant(value)
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.into())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value.into())
    }
}

impl From<Arc<str>> for Value {
    fn from(value: Arc<str>) -> Self {
        Self::Text(value)
    }
}

impl From<Fields> for Value {
    fn from(value: Fields) -> Self {
        Self::Object(value)
    }
}

impl From<Vec<Self>> for Value {
    fn from(value: Vec<Self>) -> Self {
        Self::List(value.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
