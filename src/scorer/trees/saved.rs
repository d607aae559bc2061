//! A tree as it is saved: its nodes breadth first, by field.

use serde::{Deserialize, Serialize};

use super::{DEEPEST, Node, Question, Tree};

/// Where the sides of a question are follows from the order, and how much a question was learnt
/// from follows from the ends below it.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Saved {
    /// What is asked about at each node: the column, counted from 1, negative where what is missing
    /// goes right; 0 at an end.
    asks: Vec<i32>,
    /// Below what goes left; at an end, what is added.
    numbers: Vec<f64>,
    /// How much was learnt from at each end.
    covers: Vec<f64>,
}

impl From<Tree> for Saved {
    fn from(tree: Tree) -> Self {
        let mut saved = Self::default();
        for (node, cover) in tree.nodes.iter().zip(tree.covers) {
            let ask = i32::try_from(node.column() + 1).unwrap_or(i32::MAX);
            saved.numbers.push(node.number);
            saved.asks.push(match (node.left, node.missing()) {
                (0, _) => 0,
                (_, true) => ask,
                (_, false) => -ask,
            });
            if node.left == 0 {
                saved.covers.push(cover);
            }
        }
        saved
    }
}

impl TryFrom<Saved> for Tree {
    type Error = &'static str;

    fn try_from(saved: Saved) -> Result<Self, Self::Error> {
        let Saved { asks, numbers, covers } = saved;
        let questions = asks.iter().filter(|ask| **ask != 0).count();
        if asks.len() != 2 * questions + 1 || asks.len() != numbers.len() {
            return Err("a tree has one end more than questions, and a number for each");
        }
        if covers.len() != questions + 1 || !covers.iter().all(|cover| *cover > 0.0) {
            return Err("a tree has learnt from something at each end");
        }
        let (mut ends, mut left) = (covers.into_iter(), 1);
        let mut tree = Self { nodes: Vec::new(), covers: Vec::new() };
        for (ask, number) in asks.into_iter().zip(numbers) {
            if ask == 0 {
                tree.nodes.push(Node::end(number));
                tree.covers.push(ends.next().unwrap_or_default());
                continue;
            }
            let column = ask.unsigned_abs() as usize - 1;
            let question = Question { column, below: number, missing: ask > 0 };
            tree.nodes.push(Node::question(question, left));
            tree.covers.push(0.0);
            left += 2;
        }
        tree.cover();
        if tree.is_sound() { Ok(tree) } else { Err("a tree does not come to an end") }
    }
}

impl Tree {
    /// Whether each question leads on, to no more than so many others, and all numbers are finite.
    fn is_sound(&self) -> bool {
        let mut depths = vec![0; self.nodes.len()];
        let deeper = |(at, node): (usize, &Node)| {
            let (left, depth) = (node.left as usize, depths.get(at).copied().unwrap_or(0));
            if let Some(sides) = depths.get_mut(left..left + 2).filter(|_| left > at) {
                sides.fill(depth + 1);
            }
            (left == 0 || left > at) && depth <= DEEPEST
        };
        let finite = self.nodes.iter().map(|node| node.number).chain(self.covers.iter().copied());
        finite.into_iter().all(f64::is_finite) && self.nodes.iter().enumerate().all(deeper)
    }
}
