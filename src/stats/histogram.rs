//! How values are spread.

use serde::{Deserialize, Serialize};

use super::{fault, finite};
use crate::error::Result;

/// How many values lie between edges.
///
/// A value belongs to the bin whose lower edge it reaches; the last bin holds its upper edge too.
/// Values may come all at once or one by one.
///
/// ```
/// use bespoke::stats::Histogram;
///
/// let histogram = Histogram::new([0.0, 0.5, 1.0], [0.2, 0.5, 1.0, 1.5])?;
/// assert_eq!(histogram.counts(), [1, 2]);
/// assert_eq!((histogram.below(), histogram.above()), (0, 1));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Histogram {
    edges: Vec<f64>,
    counts: Vec<usize>,
    below: usize,
    above: usize,
}

impl Histogram {
    /// Counts values between edges.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) for fewer than two edges, for edges
    /// that do not ascend, and for a value that is not finite.
    pub fn new(
        edges: impl IntoIterator<Item = f64>,
        values: impl IntoIterator<Item = f64>,
    ) -> Result<Self> {
        let edges = edges.into_iter().map(finite).collect::<Result<Vec<_>>>()?;
        if edges.len() < 2 || !edges.is_sorted_by(|a, b| a < b) {
            return Err(fault("a histogram needs two edges or more, in ascending order"));
        }
        let mut histogram = Self { counts: vec![0; edges.len() - 1], edges, below: 0, above: 0 };
        for value in values {
            histogram.add(value, 1)?;
        }
        Ok(histogram)
    }

    /// Counts a value so many times.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) for one that is not finite.
    pub fn add(&mut self, value: f64, times: usize) -> Result<()> {
        let value = finite(value)?;
        let reached = self.edges.partition_point(|edge| *edge <= value);
        let last = self.edges.last() == Some(&value);
        let bin = reached.checked_sub(if last { 2 } else { 1 });
        match bin.map(|bin| self.counts.get_mut(bin)) {
            Some(Some(count)) => *count += times,
            Some(None) => self.above += times,
            None => self.below += times,
        }
        Ok(())
    }

    /// The edges, one more than there are bins.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// How many values lie in each bin.
    pub fn counts(&self) -> &[usize] {
        &self.counts
    }

    /// How many lie below the first edge.
    pub fn below(&self) -> usize {
        self.below
    }

    /// How many lie above the last edge.
    pub fn above(&self) -> usize {
        self.above
    }
}

/// Edges for about so many bins that cover a stretch and are round: steps of 1, 2 or 5 times a
/// power of ten.
///
/// ```
/// assert_eq!(bespoke::stats::nice_edges(3.0, 96.0, 5)?, [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
/// # Ok::<(), bespoke::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Input`](crate::error::ErrorKind::Input) for bounds that are not finite or not in
/// order, and for no bins or more than a thousand.
pub fn nice_edges(low: f64, high: f64, bins: usize) -> Result<Vec<f64>> {
    let (low, high) = (finite(low)?, finite(high)?);
    if low > high || !(1..=1_000).contains(&bins) {
        return Err(fault("edges go from a lower bound to a higher, over 1 to 1000 bins"));
    }
    // Where all values are one, a stretch of one around it; never so little that steps vanish.
    let least = (low.abs().max(high.abs()) * 1e-9).max(f64::MIN_POSITIVE);
    let width = if high - low > least { high - low } else { 1.0_f64.max(least) };
    let rough = (width / bins as f64).min(f64::MAX / 4e3);
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * power);
    let step = step.into_iter().find(|step| *step >= rough * (1.0 - 1e-12)).unwrap_or(power * 10.0);
    let first = (low / step).floor();
    // A bin more than asked for may be needed at either end.
    let ends = (0_u32..=2_000).map(|at| (first + f64::from(at)) * step + 0.0);
    let mut edges: Vec<f64> = Vec::with_capacity(bins + 3);
    for edge in ends {
        let done = edges.last().is_some_and(|last| *last >= high) && edges.len() > 1;
        if done || !edge.is_finite() {
            break;
        }
        edges.push(edge);
    }
    Ok(edges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edges_cover_what_they_are_made_for() {
        for (low, high, bins) in [
            (0.0, 1.0, 10),
            (0.03, 0.07, 7),
            (-5.0, 12_345.0, 20),
            (4.0, 4.0, 3),
            (0.0, 0.0, 1),
            (-1e15, 1e15, 1_000),
            (1e15, 1e15, 4),
        ] {
            let edges = nice_edges(low, high, bins).unwrap();
            assert!(edges[0] <= low && *edges.last().unwrap() >= high, "{low} {high} {edges:?}");
            assert!(edges.len() <= bins + 3, "{low} {high} {}", edges.len());
            assert_eq!(
                Histogram::new(edges, [low, high]).unwrap().counts().iter().sum::<usize>(),
                2
            );
        }
        for (low, high, bins) in [(1.0, 0.0, 3), (f64::NAN, 0.0, 3), (0.0, 1.0, 0)] {
            assert!(nice_edges(low, high, bins).is_err());
        }
    }

    #[test]
    fn every_value_is_counted_once() {
        let histogram = Histogram::new([0.0, 1.0, 2.0], [-1.0, 0.0, 1.0, 1.5, 2.0, 2.5]).unwrap();
        assert_eq!(histogram.counts(), [1, 3]);
        assert_eq!((histogram.below(), histogram.above()), (1, 1));
        assert!(Histogram::new([0.0, 0.0], []).is_err());
        assert!(Histogram::new([0.0, 1.0], [f64::NAN]).is_err());
    }
}
