//! JSON Lines: one value a line.

use std::io::Read;
use std::path::Path;

use serde::de::IgnoredAny;

use super::buffer::{Buffer, Line, Place};
use super::file::{Input, open};
use super::reject::too_large;
use super::{Record, Reject};
use crate::error::{Rejection, Result};
use crate::page::Cursor;

/// Reads JSON Lines: on each line an event, or a batch of them.
///
/// Lines end with LF or CRLF, the last may end with neither; blank lines are no records; a byte
/// order mark is passed over.
///
/// Refused for: `broken-json`, `invalid-utf8`, `record-too-large`.
///
/// ```
/// use bespoke::source::JsonLinesReader;
///
/// let file = "{\"userId\": \"p-1\"}\n\n{\"userId\": }\n";
/// let mut reader = JsonLinesReader::new(file.as_bytes())?;
/// assert_eq!(reader.next_record()?.unwrap().unwrap().text(), r#"{"userId": "p-1"}"#);
/// let broken = reader.next_record()?.unwrap().unwrap_err();
/// assert_eq!(broken.to_string(), "row 2, line 3: broken-json: expected value at column 12");
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Debug)]
pub struct JsonLinesReader<R> {
    buffer: Buffer<R>,
}

/// How large a line may be where nobody says otherwise: eight times the 500 KB that the Segment
/// specification allows a batch.
const DEFAULT_LIMIT: usize = 4 << 20;

impl JsonLinesReader<Input> {
    /// Opens a file, plain or (with feature `csv`) gzipped.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) where it cannot be read, naming the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        open(path, 0).and_then(Self::new).map_err(|error| error.within(path.display()))
    }

    /// Opens a file after the record that `cursor` names.
    pub(super) fn resume(path: &Path, cursor: &Cursor) -> Result<Self> {
        let place = Place::read(cursor)?;
        Ok(Self { buffer: Buffer::new(open(path, place.offset)?, place, DEFAULT_LIMIT) })
    }
}

impl<R: Read> JsonLinesReader<R> {
    /// Reads `input`, plain text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) where reading failed.
    pub fn new(input: R) -> Result<Self> {
        let mut buffer = Buffer::new(input, Place::START, DEFAULT_LIMIT);
        buffer.skip_byte_order_mark()?;
        Ok(Self { buffer })
    }

    /// The same reader with another size limit, in bytes; 4 MiB if nobody says otherwise, 1 GiB at
    /// most.
    #[must_use]
    pub fn max_record_bytes(mut self, limit: usize) -> Self {
        self.buffer.set_limit(limit);
        self
    }

    /// The next line, or why it is refused; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) where reading failed; what comes after that
    /// is not to be relied on.
    pub fn next_record(&mut self) -> Result<Option<Result<Record, Reject>>> {
        loop {
            let Place { row, line, .. } = self.buffer.place;
            let Some(text) = self.buffer.take_line()? else { return Ok(None) };
            if text.is_cut() || !text.bytes.trim_ascii().is_empty() {
                self.buffer.place.row += 1;
                return Ok(Some(self.record(row + 1, line, text)));
            }
        }
    }

    /// Where the next record begins.
    pub(super) fn cursor(&self) -> Cursor {
        self.buffer.place.cursor()
    }

    fn record(&self, row: u64, line: u64, found: Line) -> Result<Record, Reject> {
        let rejection = match std::str::from_utf8(&found.bytes) {
            _ if found.is_cut() => too_large(&found.length, self.buffer.limit()),
            Ok(text) => match serde_json::from_str::<IgnoredAny>(text) {
                Ok(_) => return Ok(Record::json(row, line, text)),
                Err(error) => broken(&error),
            },
            Err(error) => {
                let detail = format!("byte {} of the line is no UTF-8", error.valid_up_to() + 1);
                Rejection::new("invalid-utf8", detail)
            }
        };
        Err(Reject::new(row, line, rejection, found.into_text()))
    }
}

fn broken(error: &serde_json::Error) -> Rejection {
    // The value is one line, whose number the record has.
    Rejection::new("broken-json", error.to_string().replace("at line 1 column", "at column"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_a_record_or_refused() {
        let file =
            b"\xEF\xBB\xBF{\"a\": 1}\r\n \t\n[1, 2\n\"\xFF\"\n{} {}\n\"0123456789 0123456789\"\n7";
        let mut reader = JsonLinesReader::new(&file[..]).unwrap().max_record_bytes(20);
        let show = |item: Result<Record, Reject>| match item {
            Ok(record) => format!("{}@{} {}", record.row(), record.line(), record.text()),
            Err(reject) => format!("{}: {}", reject, reject.record),
        };
        let read: Vec<String> =
            std::iter::from_fn(|| reader.next_record().unwrap().map(show)).collect();
        assert_eq!(
            read,
            [
                "1@1 {\"a\": 1}",
                "row 2, line 3: broken-json: EOF while parsing a list at column 5: [1, 2",
                "row 3, line 4: invalid-utf8: byte 2 of the line is no UTF-8: \"\u{FFFD}\"",
                "row 4, line 5: broken-json: trailing characters at column 4: {} {}",
                "row 5, line 6: record-too-large: found 23 bytes, where 20 are allowed: \
                 \"0123456789 01234567",
                "6@7 7"
            ]
        );
    }
}
