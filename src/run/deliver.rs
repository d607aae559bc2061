//! Handing over what was claimed.

use std::collections::BTreeMap;

use super::campaign::{Campaign, OUTBOX};
use super::{PAGE, Progress, Stage, Watch};
use crate::delivery::{Channel, Delivery, Idempotency, State, StateName, Transition};
use crate::email::Message;
use crate::error::Result;
use crate::gate::{Candidate, Lookup, MessageKind, Reason, Standing, Verdict, gate};
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::privacy::Vault;
use crate::store::{Addresses, Batch, Profile, Store};
use crate::time::Timestamp;

/// What came of the deliveries of a call.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Delivered {
    /// Deliveries by the state that they came to. One that came to several, such as one that was
    /// left behind and is then put off until now, counts for each.
    pub states: BTreeMap<StateName, u64>,
    /// Deliveries whose message does not open with the keys at hand. They are left as they are, so
    /// that nothing is lost by a key that was not at hand; where it was destroyed they stay.
    pub unopened: u64,
}

/// Hands over what a mailing has claimed: first what an earlier relay left behind, then what was
/// put off until now, then what is new.
///
/// A delivery is taken in a commit of its own before the channel is called, and what came of it is
/// committed after. A relay that dies in between leaves it *sending*, and the next call hands it
/// over again where the channel drops repeats, and else writes it down as *unknown*. Where the
/// channel errs it is the same: the delivery stays *sending* until the next call, or is unknown.
/// Each delivery is handed over at most once for each state that it is found in, so a call ends.
/// Where the channel drops repeats, 250 are taken at a time, else one: whatever is taken when the
/// process dies becomes unknown, and so it does under [`Idempotency::KeyFor`] if nobody calls again
/// in time.
///
/// When it is taken, what may have changed since the claim is read again. Who was erased, whose
/// address is suppressed, who withdrew consent or unsubscribed from the topic is not written to: the
/// delivery is *failed*, and says why; or *unknown*, where it was left behind and may have gone out.
/// Caps and quiet hours were asked when it was claimed and are not asked again, so hand over soon
/// after deciding. A message goes to the address that it was written to, even if another was told
/// since.
///
/// One relay of a mailing at a time: a delivery found *sending* is taken to be left behind.
///
/// # Errors
///
/// What the store, the vault and the keys answer with; [`ErrorKind::Conflict`] where another relay
/// is at work. After an error calling again goes on. What the channel answers is on record and
/// stops nothing.
///
/// [`ErrorKind::Conflict`]: crate::error::ErrorKind::Conflict
pub async fn deliver(
    campaign: &Campaign,
    (store, vault, channel): (&dyn Store, &dyn Vault, &dyn Channel),
    now: Timestamp,
    watch: &mut Watch<'_>,
) -> Result<Delivered> {
    let mut relay = Relay::new(campaign, (store, vault, channel), Batch::new(), now);
    relay.run(&OPEN, &mut |done| watch(Progress { stage: Stage::Delivering, done })).await?;
    Ok(relay.delivered)
}

/// The states in which a delivery is before its end, in the order in which they are handed over:
/// what an earlier relay left behind, what was put off, what is new.
pub(super) const OPEN: [StateName; 3] =
    [StateName::Sending, StateName::Deferred, StateName::Claimed];

/// What deliveries are handed over by, and what came of them.
pub(super) struct Relay<'a> {
    campaign: &'a Campaign,
    store: &'a dyn Store,
    vault: &'a dyn Vault,
    channel: &'a dyn Channel,
    /// What must be so for anything to be taken, as a batch that expects it and writes nothing.
    condition: Batch,
    now: Timestamp,
    delivered: Delivered,
}

/// A delivery with its message, opened, and the digests of its address.
struct Opened {
    delivery: Delivery,
    message: Message,
    digests: Vec<Digest>,
}

impl<'a> Relay<'a> {
    pub(super) fn new(
        campaign: &'a Campaign,
        (store, vault, channel): (&'a dyn Store, &'a dyn Vault, &'a dyn Channel),
        condition: Batch,
        now: Timestamp,
    ) -> Self {
        let delivered = Delivered::default();
        Self { campaign, store, vault, channel, condition, now, delivered }
    }

    /// Hands over what is in these states, one after the other, and says how many were handed over
    /// so far.
    pub(super) async fn run(
        &mut self,
        states: &[StateName],
        watch: &mut (dyn FnMut(u64) + Send),
    ) -> Result<()> {
        let (mailing, limit) = (self.campaign.mailing(), self.limit());
        let mut done = 0;
        for state in states {
            let mut after = None;
            loop {
                let page = self.store.deliveries(mailing, *state, after.as_ref(), limit).await?;
                done += self.hand_over(page.items).await?;
                watch(done);
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn limit(&self) -> usize {
        match self.channel.idempotency() {
            Idempotency::Key | Idempotency::KeyFor(_) => PAGE,
            Idempotency::None => 1,
        }
    }

    /// Takes what is due, hands it over, and writes down what came of it; how many there were.
    async fn hand_over(&mut self, mut found: Vec<Delivery>) -> Result<u64> {
        found.retain(|delivery| is_due(delivery, self.now));
        let due = found.len() as u64;
        let mut opened = Vec::with_capacity(found.len());
        for delivery in found {
            match self.open(delivery)? {
                Some(found) => opened.push(found),
                None => self.delivered.unopened += 1,
            }
        }
        let taken = self.take(opened).await?;
        let mut ended = Vec::with_capacity(taken.len());
        for Opened { delivery, message, .. } in taken {
            let answer = self.channel.send(delivery.id(), &message).await;
            ended.push(delivery.handed(answer, self.channel.idempotency(), self.now));
        }
        self.count(&ended);
        self.commit(Batch::new(), ended).await?;
        Ok(due)
    }

    /// Opens a message; `None` for one that does not open.
    fn open(&self, delivery: Delivery) -> Result<Option<Opened>> {
        let Some(message) = self.message(&delivery) else { return Ok(None) };
        let Ok(address) = message.recipient.canonical() else { return Ok(None) };
        let digests = self.campaign.hasher.candidates(&address)?;
        Ok(Some(Opened { delivery, message, digests }))
    }

    fn message(&self, delivery: &Delivery) -> Option<Message> {
        let sealed = delivery.sealed.as_deref()?;
        let json = self.campaign.sealer.open(OUTBOX, delivery.id().as_str(), sealed).ok()?;
        Message::from_json(&String::from_utf8(json).ok()?).ok()
    }

    /// Writes down which deliveries are taken, and gives these back as they are then. Those that
    /// must not be handed over come to their end.
    async fn take(&mut self, opened: Vec<Opened>) -> Result<Vec<Opened>> {
        let wishes = self.wishes(&opened).await?;
        let (mut steps, mut ended, mut taken) = (Vec::new(), Vec::new(), Vec::new());
        for mut opened in opened {
            let step = self.step(&opened, wishes.against(&opened, self));
            if step.to == State::Sending {
                let delivery = &mut opened.delivery;
                (delivery.state, delivery.since) = (State::Sending, self.now);
                delivery.attempts = delivery.attempts.saturating_add(1);
                taken.push(opened);
            } else {
                ended.push(step.clone());
            }
            steps.push(step);
        }
        self.commit(self.condition.clone(), steps).await?;
        self.count(&ended);
        Ok(taken)
    }

    /// What becomes of a delivery that is about to be handed over.
    fn step(&self, opened: &Opened, against: Option<Reason>) -> Transition {
        let Opened { delivery, .. } = opened;
        let is_left = delivery.state == State::Sending;
        let to = match against {
            // It may have gone out before.
            Some(_) if is_left => State::Unknown,
            Some(reason) => State::Failed { reason: format!("{reason} since the claim") },
            None if is_left => return delivery.recovered(self.channel.idempotency(), self.now),
            None => State::Sending,
        };
        Transition::new(delivery.id().clone(), delivery.state.name(), to, self.now)
    }

    /// What is known of the recipients now.
    async fn wishes(&self, opened: &[Opened]) -> Result<Wishes> {
        let digests: Vec<Digest> = opened.iter().flat_map(|it| it.digests.clone()).collect();
        let ids: Vec<ProfileId> =
            opened.iter().map(|it| it.delivery.claim.profile.clone()).collect();
        let mut people = BTreeMap::new();
        for person in self.store.wishes(&ids).await? {
            let is_erased = self.vault.get(&person.id).await?.is_empty();
            people.insert(person.id.clone(), (person, is_erased));
        }
        Ok(Wishes { addresses: self.store.addresses(&digests).await?, people })
    }

    fn count(&mut self, transitions: &[Transition]) {
        for transition in transitions {
            *self.delivered.states.entry(transition.to.name()).or_default() += 1;
        }
    }

    async fn commit(&self, mut batch: Batch, transitions: Vec<Transition>) -> Result<()> {
        batch.transitions = transitions;
        if batch.is_empty() { Ok(()) } else { self.store.commit(batch).await }
    }
}

/// What recipients wish when they are about to be written to.
struct Wishes {
    addresses: Addresses,
    /// And whether they were erased.
    people: BTreeMap<ProfileId, (Profile, bool)>,
}

impl Wishes {
    /// Why a message is not handed over any more.
    fn against(&self, opened: &Opened, relay: &Relay<'_>) -> Option<Reason> {
        let Opened { delivery, message, digests } = opened;
        let candidate = match message.kind {
            MessageKind::Marketing => relay.campaign.handover(&delivery.purpose),
            MessageKind::Transactional => Candidate::transactional(delivery.purpose.clone()),
        };
        let found = self.addresses.suppression.find(digests, relay.now);
        let standing = Standing::new(delivery.claim.profile.clone(), delivery.address)
            .suppressed(Lookup::Known(found));
        let standing = match self.people.get(&delivery.claim.profile) {
            Some((person, is_erased)) => standing
                .erased(Lookup::Known(*is_erased))
                .consents(Lookup::Known(person.consents.clone()))
                .subscriptions(Lookup::Known(person.subscriptions.clone())),
            None => standing,
        };
        match gate(&standing, &candidate, relay.now).verdict {
            Verdict::Permit(_) => None,
            Verdict::Defer { reason, .. } | Verdict::Skip { reason } => Some(reason),
        }
    }
}

fn is_due(delivery: &Delivery, now: Timestamp) -> bool {
    match &delivery.state {
        State::Deferred { until, .. } => *until <= now,
        _ => true,
    }
}
