//! Sending a broadcast.

use std::collections::BTreeSet;

use super::campaign::Campaign;
use super::command::{summary, withdraw};
use super::decide::{decide_page, is_settled, undecided};
use super::deliver::{OPEN, Relay};
use super::stored::{Stored, members};
use super::{ATTEMPTS, Progress, Stage, Watch};
use crate::broadcast::{Command, State, Status};
use crate::delivery::{Channel, StateName};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ProfileId;
use crate::privacy::Vault;
use crate::store::{Batch, Store};
use crate::time::Timestamp;

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
/// once [`pause`](super::pause) or [`cancel`](super::cancel) has answered nothing is decided or taken any more. What was taken
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
            State::Cancelled => {
                return withdraw(self.store, self.campaign.mailing(), &OPEN, self.now).await;
            }
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
        let members = members(*store, mailing, stored.broadcast.page(page)).await?;
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
}
