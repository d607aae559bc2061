//! What was asked for.

use bespoke::Error;
use bespoke::segment::pushdown::Dialect;
use bespoke::segment::{Knowledge, Rule};
use bespoke::time::Timestamp;

use crate::Fault;
use crate::args::Args;
use crate::engine::Engine;

pub(crate) const VALUED: [&str; 11] = [
    "events", "rule", "at", "known", "profiles", "schema", "engine", "explain", "diff", "sql",
    "tables",
];
pub(crate) const FLAGS: [&str; 2] = ["until", "transitions"];

pub(crate) const USAGE: &str = "\
usage: segment --events FILE --rule TEXT --at INSTANT [--known INSTANT] [--profiles FILE]
               [--schema FILE] [--engine native|live|sqlite|datafusion|ADDRESS]
               [--until | --explain ID | [--transitions] [--diff TEXT] |
                --sql DIALECT | --tables DIALECT]
The ADDRESS is that of a PostgreSQL, reached without TLS: postgres://USER:PASSWORD@HOST:PORT/DATABASE,
or postgres:///DATABASE?host=/FOLDER&user=USER for the socket in a folder.";

/// The arguments, read and checked.
pub(crate) struct Options {
    pub(crate) events: String,
    pub(crate) profiles: Option<String>,
    pub(crate) schema: Option<String>,
    pub(crate) rule: Rule,
    /// The rule to compare with, if there is one.
    pub(crate) second: Option<Rule>,
    pub(crate) asked: Asked,
    pub(crate) engine: Engine,
    pub(crate) wanted: Wanted,
}

/// The instant that is asked about, and whose knowledge counts.
#[derive(Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) now: Timestamp,
    known: Option<Timestamp>,
}

/// What is to be printed.
pub(crate) enum Wanted {
    /// Why this person is a member or is not.
    Explanation(String),
    /// Who is a member, and until when if that is wanted too.
    Members { until: bool },
    /// The query by which an engine finds the members.
    Sql(Dialect),
    /// The tables that such a query is about.
    Tables(Dialect),
    /// Who entered and left, and when.
    Transitions,
}

impl Options {
    pub(crate) fn read(args: &Args) -> Result<Self, Fault> {
        let path = |name: &str| args.get(name).map(str::to_owned);
        let read = |rule: &str| Rule::parse(rule).map_err(|error| error.to_string());
        Ok(Self {
            events: path("events").ok_or("--events is missing")?,
            profiles: path("profiles"),
            schema: path("schema"),
            rule: args.get("rule").ok_or("--rule is missing").map(read)??,
            second: args.get("diff").map(read).transpose()?,
            asked: Asked {
                now: instant(args, "at")?.ok_or("--at is missing")?,
                known: instant(args, "known")?,
            },
            engine: args.get("engine").map_or(Ok(Engine::Native), Engine::named)?,
            wanted: Wanted::read(args)?,
        })
    }
}

impl Asked {
    /// What is known at the instant asked about.
    pub(crate) fn known(self) -> Timestamp {
        self.known.unwrap_or(self.now)
    }

    /// What is known at each instant up to it.
    pub(crate) fn knowledge(self) -> Knowledge {
        self.known.map_or(Knowledge::Following, Knowledge::Fixed)
    }
}

impl Wanted {
    fn read(args: &Args) -> Result<Self, Fault> {
        let given =
            |names: &[&'static str]| names.iter().copied().find(|name| args.get(name).is_some());
        for (one, others) in [
            ("explain", &["until", "transitions", "diff"][..]),
            ("until", &["transitions", "diff"]),
            ("sql", &["explain", "until", "transitions", "diff", "tables"]),
            ("tables", &["explain", "until", "transitions", "diff"]),
        ] {
            if let (true, Some(other)) = (args.get(one).is_some(), given(others)) {
                return Err(format!("--{one} does not go with --{other}"));
            }
        }
        let dialect = |name: &str| {
            let parse =
                |text: &str| text.parse().map_err(|error: Error| format!("--{name}: {error}"));
            args.get(name).map(parse).transpose()
        };
        if let Some(dialect) = dialect("sql")? {
            return Ok(Self::Sql(dialect));
        }
        if let Some(dialect) = dialect("tables")? {
            return Ok(Self::Tables(dialect));
        }
        Ok(match args.get("explain") {
            Some(id) => Self::Explanation(id.to_owned()),
            None if args.get("transitions").is_some() => Self::Transitions,
            None => Self::Members { until: args.get("until").is_some() },
        })
    }
}

fn instant(args: &Args, name: &str) -> Result<Option<Timestamp>, Fault> {
    let parse = |text: &str| text.parse().map_err(|error: Error| format!("--{name}: {error}"));
    args.get(name).map(parse).transpose()
}
