//! Fitting a logistic regression.
//!
//! The optimum is found by linfa's L-BFGS. The penalty is `alpha / 2` times the squares of the
//! weights of the standardised features, as scikit-learn's with `C = 1 / alpha`.

use std::sync::Arc;

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

use super::examples::by_content;
use super::logistic::{Term, flatten};
use super::{Evaluation, Examples, Logistic, Trainer};
use crate::error::{Error, ErrorKind, Result};
use crate::stats::quantiles;

/// How a logistic regression is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogisticParams {
    alpha: f64,
    max_iterations: u64,
}

/// A model and how good it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trained {
    /// The model, to be saved and to be served.
    pub scorer: Logistic,
    /// How good it is.
    pub evaluation: Evaluation,
}

impl Default for LogisticParams {
    fn default() -> Self {
        Self::new()
    }
}

impl LogisticParams {
    /// An `alpha` of 1 and up to 500 iterations.
    ///
    /// That is scikit-learn's penalty: it matters for a few hundred rows, and for a hundred
    /// thousand it does no more than keep features that say the same from cancelling out.
    pub fn new() -> Self {
        Self { alpha: 1.0, max_iterations: 500 }
    }

    /// The same with another penalty on the weights; 0 is none.
    #[must_use]
    pub fn alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// The same with so many iterations at most.
    #[must_use]
    pub fn max_iterations(self, iterations: u64) -> Self {
        Self { max_iterations: iterations, ..self }
    }

    /// Fits a model to examples. Their order makes no difference to any bit of it.
    ///
    /// A feature that is the same for everybody weighs nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for no examples, one class only, an infinite figure, no feature in
    /// which people differ, parameters that cannot be, and a fit that does not come to an end
    /// within the iterations.
    pub fn fit(&self, examples: &Examples) -> Result<Logistic> {
        let mut rows: Vec<(&[f64], bool)> =
            examples.iter().map(|(row, happened, _)| (row, happened)).collect();
        rows.sort_by(|a, b| by_content(*a, *b));
        check(&rows, examples.features())?;
        let mut columns = Vec::with_capacity(examples.features().len());
        for (index, name) in examples.features().iter().enumerate() {
            let column = rows.iter().filter_map(|(row, _)| row.get(index).copied());
            columns.push(Column::new(name, &column.collect::<Vec<_>>())?);
        }
        let labels: Vec<bool> = rows.iter().map(|(_, happened)| *happened).collect();
        let design: Vec<Vec<f64>> = columns.iter().flat_map(Column::standardised).collect();
        if design.is_empty() {
            return Err(fault("there is no feature in which people differ"));
        }
        let (weights, intercept) = self.solve(&design, &labels)?;
        assemble(columns, weights, intercept)
    }

    /// The weights of standardised columns and the intercept.
    fn solve(&self, design: &[Vec<f64>], labels: &[bool]) -> Result<(Vec<f64>, f64)> {
        let size = (labels.len(), design.len());
        let records = Array2::from_shape_fn(size, |(row, column)| {
            design.get(column).and_then(|values| values.get(row)).copied().unwrap_or_default()
        });
        let targets = Array1::from_vec(labels.to_vec());
        let fitted = LogisticRegression::default()
            .alpha(self.alpha)
            .max_iterations(self.max_iterations)
            .fit(&Dataset::new(records, targets))
            .map_err(|error| fault(format!("the fit failed: {error}")))?;
        // What is fitted is the class with more rows, whichever that is.
        let sign = if fitted.labels().pos.class { 1.0 } else { -1.0 };
        let weights: Vec<f64> = fitted.params().iter().map(|weight| sign * weight).collect();
        let intercept = sign * fitted.intercept();
        let slope = self.slope(design, labels, (&weights, intercept));
        if slope.is_nan() || slope > SETTLED {
            let most = self.max_iterations;
            return Err(fault(format!("the fit did not come to an end in {most} iterations")));
        }
        Ok((weights, intercept))
    }

    /// How steep the mean loss still is, in the direction in which it is steepest.
    fn slope(&self, design: &[Vec<f64>], labels: &[bool], model: (&[f64], f64)) -> f64 {
        let (weights, intercept) = model;
        let mut off = vec![intercept; labels.len()];
        for (column, weight) in design.iter().zip(weights) {
            off.iter_mut().zip(column).for_each(|(sum, value)| *sum += weight * value);
        }
        for (sum, happened) in off.iter_mut().zip(labels) {
            *sum = 1.0 / (1.0 + (-*sum).exp()) - f64::from(u8::from(*happened));
        }
        let count = labels.len() as f64;
        let along = design.iter().zip(weights).map(|(column, weight)| {
            let sum: f64 = column.iter().zip(&off).map(|(value, off)| value * off).sum();
            (sum + self.alpha * weight).abs() / count
        });
        let level = off.iter().sum::<f64>().abs() / count;
        along.fold(level, |steepest, slope| if slope <= steepest { steepest } else { slope })
    }
}

/// A slope of the mean loss by which no weight moves in the fourth digit.
const SETTLED: f64 = 1e-4;

fn fault(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Model, detail)
}

fn check(rows: &[(&[f64], bool)], features: &[Arc<str>]) -> Result<()> {
    if rows.is_empty() {
        return Err(fault("there are no examples to learn from"));
    }
    let positives = rows.iter().filter(|(_, happened)| *happened).count();
    if positives == 0 || positives == rows.len() {
        let whom = if positives == 0 { "nobody" } else { "everybody" };
        let detail = format!("it happened to {whom} of the {} examples", rows.len());
        return Err(fault(format!("{detail}: there is nothing to tell apart")));
    }
    for (index, name) in features.iter().enumerate() {
        let mut column = rows.iter().filter_map(|(row, _)| row.get(index));
        if column.any(|value| value.is_infinite()) {
            return Err(fault(format!("the feature `{name}` is infinite in an example")));
        }
    }
    Ok(())
}

/// A feature's values and what is made of them.
struct Column {
    term: Term,
    /// Whether people differ in it.
    varies: bool,
    /// The mean and deviation of not being known, where some are and some are not.
    missing: Option<(f64, f64)>,
    values: Vec<f64>,
}

impl Column {
    fn new(name: &Arc<str>, values: &[f64]) -> Result<Self> {
        let mut known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        known.sort_by(f64::total_cmp);
        let unknown = values.len() - known.len();
        let bounds =
            if known.is_empty() { vec![0.0; 3] } else { quantiles(&known, &[0.0, 0.5, 1.0])? };
        let [low, fill, high] = bounds[..] else { return Err(fault("a quantile is missing")) };
        known.resize(values.len(), fill);
        known.sort_by(f64::total_cmp);
        let flat: Vec<f64> = known.iter().copied().map(flatten).collect();
        let log = skewness(&known).abs() > SKEWED && skewness(&flat).abs() < skewness(&known).abs();
        let (mean, deviation) = spread(if log { &flat } else { &known });
        let varies = deviation > 0.0 && deviation.is_finite() && mean.is_finite();
        let term = Term {
            name: Arc::clone(name),
            log,
            low,
            high,
            mean: if varies { mean } else { 0.0 },
            deviation: if varies { deviation } else { 1.0 },
            weight: 0.0,
            fill,
            unknown: 0.0,
        };
        let share = unknown as f64 / values.len() as f64;
        let missing = (share > 0.0 && share < 1.0).then(|| (share, (share * (1.0 - share)).sqrt()));
        Ok(Self { term, varies, missing, values: values.to_vec() })
    }

    /// The columns that are fitted: the values, if they vary, and whether they are unknown, if that
    /// does.
    fn standardised(&self) -> Vec<Vec<f64>> {
        let Self { term, values, .. } = self;
        let standard = |value: &f64| (term.prepare(*value) - term.mean) / term.deviation;
        let columns = [
            self.varies.then(|| values.iter().map(standard).collect()),
            self.missing.map(|(mean, deviation)| {
                let unknown = values.iter().map(|value| f64::from(u8::from(value.is_nan())));
                unknown.map(|unknown| (unknown - mean) / deviation).collect()
            }),
        ];
        columns.into_iter().flatten().collect()
    }
}

/// A skewness beyond which a distribution counts as highly skewed (Bulmer, 1979).
const SKEWED: f64 = 1.0;

/// Mean and deviation over the population.
fn spread(sorted: &[f64]) -> (f64, f64) {
    let count = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    let variance = sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    let same = sorted.first().zip(sorted.last()).is_none_or(|(a, b)| a.total_cmp(b).is_eq());
    // Equal values may miss their own mean by a rounding.
    (mean, if same { 0.0 } else { variance.sqrt() })
}

/// The third standardised moment; 0 where nothing varies.
fn skewness(sorted: &[f64]) -> f64 {
    let (mean, deviation) = spread(sorted);
    if deviation > 0.0 {
        let cubes = sorted.iter().map(|value| ((value - mean) / deviation).powi(3));
        cubes.sum::<f64>() / sorted.len() as f64
    } else {
        0.0
    }
}

/// Puts the weights back where they belong.
fn assemble(columns: Vec<Column>, weights: Vec<f64>, intercept: f64) -> Result<Logistic> {
    let (mut weights, mut intercept) = (weights.into_iter(), intercept);
    let mut terms = Vec::with_capacity(columns.len());
    for Column { mut term, varies, missing, .. } in columns {
        if varies {
            term.weight = weights.next().unwrap_or_default();
        }
        if let Some((mean, deviation)) = missing {
            term.unknown = weights.next().unwrap_or_default() / deviation;
            intercept -= term.unknown * mean;
        }
        terms.push(term);
    }
    Logistic::new(terms, intercept)
}

/// How many of either outcome a snapshot needs to set the level: the share is then known to some
/// five points.
const LEVELLED: usize = 100;

/// Moves the intercept to the level of the latest snapshot.
fn level(model: Logistic, examples: &Examples) -> Result<Logistic> {
    let Some(latest) = examples.iter().map(|(_, _, at)| at).max() else { return Ok(model) };
    let mut odds = Vec::new();
    let mut positives = 0;
    for (row, happened, _) in examples.iter().filter(|(_, _, at)| *at == latest) {
        odds.push(model.log_odds(row)?);
        positives += usize::from(happened);
    }
    if positives.min(odds.len() - positives) < LEVELLED {
        return Ok(model);
    }
    // What is expected only grows with the shift, so halving finds where it is what came.
    let expected =
        |shift: f64| odds.iter().map(|odds| 1.0 / (1.0 + (-(odds + shift)).exp())).sum::<f64>();
    let (mut low, mut high) = (-FURTHEST, FURTHEST);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if expected(middle) < positives as f64 {
            low = middle;
        } else {
            high = middle;
        }
    }
    model.shifted(f64::midpoint(low, high))
}

/// The furthest that the level is moved, in log-odds: from a hundredth to a half, and then some.
const FURTHEST: f64 = 8.0;

/// How often that is halved: until it is closer than a probability's sixth digit.
const HALVINGS: u32 = 32;

impl Trainer {
    /// Fits a model to what was gathered for training, and judges it by what was gathered for the
    /// evaluation.
    ///
    /// How often it happens moves with the season more than who it happens to does. So the
    /// intercept is then moved until the mean score of the latest training snapshot is the share
    /// to which it happened; order is not touched. A snapshot with fewer than a hundred of either
    /// outcome moves nothing.
    ///
    /// # Errors
    ///
    /// As [`LogisticParams::fit`] and [`Trainer::judge`], naming the score.
    pub fn finish(self, params: &LogisticParams) -> Result<Trained> {
        let training = self.training();
        let scorer = params.fit(&training).and_then(|model| level(model, &training));
        let scorer = scorer.map_err(|error| error.within(format!("score `{}`", self.name())))?;
        let mut evaluation = self.judge(&scorer)?;
        for (name, _) in scorer.weights().filter(|(_, weight)| weight.abs() <= 0.0) {
            let doubt = format!("the feature `{name}` was the same for everybody and is left out");
            evaluation.warnings.push(doubt);
        }
        Ok(Trained { scorer, evaluation })
    }
}
