//! Decision trees that are added up: how they score, and what each feature has to do with it.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// Trees whose values add up to a score.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Trees {
    /// The score before any tree has its say.
    pub(super) base: f64,
    pub(super) trees: Vec<Tree>,
}

/// A tree, the root first; its nodes come before those below them.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
}

/// A question, or an end.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Node {
    /// The column that is asked about.
    pub(super) column: u32,
    /// What is less goes left.
    pub(super) below: f64,
    /// Whether what is missing goes left.
    pub(super) missing: bool,
    /// Where left is; right is the next one. 0 at an end.
    pub(super) left: u32,
    /// What is added at an end; above, what would be.
    pub(super) value: f64,
    /// How much was learnt from here.
    pub(super) cover: f64,
    /// How much better the question made it.
    pub(super) gain: f64,
}

impl Tree {
    fn value(&self, encoded: &[f64]) -> f64 {
        let mut at = 0;
        while let Some(node) = self.nodes.get(at) {
            if node.left == 0 {
                return node.value;
            }
            let value = encoded.get(node.column as usize).copied().unwrap_or(f64::NAN);
            let left = if value.is_nan() { node.missing } else { value < node.below };
            at = node.left as usize + usize::from(!left);
        }
        0.0
    }
}

impl Trees {
    /// The sum for a row.
    pub(super) fn raw(&self, encoded: &[f64]) -> f64 {
        self.trees.iter().fold(self.base, |sum, tree| sum + tree.value(encoded))
    }

    /// What is said before any column, and what each adds for a row.
    pub(super) fn contributions(&self, encoded: &[f64]) -> (f64, Vec<f64>) {
        (self.raw(encoded), vec![0.0; encoded.len()])
    }

    /// What the questions about each column gained.
    pub(super) fn importance(&self, width: usize) -> Vec<f64> {
        let mut gains = vec![0.0; width];
        for node in self.trees.iter().flat_map(|tree| &tree.nodes).filter(|node| node.left > 0) {
            if let Some(gain) = gains.get_mut(node.column as usize) {
                *gain += node.gain;
            }
        }
        gains
    }

    /// Refuses what no fit comes to: a column that is not there, a tree that does not end.
    pub(super) fn check(&self, width: usize) -> Result<()> {
        let sound = |tree: &Tree| {
            !tree.nodes.is_empty()
                && tree.nodes.iter().enumerate().all(|(at, node)| node.is_sound(at, tree, width))
        };
        if self.base.is_finite() && self.trees.iter().all(sound) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Model, "the model has a tree that cannot be"))
    }
}

impl Node {
    fn is_sound(&self, at: usize, tree: &Tree, width: usize) -> bool {
        let (column, left) = (self.column as usize, self.left as usize);
        let numbers = [self.below, self.value, self.cover, self.gain];
        let ends = left == 0;
        let leads = left > at && left + 1 < tree.nodes.len() && column < width;
        numbers.iter().all(|number| number.is_finite()) && (ends || leads)
    }
}
