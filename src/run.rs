//! Running a campaign: plain loops over a store, each of which may be killed anywhere and begun
//! again.
//!
//! The stages follow each other: [`take_in`] puts what a source tells into the store, [`visit`]
//! reads everybody's past to learn from it, [`decide`] decides of everybody and claims messages,
//! [`deliver`] hands them over. A stage reads a page, works it out as a function of the page and of
//! `now`, and commits the result as one batch, so a run that was killed and begun again ends as if
//! it had not been. Nothing but a page is held in memory.
//!
//! The loops are async because stores, vaults and channels are; they spawn nothing and need no
//! executor of their own. Whoever wants several at once runs several.

mod campaign;
mod decide;
mod deliver;
mod intake;
mod person;
mod visit;

use std::fmt;

pub use campaign::Campaign;
pub use decide::{Decided, decide};
pub use deliver::{Delivered, deliver};
pub use intake::{Contact, Intake, take_in};
pub use visit::{Visitor, visit};

/// How far a stage has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Which stage.
    pub stage: Stage,
    /// How many people (or deliveries) are done.
    pub done: u64,
}

/// What is told how far a run has come; the host draws a bar, writes a line, or does nothing.
pub type Watch<'w> = dyn FnMut(Progress) + Send + 'w;

/// The stages of a run, in their order.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Stage {
    /// Putting what a source tells into the store.
    TakingIn,
    /// Reading everybody's past, to learn from it.
    Learning,
    /// Deciding whom to write to, and what.
    Deciding,
    /// Handing messages over.
    Delivering,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::TakingIn => "taking in",
            Self::Learning => "learning",
            Self::Deciding => "deciding",
            Self::Delivering => "delivering",
        })
    }
}

/// How many profiles are read, worked out and committed at a time: enough that a durable commit
/// costs little of each, few enough that a page fits in some megabytes.
const PAGE: usize = 250;
