//! How far a broadcast has come, in figures.

use std::collections::BTreeMap;
use std::fmt;

use super::{Broadcast, State, Tally};
use crate::delivery::StateName;
use crate::time::{Duration, Timestamp, earlier};

/// How far a broadcast has come: its own count of decisions, and what the outbox holds.
///
/// ```
/// use std::collections::BTreeMap;
///
/// use bespoke::broadcast::{Broadcast, Status};
/// use bespoke::time::Duration;
///
/// let mut broadcast = Broadcast::freezing("spring", "everybody", "2026-03-01T09:00:00Z".parse()?);
/// let list = broadcast.handle_list(2);
/// broadcast.handle_frozen(list, 310, 300)?;
/// let status = Status::new(&broadcast, BTreeMap::new(), None);
/// assert_eq!((status.remaining(), status.percent()), (300, 0));
/// assert_eq!(status.time_left(50, Duration::minutes(1)), Some(Duration::minutes(6)));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Status {
    /// Whether it is under way.
    pub state: State,
    /// As of which instant the audience is.
    pub at: Timestamp,
    /// How many people are in the frozen audience.
    pub members: u64,
    /// What was decided of them.
    pub tally: Tally,
    /// What was claimed, by how far it has come.
    pub deliveries: BTreeMap<StateName, u64>,
    /// When the first is due of the people and of the deliveries that were put off: when to go on
    /// where there is nothing else to do.
    pub until: Option<Timestamp>,
}

impl Status {
    /// A broadcast, with its deliveries other than the accepted ones, which are the rest, and when
    /// the first of those is due that the channel put off.
    pub fn new(
        broadcast: &Broadcast,
        mut deliveries: BTreeMap<StateName, u64>,
        due: Option<Timestamp>,
    ) -> Self {
        let tally = broadcast.tally().clone();
        let others = deliveries.values().fold(0_u64, |sum, count| sum.saturating_add(*count));
        deliveries.insert(StateName::Accepted, tally.claimed.saturating_sub(others));
        deliveries.retain(|_, count| *count > 0);
        Self {
            state: broadcast.state(),
            at: broadcast.at(),
            members: broadcast.members(),
            tally,
            deliveries,
            until: earlier(broadcast.poll_timeout(), due),
        }
    }

    /// How many messages the channel has.
    pub fn sent(&self) -> u64 {
        self.deliveries.get(&StateName::Accepted).copied().unwrap_or_default()
    }

    /// How many of the audience something is still to be done for: to decide of them, now or when
    /// they are due, or to hand a message over.
    pub fn remaining(&self) -> u64 {
        let Tally { claimed, failed, skipped, .. } = &self.tally;
        let waiting = self.deliveries.iter().filter(|(state, _)| !state.is_final());
        let ended = waiting.fold(*claimed, |ended, (_, count)| ended.saturating_sub(*count));
        let ended = skipped.values().fold(ended, |sum, count| sum.saturating_add(*count));
        self.members.saturating_sub(ended.saturating_add(*failed))
    }

    /// Of how many in a hundred nothing is left to do, rounded down: 100 means everybody.
    pub fn percent(&self) -> u8 {
        let done = u128::from(self.members.saturating_sub(self.remaining()));
        let percent = (done * 100).checked_div(u128::from(self.members)).unwrap_or(100);
        u8::try_from(percent).unwrap_or(100)
    }

    /// How long the rest takes at a pace of so many people within some time, without those who were
    /// put off, for whom it is not a matter of pace; `None` for a pace of nobody.
    pub fn time_left(&self, people: u64, within: Duration) -> Option<Duration> {
        let left = i128::from(self.remaining().saturating_sub(self.tally.deferred));
        let micros = (left * i128::from(within.micros())).checked_div(i128::from(people))?;
        Some(Duration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { state, members, tally, deliveries, .. } = self;
        writeln!(f, "{state}: {}% of {members} people as of {}", self.percent(), self.at)?;
        let Tally { claimed, deferred, failed, .. } = tally;
        let decided = tally.decided();
        write!(
            f,
            "decided of {decided}: {claimed} permitted, {deferred} deferred, {failed} failed"
        )?;
        let mut skipped = tally.skipped.iter();
        skipped.try_for_each(|(reason, count)| write!(f, ", {count} skipped ({reason})"))?;
        write!(f, "\ndeliveries: ")?;
        let mut first = true;
        for (state, count) in deliveries {
            let comma = if std::mem::take(&mut first) { "" } else { ", " };
            write!(f, "{comma}{count} {state}")?;
        }
        if first {
            write!(f, "none")?;
        }
        match self.until {
            Some(until) => write!(f, "\n{} remaining; go on at {until}", self.remaining()),
            None => write!(f, "\n{} remaining", self.remaining()),
        }
    }
}
