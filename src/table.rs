//! Tables to learn from: named columns of numbers and of categories.
//!
//! A [`Cell`] is what a row has in a column: a number, a text, or nothing. A [`Table`] keeps its
//! cells by column, a text as the number of its level, so that a million rows are read as fast as
//! the memory goes.
//!
//! ```
//! use bespoke::table::{Cell, ColumnKind, Table};
//!
//! let mut table = Table::new([("spend", ColumnKind::Number), ("plan", ColumnKind::Text)])?;
//! table.push(&[12.5.into(), "gold".into()])?;
//! table.push(&[Cell::Missing, "free".into()])?;
//! assert_eq!(table.len(), 2);
//! assert_eq!(table.row(1), [Cell::Missing, Cell::from("free")]);
//!
//! let error = table.push(&["much".into(), "gold".into()]).unwrap_err();
//! assert_eq!(error.to_string(), "row 2: the column `spend` is of numbers: `much` is none");
//! # Ok::<(), bespoke::Error>(())
//! ```

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

/// What a row has in a column.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Cell {
    /// Nothing is known.
    Missing,
    /// A number; one that is no number counts as missing.
    Number(f64),
    /// A category.
    Text(Arc<str>),
}

impl Cell {
    /// The number, `NaN` where there is none.
    pub const fn number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Missing | Self::Text(_) => f64::NAN,
        }
    }

    /// The text, if it is one.
    pub const fn text(&self) -> Option<&Arc<str>> {
        match self {
            Self::Text(text) => Some(text),
            Self::Missing | Self::Number(_) => None,
        }
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        if number.is_nan() { Self::Missing } else { Self::Number(number) }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<Arc<str>> for Cell {
    fn from(text: Arc<str>) -> Self {
        Self::Text(text)
    }
}

/// A row of numbers, `NaN` where nothing is known.
pub fn cells(numbers: impl IntoIterator<Item = f64>) -> Vec<Cell> {
    numbers.into_iter().map(Cell::from).collect()
}

/// What a column holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ColumnKind {
    /// Numbers.
    Number,
    /// Categories.
    Text,
}

/// The cells of a column, one for each row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Column {
    /// Numbers, `NaN` where nothing is known.
    Numbers(Vec<f64>),
    /// Categories.
    Texts(Levels),
}

/// The cells of a column of categories.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    texts: Vec<Arc<str>>,
    numbers: BTreeMap<Arc<str>, u32>,
    codes: Vec<u32>,
}

impl Levels {
    /// The code of a row of which nothing is known.
    pub const MISSING: u32 = u32::MAX;

    /// The different texts, in the order in which they first came.
    pub fn texts(&self) -> &[Arc<str>] {
        &self.texts
    }

    /// Which of the texts each row has, or [`Levels::MISSING`].
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    fn push(&mut self, text: Option<&Arc<str>>) {
        let code = match text {
            None => Self::MISSING,
            Some(text) => self.number(text),
        };
        self.codes.push(code);
    }

    fn number(&mut self, text: &Arc<str>) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        // A table of four billion different texts does not fit into memory.
        let number = u32::try_from(self.texts.len()).unwrap_or(Self::MISSING);
        self.texts.push(Arc::clone(text));
        self.numbers.insert(Arc::clone(text), number);
        number
    }

    fn text(&self, row: usize) -> Option<&Arc<str>> {
        let code = self.codes.get(row)?;
        self.texts.get(usize::try_from(*code).ok()?)
    }
}

impl Column {
    /// What the column holds.
    pub const fn kind(&self) -> ColumnKind {
        match self {
            Self::Numbers(_) => ColumnKind::Number,
            Self::Texts(_) => ColumnKind::Text,
        }
    }

    /// How many rows it has.
    pub const fn len(&self) -> usize {
        match self {
            Self::Numbers(numbers) => numbers.len(),
            Self::Texts(levels) => levels.codes.len(),
        }
    }

    /// Whether it has none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What a row has in it; of a row that is not there nothing is known.
    pub fn cell(&self, row: usize) -> Cell {
        match self {
            Self::Numbers(numbers) => numbers.get(row).map_or(Cell::Missing, |n| Cell::from(*n)),
            Self::Texts(levels) => levels.text(row).map_or(Cell::Missing, |t| Arc::clone(t).into()),
        }
    }

    fn push(&mut self, cell: &Cell) {
        match self {
            Self::Numbers(numbers) => numbers.push(cell.number()),
            Self::Texts(levels) => levels.push(cell.text()),
        }
    }

    fn takes(&self, cell: &Cell) -> std::result::Result<(), String> {
        match (self, cell) {
            (Self::Numbers(_), Cell::Text(text)) => Err(format!("is of numbers: `{text}` is none")),
            (Self::Texts(_), Cell::Number(number)) => {
                Err(format!("is of texts: {number} is a number"))
            }
            (_, Cell::Number(number)) if number.is_infinite() => Err("is infinite".to_owned()),
            _ => Ok(()),
        }
    }
}

/// Rows of cells, kept by column.
#[derive(Clone, Debug)]
pub struct Table {
    names: Arc<[Arc<str>]>,
    columns: Vec<Column>,
    rows: usize,
}

impl Table {
    /// A table without rows, of these columns.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for no columns, and for a name that is empty or comes twice.
    pub fn new<N: Into<Arc<str>>>(
        columns: impl IntoIterator<Item = (N, ColumnKind)>,
    ) -> Result<Self> {
        let table = Self::of(columns.into_iter().map(|(name, kind)| (name.into(), kind)));
        if table.names.is_empty() {
            return Err(Error::new(ErrorKind::Model, "a table needs columns"));
        }
        for (at, name) in table.names.iter().enumerate() {
            if name.is_empty() || table.names.iter().take(at).any(|other| other == name) {
                let detail = format!("column {at} of a table needs a name of its own: `{name}`");
                return Err(Error::new(ErrorKind::Model, detail));
            }
        }
        Ok(table)
    }

    /// A table of columns whose names are known to be sound.
    pub(crate) fn of(columns: impl Iterator<Item = (Arc<str>, ColumnKind)>) -> Self {
        let empty = |kind| match kind {
            ColumnKind::Number => Column::Numbers(Vec::new()),
            ColumnKind::Text => Column::Texts(Levels::default()),
        };
        let (names, columns): (Vec<_>, _) = columns.map(|(name, kind)| (name, empty(kind))).unzip();
        Self { names: names.into(), columns, rows: 0 }
    }

    /// Adds a row, in the order of the columns.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`], naming row and column, for a row of another length, a cell of another
    /// kind and an infinite number; the table is then as before.
    pub fn push(&mut self, row: &[Cell]) -> Result<()> {
        let place = self.rows;
        if row.len() != self.columns.len() {
            let detail = format!("{} cells for {} columns", row.len(), self.columns.len());
            return Err(Error::new(ErrorKind::Model, format!("row {place}: {detail}")));
        }
        for ((column, cell), name) in self.columns.iter().zip(row).zip(&*self.names) {
            column.takes(cell).map_err(|fault| {
                Error::new(ErrorKind::Model, format!("row {place}: the column `{name}` {fault}"))
            })?;
        }
        self.columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        self.rows += 1;
        Ok(())
    }

    /// The same table, with the columns of texts that say something else as what they say: a column
    /// is of numbers if each of its texts matches `-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?`, or each
    /// is `true` or `false`, which count as 1 and 0.
    ///
    /// `007` is a text: whoever writes it so means a name.
    ///
    /// ```
    /// use bespoke::table::{Cell, ColumnKind, Table};
    ///
    /// let mut table = Table::new(["spend", "branch"].map(|name| (name, ColumnKind::Text)))?;
    /// table.push(&["12.50".into(), "007".into()])?;
    /// table.push(&[Cell::Missing, "12".into()])?;
    /// let table = table.inferred();
    /// assert_eq!(table.row(0), [Cell::Number(12.5), "007".into()]);
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    #[must_use]
    pub fn inferred(self) -> Self {
        Self { columns: self.columns.into_iter().map(Column::inferred).collect(), ..self }
    }

    /// A column by its name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.get(self.names.iter().position(|other| **other == *name)?)
    }

    /// The same table without some of its columns; a name that none has is passed over.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] if no column is left.
    pub fn without(self, names: &[&str]) -> Result<Self> {
        let keep = |name: &Arc<str>| !names.contains(&&**name);
        let columns = self.names.iter().map(Arc::clone).zip(self.columns);
        let (names, columns): (Vec<_>, _) = columns.filter(|(name, _)| keep(name)).unzip();
        if names.is_empty() {
            return Err(Error::new(ErrorKind::Model, "a table needs columns"));
        }
        Ok(Self { names: names.into(), columns, rows: self.rows })
    }

    /// The columns' names.
    pub fn names(&self) -> &Arc<[Arc<str>]> {
        &self.names
    }

    /// The columns.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// How many rows there are.
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// A row; of one that is not there nothing is known.
    pub fn row(&self, row: usize) -> Vec<Cell> {
        self.columns.iter().map(|column| column.cell(row)).collect()
    }

    /// The rows, one after the other.
    pub fn rows(&self) -> impl Iterator<Item = Vec<Cell>> {
        (0..self.rows).map(|row| self.row(row))
    }

    /// A table of some of the rows, in this order; one that is not there is passed over.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let rows: Vec<usize> = rows.iter().copied().filter(|row| *row < self.rows).collect();
        let columns = self.columns.iter().map(|column| column.select(&rows)).collect();
        Self { names: Arc::clone(&self.names), columns, rows: rows.len() }
    }
}

/// Tables are equal whose rows are; nothing known equals nothing known.
impl PartialEq for Table {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names && self.rows == other.rows && self.rows().eq(other.rows())
    }
}

/// The number that a text says, if it says one.
fn number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.is_none_or(|text| digits(text.trim_start_matches(['+', '-'])));
    let plain = digits(whole) && (whole == "0" || !whole.starts_with('0'));
    let sound = plain && fraction.is_none_or(digits) && exponent;
    text.parse().ok().filter(|number: &f64| sound && number.is_finite())
}

fn truth(text: &str) -> Option<f64> {
    match text {
        "true" => Some(1.0),
        "false" => Some(0.0),
        _ => None,
    }
}

impl Column {
    fn inferred(self) -> Self {
        let Self::Texts(levels) = self else { return self };
        let all = |of: fn(&str) -> Option<f64>| {
            levels.texts.iter().map(|text| of(text)).collect::<Option<Vec<f64>>>()
        };
        match all(number).or_else(|| all(truth)) {
            None => Self::Texts(levels),
            Some(numbers) => {
                let known = |code: &u32| numbers.get(usize::try_from(*code).ok()?).copied();
                let number = |code| known(code).unwrap_or(f64::NAN);
                Self::Numbers(levels.codes.iter().map(number).collect())
            }
        }
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Numbers(numbers) => {
                Self::Numbers(rows.iter().filter_map(|row| numbers.get(*row).copied()).collect())
            }
            Self::Texts(levels) => {
                // Levels are as few as those that the rows have, so that none is learnt from others.
                let mut selected = Levels::default();
                rows.iter().for_each(|row| selected.push(levels.text(*row)));
                Self::Texts(selected)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_names_its_place_and_changes_nothing() {
        let kinds = [("spend", ColumnKind::Number), ("plan", ColumnKind::Text)];
        let mut table = Table::new(kinds).unwrap();
        table.push(&[1.0.into(), "a".into()]).unwrap();
        for (row, expected) in [
            (vec![1.0.into()], "row 1: 1 cells for 2 columns"),
            (vec!["a".into(), "a".into()], "row 1: the column `spend` is of numbers: `a` is none"),
            (vec![1.0.into(), 2.0.into()], "row 1: the column `plan` is of texts: 2 is a number"),
            (vec![f64::INFINITY.into(), "a".into()], "row 1: the column `spend` is infinite"),
        ] {
            assert_eq!(table.push(&row).unwrap_err().to_string(), expected);
            assert_eq!(table.len(), 1);
        }
        let none: [(&str, ColumnKind); 0] = [];
        assert!(Table::new(none).is_err());
        assert!(Table::new([("a", ColumnKind::Number), ("a", ColumnKind::Text)]).is_err());
    }

    #[test]
    fn numbers_are_what_looks_like_one() {
        for (text, expected) in [
            ("0", Some(0.0)),
            ("-12.50", Some(-12.5)),
            ("2.7E-05", Some(2.7e-5)),
            ("1e+3", Some(1e3)),
            ("007", None),
            ("1.", None),
            (".5", None),
            ("1e", None),
            ("1e999", None),
            ("inf", None),
            ("NaN", None),
            ("+1", None),
            ("", None),
            ("1 ", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn columns_are_what_all_of_their_texts_say() {
        let names = ["number", "truth", "mixed", "nothing"];
        let mut table = Table::new(names.map(|name| (name, ColumnKind::Text))).unwrap();
        for row in [["1", "true", "true", ""], ["", "false", "1", ""]] {
            let cell = |text: &str| if text.is_empty() { Cell::Missing } else { Cell::from(text) };
            table.push(&row.map(cell)).unwrap();
        }
        let table = table.inferred();
        assert_eq!(table.row(0), [1.0.into(), 1.0.into(), "true".into(), Cell::Missing]);
        assert_eq!(table.row(1), [Cell::Missing, 0.0.into(), "1".into(), Cell::Missing]);
        let left = table.without(&["mixed", "other"]).unwrap();
        assert_eq!(left.names().len(), 3);
        assert!(left.column("mixed").is_none() && left.column("truth").is_some());
        assert!(left.without(&["number", "truth", "nothing"]).is_err());
    }

    #[test]
    fn rows_are_selected_with_no_more_levels_than_they_have() {
        let mut table = Table::new([("plan", ColumnKind::Text)]).unwrap();
        for plan in ["a", "b", "a", "c"] {
            table.push(&[plan.into()]).unwrap();
        }
        table.push(&[Cell::Missing]).unwrap();
        let some = table.select(&[4, 3, 9]);
        assert_eq!(some.rows().collect::<Vec<_>>(), [[Cell::Missing], ["c".into()]]);
        let Column::Texts(levels) = &some.columns()[0] else { panic!("texts") };
        assert_eq!((levels.texts().len(), levels.codes()), (1, &[Levels::MISSING, 0][..]));
        assert_ne!(some, table);
    }
}
