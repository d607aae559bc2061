//! How the histories of two definitions differ.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::History;
use crate::id::ProfileId;
use crate::time::Timestamp;

/// Which of two definitions.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::exhaustive_enums, reason = "two are compared")]
pub enum Side {
    /// The first, which is the older where one took the other's place.
    First,
    /// The second.
    Second,
}

/// An entry or exit that one of two definitions has and the other has not.
///
/// They are ordered as their fields are.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[non_exhaustive]
pub struct Differing {
    /// When it takes effect.
    pub at: Timestamp,
    /// Of whom.
    pub person: ProfileId,
    /// By which of the two.
    pub side: Side,
    /// Whether it is an entry; otherwise it is an exit.
    pub entered: bool,
}

/// Who would have been in by one of two definitions and not by the other, and when each would have
/// entered and left: a changed rule, read against a log of what happened.
///
/// It is told one person at a time, in any order.
///
/// ```
/// use bespoke::event::Event;
/// use bespoke::expr::Names;
/// use bespoke::facts::Timeline;
/// use bespoke::schema::Schema;
/// use bespoke::segment::{Difference, Knowledge, Rule, Side};
/// use bespoke::time::Timestamp;
///
/// let none: [(&str, bespoke::value::Kind); 0] = [];
/// let names = Names::new(Schema::new().event("Order Completed", none));
/// let rule = |days: u32| {
///     Rule::parse(&format!("count(\"Order Completed\" over {days} days) > 0"))?.check(&names)
/// };
/// let (quarter, month) = (rule(90)?, rule(30)?);
///
/// let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?);
/// let timeline = Timeline::of([order], names.schema());
/// let at = "2026-04-01T00:00:00Z".parse()?;
/// let history = |segment: &bespoke::segment::Segment| {
///     segment.history(&timeline, at, Knowledge::Following)
/// };
///
/// let mut difference = Difference::new(Timestamp::MIN, at);
/// difference.add(&"p-1".into(), &history(&quarter), &history(&month));
/// assert_eq!(difference.members()["p-1"], Side::First);
/// // Both enter with the order; by the shorter window alone the customer has left.
/// let [left] = difference.turns().iter().collect::<Vec<_>>()[..] else { panic!() };
/// assert_eq!((left.side, left.entered), (Side::Second, false));
/// assert_eq!(left.at, "2026-03-03T12:00:00Z".parse()?);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    from: Timestamp,
    at: Timestamp,
    members: BTreeMap<ProfileId, Side>,
    turns: BTreeSet<Differing>,
}

impl Difference {
    /// The difference of memberships at an instant, and of the entries and exits from another up to
    /// it, both included. Nobody is told of yet.
    pub fn new(from: Timestamp, at: Timestamp) -> Self {
        Self { from, at, members: BTreeMap::new(), turns: BTreeSet::new() }
    }

    /// Takes in one person's history by either definition; both reach the instant of the
    /// memberships.
    pub fn add(&mut self, person: &ProfileId, first: &History, second: &History) {
        for (side, one, other) in [(Side::First, first, second), (Side::Second, second, first)] {
            if one.is_in(self.at) && !other.is_in(self.at) {
                self.members.insert(person.clone(), side);
            }
            let turns =
                one.without(other).filter(|turn| self.from <= turn.at && turn.at <= self.at);
            self.turns.extend(turns.map(|turn| Differing {
                at: turn.at,
                person: person.clone(),
                side,
                entered: turn.entered,
            }));
        }
    }

    /// The members by one of the two only, and by which.
    pub fn members(&self) -> &BTreeMap<ProfileId, Side> {
        &self.members
    }

    /// How many are members by this one only.
    pub fn count(&self, side: Side) -> usize {
        self.members.values().filter(|only| **only == side).count()
    }

    /// The entries and exits by one of the two only, in order.
    pub fn turns(&self) -> &BTreeSet<Differing> {
        &self.turns
    }
}
