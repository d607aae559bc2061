//! Stores keep their contract, and two of them answer alike.

use std::path::PathBuf;

use bespoke::claim::Claim;
use bespoke::delivery::{Delivery, State, StateName, Transition};
use bespoke::error::ErrorKind;
use bespoke::event::{Event, EventKind};
use bespoke::identity::Digest;
use bespoke::key::KeyVersion;
use bespoke::page::Cursor;
use bespoke::privacy::{Cause, Consent, Subscription, Suppressed};
use bespoke::schema::Schema;
use bespoke::store::{Batch, DecisionRecord, MemoryStore, SqliteStore, Store, Timer, Version};
use bespoke::testing::store::{Asked, dump};
use bespoke::testing::{self, strategy};
use bespoke::time::Timestamp;
use bespoke::value::{Decimal, Fields, Kind, Value};
use proptest::prelude::*;

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

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn digest(byte: u8) -> Digest {
    Digest::new(KeyVersion::new(u32::from(byte % 2)), [byte / 2; 32])
}

fn asked() -> Asked {
    let mut asked = Asked::new();
    asked.mailings = vec!["autumn".into(), "spring".into()];
    asked.addresses = (0..4).map(digest).collect();
    asked.sources = vec!["orders".into()];
    asked.documents = vec!["model".into(), "report".into()];
    asked
}

fn person() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["p-1", "p-2", "", "P-1", "p\0", "é"])
}

fn mailing() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["spring", "autumn"])
}

fn instant() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        8 => (0..5_i64).prop_map(at),
        1 => prop::sample::select(vec![Timestamp::MIN, Timestamp::MAX, Timestamp::from_micros(-1)]),
    ]
}

/// Events of the strategies' schema, some of them with parts that it does not declare.
fn event() -> impl Strategy<Value = Event> {
    let told = strategy::facts().prop_map(|facts| {
        let told = strategy::events(&facts).into_iter().next().map(|(event, _)| event);
        told.unwrap_or_else(|| Event::track("p-1", "Order Completed", at(1)))
    });
    let raw = prop::sample::select(vec![
        r#"{"type": "track", "event": "Order Completed", "userId": "p-1", "anonymousId": "a-1",
            "timestamp": "2026-02-01T12:00:00Z", "receivedAt": "2026-02-02T12:00:00Z",
            "properties": {"revenue": 1.50, "unknown": [1.0, {"a" : null}]}, "context": { }}"#,
        r#"{"type": "track", "event": "Order Completed", "userId": "p-1",
            "timestamp": "2026-02-01T12:00:00Z", "sentAt": "2026-02-01T12:00:00Z",
            "properties": {"revenue": 1.5}}"#,
        r#"{"type": "track", "event": "Order Completed", "userId": "p-1",
            "timestamp": "2026-02-01T12:00:00Z", "properties": {"revenue": "1.5"}}"#,
        r#"{"type": "identify", "anonymousId": "p-1", "timestamp": "2026-02-01T12:00:00Z",
            "traits": {"country": null, "name": "\u0000\"Ann\\"}, "previousId": "a-2"}"#,
    ]);
    let raw = raw.prop_map(|json| Event::read(json, &strategy::schema()).unwrap());
    // Values that a reader of files would not keep apart.
    let odd = prop::sample::select(vec![
        ("currency", Value::from("")),
        ("currency", Value::from("1.50")),
        ("currency", Value::from("1.5")),
        ("currency", Value::from("null \" \\ \u{1F600}\0")),
        ("due", Value::from(Timestamp::LAST)),
        ("revenue", Value::from(Decimal::from_micros(-1).unwrap())),
        ("revenue", Value::Null),
    ]);
    let odd = odd
        .prop_map(|(name, value)| Event::track("p-1", "Order Completed", at(1)).with(name, value));
    let nobody = Just(Event::new(EventKind::Track, "Order Completed", at(1)));
    let event = prop_oneof![12 => told, 8 => raw, 4 => odd, 1 => nobody];
    let id = prop::option::of((0..4_u8).prop_map(|id| format!("m-{id}")));
    (event, person(), id, instant(), instant()).prop_map(|(event, person, id, known, _)| {
        let event = match (event.person(), event.has_id()) {
            (None, _) => return event,
            (Some(_), false) if id.is_none() => event,
            (Some(_), _) => event.user(person),
        };
        match id {
            Some(id) => event.with_id(id).received(known),
            None => event,
        }
    })
}

fn delivery() -> impl Strategy<Value = Delivery> {
    (mailing(), 0..6_u8, person(), 0..4_u8, instant()).prop_map(|parts| {
        let (mailing, message, person, address, at) = parts;
        let claim = Claim::new(mailing, format!("d-{message}"), person, at);
        Delivery::claimed(claim, digest(address), "news", [message; 3])
    })
}

fn transition() -> impl Strategy<Value = Transition> {
    let from = prop::sample::select(vec![
        StateName::Claimed,
        StateName::Claimed,
        StateName::Sending,
        StateName::Sending,
        StateName::Deferred,
        StateName::Unknown,
    ]);
    let reason = || "busy".to_owned();
    let to = prop::sample::select(vec![
        State::Sending,
        State::Sending,
        State::Sending,
        State::Deferred { until: at(3), reason: reason() },
        State::Failed { reason: reason() },
        State::Unknown,
        State::Accepted,
    ]);
    (0..6_u8, from, to, instant()).prop_map(|(message, from, to, at)| {
        Transition::new(format!("d-{message}").into(), from, to, at)
    })
}

fn decision() -> impl Strategy<Value = DecisionRecord> {
    (mailing(), person(), instant(), any::<bool>()).prop_map(|(mailing, person, at, full)| {
        let mut decision = DecisionRecord::new(mailing, person, at, "skipped");
        if full {
            decision.reason = Some("consent".to_owned());
            decision.until = Some(at);
            decision.message = Some("d-1".into());
            decision.detail = String::from(r#"{"score": 0.5}"#);
        }
        decision
    })
}

fn facts_of_a_batch() -> impl Strategy<Value = Batch> {
    let consent = (person(), instant(), any::<bool>(), "[ab]").prop_map(|parts| {
        let (person, at, granted, evidence) = parts;
        let record = if granted { Consent::granted } else { Consent::withdrawn };
        let consent = record("news", at, "1");
        (person.into(), consent.with_evidence(evidence))
    });
    let choice = (person(), instant(), any::<bool>()).prop_map(|(person, at, wanted)| {
        let choose = if wanted { Subscription::subscribed } else { Subscription::unsubscribed };
        let choice = choose("sale", at);
        (person.into(), choice)
    });
    let cause = prop::sample::select(vec![Cause::Bounce, Cause::UnsubscribeAll]);
    let suppressed = (0..4_u8, cause, instant())
        .prop_map(|(byte, cause, since)| (digest(byte), suppressed(cause, since)));
    let lists = (
        prop::collection::vec(event(), 0..4),
        prop::collection::vec(consent, 0..2),
        prop::collection::vec(choice, 0..2),
        prop::collection::vec(suppressed, 0..2),
    );
    lists.prop_map(|(events, consents, subscriptions, suppressions)| {
        let mut batch = Batch::new();
        batch.events = events;
        batch.consents = consents;
        batch.subscriptions = subscriptions;
        batch.suppressions = suppressions;
        batch
    })
}

fn suppressed(cause: Cause, since: Timestamp) -> Suppressed {
    let mut list = bespoke::privacy::Suppression::new();
    list.add(digest(0), cause, since);
    list.entries().next().unwrap().1
}

fn batch() -> impl Strategy<Value = Batch> {
    let name = || prop::sample::select(vec!["a", "b"]);
    let timer = (person(), name(), instant()).prop_map(|(p, name, due)| Timer::new(p, name, due));
    let cancelled = (person(), name()).prop_map(|(person, name)| (person.into(), name.into()));
    let expected = prop::option::weighted(0.1, (person(), 0..3_u64));
    let document = prop::option::of("[ab]{0,2}");
    let lists = (
        prop::collection::vec(decision(), 0..2),
        prop::collection::vec(delivery(), 0..3),
        prop::collection::vec(transition(), 0..2),
        prop::collection::vec(timer, 0..3),
        prop::collection::vec(cancelled, 0..2),
    );
    (facts_of_a_batch(), lists, expected, document).prop_map(|(facts, lists, expected, text)| {
        let mut batch = facts;
        (batch.decisions, batch.deliveries, batch.transitions, batch.timers, batch.cancelled) =
            lists;
        if let Some((person, version)) = expected {
            batch = batch.expect(person, Version::new(version));
        }
        match text {
            Some(text) => batch.document("model", &*text).cursor("orders", Cursor::new(text)),
            None => batch,
        }
    })
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
