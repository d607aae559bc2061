//! Classes over a schema.

use super::{Place, Rules, Sort};
use crate::expr::{Expr, Literal};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::words;

impl Rules<'_> {
    pub(super) fn class(&self, place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
        let sort = dice.of(&[Sort::Number, Sort::Duration, Sort::Instant]);
        cut(self.term(sort, place, dice), sort, dice)
    }
}

/// The class of a value of this sort, by cut points that ascend.
pub(super) fn cut(value: Expr, sort: Sort, dice: &mut Dice<'_>) -> Expr {
    let count = 1 + dice.roll(3);
    match sort {
        Sort::Duration => value.class(ascending(count, dice, words::interval)),
        Sort::Instant => value.class(ascending(count, dice, words::moment)),
        _ => value.class(ascending(count, dice, words::number)),
    }
}

fn ascending<T: Ord + Into<Literal>>(
    count: usize,
    dice: &mut Dice<'_>,
    roll: fn(&mut Dice<'_>) -> T,
) -> Vec<T> {
    let mut cuts: Vec<T> = (0..count).map(|_| roll(dice)).collect();
    cuts.sort();
    cuts.dedup();
    cuts
}
