//! Decision trees that are added up: how they score, and what each column has to do with it.

mod contributions;
#[cfg(feature = "learn")]
mod grow;
mod saved;

use serde::{Deserialize, Serialize};

#[cfg(feature = "learn")]
pub(super) use grow::Grown;

use crate::error::{Error, ErrorKind, Result};

/// Trees whose values add up to a score.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trees {
    /// The score before any tree has its say.
    pub(super) base: f64,
    /// What the questions about each column gained, in all.
    pub(super) gains: Vec<f64>,
    pub(super) trees: Vec<Tree>,
}

/// A tree, its nodes breadth first: the root, then level by level from the left.
///
/// So the two ends of the `k`th question, counted from 0, are at `2k + 1` and `2k + 2`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "saved::Saved", into = "saved::Saved")]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// How much was learnt from at each node.
    covers: Vec<f64>,
}

/// A question or an end, in 16 bytes: a walk is as fast as nodes come from memory.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    /// What is less goes left; at an end, what is added.
    number: f64,
    /// The column, and in the highest bit whether what is missing goes left.
    column: u32,
    /// Where left is, and right is next to it; 0 at an end.
    left: u32,
}

/// Whether a column is below a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) column: usize,
    pub(super) below: f64,
    /// Whether what is missing counts as below.
    pub(super) missing: bool,
}

/// Deeper than a fit goes: a tree that doubles what it tells apart at each level ends far above.
pub(super) const DEEPEST: usize = 64;

/// How many rows go through a tree before the next tree: the tree then stays in the cache.
const BLOCK: usize = 64;

impl Tree {
    /// Counts at each question what was learnt from at its ends.
    fn cover(&mut self) {
        for (at, node) in self.nodes.iter().enumerate().rev().filter(|(_, node)| node.left > 0) {
            let left = node.left as usize;
            let sum = self.covers.get(left..=left + 1).map(|ends| ends.iter().sum());
            if let Some((cover, sum)) = self.covers.get_mut(at).zip(sum) {
                *cover = sum;
            }
        }
    }

    /// What is added of a row.
    fn value(&self, encoded: &[f64]) -> f64 {
        let mut at = 0;
        while let Some(node) = self.nodes.get(at) {
            if node.left == 0 {
                return node.number;
            }
            at = node.side(encoded);
        }
        0.0
    }

    /// What would be added of everybody that was learnt from, on average.
    fn mean(&self) -> f64 {
        let ends = self.nodes.iter().zip(&self.covers).filter(|(node, _)| node.left == 0);
        let sum: f64 = ends.map(|(node, cover)| node.number * cover).sum();
        self.covers.first().map_or(0.0, |all| sum / all)
    }
}

impl Node {
    const MISSING: u32 = 1 << 31;

    const fn end(value: f64) -> Self {
        Self { number: value, column: 0, left: 0 }
    }

    /// A question whose left is at this place.
    fn question(question: Question, left: usize) -> Self {
        let Question { column, below, missing } = question;
        // Two billion columns or nodes do not fit into memory.
        let column = u32::try_from(column).unwrap_or_default() & !Self::MISSING;
        let missing = if missing { Self::MISSING } else { 0 };
        Self { number: below, column: column | missing, left: u32::try_from(left).unwrap_or(0) }
    }

    const fn column(self) -> usize {
        (self.column & !Self::MISSING) as usize
    }

    const fn missing(self) -> bool {
        self.column & Self::MISSING > 0
    }

    /// Where a row goes on.
    fn side(self, encoded: &[f64]) -> usize {
        let value = encoded.get(self.column()).copied().unwrap_or(f64::NAN);
        let left = (value < self.number) | (value.is_nan() & self.missing());
        self.left as usize + usize::from(!left)
    }
}

impl Trees {
    /// The sum for a row.
    pub(super) fn raw(&self, encoded: &[f64]) -> f64 {
        self.trees.iter().fold(self.base, |sum, tree| sum + tree.value(encoded))
    }

    /// The sum for each row of columns.
    pub(super) fn raw_all(&self, columns: &[Vec<f64>], rows: usize) -> Vec<f64> {
        let mut sums = vec![self.base; rows];
        // A row of no columns has a place too.
        let width = columns.len().max(1);
        let mut block = vec![0.0; width * BLOCK];
        for (sums, first) in sums.chunks_mut(BLOCK).zip((0..).step_by(BLOCK)) {
            for (at, column) in columns.iter().enumerate() {
                let values = column.iter().skip(first);
                block.iter_mut().skip(at).step_by(width).zip(values).for_each(|(to, n)| *to = *n);
            }
            for tree in &self.trees {
                let rows = block.chunks_exact(width);
                sums.iter_mut().zip(rows).for_each(|(sum, row)| *sum += tree.value(row));
            }
        }
        sums
    }

    /// What is said before any column, and what each adds for a row.
    pub(super) fn contributions(&self, encoded: &[f64]) -> (f64, Vec<f64>) {
        let base = self.trees.iter().fold(self.base, |sum, tree| sum + tree.mean());
        let mut each = vec![0.0; encoded.len()];
        self.trees.iter().for_each(|tree| contributions::add(tree, encoded, &mut each));
        (base, each)
    }

    /// What the questions about each column gained.
    pub(super) fn importance(&self) -> Vec<f64> {
        self.gains.clone()
    }

    /// Refuses what no fit comes to: a column that is not there, a number that cannot be.
    pub(super) fn check(&self, width: usize) -> Result<()> {
        let gains = self.gains.iter().all(|gain| gain.is_finite() && *gain >= 0.0);
        let asks = |node: &Node| node.left == 0 || node.column() < width;
        let columns = self.trees.iter().all(|tree| tree.nodes.iter().all(asks));
        if self.base.is_finite() && gains && self.gains.len() == width && columns {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Model, "the model has trees that cannot be"))
    }
}
