//! The vault in SQLite keeps its contract, tells nothing and forgets.

use std::sync::Arc;

use bespoke::error::ErrorKind;
use bespoke::key::{KeyVersion, Keys, Secret};
use bespoke::privacy::{MemoryVault, PersonalRecord, Place, Protection, Vault};
use bespoke::schema::Schema;
use bespoke::seed::Seed;
use bespoke::store::{SqliteStore, SqliteVault};
use bespoke::testing;
use bespoke::testing::key::SeededEntropy;
use bespoke::time::Timestamp;
use bespoke::value::{Decimal, Fields, Value};
use proptest::prelude::*;

use super::store::Scratch;

fn secret(byte: u8) -> Secret {
    Secret::new([byte; 32]).unwrap()
}

fn keys(version: u8) -> Arc<Keys> {
    Arc::new(Keys::new(KeyVersion::new(version.into()), secret(version)))
}

fn entropy() -> Arc<SeededEntropy> {
    Arc::new(SeededEntropy::new(Seed::new(1)))
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn told(person: &str, value: &str) -> PersonalRecord {
    PersonalRecord::new(person, Place::Attribute, "m-1", at(1)).with(
        "name",
        Protection::Personal,
        value,
    )
}

/// Whether the bytes of a text are anywhere in the file or beside it.
fn is_in_file(scratch: &Scratch, text: &[u8]) -> bool {
    ["", "-wal"].iter().any(|ending| {
        let mut path = scratch.0.clone().into_os_string();
        path.push(ending);
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text)
    })
}

#[test]
fn the_vault_in_sqlite_keeps_the_contract() {
    let fresh = || SqliteVault::in_memory(keys(1), entropy()).unwrap();
    pollster::block_on(testing::vault::check(fresh)).unwrap();
    let fresh = || SqliteStore::in_memory(&Schema::new()).unwrap().vault(keys(1), entropy());
    pollster::block_on(testing::vault::check(fresh)).unwrap();
}

#[test]
fn no_value_is_readable_in_the_file() {
    let scratch = Scratch::new("vault-sealed");
    let vault = SqliteVault::open(&scratch.0, keys(1), entropy()).unwrap();
    pollster::block_on(vault.put(told("p-1", "Annabel Lee"))).unwrap();
    assert!(is_in_file(&scratch, b"p-1"), "the test looks in the right place");
    assert!(!is_in_file(&scratch, b"Annabel"));
    vault.close().unwrap();
    assert!(!is_in_file(&scratch, b"Annabel"));
    let stranger = SqliteVault::open(&scratch.0, keys(2), entropy()).unwrap();
    let error = pollster::block_on(stranger.get(&"p-1".into())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Key, "{error}");
}

#[test]
fn an_erasure_outlives_the_vault_and_reaches_copies_once_the_key_is_gone() {
    let (scratch, copy) = (Scratch::new("vault-erased"), Scratch::new("vault-copy"));
    let both =
        Keys::new(KeyVersion::new(2), secret(2)).with_accepted(KeyVersion::new(1), secret(1));
    pollster::block_on(async {
        let vault = SqliteVault::open(&scratch.0, keys(1), entropy()).unwrap();
        vault.put_all(vec![told("p-1", "Ann"), told("p-2", "Bob")]).await.unwrap();
        vault.close().unwrap();
        std::fs::copy(&scratch.0, &copy.0).unwrap();

        let vault = SqliteVault::open(&scratch.0, Arc::new(both), entropy()).unwrap();
        vault.erase(&"p-1".into(), at(10)).await.unwrap();
        assert_eq!(vault.rewrap().unwrap(), 1, "who was erased has no key to wrap");
        assert_eq!(vault.rewrap().unwrap(), 0);
        vault.close().unwrap();

        // The first key is destroyed: the vault goes on, the copy is unreadable.
        let vault = SqliteVault::open(&scratch.0, keys(2), entropy()).unwrap();
        vault.put(told("p-1", "Ann")).await.unwrap();
        assert!(vault.get(&"p-1".into()).await.unwrap().is_empty(), "an erasure is remembered");
        let bob = vault.get(&"p-2".into()).await.unwrap();
        assert_eq!(bob.attribute("name"), Some(&"Bob".into()));
        let lost = SqliteVault::open(&copy.0, keys(2), entropy()).unwrap();
        for person in ["p-1", "p-2"] {
            let error = lost.get(&person.into()).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Key, "{error}");
        }
    });
}

#[test]
fn an_erasure_overwrites_what_it_destroys() {
    let scratch = Scratch::new("vault-overwritten");
    let vault = SqliteVault::open(&scratch.0, keys(1), entropy()).unwrap();
    // Names of fields are readable, so they show whether a row is still somewhere in the file.
    let marked = PersonalRecord::new("p-1", Place::Attribute, "m-1", at(1));
    let marked = marked.with("telltale", Protection::Personal, "Ann");
    pollster::block_on(vault.put(marked)).unwrap();
    assert!(is_in_file(&scratch, b"telltale"));
    pollster::block_on(vault.erase(&"p-1".into(), at(10))).unwrap();
    assert!(!is_in_file(&scratch, b"telltale"));
}

fn value() -> impl Strategy<Value = Value> {
    prop::sample::select(vec![
        Value::Null,
        Value::from(true),
        Value::from(""),
        Value::from("Ann"),
        Value::from("2026-02-01T12:00:00Z"),
        Value::from(at(1)),
        Value::from(Timestamp::MAX),
        Value::from(Decimal::from_micros(-1).unwrap()),
        Value::from(vec![Value::from(1), Value::Null]),
        Value::from(Fields::from_iter([
            ("city", Value::from("\0\u{e9}")),
            ("zip", Value::from(7)),
        ])),
    ])
}

fn record() -> impl Strategy<Value = PersonalRecord> {
    let person = prop::sample::select(vec!["p-1", "p-2"]);
    let place = prop::sample::select(vec![
        Place::Attribute,
        Place::Envelope,
        Place::Event("attribute".into()),
        Place::Event("Gift Sent".into()),
    ]);
    let protection = prop::sample::select(vec![
        Protection::Personal,
        Protection::Special,
        Protection::Undeclared,
    ]);
    let held = prop::collection::vec(("[ab]", protection, value()), 0..3);
    (person, place, "m-[0-3]", (0..3_i64, 0..3_i64), held).prop_map(|parts| {
        let (person, place, id, (told, known), held) = parts;
        let record = PersonalRecord::new(person, place, id, at(told)).known(at(known));
        held.into_iter()
            .fold(record, |record, (name, protection, value)| record.with(name, protection, value))
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn two_vaults_answer_alike(
        records in prop::collection::vec((record(), any::<bool>()), 0..12),
        erased in prop::option::of(0..3_i64),
    ) {
        let memory = MemoryVault::new();
        let vault = SqliteVault::in_memory(keys(1), entropy()).unwrap();
        let (first, second): (Vec<_>, Vec<_>) =
            records.into_iter().partition(|(_, first)| *first);
        pollster::block_on(async {
            for (part, turn) in [(first, 0), (second, 1)] {
                let records: Vec<_> = part.into_iter().map(|(record, _)| record).collect();
                memory.put_all(records.clone()).await.unwrap();
                vault.put_all(records).await.unwrap();
                if let Some(now) = erased.filter(|_| turn == 0) {
                    let person = "p-1".into();
                    let receipts = (memory.erase(&person, at(now)).await.unwrap(),
                        vault.erase(&person, at(now)).await.unwrap());
                    prop_assert_eq!(receipts.0, receipts.1);
                }
            }
            for person in ["p-1", "p-2"] {
                let kept = memory.get(&person.into()).await.unwrap();
                prop_assert!(kept == vault.get(&person.into()).await.unwrap());
            }
            Ok(())
        })?;
    }
}
