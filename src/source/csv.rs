//! Comma-separated values, read row by row.

use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use super::buffer::{Buffer, Place};
use super::file::{Input, open};
use super::frame::{Frame, scan};
use super::record::{Cell, Columns, Record};
use super::reject::{too_large, wrong_count};
use super::{Reject, input};
use crate::error::{Error, Rejection, Result};
use crate::page::Cursor;

/// Reads comma-separated values (RFC 4180) with a header.
///
/// Lines end with LF or CRLF, the last may end with neither; blank lines are no rows; a byte order
/// mark is passed over. A quote opens a cell only as its first byte, and after the quote that
/// closes it must come a comma or the end of the line. A row that is broken (an unclosed quote, a
/// text after a quote, a wrong number of columns) is refused as its first physical line only, and
/// reading goes on with the next line: one broken row never takes good ones with it. To find that
/// a quote is not closed, the reader looks ahead no further than the size limit, and a line is
/// looked at at most once for each column before it is read.
///
/// Refused for: `invalid-utf8`, `record-too-large`, `text-after-quote`, `unclosed-quote`,
/// `wrong-column-count`.
///
/// ```
/// use bespoke::source::CsvReader;
///
/// let file = "userId,note\np-1,\"never closed\np-2,\"two\nlines\"\n";
/// let mut reader = CsvReader::new(file.as_bytes())?;
/// let broken = reader.next_record()?.unwrap().unwrap_err();
/// assert_eq!((broken.line, &*broken.rejection.reason), (2, "text-after-quote"));
/// let good = reader.next_record()?.unwrap().unwrap();
/// assert_eq!((good.line(), good.cell(1).unwrap()), (3, "two\nlines".into()));
/// assert!(reader.next_record()?.is_none());
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Debug)]
pub struct CsvReader<R> {
    buffer: Buffer<R>,
    columns: Columns,
    /// The cells of the row that was looked at last, kept for their room.
    cells: Vec<Cell>,
}

/// How large a row may be where nobody says otherwise: more than any real row of an export, and
/// little enough to look ahead for a quote.
const DEFAULT_LIMIT: usize = 1 << 20;

impl CsvReader<Input> {
    /// Opens a file, plain or gzipped, and reads its header.
    ///
    /// # Errors
    ///
    /// As [`CsvReader::new`], naming the file.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        open(path, 0).and_then(Self::new).map_err(|error| error.within(path.display()))
    }

    /// Opens a file after the record that `cursor` names.
    pub(super) fn resume(path: &Path, cursor: &Cursor) -> Result<Self> {
        let place = Place::read(cursor)?;
        let Self { columns, cells, .. } = Self::new(open(path, 0)?)?;
        let buffer = Buffer::new(open(path, place.offset)?, place, DEFAULT_LIMIT);
        Ok(Self { buffer, columns, cells })
    }
}

impl<R: Read> CsvReader<R> {
    /// Reads the header of `input`, plain text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] where reading failed; [`ErrorKind::Input`] without a header, and for one
    /// that cannot be read or names a column twice or not at all.
    ///
    /// [`ErrorKind::Io`]: crate::error::ErrorKind::Io
    /// [`ErrorKind::Input`]: crate::error::ErrorKind::Input
    pub fn new(input: R) -> Result<Self> {
        let mut buffer = Buffer::new(input, Place::START, DEFAULT_LIMIT);
        buffer.skip_byte_order_mark()?;
        let mut cells = Vec::new();
        let columns = header(&mut buffer, &mut cells)?;
        Ok(Self { buffer, columns, cells })
    }

    /// The same reader with another size limit, in bytes; 1 MiB if nobody says otherwise, 1 GiB at
    /// most. A reader holds some two to three times as much.
    #[must_use]
    pub fn max_record_bytes(mut self, limit: usize) -> Self {
        self.buffer.set_limit(limit);
        self
    }

    /// The names in the header.
    pub fn columns(&self) -> &Columns {
        &self.columns
    }

    /// The next row, or why it is refused; `None` at the end.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) where reading failed; what comes after that
    /// is not to be relied on.
    pub fn next_record(&mut self) -> Result<Option<Result<Record, Reject>>> {
        let Some(frame) = frame(&mut self.buffer, self.columns.len(), &mut self.cells)? else {
            return Ok(None);
        };
        match frame {
            Frame::Row { content, total, lines }
                if content <= self.buffer.limit() && self.cells.len() == self.columns.len() =>
            {
                let item = self.row(content);
                self.buffer.advance(total, lines);
                self.buffer.place.row += 1;
                Ok(Some(item))
            }
            frame => self.refuse(&frame).map(|reject| Some(Err(reject))),
        }
    }

    /// Where the next record begins.
    pub(super) fn cursor(&self) -> Cursor {
        self.buffer.place.cursor()
    }

    fn row(&self, content: usize) -> Result<Record, Reject> {
        let Place { row, line, .. } = self.buffer.place;
        let bytes = self.buffer.window().get(..content).unwrap_or_default();
        match std::str::from_utf8(bytes) {
            Ok(text) => {
                Ok(Record::framed((row + 1, line), text.into(), &self.columns, &self.cells))
            }
            Err(error) => {
                let at = error.valid_up_to();
                let cell = self.cells.iter().take_while(|cell| !cell.ends_after(at)).count();
                let detail = format!("byte {} of the row is no UTF-8", at + 1);
                let rejection = self.in_column(Rejection::new("invalid-utf8", detail), cell);
                Err(Reject::new(row + 1, line, rejection, String::from_utf8_lossy(bytes)))
            }
        }
    }

    /// Refuses the physical line that a broken row begins with.
    fn refuse(&mut self, frame: &Frame) -> Result<Reject> {
        let Place { row, line, .. } = self.buffer.place;
        // There is one, or there would be no frame.
        let first = self.buffer.take_line()?;
        self.buffer.place.row += 1;
        let rejection = match &first {
            Some(first) if first.is_cut() => too_large(&first.length, self.buffer.limit()),
            _ => self.fault(frame),
        };
        let text = first.map(super::buffer::Line::into_text).unwrap_or_default();
        Ok(Reject::new(row + 1, line, rejection, text))
    }

    fn fault(&self, frame: &Frame) -> Rejection {
        let (expected, found) = (self.columns.len(), self.cells.len());
        match frame {
            Frame::Row { content, .. } if *content > self.buffer.limit() => {
                too_large(content, self.buffer.limit())
            }
            Frame::Row { .. } => wrong_count(&found, expected),
            Frame::TooManyColumns => wrong_count(&format!("more than {expected}"), expected),
            Frame::Open { quoted: false } => too_large(&"more", self.buffer.limit()),
            Frame::Open { quoted: true } => {
                let limit = self.buffer.limit();
                let detail = format!("no quote closes the cell within the file or {limit} bytes");
                self.in_column(Rejection::new("unclosed-quote", detail), found)
            }
            Frame::TextAfterQuote => {
                let detail = "after the quote that closes the cell comes neither a comma nor the \
                              end of the line";
                self.in_column(Rejection::new("text-after-quote", detail), found.saturating_sub(1))
            }
        }
    }

    fn in_column(&self, rejection: Rejection, index: usize) -> Rejection {
        match self.columns.get(index) {
            Some(name) => rejection.in_field(&**name),
            None => rejection,
        }
    }
}

/// Finds the next row, reading as far as it takes; `None` at the end.
fn frame<R: Read>(
    buffer: &mut Buffer<R>,
    columns: usize,
    cells: &mut Vec<Cell>,
) -> Result<Option<Frame>> {
    loop {
        if !skip_blank_lines(buffer)? {
            return Ok(None);
        }
        // With room for the end of a line as long as is allowed.
        let most = buffer.limit() + 2;
        let window = buffer.window();
        let seen = window.get(..most).unwrap_or(window);
        let ended = buffer.ended() && seen.len() == window.len();
        match scan(seen, ended, columns, cells) {
            Frame::Open { .. } if !buffer.ended() && seen.len() < most => buffer.fill()?,
            frame => return Ok(Some(frame)),
        }
    }
}

/// Returns whether anything comes after them.
fn skip_blank_lines<R: Read>(buffer: &mut Buffer<R>) -> Result<bool> {
    loop {
        match buffer.window() {
            [] | [b'\r'] if !buffer.ended() => buffer.fill()?,
            [] => return Ok(false),
            [b'\r'] => buffer.advance(1, 0),
            [b'\n', ..] => buffer.advance(1, 1),
            [b'\r', b'\n', ..] => buffer.advance(2, 1),
            _ => return Ok(true),
        }
    }
}

fn header<R: Read>(buffer: &mut Buffer<R>, cells: &mut Vec<Cell>) -> Result<Columns> {
    let broken = || input("the header is broken: a quote is not closed, or it is too long");
    let place = buffer.place;
    let (content, total, lines) = match frame(buffer, usize::MAX, cells)? {
        Some(Frame::Row { content, total, lines }) => (content, total, lines),
        Some(_) => return Err(broken()),
        None => return Err(input("there is no header: the file is empty")),
    };
    let bytes = buffer.window().get(..content).unwrap_or_default();
    let text = std::str::from_utf8(bytes).map_err(|_| input("the header is no UTF-8"))?;
    let none = Columns::from([]);
    let row = Record::framed((0, place.line), text.into(), &none, cells);
    let names: Columns =
        (0..cells.len()).filter_map(|index| row.cell(index)).map(Into::into).collect();
    buffer.advance(total, lines);
    check_names(&names)?;
    Ok(names)
}

fn check_names(names: &[Arc<str>]) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for (index, name) in names.iter().enumerate() {
        if name.is_empty() {
            return Err(input(format!("column {} of the header has no name", index + 1)));
        }
        if !seen.insert(name) {
            return Err(input(format!("the header names the column `{name}` twice")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each row as `row@line cell|cell` or `row@line reason field: text`.
    fn read(content: &[u8], limit: usize) -> Vec<String> {
        let mut reader = CsvReader::new(content).unwrap().max_record_bytes(limit);
        let show = |item: Result<Record, Reject>| match item {
            Ok(record) => {
                let cells: Vec<_> = record.cells().map(|(_, cell)| cell.into_owned()).collect();
                format!("{}@{} {}", record.row(), record.line(), cells.join("|"))
            }
            Err(Reject { row, line, rejection, record }) => {
                let field = rejection.field.unwrap_or_default();
                format!("{row}@{line} {} {field}: {record}", rejection.reason)
            }
        };
        std::iter::from_fn(|| reader.next_record().unwrap().map(show)).collect()
    }

    fn table(rows: &str) -> Vec<String> {
        read(format!("a,b\n{rows}").as_bytes(), 1 << 20)
    }

    #[test]
    fn rows_are_read_as_rfc_4180_says() {
        let file = b"\xEF\xBB\xBFa,\"b \"\"c\"\"\"\r\n1,\r\n\r\n\n\"\",\"x,\r\ny\"\"\"\n2,3";
        assert_eq!(read(file, 1 << 20), ["1@2 1|", "2@5 |x,\r\ny\"", "3@7 2|3"]);
        assert_eq!(CsvReader::new(&file[..]).unwrap().columns()[1], "b \"c\"".into());
        // Where no quote opens the cell, quotes and carriage returns are part of it.
        assert_eq!(table("1\"2\",\"3\"\r"), ["1@2 1\"2\"|3"]);
        assert_eq!(table("1\r2, \"3\"\r\n\r"), ["1@2 1\r2| \"3\""]);
        assert_eq!(table(""), [""; 0]);
    }

    #[test]
    fn a_broken_row_is_its_first_line() {
        for (rows, expected) in [
            ("1\n2,3\n", &["1@2 wrong-column-count : 1", "2@3 2|3"][..]),
            (
                "1,2,\"3\n4,5\n\"\n",
                &["1@2 wrong-column-count : 1,2,\"3", "2@3 4|5", "3@4 unclosed-quote a: \""],
            ),
            (
                "\"1\n2,3\n\"\n4,5",
                &["1@2 wrong-column-count : \"1", "2@3 2|3", "3@4 unclosed-quote a: \"", "4@5 4|5"],
            ),
            ("1,\"2\r\n3,4\r\n", &["1@2 unclosed-quote b: 1,\"2", "2@3 3|4"]),
            (
                "\"1\"2,3\n4,\"5\" ",
                &["1@2 text-after-quote a: \"1\"2,3", "2@3 text-after-quote b: 4,\"5\" "],
            ),
        ] {
            assert_eq!(table(rows), expected, "{rows}");
        }
    }

    #[test]
    fn a_row_may_be_as_long_as_the_limit() {
        for end in ["", "\n", "\r\n"] {
            let row = |length: usize| format!("a,b\n1,{}{end}", "x".repeat(length - 2));
            assert_eq!(read(row(20).as_bytes(), 20).len(), 1);
            assert!(read(row(20).as_bytes(), 20)[0].starts_with("1@2 1|x"), "{end:?}");
            let cut = format!("1@2 record-too-large : 1,{}", "x".repeat(18));
            assert_eq!(read(row(21).as_bytes(), 20), std::slice::from_ref(&cut), "{end:?}");
            assert_eq!(read(row(90).as_bytes(), 20), [cut], "{end:?}");
        }
        assert_eq!(
            read(b"a,b\n1,\"a\nb\",\"\nccc\"\n2,\"cccccccccccc\ncccccccc\"\n3,4\n", 20),
            [
                "1@2 wrong-column-count : 1,\"a",
                "2@3 b\"|\nccc",
                "3@5 unclosed-quote b: 2,\"cccccccccccc",
                "4@6 wrong-column-count : cccccccc\"",
                "5@7 3|4"
            ]
        );
    }

    #[test]
    fn bytes_that_are_no_text_are_refused_by_column() {
        assert_eq!(
            read(b"a,b\n\xFF,1\n2,\"x\ny\xC3\"\n\xC3\xA4,3", 1 << 20),
            [
                "1@2 invalid-utf8 a: \u{FFFD},1",
                "2@3 invalid-utf8 b: 2,\"x\ny\u{FFFD}\"",
                "3@5 \u{E4}|3"
            ]
        );
    }
}
