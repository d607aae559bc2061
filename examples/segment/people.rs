//! The people of a file: what they did, and their traits.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use bespoke::error::{Error, Rejection, Result};
use bespoke::event::Event;
use bespoke::id::ProfileId;
use bespoke::schema::{Inference, Schema};
use bespoke::source::{
    CsvReader, Ingest, Ingested, Input, JsonLinesReader, Record, Reject, TableMapping, infer,
};
use bespoke::time::Timestamp;

use crate::Fault;
use crate::args::tell;
use crate::options::Options;

/// The people of a file and what they did.
pub(crate) struct People(BTreeMap<ProfileId, Vec<Event>>);

/// The vocabulary: a schema that is given, else what the files hold.
pub(crate) fn schema(options: &Options) -> std::result::Result<Schema, Fault> {
    match &options.schema {
        Some(path) => load_schema(path),
        None => infer_schema(&options.events, options.profiles.as_deref()),
    }
}

fn load_schema(path: &str) -> std::result::Result<Schema, Fault> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    // Rules may name events that neither the schema nor the file has; that is worth a warning.
    Schema::from_toml(&text).map(Schema::open).map_err(|error| format!("{path}: {error}"))
}

/// A schema of what the files hold.
fn infer_schema(events: &str, profiles: Option<&str>) -> std::result::Result<Schema, Fault> {
    let mut inference = Inference::new();
    let mapping = TableMapping::events();
    for_each_record(events, &mapping, |item| {
        if let Ok(record) = item {
            infer(&record, &mapping, &mut inference);
        }
    })?;
    if let Some(profiles) = profiles {
        for_each_record(profiles, &people_mapping(), |item| {
            if let Ok(record) = item {
                infer(&record, &people_mapping(), &mut inference);
            }
        })?;
    }
    Ok(inference.finish())
}

fn people_mapping() -> TableMapping {
    TableMapping::profiles(Timestamp::MIN)
}

/// The people of a file; rows that are refused are counted and the first of them shown.
pub(crate) fn read(path: &str, schema: &Schema) -> std::result::Result<People, Fault> {
    let mut ingest = Ingest::new(schema.clone());
    for_each_record(path, &TableMapping::events(), |item| ingest.take(item))?;
    let Ingested { events: people, rejects, tally, .. } = ingest.finish();
    if tally.rejected() > 0 {
        tell(format!("{path}: {tally}"));
        report(&rejects);
    }
    Ok(People(people))
}

impl People {
    /// Everybody by their identifiers.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&ProfileId, &[Event])> {
        self.0.iter().map(|(person, events)| (person, events.as_slice()))
    }

    /// What somebody did.
    pub(crate) fn of(&self, id: &str) -> Option<&[Event]> {
        self.0.get(id).map(Vec::as_slice)
    }

    /// The names of what they did.
    pub(crate) fn events(&self) -> BTreeSet<&str> {
        self.0.values().flatten().map(|event| &**event.name()).collect()
    }

    /// Adds the traits of a table of people; they hold from each person's first event on.
    pub(crate) fn add_traits(
        &mut self,
        path: &str,
        schema: &Schema,
    ) -> std::result::Result<(), Fault> {
        let mapping = people_mapping();
        let mut seen = BTreeSet::new();
        let mut rejects = Vec::new();
        for_each_record(path, &mapping, |item| {
            let read = item.and_then(|record| match mapping.event(&record, schema) {
                Ok(told) if seen.insert(told.person().cloned()) => Ok(told),
                Ok(_) => Err(record.refuse(
                    Rejection::new("repeated-person", "an earlier row is of the same person")
                        .in_field("userId"),
                )),
                Err(rejection) => Err(record.refuse(rejection)),
            });
            match read {
                Ok(told) => self.tell(&told),
                Err(reject) => rejects.push(reject),
            }
        })?;
        if !rejects.is_empty() {
            tell(format!("{path}: {} rejected", rejects.len()));
            report(&rejects);
        }
        Ok(())
    }

    /// Tells traits along with a person's first event; traits alone make nobody known. Where a later
    /// event was known before an earlier one, each of the two was the first at some time.
    fn tell(&mut self, told: &Event) {
        let Some((person, events)) = told.person().and_then(|p| self.0.get_key_value(p)) else {
            return;
        };
        let mut marks: Vec<_> =
            events.iter().map(|event| (event.at(), event.known_from())).collect();
        marks.sort_unstable();
        let mut known = Timestamp::MAX;
        marks.retain(|(_, from)| {
            let first = *from < known;
            known = known.min(*from);
            first
        });
        let person = person.clone();
        let identify = |(at, known_from)| {
            let identify = Event::identify(person.clone(), at).received(known_from);
            identify.with_fields(told.fields().clone())
        };
        let identifies: Vec<Event> = marks.into_iter().map(identify).collect();
        self.0.entry(person).or_default().extend(identifies);
    }
}

fn report(rejects: &[Reject]) {
    const SHOWN: usize = 10;
    rejects.iter().take(SHOWN).for_each(|reject| tell(format!("  {reject}")));
    if rejects.len() > SHOWN {
        tell(format!("  and {} more", rejects.len() - SHOWN));
    }
}

/// Reads a table (checked against a mapping) or JSON Lines, record by record.
fn for_each_record(
    path: &str,
    mapping: &TableMapping,
    mut take: impl FnMut(std::result::Result<Record, Reject>),
) -> std::result::Result<(), Fault> {
    let located = |error: Error| {
        let text = error.to_string();
        if text.starts_with(path) { text } else { format!("{path}: {text}") }
    };
    if is_json(path).map_err(|error| format!("{path}: {error}"))? {
        let mut reader = JsonLinesReader::open(path).map_err(located)?;
        return match each(|| reader.next_record(), &mut take).map_err(located)? {
            0 => Err(format!("{path}: the file is empty")),
            _ => Ok(()),
        };
    }
    let mut reader: CsvReader<Input> = CsvReader::open(path).map_err(located)?;
    mapping.check(reader.columns()).map_err(located)?;
    each(|| reader.next_record(), &mut take).map_err(located)?;
    Ok(())
}

/// One record, or why it is refused; `None` at the end.
type Next = Option<std::result::Result<Record, Reject>>;

/// Takes every record; how many there were.
fn each(
    mut next: impl FnMut() -> Result<Next>,
    take: &mut impl FnMut(std::result::Result<Record, Reject>),
) -> Result<usize> {
    let mut count = 0;
    while let Some(item) = next()? {
        take(item);
        count += 1;
    }
    Ok(count)
}

/// Whether a file holds JSON Lines: its name says so, or it begins with a brace.
fn is_json(path: &str) -> std::io::Result<bool> {
    let name = path.strip_suffix(".gz").unwrap_or(path);
    match Path::new(name).extension().and_then(|extension| extension.to_str()) {
        Some("csv") => Ok(false),
        Some("json" | "jsonl" | "ndjson") => Ok(true),
        _ => {
            let mut start = Vec::new();
            let file = std::fs::File::open(path)?;
            std::io::Read::read_to_end(&mut std::io::Read::take(file, 64), &mut start)?;
            let text = start.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&start);
            Ok(text.trim_ascii_start().first() == Some(&b'{'))
        }
    }
}
