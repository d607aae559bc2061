//! What every store refuses, in the same words.

use std::fmt;

use super::{Batch, Version};
use crate::delivery::{Delivery, State, StateName, Transition};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ProfileId;

/// Refuses what no store takes, whatever it holds.
pub(super) fn admit(batch: &Batch) -> Result<()> {
    if let Some(event) = batch.events.iter().find(|event| event.person().is_none()) {
        let detail = format!("the event `{}` ({}) is of nobody", event.id(), event.name());
        return Err(Error::new(ErrorKind::Input, detail));
    }
    let begun = |delivery: &&Delivery| delivery.state != State::Claimed;
    if let Some(delivery) = batch.deliveries.iter().find(begun) {
        let (id, state) = (delivery.id(), delivery.state.name());
        let detail = format!("the new delivery `{id}` is {state}; deliveries begin claimed");
        return Err(Error::new(ErrorKind::Input, detail));
    }
    Ok(())
}

/// Refuses a batch that was made from another version of a profile.
pub(super) fn version(profile: &ProfileId, expected: Version, stored: Version) -> Result<()> {
    if expected == stored {
        return Ok(());
    }
    conflict(format_args!("profile `{profile}` is at version {stored}, not at {expected}"))
}

/// Refuses a batch that was made from another text of a document.
pub(super) fn document(name: &str, expected: Option<&str>, stored: Option<&str>) -> Result<()> {
    match (expected, stored) {
        _ if expected == stored => Ok(()),
        (_, None) => conflict(format_args!("the document `{name}` is not there")),
        (None, _) => conflict(format_args!("the document `{name}` is there already")),
        _ => conflict(format_args!("the document `{name}` was written by somebody else")),
    }
}

/// Refuses a step that a delivery in the state `stored` does not take.
pub(super) fn step(transition: &Transition, stored: Option<StateName>) -> Result<()> {
    let Transition { message, from, to, .. } = transition;
    let to = to.name();
    let Some(stored) = stored else {
        let detail = format!("there is no delivery `{message}` to become {to}");
        return Err(Error::new(ErrorKind::Input, detail));
    };
    if stored != *from {
        return conflict(format_args!("the delivery `{message}` is {stored}, not {from}"));
    }
    if !from.may_become(to) {
        return conflict(format_args!("the delivery `{message}` is {from} and cannot become {to}"));
    }
    Ok(())
}

/// A message that was claimed before.
pub(super) fn claimed_twice<T>(delivery: &Delivery) -> Result<T> {
    conflict(format_args!("the delivery `{}` is there already", delivery.id()))
}

/// An address that was claimed before, for another message of the mailing.
pub(super) fn address_taken<T>(delivery: &Delivery) -> Result<T> {
    let (id, mailing) = (delivery.id(), &delivery.claim.mailing);
    conflict(format_args!("the address of `{id}` is claimed already in the mailing `{mailing}`"))
}

fn conflict<T>(detail: fmt::Arguments<'_>) -> Result<T> {
    Err(Error::new(ErrorKind::Conflict, detail.to_string()))
}
