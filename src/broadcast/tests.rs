use std::fmt::Write as _;

use super::*;
use crate::delivery::StateName;
use crate::time::Duration;

const STATES: [State; 5] =
    [State::Freezing, State::Running, State::Paused, State::Cancelled, State::Done];
const COMMANDS: [Command; 5] =
    [Command::Begin, Command::Pause, Command::Resume, Command::Cancel, Command::Finish];

fn at(hours: i64) -> Timestamp {
    Timestamp::from_micros(0).plus(Duration::hours(hours))
}

/// A running broadcast to so many people, in pages of two.
fn running(members: u64) -> Broadcast {
    let mut broadcast = Broadcast::freezing("spring", "everybody", at(0)).pages_of(2);
    let list = broadcast.handle_list(members.div_ceil(2));
    broadcast.handle_frozen(list, members, members).unwrap();
    broadcast
}

fn decision(person: &str, outcome: &str, until: Option<i64>) -> DecisionRecord {
    let mut record = DecisionRecord::new("spring", person, at(0), outcome);
    record.until = until.map(at);
    record.reason = (outcome == "skipped").then(|| "consent".to_owned());
    record
}

#[test]
fn the_transitions_are_those_of_the_table() {
    let mut table = String::new();
    for state in STATES {
        write!(table, "//! | {state} |").unwrap();
        for command in COMMANDS {
            match state.after(command) {
                Some(next) => write!(table, " {next} |").unwrap(),
                None => table.push_str(" |"),
            }
        }
        table.push('\n');
    }
    assert!(include_str!("../broadcast.rs").contains(&table), "{table}");
    let head: Vec<String> = COMMANDS.iter().map(ToString::to_string).collect();
    let head = format!("//! | | {} |\n", head.join(" | "));
    assert!(include_str!("../broadcast.rs").contains(&head), "{head}");
}

#[test]
fn what_cannot_be_done_changes_nothing() {
    for state in STATES {
        for command in COMMANDS {
            let mut broadcast = Broadcast { state, ..running(5) };
            let answer = broadcast.handle(command);
            assert_eq!(answer.is_ok(), state.after(command).is_some());
            assert_eq!(
                broadcast,
                Broadcast { state: state.after(command).unwrap_or(state), ..running(5) }
            );
            let goes = broadcast.state == State::Running;
            assert_eq!(broadcast.poll_page(at(0)).is_some(), goes, "{state} {command}");
        }
    }
}

#[test]
fn pages_are_gone_over_in_rounds() {
    let mut broadcast = running(3);
    assert_eq!((broadcast.pages(), broadcast.poll_page(at(0))), (2, Some(0)));
    let first = [decision("a", "claimed", None), decision("b", "deferred", Some(5))];
    broadcast.handle_page(0, &[], &first);
    assert_eq!((broadcast.poll_page(at(9)), broadcast.poll_timeout()), (Some(1), None));
    // Somebody else has decided of them.
    let third = [decision("c", "deferred", Some(3))];
    broadcast.handle_page(1, &third, &[]);
    assert_eq!((broadcast.tally.claimed, broadcast.tally.deferred), (1, 2));
    assert_eq!((broadcast.poll_page(at(2)), broadcast.poll_timeout()), (None, Some(at(3))));
    assert_eq!(broadcast.poll_page(at(3)), Some(0));
    broadcast.handle_page(0, &first, &[]);
    assert_eq!((broadcast.poll_page(at(3)), broadcast.poll_timeout()), (Some(1), None));
    broadcast.handle_page(1, &third, &[decision("c", "skipped", None)]);
    assert_eq!((broadcast.poll_page(at(4)), broadcast.poll_timeout()), (None, Some(at(5))));
    broadcast.handle_page(0, &first, &[decision("b", "failed", None)]);
    broadcast.handle_page(1, &[decision("c", "skipped", None)], &[]);
    assert_eq!((broadcast.poll_page(at(9)), broadcast.poll_timeout()), (None, None));
    let Tally { claimed, deferred, failed, .. } = broadcast.tally;
    assert_eq!((claimed, deferred, failed), (1, 0, 1));
    assert_eq!(broadcast.tally.skipped, BTreeMap::from([("consent".into(), 1)]));
}

#[test]
fn one_page_is_gone_over_again() {
    let mut broadcast = running(1);
    let before = [decision("a", "deferred", Some(5))];
    broadcast.handle_page(0, &[], &before);
    assert_eq!(broadcast.poll_page(at(5)), Some(0));
    broadcast.handle_page(0, &before, &[decision("a", "claimed", None)]);
    assert_eq!((broadcast.tally.deferred, broadcast.tally.claimed), (0, 1));
    assert_eq!(broadcast.poll_page(at(9)), None);
}

#[test]
fn what_is_stored_comes_back_and_what_is_newer_is_refused() {
    let mut broadcast = running(3);
    broadcast.handle_page(0, &[], &[decision("a", "deferred", Some(5))]);
    let text = broadcast.to_json();
    assert_eq!(Broadcast::from_json(&text).unwrap(), broadcast);
    let newer = text.replace("\"format\":1", "\"format\":2,\"more\":[]");
    for (text, said) in [
        (&*newer, "a broadcast of format 2, and this is 1"),
        ("{}", "no broadcast: missing field `format` at line 1 column 2"),
    ] {
        let error = Broadcast::from_json(text).unwrap_err();
        assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::Format, said));
    }
}

#[test]
fn figures_add_up() {
    let mut broadcast = running(9);
    let outcomes = ["claimed", "claimed", "claimed", "claimed", "deferred", "failed", "skipped"];
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let records = names.iter().zip(outcomes);
    let records: Vec<_> = records.map(|(id, word)| decision(id, word, None)).collect();
    broadcast.handle_page(0, &[], &records);
    let deliveries = [(StateName::Claimed, 1), (StateName::Failed, 1), (StateName::Sending, 0)];
    let status = Status::new(&broadcast, deliveries.into(), Some(at(7)));
    assert_eq!(status.tally.decided(), 7);
    assert_eq!((status.sent(), status.remaining(), status.percent()), (2, 4, 55));
    assert_eq!(status.time_left(3, Duration::minutes(1)), Some(Duration::minutes(1)));
    assert_eq!(status.time_left(0, Duration::minutes(1)), None);
    let said = "running: 55% of 9 people as of 1970-01-01T00:00:00.000000Z\n\
        decided of 7: 4 permitted, 1 deferred, 1 failed, 1 skipped (consent)\n\
        deliveries: 1 claimed, 2 accepted, 1 failed\n\
        4 remaining; go on at 1970-01-01T07:00:00.000000Z";
    assert_eq!(status.to_string(), said);
    let nobody = Status::new(&running(0), BTreeMap::new(), None);
    assert_eq!((nobody.remaining(), nobody.percent()), (0, 100));
}
