//! What is kept of one person.

use std::cmp::Reverse;

use super::bits::{Bits, Truths};
use super::program::{Program, Route};
use super::tree::Held;
use crate::event::Event;
use crate::expr::plan::Cond;
use crate::facts::{Facts, Timeline};
use crate::id::ProfileId;
use crate::metric::Evaluator;
use crate::segment::horizon;
use crate::time::{Timestamp, Valid};

/// So many changes of a figure are followed to find when a test turns; a test that takes longer is
/// asked again on the way.
const STEPS: usize = 2;

/// A person's facts, the truths of the leaves and the memberships.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) id: ProfileId,
    /// The number of the program by which the rest is numbered.
    pub(super) program: usize,
    pub(super) timeline: Timeline,
    /// The instant of the timer that is set.
    pub(super) timer: Timestamp,
    /// Whether they have been asked about since something had happened.
    born: bool,
    members: Bits,
    /// When which membership may turn, ascending by segment.
    due: Vec<(usize, Timestamp)>,
    leaves: Leaves,
    /// What is known and yet to happen, where it must not be kept before; the last comes first.
    ahead: Vec<Event>,
}

/// What is known of the leaves. A leaf is asked when its truth matters, and not before.
#[derive(Debug)]
struct Leaves {
    truths: Truths,
    /// Until when each of them holds; of one that was touched it is past.
    until: Box<[Timestamp]>,
}

/// A membership that turned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turned {
    pub(super) segment: usize,
    pub(super) entered: bool,
    /// Whether what was told can have to do with it.
    pub(super) told: bool,
}

/// Room to work in, kept so that it need not be made each time.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    due: Vec<(usize, Timestamp)>,
    asked: Bits,
    pub(super) turned: Vec<Turned>,
}

impl Person {
    pub(super) fn new(id: ProfileId, number: usize, program: &Program) -> Self {
        let leaves = program.leaves().len();
        Self {
            id,
            program: number,
            timeline: program.timeline(),
            timer: Timestamp::MAX,
            born: false,
            members: Bits::of(program.segments().len()),
            due: Vec::new(),
            leaves: Leaves {
                truths: Truths::of(leaves),
                until: vec![Timestamp::MIN; leaves].into(),
            },
            ahead: Vec::new(),
        }
    }

    /// The truths of these leaves may be others now.
    pub(super) fn touch(&mut self, route: &Route) {
        for leaf in &route.leaves {
            if let Some(until) = self.leaves.until.get_mut(*leaf) {
                *until = Timestamp::MIN;
            }
        }
    }

    /// One person of what is kept of several by one program, not asked about yet; named as the
    /// first.
    pub(super) fn joined(people: &[&Self], program: &Program, now: Timestamp) -> Option<Self> {
        let first = people.first()?;
        let mut joined = Self::new(first.id.clone(), first.program, program);
        let timelines = people.iter().map(|person| &person.timeline);
        joined.timeline = Timeline::merged(timelines).of_person(&first.id);
        joined.ahead = people.iter().flat_map(|person| &person.ahead).cloned().collect();
        joined.ahead.sort_by_key(|event| Reverse(event.at()));
        while let Some(event) = joined.happened(now) {
            joined.insert(&event, program, now);
        }
        Some(joined)
    }

    /// Puts in an event that is known at `now`, or lays it aside until it happens.
    pub(super) fn insert(&mut self, event: &Event, program: &Program, now: Timestamp) {
        if event.at() > now && program.tells_apart(event) {
            let place = self.ahead.partition_point(|other| other.at() > event.at());
            return self.ahead.insert(place, event.clone());
        }
        if event.known_from() > now {
            self.timeline.insert(&event.clone().received(now), program.schema());
        } else {
            self.timeline.insert(event, program.schema());
        }
        self.timeline.trim(event.name(), now);
    }

    /// When something of them first happened.
    pub(super) fn first(&self) -> Timestamp {
        self.timeline.facts(Timestamp::LAST).first().unwrap_or(Timestamp::MAX)
    }

    pub(super) fn is_member(&self, segment: usize) -> bool {
        self.members.get(segment)
    }

    /// Takes a membership as told, whether the rule says so or not.
    pub(super) fn set_member(&mut self, segment: usize) {
        self.members.set(segment, true);
    }

    /// The next event that was laid aside, once it has happened.
    pub(super) fn happened(&mut self, now: Timestamp) -> Option<Event> {
        self.ahead.pop_if(|event| event.at() <= now)
    }

    /// When to come back, if nothing else happens.
    pub(super) fn next(&self) -> Timestamp {
        let ahead = self.ahead.last().map_or(Timestamp::MAX, Event::at);
        if !self.born {
            return ahead.min(self.first());
        }
        self.due.iter().map(|(_, at)| *at).min().unwrap_or(Timestamp::MAX).min(ahead)
    }

    /// Asks about the segments that were touched and those whose time has come, and tells which
    /// memberships turned.
    pub(super) fn settle(
        &mut self,
        touched: &Bits,
        program: &Program,
        now: Timestamp,
        scratch: &mut Scratch,
    ) {
        let Scratch { due, asked, turned } = scratch;
        turned.clear();
        due.clear();
        if !self.born && self.first() > now {
            // Nobody is a member before anything of theirs happened.
            for (segment, _) in program.segments().iter().enumerate() {
                turn(&mut self.members, segment, false, true, turned);
            }
            return;
        }
        if self.born {
            asked.copy(touched);
            let come = self.due.iter().filter(|(_, at)| *at <= now);
            come.for_each(|(segment, _)| asked.set(*segment, true));
        } else {
            self.born = true;
            asked.copy(program.every_segment());
        }
        let mut held = self.due.iter().copied().peekable();
        let evaluator = Evaluator::new(self.timeline.facts(now));
        for segment in asked.iter() {
            while let Some(before) = held.next_if(|(other, _)| *other < segment) {
                due.push(before);
            }
            held.next_if(|(other, _)| *other == segment);
            let Some(compiled) = program.segments().get(segment) else { continue };
            let leaves = &mut self.leaves;
            let member = compiled.tree.holds(&mut |leaf| leaves.ask(leaf, program, &evaluator));
            due.extend(member.until.map(|until| (segment, until)));
            let told = touched.get(segment);
            turn(&mut self.members, segment, member.value == Some(true), told, turned);
        }
        due.extend(held);
        self.due.clone_from(due);
    }

    /// Whether they are a member at an earlier instant, with what is known now, and until when at
    /// least; `None` where too little was kept to tell.
    pub(super) fn was_member(
        &self,
        segment: usize,
        program: &Program,
        at: Timestamp,
    ) -> Option<Valid<bool>> {
        let first = self.first();
        if first > at {
            return Some(Valid::until(false, Some(first)));
        }
        let facts = self.timeline.facts_as_known(at, Timestamp::LAST);
        let mut told = true;
        let member = program.segments().get(segment)?.tree.holds(&mut |leaf| {
            was_true(leaf, program, facts).unwrap_or_else(|| {
                told = false;
                Valid::always(None)
            })
        });
        told.then(|| member.map(|truth| truth == Some(true)))
    }
}

/// The truth of a leaf by these facts; `None` where too little was kept to tell.
fn was_true(leaf: usize, program: &Program, facts: Facts<'_>) -> Option<Held> {
    let Cond::Test(test) = &program.leaves().get(leaf)?.cond else { return None };
    match &test.leaf {
        Some(leaf) => leaf.evaluate(&facts, STEPS, |truth| truth),
        None => Some(horizon::asked(test, &Evaluator::new(facts), STEPS, |truth| truth)),
    }
}

/// Notes a membership, and whether it turned.
fn turn(members: &mut Bits, segment: usize, entered: bool, told: bool, turned: &mut Vec<Turned>) {
    if members.get(segment) != entered {
        members.set(segment, entered);
        turned.push(Turned { segment, entered, told });
    }
}

impl Leaves {
    /// The truth of a leaf, and until when it holds.
    #[inline]
    fn ask<'a>(&mut self, leaf: usize, program: &'a Program, evaluator: &Evaluator<'a>) -> Held {
        let Some(until) = self.until.get_mut(leaf) else { return Valid::always(None) };
        if evaluator.facts().now() < *until {
            let until = (*until != Timestamp::MAX).then_some(*until);
            return Valid::until(self.truths.get(leaf), until);
        }
        let Some(Cond::Test(test)) = program.leaves().get(leaf).map(|leaf| &leaf.cond) else {
            return Valid::always(None);
        };
        let held = horizon::asked(test, evaluator, STEPS, |truth| truth);
        self.truths.set(leaf, held.value);
        *until = held.until.unwrap_or(Timestamp::MAX);
        held
    }
}
