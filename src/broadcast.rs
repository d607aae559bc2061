//! Broadcasts: one mailing to an audience that was frozen at an instant.
//!
//! Whoever was in the audience then is asked about, and nobody else, whatever happens to them
//! afterwards: an event that comes later lets nobody in and nobody out. Whether they may be written
//! to is another matter, and is decided when their turn comes, by what is known then.
//!
//! A [`Broadcast`] is the whole state, without I/O: `handle_*` takes in what happened, `poll_page`
//! says of whom to decide next, `poll_timeout` when to come back. It is one small document of a
//! [`Store`](crate::store::Store), written under a check of what was read, so that another process
//! may look at it, pause it or cancel it. The audience is in pages beside it ([`Block`]), which
//! never change. [`run`](crate::run) has the loops.
//!
//! # States
//!
//! | | begin | pause | resume | cancel | finish |
//! | --- | --- | --- | --- | --- | --- |
//! | freezing | running | | | cancelled | |
//! | running | | paused | running | cancelled | done |
//! | paused | | paused | running | cancelled | |
//! | cancelled | | | | cancelled | |
//! | done | | | | | done |
//!
//! ```
//! use bespoke::broadcast::{Broadcast, Command, State};
//!
//! let now = "2026-03-01T09:00:00Z".parse()?;
//! let mut broadcast = Broadcast::freezing("spring", "playbook 7f3a", now);
//! let list = broadcast.handle_list(2);
//! broadcast.handle_frozen(list, 310, 300)?;
//! assert_eq!((broadcast.state(), broadcast.poll_page(now)), (State::Running, Some(0)));
//! broadcast.handle(Command::Pause)?;
//! assert_eq!(broadcast.poll_page(now), None);
//! broadcast.handle(Command::Cancel)?;
//! let error = broadcast.handle(Command::Resume).unwrap_err();
//! assert_eq!(error.to_string(), "the broadcast of `spring` is cancelled and cannot resume");
//! # Ok::<(), bespoke::Error>(())
//! ```

mod block;
mod state;
mod status;
mod tally;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use block::Block;
pub use state::{Command, State};
pub use status::Status;
pub use tally::Tally;

use crate::claim::Mailing;
use crate::error::{Error, ErrorKind, Result};
use crate::id::ProfileId;
use crate::store::DecisionRecord;
use crate::time::{Timestamp, earlier};

/// How many people a page has, where nothing else is said: as many as a campaign decides of together.
const PAGE: u64 = 250;
/// The version of the form in which a broadcast is stored.
const FORMAT: u32 = 1;

/// A mailing to a frozen audience, and how far it has come.
///
/// The audience is a list of pages of 250 people, or as many as [`pages_of`](Self::pages_of) says, in
/// the order of their identifiers, each of them once. Deciding goes over the pages in rounds: the first asks about
/// everybody, and a later one, once the first of those who were put off is due, about whoever is due.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Broadcast {
    format: u32,
    mailing: Mailing,
    state: State,
    definition: Arc<str>,
    at: Timestamp,
    /// How often it was begun to freeze the audience anew, so that nobody takes what another wrote
    /// for their own.
    attempt: u64,
    told: u64,
    members: u64,
    /// How many of them a page has.
    length: u64,
    /// How many blocks each list has that was written while the audience was being frozen.
    lists: Vec<u64>,
    /// The list that the audience came to.
    list: u64,
    /// How often all pages have been gone over.
    rounds: u64,
    /// The page that comes next.
    next: u64,
    /// When the first of those is due who were put off, as far as this round has come.
    until: Option<Timestamp>,
    tally: Tally,
}

impl Broadcast {
    /// A broadcast whose audience is being frozen: who is a member at `now` by a definition.
    pub fn freezing(
        mailing: impl Into<Mailing>,
        definition: impl Into<Arc<str>>,
        now: Timestamp,
    ) -> Self {
        Self {
            format: FORMAT,
            mailing: mailing.into(),
            state: State::Freezing,
            definition: definition.into(),
            at: now,
            attempt: 0,
            told: 0,
            members: 0,
            length: PAGE,
            lists: Vec::new(),
            list: 0,
            rounds: 0,
            next: 0,
            until: None,
            tally: Tally::default(),
        }
    }

    /// The same broadcast, whose pages have so many people (0 counts as 1): those who are decided of
    /// in one batch.
    #[must_use]
    pub fn pages_of(self, people: u64) -> Self {
        Self { length: people.max(1), ..self }
    }

    /// The name of the document in which the broadcast of a mailing is stored.
    pub fn document(mailing: &Mailing) -> String {
        format!("broadcast/state/{mailing}")
    }

    /// A broadcast as stored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] for one that a newer version wrote, and for a text that is none.
    pub fn from_json(text: &str) -> Result<Self> {
        /// What every version writes.
        #[derive(Deserialize)]
        struct Written {
            format: u32,
        }
        let fault = |detail: String| Error::new(ErrorKind::Format, detail);
        let unreadable = |error| fault(format!("no broadcast: {error}"));
        let Written { format } = serde_json::from_str(text).map_err(unreadable)?;
        if format > FORMAT {
            return Err(fault(format!("a broadcast of format {format}, and this is {FORMAT}")));
        }
        serde_json::from_str(text).map_err(unreadable)
    }

    /// The broadcast as it is stored.
    pub fn to_json(&self) -> String {
        // Names, numbers and instants: nothing that JSON cannot say.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Of which mailing.
    pub fn mailing(&self) -> &Mailing {
        &self.mailing
    }

    /// Whether it is under way.
    pub fn state(&self) -> State {
        self.state
    }

    /// What the members were asked for by.
    pub fn definition(&self) -> &str {
        &self.definition
    }

    /// As of which instant the audience is.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// How many members were told of, those told of several times several times.
    pub fn told(&self) -> u64 {
        self.told
    }

    /// How many people are in the frozen audience.
    pub fn members(&self) -> u64 {
        self.members
    }

    /// How many pages the frozen audience has.
    pub fn pages(&self) -> u64 {
        self.members.div_ceil(self.length.max(1))
    }

    /// How many people a page has, the last at most.
    pub fn page_length(&self) -> usize {
        usize::try_from(self.length.max(1)).unwrap_or(usize::MAX)
    }

    /// What was decided so far.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Where a page of the frozen audience is.
    pub fn page(&self, number: u64) -> Block {
        Block::new(self.list, number)
    }

    /// The lists that were written while the audience was being frozen, each with how many blocks
    /// it has.
    pub fn lists(&self) -> impl Iterator<Item = (u64, u64)> {
        (0..).zip(self.lists.iter().copied())
    }

    /// That the audience is frozen anew, since it was left half frozen.
    pub fn handle_anew(&mut self, fresh: Self) {
        let attempt = self.attempt.saturating_add(1);
        *self = Self { attempt, ..fresh };
    }

    /// That one more list of members is written, of so many blocks; the number of the list.
    pub fn handle_list(&mut self, blocks: u64) -> u64 {
        self.lists.push(blocks);
        self.lists.len().saturating_sub(1) as u64
    }

    /// That the audience is complete: of so many members that were told of so many people, who are
    /// in one list.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] where no audience is being frozen.
    pub fn handle_frozen(&mut self, list: u64, told: u64, members: u64) -> Result<()> {
        self.handle(Command::Begin)?;
        (self.list, self.told, self.members) = (list, told, members);
        Ok(())
    }

    /// What somebody asks of the broadcast.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] where it cannot be done in the state that the broadcast is in.
    pub fn handle(&mut self, command: Command) -> Result<()> {
        let Some(next) = self.state.after(command) else {
            let Self { mailing, state, .. } = self;
            let detail = format!("the broadcast of `{mailing}` is {state} and cannot {command}");
            return Err(Error::new(ErrorKind::Input, detail));
        };
        self.state = next;
        Ok(())
    }

    /// That it was decided of a page: what was on record of its people before, and what was made of
    /// it now.
    pub fn handle_page(&mut self, page: u64, before: &[DecisionRecord], made: &[DecisionRecord]) {
        if page == 0 && self.next > 0 {
            self.rounds = self.rounds.saturating_add(1);
            self.until = None;
        }
        // What the first round finds was decided by somebody else.
        if self.rounds > 0 {
            before.iter().for_each(|record| self.tally.remove(record));
        }
        let records = before.iter().chain(made);
        let standing: BTreeMap<&ProfileId, &DecisionRecord> =
            records.map(|record| (&record.profile, record)).collect();
        for record in standing.into_values() {
            self.tally.add(record);
            self.until = earlier(self.until, record.until);
        }
        self.next = page.saturating_add(1);
    }

    /// The page whose people are to be decided of next.
    pub fn poll_page(&self, now: Timestamp) -> Option<u64> {
        if self.state != State::Running {
            return None;
        }
        if self.next < self.pages() {
            return Some(self.next);
        }
        self.until.is_some_and(|until| until <= now).then_some(0)
    }

    /// When the first of those who were put off is due, once nobody else is left to decide of.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let is_round = self.state == State::Running && self.next == self.pages();
        self.until.filter(|_| is_round)
    }
}

#[cfg(test)]
mod tests;
