//! The vocabulary: which traits a profile has, which events there are, and what their fields hold.
//!
//! A schema is built in code, loaded from TOML ([`Schema::from_toml`]) or written from what a file
//! holds ([`Inference`]). Rules are checked against it, and records are read by it: a declared
//! field becomes a typed [`Value`](crate::value::Value), an undeclared one stays as it came.
//!
//! ```
//! use bespoke::schema::{Field, Schema};
//! use bespoke::value::Kind;
//!
//! let schema = Schema::new()
//!     .attribute("name", Field::from(Kind::Text).personal())
//!     .attribute("country", Kind::Text)
//!     .event("Order Completed", [
//!         ("revenue", Field::from(Kind::Number)),
//!         ("products", Field::list_of([("sku", Kind::Text), ("price", Kind::Number)])),
//!     ]);
//! let text = schema.to_toml();
//! assert_eq!(Schema::from_toml(&text)?, schema);
//! # Ok::<(), bespoke::Error>(())
//! ```

mod file;
mod infer;
mod read;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use infer::Inference;
pub(crate) use read::scalar;
pub use read::{Raw, RawObject};

use crate::error::{Error, ErrorKind, Result};
use crate::value::Kind;

/// The name under which fields are declared that any event may have.
pub const ANY_EVENT: &str = "*";

/// Which traits, events and fields there are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Schema {
    attributes: BTreeMap<Arc<str>, Field>,
    events: BTreeMap<Arc<str>, EventShape>,
    /// Those that have a business key: whoever puts in an event asks for them.
    keyed: BTreeMap<Arc<str>, BusinessKey>,
    open: bool,
}

/// An event's fields and the key by which its revisions are told.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EventShape {
    fields: BTreeMap<Arc<str>, Field>,
    key: Option<BusinessKey>,
}

/// The field that names the thing an event is about, such as `order_id`.
///
/// The same thing told twice counts once, as last told; an event of `updated_by` replaces it, one
/// of `cancelled_by` retracts it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct BusinessKey {
    /// The field with the key, in this event and in those below.
    pub field: Arc<str>,
    /// Events that replace the thing's fields: `Order Updated`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub updated_by: Vec<Arc<str>>,
    /// Events that take the thing back: `Order Cancelled`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancelled_by: Vec<Arc<str>>,
}

impl BusinessKey {
    /// A key in this field, without updates or cancellations.
    pub fn new(field: impl Into<Arc<str>>) -> Self {
        Self { field: field.into(), ..Self::default() }
    }

    /// The same key with an event that replaces.
    #[must_use]
    pub fn updated_by(mut self, event: impl Into<Arc<str>>) -> Self {
        self.updated_by.push(event.into());
        self
    }

    /// The same key with an event that retracts.
    #[must_use]
    pub fn cancelled_by(mut self, event: impl Into<Arc<str>>) -> Self {
        self.cancelled_by.push(event.into());
        self
    }
}

/// What a field holds, how sensitive it is, and in which currency it counts.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Field {
    shape: Shape,
    sensitivity: Sensitivity,
    currency: Option<Arc<str>>,
}

/// The shape of a field's value.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Shape {
    /// One value of this kind: boolean, instant, number, text, or null where none was ever seen.
    Scalar(Kind),
    /// Named values.
    Object(BTreeMap<Arc<str>, Field>),
    /// Several values of this kind.
    ScalarList(Kind),
    /// Several objects of these fields, such as an order's lines.
    ObjectList(BTreeMap<Arc<str>, Field>),
}

/// How a field may be used.
#[derive(
    Clone, Copy, Debug, Default, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Sensitivity {
    /// Rules and templates read it. The default, since what is personal is known to be.
    #[default]
    Public,
    /// It goes to the vault at the door: names, addresses, telephone numbers.
    Personal,
    /// As personal, and of a special category (GDPR, article 9): health, religion, politics.
    Special,
}

impl Schema {
    /// A schema that declares nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same schema with one more trait.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<Arc<str>>, field: impl Into<Field>) -> Self {
        self.attributes.insert(name.into(), field.into());
        self
    }

    /// The same schema with an event's fields; [`ANY_EVENT`] declares fields of all events.
    #[must_use]
    pub fn event<N: Into<Arc<str>>, F: Into<Field>>(
        mut self,
        name: impl Into<Arc<str>>,
        fields: impl IntoIterator<Item = (N, F)>,
    ) -> Self {
        let fields = fields.into_iter().map(|(name, field)| (name.into(), field.into()));
        self.events.entry(name.into()).or_default().fields.extend(fields);
        self
    }

    /// The same schema with an event's business key.
    #[must_use]
    pub fn key(mut self, event: impl Into<Arc<str>>, key: BusinessKey) -> Self {
        let event = event.into();
        self.keyed.insert(Arc::clone(&event), key.clone());
        self.events.entry(event).or_default().key = Some(key);
        self
    }

    /// The same schema, in which an event that is not declared is a warning rather than an error:
    /// for schemas inferred from a file, which need not hold every event there is.
    #[must_use]
    pub fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// Whether events that are not declared are let through with a warning.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// The traits by name.
    pub fn attributes(&self) -> &BTreeMap<Arc<str>, Field> {
        &self.attributes
    }

    /// The events by name, [`ANY_EVENT`] among them where fields of all events are declared.
    pub fn events(&self) -> &BTreeMap<Arc<str>, EventShape> {
        &self.events
    }

    /// The events that have a business key, with it.
    pub(crate) fn keyed(&self) -> &BTreeMap<Arc<str>, BusinessKey> {
        &self.keyed
    }

    /// Whether there is an event of that name.
    pub fn has_event(&self, name: &str) -> bool {
        self.events.contains_key(name)
    }

    /// A top-level field of an event, declared for it or for all.
    pub fn event_field(&self, event: &str, name: &str) -> Option<&Field> {
        let own = self.events.get(event).and_then(|shape| shape.fields.get(name));
        own.or_else(|| self.events.get(ANY_EVENT)?.fields.get(name))
    }

    /// Checks that the schema does not contradict itself.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] for a currency on a field that is no number, a currency field that
    /// is missing or no text, and a business key that is missing or no text or number.
    pub fn check(&self) -> Result<()> {
        check_currencies("attributes", &self.attributes)?;
        for (event, shape) in &self.events {
            check_currencies(event, &shape.fields)?;
            let Some(key) = &shape.key else { continue };
            let kind = self.event_field(event, &key.field).map(Field::shape);
            if !matches!(kind, Some(Shape::Scalar(Kind::Text | Kind::Number | Kind::Null))) {
                let detail = "must be declared as a text or a number";
                return Err(fault(format!("{event}: the business key `{}` {detail}", key.field)));
            }
        }
        Ok(())
    }
}

fn check_currencies(owner: &str, fields: &BTreeMap<Arc<str>, Field>) -> Result<()> {
    for (name, field) in fields {
        if let Shape::Object(inner) | Shape::ObjectList(inner) = &field.shape {
            check_currencies(&format!("{owner}.{name}"), inner)?;
        }
        let Some(currency) = &field.currency else { continue };
        if field.shape != Shape::Scalar(Kind::Number) {
            return Err(fault(format!("{owner}.{name}: only a number has a currency")));
        }
        let named = fields.get(currency).map(|field| &field.shape);
        if !matches!(named, Some(Shape::Scalar(Kind::Text | Kind::Null))) {
            let detail = "must be declared beside it as a text";
            return Err(fault(format!("{owner}.{name}: its currency field `{currency}` {detail}")));
        }
    }
    Ok(())
}

fn fault(detail: String) -> Error {
    Error::new(ErrorKind::Schema, detail)
}

impl EventShape {
    /// The fields by name.
    pub fn fields(&self) -> &BTreeMap<Arc<str>, Field> {
        &self.fields
    }

    /// The business key, if the event has one.
    pub fn key(&self) -> Option<&BusinessKey> {
        self.key.as_ref()
    }
}

impl Field {
    /// A field of this shape, public, without currency.
    pub fn new(shape: Shape) -> Self {
        Self { shape, sensitivity: Sensitivity::Public, currency: None }
    }

    /// A list of objects of these fields.
    pub fn list_of<N: Into<Arc<str>>, F: Into<Self>>(
        fields: impl IntoIterator<Item = (N, F)>,
    ) -> Self {
        Self::new(Shape::ObjectList(named(fields)))
    }

    /// A list of values of this kind.
    pub fn list(kind: Kind) -> Self {
        Self::new(Shape::ScalarList(kind))
    }

    /// An object of these fields.
    pub fn object<N: Into<Arc<str>>, F: Into<Self>>(
        fields: impl IntoIterator<Item = (N, F)>,
    ) -> Self {
        Self::new(Shape::Object(named(fields)))
    }

    /// An amount of money, whose currency stands in the field of this name beside it.
    pub fn money(currency: impl Into<Arc<str>>) -> Self {
        Self { currency: Some(currency.into()), ..Self::from(Kind::Number) }
    }

    /// The same field, of sensitivity personal.
    #[must_use]
    pub fn personal(self) -> Self {
        self.sensitivity_of(Sensitivity::Personal)
    }

    /// The same field of another sensitivity.
    #[must_use]
    pub fn sensitivity_of(mut self, sensitivity: Sensitivity) -> Self {
        self.sensitivity = sensitivity;
        self
    }

    /// What it holds.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// How it may be used.
    pub fn sensitivity(&self) -> Sensitivity {
        self.sensitivity
    }

    /// The field beside it that names its currency.
    pub fn currency(&self) -> Option<&Arc<str>> {
        self.currency.as_ref()
    }
}

fn named<N: Into<Arc<str>>, F: Into<Field>>(
    fields: impl IntoIterator<Item = (N, F)>,
) -> BTreeMap<Arc<str>, Field> {
    fields.into_iter().map(|(name, field)| (name.into(), field.into())).collect()
}

impl From<Kind> for Field {
    fn from(kind: Kind) -> Self {
        Self::new(Shape::Scalar(kind))
    }
}
