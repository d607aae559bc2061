//! What the tables are, and which are refused.

use bespoke::error::ErrorKind;
use bespoke::schema::Schema;
use bespoke::store::{Batch, PostgresStore, Store, Timer};
use bespoke::time::Timestamp;

use super::server::{self, Server};

/// A namespace as statements name it.
fn quoted(namespace: &str) -> String {
    format!("\"{}\"", namespace.replace('"', "\"\""))
}

#[test]
fn a_namespace_that_is_no_stores_is_refused_and_left_alone() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let host = server.client().await;
        let namespace = server::namespace();
        let quoted = quoted(&namespace);
        host.batch_execute(&format!("CREATE SCHEMA {quoted}")).await.unwrap();
        server.open(&namespace, &Schema::new()).await;
        let other = server::namespace();
        let table = self::quoted(&other);
        let make = format!("CREATE SCHEMA {table}; CREATE TABLE {table}.events (id INT)");
        host.batch_execute(&make).await.unwrap();
        let client = server.client().await;
        let error = PostgresStore::open(client, &other, &Schema::new()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format, "{error}");
        assert!(error.to_string().contains("another application's"), "{error}");
        let ask = "SELECT 1 FROM pg_tables WHERE schemaname = $1";
        assert_eq!(host.query(ask, &[&other]).await.unwrap().len(), 1);
    });
}

#[test]
fn a_newer_format_is_refused() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let namespace = server::namespace();
        let store = server.open(&namespace, &Schema::new()).await;
        let host = server.client().await;
        let quoted = quoted(&namespace);
        let raise = format!("UPDATE {quoted}.bespoke_format SET version = 2");
        host.batch_execute(&raise).await.unwrap();
        for error in [
            store.commit(Batch::new().document("model", "text")).await.unwrap_err(),
            store.document("model").await.unwrap_err(),
            PostgresStore::open(host, &namespace, &Schema::new()).await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Format, "{error}");
            let told = "the store's format is version 2, and this version reads up to 1";
            assert_eq!(error.to_string(), told);
        }
    });
}

#[test]
fn several_may_open_at_once() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let namespace = server::namespace();
        let schema = Schema::new();
        let open = || server.open(&namespace, &schema);
        let (one, two, three) = tokio::join!(open(), open(), open());
        one.commit(Batch::new().document("model", "text")).await.unwrap();
        for store in [two, three] {
            assert_eq!(store.document("model").await.unwrap().as_deref(), Some("text"));
        }
    });
}

#[test]
fn texts_are_compared_by_their_bytes_whatever_the_database_does() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let namespace = server::namespace();
        server.open(&namespace, &Schema::new()).await;
        let ask = "SELECT c.table_name::text, c.column_name::text FROM information_schema.columns c
                   JOIN information_schema.tables t USING (table_schema, table_name)
                   WHERE table_schema = $1 AND data_type = 'text' AND table_type = 'BASE TABLE'
                       AND collation_name IS DISTINCT FROM 'C'";
        let found = server.client().await.query(ask, &[&namespace]).await.unwrap();
        let found: Vec<(String, String)> =
            found.iter().map(|row| (row.get(0), row.get(1))).collect();
        assert!(found.is_empty(), "{found:?}");
    });
}

#[test]
fn a_store_waits_for_the_disk() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let client = server.client().await;
        client.batch_execute("SET synchronous_commit = off").await.unwrap();
        let (namespace, schema) = (server::namespace(), Schema::new());
        let store = PostgresStore::open(client, &namespace, &schema).await.unwrap();
        let client = store.into_inner();
        let found = client.query_one("SHOW synchronous_commit", &[]).await.unwrap();
        assert_eq!(found.get::<_, &str>(0), "on");
    });
}

#[test]
fn the_views_show_instants_as_text() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let namespace = server::namespace();
        let store = server.open(&namespace, &Schema::new()).await;
        let host = server.client().await;
        let quoted = quoted(&namespace);
        let ask = format!("SELECT due FROM {quoted}.timers_readable");
        for (micros, text) in [
            (0, Some("1970-01-01T00:00:00.000000Z")),
            (1_770_000_000_000_007, Some("2026-02-02T02:40:00.000007Z")),
            (-1, Some("1969-12-31T23:59:59.999999Z")),
            (-1_000_000, Some("1969-12-31T23:59:59.000000Z")),
            (-62_135_596_800_000_000, Some("0001-01-01T00:00:00.000000Z")),
            (253_402_300_799_999_999, Some("9999-12-31T23:59:59.999999Z")),
            (i64::MAX, None),
            (i64::MIN, None),
        ] {
            let mut batch = Batch::new();
            batch.timers.push(Timer::new("p", "a", Timestamp::from_micros(micros)));
            store.commit(batch).await.unwrap();
            let shown = host.query_one(&ask, &[]).await.unwrap();
            assert_eq!(shown.get::<_, Option<&str>>(0), text);
        }
        let ask = "SELECT table_name::text FROM information_schema.views WHERE table_schema = $1";
        let views = host.query(ask, &[&namespace]).await.unwrap();
        assert_eq!(views.len(), 7);
        for view in views {
            let view: &str = view.get(0);
            host.query(&format!("SELECT * FROM {quoted}.{view}"), &[]).await.unwrap();
        }
    });
}
