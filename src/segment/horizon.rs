//! How long an answer holds.

use crate::expr::Truth;
use crate::expr::plan::{Cond, Test};
use crate::metric::{Evaluator, Next};
use crate::time::{Timestamp, Valid, earlier, later};

/// Whether a condition is true, and until when.
pub(super) fn member<'a>(cond: &'a Cond, evaluator: &Evaluator<'a>) -> Valid<bool> {
    holds(cond, true, evaluator)
}

/// Whether a condition is `wanted` (true, or false; unknown is neither), and until when.
///
/// A condition is true if all of its conjuncts are, and false if any of them is; both questions
/// have two answers, so a horizon never has to tell false from unknown.
pub(super) fn holds<'a>(cond: &'a Cond, wanted: bool, evaluator: &Evaluator<'a>) -> Valid<bool> {
    match cond {
        Cond::All(parts) => junction(parts, wanted, wanted, evaluator),
        Cond::Any(parts) => junction(parts, wanted, !wanted, evaluator),
        Cond::Not(inner) => holds(inner, !wanted, evaluator),
        Cond::Is { inner, what, negated } => {
            let is = match what {
                Truth::True => holds(inner, true, evaluator),
                Truth::False => holds(inner, false, evaluator),
                Truth::Null => {
                    let not = |wanted| holds(inner, wanted, evaluator).map(|holds| !holds);
                    together([not(true), not(false)].into_iter(), true)
                }
            };
            is.map(|is| (is != *negated) == wanted)
        }
        Cond::Member(inner) => {
            let membership = evaluator.membership(inner, || member(inner, evaluator));
            membership.map(|member| member == wanted)
        }
        Cond::Test(test) => follow(test, wanted, evaluator),
    }
}

fn junction<'a>(
    parts: &'a [Cond],
    wanted: bool,
    all: bool,
    evaluator: &Evaluator<'a>,
) -> Valid<bool> {
    together(parts.iter().map(|part| holds(part, wanted, evaluator)), all)
}

/// Whether all of several answers hold, or any of them.
///
/// `all`: while it holds, until the first may turn; else until the last of those that do not hold
/// may. `any` is the dual.
fn together(parts: impl Iterator<Item = Valid<bool>>, all: bool) -> Valid<bool> {
    // The same loop serves both: `all` fails by one that does not hold, `any` by one that does.
    let mut first = None;
    let mut last_failing: Option<Option<Timestamp>> = None;
    for part in parts {
        if part.value == all {
            first = earlier(first, part.until);
        } else {
            last_failing = Some(match last_failing {
                Some(until) => later(until, part.until),
                None => part.until,
            });
        }
    }
    match last_failing {
        Some(until) => Valid::until(!all, until),
        None => Valid::until(all, first),
    }
}

/// Follows a test through time, from each instant at which one of its values may change to the
/// next, until it turns.
fn follow<'a>(test: &'a Test, wanted: bool, evaluator: &Evaluator<'a>) -> Valid<bool> {
    let facts = evaluator.facts();
    let ask = |truth| truth == Some(wanted);
    let leaf = test.leaf.as_ref().and_then(|leaf| leaf.evaluate(&facts, usize::MAX, ask));
    if let Some(holds) = leaf {
        return holds;
    }
    let mut now = facts.now();
    let mut holds = None;
    loop {
        let mut next = Next::never();
        let holds_now = evaluator.test(test, now, &mut next) == Some(wanted);
        let first = *holds.get_or_insert(holds_now);
        if holds_now != first {
            return Valid::until(first, Some(now));
        }
        match next.instant() {
            Some(at) => now = at,
            None => return Valid::always(first),
        }
    }
}
