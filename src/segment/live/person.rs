//! What is kept of one person.

use super::program::Program;
use crate::event::Event;
use crate::expr::plan::Cond;
use crate::facts::{Facts, Timeline};
use crate::id::ProfileId;
use crate::metric::Evaluator;
use crate::segment::horizon;
use crate::time::{Timestamp, Valid, earlier};

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
    truths: Truths,
    members: Bits,
    /// When which leaf may turn, ascending by leaf.
    due: Vec<(usize, Timestamp)>,
    /// What is known and yet to happen, where it must not be kept before; the last comes first.
    ahead: Vec<Event>,
}

/// A membership that turned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turned {
    pub(super) segment: usize,
    pub(super) entered: bool,
    /// Whether what was told had to do with it.
    pub(super) told: bool,
}

/// Room to work in, kept so that it need not be made each time.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    due: Vec<(usize, Timestamp)>,
    asked: Vec<(usize, bool)>,
    pub(super) turned: Vec<Turned>,
}

impl Person {
    pub(super) fn new(id: ProfileId, number: usize, program: &Program) -> Self {
        Self {
            id,
            program: number,
            timeline: program.timeline(),
            timer: Timestamp::MAX,
            born: false,
            truths: Truths::of(program.leaves().len()),
            members: Bits::of(program.segments().len()),
            due: Vec::new(),
            ahead: Vec::new(),
        }
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

    /// Asks the leaves that were touched and those whose time has come, and tells which
    /// memberships turned. `touched` ascends.
    pub(super) fn settle(
        &mut self,
        touched: &[usize],
        program: &Program,
        now: Timestamp,
        scratch: &mut Scratch,
    ) {
        scratch.turned.clear();
        scratch.asked.clear();
        if !self.born && self.first() > now {
            // Nobody is a member before anything of theirs happened.
            scratch.asked.extend((0..program.segments().len()).map(|segment| (segment, true)));
            return self.turn(scratch, |_| false);
        }
        if self.born {
            self.ask(touched.iter().copied(), program, now, scratch);
        } else {
            self.born = true;
            self.ask(0..program.leaves().len(), program, now, scratch);
            scratch.asked.extend((0..program.segments().len()).map(|segment| (segment, true)));
        }
        scratch.asked.sort_unstable();
        let truths = &self.truths;
        let segments = program.segments();
        let member = |segment: usize| {
            segments
                .get(segment)
                .is_some_and(|segment| segment.tree.truth(&|leaf| truths.get(leaf)) == Some(true))
        };
        turn(&mut self.members, scratch, member);
    }

    fn turn(&mut self, scratch: &mut Scratch, member: impl Fn(usize) -> bool) {
        turn(&mut self.members, scratch, member);
    }

    /// Asks leaves, and notes the segments of those that turned.
    fn ask(
        &mut self,
        touched: impl Iterator<Item = usize>,
        program: &Program,
        now: Timestamp,
        scratch: &mut Scratch,
    ) {
        let Self { timeline, truths, due, .. } = self;
        let evaluator = Evaluator::new(timeline.facts(now));
        scratch.due.clear();
        let mut ask = |leaf: usize, told: bool, scratch: &mut Scratch| {
            let Some(of_leaf) = program.leaves().get(leaf) else { return };
            let Cond::Test(test) = &of_leaf.cond else { return };
            let Valid { value, until } = horizon::asked(test, &evaluator, STEPS, |truth| truth);
            scratch.due.extend(until.map(|until| (leaf, until)));
            if truths.replace(leaf, value) != value {
                scratch.asked.extend(of_leaf.segments.iter().map(|segment| (*segment, told)));
            }
        };
        // Both lists ascend; they are merged.
        let mut touched = touched.peekable();
        for &(leaf, until) in &*due {
            while let Some(before) = touched.next_if(|touched| *touched < leaf) {
                ask(before, true, scratch);
            }
            let told = touched.next_if_eq(&leaf).is_some();
            if told || until <= now {
                ask(leaf, told, scratch);
            } else {
                scratch.due.push((leaf, until));
            }
        }
        touched.for_each(|leaf| ask(leaf, true, scratch));
        due.clone_from(&scratch.due);
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
        let facts = self.timeline.facts(at);
        let segment = program.segments().get(segment)?;
        let mut until = None;
        let mut truths = Truths::of(program.leaves().len());
        let mut told = true;
        segment.tree.for_each_leaf(&mut |leaf| match self.was_true(leaf, program, facts) {
            Some(valid) => {
                truths.replace(leaf, valid.value);
                until = earlier(until, valid.until);
            }
            None => told = false,
        });
        let member = segment.tree.truth(&|leaf| truths.get(leaf)) == Some(true);
        told.then_some(Valid::until(member, until))
    }

    fn was_true(
        &self,
        leaf: usize,
        program: &Program,
        facts: Facts<'_>,
    ) -> Option<Valid<Option<bool>>> {
        let Cond::Test(test) = &program.leaves().get(leaf)?.cond else { return None };
        match &test.leaf {
            Some(leaf) => leaf.evaluate(&facts, STEPS, |truth| truth),
            None => Some(horizon::asked(test, &Evaluator::new(facts), STEPS, |truth| truth)),
        }
    }
}

/// Asks the segments that were noted, in order, and notes which turned.
fn turn(members: &mut Bits, scratch: &mut Scratch, member: impl Fn(usize) -> bool) {
    let Scratch { asked, turned, .. } = scratch;
    for of_segment in asked.chunk_by(|(a, _), (b, _)| a == b) {
        let [(segment, _), ..] = *of_segment else { continue };
        let entered = member(segment);
        if members.get(segment) != entered {
            members.set(segment, entered);
            let told = of_segment.iter().any(|(_, told)| *told);
            turned.push(Turned { segment, entered, told });
        }
    }
}

/// The truths of leaves: true, false or unknown, in two bits each.
#[derive(Debug)]
struct Truths(Box<[u64]>);

impl Truths {
    fn of(leaves: usize) -> Self {
        Self(vec![0; leaves.div_ceil(32)].into())
    }

    fn get(&self, leaf: usize) -> Option<bool> {
        let word = self.0.get(leaf / 32).copied().unwrap_or_default();
        match word >> (leaf % 32 * 2) & 0b11 {
            0b01 => Some(false),
            0b11 => Some(true),
            _ => None,
        }
    }

    /// Notes a truth; what it was.
    fn replace(&mut self, leaf: usize, truth: Option<bool>) -> Option<bool> {
        let was = self.get(leaf);
        let bits = truth.map_or(0b00, |truth| u64::from(truth) << 1 | 1);
        let place = leaf % 32 * 2;
        if let Some(word) = self.0.get_mut(leaf / 32) {
            *word = *word & !(0b11 << place) | bits << place;
        }
        was
    }
}

/// So many yeses and noes.
#[derive(Debug)]
struct Bits(Box<[u64]>);

impl Bits {
    fn of(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)].into())
    }

    fn get(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word >> (index % 64) & 1 == 1)
    }

    fn set(&mut self, index: usize, bit: bool) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word = *word & !(1 << (index % 64)) | u64::from(bit) << (index % 64);
        }
    }
}
