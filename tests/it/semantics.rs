//! What rules mean, one small case after another, worked out by hand. The reference evaluator and
//! the library are both held to them.

use bespoke::event::Event;
use bespoke::expr::{Expr, Names};
use bespoke::facts::Timeline;
use bespoke::schema::Schema;
use bespoke::segment::Rule;
use bespoke::testing::naive::{Fact, World};
use bespoke::testing::strategy::{PERSON, events, schema, timeline};
use bespoke::time::Timestamp;
use bespoke::value::{Decimal, Fields, Value};

pub(crate) const TRUE: Option<bool> = Some(true);
pub(crate) const FALSE: Option<bool> = Some(false);
pub(crate) const UNKNOWN: Option<bool> = None;

/// The `day`th of March 2026 at midnight.
pub(crate) fn day(day: u32) -> Timestamp {
    format!("2026-03-{day:02}T00:00:00Z").parse().unwrap()
}

pub(crate) fn number(text: &str) -> Value {
    Value::from(text.parse::<Decimal>().unwrap())
}

pub(crate) fn object<const N: usize>(fields: [(&str, Value); N]) -> Value {
    Value::from(Fields::from_iter(fields))
}

pub(crate) fn list<const N: usize>(elements: [Value; N]) -> Value {
    Value::from(Vec::from(elements))
}

pub(crate) fn order(at: Timestamp) -> Fact {
    Fact::event("Order Completed", at)
}

fn order_of(at: Timestamp, revenue: &str) -> Fact {
    order(at).with("revenue", number(revenue))
}

/// A line of an order.
fn line(category: &str, quantity: i32) -> Value {
    object([("category", category.into()), ("quantity", quantity.into())])
}

/// Holds the reference and the library to what each rule is at `now`.
#[track_caller]
pub(crate) fn check(facts: &[Fact], now: Timestamp, cases: &[(&str, Option<bool>)]) {
    check_known(facts, now, now, cases);
}

#[track_caller]
fn check_known(facts: &[Fact], now: Timestamp, known: Timestamp, cases: &[(&str, Option<bool>)]) {
    let schema: Schema = schema();
    let names = Names::new(schema.clone());
    let timeline = timeline(&events(facts), &schema);
    for (text, expected) in cases {
        let rule = Expr::parse(text).unwrap_or_else(|error| panic!("{error}"));
        let truth = World::new(&schema, facts, now).of_person(PERSON).as_known(known).truth(&rule);
        assert_eq!(truth, *expected, "the reference: {text}");
        // Membership tells truth from the rest; the rule's negation tells falsehood from it.
        for (text, member) in
            [((*text).to_owned(), *expected == TRUE), (format!("NOT ({text})"), *expected == FALSE)]
        {
            let segment = Rule::parse(&text).and_then(|rule| rule.check(&names));
            let segment = segment.unwrap_or_else(|error| panic!("{error}"));
            let found = segment.evaluate(&timeline.facts_as_known(now, known));
            assert_eq!(found.value, member, "the library: {text}");
        }
    }
}

#[test]
fn windows_are_open_at_their_beginning_and_closed_at_their_end() {
    let facts = [order(day(1)), order(day(3)), order(day(5))];
    check(
        &facts,
        day(5),
        &[
            (r#"count("Order Completed") = 3"#, TRUE),
            (r#"count("Order Completed" over 2 days) = 1"#, TRUE),
            (r#"count("Order Completed" over 3 days) = 2"#, TRUE),
            (r#"count("Order Completed" over 2 days ending 2 days ago) = 1"#, TRUE),
            (r#"count("Order Completed" over 3 days ending 2 days ago) = 2"#, TRUE),
            (r#"count("Order Completed" over 1 second ending 4 days ago) = 1"#, TRUE),
        ],
    );
    let before = day(5).minus(bespoke::time::Duration::from_micros(1));
    check(
        &facts,
        before,
        &[
            (r#"count("Order Completed") = 2"#, TRUE),
            (r#"count("Order Completed" over 2 days) = 1"#, TRUE),
            (r#"count("Order Completed" over 2 days ending 2 days ago) = 1"#, TRUE),
        ],
    );
}

#[test]
fn the_last_events_are_those_that_have_an_entry() {
    let gift = |day, revenue| order_of(day, revenue).with("gift", true);
    let basket = order(day(4)).with("products", list([line("a", 1), line("a", 2)]));
    let facts = [gift(day(1), "1"), order_of(day(2), "2"), gift(day(3), "4"), basket];
    check(
        &facts,
        day(5),
        &[
            (r#"sum("Order Completed".revenue over last 2) = 6"#, TRUE),
            (r#"sum("Order Completed".revenue where gift over last 2) = 5"#, TRUE),
            (r#"sum("Order Completed".revenue over last 9) = 7"#, TRUE),
            (r#"count("Order Completed" over last 3) = 3"#, TRUE),
            (r#"first("Order Completed" over last 2) = TIMESTAMP '2026-03-03'"#, TRUE),
            (r#"last("Order Completed" over last 1) = TIMESTAMP '2026-03-04'"#, TRUE),
            // Events are counted, and not the elements of their lists.
            (r#"sum("Order Completed".products.quantity over last 1) = 3"#, TRUE),
            ("count(* over last 2) = 2", TRUE),
            (r#"avg("Product Viewed".price over last 2) IS NULL"#, TRUE),
            (r#"sum("Order Completed".revenue where revenue > 2 over last 2) = 4"#, TRUE),
        ],
    );
    // Of two at one instant the later is the one whose `messageId` is the greater.
    let tied = [order_of(day(1), "1"), order_of(day(1), "2"), order_of(day(7), "4")];
    check(&tied, day(5), &[(r#"sum("Order Completed".revenue over last 1) = 2"#, TRUE)]);
    check(&tied, day(7), &[(r#"sum("Order Completed".revenue over last 2) = 6"#, TRUE)]);
}

#[test]
fn a_period_has_its_beginning_and_not_its_end() {
    let facts = [order(day(3)), order(day(4)), order(day(5)), order(day(9))];
    let later = [
        ("count(* from TIMESTAMP '2026-03-03' to TIMESTAMP '2026-03-05') = 2", TRUE),
        ("count(* from TIMESTAMP '2026-03-04') = 2", TRUE),
        ("count(* from '2026-03-03' to '2026-03-04' in 'UTC') = 1", TRUE),
        // Midnight in Lisbon is an hour later in Paris.
        ("count(* from '2026-03-03' to '2026-03-04T01:00' in 'Europe/Paris') = 1", TRUE),
        ("count(* from '2026-03-03' to '2026-03-04T01:00:01' in 'Europe/Paris') = 2", TRUE),
        ("count(* from '2026-03-05' in 'Asia/Tokyo') = 1", TRUE),
    ];
    check(&facts, day(8), &later);
    // Only what has happened counts.
    check(&facts, day(4), &[("count(* from '2026-03-04' to '2026-03-06' in 'UTC') = 1", TRUE)]);
    check(&facts, day(2), &[("count(* from '2026-03-04' to '2026-03-06' in 'UTC') = 0", TRUE)]);
    // Clocks are put forward from 02:00 to 03:00 on the 8th: what was skipped moves later.
    let change = "2026-03-08T10:00:00Z".parse::<Timestamp>().unwrap();
    let before = change.minus(bespoke::time::Duration::from_micros(1));
    let facts = [order(before), order(change)];
    let skipped = [
        ("count(* from '2026-03-08T02:30' in 'America/Los_Angeles') = 1", TRUE),
        ("count(* from '2026-03-08' to '2026-03-08T02:30' in 'America/Los_Angeles') = 1", TRUE),
    ];
    check(&facts, day(9), &skipped);
}

#[test]
fn a_funnel_may_look_at_a_period() {
    let facts = [Fact::event("Page Viewed", day(2)), order(day(3)), order(day(5))];
    let from =
        r#"funnel("Page Viewed", "Order Completed" from '2026-03-02' to '2026-03-04' in 'UTC')"#;
    let after = r#"funnel("Page Viewed", "Order Completed" from TIMESTAMP '2026-03-03') "#;
    check(&facts, day(9), &[(&format!("{from} = 2"), TRUE), (&format!("{after} = 0"), TRUE)]);
    for text in [from, after] {
        let funnel = Expr::parse(text).unwrap();
        assert_eq!(Expr::from_json(&funnel.to_json()).unwrap(), funnel);
    }
}

#[test]
fn a_trait_has_changed_where_another_value_was_told() {
    let told = |at, country: &str| Fact::traits(at).with("country", country);
    let facts = [told(day(1), "PT"), told(day(3), "PT"), told(day(5), "ES")];
    // The first that is told is a change, and the same again is none.
    let first = [
        ("changed(country over 1 day)", TRUE),
        ("changed(country over 1 second)", TRUE),
        ("changed(address.city over 1 day)", FALSE),
    ];
    check(&facts, day(1), &first);
    check(&facts, day(2), &[("changed(country over 1 day)", FALSE)]);
    check(&facts, day(3), &[("changed(country over 1 day)", FALSE)]);
    let later = [("changed(country over 1 day)", FALSE), ("changed(country over 2 days)", TRUE)];
    check(&facts, day(6), &later);
    // What is unset has changed too; of several at one instant the last stands.
    let unset = [told(day(1), "PT"), Fact::traits(day(2)).with("country", Value::Null)];
    check(&unset, day(2), &[("changed(country over 1 day)", TRUE)]);
    let tied = [told(day(1), "PT"), told(day(2), "ES"), told(day(2), "PT")];
    check(&tied, day(2), &[("changed(country over 1 day)", FALSE)]);
    let object = |city: &str| object([("city", city.into())]);
    let moved = |at, city| Fact::traits(at).with("address", object(city));
    let moves = [moved(day(1), "Porto"), moved(day(2), "Porto"), moved(day(3), "Faro")];
    check(&moves, day(2), &[("changed(address.city over 1 day)", FALSE)]);
    check(&moves, day(3), &[("changed(address.city over 1 day)", TRUE)]);
    check(&[], day(3), &[("changed(country over 1 day)", FALSE)]);
}

#[test]
fn somebody_is_observed_since_the_first_that_is_known_of_them() {
    let facts = [order(day(5)), Fact::traits(day(2)).with("vip", true)];
    let asked = [
        ("observed_for(3 days)", TRUE),
        ("observed_for(4 days)", FALSE),
        ("NOT observed_for(4 days)", TRUE),
    ];
    check(&facts, day(5), &asked);
    check(&facts, day(1), &[("observed_for(1 second)", FALSE)]);
    check(&[], day(5), &[("observed_for(1 second)", FALSE)]);
    let late = [Fact::traits(day(2)).with("vip", true).known_from(day(6)), order(day(4))];
    check(&late, day(5), &[("observed_for(1 day)", TRUE), ("observed_for(2 days)", FALSE)]);
}

#[test]
fn an_anniversary_is_the_day_of_the_year_where_the_person_lives() {
    let born = |date: &str| Fact::traits(day(1)).with("birthday", date);
    let at = |text: &str| text.parse::<Timestamp>().unwrap();
    let birthday = |facts: &[Fact], now, expected| {
        check(facts, now, &[("anniversary(birthday)", expected)]);
    };
    birthday(&[born("2000-03-05")], day(5), TRUE);
    birthday(&[born("2000-03-05")], at("2026-03-05T23:59:59.999999Z"), TRUE);
    birthday(&[born("2000-03-05")], day(6), FALSE);
    // The day itself is no anniversary, nor is what comes before it.
    birthday(&[born("2026-03-05")], day(5), FALSE);
    birthday(&[born("2027-03-05")], day(5), FALSE);
    // A 29th of February is kept on the 28th where there is none.
    for (now, expected) in [
        ("2027-02-28T12:00:00Z", TRUE),
        ("2027-03-01T12:00:00Z", FALSE),
        ("2028-02-28T12:00:00Z", FALSE),
        ("2028-02-29T12:00:00Z", TRUE),
    ] {
        birthday(&[born("2000-02-29")], at(now), expected);
    }
    // By the clocks of the zone that is told, or written.
    let there = [born("2000-03-05").with("timezone", "Pacific/Auckland")];
    birthday(&there, at("2026-03-04T10:59:59Z"), FALSE);
    birthday(&there, at("2026-03-04T11:00:00Z"), TRUE);
    let paris = [("anniversary(birthday in 'Europe/Paris')", TRUE)];
    check(&there, at("2026-03-04T23:00:00Z"), &paris);
    birthday(&[born("2000-03-05").with("timezone", Value::Null)], day(5), TRUE);
    birthday(&[born("2000-03-05").with("timezone", "Middle/Earth")], day(5), UNKNOWN);
    for odd in ["2001-02-29", "5 March", "", "2000-3-5"] {
        birthday(&[born(odd)], day(5), UNKNOWN);
    }
    birthday(&[], day(5), UNKNOWN);
    let joined = Fact::traits(day(1)).with("joined", at("2020-03-04T23:30:00Z"));
    let zones = [("anniversary(joined)", FALSE), ("anniversary(joined in 'Europe/Paris')", TRUE)];
    check(&[joined], day(5), &zones);
}

#[test]
fn an_anniversary_begins_and_ends_when_calendars_say_so() {
    // Until 2011 clocks there were set back at 00:01, to the day before.
    let schema = schema();
    let told = Fact::traits("2000-01-01T00:00:00Z".parse().unwrap());
    let told = told.with("timezone", "America/St_Johns");
    for (birthday, turns) in [
        ("1990-11-06", ["06T02:30", "07T02:30", "07T02:31", "07T03:30"]),
        ("1990-11-07", ["07T02:30", "07T02:31", "07T03:30", "08T03:30"]),
    ] {
        let facts = [told.clone().with("birthday", birthday)];
        let timeline = timeline(&events(&facts), &schema);
        let rule = Rule::parse("anniversary(birthday)").unwrap();
        let segment = rule.check(&Names::new(schema.clone())).unwrap();
        let mut now: Timestamp = "2010-11-01T00:00:00Z".parse().unwrap();
        for (turn, member) in turns.into_iter().zip([true, false, true, false]) {
            now = segment.evaluate(&timeline.facts(now)).until.unwrap();
            assert_eq!(now.to_string(), format!("2010-11-{turn}:00.000000Z"), "{birthday}");
            assert_eq!(segment.is_member(&timeline.facts(now)), member, "{birthday} {now}");
        }
    }
}

#[test]
fn what_decides_of_a_person_is_named() {
    let told = |at, country: &str| Fact::traits(at).with("country", country);
    let facts = [told(day(1), "PT"), told(day(3), "ES"), order(day(4)), told(day(5), "ES")];
    let schema = schema();
    let timeline = timeline(&events(&facts), &schema);
    let rule = "changed(country over 3 days) AND observed_for(2 days) AND bucket(2, 'a') >= 0
        AND anniversary(birthday)";
    let segment = Rule::parse(rule).and_then(|rule| rule.check(&Names::new(schema))).unwrap();
    insta::assert_snapshot!(segment.explain(&timeline.facts(day(5))));
}

#[test]
fn buckets_are_equal_shares_that_others_can_compute() {
    let facts = [order(day(1))];
    // Worked out by another program: SHA-256 and SplitMix64, as the chapter on rules says.
    let asked = [
        ("bucket(10, 'spring') = 9", TRUE),
        ("bucket(1000000, '') = 187248", TRUE),
        ("bucket(1, 'spring') = 0", TRUE),
    ];
    check(&facts, day(2), &asked);
    check(&[], day(2), &[("bucket(10, 'spring') >= 0", UNKNOWN)]);
    let schema = schema();
    let share = |salt: &str| {
        let rule = Rule::parse(&format!("bucket(4, '{salt}') = 0")).unwrap();
        let segment = rule.check(&Names::new(schema.clone())).unwrap();
        let person = |number: usize| Event::identify(format!("p-{number}"), day(1));
        let of = |number| Timeline::of([person(number)], &schema);
        (0..4_000).map(|number| segment.is_member(&of(number).facts(day(1)))).collect::<Vec<_>>()
    };
    let (a, b) = (share("a"), share("b"));
    let both = a.iter().zip(&b).filter(|(a, b)| **a && **b).count();
    let count = |share: &[bool]| share.iter().filter(|member| **member).count();
    // Four standard deviations about a quarter, and about a quarter of a quarter.
    assert!((890..1_110).contains(&count(&a)), "{}", count(&a));
    assert!((890..1_110).contains(&count(&b)), "{}", count(&b));
    assert!((188..312).contains(&both), "{both}");
}

#[test]
fn since_begins_strictly_after_its_instant() {
    let view = Fact::event("Product Viewed", day(3));
    let facts = [order(day(3)), order(day(4)), view, Fact::traits(day(1)).with("joined", day(9))];
    check(
        &facts,
        day(5),
        &[
            (r#"count("Order Completed" since last("Product Viewed")) = 1"#, TRUE),
            (r#"count("Order Completed" since TIMESTAMP '2026-03-02') = 2"#, TRUE),
            // An instant that is not known makes the metric NULL, a count too.
            (r#"count("Order Completed" since last("Page Viewed")) = 0"#, UNKNOWN),
            (r#"count("Order Completed" since NULL) IS NULL"#, TRUE),
            // Nothing has happened since an instant to come.
            (r#"count("Order Completed" since joined) = 0"#, TRUE),
            (r#"count("Order Completed" since now() - INTERVAL '36 hours') = 1"#, TRUE),
        ],
    );
}

#[test]
fn nothing_counts_and_sums_to_nought_and_has_no_mean() {
    check(
        &[],
        day(5),
        &[
            (r#"count("Order Completed") = 0"#, TRUE),
            (r#"sum("Order Completed".revenue) = 0"#, TRUE),
            (r#"avg("Order Completed".revenue) IS NULL"#, TRUE),
            (r#"min("Order Completed".revenue) < 1"#, UNKNOWN),
            (r#"last("Order Completed") IS NULL"#, TRUE),
            (r#"sum("Order Completed".revenue over 90 days) < 50"#, TRUE),
        ],
    );
}

#[test]
fn a_field_that_is_null_counts_as_an_event_only() {
    let facts = [order(day(1)), order(day(2)).with("revenue", Value::Null), order_of(day(3), "4")];
    check(
        &facts,
        day(5),
        &[
            (r#"count("Order Completed") = 3"#, TRUE),
            (r#"count("Order Completed".revenue) = 1"#, TRUE),
            (r#"avg("Order Completed".revenue) = 4"#, TRUE),
            (r#"count("Order Completed" where revenue IS NULL) = 2"#, TRUE),
            // A filter lets through what it is true of; of a NULL it is unknown.
            (r#"count("Order Completed" where revenue < 5) = 1"#, TRUE),
            (r#"count("Order Completed" where NOT revenue < 5) = 0"#, TRUE),
        ],
    );
}

#[test]
fn means_are_exact() {
    let thirds = [order_of(day(1), "1"), order_of(day(2), "0"), order_of(day(3), "0")];
    check(
        &thirds,
        day(5),
        &[
            (r#"avg("Order Completed".revenue) > 0.333333"#, TRUE),
            (r#"avg("Order Completed".revenue) < 0.333334"#, TRUE),
            (r#"3 * avg("Order Completed".revenue) = 1"#, TRUE),
            (
                r#"avg("Order Completed".revenue) = avg("Order Completed".revenue over 7 days)"#,
                TRUE,
            ),
            (r#"0.000001 * avg("Order Completed".revenue) > 0"#, TRUE),
        ],
    );
    let great = [order_of(day(1), "999999999999.999999"), order_of(day(2), "0.000001")];
    check(&great, day(5), &[(r#"sum("Order Completed".revenue) - 999999999999 = 1"#, TRUE)]);
}

#[test]
fn distinct_takes_each_value_once() {
    let facts = [order_of(day(1), "2"), order_of(day(2), "2.0"), order_of(day(3), "5")];
    check(
        &facts,
        day(5),
        &[
            (r#"count(distinct "Order Completed".revenue) = 2"#, TRUE),
            (r#"sum(distinct "Order Completed".revenue) = 7"#, TRUE),
            (r#"avg(distinct "Order Completed".revenue) = 3.5"#, TRUE),
            (r#"last(distinct "Order Completed".revenue over 3 days) = 5"#, TRUE),
        ],
    );
}

#[test]
fn first_and_last_pass_over_nulls_and_settle_ties() {
    let country = |at, country: &str| order(at).with("country", country);
    let facts = [
        country(day(2), "b"),
        country(day(2), "a"),
        order(day(1)),
        country(day(4), "c"),
        country(day(4), "d"),
        order(day(5)),
    ];
    check(
        &facts,
        day(6),
        &[
            (r#"first("Order Completed".country) = 'a'"#, TRUE),
            (r#"last("Order Completed".country) = 'd'"#, TRUE),
            (r#"last("Order Completed".country over 1 day) IS NULL"#, TRUE),
            (r#"first("Order Completed") = TIMESTAMP '2026-03-01'"#, TRUE),
            (r#"last("Order Completed") = TIMESTAMP '2026-03-05'"#, TRUE),
            (r#"min("Order Completed".country) = 'a'"#, TRUE),
            (r#"last("Order Completed" where country < 'd') = TIMESTAMP '2026-03-04'"#, TRUE),
        ],
    );
}

#[test]
fn the_last_told_trait_counts_and_null_unsets_it() {
    let told = |at, country: Value| Fact::traits(at).with("country", country);
    let facts = [told(day(1), "PT".into()), told(day(3), Value::Null), told(day(4), "ES".into())];
    check(&facts, day(2), &[("country = 'PT'", TRUE), ("country <> 'PT'", FALSE)]);
    check(
        &facts,
        day(3),
        &[("country = 'PT'", UNKNOWN), ("NOT country = 'PT'", UNKNOWN), ("country IS NULL", TRUE)],
    );
    check(&facts, day(4), &[("country = 'ES'", TRUE)]);
    // Of several at one instant the greatest, whatever came first; NULL is the least.
    let tie = [told(day(1), "b".into()), told(day(1), Value::Null), told(day(1), "a".into())];
    check(&tie, day(1), &[("country = 'b'", TRUE)]);
}

#[test]
fn a_fact_counts_while_it_is_known() {
    let late = [order(day(1)).known_from(day(3)).known_until(day(5))];
    let cases = |there| [(r#"count("Order Completed") = 1"#, Some(there))];
    check_known(&late, day(6), day(2), &cases(false));
    check_known(&late, day(6), day(3), &cases(true));
    check_known(&late, day(2), day(3), &cases(true));
    check_known(&late, day(6), day(5), &cases(false));
    let told = Fact::traits(day(1)).with("vip", true).known_until(day(2));
    let facts = [Fact::traits(day(1)).with("vip", false), told];
    check_known(&facts, day(4), day(1), &[("vip", TRUE)]);
    check_known(&facts, day(4), day(2), &[("vip", FALSE)]);
}

#[test]
fn logic_has_three_values() {
    check(
        &[],
        day(1),
        &[
            ("vip", UNKNOWN),
            ("vip AND FALSE", FALSE),
            ("vip AND TRUE", UNKNOWN),
            ("vip OR TRUE", TRUE),
            ("vip OR FALSE", UNKNOWN),
            ("NOT vip", UNKNOWN),
            ("vip = vip", UNKNOWN),
            ("engagement BETWEEN 1 AND 2", UNKNOWN),
            ("1 BETWEEN 2 AND engagement", FALSE),
            ("1 NOT BETWEEN 2 AND engagement", TRUE),
            ("1 IN (1, NULL)", TRUE),
            ("1 IN (2, NULL)", UNKNOWN),
            ("1 NOT IN (2, NULL)", UNKNOWN),
            ("engagement IN (1)", UNKNOWN),
            ("country LIKE '%'", UNKNOWN),
            ("country = NULL", UNKNOWN),
            ("NULL IS NULL", TRUE),
            ("vip IS TRUE", FALSE),
            ("vip IS NOT TRUE", TRUE),
            ("(vip AND vip) IS NULL", TRUE),
            ("(vip AND FALSE) IS NULL", FALSE),
            ("(vip = TRUE) IS NOT FALSE", TRUE),
        ],
    );
}

#[test]
fn arithmetic_with_null_is_null_and_coalesce_takes_the_first_value() {
    check(
        &[Fact::traits(day(1)).with("engagement", 3)],
        day(1),
        &[
            ("engagement + price > 0", UNKNOWN),
            ("2 * price IS NULL", TRUE),
            ("coalesce(price, engagement) = 3", TRUE),
            ("coalesce(price, NULL) IS NULL", TRUE),
            ("engagement + coalesce(price, 0) - 1 = 2", TRUE),
            ("coalesce(price > 2, engagement > 2)", TRUE),
            ("-2 * engagement = -6", TRUE),
            ("0 * price = 0", UNKNOWN),
        ],
    );
}

#[test]
fn instants_and_durations_combine() {
    check(
        &[Fact::traits(day(1)).with("joined", day(2))],
        day(4),
        &[
            ("now() - joined = INTERVAL '2 days'", TRUE),
            ("joined + INTERVAL '48 hours' = now()", TRUE),
            ("INTERVAL '48 hours' + joined >= now()", TRUE),
            ("joined - INTERVAL '1 day' < TIMESTAMP '2026-03-01T00:00:00.000001Z'", TRUE),
            ("now() - joined > 2 * INTERVAL '1 day'", FALSE),
            ("2 * (now() - joined) = INTERVAL '96 hours'", TRUE),
            ("joined - now() < INTERVAL '0 seconds'", TRUE),
        ],
    );
}

#[test]
fn text_compares_by_code_point() {
    check(
        &[Fact::traits(day(1)).with("country", "\u{10000}")],
        day(1),
        &[
            // UTF-16 has them the other way round.
            ("country > '\u{ffee}'", TRUE),
            ("'a' > 'Z'", TRUE),
            ("'a' < 'ab'", TRUE),
            ("'' < 'a'", TRUE),
            ("'ä' > 'z'", TRUE),
        ],
    );
}

#[test]
fn like_knows_any_text_and_any_character() {
    check(
        &[],
        day(1),
        &[
            ("'luxury' LIKE 'lux%'", TRUE),
            ("'luxury' LIKE 'lux'", FALSE),
            ("'Luxury' LIKE 'lux%'", FALSE),
            ("'ä' LIKE '_'", TRUE),
            ("'' LIKE '_'", FALSE),
            ("'' LIKE '%'", TRUE),
            ("'aXbXb' LIKE 'a%b'", TRUE),
            ("'a%' LIKE 'a\\%'", FALSE),
            ("'a\nb' LIKE 'a%b'", TRUE),
            ("'ab' NOT LIKE '_'", TRUE),
        ],
    );
}

#[test]
fn a_test_through_a_list_asks_for_any_element() {
    let facts = [order(day(1)).with("products", list([line("luxury", 1), line("books", 3)]))];
    check(
        &facts,
        day(2),
        &[
            (r#"count("Order Completed" where products.category = 'luxury') = 1"#, TRUE),
            (r#"count("Order Completed" where products.category <> 'luxury') = 1"#, TRUE),
            (r#"count("Order Completed" where NOT products.category = 'luxury') = 0"#, TRUE),
            (
                r#"count("Order Completed" where products.category NOT IN ('luxury', 'books')) = 0"#,
                TRUE,
            ),
            // One test is about one element; two tests may be about two.
            (
                r#"count("Order Completed" where products.quantity - products.quantity = 0) = 1"#,
                TRUE,
            ),
            (r#"count("Order Completed" where products.quantity < products.quantity) = 0"#, TRUE),
            (
                r#"count("Order Completed" where products.category = 'luxury' AND products.quantity = 3) = 1"#,
                TRUE,
            ),
            (r#"count("Order Completed" where products.quantity BETWEEN 2 AND 2) = 0"#, TRUE),
        ],
    );
}

#[test]
fn an_empty_list_passes_no_test_and_an_absent_one_is_unknown() {
    let told = |interests: Value| [Fact::traits(day(1)).with("interests", interests)];
    check(
        &told(list([])),
        day(1),
        &[
            ("interests = 'a'", FALSE),
            ("NOT interests = 'a'", TRUE),
            ("interests IS NULL", FALSE),
            ("coalesce(interests, 'a') = 'a'", FALSE),
        ],
    );
    check(
        &told(Value::Null),
        day(1),
        &[
            ("interests = 'a'", UNKNOWN),
            ("interests IS NULL", TRUE),
            ("coalesce(interests, 'a') = 'a'", TRUE),
        ],
    );
    check(
        &told(list(["b".into(), Value::Null])),
        day(1),
        &[
            ("interests = 'b'", TRUE),
            ("interests = 'a'", UNKNOWN),
            ("interests IS NULL", TRUE),
            ("interests IS NOT NULL", TRUE),
            ("(interests = 'a') IS NULL", TRUE),
        ],
    );
}

#[test]
fn a_series_through_a_list_has_an_entry_for_each_element() {
    let products = list([line("books", 2), line("books", 2), line("toys", 5), object([])]);
    let facts = [
        order(day(1)).with("products", products),
        order(day(2)),
        order(day(3)).with("products", list([])),
    ];
    check(
        &facts,
        day(4),
        &[
            (r#"count("Order Completed".products) = 4"#, TRUE),
            (r#"count("Order Completed".products.quantity) = 3"#, TRUE),
            (r#"sum("Order Completed".products.quantity where category = 'books') = 4"#, TRUE),
            (r#"sum(distinct "Order Completed".products.quantity) = 7"#, TRUE),
            (r#"count("Order Completed".products where category IS NULL) = 1"#, TRUE),
            (r#"first("Order Completed".products.quantity) = 2"#, TRUE),
            (r#"last("Order Completed".products.quantity) = 5"#, TRUE),
            // A path through the list from within one of its elements is about any of them.
            (r#"count("Order Completed".products where products.category = 'toys') = 4"#, TRUE),
        ],
    );
}

#[test]
fn a_series_of_plain_values_has_an_entry_for_each_that_is_not_null() {
    let tags = list(["a".into(), Value::Null, "b".into(), "a".into()]);
    let facts = [order(day(1)).with("tags", tags)];
    check(
        &facts,
        day(4),
        &[
            (r#"count("Order Completed".tags) = 3"#, TRUE),
            (r#"count(distinct "Order Completed".tags) = 2"#, TRUE),
            (r#"max("Order Completed".tags) = 'b'"#, TRUE),
            // In its filter the list's name is about any element of the event's list.
            (r#"count("Order Completed".tags where tags = 'b') = 3"#, TRUE),
        ],
    );
}

#[test]
fn names_in_a_filter_are_the_elements_then_the_events_then_the_profiles() {
    let product = object([("price", 5.into()), ("labels", list(["x".into()]))]);
    let facts = [
        Fact::traits(day(1)).with("price", 1).with("country", "ES").with("engagement", 9),
        order(day(2)).with("country", "PT").with("products", list([product])),
        Fact::event("Product Viewed", day(2)).with("price", 3),
    ];
    check(
        &facts,
        day(3),
        &[
            ("price = 1", TRUE),
            (r#"count("Order Completed" where price = 1) = 1"#, TRUE),
            (r#"count("Product Viewed" where price = 3) = 1"#, TRUE),
            (r#"count("Order Completed".products where price = 5) = 1"#, TRUE),
            (r#"count("Order Completed".products where country = 'PT') = 1"#, TRUE),
            (r#"count("Order Completed".products where engagement = 9) = 1"#, TRUE),
            (r#"count("Order Completed".products where labels = 'x') = 1"#, TRUE),
            // A name of the event that this one lacks is NULL, not the trait.
            ("count(* where price IS NULL) = 1", TRUE),
        ],
    );
}

#[test]
fn aggregates_and_now_in_a_filter_are_about_the_profile() {
    let facts = [order_of(day(1), "1"), order_of(day(3), "5")];
    check(
        &facts,
        day(4),
        &[
            (
                r#"count("Order Completed" where revenue < avg("Order Completed".revenue)) = 1"#,
                TRUE,
            ),
            (
                r#"count("Order Completed" where revenue = count("Order Completed" over 2 days)) = 1"#,
                TRUE,
            ),
            (r#"count("Order Completed" where now() = TIMESTAMP '2026-03-04') = 2"#, TRUE),
        ],
    );
}

#[test]
fn a_star_is_every_event_and_no_trait() {
    let facts = [
        Fact::traits(day(1)).with("country", "PT"),
        order(day(2)).with("channel", "web"),
        Fact::event("Page Viewed", day(3)).with("channel", "app"),
    ];
    check(
        &facts,
        day(4),
        &[
            ("count(*) = 2", TRUE),
            ("count(* where channel = 'app') = 1", TRUE),
            ("count(*.revenue) = 0", TRUE),
            ("last(*.channel) = 'app'", TRUE),
            ("count(* over 36 hours) = 1", TRUE),
        ],
    );
}

#[test]
fn objects_are_read_by_path() {
    let basket = object([("note", "n".into()), ("lines", list([object([("count", 2.into())])]))]);
    let facts = [
        Fact::traits(day(1)).with("address", object([("city", "Porto".into())])),
        order(day(2)).with("basket", basket),
    ];
    check(
        &facts,
        day(3),
        &[
            ("address.city = 'Porto'", TRUE),
            ("address.zip IS NULL", TRUE),
            (r#"sum("Order Completed".basket.lines.count) = 2"#, TRUE),
            (r#"count("Order Completed" where basket.lines.count = 2) = 1"#, TRUE),
            (r#"count("Order Completed" where basket.lines.sku IS NULL) = 1"#, TRUE),
            (r#"last("Order Completed".basket.note) LIKE '_'"#, TRUE),
        ],
    );
}

#[test]
fn a_truth_value_is_a_test_and_a_value() {
    check(
        &[Fact::traits(day(1)).with("vip", true)],
        day(1),
        &[
            ("vip", TRUE),
            ("vip = TRUE", TRUE),
            ("vip > FALSE", TRUE),
            ("(1 < 2) = vip", TRUE),
            ("(vip OR FALSE) IS TRUE", TRUE),
            ("coalesce(NULL, vip)", TRUE),
            ("NOT TRUE", FALSE),
            ("(price = 1) IN (FALSE, NULL)", UNKNOWN),
        ],
    );
}

#[test]
fn a_class_is_one_more_than_the_cut_points_reached() {
    let facts =
        [order_of(day(1), "10"), order_of(day(3), "20.5"), Fact::traits(day(1)).with("vip", true)];
    check(
        &facts,
        day(5),
        &[
            (r#"class(count("Order Completed"), 3, 4) = 1"#, TRUE),
            (r#"class(count("Order Completed"), 1, 2, 3) = 3"#, TRUE),
            (r#"class(sum("Order Completed".revenue), 30.5, 30.500001) = 2"#, TRUE),
            (
                r#"class(now() - last("Order Completed"), INTERVAL '1 day', INTERVAL '2 days') = 3"#,
                TRUE,
            ),
            (
                r#"class(last("Order Completed"), TIMESTAMP '2026-03-03', TIMESTAMP '2026-03-04') = 2"#,
                TRUE,
            ),
            ("class(engagement, 1, 2) = 1", UNKNOWN),
            ("class(engagement, 1, 2) IS NULL", TRUE),
        ],
    );
}
