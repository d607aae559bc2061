//! Events as tables: which columns there are, and what each row holds.
//!
//! Every engine gets the same tables, each list being a table of its elements. Whether numbers and
//! instants have types of their own or are whole numbers is up to the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bespoke::event::{Event, EventKind};
use bespoke::schema::{Field, Schema, Shape};
use bespoke::segment::pushdown::{Column, List, Table};
use bespoke::time::Timestamp;
use bespoke::value::{Fields, Kind, Value};

/// The table of events.
pub(crate) const EVENTS: &str = "events";

/// The columns that every table of events has here.
const OWN: [(&str, Kind); 7] = [
    ("person", Kind::Text),
    ("message_id", Kind::Text),
    ("kind", Kind::Text),
    ("event", Kind::Text),
    ("at", Kind::Instant),
    ("received", Kind::Instant),
    ("known_until", Kind::Instant),
];

/// How numbers and instants are stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Stored {
    /// As decimals and timestamps.
    Typed,
    /// As whole millionths and whole microseconds.
    Whole,
}

/// A value in a row.
#[derive(Clone, Debug)]
pub(crate) enum Cell {
    Boolean(bool),
    /// The microseconds of an instant, or the millionths of a number.
    Integer(i64),
    Null,
    Text(Arc<str>),
}

/// A table with its rows.
pub(crate) struct Filled {
    pub(crate) name: String,
    pub(crate) columns: Vec<(String, Kind)>,
    pub(crate) rows: Vec<Vec<Cell>>,
}

/// What events of a schema look like in tables.
pub(crate) struct Layout {
    stored: Stored,
    properties: Vec<Property>,
    attributes: Vec<(Path, Kind, String)>,
    told: Vec<(Arc<str>, String)>,
    lists: Vec<Elements>,
}

type Path = Vec<Arc<str>>;

/// The column of a property; without an event, of all events.
struct Property {
    event: Option<Arc<str>>,
    path: Path,
    kind: Kind,
    column: String,
}

/// The table of a list's elements.
struct Elements {
    event: Option<Arc<str>>,
    path: Path,
    /// The fields of an element; of a list of values there is one, of no name.
    fields: Vec<(Path, Kind, String)>,
    table: String,
}

/// What a path leads to that is no object.
#[derive(Clone, Eq, PartialEq)]
enum End {
    List(Vec<(Path, Kind)>),
    Value(Kind),
}

impl Layout {
    pub(crate) fn new(schema: &Schema, stored: Stored) -> Self {
        let mut properties = Vec::new();
        let mut lists = Vec::new();
        for (event, path, end) in places(schema) {
            match end {
                End::Value(kind) => {
                    let column = format!("property_{}{}", properties.len(), word(&path));
                    properties.push(Property { event, path, kind, column });
                }
                End::List(fields) => {
                    let table = format!("list_{}{}", lists.len(), word(&path));
                    let fields = fields.into_iter().enumerate().map(|(number, (path, kind))| {
                        let column = format!("field_{number}{}", word(&path));
                        (path, kind, column)
                    });
                    lists.push(Elements { event, path, fields: fields.collect(), table });
                }
            }
        }
        let ends = schema.attributes().iter().flat_map(|(name, field)| ends(name, field));
        let attributes = ends.enumerate().filter_map(|(number, (path, end))| match end {
            End::Value(kind) => {
                let column = format!("trait_{number}{}", word(&path));
                Some((path, kind, column))
            }
            End::List(_) => None,
        });
        let names = schema.attributes().keys().enumerate();
        let told = names.map(|(number, name)| (Arc::clone(name), format!("told_{number}")));
        let (attributes, told) = (attributes.collect(), told.collect());
        Self { stored, properties, attributes, told, lists }
    }

    /// The contract by which rules are asked of these tables.
    pub(crate) fn table(&self) -> Table {
        let instants = |name| self.stored.column(name, Kind::Instant);
        let mut table = Table::new(EVENTS, "person", "event", instants("at"))
            .message_id("message_id")
            .kind("kind")
            .received(instants("received"))
            .known_until(instants("known_until"));
        for Property { event, path, kind, column } in &self.properties {
            let (path, column) = (path.clone(), self.stored.column(column, *kind));
            table = match event {
                Some(event) => table.property_of(Arc::clone(event), path, column),
                None => table.property(path, column),
            };
        }
        for (path, kind, column) in &self.attributes {
            table = table.attribute(path.clone(), self.stored.column(column, *kind));
        }
        for (name, column) in &self.told {
            table = table.told(Arc::clone(name), column.as_str());
        }
        for elements in &self.lists {
            let (path, list) = (elements.path.clone(), elements.list(self.stored));
            table = match &elements.event {
                Some(event) => table.list_of(Arc::clone(event), path, list),
                None => table.list(path, list),
            };
        }
        table
    }

    /// The tables with these events, each with the instant of its retraction: that of events first.
    pub(crate) fn fill(&self, events: &[(&Event, Option<Timestamp>)]) -> Vec<Filled> {
        let rows = events.iter().filter_map(|(event, until)| self.row(event, *until));
        let mut tables =
            vec![Filled { name: EVENTS.to_owned(), columns: self.columns(), rows: rows.collect() }];
        tables.extend(self.lists.iter().map(|list| Filled {
            name: list.table.clone(),
            columns: list.columns(),
            rows: events.iter().flat_map(|(event, _)| list.rows(event)).collect(),
        }));
        tables
    }

    fn columns(&self) -> Vec<(String, Kind)> {
        let own = OWN.map(|(name, ty)| (name.to_owned(), ty)).into_iter();
        let properties = self.properties.iter().map(|p| (p.column.clone(), p.kind));
        let attributes = self.attributes.iter().map(|(_, kind, name)| (name.clone(), *kind));
        let told = self.told.iter().map(|(_, name)| (name.clone(), Kind::Boolean));
        let lists = self.lists.iter().map(|list| (list.present(), Kind::Boolean));
        own.chain(properties).chain(attributes).chain(told).chain(lists).collect()
    }

    /// An event's row; what is nobody's has none.
    fn row(&self, event: &Event, until: Option<Timestamp>) -> Option<Vec<Cell>> {
        let person = event.person()?;
        let text = |text: &str| Cell::Text(text.into());
        let instant = |at: Timestamp| Cell::Integer(at.micros());
        let (kind, name) = (event.kind().to_string(), event.name());
        let (at, known) = (instant(event.at()), instant(event.known_from()));
        let id = text(event.id().as_str());
        let until = until.map_or(Cell::Null, instant);
        let mut row = vec![text(person.as_str()), id, text(&kind), text(name), at, known, until];
        let of_person = event.kind() == EventKind::Identify;
        let none = Fields::default();
        let (traits, properties) =
            if of_person { (event.fields(), &none) } else { (&none, event.fields()) };
        row.extend(self.properties.iter().map(|property| {
            let own = property.event.as_ref().is_none_or(|own| own == name);
            cell(find(properties, &property.path).filter(|_| own), property.kind)
        }));
        let attributes = self.attributes.iter();
        row.extend(attributes.map(|(path, kind, _)| cell(find(traits, path), *kind)));
        let told = self.told.iter();
        row.extend(told.map(|(name, _)| Cell::Boolean(traits.get(name).is_some())));
        row.extend(self.lists.iter().map(|list| Cell::Boolean(list.of(event).is_some())));
        Some(row)
    }
}

impl Elements {
    fn list(&self, stored: Stored) -> List {
        let list = List::new(self.table.as_str(), "message_id").present(self.present());
        self.fields.iter().fold(list, |list, (path, kind, column)| {
            list.field(path.clone(), stored.column(column, *kind))
        })
    }

    /// The column that says whether an event has the list.
    fn present(&self) -> String {
        format!("has_{}", self.table)
    }

    fn columns(&self) -> Vec<(String, Kind)> {
        let fields = self.fields.iter().map(|(_, kind, name)| (name.clone(), *kind));
        [("message_id".to_owned(), Kind::Text)].into_iter().chain(fields).collect()
    }

    /// An event's list.
    fn of<'e>(&self, event: &'e Event) -> Option<&'e [Value]> {
        let own = self.event.as_ref().is_none_or(|own| own == event.name());
        let fields = Some(event.fields()).filter(|_| own && event.kind() != EventKind::Identify)?;
        find(fields, &self.path)?.as_list()
    }

    fn rows(&self, event: &Event) -> Vec<Vec<Cell>> {
        let elements = self.of(event).unwrap_or_default();
        let id = || Cell::Text(event.id().as_str().into());
        let row = |element: &Value| {
            let cells = self.fields.iter().map(|(path, kind, _)| {
                let value = match element {
                    Value::Object(fields) => find(fields, path),
                    value => Some(value).filter(|_| path.is_empty()),
                };
                cell(value, *kind)
            });
            [id()].into_iter().chain(cells).collect()
        };
        elements.iter().map(row).collect()
    }
}

/// Every property with its place: of all events, if all that declare it declare it alike.
fn places(schema: &Schema) -> Vec<(Option<Arc<str>>, Path, End)> {
    let mut declared: BTreeMap<Path, Vec<(&Arc<str>, End)>> = BTreeMap::new();
    for (event, shape) in schema.events() {
        for (path, end) in shape.fields().iter().flat_map(|(name, field)| ends(name, field)) {
            declared.entry(path).or_default().push((event, end));
        }
    }
    let mut places = Vec::new();
    for (path, events) in declared {
        let alike = events.iter().all(|(_, end)| events.first().is_some_and(|(_, one)| one == end));
        let mut seen = BTreeSet::new();
        for (event, end) in events {
            let of_all = alike || **event == *bespoke::schema::ANY_EVENT;
            let event = (!of_all).then(|| Arc::clone(event));
            if seen.insert(event.clone()) {
                places.push((event, path.clone(), end));
            }
        }
    }
    places
}

/// The values and lists that a field leads to through objects.
fn ends(name: &Arc<str>, field: &Field) -> Vec<(Path, End)> {
    let inside = |fields: &BTreeMap<Arc<str>, Field>| {
        fields.iter().flat_map(|(name, field)| ends(name, field)).collect::<Vec<_>>()
    };
    match field.shape() {
        Shape::Object(fields) => {
            let within = |(path, end)| ([Arc::clone(name)].into_iter().chain(path).collect(), end);
            inside(fields).into_iter().map(within).collect()
        }
        Shape::ObjectList(fields) => {
            let values = inside(fields).into_iter().filter_map(|(path, end)| match end {
                End::Value(kind) => Some((path, kind)),
                End::List(_) => None,
            });
            vec![(vec![Arc::clone(name)], End::List(values.collect()))]
        }
        Shape::Scalar(kind) => vec![(vec![Arc::clone(name)], End::Value(*kind))],
        Shape::ScalarList(kind) => {
            vec![(vec![Arc::clone(name)], End::List(vec![(Vec::new(), *kind)]))]
        }
        _ => Vec::new(),
    }
}

fn find<'v>(fields: &'v Fields, path: &[Arc<str>]) -> Option<&'v Value> {
    let (name, rest) = path.split_first()?;
    let step = |value: &'v Value, name: &Arc<str>| value.as_object()?.get(name);
    rest.iter().try_fold(fields.get(name)?, step)
}

fn cell(value: Option<&Value>, kind: Kind) -> Cell {
    match value.filter(|value| value.kind() == kind || kind == Kind::Null) {
        Some(Value::Boolean(truth)) => Cell::Boolean(*truth),
        Some(Value::Instant(at)) => Cell::Integer(at.micros()),
        Some(Value::Number(number)) => Cell::Integer(number.micros()),
        Some(Value::Text(text)) => Cell::Text(Arc::clone(text)),
        _ => Cell::Null,
    }
}

impl Stored {
    fn column(self, name: &str, kind: Kind) -> Column {
        match (kind, self) {
            (Kind::Boolean, _) => Column::boolean(name),
            (Kind::Instant, Self::Typed) => Column::timestamp(name),
            (Kind::Instant, Self::Whole) => Column::epoch_micros(name),
            (Kind::Number, Self::Typed) => Column::decimal(name),
            (Kind::Number, Self::Whole) => Column::scaled(name, 6),
            _ => Column::text(name),
        }
    }
}

/// The letters of a name that every engine takes in a column's.
fn word(path: &[Arc<str>]) -> String {
    let letters = |name: &Arc<str>| {
        let plain = name.chars().filter(char::is_ascii_alphanumeric);
        format!("_{}", plain.collect::<String>().to_ascii_lowercase())
    };
    path.iter().map(letters).collect()
}
