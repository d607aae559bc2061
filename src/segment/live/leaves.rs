//! What is known of the leaves of one person.

use super::bits::Truths;
use super::program::Program;
use super::pull::Pull;
use super::tree::Held;
use crate::expr::plan::Cond;
use crate::facts::Change;
use crate::metric::Evaluator;
use crate::segment::horizon;
use crate::time::{Timestamp, Valid};

/// So many changes of a figure are followed to find when a test turns; a test that takes longer is
/// asked again on the way.
pub(super) const STEPS: usize = 2;

/// The truths of leaves, and what they are good for. A leaf is asked when its truth matters, and not
/// before.
#[derive(Clone, Debug, Default)]
pub(super) struct Leaves {
    truths: Truths,
    holds: Box<[Hold]>,
}

/// For how long a truth holds: until an instant; or until more than so much has been added to its
/// figure; or no longer.
///
/// There is one of each leaf and person, so the three share a number: what is not above the last
/// instant is one, and what is above it is what may be added.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Hold(i64);

impl Hold {
    /// It is not known, or no longer.
    pub(super) const OVER: Self = Self(i64::MIN);

    fn until(at: Timestamp) -> Self {
        Self(at.micros())
    }

    /// Whenever, until more than `room` is added.
    fn within(room: i128) -> Self {
        let most = i128::from(i64::MAX);
        let packed = i128::from(Timestamp::LAST.micros()).saturating_add(1).saturating_add(room);
        Self(i64::try_from(packed.min(most)).unwrap_or(i64::MAX))
    }

    /// What is left of it when so much is added.
    pub(super) fn less(self, added: i128) -> Self {
        let left = i128::from(self.0).saturating_sub(added);
        let left = Self(i64::try_from(left).unwrap_or(i64::MIN));
        if left.at().is_none() { left } else { Self::OVER }
    }

    fn at(self) -> Option<Timestamp> {
        (self.0 <= Timestamp::LAST.micros()).then(|| Timestamp::from_micros(self.0))
    }

    fn is_over(self, now: Timestamp) -> bool {
        self.0 <= now.micros()
    }
}

impl Leaves {
    pub(super) fn of(count: usize) -> Self {
        Self { truths: Truths::of(count), holds: vec![Hold::OVER; count].into() }
    }

    /// Takes a truth for good until something is told, if `time` never turns it.
    pub(super) fn take(&mut self, leaf: usize, (held, room): (Held, i128)) {
        if let Some(hold) = self.holds.get_mut(leaf).filter(|_| held.until.is_none()) {
            *hold = Hold::within(room);
            self.truths.set(leaf, held.value);
        }
    }

    /// The truth of a leaf, if it is known whatever the instant.
    pub(super) fn always(&self, leaf: usize) -> Option<Held> {
        self.holds.get(leaf).filter(|hold| hold.at().is_none())?;
        Some(Valid::always(self.truths.get(leaf)))
    }

    /// The truth of a leaf may be another now; whether it was known.
    pub(super) fn forget(&mut self, leaf: usize) -> bool {
        let hold = self.holds.get_mut(leaf);
        hold.is_some_and(|hold| std::mem::replace(hold, Hold::OVER) != Hold::OVER)
    }

    pub(super) fn forget_all(&mut self) {
        self.holds.fill(Hold::OVER);
    }

    /// A column changed that a leaf reads; whether the leaf's truth was known and is known no more.
    #[inline]
    pub(super) fn change(&mut self, pull: &Pull, change: Change) -> bool {
        let Some(hold) = self.holds.get_mut(pull.leaf) else { return false };
        if *hold == Hold::OVER {
            return false;
        }
        *hold = pull.hold(self.truths.get(pull.leaf), *hold, change);
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
        let Some(hold) = self.holds.get_mut(leaf) else { return Valid::always(None) };
        if !hold.is_over(evaluator.facts().now()) {
            return Valid::until(self.truths.get(leaf), hold.at());
        }
        let Some(Cond::Test(test)) = program.leaves().get(leaf).map(|leaf| &leaf.cond) else {
            return Valid::always(None);
        };
        let held = horizon::asked(test, evaluator, STEPS, |truth| truth);
        self.truths.set(leaf, held.value);
        let room = || test.leaf.as_ref().map_or(0, |leaf| leaf.room(&evaluator.facts()));
        *hold = held.until.map_or_else(|| Hold::within(room()), Hold::until);
        held
    }
}
