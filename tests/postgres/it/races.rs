//! Several who write at once do not both win.

use std::collections::BTreeSet;

use bespoke::claim::Claim;
use bespoke::delivery::{Delivery, State, StateName, Transition};
use bespoke::error::ErrorKind;
use bespoke::event::Event;
use bespoke::identity::Digest;
use bespoke::key::KeyVersion;
use bespoke::schema::Schema;
use bespoke::store::{Batch, DecisionRecord, PostgresStore, Store, Version};
use bespoke::time::Timestamp;

use super::server::{self, Server};

const TURNS: u32 = 40;

fn at(seconds: u32) -> Timestamp {
    Timestamp::from_micros(i64::from(seconds) * 1_000_000)
}

/// Two stores over one namespace.
async fn two(server: &Server) -> (PostgresStore, PostgresStore) {
    let namespace = server::namespace();
    let schema = Schema::new();
    tokio::join!(server.open(&namespace, &schema), server.open(&namespace, &schema))
}

fn delivery(number: u32, person: &str, address: u8) -> Delivery {
    let claim = Claim::new("spring", format!("d-{number:03}-{person}"), person, at(number));
    let mut bytes = [address; 32];
    bytes[..4].copy_from_slice(&number.to_le_bytes());
    Delivery::claimed(claim, Digest::new(KeyVersion::new(1), bytes), "news", [7; 9])
}

/// Decides of everybody by what it read, as often as it takes; says how often another was first.
async fn decide(store: PostgresStore, name: &str) -> u32 {
    let mut lost = 0;
    for turn in 0..TURNS {
        loop {
            let seen = store.profile(&"p-1".into()).await.unwrap();
            assert_eq!(seen.version.number(), seen.events.len() as u64, "a read is of one instant");
            let event = Event::track("p-1", "Order Completed", at(turn));
            let batch = Batch::new().event(event.with_id(format!("{name}-{turn}")));
            match store.commit(batch.expect("p-1", seen.version)).await {
                Ok(()) => break,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
            }
            lost += 1;
        }
    }
    lost
}

/// Adds to a number that a document holds; says how often another was first.
async fn count(store: &PostgresStore) -> u32 {
    let mut lost = 0;
    for _ in 0..TURNS {
        loop {
            let seen = store.document("number").await.unwrap();
            let number = seen.as_deref().map_or(0, |text| text.parse::<u32>().unwrap());
            let batch = Batch::new().expect_document("number", seen);
            match store.commit(batch.document("number", (number + 1).to_string())).await {
                Ok(()) => break,
                Err(error) => assert_eq!(error.kind(), ErrorKind::Conflict, "{error}"),
            }
            lost += 1;
        }
    }
    lost
}

#[test]
fn of_two_who_write_a_document_one_wins_each_time() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let (one, other) = two(&server).await;
        let (first, second) = tokio::join!(count(&one), count(&other));
        let text = one.document("number").await.unwrap();
        assert_eq!(text, Some((2 * TURNS).to_string()), "nothing that was counted is lost");
        println!("{} times another was first", first + second);
        assert!(first + second > 0, "they never met");
    });
}

#[test]
fn of_two_deciders_one_wins_each_time() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let (one, other) = two(&server).await;
        let deciders = (tokio::spawn(decide(one, "one")), tokio::spawn(decide(other, "other")));
        let lost = deciders.0.await.unwrap() + deciders.1.await.unwrap();
        println!("{lost} batches were made from an older version");
        assert!(lost > 0, "they never met");
    });
}

#[test]
fn what_is_only_expected_is_not_written_by_another_meanwhile() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let (one, other) = two(&server).await;
        let mut both = 0;
        for turn in 0..TURNS {
            let (p, q) = (format!("p-{turn}"), format!("q-{turn}"));
            let batch = |seen: &str, written: &str| {
                let decision = DecisionRecord::new("spring", written, at(turn), "claimed");
                let mut batch = Batch::new().expect(seen, Version::NEW);
                batch.decisions.push(decision);
                batch
            };
            let (first, second) =
                tokio::join!(one.commit(batch(&p, &q)), other.commit(batch(&q, &p)));
            for error in [first.as_ref().err(), second.as_ref().err()].into_iter().flatten() {
                assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
            }
            both += u32::from(first.is_ok() && second.is_ok());
        }
        assert_eq!(both, 0, "each saw that the other had not written");
        let people = one.profiles(None, 1_000).await.unwrap().items;
        assert_eq!(people.len(), usize::try_from(TURNS).unwrap(), "and one of them did");
    });
}

#[test]
fn an_address_is_claimed_once() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let (one, other) = two(&server).await;
        for turn in 0..TURNS {
            let claim = |person: &str| {
                let mut batch = Batch::new();
                batch.deliveries.push(delivery(turn, person, 7));
                batch
            };
            let (first, second) =
                tokio::join!(one.commit(claim("p-1")), other.commit(claim("p-2")));
            assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
            let error = first.and(second).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Conflict);
            assert!(error.to_string().contains("the address of"), "{error}");
        }
    });
}

/// Takes what is claimed, page by page, and says what it took.
async fn relay(store: PostgresStore) -> (Vec<String>, u32) {
    let (mut taken, mut lost) = (Vec::new(), 0);
    loop {
        let claimed = StateName::Claimed;
        let page = store.deliveries(&"spring".into(), claimed, None, 7).await.unwrap();
        if page.items.is_empty() {
            return (taken, lost);
        }
        for found in page.items {
            let mut batch = Batch::new();
            let id = found.id().clone();
            batch.transitions.push(Transition::new(id, claimed, State::Sending, at(1)));
            match store.commit(batch).await {
                Ok(()) => taken.push(found.id().to_string()),
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
                    lost += 1;
                }
            }
        }
    }
}

#[test]
fn of_two_relays_one_takes_each_delivery() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let (one, other) = two(&server).await;
        let mut batch = Batch::new();
        batch.deliveries = (0..100).map(|number| delivery(number, "p-1", 1)).collect();
        one.commit(batch).await.unwrap();
        let relays = (tokio::spawn(relay(one)), tokio::spawn(relay(other)));
        let (first, second) = (relays.0.await.unwrap(), relays.1.await.unwrap());
        println!("{} and {} taken, {} lost", first.0.len(), second.0.len(), first.1 + second.1);
        let all: Vec<String> = first.0.into_iter().chain(second.0).collect();
        assert_eq!(all.len(), 100);
        assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), 100, "none was taken twice");
        assert!(first.1 + second.1 > 0, "they never met");
    });
}

#[test]
fn writers_who_wait_for_each_other_end() {
    let Some(server) = Server::given() else { return };
    server::run(async {
        let (one, other) = two(&server).await;
        // Addresses in one order and in the other: claims are written as they stand in the batch.
        let claims = |person: &str, numbers: [u32; 2]| {
            let mut batch = Batch::new();
            let claims = numbers.map(|number| delivery(number, person, 3));
            batch.deliveries.extend(claims);
            batch
        };
        for turn in 0..5 {
            let numbers = [2 * turn, 2 * turn + 1];
            let turned = [numbers[1], numbers[0]];
            let (first, second) = tokio::join!(
                one.commit(claims("p-1", numbers)),
                other.commit(claims("p-2", turned))
            );
            assert!(first.is_ok() != second.is_ok(), "{first:?} {second:?}");
            assert_eq!(first.and(second).unwrap_err().kind(), ErrorKind::Conflict);
        }
    });
}
