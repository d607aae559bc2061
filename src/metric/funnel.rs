//! How far a funnel was passed.

use super::evaluator::{Evaluator, Next};
use super::moving::Val;
use super::slide::Slide;
use crate::expr::plan::Funnel;
use crate::facts::Fact;
use crate::time::Timestamp;
use crate::value::Exact;

impl<'a> Evaluator<'a> {
    /// The furthest step that was reached.
    pub(super) fn furthest(&self, funnel: &'a Funnel, now: Timestamp, next: &mut Next) -> Val<'a> {
        let steps = self.passed(funnel, now, next).map(|facts| facts.len());
        let whole = |steps| Exact::whole(i64::try_from(steps).unwrap_or(i64::MAX));
        steps.map_or(Val::Null, |steps| Val::Number(whole(steps)))
    }

    /// The facts by which each step that was reached was reached; `None` where the window begins
    /// at an instant that is NULL.
    pub(crate) fn passed(
        &self,
        funnel: &'a Funnel,
        now: Timestamp,
        next: &mut Next,
    ) -> Option<Vec<&'a Fact>> {
        let steps = funnel.steps.iter().map(|step| self.slide(step, now, &mut *next));
        let steps = steps.collect::<Option<Vec<_>>>()?;
        let passed = passed(&steps);
        self.keep(steps);
        Some(passed)
    }
}

/// Each step is passed at the earliest instant that it can be, which costs a search for each.
///
/// Earliest is furthest: whatever a later passage of a step leaves for the steps after it, an
/// earlier one leaves too, but for events of its own instant. So only there events have to be
/// shared out, and a step that cannot have one then is passed at the next instant that offers any.
fn passed<'a>(steps: &[Slide<'a>]) -> Vec<&'a Fact> {
    let mut passed = Vec::with_capacity(steps.len());
    let mut from = Timestamp::MIN;
    while let Some(step) = steps.get(passed.len()) {
        let Some(at) = step.from(from).next().map(|fact| fact.at) else { break };
        let found = share(steps, passed.len(), at, &mut passed, &mut Vec::new());
        from = if found { at } else { at.next() };
    }
    passed
}

/// Finds an event of this instant for a step, letting the steps before it take another of theirs
/// where they can (an augmenting path, after Kuhn); those `tried` were asked for already.
fn share<'a>(
    steps: &[Slide<'a>],
    step: usize,
    at: Timestamp,
    passed: &mut Vec<&'a Fact>,
    tried: &mut Vec<&'a Fact>,
) -> bool {
    let own = steps.get(step).into_iter().flat_map(|step| step.from(at));
    // Of as many as there are steps, the others leave one.
    for fact in own.take_while(|fact| fact.at == at).take(steps.len()) {
        let same = |other: &&Fact| std::ptr::eq(*other, fact);
        if tried.iter().any(same) {
            continue;
        }
        tried.push(fact);
        let taken = passed.iter().position(same);
        if taken.is_none_or(|other| share(steps, other, at, passed, tried)) {
            match passed.get_mut(step) {
                Some(place) => *place = fact,
                None => passed.push(fact),
            }
            return true;
        }
    }
    false
}
