//! How often an answer allocates: for ten thousand facts no more often than for a hundred.

use allocation_counter::measure;
use bespoke::event::Event;
use bespoke::expr::Names;
use bespoke::facts::Timeline;
use bespoke::schema::Schema;
use bespoke::segment::{Rule, Segment};
use bespoke::time::{Duration, Timestamp};
use bespoke::value::Kind;

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

fn schema() -> Schema {
    Schema::new()
        .attribute("country", Kind::Text)
        .event("Order Completed", [("revenue", Kind::Number)])
        .event("Product Viewed", [("sku", Kind::Text)])
}

/// Somebody of that many orders and as many views over 80 days.
fn person(orders: u32) -> Timeline {
    let before = |number: u32| {
        now().minus(Duration::minutes(i64::from(number) * 115_200 / i64::from(orders)))
    };
    let told = Event::identify("p-1", before(orders)).with("country", "PT");
    let events = (0..orders).flat_map(|number| {
        let order = Event::track("p-1", "Order Completed", before(number)).with("revenue", 1_000);
        let view = Event::track("p-1", "Product Viewed", before(number)).with("sku", "sku-1");
        [order.with_id(format!("o-{number}")), view.with_id(format!("v-{number}"))]
    });
    Timeline::of(events.chain([told]), &schema())
}

fn segment(rule: &str) -> Segment {
    Rule::parse(rule).unwrap().check(&Names::new(schema())).unwrap()
}

#[test]
fn answers_allocate_for_each_figure_and_not_for_each_fact() {
    for (rule, expected) in [
        ("country = 'PT'", 0),
        (r#"count("Order Completed" over 90 days) > 0"#, 1),
        (r#"last("Product Viewed") > now() - INTERVAL '7 days'"#, 1),
        (r#"sum("Order Completed".revenue over 90 days) > 2000"#, 2),
        (
            r#"country = 'PT' AND sum("Order Completed".revenue over 90 days) > 2000
               AND count("Product Viewed" over 30 days) >= 5"#,
            2,
        ),
    ] {
        let segment = segment(rule);
        for orders in [50, 5_000] {
            let timeline = person(orders);
            let facts = timeline.facts(now());
            assert!(segment.is_member(&facts), "{rule}");
            let asked = measure(|| _ = segment.is_member(&facts)).count_total;
            let evaluated = measure(|| _ = segment.evaluate(&facts)).count_total;
            assert_eq!((asked, evaluated), (expected, expected), "{rule}");
        }
    }
}
