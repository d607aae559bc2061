//! What a template can read.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use minijinja::Value as Jinja;
use minijinja::value::{Enumerator, Object, ObjectRepr};

use super::Rendered;
use super::piece::Format;
use crate::metric::Measure;
use crate::place::Near;
use crate::privacy::Personal;
use crate::value::{Decimal, Fields, Value};

/// The values that a template reads for one person.
///
/// A trait or metric of which nothing is known is left out, so that printing it is an error and
/// `default` works.
#[derive(Clone, Debug, Default)]
pub struct Context {
    roots: BTreeMap<&'static str, Jinja>,
    blocks: Vec<(Arc<str>, Rendered)>,
    /// The variant of each block.
    choices: BTreeMap<Arc<str>, Arc<str>>,
    /// What was fetched, by its source.
    fetched: BTreeMap<Arc<str>, Jinja>,
}

impl Context {
    /// A context of a person's traits and, where the host has fetched them, their personal ones.
    pub fn new(profile: &Fields, personal: Option<&Personal>) -> Self {
        let personal = personal.into_iter().flat_map(Personal::attributes);
        let traits = profile.iter().chain(personal).filter(|(_, value)| !value.is_null());
        let traits = traits.map(|(name, value)| (Arc::clone(name), value.clone()));
        Self::default().root("profile", &traits.collect())
    }

    /// The same context with metrics.
    #[must_use]
    pub fn metrics<'a>(
        mut self,
        metrics: impl IntoIterator<Item = (&'a Arc<str>, &'a Measure)>,
    ) -> Self {
        let metrics = metrics.into_iter().filter(|(_, measure)| **measure != Measure::Null);
        let metrics = metrics.map(|(name, measure)| (&**name, measured(measure)));
        self.roots.insert("metrics", Jinja::from_pairs(metrics));
        self
    }

    /// The same context with memberships.
    #[must_use]
    pub fn segments<'a>(
        mut self,
        segments: impl IntoIterator<Item = (&'a Arc<str>, bool)>,
    ) -> Self {
        let segments = segments.into_iter().map(|(name, member)| (&**name, Jinja::from(member)));
        self.roots.insert("segments", Jinja::from_pairs(segments));
        self
    }

    /// The same context with what the host gives.
    #[must_use]
    pub fn given(self, given: &Fields) -> Self {
        self.root("given", given)
    }

    /// The same context with the variant that was chosen of a block.
    #[must_use]
    pub fn choice(mut self, block: Arc<str>, variant: Arc<str>) -> Self {
        self.choices.insert(block, variant);
        self
    }

    /// The same context with values below a root.
    #[must_use]
    pub(crate) fn root(mut self, root: &'static str, fields: &Fields) -> Self {
        self.roots.insert(root, Jinja::from_object(Record(fields.clone())));
        self
    }

    /// Which language the person reads: as the context says, else as a trait does.
    pub(super) fn reads(&self, attribute: Option<&str>) -> Option<String> {
        let said = self.roots.get("locale").cloned();
        let told = || self.roots.get("profile")?.get_attr(attribute?).ok();
        let locale = said.or_else(told)?;
        locale.as_str().map(str::to_owned)
    }

    /// The variants of these blocks.
    pub(super) fn choices(&self, blocks: &BTreeSet<String>) -> BTreeMap<Arc<str>, Arc<str>> {
        let of = |block: &String| self.choices.get_key_value(block.as_str());
        let found = blocks.iter().filter_map(of);
        found.map(|(block, variant)| (Arc::clone(block), Arc::clone(variant))).collect()
    }

    /// The same context with the place near by; without one what is read of it is missing.
    #[must_use]
    pub fn place(mut self, near: Option<&Near>) -> Self {
        let known = near.map_or(Jinja::UNDEFINED, |near| {
            let region = near.place.region.as_deref().map(|region| ("region", Jinja::from(region)));
            let distance = near.distance_km.map(|km| ("distance_km", Jinja::from(km)));
            let name = ("name", Jinja::from(&*near.place.name));
            Jinja::from_pairs([Some(name), region, distance].into_iter().flatten())
        });
        self.roots.insert("place", known);
        self
    }

    /// The same context with what was fetched from a source.
    #[must_use]
    pub fn fetched(mut self, source: &str, content: &Fields) -> Self {
        self.fetched.insert(source.into(), Jinja::from_object(Record(content.clone())));
        self
    }

    /// The same context with the language and region that values are written for, as BCP 47 has
    /// them: `de-CH`.
    #[must_use]
    pub fn locale(mut self, locale: &str) -> Self {
        self.roots.insert("locale", Jinja::from(locale));
        self
    }

    /// The same context with a block that was rendered in it.
    #[must_use]
    pub fn block(mut self, name: Arc<str>, rendered: Rendered) -> Self {
        self.blocks.push((name, rendered));
        self
    }

    /// What the parts of a message read.
    pub(super) fn values(&self) -> Values {
        let html = self.of(Format::Html);
        let text = if self.blocks.is_empty() { html.clone() } else { self.of(Format::Text) };
        Values { html, text }
    }

    fn of(&self, format: Format) -> Jinja {
        let blocks = self.blocks.iter().map(|(name, rendered)| {
            let block = match format {
                Format::Html => Jinja::from_safe_string(rendered.html.clone()),
                Format::Text => Jinja::from(rendered.text.as_str()),
            };
            (&**name, block)
        });
        let blocks = ("blocks", Jinja::from_pairs(blocks));
        let choices =
            self.choices.iter().map(|(block, variant)| (&**block, Jinja::from(&**variant)));
        let choices = ("choice", Jinja::from_pairs(choices));
        let fetched = self.fetched.iter().map(|(source, content)| (&**source, content.clone()));
        let fetched = ("fetched", Jinja::from_pairs(fetched));
        let roots = self.roots.iter().map(|(name, value)| (*name, value.clone()));
        Jinja::from_object(Roots(roots.chain([blocks, choices, fetched]).collect()))
    }
}

/// A context as the engine has it, made once for all parts of a message; only blocks differ.
pub(super) struct Values {
    html: Jinja,
    text: Jinja,
}

impl Values {
    pub(super) fn of(&self, format: Format) -> Jinja {
        match format {
            Format::Html => self.html.clone(),
            Format::Text => self.text.clone(),
        }
    }
}

/// Numbers below this many millionths have at most 15 digits, and binary floating point keeps so many.
const DIGITS: u64 = 1_000_000_000_000_000;

fn jinja(value: &Value) -> Jinja {
    match value {
        Value::Boolean(value) => Jinja::from(*value),
        Value::Instant(at) => Jinja::from(at.to_string()),
        Value::List(elements) => Jinja::from_object(Elements(Arc::clone(elements))),
        Value::Null => Jinja::UNDEFINED,
        Value::Number(value) => number(*value),
        Value::Object(fields) => Jinja::from_object(Record(fields.clone())),
        Value::Text(text) => Jinja::from(Arc::clone(text)),
    }
}

/// A number that a template can compare and print: whole ones as integers, others as binary
/// floating point where its text has the same digits, else as text.
fn number(value: Decimal) -> Jinja {
    if value.is_whole() {
        return Jinja::from(value.micros() / Decimal::SCALE);
    }
    if value.micros().unsigned_abs() < DIGITS {
        return Jinja::from(value.to_f64());
    }
    let (float, text) = (value.to_f64(), value.to_string());
    if float.to_string() == text { Jinja::from(float) } else { Jinja::from(text) }
}

/// What stands at the top: few names, found faster by looking at each than in a map of values.
#[derive(Debug)]
struct Roots(Vec<(&'static str, Jinja)>);

impl Object for Roots {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Jinja> {
        let found = self.0.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| value.clone())
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(name, _)| Jinja::from(*name)).collect())
    }
}

/// Fields that are turned into the engine's values when they are read, and not before: most of what
/// a host gives is the same for everybody.
#[derive(Debug)]
struct Record(Fields);

impl Object for Record {
    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<Jinja> {
        self.0.get(key).map(jinja)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.iter().map(|(name, _)| Jinja::from(&**name)).collect())
    }
}

/// Elements that are turned into the engine's values one by one: whatever a template does with a
/// list, a step of it costs no more than an element.
#[derive(Debug)]
struct Elements(Arc<[Value]>);

impl Object for Elements {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Seq
    }

    fn get_value(self: &Arc<Self>, key: &Jinja) -> Option<Jinja> {
        self.0.get(key.as_usize()?).map(jinja)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Seq(self.0.len())
    }
}

fn measured(measure: &Measure) -> Jinja {
    match measure {
        Measure::Boolean(value) => Jinja::from(*value),
        Measure::Number(value) => match value.round() {
            Some(decimal) => number(decimal),
            None => Jinja::from(value.to_string()),
        },
        Measure::Text(text) => Jinja::from(&**text),
        Measure::Null => Jinja::UNDEFINED,
        other => Jinja::from(other.to_string()),
    }
}
