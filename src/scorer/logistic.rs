//! Logistic regression: served by a dozen lines, saved as JSON.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Scorer;
use super::definition::digest;
use super::examples::fits;
use crate::error::{Error, ErrorKind, Result};

/// A fitted logistic regression with the preparation of its features.
///
/// Each feature is filled in where it is unknown, kept within the range that was learnt from,
/// flattened by a logarithm where its values were skewed, and standardised; the weighted sum of
/// them all is the log-odds of the outcome.
///
/// It is saved as JSON; the numbers come back bit for bit.
///
/// ```
/// use bespoke::scorer::{Logistic, Scorer};
///
/// let model = Logistic::from_json(
///     r#"{"format": "bespoke/logistic", "version": 1, "intercept": -1.0, "features": [
///         {"name": "recency", "log": false, "low": 0.0, "high": 300.0, "mean": 50.0,
///          "deviation": 25.0, "weight": 2.0, "fill": 40.0, "unknown": 0.5}]}"#,
/// )?;
/// assert_eq!(model.score(&[62.5])?, 0.5);
/// assert_eq!(Logistic::from_json(&model.to_json())?, model);
/// let why = model.contributions(&[75.0])?;
/// assert_eq!((&*why[0].0, why[0].1), ("recency", 2.0));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    names: Arc<[Arc<str>]>,
    terms: Vec<Term>,
    intercept: f64,
    version: Arc<str>,
}

/// What is made of a feature.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Term {
    pub(super) name: Arc<str>,
    /// Whether the logarithm of it counts, sign and all: `sign(x) ln(1 + |x|)`.
    pub(super) log: bool,
    /// The least that was learnt from; what is less counts as this.
    pub(super) low: f64,
    /// The greatest, likewise.
    pub(super) high: f64,
    /// The mean and the deviation, after the logarithm.
    pub(super) mean: f64,
    pub(super) deviation: f64,
    /// The log-odds for one deviation above the mean.
    pub(super) weight: f64,
    /// What it counts as where it is unknown.
    pub(super) fill: f64,
    /// The log-odds for being unknown.
    pub(super) unknown: f64,
}

impl Term {
    /// A known value as it is weighed, before it is standardised.
    pub(super) fn prepare(&self, value: f64) -> f64 {
        let value = if value.is_nan() { self.fill } else { value };
        // Not `clamp`, which panics on bounds that are not in order.
        let value = value.max(self.low).min(self.high);
        if self.log { flatten(value) } else { value }
    }

    fn contribution(&self, value: f64) -> f64 {
        let standard = (self.prepare(value) - self.mean) / self.deviation;
        self.weight * standard + if value.is_nan() { self.unknown } else { 0.0 }
    }

    fn is_sound(&self) -> bool {
        let numbers =
            [self.low, self.high, self.mean, self.deviation, self.weight, self.fill, self.unknown];
        numbers.iter().all(|number| number.is_finite())
            && self.low <= self.high
            && self.deviation > 0.0
    }
}

/// The logarithm of a magnitude, with its sign.
pub(super) fn flatten(value: f64) -> f64 {
    value.abs().ln_1p().copysign(value)
}

/// A model as it is saved.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    format: String,
    version: u32,
    intercept: f64,
    features: Vec<Term>,
}

/// What must be read before the rest can be.
#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    version: Option<u32>,
}

const FORMAT: &str = "bespoke/logistic";
const VERSION: u32 = 1;

impl Logistic {
    /// A model of these parts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for a number that is not finite, no features, or two of a name.
    pub(super) fn new(terms: Vec<Term>, intercept: f64) -> Result<Self> {
        let unsound = terms.iter().find(|term| !term.is_sound());
        if let Some(Term { name, .. }) = unsound {
            let detail = format!("the model's feature `{name}` has a number that cannot be");
            return Err(Error::new(ErrorKind::Model, detail));
        }
        if !intercept.is_finite() {
            return Err(Error::new(ErrorKind::Model, "the model's intercept is no number"));
        }
        let names: Arc<[Arc<str>]> = terms.iter().map(|term| Arc::clone(&term.name)).collect();
        let twice =
            names.iter().enumerate().any(|(at, name)| names.iter().take(at).any(|n| n == name));
        if names.is_empty() || twice {
            let detail = "a model needs features, each with a name of its own";
            return Err(Error::new(ErrorKind::Model, detail));
        }
        let mut model = Self { names, terms, intercept, version: Arc::default() };
        model.version = digest([&*model.to_json()]);
        Ok(model)
    }

    /// The same model with so many log-odds more for everybody: order stays, the level moves.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] where that is no number.
    pub fn shifted(self, log_odds: f64) -> Result<Self> {
        Self::new(self.terms, self.intercept + log_odds)
    }

    /// The log-odds of a row.
    pub(super) fn log_odds(&self, row: &[f64]) -> Result<f64> {
        fits(row, &self.names)?;
        let terms = self.terms.iter().zip(row);
        let sum: f64 = terms.map(|(term, value)| term.contribution(*value)).sum();
        Ok(self.intercept + sum)
    }

    /// Reads a model that [`Logistic::to_json`] wrote, in this version or an earlier one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] for what is no such model, or one that a newer version wrote;
    /// [`ErrorKind::Model`] for a number that cannot be.
    pub fn from_json(json: &str) -> Result<Self> {
        let fault = |detail: String| Error::new(ErrorKind::Format, detail);
        let unread = |error: serde_json::Error| fault(format!("this is no saved model: {error}"));
        let header: Header = serde_json::from_str(json).map_err(unread)?;
        if header.format.as_deref() != Some(FORMAT) {
            return Err(fault(format!("this is no saved model: its format is not {FORMAT}")));
        }
        match header.version {
            Some(VERSION) => {}
            Some(newer) if newer > VERSION => {
                let detail = format!("the model was saved in version {newer} of its format");
                return Err(fault(format!("{detail}; this crate reads up to {VERSION}")));
            }
            _ => return Err(fault("this is no saved model: it has no version".to_owned())),
        }
        let saved: Saved = serde_json::from_str(json).map_err(unread)?;
        Self::new(saved.features, saved.intercept)
    }

    /// Writes the model as JSON, the same bytes each time.
    pub fn to_json(&self) -> String {
        let saved = Saved {
            format: FORMAT.to_owned(),
            version: VERSION,
            intercept: self.intercept,
            features: self.terms.clone(),
        };
        // Texts and finite numbers: nothing that JSON cannot say.
        serde_json::to_string(&saved).unwrap_or_default()
    }

    /// What each feature of a row adds to the log-odds. With [`Logistic::intercept`] they come to
    /// the log-odds of the score.
    ///
    /// A feature at the mean of what was learnt from adds nothing.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for a row of another length.
    pub fn contributions(&self, row: &[f64]) -> Result<Vec<(Arc<str>, f64)>> {
        fits(row, &self.names)?;
        let terms = self.terms.iter().zip(row);
        Ok(terms.map(|(term, x)| (Arc::clone(&term.name), term.contribution(*x))).collect())
    }

    /// The log-odds of somebody who is at the mean of every feature.
    pub fn intercept(&self) -> f64 {
        self.intercept
    }

    /// The weight of each feature: what one standard deviation more adds to the log-odds. A feature
    /// that was the same for everybody weighs nothing.
    pub fn weights(&self) -> impl Iterator<Item = (&Arc<str>, f64)> {
        self.terms.iter().map(|term| (&term.name, term.weight))
    }
}

impl Scorer for Logistic {
    fn features(&self) -> &[Arc<str>] {
        &self.names
    }

    fn score(&self, row: &[f64]) -> Result<f64> {
        let score = 1.0 / (1.0 + (-self.log_odds(row)?).exp());
        if score.is_nan() {
            // Only numbers that no fit comes to overflow both ways.
            return Err(Error::new(ErrorKind::Model, "the model's numbers are too large"));
        }
        Ok(score)
    }

    fn version(&self) -> &str {
        &self.version
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term() -> Term {
        Term {
            name: "spend".into(),
            log: true,
            low: -10.0,
            high: 1_000.0,
            mean: 2.0,
            deviation: 0.1,
            weight: -0.3,
            fill: 7.0,
            unknown: 0.25,
        }
    }

    #[test]
    fn a_model_comes_back_bit_for_bit() {
        let odd = Term { mean: 0.1 + 0.2, deviation: 5e-324, weight: 1.0 / 3.0, ..term() };
        let second = Term { name: "other".into(), high: f64::MAX, ..term() };
        let model = Logistic::new(vec![odd, second], -1.0 / 7.0).unwrap();
        let back = Logistic::from_json(&model.to_json()).unwrap();
        assert_eq!(back, model);
        assert_eq!(back.version(), model.version());
        assert_eq!(back.to_json(), model.to_json());
    }

    #[test]
    fn what_is_out_of_range_or_unknown_counts_as_the_nearest_or_the_fill() {
        let model = Logistic::new(vec![term()], 0.5).unwrap();
        let of = |value| model.score(&[value]).unwrap();
        assert!(of(1e9).to_bits() == of(1_000.0).to_bits());
        assert!(of(f64::NEG_INFINITY).to_bits() == of(-10.0).to_bits());
        let odds = |p: f64| (p / (1.0 - p)).ln();
        assert!((odds(of(f64::NAN)) - odds(of(7.0)) - 0.25).abs() < 1e-12);
        let why = model.contributions(&[20.0]).unwrap();
        assert!((odds(of(20.0)) - why[0].1 - 0.5).abs() < 1e-12);
        assert!(model.score(&[]).is_err() && model.contributions(&[1.0, 2.0]).is_err());
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let saved = Logistic::new(vec![term()], 0.5).unwrap().to_json();
        for (from, to, kind) in [
            ("\"version\":1", "\"version\":2", ErrorKind::Format),
            ("\"version\":1,", "", ErrorKind::Format),
            ("bespoke/logistic", "bespoke/forest", ErrorKind::Format),
            ("\"intercept\":0.5", "\"intercept\":null", ErrorKind::Format),
            ("\"intercept\":0.5", "\"intercept\":1e999", ErrorKind::Format),
            ("\"log\":true", "\"log\":true,\"more\":1", ErrorKind::Format),
            ("\"deviation\":0.1", "\"deviation\":0.0", ErrorKind::Model),
            ("\"high\":1000.0", "\"high\":-11.0", ErrorKind::Model),
            (&saved, "", ErrorKind::Format),
            (&saved, "[]", ErrorKind::Format),
        ] {
            assert!(saved.contains(from), "{from}");
            let error = Logistic::from_json(&saved.replace(from, to)).unwrap_err();
            assert_eq!(error.kind(), kind, "{to}: {error}");
        }
        let with = |term| Logistic::new(vec![term], 0.0).unwrap_err().kind();
        assert_eq!(with(Term { weight: f64::NAN, ..term() }), ErrorKind::Model);
        assert_eq!(with(Term { fill: f64::INFINITY, ..term() }), ErrorKind::Model);
        assert!(Logistic::new(vec![], 0.0).is_err());
        assert!(Logistic::new(vec![term(), term()], 0.0).is_err());
        assert!(Logistic::new(vec![term()], f64::NAN).is_err());
    }
}
