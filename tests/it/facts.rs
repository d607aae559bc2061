//! The timeline: what is known when, revisions of one thing, retractions.

use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::schema::{BusinessKey, Field, Schema};
use bespoke::time::Timestamp;
use bespoke::value::{Kind, Value};
use proptest::prelude::*;

fn schema() -> Schema {
    let order = [("order_id", Field::from(Kind::Text)), ("revenue", Kind::Number.into())];
    let key =
        BusinessKey::new("order_id").updated_by("Order Updated").cancelled_by("Order Cancelled");
    Schema::new()
        .event("Order Completed", order.clone())
        .event("Order Updated", order.clone())
        .event("Order Cancelled", order)
        .key("Order Completed", key)
}

fn hour(hour: i64) -> Timestamp {
    Timestamp::from_micros(hour * 3_600_000_000)
}

/// An event about order `o-1`, known when it happened.
fn order(name: &str, at: i64, revenue: i32) -> Event {
    Event::track("p", name, hour(at))
        .with_id(format!("{name}-{at}-{revenue}"))
        .with("order_id", "o-1")
        .with("revenue", revenue)
}

/// What counts of completed orders: when, and for how much.
fn orders(timeline: &Timeline, now: i64, known: i64) -> Vec<(Timestamp, Value)> {
    let facts = timeline.facts_as_known(hour(now), hour(known));
    let orders = facts.events("Order Completed");
    orders.map(|fact| (fact.at, fact.fields.get("revenue").unwrap().clone())).collect()
}

#[test]
fn an_order_told_twice_counts_once() {
    let told = [order("Order Completed", 1, 10), order("Order Completed", 2, 12)];
    let timeline = Timeline::of(told, &schema());
    assert_eq!(orders(&timeline, 9, 1), [(hour(1), Value::from(10))]);
    assert_eq!(orders(&timeline, 9, 9), [(hour(1), Value::from(12))]);
}

#[test]
fn an_update_replaces_and_a_cancellation_retracts() {
    let told = [
        order("Order Completed", 1, 10),
        order("Order Updated", 3, 30),
        order("Order Cancelled", 5, 0),
    ];
    let timeline = Timeline::of(told, &schema());
    assert_eq!(orders(&timeline, 9, 2), [(hour(1), Value::from(10))]);
    assert_eq!(orders(&timeline, 9, 4), [(hour(1), Value::from(30))]);
    assert_eq!(orders(&timeline, 9, 5), []);
    // The updates themselves happened, and stay.
    assert_eq!(timeline.facts(hour(9)).events("Order Updated").count(), 1);
    assert_eq!(timeline.facts(hour(9)).events("Order Cancelled").count(), 1);
}

#[test]
fn an_order_without_its_key_is_one_of_its_own() {
    let unkeyed =
        |id: &str| Event::track("p", "Order Completed", hour(1)).with_id(id).with("revenue", 1);
    let timeline = Timeline::of([unkeyed("a"), unkeyed("b")], &schema());
    assert_eq!(orders(&timeline, 9, 9).len(), 2);
}

#[test]
fn what_is_retracted_is_not_known_any_more() {
    let mut timeline = Timeline::of([order("Order Completed", 1, 10)], &Schema::new());
    assert!(timeline.retract(&"Order Completed-1-10".into(), hour(6)));
    assert!(!timeline.retract(&"another".into(), hour(6)));
    assert_eq!(orders(&timeline, 9, 5).len(), 1);
    assert_eq!(orders(&timeline, 9, 6).len(), 0);
}

#[test]
fn a_retracted_revision_leaves_what_the_others_tell() {
    let (first, update) = (order("Order Completed", 1, 10), order("Order Updated", 3, 30));
    let mut timeline = Timeline::of([first.clone(), update.clone()], &schema());
    assert!(timeline.retract(&update.id(), hour(6)));
    assert_eq!(orders(&timeline, 9, 5), [(hour(1), Value::from(30))]);
    assert_eq!(orders(&timeline, 9, 6), [(hour(1), Value::from(10))]);

    // What is told later does not bring it back.
    let mut timeline = Timeline::of([update.clone()], &schema());
    timeline.retract(&update.id(), hour(6));
    timeline.insert(&first, &schema());
    assert_eq!(orders(&timeline, 9, 5), [(hour(1), Value::from(30))]);
    assert_eq!(orders(&timeline, 9, 6), [(hour(1), Value::from(10))]);

    let cancelled = order("Order Cancelled", 5, 0);
    let mut timeline = Timeline::of([first, cancelled.clone()], &schema());
    assert_eq!(orders(&timeline, 9, 6), []);
    timeline.retract(&cancelled.id(), hour(7));
    assert_eq!(orders(&timeline, 9, 7), [(hour(1), Value::from(10))]);
}

#[test]
fn what_is_late_is_known_late() {
    let late = order("Order Completed", 1, 10).received(hour(5));
    let timeline = Timeline::of([late], &schema());
    assert!(!timeline.facts_as_known(hour(9), hour(4)).is_known());
    assert_eq!(orders(&timeline, 0, 9).len(), 0);
    assert_eq!(orders(&timeline, 1, 5).len(), 1);
}

#[test]
fn a_trait_is_the_last_that_was_told() {
    let told = |at: i64, tier: Value| Event::identify("p", hour(at)).with("tier", tier);
    let timeline = Timeline::of(
        [
            told(4, Value::Null),
            told(1, "silver".into()),
            told(2, "gold".into()),
            told(2, "bronze".into()),
        ],
        &Schema::new(),
    );
    let tier = |now: i64| timeline.facts(hour(now)).attribute("tier").cloned();
    assert_eq!(tier(0), None);
    assert_eq!(tier(1), Some("silver".into()));
    // Of two at one instant the greatest stands.
    assert_eq!(tier(3), Some("gold".into()));
    assert_eq!(tier(4), Some(Value::Null));
}

#[test]
fn a_tracked_timeline_says_the_same_as_any_other() {
    let shop = bespoke::testing::shop::Shop::new(bespoke::seed::Seed::new(3)).customers(150);
    let mut engine = bespoke::Engine::new(bespoke::testing::shop::schema()).unwrap();
    let revenue = r#""Order Completed".revenue"#;
    for (name, metric) in [
        ("spend", format!("sum({revenue} over 90 days)")),
        ("mean", format!("avg({revenue} over 200 days ending 30 days ago)")),
        ("coupons", r#"count("Order Completed".coupon since last("Email Opened"))"#.to_owned()),
        ("before", format!("sum({revenue} over 90 days ending 90 days ago)")),
    ] {
        engine.add_metric(name, &metric).unwrap();
    }
    engine.add_segment("more", "spend >= before AND coupons < 3").unwrap();
    for customer in shop {
        let plain = Timeline::of(customer.events.clone(), engine.schema());
        let mut tracked = engine.timeline();
        // Arrival from the last to the first comes to the same too.
        for event in customer.events.iter().rev() {
            tracked.insert(event, engine.schema());
        }
        for days in [0, 20, 100] {
            let now = "2026-03-01T09:00:00Z".parse::<Timestamp>().unwrap();
            let now = now.minus(bespoke::time::Duration::days(days));
            let view = |timeline: &Timeline| {
                let wanted = bespoke::engine::Wanted::everything();
                let view = engine.evaluate(&timeline.facts(now), &wanted).unwrap();
                (view.metrics().clone(), view.memberships().clone())
            };
            assert_eq!(view(&plain), view(&tracked), "{}", customer.id);
            let more = &engine.segments()["more"];
            let explain = |timeline: &Timeline| more.explain(&timeline.facts(now)).to_string();
            assert_eq!(explain(&plain), explain(&tracked), "{}", customer.id);
        }
    }
}

fn revision() -> impl Strategy<Value = Event> {
    let name = prop::sample::select(vec!["Order Completed", "Order Updated", "Order Cancelled"]);
    (name, 0_i64..5, 0_i64..6, 0_i32..3)
        .prop_map(|(name, at, known, revenue)| order(name, at, revenue).received(hour(known)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn revisions_count_once_in_any_order(
        mut told in prop::collection::vec(revision(), 1..6),
        rotation in 0_usize..6,
    ) {
        told.dedup_by_key(|event| event.id());
        told.sort_by_key(Event::id);
        told.dedup_by_key(|event| event.id());
        let straight = Timeline::of(told.clone(), &schema());
        let length = told.len();
        told.rotate_left(rotation % length);
        told.reverse();
        let turned = Timeline::of(told, &schema());
        for known in 0..7 {
            let orders = orders(&straight, 9, known);
            prop_assert!(orders.len() <= 1);
            prop_assert_eq!(orders, self::orders(&turned, 9, known));
        }
    }
}

#[test]
fn whatever_is_told_makes_a_person_known() {
    let link =
        Event::new(bespoke::event::EventKind::Alias, "alias", hour(2)).user("p-1").with_id("m-1");
    let hello = Event::identify("p-1", hour(1)).received(hour(3)).with_id("m-2");
    let mut timeline = Timeline::of([link.clone(), hello], &schema());
    assert!(timeline.is_empty());
    assert!(!timeline.facts(hour(1)).is_known());
    assert!(timeline.facts(hour(2)).is_known());
    assert!(!timeline.facts_as_known(hour(1), hour(2)).is_known());
    assert!(timeline.facts_as_known(hour(1), hour(3)).is_known());
    assert!(timeline.retract(&link.id(), hour(2)));
    assert!(!timeline.facts(hour(2)).is_known());
    assert!(timeline.facts(hour(3)).is_known());
}
