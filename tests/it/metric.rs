//! Metrics: values, horizons, the engagement score, currencies.

use bespoke::event::Event;
use bespoke::expr::Names;
use bespoke::facts::Timeline;
use bespoke::metric::{Engagement, Measure, Metric};
use bespoke::schema::{Field, Schema};
use bespoke::segment::Rule;
use bespoke::time::{Duration, Timestamp, Valid};
use bespoke::value::Kind;

const NONE: [(&str, Kind); 0] = [];

fn schema() -> Schema {
    Schema::new()
        .attribute("born", Kind::Instant)
        .event("Email Opened", NONE)
        .event("Email Link Clicked", NONE)
        .event(
            "Order Completed",
            [
                ("revenue", Field::money("currency")),
                ("currency", Kind::Text.into()),
                ("quantity", Kind::Number.into()),
            ],
        )
}

fn day(day: i64) -> Timestamp {
    Timestamp::from_micros(day * 86_400_000_000)
}

fn measure(metric: &str, events: impl IntoIterator<Item = Event>, now: Timestamp) -> Valid<String> {
    let metric = Metric::parse(metric, &Names::new(schema())).unwrap();
    let timeline = Timeline::of(events, &schema());
    metric.evaluate(&timeline.facts(now)).map(|measure| measure.to_string())
}

fn order(at: i64, quantity: i32) -> Event {
    Event::track("p", "Order Completed", day(at)).with("quantity", quantity)
}

#[test]
fn a_metric_says_what_it_comes_to_and_until_when() {
    let orders = || [order(1, 3), order(4, 4), order(5, 3)];
    let quantity = r#""Order Completed".quantity"#;
    for (metric, value, until) in [
        (format!("sum({quantity} over 7 days)"), "10", Some(day(8))),
        (format!("avg({quantity})"), "about 3.333333", None),
        (format!("sum(distinct {quantity} over 3 days)"), "7", Some(day(7))),
        (format!("min({quantity} over 2 days ending 2 days ago)"), "4", Some(day(7))),
        (format!("max({quantity} where quantity > 9)"), "NULL", None),
        (format!("2 * last({quantity}) - 0.5"), "5.5", None),
        ("now() - last(\"Order Completed\")".to_owned(), "1 day", Some(day(6).next())),
        ("last(\"Order Completed\")".to_owned(), "1970-01-06T00:00:00.000000Z", None),
    ] {
        assert_eq!(
            measure(&metric, orders(), day(6)),
            Valid::until(value.into(), until),
            "{metric}"
        );
    }
}

#[test]
fn engagement_counts_with_weights_within_0_and_100() {
    let score = Engagement::new([("Email Opened", 8), ("Email Link Clicked", 15)]);
    let at = |score: &Engagement, opens: i64, clicks: i64, now: i64| {
        let opened = (0..opens).map(|at| Event::track("p", "Email Opened", day(at)));
        let clicked = (0..clicks).map(|at| Event::track("p", "Email Link Clicked", day(at)));
        let timeline = Timeline::of(opened.chain(clicked), &schema());
        let metric = score.metric(&Names::new(schema())).unwrap();
        metric.evaluate(&timeline.facts(day(now))).map(|measure| measure.to_string())
    };
    assert_eq!(at(&score, 0, 0, 20), Valid::always("0".to_owned()));
    assert_eq!(at(&score, 3, 2, 20), Valid::until("54".to_owned(), Some(day(30))));
    assert_eq!(at(&score, 10, 5, 20).value, "100");
    assert_eq!(at(&score.clone().over(Duration::days(19)), 3, 2, 20).value, "8");
    assert_eq!(at(&score.scaled(2), 2, 1, 20).value, "62");
    let negative = Engagement::new([("Email Opened", -8)]);
    assert_eq!(at(&negative, 3, 0, 20).value, "0");
    assert!(Engagement::new([] as [(&str, i32); 0]).metric(&Names::new(schema())).is_err());
    assert!(Engagement::new([("Email Opend", 1)]).metric(&Names::new(schema())).is_err());
}

#[test]
fn a_rule_reads_a_metric_by_its_name() {
    let mut names = Names::new(schema());
    let score = Engagement::new([("Email Opened", 50)]).metric(&names).unwrap();
    score.define("engagement", &mut names).unwrap();
    let engaged = Rule::parse("engagement > 75").unwrap().check(&names).unwrap();
    let opened = (1..=3).map(|at| Event::track("p", "Email Opened", day(at)));
    let timeline = Timeline::of(opened, &schema());
    // Three opens make 150, capped; two are still 100; the second to leave is that of day 2.
    assert_eq!(engaged.evaluate(&timeline.facts(day(10))), Valid::until(true, Some(day(32))));
    assert!(!engaged.evaluate(&timeline.facts(day(1))).value);
    assert!(score.define("engagement", &mut names).is_err());
    assert!(score.define("born", &mut names).is_err());
}

#[test]
fn amounts_in_unlike_currencies_are_not_added() {
    let names = Names::new(schema());
    let check = |rule: &str| Rule::parse(rule).unwrap().check(&names).map(drop);
    let euros = r#"sum("Order Completed".revenue where currency = 'EUR' over 90 days)"#;
    let dollars = r#"sum("Order Completed".revenue where quantity > 1 AND currency = 'USD')"#;
    check(&format!("{euros} > 2000")).unwrap();
    check(&format!("{euros} + 2 * {euros} > 2000")).unwrap();
    check(r#"count("Order Completed" where revenue >= 500) >= 2"#).unwrap();
    check(r#"last("Order Completed".revenue) > 500"#).unwrap();
    for rule in [
        r#"sum("Order Completed".revenue) > 5"#.to_owned(),
        r#"avg("Order Completed".revenue where currency <> 'EUR') > 5"#.to_owned(),
        r#"sum("Order Completed".revenue where currency = 'EUR' OR quantity > 1) > 5"#.to_owned(),
        format!("{euros} + {dollars} > 5"),
        format!("{euros} > {dollars}"),
        r#"last("Order Completed".revenue) + first("Order Completed".revenue) > 5"#.to_owned(),
        format!(r#"last("Order Completed".revenue) > {euros}"#),
    ] {
        let error = check(&rule).unwrap_err().to_string();
        assert!(error.contains("currenc") || error.contains("EUR"), "{error}");
    }
}

#[test]
fn measures_are_typed() {
    let names = Names::new(schema());
    let evaluate = |text: &str| {
        let timeline = Timeline::new();
        Metric::parse(text, &names).unwrap().evaluate(&timeline.facts(day(1))).value
    };
    assert_eq!(evaluate("count(*) = 0"), Measure::Boolean(true));
    assert_eq!(evaluate("born"), Measure::Null);
    assert_eq!(evaluate("coalesce(born, now())"), Measure::Instant(day(1)));
    assert_eq!(evaluate("3 * INTERVAL '8 hours'"), Measure::Duration(Duration::days(1)));
    assert_eq!(evaluate("'x'"), Measure::Text("x".into()));
}
