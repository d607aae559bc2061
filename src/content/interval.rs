//! Stretches of values: bands of a score, and what comparisons say of a figure.

use std::fmt;
use std::ops::Bound;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::expr::Literal;
use crate::metric::Measure;
use crate::time::{Duration, Timestamp};
use crate::value::{Decimal, Exact, Kind};

/// A value that is compared with others of its kind.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Scalar {
    Boolean(bool),
    Duration(Duration),
    Instant(Timestamp),
    Number(Exact),
    Text(Arc<str>),
}

/// The values from one bound to another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Interval {
    low: Bound<Scalar>,
    high: Bound<Scalar>,
}

impl Scalar {
    /// What a figure came to; `None` for NULL.
    pub(super) fn of(measure: &Measure) -> Option<Self> {
        Some(match measure {
            Measure::Boolean(value) => Self::Boolean(*value),
            Measure::Duration(duration) => Self::Duration(*duration),
            Measure::Instant(at) => Self::Instant(*at),
            Measure::Null => return None,
            Measure::Number(number) => Self::Number(number.clone()),
            Measure::Text(text) => Self::Text(Arc::clone(text)),
        })
    }

    /// A value as it is written in a rule; `None` for NULL.
    pub(super) fn written(literal: &Literal) -> Option<Self> {
        Some(match literal {
            Literal::Boolean(value) => Self::Boolean(*value),
            Literal::Interval(duration) => Self::Duration(*duration),
            Literal::Null => return None,
            Literal::Number(number) => Self::Number((*number).into()),
            Literal::Text(text) => Self::Text(Arc::clone(text)),
            Literal::Timestamp(at) => Self::Instant(*at),
        })
    }

    /// A value of this kind that is written without quotes, as a variant's key is.
    pub(super) fn bare(text: &str, kind: Kind) -> Result<Self> {
        let value = match kind {
            Kind::Boolean => text.parse().ok().map(Self::Boolean),
            Kind::Instant => text.parse().ok().map(Self::Instant),
            Kind::Number => number(text),
            _ => Some(Self::Text(text.into())),
        };
        value.ok_or_else(|| {
            Error::new(ErrorKind::Definition, format!("`{text}` cannot be read as {kind}"))
        })
    }
}

fn number(text: &str) -> Option<Scalar> {
    let number: Decimal = text.parse().ok()?;
    Some(Scalar::Number(number.into()))
}

impl Interval {
    /// Every value but NULL.
    pub(super) const ALL: Self = Self { low: Bound::Unbounded, high: Bound::Unbounded };

    /// One value.
    pub(super) fn only(value: Scalar) -> Self {
        Self { low: Bound::Included(value.clone()), high: Bound::Included(value) }
    }

    /// From a bound on.
    pub(super) fn from(low: Bound<Scalar>) -> Self {
        Self { low, ..Self::ALL }
    }

    /// Up to a bound.
    pub(super) fn to(high: Bound<Scalar>) -> Self {
        Self { high, ..Self::ALL }
    }

    /// A band as it is written: `[0, 0.3)` holds 0 and not 0.3, `[100, )` all from 100 on.
    pub(super) fn band(text: &str) -> Result<Self> {
        let read = || {
            let text = text.trim();
            let (low, high) = text.get(1..text.len().checked_sub(1)?)?.split_once(',')?;
            let bound = |text: &str, included: bool| {
                let text = text.trim();
                if text.is_empty() {
                    return Some(Bound::Unbounded);
                }
                let number = number(text)?;
                Some(if included { Bound::Included(number) } else { Bound::Excluded(number) })
            };
            let ends = (text.starts_with('['), text.ends_with(']'));
            let framed = text.starts_with(['[', '(']) && text.ends_with([']', ')']);
            let band = Self { low: bound(low, ends.0)?, high: bound(high, ends.1)? };
            (framed && !band.is_empty()).then_some(band)
        };
        read().ok_or_else(|| {
            let detail = format!("`{text}` is no band; write it as `[0, 0.3)` or `[100, )`");
            Error::new(ErrorKind::Definition, detail)
        })
    }

    pub(super) fn holds(&self, value: &Scalar) -> bool {
        let above = match &self.low {
            Bound::Excluded(low) => low < value,
            Bound::Included(low) => low <= value,
            Bound::Unbounded => true,
        };
        above
            && match &self.high {
                Bound::Excluded(high) => value < high,
                Bound::Included(high) => value <= high,
                Bound::Unbounded => true,
            }
    }

    /// The values that are in both.
    pub(super) fn and(&self, other: &Self) -> Self {
        let low = if begins_before(&self.low, &other.low) { &other.low } else { &self.low };
        let high = if ends_before(&self.high, &other.high) { &self.high } else { &other.high };
        Self { low: low.clone(), high: high.clone() }
    }

    /// Whether it surely has no value.
    pub(super) fn is_empty(&self) -> bool {
        match (&self.low, &self.high) {
            (Bound::Included(low), Bound::Included(high)) => low > high,
            (
                Bound::Included(low) | Bound::Excluded(low),
                Bound::Included(high) | Bound::Excluded(high),
            ) => low >= high,
            _ => false,
        }
    }

    /// Whether all values of the other are in it.
    pub(super) fn contains(&self, other: &Self) -> bool {
        !begins_before(&other.low, &self.low) && !ends_before(&self.high, &other.high)
    }

    /// Whether all its values are in one or another of these.
    pub(super) fn is_covered_by(&self, others: &[Self]) -> bool {
        let mut rest = self.clone();
        loop {
            // Whatever begins no later than the rest takes away its beginning.
            let reach = others.iter().filter(|other| {
                !begins_before(&rest.low, &other.low) && !other.and(&rest).is_empty()
            });
            let Some(farthest) = reach.max_by(|one, other| {
                ends_before(&other.high, &one.high).cmp(&ends_before(&one.high, &other.high))
            }) else {
                return false;
            };
            if !ends_before(&farthest.high, &rest.high) {
                return true;
            }
            rest.low = match &farthest.high {
                Bound::Excluded(high) => Bound::Included(high.clone()),
                Bound::Included(high) => Bound::Excluded(high.clone()),
                Bound::Unbounded => return true,
            };
        }
    }
}

/// Whether a stretch that begins with the first bound has a value before one of the second.
fn begins_before(first: &Bound<Scalar>, second: &Bound<Scalar>) -> bool {
    match (first, second) {
        (_, Bound::Unbounded) => false,
        (Bound::Unbounded, _) => true,
        (Bound::Included(first), Bound::Excluded(second)) => first <= second,
        (
            Bound::Included(first) | Bound::Excluded(first),
            Bound::Included(second) | Bound::Excluded(second),
        ) => first < second,
    }
}

/// Whether a stretch that ends with the first bound lacks a value of one that ends with the second.
fn ends_before(first: &Bound<Scalar>, second: &Bound<Scalar>) -> bool {
    match (first, second) {
        (Bound::Unbounded, _) => false,
        (_, Bound::Unbounded) => true,
        (Bound::Excluded(first), Bound::Included(second)) => first <= second,
        (
            Bound::Included(first) | Bound::Excluded(first),
            Bound::Included(second) | Bound::Excluded(second),
        ) => first < second,
    }
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => fmt::Display::fmt(value, f),
            Self::Duration(duration) => fmt::Display::fmt(duration, f),
            Self::Instant(at) => fmt::Display::fmt(at, f),
            Self::Number(number) => fmt::Display::fmt(number, f),
            Self::Text(text) => f.write_str(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn band(text: &str) -> Interval {
        Interval::band(text).unwrap()
    }

    #[test]
    fn bands_are_half_open_as_written() {
        let number = |text: &str| Scalar::bare(text, Kind::Number).unwrap();
        let low = band("[0, 0.3)");
        assert!(low.holds(&number("0")) && low.holds(&number("0.299999")));
        assert!(!low.holds(&number("0.3")) && !low.holds(&number("-0.000001")));
        assert!(band("(, 5]").holds(&number("-1000")) && !band("(0.3, )").holds(&number("0.3")));
        for text in ["", "[", "[]", "[1]", "[2, 1]", "(1, 1)", "[a, b]", "1, 2", "[1, 2", "é1, 2é"]
        {
            assert!(Interval::band(text).is_err(), "{text}");
        }
    }

    fn bound() -> impl Strategy<Value = Bound<Scalar>> {
        let value = (0_i64..8).prop_map(|whole| Scalar::Number(Exact::whole(whole)));
        prop_oneof![
            value.clone().prop_map(Bound::Included),
            value.prop_map(Bound::Excluded),
            Just(Bound::Unbounded),
        ]
    }

    fn interval() -> impl Strategy<Value = Interval> {
        (bound(), bound()).prop_map(|(low, high)| Interval { low, high })
    }

    proptest! {
        #[test]
        fn intervals_hold_what_their_values_say(
            one in interval(),
            others in proptest::collection::vec(interval(), 0..4),
        ) {
            // Halves lie between the bounds.
            let values: Vec<Scalar> = (-2_i128..18)
                .map(|half| Scalar::Number(Exact::from_micros(half * 500_000)))
                .collect();
            let of = |interval: &Interval| -> Vec<bool> {
                values.iter().map(|value| interval.holds(value)).collect()
            };
            let own = of(&one);
            if one.is_empty() {
                prop_assert!(own.iter().all(|held| !held));
            }
            let mut covered = vec![false; values.len()];
            for other in &others {
                let theirs = of(other);
                let both: Vec<bool> = own.iter().zip(&theirs).map(|(a, b)| *a && *b).collect();
                prop_assert_eq!(of(&one.and(other)), both);
                if !one.is_empty() && !other.is_empty() {
                    let within = own.iter().zip(&theirs).all(|(a, b)| *b || !*a);
                    prop_assert_eq!(other.contains(&one), within);
                }
                covered.iter_mut().zip(theirs).for_each(|(covered, held)| *covered |= held);
            }
            if !one.is_empty() {
                let within = own.iter().zip(&covered).all(|(own, covered)| *covered || !*own);
                prop_assert_eq!(one.is_covered_by(&others), within);
            }
        }
    }
}
