//! Sampling the past without looking ahead, and judging what was learnt from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::model::{log_odds, sigmoid};
use super::sample::{Keyed, Sample};
use super::{CheckedScore, Examples, Labels, Model, Scorer, Trainer};
use crate::error::{Error, ErrorKind, Result};
use crate::facts::Timeline;
use crate::id::ProfileId;
use crate::seed::Seed;
use crate::stats::{Band, Forecast, Histogram, Point, nice_edges};
use crate::time::Timestamp;

/// Gathers the examples of a [`Score`](super::Score) from one person after the other.
///
/// Of each person it takes one row for each training snapshot and one for the evaluation, where
/// the score is asked of them then: features as known at the snapshot, the label as known a horizon
/// later. So the features and labels that are trained on are all known when the evaluation's
/// features are taken, the evaluation's labels are known at `now`, and nothing that happens or
/// becomes known after `now` is read.
///
/// Memory is bounded: of each of the two sets at most [`Sampler::LIMIT`] rows are kept, chosen by
/// seed, person and snapshot, whatever the order of people; of a person nothing else is kept.
///
/// ```
/// use bespoke::event::Event;
/// use bespoke::expr::Names;
/// use bespoke::facts::Timeline;
/// use bespoke::schema::Schema;
/// use bespoke::scorer::{Score, Sampler};
/// use bespoke::seed::Seed;
/// use bespoke::time::Duration;
///
/// let none: [(&str, bespoke::value::Kind); 0] = [];
/// let schema = Schema::new().event("Order Completed", none);
/// let orders = r#"count("Order Completed" over 90 days)"#;
/// let churn = Score::new(format!("{orders} > 0"), format!("{orders} = 0"), Duration::days(90))
///     .feature("recency", r#"now() - last("Order Completed")"#)
///     .check("churn", &Names::new(schema.clone()))?;
///
/// let order = Event::track("p-1", "Order Completed", "2025-09-10T12:00:00Z".parse()?);
/// let timeline = Timeline::of([order], &schema);
/// let mut sampler = Sampler::new(&churn, "2026-03-01T09:00:00Z".parse()?, Seed::new(1));
/// sampler.observe(&"p-1".into(), &timeline);
/// // 180 days ago they had not bought yet; 90 days ago they had, and were to buy no more.
/// assert_eq!(sampler.training().len(), 0);
/// assert_eq!(sampler.evaluation().positives(), 1);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Sampler {
    score: CheckedScore,
    now: Timestamp,
    seed: Seed,
    limit: usize,
    training: Sample,
    evaluation: Sample,
}

/// How good a model is, measured on people it was not fitted to: the evaluation snapshot is later
/// than every label that was trained on.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Evaluation {
    /// The score's name.
    pub score: Arc<str>,
    /// The definition's [`digest`](CheckedScore::digest).
    pub definition: Arc<str>,
    /// The model's [`version`](Scorer::version).
    pub model: Arc<str>,
    /// The instant at which all of this was known.
    pub now: Timestamp,
    /// The snapshot whose features were scored.
    pub at: Timestamp,
    /// The instant whose labels they were compared with.
    pub labelled: Timestamp,
    /// What there was to train on, from the earliest snapshot to the latest.
    pub training: Vec<Snapshot>,
    /// How many people were scored.
    pub count: usize,
    /// To how many of them it happened.
    pub positives: usize,
    /// The share of them.
    pub base_rate: f64,
    /// The mean score.
    pub forecast: f64,
    /// How likely one to whom it happened has a higher score than one to whom it did not; `None`
    /// where there are none of either.
    pub auc: Option<f64>,
    /// Between which values that lies, at 95 % (see
    /// [`Ranking::auc_interval`](crate::stats::Ranking::auc_interval)).
    #[serde(default)]
    pub auc_interval: Option<(f64, f64)>,
    /// The mean square error of the scores.
    pub brier: f64,
    /// The same if everybody's score were the base rate, which was not known then.
    pub base_brier: f64,
    /// The mean of `-ln` of the probability given to what came.
    pub log_loss: f64,
    /// How far scores are from what came of them, on average over the bands of `calibration`.
    pub calibration_error: f64,
    /// What came of scores in ten bands of about equal count.
    pub calibration: Vec<Band>,
    /// The ROC curve, thinned to a hundred points or so.
    pub roc: Vec<Point>,
    /// How the scores are spread.
    pub scores: Histogram,
    /// What is to be doubted, in sentences.
    pub warnings: Vec<String>,
}

/// What a training snapshot gave.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Snapshot {
    /// The instant whose features were taken.
    pub at: Timestamp,
    /// The instant whose labels they came with.
    pub labelled: Timestamp,
    /// How many people's rows were learnt from.
    pub count: usize,
    /// To how many of them it happened.
    pub positives: usize,
}

impl Sampler {
    /// The rows that are kept of each set by default: enough for a model of some dozens of weights,
    /// and some 30 MB of twenty features.
    pub const LIMIT: usize = 200_000;

    /// A sampler that has seen nobody yet.
    pub fn new(score: &CheckedScore, now: Timestamp, seed: Seed) -> Self {
        let seed = seed.fork("scorer").fork(score.name());
        let (training, evaluation) = (Sample::new(), Sample::new());
        Self { score: score.clone(), now, seed, limit: Self::LIMIT, training, evaluation }
    }

    /// The same sampler, keeping so many rows of each set.
    #[must_use]
    pub fn limit(self, rows: usize) -> Self {
        Self { limit: rows, ..self }
    }

    /// The score's name.
    pub fn name(&self) -> &Arc<str> {
        self.score.name()
    }

    /// Takes a person's rows. Each person is to be shown once.
    pub fn observe(&mut self, person: &ProfileId, timeline: &Timeline) {
        let (definition, own) = (self.score.score(), self.seed.fork(person.as_str()));
        let training = definition.training.iter().map(|ago| (*ago, false));
        for (ago, evaluates) in training.chain([(definition.evaluation, true)]) {
            let snapshot = self.now.minus(ago);
            let Some(example) = self.score.example(timeline, snapshot) else { continue };
            let (row, label) = example;
            let key = own.fork(&snapshot.micros().to_string()).draws().bits();
            let group = own.draws().bits();
            let sample = if evaluates { &mut self.evaluation } else { &mut self.training };
            sample.offer(Keyed { key, group, snapshot, label, row: row.into() }, self.limit);
        }
    }

    /// What there is to learn from so far.
    pub fn training(&self) -> Examples {
        self.examples(&self.training)
    }

    /// What there is to judge by so far.
    pub fn evaluation(&self) -> Examples {
        self.examples(&self.evaluation)
    }

    fn examples(&self, sample: &Sample) -> Examples {
        sample.examples(self.score.table(), self.score.score().target, self.score.name())
    }

    /// Judges a scorer, be it the one that was fitted here or the host's own, by the evaluation
    /// snapshot.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] where the score was asked of nobody at the evaluation snapshot, for a
    /// scorer of other features, and for one whose score is no probability.
    pub fn judge(&self, scorer: &dyn Scorer) -> Result<Evaluation> {
        let within = |error: Error| error.within(format!("score `{}`", self.score.name()));
        self.score.fits(scorer)?;
        let forecast = self.forecast(scorer).map_err(within)?;
        let at = self.now.minus(self.score.score().evaluation);
        let mut evaluation = Evaluation {
            score: Arc::clone(self.score.name()),
            definition: self.score.digest().into(),
            model: scorer.version().into(),
            now: self.now,
            at,
            labelled: at.plus(self.score.score().horizon),
            training: self.snapshots(),
            count: forecast.len(),
            positives: forecast.positives(),
            base_rate: forecast.base_rate(),
            forecast: forecast.mean(),
            auc: forecast.auc(),
            auc_interval: forecast.auc_interval(),
            brier: forecast.brier(),
            base_brier: forecast.base_brier(),
            log_loss: forecast.log_loss(),
            calibration_error: forecast.calibration_error(BANDS),
            calibration: forecast.calibration(BANDS),
            roc: thin(&forecast.roc().unwrap_or_default()),
            scores: Histogram::new(nice_edges(0.0, 1.0, 2 * BANDS)?, forecast.scores())?,
            warnings: Vec::new(),
        };
        evaluation.warnings = self.doubts(&evaluation);
        Ok(evaluation)
    }

    fn forecast(&self, scorer: &dyn Scorer) -> Result<Forecast> {
        let examples = self.evaluation();
        if examples.is_empty() {
            let at = self.now.minus(self.score.score().evaluation);
            let detail = format!("nobody was eligible at the evaluation snapshot, {at}");
            return Err(Error::new(ErrorKind::Model, detail));
        }
        let Labels::Classes { labels, .. } = examples.labels() else {
            return Err(Error::new(ErrorKind::Model, "it is of how much, not of whether"));
        };
        let scores = scorer.score_all(examples.table())?;
        let scored = scores.into_iter().zip(labels.iter().copied());
        Forecast::new(scored).map_err(|error| {
            Error::new(ErrorKind::Model, format!("the model's score: {}", error.detail()))
        })
    }

    fn snapshots(&self) -> Vec<Snapshot> {
        let mut counts: BTreeMap<Timestamp, (usize, usize)> = BTreeMap::new();
        for ago in &self.score.score().training {
            counts.insert(self.now.minus(*ago), (0, 0));
        }
        let training = self.training();
        for (label, at) in training.labels().numbers().iter().zip(training.snapshots()) {
            let (count, positives) = counts.entry(*at).or_default();
            *count += 1;
            *positives += usize::from(*label > 0.0);
        }
        let horizon = self.score.score().horizon;
        let snapshot = |(at, (count, positives)): (Timestamp, (usize, usize))| Snapshot {
            at,
            labelled: at.plus(horizon),
            count,
            positives,
        };
        counts.into_iter().map(snapshot).collect()
    }

    fn doubts(&self, evaluation: &Evaluation) -> Vec<String> {
        let mut doubts = Vec::new();
        let trained = evaluation.training.iter();
        let (count, positives) =
            trained.fold((0, 0), |(c, p), snapshot| (c + snapshot.count, p + snapshot.positives));
        let least = PER_FEATURE * self.score.features().names().len();
        let rare = positives.min(count - positives);
        if rare < least {
            doubts.push(format!(
                "the rarer outcome was seen {rare} times in training; {least} are a rule of thumb"
            ));
        }
        let rare = evaluation.positives.min(evaluation.count - evaluation.positives);
        if rare < ENOUGH {
            doubts.push(format!(
                "the rarer outcome was seen {rare} times in the evaluation, which is too few to tell"
            ));
        }
        if evaluation.brier >= evaluation.base_brier {
            doubts.push("the scores are no better than the base rate for everybody".to_owned());
        }
        let (forecast, base) = (evaluation.forecast, evaluation.base_rate);
        if (forecast - base).abs() > DRIFT {
            doubts.push(format!(
                "{:.1} % were expected and {:.1} % came: outcomes have shifted since the training",
                forecast * 100.0,
                base * 100.0
            ));
        }
        for (sample, what) in [(&self.training, "training"), (&self.evaluation, "evaluation")] {
            if sample.seen > self.limit {
                let seen = sample.seen;
                doubts
                    .push(format!("of {seen} rows for {what} a sample of {} was kept", self.limit));
            }
        }
        doubts
    }
}

/// Into how many bands scores are put to compare them with what came.
const BANDS: usize = 10;

/// How many of the rarer outcome each feature needs, by a rule of thumb for logistic regression
/// (Peduzzi and others, 1996).
const PER_FEATURE: usize = 10;

/// Of fewer than so many, the standard error of an AUC is some 0.03 or more.
const ENOUGH: usize = 100;

/// A difference between what was expected and what came that a mailing would notice.
const DRIFT: f64 = 0.05;

/// How many points of a curve a picture needs.
const POINTS: usize = 100;

/// Every so-manieth point, the first and the last among them.
fn thin(points: &[Point]) -> Vec<Point> {
    let step = points.len().div_ceil(POINTS).max(1);
    let last = points.len().saturating_sub(1);
    let kept = points.iter().enumerate().filter(|(at, _)| at % step == 0 || *at == last);
    kept.map(|(_, point)| *point).collect()
}

/// How many of either outcome a snapshot needs to set the level: the share is then known to some
/// five points.
const LEVELLED: usize = 100;

/// Moves the intercept to the level of the latest snapshot.
fn level(model: Model, examples: &Examples) -> Result<Model> {
    let Some(latest) = examples.snapshots().iter().max() else { return Ok(model) };
    let rows = examples.snapshots().iter().enumerate().filter(|(_, at)| *at == latest);
    let latest = examples.select(&rows.map(|(row, _)| row).collect::<Vec<_>>());
    let scores = model.score_all(latest.table())?;
    let odds: Vec<f64> = scores.into_iter().map(log_odds).collect();
    let positives = latest.positives();
    if positives.min(odds.len() - positives) < LEVELLED {
        return Ok(model);
    }
    // What is expected only grows with the shift, so halving finds where it is what came.
    let expected = |shift: f64| odds.iter().map(|odds| sigmoid(odds + shift)).sum::<f64>();
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

impl Sampler {
    /// Fits a model to what was gathered for training, and judges it by what was gathered for the
    /// evaluation.
    ///
    /// How often it happens moves with the season more than who it happens to does. So the level of
    /// a probability is then moved until the mean score of the latest training snapshot is the share
    /// to which it happened; order is not touched. A snapshot with fewer than a hundred of either
    /// outcome moves nothing.
    ///
    /// # Errors
    ///
    /// As [`Trainer::train`] and [`Sampler::judge`], naming the score.
    pub fn finish<T>(self, trainer: &T) -> Result<Trained>
    where
        T: Trainer<Scorer = Model> + ?Sized,
    {
        let training = self.training();
        let scorer = trainer.train(&training).and_then(|model| level(model, &training));
        let scorer = scorer.map_err(|error| error.within(format!("score `{}`", self.name())))?;
        let mut evaluation = self.judge(&scorer)?;
        for (name, _) in scorer.importance().iter().filter(|(_, share)| *share <= 0.0) {
            let doubt = format!("the feature `{name}` was the same for everybody and is left out");
            evaluation.warnings.push(doubt);
        }
        Ok(Trained { scorer, evaluation })
    }
}

/// A model and how good it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Trained {
    /// The model, to be saved and to be served.
    pub scorer: Model,
    /// How good it is.
    pub evaluation: Evaluation,
}
