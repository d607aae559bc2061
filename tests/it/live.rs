//! Live membership against the reference, asked at every instant at which something may change.

use std::collections::{BTreeMap, BTreeSet};

use bespoke::engine::Engine;
use bespoke::event::Event;
use bespoke::id::ProfileId;
use bespoke::schema::Schema;
use bespoke::segment::Membership;
use bespoke::segment::live::{Cause, Live, Transition};
use bespoke::testing::naive::{Fact, World};
use bespoke::testing::strategy::{self, PERSON, events, schema};
use bespoke::time::{Duration, Timestamp};
use bespoke::value::{Kind, Value};
use proptest::prelude::*;

use crate::defined::engine;
use crate::laws::cases;

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
    #![proptest_config(cases(150))]

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

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn shop(segments: &[(&str, &str)]) -> Engine {
    let schema = Schema::new()
        .attribute("tier", Kind::Text)
        .event("Order Completed", [("revenue", Kind::Number)]);
    let mut engine = Engine::new(schema).unwrap();
    for (name, rule) in segments {
        engine.add_segment(name, rule).unwrap();
    }
    engine
}

/// One segment: who bought within a week.
fn active() -> Live {
    Live::new(shop(&[("active", r#"count("Order Completed" over 7 days) > 0"#)]).program())
}

fn order(person: &str, instant: &str, id: &str) -> Event {
    Event::track(person, "Order Completed", at(instant)).with_id(id)
}

/// The only thing that turned: who entered or left, since when, and why.
fn turned(live: &mut Live) -> (bool, Timestamp, Cause) {
    let turn = live.poll_transition().unwrap();
    assert_eq!(live.poll_transition(), None);
    (turn.entered, turn.at, turn.cause)
}

#[test]
fn events_and_time_are_told_as_causes() {
    let mut live = active();
    let bought = at("2026-02-01T12:00:00Z");
    // A phone held it back for some minutes.
    let now = at("2026-02-01T12:30:00Z");
    live.handle_event(&order("p-1", "2026-02-01T12:00:00Z", "m-1"), now);
    assert_eq!(turned(&mut live), (true, bought, Cause::Event("m-1".into())));
    let leaves = bought.plus(Duration::days(7));
    assert_eq!(live.poll_timeout(), Some(leaves));
    // Just before nothing turns.
    live.handle_timeout(Timestamp::from_micros(leaves.micros() - 1));
    assert_eq!((live.poll_transition(), live.poll_timeout()), (None, Some(leaves)));
    live.handle_timeout(leaves);
    assert_eq!(turned(&mut live), (false, leaves, Cause::Time));
}

#[test]
fn a_host_that_comes_back_late_is_told_the_instant_all_the_same() {
    let mut live = active();
    let bought = at("2026-02-01T12:00:00Z");
    live.handle_event(&order("p-1", "2026-02-01T12:00:00Z", "m-1"), bought);
    live.handle_timeout(at("2026-03-01T00:00:00Z"));
    let turns: Vec<Transition> = std::iter::from_fn(|| live.poll_transition()).collect();
    assert_eq!(turns.len(), 2);
    assert_eq!((turns[1].entered, turns[1].at), (false, bought.plus(Duration::days(7))));
    assert_eq!(turns[1].discovered, at("2026-03-01T00:00:00Z"));
}

#[test]
fn a_count_that_would_have_fallen_past_a_bound_stops_at_it_if_one_more_comes() {
    let mut live =
        Live::new(shop(&[("one", r#"count("Order Completed" over 7 days) = 1"#)]).program());
    let (twice, once) = ("2026-02-01T12:00:00Z", "2026-02-02T12:00:00Z");
    for (instant, id) in [(twice, "m-1"), (twice, "m-2"), (once, "m-3")] {
        live.handle_event(&order("p-1", instant, id), at(instant));
    }
    assert_eq!(live.poll_transition(), None);
    let stops = at(twice).plus(Duration::days(7));
    assert_eq!(live.poll_timeout(), Some(stops));
    live.handle_timeout(stops);
    assert_eq!(turned(&mut live), (true, stops, Cause::Time));
}

#[test]
fn what_was_told_late_took_effect_when_it_happened_if_that_was_within_a_day() {
    for (now, took_effect) in [
        ("2026-02-01T14:00:00Z", "2026-02-01T12:00:00Z"),
        ("2026-02-02T12:00:00Z", "2026-02-01T12:00:00Z"),
        // Longer ago than a day it is when it was found.
        ("2026-02-02T12:00:00.000001Z", "2026-02-02T12:00:00.000001Z"),
    ] {
        let mut live = active();
        live.handle_event(&order("p-1", "2026-02-01T12:00:00Z", "m-1").received(at(now)), at(now));
        let late = Cause::LateEvent("m-1".into());
        assert_eq!(turned(&mut live), (true, at(took_effect), late), "{now}");
    }
    // What is late is for the host to say.
    let mut live = active().late_after(Duration::hours(3));
    live.handle_event(&order("p-1", "2026-02-01T12:00:00Z", "m-1"), at("2026-02-01T14:00:00Z"));
    assert_eq!(turned(&mut live).2, Cause::Event("m-1".into()));
}

#[test]
fn what_is_taken_back_ends_a_membership() {
    let mut live = active();
    let (bought, now) = (at("2026-02-01T12:00:00Z"), at("2026-02-03T00:00:00Z"));
    live.handle_event(&order("p-1", "2026-01-25T12:00:00Z", "m-0"), at("2026-01-25T12:00:00Z"));
    turned(&mut live);
    live.handle_event(&order("p-1", "2026-02-01T12:00:00Z", "m-1"), bought);
    while live.poll_transition().is_some() {}
    live.handle_retraction(&order("p-1", "2026-02-01T12:00:00Z", "m-1"), now);
    assert_eq!(turned(&mut live), (false, now, Cause::Retraction("m-1".into())));
    assert_eq!(live.membership(&"p-1".into(), "active"), Membership::Out);
    assert_eq!(live.poll_backfill(), None);
    live.handle_timeout(bought.plus(Duration::days(30)));
    assert_eq!((live.poll_transition(), live.poll_timeout()), (None, None));
}

#[test]
fn a_definition_that_changes_is_not_ready_until_the_history_is_there() {
    let mut live = Live::new(shop(&[("big", "sum(\"Order Completed\".revenue) > 50")]).program());
    let (p, bought) = (ProfileId::new("p-1"), at("2026-02-01T12:00:00Z"));
    let history = [order("p-1", "2026-02-01T12:00:00Z", "m-1").with("revenue", 60)];
    live.handle_event(&history[0], bought);
    turned(&mut live);
    let now = at("2026-02-02T00:00:00Z");
    let stays = ("stays", "count(\"Order Completed\") > 0");
    let program = |bound| shop(&[("big", bound), stays]).program();
    live.handle_program(program("sum(\"Order Completed\".revenue) > 70"), now);
    // Nothing is told before it is known, and what is not known is not a no.
    assert_eq!(live.poll_transition(), None);
    for segment in ["big", "stays"] {
        assert_eq!(live.membership(&p, segment), Membership::NotReady);
    }
    assert_eq!(live.poll_backfill(), Some(p.clone()));
    assert_eq!(live.poll_backfill(), None);
    assert_eq!(live.membership(&p, "big"), Membership::NotReady);
    live.handle_backfill(&p, history.clone(), now);
    let turns: Vec<Transition> = std::iter::from_fn(|| live.poll_transition()).collect();
    let turns: Vec<(&str, bool, &Cause)> =
        turns.iter().map(|turn| (&*turn.segment, turn.entered, &turn.cause)).collect();
    assert_eq!(turns, [("big", false, &Cause::Definition), ("stays", true, &Cause::Definition)]);
    // What means the same as before goes on meanwhile.
    live.handle_program(program("sum(\"Order Completed\".revenue) > 10"), now);
    assert_eq!(live.membership(&p, "big"), Membership::NotReady);
    assert_eq!(live.membership(&p, "stays"), Membership::In);
    assert_eq!(live.membership(&p, "no such segment"), Membership::NotReady);
}

#[test]
fn an_expected_person_is_not_ready_until_the_history_is_there() {
    let mut live = active();
    let (p, now) = (ProfileId::new("p-1"), at("2026-02-02T00:00:00Z"));
    assert_eq!(live.membership(&p, "active"), Membership::Out);
    live.expect(&p, []);
    assert_eq!(live.membership(&p, "active"), Membership::NotReady);
    // What happens meanwhile turns nothing yet, and is not lost.
    live.handle_event(&order("p-1", "2026-02-02T00:00:00Z", "m-2"), now);
    assert_eq!((live.poll_transition(), live.poll_timeout()), (None, None));
    assert_eq!(live.membership(&p, "active"), Membership::NotReady);
    assert_eq!(live.poll_backfill(), Some(p.clone()));
    live.handle_backfill(&p, [order("p-1", "2026-02-01T12:00:00Z", "m-1")], now);
    assert_eq!(turned(&mut live), (true, now, Cause::BackFill));
    assert_eq!(live.membership(&p, "active"), Membership::In);
    assert_eq!(live.poll_timeout(), Some(now.plus(Duration::days(7))));
}

#[test]
fn who_was_told_to_be_in_before_is_not_told_again() {
    let now = at("2026-02-02T00:00:00Z");
    let history = |live: &mut Live, instant| {
        live.expect(&"p-1".into(), ["active"]);
        live.handle_backfill(&"p-1".into(), [order("p-1", instant, "m-1")], now);
    };
    let mut live = active();
    history(&mut live, "2026-02-01T12:00:00Z");
    assert_eq!(live.poll_transition(), None);
    assert_eq!(live.membership(&"p-1".into(), "active"), Membership::In);
    let mut live = active();
    history(&mut live, "2026-01-01T12:00:00Z");
    assert_eq!(turned(&mut live), (false, now, Cause::BackFill));
}

#[test]
fn transitions_tell_events_whose_ids_follow_from_them() {
    let tell = |now| {
        let mut live = active();
        live.handle_event(&order("p-1", "2026-02-01T12:00:00Z", "m-1"), at(now));
        live.handle_timeout(at("2026-03-01T00:00:00Z"));
        std::iter::from_fn(|| live.poll_transition()).collect::<Vec<_>>()
    };
    let events: Vec<Event> = tell("2026-02-01T12:00:00Z").iter().map(Transition::event).collect();
    let names: Vec<&str> = events.iter().map(|event| &**event.name()).collect();
    assert_eq!(names, ["Audience Entered", "Audience Exited"]);
    for (event, turn) in events.iter().zip(tell("2026-02-01T12:00:00Z")) {
        assert_eq!((event.at(), event.known_from()), (turn.at, turn.discovered));
        assert_eq!(event.person(), Some(&turn.person));
        assert_eq!(event.fields().get("audience"), Some(&Value::from("active")));
        // Told again, it is the same event.
        assert_eq!(event.id(), turn.event().id());
    }
    assert_ne!(events[0].id(), events[1].id());
}

#[test]
fn nothing_is_to_be_done_where_time_changes_nothing() {
    let rules = [("bought", "count(\"Order Completed\") > 0"), ("gold", "tier = 'gold'")];
    let mut live = Live::new(shop(&rules).program());
    assert_eq!((live.poll_timeout(), live.poll_transition()), (None, None));
    let now = at("2026-02-01T12:00:00Z");
    live.handle_event(&order("p-1", "2026-02-01T12:00:00Z", "m-1"), now);
    live.handle_event(&Event::identify("p-2", now).with("tier", "gold"), now);
    assert_eq!(std::iter::from_fn(|| live.poll_transition()).count(), 2);
    assert_eq!((live.poll_timeout(), live.poll_backfill()), (None, None));
    live.handle_timeout(at("2046-02-01T12:00:00Z"));
    assert_eq!((live.poll_timeout(), live.poll_transition()), (None, None));
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
