//! A store in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Addresses, Batch, DecisionRecord, Profile, Store, Timer, Version, judge, place};
use crate::claim::{Claim, Mailing};
use crate::delivery::{Delivery, State, StateName, Transition};
use crate::error::Result;
use crate::event::Event;
use crate::id::{MessageId, ProfileId};
use crate::identity::Digest;
use crate::page::{Cursor, Page};
use crate::privacy::{Ledger, Subscriptions, Suppressed};
use crate::time::Timestamp;

/// A [`Store`] in memory, for tests and small bases: nothing outlives the process.
#[derive(Default)]
pub struct MemoryStore(Mutex<Tables>);

impl MemoryStore {
    /// A store that holds nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // No call panics while it holds the lock; what a poisoned one guards is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Tables {
    profiles: BTreeMap<ProfileId, Entry>,
    suppressed: BTreeMap<Digest, Vec<Suppressed>>,
    /// In the order in which they were claimed.
    deliveries: Vec<Delivery>,
    /// Where a message stands in `deliveries`.
    messages: BTreeMap<MessageId, usize>,
    claimed: BTreeMap<Digest, BTreeSet<Claim>>,
    taken: BTreeSet<(Mailing, Digest)>,
    decisions: BTreeMap<Mailing, BTreeMap<ProfileId, DecisionRecord>>,
    timers: BTreeSet<Timer>,
    set: BTreeMap<(ProfileId, Arc<str>), Timestamp>,
    cursors: BTreeMap<Arc<str>, Cursor>,
    documents: BTreeMap<Arc<str>, String>,
}

/// What is held of one person.
#[derive(Default)]
struct Entry {
    version: Version,
    events: BTreeMap<(Timestamp, MessageId), Event>,
    happened: BTreeMap<MessageId, Timestamp>,
    consents: Ledger,
    subscriptions: Subscriptions,
    claims: BTreeSet<Claim>,
}

impl Entry {
    fn profile(&self, id: &ProfileId) -> Profile {
        Profile { events: self.events.values().cloned().collect(), ..self.wishes(id) }
    }

    /// Everything but the events.
    fn wishes(&self, id: &ProfileId) -> Profile {
        Profile {
            id: id.clone(),
            version: self.version,
            events: Vec::new(),
            consents: self.consents.clone(),
            subscriptions: self.subscriptions.clone(),
            claims: self.claims.iter().cloned().collect(),
        }
    }

    /// Keeps an event under its `messageId`, or the copy that stands against it.
    fn tell(&mut self, event: Event) {
        let id = event.id();
        if let Some(at) = self.happened.get(&id) {
            let place = (*at, id.clone());
            let standing = self.events.get(&place).map(Event::precedence);
            if standing.is_some_and(|standing| standing <= event.precedence()) {
                return;
            }
            self.events.remove(&place);
        }
        self.happened.insert(id.clone(), event.at());
        self.events.insert((event.at(), id.clone()), event.with_id(id));
    }
}

impl Tables {
    fn check(&self, batch: &Batch) -> Result<()> {
        judge::admit(batch)?;
        for (profile, expected) in &batch.expected {
            let stored = self.profiles.get(profile).map_or(Version::NEW, |entry| entry.version);
            judge::version(profile, *expected, stored)?;
        }
        for (name, expected) in &batch.expected_documents {
            let stored = self.documents.get(name).map(String::as_str);
            judge::document(name, expected.as_deref(), stored)?;
        }
        let mut states = BTreeMap::new();
        let mut taken = BTreeSet::new();
        for delivery in &batch.deliveries {
            if self.messages.contains_key(delivery.id())
                || states.insert(delivery.id(), StateName::Claimed).is_some()
            {
                return judge::claimed_twice(delivery);
            }
            let address = (delivery.claim.mailing.clone(), delivery.address);
            if self.taken.contains(&address) || !taken.insert(address) {
                return judge::address_taken(delivery);
            }
        }
        for transition in &batch.transitions {
            let stored = states.get(&transition.message).copied();
            let stored = stored.or_else(|| self.state(&transition.message));
            judge::step(transition, stored)?;
            states.insert(&transition.message, transition.to.name());
        }
        Ok(())
    }

    fn state(&self, message: &MessageId) -> Option<StateName> {
        let delivery = self.deliveries.get(*self.messages.get(message)?)?;
        Some(delivery.state.name())
    }

    /// Takes in a batch that passed the check.
    fn apply(&mut self, batch: Batch) {
        let written: BTreeSet<ProfileId> = batch.profiles().cloned().collect();
        for profile in written {
            let version = &mut self.entry(profile).version;
            *version = version.next();
        }
        for event in batch.events {
            let Some(person) = event.person().cloned() else { continue };
            self.entry(person).tell(event);
        }
        for (profile, consent) in batch.consents {
            self.entry(profile).consents.record(consent);
        }
        for (profile, choice) in batch.subscriptions {
            self.entry(profile).subscriptions.record(choice);
        }
        for (digest, suppressed) in batch.suppressions {
            self.suppressed.entry(digest).or_default().push(suppressed);
        }
        batch.decisions.into_iter().for_each(|decision| self.decide(decision));
        batch.deliveries.into_iter().for_each(|delivery| self.claim(delivery));
        batch.transitions.into_iter().for_each(|transition| self.step(transition));
        batch.cancelled.into_iter().for_each(|timer| self.cancel(timer));
        batch.timers.into_iter().for_each(|timer| self.set(timer));
        self.cursors.extend(batch.cursors);
        self.documents.extend(batch.documents);
    }

    fn entry(&mut self, profile: ProfileId) -> &mut Entry {
        self.profiles.entry(profile).or_default()
    }

    fn decide(&mut self, decision: DecisionRecord) {
        let decisions = self.decisions.entry(decision.mailing.clone()).or_default();
        decisions.insert(decision.profile.clone(), decision);
    }

    fn claim(&mut self, delivery: Delivery) {
        let claim = delivery.claim.clone();
        self.messages.insert(claim.message.clone(), self.deliveries.len());
        self.taken.insert((claim.mailing.clone(), delivery.address));
        self.claimed.entry(delivery.address).or_default().insert(claim.clone());
        self.entry(claim.profile.clone()).claims.insert(claim);
        self.deliveries.push(delivery);
    }

    fn step(&mut self, transition: Transition) {
        let place = self.messages.get(&transition.message);
        let Some(delivery) = place.and_then(|place| self.deliveries.get_mut(*place)) else {
            return;
        };
        let attempts = u32::from(transition.to == State::Sending);
        delivery.attempts = delivery.attempts.saturating_add(attempts);
        delivery.state = transition.to;
        delivery.since = transition.at;
        if delivery.state.name().is_final() {
            delivery.sealed = None;
        }
    }

    fn cancel(&mut self, (profile, name): (ProfileId, Arc<str>)) {
        if let Some(due) = self.set.remove(&(profile.clone(), Arc::clone(&name))) {
            self.timers.remove(&Timer { due, profile, name });
        }
    }

    fn set(&mut self, timer: Timer) {
        let key = (timer.profile.clone(), Arc::clone(&timer.name));
        self.cancel(key.clone());
        self.set.insert(key, timer.due);
        self.timers.insert(timer);
    }
}

fn after<T>(place: Option<T>) -> (Bound<T>, Bound<T>) {
    (place.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded)
}

#[async_trait]
impl Store for MemoryStore {
    async fn commit(&self, batch: Batch) -> Result<()> {
        let mut tables = self.tables();
        tables.check(&batch)?;
        tables.apply(batch);
        Ok(())
    }

    async fn profiles(&self, place: Option<&Cursor>, limit: usize) -> Result<Page<Profile>> {
        let list = ["profiles"];
        let place = place::key(&list, place)?.map(ProfileId::from);
        let tables = self.tables();
        let profiles = tables.profiles.range(after(place)).take(place::wanted(limit));
        let profiles = profiles.map(|(id, entry)| entry.profile(id)).collect();
        Ok(place::page(profiles, limit, |last: &Profile| place::cursor(&list, last.id.as_str())))
    }

    async fn profile(&self, id: &ProfileId) -> Result<Profile> {
        let tables = self.tables();
        let entry = tables.profiles.get(id);
        Ok(entry.map_or_else(|| Profile::new(id.clone()), |entry| entry.profile(id)))
    }

    async fn wishes(&self, ids: &[ProfileId]) -> Result<Vec<Profile>> {
        let tables = self.tables();
        let wishes = |id: &ProfileId| match tables.profiles.get(id) {
            Some(entry) => entry.wishes(id),
            None => Profile::new(id.clone()),
        };
        Ok(ids.iter().map(wishes).collect())
    }

    async fn addresses(&self, digests: &[Digest]) -> Result<Addresses> {
        let tables = self.tables();
        let mut addresses = Addresses::default();
        for digest in digests {
            for suppressed in tables.suppressed.get(digest).into_iter().flatten() {
                addresses.suppression.add(*digest, suppressed.cause, suppressed.since);
            }
            if let Some(claims) = tables.claimed.get(digest) {
                addresses.claims.insert(*digest, claims.iter().cloned().collect());
            }
        }
        Ok(addresses)
    }

    async fn decisions(
        &self,
        mailing: &Mailing,
        place: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<DecisionRecord>> {
        let list = ["decisions", mailing.as_str()];
        let place = place::key(&list, place)?.map(ProfileId::from);
        let tables = self.tables();
        let decisions = tables.decisions.get(mailing).into_iter();
        let decisions = decisions.flat_map(|decisions| decisions.range(after(place.clone())));
        let decisions = decisions.take(place::wanted(limit)).map(|(_, found)| found.clone());
        Ok(place::page(decisions.collect(), limit, |last: &DecisionRecord| {
            place::cursor(&list, last.profile.as_str())
        }))
    }

    async fn decided(
        &self,
        mailing: &Mailing,
        people: &[ProfileId],
    ) -> Result<Vec<DecisionRecord>> {
        let tables = self.tables();
        let decisions = tables.decisions.get(mailing);
        let found = people.iter().filter_map(|person| decisions?.get(person));
        Ok(found.cloned().collect())
    }

    async fn deliveries(
        &self,
        mailing: &Mailing,
        state: StateName,
        place: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Delivery>> {
        let list = ["deliveries", mailing.as_str(), state.as_str()];
        // Numbers begin at 1, so that the number of the last is how many to pass over.
        let passed = place::number(&list, place)?.unwrap_or_default();
        let passed = usize::try_from(passed).unwrap_or(usize::MAX);
        let tables = self.tables();
        let deliveries = tables.deliveries.iter().zip(1_u64..).skip(passed);
        let found = deliveries.filter(|(delivery, _)| {
            delivery.claim.mailing == *mailing && delivery.state.name() == state
        });
        let found = found.take(place::wanted(limit)).collect();
        let page = place::page(found, limit, |(_, number): &(&Delivery, u64)| {
            place::cursor(&list, &number.to_string())
        });
        Ok(Page::new(page.items.into_iter().map(|(found, _)| found.clone()).collect(), page.next))
    }

    async fn timers(&self, now: Timestamp, limit: usize) -> Result<Vec<Timer>> {
        let tables = self.tables();
        let due = tables.timers.iter().take_while(|timer| timer.due <= now);
        Ok(due.take(limit.max(1)).cloned().collect())
    }

    async fn cursor(&self, source: &str) -> Result<Option<Cursor>> {
        Ok(self.tables().cursors.get(source).cloned())
    }

    async fn document(&self, name: &str) -> Result<Option<String>> {
        Ok(self.tables().documents.get(name).cloned())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tables = self.tables();
        f.debug_struct("MemoryStore")
            .field("profiles", &tables.profiles.len())
            .field("deliveries", &tables.deliveries.len())
            .finish_non_exhaustive()
    }
}
