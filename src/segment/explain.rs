//! Why somebody is a member, or is not.

mod person;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::{Segment, horizon};
use crate::expr::plan::{Cond, Source, Term, Test};
use crate::facts::Facts;
use crate::id::MessageId;
use crate::metric::{Evaluator, Next};
use crate::time::{Timestamp, Valid, compare};

/// A membership with its reasons.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// Whether the person is a member.
    pub member: bool,
    /// Until when that holds.
    pub until: Option<Timestamp>,
    /// The rule's clauses in the order in which they are written.
    pub clauses: Vec<Clause>,
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
    let (mut clauses, mut seen) = (Vec::new(), Vec::new());
    for_each_test(&segment.cond, &mut seen, &mut |cond, test| {
        clauses.push(clause(cond, test, &evaluator));
    });
    Explanation { member, until, clauses }
}

/// Visits the tests in the order in which they are written; those of a segment that several name
/// once.
fn for_each_test<'c>(
    cond: &'c Cond,
    seen: &mut Vec<&'c Cond>,
    visit: &mut impl FnMut(&'c Cond, &'c Test),
) {
    match cond {
        Cond::All(parts) | Cond::Any(parts) => {
            parts.iter().for_each(|part| for_each_test(part, seen, visit));
        }
        Cond::Not(inner) | Cond::Is { inner, .. } => for_each_test(inner, seen, visit),
        Cond::Member(inner) => {
            if !seen.iter().any(|other| std::ptr::eq(*other, Arc::as_ptr(inner))) {
                seen.push(inner);
                for_each_test(inner, seen, visit);
            }
        }
        Cond::Test(test) => visit(cond, test),
    }
}

fn clause<'a>(cond: &'a Cond, test: &'a Test, evaluator: &Evaluator<'a>) -> Clause {
    let now = evaluator.facts().now();
    let truth = evaluator.test(test, now, &mut Next::never());
    // The first change of any kind: to or from true, false or unknown.
    let horizons = [true, false].map(|wanted| horizon::holds(cond, wanted, evaluator).until);
    let until = horizons.into_iter().min_by(|a, b| compare(*a, *b)).flatten();
    let mut operands = Vec::new();
    test.check.for_each_term(&mut |term| {
        match term {
            Term::Field { from: Source::Attribute, path } => {
                operands.extend(operand_of_trait(path, evaluator));
            }
            Term::Person(term) => operands.extend(person::operands(term, evaluator)),
            _ => {}
        }
        term.for_each_figure(&mut |figure| {
            let value = evaluator.figure(figure, now).measure(now).to_string();
            let facts = evaluator.witnesses(figure, now).into_iter();
            let facts = facts.map(|fact| (fact.at, fact.id.clone())).collect();
            operands.push(Operand { text: Arc::clone(&figure.text), value, facts });
        });
    });
    Clause { text: Arc::clone(&test.text), truth, until, operands }
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

/// How many facts are named before the rest is counted.
const NAMED: usize = 8;

impl fmt::Display for Explanation {
    /// One line for the membership, one for each clause, and below it one for each operand.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let membership = if self.member { "member" } else { "not a member" };
        write!(f, "{membership}, {}", Until(self.until))?;
        for Clause { text, truth, until, operands } in &self.clauses {
            let truth = match truth {
                Some(true) => "true",
                Some(false) => "false",
                None => "unknown",
            };
            write!(f, "\n  {text}\n    is {truth}, {}", Until(*until))?;
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
        Ok(())
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
