//! Civil time: dates, times of day, weekdays.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::invalid;
use crate::error::Error;

/// The seconds of a day on which no clock is changed.
const DAY: i64 = 86_400;

/// What calendar and clock show somewhere at an instant, down to the second.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Local {
    /// The day.
    pub date: LocalDate,
    /// The time of day.
    pub time: LocalTime,
}

impl Local {
    /// A time on a day.
    pub const fn new(date: LocalDate, time: LocalTime) -> Self {
        Self { date, time }
    }

    /// What a clock shows that began to run at 1970-01-01T00:00:00 and was never changed.
    pub(super) fn from_seconds(seconds: i64) -> Self {
        let time = LocalTime::from_seconds(seconds.rem_euclid(DAY));
        Self { date: LocalDate::from_days(seconds.div_euclid(DAY)), time }
    }

    /// The seconds that such a clock has run.
    pub(super) fn seconds(self) -> i64 {
        self.date.days() * DAY + self.time.seconds()
    }
}

impl fmt::Display for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.date, self.time)
    }
}

/// A day of the calendar, of the years 0 to 9999 and the days beside them; it reads and prints as
/// `2026-03-01`.
///
/// ```
/// use bespoke::time::{LocalDate, Weekday};
///
/// let date: LocalDate = "2026-03-01".parse()?;
/// assert_eq!((date.year(), date.month(), date.day()), (2026, 3, 1));
/// assert_eq!(date.weekday(), Weekday::Sunday);
/// assert!("2026-02-29".parse::<LocalDate>().is_err());
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LocalDate(NaiveDate);

impl LocalDate {
    /// The day of this year, month and day of the month, the first of each being 1.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) for a day that the calendar does not
    /// have, and for years before 0 or after 9999.
    pub fn new(year: i32, month: u32, day: u32) -> Result<Self, Error> {
        NaiveDate::from_ymd_opt(year, month, day)
            .filter(|_| (0..10_000).contains(&year))
            .map(Self)
            .ok_or_else(|| invalid(format!("there is no day {year:04}-{month:02}-{day:02}")))
    }

    /// The day this many days after 1970-01-01; one that cannot be counted is the nearest that can.
    fn from_days(days: i64) -> Self {
        let end = if days < 0 { NaiveDate::MIN } else { NaiveDate::MAX };
        let days = i32::try_from(days).ok().and_then(NaiveDate::from_epoch_days);
        Self(days.unwrap_or(end))
    }

    fn days(self) -> i64 {
        self.0.to_epoch_days().into()
    }

    /// The year.
    pub fn year(self) -> i32 {
        self.0.year()
    }

    /// The month, January being 1.
    pub fn month(self) -> u32 {
        self.0.month()
    }

    /// The day of the month, the first being 1.
    pub fn day(self) -> u32 {
        self.0.day()
    }

    /// The day of the week.
    pub fn weekday(self) -> Weekday {
        match self.0.weekday() {
            chrono::Weekday::Mon => Weekday::Monday,
            chrono::Weekday::Tue => Weekday::Tuesday,
            chrono::Weekday::Wed => Weekday::Wednesday,
            chrono::Weekday::Thu => Weekday::Thursday,
            chrono::Weekday::Fri => Weekday::Friday,
            chrono::Weekday::Sat => Weekday::Saturday,
            chrono::Weekday::Sun => Weekday::Sunday,
        }
    }

    /// The day of a year on which the date is kept: the same of the same month, and in a year
    /// without a 29th of February the day before it. `None` after the year 9999.
    pub(crate) fn kept_in(self, year: i32) -> Option<Self> {
        let same = Self::new(year, self.month(), self.day());
        same.or_else(|_| Self::new(year, 2, 28)).ok()
    }

    /// The day so many days later, or earlier where `days` is negative.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        Self::from_days(self.days().saturating_add(days.into()))
    }
}

impl fmt::Display for LocalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year(), self.month(), self.day())
    }
}

impl fmt::Debug for LocalDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for LocalDate {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let read = || {
            let (year, rest) = text.split_once('-')?;
            let (month, day) = rest.split_once('-')?;
            let year = i32::try_from(digits(year, 4)?).ok()?;
            Self::new(year, digits(month, 2)?, digits(day, 2)?).ok()
        };
        read().ok_or_else(|| invalid(format!("`{text}` is no day; write 2026-03-01")))
    }
}

/// A day of the week, from Monday on.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(clippy::exhaustive_enums, reason = "a week has seven days")]
pub enum Weekday {
    /// The first.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The last.
    Sunday,
}

/// A time of day in whole seconds, 00:00 to 23:59:59; it reads and prints as `21:00` or `21:00:30`.
///
/// ```
/// use bespoke::time::LocalTime;
///
/// let evening: LocalTime = "21:00".parse()?;
/// assert_eq!((evening.hour(), evening.minute(), evening.second()), (21, 0, 0));
/// assert!(evening < "21:00:30".parse()?);
/// assert!("24:00".parse::<LocalTime>().is_err());
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct LocalTime(u32);

impl LocalTime {
    /// When the day begins.
    pub const MIDNIGHT: Self = Self(0);

    /// The time of this hour (0 to 23), minute and second (0 to 59).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) for what no clock shows.
    pub fn new(hour: u32, minute: u32, second: u32) -> Result<Self, Error> {
        if hour > 23 || minute > 59 || second > 59 {
            let detail = format!("no clock shows {hour:02}:{minute:02}:{second:02}");
            return Err(invalid(detail));
        }
        Ok(Self((hour * 60 + minute) * 60 + second))
    }

    fn from_seconds(seconds: i64) -> Self {
        Self(u32::try_from(seconds).unwrap_or_default())
    }

    /// The seconds since midnight, on a day on which no clock is changed.
    pub(super) fn seconds(self) -> i64 {
        self.0.into()
    }

    /// The hour.
    pub const fn hour(self) -> u32 {
        self.0 / 3_600
    }

    /// The minute.
    pub const fn minute(self) -> u32 {
        self.0 / 60 % 60
    }

    /// The second.
    pub const fn second(self) -> u32 {
        self.0 % 60
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.hour(), self.minute())?;
        if self.second() == 0 { Ok(()) } else { write!(f, ":{:02}", self.second()) }
    }
}

impl fmt::Debug for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for LocalTime {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let read = || {
            let (hour, rest) = text.split_once(':')?;
            let (minute, second) = rest.split_once(':').unwrap_or((rest, "00"));
            Self::new(digits(hour, 2)?, digits(minute, 2)?, digits(second, 2)?).ok()
        };
        read().ok_or_else(|| invalid(format!("`{text}` is no time of day; write 21:00")))
    }
}

/// A number of exactly so many digits.
fn digits(text: &str, count: usize) -> Option<u32> {
    let plain = text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

impl Serialize for LocalDate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalDate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Serialize for LocalTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for LocalTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_days_print_as_they_are_read() {
        for second in 0..86_400 {
            let time = LocalTime(second);
            assert_eq!(time.to_string().parse::<LocalTime>().unwrap(), time);
        }
        for days in (-719_528..2_932_897).step_by(97) {
            let date = LocalDate::from_days(days);
            assert_eq!(date.to_string().parse::<LocalDate>().unwrap(), date);
            assert_eq!(date.plus_days(1).days(), days + 1);
        }
        for wrong in ["", "9:00", "24:00", "21:60", "21:00:60", "21", "21:00:00:00", "+9:00"] {
            assert!(wrong.parse::<LocalTime>().is_err(), "{wrong}");
        }
        for wrong in ["", "2026-3-1", "2026-02-30", "10000-01-01", "-001-01-01", "2026-01-01x"] {
            assert!(wrong.parse::<LocalDate>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_ends_of_the_calendar_are_no_trouble() {
        for days in [i64::MIN, -1_000_000_000, 1_000_000_000, i64::MAX] {
            let date = LocalDate::from_days(days);
            assert!(date.plus_days(i32::MIN).year() < 0);
            assert!(Local::from_seconds(days).to_string().contains(':'));
        }
    }
}
