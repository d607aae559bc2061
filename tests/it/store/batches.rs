//! Batches as they may come: few people, messages and addresses, so that they meet.

use bespoke::claim::Claim;
use bespoke::delivery::{Delivery, State, StateName, Transition};
use bespoke::event::{Event, EventKind};
use bespoke::identity::Digest;
use bespoke::key::KeyVersion;
use bespoke::page::Cursor;
use bespoke::privacy::{Cause, Consent, Subscription, Suppressed};
use bespoke::store::{Batch, DecisionRecord, Timer, Version};
use bespoke::testing::store::Asked;
use bespoke::testing::strategy;
use bespoke::time::Timestamp;
use bespoke::value::{Decimal, Value};
use proptest::prelude::*;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn digest(byte: u8) -> Digest {
    Digest::new(KeyVersion::new(u32::from(byte % 2)), [byte / 2; 32])
}

/// What can only be asked for by name.
pub(crate) fn asked() -> Asked {
    let mut asked = Asked::new();
    asked.mailings = vec!["autumn".into(), "spring".into()];
    asked.addresses = (0..4).map(digest).collect();
    asked.sources = vec!["orders".into()];
    asked.documents = vec!["model".into(), "report".into()];
    asked
}

fn person() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["p-1", "p-2", "", "P-1", "p\0", "é"])
}

fn mailing() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["spring", "autumn"])
}

fn instant() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        8 => (0..5_i64).prop_map(at),
        1 => prop::sample::select(vec![Timestamp::MIN, Timestamp::MAX, Timestamp::from_micros(-1)]),
    ]
}

/// Events of the strategies' schema, some of them with parts that it does not declare.
fn event() -> impl Strategy<Value = Event> {
    let told = strategy::facts().prop_map(|facts| {
        let told = strategy::events(&facts).into_iter().next().map(|(event, _)| event);
        told.unwrap_or_else(|| Event::track("p-1", "Order Completed", at(1)))
    });
    let raw = prop::sample::select(vec![
        r#"{"type": "track", "event": "Order Completed", "userId": "p-1", "anonymousId": "a-1",
            "timestamp": "2026-02-01T12:00:00Z", "receivedAt": "2026-02-02T12:00:00Z",
            "properties": {"revenue": 1.50, "unknown": [1.0, {"a" : null}]}, "context": { }}"#,
        r#"{"type": "track", "event": "Order Completed", "userId": "p-1",
            "timestamp": "2026-02-01T12:00:00Z", "sentAt": "2026-02-01T12:00:00Z",
            "properties": {"revenue": 1.5}}"#,
        r#"{"type": "track", "event": "Order Completed", "userId": "p-1",
            "timestamp": "2026-02-01T12:00:00Z", "properties": {"revenue": "1.5"}}"#,
        r#"{"type": "identify", "anonymousId": "p-1", "timestamp": "2026-02-01T12:00:00Z",
            "traits": {"country": null, "name": "\u0000\"Ann\\"}, "previousId": "a-2"}"#,
    ]);
    let raw = raw.prop_map(|json| Event::read(json, &strategy::schema()).unwrap());
    // Values that a reader of files would not keep apart.
    let odd = prop::sample::select(vec![
        ("currency", Value::from("")),
        ("currency", Value::from("1.50")),
        ("currency", Value::from("1.5")),
        ("currency", Value::from("null \" \\ \u{1F600}\0")),
        ("due", Value::from(Timestamp::LAST)),
        ("revenue", Value::from(Decimal::from_micros(-1).unwrap())),
        ("revenue", Value::Null),
    ]);
    let odd = odd
        .prop_map(|(name, value)| Event::track("p-1", "Order Completed", at(1)).with(name, value));
    let nobody = Just(Event::new(EventKind::Track, "Order Completed", at(1)));
    let event = prop_oneof![12 => told, 8 => raw, 4 => odd, 1 => nobody];
    let id = prop::option::of((0..4_u8).prop_map(|id| format!("m-{id}")));
    (event, person(), id, instant(), instant()).prop_map(|(event, person, id, known, _)| {
        let event = match (event.person(), event.has_id()) {
            (None, _) => return event,
            (Some(_), false) if id.is_none() => event,
            (Some(_), _) => event.user(person),
        };
        match id {
            Some(id) => event.with_id(id).received(known),
            None => event,
        }
    })
}

fn delivery() -> impl Strategy<Value = Delivery> {
    (mailing(), 0..6_u8, person(), 0..4_u8, instant()).prop_map(|parts| {
        let (mailing, message, person, address, at) = parts;
        let claim = Claim::new(mailing, format!("d-{message}"), person, at);
        Delivery::claimed(claim, digest(address), "news", [message; 3])
    })
}

fn transition() -> impl Strategy<Value = Transition> {
    let from = prop::sample::select(vec![
        StateName::Claimed,
        StateName::Claimed,
        StateName::Sending,
        StateName::Sending,
        StateName::Deferred,
        StateName::Unknown,
    ]);
    let reason = || "busy".to_owned();
    let to = prop::sample::select(vec![
        State::Sending,
        State::Sending,
        State::Sending,
        State::Deferred { until: at(3), reason: reason() },
        State::Failed { reason: reason() },
        State::Unknown,
        State::Accepted,
    ]);
    (0..6_u8, from, to, instant()).prop_map(|(message, from, to, at)| {
        Transition::new(format!("d-{message}").into(), from, to, at)
    })
}

fn decision() -> impl Strategy<Value = DecisionRecord> {
    (mailing(), person(), instant(), any::<bool>()).prop_map(|(mailing, person, at, full)| {
        let mut decision = DecisionRecord::new(mailing, person, at, "skipped");
        if full {
            decision.reason = Some("consent".to_owned());
            decision.until = Some(at);
            decision.message = Some("d-1".into());
            decision.detail = String::from(r#"{"score": 0.5}"#);
        }
        decision
    })
}

fn facts_of_a_batch() -> impl Strategy<Value = Batch> {
    let consent = (person(), instant(), any::<bool>(), "[ab]").prop_map(|parts| {
        let (person, at, granted, evidence) = parts;
        let record = if granted { Consent::granted } else { Consent::withdrawn };
        let consent = record("news", at, "1");
        (person.into(), consent.with_evidence(evidence))
    });
    let choice = (person(), instant(), any::<bool>()).prop_map(|(person, at, wanted)| {
        let choose = if wanted { Subscription::subscribed } else { Subscription::unsubscribed };
        let choice = choose("sale", at);
        (person.into(), choice)
    });
    let cause = prop::sample::select(vec![Cause::Bounce, Cause::UnsubscribeAll]);
    let suppressed = (0..4_u8, cause, instant())
        .prop_map(|(byte, cause, since)| (digest(byte), suppressed(cause, since)));
    let lists = (
        prop::collection::vec(event(), 0..4),
        prop::collection::vec(consent, 0..2),
        prop::collection::vec(choice, 0..2),
        prop::collection::vec(suppressed, 0..2),
    );
    lists.prop_map(|(events, consents, subscriptions, suppressions)| {
        let mut batch = Batch::new();
        batch.events = events;
        batch.consents = consents;
        batch.subscriptions = subscriptions;
        batch.suppressions = suppressions;
        batch
    })
}

fn suppressed(cause: Cause, since: Timestamp) -> Suppressed {
    let mut list = bespoke::privacy::Suppression::new();
    list.add(digest(0), cause, since);
    list.entries().next().unwrap().1
}

pub(crate) fn batch() -> impl Strategy<Value = Batch> {
    let name = || prop::sample::select(vec!["a", "b"]);
    let timer = (person(), name(), instant()).prop_map(|(p, name, due)| Timer::new(p, name, due));
    let cancelled = (person(), name()).prop_map(|(person, name)| (person.into(), name.into()));
    let expected = prop::option::weighted(0.1, (person(), 0..3_u64));
    let document = prop::option::of("[ab]{0,2}");
    let text = prop::option::weighted(0.1, prop::option::of("[ab]{0,1}"));
    let lists = (
        prop::collection::vec(decision(), 0..2),
        prop::collection::vec(delivery(), 0..3),
        prop::collection::vec(transition(), 0..2),
        prop::collection::vec(timer, 0..3),
        prop::collection::vec(cancelled, 0..2),
    );
    let expected = (expected, text);
    (facts_of_a_batch(), lists, expected, document).prop_map(|(facts, lists, expected, text)| {
        let (mut batch, (expected, expected_text)) = (facts, expected);
        (batch.decisions, batch.deliveries, batch.transitions, batch.timers, batch.cancelled) =
            lists;
        if let Some((person, version)) = expected {
            batch = batch.expect(person, Version::new(version));
        }
        if let Some(text) = expected_text {
            batch = batch.expect_document("model", text);
        }
        match text {
            Some(text) => batch.document("model", &*text).cursor("orders", Cursor::new(text)),
            None => batch,
        }
    })
}
