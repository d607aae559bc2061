//! Identifiers that are one person: what is kept of each alone, and who is asked about for all.

use std::collections::{BTreeMap, BTreeSet};

use super::backfill::Reason;
use super::person::Person;
use super::{Cause, Live, Transition};
use crate::id::ProfileId;
use crate::identity::Links;
use crate::time::Timestamp;

/// The links, and what is kept of the identifiers that they link.
#[derive(Debug, Default)]
pub(super) struct Linked {
    links: Links,
    /// By the identifier's number.
    pub(super) alone: BTreeMap<usize, Alone>,
    /// By the number of the least.
    groups: BTreeMap<usize, Group>,
}

/// A linked identifier: its facts go on being kept, so that it can be as if it had never been
/// linked; it is not asked about.
#[derive(Debug)]
pub(super) struct Alone {
    pub(super) kept: Person,
    /// The number of the person behind it.
    pub(super) behind: usize,
}

/// The identifiers of one person, ascending.
#[derive(Debug)]
struct Group {
    members: Vec<usize>,
    /// Whether the person is put together of all that is known of each.
    whole: bool,
}

impl Linked {
    /// The number of the person behind an identifier.
    pub(super) fn behind(&self, number: usize) -> usize {
        self.alone.get(&number).map_or(number, |alone| alone.behind)
    }

    /// Too little is known of an identifier, and so of the person behind it.
    pub(super) fn lose(&mut self, number: usize) {
        let behind = self.behind(number);
        if let Some(group) = self.groups.get_mut(&behind) {
            group.whole = false;
        }
    }
}

impl Live {
    /// Two identifiers are found to be one person at `now`.
    ///
    /// From now on one person answers for all identifiers that are linked, as if everything had been
    /// told of one from the start. They are named by the least identifier, and its memberships
    /// change to theirs; those of the other names end. What was handled at the same instant is
    /// settled before. An identifier that was never told of has no history; of others tell by
    /// [`Live::expect`] first. If the history of one is not there, the person is
    /// [`Membership::NotReady`](super::Membership::NotReady) until it is.
    ///
    /// It costs as much as is kept of the person, and their events cost about twice from then on.
    pub fn handle_link(&mut self, a: &ProfileId, b: &ProfileId, now: Timestamp) {
        self.advance(now);
        self.settle();
        for id in [a, b] {
            self.number(id);
        }
        self.linked.links.link(a, b, self.now);
        self.relink(a, b, &Cause::Link);
    }

    /// A link between two identifiers is taken back at `now`, as [`Links::unlink`].
    ///
    /// Those who are no longer linked are as if they had never been: memberships and what time will
    /// change of them.
    pub fn handle_unlink(&mut self, a: &ProfileId, b: &ProfileId, now: Timestamp) {
        self.advance(now);
        self.settle();
        self.linked.links.unlink(a, b, self.now);
        self.relink(a, b, &Cause::Unlink);
    }

    /// An identifier is forgotten, with all that is kept of it and all links with it; nothing is
    /// told of its memberships. Other identifiers of the same person stay and are unlinked from it.
    pub fn handle_erasure(&mut self, person: &ProfileId, now: Timestamp) {
        self.advance(now);
        self.settle();
        let mut others = self.identifiers(person);
        others.remove(person);
        self.linked.links.forget(person);
        if let Some(number) = self.people.forget(person) {
            self.waiting.remove(&number);
            self.linked.alone.remove(&number);
            self.linked.groups.remove(&number);
            self.regroup(others, &Cause::Unlink);
        }
    }

    /// The name of the person whose identifier this is: the least of their identifiers.
    pub fn person(&self, id: &ProfileId) -> ProfileId {
        self.linked.links.person(id, self.now)
    }

    /// What is kept of an identifier alone.
    pub(super) fn alone(&self, number: usize) -> Option<&Person> {
        match self.linked.alone.get(&number) {
            Some(alone) => Some(&alone.kept),
            None => self.people.get(number),
        }
    }

    /// Whether too little is known to say anything of whoever is asked about under a number.
    pub(super) fn is_lost(&self, number: usize) -> bool {
        match self.linked.groups.get(&number) {
            Some(group) => !group.whole,
            None => self.is_unknown(number),
        }
    }

    /// Puts the person of several identifiers together anew, if enough is known of each.
    pub(super) fn put_together(&mut self, number: usize, reason: &Reason) {
        let group = self.linked.groups.get(&number);
        let Some(person) = group.and_then(|group| self.joined(&group.members)) else { return };
        if let Some(group) = self.linked.groups.get_mut(&number) {
            group.whole = true;
        }
        self.succeed(number, person, reason);
    }

    /// Whether nothing can be said of an identifier until its history is there.
    fn is_unknown(&self, number: usize) -> bool {
        self.waiting.get(&number).is_some_and(|waiting| waiting.lost.is_some())
    }

    /// An identifier and all that are one person with it, so far.
    fn identifiers(&self, id: &ProfileId) -> BTreeSet<ProfileId> {
        let group = self.people.number(id).map(|number| self.linked.behind(number));
        let group = group.and_then(|number| self.linked.groups.get(&number));
        let members = group.into_iter().flat_map(|group| &group.members);
        let members = members.filter_map(|member| Some(&self.alone(*member)?.id));
        members.chain([id]).cloned().collect()
    }

    /// Something was told of two identifiers: unless one person is behind them as before, finds out
    /// who is.
    fn relink(&mut self, a: &ProfileId, b: &ProfileId, cause: &Cause) {
        let mut identifiers = self.identifiers(a);
        if self.linked.links.component(a, self.now) != identifiers {
            identifiers.append(&mut self.identifiers(b));
            self.regroup(identifiers, cause);
        }
    }

    /// Finds out who the people behind these identifiers are now; they are all that were one person
    /// with one of them, or are.
    fn regroup(&mut self, mut identifiers: BTreeSet<ProfileId>, cause: &Cause) {
        let mut people = Vec::new();
        while let Some(id) = identifiers.first() {
            let component = self.linked.links.component(id, self.now);
            identifiers.retain(|id| !component.contains(id));
            people.push((self.part(&component), component));
        }
        for (_, component) in &people {
            component.iter().skip(1).for_each(|id| self.leave(id, cause));
        }
        people.into_iter().for_each(|(members, _)| self.join(members, cause));
    }

    /// Takes identifiers out of the groups that they were in; what is kept of each alone.
    fn part(&mut self, component: &BTreeSet<ProfileId>) -> Vec<(usize, Person)> {
        let mut members = Vec::new();
        for id in component {
            let Some(number) = self.people.number(id) else { continue };
            let alone = self.alone(number).and_then(|person| self.of_one_program(&[person]));
            members.extend(alone.map(|person| (number, person)));
            self.linked.groups.remove(&number);
            self.linked.alone.remove(&number);
        }
        members
    }

    /// Nobody goes by this name any more.
    fn leave(&mut self, id: &ProfileId, cause: &Cause) {
        let Some(number) = self.people.number(id) else { return };
        let Some(person) = self.people.take(number) else { return };
        let Some(program) = self.programs.get(person.program) else { return };
        for (number, segment) in program.segments().iter().enumerate() {
            if person.is_member(number) {
                let left = (id, &segment.name, false);
                self.transitions.push_back(Transition::found(left, self.now, cause));
            }
        }
    }

    /// Puts one person behind these identifiers.
    fn join(&mut self, mut members: Vec<(usize, Person)>, cause: &Cause) {
        let reason = Reason::from(cause.clone());
        if members.len() == 1 {
            return members.drain(..).for_each(|(number, one)| self.succeed(number, one, &reason));
        }
        let Some((number, least)) = members.first() else { return };
        let (behind, current) = (*number, self.programs.len() - 1);
        let unknown = self.programs.get(current).map(|p| Person::new(least.id.clone(), current, p));
        let numbers: Vec<usize> = members.iter().map(|(number, _)| *number).collect();
        let alone = members.into_iter().map(|(number, kept)| (number, Alone { kept, behind }));
        self.linked.alone.extend(alone);
        let joined = self.joined(&numbers);
        self.linked.groups.insert(behind, Group { members: numbers, whole: joined.is_some() });
        joined.or(unknown).into_iter().for_each(|person| self.succeed(behind, person, &reason));
    }

    /// The person of these identifiers, if enough is known of each and by one program.
    fn joined(&self, members: &[usize]) -> Option<Person> {
        let known = |member: &usize| self.alone(*member).filter(|_| !self.is_unknown(*member));
        self.of_one_program(&members.iter().map(known).collect::<Option<Vec<_>>>()?)
    }

    fn of_one_program(&self, people: &[&Person]) -> Option<Person> {
        let number = people.first()?.program;
        let same = people.iter().all(|person| person.program == number);
        let program = self.programs.get(number).filter(|_| same)?;
        Person::joined(people, program, self.now)
    }
}
