//! Batches by their numbers, a process that writes them until it is killed, and what must be there
//! then.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bespoke::claim::Claim;
use bespoke::delivery::{Delivery, State, StateName, Transition};
use bespoke::event::Event;
use bespoke::identity::Digest;
use bespoke::key::KeyVersion;
use bespoke::page::Cursor;
use bespoke::privacy::Consent;
use bespoke::schema::Schema;
use bespoke::seed::Draws;
use bespoke::store::{Batch, DecisionRecord, Store, Timer};
use bespoke::time::Timestamp;
use bespoke::value::Kind;

const PLACE: &str = "BESPOKE_CRASH_PLACE";
const FIRST: &str = "BESPOKE_CRASH_FIRST";
const PEOPLE: u64 = 7;

#[expect(clippy::disallowed_methods, reason = "the parent tells the writer what to do by these")]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

pub(crate) fn schema() -> Schema {
    Schema::new().event("Order Completed", [("number", Kind::Number)])
}

fn at(number: u64) -> Timestamp {
    Timestamp::from_micros(i64::try_from(number).unwrap())
}

fn person(number: u64) -> String {
    format!("p-{}", number % PEOPLE)
}

/// From a few bytes to more than a page of the file.
fn sealed(number: u64) -> Vec<u8> {
    let length = (number * 7_919) % 9_000;
    vec![number.to_le_bytes()[0]; usize::try_from(length).unwrap()]
}

/// The batch of this number, which writes to every table.
pub(crate) fn batch(number: u64) -> Batch {
    let person = person(number);
    let order = Event::track(&*person, "Order Completed", at(number))
        .with_id(format!("m-{number}"))
        .with("number", u32::try_from(number).unwrap());
    let mut batch = Batch::new()
        .event(order)
        .document("last", number.to_string())
        .cursor("orders", Cursor::new(number.to_string()));
    let consent = Consent::granted("news", at(number), number.to_string());
    batch.consents.push((person.as_str().into(), consent));
    let mut decision = DecisionRecord::new("spring", &*person, at(number), "claimed");
    decision.detail = number.to_string();
    batch.decisions.push(decision);
    let mut address = [0; 32];
    address[..8].copy_from_slice(&number.to_le_bytes());
    let address = Digest::new(KeyVersion::new(1), address);
    let claim = Claim::new("spring", format!("d-{number}"), &*person, at(number));
    batch.deliveries.push(Delivery::claimed(claim, address, "news", sealed(number)));
    if number > 1 {
        let before = format!("d-{}", number - 1);
        let taken = Transition::new(before.into(), StateName::Claimed, State::Sending, at(number));
        batch.transitions.push(taken);
    }
    batch.timers.push(Timer::new(&*person, "again", at(number)));
    batch
}

/// Where to write and the number to begin at, if this process is to be a writer.
pub(crate) fn task() -> Option<(String, u64)> {
    Some((setting(PLACE)?, setting(FIRST)?.parse().unwrap()))
}

/// Says that a batch is kept.
pub(crate) fn tell(number: u64) {
    println!("\nkept {number}");
    std::io::stdout().flush().unwrap();
}

/// Starts a test of this binary as a writer.
fn start(test: &str, place: &str, first: u64) -> Child {
    let mut writer = Command::new(std::env::current_exe().unwrap());
    writer.args(["--exact", test, "--ignored", "--nocapture"]);
    writer.env(PLACE, place).env(FIRST, first.to_string());
    writer.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap()
}

/// Lets a writer begin at `first`, kills it by `kill`, and says what it acknowledged last.
pub(crate) fn interrupt(
    test: &str,
    place: &str,
    first: u64,
    draws: &mut Draws,
    kill: impl FnOnce(&mut Child),
) -> u64 {
    let mut writer = start(test, place, first);
    let mut told = BufReader::new(writer.stdout.take().unwrap());
    // Some are killed before their first batch, most in the midst of a commit.
    let enough = first + draws.below(20);
    let mut kept = first - 1;
    let mut line = String::new();
    while kept + 1 < enough && told.read_line(&mut line).unwrap() > 0 {
        kept = number(&line).unwrap_or(kept);
        line.clear();
    }
    let wait = if kept + 1 == first { 30_000 } else { 4_000 };
    wait_for(Duration::from_micros(draws.below(wait)));
    kill(&mut writer);
    writer.wait().unwrap();
    let mut rest = String::new();
    told.read_to_string(&mut rest).unwrap();
    // A line is whole where its end was written.
    let whole = rest.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    whole.filter_map(number).next_back().unwrap_or(kept)
}

fn number(line: &str) -> Option<u64> {
    line.trim().strip_prefix("kept ")?.parse().ok()
}

#[expect(clippy::disallowed_methods, reason = "the writer is to be killed a moment later")]
fn wait_for(moment: Duration) {
    std::thread::sleep(moment);
}

/// Checks that every batch up to the last is wholly there and says which is the last.
pub(crate) async fn last(store: &dyn Store) -> u64 {
    let last = store.document("last").await.unwrap();
    let last: u64 = last.map_or(0, |text| text.parse().unwrap());
    let read = store.cursor("orders").await.unwrap();
    assert_eq!(read.map_or(0, |read| read.as_str().parse().unwrap()), last);
    let people = store.profiles(None, usize::MAX).await.unwrap().items;
    let mut seen = BTreeSet::new();
    for profile in &people {
        assert_eq!(profile.version.number(), profile.events.len() as u64);
        assert_eq!(profile.claims.len(), profile.events.len());
        assert_eq!(profile.consents.records().count(), profile.events.len());
        seen.extend(profile.events.iter().map(|event| event.at().micros()));
    }
    let all: BTreeSet<i64> = (1..=last).map(|number| at(number).micros()).collect();
    assert_eq!(seen, all, "every batch has its event");
    let newest = (1..=last).rev().take(usize::try_from(PEOPLE).unwrap());
    let newest: BTreeSet<u64> = newest.collect();
    let decisions = store.decisions(&"spring".into(), None, 100).await.unwrap().items;
    let decided = decisions.iter().map(|decision| decision.detail.parse().unwrap());
    assert_eq!(decided.collect::<BTreeSet<u64>>(), newest, "decisions are of their batches");
    let timers = store.timers(Timestamp::MAX, 100).await.unwrap();
    let due = timers.iter().map(|timer| u64::try_from(timer.due.micros()).unwrap());
    assert_eq!(due.collect::<BTreeSet<u64>>(), newest, "timers are of their batches");
    for (state, expected) in
        [(StateName::Sending, 1..last.max(1)), (StateName::Claimed, last.max(1)..last + 1)]
    {
        let found = store.deliveries(&"spring".into(), state, None, usize::MAX).await.unwrap();
        let found = found.items.iter().zip(expected.clone()).map(|(delivery, number)| {
            assert_eq!(delivery.id().as_str(), format!("d-{number}"));
            assert_eq!(delivery.sealed.as_deref(), Some(&*sealed(number)));
        });
        assert_eq!(found.count() as u64, expected.end - expected.start, "{state}");
    }
    last
}
