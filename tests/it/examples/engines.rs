//! Whichever engine of the segment tool answers, it prints the same bytes.

use super::month::{MORE, RULES, month};
use super::segment::Files;

#[test]
fn sqlite_prints_what_timelines_do() {
    let files = Files::new("sqlite").with("e.jsonl", month());
    for rule in RULES.into_iter().chain(MORE) {
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
fn a_postgres_that_cannot_be_reached_is_refused() {
    let files = Files::new("address").with("e.jsonl", month());
    let ask = |engine| files.ask("e.jsonl", "count(View) > 2", &["--engine", engine]);
    let Some(refused) = ask("postgres://me:secret@127.0.0.1:1/shop") else { return };
    // With a client or without.
    let said = refused.refused();
    assert!(
        said.starts_with("PostgreSQL: 127.0.0.1:1: ") || said.contains("`--features postgres`")
    );
    assert!(!said.contains("secret"));
    assert!(
        ask("mysql://x").unwrap().refused().contains("live, sqlite, datafusion and postgres://…")
    );
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
