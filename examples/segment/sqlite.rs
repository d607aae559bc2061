//! Answers of SQLite, which is given the file's events as tables.

use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::segment::Segment;
use bespoke::segment::pushdown::{Dialect, Pushdown, Query};

use crate::Fault;
use crate::database;
use crate::engine::{Base, Members};
use crate::tables::Layout;

const NAME: &str = "asked about";

/// The query that finds members, in tables of this layout.
pub(crate) fn query(layout: &Layout, segment: &Segment, base: &Base<'_>) -> Result<Query, Fault> {
    let pushdown = Pushdown::new(layout.table(), base.schema).map_err(|error| error.to_string())?;
    let query = pushdown.query([(NAME, segment.clone())], base.asked.now);
    Ok(query.as_known(base.asked.known()))
}

/// Who is a member.
pub(crate) fn members(segment: &Segment, base: &Base<'_>) -> Result<Members, Fault> {
    let layout = Layout::of(base.schema);
    let query = query(&layout, segment, base)?;
    let statement = query.on(Dialect::Sqlite).map_err(|error| error.to_string())?;
    let events = base.people.all().flat_map(|(_, events)| events);
    let events: Vec<_> = events.map(|event| (event, None)).collect();
    let rows = database::load(&layout.fill(&events))
        .and_then(|connection| database::found(&connection, statement.sql(), 1))
        .map_err(|error| format!("SQLite: {error}"))?;
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
