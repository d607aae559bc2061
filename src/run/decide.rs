//! Deciding whom to write to, and claiming what is written.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::campaign::{Campaign, Known};
use super::{PAGE, Progress, Stage, Watch};
use crate::delivery::{Claim, Mailing};
use crate::error::{ErrorKind, Result};
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::page::Cursor;
use crate::privacy::Vault;
use crate::store::{Batch, DecisionRecord, Profile, Store};
use crate::time::Timestamp;

/// How often a base that others write to at the same time is begun anew before giving up.
const ATTEMPTS: usize = 8;

/// How many people were decided of.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Decided {
    /// Those of this call by outcome; what was decided earlier is in the store.
    pub outcomes: BTreeMap<Arc<str>, u64>,
}

/// Decides of everybody in the store whom this mailing has not decided of, or has deferred until
/// now, and claims the messages of those who are written to.
///
/// A page is committed under the versions that were read: where somebody wrote in between, reading
/// begins anew, and what is decided already is passed over.
///
/// # Errors
///
/// What the store, the vault and the keys answer with. What is wrong with one person, such as a
/// template that cannot be rendered for them, is on record as `failed` and stops nobody else.
pub async fn decide(
    campaign: &Campaign,
    (store, vault): (&dyn Store, &dyn Vault),
    now: Timestamp,
    watch: &mut Watch<'_>,
) -> Result<Decided> {
    let mut decided = Decided::default();
    let mut attempts = 0;
    loop {
        match decide_rest(campaign, (store, vault), now, &mut decided, watch).await {
            Err(error) if error.kind() == ErrorKind::Conflict && attempts < ATTEMPTS => {
                attempts += 1;
            }
            done => return done.map(|()| decided),
        }
    }
}

async fn decide_rest(
    campaign: &Campaign,
    (store, vault): (&dyn Store, &dyn Vault),
    now: Timestamp,
    decided: &mut Decided,
    watch: &mut Watch<'_>,
) -> Result<()> {
    let mut past = Past::new(store, campaign.mailing());
    let mut done = 0;
    let mut after = None;
    loop {
        let page = store.profiles(after.as_ref(), PAGE).await?;
        let Some(last) = page.items.last().map(|profile| profile.id.clone()) else { break };
        done += page.items.len() as u64;
        let settled = past.upto(&last).await?;
        let open = |profile: &Profile| settled.get(&profile.id).is_none_or(|it| is_due(it, now));
        let people: Vec<Profile> = page.items.into_iter().filter(open).collect();
        let batch = decide_page(campaign, (store, vault), people, now).await?;
        let outcomes: Vec<_> =
            batch.decisions.iter().map(|record| Arc::clone(&record.outcome)).collect();
        if !batch.is_empty() {
            store.commit(batch).await?;
        }
        for outcome in outcomes {
            *decided.outcomes.entry(outcome).or_default() += 1;
        }
        watch(Progress { stage: Stage::Deciding, done });
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(())
}

/// Whether somebody who was deferred is to be asked about again.
fn is_due(record: &DecisionRecord, now: Timestamp) -> bool {
    record.until.is_some_and(|until| until <= now)
}

/// The decisions of a page of people, and what follows from them.
async fn decide_page(
    campaign: &Campaign,
    (store, vault): (&dyn Store, &dyn Vault),
    people: Vec<Profile>,
    now: Timestamp,
) -> Result<Batch> {
    let mut reached = Vec::with_capacity(people.len());
    for profile in people {
        let personal = vault.get(&profile.id).await?;
        let address = campaign.address(&personal)?;
        reached.push((profile, personal, address));
    }
    let digests = reached.iter().filter_map(|(_, _, address)| address.as_ref().ok());
    let digests: Vec<Digest> = digests.flat_map(|address| address.digests.clone()).collect();
    let addresses = store.addresses(&digests).await?;
    // Two people of one page may have one address; the store would refuse the second claim.
    let mut claimed: BTreeMap<Digest, Claim> = BTreeMap::new();
    let mut batch = Batch::new();
    for (profile, personal, address) in reached {
        let known = Known { personal, address, addresses: &addresses, claimed: &claimed };
        let version = profile.version;
        let Some(outcome) = campaign.decide(&profile, known, now)? else { continue };
        if let Some(delivery) = &outcome.delivery {
            claimed.insert(delivery.address, delivery.claim.clone());
        }
        batch = batch.expect(profile.id, version);
        batch.events.extend(outcome.scores);
        batch.decisions.push(outcome.record);
        batch.deliveries.extend(outcome.delivery);
    }
    Ok(batch)
}

/// The decisions that a mailing has on record, read along with the profiles: both come in the order
/// of the profiles' ids.
struct Past<'a> {
    store: &'a dyn Store,
    mailing: &'a Mailing,
    read: VecDeque<DecisionRecord>,
    next: Option<Cursor>,
    ended: bool,
}

impl<'a> Past<'a> {
    fn new(store: &'a dyn Store, mailing: &'a Mailing) -> Self {
        Self { store, mailing, read: VecDeque::new(), next: None, ended: false }
    }

    /// The decisions of people not after `last` that were not asked for yet.
    async fn upto(&mut self, last: &ProfileId) -> Result<BTreeMap<ProfileId, DecisionRecord>> {
        while !self.ended && self.read.back().is_none_or(|record| record.profile <= *last) {
            let page = self.store.decisions(self.mailing, self.next.as_ref(), PAGE).await?;
            self.ended = page.next.is_none();
            self.next = page.next;
            self.read.extend(page.items);
        }
        let mut found = BTreeMap::new();
        while let Some(record) = self.read.pop_front_if(|record| record.profile <= *last) {
            found.insert(record.profile.clone(), record);
        }
        Ok(found)
    }
}
