//! Live membership against the reference, asked at every instant at which something may change.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bespoke::engine::Engine;
use bespoke::event::Event;
use bespoke::expr::Expr;
use bespoke::id::ProfileId;
use bespoke::schema::Schema;
use bespoke::segment::Membership;
use bespoke::segment::live::{Live, Transition};
use bespoke::testing::naive::{Fact, World};
use bespoke::testing::strategy::{self, Definitions, PERSON, events, schema};
use bespoke::time::Timestamp;
use proptest::prelude::*;

use crate::laws::cases;

/// The engine of some definitions, and its rules by the names of their segments.
pub(crate) fn engine(
    definitions: &Definitions,
    schema: Schema,
) -> (Engine, BTreeMap<Arc<str>, Expr>) {
    let mut engine = Engine::new(schema).unwrap();
    for (name, metric) in &definitions.metrics {
        engine.add_metric(name, &metric.to_string()).unwrap();
    }
    let mut rules = definitions.segments.clone();
    for (name, segment) in &definitions.segments {
        engine.add_segment(name, &segment.to_string()).unwrap();
    }
    engine.add_segment("the rule", &definitions.rule.to_string()).unwrap();
    rules.insert("the rule".into(), definitions.rule.clone());
    (engine, rules)
}

/// An event, and when it is taken back.
pub(crate) type Retractable = (Event, Option<Timestamp>);

/// What a host tells.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Erased(ProfileId),
    Happened(Event),
    Linked(ProfileId, ProfileId),
    TakenBack(Event),
    Unlinked(ProfileId, ProfileId),
}

/// What is told when; the first first.
pub(crate) type Script = BTreeMap<Timestamp, Vec<Told>>;

/// Events, in the order in which they are known.
pub(crate) fn told(events: &[Retractable]) -> Script {
    let mut told = Script::new();
    for (event, until) in events {
        if until.is_none_or(|until| event.known_from() < until) {
            told.entry(event.known_from()).or_default().push(Told::Happened(event.clone()));
            if let Some(until) = until {
                told.entry(*until).or_default().push(Told::TakenBack(event.clone()));
            }
        }
    }
    told
}

/// Everything that is known of a person at an instant, as a store would give it.
fn history(events: &[Retractable], person: &ProfileId, now: Timestamp) -> Vec<Event> {
    let known = |(event, until): &&Retractable| {
        event.person() == Some(person)
            && event.known_from() <= now
            && until.is_none_or(|until| now < until)
    };
    events.iter().filter(known).map(|(event, _)| event.clone()).collect()
}

/// Brings the histories that are asked for, and takes what turned.
pub(crate) fn drain(live: &mut Live, events: &[Retractable], now: Timestamp) -> Vec<Transition> {
    while let Some(person) = live.poll_backfill() {
        live.handle_backfill(&person, history(events, &person, now), now);
    }
    std::iter::from_fn(|| live.poll_transition()).collect()
}

/// Tells everything, comes back whenever it is time, and returns what turned.
pub(crate) fn replay(
    live: &mut Live,
    events: &[Retractable],
    script: &Script,
    upto: Timestamp,
) -> Vec<Transition> {
    let mut transitions = Vec::new();
    let mut script = script.iter().peekable();
    loop {
        let timeout = live.poll_timeout().unwrap_or(Timestamp::MAX);
        let next = script.peek().map_or(Timestamp::MAX, |(at, _)| **at);
        let now = timeout.min(next);
        if now > upto {
            return transitions;
        }
        for told in script.next_if(|(at, _)| **at == now).into_iter().flat_map(|(_, told)| told) {
            match told {
                Told::Erased(id) => live.handle_erasure(id, now),
                Told::Happened(event) => live.handle_event(event, now),
                Told::Linked(a, b) => live.handle_link(a, b, now),
                Told::TakenBack(event) => live.handle_retraction(event, now),
                Told::Unlinked(a, b) => live.handle_unlink(a, b, now),
            }
        }
        live.handle_timeout(now);
        transitions.extend(drain(live, events, now));
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn transitions_are_those_of_the_reference(
        definitions in strategy::definitions(),
        facts in strategy::facts(),
    ) {
        let (engine, rules) = engine(&definitions, schema());
        let schema = schema();
        let world = |now| World::new(&schema, &facts, now).of_person(PERSON)
            .with_names(&definitions.metrics, &definitions.segments);
        let mut candidates: BTreeSet<Timestamp> = facts
            .iter()
            .flat_map(|fact| [fact.at, fact.known_from, fact.known_until])
            .collect();
        for rule in rules.values() {
            candidates.extend(world(Timestamp::MIN).turns(rule));
        }
        let upto = "2027-01-01T00:00:00Z".parse().unwrap();
        let mut live = Live::new(engine.program());
        let events = events(&facts);
        let transitions = replay(&mut live, &events, &told(&events), upto);
        candidates.extend(transitions.iter().map(|transition| transition.discovered));
        let before = |at: &Timestamp| Timestamp::from_micros(at.micros().saturating_sub(1));
        let around: BTreeSet<Timestamp> = candidates.iter().flat_map(|at| [before(at), *at]).collect();
        for (name, rule) in &rules {
            let mut turns = transitions.iter().filter(|turn| turn.segment == *name).peekable();
            let mut member = false;
            for now in around.range(..=upto) {
                while let Some(turn) = turns.next_if(|turn| turn.discovered <= *now) {
                    prop_assert_ne!(turn.entered, member, "{:?}", turn);
                    prop_assert!(turn.at <= turn.discovered);
                    member = turn.entered;
                }
                let known = |fact: &Fact| fact.at <= *now && fact.known_from <= *now && *now < fact.known_until;
                let expected = facts.iter().any(known) && world(*now).is_member(rule);
                prop_assert_eq!(member, expected, "{} at {}: {:#?}", rule, now, transitions);
            }
            let last = live.membership(&ProfileId::new("p-1"), name);
            prop_assert_eq!(last == Membership::In, member);
        }
    }
}

#[test]
fn what_is_seen_again_after_long_is_not_counted_twice() {
    let mut engine = Engine::new(schema()).unwrap();
    let rule = r#"count(distinct "Product Viewed".category) > 60"#;
    engine.add_segment("many", rule).unwrap();
    let mut live = Live::new(engine.program());
    for (round, number) in (0..3).flat_map(|round| (0..50).map(move |number| (round, number))) {
        let now = Timestamp::from_micros((round * 200 + number) * 3_600_000_000);
        let viewed = Event::track("p-1", "Product Viewed", now);
        live.handle_event(&viewed.with("category", format!("c-{number}")), now);
        assert_eq!(live.membership(&ProfileId::new("p-1"), "many"), Membership::Out, "{now}");
    }
}
