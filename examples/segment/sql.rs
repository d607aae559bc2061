//! Answers of engines that are given the file's events as tables; and the SQL of others.

use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::segment::Segment;
use bespoke::segment::pushdown::{Dialect, Pushdown, Query, Statement};
use bespoke::time::Timestamp;
use serde_json::{Value, json};

use crate::Fault;
use crate::database;
use crate::engine::{Base, Members};
use crate::tables::{Cell, Filled, Layout, Stored};

/// What a query finds: people, and a code for each segment.
pub(crate) type Found = Vec<(ProfileId, Vec<i64>)>;

/// Who is a member, by what an engine finds in the tables that it is given.
pub(crate) fn members(
    segment: &Segment,
    base: &Base<'_>,
    dialect: Dialect,
    found: impl FnOnce(&[Filled], &str) -> Result<Found, Fault>,
) -> Result<Members, Fault> {
    let layout = layout(dialect, base);
    let query = query(&layout, segment, base)?;
    let statement = query.on(dialect).map_err(|error| error.to_string())?;
    let rows = found(&layout.fill(&events(base)), statement.sql())?;
    finish(&query, rows, segment, base)
}

/// The members, from what an engine found.
pub(crate) fn finish(
    query: &Query,
    rows: Found,
    segment: &Segment,
    base: &Base<'_>,
) -> Result<Members, Fault> {
    let timeline = |person: &ProfileId| {
        let events = base.people.of(person.as_str()).unwrap_or_default();
        Timeline::of(events.to_vec(), base.schema)
    };
    let members = query.finish(rows, |person| Ok(timeline(person)));
    let members = members.map_err(|error| error.to_string())?.into_values().flatten();
    // Until when they are members is nothing that an engine is asked.
    let until = |person: &ProfileId| {
        let timeline = timeline(person);
        segment.evaluate(&timeline.facts_as_known(base.asked.now, base.asked.known())).until
    };
    Ok(members.map(|person| (person.clone(), until(&person))).collect())
}

/// What SQLite finds.
pub(crate) fn sqlite(tables: &[Filled], sql: &str) -> Result<Found, Fault> {
    database::load(tables)
        .and_then(|connection| database::found(&connection, sql, 1))
        .map_err(|error| format!("SQLite: {error}"))
}

/// The query for an engine, and what it can and cannot answer.
pub(crate) fn statement(
    dialect: Dialect,
    segment: &Segment,
    base: &Base<'_>,
) -> Result<Statement, Fault> {
    let query = query(&layout(dialect, base), segment, base)?;
    query.on(dialect).map_err(|error| error.to_string())
}

/// The tables that a query for this engine is about, as JSON.
pub(crate) fn tables(dialect: Dialect, base: &Base<'_>) -> String {
    let tables = layout(dialect, base).fill(&events(base)).into_iter().map(|table| {
        let rows = table.rows.iter().map(|row| row.iter().map(json).collect::<Vec<_>>());
        json!({"name": table.name, "columns": table.columns, "rows": rows.collect::<Vec<_>>()})
    });
    tables.collect::<Value>().to_string()
}

fn layout(dialect: Dialect, base: &Base<'_>) -> Layout {
    let stored = if dialect == Dialect::Sqlite { Stored::Whole } else { Stored::Typed };
    Layout::new(base.schema, stored)
}

/// The question that is asked of tables.
pub(crate) fn query(layout: &Layout, segment: &Segment, base: &Base<'_>) -> Result<Query, Fault> {
    let pushdown = Pushdown::new(layout.table(), base.schema).map_err(|error| error.to_string())?;
    let (now, known) = (base.asked.now, base.asked.known());
    Ok(pushdown.query_as_known([("members", segment.clone())], now, known))
}

/// What is in the table of events.
pub(crate) fn events<'a>(base: &Base<'a>) -> Vec<(&'a Event, Option<Timestamp>)> {
    let events = base.people.all().flat_map(|(_, events)| events);
    events.map(|event| (event, None)).collect()
}

fn json(cell: &Cell) -> Value {
    match cell {
        Cell::Boolean(truth) => Value::from(*truth),
        Cell::Integer(integer) => Value::from(*integer),
        Cell::Null => Value::Null,
        Cell::Text(text) => Value::from(&**text),
    }
}
