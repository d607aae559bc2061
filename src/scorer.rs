//! Scores: what is likely, learnt from what happened, without looking ahead.
//!
//! A [`Score`] is a definition like any other: features that are metrics, a rule that says of whom
//! it is asked, a rule that says what came of it, and how long it takes to know. Since a metric at
//! a past instant is the same function with an earlier `now`, features are point in time by
//! construction: a row of a training set is what would have been computed on that day.
//!
//! A [`Scorer`] turns a row of features into a number. Serving needs nothing but the saved model;
//! fitting is behind the feature `learn`. A score is written back as a trait, told by an event that
//! names the model, and rules read the trait: evaluating a rule never runs a model.

//!
//! ```
//! use bespoke::expr::Names;
//! use bespoke::schema::Schema;
//! use bespoke::scorer::Score;
//! use bespoke::time::Duration;
//!
//! let none: [(&str, bespoke::value::Kind); 0] = [];
//! let names = Names::new(Schema::new().event("Order Completed", none));
//! // Of those who bought within 90 days: who will not buy for the 90 days to come?
//! let churn = Score::new(
//!     r#"count("Order Completed" over 90 days) > 0"#,
//!     r#"count("Order Completed" over 90 days) = 0"#,
//!     Duration::days(90),
//! )
//! .feature("recency", r#"now() - last("Order Completed")"#)
//! .feature("frequency", r#"count("Order Completed" over 365 days)"#);
//! let churn = churn.check("churn", &names)?;
//! assert_eq!(churn.features().names().len(), 2);
//! # Ok::<(), bespoke::Error>(())
//! ```
//!
//! # Forecasts
//!
//! Other questions are other outcomes, asked at the end of the horizon; a window as long as the horizon
//! holds what came since the snapshot:
//!
//! | what | outcome |
//! | --- | --- |
//! | purchase within 30 days | `count("Order Completed" over 30 days) > 0` |
//! | spend in the next 12 weeks | [`amount`](Score::amount): `sum("Order Completed".revenue over 12 weeks)` |
//! | days to the next purchase | [`amount`](Score::amount): `first("Order Completed" over 90 days) - now() + INTERVAL '90 days'`, of those who make one |
//! | category of the next purchase | for each: `first("Order Completed".category over 30 days) = 'books'` |
//! | response to mail | `count("Email Link Clicked" over 7 days) > 0` |

mod calibrate;
#[cfg(feature = "learn")]
mod boosted;
mod definition;
mod encode;
mod examples;
#[cfg(feature = "learn")]
mod fit;
#[cfg(feature = "learn")]
mod forest;
#[cfg(feature = "learn")]
mod linear;
mod model;
mod refresh;
mod sample;
mod sampler;
mod saved;
mod trees;
mod validate;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

#[cfg(feature = "learn")]
pub use boosted::{BoostedParams, Trend};
pub use calibrate::{Calibrated, CalibrationMethod};
pub(crate) use definition::digest;
pub use definition::{CheckedScore, Outcome};
pub use examples::{Examples, Labels};
#[cfg(feature = "learn")]
pub use fit::Encoding;
#[cfg(feature = "learn")]
pub use forest::ForestParams;
#[cfg(feature = "learn")]
pub use linear::{LinearParams, LogisticParams};
pub use model::{Calibration, Contributions, Model};
pub use refresh::{Due, Refresh};
pub use sampler::{Evaluation, Sampler, Snapshot, Trained};
pub use validate::{Fitting, Folds, Loss, Tuned, cross_validate, tune};

use crate::error::Result;
use crate::table::{Cell, Table};
use crate::time::Duration;

/// What is to be predicted, of whom, and from what.
///
/// The labels of an instant `s` are known `horizon` later. So, at `now`, the model is evaluated at
/// `now - evaluation` (by default the horizon itself, whose labels have just become known) and
/// fitted at instants so much earlier that their labels were known by then.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Score {
    /// The features by name, each a metric; evaluated at the snapshot. A length of time counts in
    /// days, a truth value as 0 or 1.
    pub features: Vec<(Arc<str>, String)>,
    /// The rule that must be true at the snapshot for a person to be asked about.
    pub eligible: String,
    /// What is asked `horizon` after the snapshot: the rule that is true of those to whom it
    /// happened, or the metric of how much came of it.
    pub outcome: String,
    /// Whether the outcome is a rule or a metric.
    #[serde(default, skip_serializing_if = "Target::is_class")]
    pub target: Target,
    /// How long after a snapshot its outcome is known.
    pub horizon: Duration,
    /// How long before `now` the evaluation snapshot is taken; at least `horizon`.
    pub evaluation: Duration,
    /// How long before `now` training snapshots are taken; each at least `evaluation + horizon`.
    pub training: Vec<Duration>,
    /// When a person's score is worked out anew.
    #[serde(default)]
    pub refresh: Refresh,
}

/// What sort of outcome a score predicts.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Target {
    /// Whether it happens: the outcome is a rule, the score a probability.
    #[default]
    Class,
    /// How much comes of it: the outcome is a metric, a length of time counting in days. Of whom
    /// it is NULL there is no example.
    Number,
}

impl Target {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    const fn is_class(&self) -> bool {
        matches!(self, Self::Class)
    }
}

impl Score {
    /// How far training snapshots are apart by default: a month lets different seasons in, and
    /// makes rows of the same person differ.
    const APART: Duration = Duration::days(30);

    /// How many training snapshots there are by default: half a year of them.
    const SNAPSHOTS: usize = 7;

    /// A score without features yet, evaluated as soon as labels are known.
    ///
    /// It is trained on seven snapshots 30 days apart, the last of which is `2 × horizon` ago. One
    /// from before there were any facts has no rows and does no harm.
    pub fn new(eligible: impl Into<String>, outcome: impl Into<String>, horizon: Duration) -> Self {
        let score = Self {
            features: Vec::new(),
            eligible: eligible.into(),
            outcome: outcome.into(),
            target: Target::Class,
            horizon,
            evaluation: Duration::ZERO,
            training: Vec::new(),
            refresh: Refresh::new(),
        };
        score.evaluation(horizon)
    }

    /// The same score, of how much comes of it: the outcome is a metric, asked `horizon` after the
    /// snapshot.
    ///
    /// A sum over as long as the horizon is what came since the snapshot:
    /// `sum("Order Completed".revenue over 30 days)`.
    #[must_use]
    pub fn amount(self) -> Self {
        Self { target: Target::Number, ..self }
    }

    /// The same score with one more feature.
    #[must_use]
    pub fn feature(mut self, name: impl Into<Arc<str>>, metric: impl Into<String>) -> Self {
        self.features.push((name.into(), metric.into()));
        self
    }

    /// The same score, evaluated so long before `now` and trained on the seven snapshots that are
    /// possible then.
    #[must_use]
    pub fn evaluation(self, ago: Duration) -> Self {
        let apart = |micros: i64| Some(micros.saturating_add(Self::APART.micros()));
        let last = ago.micros().saturating_add(self.horizon.micros());
        let training = std::iter::successors(Some(last), |micros| apart(*micros));
        let training = training.take(Self::SNAPSHOTS).map(Duration::from_micros).collect();
        Self { evaluation: ago, training, ..self }
    }

    /// The same score, worked out anew when this says so.
    #[must_use]
    pub fn refresh(self, refresh: Refresh) -> Self {
        Self { refresh, ..self }
    }

    /// The same score, trained on snapshots so long before `now`.
    #[must_use]
    pub fn training(self, ago: impl IntoIterator<Item = Duration>) -> Self {
        Self { training: ago.into_iter().collect(), ..self }
    }
}

/// Turns features into a score.
///
/// # Contract
/// The same features give the same score, bit for bit. Features come in the order of
/// [`features`](Scorer::features), missing where nothing is known; a scorer says what it makes of
/// that. A probability lies between 0 and 1.
///
/// # Errors
/// [`ErrorKind::Model`](crate::error::ErrorKind::Model) for a row of another length, and for a text
/// where a number was learnt from or a number where a text was.
///
/// # Implementing
/// Hold no state that a call changes. `version` names the model and what it was learnt from: a hash
/// of its saved form will do. [`score_all`](Scorer::score_all) may be faster by columns; its scores
/// are those of [`score`](Scorer::score), bit for bit.
pub trait Scorer: fmt::Debug + Send + Sync {
    /// The features' names, in the order of a row.
    fn features(&self) -> &[Arc<str>];

    /// The score of a row.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn score(&self, row: &[Cell]) -> Result<f64>;

    /// The scores of a table's rows.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn score_all(&self, table: &Table) -> Result<Vec<f64>> {
        table.rows().map(|row| self.score(&row)).collect()
    }

    /// Which model this is.
    fn version(&self) -> &str;
}

/// Fits models: parameters that make a [`Scorer`] of examples.
///
/// # Contract
/// The same examples give the same model, bit for bit, in whatever order they come; randomness comes
/// from a seed among the parameters. What is fitted, the preparation of features included, follows
/// from these examples alone.
///
/// # Errors
/// [`ErrorKind::Model`](crate::error::ErrorKind::Model) for what cannot be learnt from: no examples,
/// one class only, labels of a sort that it does not predict.
///
/// # Implementing
/// `testing::scorer::trains` (feature `testing`) runs the contract.
pub trait Trainer: fmt::Debug + Send + Sync {
    /// What is fitted.
    type Scorer: Scorer;

    /// Fits a model.
    ///
    /// # Errors
    ///
    /// As the trait says.
    fn train(&self, examples: &Examples) -> Result<Self::Scorer>;
}
