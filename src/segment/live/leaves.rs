//! What is known of the leaves of one person.

use std::ops::Range;

use super::program::Program;
use super::pull::Pull;
use super::tree::{Held, NEVER};
use crate::expr::plan::Cond;
use crate::facts::Change;
use crate::memory::fetch_first;
use crate::metric::{Evaluator, Standing};
use crate::segment::horizon;
use crate::time::{Timestamp, Valid};

/// So many changes of a figure are followed to find when a test turns; a test that takes longer is
/// asked again on the way.
pub(super) const STEPS: usize = 2;

/// Room is made for so many truths at a time.
const AT_ONCE: usize = 16;

/// The truths of leaves, and what they are good for. A leaf is asked when its truth matters, and not
/// before.
///
/// Most people do few of the things that rules ask about. So the leaves of a group are kept from when
/// one of them is not as of nobody; all is one stretch of memory, which begins with where the groups
/// are.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    cells: Vec<i64>,
    /// Whether nothing is known of groups that are not kept, rather than what is known of nobody.
    forgotten: bool,
}

/// A leaf whose truth may be another now.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stale {
    pub(super) leaf: usize,
    /// What it was, if that held whatever the instant: where it is so again, nothing else changes.
    pub(super) was: Option<Held>,
}

/// What is known of the leaves of whom nothing else is known, and the groups that leaves are in:
/// what tests one column is kept together.
#[derive(Clone, Debug, Default)]
pub(super) struct Blank {
    holds: Vec<Hold>,
    /// The group of each leaf, and which of the group's it is.
    places: Vec<(u32, u32)>,
    /// The leaves of each group.
    groups: Vec<Range<usize>>,
}

/// A truth and for how long it holds: until an instant; or until more than so much has been added
/// to its figure; or no longer.
///
/// There is one of each leaf and person, so they share a number. Its last two bits are the truth; of
/// the rest, what is not above the last instant is one, and what is above it is what may be added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Hold(i64);

impl Hold {
    /// It is not known, or no longer.
    pub(super) const OVER: Self = Self(i64::MIN);

    const LEAST: i64 = i64::MIN >> 2;
    const MOST: i64 = i64::MAX >> 2;

    fn of(truth: Option<bool>, number: i64) -> Self {
        let bits = truth.map_or(0b00, |truth| i64::from(truth) << 1 | 1);
        Self(number.clamp(Self::LEAST, Self::MOST) << 2 | bits)
    }

    fn until(Held { truth, until }: Held) -> Self {
        Self::of(truth, until.micros())
    }

    /// Whenever, until more than `room` is added.
    fn within(truth: Option<bool>, room: i64) -> Self {
        Self::of(truth, NEVER.micros().saturating_add(room))
    }

    /// What is left of it when so much is added.
    #[inline]
    pub(super) fn less(self, added: i64) -> Self {
        // What is taken leaves the truth's bits as they are.
        let left = Self(self.0.saturating_sub(added.saturating_mul(4)));
        if left.number() < NEVER.micros() { Self::OVER } else { left }
    }

    /// Whether time ends it at this instant or before.
    #[inline]
    pub(super) fn ends_by(self, at: Timestamp) -> bool {
        self.number() <= at.micros().min(Timestamp::LAST.micros())
    }

    #[inline]
    pub(super) fn truth(self) -> Option<bool> {
        match self.0 & 0b11 {
            0b01 => Some(false),
            0b11 => Some(true),
            _ => None,
        }
    }

    #[inline]
    fn number(self) -> i64 {
        self.0 >> 2
    }

    #[inline]
    fn held(self) -> Held {
        Held { truth: self.truth(), until: Timestamp::from_micros(self.number()).min(NEVER) }
    }

    #[inline]
    fn is_over(self, now: Timestamp) -> bool {
        self.number() <= now.micros().max(Self::LEAST)
    }
}

impl Blank {
    /// Leaves of which nothing is known, by the sizes of their groups.
    pub(super) fn of(sizes: impl IntoIterator<Item = usize>) -> Self {
        let mut blank = Self::default();
        let mut sizes: Vec<usize> = sizes.into_iter().collect();
        let count: usize = sizes.iter().sum();
        if starts(sizes.len()) + count > usize::from(START) {
            sizes = vec![count];
        }
        for size in sizes {
            let (first, group) = (blank.holds.len(), blank.groups.len());
            // There are as many as somebody wrote, so four billion are none.
            let number = |number| u32::try_from(number).unwrap_or(u32::MAX);
            blank.places.extend((0..size).map(|place| (number(group), number(place))));
            blank.holds.resize(first + size, Hold::OVER);
            blank.groups.push(first..first + size);
        }
        blank
    }

    /// Takes a truth for good until something is told, if time never turns it.
    pub(super) fn take(&mut self, leaf: usize, standing: &Standing) {
        if let Some(hold) = self.holds.get_mut(leaf).filter(|_| standing.turns.is_none()) {
            *hold = Hold::within(standing.truth, standing.room);
        }
    }

    /// The truth of a leaf, if it is known whatever the instant.
    pub(super) fn always(&self, leaf: usize) -> Option<Held> {
        self.holds.get(leaf).map(|hold| hold.held()).filter(|held| held.until == NEVER)
    }

    fn hold(&self, leaf: usize) -> Hold {
        self.holds.get(leaf).copied().unwrap_or(Hold::OVER)
    }
}

/// Where a group begins takes sixteen bits of a cell; so many truths there may be in groups.
const START: u16 = u16::MAX;

/// How many cells the starts of so many groups take.
fn starts(groups: usize) -> usize {
    groups.div_ceil(4)
}

/// The cell that a group's start is in, and where in it.
#[inline]
fn start_of(group: u32) -> (usize, u32) {
    (group as usize / 4, group % 4 * 16)
}

impl Leaves {
    /// Asks for the memory of the first groups, and of where all are.
    #[inline]
    pub(super) fn reach(&self) {
        fetch_first(&self.cells);
    }

    /// Nothing is known of any leaf.
    pub(super) fn forget_all(&mut self) {
        *self = Self { cells: Vec::new(), forgotten: true };
    }

    /// The truth of a leaf may be another now; whether it was known.
    pub(super) fn forget(&mut self, leaf: usize, blank: &Blank) -> bool {
        let known = self.get(leaf, blank) != Hold::OVER;
        self.put(leaf, Hold::OVER, blank);
        known
    }

    /// A column changed that a leaf reads; the leaf, if its truth was known and is known no more.
    #[inline]
    pub(super) fn change(&mut self, pull: &Pull, change: Change, blank: &Blank) -> Option<Stale> {
        let hold = self.get(pull.leaf, blank);
        if hold == Hold::OVER {
            return None;
        }
        let left = pull.hold(hold, change);
        if left != hold {
            self.put(pull.leaf, left, blank);
        }
        (left == Hold::OVER).then(|| {
            let was = Some(hold.held()).filter(|held| held.until == NEVER);
            Stale { leaf: pull.leaf, was }
        })
    }

    /// The truth of a leaf, and until when it holds.
    #[inline]
    pub(super) fn ask<'a>(
        &mut self,
        leaf: usize,
        program: &'a Program,
        evaluator: &Evaluator<'a>,
    ) -> Held {
        let mut hold = self.get(leaf, program.blank());
        if hold.is_over(evaluator.facts().now()) {
            hold = asked(leaf, program, evaluator);
            self.put(leaf, hold, program.blank());
        }
        hold.held()
    }

    #[inline]
    fn get(&self, leaf: usize, blank: &Blank) -> Hold {
        match self.place(leaf, blank).and_then(|place| self.cells.get(place)) {
            Some(hold) => Hold(*hold),
            None if self.forgotten => Hold::OVER,
            None => blank.hold(leaf),
        }
    }

    #[inline]
    fn put(&mut self, leaf: usize, hold: Hold, blank: &Blank) {
        let place = self
            .place(leaf, blank)
            .or_else(|| (self.get(leaf, blank) != hold).then(|| self.keep(leaf, blank)).flatten());
        if let Some(cell) = place.and_then(|place| self.cells.get_mut(place)) {
            *cell = hold.0;
        }
    }

    /// Where a leaf is, if its group is kept.
    #[inline]
    fn place(&self, leaf: usize, blank: &Blank) -> Option<usize> {
        let (group, place) = *blank.places.get(leaf)?;
        let (cell, shift) = start_of(group);
        let start = self.cells.get(cell)? >> shift & i64::from(START);
        let start = usize::from(u16::try_from(start).ok()?);
        (start > 0).then_some(start + place as usize)
    }

    /// Keeps the group of a leaf from now on; where the leaf is.
    #[cold]
    fn keep(&mut self, leaf: usize, blank: &Blank) -> Option<usize> {
        let (group, _) = *blank.places.get(leaf)?;
        let leaves = blank.groups.get(group as usize)?.clone();
        let starts = if self.cells.is_empty() { starts(blank.groups.len()) } else { 0 };
        if self.cells.capacity() - self.cells.len() < starts + leaves.len() {
            self.cells.reserve_exact(starts + leaves.len().max(AT_ONCE));
        }
        self.cells.resize(self.cells.len() + starts, 0);
        let (cell, shift) = start_of(group);
        let start = i64::try_from(self.cells.len()).ok()?;
        *self.cells.get_mut(cell)? |= start << shift;
        let absent = |leaf| if self.forgotten { Hold::OVER } else { blank.hold(leaf) };
        self.cells.extend(leaves.map(absent).map(|hold| hold.0));
        self.place(leaf, blank)
    }
}

/// Finds the truth of a leaf.
fn asked<'a>(leaf: usize, program: &'a Program, evaluator: &Evaluator<'a>) -> Hold {
    let Some(Cond::Test(test)) = program.leaves().get(leaf).map(|leaf| &leaf.cond) else {
        return Hold::within(None, 0);
    };
    let leaf = test.leaf.as_ref();
    let standing = leaf.and_then(|leaf| leaf.stands(&evaluator.facts(), STEPS));
    let Standing { truth, turns, room } = standing.unwrap_or_else(|| {
        let Valid { value: truth, until: turns } =
            horizon::asked(test, evaluator, STEPS, |truth| truth);
        Standing { truth, turns, room: 0 }
    });
    turns.map_or_else(|| Hold::within(truth, room), |at| Hold::until(Held { truth, until: at }))
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_as_if_each_was_kept(
            sizes in vec(0_usize..5, 1..9),
            coarse in any::<bool>(),
            first in vec((0_usize..40, 0_i64..3), 0..9),
            steps in vec((0_usize..40, prop::option::of(-1_i64..3)), 0..30),
        ) {
            let of = |number| if number < 0 { Hold::OVER } else { Hold::within(None, number) };
            let more = if coarse { 1 << 16 } else { 0 };
            let mut blank = Blank::of(sizes.into_iter().chain([more]));
            for (leaf, number) in first {
                blank.holds.get_mut(leaf).into_iter().for_each(|hold| *hold = of(number));
            }
            let (mut leaves, mut expected) = (Leaves::default(), blank.holds.clone());
            for (leaf, number) in steps {
                if let Some(number) = number {
                    leaves.put(leaf, of(number), &blank);
                    expected.get_mut(leaf).into_iter().for_each(|hold| *hold = of(number));
                } else {
                    leaves.forget_all();
                    expected.fill(Hold::OVER);
                }
                for (leaf, hold) in expected.iter().enumerate().take(40) {
                    prop_assert_eq!(leaves.get(leaf, &blank), *hold);
                }
            }
        }
    }

    const NOW: Timestamp = Timestamp::from_micros(1_772_355_600_000_000);

    #[test]
    fn a_truth_is_kept_beside_its_end() {
        for truth in [None, Some(false), Some(true)] {
            let hold = Hold::until(Held { truth, until: NOW });
            assert_eq!((hold.held().truth, hold.held().until), (truth, NOW));
            assert!(hold.is_over(NOW) && !hold.is_over(Timestamp::from_micros(NOW.micros() - 1)));
            assert!(hold.ends_by(NOW) && hold.less(1) == Hold::OVER);
        }
        assert!(Hold::OVER.is_over(Timestamp::MIN));
    }

    #[test]
    fn a_truth_ends_when_more_is_added_than_there_is_room_for() {
        let hold = Hold::within(Some(true), 5);
        assert_eq!((hold.held().truth, hold.held().until), (Some(true), NEVER));
        assert!(!hold.is_over(Timestamp::LAST) && !hold.ends_by(Timestamp::MAX));
        assert_eq!(hold.less(2), Hold::within(Some(true), 3));
        assert_ne!(hold.less(5), Hold::OVER);
        assert_eq!(hold.less(6), Hold::OVER);
        assert_eq!(Hold::within(None, i64::MAX).less(i64::MAX), Hold::OVER);
    }
}
