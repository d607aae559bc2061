//! Gradient boosting (Friedman, 2001): trees that each correct what those before them leave.

mod convert;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use forust_ml::constraints::Constraint;
use forust_ml::metric::Metric;
use forust_ml::objective::ObjectiveType;
use forust_ml::sampler::SampleMethod;
use forust_ml::{GradientBooster, Matrix};

use super::encode::{Encoder, Part};
use super::fit::{Target, check};
use super::model::{Body, Core, Link};
use super::trees::{DEEPEST, Ensemble};
use super::{Encoding, Examples, Labels, Model, Trainer};
use crate::error::{Error, ErrorKind, Result};
use crate::seed::Seed;

/// How boosted trees are fitted, of classes (by log loss) or of numbers (by squared error).
///
/// The trees are grown by forust, level by level, from 127 quantiles of each column; what is missing
/// goes to the side where it fits better. By default the fit stops early: a share of the examples,
/// whole people, is held out by chance, and as many trees are kept as do best on it.
///
/// The same examples and seed give the same model on the same machine. The fit takes exponentials
/// from the machine's own library, so a fit on another sort of machine may differ in a last digit;
/// what a fitted model says does not.
///
/// ```
/// use bespoke::scorer::{BoostedParams, Examples, Labels, Scorer, Trend};
/// use bespoke::seed::Seed;
/// use bespoke::table::{ColumnKind, Table, cells};
///
/// let mut table = Table::new([("orders", ColumnKind::Number)])?;
/// for row in 0..400 {
///     table.push(&cells([f64::from(row % 20)]))?;
/// }
/// let spend = Labels::Numbers((0..400).map(|row| 30.0 * f64::from(row % 20)).collect());
/// let params = BoostedParams::new(Seed::new(7)).monotone("orders", Trend::Rising);
/// let model = params.fit(&Examples::new(table, spend)?)?;
/// assert!((model.score(&cells([10.0]))? - 300.0).abs() < 30.0);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BoostedParams {
    encoding: Encoding,
    rounds: usize,
    learning_rate: f64,
    depth: usize,
    leaves: usize,
    min_leaf: f64,
    penalty: f64,
    sample: f64,
    held_out: f64,
    patience: usize,
    monotone: BTreeMap<Arc<str>, Trend>,
    seed: Seed,
}

/// In which direction a score may change as a feature grows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Trend {
    /// More of the feature never makes the score more.
    Falling,
    /// More of the feature never makes the score less.
    Rising,
}

/// Into how many bins a column is parted: twice as many find no better questions on tables of up to
/// 100,000 rows, and take a fifth more time.
const BINS: u16 = 127;

impl BoostedParams {
    /// Up to 150 trees at a learning rate of 0.1, five questions deep, with about 20 rows or more at
    /// each end and a penalty of 10, of every row; a tenth of the people is held out, and the fit
    /// stops when 20 more trees did no better on them.
    ///
    /// The rate is what gradient boosting is mostly used at: a lower one takes more trees for little.
    /// Of five and six questions, of penalties of 1 and 10, these did better or as well on tables of
    /// 5,000 to 50,000 rows. More trees seldom pay there.
    pub const fn new(seed: Seed) -> Self {
        Self {
            encoding: Encoding::trees(),
            rounds: 150,
            learning_rate: 0.1,
            depth: 5,
            leaves: usize::MAX,
            min_leaf: 20.0,
            penalty: 10.0,
            sample: 1.0,
            held_out: 0.1,
            patience: 20,
            monotone: BTreeMap::new(),
            seed,
        }
    }

    /// The same with so many trees at most.
    #[must_use]
    pub fn rounds(self, rounds: usize) -> Self {
        Self { rounds, ..self }
    }

    /// The same with trees that each count so much: the less, the more of them it takes, and the
    /// better they do together.
    #[must_use]
    pub fn learning_rate(self, rate: f64) -> Self {
        Self { learning_rate: rate, ..self }
    }

    /// The same with so many questions at most on the way to an end; beyond 64 is as 64.
    #[must_use]
    pub fn depth(self, depth: usize) -> Self {
        Self { depth, ..self }
    }

    /// The same with so many ends of a tree at most.
    #[must_use]
    pub fn leaves(self, leaves: usize) -> Self {
        Self { leaves, ..self }
    }

    /// The same with so many rows or about so many at each end: of classes, as much as so many rows
    /// have to say before there is any tree; the surer a row is, the less it has to say.
    #[must_use]
    pub fn min_leaf(self, rows: usize) -> Self {
        Self { min_leaf: rows as f64, ..self }
    }

    /// The same with another penalty on the squares of what ends add.
    #[must_use]
    pub fn penalty(self, penalty: f64) -> Self {
        Self { penalty, ..self }
    }

    /// The same with each tree learning from such a share of the rows, drawn by chance.
    #[must_use]
    pub fn sample(self, share: f64) -> Self {
        Self { sample: share, ..self }
    }

    /// The same with such a share of people held out, and as many trees kept as do best on them,
    /// which is known once so many more did no better. A share of 0 makes all trees and keeps them.
    #[must_use]
    pub fn early_stopping(self, share: f64, patience: usize) -> Self {
        Self { held_out: share, patience, ..self }
    }

    /// The same, with a score that follows a feature of numbers in one direction only.
    #[must_use]
    pub fn monotone(mut self, feature: impl Into<Arc<str>>, trend: Trend) -> Self {
        self.monotone.insert(feature.into(), trend);
        self
    }

    /// The same with other preparations of the features.
    #[must_use]
    pub fn encoding(self, encoding: Encoding) -> Self {
        Self { encoding, ..self }
    }

    /// Fits a model to examples. Their order makes no difference to any bit of it.
    ///
    /// Where so few examples are held out that it happened to none of them, or to all, the fit does
    /// not stop early.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for no examples, one class only, an infinite figure, parameters that
    /// cannot be, a direction for what is no feature of numbers, and labels so large that trees of
    /// them overflow.
    pub fn fit(&self, examples: &Examples) -> Result<Model> {
        self.check()?;
        let examples = examples.ordered();
        check(&examples)?;
        let (encoder, design) = self.encoding.fit(&examples)?;
        let (positive, link) = match examples.labels() {
            Labels::Classes { positive, .. } => (Some(Arc::clone(positive)), Link::Logistic),
            Labels::Numbers(_) => (None, Link::Identity),
        };
        let trends = self.trends(examples.features(), &encoder)?;
        let trees = self.boost(&examples, &design, &trends)?;
        Model::new(Body {
            positive,
            link,
            features: examples.features().to_vec(),
            encoder,
            core: Core::Trees(trees),
            calibration: Vec::new(),
        })
    }

    fn check(&self) -> Result<()> {
        let share = |share: f64| share > 0.0 && share <= 1.0;
        let sound = self.rounds > 0
            && share(self.learning_rate)
            && share(self.sample)
            && (0.0..1.0).contains(&self.held_out)
            && self.penalty >= 0.0
            && single(self.penalty).is_finite()
            && self.leaves > 1
            && self.min_leaf > 0.0;
        if sound { Ok(()) } else { Err(fault("there are no such boosted trees to be fitted")) }
    }

    /// In which direction the score follows each column that it follows in one.
    fn trends(&self, names: &[Arc<str>], encoder: &Encoder) -> Result<BTreeMap<usize, Trend>> {
        let known = |name: &Arc<str>| names.iter().any(|known| known == name);
        if let Some(name) = self.monotone.keys().find(|name| !known(name)) {
            return Err(fault(format!("there is no feature `{name}` for a score to follow")));
        }
        let (mut trends, mut at) = (BTreeMap::new(), 0);
        for (name, part) in names.iter().zip(&encoder.parts) {
            if let Some(trend) = self.monotone.get(name) {
                if !matches!(part, Part::Number(_)) {
                    let detail = format!("the feature `{name}` has no direction: it is no number");
                    return Err(fault(detail));
                }
                trends.insert(at, *trend);
            }
            at += part.width();
        }
        Ok(trends)
    }

    fn boost(
        &self,
        examples: &Examples,
        design: &[Vec<f64>],
        trends: &BTreeMap<usize, Trend>,
    ) -> Result<Ensemble> {
        let target = Target::of(examples.labels());
        // Columns in which rows differ.
        let differ = design.iter().enumerate().filter(|(_, values)| varies(values));
        let varying: Vec<usize> = differ.map(|(at, _)| at).collect();
        let mut booster = self.booster(examples.labels(), &target);
        booster.monotone_constraints = Some(constraints(&varying, trends));
        let (learnt, held_out) = self.split(examples);
        let rows = Rows::of(design, &varying, &target.labels, &learnt);
        let others = Rows::of(design, &varying, &target.labels, &held_out);
        let weights = (vec![1.0; learnt.len()], vec![1.0; held_out.len()]);
        let evaluated = (others.matrix(), &others.labels[..], &weights.1[..]);
        let evaluated = (!held_out.is_empty()).then(|| vec![evaluated]);
        if !varying.is_empty() {
            let fitted = booster.fit(&rows.matrix(), &rows.labels, &weights.0, evaluated);
            fitted.map_err(|error| fault(format!("the fit failed: {error}")))?;
        }
        Ok(convert::trees(&booster, &varying, trends, &target, design.len()))
    }

    fn booster(&self, labels: &Labels, target: &Target) -> GradientBooster {
        let count = target.labels.len() as f64;
        let mean = target.labels.iter().sum::<f64>() / count;
        // What a row has to say, which is less the surer it is.
        let (objective, metric, base, says) = match labels {
            Labels::Classes { .. } => {
                let base = super::model::log_odds(mean);
                (ObjectiveType::LogLoss, Metric::LogLoss, base, mean * (1.0 - mean))
            }
            Labels::Numbers(_) => {
                (ObjectiveType::SquaredLoss, Metric::RootMeanSquaredError, 0.0, 1.0)
            }
        };
        let sampling = if self.sample < 1.0 { SampleMethod::Random } else { SampleMethod::None };
        GradientBooster::default()
            .set_objective_type(objective)
            .set_evaluation_metric(Some(metric))
            .set_early_stopping_rounds(Some(self.patience))
            .set_initialize_base_score(false)
            .set_base_score(base)
            .set_iterations(self.rounds)
            .set_learning_rate(single(self.learning_rate))
            .set_max_depth(self.depth.min(DEEPEST))
            .set_max_leaves(self.leaves)
            .set_min_leaf_weight(single(self.min_leaf * says))
            .set_l2(single(self.penalty))
            .set_sample_method(sampling)
            .set_subsample(single(self.sample))
            .set_seed(self.seed.fork("sample").draws().bits())
            .set_nbins(BINS)
            .set_tiled_histograms(true)
            .set_parallel(false)
    }

    /// Which rows are learnt from, and which are held out to see when to stop.
    fn split(&self, examples: &Examples) -> (Vec<usize>, Vec<usize>) {
        let mut draws = self.seed.fork("held out").draws();
        let mut people = BTreeMap::new();
        let (mut learnt, mut held_out) = (Vec::new(), Vec::new());
        for (row, group) in examples.groups().iter().enumerate() {
            let held = people.entry(*group).or_insert_with(|| draws.chance(self.held_out));
            if *held { held_out.push(row) } else { learnt.push(row) }
        }
        if tells_apart(examples, &learnt) && tells_apart(examples, &held_out) {
            return (learnt, held_out);
        }
        ((0..examples.len()).collect(), Vec::new())
    }
}

/// Whether among rows are some to whom it happened, and others; of numbers, whether there are any.
fn tells_apart(examples: &Examples, rows: &[usize]) -> bool {
    let Labels::Classes { labels, .. } = examples.labels() else { return !rows.is_empty() };
    let happened = |wanted| rows.iter().any(|row| labels.get(*row) == Some(&wanted));
    happened(true) && happened(false)
}

fn varies(values: &[f64]) -> bool {
    let known = |value: f64| (!value.is_nan()).then_some(value);
    let first = values.first().copied().and_then(known);
    values.iter().any(|value| known(*value) != first)
}

fn constraints(varying: &[usize], trends: &BTreeMap<usize, Trend>) -> HashMap<usize, Constraint> {
    let of = |(place, column)| {
        let constraint = match trends.get(column)? {
            Trend::Falling => Constraint::Negative,
            Trend::Rising => Constraint::Positive,
        };
        Some((place, constraint))
    };
    varying.iter().enumerate().filter_map(of).collect()
}

/// A number as forust takes it.
#[expect(clippy::cast_possible_truncation, reason = "forust reckons with single precision")]
const fn single(number: f64) -> f32 {
    number as f32
}

/// Some rows as forust takes them.
struct Rows {
    /// Column after column.
    values: Vec<f64>,
    columns: usize,
    labels: Vec<f64>,
}

impl Rows {
    fn of(design: &[Vec<f64>], columns: &[usize], labels: &[f64], rows: &[usize]) -> Self {
        let some = |all: &[f64]| -> Vec<f64> {
            rows.iter().filter_map(|row| all.get(*row).copied()).collect()
        };
        let columns: Vec<_> = columns.iter().filter_map(|column| design.get(*column)).collect();
        let values = columns.iter().flat_map(|column| some(column)).collect();
        Self { values, columns: columns.len(), labels: some(labels) }
    }

    fn matrix(&self) -> Matrix<'_, f64> {
        Matrix::new(&self.values, self.labels.len(), self.columns)
    }
}

fn fault(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Model, detail)
}

impl Trainer for BoostedParams {
    type Scorer = Model;

    fn train(&self, examples: &Examples) -> Result<Model> {
        self.fit(examples)
    }
}
