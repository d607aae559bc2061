//! The one connection to a file, its settings and its transactions.

use std::borrow::Cow;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags, ToSql, Transaction, TransactionBehavior};

use super::super::row::{self, Cell, Row};
use super::format;
use crate::error::{Error, ErrorKind, Result};

/// How long a writer waits for another.
const PATIENCE: Duration = Duration::from_secs(5);
/// How much of the file is kept in memory: room for the tables' upper pages, so that a page of
/// profiles is read once.
const CACHE: &str = "-65536";
/// How many statements are kept prepared: all there are.
const STATEMENTS: usize = 64;

/// What went wrong within a transaction.
#[derive(Debug)]
pub(super) struct Failure(Error);

/// The result of a step within a transaction.
pub(super) type Outcome<T> = Result<T, Failure>;

/// A connection, shared by those who use one file.
#[derive(Clone)]
pub(super) struct Database(Arc<Mutex<Connection>>);

impl Database {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
            | OpenFlags::SQLITE_OPEN_CREATE
            | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> Outcome<Connection> {
            refuse_others(path)?;
            let connection = Connection::open_with_flags(path, flags)?;
            begin(connection, "wal")
        };
        let connection = open().map_err(|failure| failure.0.within(path.display()))?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    pub(super) fn in_memory() -> Result<Self> {
        let open = || -> Outcome<Connection> { begin(Connection::open_in_memory()?, "memory") };
        Ok(Self(Arc::new(Mutex::new(open().map_err(|failure| failure.0)?))))
    }

    /// Reads in one transaction, and so from one state of the file.
    pub(super) fn read<T>(&self, step: impl FnOnce(&Connection) -> Outcome<T>) -> Result<T> {
        self.transact(TransactionBehavior::Deferred, step)
    }

    /// Writes all of a step or nothing.
    pub(super) fn write<T>(&self, step: impl FnOnce(&Connection) -> Outcome<T>) -> Result<T> {
        self.transact(TransactionBehavior::Immediate, step)
    }

    fn transact<T>(
        &self,
        behavior: TransactionBehavior,
        step: impl FnOnce(&Connection) -> Outcome<T>,
    ) -> Result<T> {
        let connection = self.lock();
        let run = || -> Outcome<T> {
            // The lock lets nobody else begin one on this connection.
            let transaction = Transaction::new_unchecked(&connection, behavior)?;
            // Another process may have brought the file to a newer format since it was opened.
            format::check(&transaction)?;
            let answer = step(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        };
        run().map_err(|failure| failure.0)
    }

    /// Writes the log into the file and empties it, as far as nobody else is reading.
    pub(super) fn settle(&self) -> Result<()> {
        // It answers how far it came; whoever reads now settles the rest when they are done.
        let settled = self.lock().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        settled.map_err(|error| Failure::from(error).0)
    }

    /// Writes the log into the file; the last to close it then removes the log.
    pub(super) fn close(self) -> Result<()> {
        self.settle()?;
        let Some(connection) = Arc::into_inner(self.0) else { return Ok(()) };
        let connection = connection.into_inner().unwrap_or_else(PoisonError::into_inner);
        connection.close().map_err(|(_, error)| Failure::from(error).0)
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A transaction that a panic left is rolled back; what a poisoned lock guards is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses a file that is no SQLite database: one shorter than a page SQLite takes for an empty
/// database, and would write over it.
fn refuse_others(path: &Path) -> Outcome<()> {
    const BEGINNING: &[u8] = b"SQLite format 3\0";
    let mut found = Vec::new();
    match File::open(path) {
        Ok(file) => {
            let read = file.take(BEGINNING.len() as u64).read_to_end(&mut found);
            read.map_err(|error| unreadable(&error))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(unreadable(&error).into()),
    }
    if found.is_empty() || found == BEGINNING {
        return Ok(());
    }
    Err(Failure::format("the file is no SQLite database"))
}

fn unreadable(error: &io::Error) -> Error {
    Error::new(ErrorKind::Io, error.to_string())
}

/// Refuses a file that is damaged.
pub(super) fn verify(db: &Connection) -> Outcome<()> {
    let mut check = db.prepare("PRAGMA integrity_check(10)")?;
    let found = check.query_map([], |row| row.get::<_, String>(0))?;
    let found: Vec<String> = found.collect::<Result<_, _>>()?;
    if found == ["ok"] {
        return Ok(());
    }
    let detail = format!("the store's file is damaged: {}", found.join("; "));
    Err(Error::new(ErrorKind::Io, detail).into())
}

/// Sets a connection up. Nothing is written before it is known that the file is a store's.
fn begin(mut connection: Connection, journal: &str) -> Outcome<Connection> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "secure_delete", "ON")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "cache_size", CACHE)?;
    format::prepare(&mut connection)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != journal {
        let detail = format!("SQLite keeps no write-ahead log here (journal_mode is {mode})");
        return Err(Error::new(ErrorKind::Io, detail).into());
    }
    Ok(connection)
}

impl Failure {
    /// What is stored is not what this version writes.
    pub(super) fn format(detail: impl Into<String>) -> Self {
        Self(row::unreadable(detail.into()))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        let (kind, detail) = match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => (ErrorKind::Format, "the file is no SQLite database"),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                (ErrorKind::Io, "another writer did not finish in time")
            }
            _ => (ErrorKind::Io, "SQLite failed"),
        };
        Self(Error::new(kind, format!("{detail}: {error}")).with_source(error))
    }
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
            Self::Null => ValueRef::Null,
            Self::Number(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
        }))
    }
}

impl Row for rusqlite::Row<'_> {
    fn bytes(&self, column: usize) -> Result<Option<&[u8]>> {
        self.get_ref(column).map_err(strange)?.as_blob_or_null().map_err(strange)
    }

    fn number(&self, column: usize) -> Result<Option<i64>> {
        self.get_ref(column).map_err(strange)?.as_i64_or_null().map_err(strange)
    }

    fn text(&self, column: usize) -> Result<Option<Cow<'_, str>>> {
        let text = self.get_ref(column).map_err(strange)?.as_str_or_null().map_err(strange)?;
        Ok(text.map(Cow::Borrowed))
    }
}

fn strange(error: impl fmt::Display) -> Error {
    row::unreadable(format!("a column holds something else: {error}"))
}

#[cfg(test)]
impl Database {
    /// Copies the database to a file, as the shell would.
    pub(super) fn copy(&self, path: &Path) {
        let copied = self.lock().execute("VACUUM INTO ?1", [path.to_str().unwrap()]);
        copied.unwrap();
    }
}
