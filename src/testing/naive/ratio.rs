//! Fractions of whole numbers of any size.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigInt;

use crate::value::Decimal;

/// A fraction, not reduced; what stands below the line is positive.
#[derive(Clone)]
pub struct Ratio {
    top: BigInt,
    bottom: BigInt,
}

impl Ratio {
    /// `top / bottom`; `bottom` must be positive.
    pub(super) fn new(top: i64, bottom: i64) -> Self {
        Self { top: top.into(), bottom: bottom.into() }
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        let top = &self.top * &other.bottom + &other.top * &self.bottom;
        Self { top, bottom: &self.bottom * &other.bottom }
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        self.plus(&other.times(&Self::from(-1_i64)))
    }

    pub(super) fn times(&self, other: &Self) -> Self {
        Self { top: &self.top * &other.top, bottom: &self.bottom * &other.bottom }
    }

    /// Divides by something positive.
    pub(super) fn divided(&self, by: &Self) -> Self {
        Self { top: &self.top * &by.bottom, bottom: &self.bottom * &by.top }
    }

    /// The decimal that it is, if six digits after the point are enough and its magnitude fits.
    pub fn to_decimal(&self) -> Option<Decimal> {
        let (micros, rest) = self.micros();
        if rest.top == BigInt::ZERO { decimal(&micros) } else { None }
    }

    /// The nearest decimal, half to even, if its magnitude fits.
    pub fn round(&self) -> Option<Decimal> {
        let (micros, rest) = self.micros();
        let up = match rest.cmp(&Self::new(1, 2)) {
            Ordering::Less => false,
            Ordering::Equal => micros.bit(0),
            Ordering::Greater => true,
        };
        decimal(&(micros + u8::from(up)))
    }

    /// How many whole millionths it has, rounded down, and what is left of one.
    fn micros(&self) -> (BigInt, Self) {
        let millionths = self.times(&Self::from(1_000_000_i64));
        let mut whole: BigInt = &millionths.top / &millionths.bottom;
        if &whole * &millionths.bottom > millionths.top {
            whole -= 1;
        }
        let rest = millionths.minus(&Self { top: whole.clone(), bottom: 1.into() });
        (whole, rest)
    }
}

fn decimal(micros: &BigInt) -> Option<Decimal> {
    i128::try_from(micros).ok().and_then(Decimal::from_micros)
}

impl From<i64> for Ratio {
    fn from(whole: i64) -> Self {
        Self::new(whole, 1)
    }
}

impl From<usize> for Ratio {
    fn from(count: usize) -> Self {
        Self { top: count.into(), bottom: 1.into() }
    }
}

impl Ord for Ratio {
    fn cmp(&self, other: &Self) -> Ordering {
        (&self.top * &other.bottom).cmp(&(&other.top * &self.bottom))
    }
}

impl PartialOrd for Ratio {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Ratio {}

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl fmt::Debug for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.top, self.bottom)
    }
}
