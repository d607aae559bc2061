//! Paths and series against the schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::plan::{AnyOf, Entries, Source};
use super::print::Name;
use super::typing::{Base, Type};
use super::{Expr, Series};
use crate::error::nearest;
use crate::schema::{Field, Schema, Sensitivity, Shape};

/// The names that count while a part of a rule is checked.
#[derive(Clone, Copy, Default)]
pub(super) struct Scope<'s> {
    /// The series whose filter this is, if it is a filter.
    pub(super) series: Option<SeriesScope<'s>>,
}

#[derive(Clone, Copy)]
pub(super) struct SeriesScope<'s> {
    pub(super) event: Option<&'s str>,
    /// The fields of the element that the series is at.
    pub(super) element: Option<&'s BTreeMap<Arc<str>, Field>>,
}

/// What a path leads to.
pub(super) struct Found {
    pub(super) from: Source,
    pub(super) path: Vec<Arc<str>>,
    pub(super) any: Option<AnyOf>,
    pub(super) ty: Type,
}

/// What is wrong with a path.
pub(super) struct Lost {
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Lost {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    fn helped(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// An unknown name, with the nearest of those known.
    pub(super) fn unknown<'a>(
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let lost = Self::new(format!("there is no {what} `{name}`"));
        match nearest(name, known) {
            Some(near) => lost.helped(format!("did you mean `{near}`?")),
            None => lost,
        }
    }
}

/// Where a walk along a path ends.
struct Walk<'s> {
    field: &'s Field,
    /// How many names lead to the list that was passed through, if one was.
    list: Option<usize>,
    /// Whether the walk ends at the elements of a list of values.
    scalar: Base,
    /// Whether it ends at the objects of a list.
    objects: Option<&'s BTreeMap<Arc<str>, Field>>,
}

/// Follows `path` from `field`, which `path[0]` named.
fn walk<'s>(field: &'s Field, path: &[Arc<str>]) -> Result<Walk<'s>, Lost> {
    let (mut field, mut list) = (field, None);
    for (index, name) in path.iter().enumerate().skip(1) {
        let fields = match field.shape() {
            Shape::Object(fields) => fields,
            Shape::ObjectList(fields) if list.is_none() => {
                list = Some(index);
                fields
            }
            Shape::ObjectList(_) => return Err(deep_list(path)),
            shape => {
                let whole = path.get(index - 1).map_or("", |name| name);
                return Err(Lost::new(format!("`{whole}` is {}: it has no fields", shape.kind())));
            }
        };
        readable(field, path)?;
        field = fields
            .get(name)
            .ok_or_else(|| Lost::unknown("field", name, fields.keys().map(|name| &**name)))?;
    }
    readable(field, path)?;
    match field.shape() {
        Shape::Scalar(kind) => Ok(Walk { field, list, scalar: Base::of(*kind), objects: None }),
        Shape::ScalarList(_) | Shape::ObjectList(_) if list.is_some() => Err(deep_list(path)),
        Shape::ScalarList(kind) => {
            Ok(Walk { field, list: Some(path.len()), scalar: Base::of(*kind), objects: None })
        }
        Shape::ObjectList(fields) => {
            Ok(Walk { field, list: Some(path.len()), scalar: Base::Null, objects: Some(fields) })
        }
        Shape::Object(fields) => {
            let lost = Lost::new(format!("`{}` is an object", joined(path)));
            Err(lost.helped(format!("name one of its fields: {}", names(fields))))
        }
    }
}

fn deep_list(path: &[Arc<str>]) -> Lost {
    let lost = Lost::new(format!("`{}` leads through a list within a list", joined(path)));
    lost.helped("let an aggregate go through the outer list and its filter through the inner one")
}

fn readable(field: &Field, path: &[Arc<str>]) -> Result<(), Lost> {
    if field.sensitivity() == Sensitivity::Public {
        return Ok(());
    }
    let lost = Lost::new(format!("`{}` is personal: rules cannot read it", joined(path)));
    Err(lost.helped("it is kept in the vault; the schema says so"))
}

pub(super) fn joined(path: &[Arc<str>]) -> String {
    path.join(".")
}

fn names(fields: &BTreeMap<Arc<str>, Field>) -> String {
    fields.keys().map(|name| &**name).collect::<Vec<_>>().join(", ")
}

/// A top-level field of an event, or of any event.
///
/// A field of `*` must be declared alike wherever it is declared.
fn event_field<'s>(
    schema: &'s Schema,
    event: Option<&str>,
    name: &str,
) -> Result<Option<&'s Field>, Lost> {
    let Some(event) = event else {
        let shapes = schema.events().values();
        let mut fields = shapes.filter_map(|shape| shape.fields().get(name));
        let first = fields.next();
        return match fields.find(|field| Some(*field) != first) {
            Some(_) => Err(Lost::new(format!("`{name}` is not the same in all events"))
                .helped("name the event")),
            None => Ok(first),
        };
    };
    Ok(schema.event_field(event, name))
}

impl Found {
    fn at(from: Source, walk: &Walk<'_>, path: &[Arc<str>]) -> Result<Self, Lost> {
        if walk.objects.is_some() {
            let lost = Lost::new(format!("`{}` is a list of objects", joined(path)));
            return Err(lost.helped("name one of their fields"));
        }
        let ty = walk.scalar.plain();
        let Some(length) = walk.list else {
            return Ok(Self { from, path: path.to_vec(), any: None, ty });
        };
        let (list, element) = path.split_at(length.min(path.len()));
        let any = Some(AnyOf { from, list: list.to_vec() });
        Ok(Self { from: Source::AnyElement, path: element.to_vec(), any, ty })
    }
}

/// Finds what a path of a rule means: in a filter the element's fields come first, then the
/// event's, then the profile's; outside of filters there are only the profile's.
pub(super) fn find(
    schema: &Schema,
    scope: Scope<'_>,
    path: &[Arc<str>],
) -> Result<Option<Found>, Lost> {
    let Some(first) = path.first() else { return Ok(None) };
    if let Some(series) = scope.series {
        if let Some(field) = series.element.and_then(|fields| fields.get(first)) {
            return Found::at(Source::Element, &walk(field, path)?, path).map(Some);
        }
        if let Some(field) = event_field(schema, series.event, first)? {
            return Found::at(Source::Event, &walk(field, path)?, path).map(Some);
        }
    }
    match schema.attributes().get(first) {
        Some(field) => Found::at(Source::Attribute, &walk(field, path)?, path).map(Some),
        None => Ok(None),
    }
}

/// Every name that a path may begin with in this scope.
pub(super) fn known<'s>(schema: &'s Schema, scope: Scope<'s>) -> Vec<&'s str> {
    let mut known: Vec<&str> = Vec::new();
    if let Some(series) = scope.series {
        known.extend(series.element.into_iter().flat_map(BTreeMap::keys).map(|name| &**name));
        let shapes = schema.events().iter().filter(|(name, _)| {
            series.event.is_none_or(|event| event == &***name)
                || &***name == crate::schema::ANY_EVENT
        });
        known.extend(shapes.flat_map(|(_, shape)| shape.fields().keys()).map(|name| &**name));
    }
    known.extend(schema.attributes().keys().map(|name| &**name));
    known
}

/// The series of an event that has this property, as it is written in a rule.
pub(super) fn owner(schema: &Schema, property: &str) -> Option<String> {
    let mut events = schema.events().iter();
    let (event, _) = events.find(|(_, shape)| shape.fields().contains_key(property))?;
    let any = &**event == crate::schema::ANY_EVENT;
    Some(if any { event.to_string() } else { Name(event).to_string() })
}

/// What a series has entries of, and the scope of its filter.
pub(super) struct FoundSeries<'s> {
    pub(super) entries: Entries,
    /// `None` for events and objects, which have no value of their own.
    pub(super) value: Option<Type>,
    /// Where the filter finds the currency of an amount.
    pub(super) currency: Option<Vec<Arc<str>>>,
    pub(super) element: Option<&'s BTreeMap<Arc<str>, Field>>,
}

pub(super) fn find_series<'s>(
    schema: &'s Schema,
    series: &Series,
) -> Result<FoundSeries<'s>, Lost> {
    let path = series.path();
    let Some(first) = path.first() else {
        let entries = Entries::Events;
        return Ok(FoundSeries { entries, value: None, currency: None, element: None });
    };
    let event = series.event().map(|event| &**event);
    let Some(field) = event_field(schema, event, first)? else {
        let scope = Scope { series: Some(SeriesScope { event, element: None }) };
        let mut fields = known(schema, scope);
        fields.retain(|name| !schema.attributes().contains_key(*name));
        let lost = Lost::unknown("property", first, fields);
        let of = event.map_or_else(|| "events".to_owned(), |event| format!("\"{event}\""));
        return Err(Lost { message: format!("{} of {of}", lost.message), ..lost });
    };
    let end = walk(field, path)?;
    let element = match end.list.map(|length| path.split_at(length.min(path.len()))) {
        Some((list, _)) => objects_at(field, list),
        None => None,
    };
    let entries = match end.list {
        None => Entries::Field(path.to_vec()),
        Some(length) => {
            let (list, rest) = path.split_at(length.min(path.len()));
            Entries::Elements(list.to_vec(), rest.to_vec())
        }
    };
    let value = end.objects.is_none().then(|| end.scalar.plain());
    let inside = match &entries {
        Entries::Events => &[][..],
        Entries::Field(path) | Entries::Elements(_, path) => path,
    };
    let beside = inside.iter().rev().skip(1).rev();
    let currency = end.field.currency().map(|name| beside.chain([name]).cloned().collect());
    Ok(FoundSeries { entries, value, currency, element })
}

/// The fields of the objects of the list at the end of a path.
fn objects_at<'s>(field: &'s Field, path: &[Arc<str>]) -> Option<&'s BTreeMap<Arc<str>, Field>> {
    let mut field = field;
    for name in path.iter().skip(1) {
        match field.shape() {
            Shape::Object(fields) => field = fields.get(name)?,
            _ => return None,
        }
    }
    match field.shape() {
        Shape::ObjectList(fields) => Some(fields),
        _ => None,
    }
}

/// The code to which a filter fixes the currency field at this path, as one of its conjuncts:
/// `currency = 'EUR'`.
pub(super) fn fixed_currency(filter: Option<&Expr>, currency: &[Arc<str>]) -> Option<Arc<str>> {
    use super::{Comparison, Literal, Node};
    let conjuncts = match filter?.node() {
        Node::And(parts) => parts.iter().collect(),
        _ => vec![filter?],
    };
    conjuncts.into_iter().find_map(|part| {
        let Node::Compare { left, op: Comparison::Equal, right } = part.node() else { return None };
        let (Node::Path(path), Node::Literal(Literal::Text(code))) = (left.node(), right.node())
        else {
            return None;
        };
        (path == currency).then(|| Arc::clone(code))
    })
}
