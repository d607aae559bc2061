//! How well scores put those to whom it happened before the others.

use serde::{Deserialize, Serialize};

use super::{fault, finite};
use crate::error::Result;

/// Scores with what came of each, in ascending order of the scores.
///
/// Only the order of the scores counts, so any figure may be one.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranking {
    sorted: Vec<(f64, bool)>,
    positives: usize,
}

/// A point of a ROC curve: what share of each class has a score of the threshold or above.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Point {
    /// The least score that counts as a yes; of the first point, where nothing does, infinite.
    /// Infinity is no number to JSON and is left out.
    #[serde(default = "infinite", skip_serializing_if = "is_infinite")]
    pub threshold: f64,
    /// The share of those to whom it did not happen that are told yes.
    pub false_positives: f64,
    /// The share of those to whom it happened that are told yes.
    pub true_positives: f64,
}

impl Ranking {
    /// Ranks scores with whether it happened.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) for none, and for one that is not
    /// finite.
    pub fn new(scores: impl IntoIterator<Item = (f64, bool)>) -> Result<Self> {
        let scores = scores.into_iter().map(|(score, happened)| Ok((finite(score)?, happened)));
        let mut sorted = scores.collect::<Result<Vec<_>>>()?;
        if sorted.is_empty() {
            return Err(fault("there are no scores to judge"));
        }
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let positives = sorted.iter().filter(|(_, happened)| *happened).count();
        Ok(Self { sorted, positives })
    }

    /// The scores in ascending order.
    pub(super) fn sorted(&self) -> &[(f64, bool)] {
        &self.sorted
    }

    /// How many scores there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.sorted.len()
    }

    /// To how many it happened.
    pub fn positives(&self) -> usize {
        self.positives
    }

    /// The area under the ROC curve: how likely one to whom it happened has a higher score than
    /// one to whom it did not, a tie counting half. `None` where there is only one class.
    ///
    /// It is the Mann-Whitney statistic, counted in whole numbers: nothing is rounded before the
    /// one division.
    pub fn auc(&self) -> Option<f64> {
        let negatives = self.len() - self.positives;
        let (mut twice, mut below) = (0_u128, 0_u128);
        for (positive, negative) in self.ties().map(classes) {
            twice += positive as u128 * (2 * below + negative as u128);
            below += negative as u128;
        }
        let pairs = 2 * self.positives as u128 * negatives as u128;
        (pairs > 0).then(|| twice as f64 / pairs as f64)
    }

    /// Between which values the area under the ROC curve lies, at 95 %, for other people of the same
    /// sort: the variance of `DeLong` and others (1988) and the normal distribution, kept
    /// within 0 and 1. `None` where there are fewer than two of either class.
    pub fn auc_interval(&self) -> Option<(f64, f64)> {
        let (auc, ones) = (self.auc()?, self.positives);
        let zeros = self.len() - ones;
        if ones < 2 || zeros < 2 {
            return None;
        }
        let (mut below, mut above) = (0, ones);
        let (mut of_ones, mut of_zeros) = (0.0, 0.0);
        for (positive, negative) in self.ties().map(classes) {
            above -= positive;
            // What share of the other class each is on the right side of, a tie counting half.
            let one = (below as f64 + negative as f64 / 2.0) / zeros as f64;
            let zero = (above as f64 + positive as f64 / 2.0) / ones as f64;
            of_ones += positive as f64 * (one - auc).powi(2);
            of_zeros += negative as f64 * (zero - auc).powi(2);
            below += negative;
        }
        let variance =
            of_ones / ((ones - 1) * ones) as f64 + of_zeros / ((zeros - 1) * zeros) as f64;
        let off = super::Z * variance.sqrt();
        Some(((auc - off).max(0.0), (auc + off).min(1.0)))
    }

    /// The average precision: over those to whom it happened, the mean of the share to which it
    /// happened among all with a score as high; equal scores count together, and nothing is
    /// interpolated (as scikit-learn's). `None` where it happened to nobody.
    pub fn average_precision(&self) -> Option<f64> {
        let ties: Vec<(usize, usize)> = self.ties().map(classes).collect();
        let (mut hits, mut all, mut sum) = (0_usize, 0_usize, 0.0);
        for (positive, negative) in ties.into_iter().rev() {
            hits += positive;
            all += positive + negative;
            sum += positive as f64 * hits as f64 / all as f64;
        }
        (self.positives > 0).then(|| sum / self.positives as f64)
    }

    /// The ROC curve from (0, 0) to (1, 1), one point for each distinct score and one before them.
    /// `None` where there is only one class.
    pub fn roc(&self) -> Option<Vec<Point>> {
        let (positives, negatives) = (self.positives, self.len() - self.positives);
        if positives == 0 || negatives == 0 {
            return None;
        }
        let (mut yes, mut no) = (0, 0);
        let mut points =
            vec![Point { threshold: f64::INFINITY, false_positives: 0.0, true_positives: 0.0 }];
        for tie in self.ties().rev() {
            let (positive, negative) = classes(tie);
            (yes, no) = (yes + positive, no + negative);
            points.push(Point {
                threshold: tie.first().map_or(f64::NAN, |(score, _)| *score),
                false_positives: no as f64 / negatives as f64,
                true_positives: yes as f64 / positives as f64,
            });
        }
        Some(points)
    }

    /// Those that share a score, from the lowest score up.
    fn ties(&self) -> impl DoubleEndedIterator<Item = &[(f64, bool)]> {
        self.sorted.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq())
    }
}

fn infinite() -> f64 {
    f64::INFINITY
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_infinite(threshold: &f64) -> bool {
    threshold.is_infinite()
}

/// How many of each class there are: of those to whom it happened, and of the others.
fn classes(tie: &[(f64, bool)]) -> (usize, usize) {
    let positive = tie.iter().filter(|(_, happened)| *happened).count();
    (positive, tie.len() - positive)
}
