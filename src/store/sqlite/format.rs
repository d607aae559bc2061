//! The file's format: its tables, its version, and the way from one version to the next.

use rusqlite::{Connection, TransactionBehavior};

use super::super::table::{Dialect, Key, Kind, Part, STORE, Table, bytes, instant, text};
use super::database::{Failure, Outcome};

/// Says whose file it is: `bspk`.
const APPLICATION: i64 = 0x6273_706b;

/// The step from one version to the next.
type Step = fn(&Connection) -> Outcome<()>;

/// The steps from an empty file to the version that this crate writes. Only ever add one.
const STEPS: [Step; 1] = [create];

/// Makes the tables, or brings them to this version. Refuses a file that is none of a store's.
pub(super) fn prepare(connection: &mut Connection) -> Outcome<()> {
    prepare_by(&STEPS, connection)
}

/// Refuses a file that is of another version by now.
pub(super) fn check(connection: &Connection) -> Outcome<()> {
    let version: i64 =
        connection.prepare_cached("PRAGMA user_version")?.query_row([], |row| row.get(0))?;
    if version == number(&STEPS) {
        return Ok(());
    }
    Err(newer(version, &STEPS))
}

fn prepare_by(steps: &[Step], connection: &mut Connection) -> Outcome<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let ask = |sql: &str| transaction.query_row(sql, [], |row| row.get::<_, i64>(0));
    let application = ask("PRAGMA application_id")?;
    let version = ask("PRAGMA user_version")?;
    let objects = ask("SELECT count(*) FROM sqlite_schema")?;
    match (application, version, objects) {
        (APPLICATION, _, _) | (0, 0, 0) => {}
        _ => return Err(Failure::format("the SQLite file is another application's")),
    }
    let done = usize::try_from(version).ok();
    let Some(missing) = done.and_then(|done| steps.get(done..)) else {
        return Err(newer(version, steps));
    };
    if missing.is_empty() {
        return Ok(());
    }
    missing.iter().try_for_each(|step| step(&transaction))?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", number(steps))?;
    transaction.commit()?;
    Ok(())
}

fn number(steps: &[Step]) -> i64 {
    i64::try_from(steps.len()).unwrap_or(i64::MAX)
}

fn newer(version: i64, steps: &[Step]) -> Failure {
    let ours = number(steps);
    Failure::format(format!(
        "the store's format is version {version}, and this version reads up to {ours}"
    ))
}

/// Version 1.
fn create(connection: &Connection) -> Outcome<()> {
    for part in [STORE, VAULT] {
        connection.execute_batch(&part.definitions(&DIALECT))?;
    }
    Ok(())
}

/// What SQLite says its own way.
pub(super) const DIALECT: Dialect = Dialect {
    kind: |kind| match kind {
        Kind::Bytes => "BLOB",
        Kind::Number => "INTEGER",
        Kind::Serial => "INTEGER PRIMARY KEY",
        Kind::Text => "TEXT",
    },
    ending: " STRICT",
    rows: |parameters| format!("VALUES ({parameters})"),
    unique_whole: true,
    instant: |at| {
        // The remainder of a division is negative where the instant is before 1970.
        let micros = format!("(({at} % 1000000) + 1000000) % 1000000");
        format!(
            "strftime('%Y-%m-%dT%H:%M:%S', ({at} - {micros}) / 1000000, 'unixepoch') \
             || printf('.%06dZ', {micros})"
        )
    },
    hex: |bytes| format!("lower(hex({bytes}))"),
};

/// What a vault keeps.
const VAULT: Part = Part {
    tables: &[&PEOPLE, &VALUES],
    views: &[
        (
            "vault_people_readable",
            &["person", "wrapped IS NOT NULL AS has_key", "@erased"],
            "vault_people",
        ),
        (
            "vault_values_readable",
            &[
                "person",
                "place",
                "name",
                "protection",
                "@at",
                "@known_from",
                "message",
                "length(sealed) AS sealed_bytes",
            ],
            "vault_values",
        ),
    ],
};

const PEOPLE: Table = Table {
    name: "vault_people",
    columns: &[text("person"), bytes("wrapped").or_null(), instant("erased").or_null()],
    key: Key::Columns(&["person"]),
    indexes: &[],
};

const VALUES: Table = Table {
    name: "vault_values",
    columns: &[
        text("person"),
        text("place"),
        text("name"),
        text("protection"),
        instant("at"),
        instant("known_from"),
        text("message"),
        bytes("sealed"),
    ],
    key: Key::Columns(&["person, place, name, protection"]),
    indexes: &[],
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Error, ErrorKind};

    fn version(connection: &Connection) -> i64 {
        connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap()
    }

    fn add(connection: &Connection) -> Outcome<()> {
        Ok(connection.execute_batch("ALTER TABLE documents ADD COLUMN later TEXT")?)
    }

    fn fail(_: &Connection) -> Outcome<()> {
        Err(Error::new(ErrorKind::Io, "no room").into())
    }

    #[test]
    fn an_older_file_is_brought_up_step_by_step_or_not_at_all() {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection).unwrap();
        connection.execute("INSERT INTO documents VALUES ('model', 'text')", []).unwrap();
        assert!(prepare_by(&[create, add, fail], &mut connection).is_err());
        assert_eq!(version(&connection), 1);
        prepare_by(&[create, add], &mut connection).unwrap();
        assert_eq!(version(&connection), 2);
        let later = "SELECT text FROM documents WHERE later IS NULL";
        let text: String = connection.query_row(later, [], |row| row.get(0)).unwrap();
        assert_eq!(text, "text");
        assert!(prepare(&mut connection).is_err(), "a newer one is refused");
        assert!(check(&connection).is_err());
    }

    #[test]
    fn a_database_of_others_is_refused() {
        for sql in [
            "CREATE TABLE theirs (id)",
            "PRAGMA user_version = 1",
            "PRAGMA application_id = 7",
            "CREATE TABLE theirs (id); PRAGMA application_id = 7; PRAGMA user_version = 1",
        ] {
            let mut connection = Connection::open_in_memory().unwrap();
            connection.execute_batch(sql).unwrap();
            assert!(prepare(&mut connection).is_err(), "{sql}");
            let ask = "SELECT count(*) FROM sqlite_schema WHERE name = 'events'";
            let made: i64 = connection.query_row(ask, [], |row| row.get(0)).unwrap();
            assert_eq!(made, 0, "{sql}");
        }
    }

    #[test]
    fn the_views_show_instants_as_text() {
        let mut connection = Connection::open_in_memory().unwrap();
        prepare(&mut connection).unwrap();
        for (micros, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (1_770_000_000_000_007, "2026-02-02T02:40:00.000007Z"),
            (-1, "1969-12-31T23:59:59.999999Z"),
            (-1_000_000, "1969-12-31T23:59:59.000000Z"),
            (253_402_300_799_999_999, "9999-12-31T23:59:59.999999Z"),
        ] {
            let set = "INSERT OR REPLACE INTO timers (profile, name, due) VALUES ('p', 'a', ?1)";
            connection.execute(set, [micros]).unwrap();
            let ask = "SELECT due FROM timers_readable";
            let shown: String = connection.query_row(ask, [], |row| row.get(0)).unwrap();
            assert_eq!(shown, text);
            assert_eq!(shown, crate::time::Timestamp::from_micros(micros).to_string());
        }
        for (view, _, table) in STORE.views.iter().chain(VAULT.views) {
            let ask = format!("SELECT count(*) FROM (SELECT * FROM {view}), {table}");
            connection.query_row(&ask, [], |row| row.get::<_, i64>(0)).unwrap();
        }
    }
}
