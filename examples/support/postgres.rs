//! Tables of a session with PostgreSQL, which are gone when it ends.

use bespoke::id::ProfileId;
use bespoke::value::Kind;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error};

use crate::tables::{Cell, Filled};

/// How many rows a statement takes.
const BATCH: usize = 10_000;

/// PostgreSQL's first instant, in 4714 BC; what holds from always holds from there.
const FIRST: i64 = -210_866_803_200_000_000;

/// Makes these tables.
pub(crate) async fn load(client: &Client, tables: &[Filled]) -> Result<(), Error> {
    for Filled { name, columns, rows } in tables {
        let named = columns.iter().map(|(name, kind)| format!("\"{name}\" {}", declared(*kind)));
        let named = list(named);
        client.batch_execute(&format!("CREATE TEMPORARY TABLE \"{name}\" ({named})")).await?;
        for rows in rows.chunks(BATCH) {
            insert(client, name, columns, rows).await?;
        }
        // Nobody else counts the rows of a temporary table, and joins are planned by that.
        client.batch_execute(&format!("ANALYZE \"{name}\"")).await?;
    }
    Ok(())
}

/// Inserts rows by a statement that takes a list of texts for each column.
async fn insert(
    client: &Client,
    table: &str,
    columns: &[(String, Kind)],
    rows: &[Vec<Cell>],
) -> Result<(), Error> {
    let values = |(number, (_, kind)): (usize, &(String, Kind))| -> Vec<Option<String>> {
        rows.iter().map(|row| row.get(number).and_then(|cell| text(cell, *kind))).collect()
    };
    let values: Vec<_> = columns.iter().enumerate().map(values).collect();
    let parameters: Vec<(&(dyn ToSql + Sync), Type)> =
        values.iter().map(|values| (values as _, Type::TEXT_ARRAY)).collect();
    let places = || (1..).zip(columns);
    let typed = list(places().map(|(place, (_, kind))| typed(&format!("c{place}"), *kind)));
    let given = list(places().map(|(place, _)| format!("${place}")));
    let named = list(places().map(|(place, _)| format!("c{place}")));
    let insert =
        format!("INSERT INTO \"{table}\" SELECT {typed} FROM unnest({given}) AS rows ({named})");
    client.query_typed(&insert, &parameters).await.map(|_| ())
}

fn list(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// What a query finds: people, and a code for each of so many segments.
pub(crate) async fn found(
    client: &Client,
    sql: &str,
    segments: usize,
) -> Result<Vec<(ProfileId, Vec<i64>)>, Error> {
    let rows = client.query_typed(sql, &[]).await?;
    let found = rows.iter().map(|row| {
        let codes = (1..=segments).map(|column| row.try_get::<_, i32>(column).map(i64::from));
        Ok((row.try_get::<_, &str>(0)?.into(), codes.collect::<Result<_, _>>()?))
    });
    found.collect()
}

fn declared(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "BOOLEAN",
        Kind::Instant => "TIMESTAMP",
        Kind::Number => "NUMERIC",
        _ => "TEXT",
    }
}

/// What a text says in micros, exactly: there is no floating point in it.
fn typed(text: &str, kind: Kind) -> String {
    match kind {
        Kind::Instant => format!(
            "TIMESTAMP '1970-01-01' + {text}::BIGINT / 86400000000 * INTERVAL '1 day' \
             + {text}::BIGINT % 86400000000 * INTERVAL '1 microsecond'"
        ),
        Kind::Number => format!("{text}::NUMERIC * 0.000001"),
        _ => format!("{text}::{}", declared(kind)),
    }
}

fn text(cell: &Cell, kind: Kind) -> Option<String> {
    match cell {
        Cell::Boolean(truth) => Some(truth.to_string()),
        Cell::Integer(micros) if kind == Kind::Instant => Some(micros.max(&FIRST).to_string()),
        Cell::Integer(integer) => Some(integer.to_string()),
        Cell::Null => None,
        Cell::Text(text) => Some(text.to_string()),
    }
}
