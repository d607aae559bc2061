//! Funnels over a schema.

use super::{Place, Rules};
use crate::expr::{Expr, Funnel, Step};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::words;

impl Rules<'_> {
    pub(super) fn funnel(&self, place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
        let steps: Vec<Step> = (0..2 + dice.roll(3)).map(|_| self.step(place, dice)).collect();
        let funnel = Funnel::new(steps);
        match dice.roll(5) {
            1 | 2 => funnel.over(words::length(dice)).into(),
            3 => funnel.over_ending(words::length(dice), words::length(dice)).into(),
            4 if !place.pure => funnel.since(self.bound(place.of_profile(), dice)).into(),
            _ => funnel.into(),
        }
    }

    fn step(&self, place: Place<'_>, dice: &mut Dice<'_>) -> Step {
        let event = place.series(dice);
        let inside = Place { scope: Some((event, None)), list: None, ..place.below() };
        let filter = (place.depth > 0 && dice.chance(3)).then(|| self.filter(inside, dice));
        filter.into_iter().fold(Step::new(event), Step::filtered)
    }
}
