//! Rules over the truths of their leaves.

use crate::expr::Truth;
use crate::expr::plan::{Cond, Test};
use crate::time::Timestamp;

/// A rule whose tests are numbers.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    /// AND, or OR where a single `decisive` truth decides.
    Junction {
        parts: Vec<Self>,
        decisive: bool,
    },
    Is {
        inner: Box<Self>,
        what: Truth,
        negated: bool,
    },
    Leaf(usize),
    Member(Box<Self>),
    Not(Box<Self>),
}

/// What holds until then holds for good.
pub(super) const NEVER: Timestamp = Timestamp::LAST.next();

/// A truth, and until when it holds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Held {
    pub(super) truth: Option<bool>,
    pub(super) until: Timestamp,
}

impl Held {
    pub(super) const fn always(truth: Option<bool>) -> Self {
        Self { truth, until: NEVER }
    }

    fn map(self, turn: impl FnOnce(Option<bool>) -> Option<bool>) -> Self {
        Self { truth: turn(self.truth), ..self }
    }
}

impl Tree {
    /// The tree of a condition; `number` gives a test its number, by whether it matters if it is
    /// false or unknown.
    pub(super) fn of(cond: &Cond, number: &mut impl FnMut(&Test, bool) -> usize) -> Self {
        Self::within(cond, false, number)
    }

    fn within(cond: &Cond, strict: bool, number: &mut impl FnMut(&Test, bool) -> usize) -> Self {
        match cond {
            Cond::All(parts) => Self::junction(parts, false, strict, number),
            Cond::Any(parts) => Self::junction(parts, true, strict, number),
            Cond::Is { inner, what, negated } => {
                let inner = Box::new(Self::within(inner, true, number));
                Self::Is { inner, what: *what, negated: *negated }
            }
            Cond::Member(inner) => Self::Member(Box::new(Self::within(inner, false, number))),
            Cond::Not(inner) => Self::Not(Box::new(Self::within(inner, true, number))),
            Cond::Test(test) => Self::Leaf(number(test, strict)),
        }
    }

    /// What time alone does not change comes first: where it decides, nothing else is asked.
    fn junction(
        parts: &[Cond],
        decisive: bool,
        strict: bool,
        number: &mut impl FnMut(&Test, bool) -> usize,
    ) -> Self {
        let (still, moving): (Vec<&Cond>, Vec<&Cond>) =
            parts.iter().partition(|part| !part.has_figures());
        let parts = still.into_iter().chain(moving);
        let parts = parts.map(|part| Self::within(part, strict, &mut *number));
        Self::Junction { parts: parts.collect(), decisive }
    }

    /// The truth of the rule, if those of some leaves that hold for good decide it.
    pub(super) fn decided(&self, leaf: &impl Fn(usize) -> Option<Held>) -> Option<Held> {
        match self {
            Self::Junction { parts, decisive } => {
                let parts = || parts.iter().map(|part| part.decided(leaf));
                let decides = |held: &Held| held.truth == Some(*decisive);
                if let Some(decides) = parts().flatten().find(decides) {
                    return Some(decides);
                }
                let all = parts().collect::<Option<Vec<Held>>>()?;
                let known = all.iter().all(|held| held.truth.is_some());
                Some(Held::always(known.then_some(!decisive)))
            }
            Self::Leaf(number) => leaf(*number),
            Self::Is { inner, .. } | Self::Member(inner) | Self::Not(inner) => {
                inner.decided(leaf)?;
                Some(self.holds(&mut |number| leaf(number).unwrap_or(Held::always(None))))
            }
        }
    }

    /// The truth of the rule and until when at least it holds, given those of its leaves; of the
    /// leaves only those are asked that matter.
    pub(super) fn holds(&self, leaf: &mut impl FnMut(usize) -> Held) -> Held {
        match self {
            Self::Junction { parts, decisive } => junction(parts, *decisive, leaf),
            Self::Is { inner, what, negated } => inner.holds(leaf).map(|truth| {
                let is = match what {
                    Truth::False => truth == Some(false),
                    Truth::Null => truth.is_none(),
                    Truth::True => truth == Some(true),
                };
                Some(is != *negated)
            }),
            Self::Leaf(number) => leaf(*number),
            Self::Member(inner) => inner.holds(leaf).map(|truth| Some(truth == Some(true))),
            Self::Not(inner) => inner.holds(leaf).map(|truth| truth.map(|truth| !truth)),
        }
    }
}

/// While one part decides, until the last that does may turn; else until the first may.
fn junction(parts: &[Tree], decisive: bool, leaf: &mut impl FnMut(usize) -> Held) -> Held {
    let mut decided: Option<Timestamp> = None;
    let (mut all, mut first) = (Some(!decisive), NEVER);
    for part in parts {
        let Held { truth, until } = match part {
            // Most are.
            Tree::Leaf(number) => leaf(*number),
            _ => part.holds(leaf),
        };
        if truth == Some(decisive) {
            let last = decided.map_or(until, |decided| decided.max(until));
            if last == NEVER {
                return Held::always(Some(decisive));
            }
            decided = Some(last);
        } else if decided.is_none() {
            first = first.min(until);
            all = all.and(truth);
        }
    }
    match decided {
        Some(until) => Held { truth: Some(decisive), until },
        None => Held { truth: all, until: first },
    }
}
