//! Memory that is asked for before it is needed.
//!
//! Most people have not been at hand for long when their turn comes, and waiting for one part of them
//! after the other takes longer than the work. Timers are in order, so it is known whose turn comes:
//! what it begins with is read some timers in advance, in two steps; where it is to be found, then
//! what is found there.

use super::Live;
use super::person::Person;

/// So many timers before theirs it is read where a person's parts are, and so many before theirs what
/// the parts begin with.
const LATER: usize = 8;
const SOON: usize = 3;

impl Live {
    /// Reads of those whose timers come next.
    pub(super) fn reach_timers(&self) {
        let person = |turns| self.people.get(self.timers.after(turns)?)?.as_ref();
        person(LATER).into_iter().for_each(Person::touch);
        person(SOON).into_iter().for_each(Person::reach);
    }
}
