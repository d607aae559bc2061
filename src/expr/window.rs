//! Windows that are not a stretch of time before now.

use std::fmt::{self, Display, Formatter};

use super::Over;
use super::print::Quoted;
use crate::time::{Local, LocalTime, Timestamp, Zone};
use crate::value::Decimal;

/// A stretch of time that stays where it is: from its beginning, included, to its end, excluded,
/// if it has one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Period {
    /// As calendars and clocks show it somewhere.
    Civil { from: Local, to: Option<Local>, zone: Zone },
    /// Between instants.
    Instants { from: Timestamp, to: Option<Timestamp> },
}

impl Period {
    /// Its first instant, and the first after it.
    pub(crate) fn bounds(self) -> (Timestamp, Option<Timestamp>) {
        match self {
            Self::Civil { from, to, zone } => (zone.resolve(from), to.map(|to| zone.resolve(to))),
            Self::Instants { from, to } => (from, to),
        }
    }

    /// A window that holds something.
    pub(super) fn window(self) -> Result<Over, &'static str> {
        match self.bounds() {
            (from, Some(to)) if to <= from => Err("a window ends after it begins"),
            _ => Ok(Over::Between(self)),
        }
    }
}

impl Display for Period {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Civil { from, to, zone } => {
                write!(f, "from '{}'", written(*from))?;
                to.iter().try_for_each(|to| write!(f, " to '{}'", written(*to)))?;
                write!(f, " in {}", Quoted('\'', zone.name()))
            }
            Self::Instants { from, to } => {
                write!(f, "from TIMESTAMP '{from}'")?;
                to.iter().try_for_each(|to| write!(f, " to TIMESTAMP '{to}'"))
            }
        }
    }
}

/// A local time as it is written: `2025-11-24T18:00`, or its day where that begins.
pub(super) fn written(local: Local) -> String {
    match local {
        Local { date, time: LocalTime::MIDNIGHT } => date.to_string(),
        Local { date, time } => format!("{date}T{time}"),
    }
}

/// Reads a local time as it is written.
pub(super) fn local(text: &str) -> Result<Local, String> {
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00"));
    match (date.parse(), time.parse()) {
        (Ok(date), Ok(time)) => Ok(Local::new(date, time)),
        _ => Err(format!("`{text}` is no local time; write 2025-11-24 or 2025-11-24T18:00")),
    }
}

/// The most events of a window, and the most buckets.
const MOST: i64 = 1_000_000;

/// How many there are to be: enough for any use, and few enough to be kept.
pub(super) fn count(number: Decimal) -> Result<u32, &'static str> {
    let whole = number.micros() / Decimal::SCALE;
    let count = u32::try_from(whole).ok().filter(|_| number.is_whole() && whole <= MOST);
    count.filter(|count| *count > 0).ok_or("this is a whole number from 1 to 1000000")
}
