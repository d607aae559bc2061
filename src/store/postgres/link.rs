//! A transaction, the statements sent over it, and the rows that come back.

use std::borrow::Cow;

use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, ToSql, Type};
use tokio_postgres::{Row, Transaction};

use super::super::row::{self, Cell};
use super::super::table::{Kind, Table};
use crate::error::{Error, ErrorKind, Result};

/// Where the tables are, as statements name it.
#[derive(Clone, Debug)]
pub(super) struct Namespace(String);

impl Namespace {
    pub(super) fn new(name: &str) -> Self {
        Self(format!("\"{}\"", name.replace('"', "\"\"")))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// An open transaction over the tables of a namespace.
pub(super) struct Link<'t> {
    transaction: Transaction<'t>,
    pub(super) namespace: Namespace,
}

/// What a parameter is: a value, or a list of a column's values.
#[derive(Debug)]
pub(super) enum Parameter<'a> {
    Bytes(Vec<Option<Cow<'a, [u8]>>>),
    Number(i64),
    Numbers(Vec<Option<i64>>),
    Text(Cow<'a, str>),
    Texts(Vec<Option<Cow<'a, str>>>),
}

impl<'t> Link<'t> {
    pub(super) fn new(transaction: Transaction<'t>, namespace: Namespace) -> Self {
        Self { transaction, namespace }
    }

    pub(super) async fn commit(self) -> Result<()> {
        self.transaction.commit().await.map_err(failed)
    }

    /// Sends a statement and waits for its rows: one round trip, since the types of the parameters
    /// are said along, and nothing that a proxy between would have to remember.
    pub(super) async fn rows(&self, sql: &str, parameters: &[Parameter<'_>]) -> Result<Vec<Row>> {
        let sql = sql.replace('?', "$").replace("main.", &format!("{}.", self.namespace.as_str()));
        let parameters: Vec<_> = parameters.iter().map(Parameter::typed).collect();
        self.transaction.query_typed(&sql, &parameters).await.map_err(failed)
    }

    /// Sends statements that have no parameters.
    pub(super) async fn run(&self, sql: &str) -> Result<()> {
        self.transaction.batch_execute(sql).await.map_err(failed)
    }

    /// Writes rows of a table by a statement that takes a list for each column.
    pub(super) async fn write<'a, const N: usize>(
        &self,
        sql: &str,
        table: &Table,
        rows: impl IntoIterator<Item = [Cell<'a>; N]>,
    ) -> Result<Vec<Row>> {
        let kinds: Vec<Kind> = table.written().map(|column| column.kind).collect();
        let lists = lists(&kinds, rows);
        if lists.iter().all(Parameter::is_empty) {
            return Ok(Vec::new());
        }
        self.rows(sql, &lists).await
    }
}

/// A list for each column of these rows.
pub(super) fn lists<'a, const N: usize>(
    kinds: &[Kind],
    rows: impl IntoIterator<Item = [Cell<'a>; N]>,
) -> Vec<Parameter<'a>> {
    let mut columns: Vec<Vec<Cell<'a>>> = kinds.iter().map(|_| Vec::new()).collect();
    for row in rows {
        for (column, cell) in columns.iter_mut().zip(row) {
            column.push(cell);
        }
    }
    kinds.iter().zip(columns).map(|(kind, column)| Parameter::list(*kind, column)).collect()
}

impl<'a> Parameter<'a> {
    pub(super) fn text(text: &'a str) -> Self {
        Self::Text(escaped(text.into()))
    }

    pub(super) fn texts(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Texts(texts.into_iter().map(|text| Some(escaped(text.into()))).collect())
    }

    fn list(kind: Kind, cells: Vec<Cell<'a>>) -> Self {
        let cells = cells.into_iter();
        // A cell of another kind than its column's is NULL, which the column then refuses.
        match kind {
            Kind::Bytes => Self::Bytes(cells.map(Cell::bytes).collect()),
            Kind::Number | Kind::Serial => Self::Numbers(cells.map(Cell::number).collect()),
            Kind::Text => Self::Texts(cells.map(Cell::text).collect()),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Bytes(list) => list.is_empty(),
            Self::Numbers(list) => list.is_empty(),
            Self::Texts(list) => list.is_empty(),
            Self::Number(_) | Self::Text(_) => false,
        }
    }

    fn typed(&self) -> (&(dyn ToSql + Sync), Type) {
        match self {
            Self::Bytes(list) => (list, Type::BYTEA_ARRAY),
            Self::Number(number) => (number, Type::INT8),
            Self::Numbers(list) => (list, Type::INT8_ARRAY),
            Self::Text(text) => (text, Type::TEXT),
            Self::Texts(list) => (list, Type::TEXT_ARRAY),
        }
    }
}

impl<'a> Cell<'a> {
    fn bytes(self) -> Option<Cow<'a, [u8]>> {
        if let Self::Bytes(bytes) = self { Some(bytes) } else { None }
    }

    fn number(self) -> Option<i64> {
        if let Self::Number(number) = self { Some(number) } else { None }
    }

    fn text(self) -> Option<Cow<'a, str>> {
        if let Self::Text(text) = self { Some(escaped(text)) } else { None }
    }
}

impl row::Row for Row {
    fn bytes(&self, column: usize) -> Result<Option<&[u8]>> {
        found(self, column)
    }

    fn number(&self, column: usize) -> Result<Option<i64>> {
        found(self, column)
    }

    fn text(&self, column: usize) -> Result<Option<Cow<'_, str>>> {
        let text: Option<&str> = found(self, column)?;
        text.map(unescaped).transpose()
    }
}

fn found<'r, T: FromSql<'r>>(row: &'r Row, column: usize) -> Result<T> {
    let found = row.try_get(column);
    found.map_err(|error| row::unreadable(format!("a column holds something else: {error}")))
}

pub(super) fn failed(error: tokio_postgres::Error) -> Error {
    let (kind, detail) = match error.code() {
        Some(&SqlState::T_R_DEADLOCK_DETECTED | &SqlState::T_R_SERIALIZATION_FAILURE) => {
            (ErrorKind::Conflict, "another writer was at the same rows")
        }
        Some(&SqlState::PROGRAM_LIMIT_EXCEEDED) => {
            (ErrorKind::Input, "a text is too long to be looked up by")
        }
        _ => (ErrorKind::Io, "PostgreSQL failed"),
    };
    Error::new(kind, format!("{detail}: {error}")).with_source(error)
}

/// PostgreSQL has no text with U+0000 in it, so there it is U+0001 U+0001, and U+0001 is U+0001
/// U+0002. The order of texts by their bytes stays.
fn escaped(text: Cow<'_, str>) -> Cow<'_, str> {
    if !text.contains(['\0', '\u{1}']) {
        return text;
    }
    text.replace('\u{1}', "\u{1}\u{2}").replace('\0', "\u{1}\u{1}").into()
}

fn unescaped(text: &str) -> Result<Cow<'_, str>> {
    if !text.contains('\u{1}') {
        return Ok(text.into());
    }
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\u{1}' => match letters.next() {
                Some('\u{1}') => '\0',
                Some('\u{2}') => '\u{1}',
                _ => return Err(row::unreadable("a text holds a lone U+0001")),
            },
            _ => letter,
        });
    }
    Ok(plain.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaped_texts_come_back_in_their_order() {
        let mut texts = Vec::new();
        for first in ["", "\0", "\u{1}", "\u{2}", "a"] {
            for second in ["", "\0", "\u{1}", "\u{2}", "a"] {
                texts.push(format!("{first}{second}"));
                texts.push(format!("p{first}{second}"));
            }
        }
        texts.sort();
        texts.dedup();
        let written: Vec<String> =
            texts.iter().map(|text| escaped(text.into()).into_owned()).collect();
        assert!(written.is_sorted() && !written.iter().any(|text| text.contains('\0')));
        let back: Vec<_> = written.iter().map(|text| unescaped(text).unwrap()).collect();
        assert_eq!(back, texts);
        assert!(unescaped("a\u{1}").is_err());
    }
}
