//! Counts and sums over a window against a bound, counted by hand: the answer and its horizon to the
//! hour, with columns and without.

use bespoke::engine::Engine;
use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::schema::Schema;
use bespoke::time::{Timestamp, Valid};
use bespoke::value::Kind;
use proptest::prelude::*;

use crate::laws::cases;

const COMPARISONS: [&str; 6] = ["=", "<>", "<", "<=", ">", ">="];

/// After these hours nothing turns any more.
const END: i64 = 60;

#[derive(Clone, Debug)]
struct Case {
    /// At which hour, and of how much.
    orders: Vec<(i64, i32)>,
    sums: bool,
    hours: i64,
    ago: i64,
    comparison: usize,
    bound: i64,
    now: i64,
}

fn hour(hour: i64) -> Timestamp {
    Timestamp::from_micros(hour * 3_600_000_000)
}

fn events(orders: &[(i64, i32)]) -> impl Iterator<Item = Event> {
    orders.iter().enumerate().map(|(number, (at, amount))| {
        let order = Event::track("p", "Order Completed", hour(*at)).with("amount", *amount);
        order.with_id(format!("m-{number}"))
    })
}

impl Case {
    fn rule(&self) -> String {
        let Self { hours, ago, bound, .. } = self;
        let figure = if self.sums {
            r#"sum("Order Completed".amount"#
        } else {
            r#"count("Order Completed""#
        };
        let ending = if *ago > 0 { format!(" ending {ago} hours ago") } else { String::new() };
        format!("{figure} over {hours} hours{ending}) {} {bound}", COMPARISONS[self.comparison])
    }

    fn passes(&self, now: i64) -> bool {
        let upto = now - self.ago;
        let inside = self.orders.iter().filter(|(at, _)| upto - self.hours < *at && *at <= upto);
        let value: i64 =
            inside.map(|(_, amount)| if self.sums { i64::from(*amount) } else { 1 }).sum();
        match COMPARISONS[self.comparison] {
            "=" => value == self.bound,
            "<>" => value != self.bound,
            "<" => value < self.bound,
            "<=" => value <= self.bound,
            ">" => value > self.bound,
            _ => value >= self.bound,
        }
    }

    fn answer(&self) -> Valid<bool> {
        let passes = self.passes(self.now);
        let turn = (self.now..END).find(|now| self.passes(*now) != passes);
        Valid::until(passes, turn.map(hour))
    }
}

fn orders(amounts: std::ops::Range<i32>) -> impl Strategy<Value = Vec<(i64, i32)>> {
    prop::collection::vec((0..20_i64, amounts), 0..12)
}

fn a_case() -> impl Strategy<Value = Case> {
    // Of half of the people no order lowers the sum.
    let orders = prop_oneof![orders(0..4), orders(-3..4)];
    let figure = (any::<bool>(), 1..15_i64, 0..4_i64, 0..6_usize, -1..9_i64);
    (orders, figure, 0..30_i64).prop_map(|(orders, (sums, hours, ago, comparison, bound), now)| {
        Case { orders, sums, hours, ago, comparison, bound, now }
    })
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn a_threshold_turns_when_its_entry_leaves(case in a_case()) {
        let schema = Schema::new().event("Order Completed", [("amount", Kind::Number)]);
        let mut engine = Engine::new(schema).unwrap();
        engine.add_segment("asked", &case.rule()).unwrap();
        let segment = &engine.segments()["asked"];
        for mut timeline in [Timeline::new(), engine.timeline()] {
            events(&case.orders).for_each(|event| timeline.insert(&event, engine.schema()));
            let facts = timeline.facts_as_known(hour(case.now), hour(END));
            prop_assert_eq!(segment.evaluate(&facts), case.answer(), "{}", case.rule());
            prop_assert_eq!(segment.is_member(&facts), case.answer().value);
        }
    }
}
