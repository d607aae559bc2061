//! Playbooks: what is wrong with one, and what would change with another.
//!
//! ```text
//! cargo run --release --example playbook -- --check examples/campaign/playbooks/shop
//! cargo run --release --example playbook -- --old before --new after --customers 5000
//! ```
//!
//! The second says what was changed, and who of a simulated shop's customers would enter and leave
//! each segment.

#[path = "support/args.rs"]
mod args;

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use args::Args;
use bespoke::Error;
use bespoke::facts::Timeline;
use bespoke::playbook::{Comparison, Playbook};
use bespoke::seed::Seed;
use bespoke::testing::shop::Shop;
use bespoke::time::Timestamp;

const USAGE: &str = "\
usage: playbook --check DIR
       playbook --old DIR --new DIR [--customers COUNT] [--at INSTANT]";

/// A Sunday morning in spring.
const NOW: &str = "2026-03-01T09:00:00Z";

fn main() -> ExitCode {
    args::run(&["check", "old", "new", "customers", "at"], &[], USAGE, |args| {
        let compares = ["old", "new", "customers", "at"].iter().any(|name| args.has(name));
        let said = match (args.get("check"), args.get("old"), args.get("new")) {
            (Some(folder), None, None) if !compares => check(folder)?,
            (None, Some(old), Some(new)) => compare(old, new, args)?,
            _ => return Err(format!("--check, or --old and --new, is needed\n{USAGE}")),
        };
        std::io::stdout().write_all(said.as_bytes()).map_err(|error| error.to_string())
    })
}

/// Reads a folder; its faults are the error.
fn open(folder: &str) -> Result<Playbook, String> {
    Playbook::open(folder).map_err(|error| format!("{folder}:\n{error}"))
}

fn check(folder: &str) -> Result<String, String> {
    let playbook = open(folder)?;
    let mut said = format!("{} {}\n", playbook.name(), playbook.version());
    let metrics = playbook.metrics().keys();
    for (what, names) in [
        ("metrics", metrics.collect::<Vec<_>>()),
        ("segments", playbook.segments().keys().collect()),
        ("scores", playbook.scores().keys().collect()),
        ("purposes", playbook.purposes().keys().collect()),
        ("topics", playbook.topics().keys().collect()),
        ("mailings", playbook.mailings().keys().collect()),
        ("blocks", playbook.blocks().keys().collect()),
        ("templates", playbook.templates().keys().collect()),
    ] {
        let names: Vec<&str> = names.into_iter().map(|name| &**name).collect();
        // A text takes whatever is written to it.
        let _ = writeln!(said, "{what}: {}", names.join(", "));
    }
    Ok(said)
}

fn compare(old: &str, new: &str, args: &Args) -> Result<String, String> {
    let count = args.get("customers").unwrap_or("2000");
    let count: u32 =
        count.parse().map_err(|_| format!("--customers {count}: a whole number is wanted"))?;
    let now = args.get("at").unwrap_or(NOW);
    let now: Timestamp = now.parse().map_err(|error| format!("--at: {error}"))?;
    let (old, newer) = (open(old)?, open(new)?);
    let told = |error: Error| error.to_string();
    let engines = (old.engine().map_err(told)?, newer.engine().map_err(told)?);
    let mut comparison = Comparison::new(&engines.0, &engines.1);
    for customer in Shop::new(Seed::new(1)).customers(count).until(now) {
        let newer = Timeline::of(customer.events.iter().cloned(), engines.1.schema());
        let old = Timeline::of(customer.events, engines.0.schema());
        if old.facts(now).is_known() {
            comparison.add(&customer.id, &old.facts(now), &newer.facts(now));
        }
    }
    Ok(format!("{}\n{comparison}", old.compare(&newer)))
}
