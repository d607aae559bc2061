//! How figures are distributed over customers.

use serde::{Deserialize, Serialize};

use crate::error::Result;
use crate::stats::{Histogram, Spread};

/// How a figure is distributed over customers.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Distribution {
    /// What it is a distribution of, such as `Spend in the last 90 days`.
    pub name: String,
    /// The metric that gives it, by its name; may be empty.
    pub metric: String,
    /// What it is counted in, such as `EUR` or `days`; may be empty.
    pub unit: String,
    /// What sort of figure it is.
    pub scale: Scale,
    /// The bins in their order.
    pub bins: Vec<Bin>,
    /// The median of those who are in the bins.
    pub median: Option<f64>,
    /// By which share of itself the median may be too little: 0 where it is exact.
    pub error: f64,
    /// How many have none of it, where they are told from those who have little: who spent nothing.
    pub zero: u64,
    /// How many have no such figure.
    pub without: u64,
    /// What the chart says, in a sentence; may be empty.
    pub caption: String,
}

/// What sort of figure is distributed: how it is put into bins, and who counts as having none.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Scale {
    /// An amount of money or the like, spread over orders of magnitude: 1, 2, 5, 10, 20, 50 and so
    /// on. Nothing is told from little.
    #[default]
    Amount,
    /// A number of things: each of the first numbers for itself, nought too.
    Count,
    /// Days since something: weeks at first, then months, then years.
    Days,
    /// A level from 0 to 100, in tenths. Nothing is told from little.
    Level,
}

/// How many values lie from one number up to another.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Bin {
    /// The least value; `None` is however little.
    pub from: Option<f64>,
    /// The value below which they lie; `None` is however much. The last bin of probabilities and
    /// levels holds its end too.
    pub to: Option<f64>,
    /// How many there are.
    pub count: u64,
}

impl Bin {
    /// So many values from `from` up to, and not including, `to`.
    pub fn new(from: Option<f64>, to: Option<f64>, count: u64) -> Self {
        Self { from, to, count }
    }
}

impl Distribution {
    /// How these values are distributed.
    ///
    /// ```
    /// use bespoke::report::{Distribution, Scale};
    /// use bespoke::stats::Spread;
    ///
    /// let mut spend = Spread::new();
    /// for amount in [0.0, 5.0, 12.0, 14.0, 80.0] {
    ///     spend.add(amount)?;
    /// }
    /// let spend = Distribution::of("Spend", &spend, Scale::Amount)?;
    /// assert_eq!((spend.zero, spend.median), (1, Some(13.0)));
    /// assert_eq!(spend.bins.iter().map(|bin| bin.count).collect::<Vec<_>>(), [1, 2, 0, 1]);
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) for more values than a machine counts.
    pub fn of(name: impl Into<String>, values: &Spread, scale: Scale) -> Result<Self> {
        let mut zero = 0;
        let mut histogram = Histogram::new(scale.edges(), [])?;
        let apart = matches!(scale, Scale::Amount | Scale::Level);
        for (value, count) in values.values() {
            if apart && value == 0.0 {
                zero = count;
            } else {
                histogram.add(value, usize::try_from(count).unwrap_or(usize::MAX))?;
            }
        }
        Ok(Self {
            name: name.into(),
            unit: if scale == Scale::Days { "days".into() } else { String::new() },
            scale,
            bins: filled(bins(&histogram)),
            median: if zero > 0 { values.median_without(0.0) } else { values.median() },
            error: values.error(),
            zero,
            ..Self::default()
        })
    }
}

impl Scale {
    /// Where its bins begin and end.
    fn edges(self) -> Vec<f64> {
        match self {
            Self::Amount => {
                let powers = (0..9).map(|power| 10_f64.powi(power));
                let steps = powers.flat_map(|power| [power, 2.0 * power, 5.0 * power]);
                std::iter::once(0.0).chain(steps).collect()
            }
            Self::Count => {
                let few = (0_u8..=6).map(f64::from);
                let many = [11.0, 21.0, 51.0, 101.0, 201.0, 501.0, 1_001.0];
                few.chain(many).collect()
            }
            Self::Days => {
                let days = [0, 7, 14, 30, 60, 90, 120, 180, 270, 365, 730, 1_095, 1_825, 3_650];
                days.map(f64::from).into()
            }
            Self::Level => (0_u8..=10).map(|tenth| f64::from(tenth) * 10.0).collect(),
        }
    }
}

/// A histogram as a chart shows it; what lies beyond its ends is in bins without an end.
pub(super) fn bins(histogram: &Histogram) -> Vec<Bin> {
    let edges = histogram.edges();
    let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let pairs = edges.iter().zip(edges.iter().skip(1)).zip(histogram.counts());
    let between = pairs.map(|((from, to), found)| Bin::new(Some(*from), Some(*to), count(*found)));
    let below = Bin::new(None, edges.first().copied(), count(histogram.below()));
    let above = Bin::new(edges.last().copied(), None, count(histogram.above()));
    let ends = |bin: Bin| Some(bin).filter(|bin| bin.count > 0);
    ends(below).into_iter().chain(between).chain(ends(above)).collect()
}

/// The bins from the first to the last that holds anything.
pub(super) fn filled(mut bins: Vec<Bin>) -> Vec<Bin> {
    let end = bins.iter().rposition(|bin| bin.count > 0).map_or(0, |last| last + 1);
    bins.truncate(end);
    let first = bins.iter().position(|bin| bin.count > 0).unwrap_or_default();
    bins.drain(..first);
    bins
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64], scale: Scale) -> Distribution {
        let mut spread = Spread::new();
        values.iter().for_each(|value| spread.add(*value).unwrap());
        Distribution::of("x", &spread, scale).unwrap()
    }

    fn words(distribution: &Distribution) -> Vec<(Option<f64>, Option<f64>, u64)> {
        distribution.bins.iter().map(|bin| (bin.from, bin.to, bin.count)).collect()
    }

    #[test]
    fn bins_follow_the_nature_of_a_figure() {
        let orders = of(&[0.0, 0.0, 1.0, 2.0, 2.0, 7.0], Scale::Count);
        assert_eq!((orders.median, orders.zero), (Some(1.5), 0));
        let one = |from: f64, count| (Some(from), Some(from + 1.0), count);
        let expected = [
            one(0.0, 2),
            one(1.0, 1),
            one(2.0, 2),
            one(3.0, 0),
            one(4.0, 0),
            one(5.0, 0),
            (Some(6.0), Some(11.0), 1),
        ];
        assert_eq!(words(&orders), expected);

        let spend = of(&[-3.0, 0.0, 30.0, 1e12], Scale::Amount);
        assert_eq!((spend.median, spend.zero), (Some(30.0), 1));
        let (first, last) = (spend.bins[0], spend.bins[spend.bins.len() - 1]);
        assert_eq!((first.from, first.to, first.count), (None, Some(0.0), 1));
        assert_eq!((last.from, last.to, last.count), (Some(5e8), None, 1));

        let level = of(&[0.0, 99.5, 100.0], Scale::Level);
        assert_eq!(words(&level), [(Some(90.0), Some(100.0), 2)]);
        let days = of(&[3.0, 364.9], Scale::Days);
        assert_eq!((days.bins.len(), &*days.unit), (9, "days"));
        assert_eq!(of(&[], Scale::Count).bins, []);
    }
}
