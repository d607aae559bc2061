//! Memory that is asked for before it is needed.
//!
//! Most people have not been at hand for long when their turn comes, and waiting for one part of them
//! after the other takes longer than the work. Timers are in order, so it is known whose turn comes:
//! some timers in advance it is asked for the person, and somewhat later, when that has come, for what
//! the person refers to. Whom an event is told of is asked for before the timers that come first.

use super::Live;

/// So many timers before theirs it is asked for a person, and so many before theirs for what they
/// refer to.
const LATER: usize = 8;
const SOON: usize = 3;

impl Live {
    /// Asks for those whose timers come next.
    pub(super) fn reach_timers(&self) {
        self.timers.after(LATER).into_iter().for_each(|number| self.people.touch(number));
        self.timers.after(SOON).into_iter().for_each(|number| self.people.reach(number));
    }
}
