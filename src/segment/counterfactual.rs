//! The fewest clauses that would have to turn for a membership to turn.

use std::sync::Arc;

use serde::Serialize;

use super::distance::{Distance, distance};
use super::explain::Clause;
use super::logic::{Logic, Part, Turns, Ways};
use crate::expr::Literal;
use crate::expr::plan::{Check, Term, Test};
use crate::metric::Evaluator;

/// What would have to turn for a membership to turn: of somebody who is no member what is missing,
/// of a member what it hangs on.
///
/// Each clause is taken for itself: whether a fact can turn one without another is not asked.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Counterfactual {
    /// The clauses, in the order of the rule. All of them have to turn. Empty if there is no such
    /// set, as where a rule contradicts itself; or, where `smallest` is false, if none was found.
    pub clauses: Vec<Change>,
    /// Whether no smaller set does. False where the rule asks so much in several places that not
    /// all could be tried; the set does turn the membership even then.
    pub smallest: bool,
}

/// A clause that would have to turn.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Change {
    /// Which of the explanation's clauses it is, counted from 0.
    pub clause: usize,
    /// The test as it was written.
    pub text: Arc<str>,
    /// Whether it is true now; `None` is unknown.
    pub truth: Option<bool>,
    /// Whether it would have to be true; `None` is unknown.
    pub wanted: Option<bool>,
    /// How far it is from that, where it compares a number, a length of time or an instant with a
    /// constant.
    pub distance: Option<Distance>,
}

/// How often parts of a rule are looked at before the search for the smallest set is given up.
///
/// Where each clause and each segment is named once, one look at each part is enough, however many
/// there are. What is named in several places is tried at each truth that it can come to, fewest
/// turns first: six clauses in every way, a hundred as far as one of them is to turn. Past that,
/// one more look at each part finds a set that is enough, if it finds one.
const LOOKS: usize = 1 << 17;

pub(super) fn counterfactual<'c>(
    logic: &Logic<'c>,
    clauses: &[Clause],
    member: bool,
    evaluator: &Evaluator<'c>,
) -> Counterfactual {
    let (turns, smallest) = Search::new(logic, clauses, member).smallest();
    let turned = turns.into_iter().flat_map(|turns| turns.turned);
    let turned = turned.filter_map(|(clause, wanted)| {
        let Clause { text, truth, .. } = clauses.get(clause)?;
        let (_, test) = logic.clauses.get(clause)?;
        let distance = distance(test, wanted, evaluator);
        Some(Change { clause, text: Arc::clone(text), truth: *truth, wanted, distance })
    });
    Counterfactual { clauses: turned.collect(), smallest }
}

/// A search that tries the truths of the parts that several others are made of. Once those have
/// theirs, no clause is shared, and one look at each part finds what is best.
struct Search<'l> {
    logic: &'l Logic<'l>,
    /// How each clause comes to each of its truths.
    clauses: Vec<Ways>,
    member: bool,
    looks: usize,
    best: Option<Turns>,
}

/// Where a search goes on: from the part `at`, which has a truth, with what has turned for that.
struct Choice {
    at: usize,
    truth: Ways,
    turned: Turns,
}

/// How a search ended.
enum End {
    All,
    /// Something that turns more shared clauses than it was to turn is left.
    More,
    OutOfLooks,
}

impl<'l> Search<'l> {
    fn new(logic: &'l Logic<'l>, clauses: &[Clause], member: bool) -> Self {
        let clauses = clauses.iter().zip(&logic.clauses).enumerate();
        let clauses = clauses.map(|(index, (clause, (_, test)))| {
            let others = OTHERS.into_iter().filter(|to| *to != clause.truth && test.can_be(*to));
            let turned = |to| Turns { turned: [(index, to)].into(), ..Turns::default() };
            let others = others.map(|to| (to, turned(to)));
            [(clause.truth, Turns::default())].into_iter().chain(others).collect()
        });
        Self { logic, clauses: clauses.collect(), member, looks: LOOKS, best: None }
    }

    /// The smallest set, and whether it is known to be that.
    fn smallest(mut self) -> (Option<Turns>, bool) {
        for bound in 0.. {
            match self.within(bound) {
                End::More if self.best.as_ref().is_none_or(|best| best.len() > bound) => {}
                End::All | End::More => break,
                End::OutOfLooks => {
                    self.at_once();
                    return (self.best, false);
                }
            }
        }
        (self.best, true)
    }

    /// Tries what turns up to `bound` of the shared clauses.
    fn within(&mut self, bound: usize) -> End {
        let mut end = End::All;
        let mut ways: Vec<Ways> = Vec::with_capacity(self.logic.parts.len());
        let mut choices = vec![Choice { at: 0, truth: Ways::new(), turned: Turns::default() }];
        while let Some(Choice { at, truth, turned }) = choices.pop() {
            // Choices among later parts were all tried by now, so the earlier parts stand.
            ways.truncate(at);
            if !truth.is_empty() {
                ways.push(truth);
            }
            let Some(open) = self.look(&mut ways) else {
                self.offer(&turned, ways.last());
                continue;
            };
            if self.looks == 0 {
                return End::OutOfLooks;
            }
            for (truth, turns) in open {
                match turned.with(&turns) {
                    Some(turned) if turned.len() <= bound => {
                        let truth = vec![(truth, Turns::default())];
                        choices.push(Choice { at: ways.len(), truth, turned });
                    }
                    Some(_) => end = End::More,
                    None => {}
                }
            }
        }
        end
    }

    /// Looks at the parts from `ways` on, as far as the next that is shared.
    fn look(&mut self, ways: &mut Vec<Ways>) -> Option<Ways> {
        while let Some(part) = self.logic.parts.get(ways.len()) {
            self.looks = self.looks.saturating_sub(1 + part.made_of().len());
            let found = self.ways(part, ways);
            if self.logic.is_shared(ways.len()) {
                return Some(found);
            }
            ways.push(found);
        }
        None
    }

    /// Looks at each part once, as though nothing were shared, but passes over what cannot be at
    /// once. What it finds is enough; it need not be the best, and need not be found.
    fn at_once(&mut self) {
        for (clause, ways) in self.clauses.iter_mut().enumerate() {
            let stays = ways.iter_mut().filter(|(_, turns)| turns.len() == 0);
            stays.for_each(|(_, turns)| turns.kept.extend([clause]));
        }
        let mut ways: Vec<Ways> = Vec::with_capacity(self.logic.parts.len());
        for part in &self.logic.parts {
            ways.push(self.ways(part, &ways));
        }
        self.offer(&Turns::default(), ways.last());
    }

    fn ways(&self, part: &Part, below: &[Ways]) -> Ways {
        part.ways(below, |clause| self.clauses.get(clause).cloned().unwrap_or_default())
    }

    /// Takes what turns the membership, if it is better than what was found before.
    fn offer(&mut self, turned: &Turns, ways: Option<&Ways>) {
        for (truth, turns) in ways.into_iter().flatten() {
            let turns = turned.with(turns).filter(|_| (*truth == Some(true)) != self.member);
            self.best = [self.best.take(), turns].into_iter().flatten().min_by(Turns::order);
        }
    }
}

const OTHERS: [Option<bool>; 3] = [Some(true), Some(false), None];

impl Test {
    /// Whether facts could make it come to this truth, as far as its form tells.
    fn can_be(&self, truth: Option<bool>) -> bool {
        let null = |term: &Term| matches!(term, Term::Literal(literal) if literal.is_null());
        let mut constant = true;
        self.check.for_each_term(&mut |term| constant &= term.is_constant());
        !constant
            && match &self.check {
                Check::Is { .. } => truth.is_some(),
                // Of a list without elements everything is false.
                Check::Compare { left, right, .. } if null(left) || null(right) => {
                    truth.is_none() || (self.any.is_some() && truth == Some(false))
                }
                Check::Between { low, high, negated, .. } if null(low) || null(high) => {
                    truth != Some(!negated)
                }
                Check::In { list, negated, .. } if list.iter().any(Literal::is_null) => {
                    truth != Some(*negated)
                }
                _ => true,
            }
    }
}
