//! The customers of a campaign, wherever they come from.

use bespoke::event::Event;
use bespoke::id::ProfileId;
use bespoke::privacy::{Cause, Ledger};
use bespoke::schema::Schema;
use bespoke::source::Tally;
use bespoke::time::Timestamp;

/// Whatever goes wrong is told to the user and ends the run.
pub(crate) type Fault = Box<dyn std::error::Error>;

/// What people are asked to consent to.
pub(crate) const PURPOSE: &str = "marketing";

/// What people are read from.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Kind {
    Retail,
    Simulated,
}

/// All customers, in the byte order of their ids.
pub(crate) struct Base {
    pub(crate) kind: Kind,
    pub(crate) schema: Schema,
    pub(crate) now: Timestamp,
    /// What became of the rows, where there were any.
    pub(crate) tally: Option<Tally>,
    pub(crate) people: Box<dyn Iterator<Item = Result<Person, Fault>>>,
}

/// One customer: what they did, where they are written to, and what they said to that.
pub(crate) struct Person {
    pub(crate) id: ProfileId,
    pub(crate) events: Vec<Event>,
    pub(crate) address: String,
    pub(crate) consents: Ledger,
    pub(crate) suppressed: Option<(Cause, Timestamp)>,
}
