//! Where records come from, how rows become events, what is refused and why.
//!
//! A reader ([`CsvReader`], [`JsonLinesReader`]) or a [`Source`] gives [`Record`]s; a
//! [`TableMapping`] says which column is what; [`Ingest`] makes events of them, drops duplicates
//! and counts. Everything read is accepted, merged or rejected, and a [`Reject`] keeps the record
//! as it came.
//!
//! ```
//! # #[cfg(feature = "csv")] {
//! use bespoke::schema::Schema;
//! use bespoke::source::{CsvReader, Ingest};
//! use bespoke::value::Kind;
//!
//! let file = "\
//! userId,event,timestamp,revenue
//! p-1,Order Completed,2026-02-01T12:00:00Z,620.50
//! p-1,Order Completed,yesterday,12
//! ";
//! let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
//! let mut reader = CsvReader::new(file.as_bytes())?;
//! let mut ingest = Ingest::new(schema);
//! while let Some(item) = reader.next_record()? {
//!     ingest.take(item);
//! }
//! let ingested = ingest.finish();
//! assert_eq!(ingested.events["p-1"].len(), 1);
//! assert_eq!(ingested.rejects[0].rejection.reason, "bad-timestamp");
//! assert_eq!(ingested.rejects[0].record, "p-1,Order Completed,yesterday,12");
//! assert!(ingested.tally.is_balanced());
//! # }
//! # Ok::<(), bespoke::Error>(())
//! ```

mod buffer;
#[cfg(feature = "csv")]
mod csv;
mod file;
#[cfg(feature = "csv")]
mod frame;
mod infer;
mod ingest;
mod json_lines;
mod mapping;
mod memory;
mod record;
mod reject;

use std::fmt;

use async_trait::async_trait;

#[cfg(feature = "csv")]
pub use csv::CsvReader;
pub use file::{FileSource, Input};
pub use infer::infer;
pub use ingest::{Ingest, Ingested};
pub use json_lines::JsonLinesReader;
pub use mapping::TableMapping;
pub use memory::MemorySource;
pub use record::{Columns, Record};
pub use reject::{Reject, RejectFile, Tally};

use crate::error::{Error, ErrorKind, Result};
use crate::page::{Cursor, Page};

/// Gives records page by page.
///
/// # Contract
/// Records have one order. A page begins after the record that its cursor names, or with the first
/// where there is none, and holds at most `limit` items (a limit of 0 counts as 1). A page whose
/// `next` is a cursor holds at least one item; `None` says that the source has come to its end.
/// Every cursor that was ever given stays good, in another process too, as long as what lies
/// behind the source does not change before it; the pages read from it hold the same items,
/// however large they are. A record that cannot be read is an item too, a [`Reject`], and never
/// hides those after it.
///
/// # Shapes and units
/// `row` counts the records from 1, those refused included, and rises; `line` is the physical line
/// where a record begins, from 1, and never falls. A source without lines repeats the row.
///
/// # Errors
/// [`ErrorKind::Io`] where reading failed: the page may be asked for again with the same cursor.
/// [`ErrorKind::Input`] for a cursor that is not of this source, and for a source that has no
/// usable header.
///
/// # Implementing
/// Make a [`Cursor`] of what the place is found by: an offset, a key, a sequence number. Hold no
/// more than a page in memory. `testing::source::conforms` (feature `testing`)
/// checks an implementation.
///
/// # Example
/// ```
/// use bespoke::source::{MemorySource, Record, Source};
///
/// # pollster::block_on(async {
/// let lines = [r#"{"userId": "p-1"}"#, r#"{"userId": "p-2"}"#];
/// let records = (1..).zip(lines).map(|(row, line)| Ok(Record::json(row, row, line)));
/// let mut source = MemorySource::new(records);
/// let first = source.read(None, 1).await?;
/// let second = source.read(first.next.as_ref(), 1).await?;
/// assert_eq!(second.items[0].as_ref().unwrap().text(), lines[1]);
/// assert!(second.next.is_none());
/// # Ok::<(), bespoke::Error>(())
/// # }).unwrap();
/// ```
#[async_trait]
pub trait Source: fmt::Debug + Send {
    /// The page after `after`, of at most `limit` items.
    ///
    /// # Errors
    ///
    /// As the trait says.
    async fn read(&mut self, after: Option<&Cursor>, limit: usize) -> Result<Page<Item>>;
}

/// What a source gives for each record: the record, or why it cannot be read.
pub type Item = Result<Record, Reject>;

fn foreign(cursor: &Cursor) -> Error {
    input(format!("`{}` is no place in this source", cursor.as_str()))
}

fn input(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Input, detail)
}

fn io(error: std::io::Error) -> Error {
    Error::new(ErrorKind::Io, error.to_string()).with_source(error)
}
