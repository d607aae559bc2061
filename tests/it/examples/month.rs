//! A file of events, and rules about it.

use std::fmt::Write;

use bespoke::seed::{Draws, Seed};
use bespoke::time::{Duration, Timestamp};
use serde_json::json;

/// Rules about it.
pub(crate) const RULES: [&str; 5] = [
    "count(Order over 7 days) >= 2 AND sum(Order.revenue over 10 days) > 50",
    "tier = 'gold' OR count(View over 3 days) > count(Order over 9 days)",
    "count(View) > 0 AND count(Order since last(View)) = 0",
    "avg(Order.revenue over last 3) > 20 AND NOT changed(tier over 2 days)",
    "funnel(View, Order over 2 days) = 2 OR now() - last(Order) > INTERVAL '6 days'",
];

/// More of them.
pub(crate) const MORE: [&str; 2] = [
    "tier LIKE 'g%' AND sum(Order.revenue over 20 days ending 2 days ago) BETWEEN 20 AND 90",
    "last(Order.revenue where tier = 'gold') < 30 OR class(count(View), 2, 4) = 3",
];

/// When something happened, and since when it is known: most at once, some late, and some before.
fn moment(draws: &mut Draws) -> (Timestamp, Timestamp) {
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let hours = |hours: u64| Duration::hours(i64::try_from(hours).unwrap());
    // Whole hours, so that some things happen together.
    let at = begin.plus(hours(draws.below(30 * 24)));
    let known = match draws.below(10) {
        0 | 1 => at.plus(hours(draws.below(8 * 24))),
        2 => at.minus(hours(draws.below(5 * 24))),
        3 => at.plus(Duration::from_micros(1)),
        _ => at,
    };
    (at, known)
}

/// A month of some dozens of people, as JSON Lines.
pub(crate) fn month() -> String {
    let mut draws = Seed::new(11).fork("month").draws();
    let mut lines = String::new();
    for number in 0..400 {
        let (at, known) = moment(&mut draws);
        let person = format!("p-{}", draws.below(40));
        let mut told = match draws.below(10) {
            0 => json!({"type": "alias", "previousId": format!("p-{}", draws.below(40))}),
            1 | 2 => {
                let tier = ["gold", "silver"][usize::from(draws.chance(0.5))];
                json!({"type": "identify", "traits": {"tier": tier}})
            }
            3..=5 => json!({"type": "track", "event": "View"}),
            _ => {
                let revenue = draws.below(60);
                json!({"type": "track", "event": "Order", "properties": {"revenue": revenue}})
            }
        };
        told["messageId"] = json!(format!("m-{number}"));
        told["userId"] = json!(person);
        told["timestamp"] = json!(at.to_string());
        told["receivedAt"] = json!(known.to_string());
        writeln!(lines, "{told}").unwrap();
    }
    lines
}
