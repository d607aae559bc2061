//! Instants, durations, windows, and answers that say until when they hold.
//!
//! Instants are whole microseconds of UTC. A [`Window`] is half-open: `(now - 90 days, now]`. What
//! clocks show where somebody lives is told by their [`Zone`].

mod local;
mod text;
mod zone;

use std::cmp::Ordering;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use local::{Local, LocalDate, LocalTime, Weekday};
pub use zone::Zone;

use crate::error::{Error, ErrorKind};

/// An instant: whole microseconds since 1970-01-01T00:00:00Z, between the years 0000 and 9999.
///
/// It is read from RFC 3339, or from `YYYY-MM-DD HH:MM:SS[.f]` taken as UTC; digits finer than a
/// microsecond are cut. It prints as RFC 3339 with `Z` and six decimals.
///
/// ```
/// use bespoke::time::Timestamp;
///
/// let at: Timestamp = "2026-03-01T09:00:00.1234567+01:00".parse()?;
/// assert_eq!(at.to_string(), "2026-03-01T08:00:00.123456Z");
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest instant, used where something holds from always.
    pub const MIN: Self = Self(i64::MIN);
    /// The latest instant, used where something holds for ever.
    pub const MAX: Self = Self(i64::MAX);
    /// The last instant that can be written, 9999-12-31T23:59:59.999999Z; what would happen later
    /// never does.
    pub const LAST: Self = Self(253_402_300_799_999_999);

    /// The instant `micros` microseconds after 1970-01-01T00:00:00Z.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// This instant and `duration`; at the ends of the range it stays there.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.0))
    }

    /// This instant less `duration`; at the ends of the range it stays there.
    #[must_use]
    pub const fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(duration.0))
    }

    /// The next microsecond.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<Tz: chrono::TimeZone> From<chrono::DateTime<Tz>> for Timestamp {
    fn from(at: chrono::DateTime<Tz>) -> Self {
        Self(at.timestamp_micros())
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A length of time in whole microseconds. A day is 24 hours; months have no fixed length and are
/// refused.
///
/// ```
/// use bespoke::time::Duration;
///
/// let quarter: Duration = "90 days".parse()?;
/// assert_eq!(quarter, Duration::days(90));
/// assert_eq!("36 hours".parse::<Duration>()?.to_string(), "36 hours");
/// assert!("1 month".parse::<Duration>().is_err());
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Duration(i64);

impl Duration {
    /// No time at all.
    pub const ZERO: Self = Self(0);

    /// `micros` microseconds.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// `count` weeks of seven days.
    pub const fn weeks(count: i64) -> Self {
        Self::days(count.saturating_mul(7))
    }

    /// `count` days of 24 hours.
    pub const fn days(count: i64) -> Self {
        Self(count.saturating_mul(86_400_000_000))
    }

    /// `count` hours.
    pub const fn hours(count: i64) -> Self {
        Self(count.saturating_mul(3_600_000_000))
    }

    /// `count` minutes.
    pub const fn minutes(count: i64) -> Self {
        Self(count.saturating_mul(60_000_000))
    }

    /// `count` seconds.
    pub const fn seconds(count: i64) -> Self {
        Self(count.saturating_mul(1_000_000))
    }

    /// The length in microseconds.
    pub const fn micros(self) -> i64 {
        self.0
    }
}

impl fmt::Debug for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A stretch of time that slides with `now`: `(now - ending - length, now - ending]`.
///
/// ```
/// use bespoke::time::{Duration, Timestamp, Window};
///
/// let week = Window::over(Duration::days(7));
/// let now: Timestamp = "2026-03-08T00:00:00Z".parse()?;
/// let bought: Timestamp = "2026-03-01T00:00:00Z".parse()?;
/// assert!(!week.holds(bought, now));
/// assert_eq!(week.leaves(bought), now);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Window {
    length: Duration,
    ending: Duration,
}

impl Window {
    /// The `length` before now.
    pub const fn over(length: Duration) -> Self {
        Self { length, ending: Duration::ZERO }
    }

    /// The same length, ending `ago` before now.
    #[must_use]
    pub const fn ending(self, ago: Duration) -> Self {
        Self { length: self.length, ending: ago }
    }

    /// How long the window is.
    pub const fn length(self) -> Duration {
        self.length
    }

    /// How long before now it ends.
    pub const fn ago(self) -> Duration {
        self.ending
    }

    /// The instant before the window's first: what happened then is outside.
    pub const fn after(self, now: Timestamp) -> Timestamp {
        self.upto(now).minus(self.length)
    }

    /// The window's last instant: what happened then is inside.
    pub const fn upto(self, now: Timestamp) -> Timestamp {
        now.minus(self.ending)
    }

    /// Whether something that happened `at` is inside the window at `now`.
    pub fn holds(self, at: Timestamp, now: Timestamp) -> bool {
        self.after(now) < at && at <= self.upto(now)
    }

    /// The first `now` whose window holds what happened `at`.
    pub const fn enters(self, at: Timestamp) -> Timestamp {
        at.plus(self.ending)
    }

    /// The first `now` whose window no longer holds what happened `at`.
    pub const fn leaves(self, at: Timestamp) -> Timestamp {
        at.plus(self.ending).plus(self.length)
    }
}

/// An answer and the instant until which it holds: the earliest at which it could differ if no
/// new fact comes. `None` means that time alone changes nothing.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "an answer and its horizon; there is no third part")]
pub struct Valid<T> {
    /// The answer.
    pub value: T,
    /// Until when it holds, this instant excluded.
    pub until: Option<Timestamp>,
}

impl<T> Valid<T> {
    /// An answer that time alone does not change.
    pub const fn always(value: T) -> Self {
        Self { value, until: None }
    }

    /// An answer that holds until `until`.
    pub const fn until(value: T, until: Option<Timestamp>) -> Self {
        Self { value, until }
    }

    /// Another answer with the same horizon.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Valid<U> {
        Valid { value: f(self.value), until: self.until }
    }
}

/// The earlier of two horizons: the first at which either may differ.
pub fn earlier(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The later of two horizons: both must have been passed. `None` is never.
pub fn later(a: Option<Timestamp>, b: Option<Timestamp>) -> Option<Timestamp> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.max(b)),
        _ => None,
    }
}

/// Compares horizons with "never" as the latest.
pub fn compare(a: Option<Timestamp>, b: Option<Timestamp>) -> Ordering {
    a.unwrap_or(Timestamp::MAX).cmp(&b.unwrap_or(Timestamp::MAX))
}

fn invalid(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Input, detail)
}
