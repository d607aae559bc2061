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
//! # Costs
//!
//! An event costs time in proportion to the tests that it can touch (those whose figures count
//! events of its name, or that read a trait it tells), however many segments, other tests and other
//! people there are; segments with equal tests share them. A test is a few searches over the
//! person's events of one sort, so its cost grows with the logarithm of their number; tests with
//! `avg`, `min`, `max`, `distinct` or a filter that reads a trait look at the events in their
//! window. An event that is late moves the later events of its sort, and nothing of other people.
//! While nothing happens and no timer is due, nothing is done.

mod bits;
mod person;
mod program;
mod tree;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap, VecDeque};
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use serde::Serialize;

pub use program::Program;

use super::Membership;
use crate::event::{Event, EventKind};
use crate::id::{MessageId, ProfileId};
use crate::time::{Duration, Timestamp};
use bits::Bits;
use person::{Person, Scratch};

/// Somebody's entry into a segment, or exit from it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Transition {
    /// Who.
    pub person: ProfileId,
    /// The segment's name.
    pub segment: Arc<str>,
    /// Whether they entered; else they left.
    pub entered: bool,
    /// Since when that has been so, by what is known now. Of what was told late it is told as far
    /// back as a day; of what is older it is the instant of discovery.
    pub at: Timestamp,
    /// When that was found.
    pub discovered: Timestamp,
    /// What brought it about.
    pub cause: Cause,
}

/// What brought a transition about.
///
/// Triggers react to events and time, unless they are told otherwise: importing history and
/// changing a definition send nothing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Cause {
    /// A person's history was loaded.
    BackFill,
    /// The segment is new or means something else than before.
    Definition,
    /// An event that told it soon after it had happened.
    Event(MessageId),
    /// An event that was told long after it had happened.
    LateEvent(MessageId),
    /// Something that had been told was taken back.
    Retraction(MessageId),
    /// Nothing but the passing of time.
    Time,
}

impl Transition {
    /// The event that tells it to others: `Audience Entered` or `Audience Exited`.
    ///
    /// Its `messageId` follows from what it tells, so telling it twice is detectable.
    pub fn event(&self) -> Event {
        let name = if self.entered { "Audience Entered" } else { "Audience Exited" };
        Event::track(self.person.clone(), name, self.at)
            .received(self.discovered)
            .with("audience", Arc::clone(&self.segment))
    }
}

/// What is told longer than this after it happened is late; phones and queues hold events back for
/// minutes, imports for longer.
const LATE: Duration = Duration::hours(1);

/// As far back as this the instant is told at which what was told late took effect.
const LOOK_BACK: Duration = Duration::days(1);

/// People by their identifiers. It is asked and never gone through, so its order is nobody's
/// concern.
type Index = HashMap<ProfileId, usize, BuildHasherDefault<DefaultHasher>>;

/// Many segments over many people, followed live.
#[derive(Debug)]
pub struct Live {
    now: Timestamp,
    late: Duration,
    programs: Vec<Program>,
    people: Vec<Option<Person>>,
    index: Index,
    timers: BinaryHeap<Reverse<(Timestamp, usize)>>,
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
    people: Vec<(usize, Told)>,
    segments: Bits,
}

/// What happened to a person.
#[derive(Clone, Debug)]
struct Told {
    at: Timestamp,
    cause: Cause,
    /// The routes that it takes.
    routes: Vec<usize>,
}

/// Somebody of whom too little is known to answer, or only by an older program.
#[derive(Debug, Default)]
struct Waiting {
    /// Whether nothing can be said of them until their history is there.
    lost: Option<Cause>,
    /// What was handled meanwhile.
    events: Vec<Event>,
}

impl Told {
    fn new(at: Timestamp, cause: Cause, event: &Event, program: &Program) -> Self {
        let mut routes = Vec::new();
        program.for_each_route(event, &mut |route| routes.push(route));
        Self { at, cause, routes }
    }

    fn touch(&self, person: &mut Person, program: &Program) {
        let routes = self.routes.iter().filter_map(|route| program.route(*route));
        routes.for_each(|route| person.touch(route));
    }
}

impl Live {
    /// Nobody yet, and these segments.
    pub fn new(program: Program) -> Self {
        Self {
            now: Timestamp::MIN,
            late: LATE,
            programs: vec![program],
            people: Vec::new(),
            index: Index::default(),
            timers: BinaryHeap::new(),
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

    /// How many people are kept.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Whether nobody is kept.
    pub fn is_empty(&self) -> bool {
        self.index.is_empty()
    }

    /// An event is told at `now`.
    ///
    /// Whoever is told of for the first time has no history before it; of others tell by
    /// [`Live::expect`] first. An event must be told once: duplicates are for
    /// [`Dedupe`](crate::event::Dedupe) to drop. An event of nobody changes nothing. `now` does not
    /// go back: an earlier one counts as the latest there was. What is handled at one `now` is taken
    /// together.
    pub fn handle_event(&mut self, event: &Event, now: Timestamp) {
        self.advance(now);
        let Some(id) = event.person() else { return };
        let number = self.number(id);
        if let Some(waiting) = self.waiting.get_mut(&number) {
            waiting.events.push(event.clone());
            if waiting.lost.is_some() {
                return;
            }
        }
        let Some(Some(person)) = self.people.get_mut(number) else { return };
        let Some(program) = self.programs.get(person.program) else { return };
        person.insert(event, program, self.now);
        let late = self.now > event.at().plus(self.late);
        let cause = if late { Cause::LateEvent } else { Cause::Event };
        let told = Told::new(event.at(), cause(event.id()), event, program);
        told.touch(person, program);
        self.pending.people.push((number, told));
    }

    /// An event that was told before is taken back at `now`: it is no longer known.
    ///
    /// Where what is kept is not enough to do so, the person's history is asked for by
    /// [`Live::poll_backfill`] and they are [`Membership::NotReady`] until it comes.
    pub fn handle_retraction(&mut self, event: &Event, now: Timestamp) {
        self.advance(now);
        let Some(number) = event.person().and_then(|id| self.index.get(id)).copied() else {
            return;
        };
        let Some(Some(person)) = self.people.get_mut(number) else { return };
        let Some(program) = self.programs.get(person.program) else { return };
        let cause = Cause::Retraction(event.id());
        let whole = event.kind() != EventKind::Identify
            && event.at() > person.first()
            && !program.tells_apart(event);
        if !whole || self.waiting.contains_key(&number) {
            return self.want(number, Some(cause));
        }
        person.timeline.take_back(event, program.schema(), self.now);
        let told = Told::new(self.now, cause, event, program);
        told.touch(person, program);
        self.pending.people.push((number, told));
    }

    /// A person is forgotten, with all that is kept of them; nothing is told of it.
    pub fn handle_erasure(&mut self, person: &ProfileId, now: Timestamp) {
        self.advance(now);
        self.settle();
        if let Some(number) = self.index.remove(person) {
            self.waiting.remove(&number);
            if let Some(place) = self.people.get_mut(number) {
                *place = None;
            }
        }
    }

    /// It is `now`: whoever's time has come is asked about.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.advance(now);
        self.settle();
        self.fire(self.now);
    }

    /// From `now` on there are these segments.
    ///
    /// Segments that mean the same as before go on; of those that are new or changed everybody is
    /// [`Membership::NotReady`] until their history is there, by [`Live::poll_backfill`] and
    /// [`Live::handle_backfill`].
    pub fn handle_program(&mut self, program: Program, now: Timestamp) {
        self.advance(now);
        self.settle();
        self.programs.push(program);
        let people = self.people.iter().enumerate();
        let present: Vec<usize> =
            people.filter(|(_, person)| person.is_some()).map(|(number, _)| number).collect();
        present.into_iter().for_each(|number| self.want(number, None));
    }

    /// There is a person who is to be asked about, and whose history is in the host's store;
    /// `told` are the segments that they were last told to be in.
    ///
    /// They are [`Membership::NotReady`] until [`Live::handle_backfill`] brings it.
    pub fn expect<'t>(&mut self, person: &ProfileId, told: impl IntoIterator<Item = &'t str>) {
        self.settle();
        let number = self.number(person);
        let program = self.programs.last();
        if let (Some(Some(person)), Some(program)) = (self.people.get_mut(number), program) {
            let told = told.into_iter().filter_map(|segment| program.number(segment));
            told.for_each(|segment| person.set_member(segment));
        }
        self.want(number, Some(Cause::BackFill));
    }

    /// The next person whose history is needed, if there is one: all events that are known of them
    /// now, for [`Live::handle_backfill`]. Each is told once; of one that could not be fetched tell
    /// by [`Live::expect`] again.
    pub fn poll_backfill(&mut self) -> Option<ProfileId> {
        self.settle();
        while let Some(number) = self.wanted.pop_front() {
            let person = self.people.get(number).and_then(Option::as_ref);
            if let Some(person) = person.filter(|_| self.waiting.contains_key(&number)) {
                return Some(person.id.clone());
            }
        }
        None
    }

    /// The history of a person, all of it that is known at `now`, in any order; events that were
    /// handled meanwhile may be in it or not.
    pub fn handle_backfill(
        &mut self,
        person: &ProfileId,
        history: impl IntoIterator<Item = Event>,
        now: Timestamp,
    ) {
        self.advance(now);
        self.settle();
        let number = self.number(person);
        let waiting = self.waiting.remove(&number).unwrap_or_default();
        let current = self.programs.len() - 1;
        let mut events: Vec<Event> = history.into_iter().collect();
        let known: std::collections::BTreeSet<MessageId> = events.iter().map(Event::id).collect();
        events.extend(waiting.events.into_iter().filter(|event| !known.contains(&event.id())));
        // Each then goes to the end of its column, where nothing has to make room.
        events.sort_by_key(Event::at);
        let Some(Some(old)) = self.people.get(number) else { return };
        let Some(program) = self.programs.get(current) else { return };
        let mut loaded = Person::new(person.clone(), current, program);
        let mut changed = vec![true; program.segments().len()];
        if let Some(before) = self.programs.get(old.program) {
            for (number, segment) in before.segments().iter().enumerate() {
                let Some(same) = program.number(&segment.name) else {
                    if old.is_member(number) {
                        self.transitions.push_back(Transition {
                            person: person.clone(),
                            segment: Arc::clone(&segment.name),
                            entered: false,
                            at: self.now,
                            discovered: self.now,
                            cause: Cause::Definition,
                        });
                    }
                    continue;
                };
                changed[same] = !before.shares(segment, program);
                if old.is_member(number) {
                    loaded.set_member(same);
                }
            }
        }
        let known = |event: &&Event| event.known_from() <= self.now;
        events.iter().filter(known).for_each(|event| loaded.insert(event, program, self.now));
        loaded.settle(&Bits::default(), program, self.now, &mut self.scratch);
        for turned in &self.scratch.turned {
            let Some(segment) = program.segments().get(turned.segment) else { continue };
            let lost = waiting.lost.clone().unwrap_or(Cause::BackFill);
            let cause = if changed[turned.segment] { Cause::Definition } else { lost };
            self.transitions.push_back(Transition {
                person: person.clone(),
                segment: Arc::clone(&segment.name),
                entered: turned.entered,
                at: self.now,
                discovered: self.now,
                cause,
            });
        }
        self.people[number] = Some(loaded);
        self.schedule(number);
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
        while let Some(&Reverse((at, number))) = self.timers.peek() {
            if self.is_set(number, at) {
                return (at <= Timestamp::LAST).then_some(at);
            }
            self.timers.pop();
        }
        None
    }

    /// Whether a person is in a segment, by what was handled so far.
    ///
    /// Somebody who was never told of is out of every segment; [`Membership::NotReady`] is what a
    /// segment is that does not exist.
    pub fn membership(&mut self, person: &ProfileId, segment: &str) -> Membership {
        self.settle();
        let current = self.programs.last();
        let Some((current, number)) = current.and_then(|p| Some((p, p.number(segment)?))) else {
            return Membership::NotReady;
        };
        let Some(place) = self.index.get(person) else { return Membership::Out };
        if self.waiting.get(place).is_some_and(|waiting| waiting.lost.is_some()) {
            return Membership::NotReady;
        }
        let Some(Some(person)) = self.people.get(*place) else { return Membership::Out };
        let member = if person.program + 1 == self.programs.len() {
            Some(person.is_member(number))
        } else {
            let shared = self.programs.get(person.program).and_then(|program| {
                let number = program.number(segment)?;
                let same = program.shares(program.segments().get(number)?, current);
                same.then(|| person.is_member(number))
            });
            shared
        };
        member.map_or(Membership::NotReady, Membership::of)
    }

    /// The number of a person; a new one has no history.
    fn number(&mut self, id: &ProfileId) -> usize {
        if let Some(number) = self.index.get(id) {
            return *number;
        }
        let number = self.people.len();
        let current = self.programs.len() - 1;
        let person = self.programs.get(current).map(|p| Person::new(id.clone(), current, p));
        self.people.push(person);
        self.index.insert(id.clone(), number);
        number
    }

    /// Asks for somebody's history; if they are lost, nothing is said of them until it comes.
    fn want(&mut self, number: usize, lost: Option<Cause>) {
        let waiting = self.waiting.entry(number).or_default();
        if lost.is_some() {
            waiting.lost = lost;
        }
        self.wanted.push_back(number);
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
        if self.pending.people.is_empty() {
            return;
        }
        let Pending { mut people, mut segments } = std::mem::take(&mut self.pending);
        if people.len() > 1 {
            // Of several things told of a person the last to happen is the cause.
            people.sort_by(|(a, told), (b, other)| (a, told.at).cmp(&(b, other.at)));
        }
        for of_person in people.chunk_by(|(a, _), (b, _)| a == b) {
            let Some((number, told)) = of_person.last() else { continue };
            self.touched(*number, of_person.iter().map(|(_, told)| told), &mut segments);
            self.ask(*number, &segments, Some(told), self.now);
        }
        people.clear();
        self.pending = Pending { people, segments };
    }

    /// The segments that what was told of a person touches.
    fn touched<'t>(
        &self,
        number: usize,
        told: impl Iterator<Item = &'t Told>,
        segments: &mut Bits,
    ) {
        let Some(Some(person)) = self.people.get(number) else { return };
        let Some(program) = self.programs.get(person.program) else { return };
        segments.copy(program.no_segment());
        for route in told.flat_map(|told| &told.routes).filter_map(|route| program.route(*route)) {
            segments.unite(&route.segments);
        }
    }

    /// Asks about everybody whose timer is due at `upto` or before.
    fn fire(&mut self, upto: Timestamp) {
        while let Some(&Reverse((at, number))) = self.timers.peek() {
            if at > upto {
                return;
            }
            self.timers.pop();
            if self.is_set(number, at) {
                self.come_back(number, at);
            }
        }
    }

    /// A person's time has come.
    fn come_back(&mut self, number: usize, at: Timestamp) {
        let Some(Some(person)) = self.people.get_mut(number) else { return };
        person.timer = Timestamp::MAX;
        let Some(program) = self.programs.get(person.program) else { return };
        let mut told = Vec::new();
        while let Some(event) = person.happened(at) {
            person.insert(&event, program, at);
            told.push(Told::new(at, Cause::Event(event.id()), &event, program));
        }
        told.iter().for_each(|told| told.touch(person, program));
        let mut segments = std::mem::take(&mut self.pending.segments);
        self.touched(number, told.iter(), &mut segments);
        self.ask(number, &segments, told.last(), at);
        self.pending.segments = segments;
    }

    fn is_set(&self, number: usize, at: Timestamp) -> bool {
        let person = self.people.get(number).and_then(Option::as_ref);
        person.is_some_and(|person| person.timer == at)
    }

    /// Asks about one person at an instant, and tells what turned.
    fn ask(&mut self, number: usize, touched: &Bits, told: Option<&Told>, at: Timestamp) {
        if self.waiting.get(&number).is_some_and(|waiting| waiting.lost.is_some()) {
            return;
        }
        let Some(Some(person)) = self.people.get_mut(number) else { return };
        let Some(program) = self.programs.get(person.program) else { return };
        person.settle(touched, program, at, &mut self.scratch);
        for turned in &self.scratch.turned {
            let Some(segment) = program.segments().get(turned.segment) else { continue };
            let shared = |last| program.shares(segment, last);
            if person.program + 1 < self.programs.len() && !self.programs.last().is_some_and(shared)
            {
                continue;
            }
            let told = told.filter(|_| turned.told);
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
        let Some(Some(person)) = self.people.get_mut(number) else { return };
        let next = person.next();
        if next < person.timer {
            person.timer = next;
            self.timers.push(Reverse((next, number)));
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
