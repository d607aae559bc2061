//! Playbooks: what is wrong with one, and what would change with another.
//!
//! ```text
//! cargo run --release --example playbook -- --check examples/campaign/playbooks/shop
//! cargo run --release --example playbook -- --old before --new after --customers 5000
//! cargo run --release --example playbook -- --old before --new after \
//!     --events events.csv --from 2026-01-01T00:00:00Z --at 2026-04-01T00:00:00Z
//! ```
//!
//! The second says what was changed, and who of a simulated shop's customers would enter and leave
//! each segment. The third reads what happened instead: for each segment it prints who is a member at
//! `--at` by one of the two only, and which entries and exits since `--from` only one of them has.

#[path = "support/args.rs"]
mod args;
#[path = "support/events.rs"]
mod events;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

use args::Args;
use bespoke::Error;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::playbook::{Backtest, Comparison, Playbook};
use bespoke::seed::Seed;
use bespoke::testing::shop::Shop;
use bespoke::time::Timestamp;

const USAGE: &str = "\
usage: playbook --check DIR
       playbook --old DIR --new DIR [--customers COUNT] [--at INSTANT]
       playbook --old DIR --new DIR --events FILE --at INSTANT [--from INSTANT]";

/// A Sunday morning in spring.
const NOW: &str = "2026-03-01T09:00:00Z";

const VALUED: [&str; 7] = ["check", "old", "new", "customers", "events", "from", "at"];

fn main() -> ExitCode {
    args::run(&[], (&VALUED, &[]), USAGE, |args| {
        let [check, old, new, events] =
            ["check", "old", "new", "events"].map(|name| args.get(name));
        let lacks = |names: &[&str]| !names.iter().any(|name| args.get(name).is_some());
        let said = match (check, old, new, events) {
            (Some(folder), None, None, None) if lacks(&["customers", "from", "at"]) => {
                self::check(folder)?
            }
            (None, Some(old), Some(new), None) if lacks(&["from"]) => compare(old, new, args)?,
            (None, Some(old), Some(new), Some(events)) if lacks(&["customers"]) => {
                backtest((old, new), events, args)?
            }
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
    let told = |error: Error| error.to_string();
    let now = instant(args, "at")?.map_or_else(|| NOW.parse().map_err(told), Ok)?;
    let (old, newer) = (open(old)?, open(new)?);
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

/// What the two say of a file of events, each reading it by its own schema.
fn backtest((old, new): (&str, &str), path: &str, args: &Args) -> Result<String, String> {
    let told = |error: Error| error.to_string();
    let at = instant(args, "at")?.ok_or_else(|| format!("--at is missing\n{USAGE}"))?;
    let from = instant(args, "from")?.unwrap_or(Timestamp::MIN);
    let (old, newer) = (open(old)?, open(new)?);
    let engines = (old.engine().map_err(told)?, newer.engine().map_err(told)?);
    let mut people: BTreeMap<ProfileId, [Timeline; 2]> = BTreeMap::new();
    for (side, engine) in [&engines.0, &engines.1].into_iter().enumerate() {
        for (person, events) in events::read(path, engine.schema())? {
            let timelines = people.entry(person).or_default();
            timelines[side] = Timeline::of(events, engine.schema());
        }
    }
    let mut backtest = Backtest::new(&engines.0, &engines.1, from, at);
    people.iter().for_each(|(person, [old, newer])| backtest.add(person, old, newer));
    Ok(format!("{}\n{backtest}", old.compare(&newer)))
}

fn instant(args: &Args, name: &str) -> Result<Option<Timestamp>, String> {
    let parse = |text: &str| text.parse().map_err(|error: Error| format!("--{name}: {error}"));
    args.get(name).map(parse).transpose()
}
