//! An engine finds the members that the reference finds: all rules in one query as each in its own,
//! before the library is asked about anybody, and after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bespoke::event::Event;
use bespoke::expr::Expr;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::segment::Segment;
use bespoke::segment::pushdown::{Dialect, Exactness, Pushdown, Table};
use bespoke::testing::naive::{Fact, World};
use bespoke::testing::strategy::{self, Definitions, events, fill, schema};
use bespoke::time::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::defined::engine;

/// What a query finds: people, and a code for each segment.
type Found = Vec<(ProfileId, Vec<i64>)>;

/// Definitions, the facts of some people, and the instants that are asked about.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    definitions: Definitions,
    people: People,
    moments: Vec<(Timestamp, Timestamp)>,
}

/// What may be asked of people with such facts, by what was known from an instant on.
pub(crate) fn asked(
    facts: impl Strategy<Value = Vec<Fact>>,
    first: Timestamp,
) -> impl Strategy<Value = Asked> {
    let people = vec(facts, 1..6).prop_map(People::of);
    (strategy::definitions(), people, vec(strategy::moments(), 1..4)).prop_map(
        move |(definitions, people, mut moments)| {
            moments.retain(|(_, known)| *known >= first);
            Asked { definitions, people, moments }
        },
    )
}

impl Asked {
    /// What the table is to tell, each event with the instant of its retraction.
    pub(crate) fn events(&self) -> Vec<(&Event, Option<Timestamp>)> {
        let events = self.people.0.values().flat_map(|(_, events)| events);
        events.map(|(event, until)| (event, *until)).collect()
    }

    /// Checks an engine with such a table, which answers a statement of so many segments.
    pub(crate) fn check(
        &self,
        dialect: Dialect,
        table: Table,
        ask: impl Fn(&str, usize) -> Found,
    ) -> TestCaseResult {
        let pushdown = Pushdown::new(table, &schema()).unwrap();
        self.moments.iter().try_for_each(|moment| self.check_at(*moment, &pushdown, dialect, &ask))
    }

    fn check_at(
        &self,
        moment: (Timestamp, Timestamp),
        pushdown: &Pushdown,
        dialect: Dialect,
        ask: &impl Fn(&str, usize) -> Found,
    ) -> TestCaseResult {
        let (engine, rules) = engine(&self.definitions, schema());
        let segments: Vec<(&Arc<str>, &Segment)> = engine.segments().iter().collect();
        let query = |segments: &[(&Arc<str>, &Segment)]| {
            let segments =
                segments.iter().map(|(name, segment)| (Arc::clone(name), (*segment).clone()));
            pushdown.query_as_known(segments, moment.0, moment.1)
        };
        let together = query(&segments);
        let statement = together.on(dialect).unwrap();
        let fused = ask(statement.sql(), segments.len());
        for (number, (name, segment)) in segments.iter().enumerate() {
            let rule = &rules[*name];
            let expected = self.members(rule, moment);
            let of = |code: i64| {
                let codes = fused.iter().filter(move |(_, codes)| codes[number] == code);
                codes.map(|(person, _)| person.clone()).collect::<BTreeSet<_>>()
            };
            let what = format!("{rule} at {moment:?}\n{}", statement.sql());
            prop_assert!(of(2).is_subset(&expected), "not all are members of {}", what);
            prop_assert!(expected.is_subset(&(&of(1) | &of(2))), "members are missing of {}", what);
            if statement.exactness()[*name] == Exactness::Exact {
                prop_assert!(of(1).is_empty(), "somebody is asked about of {}", what);
            }
            let alone = query(&[(*name, *segment)]).on(dialect).unwrap();
            let own = nonzero(&ask(alone.sql(), 1), 0);
            prop_assert_eq!(
                own,
                nonzero(&fused, number),
                "alone another than with others: {}",
                what
            );
        }
        let finished = together.finish(fused, |person| Ok(self.people.timeline(person))).unwrap();
        for (name, members) in finished {
            prop_assert_eq!(members, self.members(&rules[&name], moment), "{}", rules[&name]);
        }
        Ok(())
    }

    /// Who is a member by the reference, of those of whom something is known.
    fn members(&self, rule: &Expr, (now, known): (Timestamp, Timestamp)) -> BTreeSet<ProfileId> {
        let schema = schema();
        let is_member = |person: &ProfileId, facts: &[Fact]| {
            let visible = |fact: &Fact| {
                fact.at <= now && fact.known_from <= known && known < fact.known_until
            };
            let world = World::new(&schema, facts, now)
                .of_person(person.as_str())
                .as_known(known)
                .with_names(&self.definitions.metrics, &self.definitions.segments);
            facts.iter().any(visible) && world.is_member(rule)
        };
        let people = self.people.0.iter();
        let members = people.filter(|(person, (facts, _))| is_member(person, facts));
        members.map(|(person, _)| person.clone()).collect()
    }
}

/// Who has a code for a segment that is not 0, and which.
fn nonzero(found: &Found, segment: usize) -> BTreeMap<ProfileId, i64> {
    let codes = found.iter().map(|(person, codes)| (person.clone(), codes[segment]));
    codes.filter(|(_, code)| *code > 0).collect()
}

/// People with their facts, and the events that tell them.
#[derive(Clone, Debug)]
struct People(BTreeMap<ProfileId, (Vec<Fact>, Vec<Retractable>)>);

/// An event, and when it is taken back.
type Retractable = (Event, Option<Timestamp>);

impl People {
    fn of(facts: Vec<Vec<Fact>>) -> Self {
        let people = facts.into_iter().enumerate().map(|(number, facts)| {
            let person = ProfileId::from(format!("p-{number}"));
            let own = events(&facts).into_iter().map(|(event, until)| {
                let id = format!("{person}-{}", event.id().as_str());
                (event.user(person.clone()).with_id(id), until)
            });
            let own = own.collect();
            (person, (facts, own))
        });
        Self(people.collect())
    }

    fn timeline(&self, person: &ProfileId) -> Timeline {
        fill(Timeline::new(), &self.0[person].1, &schema())
    }
}
