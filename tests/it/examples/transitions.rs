//! Entries and exits through time, and the difference of two rules, as the segment tool prints them.

use super::segment::Files;

/// `b` is told of late, `c` tells what is still to happen, and `d` does something else first.
const EVENTS: &str = "\
userId,event,timestamp,receivedAt,revenue
b,Order,2026-01-01T00:00:00Z,2026-01-03T12:00:00Z,10
a,Order,2026-01-02T00:00:00Z,,10
a,Order,2026-01-02T00:00:00Z,,15
a,Order,2026-01-04T00:00:00.000001Z,,30
c,Order,2026-01-06T00:00:00Z,2026-01-01T00:00:00Z,5
d,View,2026-01-02T00:00:00Z,,
d,Order,2026-01-20T00:00:00Z,,40
";

const RULE: &str = "count(Order over 7 days) > 0";

fn files(test: &str) -> Files {
    Files::new(&format!("transitions-{test}")).with("e.csv", EVENTS)
}

fn at(at: &str) -> [&str; 3] {
    ["--transitions", "--at", at]
}

#[test]
fn transitions_are_told_in_order_up_to_the_instant() {
    let files = files("order");
    let Some(run) = files.ask("e.csv", RULE, &at("2026-01-12T00:00:00Z")) else { return };
    assert_eq!(
        run.lines(),
        [
            "2026-01-02T00:00:00.000000Z\ta\tentered",
            "2026-01-03T12:00:00.000000Z\tb\tentered",
            "2026-01-06T00:00:00.000000Z\tc\tentered",
            "2026-01-08T00:00:00.000000Z\tb\tleft",
            "2026-01-11T00:00:00.000001Z\ta\tleft",
        ]
    );
    assert_eq!(run.err, "");
    // The instant itself is part of it, and the microsecond after it is not.
    for (upto, count) in [("2026-01-11T00:00:00.000001Z", 5), ("2026-01-11T00:00:00Z", 4)] {
        assert_eq!(files.ask("e.csv", RULE, &at(upto)).unwrap().lines().len(), count);
    }
}

#[test]
fn hindsight_knows_all_along_what_was_told_late() {
    let files = files("known");
    let known = |known| [&at("2026-01-12T00:00:00Z")[..], &["--known", known]].concat();
    let Some(run) = files.ask("e.csv", RULE, &known("2026-01-04T00:00:00Z")) else { return };
    assert_eq!(
        run.lines(),
        [
            "2026-01-01T00:00:00.000000Z\tb\tentered",
            "2026-01-02T00:00:00.000000Z\ta\tentered",
            // What `c` will do is known already, and counts when it happens.
            "2026-01-06T00:00:00.000000Z\tc\tentered",
            "2026-01-08T00:00:00.000000Z\tb\tleft",
            "2026-01-09T00:00:00.000000Z\ta\tleft",
        ]
    );
}

#[test]
fn several_events_at_one_instant_are_one_change() {
    let files = files("together");
    // Both orders of the 2nd come at once, so nobody has bought for 10 or 15 alone.
    for (rule, expected) in [
        ("sum(Order.revenue) = 10", "2026-01-03T12:00:00.000000Z\tb\tentered"),
        ("sum(Order.revenue) = 15", ""),
    ] {
        let Some(run) = files.ask("e.csv", rule, &at("2026-01-05T00:00:00Z")) else { return };
        assert_eq!(run.lines().join("\n"), expected, "{rule}");
    }
}

#[test]
fn everybody_begins_outside() {
    let files = files("base");
    let Some(run) = files.ask("e.csv", "count(Order) = 0", &at("2026-12-31T00:00:00Z")) else {
        return;
    };
    assert_eq!(
        run.lines(),
        ["2026-01-02T00:00:00.000000Z\td\tentered", "2026-01-20T00:00:00.000000Z\td\tleft"]
    );
    // Of whom only a link is known, something is known.
    let link = "{\"type\":\"alias\",\"userId\":\"u\",\"previousId\":\"v\",\"timestamp\":\"2026-01-02T00:00:00Z\"}\n";
    let files = files.with("e.jsonl", link);
    let run = files.ask("e.jsonl", "count(Order) = 0", &at("2026-12-31T00:00:00Z")).unwrap();
    assert_eq!(run.lines(), ["2026-01-02T00:00:00.000000Z\tu\tentered"]);
    assert_eq!(files.ask("e.jsonl", "count(Order) = 0", &[]).unwrap().lines(), ["u"]);
}

#[test]
fn traits_of_a_table_hold_from_the_first_event_that_is_known() {
    let files = files("traits").with("p.csv", "userId,country\na,PT\nb,PT\nc,ES\nnobody,PT\n");
    let late = "b,Order,2026-01-03T00:00:00Z,,1\n";
    let files = files.with("late.csv", format!("{EVENTS}{late}"));
    let more = [&at("2026-01-05T00:00:00Z")[..], &["--profiles", "@p.csv"]].concat();
    let Some(run) = files.ask("e.csv", "country = 'PT'", &more) else { return };
    assert_eq!(
        run.lines(),
        ["2026-01-02T00:00:00.000000Z\ta\tentered", "2026-01-03T12:00:00.000000Z\tb\tentered"]
    );
    let run = files.ask("late.csv", "country = 'PT'", &more).unwrap();
    assert_eq!(run.lines()[1], "2026-01-03T00:00:00.000000Z\tb\tentered");
    // With the knowledge of another instant, the first event is another.
    let fixed = |known| [&more[..], &["--known", known]].concat();
    let run = files.ask("late.csv", "country = 'PT'", &fixed("2026-01-03T00:00:00Z")).unwrap();
    assert_eq!(run.lines()[1], "2026-01-03T00:00:00.000000Z\tb\tentered");
    let run = files.ask("late.csv", "country = 'PT'", &fixed("2026-01-04T00:00:00Z")).unwrap();
    assert_eq!(run.lines()[0], "2026-01-01T00:00:00.000000Z\tb\tentered");
}

#[test]
fn the_difference_of_two_rules_names_who_only_one_has() {
    let files = files("diff");
    let second = "sum(Order.revenue over 9 days) > 9";
    let diff = |upto| ["--diff", second, "--at", upto];
    let Some(run) = files.ask("e.csv", RULE, &diff("2026-01-09T12:00:00Z")) else { return };
    assert_eq!(run.lines(), ["b\tonly-second", "c\tonly-first"]);
    assert_eq!(files.ask("e.csv", RULE, &diff("2026-01-03T00:00:00Z")).unwrap().lines(), [""; 0]);
    assert_eq!(files.ask("e.csv", RULE, &["--diff", RULE]).unwrap().lines(), [""; 0]);
    let turns = [&diff("2026-01-14T00:00:00Z")[..], &["--transitions"]].concat();
    let run = files.ask("e.csv", RULE, &turns).unwrap();
    assert_eq!(
        run.lines(),
        [
            "2026-01-06T00:00:00.000000Z\tc\tentered\tfirst",
            "2026-01-08T00:00:00.000000Z\tb\tleft\tfirst",
            "2026-01-10T00:00:00.000000Z\tb\tleft\tsecond",
            "2026-01-11T00:00:00.000001Z\ta\tleft\tfirst",
            "2026-01-13T00:00:00.000000Z\tc\tleft\tfirst",
            "2026-01-13T00:00:00.000001Z\ta\tleft\tsecond",
        ]
    );
    // What both rules do at one instant the other way round is told of both, the first one first.
    let run =
        files.ask("e.csv", RULE, &["--diff", "count(Order over 7 days) = 0", "--transitions"]);
    let run = run.unwrap();
    let lines: Vec<&str> = run.lines().into_iter().filter(|line| line.contains("\td\t")).collect();
    assert_eq!(
        lines,
        [
            "2026-01-02T00:00:00.000000Z\td\tentered\tsecond",
            "2026-01-20T00:00:00.000000Z\td\tentered\tfirst",
            "2026-01-20T00:00:00.000000Z\td\tleft\tsecond",
            "2026-01-27T00:00:00.000000Z\td\tleft\tfirst",
            "2026-01-27T00:00:00.000000Z\td\tentered\tsecond",
        ]
    );
    let wrong = files.ask("e.csv", RULE, &["--diff", "count(Ordr) > "]).unwrap();
    assert!(wrong.refused().contains("line 1, column"), "{}", wrong.err);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let files = files("refused");
    for (args, expected) in [
        (&["--until", "--transitions"][..], "--until does not go with --transitions"),
        (&["--diff", "TRUE", "--explain", "a"], "--explain does not go with --diff"),
        (&["--diff", "TRUE", "--until"], "--until does not go with --diff"),
    ] {
        let Some(run) = files.ask("e.csv", RULE, args) else { return };
        assert!(run.refused().starts_with(expected), "{}", run.err);
        assert!(run.err.contains("usage: segment --events FILE"), "{}", run.err);
    }
}
