//! Trees that forust grew, as they are served.

use std::collections::BTreeMap;

use forust_ml::GradientBooster;
use forust_ml::tree;

use crate::scorer::Trend;
use crate::scorer::fit::Target;
use crate::scorer::trees::{Ensemble, Grown, Question, Tree};

/// The trees that the fit keeps.
///
/// `columns` are those that forust numbered by their place, and `trends` the directions in which the
/// score follows some of them. Where a tree parts by such a column, forust sees to it that what is
/// said on one side is less than on the other; below, where it parts by others, it does not, so ends
/// are kept on their own side of the middle here.
pub(super) fn trees(
    booster: &GradientBooster,
    columns: &[usize],
    trends: &BTreeMap<usize, Trend>,
    target: &Target,
    width: usize,
) -> Ensemble {
    let kept = booster.prediction_iteration.unwrap_or(booster.trees.len());
    let mut gains = vec![0.0; width];
    let mut convert = |tree: &tree::Tree| {
        Tree::grow(Bound { at: 0, low: f64::MIN, high: f64::MAX }, |bound| {
            let end = Grown::End { value: 0.0, cover: 1.0 };
            let Some(node) = tree.nodes.get(bound.at) else { return end };
            let Some(column) = columns.get(node.split_feature).filter(|_| !node.is_leaf) else {
                let value = bound.limit(node.weight_value) * target.scale;
                return Grown::End { value, cover: f64::from(node.hessian_sum) };
            };
            if let Some(gain) = gains.get_mut(*column) {
                *gain += f64::from(node.split_gain);
            }
            let missing = node.missing_node == node.left_child;
            let question = Question { column: *column, below: node.split_value, missing };
            let (left, right) =
                bound.sides(tree, [node.left_child, node.right_child], trends.get(column));
            Grown::Question(question, left, right)
        })
    };
    let trees = booster.trees.iter().take(kept).map(&mut convert).collect();
    let base = target.centre + booster.base_score * target.scale;
    Ensemble { base, gains, trees }
}

/// A node, and between what the ends below it must be.
#[derive(Clone, Copy)]
struct Bound {
    at: usize,
    low: f64,
    high: f64,
}

impl Bound {
    fn limit(self, value: f32) -> f64 {
        f64::from(value).max(self.low).min(self.high)
    }

    /// The sides of a node that parts by a column which the score follows, or does not.
    fn sides(self, tree: &tree::Tree, sides: [usize; 2], trend: Option<&Trend>) -> (Self, Self) {
        let [left, right] = sides.map(|at| Self { at, ..self });
        let Some(trend) = trend else { return (left, right) };
        let value =
            |side: Self| tree.nodes.get(side.at).map_or(0.0, |n| self.limit(n.weight_value));
        let middle = value(left) / 2.0 + value(right) / 2.0;
        match trend {
            Trend::Falling => (Self { low: middle, ..left }, Self { high: middle, ..right }),
            Trend::Rising => (Self { high: middle, ..left }, Self { low: middle, ..right }),
        }
    }
}

#[cfg(test)]
mod tests {
    use forust_ml::Matrix;

    use super::*;
    use crate::seed::Seed;

    #[test]
    fn what_is_served_says_what_was_grown_bit_for_bit() {
        let (rows, width) = (800, 4);
        let mut draws = Seed::new(1).draws();
        let mut value = || if draws.chance(0.1) { f64::NAN } else { draws.unit() };
        let mut columns: Vec<Vec<f64>> =
            (0..width).map(|_| (0..rows).map(|_| value()).collect()).collect();
        let known = |value: f64| if value.is_nan() { 0.7 } else { value };
        let labels: Vec<f64> =
            (0..rows).map(|row| known(columns[0][row]) * known(columns[1][row])).collect();
        let values = columns.concat();
        let matrix = Matrix::new(&values, rows, width);
        let mut booster =
            GradientBooster::default().set_iterations(30).set_max_depth(6).set_parallel(false);
        booster.objective_type = forust_ml::objective::ObjectiveType::SquaredLoss;
        booster.fit(&matrix, &labels, &vec![1.0; rows], None).unwrap();
        // What was not seen in training lies between and beyond.
        columns.iter_mut().flatten().for_each(|value| *value = 1.5 * *value - 0.2);
        let values = columns.concat();
        let expected = booster.predict(&Matrix::new(&values, rows, width), false);
        let target = Target { labels, centre: 0.0, scale: 1.0 };
        let trees = trees(&booster, &[0, 1, 2, 3], &BTreeMap::new(), &target, width);
        assert_eq!(trees.raw_all(&columns, rows), expected);
        assert!(trees.trees.len() == 30 && trees.check(width).is_ok());
        assert!(trees.gains[0] > trees.gains[2] && trees.gains[1] > trees.gains[3]);
    }
}
