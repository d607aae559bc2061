//! Rules over the truths of their leaves.

use crate::expr::Truth;
use crate::expr::plan::{Cond, Test};

/// A rule whose tests are numbers.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    All(Vec<Self>),
    Any(Vec<Self>),
    Is { inner: Box<Self>, what: Truth, negated: bool },
    Leaf(usize),
    Member(Box<Self>),
    Not(Box<Self>),
}

impl Tree {
    /// The tree of a condition; `number` gives a test its number.
    pub(super) fn of(cond: &Cond, number: &mut impl FnMut(&Test) -> usize) -> Self {
        let mut of = |cond: &Cond| Self::of(cond, &mut *number);
        match cond {
            Cond::All(parts) => Self::All(parts.iter().map(of).collect()),
            Cond::Any(parts) => Self::Any(parts.iter().map(of).collect()),
            Cond::Is { inner, what, negated } => {
                Self::Is { inner: Box::new(of(inner)), what: *what, negated: *negated }
            }
            Cond::Member(inner) => Self::Member(Box::new(of(inner))),
            Cond::Not(inner) => Self::Not(Box::new(of(inner))),
            Cond::Test(test) => Self::Leaf(number(test)),
        }
    }

    /// The truth of the rule, given those of its leaves.
    pub(super) fn truth(&self, leaf: &impl Fn(usize) -> Option<bool>) -> Option<bool> {
        match self {
            Self::All(parts) => junction(parts, leaf, false),
            Self::Any(parts) => junction(parts, leaf, true),
            Self::Is { inner, what, negated } => {
                let truth = inner.truth(leaf);
                let is = match what {
                    Truth::False => truth == Some(false),
                    Truth::Null => truth.is_none(),
                    Truth::True => truth == Some(true),
                };
                Some(is != *negated)
            }
            Self::Leaf(number) => leaf(*number),
            Self::Member(inner) => Some(inner.truth(leaf) == Some(true)),
            Self::Not(inner) => inner.truth(leaf).map(|truth| !truth),
        }
    }

    /// Visits the numbers of its leaves.
    pub(super) fn for_each_leaf(&self, visit: &mut impl FnMut(usize)) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().for_each(|part| part.for_each_leaf(visit));
            }
            Self::Is { inner, .. } | Self::Member(inner) | Self::Not(inner) => {
                inner.for_each_leaf(visit);
            }
            Self::Leaf(number) => visit(*number),
        }
    }
}

/// AND, or OR where a single `decisive` truth decides.
fn junction(parts: &[Tree], leaf: &impl Fn(usize) -> Option<bool>, decisive: bool) -> Option<bool> {
    let mut all = Some(!decisive);
    for part in parts {
        match part.truth(leaf) {
            Some(truth) if truth == decisive => return Some(decisive),
            Some(_) => {}
            None => all = None,
        }
    }
    all
}
