//! A membership through time.

use std::sync::Arc;

use serde::Serialize;

use super::Segment;
use crate::facts::{Facts, Layout, Timeline};
use crate::metric::{Evaluator, Next};
use crate::time::Timestamp;

/// What is taken to be known at each instant of a history.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "knowledge follows time or it does not")]
pub enum Knowledge {
    /// What was known at this instant, with hindsight or without.
    Fixed(Timestamp),
    /// What was known then: an answer is the one that was given, or would have been.
    #[default]
    Following,
}

/// An instant at which somebody entered a segment or left it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[expect(clippy::exhaustive_structs, reason = "when and which way; there is no third part")]
pub struct Turn {
    /// The first microsecond of the new state.
    pub at: Timestamp,
    /// Whether it is an entry; otherwise it is an exit.
    pub entered: bool,
}

/// Every entry and exit of one person, in order.
///
/// It collects from turns in order, of which those that change nothing are left out.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
#[serde(transparent)]
pub struct History(Vec<Turn>);

impl History {
    /// The entries and exits in order; the first is an entry, since everybody begins outside.
    pub fn turns(&self) -> &[Turn] {
        &self.0
    }

    /// Whether the person was a member at an instant that the history reaches.
    pub fn is_in(&self, at: Timestamp) -> bool {
        let before = self.0.partition_point(|turn| turn.at <= at);
        before.checked_sub(1).and_then(|last| self.0.get(last)).is_some_and(|turn| turn.entered)
    }

    /// The entries and exits that another history has not.
    pub fn without(&self, other: &Self) -> impl Iterator<Item = Turn> {
        self.0.iter().filter(|turn| other.0.binary_search(turn).is_err()).copied()
    }

    fn set(&mut self, at: Timestamp, is_in: bool) {
        if is_in != self.0.last().is_some_and(|turn| turn.entered) {
            self.0.push(Turn { at, entered: is_in });
        }
    }
}

impl FromIterator<Turn> for History {
    fn from_iter<I: IntoIterator<Item = Turn>>(turns: I) -> Self {
        let mut history = Self::default();
        turns.into_iter().for_each(|turn| history.set(turn.at, turn.entered));
        history
    }
}

impl Segment {
    /// When the person entered and left, up to an instant, this included.
    ///
    /// The history is that of [`evaluate`](Self::evaluate) at every microsecond, but nobody is a
    /// member before something of theirs has happened and is known, whatever the rule says of
    /// people without facts. It is found by going from each instant at which an answer may change
    /// to the next, so it costs facts and turns, not time. Where a fact became known later than it
    /// happened, or was taken back, tests with `avg`, `min`, `max`, `distinct` or a filter that
    /// reads a trait look at the events in their window anew.
    ///
    /// ```
    /// use bespoke::event::Event;
    /// use bespoke::expr::Names;
    /// use bespoke::facts::Timeline;
    /// use bespoke::schema::Schema;
    /// use bespoke::segment::{Knowledge, Rule, Turn};
    ///
    /// let none: [(&str, bespoke::value::Kind); 0] = [];
    /// let schema = Schema::new().event("Order Completed", none);
    /// let rule = Rule::parse(r#"count("Order Completed" over 90 days) > 0"#)?;
    /// let active = rule.check(&Names::new(schema.clone()))?;
    ///
    /// // Ordered on the 1st of February, and told five days later.
    /// let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?);
    /// let order = order.received("2026-02-06T00:00:00Z".parse()?);
    /// let timeline = Timeline::of([order], &schema);
    ///
    /// let upto = "2026-12-31T00:00:00Z".parse()?;
    /// let history = active.history(&timeline, upto, Knowledge::Following);
    /// let left = Turn { at: "2026-05-02T12:00:00Z".parse()?, entered: false };
    /// let entered = Turn { at: "2026-02-06T00:00:00Z".parse()?, entered: true };
    /// assert_eq!(history.turns(), [entered, left]);
    ///
    /// // With hindsight the entry is that of the order.
    /// let history = active.history(&timeline, upto, Knowledge::Fixed(upto));
    /// let entered = Turn { at: "2026-02-01T12:00:00Z".parse()?, ..entered };
    /// assert_eq!(history.turns(), [entered, left]);
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    pub fn history(&self, timeline: &Timeline, upto: Timestamp, knowledge: Knowledge) -> History {
        let mut history = History::default();
        let until = upto.next();
        match knowledge {
            Knowledge::Fixed(known) => {
                let facts = timeline.facts_as_known(Timestamp::MIN, known);
                self.follow(facts, until, &mut history);
            }
            Knowledge::Following => {
                let (mut segment, mut layout) = (self.clone(), Layout::default());
                segment.index(&mut layout);
                let mut replay = timeline.replay(Arc::new(layout), until);
                while let Some((facts, until)) = replay.next_stretch() {
                    segment.follow(facts, until, &mut history);
                }
            }
        }
        history
    }

    /// Follows the membership from the facts' own instant to `until`, which is left out, while
    /// nothing else is known.
    fn follow(&self, facts: Facts<'_>, until: Timestamp, history: &mut History) {
        let first = facts.first().unwrap_or(until);
        if facts.now() < first {
            history.set(facts.now(), false);
        }
        let evaluator = Evaluator::new(facts);
        let mut now = facts.now().max(first);
        while now < until {
            let mut next = Next::never();
            let truth = evaluator.truth(&self.cond, now, &mut next);
            history.set(now, truth == Some(true));
            now = next.instant().unwrap_or(until);
        }
    }
}
