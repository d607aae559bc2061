//! The contract of [`Store`].

mod claims;
mod dump;
mod faulty;

use crate::error::{ErrorKind, Result};
use crate::event::Event;
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::key::KeyVersion;
use crate::page::Cursor;
use crate::privacy::{Cause, Consent, Subscription, Suppressed};
use crate::schema::Schema;
use crate::store::{Batch, DecisionRecord, Profile, Store, Timer, Version};
use crate::time::Timestamp;
use crate::value::Kind;

pub use dump::{Asked, dump, event, profile};
pub use faulty::{Fault, FaultyStore};

/// The vocabulary of the events that [`check`] puts in, for stores that type by a schema.
pub fn schema() -> Schema {
    Schema::new()
        .attribute("country", Kind::Text)
        .event("Order Completed", [("note", Kind::Text), ("revenue", Kind::Number)])
}

/// Checks that stores made by `fresh`, each of them empty, keep the contract of [`Store`].
///
/// ```
/// use bespoke::store::MemoryStore;
///
/// pollster::block_on(bespoke::testing::store::check(MemoryStore::new))?;
/// # Ok::<(), bespoke::Error>(())
/// ```
///
/// # Errors
///
/// What the store answers with where a call of the suite must not fail.
///
/// # Panics
///
/// Where the contract is broken, naming the clause.
pub async fn check<S: Store>(fresh: impl Fn() -> S + Send + Sync) -> Result<()> {
    nothing_is_there(&fresh()).await?;
    versions_are_checked(&fresh()).await?;
    documents_are_checked(&fresh()).await?;
    events_come_back(&fresh()).await?;
    repeats_count_once(&fresh).await?;
    records_count_once(&fresh()).await?;
    the_last_replaces(&fresh()).await?;
    people_are_looked_up(&fresh()).await?;
    timers_are_in_order(&fresh()).await?;
    lists_are_paged(&fresh()).await?;
    claims::are_unique(&fresh()).await?;
    claims::are_found(&fresh()).await?;
    claims::go_through_states(&fresh()).await?;
    claims::are_paged_while_they_change(&fresh()).await?;
    batches_are_atomic(&fresh()).await
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds.saturating_mul(1_000_000))
}

fn order(person: &str, id: &str, seconds: i64) -> Event {
    Event::track(person, "Order Completed", at(seconds)).with_id(id).with("revenue", 5)
}

fn digest(byte: u8) -> Digest {
    Digest::new(KeyVersion::new(1), [byte; 32])
}

fn asked() -> Asked {
    Asked {
        mailings: vec!["autumn".into(), "spring".into()],
        addresses: (0..4).map(digest).collect(),
        sources: vec!["orders".into(), "people".into()],
        documents: vec!["model".into(), "report".into()],
    }
}

async fn refused<S: Store>(store: &S, batch: Batch, kind: ErrorKind, clause: &str) -> Result<()> {
    let before = dump(store, &asked(), 100).await?;
    let error = store.commit(batch).await.err().map(|error| error.kind());
    assert_eq!(error, Some(kind), "{clause}");
    assert_eq!(dump(store, &asked(), 100).await?, before, "a refused batch changes nothing");
    Ok(())
}

async fn version<S: Store>(store: &S, profile: &str) -> Result<u64> {
    Ok(store.profile(&profile.into()).await?.version.number())
}

async fn nothing_is_there<S: Store>(store: &S) -> Result<()> {
    let nobody = store.profile(&"p-1".into()).await?;
    assert_eq!(nobody.version, Version::NEW, "nothing is known of a stranger");
    assert!(nobody.events.is_empty(), "nothing is known of a stranger");
    store.commit(Batch::new()).await?;
    store.commit(Batch::new().expect("p-1", Version::NEW)).await?;
    assert!(store.profiles(None, 10).await?.items.is_empty(), "a fresh store is empty");
    assert_eq!(store.cursor("orders").await?, None, "an unknown source has no cursor");
    assert_eq!(store.document("model").await?, None, "an unknown document is not there");
    Ok(())
}

async fn versions_are_checked<S: Store>(store: &S) -> Result<()> {
    let twice = Batch::new().event(order("p-1", "m-1", 1)).event(order("p-1", "m-2", 2));
    store.commit(twice.expect("p-1", Version::NEW)).await?;
    assert_eq!(version(store, "p-1").await?, 1, "a commit raises a version once");
    let mut batch = Batch::new();
    batch.consents.push(("p-1".into(), Consent::granted("news", at(1), "1")));
    batch.subscriptions.push(("p-2".into(), Subscription::subscribed("sale", at(1))));
    batch.decisions.push(DecisionRecord::new("spring", "p-3", at(1), "skipped"));
    batch.deliveries.push(claims::delivery("spring", "d-1", "p-4", 1));
    batch.timers.push(Timer::new("p-5", "segment/vip", at(1)));
    store.commit(batch.expect("p-1", Version::new(1))).await?;
    let mut versions = Vec::new();
    for profile in ["p-1", "p-2", "p-3", "p-4", "p-5"] {
        versions.push(version(store, profile).await?);
    }
    let clause = "events, consents, subscriptions, decisions and claims raise a version";
    assert_eq!(versions, [2, 1, 1, 1, 0], "{clause}");
    for expected in [0, 1, 3] {
        let stale = Batch::new().expect("p-1", Version::new(expected)).document("model", "new");
        refused(store, stale, ErrorKind::Conflict, "another version is a conflict").await?;
    }
    let stranger = Batch::new().expect("p-9", Version::new(1)).event(order("p-1", "m-3", 3));
    refused(store, stranger, ErrorKind::Conflict, "a stranger is at version 0").await?;
    let nobody = Event::new(crate::event::EventKind::Track, "Order Completed", at(1));
    let nobody = Batch::new().event(order("p-1", "m-3", 3)).event(nobody);
    refused(store, nobody, ErrorKind::Input, "an event of nobody is refused").await
}

async fn documents_are_checked<S: Store>(store: &S) -> Result<()> {
    let text = |text: &str| Some(text.to_owned());
    let model = |expected: Option<String>, text: &str| {
        Batch::new().expect_document("model", expected).document("model", text)
    };
    store.commit(Batch::new().expect_document("model", None)).await?;
    assert_eq!(store.document("model").await?, None, "what is expected is not written");
    let clause = "another text of a document is a conflict";
    refused(store, model(text(""), "first"), ErrorKind::Conflict, clause).await?;
    store.commit(model(None, "first")).await?;
    for expected in [None, text(""), text("First"), text("first ")] {
        let stale = model(expected, "last").event(order("p-1", "m-1", 1));
        refused(store, stale, ErrorKind::Conflict, clause).await?;
    }
    let other = Batch::new().expect_document("model", text("first")).document("report", "1");
    store.commit(other.expect_document("settings", None)).await?;
    store.commit(model(text("first"), "last")).await?;
    let read = (store.document("model").await?, store.document("report").await?);
    assert_eq!(read, (text("last"), text("1")), "a document may be expected and written");
    Ok(())
}

async fn events_come_back<S: Store>(store: &S) -> Result<()> {
    let json = r#"{"type": "track", "event": "Order Completed", "messageId": "m-3",
        "userId": "p-1", "anonymousId": "a-1", "timestamp": "2026-02-01T12:00:00.000001Z",
        "receivedAt": "2026-02-01T13:00:00Z", "context": {"ip" : "1.2.3.4", "n": 1e0},
        "properties": {"revenue": 123456789012.000001, "note": "a \"b\"\u0000ü", "x": [1.0]}}"#;
    let read = |json: &str| {
        let read = Event::read(json, &schema());
        read.map_err(|rejection| crate::error::Error::new(ErrorKind::Input, rejection.to_string()))
    };
    let alias = r#"{"type": "alias", "previousId": "a-1", "userId": "p-1",
        "timestamp": "2026-02-01T12:00:00Z"}"#;
    let device = r#"{"type": "page", "anonymousId": "p-1", "timestamp": "2026-02-01T12:00:00Z"}"#;
    let told = Event::identify("p-1", at(9)).with("country", crate::value::Value::Null);
    let events = [
        read(json)?,
        read(alias)?,
        read(device)?,
        told.with_id("m-2").received(at(7)),
        Event::track("p-1", "Order Completed", at(9)).with_id("m-1").with("note", ""),
        Event::track("p-1", "Gift Sent", Timestamp::MIN).with("to", "me"),
    ];
    store.commit(events.iter().cloned().fold(Batch::new(), Batch::event)).await?;
    let stored = store.profile(&"p-1".into()).await?;
    let mut expected = events.to_vec();
    expected.sort_by_key(|event| (event.at(), event.id()));
    assert_eq!(stored.events, expected, "events come back by instant, then by messageId");
    let declared = |events: &[Event]| -> Vec<String> {
        let declared = events.iter().filter(|event| &**event.name() != "Gift Sent");
        declared.map(event).collect()
    };
    assert_eq!(declared(&stored.events), declared(&expected), "nothing of an event is lost");
    Ok(())
}

async fn repeats_count_once<S: Store>(fresh: &(impl Fn() -> S + Send + Sync)) -> Result<()> {
    let other = order("p-1", "m-1", 8).with("revenue", 7).received(at(20));
    let copies = [
        order("p-1", "m-1", 9).received(at(30)),
        order("p-1", "m-1", 9).received(at(20)),
        other.clone(),
        order("p-1", "m-1", 9).with("note", "1.50").received(at(20)),
        order("p-1", "m-1", 9).with("note", "1.5").received(at(20)),
    ];
    let mut kept: Vec<String> = Vec::new();
    for turn in 0..copies.len() {
        for together in [true, false] {
            let store = fresh();
            let (first, second) = copies.split_at(turn);
            let turned = second.iter().chain(first).chain([&other]).cloned();
            if together {
                store.commit(turned.fold(Batch::new(), Batch::event)).await?;
            } else {
                for event in turned {
                    store.commit(Batch::new().event(event)).await?;
                }
            }
            let stored = store.profile(&"p-1".into()).await?;
            assert_eq!(stored.events.len(), 1, "a messageId counts once");
            kept.extend(stored.events.iter().map(event));
            let version = if together { 1 } else { 6 };
            assert_eq!(stored.version.number(), version, "repeats raise the version too");
        }
    }
    kept.dedup();
    assert_eq!(kept.len(), 1, "which copy stands does not depend on the order: {kept:#?}");
    let digests = copies.iter().filter(|copy| copy.known_from() == at(20)).map(Event::digest);
    let store = fresh();
    store.commit(copies.iter().cloned().fold(Batch::new(), Batch::event)).await?;
    let stored = store.profile(&"p-1".into()).await?;
    let stands = stored.events.first().map(Event::digest);
    assert_eq!(stands, digests.min(), "the copy known first stands, then the smaller digest");
    let shared = Batch::new().event(order("p-2", "m-1", 1));
    store.commit(shared).await?;
    assert_eq!(store.profile(&"p-2".into()).await?.events.len(), 1, "a messageId is a person's");
    Ok(())
}

async fn records_count_once<S: Store>(store: &S) -> Result<()> {
    let consents = [
        Consent::granted("news", at(5), "1").with_evidence("form"),
        Consent::withdrawn("news", at(3), "1"),
        Consent::granted("news", at(5), "2").with_evidence("form"),
    ];
    let choices =
        [Subscription::unsubscribed("sale", at(5)), Subscription::subscribed("sale", at(3))];
    let late = Suppressed { cause: Cause::Bounce, since: at(9) };
    let early = Suppressed { cause: Cause::Bounce, since: at(4) };
    let mut batch = Batch::new();
    batch.consents = consents.iter().cloned().map(|consent| ("p-1".into(), consent)).collect();
    batch.subscriptions = choices.iter().cloned().map(|choice| ("p-1".into(), choice)).collect();
    batch.suppressions = vec![(digest(1), late), (digest(1), early), (digest(2), late)];
    store.commit(batch.clone()).await?;
    store.commit(batch).await?;
    let stored = store.profile(&"p-1".into()).await?;
    assert_eq!(stored.consents, consents.into_iter().collect(), "a consent counts once");
    assert_eq!(stored.subscriptions, choices.into_iter().collect(), "a subscription counts once");
    let found = store.addresses(&[digest(1), digest(3)]).await?;
    let entries: Vec<(Digest, Suppressed)> =
        found.suppression.entries().map(|(digest, entry)| (*digest, entry)).collect();
    assert_eq!(entries, [(digest(1), early)], "of an address's suppressions the earliest stands");
    let other = Digest::new(KeyVersion::new(2), [1; 32]);
    let found = store.addresses(&[other]).await?;
    assert_eq!(found.suppression.entries().count(), 0, "a digest is of its key's generation");
    Ok(())
}

async fn the_last_replaces<S: Store>(store: &S) -> Result<()> {
    let decision = |outcome: &str, mailing: &str| {
        let mut decision = DecisionRecord::new(mailing, "p-1", at(1), outcome);
        decision.reason = Some("consent".to_owned());
        decision.until = Some(at(5));
        decision.detail = String::from(r#"{"vip": true}"#);
        decision
    };
    for text in ["first", "last"] {
        let mut batch = Batch::new()
            .document("model", text)
            .cursor("orders", Cursor::new(text))
            .document("report", "same");
        batch.decisions = vec![
            decision("skipped", "spring"),
            decision(text, "spring"),
            decision("other", "autumn"),
        ];
        store.commit(batch).await?;
    }
    let mut last = decision("last", "spring");
    let spring = store.decisions(&"spring".into(), None, 10).await?.items;
    assert_eq!(spring, [last.clone()], "a decision replaces an earlier one");
    (last.reason, last.until, last.message) = (None, None, Some("d-1".into()));
    let mut batch = Batch::new();
    batch.decisions.push(last.clone());
    store.commit(batch).await?;
    let spring = store.decisions(&"spring".into(), None, 10).await?.items;
    assert_eq!(spring, [last], "a decision replaces all of an earlier one");
    assert_eq!(store.decisions(&"autumn".into(), None, 10).await?.items.len(), 1);
    assert_eq!(store.document("model").await?.as_deref(), Some("last"), "a document is replaced");
    assert_eq!(store.document("report").await?.as_deref(), Some("same"));
    let read = store.cursor("orders").await?;
    assert_eq!(read, Some(Cursor::new("last")), "a cursor is replaced");
    Ok(())
}

async fn people_are_looked_up<S: Store>(store: &S) -> Result<()> {
    let people = ["p-1", "p-2", "p-3"];
    for (number, person) in (1..).zip(people) {
        let mut batch = Batch::new().event(order(person, "m-1", 1));
        batch.consents.push((person.into(), Consent::granted("news", at(1), "1")));
        batch.subscriptions.push((person.into(), Subscription::subscribed("sale", at(1))));
        batch.decisions.push(DecisionRecord::new("spring", person, at(1), "skipped"));
        let message = format!("d-{number}");
        batch.deliveries.push(claims::delivery("spring", &message, person, number));
        store.commit(batch).await?;
    }
    let mut late = Batch::new();
    late.decisions.push(DecisionRecord::new("autumn", "p-2", at(2), "claimed"));
    late.deliveries.push(claims::delivery("autumn", "d-9", "p-2", 0));
    store.commit(late).await?;
    // In no order, one of them twice, and a stranger who comes between others.
    let asked: Vec<ProfileId> = ["p-3", "p-1", "p-2", "p-10", "p-1"].map(Into::into).into();
    let mut expected = Vec::new();
    for id in &asked {
        expected.push(Profile { events: Vec::new(), ..store.profile(id).await? });
    }
    let found = store.wishes(&asked).await?;
    assert_eq!(found, expected, "wishes are what the profiles say, without events, as asked");
    assert!(store.wishes(&[]).await?.is_empty(), "nobody asked for is nobody");
    let decided = store.decided(&"spring".into(), &asked).await?;
    let expected = ["p-3", "p-1", "p-2", "p-1"];
    let expected = expected.map(|person| DecisionRecord::new("spring", person, at(1), "skipped"));
    assert_eq!(decided, expected, "decisions on people come as asked, strangers left out");
    let autumn = store.decided(&"autumn".into(), &asked).await?;
    let expected = [DecisionRecord::new("autumn", "p-2", at(2), "claimed")];
    assert_eq!(autumn, expected, "a decision is of its mailing");
    assert!(store.decided(&"winter".into(), &asked).await?.is_empty(), "of none there is none");
    Ok(())
}

async fn timers_are_in_order<S: Store>(store: &S) -> Result<()> {
    let timer = |profile: &str, name: &str, due: i64| Timer::new(profile, name, at(due));
    let mut batch = Batch::new();
    batch.timers = vec![
        timer("p-2", "a", 5),
        timer("p-1", "b", 5),
        timer("p-1", "a", 5),
        timer("p-3", "a", 1),
        timer("p-3", "late", 9),
        timer("p-4", "a", 2),
        timer("p-4", "a", 4),
    ];
    store.commit(batch).await?;
    let due = store.timers(at(5), 10).await?;
    let expected = [
        timer("p-3", "a", 1),
        timer("p-4", "a", 4),
        timer("p-1", "a", 5),
        timer("p-1", "b", 5),
        timer("p-2", "a", 5),
    ];
    assert_eq!(due, expected, "due timers come by instant, profile and name");
    assert_eq!(store.timers(at(5), 10).await?, expected, "they stay due");
    assert_eq!(store.timers(at(5), 0).await?.len(), 1, "a limit of 0 counts as 1");
    assert_eq!(store.timers(at(5), 2).await?.len(), 2, "a limit is kept");
    let mut batch = Batch::new();
    batch.cancelled =
        vec![("p-3".into(), "a".into()), ("p-4".into(), "a".into()), ("p-9".into(), "a".into())];
    batch.timers = vec![timer("p-4", "a", 6), timer("p-1", "a", 8)];
    store.commit(batch).await?;
    let due = store.timers(at(9), 10).await?;
    let expected = [
        timer("p-1", "b", 5),
        timer("p-2", "a", 5),
        timer("p-4", "a", 6),
        timer("p-1", "a", 8),
        timer("p-3", "late", 9),
    ];
    assert_eq!(due, expected, "timers are cancelled before any is set");
    Ok(())
}

async fn lists_are_paged<S: Store>(store: &S) -> Result<()> {
    // By bytes, where a collation would put them otherwise.
    let people = ["", "P-2", "p-1", "p-10", "p-2", "p-\0", "é", "😀"];
    for person in people.iter().rev() {
        let mut batch = Batch::new().event(order(person, "m-1", 1)).event(order(person, "m-2", 2));
        batch.consents.push(((*person).into(), Consent::granted("news", at(1), "1")));
        batch.decisions.push(DecisionRecord::new("spring", *person, at(1), "skipped"));
        store.commit(batch).await?;
    }
    let whole = dump(store, &asked(), usize::MAX).await?;
    for limit in [0, 1, 2, 7] {
        let paged = dump(store, &asked(), limit).await?;
        assert_eq!(paged, whole, "pages of {limit} hold what one large page holds");
    }
    let mut sorted = people.map(ProfileId::from);
    sorted.sort();
    let page = store.profiles(None, 100).await?;
    let listed: Vec<ProfileId> = page.items.into_iter().map(|profile| profile.id).collect();
    assert_eq!((listed, page.next), (sorted.to_vec(), None), "profiles come by bytes");
    let asked = ["p-2", "stranger", "", "p-2"].map(ProfileId::from);
    let mut expected = Vec::new();
    for id in &asked {
        let mut person = store.profile(id).await?;
        person.events.clear();
        expected.push(person);
    }
    let wishes = store.wishes(&asked).await?;
    assert_eq!(wishes, expected, "people come in the order asked for, without their events");
    let first = store.profiles(None, 2).await?;
    let after = first.next.as_ref();
    store.commit(Batch::new().event(order("!", "m-1", 1)).event(order("q", "m-1", 1))).await?;
    let rest = store.profiles(after, 100).await?.items;
    let rest: Vec<&str> = rest.iter().map(|profile| profile.id.as_str()).collect();
    assert!(rest.contains(&"q") && !rest.contains(&"!"), "what comes behind a place shows later");
    let decisions = store.decisions(&"spring".into(), after, 1).await;
    assert_eq!(decisions.err().map(|error| error.kind()), Some(ErrorKind::Input), "another list");
    let strange = Cursor::new("strange");
    let profiles = store.profiles(Some(&strange), 1).await;
    assert_eq!(profiles.err().map(|error| error.kind()), Some(ErrorKind::Input), "no cursor");
    Ok(())
}

/// A conflict at the end of a batch that writes everything.
async fn batches_are_atomic<S: Store>(store: &S) -> Result<()> {
    let mut first = Batch::new();
    first.deliveries.push(claims::delivery("spring", "d-1", "p-1", 1));
    store.commit(first).await?;
    let full = |number: u8| {
        let mut batch = Batch::new()
            .event(order("p-1", "m-1", 1))
            .document("model", "text")
            .cursor("orders", Cursor::new("7"));
        batch.consents.push(("p-2".into(), Consent::granted("news", at(1), "1")));
        batch.subscriptions.push(("p-2".into(), Subscription::subscribed("sale", at(1))));
        let suppressed = Suppressed { cause: Cause::Bounce, since: at(1) };
        batch.suppressions.push((digest(3), suppressed));
        batch.decisions.push(DecisionRecord::new("spring", "p-2", at(1), "skipped"));
        batch.timers.push(Timer::new("p-1", "a", at(1)));
        batch.deliveries.push(claims::delivery("autumn", "d-2", "p-1", number));
        batch.deliveries.push(claims::delivery("spring", "d-3", "p-2", number));
        batch
    };
    refused(store, full(1), ErrorKind::Conflict, "an address is claimed once").await?;
    let mut unknown = full(2);
    unknown.transitions.push(claims::step("d-9", "claimed", 2));
    refused(store, unknown, ErrorKind::Input, "a step of no delivery is refused").await?;
    let mut wrong = full(2);
    wrong.transitions.push(claims::step("d-2", "claimed", 2));
    wrong.transitions.push(claims::step("d-1", "sending", 2));
    refused(store, wrong, ErrorKind::Conflict, "a step from another state is refused").await?;
    store.commit(full(2)).await?;
    assert_eq!(version(store, "p-1").await?, 2, "what was refused left no trace");
    Ok(())
}
