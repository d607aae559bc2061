//! How a tree comes to be.

use std::collections::VecDeque;

use super::{Node, Question, Tree};

/// What a node of a tree is to be; `Next` is what its sides are made of.
#[derive(Clone, Copy, Debug)]
pub(in crate::scorer) enum Grown<Next> {
    /// What is added, and how much it was learnt from.
    End { value: f64, cover: f64 },
    /// What is asked, and what the left and the right are made of.
    Question(Question, Next, Next),
}

impl Tree {
    /// Grows a tree, node by node in the order in which they are kept.
    pub(in crate::scorer) fn grow<Next>(
        root: Next,
        mut node: impl FnMut(Next) -> Grown<Next>,
    ) -> Self {
        let (mut nodes, mut covers) = (Vec::new(), Vec::new());
        let mut next = VecDeque::from([root]);
        while let Some(of) = next.pop_front() {
            let (grown, cover) = match node(of) {
                Grown::End { value, cover } => (Node::end(value), cover),
                Grown::Question(question, left, right) => {
                    let place = nodes.len() + next.len() + 1;
                    next.extend([left, right]);
                    (Node::question(question, place), 0.0)
                }
            };
            nodes.push(grown);
            covers.push(cover);
        }
        let mut tree = Self { nodes, covers };
        tree.cover();
        tree
    }
}
