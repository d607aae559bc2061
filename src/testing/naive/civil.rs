//! Civil windows, by the calendar of another crate.

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::{GapInfo, Tz};

use crate::expr::Period;
use crate::time::{Local, Timestamp, Zone};

/// The first instant of a window, and the first after it.
pub(super) fn bounds(period: &Period) -> (Timestamp, Option<Timestamp>) {
    match period {
        Period::Civil { from, to, zone } => {
            (instant(*from, *zone), to.map(|to| instant(to, *zone)))
        }
        Period::Instants { from, to } => (*from, *to),
    }
}

/// When clocks first show a local time, or, where they skip it, the instant at which they do.
fn instant(local: Local, zone: Zone) -> Timestamp {
    let zone: Tz = zone.name().parse().unwrap_or(Tz::UTC);
    let naive = naive(local).unwrap_or_default();
    let first = zone.from_local_datetime(&naive).earliest();
    let first = first.or_else(|| GapInfo::new(&naive, &zone)?.end);
    first.map_or(Timestamp::MAX, Timestamp::from)
}

fn naive(Local { date, time, .. }: Local) -> Option<NaiveDateTime> {
    let date = NaiveDate::from_ymd_opt(date.year(), date.month(), date.day())?;
    date.and_hms_opt(time.hour(), time.minute(), time.second())
}
