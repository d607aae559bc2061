//! Memberships through time, compared with a replay that asks the reference at every instant at
//! which it may answer otherwise.

use std::collections::BTreeSet;

use bespoke::segment::{History, Knowledge, Turn};
use bespoke::testing::naive::{Fact, World};
use bespoke::testing::strategy::{self, Definitions, PERSON, events, schema, timeline};
use bespoke::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use crate::laws::{Compiled, cases};

/// The reference, asked about one instant after another.
struct Replay<'a> {
    world: World<'a>,
    definitions: &'a Definitions,
    facts: &'a [Fact],
    knowledge: Knowledge,
}

impl Replay<'_> {
    fn is_in(&self, now: Timestamp) -> bool {
        let known = match self.knowledge {
            Knowledge::Fixed(known) => known,
            Knowledge::Following => now,
        };
        let counts =
            |fact: &Fact| fact.at <= now && fact.known_from <= known && known < fact.known_until;
        let world = self.world.at(now).as_known(known);
        self.facts.iter().any(counts) && world.is_member(&self.definitions.rule)
    }

    /// Where facts happen, become known and are taken back, and where windows and comparisons may
    /// turn; each with the microseconds around it.
    fn candidates(&self, upto: Timestamp) -> BTreeSet<Timestamp> {
        let mut candidates = self.world.turns(&self.definitions.rule);
        let known = self.facts.iter().flat_map(|fact| [fact.known_from, fact.known_until]);
        candidates.extend(known.flat_map(|at| [before(at), at, at.next()]));
        candidates.retain(|at| *at <= upto);
        candidates.insert(upto);
        candidates
    }

    /// To the microsecond: every turn is one of the reference, and between turns it has none.
    fn agrees(&self, history: &History, upto: Timestamp) -> TestCaseResult {
        let rule = &self.definitions.rule;
        let mut turns = history.turns().iter();
        prop_assert!(turns.clone().is_sorted_by(|a, b| a.at < b.at && a.entered != b.entered));
        prop_assert!(turns.clone().next().is_none_or(|first| first.entered));
        prop_assert!(turns.clone().all(|turn| turn.at <= upto));
        let wrong = turns.find(|Turn { at, entered, .. }| {
            self.is_in(*at) != *entered || self.is_in(before(*at)) == *entered
        });
        prop_assert!(wrong.is_none(), "{} does not turn as {:?}", rule, wrong);
        for at in self.candidates(upto) {
            let is_in = self.is_in(at);
            prop_assert_eq!(history.is_in(at), is_in, "{} at {}: {:?}", rule, at, history);
        }
        Ok(())
    }
}

fn before(at: Timestamp) -> Timestamp {
    Timestamp::from_micros(at.micros().saturating_sub(1))
}

proptest! {
    #![proptest_config(cases(600))]

    #[test]
    fn a_history_is_a_replay_of_every_instant(
        definitions in strategy::definitions(),
        facts in strategy::facts(),
        (upto, known) in strategy::moments(),
    ) {
        let compiled = Compiled::of(&definitions)?;
        let schema = schema();
        let timeline = timeline(&events(&facts), &schema);
        let world = World::new(&schema, &facts, upto).of_person(PERSON)
            .with_names(&definitions.metrics, &definitions.segments);
        for knowledge in [Knowledge::Following, Knowledge::Fixed(known)] {
            let replay = Replay { world, definitions: &definitions, facts: &facts, knowledge };
            let history = compiled.rule.history(&timeline, upto, knowledge);
            replay.agrees(&history, upto)?;
        }
    }
}
