//! What was asked for.

use bespoke::time::{Duration, Timestamp};

use crate::Fault;
use crate::args::Args;

pub(crate) const VALUED: [&str; 4] = ["transactions", "calibration-end", "holdout-days", "model"];
pub(crate) const FLAGS: [&str; 1] = ["value"];

pub(crate) const USAGE: &str = "\
usage: clv --transactions FILE.csv --calibration-end DATE --holdout-days N --model bgnbd [--value]";

/// The arguments, read and checked.
pub(crate) struct Options {
    pub(crate) transactions: String,
    /// The last instant of the calibration.
    pub(crate) calibrated: Timestamp,
    /// How long the holdout is.
    pub(crate) holdout: Days,
    /// Whether it is asked for how much customers buy.
    pub(crate) value: bool,
}

/// A number of days.
#[derive(Clone, Copy)]
pub(crate) struct Days(pub(crate) u32);

impl Options {
    pub(crate) fn read(args: &Args) -> Result<Self, Fault> {
        let given = |name: &str| args.get(name).ok_or_else(|| format!("--{name} is missing"));
        let transactions = given("transactions")?.to_owned();
        let end = given("calibration-end")?;
        let end = date(end).ok_or_else(|| format!("--calibration-end: {}", no_date(end)))?;
        let days = given("holdout-days")?;
        let days = days.parse().ok().filter(|days| (1..=MOST).contains(days)).ok_or_else(|| {
            format!("--holdout-days is a number of days from 1 to {MOST}, not `{days}`")
        })?;
        match given("model")? {
            "bgnbd" => {}
            other => return Err(format!("--model {other} is not there; there is bgnbd")),
        }
        let calibrated = day_end(end);
        Ok(Self {
            transactions,
            calibrated,
            holdout: Days(days),
            value: args.get("value").is_some(),
        })
    }

    /// The last instant of the holdout.
    pub(crate) fn held_out(&self) -> Timestamp {
        self.calibrated.plus(Duration::days(i64::from(self.holdout.0)))
    }
}

/// The most days that a holdout may have: a century.
const MOST: u32 = 36_500;

impl Days {
    pub(crate) fn weeks(self) -> f64 {
        f64::from(self.0) / 7.0
    }
}

/// Reads a day or an instant.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()).ok()
}

/// What is wrong with a text that is neither.
pub(crate) fn no_date(text: &str) -> String {
    format!("`{text}` is no date; write 1997-09-30 or 1997-09-30T12:00:00Z")
}

/// The last instant of the day of UTC of an instant.
fn day_end(at: Timestamp) -> Timestamp {
    let day = Duration::days(1).micros();
    Timestamp::from_micros((at.micros().div_euclid(day) + 1) * day - 1)
}
