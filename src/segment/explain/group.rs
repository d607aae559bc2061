//! Which values of a field made a group true, or come nearest to it.

use super::{Evaluator, Logic, Operand, operands};
use crate::expr::plan::{Cond, Group};
use crate::metric::Next;

/// How many values are named; of equals the first.
const NAMED: usize = 3;

/// The nearest values, each with the facts that tell it and the operands of the tests about it.
pub(super) fn operands_of_group<'a>(group: &'a Group, evaluator: &Evaluator<'a>) -> Vec<Operand> {
    let now = evaluator.facts().now();
    let mut least = usize::MAX;
    evaluator.for_each_value(group, now, |_, within| {
        least = least.min(missing(&group.cond, true, within));
    });
    let mut named = 0;
    let mut found = Vec::new();
    evaluator.for_each_value(group, now, |value, within| {
        if named < NAMED && missing(&group.cond, true, within) == least {
            named += 1;
            found.push(Operand::new(&group.by, value.to_string(), within.entries(group)));
            let tests = Logic::of(&group.cond).clauses;
            found.extend(tests.into_iter().flat_map(|(_, test)| operands(test, within)));
        }
    });
    if found.is_empty() {
        vec![Operand::new(&group.by, "NULL".to_owned(), Vec::new())]
    } else {
        found
    }
}

/// How many tests have to turn, at least, until a condition is `wanted`.
fn missing<'a>(cond: &'a Cond, wanted: bool, evaluator: &Evaluator<'a>) -> usize {
    let parts = |parts: &'a [Cond]| parts.iter().map(|part| missing(part, wanted, evaluator));
    match (cond, wanted) {
        (Cond::All(all), true) => parts(all).sum(),
        (Cond::All(all), false) => parts(all).min().unwrap_or(1),
        (Cond::Any(any), true) => parts(any).min().unwrap_or(1),
        (Cond::Any(any), false) => parts(any).sum(),
        (Cond::Not(inner), _) => missing(inner, !wanted, evaluator),
        (Cond::Is { .. } | Cond::Member(_) | Cond::Test(_), _) => {
            let now = evaluator.facts().now();
            usize::from(evaluator.truth(cond, now, &mut Next::never()) != Some(wanted))
        }
    }
}
