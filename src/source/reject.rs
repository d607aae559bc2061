//! What was refused, and how much of what was read stands.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;

use super::io;
use super::record::put_cell;
use crate::error::{Rejection, Result};

/// A record that was refused: where it stands, why, and what it was.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reject {
    /// Which record it was, counted from 1.
    pub row: u64,
    /// The physical line where it began, counted from 1.
    pub line: u64,
    /// Why it was refused.
    pub rejection: Rejection,
    /// The record as it came. Bytes that are no UTF-8 are replaced by U+FFFD; of a record above
    /// the size limit the beginning is kept.
    pub record: String,
}

impl Reject {
    /// A record that was refused.
    pub fn new(row: u64, line: u64, rejection: Rejection, record: impl Into<String>) -> Self {
        Self { row, line, rejection, record: record.into() }
    }
}

impl fmt::Display for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "row {}, line {}: {}", self.row, self.line, self.rejection)
    }
}

impl std::error::Error for Reject {}

pub(super) fn wrong_count(found: &dyn fmt::Display, expected: usize) -> Rejection {
    let detail = format!("found {found} columns, expected {expected}");
    Rejection::new("wrong-column-count", detail)
}

pub(super) fn too_large(found: &dyn fmt::Display, limit: usize) -> Rejection {
    let detail = format!("found {found} bytes, where {limit} are allowed");
    Rejection::new("record-too-large", detail)
}

/// Writes refused records as CSV: `row,line,column,reason,detail,record`.
///
/// The same rejects give the same bytes, and a CSV reader gives the records back.
///
/// ```
/// use bespoke::error::Rejection;
/// use bespoke::source::{Reject, RejectFile};
///
/// let rejection = Rejection::new("wrong-kind", "`dear` is not a number").in_field("price");
/// let mut file = RejectFile::new(Vec::new())?;
/// file.write(&Reject::new(3, 4, rejection, "p-1,dear"))?;
/// assert_eq!(String::from_utf8_lossy(&file.finish()?), "\
/// row,line,column,reason,detail,record
/// 3,4,price,wrong-kind,`dear` is not a number,\"p-1,dear\"
/// ");
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Debug)]
pub struct RejectFile<W: Write> {
    out: W,
}

impl<W: Write> RejectFile<W> {
    /// Begins a file with its header. Give a buffered writer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) where writing failed.
    pub fn new(mut out: W) -> Result<Self> {
        out.write_all(b"row,line,column,reason,detail,record\n").map_err(io)?;
        Ok(Self { out })
    }

    /// Writes one refused record.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) where writing failed.
    pub fn write(&mut self, reject: &Reject) -> Result<()> {
        let Rejection { reason, field, detail } = &reject.rejection;
        let mut line = format!("{},{}", reject.row, reject.line);
        for cell in [field.as_deref().unwrap_or_default(), reason, detail, &reject.record] {
            line.push(',');
            put_cell(&mut line, cell);
        }
        line.push('\n');
        self.out.write_all(line.as_bytes()).map_err(io)
    }

    /// Flushes the file and gives it back.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) where writing failed.
    pub fn finish(mut self) -> Result<W> {
        self.out.flush().map_err(io)?;
        Ok(self.out)
    }
}

/// What became of the records that were read.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Tally {
    /// How many records were read; each event of a batch is one.
    pub read: usize,
    /// How many became events that stand.
    pub accepted: usize,
    /// How many told again what another told.
    pub merged: usize,
    /// How many were refused, by reason.
    pub rejected: BTreeMap<Cow<'static, str>, usize>,
    /// How many numbers of the accepted ones lost digits after the sixth decimal.
    pub rounded: usize,
}

impl Tally {
    /// How many were refused, for whatever reason.
    pub fn rejected(&self) -> usize {
        self.rejected.values().sum()
    }

    /// Whether everything read was accepted, merged or refused.
    pub fn is_balanced(&self) -> bool {
        self.read == self.accepted + self.merged + self.rejected()
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { read, accepted, merged, rejected, rounded } = self;
        write!(
            f,
            "{read} read: {accepted} accepted, {merged} merged, {} rejected",
            self.rejected()
        )?;
        for (index, (reason, count)) in rejected.iter().enumerate() {
            write!(f, "{}{count} {reason}", if index == 0 { " (" } else { ", " })?;
        }
        if !rejected.is_empty() {
            f.write_str(")")?;
        }
        if *rounded > 0 {
            write!(f, "; {rounded} numbers rounded")?;
        }
        Ok(())
    }
}
