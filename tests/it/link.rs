//! Two identifiers found to be one person: timelines put together, links, and live membership.

use std::collections::BTreeSet;

use bespoke::engine::Wanted;
use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::identity::Links;
use bespoke::schema::{BusinessKey, Schema};
use bespoke::segment::Membership;
use bespoke::segment::live::Live;
use bespoke::testing::naive::{Fact, World};
use bespoke::testing::strategy::{self, Definitions, events, fill, schema};
use bespoke::time::Timestamp;
use proptest::prelude::*;

use crate::laws::cases;
use crate::live::{Retractable, Script, Told, engine, replay, told};

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
fn cancelling(facts: &[Fact]) -> Vec<Retractable> {
    let cancelling = |(event, until): Retractable| match &**event.name() {
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
        let told = cancelling(&facts);
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

/// Links told and taken back between the identifiers of the first so many facts, and when.
fn linking() -> impl Strategy<Value = Vec<(usize, usize, bool, Timestamp)>> {
    let moment = strategy::moments().prop_map(|(now, _)| now);
    prop::collection::vec((0_usize..3, 0_usize..3, prop::bool::weighted(0.6), moment), 0..6)
}

/// The events, each of the identifier that it is dealt to.
fn dealt(events: Vec<Retractable>, deal: &[usize]) -> Vec<Retractable> {
    let dealt = events.into_iter().zip(deal);
    dealt.map(|((event, until), to)| (event.user(id(*to)), until)).collect()
}

/// The script with links, each before what else is told at its instant.
fn with_links(mut script: Script, links: &[(usize, usize, bool, Timestamp)]) -> Script {
    for &(a, b, linked, at) in links.iter().rev() {
        let tell = if linked { Told::Linked } else { Told::Unlinked };
        script.entry(at).or_default().insert(0, tell(id(a), id(b)));
    }
    script
}

fn links_at(links: &[(usize, usize, bool, Timestamp)]) -> Links {
    let mut told = Links::new();
    for (a, b, linked, at) in links {
        let tell = if *linked { Links::link } else { Links::unlink };
        tell(&mut told, &id(*a), &id(*b), *at);
    }
    told
}

fn world<'a>(
    definitions: &'a Definitions,
    schema: &'a Schema,
    facts: &'a [Fact],
    now: Timestamp,
) -> World<'a> {
    World::new(schema, facts, now).with_names(&definitions.metrics, &definitions.segments)
}

const UPTO: &str = "2027-01-01T00:00:00Z";

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn transitions_are_those_of_the_people_behind(
        definitions in strategy::definitions(),
        facts in strategy::facts(),
        deal in deal(),
        linking in linking(),
    ) {
        let (engine, rules) = engine(&definitions, schema());
        let (schema, upto) = (schema(), UPTO.parse().unwrap());
        let events = dealt(events(&facts), &deal);
        let links = links_at(&linking);
        let mut live = Live::new(engine.program());
        let transitions = replay(&mut live, &events, &with_links(told(&events), &linking), upto);

        let of = |people: &BTreeSet<ProfileId>| -> Vec<Fact> {
            let dealt = facts.iter().zip(&deal).filter(|(_, to)| people.contains(&id(**to)));
            dealt.map(|(fact, _)| fact.clone()).collect()
        };
        let mut instants: BTreeSet<Timestamp> = linking.iter().map(|(.., at)| *at).collect();
        instants.extend(facts.iter().flat_map(|fact| [fact.at, fact.known_from, fact.known_until]));
        instants.extend(transitions.iter().map(|turn| turn.discovered));
        let components: BTreeSet<BTreeSet<ProfileId>> = instants
            .iter()
            .flat_map(|at| (0..3).map(|number| links.component(&id(number), *at)))
            .collect();
        for people in &components {
            let facts = of(people);
            let turns = rules.values().flat_map(|rule| world(&definitions, &schema, &facts, Timestamp::MIN).turns(rule));
            instants.extend(turns.collect::<Vec<_>>());
        }
        let before = |at: &Timestamp| Timestamp::from_micros(at.micros().saturating_sub(1));
        let around: BTreeSet<Timestamp> = instants.iter().flat_map(|at| [before(at), *at]).collect();
        for now in around.range(..=upto) {
            for number in 0..3 {
                let people = links.component(&id(number), *now);
                let facts = of(&people);
                let known = |fact: &Fact| fact.at <= *now && fact.known_from <= *now && *now < fact.known_until;
                let exists = facts.iter().any(known) && people.first() == Some(&id(number));
                for (name, rule) in &rules {
                    let mine = transitions.iter().filter(|turn| turn.person == id(number) && turn.segment == *name);
                    let entered = mine.take_while(|turn| turn.discovered <= *now).last().is_some_and(|turn| turn.entered);
                    let expected = exists && world(&definitions, &schema, &facts, *now).is_member(rule);
                    prop_assert_eq!(entered, expected, "{} {} at {}: {:#?}", id(number), rule, now, transitions);
                }
            }
        }
        for number in 0..3 {
            for name in rules.keys() {
                let behind = live.person(&id(number));
                prop_assert_eq!(&behind, &links.person(&id(number), upto));
                let membership = live.membership(&behind, name);
                prop_assert_eq!(live.membership(&id(number), name), membership);
                let turns = transitions.iter().rfind(|turn| turn.person == behind && turn.segment == *name);
                prop_assert_eq!(membership == Membership::In, turns.is_some_and(|turn| turn.entered));
            }
        }
    }
}
