//! Who is in a segment, until when, and why: a rule over a file of events.
//!
//! ```text
//! cargo run --release --example segment -- --events events.csv \
//!     --rule "count(\"Order Completed\" over 90 days) > 0" --at 2026-03-01T00:00:00Z --until
//! ```

#[path = "support/args.rs"]
mod args;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use args::{Args, tell};
use bespoke::error::{Error, Rejection, Result};
use bespoke::event::Event;
use bespoke::expr::Names;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::schema::{Inference, Schema};
use bespoke::segment::{Rule, Segment};
use bespoke::source::{
    CsvReader, Ingest, Ingested, Input, JsonLinesReader, Record, Reject, TableMapping, infer,
};
use bespoke::time::Timestamp;

const USAGE: &str = "\
usage: segment --events FILE --rule TEXT --at INSTANT [--known INSTANT] [--profiles FILE]
               [--schema FILE] [--engine native] [--until] [--explain ID]";

fn main() -> ExitCode {
    let valued = ["events", "rule", "at", "known", "profiles", "schema", "engine", "explain"];
    args::run(&valued, &["until"], USAGE, |args| {
        run(args).map_err(|message| {
            // An argument is at fault.
            let usage = if message.starts_with("--") { USAGE } else { "" };
            format!("{message}\n{usage}").trim_end().to_owned()
        })
    })
}

fn run(args: &Args) -> std::result::Result<(), String> {
    let events = args.get("events").ok_or("--events is missing")?;
    let rule = Rule::parse(args.get("rule").ok_or("--rule is missing")?)
        .map_err(|error| error.to_string())?;
    let now = instant(args, "at")?.ok_or("--at is missing")?;
    let known = instant(args, "known")?.unwrap_or(now);
    if let Some(engine) = args.get("engine").filter(|engine| *engine != "native") {
        return Err(format!("--engine {engine} is not there; there is native"));
    }
    let profiles = args.get("profiles");
    let schema = match args.get("schema") {
        Some(path) => load_schema(path)?,
        None => infer_schema(events, profiles)?,
    };
    let names = Names::new(schema);
    let segment = rule.check(&names).map_err(|error| error.to_string())?;
    segment.warnings().iter().for_each(|warning| tell(format!("warning: {warning}")));
    let mut base = read_events(events, names.schema())?;
    if args.get("schema").is_some() {
        warn_of_absent(&segment, &base, names.schema());
    }
    // Whoever had done something, as far as that was known. Traits make nobody known.
    base.retain(|_, events| {
        events.iter().any(|event| event.at() <= now && event.known_from() <= known)
    });
    if let Some(profiles) = profiles {
        add_traits(profiles, names.schema(), &mut base)?;
    }
    match args.get("explain") {
        Some(id) => explain(&segment, base, id, (now, known), names.schema()),
        None => members(&segment, base, args.has("until"), (now, known), names.schema()),
    }
}

/// Warns of events that a schema declares and the file lacks.
///
/// Of those that nobody declared the rule's check has warned.
fn warn_of_absent(segment: &Segment, people: &People, schema: &Schema) {
    let told: BTreeSet<&str> = people.values().flatten().map(|event| &**event.name()).collect();
    let absent = segment.events().into_iter().filter(|event| !told.contains(event));
    for event in absent.filter(|event| schema.has_event(event)) {
        tell(format!("warning: the file has no event \"{event}\""));
    }
}

fn instant(args: &Args, name: &str) -> std::result::Result<Option<Timestamp>, String> {
    let parse = |text: &str| text.parse().map_err(|error| format!("--{name}: {error}"));
    args.get(name).map(parse).transpose()
}

/// The people of a file and what they did.
type People = BTreeMap<ProfileId, Vec<Event>>;

fn members(
    segment: &Segment,
    base: People,
    until: bool,
    (now, known): (Timestamp, Timestamp),
    schema: &Schema,
) -> std::result::Result<(), String> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    for (person, events) in base {
        let timeline = Timeline::of(events, schema);
        let facts = timeline.facts_as_known(now, known);
        let written = if until {
            let membership = segment.evaluate(&facts);
            let until = membership.until.map_or_else(|| "-".to_owned(), |until| until.to_string());
            if membership.value { writeln!(out, "{person}\t{until}") } else { Ok(()) }
        } else if segment.is_member(&facts) {
            writeln!(out, "{person}")
        } else {
            Ok(())
        };
        written.map_err(|error| error.to_string())?;
    }
    out.flush().map_err(|error| error.to_string())
}

fn explain(
    segment: &Segment,
    mut base: People,
    id: &str,
    (now, known): (Timestamp, Timestamp),
    schema: &Schema,
) -> std::result::Result<(), String> {
    let Some((person, events)) = base.remove_entry(id) else {
        return Err(format!("{id} has no event at or before {now}"));
    };
    let timeline = Timeline::of(events, schema);
    let explanation = segment.explain(&timeline.facts_as_known(now, known));
    writeln!(std::io::stdout(), "{person}: {explanation}").map_err(|error| error.to_string())
}

fn load_schema(path: &str) -> std::result::Result<Schema, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{path}: {error}"))?;
    // Rules may name events that neither the schema nor the file has; that is worth a warning.
    Schema::from_toml(&text).map(Schema::open).map_err(|error| format!("{path}: {error}"))
}

/// A schema of what the files hold.
fn infer_schema(events: &str, profiles: Option<&str>) -> std::result::Result<Schema, String> {
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
fn read_events(path: &str, schema: &Schema) -> std::result::Result<People, String> {
    let mut ingest = Ingest::new(schema.clone());
    for_each_record(path, &TableMapping::events(), |item| ingest.take(item))?;
    let Ingested { events: people, rejects, tally, .. } = ingest.finish();
    if tally.rejected() > 0 {
        tell(format!("{path}: {tally}"));
        report(&rejects);
    }
    Ok(people)
}

/// Adds the traits of a table of people; they hold from each person's first event on.
fn add_traits(path: &str, schema: &Schema, people: &mut People) -> std::result::Result<(), String> {
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
            Ok(told) => add(&told, people),
            Err(reject) => rejects.push(reject),
        }
    })?;
    if !rejects.is_empty() {
        tell(format!("{path}: {} rejected", rejects.len()));
        report(&rejects);
    }
    Ok(())
}

fn add(told: &Event, people: &mut People) {
    let Some((person, events)) = told.person().and_then(|p| people.get_key_value(p)) else {
        return;
    };
    let Some(first) = events.iter().map(Event::at).min() else { return };
    let identify = Event::identify(person.clone(), first).with_fields(told.fields().clone());
    let person = person.clone();
    people.entry(person).or_default().push(identify.received(Timestamp::MIN));
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
) -> std::result::Result<(), String> {
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
