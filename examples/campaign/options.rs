//! What was asked for.

use std::path::{Path, PathBuf};

use bespoke::Error;
use bespoke::scorer::{BoostedParams, ForestParams, LogisticParams, Model, Trainer};
use bespoke::seed::Seed;
use bespoke::time::Timestamp;

use crate::args::Args;
use crate::output;
use crate::people::Fault;

pub(crate) const VALUED: [&str; 9] =
    ["data", "at", "out", "playbook", "mailing", "stop-after", "explain", "customers", "model"];
pub(crate) const FLAGS: [&str; 3] = ["assume-consent", "all", "resume"];

pub(crate) const USAGE: &str = "\
usage: campaign [--data FILE --at INSTANT] [--out DIR] [--resume] [--playbook DIR]
                [--mailing NAME] [--assume-consent] [--all] [--customers COUNT]
                [--model logistic|forest|boosted] [--stop-after segments] [--explain CUSTOMER]";

/// A Sunday morning in spring, when the simulated shop's history ends.
const SHOP_NOW: &str = "2026-03-01T09:00:00Z";

/// The arguments, read and checked.
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct Options {
    pub(crate) data: Option<PathBuf>,
    /// The instant that was asked for, if one was.
    pub(crate) at: Option<Timestamp>,
    pub(crate) now: Timestamp,
    /// When the simulated shop's history ends.
    pub(crate) until: Timestamp,
    pub(crate) directory: PathBuf,
    pub(crate) resume: bool,
    pub(crate) playbook: PathBuf,
    pub(crate) mailing: String,
    pub(crate) assume_consent: bool,
    pub(crate) all: bool,
    pub(crate) customers: u32,
    pub(crate) segments_only: bool,
    pub(crate) explain: Option<String>,
    /// What scores are learnt by.
    pub(crate) trainer: Box<dyn Trainer<Scorer = Model>>,
}

impl Options {
    pub(crate) fn read(args: &Args) -> Result<Self, Fault> {
        let segments_only = match args.get("stop-after") {
            None => false,
            Some("segments") => true,
            Some(other) => {
                return Err(format!("--stop-after {other}: there is only segments").into());
            }
        };
        let data = args.get("data").map(PathBuf::from);
        let resume = args.get("resume").is_some();
        let instant = |text: &str| text.parse().map_err(|error: Error| format!("--at: {error}"));
        let at: Option<Timestamp> = args.get("at").map(instant).transpose()?;
        // A file of the past says nothing of now.
        if at.is_none() && data.is_some() && !resume {
            return Err("--at is missing".into());
        }
        let now = at.map_or_else(|| SHOP_NOW.parse(), Ok)?;
        if resume && segments_only {
            return Err("--resume: nothing is kept of a run that stops after segments".into());
        }
        let playbook = args.get("playbook").map_or_else(|| own(data.is_some()), PathBuf::from);
        Ok(Self {
            at,
            now,
            until: now,
            directory: directory(args.get("out"), resume)?,
            resume,
            playbook,
            mailing: args.get("mailing").unwrap_or("season").to_owned(),
            assume_consent: args.get("assume-consent").is_some(),
            all: args.get("all").is_some(),
            customers: customers(args.get("customers"))?,
            segments_only,
            explain: args.get("explain").map(str::to_owned),
            trainer: trainer(args.get("model"))?,
            data,
        })
    }

    /// Where the facts come from, for people.
    pub(crate) fn source(&self) -> String {
        match &self.data {
            Some(file) => file.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            None => format!("a simulated shop of {} customers", self.customers),
        }
    }

    /// What the store is filled from. Another mailing may be run on it, or this one again; other
    /// facts would mix two bases.
    pub(crate) fn extract(&self) -> String {
        let consent = if self.assume_consent { ", consent assumed" } else { "" };
        match &self.data {
            Some(file) => {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                format!("{name}{consent}")
            }
            None => format!("a simulated shop of {} customers", self.customers),
        }
    }
}

/// The playbook beside this example.
fn own(retail: bool) -> PathBuf {
    let name = if retail { "retail" } else { "shop" };
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/campaign/playbooks").join(name)
}

fn customers(count: Option<&str>) -> Result<u32, Fault> {
    let count = count.unwrap_or("20000");
    Ok(count.parse().map_err(|_| format!("--customers {count}: a whole number is wanted"))?)
}

/// What scores are learnt by: a logistic regression, whose weights the report shows, unless another
/// is asked for.
fn trainer(model: Option<&str>) -> Result<Box<dyn Trainer<Scorer = Model>>, Fault> {
    match model.unwrap_or("logistic") {
        "logistic" => Ok(Box::new(LogisticParams::new())),
        "forest" => Ok(Box::new(ForestParams::new(Seed::new(1)))),
        "boosted" => Ok(Box::new(BoostedParams::new(Seed::new(1)))),
        other => Err(format!("--model {other}: there are logistic, forest and boosted").into()),
    }
}

/// The directory to write to: the one asked for, else the first free one of the usual name, or to
/// go on with the first of all.
fn directory(out: Option<&str>, resume: bool) -> Result<PathBuf, Fault> {
    if let Some(out) = out {
        return Ok(PathBuf::from(out));
    }
    let usual = |number: u32| match number {
        1 => PathBuf::from("target/campaign"),
        _ => PathBuf::from(format!("target/campaign-{number}")),
    };
    if resume {
        let last = (1..1000).map(usual).take_while(|path| !output::is_free(path)).last();
        return Ok(last.unwrap_or_else(|| usual(1)));
    }
    let free = (1..1000).map(usual).find(|path| output::is_free(path));
    free.ok_or_else(|| "target/campaign to target/campaign-999 are taken; name --out".into())
}
