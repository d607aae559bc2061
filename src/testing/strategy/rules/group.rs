//! Groups over a schema.

use super::{Place, Rules, Way};
use crate::expr::{Aggregate, Expr};
use crate::testing::strategy::dice::Dice;
use crate::testing::strategy::words;

/// The only field that every event has.
const EVERYWHERE: &str = "channel";

impl Place<'_> {
    /// Whether metrics and segments may be named: in groups they must not have aggregates.
    pub(super) fn names(self) -> bool {
        !self.pure && self.group.is_none()
    }

    /// An event of which some series may stand here.
    pub(super) fn event(self, dice: &mut Dice<'_>) -> &'static str {
        match self.group {
            None | Some(EVERYWHERE) => words::event(dice),
            Some(_) => dice.of(&["Product Viewed", "Order Completed"]),
        }
    }

    /// An event whose series may stand here as a whole.
    pub(super) fn series(self, dice: &mut Dice<'_>) -> &'static str {
        match self.group {
            None | Some(EVERYWHERE) => words::event(dice),
            Some(_) => "Product Viewed",
        }
    }
}

impl Rules<'_> {
    /// A group of which at least one aggregate is certain.
    pub(super) fn group(&self, place: Place<'_>, dice: &mut Dice<'_>) -> Expr {
        let by = dice.of(&["gift", "category", EVERYWHERE, "price"]);
        let group = Some(by);
        let place = Place { group, scope: None, list: None, ..place };
        let count = Aggregate::count(place.series(dice)).over(words::length(dice));
        let count = Expr::from(count).compare(words::comparison(dice), words::number(dice));
        let rule = match dice.roll(4) {
            0 => count,
            1 | 2 => count.and(self.condition(place, dice)),
            _ => self.condition(place, dice).or(count),
        };
        Expr::any_value([by], rule)
    }

    /// Whether a series has the field of a group, if it stands in one.
    pub(super) fn has(&self, group: Option<&str>, event: &str, way: Option<&Way<'_>>) -> bool {
        group.is_none_or(|by| {
            let of_element = way.and_then(|way| way.objects).is_some_and(|of| of.contains_key(by));
            of_element || self.properties(event).keys().any(|name| &***name == by)
        })
    }
}
