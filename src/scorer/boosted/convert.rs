//! Trees that forust grew, as they are served.

use forust_ml::GradientBooster;
use forust_ml::tree;

use crate::scorer::fit::Target;
use crate::scorer::trees::{Grown, Question, Tree, Trees};

/// The trees that the fit keeps, of columns that were numbered by their place in `columns`.
pub(super) fn trees(
    booster: &GradientBooster,
    columns: &[usize],
    width: usize,
    target: &Target,
) -> Trees {
    let kept = booster.prediction_iteration.unwrap_or(booster.trees.len());
    let mut gains = vec![0.0; width];
    let mut convert = |tree: &tree::Tree| {
        Tree::grow(0, |at: usize| {
            let end = Grown::End { value: 0.0, cover: 1.0 };
            let Some(node) = tree.nodes.get(at) else { return end };
            let Some(column) = columns.get(node.split_feature).filter(|_| !node.is_leaf) else {
                let value = f64::from(node.weight_value) * target.scale;
                return Grown::End { value, cover: f64::from(node.hessian_sum) };
            };
            if let Some(gain) = gains.get_mut(*column) {
                *gain += f64::from(node.split_gain);
            }
            let missing = node.missing_node == node.left_child;
            let question = Question { column: *column, below: node.split_value, missing };
            Grown::Question(question, node.left_child, node.right_child)
        })
    };
    let trees = booster.trees.iter().take(kept).map(&mut convert).collect();
    let base = target.centre + booster.base_score * target.scale;
    Trees { base, trees, gains }
}
