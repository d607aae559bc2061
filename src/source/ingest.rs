//! From records to the events of each person.

use std::collections::BTreeMap;

use super::{Record, Reject, TableMapping, Tally};
use crate::error::Rejection;
use crate::event::{Dedupe, Event, Verdict, derive_id, split_batch};
use crate::id::{MessageId, ProfileId};
use crate::schema::Schema;

/// Makes events of records, drops duplicates, and keeps account of everything.
///
/// Of several events with one `messageId` the one known first stands ([`Dedupe`]); the same told
/// again is merged, something else is refused as `conflicting-message-id`. Which events stand does
/// not depend on the order of the records.
///
/// Rows of a table without a `messageId` are never merged within one source: each gets an id of
/// its content and of its ordinal among the rows of that content, counted by when they are known.
/// The same rows in another source ([`Ingest::next_source`]) are the same events again. JSON
/// without a `messageId` is merged where it is repeated, since a sender that tries again repeats
/// itself.
///
/// It holds all events that stand, and the text of those that came with an id and so may yet be
/// refused.
#[derive(Debug)]
pub struct Ingest {
    schema: Schema,
    mapping: TableMapping,
    source: usize,
    dedupe: Dedupe,
    standing: BTreeMap<MessageId, Candidate>,
    /// The rows of this source that came without an id, with the digests of their content.
    unnamed: Vec<([u8; 32], Candidate)>,
    tally: Tally,
    rejects: Vec<(usize, Reject)>,
}

/// What came of the records.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ingested {
    /// The events that stand by person, each with its `messageId`, in the order in which they
    /// happened (then of their ids).
    pub events: BTreeMap<ProfileId, Vec<Event>>,
    /// How many were accepted, merged and refused.
    pub tally: Tally,
    /// What was refused, by source and row.
    pub rejects: Vec<Reject>,
}

/// An event that stands for the time being, and where it came from.
#[derive(Debug)]
struct Candidate {
    event: Event,
    source: usize,
    row: u64,
    line: u64,
    /// Kept where the event came with an id.
    text: Option<Box<str>>,
}

impl Ingest {
    /// An ingest of events in the default columns, typed by `schema`.
    pub fn new(schema: Schema) -> Self {
        Self {
            schema,
            mapping: TableMapping::events(),
            source: 0,
            dedupe: Dedupe::new(),
            standing: BTreeMap::new(),
            unnamed: Vec::new(),
            tally: Tally::default(),
            rejects: Vec::new(),
        }
    }

    /// The same ingest, reading tables by this mapping.
    #[must_use]
    pub fn mapping(self, mapping: TableMapping) -> Self {
        Self { mapping, ..self }
    }

    /// Says that the records to come are of another source, whose tables are read by `mapping`.
    pub fn next_source(&mut self, mapping: TableMapping) {
        self.name_rows();
        self.source += 1;
        self.mapping = mapping;
    }

    /// Takes one record as a source gives it.
    pub fn take(&mut self, item: Result<Record, Reject>) {
        match item {
            Ok(record) if record.columns().is_some() => self.take_row(&record),
            Ok(record) => self.take_json(&record),
            Err(reject) => {
                self.tally.read += 1;
                self.refuse(self.source, reject);
            }
        }
    }

    /// The events of each person, what was refused, and how many of each.
    pub fn finish(mut self) -> Ingested {
        self.name_rows();
        self.tally.accepted = self.standing.len();
        let mut events: BTreeMap<ProfileId, Vec<Event>> = BTreeMap::new();
        // In the order of their ids, which a stable sort keeps.
        for Candidate { event, .. } in self.standing.into_values() {
            self.tally.rounded += event.rounded();
            if let Some(person) = event.person().cloned() {
                events.entry(person).or_default().push(event);
            }
        }
        for events in events.values_mut() {
            events.sort_by_key(Event::at);
        }
        self.rejects.sort_by_key(|(source, reject)| (*source, reject.row));
        let rejects = self.rejects.into_iter().map(|(_, reject)| reject).collect();
        Ingested { events, tally: self.tally, rejects }
    }

    fn take_row(&mut self, record: &Record) {
        self.tally.read += 1;
        match self.mapping.event(record, &self.schema) {
            Ok(event) if event.has_id() => {
                self.judge(event.digest(), self.candidate(event, record, record.text()));
            }
            Ok(event) => {
                self.unnamed.push((event.digest(), self.candidate(event, record, "")));
            }
            Err(rejection) => self.refuse(self.source, record.refuse(rejection)),
        }
    }

    fn take_json(&mut self, record: &Record) {
        let items = match split_batch(record.text()) {
            Ok(items) => items,
            Err(rejection) => {
                self.tally.read += 1;
                return self.refuse(self.source, record.refuse(rejection));
            }
        };
        self.tally.read += items.len();
        for item in items {
            match Event::read(item.get(), &self.schema) {
                Ok(event) => self.take_event(event, record, item.get()),
                Err(rejection) => {
                    let reject = Reject::new(record.row(), record.line(), rejection, item.get());
                    self.refuse(self.source, reject);
                }
            }
        }
    }

    fn take_event(&mut self, event: Event, record: &Record, text: &str) {
        let digest = event.digest();
        let mut candidate = self.candidate(event, record, text);
        if !candidate.event.has_id() {
            candidate.event = candidate.event.with_id(derive_id(&digest, 0));
        }
        self.judge(digest, candidate);
    }

    fn candidate(&self, event: Event, record: &Record, text: &str) -> Candidate {
        let text = event.has_id().then(|| text.into());
        Candidate { event, source: self.source, row: record.row(), line: record.line(), text }
    }

    /// Gives the rows of this source their ids, which need all of them: of rows alike the one
    /// known first is the first.
    fn name_rows(&mut self) {
        let mut rows = std::mem::take(&mut self.unnamed);
        rows.sort_by_cached_key(|(digest, row)| (*digest, row.event.known_from()));
        let (mut before, mut ordinal) = (None, 0);
        for (digest, mut row) in rows {
            ordinal = if before == Some(digest) { ordinal + 1 } else { 0 };
            before = Some(digest);
            row.event = row.event.with_id(derive_id(&digest, ordinal));
            self.judge(digest, row);
        }
    }

    fn judge(&mut self, digest: [u8; 32], candidate: Candidate) {
        let id = candidate.event.id();
        let known_from = candidate.event.known_from();
        let verdict = self.dedupe.judge_told(id.clone(), known_from, digest);
        let fallen = match verdict {
            Verdict::Conflicting | Verdict::Repeated => Some(candidate),
            Verdict::Earlier | Verdict::First | Verdict::Supersedes => {
                self.standing.insert(id, candidate)
            }
        };
        let Some(fallen) = fallen else { return };
        if matches!(verdict, Verdict::Conflicting | Verdict::Supersedes) {
            self.refuse(fallen.source, fallen.conflicting());
        } else {
            self.tally.merged += 1;
        }
    }

    fn refuse(&mut self, source: usize, reject: Reject) {
        *self.tally.rejected.entry(reject.rejection.reason.clone()).or_default() += 1;
        self.rejects.push((source, reject));
    }
}

impl Candidate {
    fn conflicting(self) -> Reject {
        let detail = format!("another event of the id `{}` was known before", self.event.id());
        let rejection = Rejection::new("conflicting-message-id", detail).in_field("messageId");
        // Only who guesses a hash gives an event the id that is derived from another.
        let text = self.text.unwrap_or_else(|| self.event.to_json().into());
        Reject::new(self.row, self.line, rejection, text)
    }
}
