//! Stores keep their contract, and two of them answer alike.

mod batches;

use std::path::PathBuf;

use bespoke::error::ErrorKind;
use bespoke::event::Event;
use bespoke::schema::Schema;
use bespoke::store::{Batch, MemoryStore, SqliteStore, Store, Version};
use bespoke::testing::store::dump;
use bespoke::testing::{self, strategy};
use bespoke::value::{Decimal, Fields, Kind, Value};
use proptest::prelude::*;

use batches::{asked, at, batch};

/// A file that is removed when the test is done, if it passed.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    /// A file of this name, which must be a test's own.
    pub(crate) fn new(name: &str) -> Self {
        let process = std::process::id();
        let scratch = Self(std::env::temp_dir().join(format!("bespoke-{process}-{name}.db")));
        scratch.remove();
        scratch
    }

    fn remove(&self) {
        for ending in ["", "-wal", "-shm", "-journal"] {
            let mut path = self.0.clone().into_os_string();
            path.push(ending);
            // Most of them are not there.
            let _ = std::fs::remove_file(path);
        }
    }

    /// Whether nothing but the one file is there.
    fn is_alone(&self) -> bool {
        let beside = |ending: &str| {
            let mut path = self.0.clone().into_os_string();
            path.push(ending);
            PathBuf::from(path).exists()
        };
        !beside("-wal") && !beside("-shm") && !beside("-journal")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        self.remove();
    }
}

#[test]
fn the_store_in_memory_keeps_the_contract() {
    pollster::block_on(testing::store::check(MemoryStore::new)).unwrap();
}

#[test]
fn the_store_in_sqlite_keeps_the_contract() {
    let schema = testing::store::schema();
    let fresh = || SqliteStore::in_memory(&schema).unwrap();
    pollster::block_on(testing::store::check(fresh)).unwrap();
}

#[test]
fn the_store_in_a_file_keeps_the_contract() {
    let schema = testing::store::schema();
    let scratch = Scratch::new("contract");
    let fresh = || {
        scratch.remove();
        SqliteStore::open(&scratch.0, &schema).unwrap()
    };
    pollster::block_on(testing::store::check(fresh)).unwrap();
}

#[test]
fn a_file_that_is_no_store_is_refused_and_left_alone() {
    let scratch = Scratch::new("foreign");
    for text in
        ["not a database, but longer than the header of one would be ".repeat(9), "x".into()]
    {
        std::fs::write(&scratch.0, &text).unwrap();
        let error = SqliteStore::open(&scratch.0, &Schema::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Format, "{error}");
        assert!(error.to_string().contains("foreign"), "{error}");
        assert_eq!(std::fs::read_to_string(&scratch.0).unwrap(), text);
    }
    let folder = std::env::temp_dir();
    let error = SqliteStore::open(folder, &Schema::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
}

#[test]
fn what_the_schema_does_not_type_is_kept_and_is_nobodys_to_read() {
    let schema = testing::store::schema();
    let odd = Event::track("p-1", "Order Completed", at(1)).with("note", "a").with("revenue", "5");
    let strange = Event::track("p-1", "Gift Sent", at(2)).with("to", "me").with("when", at(1));
    let store = SqliteStore::in_memory(&schema).unwrap();
    let batch = Batch::new().event(odd.clone()).event(strange.clone());
    pollster::block_on(store.commit(batch)).unwrap();
    let stored = pollster::block_on(store.profile(&"p-1".into())).unwrap().events;
    assert_eq!(stored, [odd, strange]);
    let readable: Vec<usize> = stored.iter().map(|event| event.fields().len()).collect();
    assert_eq!(readable, [1, 0]);
    let undeclared: Vec<(&str, &str)> = stored.iter().flat_map(Event::undeclared).collect();
    let when = r#""1970-01-01T00:00:01.000000Z""#;
    assert_eq!(undeclared, [("revenue", r#""5""#), ("to", r#""me""#), ("when", when)]);
}

#[test]
fn an_event_is_read_by_the_schema_in_use() {
    let scratch = Scratch::new("schema");
    let order = Event::track("p-1", "Order Completed", at(1)).with_id("m-1");
    let order = order.with("note", "1.50").with("revenue", 5);
    let store = SqliteStore::open(&scratch.0, &testing::store::schema()).unwrap();
    pollster::block_on(store.commit(Batch::new().event(order.clone()))).unwrap();
    store.close().unwrap();
    let read = |kind| {
        let schema = Schema::new().event("Order Completed", [("note", kind)]);
        let store = SqliteStore::open(&scratch.0, &schema).unwrap();
        pollster::block_on(store.profile(&"p-1".into())).map(|profile| profile.events)
    };
    let events = read(Kind::Number).unwrap();
    assert_eq!(events, [order], "content does not depend on the schema");
    let note = Value::from("1.5".parse::<Decimal>().unwrap());
    assert_eq!(events[0].fields(), &Fields::from_iter([("note", note)]));
    assert_eq!(events[0].undeclared().collect::<Vec<_>>(), [("revenue", "5")]);
    let error = read(Kind::Boolean).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Format);
    let told = "the event `m-1` (Order Completed) of `p-1`: wrong-kind: note: `1.50` is not a \
                boolean";
    assert_eq!(error.to_string(), told);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "two writers write at once")]
fn two_writers_wait_for_each_other_and_do_not_both_win() {
    let scratch = Scratch::new("writers");
    let path = scratch.0.clone();
    let write = move |name: &'static str| {
        let store = SqliteStore::open(&path, &testing::store::schema()).unwrap();
        let mut lost = 0;
        for turn in 0..40 {
            loop {
                let seen = pollster::block_on(store.profile(&"p-1".into())).unwrap();
                let event = Event::track("p-1", "Order Completed", at(turn));
                let event = event.with_id(format!("{name}-{turn}"));
                let batch = Batch::new().event(event).expect("p-1", seen.version);
                match pollster::block_on(store.commit(batch)) {
                    Ok(()) => break,
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
                }
                lost += 1;
            }
        }
        lost
    };
    let other = write.clone();
    let other = std::thread::spawn(move || other("other"));
    let lost = write("one") + other.join().unwrap();
    println!("{lost} batches were made from an older version");
    let store = SqliteStore::open(&scratch.0, &testing::store::schema()).unwrap();
    let profile = pollster::block_on(store.profile(&"p-1".into())).unwrap();
    assert_eq!((profile.version, profile.events.len()), (Version::new(80), 80));
    store.close().unwrap();
    assert!(scratch.is_alone(), "the last to close leaves one file");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24, failure_persistence: None, ..ProptestConfig::default()
    })]

    /// The same batches give equal answers, and a clean close leaves one file of the same bytes,
    /// which opening and reading do not change.
    #[test]
    fn two_stores_answer_alike(batches in prop::collection::vec(batch(), 1..8)) {
        let schema = strategy::schema();
        let (one, two) = (Scratch::new("law-one"), Scratch::new("law-two"));
        let memory = MemoryStore::new();
        let store = SqliteStore::open(&one.0, &schema).unwrap();
        let twin = SqliteStore::open(&two.0, &schema).unwrap();
        let answers = pollster::block_on(async {
            for batch in batches {
                let kept = memory.commit(batch.clone()).await.map_err(|error| error.to_string());
                let stored = store.commit(batch.clone()).await.map_err(|error| error.to_string());
                prop_assert_eq!(kept, stored);
                let _ = twin.commit(batch).await;
            }
            let answers = dump(&memory, &asked(), 100).await.unwrap();
            for limit in [1, 3, 100] {
                prop_assert_eq!(&answers, &dump(&store, &asked(), limit).await.unwrap());
            }
            Ok(answers)
        })?;
        store.close().unwrap();
        drop(twin);
        prop_assert!(one.is_alone() && two.is_alone());
        let bytes = std::fs::read(&one.0).unwrap();
        prop_assert!(bytes == std::fs::read(&two.0).unwrap(), "the same batches make the same bytes");
        let again = SqliteStore::open(&one.0, &schema).unwrap();
        prop_assert_eq!(answers, pollster::block_on(dump(&again, &asked(), 2)).unwrap());
        again.close().unwrap();
        prop_assert!(bytes == std::fs::read(&one.0).unwrap(), "reading changes nothing");
    }
}
