//! Why somebody is a member, or is not.

mod group;
mod person;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::counterfactual::{Change, Counterfactual, counterfactual};
use super::logic::Logic;
use super::{Segment, horizon};
use crate::expr::plan::{Cond, Source, Term, Test};
use crate::facts::{Fact, Facts};
use crate::id::MessageId;
use crate::metric::{Evaluator, Next};
use crate::time::{Timestamp, Valid, compare};

/// A membership with its reasons.
///
/// [The chapter on explanations](crate::guide::explanations) says how to read it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// Whether the person is a member.
    pub member: bool,
    /// Until when that holds.
    pub until: Option<Timestamp>,
    /// The rule's clauses in the order in which they are written; what is written twice once.
    pub clauses: Vec<Clause>,
    /// The fewest of them that would have to turn for the membership to turn.
    pub counterfactual: Counterfactual,
}

/// One test of a rule.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Clause {
    /// The test as it was written.
    pub text: Arc<str>,
    /// Whether it is true; `None` is unknown.
    pub truth: Option<bool>,
    /// When this first changes if nothing else happens.
    pub until: Option<Timestamp>,
    /// The figures and traits in it.
    pub operands: Vec<Operand>,
}

/// A figure or a trait in a clause.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Operand {
    /// As it was written.
    pub text: Arc<str>,
    /// What it comes to.
    pub value: String,
    /// The facts that it is made of: when each happened, and the event that told it.
    pub facts: Vec<(Timestamp, MessageId)>,
}

pub(super) fn explain(segment: &Segment, facts: &Facts<'_>) -> Explanation {
    let evaluator = Evaluator::new(*facts);
    let Valid { value: member, until } = horizon::member(&segment.cond, &evaluator);
    let logic = Logic::of(&segment.cond);
    let clauses = logic.clauses.iter().map(|(cond, test)| clause(cond, test, &evaluator));
    let clauses: Vec<Clause> = clauses.collect();
    let counterfactual = counterfactual(&logic, &clauses, member, &evaluator);
    Explanation { member, until, clauses, counterfactual }
}

fn clause<'a>(cond: &'a Cond, test: &'a Test, evaluator: &Evaluator<'a>) -> Clause {
    let now = evaluator.facts().now();
    let truth = evaluator.test(test, now, &mut Next::never());
    // The first change of any kind: to or from true, false or unknown.
    let horizons = [true, false].map(|wanted| horizon::holds(cond, wanted, evaluator).until);
    let until = horizons.into_iter().min_by(|a, b| compare(*a, *b)).flatten();
    Clause { text: Arc::clone(&test.text), truth, until, operands: operands(test, evaluator) }
}

/// The traits and figures of a test.
fn operands<'a>(test: &'a Test, evaluator: &Evaluator<'a>) -> Vec<Operand> {
    let mut operands = Vec::new();
    test.check.for_each_term(&mut |term| {
        match term {
            Term::Field { from: Source::Attribute, path } => {
                operands.extend(operand_of_trait(path, evaluator));
            }
            Term::Person(term) => operands.extend(person::operands(term, evaluator)),
            _ => {}
        }
        term.for_each_term(&mut |term| {
            operands.extend(operand_of_figure(term, evaluator));
            if let Term::Group(group) = term {
                operands.extend(group::operands_of_group(group, evaluator));
            }
            // What is in a group means nothing without a value.
            !matches!(term, Term::Group(_))
        });
    });
    operands
}

fn operand_of_figure<'a>(term: &'a Term, evaluator: &Evaluator<'a>) -> Option<Operand> {
    let now = evaluator.facts().now();
    let (text, facts) = match term {
        Term::Figure(figure) => (&figure.text, evaluator.witnesses(figure, now)),
        Term::Funnel(funnel) => {
            (&funnel.text, evaluator.passed(funnel, now, &mut Next::never()).unwrap_or_default())
        }
        _ => return None,
    };
    let value = evaluator.value(term, now, &mut Next::never()).measure(now).to_string();
    Some(Operand::new(text, value, facts))
}

fn operand_of_trait(path: &[Arc<str>], evaluator: &Evaluator<'_>) -> Option<Operand> {
    let facts = evaluator.facts();
    let (told, _) = facts.told(path.first()?);
    Some(Operand {
        text: path.join(".").into(),
        value: evaluator.attribute(path).measure(facts.now()).to_string(),
        facts: told.into_iter().map(|told| (told.at, told.id.clone())).collect(),
    })
}

impl Operand {
    fn new(text: &Arc<str>, value: String, facts: Vec<&Fact>) -> Self {
        let facts = facts.into_iter().map(|fact| (fact.at, fact.id.clone())).collect();
        Self { text: Arc::clone(text), value, facts }
    }
}

/// How many facts are named before the rest is counted.
const NAMED: usize = 8;

impl fmt::Display for Explanation {
    /// One line for the membership, one for each clause, and below it one for each operand; last
    /// what would have to turn.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let membership = if self.member { "member" } else { "not a member" };
        write!(f, "{membership}, {}", Until(self.until))?;
        for Clause { text, truth, until, operands } in &self.clauses {
            write!(f, "\n  {text}\n    is {}, {}", word(*truth), Until(*until))?;
            for Operand { text, value, facts } in operands {
                write!(f, "\n    {text} = {value}")?;
                match facts.len() {
                    0 => write!(f, ", of no facts")?,
                    1 => write!(f, ", of 1 fact")?,
                    count => write!(f, ", of {count} facts")?,
                }
                // The latest are named: they decide how long it lasts.
                for (at, id) in facts.iter().rev().take(NAMED) {
                    write!(f, "\n      {at} {id}")?;
                }
                if let Some(more) = facts.len().checked_sub(NAMED).filter(|more| *more > 0) {
                    write!(f, "\n      and {more} earlier")?;
                }
            }
        }
        self.write_counterfactual(f)
    }
}

impl Explanation {
    /// What is missing, or what the membership hangs on.
    fn write_counterfactual(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Counterfactual { clauses, smallest } = &self.counterfactual;
        f.write_str(match (self.member, clauses.len()) {
            (false, 0) if *smallest => "\nno turn of its clauses would make a member",
            (false, 0) => "\nwhat would make a member was not found",
            (false, 1) => "\nto become a member, this has to turn:",
            (false, _) => "\nto become a member, all of these have to turn:",
            (true, 0) if *smallest => "\nno turn of its clauses would end it",
            (true, 0) => "\nwhat would end it was not found",
            (true, 1) => "\nit would end if this turned:",
            (true, _) => "\nit would end if all of these turned:",
        })?;
        for Change { text, wanted, distance, .. } in clauses {
            write!(f, "\n  {text}\n    to {}", word(*wanted))?;
            if let Some(distance) = distance {
                write!(f, ": {distance}")?;
            }
        }
        if !smallest {
            f.write_str("\n  (too much is asked in several places to try every set)")?;
        }
        Ok(())
    }
}

fn word(truth: Option<bool>) -> &'static str {
    match truth {
        Some(true) => "true",
        Some(false) => "false",
        None => "unknown",
    }
}

struct Until(Option<Timestamp>);

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(at) => write!(f, "until {at}"),
            None => f.write_str("which time alone does not change"),
        }
    }
}
