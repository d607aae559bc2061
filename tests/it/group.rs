//! Conditions on each value of a field: by hand, through time, and as explained.

use bespoke::expr::Names;
use bespoke::segment::{Rule, Segment};
use bespoke::testing::naive::Fact;
use bespoke::testing::strategy::{events, schema, timeline};
use bespoke::time::Timestamp;

use crate::semantics::{FALSE, TRUE, UNKNOWN, check, day, list, object, order};

fn viewed(category: &str, at: Timestamp) -> Fact {
    Fact::event("Product Viewed", at).with("category", category)
}

fn ordered(category: &str, at: Timestamp) -> Fact {
    order(at).with("products", list([object([("category", category.into())])]))
}

fn segment(rule: &str) -> Segment {
    Rule::parse(rule).unwrap().check(&Names::new(schema())).unwrap()
}

/// Looked at again and again, and not bought.
const WANTED: &str = r#"any category: count("Product Viewed" over 7 days) >= 2
    AND count("Order Completed".products over 30 days) = 0"#;

#[test]
fn every_aggregate_in_a_group_is_about_one_value() {
    let facts = [
        viewed("shoes", day(1)),
        viewed("shoes", day(2)),
        viewed("hats", day(2)),
        ordered("shoes", day(3)),
        Fact::event("Product Viewed", day(4)).with("price", 3),
    ];
    check(
        &facts,
        day(5),
        &[
            (WANTED, FALSE),
            // In all there are four views.
            (r#"any category: count("Product Viewed") >= 4"#, FALSE),
            (r#"any category: count("Product Viewed") = 2"#, TRUE),
            (r#"any category: count("Product Viewed") = 1"#, TRUE),
            // Nobody ever had a category without any entry.
            (r#"any category: count("Product Viewed") = 0"#, FALSE),
            (r#"any category: count("Product Viewed" over 1 day) = 0"#, TRUE),
            (r#"any category: count("Product Viewed" where price = 3) = 1"#, FALSE),
            (r#"any category: funnel("Product Viewed", "Product Viewed") = 2"#, TRUE),
            (r#"NOT any category: count("Product Viewed") > 2"#, TRUE),
            (r#"any category: NOT count("Product Viewed") > 2"#, TRUE),
            (
                r#"any category: count("Product Viewed" since last("Order Completed".products.made.at)) > 0"#,
                UNKNOWN,
            ),
            (r#"any category: vip OR last("Product Viewed") > now()"#, UNKNOWN),
            (r#"any category: country IS NULL AND count("Product Viewed") = 2"#, TRUE),
            (
                r#"any price: count("Product Viewed") = 1 AND count("Order Completed".products) = 0"#,
                TRUE,
            ),
            (r#"(any category: count("Product Viewed") > 2) IS FALSE"#, TRUE),
        ],
    );
}

#[test]
fn a_value_counts_from_when_some_entry_of_it_happened() {
    let announced = |fact: Fact| fact.known_from(day(1));
    let facts =
        [viewed("shoes", day(2)), viewed("shoes", day(3)), viewed("hats", day(4))].map(announced);
    let timeline = timeline(&events(&facts), &schema());
    let until = |rule: &str, now| {
        let found = segment(rule).evaluate(&timeline.facts_as_known(now, day(9)));
        (found.value, found.until)
    };
    let two = r#"any category: count("Product Viewed" over 7 days) >= 2"#;
    assert_eq!(until(two, day(1)), (false, Some(day(3))));
    assert_eq!(until(two, day(3)), (true, Some(day(9))));
    assert_eq!(until(two, day(9)), (false, None));
    // Of hats nothing is true before there were any.
    let few = r#"any category: count("Product Viewed" over 2 days) <= 1"#;
    assert_eq!(until(few, day(1)), (false, Some(day(2))));
    assert_eq!(until(few, day(3)), (false, Some(day(4))));
    assert_eq!(until(few, day(4)), (true, None));
}

#[test]
fn an_explanation_names_the_values() {
    let facts = [
        viewed("shoes", day(1)),
        viewed("shoes", day(2)),
        viewed("hats", day(2)),
        viewed("coats", day(3)),
        viewed("coats", day(4)),
        ordered("shoes", day(3)),
    ];
    let timeline = timeline(&events(&facts), &schema());
    let explained = |now| segment(WANTED).explain(&timeline.facts(now)).to_string();
    insta::assert_snapshot!("group_true", explained(day(5)));
    insta::assert_snapshot!("group_nearly", explained(day(3)));
    insta::assert_snapshot!(
        "group_without_values",
        explained("2026-02-01T00:00:00Z".parse().unwrap())
    );
}
