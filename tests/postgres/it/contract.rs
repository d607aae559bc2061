//! The store keeps the contract, and answers as the one in memory does.

#[path = "../../it/store/batches.rs"]
mod batches;

use bespoke::error::ErrorKind;
use bespoke::event::Event;
use bespoke::privacy::Consent;
use bespoke::store::{Batch, MemoryStore, PostgresStore, Store, Version};
use bespoke::testing::store::{check, dump, schema};
use bespoke::testing::strategy;
use bespoke::value::Kind;
use proptest::prelude::*;
use tokio_postgres::{Client, Transaction};

use super::server::{self, Server};
use batches::{asked, at, batch};

fn order(person: &str, id: &str) -> Event {
    Event::track(person, "Order Completed", at(1)).with_id(id).with("revenue", 5)
}

#[test]
fn the_store_keeps_the_contract() {
    let Some(server) = Server::given() else { return };
    let fresh = || server::run(server.fresh(&schema()));
    pollster::block_on(check(fresh)).unwrap();
}

#[test]
fn the_store_in_a_hosts_transaction_keeps_the_contract() {
    let Some(server) = Server::given() else { return };
    let fresh = || {
        server::run(async {
            let store = server.fresh(&schema()).await;
            let host: &'static mut Client = Box::leak(Box::new(server.client().await));
            store.within(host.transaction().await.unwrap())
        })
    };
    let check = check::<PostgresStore<Transaction<'_>>>(fresh);
    pollster::block_on(check).unwrap();
}

#[test]
fn a_hosts_writes_and_a_batch_are_kept_together_or_not_at_all() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let store = server.fresh(&schema()).await;
        let mut host = server.client().await;
        let name = format!("carts_{}", std::process::id());
        host.batch_execute(&format!("CREATE TABLE {name} (id BIGINT)")).await.unwrap();
        let insert = format!("INSERT INTO {name} VALUES (7)");
        for (kept, expected) in [(false, 0), (true, 1)] {
            let mut transaction = host.transaction().await.unwrap();
            transaction.batch_execute(&insert).await.unwrap();
            let within = store.within(&mut transaction);
            let batch = Batch::new().expect("p-1", Version::NEW).event(order("p-1", "m-1"));
            within.commit(batch.clone()).await.unwrap();
            let seen = within.profile(&"p-1".into()).await.unwrap();
            assert_eq!(seen.version, Version::new(1), "a transaction sees what it did");
            let error = within.commit(batch).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Conflict, "and goes on after a conflict");
            let outside = store.profile(&"p-1".into()).await.unwrap();
            assert_eq!(outside.version, Version::NEW, "others see nothing of it yet");
            if kept {
                transaction.commit().await.unwrap();
            } else {
                transaction.rollback().await.unwrap();
            }
            let stored = store.profile(&"p-1".into()).await.unwrap();
            assert_eq!(
                (stored.version.number(), stored.events.len()),
                (expected, usize::from(kept))
            );
            let rows = host.query(&format!("SELECT id FROM {name}"), &[]).await.unwrap();
            assert_eq!(rows.len(), usize::from(kept));
        }
        host.batch_execute(&format!("DROP TABLE {name}")).await.unwrap();
    });
}

#[test]
fn long_texts_are_kept_where_nothing_is_looked_up_by_them() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let store = server.fresh(&schema()).await;
        // Of letters that do not compress to nothing.
        let long: String = (0..20_000_u32).map(|n| char::from(b' ' + (n * n % 89) as u8)).collect();
        let consent = Consent::granted("news", at(1), "1").with_evidence(long.as_str());
        let mut batch = Batch::new().document("model", long.as_str());
        batch.consents.push(("p-1".into(), consent.clone()));
        batch.consents.push(("p-1".into(), consent.clone()));
        for _ in 0..2 {
            store.commit(batch.clone()).await.unwrap();
        }
        let stored = store.profile(&"p-1".into()).await.unwrap();
        assert_eq!(stored.consents.records().collect::<Vec<_>>(), [&consent]);
        let noise: String = (0..9_000_u64)
            .map(|n| char::from_u32(0x4e00 + (n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as u32))
            .map(Option::unwrap)
            .collect();
        let error = store.commit(Batch::new().event(order(&noise, "m-1"))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Input, "{error}");
    });
}

#[test]
fn events_are_read_by_the_schema_in_use() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let namespace = server::namespace();
        let store = server.open(&namespace, &schema()).await;
        store.commit(Batch::new().event(order("p-1", "m-1").with("note", "1.50"))).await.unwrap();
        let other = bespoke::schema::Schema::new();
        let other = other.event("Order Completed", [("note", Kind::Boolean)]);
        let error = server.open(&namespace, &other).await.profile(&"p-1".into()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format);
        let told = "the event `m-1` (Order Completed) of `p-1`: wrong-kind: note: `1.50` is not a \
                    boolean";
        assert_eq!(error.to_string(), told);
    });
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn two_stores_answer_alike(batches in prop::collection::vec(batch(), 1..8)) {
        let Some(server) = Server::given() else { return Ok(()) };
        let memory = MemoryStore::new();
        server::run(async {
            let store = server.fresh(&strategy::schema()).await;
            for batch in batches {
                let kept = memory.commit(batch.clone()).await.map_err(|error| error.to_string());
                let stored = store.commit(batch).await.map_err(|error| error.to_string());
                prop_assert_eq!(kept, stored);
            }
            let answers = dump(&memory, &asked(), 100).await.unwrap();
            for limit in [1, 3, 100] {
                prop_assert_eq!(&answers, &dump(&store, &asked(), limit).await.unwrap());
            }
            Ok(())
        })?;
    }
}
