//! Exact decimals of 18 digits, 6 of them after the point.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// An exact decimal: up to 12 digits before the point and 6 after it.
///
/// Further digits after the point are rounded half to even when a text is read; a magnitude that
/// does not fit is refused. So a sum of decimals never depends on their order, and money never
/// flips a comparison by a rounding.
///
/// ```
/// use bespoke::value::Decimal;
///
/// let price: Decimal = "4.25".parse()?;
/// assert_eq!(price.to_string(), "4.25");
/// assert_eq!("0.0000025".parse::<Decimal>()?.to_string(), "0.000002");
/// assert!("1000000000000".parse::<Decimal>().is_err());
/// # Ok::<(), bespoke::value::DecimalError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Decimal(i64);

/// Why a text is no [`Decimal`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DecimalError {
    /// The text is no number.
    #[error("no number")]
    Syntax,
    /// The number has more than 12 digits before the point.
    #[error("a number of more than 12 digits before the point")]
    Magnitude,
}

impl Decimal {
    /// Nought.
    pub const ZERO: Self = Self(0);
    /// One.
    pub const ONE: Self = Self(Self::SCALE);
    /// How many millionths make one.
    pub const SCALE: i64 = 1_000_000;

    const LIMIT: i128 = 1_000_000_000_000_000_000;

    /// The number of `micros` millionths, if its magnitude fits.
    pub fn from_micros(micros: i128) -> Option<Self> {
        (micros.abs() < Self::LIMIT).then(|| i64::try_from(micros).ok().map(Self)).flatten()
    }

    /// The number in millionths.
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Whether there is nothing after the point.
    pub const fn is_whole(self) -> bool {
        self.0 % Self::SCALE == 0
    }

    /// The nearest binary floating-point number, for features and models.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The sum, if it fits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Self::from_micros(i128::from(self.0) + i128::from(other.0))
    }

    /// The product, if it fits without rounding.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let product = i128::from(self.0) * i128::from(other.0);
        let scale = i128::from(Self::SCALE);
        (product % scale == 0).then(|| Self::from_micros(product / scale)).flatten()
    }

    /// Reads a number as JSON and most files write it, and says whether digits were rounded away.
    ///
    /// # Errors
    ///
    /// [`DecimalError`] where the text is no number or its magnitude does not fit.
    pub fn read(text: &str) -> Result<(Self, bool), DecimalError> {
        let (body, negative) = match text.as_bytes() {
            [b'-', rest @ ..] => (rest, true),
            [b'+', rest @ ..] => (rest, false),
            body => (body, false),
        };
        let (mantissa, exponent) = split_exponent(body)?;
        let mut parts = mantissa.splitn(2, |byte| *byte == b'.');
        let whole = parts.next().unwrap_or_default();
        let decimals = parts.next();
        let digits = whole.iter().chain(decimals.unwrap_or_default());
        if whole.is_empty() || decimals.is_some_and(<[u8]>::is_empty) {
            return Err(DecimalError::Syntax);
        }
        if !digits.clone().all(u8::is_ascii_digit) {
            return Err(DecimalError::Syntax);
        }
        // How many of the digits stand before the millionths' point.
        let kept = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(exponent + 6);
        let (micros, rounded) = round(digits.copied(), kept)?;
        let number = Self::from_micros(if negative { -micros } else { micros });
        number.map(|number| (number, rounded)).ok_or(DecimalError::Magnitude)
    }
}

/// The text before an `e` and the number after it, kept within bounds that no digit outlasts.
fn split_exponent(body: &[u8]) -> Result<(&[u8], i64), DecimalError> {
    let Some(at) = body.iter().position(|byte| matches!(byte, b'e' | b'E')) else {
        return Ok((body, 0));
    };
    let (mantissa, exponent) = body.split_at(at);
    let text = std::str::from_utf8(exponent.split_first().map_or(&[][..], |(_, rest)| rest))
        .map_err(|_| DecimalError::Syntax)?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(DecimalError::Syntax);
    }
    let limit = if text.starts_with('-') { -1_000_000_000 } else { 1_000_000_000 };
    Ok((mantissa, text.parse().unwrap_or(limit).clamp(-1_000_000_000, 1_000_000_000)))
}

/// The first `kept` digits as a number, rounded half to even by those that follow.
fn round(digits: impl Iterator<Item = u8>, kept: i64) -> Result<(i128, bool), DecimalError> {
    let mut number = 0_i128;
    let (mut first, mut others, mut position) = (0_u8, false, 0_i64);
    for digit in digits {
        match position.cmp(&kept) {
            Ordering::Less => {
                number = number * 10 + i128::from(digit - b'0');
                if number >= Decimal::LIMIT {
                    return Err(DecimalError::Magnitude);
                }
            }
            Ordering::Equal => first = digit - b'0',
            Ordering::Greater => others |= digit != b'0',
        }
        position += 1;
    }
    // A positive exponent may ask for digits that are not written.
    while position < kept && number != 0 {
        number *= 10;
        if number >= Decimal::LIMIT {
            return Err(DecimalError::Magnitude);
        }
        position += 1;
    }
    // A digit that stands before the first kept place is worth less than a half.
    let up = kept >= 0 && (first > 5 || (first == 5 && (others || number % 2 == 1)));
    Ok((number + i128::from(up), first != 0 || others))
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        Self::read(text).map(|(number, _)| number)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let micros = self.0.unsigned_abs();
        let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
        if rest == 0 {
            return write!(f, "{sign}{whole}");
        }
        let (mut rest, mut digits) = (rest, 6);
        while rest % 10 == 0 {
            (rest, digits) = (rest / 10, digits - 1);
        }
        write!(f, "{sign}{whole}.{rest:0digits$}")
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_whole() {
            return serializer.serialize_i64(self.0 / Self::SCALE);
        }
        // The shortest text of the nearest double does not always have the decimal's digits.
        let raw = serde_json::value::RawValue::from_string(self.to_string())
            .map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl From<i32> for Decimal {
    fn from(value: i32) -> Self {
        Self(i64::from(value) * Self::SCALE)
    }
}

impl From<u32> for Decimal {
    fn from(value: u32) -> Self {
        Self(i64::from(value) * Self::SCALE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_rounds_half_to_even_and_prints() {
        for (text, expected) in [
            ("0", "0"),
            ("-0", "0"),
            ("007", "7"),
            ("1.50", "1.5"),
            ("-2.000001", "-2.000001"),
            ("0.0000005", "0"),
            ("0.0000015", "0.000002"),
            ("0.00000050001", "0.000001"),
            ("-0.0000025", "-0.000002"),
            ("1e3", "1000"),
            ("1.5E-2", "0.015"),
            ("5e-8", "0"),
            ("999999999999.9999994", "999999999999.999999"),
            ("0e999999999999", "0"),
            ("6e-7", "0.000001"),
            ("9e-8", "0"),
            ("1e-999999999999999999999", "0"),
        ] {
            assert_eq!(
                text.parse::<Decimal>().map(|n| n.to_string()),
                Ok(expected.into()),
                "{text}"
            );
        }
        for text in ["", "-", ".", "1.", ".5", "1e", "1e+", "--1", "1_0", "NaN", "1,5", " 1", "0x1"]
        {
            assert_eq!(text.parse::<Decimal>(), Err(DecimalError::Syntax), "{text}");
        }
        for text in ["1000000000000", "999999999999.9999999", "1e12", "1e999999999999999999999"] {
            assert_eq!(text.parse::<Decimal>(), Err(DecimalError::Magnitude), "{text}");
        }
    }
}
