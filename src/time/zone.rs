//! Time zones by their IANA names.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Offset as _, TimeZone as _};
use chrono_tz::{TZ_VARIANTS, Tz};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Local, LocalTime, Timestamp, invalid};
use crate::error::{Error, nearest};

/// The microseconds of a second.
const SECOND: i64 = 1_000_000;
/// The seconds of a day.
const DAY: i64 = 86_400;
/// How far apart a zone is looked at for changes of its offset, in seconds. No zone ever changed
/// its offset and changed it back within an hour.
const STEP: i64 = 3_600;
/// No zone was ever further from UTC than this, in seconds; the furthest was 15:56:08.
const FURTHEST: i64 = 16 * 3_600;
/// 0000-01-01T00:00:00Z, in seconds.
const FIRST: i64 = -62_167_219_200;
/// 9999-12-31T23:59:59Z, in seconds.
const LAST: i64 = Timestamp::LAST.micros() / SECOND;

/// A time zone: what clocks show somewhere, and when they were and will be changed.
///
/// It is known by its IANA name. What is stored is the name, never an offset, since the offset of a
/// day to come may yet be changed by law; the rules are those of the time zone data that the crate
/// was built with, and for years that these do not reach, clocks are changed no more.
///
/// Local times of the years 0 to 9999 can be told; an instant outside has the local time of the
/// nearest inside.
///
/// ```
/// use bespoke::time::{Local, Weekday, Zone};
///
/// let lisbon: Zone = "Europe/Lisbon".parse()?;
/// let local = lisbon.local("2026-03-29T01:30:00Z".parse()?);
/// assert_eq!(local.to_string(), "2026-03-29 02:30");
/// assert_eq!(local.date.weekday(), Weekday::Sunday);
///
/// // In that night, clocks went from 01:00 to 02:00: what was skipped moves later.
/// let skipped = Local::new("2026-03-29".parse()?, "01:15".parse()?);
/// assert_eq!(lisbon.resolve(skipped), "2026-03-29T01:00:00Z".parse()?);
///
/// let error = "Europe/Lisboa".parse::<Zone>().unwrap_err();
/// assert_eq!(error.to_string(), "`Europe/Lisboa` is no time zone; did you mean `Europe/Lisbon`?");
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Zone(Tz);

impl Zone {
    /// Coordinated universal time, which no clock change ever touches.
    pub const UTC: Self = Self(Tz::UTC);

    /// The names that there are.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        TZ_VARIANTS.iter().map(|zone| zone.name())
    }

    /// Reads a name where a text may well be none.
    pub(crate) fn read(name: &str) -> Option<Self> {
        name.parse().ok().map(Self)
    }

    /// The IANA name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What calendar and clock show at an instant; fractions of a second are cut.
    pub fn local(self, at: Timestamp) -> Local {
        let second = second(at);
        Local::from_seconds(second + self.offset(second))
    }

    /// The instant at which clocks show a local time: the first of two, where a clock change
    /// repeats it, and the first after the change, where one skips it.
    pub fn resolve(self, local: Local) -> Timestamp {
        let wanted = local.seconds();
        let mut start = wanted - FURTHEST;
        loop {
            let shown = wanted - self.offset(start);
            if shown <= start {
                return instant(start);
            }
            let Some(change) = self.change(start, shown) else { return instant(shown) };
            start = change;
        }
    }

    /// The first instant at or after `at` at which clocks show a time outside of the time of day
    /// from `from`, included, to `to`, excluded, which may go round midnight.
    pub(crate) fn first_outside(self, from: LocalTime, to: LocalTime, at: Timestamp) -> Timestamp {
        let mut start = second(at);
        loop {
            let shown = (start + self.offset(start)).rem_euclid(DAY);
            if !between(from.seconds(), to.seconds(), shown) {
                return instant(start).max(at);
            }
            let end = start + (to.seconds() - shown).rem_euclid(DAY);
            let Some(change) = self.change(start, end) else { return instant(end).max(at) };
            start = change;
        }
    }

    /// The first instant after `at` at which calendars show another day than at `at`: mostly the
    /// next, and the one before where clocks are set back over midnight.
    pub(crate) fn next_day(self, at: Timestamp) -> Timestamp {
        let mut start = second(at);
        let today = self.day(start);
        loop {
            let midnight = start + DAY - (start + self.offset(start)).rem_euclid(DAY);
            match self.change(start, midnight) {
                None => return instant(midnight),
                Some(change) if self.day(change) != today => return instant(change),
                Some(change) => start = change,
            }
        }
    }

    /// The day that calendars show at a second of UTC, counted from 1970-01-01.
    fn day(self, second: i64) -> i64 {
        (second + self.offset(second)).div_euclid(DAY)
    }

    /// How far clocks are ahead of UTC at a second of UTC, in seconds.
    fn offset(self, second: i64) -> i64 {
        let second = second.clamp(FIRST, LAST);
        let utc = DateTime::from_timestamp(second, 0).unwrap_or_default().naive_utc();
        self.0.offset_from_utc_datetime(&utc).fix().local_minus_utc().into()
    }

    /// The first second after `start`, and not after `end`, at which the offset is another.
    fn change(self, start: i64, end: i64) -> Option<i64> {
        let offset = self.offset(start);
        let (mut same, mut other) = (start, start);
        while self.offset(other) == offset {
            if other >= end {
                return None;
            }
            (same, other) = (other, (other + STEP).min(end));
        }
        while other - same > 1 {
            let middle = same + (other - same) / 2;
            if self.offset(middle) == offset {
                same = middle;
            } else {
                other = middle;
            }
        }
        Some(other)
    }
}

/// The second of an instant, within the years whose local times can be told.
fn second(at: Timestamp) -> i64 {
    at.micros().div_euclid(SECOND).clamp(FIRST, LAST)
}

fn instant(second: i64) -> Timestamp {
    Timestamp::from_micros(second.saturating_mul(SECOND))
}

/// Whether a second of the day is in `from..to`, which may go round midnight.
fn between(from: i64, to: i64, second: i64) -> bool {
    if from <= to { (from..to).contains(&second) } else { second >= from || second < to }
}

impl FromStr for Zone {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        name.parse().map(Self).map_err(|_| {
            let advice = nearest(name, Self::names()).map_or_else(
                || String::from("write an IANA name such as Europe/Lisbon"),
                |near| format!("did you mean `{near}`?"),
            );
            invalid(format!("`{name}` is no time zone; {advice}"))
        })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Zone({self})")
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::time::LocalDate;

    fn zone(name: &str) -> Zone {
        name.parse().unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn local(text: &str) -> Local {
        let (date, time) = text.split_once(' ').unwrap();
        Local::new(date.parse().unwrap(), time.parse().unwrap())
    }

    #[test]
    fn local_times_are_told_and_resolved() {
        // Zone, local time, the instant at which it is resolved, what clocks show then.
        for (name, asked, expected, shown) in [
            ("UTC", "2026-03-01 09:00", "2026-03-01T09:00:00Z", "2026-03-01 09:00"),
            ("Asia/Tokyo", "2026-03-01 09:00", "2026-03-01T00:00:00Z", "2026-03-01 09:00"),
            // Forward from 01:00 to 02:00.
            ("Europe/Lisbon", "2026-03-29 00:59:59", "2026-03-29T00:59:59Z", "2026-03-29 00:59:59"),
            ("Europe/Lisbon", "2026-03-29 01:00", "2026-03-29T01:00:00Z", "2026-03-29 02:00"),
            ("Europe/Lisbon", "2026-03-29 01:59:59", "2026-03-29T01:00:00Z", "2026-03-29 02:00"),
            ("Europe/Lisbon", "2026-03-29 02:00", "2026-03-29T01:00:00Z", "2026-03-29 02:00"),
            // Back from 02:00 to 01:00.
            ("Europe/Lisbon", "2026-10-25 01:00", "2026-10-25T00:00:00Z", "2026-10-25 01:00"),
            ("Europe/Lisbon", "2026-10-25 01:59:59", "2026-10-25T00:59:59Z", "2026-10-25 01:59:59"),
            ("Europe/Lisbon", "2026-10-25 02:00", "2026-10-25T02:00:00Z", "2026-10-25 02:00"),
            ("America/New_York", "2026-03-08 02:30", "2026-03-08T07:00:00Z", "2026-03-08 03:00"),
            ("America/New_York", "2026-11-01 01:30", "2026-11-01T05:30:00Z", "2026-11-01 01:30"),
            // Half an hour: forward from 02:00, back from 02:00.
            ("Australia/Lord_Howe", "2026-10-04 02:15", "2026-10-03T15:30:00Z", "2026-10-04 02:30"),
            ("Australia/Lord_Howe", "2026-04-05 01:45", "2026-04-04T14:45:00Z", "2026-04-05 01:45"),
            ("Australia/Lord_Howe", "2026-04-05 02:00", "2026-04-04T15:30:00Z", "2026-04-05 02:00"),
            // A day that was not.
            ("Pacific/Apia", "2011-12-29 23:59:59", "2011-12-30T09:59:59Z", "2011-12-29 23:59:59"),
            ("Pacific/Apia", "2011-12-30 00:00", "2011-12-30T10:00:00Z", "2011-12-31 00:00"),
            ("Pacific/Apia", "2011-12-30 21:00", "2011-12-30T10:00:00Z", "2011-12-31 00:00"),
            // A day that was twice.
            ("Pacific/Kwajalein", "1969-09-30 12:00", "1969-09-30T01:00:00Z", "1969-09-30 12:00"),
            // A midnight that was not.
            ("America/Sao_Paulo", "2018-11-04 00:30", "2018-11-04T03:00:00Z", "2018-11-04 01:00"),
            ("America/Sao_Paulo", "2018-02-17 23:30", "2018-02-18T01:30:00Z", "2018-02-17 23:30"),
        ] {
            let found = zone(name).resolve(local(asked));
            assert_eq!(found, at(expected), "{name} {asked}");
            assert_eq!(zone(name).local(found), local(shown), "{name} {asked}");
        }
        let second = zone("Europe/Lisbon").local(at("2026-10-25T01:30:00.999999Z"));
        assert_eq!(second, local("2026-10-25 01:30"));
    }

    #[test]
    fn the_ends_of_time_are_no_trouble() {
        let quiet = ["21:00", "08:00"].map(|time| time.parse().unwrap());
        for name in ["UTC", "Pacific/Apia", "America/New_York", "Asia/Manila", "Pacific/Kiritimati"]
        {
            for end in [Timestamp::MIN, Timestamp::MAX, Timestamp::LAST, at("0000-01-01T00:00:00Z")]
            {
                let shown = zone(name).local(end);
                let back = zone(name).resolve(shown);
                assert_eq!(second(back), second(end), "{name} {end}");
                let [from, to] = quiet;
                assert!(zone(name).first_outside(from, to, end) >= end);
            }
            let (early, late) = (LocalDate::new(0, 1, 1), LocalDate::new(9999, 12, 31));
            for date in [early.unwrap().plus_days(i32::MIN), late.unwrap().plus_days(i32::MAX)] {
                zone(name).resolve(Local::new(date, LocalTime::MIDNIGHT));
            }
        }
        let far = zone("America/New_York").local(at("2500-07-01T12:00:00Z"));
        assert_eq!(far.time.minute(), 0);
    }

    #[test]
    fn names_are_read_printed_and_suggested() {
        for zone in TZ_VARIANTS {
            assert_eq!(Zone(zone).to_string().parse::<Zone>().unwrap(), Zone(zone));
        }
        let json = serde_json::to_string(&zone("Europe/Lisbon")).unwrap();
        assert_eq!(json, "\"Europe/Lisbon\"");
        assert_eq!(serde_json::from_str::<Zone>(&json).unwrap(), zone("Europe/Lisbon"));
        for (wrong, expected) in [
            ("europe/lisbon", "did you mean `Europe/Lisbon`?"),
            ("Europe/Kiew", "did you mean `Europe/Kiev`?"),
            ("+01:00", "write an IANA name such as Europe/Lisbon"),
            ("", "write an IANA name such as Europe/Lisbon"),
        ] {
            let error = wrong.parse::<Zone>().unwrap_err();
            assert_eq!(error.kind(), crate::error::ErrorKind::Input);
            assert!(error.detail().ends_with(expected), "{error}");
        }
    }

    /// Zones whose clocks are or were changed in odd ways, and one of them all.
    fn any_zone() -> impl Strategy<Value = Zone> {
        let odd = ["Pacific/Apia", "Australia/Lord_Howe", "Africa/Casablanca", "Antarctica/Troll"];
        prop_oneof![
            proptest::sample::select(odd.to_vec()).prop_map(zone),
            proptest::sample::select(&TZ_VARIANTS[..]).prop_map(Zone),
        ]
    }

    /// An instant, mostly within two days of a change of the zone's offset.
    fn near_a_change() -> impl Strategy<Value = (Zone, i64)> {
        let range = at("1890-01-01T00:00:00Z").micros() / SECOND..4_200_000_000;
        (any_zone(), range, -2 * DAY..2 * DAY).prop_map(|(zone, from, near)| {
            let change = zone.change(from, from + 400 * DAY);
            (zone, change.unwrap_or(from) + near)
        })
    }

    proptest! {
        #[test]
        fn a_local_time_is_resolved_as_another_resolves_it((zone, second) in near_a_change()) {
            let wanted = Local::from_seconds(second);
            let naive = DateTime::from_timestamp(second, 0).unwrap().naive_utc();
            let expected = zone.0.from_local_datetime(&naive).earliest().or_else(|| {
                chrono_tz::GapInfo::new(&naive, &zone.0).unwrap().end
            });
            prop_assert_eq!(zone.resolve(wanted), Timestamp::from(expected.unwrap()));
        }

        #[test]
        fn what_is_told_is_resolved_or_was_told_before((zone, second) in near_a_change()) {
            let found = zone.resolve(zone.local(instant(second)));
            prop_assert!(found <= instant(second));
            prop_assert_eq!(zone.local(found), zone.local(instant(second)));
        }

        #[test]
        fn the_first_instant_outside_is_found_as_by_watching_the_clock(
            (zone, second) in near_a_change(), from in 0..1_440_u32, to in 0..1_440_u32,
        ) {
            prop_assume!(from != to);
            let [from, to] = [from, to].map(|at| LocalTime::new(at / 60, at % 60, 0).unwrap());
            let now = second.div_euclid(60) * 60;
            let quiet = |second: i64| {
                let time = zone.local(instant(second)).time;
                if from < to { from <= time && time < to } else { from <= time || time < to }
            };
            let found = zone.first_outside(from, to, instant(now));
            // Minute by minute, and in the last one second by second: old offsets have seconds.
            let minute = (0..4_320).map(|minute| now + minute * 60).find(|at| !quiet(*at)).unwrap();
            let before = (minute - 59..=minute).filter(|at| *at >= now);
            let first = before.into_iter().find(|at| !quiet(*at)).unwrap();
            prop_assert_eq!(found, instant(first));
        }

        #[test]
        fn the_next_day_is_found_as_by_watching_the_calendar((zone, second) in near_a_change()) {
            let today = zone.local(instant(second)).date;
            let found = zone.next_day(instant(second));
            // Minute by minute, and in the last one second by second: old offsets have seconds.
            let is_other = |at: &i64| zone.local(instant(*at)).date != today;
            let minute = (0..4_320).map(|minute| second + minute * 60).find(is_other).unwrap();
            let first = (minute - 59..=minute).find(is_other).unwrap();
            prop_assert_eq!(found, instant(first));
        }

        #[test]
        fn fractions_of_a_second_wait_for_the_same_instant(
            (zone, second) in near_a_change(), micros in 1..SECOND,
        ) {
            let [from, to] = ["21:00", "08:00"].map(|time| time.parse().unwrap());
            let at = Timestamp::from_micros(second * SECOND + micros);
            let whole = zone.first_outside(from, to, instant(second));
            prop_assert_eq!(zone.first_outside(from, to, at), whole.max(at));
        }
    }
}
