//! Funnels by the letter: every choice of events is tried.

use super::{Answer, Entry, Ratio, World};
use crate::expr::Funnel;
use crate::value::Fields;

impl<'a> World<'a> {
    pub(super) fn funnel(&self, funnel: &'a Funnel) -> Answer {
        let Some(window) = self.window(funnel.window()) else { return Answer::Null };
        let steps: Vec<_> = funnel.steps().map(|step| self.counted(step, &window)).collect();
        Answer::Number(Ratio::from(furthest(&steps, &mut Vec::new())))
    }
}

/// How many steps can be reached in all, if the first of them were by the events `chosen`: each by
/// an event of its own that is no earlier than the one before.
fn furthest<'a>(steps: &[Vec<Entry<'a>>], chosen: &mut Vec<Entry<'a>>) -> usize {
    let mut furthest = chosen.len();
    for entry in steps.get(chosen.len()).into_iter().flatten() {
        let late = chosen.last().is_none_or(|before| before.at <= entry.at);
        if late && !chosen.iter().any(|other| same(other.event, entry.event)) {
            chosen.push(*entry);
            furthest = furthest.max(self::furthest(steps, chosen));
            chosen.pop();
        }
        if furthest == steps.len() {
            break;
        }
    }
    furthest
}

/// Whether they are of one event.
fn same(a: &Fields, b: &Fields) -> bool {
    std::ptr::eq(a, b)
}
