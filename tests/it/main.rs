//! Integration tests, one binary.
#![expect(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "clippy takes the helpers of tests for production code"
)]

mod allocations;
mod collect;
mod choice;
mod content;
#[cfg(feature = "sqlite")]
mod crash;
mod defined;
#[cfg(feature = "mail")]
mod delivery;
mod diagnostics;
#[cfg(feature = "mail")]
mod email;
mod engine;
mod event;
mod examples;
mod explain;
mod facts;
mod funnel;
mod gate;
mod history;
mod group;
mod identity;
mod laws;
mod learning;
mod library;
mod lifetime;
mod link;
#[cfg(feature = "library")]
mod lint;
mod live;
#[cfg(feature = "locale")]
mod locale;
mod metric;
mod model;
mod playbook;
#[cfg(feature = "library")]
mod preview;
mod privacy;
#[cfg(feature = "sqlite")]
mod pushdown;
mod report;
#[cfg(feature = "seal")]
mod run;
mod rfm;
mod scorer;
mod semantics;
mod source;
mod store;
mod templates;
mod threshold;
mod trees;
mod untrusted;
mod vault;
mod words;
#[cfg(feature = "sqlite")]
#[path = "../../examples/support/sqlite.rs"]
mod database;
#[cfg(feature = "sqlite")]
#[path = "../../examples/support/tables.rs"]
mod tables;

use std::path::PathBuf;

/// The text of a real data set, where it is present.
#[expect(clippy::disallowed_methods, reason = "the data sets lie where the machine says")]
fn data(path: &str) -> Option<String> {
    let root = std::env::var_os("BESPOKE_DATA").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data")),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(root.join(path)).ok();
    if text.is_none() {
        println!("skipped: {path} not present");
    }
    text
}
