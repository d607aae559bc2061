//! When the memberships of one person may turn by time.

use super::tree::NEVER;
use crate::time::Timestamp;

/// Segments whose membership may turn, and when.
#[derive(Debug)]
pub(super) struct Dues {
    /// The segments, ascending, and beside each its instant.
    segments: Vec<u32>,
    instants: Vec<Timestamp>,
    /// The first of the instants.
    next: Timestamp,
}

impl Dues {
    pub(super) const fn new() -> Self {
        Self { segments: Vec::new(), instants: Vec::new(), next: NEVER }
    }

    /// When the first may turn.
    pub(super) fn next(&self) -> Timestamp {
        self.next
    }

    /// Visits the segments whose time has come.
    pub(super) fn for_each_come(&self, now: Timestamp, mut visit: impl FnMut(usize)) {
        if self.next <= now {
            let all = self.segments.iter().zip(&self.instants);
            all.filter(|(_, at)| **at <= now).for_each(|(segment, _)| visit(*segment as usize));
        }
    }

    /// Notes when a membership may turn.
    pub(super) fn set(&mut self, segment: usize, at: Timestamp) {
        // There are as many as somebody wrote, so four billion are none.
        let segment = u32::try_from(segment).unwrap_or(u32::MAX);
        let place = self.segments.binary_search(&segment);
        let was = place.map_or(NEVER, |place| self.instants[place]);
        if was == at {
            return;
        }
        match place {
            Ok(place) if at < NEVER => self.instants[place] = at,
            Ok(place) => {
                self.segments.remove(place);
                self.instants.remove(place);
            }
            Err(place) => {
                self.segments.insert(place, segment);
                self.instants.insert(place, at);
            }
        }
        if at < self.next {
            self.next = at;
        } else if was == self.next {
            self.next = self.instants.iter().copied().min().unwrap_or(NEVER);
        }
    }
}
