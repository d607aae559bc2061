//! Fitting weighted sums: logistic regression for what happens, linear regression for how much.

use std::sync::Arc;

use linfa::Dataset;
use linfa::traits::Fit;
use linfa_elasticnet::ElasticNet;
use linfa_logistic::LogisticRegression;
use ndarray::{Array1, Array2};

use super::fit::check;
use super::model::{Body, Core, Linear, Link, sigmoid};
use super::{Encoding, Examples, Labels, Model, Trainer};
use crate::error::{Error, ErrorKind, Result};

/// How a logistic regression is fitted.
///
/// The optimum is found by linfa's L-BFGS. The penalty is `alpha / 2` times the squares of the
/// weights of the scaled features, as scikit-learn's with `C = 1 / alpha`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogisticParams {
    encoding: Encoding,
    alpha: f64,
    max_iterations: u64,
}

/// How a linear regression is fitted: least squares with an elastic net's penalty, if any.
///
/// The optimum is found by linfa's coordinate descent. Of the mean of half the squared errors and of
/// the penalty, `penalty × (l1_ratio × Σ|w| + (1 - l1_ratio) / 2 × Σw²)`, the sum is least, over
/// weights of scaled features: scikit-learn's `ElasticNet(alpha = penalty)`. Of two features that say
/// the same either may have the weight; none becomes enormous.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinearParams {
    encoding: Encoding,
    penalty: f64,
    l1_ratio: f64,
    max_iterations: u32,
}

impl Default for LogisticParams {
    fn default() -> Self {
        Self::new()
    }
}

impl Default for LinearParams {
    fn default() -> Self {
        Self::new()
    }
}

impl LogisticParams {
    /// An `alpha` of 1 and up to 500 iterations.
    ///
    /// That is scikit-learn's penalty: it matters for a few hundred rows, and for a hundred
    /// thousand it does no more than keep features that say the same from cancelling out.
    pub const fn new() -> Self {
        Self { encoding: Encoding::linear(), alpha: 1.0, max_iterations: 500 }
    }

    /// The same with another penalty on the weights; 0 is none.
    #[must_use]
    pub const fn alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// The same with so many iterations at most.
    #[must_use]
    pub const fn max_iterations(self, iterations: u64) -> Self {
        Self { max_iterations: iterations, ..self }
    }

    /// The same with other preparations of the features.
    #[must_use]
    pub const fn encoding(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }

    /// Fits a model to examples. Their order makes no difference to any bit of it.
    ///
    /// A feature that is the same for everybody weighs nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for no examples, one class only, labels that are numbers, an infinite
    /// figure, no feature in which people differ, parameters that cannot be, and a fit that does not
    /// come to an end within the iterations.
    pub fn fit(&self, examples: &Examples) -> Result<Model> {
        let examples = examples.ordered();
        check(&examples)?;
        let Labels::Classes { positive, labels } = examples.labels() else {
            return Err(fault("a logistic regression is of what happens or does not"));
        };
        let (encoder, design) = self.encoding.fit(&examples)?;
        if design.is_empty() {
            return Err(fault("there is no feature in which people differ"));
        }
        let (weights, intercept) = self.solve(&design, labels)?;
        Model::new(Body {
            positive: Some(Arc::clone(positive)),
            link: Link::Logistic,
            features: examples.features().to_vec(),
            encoder,
            core: Core::Linear(Linear { intercept, weights }),
            calibration: Vec::new(),
        })
    }

    /// The weights of scaled columns and the intercept.
    fn solve(&self, design: &[Vec<f64>], labels: &[bool]) -> Result<(Vec<f64>, f64)> {
        let fitted = LogisticRegression::default()
            .alpha(self.alpha)
            .max_iterations(self.max_iterations)
            .fit(&Dataset::new(records(design, labels.len()), Array1::from_vec(labels.to_vec())))
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
            *sum = sigmoid(*sum) - f64::from(u8::from(*happened));
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

impl LinearParams {
    /// No penalty, and up to 10,000 rounds over the features.
    pub const fn new() -> Self {
        Self { encoding: Encoding::linear(), penalty: 0.0, l1_ratio: 0.5, max_iterations: 10_000 }
    }

    /// The same with a penalty on the weights: how much, and how much of it on their magnitudes
    /// rather than on their squares, from 0 (ridge) to 1 (lasso).
    #[must_use]
    pub const fn penalty(self, penalty: f64, l1_ratio: f64) -> Self {
        Self { penalty, l1_ratio, ..self }
    }

    /// The same with so many rounds over the features at most.
    #[must_use]
    pub const fn max_iterations(self, rounds: u32) -> Self {
        Self { max_iterations: rounds, ..self }
    }

    /// The same with other preparations of the features.
    #[must_use]
    pub const fn encoding(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }

    /// Fits a model to examples. Their order makes no difference to any bit of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for no examples, labels that are classes, an infinite figure,
    /// parameters that cannot be, and a fit that does not come to an end within the rounds.
    pub fn fit(&self, examples: &Examples) -> Result<Model> {
        let examples = examples.ordered();
        check(&examples)?;
        let Labels::Numbers(labels) = examples.labels() else {
            return Err(fault("a linear regression is of how much, not of whether"));
        };
        let (encoder, design) = self.encoding.fit(&examples)?;
        let (weights, intercept) = self.solve(&design, labels)?;
        Model::new(Body {
            positive: None,
            link: Link::Identity,
            features: examples.features().to_vec(),
            encoder,
            core: Core::Linear(Linear { intercept, weights }),
            calibration: Vec::new(),
        })
    }

    fn solve(&self, design: &[Vec<f64>], labels: &[f64]) -> Result<(Vec<f64>, f64)> {
        let mean = labels.iter().sum::<f64>() / labels.len() as f64;
        let same = labels.iter().all(|label| label.total_cmp(&mean).is_eq());
        if design.is_empty() || same {
            return Ok((vec![0.0; design.len()], mean));
        }
        let targets = Array1::from_iter(labels.iter().map(|label| label - mean));
        let fitted = ElasticNet::params()
            .penalty(self.penalty)
            .l1_ratio(self.l1_ratio)
            .max_iterations(self.max_iterations)
            .tolerance(TOLERANCE)
            .fit(&Dataset::new(records(design, labels.len()), targets))
            .map_err(|error| fault(format!("the fit failed: {error}")))?;
        if fitted.n_steps() >= self.max_iterations {
            let most = self.max_iterations;
            return Err(fault(format!("the fit did not come to an end in {most} rounds")));
        }
        Ok((fitted.hyperplane().to_vec(), mean + fitted.intercept()))
    }
}

/// By how much of the greatest a weight may still move, and the duality gap as a share of the
/// squares: scikit-learn's default is 1e-4.
const TOLERANCE: f64 = 1e-7;

fn records(design: &[Vec<f64>], rows: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, design.len()), |(row, column)| {
        design.get(column).and_then(|values| values.get(row)).copied().unwrap_or_default()
    })
}

fn fault(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Model, detail)
}

impl Trainer for LogisticParams {
    type Scorer = Model;

    fn train(&self, examples: &Examples) -> Result<Model> {
        self.fit(examples)
    }
}

impl Trainer for LinearParams {
    type Scorer = Model;

    fn train(&self, examples: &Examples) -> Result<Model> {
        self.fit(examples)
    }
}
