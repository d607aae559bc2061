//! The envelope: both spellings, batches, what is kept as it came, and identifiers.

use bespoke::event::{Dedupe, Event, EventKind, Verdict, read_batch};
use bespoke::schema::{Field, Schema};
use bespoke::value::Kind;
use proptest::prelude::*;

fn schema() -> Schema {
    Schema::new().attribute("country", Kind::Text).event(
        "Order Completed",
        [
            ("revenue", Field::from(Kind::Number)),
            ("gift", Kind::Boolean.into()),
            ("note", Kind::Text.into()),
            ("due", Kind::Instant.into()),
            ("products", Field::list_of([("sku", Kind::Text), ("price", Kind::Number)])),
            ("tags", Field::list(Kind::Text)),
        ],
    )
}

fn read(json: &str) -> Event {
    Event::read(json, &schema()).unwrap()
}

fn reason(json: &str) -> (String, Option<String>) {
    let rejection = Event::read(json, &schema()).unwrap_err();
    (rejection.reason.into_owned(), rejection.field)
}

const CAMEL: &str = r#"{"type": "track", "messageId": "m-1", "userId": "p-1", "anonymousId": "a-1",
    "event": "Order Completed", "timestamp": "2026-02-01T12:00:00.25Z",
    "receivedAt": "2026-02-01T13:00:00Z", "context": {"ip":  "127.0.0.1"},
    "properties": {"revenue": 620.50, "weird":  [1.0e5, "é"], "products": [{"sku": 7, "x": 1}]}}"#;

#[test]
fn both_spellings_say_the_same() {
    let snake = CAMEL
        .replace("messageId", "message_id")
        .replace("userId", "user_id")
        .replace("anonymousId", "anonymous_id")
        .replace("receivedAt", "received_at");
    assert_eq!(read(CAMEL), read(&snake));
    assert_eq!(read(CAMEL).known_from().to_string(), "2026-02-01T13:00:00.000000Z");
    assert_eq!(read(CAMEL).person().unwrap().as_str(), "p-1");
    let both = CAMEL.replace("\"userId\"", "\"user_id\": \"p-2\", \"userId\"");
    assert_eq!(reason(&both).0, "repeated-field");
}

#[test]
fn what_is_not_declared_stays_byte_for_byte() {
    let event = read(CAMEL);
    let undeclared: Vec<_> = event.undeclared().collect();
    assert_eq!(undeclared, [("weird", r#"[1.0e5, "é"]"#)]);
    let written = event.to_json();
    assert!(written.contains(r#""weird":[1.0e5, "é"]"#), "{written}");
    assert!(written.contains(r#""context":{"ip":  "127.0.0.1"}"#), "{written}");
    assert_eq!(read(&written), event);
    assert_eq!(read(&written).to_json(), written);
}

#[test]
fn declared_fields_are_typed() {
    let event = read(
        r#"{"event": "Order Completed", "userId": 5, "timestamp": "2026-02-01 12:00:00",
            "properties": {"revenue": "12.0000005", "gift": "true", "note": 12,
                           "due": "2026-02-02T00:00:00+01:00", "tags": ["a", null, ""]}}"#,
    );
    let field = |name: &str| event.fields().get(name).unwrap().to_string();
    assert_eq!(event.kind(), EventKind::Track);
    assert_eq!(event.person().unwrap().as_str(), "5");
    assert_eq!(field("revenue"), "12");
    assert_eq!(event.rounded(), 1);
    assert_eq!((field("gift").as_str(), field("note").as_str()), ("true", "12"));
    assert_eq!(field("due"), "2026-02-01T23:00:00.000000Z");
    assert_eq!(field("tags"), r#"["a",null,null]"#);
}

#[test]
fn what_is_no_event_is_refused_with_its_field() {
    let refused = |json: &str| {
        let (reason, field) = reason(json);
        format!("{reason} {}", field.unwrap_or_default())
    };
    let order = r#""event": "Order Completed", "userId": "p", "timestamp": "2026-02-01T12:00:00Z""#;
    for (json, expected) in [
        ("[]".to_owned(), "no-event "),
        ("{\"a\": ".to_owned(), "broken-json "),
        ("{\"userId\": \"p\", \"userId\": \"q\"}".to_owned(), "no-event "),
        (
            r#"{"userId": "p", "timestamp": "2026-02-01T12:00:00Z"}"#.to_owned(),
            "missing-field type",
        ),
        (
            r#"{"event": "E", "timestamp": "2026-02-01T12:00:00Z"}"#.to_owned(),
            "missing-field userId",
        ),
        (r#"{"event": "E", "userId": "p"}"#.to_owned(), "missing-field timestamp"),
        (r#"{"event": "E", "userId": "p", "timestamp": 17}"#.to_owned(), "bad-timestamp timestamp"),
        (r#"{"type": "tarck", "event": "E", "userId": "p"}"#.to_owned(), "unknown-type type"),
        (
            r#"{"type": "track", "userId": "p", "timestamp": "2026-02-01T12:00:00Z"}"#.to_owned(),
            "missing-field event",
        ),
        (format!(r#"{{{order}, "properties": []}}"#), "wrong-kind properties"),
        (
            format!(r#"{{{order}, "properties": {{"revenue": "much"}}}}"#),
            "wrong-kind properties.revenue",
        ),
        (
            format!(r#"{{{order}, "properties": {{"revenue": 1e12}}}}"#),
            "number-too-large properties.revenue",
        ),
        (
            format!(r#"{{{order}, "properties": {{"products": [{{"price": true}}]}}}}"#),
            "wrong-kind properties.products.price",
        ),
        (
            format!(r#"{{{order}, "properties": {{"products": {{}}}}}}"#),
            "wrong-kind properties.products",
        ),
    ] {
        assert_eq!(refused(&json), expected, "{json}");
    }
}

#[test]
fn a_batch_is_read_one_by_one() {
    let batch = format!(r#"{{"batch": [{CAMEL}, {{"type": "page", "userId": "p"}}, 7]}}"#);
    let read: Vec<bool> =
        read_batch(&batch, &schema()).unwrap().iter().map(Result::is_ok).collect();
    assert_eq!(read, [true, false, false]);
    assert_eq!(read_batch(CAMEL, &schema()).unwrap().len(), 1);
    assert!(read_batch(r#"{"batch": 1}"#, &schema()).is_err());
}

#[test]
fn a_derived_id_depends_on_what_is_told_and_not_on_how() {
    let event = |json: &str| read(json).id();
    let one = r#"{"event": "E", "userId": "p", "timestamp": "2026-02-01T12:00:00Z",
                  "properties": {"a": 1.50, "b": [1, {"c": null, "d": 2}]}}"#;
    let same = r#"{"properties": {"b": [1.0, {"d": 2}], "a": 1.5, "z": null}, "userId": "p",
                   "sentAt": "2026-02-01T12:00:09Z", "receivedAt": "2026-02-01T12:00:10Z",
                   "timestamp": "2026-02-01T13:00:00+01:00", "event": "E"}"#;
    assert_eq!(event(one), event(same));
    for other in
        [one.replace("1.50", "1.51"), one.replace("\"p\"", "\"q\""), one.replace("[1,", "[")]
    {
        assert_ne!(event(one), event(&other), "{other}");
    }
    assert_ne!(read(one).derived_id(0), read(one).derived_id(1));
    // Declaring a field does not change what was told.
    let declared = schema().event("E", [("a", Kind::Number)]);
    assert_eq!(Event::read(one, &declared).unwrap().id(), event(one));
}

#[test]
fn a_trait_that_is_unset_is_not_one_that_was_not_told() {
    let told = |traits: &str| {
        read(&format!(
            r#"{{"type": "identify", "userId": "p", "timestamp": "2026-02-01T12:00:00Z",
                "traits": {traits}}}"#
        ))
    };
    assert_ne!(told(r#"{"country": null}"#).id(), told("{}").id());
    assert!(told(r#"{"country": null}"#).fields().get("country").unwrap().is_null());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn any_undeclared_json_is_kept(name in "[a-z\u{e9}\"\\\\ ]{1,6}", number in any::<f64>(), text in ".*") {
        prop_assume!(number.is_finite() && !["revenue", "gift", "note", "due"].contains(&name.as_str()));
        let name = serde_json::to_string(&name).unwrap();
        let raw = format!("{{ \"n\" : {number:e}, \"t\":{} }}", serde_json::to_string(&text).unwrap());
        let json = format!(r#"{{"event": "Order Completed", "userId": "p",
            "timestamp": "2026-02-01T12:00:00Z", "properties": {{{name}: {raw}}}}}"#);
        let event = Event::read(&json, &schema()).unwrap();
        prop_assert_eq!(event.undeclared().next().unwrap().1, raw.as_str());
        prop_assert_eq!(Event::read(&event.to_json(), &schema()).unwrap(), event);
    }

    /// Whatever the order of arrival, the same copy stands.
    #[test]
    fn what_stands_does_not_depend_on_the_order(
        copies in prop::collection::vec((0_i64..4, 0_i32..3), 1..8),
        seed in any::<u64>(),
    ) {
        let at = "2026-02-01T12:00:00Z".parse().unwrap();
        let copy = |(late, amount): (i64, i32)| {
            Event::track("p", "E", at).with_id("m").with("amount", amount)
                .received(bespoke::time::Timestamp::from_micros(late))
        };
        let standing = |copies: &[(i64, i32)]| {
            let mut dedupe = Dedupe::new();
            let mut standing = None;
            for event in copies.iter().map(|told| copy(*told)) {
                if !matches!(dedupe.judge(&event), Verdict::Conflicting | Verdict::Repeated) {
                    standing = Some((event.known_from(), event.digest()));
                }
            }
            standing
        };
        let mut shuffled = copies.clone();
        let mut draws = bespoke::seed::Seed::new(seed).draws();
        for index in (1..shuffled.len()).rev() {
            let other = usize::try_from(draws.below(index as u64 + 1)).unwrap();
            shuffled.swap(index, other);
        }
        prop_assert_eq!(standing(&copies), standing(&shuffled));
    }
}
