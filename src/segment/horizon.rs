//! How long an answer holds.

use crate::expr::Truth;
use crate::expr::plan::{Cond, Test};
use crate::metric::{Evaluator, Next};
use crate::time::{Duration, Timestamp, Valid};

/// Whether a condition holds, and when that may next be otherwise.
#[derive(Clone, Copy)]
struct Held {
    holds: bool,
    next: Next,
}

impl Held {
    fn of(Valid { value, until }: Valid<bool>) -> Self {
        Self { holds: value, next: Next::of(until) }
    }

    fn valid(self) -> Valid<bool> {
        Valid::until(self.holds, self.next.instant())
    }

    fn is(self, what: bool) -> Self {
        Self { holds: self.holds == what, ..self }
    }
}

/// Whether a condition is true, and until when.
#[inline]
pub(super) fn member<'a>(cond: &'a Cond, evaluator: &Evaluator<'a>) -> Valid<bool> {
    holds(cond, true, evaluator)
}

/// Whether a condition is `wanted` (true, or false; unknown is neither), and until when.
///
/// A condition is true if all of its conjuncts are, and false if any of them is; both questions
/// have two answers, so a horizon never has to tell false from unknown.
pub(super) fn holds<'a>(cond: &'a Cond, wanted: bool, evaluator: &Evaluator<'a>) -> Valid<bool> {
    held(cond, wanted, evaluator).valid()
}

#[inline]
fn held<'a>(cond: &'a Cond, wanted: bool, evaluator: &Evaluator<'a>) -> Held {
    match cond {
        Cond::Test(test) => tested(test, wanted, evaluator),
        _ => composed(cond, wanted, evaluator),
    }
}

fn tested<'a>(test: &'a Test, wanted: bool, evaluator: &Evaluator<'a>) -> Held {
    if let Some((truth, next)) = evaluator.settled(test) {
        return Held { holds: truth == Some(wanted), next };
    }
    Held::of(follow(test, evaluator, usize::MAX, |truth| truth == Some(wanted)))
}

/// The same of what is made of others; apart, so that a test among them needs no room for it.
#[inline(never)]
fn composed<'a>(cond: &'a Cond, wanted: bool, evaluator: &Evaluator<'a>) -> Held {
    match cond {
        Cond::All(parts) => junction(parts, wanted, wanted, evaluator),
        Cond::Any(parts) => junction(parts, wanted, !wanted, evaluator),
        Cond::Not(inner) => held(inner, !wanted, evaluator),
        Cond::Is { inner, what, negated } => {
            let is = match what {
                Truth::True => held(inner, true, evaluator),
                Truth::False => held(inner, false, evaluator),
                Truth::Null => {
                    let not = |wanted| held(inner, wanted, evaluator).is(false);
                    together([not(true), not(false)].into_iter(), true)
                }
            };
            is.is(*negated != wanted)
        }
        Cond::Member(inner) => {
            let membership = evaluator.membership(inner, || member(inner, evaluator));
            Held::of(membership).is(wanted)
        }
        Cond::Test(test) => tested(test, wanted, evaluator),
    }
}

fn junction<'a>(parts: &'a [Cond], wanted: bool, all: bool, evaluator: &Evaluator<'a>) -> Held {
    together(parts.iter().map(|part| held(part, wanted, evaluator)), all)
}

/// Whether all of several answers hold, or any of them.
///
/// `all`: while it holds, until the first may turn; else until the last of those that do not hold
/// may. `any` is the dual.
fn together(parts: impl Iterator<Item = Held>, all: bool) -> Held {
    // The same loop serves both: `all` fails by one that does not hold, `any` by one that does.
    let (mut first, mut last_failing) = (Next::never(), None);
    for Held { holds, next } in parts {
        if holds == all {
            first = first.min(next);
        } else {
            last_failing = last_failing.max(Some(next));
        }
    }
    Held { holds: last_failing.is_none() == all, next: last_failing.unwrap_or(first) }
}

/// How long a test is followed from its first change on. What may turn later is asked again then.
const FAR: Duration = Duration::days(36_525);

/// The answer to a question about a test's truth, and until when it holds.
///
/// A test is followed through time, from each instant at which one of its values may change to the
/// next, until the answer turns or so many `steps` are made; the horizon is then early. So it is
/// where changes have been followed for a century, since an anniversary comes every year.
pub(super) fn asked<'a, T: PartialEq>(
    test: &'a Test,
    evaluator: &Evaluator<'a>,
    steps: usize,
    ask: impl Fn(Option<bool>) -> T,
) -> Valid<T> {
    match evaluator.settled(test) {
        Some((truth, turns)) => turns.answer(truth, ask),
        None => follow(test, evaluator, steps, ask),
    }
}

/// The same of a test that is not settled; apart, so that those that are need no room for it.
#[inline(never)]
fn follow<'a, T: PartialEq>(
    test: &'a Test,
    evaluator: &Evaluator<'a>,
    steps: usize,
    ask: impl Fn(Option<bool>) -> T,
) -> Valid<T> {
    let facts = evaluator.facts();
    if let Some(leaf) = &test.leaf
        && let Some(valid) = leaf.follow(&facts, steps, &ask)
    {
        return valid;
    }
    let mut next = Next::never();
    let answer = ask(evaluator.test(test, facts.now(), &mut next));
    let far = next.instant().map_or(Timestamp::MAX, |first| first.plus(FAR));
    for _ in 0..steps {
        let Some(now) = next.instant() else { return Valid::always(answer) };
        if now > far {
            break;
        }
        let mut later = Next::never();
        if ask(evaluator.test(test, now, &mut later)) != answer {
            return Valid::until(answer, Some(now));
        }
        next = later;
    }
    Valid::until(answer, next.instant())
}
