//! Judging a trainer by rows that it was not fitted to, and choosing between trainers.

use std::collections::{BTreeMap, BTreeSet};

use super::{Examples, Labels, Scorer, Trainer};
use crate::error::{Error, ErrorKind, Result};
use crate::seed::Seed;
use crate::stats::{Errors, Forecast};

/// Which rows are held out together: each row is in one fold, and predicted by a model that was
/// fitted to the other folds.
///
/// ```
/// use bespoke::scorer::Folds;
///
/// let folds = Folds::interleaved(5, 2)?;
/// assert_eq!(folds.split(0), (vec![1, 3], vec![0, 2, 4]));
/// assert!(Folds::interleaved(5, 6).is_err());
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Folds {
    of: Vec<usize>,
    count: usize,
}

impl Folds {
    /// The fold of each row, from 0.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for fewer than two folds, for one that is empty, and for a row in one
    /// that there is not.
    pub fn of(rows: Vec<usize>, folds: usize) -> Result<Self> {
        let used: BTreeSet<usize> = rows.iter().copied().collect();
        if used.last().is_some_and(|last| *last >= folds) {
            return Err(Error::new(ErrorKind::Model, format!("a row is in no fold of {folds}")));
        }
        Self::new(rows, folds, used.len())
    }

    /// Row after row: row 0 in fold 0, row 1 in fold 1, and around again.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for fewer than two folds, and for more folds than rows.
    pub fn interleaved(rows: usize, folds: usize) -> Result<Self> {
        Self::new((0..rows).map(|row| row % folds.max(1)).collect(), folds, rows)
    }

    /// At random, by seed, with all rows of a person in the same fold, so that nobody is predicted by
    /// a model that has learnt from them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for fewer than two folds, and for more folds than people.
    pub fn grouped(examples: &Examples, folds: usize, seed: Seed) -> Result<Self> {
        let seed = seed.fork("folds");
        let mut people: BTreeMap<u64, usize> =
            examples.groups().iter().map(|of| (*of, 0)).collect();
        let draw = |group: &u64| seed.fork(&group.to_string()).draws().bits();
        let mut order: Vec<(u64, u64)> = people.keys().map(|of| (draw(of), *of)).collect();
        order.sort_unstable();
        for (place, (_, group)) in order.iter().enumerate() {
            people.insert(*group, place % folds.max(1));
        }
        let of = examples.groups().iter().map(|group| people.get(group).copied().unwrap_or(0));
        Self::new(of.collect(), folds, people.len())
    }

    fn new(of: Vec<usize>, count: usize, most: usize) -> Result<Self> {
        if count < 2 || count > most {
            let detail = format!("{count} folds of {most}: there must be two or more, none empty");
            return Err(Error::new(ErrorKind::Model, detail));
        }
        Ok(Self { of, count })
    }

    /// How many folds there are.
    pub const fn count(&self) -> usize {
        self.count
    }

    /// The rows outside of a fold, to fit to, and those in it, to predict.
    pub fn split(&self, fold: usize) -> (Vec<usize>, Vec<usize>) {
        (0..self.of.len()).partition(|row| self.of.get(*row) != Some(&fold))
    }
}

/// How far long work has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Fitting {
    /// How many models are fitted.
    pub done: usize,
    /// How many there will be.
    pub all: usize,
}

/// Predicts each row by a model that was fitted to the other folds; everything about a model, the
/// preparation of features included, is learnt from those alone.
///
/// # Errors
///
/// [`ErrorKind::Model`] as of the trainer, naming the fold, and for folds of other rows.
///
/// ```
/// use bespoke::scorer::{Examples, Folds, Labels, LogisticParams, cross_validate};
/// use bespoke::stats::Ranking;
/// use bespoke::table::{ColumnKind, Table, cells};
///
/// let mut table = Table::new([("recency", ColumnKind::Number)])?;
/// (0..60).for_each(|days| table.push(&cells([f64::from(days)])).unwrap());
/// let churned: Vec<bool> = (0..60).map(|days| days + days * 7 % 20 > 40).collect();
/// let examples = Examples::new(table, Labels::classes("churned", churned.clone()))?;
/// let folds = Folds::interleaved(60, 5)?;
/// let scores = cross_validate(&LogisticParams::new(), &examples, &folds, &mut |_| ())?;
/// assert!(Ranking::new(scores.into_iter().zip(churned))?.auc() > Some(0.9));
/// # Ok::<(), bespoke::Error>(())
/// ```
pub fn cross_validate<T: Trainer>(
    trainer: &T,
    examples: &Examples,
    folds: &Folds,
    progress: &mut dyn FnMut(Fitting),
) -> Result<Vec<f64>> {
    if folds.of.len() != examples.len() {
        let detail = format!("folds of {} rows for {} examples", folds.of.len(), examples.len());
        return Err(Error::new(ErrorKind::Model, detail));
    }
    let mut predicted = vec![0.0; examples.len()];
    for fold in 0..folds.count {
        progress(Fitting { done: fold, all: folds.count });
        let (fitted, held) = folds.split(fold);
        let scores = trainer
            .train(&examples.select(&fitted))
            .and_then(|model| model.score_all(examples.select(&held).table()))
            .map_err(|error| error.within(format!("fold {fold}")))?;
        for (row, score) in held.into_iter().zip(scores) {
            predicted.get_mut(row).into_iter().for_each(|to| *to = score);
        }
    }
    progress(Fitting { done: folds.count, all: folds.count });
    Ok(predicted)
}

/// By what trainers are compared; of each the least is best.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Loss {
    /// 1 less the area under the ROC curve, of probabilities.
    Auc,
    /// The mean of `-ln` of the probability given to what came.
    Log,
    /// The root mean square error, of numbers.
    Rmse,
    /// The mean absolute error, of numbers.
    Mae,
}

impl Loss {
    /// How bad predictions are.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for a loss of probabilities where labels are numbers, and the other way
    /// around, and for one class only.
    pub fn of(self, labels: &Labels, predicted: &[f64]) -> Result<f64> {
        let predicted = predicted.iter().copied();
        match (self, labels) {
            (Self::Auc | Self::Log, Labels::Classes { labels, .. }) => {
                let forecast = Forecast::new(predicted.zip(labels.iter().copied()))?;
                let one_class = || Error::new(ErrorKind::Model, "there is one class only");
                match self {
                    Self::Auc => forecast.auc().map(|auc| 1.0 - auc).ok_or_else(one_class),
                    _ => Ok(forecast.log_loss()),
                }
            }
            (Self::Rmse | Self::Mae, Labels::Numbers(numbers)) => {
                let errors = Errors::new(predicted.zip(numbers.iter().copied()))?;
                Ok(if self == Self::Rmse { errors.rmse } else { errors.mae })
            }
            _ => Err(Error::new(ErrorKind::Model, "the loss is not of labels of this sort")),
        }
    }
}

/// The best of several trainers, and how all of them did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Tuned<T> {
    /// The one with the least loss; of several the first.
    pub best: T,
    /// Each with its loss, in their order.
    pub losses: Vec<(T, f64)>,
}

/// Chooses between trainers by cross-validation: a grid, or as many as are drawn by seed.
///
/// The loss of the best is better than what it will come to on new rows, since it was chosen for it;
/// judge it by rows that had no part in this.
///
/// # Errors
///
/// As [`cross_validate`] and [`Loss::of`]; for no candidates [`ErrorKind::Model`].
///
/// ```
/// use bespoke::scorer::{Examples, Folds, Labels, LogisticParams, Loss, tune};
/// use bespoke::seed::Seed;
/// use bespoke::table::{ColumnKind, Table, cells};
///
/// let mut table = Table::new([("recency", ColumnKind::Number)])?;
/// (0..60).for_each(|days| table.push(&cells([f64::from(days)])).unwrap());
/// let labels = Labels::classes("churned", (0..60).map(|days| days + days * 7 % 20 > 40));
/// let examples = Examples::new(table, labels)?;
/// let folds = Folds::grouped(&examples, 3, Seed::new(1))?;
///
/// let grid = [0.1, 1.0, 10.0, 100.0].map(|alpha| LogisticParams::new().alpha(alpha));
/// let tuned = tune(grid, &examples, &folds, Loss::Log, &mut |_| ())?;
/// assert_eq!(tuned.losses.len(), 4);
///
/// // The same with eight that are drawn, evenly over the magnitudes from 0.01 to 100.
/// let mut draws = Seed::new(1).fork("alpha").draws();
/// let drawn = (0..8).map(|_| LogisticParams::new().alpha(10_f64.powf(draws.unit() * 4.0 - 2.0)));
/// let searched = tune(drawn, &examples, &folds, Loss::Log, &mut |_| ())?;
/// assert_eq!(searched.losses.len(), 8);
/// # Ok::<(), bespoke::Error>(())
/// ```
pub fn tune<T: Trainer + Clone>(
    candidates: impl IntoIterator<Item = T>,
    examples: &Examples,
    folds: &Folds,
    loss: Loss,
    progress: &mut dyn FnMut(Fitting),
) -> Result<Tuned<T>> {
    let candidates: Vec<T> = candidates.into_iter().collect();
    let all = candidates.len() * folds.count();
    let mut losses = Vec::with_capacity(candidates.len());
    for (place, candidate) in candidates.into_iter().enumerate() {
        let before = place * folds.count();
        let mut told = |fitting: Fitting| progress(Fitting { done: before + fitting.done, all });
        let predicted = cross_validate(&candidate, examples, folds, &mut told)
            .map_err(|error| error.within(format!("candidate {place}")))?;
        losses.push((candidate, loss.of(examples.labels(), &predicted)?));
    }
    let best = losses.iter().min_by(|a, b| a.1.total_cmp(&b.1)).map(|(best, _)| best.clone());
    let none = || Error::new(ErrorKind::Model, "there are no candidates to choose from");
    Ok(Tuned { best: best.ok_or_else(none)?, losses })
}
