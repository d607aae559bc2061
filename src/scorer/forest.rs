//! Random forests (Breiman, 2001): trees that differ by chance, and what they say on average.

mod bins;
mod grow;

use std::sync::Arc;

use super::fit::{Target, check};
use super::model::{Body, Core, Link};
use super::trees::{DEEPEST, Ensemble};
use super::{Encoding, Examples, Labels, Model, Trainer};
use crate::error::{Error, ErrorKind, Result};
use crate::seed::Seed;
use bins::Binned;
use grow::Grower;

/// How a random forest is fitted, of classes or of numbers.
///
/// Each tree learns from rows drawn with replacement, and each of its questions is the best about a
/// few columns drawn anew: the one after which the labels on each side differ least (of classes that
/// is Gini's measure). A probability is the mean of what the trees' ends hold, not a count of votes.
///
/// Questions are looked for between up to 255 quantiles of a column. What is missing goes to the
/// side where it fits better, and where nothing was missing to the side with more rows.
///
/// ```
/// use bespoke::scorer::{Examples, ForestParams, Labels, Scorer};
/// use bespoke::seed::Seed;
/// use bespoke::table::{ColumnKind, Table, cells};
///
/// let mut table = Table::new([("recency", ColumnKind::Number)])?;
/// for day in 0..200 {
///     table.push(&cells([f64::from(day)]))?;
/// }
/// let churned = Labels::classes("churned", (0..200).map(|day| day >= 90));
/// let model = ForestParams::new(Seed::new(7)).fit(&Examples::new(table, churned)?)?;
/// assert!(model.score(&cells([30.0]))? < 0.1);
/// assert!(model.score(&cells([150.0]))? > 0.9);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ForestParams {
    encoding: Encoding,
    trees: usize,
    depth: usize,
    min_leaf: usize,
    columns: Option<usize>,
    sample: f64,
    seed: Seed,
}

impl ForestParams {
    /// A hundred trees as deep as 64, with 10 rows or more at each end, of as many rows each as there
    /// are; drawing the root of the number of columns for classes and a third of it for numbers.
    ///
    /// A hundred is where more trees stop to matter by much. Ends of 10 rows make better
    /// probabilities than ends of one, and far smaller trees. The rest is as Breiman has it.
    pub const fn new(seed: Seed) -> Self {
        let encoding = Encoding::trees();
        Self {
            encoding,
            trees: 100,
            depth: DEEPEST,
            min_leaf: 10,
            columns: None,
            sample: 1.0,
            seed,
        }
    }

    /// The same with so many trees.
    #[must_use]
    pub const fn trees(self, trees: usize) -> Self {
        Self { trees, ..self }
    }

    /// The same with so many questions at most on the way to an end; beyond 64 is as 64.
    #[must_use]
    pub const fn depth(self, depth: usize) -> Self {
        Self { depth, ..self }
    }

    /// The same with so many rows or more at each end.
    #[must_use]
    pub const fn min_leaf(self, rows: usize) -> Self {
        Self { min_leaf: rows, ..self }
    }

    /// The same with so many columns drawn for each question; one that is the same for all rows
    /// that come to the question does not count.
    #[must_use]
    pub const fn columns(self, columns: usize) -> Self {
        Self { columns: Some(columns), ..self }
    }

    /// The same with rows drawn for each tree that are such a share of all; with replacement.
    #[must_use]
    pub const fn sample(self, share: f64) -> Self {
        Self { sample: share, ..self }
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
    /// [`ErrorKind::Model`] for no examples, one class only, an infinite figure, and parameters that
    /// cannot be: no trees, ends or columns, or a share that is not above 0 and up to 1.
    pub fn fit(&self, examples: &Examples) -> Result<Model> {
        let sound = self.trees > 0 && self.min_leaf > 0 && self.columns != Some(0);
        if !(sound && self.sample > 0.0 && self.sample <= 1.0) {
            return Err(Error::new(ErrorKind::Model, "there is no such forest to be fitted"));
        }
        let examples = examples.ordered();
        check(&examples)?;
        let (encoder, design) = self.encoding.fit(&examples)?;
        let positive = match examples.labels() {
            Labels::Classes { positive, .. } => Some(Arc::clone(positive)),
            Labels::Numbers(_) => None,
        };
        Model::new(Body {
            positive,
            link: Link::Identity,
            features: examples.features().to_vec(),
            encoder,
            core: Core::Trees(self.grow(&design, examples.labels())),
            calibration: Vec::new(),
        })
    }

    fn grow(&self, design: &[Vec<f64>], labels: &Labels) -> Ensemble {
        let columns: Vec<Binned> = design.iter().map(|values| Binned::of(values)).collect();
        let target = Target::of(labels);
        let drawn = match (self.columns, labels) {
            (Some(columns), _) => columns,
            (None, Labels::Classes { .. }) => columns.len().isqrt(),
            (None, Labels::Numbers(_)) => columns.len() / 3,
        };
        let mut grower = Grower::new(&columns, &target.labels, self.min_leaf as f64);
        grower.depth = self.depth.min(DEEPEST);
        grower.drawn = drawn.max(1);
        grower.share = target.scale / self.trees as f64;
        let rows = share(target.labels.len(), self.sample);
        let tree = |number| {
            let seed = self.seed.fork("tree").fork(&format!("{number}"));
            grower.tree(rows, seed)
        };
        let trees = (0..self.trees).map(tree).collect();
        Ensemble { base: target.centre, gains: grower.gains, trees }
    }
}

/// A share of a number of rows, and one at least.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a number")]
fn share(rows: usize, share: f64) -> usize {
    ((rows as f64 * share).round() as usize).max(1)
}

impl Trainer for ForestParams {
    type Scorer = Model;

    fn train(&self, examples: &Examples) -> Result<Model> {
        self.fit(examples)
    }
}
