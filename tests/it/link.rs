//! Two identifiers found to be one person: timelines put together, links, and live membership.

use std::collections::BTreeSet;

use bespoke::engine::Wanted;
use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::identity::Links;
use bespoke::schema::{BusinessKey, Schema};
use bespoke::testing::naive::Fact;
use bespoke::testing::strategy::{self, events, fill, schema};
use bespoke::time::Timestamp;
use proptest::prelude::*;

use crate::laws::cases;
use crate::live::engine;

/// The vocabulary of the strategies, in which an order is told once for each country and cancelled
/// by a page view.
fn keyed() -> Schema {
    let key = BusinessKey::new("country").cancelled_by("Page Viewed");
    schema().key("Order Completed", key)
}

/// One of the two or three identifiers for each fact.
fn deal() -> impl Strategy<Value = Vec<usize>> {
    (2_usize..4).prop_flat_map(|identifiers| prop::collection::vec(0..identifiers, 20))
}

/// What is told, and when it is taken back; pages say which order they cancel.
fn told(facts: &[Fact]) -> Vec<(Event, Option<Timestamp>)> {
    let cancelling = |(event, until): (Event, Option<Timestamp>)| match &**event.name() {
        "Page Viewed" => (event.with("country", "a"), until),
        _ => (event, until),
    };
    events(facts).into_iter().map(cancelling).collect()
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn merged_timelines_are_the_one_of_all_events(
        definitions in strategy::definitions(),
        facts in strategy::facts(),
        deal in deal(),
        (now, known) in strategy::moments(),
    ) {
        let (engine, _) = engine(&definitions, keyed());
        let told = told(&facts);
        let together = fill(engine.timeline(), &told, engine.schema());
        let parts = |empty: &dyn Fn() -> Timeline| -> Vec<Timeline> {
            let part = |identifier| {
                let dealt = told.iter().zip(&deal).filter(|(_, to)| **to == identifier);
                let dealt: Vec<_> = dealt.map(|(told, _)| told.clone()).collect();
                fill(empty(), &dealt, engine.schema())
            };
            (0..3).map(part).collect()
        };
        let view = |timeline: &Timeline| {
            let facts = timeline.facts_as_known(now, known);
            let view = engine.evaluate(&facts, &Wanted::everything()).unwrap();
            (facts.is_known(), view.metrics().clone(), view.memberships().clone())
        };
        let expected = view(&together);
        for empty in [&|| engine.timeline(), &Timeline::new as &dyn Fn() -> Timeline] {
            let mut parts = parts(empty);
            prop_assert_eq!(view(&Timeline::merged(&parts)), expected.clone());
            parts.rotate_left(1);
            prop_assert_eq!(view(&Timeline::merged(&parts)), expected.clone());
        }
        let mixed = [parts(&|| engine.timeline()), parts(&Timeline::new)].concat();
        let mixed = [&mixed[0], &mixed[4], &mixed[2]];
        prop_assert_eq!(view(&Timeline::merged(mixed)), expected);
    }
}

/// Whether a link between two of a few identifiers is told or taken back, and when.
type Telling = (usize, usize, bool, i64);

fn tellings() -> impl Strategy<Value = Vec<Telling>> {
    prop::collection::vec((0_usize..5, 0_usize..5, prop::bool::weighted(0.7), 0_i64..6), 0..14)
}

fn id(number: usize) -> ProfileId {
    ProfileId::new(format!("p-{number}"))
}

fn links(told: &[Telling]) -> Links {
    let mut links = Links::new();
    for &(a, b, linked, from) in told {
        let from = Timestamp::from_micros(from);
        let tell = if linked { Links::link } else { Links::unlink };
        tell(&mut links, &id(a), &id(b), from);
    }
    links
}

/// Which of the identifiers are one person with `of`, by the letter of the definition.
fn reached(told: &[Telling], of: usize, known: i64) -> BTreeSet<ProfileId> {
    let is_linked = |a: usize, b: usize| {
        let of_both = |(c, d, ..): &&Telling| (a, b) == (*c, *d) || (b, a) == (*c, *d);
        let mut of_both: Vec<&Telling> = told.iter().filter(of_both).collect();
        of_both.sort_by_key(|(_, _, linked, from)| (*from, !linked));
        let known = of_both.iter().filter(|(.., from)| *from <= known);
        known.fold(
            0,
            |links: i32, (_, _, linked, _)| if *linked { links + 1 } else { 0.max(links - 1) },
        ) > 0
    };
    let mut reached = BTreeSet::from([of]);
    for _ in 0..5 {
        let more: Vec<usize> =
            (0..5).filter(|b| reached.iter().any(|a| a != b && is_linked(*a, *b))).collect();
        reached.extend(more);
    }
    reached.into_iter().map(id).collect()
}

proptest! {
    #![proptest_config(cases(500))]

    #[test]
    fn links_are_what_was_told_in_any_order(mut told in tellings(), rotation in 0_usize..14) {
        let straight = links(&told);
        for known in -1..7 {
            for number in 0..5 {
                let component = straight.component(&id(number), Timestamp::from_micros(known));
                prop_assert_eq!(&component, &reached(&told, number, known));
                let person = straight.person(&id(number), Timestamp::from_micros(known));
                prop_assert_eq!(Some(&person), component.first());
            }
        }
        let length = told.len().max(1);
        told.rotate_left(rotation % length);
        told.reverse();
        prop_assert_eq!(links(&told), straight);
    }
}

#[test]
fn an_alias_links_and_what_is_forgotten_links_nobody() {
    let at = |at: &str| -> Timestamp { at.parse().unwrap() };
    let told = at("2026-02-01T00:00:00Z");
    let mut links = Links::new();
    links.insert(&Event::alias("p-1", "p-0", told).received(at("2026-02-02T00:00:00Z")));
    links.insert(&Event::alias("p-2", "p-1", told));
    links.insert(&Event::identify("p-3", told));
    let known = at("2026-03-01T00:00:00Z");
    assert_eq!(links.component(&id(2), told).len(), 2);
    assert_eq!(links.component(&id(2), known), [id(0), id(1), id(2)].into());
    assert_eq!(links.person(&id(3), known), id(3));
    links.forget(&id(1));
    assert_eq!(links.component(&id(2), known), [id(2)].into());
    assert_eq!(links.component(&id(1), known), [id(1)].into());
}
