//! Whichever engine of the segment tool answers, it prints the same bytes.

use std::fmt::Write;

use bespoke::seed::{Draws, Seed};
use bespoke::time::{Duration, Timestamp};
use serde_json::json;

use super::segment::Files;

const RULES: [&str; 5] = [
    "count(Order over 7 days) >= 2 AND sum(Order.revenue over 10 days) > 50",
    "tier = 'gold' OR count(View over 3 days) > count(Order over 9 days)",
    "count(View) > 0 AND count(Order since last(View)) = 0",
    "avg(Order.revenue over last 3) > 20 AND NOT changed(tier over 2 days)",
    "funnel(View, Order over 2 days) = 2 OR now() - last(Order) > INTERVAL '6 days'",
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
fn month() -> String {
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

#[test]
fn sqlite_prints_what_timelines_do() {
    let files = Files::new("sqlite").with("e.jsonl", month());
    let more = [
        "tier LIKE 'g%' AND sum(Order.revenue over 20 days ending 2 days ago) BETWEEN 20 AND 90",
        "last(Order.revenue where tier = 'gold') < 30 OR class(count(View), 2, 4) = 3",
    ];
    for rule in RULES.into_iter().chain(more) {
        let mut printed = 0;
        for wanted in [&[][..], &["--until"]] {
            for when in [
                &["--at", "2026-01-18T00:00:00Z"][..],
                &["--at", "2026-01-18T00:00:00Z", "--known", "2026-01-12T06:00:00Z"],
            ] {
                let ask = |engine| {
                    let more = [wanted, when, &["--engine", engine]].concat();
                    files.ask("e.jsonl", rule, &more)
                };
                let Some(native) = ask("native") else { return };
                let sqlite = ask("sqlite").unwrap();
                printed += native.lines().len();
                assert_eq!((sqlite.out, sqlite.err), (native.out, native.err), "{rule} {when:?}");
            }
        }
        assert!(printed >= 4, "{rule} tells nothing: {printed} lines");
    }
}

#[test]
fn a_query_is_printed_with_what_it_cannot_answer() {
    let files = Files::new("query").with("e.jsonl", month());
    let ask = |rule, more: &[&str]| {
        files.ask("e.jsonl", rule, &[&["--at", "2026-01-18T00:00:00Z"], more].concat())
    };
    let Some(query) = ask("count(View over 7 days) > 2", &["--sql", "duckdb"]) else { return };
    assert!(query.out.starts_with("WITH pass_0 AS ("), "{}", query.out);
    assert_eq!(query.err, "exact\n");
    let query = ask("bucket(10, 'a') < 5 AND count(View) > 2", &["--sql", "spark"]).unwrap();
    assert!(query.err.contains("bucket(10, 'a') < 5: it is asked of the person by Rust"));
    let tables = ask("count(View) > 2", &["--tables", "duckdb"]).unwrap().out;
    let tables: serde_json::Value = serde_json::from_str(&tables).unwrap();
    assert_eq!(tables[0]["rows"].as_array().map(Vec::len), Some(400));
    let refused = ask("count(View) > 2", &["--sql", "cobol"]).unwrap();
    assert!(refused.err.contains("there is no dialect `cobol`"), "{}", refused.err);
}

#[test]
fn live_membership_prints_what_timelines_do() {
    let files = Files::new("engines").with("e.jsonl", month());
    for (rule, second) in RULES.iter().zip(RULES.iter().cycle().skip(1)) {
        let mut printed = 0;
        for wanted in [
            &["--transitions"][..],
            &["--until"],
            &["--diff", second],
            &["--diff", second, "--transitions"],
        ] {
            for when in [
                &["--at", "2026-01-18T00:00:00Z"][..],
                &["--at", "2026-03-01T00:00:00Z"],
                &["--at", "2026-01-18T00:00:00Z", "--known", "2026-01-12T06:00:00Z"],
                &["--at", "2026-01-18T00:00:00Z", "--known", "2026-01-25T00:00:00Z"],
            ] {
                let ask = |engine| {
                    let more = [wanted, when, &["--engine", engine]].concat();
                    files.ask("e.jsonl", rule, &more)
                };
                let Some(native) = ask("native") else { return };
                let live = ask("live").unwrap();
                printed += native.lines().len();
                assert_eq!(live.lines(), native.lines(), "{rule} {wanted:?} {when:?}");
                assert_eq!((live.out, live.err), (native.out, native.err));
            }
        }
        assert!(printed > 200, "{rule} tells nothing: {printed} lines");
    }
}
