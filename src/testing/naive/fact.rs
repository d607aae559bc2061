//! Facts as they were told, one by one.

use std::sync::Arc;

use crate::time::Timestamp;
use crate::value::{Fields, Value};

/// Something that happened, or traits that were told.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Fact {
    /// The event's name; `None` where traits were told.
    pub event: Option<Arc<str>>,
    /// When it happened.
    pub at: Timestamp,
    /// Since when it is known.
    pub known_from: Timestamp,
    /// From when on it is retracted.
    pub known_until: Timestamp,
    /// The event's properties, or the traits.
    pub fields: Fields,
}

impl Fact {
    /// An event, known when it happened and never retracted.
    pub fn event(name: impl Into<Arc<str>>, at: Timestamp) -> Self {
        Self { event: Some(name.into()), ..Self::traits(at) }
    }

    /// Traits, known when they were told and never retracted.
    pub fn traits(at: Timestamp) -> Self {
        let (known_until, fields) = (Timestamp::MAX, Fields::default());
        Self { event: None, at, known_from: at, known_until, fields }
    }

    /// The same fact with one more field.
    #[must_use]
    pub fn with(self, name: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        Self { fields: self.fields.with(name, value.into()), ..self }
    }

    /// The same fact, known since another instant.
    #[must_use]
    pub fn known_from(self, known_from: Timestamp) -> Self {
        Self { known_from, ..self }
    }

    /// The same fact, retracted at an instant.
    #[must_use]
    pub fn known_until(self, known_until: Timestamp) -> Self {
        Self { known_until, ..self }
    }
}
