//! What each column adds to a score: Shapley values, exact for the paths of a tree.
//!
//! Lundberg et al., "From local explanations to global understanding with explainable AI for trees",
//! Nature Machine Intelligence 2 (2020), Algorithm 2: what is not known of a row goes both ways, as
//! often as those that were learnt from did.

use super::Tree;

/// A column on the way from the root, and what of the ways so far is left if it is known or not.
#[derive(Clone, Copy)]
struct Step {
    /// None before the root.
    column: Option<usize>,
    /// Which share goes this way if the column is not known.
    unknown: f64,
    /// 1 if the row goes this way, else 0.
    known: f64,
    /// Sums over the sets of columns that may be known, by how many those are.
    weight: f64,
}

/// Adds what each column has to do with a tree's value for a row.
pub(super) fn add(tree: &Tree, encoded: &[f64], to: &mut [f64]) {
    Walk { tree, encoded, to }.down(0, &[], (None, 1.0, 1.0));
}

struct Walk<'a> {
    tree: &'a Tree,
    encoded: &'a [f64],
    to: &'a mut [f64],
}

impl Walk<'_> {
    /// Goes on at a node, having come to it by one more step.
    fn down(
        &mut self,
        at: usize,
        way: &[Step],
        (column, unknown, known): (Option<usize>, f64, f64),
    ) {
        let (Some(node), Some(cover)) = (self.tree.nodes.get(at), self.tree.covers.get(at)) else {
            return;
        };
        let mut way = extended(way, Step { column, unknown, known, weight: 0.0 });
        if node.left == 0 {
            return self.end(&way, node.number);
        }
        // A column that was asked about before counts once, for both questions.
        let before = way.iter().position(|step| step.column == Some(node.column()));
        let (unknown, known) =
            before.and_then(|at| way.get(at)).map_or((1.0, 1.0), |step| (step.unknown, step.known));
        if let Some(before) = before {
            unwind(&mut way, before);
        }
        let (goes, left) = (node.side(self.encoded), node.left as usize);
        for side in [left, left + 1] {
            let share = self.tree.covers.get(side).map_or(0.0, |side| side / cover);
            let known = if side == goes { known } else { 0.0 };
            self.down(side, &way, (Some(node.column()), unknown * share, known));
        }
    }

    fn end(&mut self, way: &[Step], value: f64) {
        for (at, step) in way.iter().enumerate().skip(1) {
            let sum = unwound(way, at);
            if let Some(to) = step.column.and_then(|column| self.to.get_mut(column)) {
                *to += sum * (step.known - step.unknown) * value;
            }
        }
    }
}

/// `EXTEND`: a way with one more step.
fn extended(way: &[Step], step: Step) -> Vec<Step> {
    let length = way.len() as f64;
    let mut longer = Vec::with_capacity(way.len() + 1);
    longer.extend_from_slice(way);
    longer.push(Step { weight: if way.is_empty() { 1.0 } else { 0.0 }, ..step });
    let mut carried = 0.0;
    for (at, to) in longer.iter_mut().enumerate().filter(|_| !way.is_empty()) {
        let (at, weight) = (at as f64, to.weight);
        to.weight = carried + step.unknown * weight * (length - at) / (length + 1.0);
        carried = step.known * weight * (at + 1.0) / (length + 1.0);
    }
    longer
}

/// The weights of a way without the step at `at`, the last first.
fn weights(way: &[Step], at: usize) -> impl Iterator<Item = f64> {
    let steps = way.len() as f64;
    let (unknown, known) = way.get(at).map_or((1.0, 1.0), |step| (step.unknown, step.known));
    let (last, before) =
        way.split_last().map_or((0.0, way), |(last, before)| (last.weight, before));
    let mut carried = last;
    before.iter().enumerate().rev().map(move |(place, step)| {
        let place = place as f64;
        if known > 0.0 {
            let weight = carried * steps / ((place + 1.0) * known);
            carried = step.weight - weight * unknown * (steps - 1.0 - place) / steps;
            weight
        } else {
            step.weight * steps / (unknown * (steps - 1.0 - place))
        }
    })
}

/// `UNWIND`: takes a step out of a way.
fn unwind(way: &mut Vec<Step>, at: usize) {
    let mut weights: Vec<f64> = weights(way, at).collect();
    weights.reverse();
    way.remove(at);
    way.iter_mut().zip(weights).for_each(|(step, weight)| step.weight = weight);
}

/// The sum of the weights of a way without a step.
fn unwound(way: &[Step], at: usize) -> f64 {
    weights(way, at).sum()
}
