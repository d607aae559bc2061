//! Fractions of whole numbers of any size.

use std::cmp::Ordering;
use std::fmt;

use num_bigint::BigInt;

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

    /// The greatest whole number that is not above it, if 64 bits hold it.
    pub fn floor(&self) -> Option<i64> {
        let whole: BigInt = &self.top / &self.bottom;
        let above = &whole * &self.bottom > self.top;
        i64::try_from(whole - i32::from(above)).ok()
    }
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
