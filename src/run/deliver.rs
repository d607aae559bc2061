//! Handing over what was claimed.

use std::collections::BTreeMap;
use std::fmt;

use super::campaign::{Campaign, OUTBOX};
use super::{Progress, Stage, Watch};
use crate::delivery::{Channel, Delivery, Idempotency, State, StateName, Transition};
use crate::email::Message;
use crate::error::Result;
use crate::gate::MessageKind;
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::store::{Addresses, Batch, Profile, Store};
use crate::time::Timestamp;

/// How many deliveries are taken at a time where the channel drops repeats. Where it does not, one:
/// whatever is taken when the process dies becomes unknown.
const TAKEN: usize = 250;

/// What came of the deliveries of a call.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Delivered {
    /// Deliveries by the state that they came to.
    pub states: BTreeMap<StateName, u64>,
}

/// Hands over what a mailing has claimed: first what an earlier relay left behind, then what was
/// put off until now, then what is new.
///
/// A delivery is taken in a commit of its own before the channel is called, and what came of it is
/// committed after: a relay that dies in between leaves it `sending`, and the next one hands it
/// over again where the channel drops repeats, and else writes it down as unknown. One relay at a
/// time, that is: a delivery found `sending` is taken to be left behind. When it is taken,
/// suppression and consent are read again: who withdrew after the claim is not written to.
///
/// # Errors
///
/// What the store and the keys answer with; [`ErrorKind::Conflict`] where another relay is at work.
/// What the channel answers is on record.
///
/// [`ErrorKind::Conflict`]: crate::error::ErrorKind::Conflict
pub async fn deliver(
    campaign: &Campaign,
    (store, channel): (&dyn Store, &dyn Channel),
    now: Timestamp,
    watch: &mut Watch<'_>,
) -> Result<Delivered> {
    let relay = Relay { campaign, store, channel, now };
    let mut delivered = Delivered::default();
    let mut done = 0;
    for state in [StateName::Sending, StateName::Deferred, StateName::Claimed] {
        let mut after = None;
        loop {
            let mailing = campaign.mailing();
            let page = store.deliveries(mailing, state, after.as_ref(), relay.limit()).await?;
            for state in relay.hand_over(page.items).await? {
                *delivered.states.entry(state).or_default() += 1;
                done += 1;
            }
            watch(Progress { stage: Stage::Delivering, done });
            after = page.next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(delivered)
}

/// What deliveries are handed over by.
#[derive(Clone, Copy)]
struct Relay<'a> {
    campaign: &'a Campaign,
    store: &'a dyn Store,
    channel: &'a dyn Channel,
    now: Timestamp,
}

/// A delivery with its message, opened.
type Opened = (Delivery, Message);

impl Relay<'_> {
    fn limit(&self) -> usize {
        match self.channel.idempotency() {
            Idempotency::Key | Idempotency::KeyFor(_) => TAKEN,
            _ => 1,
        }
    }

    /// Takes what is due, hands it over, and writes down what came of it.
    async fn hand_over(&self, found: Vec<Delivery>) -> Result<Vec<StateName>> {
        let due = found.into_iter().filter(|delivery| is_due(delivery, self.now)).collect();
        let (opened, mut ended) = self.open(due);
        let standing = self.look_up(&opened).await?;
        let mut batch = Batch::new();
        let mut taken = Vec::with_capacity(opened.len());
        for (delivery, message) in opened {
            let transition = match standing.stops(self, &delivery, &message)? {
                Some(reason) => failed(&delivery, reason, self.now),
                None if delivery.state == State::Sending => {
                    delivery.recovered(self.channel.idempotency(), self.now)
                }
                None => delivery.taken(self.now),
            };
            if transition.to == State::Sending {
                batch.transitions.push(transition);
                taken.push((delivery, message));
            } else {
                ended.push(transition);
            }
        }
        let mut states: Vec<StateName> = ended.iter().map(|ended| ended.to.name()).collect();
        batch.transitions.extend(ended);
        self.commit(batch).await?;
        let mut batch = Batch::new();
        for (mut delivery, message) in taken {
            // As it was committed a moment ago.
            delivery.since = self.now;
            delivery.attempts = delivery.attempts.saturating_add(1);
            let answer = self.channel.send(delivery.id(), &message).await;
            let transition = delivery.handed(answer, self.channel.idempotency(), self.now);
            states.push(transition.to.name());
            batch.transitions.push(transition);
        }
        self.commit(batch).await?;
        Ok(states)
    }

    async fn commit(&self, batch: Batch) -> Result<()> {
        if batch.is_empty() { Ok(()) } else { self.store.commit(batch).await }
    }

    /// Opens the messages. One that cannot be opened, since its key was destroyed, can never be
    /// sent.
    fn open(&self, found: Vec<Delivery>) -> (Vec<Opened>, Vec<Transition>) {
        let (mut opened, mut lost) = (Vec::new(), Vec::new());
        for delivery in found {
            match self.message(&delivery) {
                Some(message) => opened.push((delivery, message)),
                None => lost.push(failed(&delivery, "the message cannot be opened", self.now)),
            }
        }
        (opened, lost)
    }

    fn message(&self, delivery: &Delivery) -> Option<Message> {
        let sealed = delivery.sealed.as_deref()?;
        let sealer = self.campaign.sealer();
        let json = sealer.open(OUTBOX, delivery.id().as_str(), sealed).ok()?;
        Message::from_json(&String::from_utf8(json).ok()?).ok()
    }

    /// What is known of the recipients now.
    async fn look_up(&self, opened: &[Opened]) -> Result<Wishes> {
        let mut digests = Vec::new();
        for (_, message) in opened {
            digests.extend(self.digests(message)?);
        }
        let ids: Vec<ProfileId> =
            opened.iter().map(|(_, message)| message.profile.clone()).collect();
        let people = self.store.wishes(&ids).await?;
        Ok(Wishes {
            addresses: self.store.addresses(&digests).await?,
            people: people.into_iter().map(|person| (person.id.clone(), person)).collect(),
        })
    }

    fn digests(&self, message: &Message) -> Result<Vec<Digest>> {
        self.campaign.hasher().candidates(&message.recipient.canonical()?)
    }
}

/// What recipients wish when they are about to be written to.
struct Wishes {
    addresses: Addresses,
    people: BTreeMap<ProfileId, Profile>,
}

impl Wishes {
    /// Why a message is not handed over any more.
    fn stops(
        &self,
        relay: &Relay<'_>,
        delivery: &Delivery,
        message: &Message,
    ) -> Result<Option<&'static str>> {
        let marketing = message.kind == MessageKind::Marketing;
        let found = self.addresses.suppression.find(&relay.digests(message)?, relay.now);
        if found.is_some_and(|found| marketing || found.cause.stops_transactional()) {
            return Ok(Some("suppressed since the claim"));
        }
        let person = self.people.get(&delivery.claim.profile);
        let consented =
            person.is_some_and(|person| person.consents.is_granted(&delivery.purpose, relay.now));
        Ok((marketing && !consented).then_some("consent withdrawn since the claim"))
    }
}

fn is_due(delivery: &Delivery, now: Timestamp) -> bool {
    match &delivery.state {
        State::Deferred { until, .. } => *until <= now,
        _ => true,
    }
}

fn failed(delivery: &Delivery, reason: &str, now: Timestamp) -> Transition {
    let to = State::Failed { reason: reason.to_owned() };
    Transition::new(delivery.id().clone(), delivery.state.name(), to, now)
}

impl fmt::Debug for Relay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay").field("channel", &self.channel).finish_non_exhaustive()
    }
}
