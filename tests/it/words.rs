//! Rules and metrics in English.

use std::fmt::Write;

use bespoke::expr::{Expr, Names};
use bespoke::segment::Rule;
use bespoke::testing::strategy;
use proptest::prelude::*;

/// One of each construct, and some that a reader could take in two ways.
const RULES: &[&str] = &[
    r#"count("Order Completed" over 90 days) = 0 AND count("Order Completed" over 180 days) > 0"#,
    r#"engagement > 75 AND sum("Order Completed".revenue over 90 days) > 2000
       AND count("Order Completed" where products.category = 'luxury') >= 2"#,
    r#"count("Product Added" over 24 hours) > 0
       AND count("Order Completed" since last("Product Added")) = 0"#,
    "in_segment('vip') OR in_segment('frequent') AND NOT in_segment('lapsed')",
    "(country = 'PT' OR country = 'ES') AND vip",
    "NOT (country = 'PT' AND vip)",
    "NOT NOT (a > 1 OR NOT b < 2)",
    r#"NOT count("Order Completed" over 1 day) > 0"#,
    "NOT products.category = 'luxury'",
    "country IN ('PT', 'ES', 'FR')",
    "country IN ('PT')",
    "country NOT IN ('PT', NULL)",
    "name LIKE 'A%' AND name NOT LIKE '%z' AND name LIKE '%mid%' AND name LIKE 'a_c'",
    "price BETWEEN 10 AND 20.5 OR price NOT BETWEEN -1 AND 2000000",
    r#"last("Order Completed") BETWEEN TIMESTAMP '2026-01-01T00:00:00Z' AND now()"#,
    "country IS NULL OR country IS NOT NULL",
    r#"last("Email Opened" over 30 days) IS NULL AND first("Order Completed") IS NOT NULL"#,
    r#"last("A" since joined) IS NULL"#,
    "vip IS TRUE AND vip IS NOT FALSE AND (a > 1) IS NOT TRUE AND (a > 1) IS NULL",
    r#"now() - last("Order Completed") > INTERVAL '30 days'"#,
    r#"last("Order Completed") <= now() - INTERVAL '30 days'"#,
    r#"count("Order Completed" over 30 days ending 7 days ago) = 1"#,
    r#"count(distinct "Order Completed".products.sku over 12 weeks) >= 3"#,
    r#"avg("Order Completed".revenue where gift over last 5) > 100"#,
    r#"count("X" from '2025-11-24T18:00' to '2025-12-01' in 'Europe/Paris') > 0"#,
    r#"sum("X".y where z > 1 from TIMESTAMP '2025-11-24') < 5"#,
    r#"count("Order Completed".coupon where coupon LIKE '10%' OR total > 5) <> 0"#,
    r#"count("Order Completed") >= 3 AND count("Order Completed" where coupon IS NOT NULL)
       >= 0.7 * count("Order Completed")"#,
    r#"first("Order Completed".coupon) = 'it''s ‘new’'"#,
    r#"avg("X".price) - 2 * (max("X".price) - min("X".price)) + 1 < 1234567.25"#,
    r#"sum("Order Completed".products.quantity where category = 'books') > 10"#,
    "coalesce(country, 'PT') = 'PT' AND coalesce(a, b, 0) > 2",
    "count(* over 30 days) < 5 AND 3 > count(*) AND count(*) < 2.5 AND count(*) <> 4",
    r#"sum(* .amount since last(* where "odd name" = TRUE)) >= 0"#,
    r#"count("say “so”" where engagement > 2 AND in_segment('vip')) > 0 AND "and" < 'm'"#,
    "anniversary(birthday) AND country = 'PT' AND bucket(10, 'spring') < 3",
    "anniversary(birthday in 'Europe/Paris') OR NOT changed(tier over 3 days)",
    "vip AND observed_for(30 days) AND changed(address.city over 1 week) IS TRUE",
    r#"funnel("Product Viewed" where category = 'shoes', "Order Completed" over 7 days) >= 2
       AND vip AND funnel("A", *) = 0"#,
    r#"class(count("A" over 7 days), 1, 2, 5000) >= 3 AND class(now() - x, INTERVAL '2 days') = 1"#,
    r#"vip AND NOT any product_id: count("A" over 7 days) >= 3 AND NOT count("B".products) > 0"#,
    "TRUE OR FALSE OR (a > 1) = (b > 2)",
];

const METRICS: &[&str] = &[
    r#"sum("Order Completed".revenue over 90 days)"#,
    r#"count("Order Completed")"#,
    r#"last("Order Completed")"#,
    r#"now() - last("Order Completed")"#,
    r#"last("Order Completed".coupon where revenue > 50 over 1 week)"#,
    r#"sum(distinct "Order Completed".revenue)"#,
    r#"0.5 * count("A") + 2 * count("B" over 7 days)"#,
    "coalesce(last_order, joined + INTERVAL '1 day')",
    "vip",
];

#[test]
fn rules_and_metrics_are_said_in_words() {
    let mut out = String::new();
    for rule in RULES {
        let rule = Rule::parse(rule).unwrap();
        writeln!(out, "{}\n    {}\n", rule.expr(), rule.words()).unwrap();
    }
    for metric in METRICS {
        let metric = Expr::parse(metric).unwrap();
        writeln!(out, "{metric}\n    {}\n", metric.words()).unwrap();
    }
    insta::assert_snapshot!(out);
}

/// Whether every bracket that opens is closed; of names that hold none.
fn is_balanced(text: &str) -> bool {
    let depth = text.chars().try_fold(0_usize, |depth, letter| match letter {
        '(' => Some(depth + 1),
        ')' => depth.checked_sub(1),
        _ => Some(depth),
    });
    depth == Some(0)
}

proptest! {
    #[test]
    fn any_expression_has_words(expr in strategy::expressions()) {
        let words = expr.words();
        prop_assert!(!words.trim().is_empty());
        prop_assert!(!words.contains(|letter: char| letter.is_control()), "{words:?}");
        prop_assert_eq!(Expr::parse(&expr.to_string()).unwrap().words(), words);
    }

    #[test]
    fn any_rule_has_words_that_close_what_they_open(rule in strategy::rules()) {
        let rule = Rule::new(&rule).unwrap();
        rule.check(&Names::new(strategy::schema())).unwrap();
        prop_assert!(is_balanced(&rule.words()), "{}", rule.words());
    }
}
