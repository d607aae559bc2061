//! Numbers, shares, dates and texts as the page shows them.

use chrono::DateTime;

use crate::time::Timestamp;

/// A count with its thousands apart: `1,234,567`.
pub(super) fn thousands(count: u64) -> String {
    grouped(&count.to_string())
}

/// How many there are together, or as many as can be counted.
pub(super) fn total<'a>(counts: impl IntoIterator<Item = &'a u64>) -> u64 {
    counts.into_iter().fold(0, |sum, count| sum.saturating_add(*count))
}

fn grouped(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() * 4 / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A figure with at most so many decimals, zeros at the end left out; `–` for what is no number.
pub(super) fn decimal(figure: f64, decimals: usize) -> String {
    if !figure.is_finite() {
        return "–".into();
    }
    let text = format!("{:.decimals$}", figure.abs());
    let (whole, rest) = text.split_once('.').unwrap_or((&text, ""));
    let rest = rest.trim_end_matches('0');
    let is_zero = rest.is_empty() && whole.bytes().all(|digit| digit == b'0');
    let sign = if figure < 0.0 && !is_zero { "−" } else { "" };
    let point = if rest.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{rest}", grouped(whole))
}

/// An amount or an edge: no decimals where it is large, two where it is small.
pub(super) fn amount(figure: f64) -> String {
    decimal(figure, if figure.abs() < 100.0 { 2 } else { 0 })
}

/// A figure that has to fit below an axis: `950`, `1.5k`, `20M`.
pub(super) fn compact(figure: f64) -> String {
    const UNITS: [(f64, &str); 3] = [(1e9, "G"), (1e6, "M"), (1e3, "k")];
    let unit = UNITS.iter().find(|(size, _)| figure.abs() >= *size);
    match unit {
        Some((size, name)) => format!("{}{name}", decimal(figure / size, 1)),
        None => amount(figure),
    }
}

/// A share in per cent: `12.3%`; what is there is never shown as nothing, nor nearly all as all.
pub(super) fn share(share: f64) -> String {
    let percent = share * 100.0;
    if !percent.is_finite() {
        return "–".into();
    }
    if percent > 0.0 && percent < 0.1 {
        return "<0.1%".into();
    }
    if percent < 100.0 && percent > 99.9 {
        return ">99.9%".into();
    }
    match percent {
        0.0 | 100.0 => format!("{percent:.0}%"),
        percent if percent < 0.0 => format!("−{:.1}%", percent.abs()),
        percent => format!("{percent:.1}%"),
    }
}

/// A share on an axis, where all are round: `25%`.
pub(super) fn round_share(share: f64) -> String {
    format!("{}%", decimal(share * 100.0, 1))
}

/// The share of a part; `–` of nothing.
pub(super) fn share_of(part: u64, whole: u64) -> String {
    if whole == 0 { "–".into() } else { share(part as f64 / whole as f64) }
}

/// A remark as a sentence: with a capital letter and a full stop.
pub(super) fn sentence(remark: &str) -> String {
    let mut letters = remark.chars();
    let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    let stop = if remark.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// A day: `1 Mar 2026`.
pub(super) fn day(at: Timestamp) -> String {
    formatted(at, "%-d %b %Y")
}

/// A month: `Mar 2026`.
pub(super) fn month(at: Timestamp) -> String {
    formatted(at, "%b %Y")
}

/// An instant: `1 Mar 2026, 09:00 UTC`.
pub(super) fn instant(at: Timestamp) -> String {
    formatted(at, "%-d %b %Y, %H:%M UTC")
}

fn formatted(at: Timestamp, format: &str) -> String {
    DateTime::from_timestamp_micros(at.micros())
        .map_or_else(|| at.to_string(), |at| at.format(format).to_string())
}

/// A text within HTML, as content or in a quoted attribute.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_people_read_them() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(1_234_567), "1,234,567");
        assert_eq!(thousands(u64::MAX), "18,446,744,073,709,551,615");
        for (figure, expected) in
            [(0.0, "0"), (-0.001, "0"), (12.5, "12.5"), (-1234.4, "−1,234"), (f64::NAN, "–")]
        {
            assert_eq!(amount(figure), expected);
        }
        for (figure, expected) in [(950.0, "950"), (1500.0, "1.5k"), (2e7, "20M"), (-1e4, "−10k")]
        {
            assert_eq!(compact(figure), expected);
        }
        for (part, whole, expected) in [
            (0, 9, "0%"),
            (1, 8, "12.5%"),
            (1, 100_000, "<0.1%"),
            (99_999, 100_000, ">99.9%"),
            (3, 3, "100%"),
            (1, 20, "5.0%"),
            (0, 0, "–"),
        ] {
            assert_eq!(share_of(part, whole), expected);
        }
    }

    #[test]
    fn days_are_written_out_and_odd_ones_do_not_fail() {
        let at = "2026-03-01T09:00:00Z".parse().unwrap();
        assert_eq!(day(at), "1 Mar 2026");
        assert_eq!(instant(at), "1 Mar 2026, 09:00 UTC");
        assert!(!month(Timestamp::MAX).is_empty());
    }
}
