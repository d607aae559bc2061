//! What is known of the leaves of one person.

use super::program::Program;
use super::pull::Pull;
use super::tree::{Held, NEVER};
use crate::expr::plan::Cond;
use crate::facts::Change;
use crate::metric::{Evaluator, Standing};
use crate::segment::horizon;
use crate::time::{Timestamp, Valid};

/// So many changes of a figure are followed to find when a test turns; a test that takes longer is
/// asked again on the way.
pub(super) const STEPS: usize = 2;

/// The truths of leaves, and what they are good for. A leaf is asked when its truth matters, and not
/// before.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaves(Box<[Hold]>);

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

impl Leaves {
    pub(super) fn of(count: usize) -> Self {
        Self(vec![Hold::OVER; count].into())
    }

    /// Takes a truth for good until something is told, if time never turns it.
    pub(super) fn take(&mut self, leaf: usize, standing: &Standing) {
        if let Some(hold) = self.0.get_mut(leaf).filter(|_| standing.turns.is_none()) {
            *hold = Hold::within(standing.truth, standing.room);
        }
    }

    /// The truth of a leaf, if it is known whatever the instant.
    pub(super) fn always(&self, leaf: usize) -> Option<Held> {
        self.0.get(leaf).map(|hold| hold.held()).filter(|held| held.until == NEVER)
    }

    /// The truth of a leaf may be another now; whether it was known.
    pub(super) fn forget(&mut self, leaf: usize) -> bool {
        let hold = self.0.get_mut(leaf);
        hold.is_some_and(|hold| std::mem::replace(hold, Hold::OVER) != Hold::OVER)
    }

    pub(super) fn forget_all(&mut self) {
        self.0.fill(Hold::OVER);
    }

    /// A column changed that a leaf reads; whether the leaf's truth was known and is known no more.
    #[inline]
    pub(super) fn change(&mut self, pull: &Pull, change: Change) -> bool {
        let Some(hold) = self.0.get_mut(pull.leaf) else { return false };
        if *hold == Hold::OVER {
            return false;
        }
        *hold = pull.hold(*hold, change);
        *hold == Hold::OVER
    }

    /// The truth of a leaf, and until when it holds.
    #[inline]
    pub(super) fn ask<'a>(
        &mut self,
        leaf: usize,
        program: &'a Program,
        evaluator: &Evaluator<'a>,
    ) -> Held {
        let Some(hold) = self.0.get_mut(leaf) else { return Held::always(None) };
        if hold.is_over(evaluator.facts().now()) {
            *hold = asked(leaf, program, evaluator);
        }
        hold.held()
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
    use super::*;

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
