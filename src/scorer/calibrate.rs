//! Fitting calibrations to scores whose outcome is known.

use super::model::{log_odds, sigmoid};
use super::{Calibration, Examples, Folds, Labels, Model, Trainer, cross_validate};
use crate::error::{Error, ErrorKind, Result};
use crate::seed::Seed;

/// How often Newton's method is repeated at most: it doubles the digits each time.
const STEPS: u32 = 100;

/// A step by which no probability moves in its twelfth digit.
const SETTLED: f64 = 1e-12;

/// Log-odds beyond which a probability counts as sure.
const SURE: f64 = 36.0;

impl Calibration {
    /// Fits Platt's scaling to scores of rows that the model was not fitted to: a logistic regression
    /// on their log-odds, whose targets are `(n₊ + 1) / (n₊ + 2)` and `1 / (n₋ + 2)` instead of 1 and
    /// 0, as Platt (1999) has it, by Newton's method with halved steps (Lin, Lin and Weng, 2007).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for what is no probability, for one class only, for scores that are all
    /// the same, and for scores that say the opposite of what came.
    ///
    /// ```
    /// use bespoke::scorer::Calibration;
    ///
    /// let scores = (0..100).map(|i| (f64::from(i) / 100.0, i % 10 < i / 20));
    /// let Calibration::Platt { slope, .. } = Calibration::platt(scores)? else { unreachable!() };
    /// assert!(slope > 0.0 && slope < 1.0, "the scores were too sure of themselves");
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    pub fn platt(scores: impl IntoIterator<Item = (f64, bool)>) -> Result<Self> {
        let scores = sorted(scores)?;
        let ones = scores.iter().filter(|(_, happened)| *happened).count() as f64;
        let zeros = scores.len() as f64 - ones;
        let (high, low) = ((ones + 1.0) / (ones + 2.0), 1.0 / (zeros + 2.0));
        let rows = scores.iter().map(|(score, happened)| {
            (log_odds(*score).clamp(-SURE, SURE), if *happened { high } else { low })
        });
        let rows: Vec<(f64, f64)> = rows.collect();
        let (slope, intercept) = logistic(&rows, ((ones + 1.0) / (zeros + 1.0)).ln())?;
        if slope > 0.0 {
            return Ok(Self::Platt { slope, intercept });
        }
        Err(fault("the scores say the opposite of what came, or nothing"))
    }

    /// Fits an isotonic regression to scores of rows that the model was not fitted to: of all steps
    /// that never descend the one with the least squared errors, by pooling neighbours that do
    /// (Ayer and others, 1955). Between steps it is interpolated, as scikit-learn's.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for what is no probability and for one class only.
    ///
    /// ```
    /// use bespoke::scorer::Calibration;
    ///
    /// let scores = [(0.1, false), (0.2, true), (0.3, false), (0.4, true)];
    /// let expected = vec![(0.1, 0.0), (0.2, 0.5), (0.3, 0.5), (0.4, 1.0)];
    /// assert_eq!(Calibration::isotonic(scores)?, Calibration::Isotonic(expected));
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    pub fn isotonic(scores: impl IntoIterator<Item = (f64, bool)>) -> Result<Self> {
        let mut blocks: Vec<Block> = Vec::new();
        for ties in sorted(scores)?.chunk_by(|a, b| a.0.total_cmp(&b.0).is_eq()) {
            let mut block = Block::of(ties);
            while let Some(before) = blocks.pop_if(|before| before.mean() >= block.mean()) {
                block = before.and(&block);
            }
            blocks.push(block);
        }
        let points = blocks.iter().flat_map(|block| {
            let both = [(block.from, block.mean()), (block.upto, block.mean())];
            both.into_iter().take(if block.from < block.upto { 2 } else { 1 })
        });
        Ok(Self::Isotonic(points.collect()))
    }
}

/// Neighbours that have one value.
struct Block {
    from: f64,
    upto: f64,
    count: f64,
    ones: f64,
}

impl Block {
    fn of(ties: &[(f64, bool)]) -> Self {
        let score = ties.first().map_or(0.0, |(score, _)| *score);
        let ones = ties.iter().filter(|(_, happened)| *happened).count();
        Self { from: score, upto: score, count: ties.len() as f64, ones: ones as f64 }
    }

    fn and(&self, next: &Self) -> Self {
        let (count, ones) = (self.count + next.count, self.ones + next.ones);
        Self { from: self.from, upto: next.upto, count, ones }
    }

    fn mean(&self) -> f64 {
        self.ones / self.count
    }
}

/// Probabilities in ascending order, of both classes.
fn sorted(scores: impl IntoIterator<Item = (f64, bool)>) -> Result<Vec<(f64, bool)>> {
    let mut scores: Vec<(f64, bool)> = scores.into_iter().collect();
    if let Some((score, _)) = scores.iter().find(|(score, _)| !(0.0..=1.0).contains(score)) {
        return Err(fault(format!("{score} is no probability")));
    }
    let ones = scores.iter().filter(|(_, happened)| *happened).count();
    if ones == 0 || ones == scores.len() {
        return Err(fault("a calibration needs scores of those to whom it happened and of others"));
    }
    scores.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    Ok(scores)
}

/// The slope and intercept of a logistic regression on one number.
fn logistic(rows: &[(f64, f64)], level: f64) -> Result<(f64, f64)> {
    let (mut slope, mut intercept) = (0.0, level);
    let mut loss = loss_of(rows, slope, intercept);
    for _ in 0..STEPS {
        let Some((along, up)) = newton(rows, slope, intercept) else {
            return Err(fault("the scores are all the same: there is nothing to scale"));
        };
        let mut step = 1.0;
        while loss_of(rows, slope - step * along, intercept - step * up) > loss && step > SETTLED {
            step /= 2.0;
        }
        slope -= step * along;
        intercept -= step * up;
        loss = loss_of(rows, slope, intercept);
        if along.abs().max(up.abs()) < SETTLED || step <= SETTLED {
            break;
        }
    }
    Ok((slope, intercept))
}

/// The step of Newton's method; none where the curvature is of one direction only.
fn newton(rows: &[(f64, f64)], slope: f64, intercept: f64) -> Option<(f64, f64)> {
    let (mut g, mut h) = ([0.0; 2], [0.0; 3]);
    for (x, target) in rows {
        let p = sigmoid(slope * x + intercept);
        let (off, weight) = (p - target, p * (1.0 - p));
        g = [g[0] + off * x, g[1] + off];
        h = [h[0] + weight * x * x, h[1] + weight * x, h[2] + weight];
    }
    let determinant = h[0] * h[2] - h[1] * h[1];
    let steep = determinant > SETTLED * h[0].max(SETTLED) * h[2];
    let along = (h[2] * g[0] - h[1] * g[1]) / determinant;
    let up = (h[0] * g[1] - h[1] * g[0]) / determinant;
    steep.then_some((along, up))
}

fn loss_of(rows: &[(f64, f64)], slope: f64, intercept: f64) -> f64 {
    let loss = |(x, target): &(f64, f64)| {
        let odds = slope * x + intercept;
        // ln(1 + e^odds) - target × odds, without overflow.
        odds.max(0.0) + libm::log1p(libm::exp(-odds.abs())) - target * odds
    };
    rows.iter().map(loss).sum()
}

fn fault(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Model, detail)
}

/// How a calibration is fitted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum CalibrationMethod {
    /// Platt's scaling: two numbers, for hundreds of rows.
    Platt,
    /// Isotonic regression: whatever shape, for thousands of rows.
    Isotonic,
}

/// A trainer whose models are calibrated: a calibration is fitted to predictions inside folds, and
/// put after the model that is fitted to all rows.
///
/// ```
/// use bespoke::scorer::{Calibrated, CalibrationMethod, LogisticParams};
/// use bespoke::scorer::{Examples, Labels, Trainer};
/// use bespoke::seed::Seed;
/// use bespoke::table::{ColumnKind, Table, cells};
///
/// let mut table = Table::new([("recency", ColumnKind::Number)])?;
/// (0..60).for_each(|days| table.push(&cells([f64::from(days)])).unwrap());
/// let labels = Labels::classes("churned", (0..60).map(|days| days + days * 7 % 40 > 40));
/// let examples = Examples::new(table, labels)?;
/// let trainer = Calibrated::new(LogisticParams::new(), CalibrationMethod::Platt, Seed::new(1));
/// let model = trainer.train(&examples)?;
/// assert_eq!(model.positive(), Some("churned"));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Calibrated<T> {
    trainer: T,
    method: CalibrationMethod,
    seed: Seed,
    folds: usize,
}

impl<T> Calibrated<T> {
    /// Calibrates what a trainer fits, by five folds.
    pub const fn new(trainer: T, method: CalibrationMethod, seed: Seed) -> Self {
        Self { trainer, method, seed, folds: 5 }
    }

    /// The same with so many folds.
    #[must_use]
    pub fn folds(self, folds: usize) -> Self {
        Self { folds, ..self }
    }
}

impl<T: Trainer<Scorer = Model>> Trainer for Calibrated<T> {
    type Scorer = Model;

    fn train(&self, examples: &Examples) -> Result<Model> {
        let examples = examples.ordered();
        let model = self.trainer.train(&examples)?;
        let Labels::Classes { labels, .. } = examples.labels() else {
            return Err(fault("only a probability can be calibrated"));
        };
        let folds = Folds::grouped(&examples, self.folds, self.seed)?;
        let scores = cross_validate(&self.trainer, &examples, &folds, &mut |_| ())?;
        let scores = scores.into_iter().zip(labels.iter().copied());
        model.calibrated(match self.method {
            CalibrationMethod::Platt => Calibration::platt(scores)?,
            CalibrationMethod::Isotonic => Calibration::isotonic(scores)?,
        })
    }
}
