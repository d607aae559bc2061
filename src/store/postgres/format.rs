//! The format: the tables of a namespace, their version, and the way from one version to the next.

use super::super::row::{self, Row};
use super::super::table::{Dialect, Kind, STORE};
use super::link::{Link, Parameter};
use crate::error::{Error, Result};

/// The statements of each step from an empty namespace to the version that this crate writes. Only
/// ever add one.
const STEPS: [fn() -> String; 1] = [create];

/// For whoever makes tables or brings them up: one at a time. It spells `bspk`.
const LOCK: i64 = 0x6273_706b;

/// Makes the tables, or brings them to this version. Refuses a namespace that is none of a store's.
pub(super) async fn prepare(link: &Link<'_>) -> Result<()> {
    link.rows("SELECT pg_advisory_xact_lock(?1)", &[Parameter::Number(LOCK)]).await?;
    settings(link).await?;
    let done = match found(link).await? {
        Found::Store(version) => version,
        Found::Nothing => {
            link.run(&format!("CREATE SCHEMA {}", link.namespace.as_str())).await?;
            0
        }
        Found::Room => 0,
    };
    let steps = usize::try_from(done).ok().and_then(|done| STEPS.get(done..));
    let Some(missing) = steps else { return Err(newer(done)) };
    if missing.is_empty() {
        return Ok(());
    }
    if done > 0 {
        // Waits for whoever looked at the version before.
        link.rows("LOCK TABLE main.bespoke_format IN ACCESS EXCLUSIVE MODE", &[]).await?;
    }
    let namespace = link.namespace.as_str();
    let steps: String = missing.iter().map(|step| step()).collect();
    link.run(&format!("SET LOCAL search_path TO {namespace};\n{steps}")).await?;
    let version = [Parameter::Number(number())];
    link.rows("UPDATE main.bespoke_format SET version = ?1", &version).await?;
    Ok(())
}

/// Refuses tables that are of another version by now.
pub(super) async fn check(link: &Link<'_>) -> Result<()> {
    match version(link).await? {
        found if found == number() => Ok(()),
        other => Err(newer(other)),
    }
}

async fn version(link: &Link<'_>) -> Result<i64> {
    let found = link.rows("SELECT version FROM main.bespoke_format", &[]).await?;
    let found = found.first().ok_or_else(|| row::unreadable("the store has no format version"))?;
    row::number(found, 0)
}

/// What holds for the session: texts of any letters, and commits that are on disk.
async fn settings(link: &Link<'_>) -> Result<()> {
    let encoding = link.rows("SELECT current_setting('server_encoding')", &[]).await?;
    let encoding = encoding.first().map(|found| row::text(found, 0)).transpose()?;
    if encoding.as_deref() != Some("UTF8") {
        let encoding = encoding.unwrap_or_default();
        return Err(row::unreadable(format!("the database's encoding is {encoding}, not UTF8")));
    }
    let wait = "SELECT set_config('synchronous_commit', 'on', FALSE)
                WHERE current_setting('synchronous_commit') = 'off'";
    link.rows(wait, &[]).await?;
    Ok(())
}

/// What a namespace is.
enum Found {
    /// Not there.
    Nothing,
    /// There and empty.
    Room,
    /// A store's, of this version.
    Store(i64),
}

async fn found(link: &Link<'_>) -> Result<Found> {
    let name = [Parameter::text(link.namespace.as_str())];
    let ask = "SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace(?1)";
    let objects = link.rows(ask, &name).await?;
    let is_format = |found: &tokio_postgres::Row| {
        found.text(0).is_ok_and(|name| name.is_some_and(|name| name == "bespoke_format"))
    };
    if objects.iter().any(is_format) {
        return Ok(Found::Store(version(link).await?));
    }
    if !objects.is_empty() {
        let detail = "the namespace is another application's";
        return Err(row::unreadable(detail).within(link.namespace.as_str()));
    }
    let there = link.rows("SELECT 1 WHERE to_regnamespace(?1) IS NOT NULL", &name).await?;
    Ok(if there.is_empty() { Found::Nothing } else { Found::Room })
}

fn number() -> i64 {
    i64::try_from(STEPS.len()).unwrap_or(i64::MAX)
}

fn newer(version: i64) -> Error {
    let ours = number();
    row::unreadable(format!(
        "the store's format is version {version}, and this version reads up to {ours}"
    ))
}

/// Version 1.
fn create() -> String {
    let tables = STORE.definitions(&DIALECT);
    format!(
        "CREATE TABLE bespoke_format (version BIGINT NOT NULL);
         INSERT INTO bespoke_format VALUES (0);\n{tables}"
    )
}

/// What PostgreSQL says its own way.
pub(super) const DIALECT: Dialect = Dialect {
    kind: |kind| match kind {
        Kind::Bytes => "BYTEA",
        Kind::Number => "BIGINT",
        Kind::Serial => "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY",
        // Texts are compared by their bytes, whatever the database's locale is.
        Kind::Text => "TEXT COLLATE \"C\"",
    },
    ending: "",
    rows: |lists| format!("SELECT * FROM unnest({lists})"),
    // An index takes texts of some 2,700 bytes.
    unique_whole: false,
    instant: |at| {
        // What lies outside of the years that RFC 3339 has is shown as nothing.
        format!(
            "CASE WHEN {at} BETWEEN -62135596800000000 AND 253402300799999999
             THEN to_char(timestamp 'epoch' + {at} / 1000000 * interval '1 second'
                 + {at} % 1000000 * interval '1 microsecond', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')
             END"
        )
    },
    hex: |bytes| format!("encode({bytes}, 'hex')"),
};
