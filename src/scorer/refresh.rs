//! When a person's score is to be worked out anew.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::id::ProfileId;
use crate::time::{Duration, Timestamp};

/// What makes a score worth working out anew: events of these names, and time.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The events after which a score is out of date.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    on: BTreeSet<Arc<str>>,
    /// How long a score holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    every: Option<Duration>,
}

impl Refresh {
    /// Never, unless asked.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, and after each event of this name.
    #[must_use]
    pub fn on(mut self, event: impl Into<Arc<str>>) -> Self {
        self.on.insert(event.into());
        self
    }

    /// The same, and so long after the score was last worked out.
    #[must_use]
    pub fn every(self, length: Duration) -> Self {
        Self { every: Some(length), ..self }
    }

    /// The events after which a score is out of date.
    pub fn events(&self) -> impl Iterator<Item = &Arc<str>> {
        self.on.iter()
    }

    /// How long a score holds, if time makes a difference.
    pub const fn interval(&self) -> Option<Duration> {
        self.every
    }

    /// Until when a score of this instant holds, if nothing happens.
    pub fn until(&self, at: Timestamp) -> Option<Timestamp> {
        self.every.map(|length| at.plus(length))
    }
}

/// Whose score is due: a state machine without a clock and without I/O.
///
/// The host tells what happened and whose score was told, takes those who are due, and comes back at
/// [`poll_timeout`](Due::poll_timeout). Somebody to whom five things happen before they are asked
/// about is due once.
///
/// ```
/// use bespoke::event::Event;
/// use bespoke::scorer::{Due, Refresh};
/// use bespoke::time::Duration;
///
/// let refresh = Refresh::new().on("Order Completed").every(Duration::days(7));
/// let mut due = Due::new(refresh);
/// let bought = "2026-02-01T12:00:00Z".parse()?;
/// due.handle_event(&Event::track("p-1", "Order Completed", bought), bought);
/// assert_eq!(due.poll_timeout(), Some(bought));
/// assert_eq!(due.poll(bought), Some("p-1".into()));
///
/// // Their score was told; nothing else happens, and it holds for a week.
/// due.handle_told(&"p-1".into(), bought);
/// assert_eq!(due.poll(bought), None);
/// let week = bought.plus(Duration::days(7));
/// assert_eq!(due.poll_timeout(), Some(week));
/// assert_eq!(due.poll(week), Some("p-1".into()));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Due {
    refresh: Refresh,
    at: BTreeMap<ProfileId, Timestamp>,
    people: BTreeSet<(Timestamp, ProfileId)>,
}

impl Due {
    /// Nobody is due yet.
    pub const fn new(refresh: Refresh) -> Self {
        Self { refresh, at: BTreeMap::new(), people: BTreeSet::new() }
    }

    /// Takes what happened, as it becomes known at `now`.
    pub fn handle_event(&mut self, event: &Event, now: Timestamp) {
        if let Some(person) = event.person()
            && self.refresh.on.contains(event.name())
        {
            let known = self.at.get(person).copied();
            self.set(person.clone(), known.map_or(now, |at| at.min(now)));
        }
    }

    /// Takes that a person's score was told: it is due again when that ends to hold.
    pub fn handle_told(&mut self, person: &ProfileId, at: Timestamp) {
        match self.refresh.until(at) {
            Some(until) => self.set(person.clone(), until),
            None => self.forget(person),
        }
    }

    /// Takes that a person is no longer to be asked about: erased, or not eligible.
    pub fn forget(&mut self, person: &ProfileId) {
        if let Some(at) = self.at.remove(person) {
            self.people.remove(&(at, person.clone()));
        }
    }

    /// Somebody who is due at `now`, who is then so no longer; the longest overdue first.
    pub fn poll(&mut self, now: Timestamp) -> Option<ProfileId> {
        let (at, person) = self.people.pop_first()?;
        if at > now {
            self.people.insert((at, person));
            return None;
        }
        self.at.remove(&person);
        Some(person)
    }

    /// When the next is due, if any is.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        self.people.first().map(|(at, _)| *at)
    }

    /// How many are waited for.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody is.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    fn set(&mut self, person: ProfileId, at: Timestamp) {
        self.forget(&person);
        self.people.insert((at, person.clone()));
        self.at.insert(person, at);
    }
}
