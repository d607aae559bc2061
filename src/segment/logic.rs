//! A rule as logic over its clauses, and how each part of it comes to each truth.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crate::expr::Truth;
use crate::expr::plan::{Cond, Test};

/// A rule's clauses in the order in which they are written, and what it makes of them.
///
/// A test that is written twice is one clause, and a segment that is named twice is one part.
#[derive(Debug, Default)]
pub(super) struct Logic<'c> {
    pub(super) clauses: Vec<(&'c Cond, &'c Test)>,
    /// Each part after those that it is made of; the rule itself is the last.
    pub(super) parts: Vec<Part>,
    /// How often other parts are made of each part.
    uses: Vec<usize>,
    /// Where the clauses stand among the parts, by text.
    tests: BTreeMap<&'c str, usize>,
    /// Where the segments that are named stand.
    segments: BTreeMap<*const Cond, usize>,
}

/// A part of a rule, made of other parts.
#[derive(Debug)]
pub(super) enum Part {
    Clause(usize),
    Is {
        of: usize,
        what: Truth,
        negated: bool,
    },
    /// AND, or OR where a single `decisive` truth decides.
    Junction {
        of: Vec<usize>,
        decisive: bool,
    },
    Not(usize),
}

/// The truths that a part can come to, each by the best turns that bring it about.
pub(super) type Ways = Vec<(Option<bool>, Turns)>;

/// Clauses that turn, each to a truth, where some others stay as they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Turns {
    pub(super) turned: BTreeMap<usize, Option<bool>>,
    pub(super) kept: BTreeSet<usize>,
}

impl<'c> Logic<'c> {
    pub(super) fn of(cond: &'c Cond) -> Self {
        let mut logic = Self::default();
        logic.add(cond);
        logic
    }

    /// Whether several parts are made of the part that stands at `at`.
    pub(super) fn is_shared(&self, at: usize) -> bool {
        self.uses.get(at).is_some_and(|uses| *uses > 1)
    }

    fn add(&mut self, cond: &'c Cond) -> usize {
        match cond {
            Cond::All(parts) => self.junction(parts, false),
            Cond::Any(parts) => self.junction(parts, true),
            Cond::Not(inner) => {
                let of = self.add(inner);
                self.part(Part::Not(of))
            }
            Cond::Is { inner, what, negated } => self.is(inner, *what, *negated),
            Cond::Member(inner) => {
                let segment: *const Cond = &raw const **inner;
                if let Some(at) = self.segments.get(&segment) {
                    return *at;
                }
                let at = self.is(inner, Truth::True, false);
                self.segments.insert(segment, at);
                at
            }
            Cond::Test(test) => self.test(cond, test),
        }
    }

    fn junction(&mut self, parts: &'c [Cond], decisive: bool) -> usize {
        let of = parts.iter().map(|part| self.add(part)).collect();
        self.part(Part::Junction { of, decisive })
    }

    fn is(&mut self, inner: &'c Cond, what: Truth, negated: bool) -> usize {
        let of = self.add(inner);
        self.part(Part::Is { of, what, negated })
    }

    fn test(&mut self, cond: &'c Cond, test: &'c Test) -> usize {
        if let Some(at) = self.tests.get(&*test.text) {
            return *at;
        }
        let at = self.part(Part::Clause(self.clauses.len()));
        self.clauses.push((cond, test));
        self.tests.insert(&test.text, at);
        at
    }

    fn part(&mut self, part: Part) -> usize {
        for of in part.made_of() {
            if let Some(uses) = self.uses.get_mut(*of) {
                *uses += 1;
            }
        }
        self.parts.push(part);
        self.uses.push(0);
        self.parts.len() - 1
    }
}

impl Part {
    pub(super) fn made_of(&self) -> &[usize] {
        match self {
            Self::Clause(_) => &[],
            Self::Is { of, .. } | Self::Not(of) => std::slice::from_ref(of),
            Self::Junction { of, .. } => of,
        }
    }

    /// How the part comes to each truth, from how its own parts do; `clause` tells of clauses.
    ///
    /// It is exact where the parts that it is made of have no clause in common: then what is best
    /// for the whole is best for each of them.
    pub(super) fn ways(&self, below: &[Ways], clause: impl FnOnce(usize) -> Ways) -> Ways {
        let of = |at: &usize| below.get(*at).into_iter().flatten();
        match self {
            Self::Clause(index) => clause(*index),
            Self::Is { of: inner, what, negated } => best(of(inner).map(|(truth, turns)| {
                let is = match what {
                    Truth::False => *truth == Some(false),
                    Truth::Null => truth.is_none(),
                    Truth::True => *truth == Some(true),
                };
                (Some(is != *negated), turns.clone())
            })),
            Self::Junction { of: parts, decisive } => {
                let none = vec![(Some(!decisive), Turns::default())];
                parts.iter().fold(none, |before, part| {
                    let pairs =
                        before.iter().flat_map(|one| of(part).map(move |other| (one, other)));
                    best(pairs.filter_map(|((a, turns), (b, others))| {
                        // Whichever decides does so whatever the rest comes to.
                        let turns = match Some(*decisive) {
                            decided if *a == decided => turns.clone(),
                            decided if *b == decided => others.clone(),
                            _ => turns.with(others)?,
                        };
                        Some((junction(*a, *b, *decisive), turns))
                    }))
                })
            }
            Self::Not(inner) => {
                best(of(inner).map(|(truth, turns)| (truth.map(|truth| !truth), turns.clone())))
            }
        }
    }
}

fn junction(a: Option<bool>, b: Option<bool>, decisive: bool) -> Option<bool> {
    if [a, b].contains(&Some(decisive)) { Some(decisive) } else { a.and(b) }
}

/// The best turns for each truth.
fn best(offers: impl Iterator<Item = (Option<bool>, Turns)>) -> Ways {
    let mut ways = Ways::new();
    for (truth, turns) in offers {
        match ways.iter_mut().find(|(other, _)| *other == truth) {
            Some((_, best)) if turns.order(best).is_lt() => *best = turns,
            Some(_) => {}
            None => ways.push((truth, turns)),
        }
    }
    ways
}

impl Turns {
    pub(super) fn len(&self) -> usize {
        self.turned.len()
    }

    /// Both at once, unless a clause would have to turn two ways, or turn and stay.
    pub(super) fn with(&self, other: &Self) -> Option<Self> {
        let mut both = self.clone();
        both.kept.extend(&other.kept);
        for (clause, to) in &other.turned {
            if both.turned.insert(*clause, *to).is_some_and(|before| before != *to) {
                return None;
            }
        }
        both.turned.keys().all(|clause| !both.kept.contains(clause)).then_some(both)
    }

    /// Fewer clauses come first; of as many, those that are written first; of the same, to be
    /// true comes before false, and false before unknown.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        let clauses = || self.turned.keys().cmp(other.turned.keys());
        let truths = || other.turned.values().cmp(self.turned.values());
        self.len().cmp(&other.len()).then_with(clauses).then_with(truths)
    }
}
