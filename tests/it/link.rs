//! Two identifiers found to be one person: timelines put together, links, and live membership.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bespoke::engine::{Engine, Wanted};
use bespoke::event::Event;
use bespoke::expr::Expr;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::identity::Links;
use bespoke::schema::{BusinessKey, Schema};
use bespoke::seed::Seed;
use bespoke::segment::Membership;
use bespoke::segment::live::{Cause, Live, Transition};
use bespoke::testing::naive::{Fact, World};
use bespoke::testing::shop::{self, Shop};
use bespoke::testing::strategy::{self, Definitions, events, fill, schema};
use bespoke::time::{Duration, Timestamp};
use proptest::prelude::*;

use crate::defined::engine;
use crate::laws::cases;
use crate::live::{Retractable, Script, Told, drain, replay, told};

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
        for empty in [&|| engine.timeline(), &Timeline::new as &dyn Fn() -> Timeline] {
            let expected = view(&fill(empty(), &told, engine.schema()));
            let mut parts = parts(empty);
            prop_assert_eq!(view(&Timeline::merged(&parts)), expected.clone());
            parts.rotate_left(1);
            prop_assert_eq!(view(&Timeline::merged(&parts)), expected);
        }
        // The columns are those of the first.
        let expected = view(&fill(engine.timeline(), &told, engine.schema()));
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

/// How many links between two identifiers were told by an instant and not taken back.
fn left<T: Copy + Ord>(
    told: &[(usize, usize, bool, T)],
    (a, b): (usize, usize),
    known: T,
) -> usize {
    let of_both = told.iter().filter(|(c, d, ..)| (a, b) == (*c, *d) || (b, a) == (*c, *d));
    let mut of_both: Vec<_> = of_both.filter(|(.., from)| *from <= known).collect();
    of_both.sort_by_key(|(_, _, linked, from)| (*from, !linked));
    of_both.iter().fold(
        0_usize,
        |left, (_, _, linked, _)| {
            if *linked { left + 1 } else { left.saturating_sub(1) }
        },
    )
}

/// Which of the identifiers are one person with `of`, by the letter of the definition.
fn reached(told: &[Telling], of: usize, known: i64) -> BTreeSet<ProfileId> {
    let is_linked = |a: usize, b: usize| left(told, (a, b), known) > 0;
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

/// What is told until an instant, this included, and what is told later.
fn split(mut script: Script, at: Timestamp) -> [Script; 2] {
    let later = script.split_off(&Timestamp::from_micros(at.micros() + 1));
    [script, later]
}

/// Tells what is told until an instant.
fn until(live: &mut Live, events: &[Retractable], script: &Script, at: Timestamp) {
    replay(live, events, script, at);
    live.handle_timeout(at);
    drain(live, events, at);
}

type Memberships = Vec<(usize, Arc<str>, Membership)>;

/// What is so of these identifiers, and what turns with what is told later.
fn goes_on(
    live: &mut Live,
    rules: &BTreeMap<Arc<str>, Expr>,
    numbers: &[usize],
    events: &[Retractable],
    later: &Script,
) -> (Memberships, Vec<Transition>) {
    let mut memberships = Vec::new();
    for number in numbers {
        for name in rules.keys() {
            memberships.push((*number, Arc::clone(name), live.membership(&id(*number), name)));
        }
    }
    let mut turned = replay(live, events, later, UPTO.parse().unwrap());
    turned.sort_by(|a, b| {
        (a.discovered, &a.person, &a.segment).cmp(&(b.discovered, &b.person, &b.segment))
    });
    (memberships, turned)
}

/// The same, but for since when it has been so.
fn when_found(turned: Vec<Transition>) -> Vec<Transition> {
    let found = |turned: Transition| {
        let mut found = turned.clone();
        found.at = turned.discovered;
        found
    };
    turned.into_iter().map(found).collect()
}

/// The same, but where several things were told at once, not which of them is named as the cause.
fn of_one_cause(turned: Vec<Transition>, script: &Script) -> Vec<Transition> {
    let several = |at: &Timestamp| script.get(at).is_some_and(|told| told.len() > 1);
    let of_one = |turned: Transition| {
        let mut found = turned.clone();
        if several(&turned.discovered) {
            (found.at, found.cause) = (turned.discovered, Cause::Time);
        }
        found
    };
    turned.into_iter().map(of_one).collect()
}

/// The script without an identifier.
fn without(script: Script, id: &ProfileId) -> Script {
    let keeps = |told: &Told| match told {
        Told::Happened(event) | Told::TakenBack(event) => event.person() != Some(id),
        Told::Linked(a, b) | Told::Unlinked(a, b) => a != id && b != id,
        Told::Erased(_) => true,
    };
    let kept = script.into_iter().map(|(at, told)| (at, told.into_iter().filter(keeps).collect()));
    kept.collect()
}

proptest! {
    #![proptest_config(cases(80))]

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
            instants.extend(turns);
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
                    let name = people.first().map_or("", ProfileId::as_str);
                    let world = world(&definitions, &schema, &facts, *now).of_person(name);
                    let expected = exists && world.is_member(rule);
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

proptest! {
    #![proptest_config(cases(150))]

    #[test]
    fn linked_identifiers_are_as_one_from_the_start(
        definitions in strategy::definitions(),
        facts in strategy::facts(),
        deal in deal(),
        (at, _) in strategy::moments(),
        backwards in prop::bool::ANY,
    ) {
        let (engine, rules) = engine(&definitions, keyed());
        let one = dealt(cancelling(&facts), &[0; 20]);
        let [before, later] = split(told(&one), at);
        let mut expected = Live::new(engine.program());
        until(&mut expected, &one, &before, at);
        let (memberships, turned) = goes_on(&mut expected, &rules, &[0], &one, &later);

        let several = dealt(cancelling(&facts), &deal);
        let mut links = [(1, 0, true, at), (1, 2, true, at)];
        if backwards {
            links.reverse();
        }
        let [before, later] = split(with_links(told(&several), &links), at);
        let mut live = Live::new(engine.program());
        until(&mut live, &several, &before, at);
        let linked = goes_on(&mut live, &rules, &[0, 1, 2], &several, &later);
        for of_one in linked.0.chunks(rules.len()) {
            let of_one = of_one.iter().map(|(_, name, membership)| (0, Arc::clone(name), *membership));
            prop_assert_eq!(of_one.collect::<Vec<_>>(), memberships.clone());
        }
        prop_assert_eq!(of_one_cause(linked.1, &later), of_one_cause(turned, &later));
    }

    #[test]
    fn unlinked_identifiers_are_as_never_linked(
        definitions in strategy::definitions(),
        facts in strategy::facts(),
        deal in deal(),
        linking in linking(),
        (at, _) in strategy::moments(),
    ) {
        let (engine, rules) = engine(&definitions, keyed());
        let events = dealt(cancelling(&facts), &deal);
        let [before, later] = split(told(&events), at);
        let mut expected = Live::new(engine.program());
        until(&mut expected, &events, &before, at);
        let expected = goes_on(&mut expected, &rules, &[0, 1, 2], &events, &later);

        let mut links: Vec<_> = linking.into_iter().filter(|(.., told)| *told <= at).collect();
        let unlinked: Vec<_> =
            links.iter().filter(|(.., linked, _)| *linked).map(|&(a, b, ..)| (a, b, false, at)).collect();
        links.extend(unlinked);
        let [before, _] = split(with_links(told(&events), &links), at);
        let mut live = Live::new(engine.program());
        until(&mut live, &events, &before, at);
        prop_assert_eq!(goes_on(&mut live, &rules, &[0, 1, 2], &events, &later), expected);
    }

    #[test]
    fn an_erased_identifier_was_never_there(
        definitions in strategy::definitions(),
        facts in strategy::facts(),
        deal in deal(),
        linking in linking(),
        (at, _) in strategy::moments(),
        erased in 0_usize..3,
    ) {
        let (engine, rules) = engine(&definitions, keyed());
        let events = dealt(cancelling(&facts), &deal);
        let script = with_links(told(&events), &linking);
        let others: Vec<usize> = (0..3).filter(|number| *number != erased).collect();
        let [mut before, later] = split(script, at);
        let later = without(later, &id(erased));
        let mut expected = Live::new(engine.program());
        until(&mut expected, &events, &without(before.clone(), &id(erased)), at);
        let expected = goes_on(&mut expected, &rules, &others, &events, &later);

        before.entry(at).or_default().push(Told::Erased(id(erased)));
        let mut live = Live::new(engine.program());
        until(&mut live, &events, &before, at);
        prop_assert_eq!(goes_on(&mut live, &rules, &others, &events, &later), expected);
    }

    #[test]
    fn new_definitions_and_restarts_keep_the_links(
        (definitions, others) in (strategy::definitions(), strategy::definitions()),
        facts in strategy::facts(),
        deal in deal(),
        linking in linking(),
        (at, _) in strategy::moments(),
    ) {
        let (old, _) = engine(&others, keyed());
        let (engine, rules) = engine(&definitions, keyed());
        let events = dealt(cancelling(&facts), &deal);
        let script = with_links(told(&events), &linking);
        let [before, later] = split(script, at);
        let mut first = Live::new(engine.program());
        until(&mut first, &events, &before, at);
        let (memberships, turned) = goes_on(&mut first, &rules, &[0, 1, 2], &events, &later);
        let turned = when_found(turned);

        // At this instant the definitions change, and whoever is linked then is linked before
        // histories come.
        let mut live = Live::new(old.program());
        let mut before = before;
        let at_once = before.split_off(&at);
        let just_before = Timestamp::from_micros(at.micros() - 1);
        until(&mut live, &events, &before, just_before);
        live.handle_program(engine.program(), at);
        until(&mut live, &events, &at_once, at);
        let (so, then) = goes_on(&mut live, &rules, &[0, 1, 2], &events, &later);
        prop_assert_eq!(&so, &memberships);
        prop_assert_eq!(&when_found(then), &turned);

        // At this instant another process takes over, and tells nothing anew.
        let mut live = Live::new(engine.program());
        let links = links_at(&linking);
        for number in 0..3 {
            let is_name = links.person(&id(number), at) == id(number);
            let told = memberships.iter().filter(|(of, _, membership)| {
                is_name && *of == number && *membership == Membership::In
            });
            live.expect(&id(number), told.map(|(_, name, _)| &**name));
            for other in 0..number {
                let left = (0..left(&linking, (number, other), at)).map(|_| (number, other));
                left.for_each(|(a, b)| live.handle_link(&id(a), &id(b), at));
            }
        }
        prop_assert_eq!(drain(&mut live, &events, at), []);
        let (so, then) = goes_on(&mut live, &rules, &[0, 1, 2], &events, &later);
        prop_assert_eq!(so, memberships);
        prop_assert_eq!(when_found(then), turned);
    }
}

/// Live membership with one identifier for each of these shoppers' events in turn.
fn shoppers(names: &[&str]) -> (Live, Vec<Retractable>) {
    let mut engine = Engine::new(shop::schema()).unwrap();
    for (name, rule) in [
        ("active", r#"count("Product Viewed" over 2 days) >= 3"#),
        ("curious", r#"count("Product Viewed") > 350"#),
        ("seen", r#"last("Email Opened") > now() - INTERVAL '1 day'"#),
        ("spent", r#"sum("Order Completed".revenue over 20 days) > 300"#),
        ("wide", r#"count(distinct "Product Viewed".sku over 2 days) > 3"#),
    ] {
        engine.add_segment(name, rule).unwrap();
    }
    let shop = Shop::new(Seed::new(5)).customers(40);
    let mut events: Vec<Event> = shop.into_iter().flat_map(|customer| customer.events).collect();
    events.sort_by_key(|event| (event.known_from(), event.id()));
    let turns = (0..names.len()).cycle();
    let events = events.into_iter().zip(turns).map(|(event, turn)| (event.user(names[turn]), None));
    (Live::new(engine.program()), events.collect())
}

#[test]
fn what_was_cut_off_counts_for_the_person_behind() {
    let linked: Timestamp = "2025-12-01T00:00:00Z".parse().unwrap();
    let upto = "2027-01-01T00:00:00Z".parse().unwrap();
    let after = |transitions: Vec<Transition>| -> Vec<Transition> {
        transitions.into_iter().filter(|turn| turn.discovered > linked).collect()
    };
    let (mut one, events) = shoppers(&["p-0"]);
    let expected = after(replay(&mut one, &events, &told(&events), upto));
    assert!(expected.len() > 20 && events.len() > 1_000, "{} {}", expected.len(), events.len());

    let (mut live, events) = shoppers(&["p-0", "p-1", "p-0", "p-2"]);
    let links = [(0, 1, true, linked), (2, 1, true, linked)];
    assert_eq!(
        after(replay(&mut live, &events, &with_links(told(&events), &links), upto)),
        expected
    );

    let (mut alone, _) = shoppers(&["p-0"]);
    let expected = after(replay(&mut alone, &events, &told(&events), upto));
    let (mut live, _) = shoppers(&["p-0"]);
    let early = linked.minus(Duration::days(60));
    let links =
        [(0, 1, true, early), (2, 1, true, early), (0, 1, false, linked), (2, 1, false, linked)];
    assert_eq!(
        after(replay(&mut live, &events, &with_links(told(&events), &links), upto)),
        expected
    );
}

#[test]
fn an_alias_links_and_its_retraction_unlinks() {
    let at = |hour: i64| Timestamp::from_micros(hour * 3_600_000_000);
    let mut engine = Engine::new(schema()).unwrap();
    engine.add_segment("two", r#"count("Page Viewed") >= 2"#).unwrap();
    let mut live = Live::new(engine.program());
    for (hour, person) in [(1, "p-2"), (2, "p-1"), (3, "p-2")] {
        live.handle_event(&Event::track(person, "Page Viewed", at(hour)), at(hour));
    }
    let turned = |live: &mut Live| -> Vec<(String, bool, Cause)> {
        let turned = std::iter::from_fn(|| live.poll_transition());
        turned.map(|turn| (turn.person.to_string(), turn.entered, turn.cause)).collect()
    };
    let entered = turned(&mut live);
    assert_eq!((entered.len(), entered[0].0.as_str(), entered[0].1), (1, "p-2", true));

    let alias = Event::alias("p-1", "p-2", at(4));
    live.handle_event(&alias, at(4));
    let link = [("p-2".to_owned(), false, Cause::Link), ("p-1".to_owned(), true, Cause::Link)];
    assert_eq!(turned(&mut live), link);
    assert_eq!(live.person(&id(2)), id(1));
    assert_eq!(live.membership(&id(2), "two"), Membership::In);

    live.handle_retraction(&alias, at(5));
    let unlink =
        [("p-1".to_owned(), false, Cause::Unlink), ("p-2".to_owned(), true, Cause::Unlink)];
    assert_eq!(turned(&mut live), unlink);
    assert_eq!(live.membership(&id(1), "two"), Membership::Out);
}

#[test]
fn what_is_yet_to_happen_is_linked_too() {
    let at = |hour: i64| Timestamp::from_micros(hour * 3_600_000_000);
    let mut engine = Engine::new(schema()).unwrap();
    let rule = r#"count(distinct "Product Viewed".category over 2 hours) >= 2"#;
    engine.add_segment("two", rule).unwrap();
    let viewed = |person: &str, category: &str, hour: i64| {
        Event::track(person, "Product Viewed", at(hour)).with("category", category)
    };
    let mut live = Live::new(engine.program());
    live.handle_event(&viewed("p-1", "a", 5).received(at(1)), at(1));
    live.handle_event(&viewed("p-2", "b", 6).received(at(1)), at(1));
    live.handle_link(&id(1), &id(2), at(2));
    let mut turned = Vec::new();
    while let Some(timeout) = live.poll_timeout() {
        live.handle_timeout(timeout);
        let turns = std::iter::from_fn(|| live.poll_transition());
        turned.extend(turns.map(|turn| (turn.person, turn.entered, turn.at)));
    }
    assert_eq!(turned, [(id(1), true, at(6)), (id(1), false, at(7))]);
}
