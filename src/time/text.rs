//! Instants and durations as text.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, Timelike};

use super::{Duration, Timestamp, invalid};
use crate::error::Error;

impl FromStr for Timestamp {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::read(text).ok_or_else(|| {
            invalid(format!("`{text}` is no instant; write 2026-03-01T09:00:00Z (RFC 3339)"))
        })
    }
}

impl Timestamp {
    /// Reads an instant where a text may well be none.
    pub(crate) fn read(text: &str) -> Option<Self> {
        parse(text.as_bytes()).map(Self)
    }
}

/// `YYYY-MM-DD[ Tt]HH:MM:SS[.f…][Zz|±HH:MM]`, no zone meaning UTC, in microseconds.
fn parse(text: &[u8]) -> Option<i64> {
    let (&[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, b' ' | b'T' | b't'], rest) =
        text.split_first_chunk::<11>()?
    else {
        return None;
    };
    let (&[h1, h2, b':', n1, n2, b':', s1, s2], rest) = rest.split_first_chunk::<8>()? else {
        return None;
    };
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(digits(&[y1, y2, y3, y4])?).ok()?,
        digits(&[m1, m2])?,
        digits(&[d1, d2])?,
    )?;
    // RFC 3339 allows a leap second; it counts as the first instant of the next minute.
    let (second, leap) = match digits(&[s1, s2])? {
        60 => (59, 1_000_000),
        second => (second, 0),
    };
    let (micro, zone) = fraction(rest)?;
    let local = date.and_hms_micro_opt(digits(&[h1, h2])?, digits(&[n1, n2])?, second, micro)?;
    local.and_utc().timestamp_micros().checked_add(leap)?.checked_sub(offset(zone)?)
}

/// The microseconds of `.123…`, finer digits cut, and what follows.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some((b'.', rest)) = text.split_first() else { return Some((0, text)) };
    let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (fraction, zone) = rest.split_at_checked(count)?;
    let mut micro = *b"000000";
    micro.iter_mut().zip(fraction).for_each(|(to, from)| *to = *from);
    (count > 0).then_some((digits(&micro)?, zone))
}

/// A zone's offset from UTC in microseconds; none is UTC.
fn offset(zone: &[u8]) -> Option<i64> {
    match *zone {
        [] | [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (digits(&[h1, h2])?, digits(&[m1, m2])?);
            let micros = i64::from(hours * 60 + minutes) * 60_000_000;
            (hours < 24 && minutes < 60).then_some(if sign == b'+' { micros } else { -micros })
        }
        _ => None,
    }
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0_u32, |number, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
    })
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(at) =
            DateTime::from_timestamp_micros(self.0).filter(|at| at.year().abs() < 10_000)
        else {
            return f.pad(if self.0 < 0 { "always" } else { "never" });
        };
        let (date, time) = (at.date_naive(), at.time());
        write!(
            f,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second(),
            time.nanosecond() / 1_000
        )
    }
}

const UNITS: [(&str, i64); 5] = [
    ("week", 7 * 86_400_000_000),
    ("day", 86_400_000_000),
    ("hour", 3_600_000_000),
    ("minute", 60_000_000),
    ("second", 1_000_000),
];

impl Duration {
    /// `count` of a unit in the singular or plural: `second`, `minute`, `hour`, `day`, `week`.
    ///
    /// # Errors
    ///
    /// For a unit of another name (months and years have no fixed length) and for more time than
    /// fits (some 290,000 years).
    pub fn of(count: i64, unit: &str) -> Result<Self, Error> {
        let unit = unit.to_ascii_lowercase();
        let singular = unit.strip_suffix('s').unwrap_or(&unit);
        if matches!(singular, "month" | "year" | "quarter") {
            return Err(invalid(format!("a {singular} has no fixed length; say how many days")));
        }
        let (_, micros) = UNITS.iter().find(|(name, _)| *name == singular).ok_or_else(|| {
            invalid(format!("`{unit}` is no unit of time; use second, minute, hour, day or week"))
        })?;
        count
            .checked_mul(*micros)
            .map(Self)
            .ok_or_else(|| invalid(format!("{count} {unit} are longer than can be counted")))
    }
}

impl FromStr for Duration {
    type Err = Error;

    /// Reads `90 days` or a sum `1 day 2 hours`; seconds may have up to six decimals; a minus in
    /// front makes the whole negative.
    fn from_str(text: &str) -> Result<Self, Error> {
        let (body, negative) = match text.trim().strip_prefix('-') {
            Some(body) => (body.trim_start(), true),
            None => (text.trim(), false),
        };
        let words: Vec<&str> = body.split_whitespace().collect();
        if words.is_empty() || words.len() % 2 == 1 {
            return Err(invalid(format!("`{text}` is no duration; write `90 days`")));
        }
        let mut sum = 0_i64;
        for pair in words.chunks_exact(2) {
            let part = part(pair[0], pair[1])?;
            sum =
                sum.checked_add(part.0).ok_or_else(|| invalid(format!("`{text}` is too long")))?;
        }
        Ok(Self(if negative { -sum } else { sum }))
    }
}

fn part(number: &str, unit: &str) -> Result<Duration, Error> {
    let no_number = || invalid(format!("`{number}` is no whole number of {unit}"));
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    if !all_digits(whole) || !all_digits(decimals) || decimals.len() > 6 {
        return Err(no_number());
    }
    let whole = Duration::of(whole.parse().map_err(|_| no_number())?, unit)?;
    if !number.contains('.') {
        return Ok(whole);
    }
    if !unit.to_ascii_lowercase().starts_with("second") {
        return Err(no_number());
    }
    let micros: i64 = format!("{decimals:0<6}").parse().map_err(|_| no_number())?;
    whole.0.checked_add(micros).map(Duration).ok_or_else(no_number)
}

impl fmt::Display for Duration {
    /// The largest unit that counts it exactly, days before weeks since people say `7 days`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        for (unit, size) in UNITS.iter().skip(1) {
            let size = size.unsigned_abs();
            if micros.is_multiple_of(size) && (micros > 0 || *unit == "second") {
                let count = micros / size;
                let plural = if count == 1 { "" } else { "s" };
                return write!(f, "{sign}{count} {unit}{plural}");
            }
        }
        let decimals = format!("{:06}", micros % 1_000_000);
        write!(f, "{sign}{}.{} seconds", micros / 1_000_000, decimals.trim_end_matches('0'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_follow_rfc_3339() {
        let read = |text: &str| text.parse::<Timestamp>().map(|at| at.to_string()).ok();
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"),
            ("2024-02-29 23:59:59.9999999", "2024-02-29T23:59:59.999999Z"),
            ("2024-12-31t23:59:60z", "2025-01-01T00:00:00.000000Z"),
            ("2024-01-01T00:30:00-02:30", "2024-01-01T03:00:00.000000Z"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "2024-02-30T00:00:00Z",
            "2024-01-01",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+0100",
            "2024-01-01T00:00Z",
            "2024-01-01T00:00:00Z ",
            "+024-01-01T00:00:00Z",
            "2024-01-01T00:00:00+24:00",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn durations_print_as_they_are_read() {
        for micros in
            [0, 1, -1, 1_000_000, 90_000_000, 86_400_000_000, 7 * 86_400_000_000, 1_500_000]
        {
            let duration = Duration::from_micros(micros);
            assert_eq!(duration.to_string().parse::<Duration>().unwrap(), duration);
        }
        assert_eq!("1 day 2 hours".parse::<Duration>().unwrap(), Duration::hours(26));
        assert_eq!(Duration::days(7).to_string(), "7 days");
        for text in
            ["", "7", "days 7", "1.5 days", "1 fortnight", "1 year", "9999999999999999 weeks"]
        {
            assert!(text.parse::<Duration>().is_err(), "{text}");
        }
    }
}
