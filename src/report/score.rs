//! How good a score is.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Bin, Definition, distribution};
use crate::expr::Expr;
use crate::scorer::{CheckedScore, Evaluation};
use crate::segment::Segment;
use crate::stats::Histogram;
use crate::time::Duration;

/// How good a score is, on customers that it was not fitted to.
///
/// ```
/// use bespoke::report::{Report, Score};
/// use bespoke::scorer::{CheckedScore, Evaluation};
/// use bespoke::stats::Histogram;
///
/// fn show(report: &mut Report, score: &CheckedScore, evaluation: &Evaluation, today: &Histogram) {
///     // A scorer without weights, a host's own say, has none to show.
///     report.scores.push(Score::of(score, evaluation, []).today(today));
/// }
/// ```
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Score {
    /// Of whom it is asked.
    pub eligible: Definition,
    /// What it predicts.
    pub outcome: Definition,
    /// Within how long.
    pub horizon: Option<Duration>,
    /// How it did.
    pub evaluation: Evaluation,
    /// The scores of today's customers; empty where they were not asked for.
    #[serde(default)]
    pub today: Vec<Bin>,
    /// What it looks at.
    #[serde(default)]
    pub features: Vec<Feature>,
}

/// What a score looks at, and how much it makes of it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Feature {
    /// The feature and its metric.
    pub definition: Definition,
    /// Its weight on a common scale, where the model has such.
    pub weight: Option<f64>,
}

impl Score {
    /// An evaluation that is shown without the score's definition.
    pub fn new(evaluation: Evaluation) -> Self {
        Self {
            eligible: Definition::default(),
            outcome: Definition::default(),
            horizon: None,
            evaluation,
            today: Vec::new(),
            features: Vec::new(),
        }
    }

    /// A score as it is defined and as it did, with the weights of its features by name, as far as
    /// there are such.
    pub fn of<'a>(
        score: &CheckedScore,
        evaluation: &Evaluation,
        weights: impl IntoIterator<Item = (&'a Arc<str>, f64)>,
    ) -> Self {
        let weights: BTreeMap<&Arc<str>, f64> = weights.into_iter().collect();
        let features = score.score().features.iter().map(|(name, text)| {
            Feature::new(Definition::read(&**name, text), weights.get(name).copied())
        });
        Self {
            eligible: Definition::of("eligible", score.eligible()),
            outcome: Definition::read("outcome", score.outcome().text()),
            horizon: Some(score.score().horizon),
            features: features.collect(),
            ..Self::new(evaluation.clone())
        }
    }

    /// The same with the scores of today's customers.
    #[must_use]
    pub fn today(self, scores: &Histogram) -> Self {
        Self { today: distribution::bins(scores), ..self }
    }
}

impl Feature {
    /// A feature with its weight.
    pub fn new(definition: Definition, weight: Option<f64>) -> Self {
        Self { definition, weight }
    }
}

impl Definition {
    /// A rule or metric under its name, as it was written and in words.
    fn read(name: impl Into<String>, text: &str) -> Self {
        let words = Expr::parse(text).map(|it| it.words()).unwrap_or_default();
        Self::new(name, text, words)
    }

    /// A rule under its name, as it was written and in words.
    pub fn of(name: impl Into<String>, segment: &Segment) -> Self {
        let rule = segment.rule();
        Self::new(name, rule.text(), rule.words())
    }
}
