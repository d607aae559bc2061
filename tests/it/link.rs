//! Two identifiers found to be one person: timelines put together, links, and live membership.

use bespoke::engine::Wanted;
use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::schema::{BusinessKey, Schema};
use bespoke::testing::naive::Fact;
use bespoke::testing::strategy::{self, events, fill, schema};
use bespoke::time::Timestamp;
use proptest::prelude::*;

use crate::laws::cases;
use crate::live::engine;

/// The vocabulary of the strategies, in which an order is told once for each country and cancelled
/// by a page view.
fn keyed() -> Schema {
    let key = BusinessKey::new("country").cancelled_by("Page Viewed");
    schema().key("Order Completed", key)
}

/// One of the two or three identifiers for each fact.
fn deal() -> impl Strategy<Value = Vec<usize>> {
    (2_usize..4).prop_flat_map(|identifiers| prop::collection::vec(0..identifiers, 20))
}

/// What is told, and when it is taken back; pages say which order they cancel.
fn told(facts: &[Fact]) -> Vec<(Event, Option<Timestamp>)> {
    let cancelling = |(event, until): (Event, Option<Timestamp>)| match &**event.name() {
        "Page Viewed" => (event.with("country", "a"), until),
        _ => (event, until),
    };
    events(facts).into_iter().map(cancelling).collect()
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn merged_timelines_are_the_one_of_all_events(
        definitions in strategy::definitions(),
        facts in strategy::facts(),
        deal in deal(),
        (now, known) in strategy::moments(),
    ) {
        let (engine, _) = engine(&definitions, keyed());
        let told = told(&facts);
        let together = fill(engine.timeline(), &told, engine.schema());
        let parts = |empty: &dyn Fn() -> Timeline| -> Vec<Timeline> {
            let part = |identifier| {
                let dealt = told.iter().zip(&deal).filter(|(_, to)| **to == identifier);
                let dealt: Vec<_> = dealt.map(|(told, _)| told.clone()).collect();
                fill(empty(), &dealt, engine.schema())
            };
            (0..3).map(part).collect()
        };
        let view = |timeline: &Timeline| {
            let facts = timeline.facts_as_known(now, known);
            let view = engine.evaluate(&facts, &Wanted::everything()).unwrap();
            (facts.is_known(), view.metrics().clone(), view.memberships().clone())
        };
        let expected = view(&together);
        for empty in [&|| engine.timeline(), &Timeline::new as &dyn Fn() -> Timeline] {
            let mut parts = parts(empty);
            prop_assert_eq!(view(&Timeline::merged(&parts)), expected.clone());
            parts.rotate_left(1);
            prop_assert_eq!(view(&Timeline::merged(&parts)), expected.clone());
        }
        let mixed = [parts(&|| engine.timeline()), parts(&Timeline::new)].concat();
        let mixed = [&mixed[0], &mixed[4], &mixed[2]];
        prop_assert_eq!(view(&Timeline::merged(mixed)), expected);
    }
}
