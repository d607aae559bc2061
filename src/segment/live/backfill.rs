//! Histories that are fetched: of people who are new here, and for definitions that are.

use std::collections::BTreeSet;

use super::person::Person;
use super::{Cause, Live, Program, Transition};
use crate::event::Event;
use crate::id::{MessageId, ProfileId};
use crate::time::Timestamp;

/// Somebody of whom too little is known to answer, or only by an older program.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Whether nothing can be said of them until their history is there.
    pub(super) lost: Option<Reason>,
    /// What was handled meanwhile.
    pub(super) events: Vec<Event>,
}

/// Why a person is put in the place of another.
#[derive(Clone, Debug)]
pub(super) struct Reason {
    cause: Cause,
    /// What was taken back, if that is why: what else turned meanwhile, time turned.
    taken_back: Vec<Event>,
}

impl From<Cause> for Reason {
    fn from(cause: Cause) -> Self {
        Self { cause, taken_back: Vec::new() }
    }
}

impl Reason {
    pub(super) fn retraction(event: &Event) -> Self {
        Self { cause: Cause::Retraction(event.id()), taken_back: vec![event.clone()] }
    }

    /// What brought about that a membership turned.
    fn of(&self, segment: usize, program: &Program) -> &Cause {
        let concerns = |event| program.concerns(&program.way(event), segment);
        let time = !self.taken_back.is_empty() && !self.taken_back.iter().any(concerns);
        if time { &Cause::Time } else { &self.cause }
    }

    /// Both of two reasons; the later is the cause.
    fn after(mut self, before: Option<Self>) -> Self {
        match before {
            Some(before) if before.taken_back.is_empty() => self.taken_back.clear(),
            Some(before) => self.taken_back.extend(before.taken_back),
            None => {}
        }
        self
    }
}

impl Live {
    /// From `now` on there are these segments.
    ///
    /// Segments that mean the same as before go on; of those that are new or changed everybody is
    /// [`Membership::NotReady`](super::Membership::NotReady) until their history is there, by
    /// [`Live::poll_backfill`] and [`Live::handle_backfill`].
    pub fn handle_program(&mut self, program: Program, now: Timestamp) {
        self.advance(now);
        self.settle();
        self.programs.push(program);
        let mut present: BTreeSet<usize> = self.people.present().collect();
        present.extend(self.linked.alone.keys());
        present.into_iter().for_each(|number| self.want(number, None));
    }

    /// There is a person who is to be asked about, and whose history is in the host's store;
    /// `told` are the segments that they were last told to be in.
    ///
    /// They are [`Membership::NotReady`](super::Membership::NotReady) until
    /// [`Live::handle_backfill`] brings it. Each identifier of a person is expected by itself, and
    /// its links are told by [`Live::handle_link`]: histories link nobody.
    pub fn expect<'t>(&mut self, person: &ProfileId, told: impl IntoIterator<Item = &'t str>) {
        self.settle();
        let number = self.number(person);
        if let Some(person) = self.people.get_mut(self.linked.behind(number))
            && let Some(program) = self.programs.get(person.program)
        {
            let told = told.into_iter().filter_map(|segment| program.number(segment));
            told.for_each(|segment| person.set_member(segment));
        }
        self.want(number, Some(Cause::BackFill.into()));
    }

    /// The next person whose history is needed, if there is one: all events that are known of them
    /// now, for [`Live::handle_backfill`]. Each is told once; of one that could not be fetched tell
    /// by [`Live::expect`] again. Of linked identifiers each is told by itself.
    pub fn poll_backfill(&mut self) -> Option<ProfileId> {
        self.settle();
        while let Some(number) = self.wanted.pop_front() {
            let person = self.alone(number).filter(|_| self.waiting.contains_key(&number));
            if let Some(person) = person {
                return Some(person.id.clone());
            }
        }
        None
    }

    /// The history of a person, all of it that is known at `now`, in any order; events that were
    /// handled meanwhile may be in it or not. Of a linked identifier it is what was told of that
    /// identifier alone.
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
        let mut events: Vec<Event> = history.into_iter().collect();
        let known: BTreeSet<MessageId> = events.iter().map(Event::id).collect();
        events.extend(waiting.events.into_iter().filter(|event| !known.contains(&event.id())));
        let Some(loaded) = self.load(person, events) else { return };
        let reason = waiting.lost.unwrap_or_else(|| Cause::BackFill.into());
        match self.linked.alone.get_mut(&number) {
            Some(alone) => {
                alone.kept = loaded;
                let behind = alone.behind;
                self.put_together(behind, &reason);
            }
            None => self.succeed(number, loaded, &reason),
        }
    }

    /// What is kept of a person with this history, as of now.
    fn load(&self, person: &ProfileId, mut events: Vec<Event>) -> Option<Person> {
        let current = self.programs.len() - 1;
        let program = self.programs.get(current)?;
        // Each then goes to the end of its column, where nothing has to make room.
        events.sort_by_key(Event::at);
        let mut loaded = Person::new(person.clone(), current, program);
        let known = events.iter().filter(|event| event.known_from() <= self.now);
        known.for_each(|event| {
            loaded.insert((event, &program.way(event)), program, self.now, &mut |_| {});
        });
        loaded.forget_all();
        Some(loaded)
    }

    /// Asks for somebody's history; if they are lost, nothing is said of them until it comes.
    pub(super) fn want(&mut self, number: usize, lost: Option<Reason>) {
        let waiting = self.waiting.entry(number).or_default();
        if let Some(reason) = lost {
            waiting.lost = Some(reason.after(waiting.lost.take()));
            self.linked.lose(number);
        }
        self.wanted.push_back(number);
    }

    /// Puts a person in the place of whoever was asked about under a number, and tells what turned.
    pub(super) fn succeed(&mut self, number: usize, mut person: Person, reason: &Reason) {
        let changed = match self.people.take(number) {
            Some(was) => self.inherit(&was, &mut person),
            None => Vec::new(),
        };
        let lost = self.is_lost(number);
        if !lost && let Some(program) = self.programs.get(person.program) {
            person.settle([].into_iter(), program, self.now, &mut self.scratch);
            for turned in &self.scratch.turned {
                let Some(segment) = program.segments().get(turned.segment) else { continue };
                let defined = changed.get(turned.segment).copied().unwrap_or_default();
                let cause = reason.of(turned.segment, program);
                let cause = if defined { &Cause::Definition } else { cause };
                let found = (&person.id, &segment.name, turned.entered);
                self.transitions.push_back(Transition::found(found, self.now, cause));
            }
        }
        self.people.put(number, person);
        if !lost {
            self.schedule(number);
        }
    }

    /// Takes over the memberships that were told, and ends those of segments that are no more;
    /// which segments mean something else than they did.
    fn inherit(&mut self, was: &Person, person: &mut Person) -> Vec<bool> {
        let Some(program) = self.programs.get(person.program) else { return Vec::new() };
        let Some(before) = self.programs.get(was.program) else { return Vec::new() };
        let mut changed = vec![true; program.segments().len()];
        for (number, segment) in before.segments().iter().enumerate() {
            if let Some(same) = program.number(&segment.name) {
                changed[same] = !segment.is_in(program);
                if was.is_member(number) {
                    person.set_member(same);
                }
            } else if was.is_member(number) {
                let left = (&person.id, &segment.name, false);
                self.transitions.push_back(Transition::found(left, self.now, &Cause::Definition));
            }
        }
        changed
    }
}
