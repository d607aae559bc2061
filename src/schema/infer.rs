//! A schema written from what a file holds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::value::RawValue;

use super::read::{Raw, RawObject, scalar};
use super::{ANY_EVENT, Field, Schema, Shape};
use crate::time::Timestamp;
use crate::value::Kind;

/// Looks at every value of a file and says what its fields hold.
///
/// A field is a number if each of its values matches `-?(0|[1-9]\d{0,11})(\.\d+)?`, a boolean if
/// each is `true` or `false`, an instant if each is one ([`Timestamp`]), else a text. Empty values
/// and nulls say nothing; a field that has no others is of kind null, which fits every rule.
/// Objects become objects, lists become lists; a field that is now a list and now a text is a text.
///
/// ```
/// use bespoke::schema::{Inference, Raw};
///
/// let mut inference = Inference::new();
/// inference.event("Order Completed");
/// inference.event_field("revenue", Raw::Text("12.50"));
/// inference.event_field("coupon", Raw::Text("007"));
/// assert_eq!(inference.finish().to_toml(), "\
/// open = true
///
/// [events.\"*\".fields]
/// coupon = \"text\"
/// revenue = \"number\"
///
/// [events.\"Order Completed\"]
/// ");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Inference {
    attributes: BTreeMap<Arc<str>, Seen>,
    fields: BTreeMap<Arc<str>, Seen>,
    events: BTreeSet<Arc<str>>,
}

/// What was seen of one field.
#[derive(Clone, Debug, Default)]
struct Seen {
    scalars: Scalars,
    objects: bool,
    lists: bool,
    /// Lists within lists are left undeclared.
    deep: bool,
    elements: Scalars,
    fields: BTreeMap<Arc<str>, Self>,
}

/// Whether there was any value, and the kinds that not every value was of.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four answers that do not depend on each other")]
struct Scalars {
    any: bool,
    no_number: bool,
    no_boolean: bool,
    no_instant: bool,
}

/// How deep objects may stand in one another; what is deeper is left undeclared.
const DEPTH: usize = 8;

impl Inference {
    /// An inference that has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sees an event of this name.
    pub fn event(&mut self, name: &str) {
        if !self.events.contains(name) {
            self.events.insert(name.into());
        }
    }

    /// Sees a value of a field that events have.
    pub fn event_field(&mut self, name: &str, raw: Raw<'_>) {
        entry(&mut self.fields, name).see(raw, DEPTH);
    }

    /// Sees a value of a trait.
    pub fn attribute(&mut self, name: &str, raw: Raw<'_>) {
        entry(&mut self.attributes, name).see(raw, DEPTH);
    }

    /// The schema of what was seen: fields belong to all events, since a file does not say which
    /// event may have which, and other events are let through with a warning.
    pub fn finish(&self) -> Schema {
        let declared = |fields: &BTreeMap<Arc<str>, Seen>| {
            let fields = fields.iter();
            fields.filter_map(|(name, seen)| Some((Arc::clone(name), seen.field()?))).collect()
        };
        let mut schema = Schema::new().open();
        schema.attributes = declared(&self.attributes);
        for name in &self.events {
            schema = schema.event(Arc::clone(name), [] as [(Arc<str>, Field); 0]);
        }
        let fields: BTreeMap<Arc<str>, Field> = declared(&self.fields);
        if fields.is_empty() { schema } else { schema.event(ANY_EVENT, fields) }
    }
}

fn entry<'a>(fields: &'a mut BTreeMap<Arc<str>, Seen>, name: &str) -> &'a mut Seen {
    if !fields.contains_key(name) {
        fields.insert(name.into(), Seen::default());
    }
    fields.entry(name.into()).or_default()
}

impl Seen {
    fn see(&mut self, raw: Raw<'_>, depth: usize) {
        match raw {
            Raw::Json(json) if json.get().starts_with('{') => self.see_object(json, depth),
            Raw::Json(json) if json.get().starts_with('[') => self.see_list(json, depth),
            raw => self.scalars.see(raw),
        }
    }

    fn see_object(&mut self, json: &RawValue, depth: usize) {
        self.objects = true;
        let (Some(depth), Ok(object)) =
            (depth.checked_sub(1), serde_json::from_str::<RawObject<'_>>(json.get()))
        else {
            self.deep = true;
            return;
        };
        for (name, raw) in object.0 {
            entry(&mut self.fields, &name).see(Raw::Json(raw), depth);
        }
    }

    fn see_list(&mut self, json: &RawValue, depth: usize) {
        self.lists = true;
        let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(json.get()) else { return };
        for element in elements {
            match element.get().as_bytes().first() {
                Some(b'[') => self.deep = true,
                Some(b'{') => {
                    // A list of objects is no object.
                    let objects = self.objects;
                    self.see_object(element, depth);
                    self.objects = objects;
                }
                _ => self.elements.see(Raw::Json(element)),
            }
        }
    }

    fn field(&self) -> Option<Field> {
        if self.deep {
            return None;
        }
        let fields = || {
            let fields = self.fields.iter();
            fields.filter_map(|(name, seen)| Some((Arc::clone(name), seen.field()?))).collect()
        };
        let shape = match (self.scalars.any, self.objects, self.lists) {
            (false, true, false) => Shape::Object(fields()),
            (false, false, true) if self.fields.is_empty() => {
                Shape::ScalarList(self.elements.kind())
            }
            (false, false, true) if !self.elements.any => Shape::ObjectList(fields()),
            (_, false, false) => Shape::Scalar(self.scalars.kind()),
            _ => Shape::Scalar(Kind::Text),
        };
        Some(Field::new(shape))
    }
}

impl Scalars {
    fn see(&mut self, raw: Raw<'_>) {
        let Some(text) = scalar(raw) else { return };
        self.any = true;
        self.no_number |= !is_number(&text);
        self.no_boolean |= !matches!(&*text, "true" | "false");
        self.no_instant = self.no_instant || text.parse::<Timestamp>().is_err();
    }

    fn kind(self) -> Kind {
        match self {
            Self { any: false, .. } => Kind::Null,
            Self { no_number: false, .. } => Kind::Number,
            Self { no_boolean: false, .. } => Kind::Boolean,
            Self { no_instant: false, .. } => Kind::Instant,
            _ => Kind::Text,
        }
    }
}

/// Whether the text matches `-?(0|[1-9]\d{0,11})(\.\d+)?`.
fn is_number(text: &str) -> bool {
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let body = text.strip_prefix('-').unwrap_or(text);
    let (whole, decimals) = body.split_once('.').unwrap_or((body, "0"));
    let no_leading_zero = whole == "0" || !whole.starts_with('0');
    all_digits(whole) && all_digits(decimals) && no_leading_zero && whole.len() <= 12
}
