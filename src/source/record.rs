//! One row as it came.

use std::borrow::Cow;
use std::sync::Arc;

use super::Reject;
use super::reject::wrong_count;
use crate::error::Rejection;

/// The names of a table's columns, shared by its rows.
pub type Columns = Arc<[Arc<str>]>;

/// One row of a table or one line of JSON, with its place and its text as it came.
///
/// ```
/// use bespoke::source::{Columns, Record};
///
/// let columns = Columns::from(["userId".into(), "note".into()]);
/// let record = Record::table(7, 9, &columns, ["p-1", "12\" vinyl"])?;
/// assert_eq!(record.cell(1).as_deref(), Some("12\" vinyl"));
/// assert_eq!(record.text(), r#"p-1,"12"" vinyl""#);
/// # Ok::<(), bespoke::source::Reject>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Record {
    row: u64,
    line: u64,
    text: Box<str>,
    content: Content,
}

#[derive(Clone, Debug, Eq, PartialEq)]
enum Content {
    Cells { columns: Columns, cells: Box<[Cell]> },
    Json,
}

/// Where a cell stands in its row, quotes excluded.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Cell {
    start: u32,
    end: u32,
    /// Whether quotes within are doubled.
    doubled: bool,
}

impl Cell {
    pub(super) fn new(start: usize, end: usize, doubled: bool) -> Self {
        // Rows are shorter than `MAX_BYTES`, so nothing is cut.
        let offset = |at| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: offset(start), end: offset(end), doubled }
    }

    #[cfg(feature = "csv")]
    pub(super) fn ends_after(&self, at: usize) -> bool {
        self.end as usize > at
    }

    fn of<'a>(&self, row: &'a str) -> Cow<'a, str> {
        let cell = row.get(self.start as usize..self.end as usize).unwrap_or_default();
        if self.doubled { Cow::Owned(cell.replace("\"\"", "\"")) } else { Cow::Borrowed(cell) }
    }
}

impl Record {
    /// A row of a table, for sources that have cells rather than text. The text is the row as a
    /// CSV file would have it.
    ///
    /// # Errors
    ///
    /// `wrong-column-count` where there are more or fewer cells than columns.
    pub fn table<C: AsRef<str>>(
        row: u64,
        line: u64,
        columns: &Columns,
        cells: impl IntoIterator<Item = C>,
    ) -> Result<Self, Reject> {
        let mut text = String::new();
        let mut places = Vec::with_capacity(columns.len());
        for (index, cell) in cells.into_iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            places.push(put_cell(&mut text, cell.as_ref()));
        }
        if places.len() == columns.len() {
            return Ok(Self::framed((row, line), text.into(), columns, &places));
        }
        let rejection = wrong_count(&places.len(), columns.len());
        Err(Reject::new(row, line, rejection, text))
    }

    /// A line of JSON: an event or a batch of them.
    pub fn json(row: u64, line: u64, text: impl Into<Box<str>>) -> Self {
        Self { row, line, text: text.into(), content: Content::Json }
    }

    /// A row whose cells were found in its text.
    pub(super) fn framed(
        (row, line): (u64, u64),
        text: Box<str>,
        columns: &Columns,
        cells: &[Cell],
    ) -> Self {
        let content = Content::Cells { columns: Arc::clone(columns), cells: cells.into() };
        Self { row, line, text, content }
    }

    /// Which record it is, counted from 1.
    pub fn row(&self) -> u64 {
        self.row
    }

    /// The physical line where it begins, counted from 1.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The record as it came, without the end of its line.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The names of its columns; `None` for JSON.
    pub fn columns(&self) -> Option<&Columns> {
        match &self.content {
            Content::Cells { columns, .. } => Some(columns),
            Content::Json => None,
        }
    }

    /// The content of the `index`-th cell, counted from 0.
    pub fn cell(&self, index: usize) -> Option<Cow<'_, str>> {
        match &self.content {
            Content::Cells { cells, .. } => cells.get(index).map(|cell| cell.of(&self.text)),
            Content::Json => None,
        }
    }

    /// The names of its columns with the content of their cells; nothing for JSON.
    pub fn cells(&self) -> impl Iterator<Item = (&Arc<str>, Cow<'_, str>)> {
        let (columns, cells) = match &self.content {
            Content::Cells { columns, cells } => (&**columns, &**cells),
            Content::Json => (&[][..], &[][..]),
        };
        columns.iter().zip(cells.iter().map(|cell| cell.of(&self.text)))
    }

    /// The same record, refused.
    pub fn refuse(&self, rejection: Rejection) -> Reject {
        Reject::new(self.row, self.line, rejection, &*self.text)
    }
}

/// Appends a cell as CSV has it (RFC 4180), and says where its content stands.
pub(super) fn put_cell(row: &mut String, cell: &str) -> Cell {
    if !cell.contains(['"', ',', '\n', '\r']) {
        let start = row.len();
        row.push_str(cell);
        return Cell::new(start, row.len(), false);
    }
    row.push('"');
    let start = row.len();
    row.push_str(&cell.replace('"', "\"\""));
    let end = row.len();
    row.push('"');
    Cell::new(start, end, cell.contains('"'))
}
