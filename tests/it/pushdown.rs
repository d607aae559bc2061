//! What an engine answers about tables, against the reference.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::segment::Segment;
use bespoke::segment::pushdown::{Dialect, Exactness, Pushdown, Query};
use bespoke::testing::naive::{Fact, World};
use bespoke::testing::strategy::{self, events, fill, schema};
use bespoke::time::Timestamp;
use proptest::prelude::*;
use rusqlite::Connection;

use crate::database;
use crate::laws::cases;
use crate::live::engine;
use crate::tables::{Layout, Stored};

/// What some people did, each event with when it is taken back.
struct People(BTreeMap<ProfileId, (Vec<Fact>, Vec<(Event, Option<Timestamp>)>)>);

impl People {
    fn of(facts: Vec<Vec<Fact>>) -> Self {
        let people = facts.into_iter().enumerate().map(|(number, facts)| {
            let person = ProfileId::from(format!("p-{number}"));
            let named = events(&facts).into_iter().map(|(event, until)| {
                let id = format!("{person}-{}", event.id().as_str());
                (event.user(person.clone()).with_id(id), until)
            });
            (person.clone(), (facts, named.collect()))
        });
        Self(people.collect())
    }

    fn timeline(&self, person: &ProfileId) -> Timeline {
        fill(Timeline::new(), &self.0[person].1, &schema())
    }

    fn load(&self, layout: &Layout) -> Connection {
        let events: Vec<_> = self
            .0
            .values()
            .flat_map(|(_, events)| events)
            .map(|(event, until)| (event, *until))
            .collect();
        database::load(&layout.fill(&events)).unwrap()
    }
}

fn codes(
    connection: &Connection,
    query: &Query,
    segments: usize,
) -> (BTreeMap<ProfileId, Vec<i64>>, BTreeMap<Arc<str>, Exactness>) {
    let statement = query.on(Dialect::Sqlite).unwrap();
    let rows = database::found(connection, statement.sql(), segments);
    let rows = rows.unwrap_or_else(|error| panic!("{error}\n{}", statement.sql()));
    (rows.into_iter().collect(), statement.exactness().clone())
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn a_table_finds_the_members_that_the_reference_finds(
        definitions in strategy::definitions(),
        facts in prop::collection::vec(strategy::facts(), 1..6),
        moments in prop::collection::vec(strategy::moments(), 1..4),
    ) {
        let schema = schema();
        let (engine, rules) = engine(&definitions, schema.clone());
        let segments: Vec<(Arc<str>, Segment)> =
            engine.segments().iter().map(|(name, segment)| (Arc::clone(name), segment.clone())).collect();
        let people = People::of(facts);
        let layout = Layout::new(&schema, Stored::Whole);
        let connection = people.load(&layout);
        let pushdown = Pushdown::new(layout.table(), &schema).unwrap();
        for (now, known) in moments {
            let query = pushdown.query(segments.clone(), now).as_known(known);
            let (rows, exactness) = codes(&connection, &query, segments.len());
            for (number, (name, segment)) in segments.iter().enumerate() {
                let alone = pushdown.query([(Arc::clone(name), segment.clone())], now).as_known(known);
                let (alone, _) = codes(&connection, &alone, 1);
                for (person, (facts, _)) in &people.0 {
                    let world = World::new(&schema, facts, now).of_person(person.as_str())
                        .as_known(known)
                        .with_names(&definitions.metrics, &definitions.segments);
                    let known_at_all = people.timeline(person).facts_as_known(now, known).is_known();
                    let member = known_at_all && world.is_member(&rules[name]);
                    let code = rows.get(person).map_or(0, |codes| codes[number]);
                    let own = alone.get(person).map_or(0, |codes| codes[0]);
                    prop_assert_eq!(code, own, "{} alone", rules[name]);
                    let right = match (code, &exactness[name]) {
                        (1, Exactness::Exact) => false,
                        (1, _) => true,
                        (code, _) => (code == 2) == member,
                    };
                    prop_assert!(right, "{} of {} at {} as known at {}: {} instead of {}\n{}", rules[name], person, now, known, code, member, query.on(Dialect::Sqlite).unwrap().sql());
                }
            }
            let members = query.finish(rows, |person| Ok(people.timeline(person))).unwrap();
            for (name, members) in members {
                let expected: BTreeSet<&ProfileId> = people.0.iter().filter(|(person, (facts, _))| {
                    let world = World::new(&schema, facts, now).of_person(person.as_str())
                        .as_known(known)
                        .with_names(&definitions.metrics, &definitions.segments);
                    people.timeline(person).facts_as_known(now, known).is_known() && world.is_member(&rules[&name])
                }).map(|(person, _)| person).collect();
                prop_assert_eq!(members.iter().collect::<BTreeSet<_>>(), expected);
            }
        }
    }
}
#[test]
fn stats_of_rules() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let schema = schema();
    let layout = Layout::new(&schema, Stored::Whole);
    let pushdown = Pushdown::new(layout.table(), &schema).unwrap();
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    let mut kinds = [0; 3];
    for _ in 0..1500 {
        let definitions = strategy::definitions().new_tree(&mut runner).unwrap().current();
        let (engine, _) = engine(&definitions, schema.clone());
        let segments: Vec<_> =
            engine.segments().iter().map(|(n, s)| (Arc::clone(n), s.clone())).collect();
        let query = pushdown.query(segments, Timestamp::from_micros(1_772_323_200_000_000));
        for e in query.on(Dialect::Sqlite).unwrap().exactness().values() {
            let c = match e {
                Exactness::Exact => {
                    kinds[0] += 1;
                    continue;
                }
                Exactness::Inexact(c) => {
                    kinds[1] += 1;
                    c
                }
                Exactness::Unsupported(c) => {
                    kinds[2] += 1;
                    c
                }
                _ => continue,
            };
            for c in c.iter() {
                *reasons.entry(c.reason.to_string()).or_default() += 1;
            }
        }
    }
    println!("{kinds:?} {reasons:#?}");
}
