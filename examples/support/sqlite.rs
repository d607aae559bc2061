//! Tables in a temporary SQLite database.

use bespoke::id::ProfileId;
use bespoke::value::Kind;
use rusqlite::types::Value;
use rusqlite::{Connection, Result, params_from_iter};

use crate::tables::{Cell, Filled};

/// A database with these tables.
pub(crate) fn load(tables: &[Filled]) -> Result<Connection> {
    let mut connection = Connection::open_in_memory()?;
    let transaction = connection.transaction()?;
    for Filled { name, columns, rows } in tables {
        let named = columns.iter().map(|(name, kind)| format!("\"{name}\" {}", declared(*kind)));
        let named = named.collect::<Vec<_>>().join(", ");
        transaction.execute_batch(&format!("CREATE TABLE \"{name}\" ({named})"))?;
        let places = vec!["?"; columns.len()].join(", ");
        let mut insert =
            transaction.prepare(&format!("INSERT INTO \"{name}\" VALUES ({places})"))?;
        rows.iter().try_for_each(|row| {
            insert.execute(params_from_iter(row.iter().map(value))).map(|_| ())
        })?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// What a query finds: people, and a code for each of so many segments.
pub(crate) fn found(
    connection: &Connection,
    sql: &str,
    segments: usize,
) -> Result<Vec<(ProfileId, Vec<i64>)>> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        let codes = (1..=segments).map(|column| row.get(column));
        Ok((ProfileId::from(row.get::<_, String>(0)?), codes.collect::<Result<_>>()?))
    })?;
    rows.collect()
}

fn declared(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean | Kind::Instant | Kind::Number => "INTEGER",
        _ => "TEXT",
    }
}

fn value(cell: &Cell) -> Value {
    match cell {
        Cell::Boolean(truth) => Value::Integer((*truth).into()),
        Cell::Integer(integer) => Value::Integer(*integer),
        Cell::Null => Value::Null,
        Cell::Text(text) => Value::Text(text.to_string()),
    }
}
