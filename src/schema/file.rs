//! Schemas as TOML.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{BusinessKey, EventShape, Field, Schema, Sensitivity, Shape};
use crate::error::{Diagnostic, Error, ErrorKind, Result, Span};
use crate::value::Kind;

impl Schema {
    /// Reads a schema from TOML.
    ///
    /// ```
    /// use bespoke::schema::Schema;
    ///
    /// let schema = Schema::from_toml(r#"
    ///     [attributes]
    ///     country = "text"
    ///     email = { kind = "text", sensitivity = "personal" }
    ///
    ///     [events."Order Completed"]
    ///     key = { field = "order_id", cancelled_by = ["Order Cancelled"] }
    ///     fields.order_id = "text"
    ///     fields.currency = "text"
    ///     fields.revenue = { kind = "number", currency = "currency" }
    ///     fields.tags = { kind = "list", of = "text" }
    ///     fields.products = { kind = "list", fields = { sku = "text", price = "number" } }
    /// "#)?;
    /// assert!(schema.has_event("Order Completed"));
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] with line and column for what is no TOML or no schema, and for a
    /// schema that contradicts itself ([`Schema::check`]).
    pub fn from_toml(text: &str) -> Result<Self> {
        let file: File = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            let message = error.message().to_owned();
            let diagnostic = Diagnostic::new(text, Span::new(span.start, span.end), message);
            Error::from_diagnostics(ErrorKind::Schema, vec![diagnostic])
        })?;
        let schema = Self::from(file);
        schema.check()?;
        Ok(schema)
    }

    /// Writes the schema as TOML that [`Schema::from_toml`] reads back to an equal one.
    pub fn to_toml(&self) -> String {
        // Maps with text keys, texts and booleans: nothing that TOML cannot say.
        toml::to_string(&File::from(self.clone())).unwrap_or_default()
    }
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    open: bool,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    attributes: BTreeMap<Arc<str>, Field>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    events: BTreeMap<Arc<str>, EventFile>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct EventFile {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<BusinessKey>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    fields: BTreeMap<Arc<str>, Field>,
}

impl From<File> for Schema {
    fn from(file: File) -> Self {
        let keys = file.events.iter().filter_map(|(name, event)| Some((name, event.key.clone()?)));
        let keyed = keys.map(|(name, key)| (Arc::clone(name), key)).collect();
        let events = file.events.into_iter();
        Self {
            attributes: file.attributes,
            events: events
                .map(|(name, event)| (name, EventShape { fields: event.fields, key: event.key }))
                .collect(),
            keyed,
            open: file.open,
        }
    }
}

impl From<Schema> for File {
    fn from(schema: Schema) -> Self {
        let events = schema.events.into_iter();
        Self {
            open: schema.open,
            attributes: schema.attributes,
            events: events
                .map(|(name, event)| (name, EventFile { key: event.key, fields: event.fields }))
                .collect(),
        }
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct FieldFile {
    kind: Kind,
    #[serde(default, skip_serializing_if = "is_public")]
    sensitivity: Sensitivity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    currency: Option<Arc<str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    of: Option<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fields: Option<BTreeMap<Arc<str>, Field>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_public(sensitivity: &Sensitivity) -> bool {
    *sensitivity == Sensitivity::Public
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        let (kind, of, fields) = match &self.shape {
            Shape::Scalar(kind) => (*kind, None, None),
            Shape::Object(fields) => (Kind::Object, None, Some(fields.clone())),
            Shape::ScalarList(of) => (Kind::List, Some(*of), None),
            Shape::ObjectList(fields) => (Kind::List, None, Some(fields.clone())),
        };
        let Self { sensitivity, currency, .. } = self.clone();
        if of.is_none() && fields.is_none() && currency.is_none() && is_public(&sensitivity) {
            return kind.serialize(serializer);
        }
        FieldFile { kind, sensitivity, currency, of, fields }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor)
    }
}

/// A field is the name of a kind, or a table.
struct FieldVisitor;

impl<'de> Visitor<'de> for FieldVisitor {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a kind, or a table with `kind`")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Field, E> {
        let kind = Kind::deserialize(de::value::StrDeserializer::<E>::new(text))?;
        let file = FieldFile {
            kind,
            sensitivity: Sensitivity::Public,
            currency: None,
            of: None,
            fields: None,
        };
        file.field().map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> std::result::Result<Field, A::Error> {
        let file = FieldFile::deserialize(MapAccessDeserializer::new(map))?;
        file.field().map_err(de::Error::custom)
    }
}

impl FieldFile {
    fn field(self) -> std::result::Result<Field, &'static str> {
        let shape = match (self.kind, self.of, self.fields) {
            (Kind::List, Some(Kind::List | Kind::Object), None) => {
                return Err(
                    "`of` takes boolean, instant, number or text; use `fields` for objects",
                );
            }
            (Kind::List, Some(of), None) => Shape::ScalarList(of),
            (Kind::List, None, Some(fields)) => Shape::ObjectList(fields),
            (Kind::List, ..) => return Err("a list needs either `of` or `fields`"),
            (Kind::Object, None, Some(fields)) => Shape::Object(fields),
            (Kind::Object, ..) => return Err("an object needs `fields`"),
            (kind, None, None) => Shape::Scalar(kind),
            _ => return Err("`of` and `fields` belong to lists and objects"),
        };
        let mut field = Field::new(shape).sensitivity_of(self.sensitivity);
        field.currency = self.currency;
        Ok(field)
    }
}
