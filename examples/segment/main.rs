//! Who is in a segment, until when, and why: a rule over a file of events.
//!
//! ```text
//! cargo run --release --example segment -- --events events.csv \
//!     --rule "count(\"Order Completed\" over 90 days) > 0" --at 2026-03-01T00:00:00Z --until
//! ```
//!
//! It prints the members at `--at`, or
//!
//! - with `--transitions` who entered and left until then, and at which instant;
//! - with `--diff RULE` the members that only one of the two rules has; with `--transitions` as well,
//!   the entries and exits that only one of them has;
//! - with `--explain ID` why this person is a member or is not;
//! - with `--sql DIALECT` the query by which an engine finds the members, and with `--tables DIALECT`
//!   the tables that the query is about, as JSON.
//!
//! With `--engine live` the same is found by live membership, which is told the file as it came to
//! be known. With `--engine sqlite` the members are found by SQLite, which gets the file as a table;
//! with `--engine datafusion` by DataFusion, if this is built with `--features datafusion` (files may
//! be Parquet then, with the columns of a CSV file); and with
//! `--engine postgres://USER:PASSWORD@HOST:PORT/DATABASE` by a PostgreSQL, which gets it as
//! temporary tables; for that the example is built with `--features postgres`. A socket's folder is
//! given as `?host=/FOLDER`. The connection is not encrypted (`sslmode=disable`): where the way to the
//! server is not yours, bring your own, as hosts of the library do.

#[path = "../support/args.rs"]
mod args;
#[cfg(feature = "datafusion")]
#[path = "../support/arrow.rs"]
mod arrow;
#[path = "../support/sqlite.rs"]
mod database;
#[path = "../support/events.rs"]
mod events;
#[cfg(feature = "postgres")]
#[path = "../support/postgres.rs"]
mod postgres;
#[path = "../support/tables.rs"]
mod tables;

mod answer;
#[cfg(feature = "datafusion")]
mod columnar;
#[cfg(not(feature = "datafusion"))]
#[path = "no_columnar.rs"]
mod columnar;
mod engine;
mod live;
mod native;
mod options;
mod people;
#[cfg(feature = "postgres")]
mod server;
#[cfg(not(feature = "postgres"))]
#[path = "server/absent.rs"]
mod server;
mod sql;

use std::collections::BTreeSet;
use std::process::ExitCode;

use args::{Args, tell};
use bespoke::expr::Names;
use bespoke::schema::Schema;
use bespoke::segment::{Rule, Segment};

use engine::Base;
use options::{Options, Wanted};

/// What is at fault, told to the user.
type Fault = String;

fn main() -> ExitCode {
    args::run(&[], (&options::VALUED, &options::FLAGS), options::USAGE, |args| {
        run(args).map_err(|message| {
            // An argument is at fault.
            let usage = if message.starts_with("--") { options::USAGE } else { "" };
            format!("{message}\n{usage}").trim_end().to_owned()
        })
    })
}

fn run(args: &Args) -> Result<(), Fault> {
    let options = Options::read(args)?;
    let names = Names::new(people::schema(&options)?);
    let segment = check(&options.rule, &names)?;
    let second = options.second.as_ref().map(|rule| check(rule, &names)).transpose()?;
    let mut people = people::read(&options.events, names.schema())?;
    if options.schema.is_some() {
        let told = people.events();
        let segments = [&segment].into_iter().chain(&second);
        segments.for_each(|segment| warn_of_absent(segment, &told, names.schema()));
    }
    if let Some(profiles) = &options.profiles {
        people.add_traits(profiles, names.schema())?;
    }
    let base = Base { people: &people, schema: names.schema(), asked: options.asked };
    let engine = &options.engine;
    let written = match (&options.wanted, &second) {
        (Wanted::Explanation(id), _) => answer::text(&native::explain(&segment, &base, id)?),
        (Wanted::Sql(dialect), _) => {
            let statement = sql::statement(*dialect, &segment, &base)?;
            statement.exactness().values().for_each(tell);
            answer::text(statement.sql())
        }
        (Wanted::Tables(dialect), _) => answer::text(&sql::tables(*dialect, &base)),
        (Wanted::Members { until }, None) => {
            answer::members(&engine.members(&segment, &base)?, *until)
        }
        (Wanted::Transitions, None) => answer::transitions(&engine.histories(&segment, &base)),
        (wanted, Some(second)) => {
            let difference = engine.difference(&segment, second, &base);
            match wanted {
                Wanted::Transitions => answer::differing_transitions(&difference),
                _ => answer::differing_members(&difference),
            }
        }
    };
    written.map_err(|error| error.to_string())
}

fn check(rule: &Rule, names: &Names) -> Result<Segment, Fault> {
    let segment = rule.check(names).map_err(|error| error.to_string())?;
    segment.warnings().iter().for_each(|warning| tell(format!("warning: {warning}")));
    Ok(segment)
}

/// Warns of events that a schema declares and the file lacks.
///
/// Of those that nobody declared the rule's check has warned.
fn warn_of_absent(segment: &Segment, told: &BTreeSet<&str>, schema: &Schema) {
    let absent = segment.events().into_iter().filter(|event| !told.contains(event));
    for event in absent.filter(|event| schema.has_event(event)) {
        tell(format!("warning: the file has no event \"{event}\""));
    }
}
