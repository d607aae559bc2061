//! Stores keep their contract, and two of them answer alike.

use std::path::PathBuf;
use std::sync::Arc;

use bespoke::delivery::{Claim, Delivery, State, StateName, Transition};
use bespoke::error::ErrorKind;
use bespoke::event::{Event, EventKind};
use bespoke::identity::Digest;
use bespoke::key::KeyVersion;
use bespoke::page::Cursor;
use bespoke::privacy::{Cause, Consent, Subscription, Suppressed};
use bespoke::store::{Batch, DecisionRecord, MemoryStore, SqliteStore, Store, Timer, Version};
use bespoke::testing::store::{Asked, dump};
use bespoke::testing::{self, strategy};
use bespoke::time::Timestamp;
use bespoke::value::{Decimal, Value};
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
