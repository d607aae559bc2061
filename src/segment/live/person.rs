//! What is kept of one person.

use std::cmp::Reverse;

use super::due::Dues;
use super::leaves::{Leaves, STEPS, Stale};
use super::program::{Program, Way};
use super::tree::{Held, NEVER};
use crate::bits::Bits;
use crate::event::Event;
use crate::expr::plan::Cond;
use crate::facts::{Facts, Timeline};
use crate::id::ProfileId;
use crate::memory::{fetch, fetch_first};
use crate::metric::Evaluator;
use crate::segment::horizon;
use crate::time::{Timestamp, Valid};

/// After so many events it is looked whether something can be cut off; of fewer it is little.
const TRIM_EVERY: u8 = 64;

/// A person's facts, the truths of the leaves and the memberships.
///
/// There are many, seldom at hand when their turn comes, so what each turn asks for lies together.
#[derive(Debug)]
#[repr(C)]
pub(super) struct Person {
    /// The instant of the timer that is set.
    pub(super) timer: Timestamp,
    /// The number of the program by which the rest is numbered.
    pub(super) program: usize,
    /// Whether they have been asked about since something had happened.
    born: bool,
    /// Whether all leaves are as of nobody but for those that were told to be stale.
    blank: bool,
    /// How many events were put in since it was last trimmed.
    untrimmed: u8,
    due: Dues,
    leaves: Leaves,
    members: Bits,
    pub(super) id: ProfileId,
    pub(super) timeline: Timeline,
    /// What is known and yet to happen, where it must not be kept before; the last comes first.
    ahead: Vec<Event>,
}

/// A membership that turned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turned {
    pub(super) segment: usize,
    pub(super) entered: bool,
}

/// Room to work in, kept so that it need not be made each time.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    asked: Bits,
    pub(super) turned: Vec<Turned>,
}

impl Person {
    /// Somebody of whom nothing is known but the name.
    pub(super) fn new(id: ProfileId, number: usize, program: &Program) -> Self {
        let members = Bits::of(program.segments().len());
        Self::unasked(id, number, program.timeline(), members)
    }

    /// Nobody, and by no program.
    pub(super) fn nobody() -> Self {
        Self::unasked("".into(), 0, Timeline::new(), Bits::default())
    }

    fn unasked(id: ProfileId, program: usize, timeline: Timeline, members: Bits) -> Self {
        Self {
            timer: Timestamp::MAX,
            program,
            born: false,
            blank: true,
            untrimmed: 0,
            due: Dues::new(),
            leaves: Leaves::default(),
            members,
            id,
            timeline,
            ahead: Vec::new(),
        }
    }

    /// Asks for the memory that the person is in, line for line.
    #[inline]
    pub(super) fn touch(&self) {
        let Self { timer, leaves, id, timeline, ahead, .. } = self;
        fetch(timer);
        fetch(leaves);
        fetch(id);
        timeline.touch();
        fetch(ahead);
    }

    /// Asks for the memory that the person's parts are in, for all of them at once: most people have
    /// not been at hand for long, and waiting for one after the other takes longer than the work.
    #[inline]
    pub(super) fn reach(&self) {
        self.due.reach();
        self.leaves.reach();
        self.timeline.reach();
        fetch_first(self.id.as_str().as_bytes());
    }

    /// The truths of these leaves may be others now; `stale` learns of those that were known.
    fn forget(&mut self, leaves: &[usize], program: &Program, stale: &mut dyn FnMut(Stale)) {
        let known = leaves.iter().filter(|leaf| self.leaves.forget(**leaf, program.blank()));
        known.for_each(|leaf| stale(Stale { leaf: *leaf, was: None }));
    }

    /// Nothing is known of any leaf.
    pub(super) fn forget_all(&mut self) {
        self.leaves.forget_all();
        self.blank = false;
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
            joined.insert((&event, &program.way(&event)), program, now, &mut |_| {});
        }
        joined.forget_all();
        Some(joined)
    }

    /// Puts in an event that is known at `now`, or lays it aside until it happens; `stale` learns of
    /// the leaves whose truths were known and may be others now.
    pub(super) fn insert(
        &mut self,
        (event, way): (&Event, &Way),
        program: &Program,
        now: Timestamp,
        stale: &mut dyn FnMut(Stale),
    ) {
        if event.at() > now && program.tells_apart(event) {
            let place = self.ahead.partition_point(|other| other.at() > event.at());
            return self.ahead.insert(place, event.clone());
        }
        let Self { timeline, leaves, .. } = self;
        let mut changed = |column, change| {
            let pulls = program.pulls(column).iter();
            let turned = pulls.filter_map(|pull| leaves.change(pull, change, program.blank()));
            turned.for_each(&mut *stale);
        };
        if event.known_from() > now {
            timeline.learn(&event.clone().received(now), program.schema(), &mut changed);
        } else {
            timeline.learn(event, program.schema(), &mut changed);
        }
        self.untrimmed += 1;
        if self.untrimmed == TRIM_EVERY {
            self.untrimmed = 0;
            timeline.trim(now);
        }
        program.routes(way).for_each(|route| self.forget(&route.looking, program, stale));
    }

    /// Takes an event back, as [`Person::insert`].
    pub(super) fn take_back(
        &mut self,
        (event, way): (&Event, &Way),
        program: &Program,
        now: Timestamp,
        stale: &mut dyn FnMut(Stale),
    ) {
        self.timeline.take_back(event, program.schema(), now);
        program.routes(way).for_each(|route| self.forget(&route.leaves, program, stale));
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
        if self.due.next() < NEVER { self.due.next().min(ahead) } else { ahead }
    }

    /// Asks about the segments of the leaves that are `stale`, unless those come to what they were,
    /// and about those whose time has come, and tells which memberships turned.
    pub(super) fn settle(
        &mut self,
        stale: impl Iterator<Item = Stale>,
        program: &Program,
        now: Timestamp,
        scratch: &mut Scratch,
    ) {
        let Scratch { asked, turned } = scratch;
        turned.clear();
        if !self.born && self.first() > now {
            self.forget_all();
            // Nobody is a member before anything of theirs happened.
            for (segment, _) in program.segments().iter().enumerate() {
                turn(&mut self.members, segment, false, turned);
            }
            return;
        }
        let evaluator = Evaluator::new(self.timeline.facts(now));
        if self.born || self.blank {
            asked.copy(if self.born { program.no_segment() } else { program.first_segments() });
            let turned = stale.filter(|Stale { leaf, was }| {
                !was.is_some_and(|was| self.leaves.ask(*leaf, program, &evaluator) == was)
            });
            let leaves = turned.filter_map(|stale| program.leaves().get(stale.leaf));
            leaves.for_each(|leaf| asked.unite(&leaf.segments));
            self.due.for_each_come(now, |segment| asked.set(segment, true));
        } else {
            asked.copy(program.every_segment());
        }
        self.born = true;
        let Self { leaves, due, members, .. } = self;
        asked.for_each(|segment| {
            let Some(compiled) = program.segments().get(segment) else { return };
            let member = compiled.tree.holds(&mut |leaf| leaves.ask(leaf, program, &evaluator));
            due.set(segment, member.until);
            turn(members, segment, member.truth == Some(true), turned);
        });
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
                Held::always(None)
            })
        });
        let until = (member.until < NEVER).then_some(member.until);
        told.then(|| Valid::until(member.truth == Some(true), until))
    }
}

/// The truth of a leaf by these facts; `None` where too little was kept to tell.
fn was_true(leaf: usize, program: &Program, facts: Facts<'_>) -> Option<Held> {
    let Cond::Test(test) = &program.leaves().get(leaf)?.cond else { return None };
    let Valid { value: truth, until } = match &test.leaf {
        Some(leaf) => leaf.evaluate(&facts, STEPS, |truth| truth)?,
        None => horizon::asked(test, &Evaluator::new(facts), STEPS, |truth| truth),
    };
    Some(Held { truth, until: until.unwrap_or(NEVER) })
}

/// Notes a membership, and whether it turned.
fn turn(members: &mut Bits, segment: usize, entered: bool, turned: &mut Vec<Turned>) {
    if members.get(segment) != entered {
        members.set(segment, entered);
        turned.push(Turned { segment, entered });
    }
}
