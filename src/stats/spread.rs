//! Values as they come, in memory that does not grow with them.

use std::collections::BTreeMap;

use super::{Histogram, fault, finite};
use crate::error::Result;

/// How many bits a number has behind its first one.
const BITS: u32 = 52;

/// How values are spread, counted one by one.
///
/// Equal values are counted together, so figures such as numbers of orders or days stay exact
/// however many people have one. Where there are more distinct values than [`Spread::LIMIT`], each
/// is cut to fewer significant bits, until they fit: [`Spread::error`] says how far figures may be
/// off then.
///
/// ```
/// use bespoke::stats::Spread;
///
/// let mut spend = Spread::new();
/// for amount in [5.0, 12.0, 14.0, 80.0] {
///     spend.add(amount)?;
/// }
/// assert_eq!((spend.median(), spend.error()), (Some(13.0), 0.0));
/// assert_eq!(spend.histogram([0.0, 10.0, 20.0])?.counts(), [1, 2]);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Spread {
    /// The counts by values, in the order of these.
    counts: BTreeMap<i64, u64>,
    /// How many bits of each value are kept behind its first.
    bits: u32,
    limit: usize,
    len: u64,
}

impl Spread {
    /// The distinct values that are kept by default: some 6 MB.
    pub const LIMIT: usize = 200_000;

    /// No values yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// No values yet, of which so many distinct ones are kept; none counts as one.
    pub fn keeping(limit: usize) -> Self {
        Self { limit: limit.max(1), ..Self::default() }
    }

    /// Counts a value.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) for one that is not finite.
    pub fn add(&mut self, value: f64) -> Result<()> {
        let key = key(cut(finite(value)?, self.bits));
        *self.counts.entry(key).or_default() += 1;
        self.len += 1;
        while self.counts.len() > self.limit && self.bits > 0 {
            self.bits -= 1;
            let counts = std::mem::take(&mut self.counts);
            for (old, count) in counts {
                *self.counts.entry(key_cut(old, self.bits)).or_default() += count;
            }
        }
        Ok(())
    }

    /// How many values there are.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// By which share of itself a value may have been counted as too little: 0 as long as all are
    /// exact.
    pub fn error(&self) -> f64 {
        if self.bits == BITS { 0.0 } else { 2_f64.powf(-f64::from(self.bits)) }
    }

    /// The values in ascending order, each with how many there are of it.
    pub fn values(&self) -> impl Iterator<Item = (f64, u64)> {
        self.counts.iter().map(|(key, count)| (value(*key), *count))
    }

    /// The value in the middle, or half-way between the two of them; `None` of no values.
    ///
    /// It is that of [`quantiles`](super::quantiles), as exact as [`Spread::error`] says.
    pub fn median(&self) -> Option<f64> {
        self.middle(None)
    }

    /// The median of the values other than this one: of those who spent anything at all.
    pub fn median_without(&self, value: f64) -> Option<f64> {
        self.middle(Some(key(value + 0.0)))
    }

    fn middle(&self, without: Option<i64>) -> Option<f64> {
        let counted = || self.counts.iter().filter(|(key, _)| Some(**key) != without);
        let last = counted().map(|(_, count)| count).sum::<u64>().checked_sub(1)?;
        let at = |place: u64| {
            let mut upto = 0;
            counted().find_map(|(key, count)| {
                upto += count;
                (upto > place).then(|| value(*key))
            })
        };
        let (low, high) = (at(last / 2)?, at(last.div_ceil(2))?);
        Some(low + (high - low) / 2.0)
    }

    /// How many values lie between edges.
    ///
    /// # Errors
    ///
    /// As [`Histogram::new`].
    pub fn histogram(&self, edges: impl IntoIterator<Item = f64>) -> Result<Histogram> {
        let mut histogram = Histogram::new(edges, [])?;
        for (value, count) in self.values() {
            histogram.add(value, usize::try_from(count).map_err(|_| fault("too many values"))?)?;
        }
        Ok(histogram)
    }
}

impl Default for Spread {
    fn default() -> Self {
        Self { counts: BTreeMap::new(), bits: BITS, limit: Self::LIMIT, len: 0 }
    }
}

/// The value with so many bits behind its first one, the others nought: towards nought, and never
/// across a round edge, which has few bits itself.
fn cut(value: f64, bits: u32) -> f64 {
    f64::from_bits(value.to_bits() & (u64::MAX << (BITS - bits)))
}

/// A whole number in the order of the values.
fn key(value: f64) -> i64 {
    ordered(value.to_bits().cast_signed())
}

fn value(key: i64) -> f64 {
    f64::from_bits(ordered(key).cast_unsigned())
}

fn key_cut(old: i64, bits: u32) -> i64 {
    key(cut(value(old), bits) + 0.0)
}

/// Turns the bits of a negative number around, as [`f64::total_cmp`]; twice is as never.
fn ordered(bits: i64) -> i64 {
    bits ^ ((bits >> 63) & i64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::stats::quantiles;

    #[test]
    fn what_does_not_fit_is_cut_and_keeps_its_bin() {
        let edges = [-10.0, 0.0, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
        let values = (0..10_000).map(|at| f64::from(at) * 0.011 - 10.0);
        let (mut whole, mut cut) = (Spread::new(), Spread::keeping(500));
        for value in values {
            whole.add(value).unwrap();
            cut.add(value).unwrap();
        }
        assert!(cut.values().count() <= 500);
        assert!(whole.error() == 0.0 && cut.error() > 0.0, "{}", cut.error());
        let (whole_bins, bins) = (whole.histogram(edges).unwrap(), cut.histogram(edges).unwrap());
        assert_eq!(whole_bins, bins);
        let (median, found) = (whole.median().unwrap(), cut.median().unwrap());
        assert!(found <= median && median - found <= median * cut.error(), "{found} {median}");
    }

    #[test]
    fn what_is_no_number_is_refused_and_nothing_has_no_median() {
        let mut spread = Spread::new();
        assert!(spread.add(f64::NAN).is_err() && spread.add(f64::INFINITY).is_err());
        assert!(spread.is_empty() && spread.median().is_none());
        spread.add(-0.0).unwrap();
        assert_eq!(spread.values().collect::<Vec<_>>(), [(0.0, 1)]);
    }

    proptest! {
        #[test]
        fn the_median_is_exact_and_knows_no_order(values in vec(-1e6..1e6_f64, 1..40)) {
            let spread = |values: &[f64]| {
                let mut spread = Spread::new();
                values.iter().for_each(|value| spread.add(*value).unwrap());
                spread
            };
            let (median, reversed) = (
                spread(&values).median().unwrap(),
                spread(&values.iter().rev().copied().collect::<Vec<_>>()).median().unwrap(),
            );
            let expected = quantiles(&values, &[0.5]).unwrap()[0];
            prop_assert!((median - expected).abs() < 1e-9);
            prop_assert_eq!(median.to_bits(), reversed.to_bits());
        }

        #[test]
        fn keys_are_in_the_order_of_their_values(a in any::<f64>(), b in any::<f64>()) {
            prop_assert_eq!(value(key(a)).to_bits(), a.to_bits());
            prop_assert_eq!(key(a).cmp(&key(b)), a.total_cmp(&b));
        }
    }
}
