//! A campaign: from what customers did to chosen, rendered, delivered and explained mail.
//!
//! ```text
//! cargo run --release --example campaign
//! cargo run --release --example campaign -- --data online_retail.csv.gz \
//!     --at 2010-11-01T09:00:00Z --out out --assume-consent
//! ```
//!
//! Without `--data` it runs on a simulated shop. The definitions are those of a playbook
//! (`--playbook DIR`, by default one of `examples/campaign/playbooks`), checked before anything is
//! read. It writes
//!
//! - `campaign.db`: the store, one SQLite file;
//! - `decisions.jsonl`: one line for each known customer;
//! - `messages/*.eml`: the first 200 that were sent (`--all` for all);
//! - `rejects.csv`: the rows that were refused, each with its reason;
//! - `report.html`: what to look at.
//!
//! `--resume` goes on with a directory that a run has left, whether it was killed or came to its
//! end, and sends nothing twice; with a later `--at` it writes to those who were put off until then.
//! `--mailing NAME` runs another mailing of the playbook on the same store. `--stop-after segments` writes `segments.jsonl` and no mail, and `--explain CUSTOMER`
//! prints why that customer is in each segment or is not.

#[path = "../support/args.rs"]
mod args;
mod ground;
mod options;
mod output;
mod people;
#[path = "../support/progress.rs"]
mod progress;
mod retail;
mod report;
mod segments;
mod simulated;
mod stages;

use std::io::Write;
use std::process::ExitCode;

use args::Args;
use bespoke::playbook::Playbook;
use bespoke::source::Input;

use ground::Ground;
use options::Options;
use output::Output;
use people::{Base, Fault};
use retail::RetailFile;
use stages::Stages;

fn main() -> ExitCode {
    args::run(&[], (&options::VALUED, &options::FLAGS), options::USAGE, run)
}

fn run(args: &Args) -> Result<(), Fault> {
    let mut options = Options::read(args)?;
    // The definitions first: what is wrong with them is told before anything is read.
    let playbook = Playbook::open(&options.playbook)?;
    let ground = Ground::new(&playbook, &options)?;
    let engine = ground.campaign.engine();
    let retail = options.data.as_deref().map(RetailFile::open).transpose()?;
    // What was asked for makes sense; only now is anything written.
    let mut output = Output::create(&options)?;
    let summary = if options.segments_only {
        let base = base(retail, &mut output, &options)?;
        segments::write(engine, base, &mut output, &options)?
    } else {
        let store = ground::open(&playbook, engine, &output, &mut options)?;
        let base = base(retail, &mut output, &options)?;
        let vault = ground.vault(&store, &options.extract())?;
        let stages = Stages::new((&playbook, engine), (&store, &vault), &options);
        let summary = stages.run(&ground, base, &mut output)?;
        drop(vault);
        store.close()?;
        summary
    };
    let directory = options.directory.display();
    Ok(writeln!(std::io::stdout(), "{summary}wrote {directory}")?)
}

fn base(
    retail: Option<RetailFile<Input>>,
    output: &mut Output,
    options: &Options,
) -> Result<Base, Fault> {
    let base = match retail {
        Some(file) => file.read(options.assume_consent, &mut |reject| output.reject(reject))?,
        None => simulated::shop(options),
    };
    output.finish_rejects()?;
    Ok(base)
}
