//! The people who are followed.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use super::person::Person;
use crate::id::ProfileId;

/// People by the numbers of their identifiers.
#[derive(Debug, Default)]
pub(super) struct People {
    seats: Vec<Seat>,
    numbers: Numbers,
}

/// Numbers by identifiers. It is asked and never gone through, so its order is nobody's concern.
type Numbers = HashMap<ProfileId, usize, BuildHasherDefault<DefaultHasher>>;

/// Where the person of an identifier is, unless another answers for them.
///
/// Whether there is one is told beside, and not by the person's parts, so that the memory of those can
/// be asked for before any of it is looked at.
#[derive(Debug)]
struct Seat {
    person: Person,
    taken: bool,
}

impl People {
    /// How many identifiers there are.
    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The number of an identifier.
    #[inline]
    pub(super) fn number(&self, id: &ProfileId) -> Option<usize> {
        self.numbers.get(id).copied()
    }

    #[inline]
    pub(super) fn get(&self, number: usize) -> Option<&Person> {
        self.seats.get(number).filter(|seat| seat.taken).map(|seat| &seat.person)
    }

    #[inline]
    pub(super) fn get_mut(&mut self, number: usize) -> Option<&mut Person> {
        self.seats.get_mut(number).filter(|seat| seat.taken).map(|seat| &mut seat.person)
    }

    /// The numbers of those who are there.
    pub(super) fn present(&self) -> impl Iterator<Item = usize> {
        let taken = self.seats.iter().enumerate().filter(|(_, seat)| seat.taken);
        taken.map(|(number, _)| number)
    }

    /// Adds a person whose identifier is new; its number.
    pub(super) fn add(&mut self, person: Person) -> usize {
        let number = self.seats.len();
        self.numbers.insert(person.id.clone(), number);
        self.seats.push(Seat { person, taken: true });
        number
    }

    /// Seats a person where there is nobody, or instead of whoever is there.
    pub(super) fn put(&mut self, number: usize, person: Person) {
        if let Some(seat) = self.seats.get_mut(number) {
            *seat = Seat { person, taken: true };
        }
    }

    /// Takes the person of a number away; the identifier keeps the number.
    pub(super) fn take(&mut self, number: usize) -> Option<Person> {
        let seat = self.seats.get_mut(number).filter(|seat| seat.taken)?;
        let nobody = Seat { person: Person::nobody(), taken: false };
        Some(std::mem::replace(seat, nobody).person)
    }

    /// Forgets an identifier and its person; the number that it had.
    pub(super) fn forget(&mut self, id: &ProfileId) -> Option<usize> {
        let number = self.numbers.remove(id)?;
        self.take(number);
        Some(number)
    }

    /// Asks for the memory that a person is in.
    #[inline]
    pub(super) fn touch(&self, number: usize) {
        self.seats.get(number).into_iter().for_each(|seat| seat.person.touch());
    }

    /// Asks for the memory that the person's parts are in, wherever those are.
    #[inline]
    pub(super) fn reach(&self, number: usize) {
        self.seats.get(number).into_iter().for_each(|seat| seat.person.reach());
    }
}
