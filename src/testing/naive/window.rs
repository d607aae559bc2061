//! Windows by the letter: civil ones by the calendar of another crate.

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::{GapInfo, Tz};

use super::Entry;
use crate::expr::Period;
use crate::time::{Local, Timestamp, Zone};
use crate::value::Fields;

/// The first instant of a window, and the first after it.
pub(super) fn bounds(period: &Period) -> (Timestamp, Option<Timestamp>) {
    match period {
        Period::Civil { from, to, zone } => {
            (instant(*from, *zone), to.map(|to| instant(to, *zone)))
        }
        Period::Instants { from, to } => (*from, *to),
    }
}

/// The entries of the last so many events that have any. Of several at one instant the later in
/// the list of facts is the later.
pub(super) fn last(mut entries: Vec<Entry<'_>>, count: u32) -> Vec<Entry<'_>> {
    entries.sort_by_key(|entry| entry.at);
    let mut events: Vec<&Fields> = Vec::new();
    for entry in entries.iter().rev() {
        if !events.iter().any(|event| std::ptr::eq(*event, entry.event)) {
            events.push(entry.event);
        }
    }
    events.truncate(usize::try_from(count).unwrap_or(usize::MAX));
    entries.retain(|entry| events.iter().any(|event| std::ptr::eq(*event, entry.event)));
    entries
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
