//! Files of events: a table or JSON Lines.

#[cfg(not(feature = "datafusion"))]
#[path = "no_parquet.rs"]
mod parquet;
#[cfg(feature = "datafusion")]
#[path = "parquet.rs"]
mod parquet;

use std::collections::BTreeMap;
use std::path::Path;

use bespoke::error::{Error, Result};
use bespoke::event::Event;
use bespoke::id::ProfileId;
use bespoke::schema::Schema;
use bespoke::source::{
    CsvReader, Ingest, Ingested, Input, JsonLinesReader, Record, Reject, TableMapping,
};

use crate::args::tell;

/// The people of a file; rows that are refused are counted and the first of them shown.
pub(crate) fn read(
    path: &str,
    schema: &Schema,
) -> std::result::Result<BTreeMap<ProfileId, Vec<Event>>, String> {
    let mut ingest = Ingest::new(schema.clone());
    for_each_record(path, &TableMapping::events(), |item| ingest.take(item))?;
    let Ingested { events: people, rejects, tally, .. } = ingest.finish();
    if tally.rejected() > 0 {
        tell(format!("{path}: {tally}"));
        report(&rejects);
    }
    Ok(people)
}

/// Shows the first records that were refused.
pub(crate) fn report(rejects: &[Reject]) {
    const SHOWN: usize = 10;
    rejects.iter().take(SHOWN).for_each(|reject| tell(format!("  {reject}")));
    if rejects.len() > SHOWN {
        tell(format!("  and {} more", rejects.len() - SHOWN));
    }
}

/// Reads a table (checked against a mapping) or JSON Lines, record by record.
pub(crate) fn for_each_record(
    path: &str,
    mapping: &TableMapping,
    mut take: impl FnMut(std::result::Result<Record, Reject>),
) -> std::result::Result<(), String> {
    let located = |error: Error| {
        let text = error.to_string();
        if text.starts_with(path) { text } else { format!("{path}: {text}") }
    };
    if Path::new(path).extension().is_some_and(|extension| extension == "parquet") {
        return parquet::for_each_record(path, mapping, take);
    }
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
