//! When the memberships of one person may turn by time.

use super::tree::NEVER;
use crate::few::Short;
use crate::memory::fetch_first;
use crate::time::Timestamp;

/// Segments whose membership may turn, and when.
#[derive(Debug)]
pub(super) struct Dues {
    /// By their segments, ascending.
    dues: Short<Due, FEW>,
    /// The first of the instants.
    next: Timestamp,
}

/// Most people have no more than this.
const FEW: usize = 5;

#[derive(Clone, Copy, Debug)]
struct Due {
    at: Timestamp,
    segment: u32,
}

impl Dues {
    pub(super) const fn new() -> Self {
        Self { dues: Short::none(Due { at: NEVER, segment: 0 }), next: NEVER }
    }

    /// Asks for the memory of the first.
    #[inline]
    pub(super) fn reach(&self) {
        fetch_first(&self.dues);
    }

    /// When the first may turn.
    pub(super) fn next(&self) -> Timestamp {
        self.next
    }

    /// Visits the segments whose time has come.
    pub(super) fn for_each_come(&self, now: Timestamp, mut visit: impl FnMut(usize)) {
        if self.next <= now {
            let come = self.dues.iter().filter(|due| due.at <= now);
            come.for_each(|due| visit(due.segment as usize));
        }
    }

    /// Notes when a membership may turn.
    pub(super) fn set(&mut self, segment: usize, at: Timestamp) {
        // There are as many as somebody wrote, so four billion are none.
        let segment = u32::try_from(segment).unwrap_or(u32::MAX);
        let place = self.dues.binary_search_by_key(&segment, |due| due.segment);
        let was = place.map_or(NEVER, |place| self.dues[place].at);
        if was == at {
            return;
        }
        match place {
            Ok(place) if at < NEVER => self.dues[place].at = at,
            Ok(place) => self.dues.remove(place..place + 1),
            Err(place) => self.dues.insert(place, Due { at, segment }),
        }
        if at < self.next {
            self.next = at;
        } else if was == self.next {
            self.next = self.dues.iter().map(|due| due.at).min().unwrap_or(NEVER);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_is_next(sets in vec((0_usize..5, 0_i64..6), 0..20)) {
            let (mut dues, mut expected) = (Dues::new(), [NEVER; 5]);
            for (segment, at) in sets {
                let at = if at == 0 { NEVER } else { Timestamp::from_micros(at) };
                dues.set(segment, at);
                expected[segment] = at;
                prop_assert_eq!(dues.next(), expected.into_iter().min().unwrap());
                for now in (0..7).map(Timestamp::from_micros) {
                    let mut come = Vec::new();
                    dues.for_each_come(now, |segment| come.push(segment));
                    let due = (0..5).filter(|segment| expected[*segment] <= now);
                    prop_assert_eq!(come, due.collect::<Vec<_>>());
                }
            }
        }
    }
}
