//! Values at an instant, of which some move with time.

use crate::expr::{Literal, Sign};
use crate::time::{Duration, Timestamp};
use crate::value::{Decimal, Exact, Value};

use super::Measure;

/// A value while it is evaluated.
#[derive(Clone, Debug)]
pub(crate) enum Val<'a> {
    Boolean(bool),
    Duration(Moving),
    Instant(Moving),
    Null,
    Number(Exact),
    Text(&'a str),
}

/// A time that moves evenly with `now`: `base + slope × now`, in microseconds.
///
/// `now()` is `0 + 1 × now`; `now() - last("Order Completed")` has a slope of 1 and the negative of
/// an instant as its base; what was written or read has a slope of 0.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moving {
    pub(super) base: i128,
    pub(super) slope: i128,
}

impl Moving {
    pub(super) const NOW: Self = Self { base: 0, slope: 1 };

    pub(super) fn fixed(micros: i64) -> Self {
        Self { base: micros.into(), slope: 0 }
    }

    /// What it comes to at `now`. Times that no calendar has stay at the ends of the range.
    pub(super) fn at(self, now: Timestamp) -> i128 {
        self.base.saturating_add(self.slope.saturating_mul(now.micros().into()))
    }

    pub(super) fn plus(self, sign: Sign, other: Self) -> Self {
        let factor = if sign == Sign::Plus { 1 } else { -1 };
        let other = other.times(factor);
        Self {
            base: self.base.saturating_add(other.base),
            slope: self.slope.saturating_add(other.slope),
        }
    }

    fn times(self, factor: i128) -> Self {
        Self { base: self.base.saturating_mul(factor), slope: self.slope.saturating_mul(factor) }
    }

    /// The instants at which it comes to nought from below or above, and passes it.
    pub(super) fn crossings(self) -> Option<[i128; 2]> {
        let Self { base, slope } = if self.slope < 0 { self.times(-1) } else { self };
        if slope == 0 {
            return None;
        }
        let reached = base.div_euclid(slope).saturating_neg();
        let floor = base.saturating_neg().div_euclid(slope);
        Some([reached, floor.saturating_add(1)])
    }
}

pub(super) fn instant(micros: i128) -> Timestamp {
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(if micros < 0 {
        i64::MIN
    } else {
        i64::MAX
    }))
}

impl<'a> Val<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        match value {
            Value::Boolean(value) => Self::Boolean(*value),
            Value::Instant(at) => Self::Instant(Moving::fixed(at.micros())),
            Value::Number(number) => Self::Number((*number).into()),
            Value::Text(text) => Self::Text(text),
            // Rules do not read whole lists and objects; their check sees to it.
            _ => Self::Null,
        }
    }

    pub(super) fn literal(literal: &'a Literal) -> Self {
        match literal {
            Literal::Boolean(value) => Self::Boolean(*value),
            Literal::Interval(interval) => Self::Duration(Moving::fixed(interval.micros())),
            Literal::Null => Self::Null,
            Literal::Number(number) => Self::Number((*number).into()),
            Literal::Text(text) => Self::Text(text),
            Literal::Timestamp(at) => Self::Instant(Moving::fixed(at.micros())),
        }
    }

    pub(super) fn truth(truth: Option<bool>) -> Self {
        truth.map_or(Self::Null, Self::Boolean)
    }

    pub(super) fn plus(self, sign: Sign, other: Self) -> Self {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => {
                Self::Number(a.plus(&if sign == Sign::Plus { b } else { b.negated() }))
            }
            (Self::Instant(a), Self::Instant(b)) | (Self::Duration(a), Self::Duration(b)) => {
                Self::Duration(a.plus(sign, b))
            }
            (Self::Instant(a), Self::Duration(b)) | (Self::Duration(a), Self::Instant(b)) => {
                Self::Instant(a.plus(sign, b))
            }
            _ => Self::Null,
        }
    }

    pub(super) fn times(self, by: Decimal) -> Self {
        match self {
            Self::Number(number) => Self::Number(number.times(by)),
            Self::Duration(length) => {
                Self::Duration(length.times(i128::from(by.micros() / Decimal::SCALE)))
            }
            _ => Self::Null,
        }
    }

    pub(super) fn clamped(self, low: Decimal, high: Decimal) -> Self {
        match self {
            Self::Number(number) => Self::Number(number.clamp(low.into(), high.into())),
            other => other,
        }
    }

    /// Whether it is another a microsecond later, without any fact.
    pub(super) fn moves(&self) -> bool {
        matches!(self, Self::Duration(time) | Self::Instant(time) if time.slope != 0)
    }

    /// The value as the public sees it.
    pub(crate) fn measure(&self, now: Timestamp) -> Measure {
        match self {
            Self::Boolean(value) => Measure::Boolean(*value),
            Self::Duration(length) => {
                Measure::Duration(Duration::from_micros(instant(length.at(now)).micros()))
            }
            Self::Instant(at) => Measure::Instant(instant(at.at(now))),
            Self::Null => Measure::Null,
            Self::Number(number) => Measure::Number(number.clone()),
            Self::Text(text) => Measure::Text((*text).into()),
        }
    }
}
