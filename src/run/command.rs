//! What others may do with a broadcast: look, pause, resume, cancel.

use std::collections::BTreeMap;

use super::ATTEMPTS;
use super::deliver::OPEN;
use super::stored::Stored;
use crate::broadcast::{Broadcast, Command, Status};
use crate::claim::Mailing;
use crate::delivery::{Delivery, State, StateName, Transition};
use crate::error::{ErrorKind, Result};
use crate::store::{Batch, Store};
use crate::time::{Timestamp, earlier};

/// How many deliveries are looked at together.
const PAGE: usize = 1_000;
/// How often a command is given anew when a page was decided of in between.
const COMMANDS: usize = 100;

/// How far a broadcast has come; `None` where there is none of this mailing.
///
/// Decisions are counted as they are committed. Deliveries are counted while they are asked for, so
/// of a page that another process hands over meanwhile some may count as sent that are about to be.
/// It reads every delivery that is not accepted.
///
/// # Errors
///
/// What the store answers with.
pub async fn status(store: &dyn Store, mailing: &Mailing) -> Result<Option<Status>> {
    match Stored::find(store, mailing).await? {
        Some(stored) => Ok(Some(summary(store, &stored.broadcast).await?)),
        None => Ok(None),
    }
}

/// Stops a broadcast until somebody resumes it.
///
/// # Errors
///
/// [`ErrorKind::Input`] where there is no broadcast of this mailing, or none that can be paused;
/// else what the store answers with.
pub async fn pause(store: &dyn Store, mailing: &Mailing) -> Result<()> {
    command(store, mailing, Command::Pause).await
}

/// Lets a broadcast go on: the next call of [`broadcast`](super::broadcast()) does.
///
/// # Errors
///
/// As [`pause`].
pub async fn resume(store: &dyn Store, mailing: &Mailing) -> Result<()> {
    command(store, mailing, Command::Resume).await
}

/// Stops a broadcast for good: nothing more is decided or handed over, and what waits in the outbox
/// is withdrawn, as *failed* with the reason. What the channel has stays sent. Where it fails
/// half-way the broadcast is cancelled already, and calling again withdraws the rest.
///
/// # Errors
///
/// As [`pause`].
pub async fn cancel(store: &dyn Store, mailing: &Mailing, now: Timestamp) -> Result<()> {
    command(store, mailing, Command::Cancel).await?;
    // What is being handed over is at the channel, or is left for whoever comes back.
    withdraw(store, mailing, &[StateName::Deferred, StateName::Claimed], now).await
}

async fn command(store: &dyn Store, mailing: &Mailing, command: Command) -> Result<()> {
    let mut lost = 0;
    loop {
        let mut stored = Stored::known(store, mailing).await?;
        stored.broadcast.handle(command)?;
        match stored.commit(store, Batch::new()).await {
            // A page was decided of in between.
            Err(error) if error.kind() == ErrorKind::Conflict && lost < COMMANDS => lost += 1,
            answer => return answer,
        }
    }
}

/// Ends the deliveries of a cancelled broadcast that are in these states.
pub(super) async fn withdraw(
    store: &dyn Store,
    mailing: &Mailing,
    states: &[StateName],
    now: Timestamp,
) -> Result<()> {
    let mut lost = 0;
    for state in states {
        // What is withdrawn leaves the list, so that the first page is always the next.
        loop {
            let found = store.deliveries(mailing, *state, None, PAGE).await?.items;
            if found.is_empty() {
                break;
            }
            let mut batch = Batch::new();
            batch.transitions.extend(found.iter().map(|delivery| withdrawn(delivery, now)));
            match store.commit(batch).await {
                // A relay has come further with what it took before the broadcast was cancelled.
                Err(error) if error.kind() == ErrorKind::Conflict && lost < ATTEMPTS => lost += 1,
                answer => answer?,
            }
        }
    }
    Ok(())
}

fn withdrawn(delivery: &Delivery, now: Timestamp) -> Transition {
    let from = delivery.state.name();
    let to = match from {
        // It may have gone out.
        StateName::Sending => State::Unknown,
        _ => State::Failed { reason: "the broadcast was cancelled".to_owned() },
    };
    Transition::new(delivery.id().clone(), from, to, now)
}

/// Counts what the outbox holds.
pub(super) async fn summary(store: &dyn Store, broadcast: &Broadcast) -> Result<Status> {
    let mut deliveries = BTreeMap::new();
    let mut due = None;
    for state in OPEN.into_iter().chain([StateName::Failed, StateName::Unknown]) {
        let count: &mut u64 = deliveries.entry(state).or_default();
        let mut after = None;
        loop {
            let page = store.deliveries(broadcast.mailing(), state, after.as_ref(), PAGE).await?;
            *count += page.items.len() as u64;
            for delivery in page.items {
                if let State::Deferred { until, .. } = delivery.state {
                    due = earlier(due, Some(until));
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(Status::new(broadcast, deliveries, due))
}
