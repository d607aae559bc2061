//! A campaign: from what customers did to chosen, rendered and explained mail.
//!
//! ```text
//! cargo run --release --example campaign
//! cargo run --release --example campaign -- --data online_retail.csv.gz \
//!     --at 2010-11-01T09:00:00Z --out out --assume-consent
//! ```
//!
//! Without `--data` it runs on a simulated shop. It writes `decisions.jsonl` (one line for each
//! known customer), `messages/*.eml` (the first 200 that were sent; `--all` for all) and
//! `rejects.csv`; `--stop-after segments` writes `segments.jsonl` instead of the first two, and
//! `--explain CUSTOMER` prints why that customer is in each segment or is not.

#[path = "../support/args.rs"]
mod args;
mod definitions;
mod mailing;
mod output;
mod people;
mod retail;
mod simulated;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use args::Args;
use bespoke::engine::{Membership, Wanted};
use bespoke::facts::Timeline;
use bespoke::time::Timestamp;
use bespoke::{Engine, Error};

use mailing::{Decided, Mailing};
use output::{Output, Summary};
use people::{Base, Fault, Kind, Person};
use retail::RetailFile;

const VALUED: [&str; 6] = ["data", "at", "out", "stop-after", "explain", "customers"];
const FLAGS: [&str; 2] = ["assume-consent", "all"];

const USAGE: &str = "\
usage: campaign [--data FILE --at INSTANT] [--out DIR] [--assume-consent] [--all]
                [--customers COUNT] [--stop-after segments] [--explain CUSTOMER]";

fn main() -> ExitCode {
    args::run(&VALUED, &FLAGS, USAGE, run)
}

fn run(args: &Args) -> Result<(), Fault> {
    let stop = match args.get("stop-after") {
        None => false,
        Some("segments") => true,
        Some(other) => return Err(format!("--stop-after {other}: there is only segments").into()),
    };
    let given = |text: &str| text.parse().map_err(|error: Error| format!("--at: {error}"));
    let at: Option<Timestamp> = args.get("at").map(given).transpose()?;
    let (customers, directory) = (customers(args)?, directory(args)?);
    let retail = match args.get("data") {
        Some(file) => {
            // A file of the past says nothing of now.
            args.get("at").ok_or("--at is missing")?;
            Some(RetailFile::open(Path::new(file))?)
        }
        None => None,
    };
    // What was asked for makes sense; only now is anything written.
    let lines = if stop { "segments.jsonl" } else { "decisions.jsonl" };
    let mut output = Output::create(&directory, lines, args.has("all"))?;
    let base = match (retail, at) {
        (Some(file), Some(at)) => {
            let refuse = &mut |reject: &_| output.reject(reject);
            file.read(at, args.has("assume-consent"), refuse)?
        }
        _ => simulated::shop(customers, at)?,
    };
    let mut engine = Engine::new(base.schema.clone())?;
    definitions::add_orders(&mut engine)?;
    if base.kind == Kind::Simulated {
        definitions::add_behaviour(&mut engine)?;
    }
    let summary = Summary::new(&engine, args.get("explain"));
    let summary = if stop {
        segments(&engine, base, &mut output, summary)?
    } else {
        definitions::add_content(&mut engine)?;
        campaign(&engine, base, &mut output, summary)?
    };
    output.finish()?;
    Ok(writeln!(std::io::stdout(), "{summary}wrote {}", directory.display())?)
}

fn customers(args: &Args) -> Result<u32, Fault> {
    let count = args.get("customers").unwrap_or("20000");
    Ok(count.parse().map_err(|_| format!("--customers {count}: a whole number is wanted"))?)
}

/// The directory to write to: the one asked for, or the first free one of the usual name.
fn directory(args: &Args) -> Result<PathBuf, Fault> {
    if let Some(out) = args.get("out") {
        return Ok(PathBuf::from(out));
    }
    let usual = |number: u32| match number {
        1 => PathBuf::from("target/campaign"),
        _ => PathBuf::from(format!("target/campaign-{number}")),
    };
    let free = (1..1000).map(usual).find(|path| output::is_free(path));
    free.ok_or_else(|| "target/campaign to target/campaign-999 are taken; name --out".into())
}

/// Who is in which segment, and until when.
fn segments(
    engine: &Engine,
    base: Base,
    output: &mut Output,
    mut summary: Summary,
) -> Result<Summary, Fault> {
    let wanted = engine
        .segments()
        .keys()
        .fold(Wanted::nothing(), |wanted, name| wanted.segment(Arc::clone(name)));
    let Base { people, tally, now, .. } = base;
    for person in people {
        let Person { id, events, .. } = person?;
        let timeline = Timeline::of(events, engine.schema());
        let facts = timeline.facts(now);
        if !facts.is_known() {
            continue;
        }
        summary.explain(engine, &facts, id.as_str());
        let view = engine.evaluate(&facts, &wanted)?;
        let memberships = memberships(&view);
        summary.count(&memberships);
        output.line(&output::Segments { customer: &id, segments: &memberships })?;
    }
    Ok(summary.with_tally(tally))
}

/// Who is written to, with what, and why not.
fn campaign(
    engine: &Engine,
    base: Base,
    output: &mut Output,
    mut summary: Summary,
) -> Result<Summary, Fault> {
    let Base { people, tally, now, .. } = base;
    let mailing = Mailing::new(engine.clone(), now)?;
    for person in people {
        let person = person?;
        let id = person.id.clone();
        let timeline = mailing.admit(&person)?;
        let facts = timeline.facts(now);
        if !facts.is_known() {
            continue;
        }
        summary.explain(engine, &facts, id.as_str());
        let view = engine.evaluate(&facts, &Wanted::everything())?;
        let memberships = memberships(&view);
        summary.count(&memberships);
        let decided = mailing.decide(view, &person)?;
        summary.outcome(&decided);
        let Decided { outcome, reason, blocks, message } = &decided;
        let sent = message.as_ref().map(|message| message.id.as_str());
        output.line(&output::Decision {
            customer: id.as_str(),
            segments: &memberships,
            outcome,
            reason: reason.as_deref(),
            blocks,
            message: sent,
        })?;
        if let Some(message) = message {
            output.message(message)?;
        }
    }
    Ok(summary.with_tally(tally))
}

/// The segments that a person is in, each with the instant until which that holds.
type Memberships = BTreeMap<Arc<str>, Option<Timestamp>>;

fn memberships(view: &bespoke::engine::View) -> Memberships {
    let members = view.memberships().iter().filter(|(_, valid)| valid.value == Membership::In);
    members.map(|(name, valid)| (Arc::clone(name), valid.until)).collect()
}
