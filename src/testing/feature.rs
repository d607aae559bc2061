//! What features must not see.

use crate::event::Event;
use crate::facts::Timeline;
use crate::feature::Features;
use crate::schema::Schema;
use crate::time::{Duration, Timestamp};

/// Checks that features of a person at a snapshot follow from what had happened and was known then:
/// whatever becomes of the rest, a row stays as it is.
///
/// What happens or becomes known after the snapshot is left out, told in the opposite order, told
/// twice, and put off; each time the features must come to the same.
///
/// # Panics
///
/// Where a feature changes, naming it.
///
/// ```
/// use bespoke::event::Event;
/// use bespoke::expr::Names;
/// use bespoke::feature::Features;
/// use bespoke::schema::Schema;
/// use bespoke::value::Kind;
///
/// let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
/// let spend = ("spend", r#"sum("Order Completed".revenue over 90 days)"#);
/// let features = Features::new(&[spend], &Names::new(schema.clone()))?;
/// let order = |day: &str, revenue: i32| {
///     let at = format!("2026-{day}T12:00:00Z").parse().unwrap();
///     Event::track("p-1", "Order Completed", at).with("revenue", revenue)
/// };
/// let events = [order("02-01", 10), order("03-01", 20), order("04-01", 40)];
/// let snapshot = "2026-02-15T00:00:00Z".parse()?;
/// bespoke::testing::feature::sees_no_future(&features, &schema, &events, snapshot);
/// # Ok::<(), bespoke::Error>(())
/// ```
pub fn sees_no_future(features: &Features, schema: &Schema, events: &[Event], at: Timestamp) {
    let row = |events: Vec<Event>| features.row(&Timeline::of(events, schema).facts(at));
    let known = |event: &&Event| event.at() <= at && event.known_from() <= at;
    let past: Vec<Event> = events.iter().filter(known).cloned().collect();
    let future: Vec<Event> = events.iter().filter(|event| !known(event)).cloned().collect();
    let expected = row(past.clone());
    let mut turned = future.clone();
    turned.reverse();
    let twice = future.iter().enumerate().flat_map(|(place, event)| {
        [event.clone(), event.clone().with_id(format!("again-{place}"))]
    });
    let later = future.iter().map(|event| {
        let known = event.known_from().max(at.next()).plus(Duration::days(1));
        event.clone().received(known)
    });
    for (what, future) in [
        ("is left out of it", Vec::new()),
        ("comes as it does", future.clone()),
        ("comes in the opposite order", turned),
        ("comes twice", twice.collect()),
        ("becomes known later", later.collect()),
    ] {
        let found = row(past.iter().cloned().chain(future).collect());
        for ((name, found), expected) in features.names().iter().zip(&found).zip(&expected) {
            assert_eq!(found, expected, "the feature `{name}` at {at} when what follows {what}");
        }
    }
}
