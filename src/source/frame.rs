//! Where a row of comma-separated values ends.
//!
//! Strict about quotes, so that a broken row is found out soon: a quote opens a cell only as its
//! first byte, and after the quote that closes it comes a comma or the end of the line.

use super::record::Cell;

/// What the bytes begin with.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Frame {
    /// A row, which may be of the wrong number of columns if it stands on one line.
    Row {
        /// How many bytes it has without the end of its line.
        content: usize,
        /// How many with it.
        total: usize,
        /// How many physical lines lie behind it.
        lines: u64,
    },
    /// The bytes end before the row does, within quotes or outside.
    Open {
        /// Whether they end within quotes.
        quoted: bool,
    },
    /// The row goes on after a quote that should end its cell.
    TextAfterQuote,
    /// The row has too many columns, over several lines.
    TooManyColumns,
}

/// Finds the row that `bytes` begin with, and its cells; `ended` if nothing comes after them.
///
/// A row that has become too long over several lines is given up at once. So a physical line is
/// looked at no more often than there are columns, and once more, before it is read: a quote that
/// crosses it opens a column of each row that was tried before.
pub(super) fn scan(bytes: &[u8], ended: bool, columns: usize, cells: &mut Vec<Cell>) -> Frame {
    cells.clear();
    let mut scanner = Scanner { bytes, at: 0, ended, lines: 0, cells };
    loop {
        let quoted = bytes.get(scanner.at) == Some(&b'"');
        match if quoted { scanner.quoted() } else { scanner.bare() } {
            Ok(After::Comma) => {}
            Ok(After::End(terminator)) => {
                let (content, total) = (scanner.at, scanner.at + terminator);
                return Frame::Row { content, total, lines: scanner.lines + 1 };
            }
            Err(frame) => return frame,
        }
        if scanner.lines > 0 && scanner.cells.len() >= columns {
            return Frame::TooManyColumns;
        }
    }
}

struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    ended: bool,
    /// How many line ends lie within cells.
    lines: u64,
    cells: &'a mut Vec<Cell>,
}

/// What comes after a cell: a comma, which was passed, or the end of the line and how long it is.
enum After {
    Comma,
    End(usize),
}

impl Scanner<'_> {
    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn bare(&mut self) -> Result<After, Frame> {
        let start = self.at;
        let rest = self.rest();
        let stop = rest.iter().position(|byte| matches!(byte, b',' | b'\n'));
        let length = match stop {
            Some(length) => length,
            None if self.ended => rest.len(),
            None => return Err(Frame::Open { quoted: false }),
        };
        if rest.get(length) == Some(&b',') {
            self.cells.push(Cell::new(start, start + length, false));
            self.at = start + length + 1;
            return Ok(After::Comma);
        }
        let cell = rest.get(..length).unwrap_or_default();
        let kept = cell.strip_suffix(b"\r").unwrap_or(cell).len();
        let terminator = length - kept + usize::from(stop.is_some());
        self.cells.push(Cell::new(start, start + kept, false));
        self.at = start + kept;
        Ok(After::End(terminator))
    }

    fn quoted(&mut self) -> Result<After, Frame> {
        let start = self.at + 1;
        let mut doubled = false;
        self.at = start;
        loop {
            let quote = self.rest().iter().position(|byte| *byte == b'"');
            self.at += quote.ok_or(Frame::Open { quoted: true })?;
            match self.bytes.get(self.at + 1) {
                Some(b'"') => doubled = true,
                None if !self.ended => return Err(Frame::Open { quoted: true }),
                _ => break,
            }
            self.at += 2;
        }
        self.cells.push(Cell::new(start, self.at, doubled));
        let content = self.bytes.get(start..self.at).unwrap_or_default();
        self.lines += content.split(|byte| *byte == b'\n').skip(1).count() as u64;
        self.at += 1;
        self.after_quote()
    }

    fn after_quote(&mut self) -> Result<After, Frame> {
        match self.rest() {
            [b',', ..] => {
                self.at += 1;
                Ok(After::Comma)
            }
            [b'\n', ..] => Ok(After::End(1)),
            [b'\r', b'\n', ..] => Ok(After::End(2)),
            [] | [b'\r'] if self.ended => Ok(After::End(self.rest().len())),
            [] | [b'\r'] => Err(Frame::Open { quoted: false }),
            _ => Err(Frame::TextAfterQuote),
        }
    }
}
