//! How good probabilities were.

use serde::{Deserialize, Serialize};

use super::{Point, Ranking, fault, wilson};
use crate::error::Result;

/// Probabilities that were forecast, with what came of each.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast(Ranking);

/// Forecasts of about the same size, and what came of them.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Band {
    /// How many there are.
    pub count: usize,
    /// To how many it happened.
    pub positives: usize,
    /// The mean of what was forecast.
    pub forecast: f64,
    /// The share to which it happened.
    pub observed: f64,
    /// The [`wilson`] interval of that share.
    pub interval: (f64, f64),
}

impl Forecast {
    /// Takes probabilities with whether it happened.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) for none, and for what is no
    /// probability.
    pub fn new(forecasts: impl IntoIterator<Item = (f64, bool)>) -> Result<Self> {
        let ranking = Ranking::new(forecasts)?;
        let outside = ranking.sorted().iter().find(|(p, _)| !(0.0..=1.0).contains(p));
        match outside {
            Some((p, _)) => Err(fault(format!("{p} is no probability"))),
            None => Ok(Self(ranking)),
        }
    }

    /// How many there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// To how many it happened.
    pub fn positives(&self) -> usize {
        self.0.positives()
    }

    /// What was forecast, in ascending order.
    pub fn scores(&self) -> impl Iterator<Item = f64> {
        self.0.sorted().iter().map(|(p, _)| *p)
    }

    /// The share to which it happened.
    pub fn base_rate(&self) -> f64 {
        self.positives() as f64 / self.len() as f64
    }

    /// The mean of what was forecast.
    pub fn mean(&self) -> f64 {
        self.average(|(p, _)| p)
    }

    /// As [`Ranking::auc`].
    pub fn auc(&self) -> Option<f64> {
        self.0.auc()
    }

    /// As [`Ranking::auc_interval`].
    pub fn auc_interval(&self) -> Option<(f64, f64)> {
        self.0.auc_interval()
    }

    /// As [`Ranking::average_precision`].
    pub fn average_precision(&self) -> Option<f64> {
        self.0.average_precision()
    }

    /// As [`Ranking::roc`].
    pub fn roc(&self) -> Option<Vec<Point>> {
        self.0.roc()
    }

    /// The Brier score: the mean square of what was forecast less what came (1 or 0). 0 is best.
    pub fn brier(&self) -> f64 {
        self.average(|(p, happened)| (p - f64::from(u8::from(happened))).powi(2))
    }

    /// The Brier score of forecasting the base rate for everybody: a forecast has to do better.
    pub fn base_brier(&self) -> f64 {
        let base = self.base_rate();
        base * (1.0 - base)
    }

    /// The mean of `-ln` of the probability given to what came. 0 is best.
    ///
    /// A forecast is kept as far from 0 and 1 as the numbers near 1 are apart, so that a sure one
    /// that failed costs much and not everything.
    pub fn log_loss(&self) -> f64 {
        self.average(|(p, happened)| {
            let p = p.clamp(f64::EPSILON, 1.0 - f64::EPSILON);
            if happened { -p.ln() } else { -(1.0 - p).ln() }
        })
    }

    /// What came of the forecasts in so many bands of about equal count, from the lowest up.
    ///
    /// Equal forecasts are in one band, so there may be fewer.
    pub fn calibration(&self, bands: usize) -> Vec<Band> {
        let sorted = self.0.sorted();
        let (mut found, mut from) = (Vec::new(), 0);
        for band in 1..=bands {
            let share = sorted.len() as u128 * band as u128 / bands as u128;
            let share = usize::try_from(share).unwrap_or(sorted.len());
            let Some(last) = share.checked_sub(1).and_then(|last| sorted.get(last)) else {
                continue;
            };
            let upto = sorted.partition_point(|(p, _)| *p <= last.0);
            if let Some(members) = sorted.get(from..upto).filter(|members| !members.is_empty()) {
                found.push(Band::of(members));
                from = upto;
            }
        }
        found
    }

    /// The expected calibration error: how far the bands' forecasts are from what came, on average
    /// over the people.
    pub fn calibration_error(&self, bands: usize) -> f64 {
        let bands = self.calibration(bands);
        let off = bands.iter().map(|band| {
            band.count as f64 * (band.forecast - band.observed).abs() / self.len() as f64
        });
        off.sum()
    }

    /// The mean of a figure, added up from the lowest forecast to the highest.
    fn average(&self, figure: impl Fn((f64, bool)) -> f64) -> f64 {
        self.0.sorted().iter().copied().map(figure).sum::<f64>() / self.len() as f64
    }
}

impl Band {
    fn of(members: &[(f64, bool)]) -> Self {
        let count = members.len();
        let positives = members.iter().filter(|(_, happened)| *happened).count();
        Self {
            count,
            positives,
            forecast: members.iter().map(|(p, _)| p).sum::<f64>() / count as f64,
            observed: positives as f64 / count as f64,
            interval: wilson(positives, count),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, proptest};

    use super::*;

    const TIED: [f64; 20] = [
        0.03, 0.11, 0.18, 0.25, 0.25, 0.32, 0.4, 0.4, 0.4, 0.47, 0.51, 0.58, 0.63, 0.63, 0.7, 0.76,
        0.81, 0.88, 0.93, 0.97,
    ];
    const DISTINCT: [f64; 20] = [
        0.02, 0.08, 0.13, 0.19, 0.24, 0.31, 0.37, 0.42, 0.46, 0.53, 0.57, 0.64, 0.69, 0.72, 0.78,
        0.83, 0.87, 0.91, 0.94, 0.99,
    ];
    const CAME: [u8; 20] = [0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 1, 1];

    fn forecast(p: [f64; 20]) -> Forecast {
        Forecast::new(p.into_iter().zip(CAME.map(|came| came == 1))).unwrap()
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-12, "{found} is not {expected}");
    }

    // The expected figures of the three tests below are those of scikit-learn 1.9.1: roc_auc_score,
    // brier_score_loss, log_loss, roc_curve(drop_intermediate=False), and
    // calibration_curve(strategy="quantile", n_bins=5).

    #[test]
    fn figures_are_those_of_scikit_learn() {
        let tied = forecast(TIED);
        near(tied.auc().unwrap(), 0.808_080_808_080_808_1);
        near(tied.brier(), 0.180_395_000_000_000_06);
        near(tied.log_loss(), 0.524_887_112_544_537_5);
        let distinct = forecast(DISTINCT);
        near(distinct.auc().unwrap(), 0.787_878_787_878_787_8);
        near(distinct.brier(), 0.197_715);
        near(distinct.log_loss(), 0.566_415_699_897_016_5);
        let sure = Forecast::new([(0.0, true), (0.5, false), (1.0, true)]).unwrap();
        near(sure.log_loss(), 12.245_600_189_892_366);
        near(tied.base_brier(), 0.45 * 0.55);
        assert_eq!((tied.len(), tied.positives(), tied.base_rate()), (20, 9, 0.45));
    }

    #[test]
    fn the_roc_curve_is_that_of_scikit_learn() {
        // (threshold, false positives of 11, true positives of 9)
        let expected = [
            (f64::INFINITY, 0, 0),
            (0.97, 0, 1),
            (0.93, 0, 2),
            (0.88, 0, 3),
            (0.81, 1, 3),
            (0.76, 1, 4),
            (0.7, 1, 5),
            (0.63, 2, 6),
            (0.58, 3, 6),
            (0.51, 3, 7),
            (0.47, 4, 7),
            (0.4, 6, 8),
            (0.32, 7, 8),
            (0.25, 8, 9),
            (0.18, 9, 9),
            (0.11, 10, 9),
            (0.03, 11, 9),
        ];
        let points = forecast(TIED).roc().unwrap();
        assert_eq!(points.len(), expected.len());
        for (point, (threshold, no, yes)) in points.iter().zip(expected) {
            assert!(point.threshold.total_cmp(&threshold).is_eq());
            near(point.false_positives, f64::from(no) / 11.0);
            near(point.true_positives, f64::from(yes) / 9.0);
        }
    }

    #[test]
    fn bands_are_those_of_scikit_learn() {
        let bands = forecast(DISTINCT).calibration(5);
        let expected = [(0.25, 0.105), (0.25, 0.335), (0.25, 0.55), (0.75, 0.755), (0.75, 0.9275)];
        assert_eq!(bands.len(), expected.len());
        for (band, (observed, forecast)) in bands.iter().zip(expected) {
            assert_eq!(band.count, 4);
            near(band.observed, observed);
            near(band.forecast, forecast);
            assert!(band.interval.0 < observed && observed < band.interval.1);
        }
        let off = [0.145, 0.085, 0.3, 0.005, 0.1775];
        near(forecast(DISTINCT).calibration_error(5), off.iter().sum::<f64>() / 5.0);
        assert_eq!(forecast(TIED).calibration(0), []);
    }

    #[test]
    fn equal_forecasts_are_in_one_band() {
        let bands = Forecast::new([(0.5, true), (0.5, false), (0.5, true), (0.9, true)]);
        let bands = bands.unwrap().calibration(4);
        assert_eq!(bands.iter().map(|band| band.count).collect::<Vec<_>>(), [3, 1]);
    }

    #[test]
    fn what_is_no_probability_is_refused() {
        for p in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
            assert!(Forecast::new([(0.5, true), (p, false)]).is_err(), "{p}");
        }
        assert!(Forecast::new([]).is_err());
        let sure = Forecast::new([(-0.0, true)]).unwrap();
        assert_eq!((sure.auc(), sure.roc()), (None, None));
    }

    fn judged() -> impl Strategy<Value = Vec<(f64, bool)>> {
        // Few distinct values, so that there are ties.
        vec(((0..=16_u8).prop_map(|step| f64::from(step) / 16.0), any::<bool>()), 1..60)
    }

    proptest! {
        #[test]
        fn auc_counts_pairs(judged in judged()) {
            let of = |came: bool| judged.iter().filter(move |(_, c)| *c == came).map(|(p, _)| *p);
            let (mut won, mut pairs) = (0.0, 0.0);
            for positive in of(true) {
                for negative in of(false) {
                    pairs += 1.0;
                    won += if positive > negative { 1.0 } else if positive < negative { 0.0 } else { 0.5 };
                }
            }
            let auc = Forecast::new(judged.clone()).unwrap().auc();
            prop_assert_eq!(auc, (pairs > 0.0).then(|| won / pairs));
        }

        #[test]
        fn auc_sees_order_only(judged in judged()) {
            let auc = Ranking::new(judged.iter().copied()).unwrap().auc();
            let mapped = judged.iter().map(|(p, came)| (p.powi(3) * 1e6 - 5.0, *came));
            prop_assert_eq!(Ranking::new(mapped).unwrap().auc(), auc);
            let reversed = judged.iter().map(|(p, came)| (-p, *came));
            let reversed = Ranking::new(reversed).unwrap().auc();
            prop_assert_eq!(auc.is_some(), reversed.is_some());
            let both = auc.unwrap_or(0.5) + reversed.unwrap_or(0.5);
            prop_assert!((both - 1.0).abs() < 1e-12);
        }

        #[test]
        fn the_area_is_that_under_the_curve(judged in judged()) {
            let ranking = Ranking::new(judged).unwrap();
            if let (Some(auc), Some(points)) = (ranking.auc(), ranking.roc()) {
                let area: f64 = points.windows(2).map(|pair| {
                    (pair[1].false_positives - pair[0].false_positives)
                        * (pair[1].true_positives + pair[0].true_positives) / 2.0
                }).sum();
                prop_assert!((area - auc).abs() < 1e-12);
            }
        }

        #[test]
        fn figures_do_not_depend_on_the_order(
            (judged, shuffled) in judged().prop_flat_map(|j| (Just(j.clone()), Just(j).prop_shuffle()))
        ) {
            let (a, b) = (Forecast::new(judged).unwrap(), Forecast::new(shuffled).unwrap());
            prop_assert_eq!(a.brier().to_bits(), b.brier().to_bits());
            prop_assert_eq!(a.log_loss().to_bits(), b.log_loss().to_bits());
            prop_assert_eq!(a.calibration(7), b.calibration(7));
            prop_assert!((0.0..=1.0).contains(&a.brier()) && a.log_loss() >= 0.0);
            let bands = a.calibration(7);
            prop_assert_eq!(bands.iter().map(|band| band.count).sum::<usize>(), a.len());
            prop_assert_eq!(bands.iter().map(|band| band.positives).sum::<usize>(), a.positives());
        }
    }
}
