//! Columns, and the tables beside that of events.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::schema::{Field, Shape};
use crate::value::Kind;

/// The names that lead to a field.
pub(super) type Path = Vec<Arc<str>>;

/// A column and how it holds its values. NULL is no value.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Column {
    pub(in crate::segment::pushdown) name: Arc<str>,
    pub(in crate::segment::pushdown) storage: Storage,
}

/// How values are stored.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Storage {
    Boolean,
    /// A decimal type with at most six digits after the point.
    Decimal,
    /// Whole microseconds since 1970-01-01T00:00:00Z.
    EpochMicros,
    /// A whole number of units, of which so many powers of ten make one.
    Scaled(u32),
    Text,
    /// A timestamp type, in UTC.
    Timestamp,
}

/// The elements of a list: a table that has a row for each of them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct List {
    pub(in crate::segment::pushdown) table: Arc<str>,
    pub(in crate::segment::pushdown) message: Arc<str>,
    pub(in crate::segment::pushdown) present: Option<Arc<str>>,
    pub(in crate::segment::pushdown) fields: BTreeMap<Path, Column>,
}

/// A table that says whose an identifier is, for tables of events that call one person by several
/// identifiers, or by digests.
#[derive(Clone, Debug)]
pub struct Links {
    pub(in crate::segment::pushdown) table: Arc<str>,
    pub(in crate::segment::pushdown) alias: Arc<str>,
    pub(in crate::segment::pushdown) person: Arc<str>,
    pub(in crate::segment::pushdown) known_from: Option<Column>,
    pub(in crate::segment::pushdown) known_until: Option<Column>,
}

impl Column {
    /// A column of truth values; SQLite's are 0 and 1.
    pub fn boolean(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), storage: Storage::Boolean }
    }

    /// Exact decimals, with at most six digits after the point: `DECIMAL(18, 2)`, `NUMERIC`.
    pub fn decimal(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), storage: Storage::Decimal }
    }

    /// Whole numbers: `BIGINT`.
    pub fn integer(name: impl Into<Arc<str>>) -> Self {
        Self::scaled(name, 0)
    }

    /// Numbers as whole numbers of a smaller unit: with 2 digits as hundredths, with 6 as
    /// millionths. More than 6 are taken for 6.
    pub fn scaled(name: impl Into<Arc<str>>, digits: u32) -> Self {
        Self { name: name.into(), storage: Storage::Scaled(digits.min(6)) }
    }

    /// Text, to be compared byte by byte: without a collation of its own.
    pub fn text(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), storage: Storage::Text }
    }

    /// Instants of a timestamp type: in UTC, to the microsecond or coarser.
    pub fn timestamp(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), storage: Storage::Timestamp }
    }

    /// Instants as whole microseconds since 1970-01-01T00:00:00Z.
    pub fn epoch_micros(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), storage: Storage::EpochMicros }
    }

    /// The kind of its values.
    pub fn value_kind(&self) -> Kind {
        match self.storage {
            Storage::Boolean => Kind::Boolean,
            Storage::Decimal | Storage::Scaled(_) => Kind::Number,
            Storage::EpochMicros | Storage::Timestamp => Kind::Instant,
            Storage::Text => Kind::Text,
        }
    }

    pub(super) fn fits(&self, kind: Kind) -> Result<()> {
        if [self.value_kind(), Kind::Null].contains(&kind) {
            return Ok(());
        }
        let held = self.value_kind();
        Err(fault(format!("the column `{}` holds {held}, where {kind} is wanted", self.name)))
    }

    pub(super) fn holds(&self, shape: &Shape) -> Result<()> {
        match shape {
            Shape::Scalar(kind) => self.fits(*kind),
            _ => Err(fault(format!(
                "the column `{}`: the field has parts; give each a column, or a list a table",
                self.name
            ))),
        }
    }

    pub(super) fn of_nothing(&self, what: &str, path: &[Arc<str>]) -> Error {
        let Self { name, .. } = self;
        fault(format!("the column `{name}`: the schema has no {what} `{}`", path.join(".")))
    }
}

impl List {
    /// A table of elements, of which each row names the event whose it is by `messageId`.
    pub fn new(table: impl Into<Arc<str>>, message_id: impl Into<Arc<str>>) -> Self {
        Self {
            table: table.into(),
            message: message_id.into(),
            present: None,
            fields: BTreeMap::new(),
        }
    }

    /// The same list with a column of the table of events that is true where an event has the
    /// list, be it empty. Without it an event has the list if it has an element.
    #[must_use]
    pub fn present(self, column: impl Into<Arc<str>>) -> Self {
        Self { present: Some(column.into()), ..self }
    }

    /// The same list with the column of a field of its elements.
    #[must_use]
    pub fn field<N: Into<Arc<str>>>(
        mut self,
        path: impl IntoIterator<Item = N>,
        column: Column,
    ) -> Self {
        self.fields.insert(names(path), column);
        self
    }

    /// The same list with the column of its elements, where these have no fields.
    #[must_use]
    pub fn value(self, column: Column) -> Self {
        self.field([] as [&str; 0], column)
    }

    pub(super) fn check(&self, shape: &Shape) -> Result<()> {
        for (path, column) in &self.fields {
            match (shape, path.split_first()) {
                (Shape::ScalarList(kind), None) => column.fits(*kind)?,
                (Shape::ObjectList(fields), Some((name, _))) => {
                    let field = fields.get(name).and_then(|field| within(field, path));
                    let field = field.ok_or_else(|| column.of_nothing("element's field", path))?;
                    column.holds(field.shape())?;
                }
                (Shape::ObjectList(_), None) => {
                    let detail = "the elements are objects; give each field a column";
                    return Err(fault(format!("the column `{}`: {detail}", column.name)));
                }
                _ => return Err(column.of_nothing("element's field", path)),
            }
        }
        Ok(())
    }
}

impl Links {
    /// A table with the person behind each identifier. An identifier that it lacks is a person.
    pub fn new(
        table: impl Into<Arc<str>>,
        alias: impl Into<Arc<str>>,
        person: impl Into<Arc<str>>,
    ) -> Self {
        Self {
            table: table.into(),
            alias: alias.into(),
            person: person.into(),
            known_from: None,
            known_until: None,
        }
    }

    /// The same links with the instants from when until when each is known; NULL is always.
    #[must_use]
    pub fn known(self, from: Column, until: Column) -> Self {
        Self { known_from: Some(from), known_until: Some(until), ..self }
    }
}

/// The field at the end of a path through objects, of which the first name led to `field`.
pub(super) fn within<'s>(field: &'s Field, path: &[Arc<str>]) -> Option<&'s Field> {
    path.iter().skip(1).try_fold(field, |field, name| match field.shape() {
        Shape::Object(fields) => fields.get(name),
        _ => None,
    })
}

pub(super) fn names<N: Into<Arc<str>>>(path: impl IntoIterator<Item = N>) -> Path {
    path.into_iter().map(Into::into).collect()
}

pub(super) fn fault(detail: String) -> Error {
    Error::new(ErrorKind::Schema, detail)
}
