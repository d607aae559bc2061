//! Live membership: who enters and leaves segments, at the exact instant, with the cause.
//!
//! A [`Live`] is a state machine without a clock and without I/O: the host tells what happened
//! (`handle_*`), takes what follows (`poll_transition`) and comes back when it is told to
//! (`poll_timeout`). Of each person it keeps what the segments' rules need of the past, and nothing
//! else; what it keeps answers as [`Segment::evaluate`](super::Segment::evaluate) does of a whole
//! timeline.
//!
//! ```
//! use bespoke::engine::Engine;
//! use bespoke::event::Event;
//! use bespoke::schema::Schema;
//! use bespoke::segment::live::{Cause, Live};
//! use bespoke::value::Kind;
//!
//! let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
//! let mut engine = Engine::new(schema)?;
//! engine.add_segment("active", r#"count("Order Completed" over 90 days) > 0"#)?;
//! let mut live = Live::new(engine.program());
//!
//! let bought = "2026-02-01T12:00:00Z".parse()?;
//! live.handle_event(&Event::track("p-1", "Order Completed", bought).with_id("m-1"), bought);
//! let entered = live.poll_transition().unwrap();
//! assert!(entered.entered && entered.at == bought);
//! assert_eq!(entered.cause, Cause::Event("m-1".into()));
//!
//! // Nothing else happens; ninety days later, to the microsecond, they leave.
//! let timeout = live.poll_timeout().unwrap();
//! assert_eq!(timeout, "2026-05-02T12:00:00Z".parse()?);
//! live.handle_timeout(timeout);
//! let left = live.poll_transition().unwrap();
//! assert!(!left.entered && left.at == timeout && left.cause == Cause::Time);
//! # Ok::<(), bespoke::Error>(())
//! ```
//!
//! # Several identifiers, one person
//!
//! After [`Live::handle_link`] one person answers for both identifiers, as if everything had been
//! told of one from the start. What was told of each is kept besides, so that after
//! [`Live::handle_unlink`] they are as if they had never been linked. The person goes by the least
//! identifier; transitions are theirs, and asking about any other asks about them.
//!
//! # Costs
//!
//! An event costs time in proportion to the tests whose figures it changes (each entry knows its
//! column, and each column the tests that read it) and that it can turn: one more order of somebody
//! who has enough of them turns nothing, and of somebody who needs three more neither; only the
//! others are asked anew, with the segments that they stand in. So it does not matter how many
//! segments, other tests and other people there are; segments with equal tests share them. A test is
//! a few searches over the person's events of one sort, so its cost grows with the logarithm of
//! their number; tests that no column answers (funnels, groups, `over last`, extremes of texts,
//! filters that read a trait) look at the events in their window. An event that is late moves the
//! later events of its sort, and nothing of other people.
//! While nothing happens and no timer is due, nothing is done.

mod ahead;
mod backfill;
mod due;
mod leaves;
mod link;
mod people;
mod person;
mod program;
mod pull;
mod timers;
mod transition;
mod tree;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

pub use program::Program;
pub use transition::{Cause, Transition};

use super::Membership;
use crate::event::{Event, EventKind};
use crate::id::ProfileId;
use crate::identity::linked_by;
use crate::time::{Duration, Timestamp};
use backfill::{Reason, Waiting};
use leaves::Stale;
use link::Linked;
use people::People;
use person::{Person, Scratch};
use program::Way;
use timers::Timers;

/// What is told longer than this after it happened is late; phones and queues hold events back for
/// minutes, imports for longer.
const LATE: Duration = Duration::hours(1);

/// As far back as this the instant is told at which what was told late took effect, and so much
/// longer than windows need it the past is kept.
const LOOK_BACK: Duration = Duration::days(1);

/// Many segments over many people, followed live.
#[derive(Debug)]
pub struct Live {
    now: Timestamp,
    late: Duration,
    programs: Vec<Program>,
    /// Those who are asked about; of a linked identifier it is the person behind it, under the
    /// number of the least.
    people: People,
    linked: Linked,
    timers: Timers,
    pending: Pending,
    /// People whose history is to be fetched, and those of them that were asked for.
    wanted: VecDeque<usize>,
    waiting: BTreeMap<usize, Waiting>,
    transitions: VecDeque<Transition>,
    scratch: Scratch,
}

/// What was handled at the present instant and is yet to be asked about, together.
#[derive(Debug, Default)]
struct Pending {
    told: Vec<(usize, Told)>,
    /// The leaves of people whose truths are to be found anew.
    stale: Vec<(usize, Stale)>,
}

/// What happened to a person.
#[derive(Clone, Debug)]
struct Told {
    at: Timestamp,
    cause: Cause,
    way: Way,
}

impl Live {
    /// Nobody yet, and these segments.
    pub fn new(program: Program) -> Self {
        Self {
            now: Timestamp::MIN,
            late: LATE,
            programs: vec![program],
            people: People::default(),
            linked: Linked::default(),
            timers: Timers::default(),
            pending: Pending::default(),
            wanted: VecDeque::new(),
            waiting: BTreeMap::new(),
            transitions: VecDeque::new(),
            scratch: Scratch::default(),
        }
    }

    /// The same, for which an event is late that is told longer than this after it happened; by
    /// default an hour.
    #[must_use]
    pub fn late_after(self, late: Duration) -> Self {
        Self { late, ..self }
    }

    /// How many people are kept; each identifier counts, linked or not.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody is kept.
    pub fn is_empty(&self) -> bool {
        self.people.len() == 0
    }

    /// An event is told at `now`.
    ///
    /// Whoever is told of for the first time has no history before it; of others tell by
    /// [`Live::expect`] first. An event must be told once: duplicates are for
    /// [`Dedupe`](crate::event::Dedupe) to drop. An event of nobody changes nothing; an alias links
    /// besides, as [`Live::handle_link`]. `now` does not go back: an earlier one counts as the
    /// latest there was. What is handled at one `now` is taken together.
    pub fn handle_event(&mut self, event: &Event, now: Timestamp) {
        event.touch();
        let number = event.person().map(|id| self.number(id));
        number.into_iter().for_each(|number| self.people.touch(number));
        self.advance(now);
        number.into_iter().for_each(|number| self.keep(number, event));
        if let Some((a, b)) = linked_by(event) {
            self.handle_link(a, b, now);
        }
    }

    fn keep(&mut self, number: usize, event: &Event) {
        if let Some(waiting) = self.waiting.get_mut(&number) {
            waiting.events.push(event.clone());
            if waiting.lost.is_some() {
                return;
            }
        }
        let late = self.now > event.at().plus(self.late);
        let cause = if late { Cause::LateEvent } else { Cause::Event };
        self.change(number, event, (event.at(), cause(event.id())), Person::insert);
    }

    /// An event that was told before is taken back at `now`: it is no longer known. An alias takes
    /// its link back too, as [`Live::handle_unlink`].
    ///
    /// Where what is kept is not enough to do so, the person's history is asked for by
    /// [`Live::poll_backfill`] and they are [`Membership::NotReady`] until it comes.
    pub fn handle_retraction(&mut self, event: &Event, now: Timestamp) {
        self.advance(now);
        self.take_back(event);
        if let Some((a, b)) = linked_by(event) {
            self.handle_unlink(a, b, now);
        }
    }

    fn take_back(&mut self, event: &Event) {
        let Some(number) = event.person().and_then(|id| self.people.number(id)) else { return };
        let Some(person) = self.alone(number) else { return };
        let cause = Cause::Retraction(event.id());
        let Some(program) = self.programs.get(person.program) else { return };
        let whole = event.kind() != EventKind::Identify
            && event.at() > person.first()
            && !program.tells_apart(event);
        let waiting = self.waiting.get_mut(&number).map(|waiting| {
            waiting.events.retain(|other| other.id() != event.id());
        });
        if waiting.is_some() || !whole {
            return self.want(number, Some(Reason::retraction(event)));
        }
        self.change(number, event, (self.now, cause), Person::take_back);
    }

    /// Changes what is kept of an identifier by an event, alone and in the person behind it, whom
    /// it may touch.
    fn change(
        &mut self,
        number: usize,
        event: &Event,
        (at, cause): (Timestamp, Cause),
        change: impl Fn(&mut Person, (&Event, &Way), &Program, Timestamp, &mut dyn FnMut(Stale)),
    ) {
        let mut behind = number;
        if let Some(alone) = self.linked.alone.get_mut(&number) {
            if let Some(program) = self.programs.get(alone.kept.program) {
                let way = program.way(event);
                change(&mut alone.kept, (event, &way), program, self.now, &mut |_| {});
            }
            behind = alone.behind;
        }
        let Some(person) = self.people.get_mut(behind) else { return };
        person.reach();
        let Some(program) = self.programs.get(person.program) else { return };
        let Pending { told, stale } = &mut self.pending;
        let way = program.way(event);
        let stale = &mut |leaf| stale.push((behind, leaf));
        change(person, (event, &way), program, self.now, stale);
        told.push((behind, Told { at, cause, way }));
    }

    /// It is `now`: whoever's time has come is asked about.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.advance(now);
        self.settle();
        self.fire(self.now);
    }

    /// The next entry or exit there is, in the order of discovery.
    pub fn poll_transition(&mut self) -> Option<Transition> {
        self.settle();
        self.transitions.pop_front()
    }

    /// When to come back by [`Live::handle_timeout`], if nothing is handled before; never if there
    /// is none.
    pub fn poll_timeout(&mut self) -> Option<Timestamp> {
        self.settle();
        while let Some((at, number)) = self.timers.first() {
            if self.is_set(number, at) {
                return (at <= Timestamp::LAST).then_some(at);
            }
            self.timers.take(at);
        }
        None
    }

    /// Whether a person is in a segment, by what was handled so far; of a linked identifier it is
    /// asked of the person behind it.
    ///
    /// Somebody who was never told of is out of every segment; [`Membership::NotReady`] is what a
    /// segment is that does not exist.
    pub fn membership(&mut self, person: &ProfileId, segment: &str) -> Membership {
        self.settle();
        let current = self.programs.last();
        let Some((current, number)) = current.and_then(|p| Some((p, p.number(segment)?))) else {
            return Membership::NotReady;
        };
        let Some(place) = self.people.number(person) else { return Membership::Out };
        let behind = self.linked.behind(place);
        if self.is_lost(behind) {
            return Membership::NotReady;
        }
        let Some(person) = self.people.get(behind) else { return Membership::Out };
        let member = if person.program + 1 == self.programs.len() {
            Some(person.is_member(number))
        } else {
            self.programs.get(person.program).and_then(|program| {
                let number = program.number(segment)?;
                let same = program.segments().get(number)?.is_in(current);
                same.then(|| person.is_member(number))
            })
        };
        member.map_or(Membership::NotReady, Membership::of)
    }

    /// The number of a person; a new one has no history.
    fn number(&mut self, id: &ProfileId) -> usize {
        if let Some(number) = self.people.number(id) {
            return number;
        }
        let current = self.programs.len() - 1;
        let add = |program| self.people.add(Person::new(id.clone(), current, program));
        self.programs.last().map_or(usize::MAX, add)
    }

    /// Goes on to `now`: what was handled before is settled, and timers that were due before fire.
    fn advance(&mut self, now: Timestamp) {
        if now <= self.now {
            return;
        }
        self.settle();
        let before = Timestamp::from_micros(now.micros() - 1);
        self.now = now;
        self.fire(before);
    }

    /// Asks about whoever something was handled of at the present instant.
    fn settle(&mut self) {
        if self.pending.told.is_empty() {
            return;
        }
        let Pending { mut told, mut stale } = std::mem::take(&mut self.pending);
        if told.len() > 1 {
            // Of several things told of a person the last to happen is the cause.
            told.sort_by(|(a, told), (b, other)| (a, told.at).cmp(&(b, other.at)));
            stale.sort_unstable_by_key(|(number, stale)| (*number, stale.leaf));
        }
        let mut rest = &*stale;
        for of_person in told.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((number, _)) = of_person.last() else { continue };
            let (leaves, others) = rest.split_at(rest.partition_point(|(a, _)| a <= number));
            self.ask(*number, leaves, of_person, self.now);
            rest = others;
        }
        told.clear();
        stale.clear();
        self.pending = Pending { told, stale };
    }

    /// Asks about everybody whose timer is due at `upto` or before.
    fn fire(&mut self, upto: Timestamp) {
        while let Some((at, number)) = self.timers.take(upto) {
            self.reach_timers();
            if self.is_set(number, at) {
                self.come_back(number, at);
            }
        }
    }

    /// A person's time has come.
    fn come_back(&mut self, number: usize, at: Timestamp) {
        let Some(person) = self.people.get_mut(number) else { return };
        person.reach();
        person.timer = Timestamp::MAX;
        let Some(program) = self.programs.get(person.program) else { return };
        let (mut told, mut stale) = (Vec::new(), Vec::new());
        while let Some(event) = person.happened(at) {
            let way = program.way(&event);
            let stale = &mut |leaf| stale.push((number, leaf));
            person.insert((&event, &way), program, at, stale);
            told.push((number, Told { at, cause: Cause::Event(event.id()), way }));
        }
        self.ask(number, &stale, &told, at);
    }

    fn is_set(&self, number: usize, at: Timestamp) -> bool {
        self.people.get(number).is_some_and(|person| person.timer == at)
    }

    /// Asks about one person at an instant, of whom these leaves are stale, and tells what turned.
    fn ask(
        &mut self,
        number: usize,
        stale: &[(usize, Stale)],
        told: &[(usize, Told)],
        at: Timestamp,
    ) {
        if self.is_lost(number) {
            return;
        }
        let Some(person) = self.people.get_mut(number) else { return };
        let Some(program) = self.programs.get(person.program) else { return };
        let leaves = stale.iter().map(|(_, leaf)| *leaf);
        person.settle(leaves, program, at, &mut self.scratch);
        for turned in &self.scratch.turned {
            let Some(segment) = program.segments().get(turned.segment) else { continue };
            let shared = |last| segment.is_in(last);
            if person.program + 1 < self.programs.len() && !self.programs.last().is_some_and(shared)
            {
                continue;
            }
            let concerns = told.iter().any(|(_, told)| program.concerns(&told.way, turned.segment));
            let told = told.last().filter(|_| concerns).map(|(_, told)| told);
            let since = told
                .map_or(at, |told| took_effect(person, program, turned, told.at..at).unwrap_or(at));
            self.transitions.push_back(Transition {
                person: person.id.clone(),
                segment: Arc::clone(&segment.name),
                entered: turned.entered,
                at: since,
                discovered: self.now,
                cause: told.map_or(Cause::Time, |told| told.cause.clone()),
            });
        }
        self.schedule(number);
    }

    /// Sets a person's timer, unless one is set that comes earlier and sets it anew then.
    fn schedule(&mut self, number: usize) {
        let Some(person) = self.people.get_mut(number) else { return };
        let next = person.next();
        if next < person.timer {
            person.timer = next;
            self.timers.set(next, number);
        }
    }
}

/// Since when a membership that was found at the end of a stretch has been so, by what is known
/// now; `None` if it cannot be told.
fn took_effect(
    person: &Person,
    program: &Program,
    turned: &person::Turned,
    stretch: std::ops::Range<Timestamp>,
) -> Option<Timestamp> {
    let std::ops::Range { start, end } = stretch;
    if start >= end || start < end.minus(LOOK_BACK) {
        return None;
    }
    let (mut at, mut since) = (start, None);
    while at < end {
        let member = person.was_member(turned.segment, program, at)?;
        since = if member.value == turned.entered { since.or(Some(at)) } else { None };
        at = member.until.unwrap_or(Timestamp::MAX);
    }
    since
}
