//! Bytes read ahead, and where they stand.

use std::fmt;
use std::io::Read;

use super::{foreign, io};
use crate::error::Result;
use crate::page::Cursor;

/// How many bytes are read at once; few in tests, so that rows lie across.
const CHUNK: usize = if cfg!(test) { 16 } else { 64 * 1024 };

/// The most that a size limit may allow: cells are found by 32-bit offsets.
const MAX_BYTES: usize = 1 << 30;

/// A stretch of the input, from where the reader stands to how far it has looked.
pub(super) struct Buffer<R> {
    input: R,
    bytes: Vec<u8>,
    start: usize,
    ended: bool,
    limit: usize,
    pub(super) place: Place,
}

/// Where a reader stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place {
    /// How many bytes lie before.
    pub(super) offset: u64,
    /// How many rows lie before.
    pub(super) row: u64,
    /// The physical line, counted from 1.
    pub(super) line: u64,
}

/// A physical line without its end, cut at the size limit.
pub(super) struct Line {
    pub(super) bytes: Vec<u8>,
    /// How long the whole line is.
    pub(super) length: u64,
}

impl Place {
    pub(super) const START: Self = Self { offset: 0, row: 0, line: 1 };

    pub(super) fn cursor(self) -> Cursor {
        Cursor::new(format!("{}:{}:{}", self.offset, self.row, self.line))
    }

    pub(super) fn read(cursor: &Cursor) -> Result<Self> {
        let numbers: Vec<u64> =
            cursor.as_str().split(':').map_while(|number| number.parse().ok()).collect();
        let place = match numbers[..] {
            [offset, row, line] => Self { offset, row, line },
            _ => return Err(foreign(cursor)),
        };
        if place.cursor() == *cursor { Ok(place) } else { Err(foreign(cursor)) }
    }
}

impl<R: Read> Buffer<R> {
    /// A buffer over `input`, which stands at `place` already.
    pub(super) fn new(input: R, place: Place, limit: usize) -> Self {
        Self { input, bytes: Vec::new(), start: 0, ended: false, limit, place }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit.min(MAX_BYTES);
    }

    /// What was read ahead.
    pub(super) fn window(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Whether nothing comes after the window.
    #[cfg(feature = "csv")]
    pub(super) fn ended(&self) -> bool {
        self.ended
    }

    /// Looks further: twice as far as before, so that looking again from the start stays cheap.
    pub(super) fn fill(&mut self) -> Result<()> {
        self.bytes.drain(..self.start);
        self.start = 0;
        let wanted = self.bytes.len().max(CHUNK);
        let mut more = self.input.by_ref().take(wanted as u64);
        self.ended = more.read_to_end(&mut self.bytes).map_err(io)? < wanted;
        Ok(())
    }

    /// Steps over bytes of the window.
    pub(super) fn advance(&mut self, bytes: usize, lines: u64) {
        self.start += bytes;
        self.place.offset += bytes as u64;
        self.place.line += lines;
    }

    /// Steps over the mark that some programs write in front of UTF-8.
    pub(super) fn skip_byte_order_mark(&mut self) -> Result<()> {
        self.fill()?;
        if self.window().starts_with(b"\xEF\xBB\xBF") {
            self.advance(3, 0);
        }
        Ok(())
    }

    /// Steps over the rest of a physical line. No more than the limit of it is held in memory.
    pub(super) fn take_line(&mut self) -> Result<Option<Line>> {
        let mut line = Line { bytes: Vec::new(), length: 0 };
        loop {
            let window = self.window();
            let newline = window.iter().position(|byte| *byte == b'\n');
            let part = window.get(..newline.unwrap_or(window.len())).unwrap_or_default();
            line.put(part, self.limit);
            self.advance(part.len() + usize::from(newline.is_some()), newline.is_some().into());
            if newline.is_some() {
                return Ok(Some(line.finish(self.limit)));
            }
            if self.ended {
                return Ok((line.length > 0).then(|| line.finish(self.limit)));
            }
            self.fill()?;
        }
    }
}

impl Line {
    /// One byte above the limit is kept, for it may be a carriage return.
    fn put(&mut self, part: &[u8], limit: usize) {
        let room = (limit + 1).saturating_sub(self.bytes.len());
        self.bytes.extend_from_slice(part.get(..room).unwrap_or(part));
        self.length += part.len() as u64;
    }

    fn finish(mut self, limit: usize) -> Self {
        if self.bytes.len() as u64 == self.length && self.bytes.ends_with(b"\r") {
            self.bytes.pop();
            self.length -= 1;
        }
        self.bytes.truncate(limit);
        self
    }

    pub(super) fn is_cut(&self) -> bool {
        self.length > self.bytes.len() as u64
    }

    pub(super) fn into_text(self) -> String {
        match String::from_utf8(self.bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }
    }
}

impl<R> fmt::Debug for Buffer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").field("place", &self.place).finish_non_exhaustive()
    }
}
