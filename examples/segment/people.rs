//! The people of a file: what they did, and their traits.

use std::collections::{BTreeMap, BTreeSet};

use bespoke::error::Rejection;
use bespoke::event::Event;
use bespoke::id::ProfileId;
use bespoke::schema::{Inference, Schema};
use bespoke::source::{TableMapping, infer};
use bespoke::time::Timestamp;

use crate::args::tell;
use crate::options::Options;
use crate::{Fault, events};

/// The people of a file and what they did.
pub(crate) struct People(BTreeMap<ProfileId, Vec<Event>>);

/// The vocabulary: a schema that is given, else what the files hold.
pub(crate) fn schema(options: &Options) -> Result<Schema, Fault> {
    match &options.schema {
        Some(path) => load_schema(path),
        None => infer_schema(&options.events, options.profiles.as_deref()),
    }
}

fn load_schema(path: &str) -> Result<Schema, Fault> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    // Rules may name events that neither the schema nor the file has; that is worth a warning.
    Schema::from_toml(&text).map(Schema::open).map_err(|error| format!("{path}: {error}"))
}

/// A schema of what the files hold.
fn infer_schema(events: &str, profiles: Option<&str>) -> Result<Schema, Fault> {
    let mut inference = Inference::new();
    let mapping = TableMapping::events();
    events::for_each_record(events, &mapping, |item| {
        if let Ok(record) = item {
            infer(&record, &mapping, &mut inference);
        }
    })?;
    if let Some(profiles) = profiles {
        events::for_each_record(profiles, &people_mapping(), |item| {
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

/// Everybody of a file of events.
pub(crate) fn read(path: &str, schema: &Schema) -> Result<People, Fault> {
    events::read(path, schema).map(People)
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
    pub(crate) fn add_traits(&mut self, path: &str, schema: &Schema) -> Result<(), Fault> {
        let mapping = people_mapping();
        let mut seen = BTreeSet::new();
        let mut rejects = Vec::new();
        events::for_each_record(path, &mapping, |item| {
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
            events::report(&rejects);
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
