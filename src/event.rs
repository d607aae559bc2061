//! Events in the envelope of the Segment specification, typed by a schema.
//!
//! ```
//! use bespoke::event::Event;
//! use bespoke::schema::Schema;
//! use bespoke::value::Kind;
//!
//! let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
//! let event = Event::read(
//!     r#"{"type": "track", "userId": "p-1", "event": "Order Completed",
//!         "timestamp": "2026-02-01T12:00:00Z", "properties": {"revenue": 620.50, "gift": 1e0}}"#,
//!     &schema,
//! )?;
//! assert_eq!(event.fields().get("revenue").unwrap().to_string(), "620.5");
//! // What is not declared stays as it came, byte for byte.
//! assert!(event.to_json().contains(r#""gift":1e0"#));
//! # Ok::<(), bespoke::error::Rejection>(())
//! ```

mod canonical;
mod dedupe;
mod json;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod stored;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::value::RawValue;

pub(crate) use canonical::derive_id;
pub use dedupe::{Dedupe, Verdict};
pub use json::read_batch;
pub(crate) use json::split_batch;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub(crate) use stored::Columns;

use crate::error::Rejection;
use crate::id::{MessageId, ProfileId};
use crate::memory::{fetch, fetch_first};
use crate::schema::{Field, Raw, Schema};
use crate::time::Timestamp;
use crate::value::{Fields, Value};

/// What an event tells, by the types of the Segment specification.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum EventKind {
    /// Two identifiers are one person.
    Alias,
    /// A person belongs to a group.
    Group,
    /// Traits of a person.
    Identify,
    /// A page was viewed; its event is named `Page Viewed`.
    Page,
    /// An app's screen was viewed; its event is named `Screen Viewed`.
    Screen,
    /// A person did something.
    Track,
}

/// Something that a person did, or a trait that was told of them.
///
/// `fields` are the properties of what was done, or the traits told; they are typed by the schema.
/// Fields that the schema does not declare, and parts of the envelope that this crate does not
/// use, are kept byte for byte and are not readable by rules and templates.
#[derive(Clone, Debug)]
pub struct Event {
    kind: EventKind,
    name: Arc<str>,
    id: Option<MessageId>,
    user: Option<ProfileId>,
    anonymous: Option<ProfileId>,
    previous: Option<ProfileId>,
    at: Timestamp,
    received: Option<Timestamp>,
    fields: Fields,
    extra: Option<Arc<Extra>>,
    rounded: usize,
}

/// What is kept as it came.
#[derive(Clone, Debug, Default)]
struct Extra {
    envelope: Vec<(String, Box<RawValue>)>,
    fields: Vec<(String, Box<RawValue>)>,
}

impl Event {
    /// Something that `person` did `at` an instant.
    pub fn track(person: impl Into<ProfileId>, name: impl Into<Arc<str>>, at: Timestamp) -> Self {
        Self::new(EventKind::Track, name, at).user(person)
    }

    /// Traits told of `person`, holding from an instant on.
    pub fn identify(person: impl Into<ProfileId>, at: Timestamp) -> Self {
        Self::new(EventKind::Identify, EventKind::Identify.default_name(), at).user(person)
    }

    /// `person` and the identifier `previous` are one person, as was told `at` an instant.
    pub fn alias(
        person: impl Into<ProfileId>,
        previous: impl Into<ProfileId>,
        at: Timestamp,
    ) -> Self {
        let alias = Self::new(EventKind::Alias, EventKind::Alias.default_name(), at).user(person);
        Self { previous: Some(previous.into()), ..alias }
    }

    /// An event of a kind, of nobody yet.
    pub fn new(kind: EventKind, name: impl Into<Arc<str>>, at: Timestamp) -> Self {
        Self {
            kind,
            name: name.into(),
            id: None,
            user: None,
            anonymous: None,
            previous: None,
            at,
            received: None,
            fields: Fields::default(),
            extra: None,
            rounded: 0,
        }
    }

    /// The same event of this person.
    #[must_use]
    pub fn user(mut self, person: impl Into<ProfileId>) -> Self {
        self.user = Some(person.into());
        self
    }

    /// The same event of this device or browser.
    #[must_use]
    pub fn anonymous(mut self, device: impl Into<ProfileId>) -> Self {
        self.anonymous = Some(device.into());
        self
    }

    /// The same event with one more field.
    #[must_use]
    pub fn with(mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        self.fields = self.fields.with(name, value.into());
        self
    }

    /// The same event with these fields and no others.
    #[must_use]
    pub fn with_fields(mut self, fields: Fields) -> Self {
        self.fields = fields;
        self
    }

    /// The same event under this `messageId`.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<MessageId>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The same event, known since this instant.
    #[must_use]
    pub fn received(mut self, at: Timestamp) -> Self {
        self.received = Some(at);
        self
    }

    /// The same event with a field read from a table's cell.
    ///
    /// A field that is not declared is kept as text, out of the reach of rules.
    ///
    /// # Errors
    ///
    /// Why the cell is none of the field's kind.
    pub fn with_cell(
        mut self,
        name: &Arc<str>,
        field: Option<&Field>,
        cell: &str,
    ) -> Result<Self, Rejection> {
        Ok(match self.read_cell(name, field, cell)? {
            Some(value) => self.with(Arc::clone(name), value),
            None => self,
        })
    }

    /// The same event with a table's cells for fields, as [`Event::with_cell`] reads each.
    pub(crate) fn with_cells<'c>(
        mut self,
        cells: impl Iterator<Item = (&'c Arc<str>, Cow<'c, str>)>,
        schema: &Schema,
    ) -> Result<Self, Rejection> {
        let mut fields = Vec::new();
        for (name, cell) in cells {
            let field = self.declaration(schema, name);
            if let Some(value) = self.read_cell(name, field, &cell)? {
                fields.push((Arc::clone(name), value));
            }
        }
        self.fields = Fields::from_iter(fields);
        Ok(self)
    }

    /// A declared field's value, if there is one; what is not declared is kept as it came.
    fn read_cell(
        &mut self,
        name: &str,
        field: Option<&Field>,
        cell: &str,
    ) -> Result<Option<Value>, Rejection> {
        let Some(field) = field else {
            if !cell.is_empty()
                && let Ok(raw) = serde_json::value::to_raw_value(cell)
            {
                let extra = Arc::make_mut(self.extra.get_or_insert_default());
                extra.fields.push((name.to_owned(), raw));
            }
            return Ok(None);
        };
        let value = field.read(Raw::Text(cell), &mut self.rounded);
        let value = value.map_err(|rejection| json::in_path(name, rejection))?;
        Ok(Some(value).filter(|value| !value.is_null()))
    }

    /// What the event tells.
    pub fn kind(&self) -> EventKind {
        self.kind
    }

    /// The event's name; of a page it is `Page Viewed`, of a screen `Screen Viewed`.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The `messageId`: the one it came with, or one derived from its canonical form.
    pub fn id(&self) -> MessageId {
        self.id.clone().unwrap_or_else(|| self.derived_id(0))
    }

    /// Whether it came with a `messageId`.
    pub fn has_id(&self) -> bool {
        self.id.is_some()
    }

    /// Whose event it is: the user's, else the device's.
    pub fn person(&self) -> Option<&ProfileId> {
        self.user.as_ref().or(self.anonymous.as_ref())
    }

    /// The identifier that an alias says to be the same person.
    pub fn previous(&self) -> Option<&ProfileId> {
        self.previous.as_ref()
    }

    /// When it happened.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Asks for the memory of what it tells.
    #[inline]
    pub(crate) fn touch(&self) {
        fetch_first(self.name.as_bytes());
        self.fields.iter().for_each(|(name, _)| fetch(name));
    }

    /// Since when it is known: when it was received, else when it happened.
    pub fn known_from(&self) -> Timestamp {
        self.received.unwrap_or(self.at)
    }

    /// Its declared fields: properties, or the traits of an identify.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Its undeclared fields, each as it came.
    pub fn undeclared(&self) -> impl Iterator<Item = (&str, &str)> {
        let fields = self.extra.iter().flat_map(|extra| &extra.fields);
        fields.map(|(name, raw)| (name.as_str(), raw.get()))
    }

    /// How many of its numbers had more than six digits after the point and were rounded.
    pub fn rounded(&self) -> usize {
        self.rounded
    }

    /// The declaration of a field of this event: a trait of an identify, else a property.
    pub(crate) fn declaration<'s>(&self, schema: &'s Schema, field: &str) -> Option<&'s Field> {
        match self.kind {
            EventKind::Identify => schema.attributes().get(field),
            _ => schema.event_field(&self.name, field),
        }
    }

    /// The parts of the envelope that this crate does not use, each as it came.
    pub fn envelope(&self) -> impl Iterator<Item = (&str, &str)> {
        let parts = self.extra.iter().flat_map(|extra| &extra.envelope);
        parts.map(|(name, raw)| (name.as_str(), raw.get()))
    }

    /// The same event with a part of the envelope that this crate does not use.
    pub(crate) fn with_envelope(mut self, name: &str, part: &impl Serialize) -> Self {
        if let Ok(raw) = serde_json::value::to_raw_value(part) {
            let extra = Arc::make_mut(self.extra.get_or_insert_default());
            extra.envelope.push((name.to_owned(), raw));
        }
        self
    }

    /// The same event with nothing but what is declared.
    pub(crate) fn without_undeclared(mut self) -> Self {
        self.extra = None;
        self
    }
}

impl EventKind {
    /// The name by which rules call events of this kind that bring none of their own.
    pub fn default_name(self) -> &'static str {
        match self {
            Self::Alias => "alias",
            Self::Group => "group",
            Self::Identify => "identify",
            Self::Page => "Page Viewed",
            Self::Screen => "Screen Viewed",
            Self::Track => "track",
        }
    }

    /// The type's word in the envelope.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::Screen => "screen",
            other => other.default_name(),
        }
    }

    /// The part of the envelope that holds the fields.
    fn part(self) -> &'static str {
        match self {
            Self::Group | Self::Identify => "traits",
            _ => "properties",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        let all = [Self::Alias, Self::Group, Self::Identify, Self::Page, Self::Screen, Self::Track];
        all.into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl PartialEq for Event {
    /// Events are equal if their content and their `messageId` are; when they were received, and
    /// how their undeclared fields are spelt, is no part of it.
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest() && self.id() == other.id()
    }
}
