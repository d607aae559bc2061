//! A simulated shop's people: as timelines, and as Parquet files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::schema::Schema;
use bespoke::seed::Seed;
use bespoke::segment::Segment;
use bespoke::segment::pushdown::Table;
use bespoke::testing::workload::{self, Workload};
use bespoke::time::Timestamp;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::prelude::{ParquetReadOptions, SessionContext};

use crate::Done;
use crate::arrow::batch;
use crate::tables::{EVENTS, Filled, Layout, Stored};

/// The files of the table of events. An executor reads one after the other.
const PARTS: usize = 8;

/// People with what they did.
pub(crate) struct Base {
    pub(crate) schema: Schema,
    layout: Layout,
    timelines: BTreeMap<ProfileId, Timeline>,
    /// A file or a folder for each table, by its name.
    tables: Vec<(String, PathBuf)>,
}

impl Base {
    /// Lets people do something, and writes it to files in the folder.
    pub(crate) fn new(profiles: u32, until: Timestamp, folder: &Path) -> Done<Self> {
        let schema = workload::schema();
        let layout = Layout::new(&schema, Stored::Typed);
        let events: Vec<Event> =
            Workload::new(Seed::new(7)).profiles(profiles).until(until).into_iter().collect();
        let rows: Vec<_> = events.iter().map(|event| (event, None)).collect();
        let mut tables = Vec::new();
        for table in layout.fill(&rows) {
            let path = folder.join(&table.name);
            write(&table, &path)?;
            tables.push((table.name, path));
        }
        let mut people: BTreeMap<ProfileId, Vec<Event>> = BTreeMap::new();
        for event in events {
            if let Some(person) = event.person().cloned() {
                people.entry(person).or_default().push(event);
            }
        }
        let people = people.into_iter();
        let timelines =
            people.map(|(person, events)| (person, Timeline::of(events, &schema))).collect();
        Ok(Self { schema, layout, timelines, tables })
    }

    /// The contract of the table of events. It has one row for each order.
    pub(crate) fn table(&self) -> Table {
        self.layout.table().settled("Order Completed")
    }

    /// Makes the files known to a session.
    pub(crate) async fn register(&self, session: &SessionContext) -> Done<()> {
        for (name, path) in &self.tables {
            let path = path.to_str().ok_or("the folder's name is no text")?;
            session.register_parquet(name, path, ParquetReadOptions::default()).await?;
        }
        Ok(())
    }

    /// The members as their timelines tell.
    pub(crate) fn members(&self, segment: &Segment, now: Timestamp) -> BTreeSet<ProfileId> {
        let people = self.timelines.iter();
        let people = people.filter(|(_, timeline)| {
            let facts = timeline.facts(now);
            facts.is_known() && segment.is_member(&facts)
        });
        people.map(|(person, _)| person.clone()).collect()
    }

    pub(crate) fn timeline(&self, person: &ProfileId) -> Timeline {
        self.timelines.get(person).cloned().unwrap_or_default()
    }
}

/// Writes a table to a folder, the events to several files of it.
pub(crate) fn write(table: &Filled, folder: &Path) -> Done<()> {
    std::fs::create_dir_all(folder)?;
    let rows = batch(table)?;
    let parts = if table.name == EVENTS { PARTS } else { 1 };
    let each = rows.num_rows().div_ceil(parts).max(1);
    for part in 0..parts {
        let from = (part * each).min(rows.num_rows());
        let rows = rows.slice(from, each.min(rows.num_rows() - from));
        let file = File::create(folder.join(format!("part-{part}.parquet")))?;
        let mut writer = ArrowWriter::try_new(file, Arc::clone(rows.schema_ref()), None)?;
        writer.write(&rows)?;
        writer.close()?;
    }
    Ok(())
}
