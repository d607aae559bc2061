//! A fitted model: what it makes of features, what of that, and how it is saved.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Scorer;
use super::definition::digest;
use super::encode::{Encoder, Part};
use super::saved;
use super::trees::Ensemble;
use crate::error::{Error, ErrorKind, Result};
use crate::table::{Cell, Table};

/// A fitted model, whatever it was fitted by: features made into numbers, as learnt from the rows
/// that it was fitted to; a weighted sum or trees over them; and a calibration, if it has one.
///
/// Of an outcome that happens or does not, its score is the probability that it happens; else how
/// much is expected. It is saved as JSON, and what was saved scores bit for bit as before.
///
/// ```
/// use bespoke::scorer::{Model, Scorer};
/// use bespoke::table::cells;
///
/// let model = Model::from_json(
///     r#"{"format": "bespoke/model", "version": 1, "model": {
///         "positive": "churned", "link": "logistic", "features": ["recency"],
///         "encoder": [{"scaled": {"range": {"low": 0.0, "high": 300.0}, "log": false, "fill": 40.0,
///             "value": {"mean": 50.0, "deviation": 25.0}, "missing": null}}],
///         "core": {"linear": {"intercept": -1.0, "weights": [2.0]}}}}"#,
/// )?;
/// assert_eq!(model.score(&cells([62.5]))?, 0.5);
/// assert_eq!(Model::from_json(&model.to_json())?, model);
/// let why = model.contributions(&cells([75.0]))?;
/// assert_eq!((&*why.of[0].0, why.of[0].1), ("recency", 2.0));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(super) names: Arc<[Arc<str>]>,
    pub(super) body: Body,
    pub(super) version: Arc<str>,
}

/// What a model consists of.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Body {
    /// What the score is the probability of; absent where it is how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) positive: Option<Arc<str>>,
    pub(super) link: Link,
    pub(super) features: Vec<Arc<str>>,
    pub(super) encoder: Encoder,
    pub(super) core: Core,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) calibration: Vec<Calibration>,
}

/// What the core's number is of the score.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Link {
    /// The score itself.
    Identity,
    /// Its log-odds.
    Logistic,
}

/// What is made of the encoded features.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Core {
    /// A weighted sum.
    Linear(Linear),
    /// Trees.
    Trees(Ensemble),
}

/// A weighted sum.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Linear {
    pub(super) intercept: f64,
    pub(super) weights: Vec<f64>,
}

/// A probability corrected after the fact, so that of a hundred people with a score of 0.2 it
/// happens to twenty.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Calibration {
    /// The log-odds times `slope` plus `intercept` (Platt, 1999).
    #[non_exhaustive]
    Platt {
        /// What the log-odds are multiplied by.
        slope: f64,
        /// What is added then.
        intercept: f64,
    },
    /// Straight lines between points, ascending in both: the score and what it becomes (isotonic
    /// regression). What lies outside counts as the first or the last.
    Isotonic(Vec<(f64, f64)>),
}

/// What each feature of a row has to do with its score.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Contributions {
    /// What is said before any feature: of a weighted sum, of somebody at the mean of everything; of
    /// trees, the mean over what was learnt from.
    pub base: f64,
    /// What each feature adds, in the order of a row.
    pub of: Vec<(Arc<str>, f64)>,
}

impl Model {
    /// A model of these parts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for a number that no fit comes to, no features, or two of a name.
    pub(super) fn new(body: Body) -> Result<Self> {
        let names: Arc<[Arc<str>]> = body.features.iter().map(Arc::clone).collect();
        body.encoder.check(&names)?;
        body.core.check(body.encoder.width())?;
        if !body.calibration.iter().all(Calibration::is_sound) {
            return Err(Error::new(ErrorKind::Model, "the model's calibration cannot be"));
        }
        let version = digest([&*saved::write(&body)]);
        Ok(Self { names, body, version })
    }

    /// Reads a model that [`Model::to_json`] wrote, in this version or an earlier one; of the
    /// earlier format `bespoke/logistic` too.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] for what is no such model, or one that a newer version wrote;
    /// [`ErrorKind::Model`] for a number that cannot be.
    pub fn from_json(json: &str) -> Result<Self> {
        Self::new(saved::read(json)?)
    }

    /// Writes the model as JSON, the same bytes each time.
    pub fn to_json(&self) -> String {
        saved::write(&self.body)
    }

    /// What the score is the probability of; `None` where it is how much is expected.
    pub fn positive(&self) -> Option<&str> {
        self.body.positive.as_deref()
    }

    /// The same model with a calibration after those that it has.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for a model whose score is no probability, and for a calibration that
    /// is none: a number that is not finite, a slope that is not above 0, points that do not ascend.
    pub fn calibrated(self, calibration: Calibration) -> Result<Self> {
        if self.body.positive.is_none() {
            return Err(Error::new(ErrorKind::Model, "only a probability can be calibrated"));
        }
        let mut body = self.body;
        body.calibration.push(calibration);
        Self::new(body)
    }

    /// The same model with so many log-odds more for everybody: order stays, the level moves.
    ///
    /// # Errors
    ///
    /// As [`Model::calibrated`].
    pub fn shifted(self, log_odds: f64) -> Result<Self> {
        match self.body {
            Body { core: Core::Linear(linear), link: Link::Logistic, calibration, .. }
                if calibration.is_empty() =>
            {
                let core = Linear { intercept: linear.intercept + log_odds, ..linear };
                Self::new(Body { core: Core::Linear(core), calibration, ..self.body })
            }
            body => Self { body, ..self }
                .calibrated(Calibration::Platt { slope: 1.0, intercept: log_odds }),
        }
    }

    /// What each feature of a row adds to the score, before any calibration: in log-odds for a
    /// logistic regression and for boosted trees of classes, else in what the score is in. Base and
    /// all that is added come to the uncalibrated score.
    ///
    /// # Errors
    ///
    /// As [`Scorer::score`].
    pub fn contributions(&self, row: &[Cell]) -> Result<Contributions> {
        let encoded = self.body.encoder.encode(&self.names, row)?;
        let (base, each) = self.body.core.contributions(&encoded);
        let of = self.body.encoder.by_feature(&each);
        Ok(Contributions { base, of: self.names.iter().map(Arc::clone).zip(of).collect() })
    }

    /// How much each feature matters to the model, as shares of 1, in the order of a row: of a
    /// weighted sum by the weights of what is scaled, of trees by what their questions gained.
    ///
    /// A feature that was the same for everybody matters nothing.
    pub fn importance(&self) -> Vec<(Arc<str>, f64)> {
        let each = self.body.core.importance();
        let of = self.body.encoder.by_feature(&each);
        let sum: f64 = of.iter().sum();
        let share = |it: f64| if sum > 0.0 { it / sum } else { 0.0 };
        self.names.iter().map(Arc::clone).zip(of.into_iter().map(share)).collect()
    }

    /// The weight of each feature that is one number in a weighted sum: what one standard deviation
    /// more adds. A feature that was the same for everybody weighs nothing.
    pub fn weights(&self) -> impl Iterator<Item = (&Arc<str>, f64)> {
        let linear = match &self.body.core {
            Core::Linear(linear) => Some(linear),
            Core::Trees(_) => None,
        };
        let mut at = 0;
        let parts = self.names.iter().zip(&self.body.encoder.parts);
        parts.filter_map(move |(name, part)| {
            let first = linear?.weights.get(at).copied();
            at += part.width();
            let Part::Scaled(scaled) = part else { return None };
            Some((name, if scaled.value.is_some() { first? } else { 0.0 }))
        })
    }

    /// What a weighted sum starts from: what it says of somebody at the mean of every feature.
    pub const fn intercept(&self) -> Option<f64> {
        match &self.body.core {
            Core::Linear(linear) => Some(linear.intercept),
            Core::Trees(_) => None,
        }
    }

    /// The log-odds of a row, or how much is expected, as the core says it.
    fn finish(&self, raw: f64) -> Result<f64> {
        let score = match self.body.link {
            Link::Identity if self.body.positive.is_some() => raw.clamp(0.0, 1.0),
            Link::Identity => raw,
            Link::Logistic => sigmoid(raw),
        };
        let score = self.body.calibration.iter().fold(score, |score, step| step.of(score));
        if score.is_finite() {
            return Ok(score);
        }
        // Only numbers that no fit comes to overflow both ways.
        Err(Error::new(ErrorKind::Model, "the model's numbers are too large"))
    }
}

/// The probability of log-odds.
pub(super) fn sigmoid(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

/// The log-odds of a probability; infinite of what is sure.
pub(super) fn log_odds(probability: f64) -> f64 {
    libm::log(probability) - libm::log1p(-probability)
}

impl Core {
    fn check(&self, width: usize) -> Result<()> {
        match self {
            Self::Linear(linear) => linear.check(width),
            Self::Trees(trees) => trees.check(width),
        }
    }

    fn raw(&self, encoded: &[f64]) -> f64 {
        match self {
            Self::Linear(linear) => linear.raw(encoded),
            Self::Trees(trees) => trees.raw(encoded),
        }
    }

    /// The same of each row of columns.
    fn raw_all(&self, columns: &[Vec<f64>], rows: usize) -> Vec<f64> {
        match self {
            Self::Linear(linear) => linear.raw_all(columns, rows),
            Self::Trees(trees) => trees.raw_all(columns, rows),
        }
    }

    fn contributions(&self, encoded: &[f64]) -> (f64, Vec<f64>) {
        match self {
            Self::Linear(Linear { intercept, weights }) => {
                (*intercept, weights.iter().zip(encoded).map(|(w, x)| w * x).collect())
            }
            Self::Trees(trees) => trees.contributions(encoded),
        }
    }

    fn importance(&self) -> Vec<f64> {
        match self {
            Self::Linear(linear) => linear.weights.iter().map(|weight| weight.abs()).collect(),
            Self::Trees(trees) => trees.importance(),
        }
    }
}

impl Linear {
    fn check(&self, width: usize) -> Result<()> {
        let mut numbers = self.weights.iter().chain([&self.intercept]);
        if self.weights.len() == width && numbers.all(|number| number.is_finite()) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Model, "the model's weights cannot be"))
    }

    fn raw(&self, encoded: &[f64]) -> f64 {
        let sum: f64 = self.weights.iter().zip(encoded).map(|(weight, x)| weight * x).sum();
        self.intercept + sum
    }

    fn raw_all(&self, columns: &[Vec<f64>], rows: usize) -> Vec<f64> {
        let mut encoded = vec![0.0; columns.len()];
        let raw = |row| {
            for (to, column) in encoded.iter_mut().zip(columns) {
                *to = column.get(row).copied().unwrap_or(f64::NAN);
            }
            self.raw(&encoded)
        };
        (0..rows).map(raw).collect()
    }
}

impl Calibration {
    fn of(&self, score: f64) -> f64 {
        match self {
            Self::Platt { slope, intercept } => sigmoid(slope * log_odds(score) + intercept),
            Self::Isotonic(points) => interpolate(points, score),
        }
    }

    fn is_sound(&self) -> bool {
        match self {
            Self::Platt { slope, intercept } => {
                slope.is_finite() && *slope > 0.0 && intercept.is_finite()
            }
            Self::Isotonic(points) => {
                let within = |share: f64| (0.0..=1.0).contains(&share);
                !points.is_empty()
                    && points.iter().all(|(score, becomes)| score.is_finite() && within(*becomes))
                    && points.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1)
            }
        }
    }
}

/// Where a score lies on straight lines between points.
fn interpolate(points: &[(f64, f64)], score: f64) -> f64 {
    let place = points.partition_point(|(from, _)| *from <= score);
    match (place.checked_sub(1).and_then(|before| points.get(before)), points.get(place)) {
        (Some(low), Some(high)) => {
            let share = (score - low.0) / (high.0 - low.0);
            // Not beyond the points, whatever the rounding.
            (low.1 + share * (high.1 - low.1)).clamp(low.1, high.1)
        }
        (Some(only), None) | (None, Some(only)) => only.1,
        (None, None) => score,
    }
}

impl Scorer for Model {
    fn features(&self) -> &[Arc<str>] {
        &self.names
    }

    fn score(&self, row: &[Cell]) -> Result<f64> {
        self.finish(self.body.core.raw(&self.body.encoder.encode(&self.names, row)?))
    }

    fn score_all(&self, table: &Table) -> Result<Vec<f64>> {
        let columns = self.body.encoder.encode_all(&self.names, table)?;
        let raw = self.body.core.raw_all(&columns, table.len());
        raw.into_iter().map(|raw| self.finish(raw)).collect()
    }

    fn version(&self) -> &str {
        &self.version
    }
}
