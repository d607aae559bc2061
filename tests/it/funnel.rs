//! Funnels: by hand, against the reference where events share instants, and as explained.

use bespoke::expr::{Expr, Funnel, Names, Step};
use bespoke::metric::{Measure, Metric};
use bespoke::segment::Rule;
use bespoke::testing::naive::{Answer, Fact, World};
use bespoke::testing::strategy::{events, schema, timeline};
use bespoke::time::{Duration, Timestamp};
use proptest::prelude::*;

use crate::semantics::{FALSE, TRUE, UNKNOWN, check, day, order};

fn viewed(at: Timestamp) -> Fact {
    Fact::event("Product Viewed", at)
}

fn paged(at: Timestamp) -> Fact {
    Fact::event("Page Viewed", at)
}

#[test]
fn a_step_is_no_earlier_than_the_one_before() {
    let facts = [paged(day(1)), order(day(2)), viewed(day(3)), paged(day(4))];
    check(
        &facts,
        day(5),
        &[
            (r#"funnel("Page Viewed", "Product Viewed") = 2"#, TRUE),
            (r#"funnel("Page Viewed", "Product Viewed", "Order Completed") = 2"#, TRUE),
            (r#"funnel("Page Viewed", "Order Completed", "Product Viewed") = 3"#, TRUE),
            (r#"funnel("Order Completed", "Page Viewed", "Product Viewed") = 2"#, TRUE),
            // Its first step lies before the window.
            (r#"funnel("Order Completed", "Page Viewed" over 2 days) = 0"#, TRUE),
            (r#"funnel("Product Viewed", "Page Viewed" over 2 days ending 1 day ago) = 2"#, TRUE),
            (r#"funnel("Order Completed", "Page Viewed" since first("Page Viewed")) = 2"#, TRUE),
            (r#"funnel("Order Completed", "Page Viewed" since joined) = 2"#, UNKNOWN),
            (r#"funnel("Order Completed", "Page Viewed" since joined) IS NULL"#, TRUE),
        ],
    );
}

#[test]
fn an_event_is_one_step_only() {
    let facts = [paged(day(1)), paged(day(3))];
    check(
        &facts,
        day(3),
        &[
            (r#"funnel("Page Viewed", "Page Viewed") = 2"#, TRUE),
            (r#"funnel("Page Viewed", "Page Viewed", "Page Viewed") = 2"#, TRUE),
            (r#"funnel("Page Viewed", "Page Viewed" over 2 days) = 1"#, TRUE),
            ("funnel(*, *, *) = 3", FALSE),
        ],
    );
}

#[test]
fn events_at_one_instant_are_steps_in_any_order() {
    let gift = |fact: Fact| fact.with("gift", true);
    let facts = [order(day(2)), gift(order(day(2))), viewed(day(2)), order(day(3))];
    check(
        &facts,
        day(4),
        &[
            (r#"funnel("Product Viewed", "Order Completed") = 2"#, TRUE),
            (r#"funnel("Order Completed", "Product Viewed") = 2"#, TRUE),
            // The gift, though it would do for the first step, is left for the second.
            (r#"funnel("Order Completed", "Order Completed" where gift) = 2"#, TRUE),
            (r#"funnel(*, "Order Completed" where gift, "Product Viewed") = 3"#, TRUE),
            (r#"funnel("Order Completed" where gift, "Order Completed" where gift) = 1"#, TRUE),
            (r#"funnel("Product Viewed", "Order Completed", *, *) = 4"#, TRUE),
            (r#"funnel("Product Viewed", *, *, *, *) = 4"#, TRUE),
        ],
    );
}

#[test]
fn a_funnel_holds_until_an_event_comes_or_goes_that_matters() {
    let schema = schema();
    let announced = order(day(3)).known_from(day(1));
    let facts = [viewed(day(1)), viewed(day(2)), announced, order(day(10))];
    let timeline = timeline(&events(&facts), &schema);
    let rule = r#"funnel("Product Viewed", "Order Completed" over 7 days) >= 2"#;
    let segment = Rule::parse(rule).unwrap().check(&Names::new(schema)).unwrap();
    let at = |at| segment.evaluate(&timeline.facts(at));
    // The first view's leaving at day 8 changes nothing.
    assert_eq!((at(day(3)).value, at(day(3)).until), (true, Some(day(9))));
    assert_eq!((at(day(2)).value, at(day(2)).until), (false, Some(day(3))));
    assert_eq!((at(day(9)).value, at(day(9)).until), (false, None));
    insta::assert_snapshot!(segment.explain(&timeline.facts(day(4))));
}

#[derive(Clone, Debug)]
struct Case {
    funnel: Expr,
    facts: Vec<Fact>,
}

/// Funnels of up to five steps over events that nearly all share their instants.
fn cases() -> impl Strategy<Value = Case> {
    let step = (0..3_usize, 0..3_usize).prop_map(|(event, filter)| {
        let step = Step::new(["Order Completed", "Product Viewed", "*"][event]);
        match filter {
            0 => step.filtered(Expr::path(["gift"])),
            1 if event < 2 => step.filtered(Expr::path(["gift"]).negate()),
            _ => step,
        }
    });
    let fact = (0..3_u32, any::<bool>(), 0..3_usize).prop_map(|(instant, order, gift)| {
        let name = if order { "Order Completed" } else { "Product Viewed" };
        let fact = Fact::event(name, day(1 + instant));
        if gift < 2 { fact.with("gift", gift == 0) } else { fact }
    });
    let steps = prop::collection::vec(step, 2..6);
    (steps, any::<bool>(), prop::collection::vec(fact, 0..7)).prop_map(
        |(steps, windowed, facts)| {
            let funnel = Funnel::new(steps);
            let funnel = if windowed { funnel.over(Duration::days(2)) } else { funnel };
            Case { funnel: funnel.into(), facts }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_furthest_step_is_that_of_the_best_choice_of_events(Case { funnel, facts } in cases()) {
        let schema = schema();
        let metric = Metric::new(&funnel, &Names::new(schema.clone())).unwrap();
        let timeline = timeline(&events(&facts), &schema);
        for now in (1..6).map(day) {
            let measured = metric.evaluate(&timeline.facts(now)).value;
            let Measure::Number(found) = &measured else { panic!("{measured:?}") };
            let answer = World::new(&schema, &facts, now).measure(&funnel);
            let Answer::Number(expected) = &answer else { panic!("{answer:?}") };
            prop_assert_eq!(found.to_decimal(), expected.to_decimal(), "{} at {}", &funnel, now);
        }
    }
}
