//! The events of a store as tables that rules are asked of.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::link::Namespace;
use crate::schema::{EventShape, Field, Schema, Shape};
use crate::segment::pushdown::{Column, List, Table};
use crate::value::Kind;

/// Temporary views of a store's events, of which a set of segments can be asked in PostgreSQL.
///
/// A store keeps what an event tells as JSON. The views have a column for each field that the
/// store's schema declares, and a view of its own for each list. A field that some events declare
/// otherwise than others has none; clauses that name it are asked by the library.
///
/// They are there for the session that runs [`definition`](Self::definition), and read what is
/// committed when they are asked. A person is an identifier: which belong together is nothing that
/// a store keeps.
///
/// What holds of foreign tables holds of them ([the chapter on
/// pushdown](crate::guide::pushdown)): instants of the year 0 are none of PostgreSQL's. Texts with
/// U+0000 or U+0001 are spelt as the store spells them, people's identifiers too.
///
/// ```no_run
/// use bespoke::expr::Names;
/// use bespoke::facts::Timeline;
/// use bespoke::segment::Rule;
/// use bespoke::segment::pushdown::{Dialect, Pushdown};
/// use bespoke::store::{PostgresStore, Store};
/// # async fn example(
/// #     store: PostgresStore,
/// #     client: tokio_postgres::Client,
/// #     schema: bespoke::schema::Schema,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// let views = store.views();
/// client.batch_execute(views.definition()).await?;
///
/// let rule = r#"count("Order Completed" over 90 days) > 2"#;
/// let vip = Rule::parse(rule)?.check(&Names::new(schema.clone()))?;
/// let pushdown = Pushdown::new(views.table().clone(), &schema)?;
/// let query = pushdown.query([("vip", vip)], "2026-03-01T00:00:00Z".parse()?);
/// for row in client.query(query.on(Dialect::Postgres)?.sql(), &[]).await? {
///     let (person, code): (&str, i32) = (row.get(0), row.get(1));
///     let events = match code {
///         1 => store.profile(&person.into()).await?.events,
///         _ => Vec::new(),
///     };
///     let member_of = query.settle(&[code.into()], || Ok(Timeline::of(events, &schema)))?;
///     println!("{person}: {member_of:?}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct EventViews {
    definition: String,
    table: Table,
}

const EVENTS: &str = "bespoke_events";

/// Which event; several profiles may have one of the same `messageId`.
const MESSAGE: &str = "jsonb_build_array(e.profile, e.message)::TEXT AS message";

/// The columns of events that every schema has.
const OWN: &str = "e.profile, e.kind, e.name, e.at, e.known_from";

/// An event's fields. `jsonb` has no U+0000, which is spelt here as elsewhere in the store; no JSON
/// has a bare U+0001, which keeps the place of a backslash.
const FIELDS: &str = r"(CASE WHEN strpos(e.fields, '\u000') = 0 THEN e.fields ELSE
    replace(replace(replace(replace(e.fields, '\\', chr(1)), '\u0001', '\u0001\u0002'),
        '\u0000', '\u0001\u0001'), chr(1), '\\') END)::JSONB";

impl EventViews {
    /// Statements that make the views, or make them again.
    pub fn definition(&self) -> &str {
        &self.definition
    }

    /// The contract by which rules are asked of them.
    pub fn table(&self) -> &Table {
        &self.table
    }

    pub(super) fn new(namespace: &Namespace, schema: &Schema) -> Self {
        let events = format!("{}.events e", namespace.as_str());
        let table = Table::new(EVENTS, "profile", "name", Column::epoch_micros("at"))
            .message_id("message")
            .kind("kind")
            .received(Column::epoch_micros("known_from"));
        let draft = Draft {
            events,
            view: View::of(&format!("{MESSAGE}, {OWN}")),
            lists: String::new(),
            table,
        };
        let properties = properties(schema).into_iter();
        let properties = properties.flat_map(|(name, field)| leaves(name, field));
        let draft = properties.fold(draft, |draft, (path, shape)| draft.property(path, shape));
        let attributes = schema.attributes().iter();
        let draft = attributes.clone().fold(draft, |draft, (name, _)| draft.told(name));
        let attributes = attributes.flat_map(|(name, field)| leaves(name, field));
        attributes.fold(draft, |draft, (path, shape)| draft.attribute(path, shape)).finish()
    }
}

/// The views, as they get one column after the other.
struct Draft {
    /// The store's table.
    events: String,
    view: View,
    /// The definitions of the lists' views.
    lists: String,
    table: Table,
}

impl Draft {
    fn property(mut self, path: Path, shape: &Shape) -> Self {
        match shape {
            Shape::Scalar(kind) => {
                let column = self.view.add(&value(FIELDS, &path, *kind), *kind);
                Self { table: self.table.property(path, column), ..self }
            }
            Shape::ScalarList(kind) => self.list(path, vec![(Path::new(), *kind)], "TRUE"),
            Shape::ObjectList(fields) => {
                self.list(path, scalars(fields), "jsonb_typeof(element) = 'object'")
            }
            Shape::Object(_) => self,
        }
    }

    fn attribute(mut self, path: Path, shape: &Shape) -> Self {
        let Shape::Scalar(kind) = shape else { return self };
        let column = self.view.add(&value(FIELDS, &path, *kind), *kind);
        Self { table: self.table.attribute(path, column), ..self }
    }

    fn told(mut self, name: &Arc<str>) -> Self {
        let told = self.view.name(&format!("{FIELDS} ? {}", quoted(name)));
        Self { table: self.table.told(Arc::clone(name), told), ..self }
    }

    /// A list of the elements of which a condition holds.
    fn list(mut self, path: Path, fields: Vec<(Path, Kind)>, condition: &str) -> Self {
        let list = format!("{FIELDS} #> {}", keys(&path));
        let array = format!("CASE jsonb_typeof({list}) WHEN 'array' THEN {list} END");
        let present = self.view.name(&format!("({array}) IS NOT NULL"));
        let name = format!("{EVENTS}_{present}");
        let mut view = View::of(MESSAGE);
        let mut elements = List::new(name.as_str(), "message").present(present);
        for (path, kind) in fields {
            let column = view.add(&value("element", &path, kind), kind);
            elements = elements.field(path, column);
        }
        let events = &self.events;
        let from = format!("{events}, jsonb_array_elements({array}) AS element WHERE {condition}");
        let lists = self.lists + &view.definition(&name, &from);
        Self { lists, table: self.table.list(path, elements), ..self }
    }

    fn finish(self) -> EventViews {
        let definition = self.view.definition(EVENTS, &self.events) + &self.lists;
        EventViews { definition, table: self.table }
    }
}

/// The columns of a view.
struct View(Vec<String>);

impl View {
    fn of(columns: &str) -> Self {
        Self(vec![columns.to_owned()])
    }

    /// Adds a column of a kind of values.
    fn add(&mut self, value: &str, kind: Kind) -> Column {
        let name = self.name(value);
        match kind {
            Kind::Boolean => Column::boolean(name),
            Kind::Instant => Column::timestamp(name),
            Kind::Number => Column::decimal(name),
            _ => Column::text(name),
        }
    }

    /// Adds a column, and gives it a name.
    fn name(&mut self, value: &str) -> String {
        let name = format!("column_{}", self.0.len());
        self.0.push(format!("{value} AS {name}"));
        name
    }

    fn definition(&self, name: &str, from: &str) -> String {
        let columns = self.0.join(",\n    ");
        format!(
            "DROP VIEW IF EXISTS pg_temp.{name};\n\
             CREATE TEMPORARY VIEW {name} AS\n  SELECT {columns}\n  FROM {from};\n"
        )
    }
}

type Path = Vec<Arc<str>>;

/// The fields of events, without those that some declare otherwise than others.
fn properties(schema: &Schema) -> BTreeMap<&Arc<str>, &Field> {
    let fields = || schema.events().values().flat_map(EventShape::fields);
    let alike = |(name, field): &(&Arc<str>, &Field)| {
        fields().all(|(other, its)| other != *name || its.shape() == field.shape())
    };
    fields().filter(alike).collect()
}

/// What a field leads to through objects.
fn leaves<'s>(name: &Arc<str>, field: &'s Field) -> Vec<(Path, &'s Shape)> {
    let Shape::Object(fields) = field.shape() else {
        return vec![(vec![Arc::clone(name)], field.shape())];
    };
    let below = fields.iter().flat_map(|(name, field)| leaves(name, field));
    below
        .map(|(path, shape)| ([Arc::clone(name)].into_iter().chain(path).collect(), shape))
        .collect()
}

fn scalars(fields: &BTreeMap<Arc<str>, Field>) -> Vec<(Path, Kind)> {
    let leaves = fields.iter().flat_map(|(name, field)| leaves(name, field));
    let scalars = leaves.filter_map(|(path, shape)| match shape {
        Shape::Scalar(kind) => Some((path, *kind)),
        _ => None,
    });
    scalars.collect()
}

/// The value of a kind at a path through JSON; NULL if there is none, or another.
fn value(json: &str, path: &[Arc<str>], kind: Kind) -> String {
    let (held, ty) = match kind {
        Kind::Boolean => ("boolean", "BOOLEAN"),
        Kind::Instant => ("string", "TIMESTAMP"),
        Kind::Number => ("number", "NUMERIC"),
        _ => ("string", "TEXT"),
    };
    let path = keys(path);
    format!("CASE jsonb_typeof({json} #> {path}) WHEN '{held}' THEN ({json} #>> {path})::{ty} END")
}

/// A path as PostgreSQL's operators on JSON take it.
fn keys(path: &[Arc<str>]) -> String {
    let names: Vec<String> = path.iter().map(|name| quoted(name)).collect();
    format!("ARRAY[{}]::TEXT[]", names.join(", "))
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
