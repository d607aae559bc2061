//! Sending a broadcast, and what others may do meanwhile: look, pause, resume, cancel.

use std::collections::{BTreeMap, BTreeSet};

use super::campaign::Campaign;
use super::decide::{decide_page, is_settled, undecided};
use super::deliver::{OPEN, Relay};
use super::freeze::read;
use super::{ATTEMPTS, Progress, Stage, Watch};
use crate::broadcast::{Broadcast, Command, State, Status};
use crate::claim::Mailing;
use crate::delivery::{self, Channel, Delivery, StateName, Transition};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ProfileId;
use crate::privacy::Vault;
use crate::store::{Batch, Store};
use crate::time::{Timestamp, earlier};

/// How many deliveries are looked at together.
const PAGE: usize = 1_000;
/// How often a command is given anew when a page was decided of in between.
const COMMANDS: usize = 100;

/// Sends a broadcast whose audience is [frozen](super::Freeze), as far as can be done at `now`: page
/// by page it is decided of the people, and what is claimed is handed over, so that the outbox never
/// holds more than a page and what the channel put off.
///
/// It ends when the broadcast is done; when nothing is left but what is put off, which
/// [`Status::until`] says when to call again for; or when somebody has paused or cancelled it. Called
/// again, after a kill too, it goes on where the store says it came to.
///
/// # Who gets a message
///
/// Each member of the frozen audience is decided of as by [`decide`](super::decide), but the
/// mailing's rule is not asked: the audience says who. Members of whom the store knows nothing have
/// no address. Who is put off by a cap or by quiet hours is asked about again once that is due. Of
/// several members with one address the first in the order of identifiers that the gate lets pass
/// is written to, and the others are `already-claimed`.
///
/// Hand over by this function and not by [`deliver`](super::deliver), and do not
/// [`decide`](super::decide) of the same mailing: neither looks at whether it is paused, nor at who
/// is in the audience.
///
/// # Pause and cancel
///
/// A page is decided of, and a page of deliveries taken, under a check of the broadcast's state, so
/// once [`pause`] or [`cancel`] has answered nothing is decided or taken any more. What was taken
/// before, one page at most, still goes to the channel.
///
/// # Several processes
///
/// A second process on the same broadcast sends nothing twice, as it is with relays; but a
/// delivery that one is handing over looks to the other as if it were left behind, so where the
/// channel drops no repeats it may come out *unknown*. One at a time is meant.
///
/// # Errors
///
/// [`ErrorKind::Input`] where no audience of this mailing is frozen; [`ErrorKind::Conflict`] where
/// others were first eight times in a row; else as [`decide`](super::decide) and
/// [`deliver`](super::deliver). Calling again goes on.
pub async fn broadcast(
    campaign: &Campaign,
    (store, vault, channel): (&dyn Store, &dyn Vault, &dyn Channel),
    now: Timestamp,
    watch: &mut Watch<'_>,
) -> Result<Status> {
    campaign.check_given()?;
    let campaign = campaign.for_everybody();
    let mut sender = Sender { campaign, store, vault, channel, now, lost: 0 };
    loop {
        match sender.run(watch).await {
            Err(error) if error.kind() == ErrorKind::Conflict && sender.lost < ATTEMPTS => {
                sender.lost += 1;
            }
            answer => break answer?,
        }
    }
    let mailing = sender.campaign.mailing();
    summary(store, &Stored::known(store, mailing).await?.broadcast).await
}

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

/// Lets a broadcast go on: the next call of [`broadcast`] does.
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
    let waiting = OPEN.into_iter().filter(|state| *state != StateName::Sending);
    let mut lost = 0;
    for state in waiting {
        while let Err(error) = withdraw(store, mailing, state, now).await {
            // A relay has taken what it found before the broadcast was cancelled.
            if error.kind() != ErrorKind::Conflict || lost == ATTEMPTS {
                return Err(error);
            }
            lost += 1;
        }
    }
    Ok(())
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

/// Ends the deliveries of a cancelled broadcast that are in a state.
async fn withdraw(
    store: &dyn Store,
    mailing: &Mailing,
    state: StateName,
    now: Timestamp,
) -> Result<()> {
    // What is withdrawn leaves the list, so that the first page is always the next.
    loop {
        let found = store.deliveries(mailing, state, None, PAGE).await?.items;
        if found.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::new();
        batch.transitions.extend(found.iter().map(|delivery| withdrawn(delivery, now)));
        store.commit(batch).await?;
    }
}

fn withdrawn(delivery: &Delivery, now: Timestamp) -> Transition {
    let from = delivery.state.name();
    let to = match from {
        // It may have gone out.
        StateName::Sending => delivery::State::Unknown,
        _ => delivery::State::Failed { reason: "the broadcast was cancelled".to_owned() },
    };
    Transition::new(delivery.id().clone(), from, to, now)
}

/// Counts what the outbox holds.
async fn summary(store: &dyn Store, broadcast: &Broadcast) -> Result<Status> {
    let mut deliveries = BTreeMap::new();
    let mut due = None;
    for state in OPEN.into_iter().chain([StateName::Failed, StateName::Unknown]) {
        let count: &mut u64 = deliveries.entry(state).or_default();
        let mut after = None;
        loop {
            let page = store.deliveries(broadcast.mailing(), state, after.as_ref(), PAGE).await?;
            *count += page.items.len() as u64;
            for delivery in page.items {
                if let delivery::State::Deferred { until, .. } = delivery.state {
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

/// A broadcast as it was read, with the text that is expected to be there when it is written.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) broadcast: Broadcast,
    pub(super) text: Option<String>,
}

impl Stored {
    /// One that is not stored yet.
    pub(super) fn new(broadcast: Broadcast) -> Self {
        Self { broadcast, text: None }
    }

    /// The broadcast of a mailing, if there is one.
    pub(super) async fn find(store: &dyn Store, mailing: &Mailing) -> Result<Option<Self>> {
        let name = Broadcast::document(mailing);
        let Some(text) = store.document(&name).await? else { return Ok(None) };
        let broadcast = Broadcast::from_json(&text).map_err(|error| error.within(name))?;
        Ok(Some(Self { broadcast, text: Some(text) }))
    }

    /// The broadcast of a mailing that must have one.
    pub(super) async fn known(store: &dyn Store, mailing: &Mailing) -> Result<Self> {
        Self::find(store, mailing).await?.ok_or_else(|| {
            let detail = format!("no audience of the mailing `{mailing}` is frozen");
            Error::new(ErrorKind::Input, detail)
        })
    }

    /// What is taken only if nobody has written the broadcast since it was read.
    pub(super) fn condition(&self) -> Batch {
        let name = Broadcast::document(self.broadcast.mailing());
        Batch::new().expect_document(name, self.text.clone())
    }

    /// Writes the broadcast with a batch, if nobody has written it since it was read.
    pub(super) async fn commit(&mut self, store: &dyn Store, batch: Batch) -> Result<()> {
        let name = Broadcast::document(self.broadcast.mailing());
        let text = self.broadcast.to_json();
        let batch = batch.expect_document(name.as_str(), self.text.clone());
        store.commit(batch.document(name, text.as_str())).await?;
        self.text = Some(text);
        Ok(())
    }
}

/// What a broadcast is sent by.
struct Sender<'a> {
    campaign: Campaign,
    store: &'a dyn Store,
    vault: &'a dyn Vault,
    channel: &'a dyn Channel,
    now: Timestamp,
    /// How often in a row others were first.
    lost: usize,
}

impl Sender<'_> {
    /// Does what can be done, from what the store says on.
    async fn run(&mut self, watch: &mut Watch<'_>) -> Result<()> {
        let mut stored = Stored::known(self.store, self.campaign.mailing()).await?;
        match stored.broadcast.state() {
            State::Running => {}
            State::Cancelled => return self.withdraw_all().await,
            State::Done | State::Paused => return Ok(()),
            State::Freezing => {
                let detail = format!(
                    "the audience of `{}` is not complete; freeze it first",
                    self.campaign.mailing()
                );
                return Err(Error::new(ErrorKind::Input, detail));
            }
        }
        self.hand_over(&stored, &OPEN).await?;
        while let Some(page) = stored.broadcast.poll_page(self.now) {
            self.decide(&mut stored, page).await?;
            self.lost = 0;
            self.hand_over(&stored, &[StateName::Claimed]).await?;
            let done = stored.broadcast.tally().decided();
            watch(Progress { stage: Stage::Broadcasting, done });
        }
        self.finish(&mut stored).await
    }

    async fn hand_over(&self, stored: &Stored, states: &[StateName]) -> Result<()> {
        let ends = (self.store, self.vault, self.channel);
        let mut relay = Relay::new(&self.campaign, ends, stored.condition(), self.now);
        relay.run(states, &mut |_| ()).await
    }

    /// Decides of a page, and writes with it that it was.
    async fn decide(&self, stored: &mut Stored, page: u64) -> Result<()> {
        let Self { campaign, store, .. } = self;
        let mailing = campaign.mailing();
        let members = read(*store, mailing, stored.broadcast.page(page)).await?;
        let before = store.decided(mailing, &members).await?;
        let settled = before.iter().filter(|record| is_settled(record, self.now));
        let settled: BTreeSet<&ProfileId> = settled.map(|record| &record.profile).collect();
        let mut people = Vec::new();
        for member in members.iter().filter(|member| !settled.contains(member)) {
            people.push(store.profile(member).await?);
        }
        let open = people.len();
        let people = undecided(campaign, *store, people, self.now).await?;
        if people.len() < open {
            let detail = format!("`{mailing}` was decided of by somebody else");
            return Err(Error::new(ErrorKind::Conflict, detail));
        }
        let batch = decide_page(campaign, (*store, self.vault), people, self.now).await?;
        stored.broadcast.handle_page(page, &before, &batch.decisions);
        stored.commit(*store, batch).await
    }

    /// The end, where nobody is put off and the outbox is empty.
    async fn finish(&self, stored: &mut Stored) -> Result<()> {
        if stored.broadcast.poll_timeout().is_some() {
            return Ok(());
        }
        for state in OPEN {
            let found = self.store.deliveries(self.campaign.mailing(), state, None, 1).await?;
            if !found.items.is_empty() {
                return Ok(());
            }
        }
        stored.broadcast.handle(Command::Finish)?;
        stored.commit(self.store, Batch::new()).await
    }

    async fn withdraw_all(&self) -> Result<()> {
        for state in OPEN {
            withdraw(self.store, self.campaign.mailing(), state, self.now).await?;
        }
        Ok(())
    }
}
