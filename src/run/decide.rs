//! Deciding whom to write to, and claiming what is written.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::campaign::{Campaign, Reached};
use super::person::{self, Known, Person};
use super::{ATTEMPTS, PAGE, Progress, Stage, Watch};
use crate::claim::Claim;
use crate::error::{ErrorKind, Result};
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::privacy::{Personal, Vault};
use crate::store::{Batch, DecisionRecord, Profile, Store};
use crate::time::Timestamp;

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
/// # What is on record
///
/// Each person gets one [`DecisionRecord`](crate::store::DecisionRecord) of the mailing:
///
/// - `claimed`: a message is written and waits in the outbox;
/// - `deferred`: a step of the gate says to ask again at `until`. A call with a `now` of then or
///   later decides anew, by what is known then, and replaces the record; before that they are
///   passed over. Nothing wakes by itself: the host calls again, such as once an hour, and writes
///   nobody off;
/// - `skipped`, because of a step of the gate, as `audience` where the mailing's rule is not true of
///   them, as `no-address` where the vault holds no address of theirs (it was erased, or never told),
///   or as `bad-address` where no mail can be sent to what it holds;
/// - `failed`: their message cannot be written, as where a template needs what is not known of them,
///   or their score cannot be told.
///
/// Claimed, skipped and failed stand for good: a mailing asks nobody twice. Somebody who is not
/// known yet at `now` is not on record and is asked the next time. Scores are written as events
/// with the decision, once for each instant at which they were computed.
///
/// # Others who write at the same time
///
/// A page is committed under the versions that were read. Where somebody wrote to one of its people
/// in between, or claimed one of its addresses, the page is read and decided anew, and what another
/// decider has decided meanwhile is passed over. Suppressions are of addresses and have no version;
/// [`deliver`](super::deliver) reads them again. So may two mailings that are decided at the same
/// instant pass the cap of an address that two people share.
///
/// # Errors
///
/// [`ErrorKind::Definition`] for a mailing that is to be given what
/// [`Campaign::given`] was not told; [`ErrorKind::Conflict`] where a page was written to by others
/// eight times in a row; else what the store, the vault and the keys answer with. After an error
/// the pages before are decided, and calling again goes on. What is wrong with one person is on
/// record as `failed` and stops nobody else.
pub async fn decide(
    campaign: &Campaign,
    (store, vault): (&dyn Store, &dyn Vault),
    now: Timestamp,
    watch: &mut Watch<'_>,
) -> Result<Decided> {
    campaign.check_given()?;
    let mut decided = Decided::default();
    let (mut after, mut done, mut attempts) = (None, 0, 0);
    loop {
        let mut page = store.profiles(after.as_ref(), PAGE).await?;
        let count = page.items.len() as u64;
        page.items.retain(|profile| person::is_known(profile, now));
        let people = undecided(campaign, store, page.items, now).await?;
        let batch = decide_page(campaign, (store, vault), people, now).await?;
        let outcomes: Vec<_> = batch.decisions.iter().map(|it| Arc::clone(&it.outcome)).collect();
        if !batch.is_empty() {
            match store.commit(batch).await {
                Err(error) if error.kind() == ErrorKind::Conflict && attempts < ATTEMPTS => {
                    attempts += 1;
                    continue;
                }
                answer => answer?,
            }
        }
        for outcome in outcomes {
            *decided.outcomes.entry(outcome).or_default() += 1;
        }
        done += count;
        watch(Progress { stage: Stage::Deciding, done });
        (after, attempts) = (page.next, 0);
        if after.is_none() {
            return Ok(decided);
        }
    }
}

/// Those of whom nothing was decided, or who were deferred until now.
///
/// Decisions are read after the profiles: one that was made in between is seen, and one that is made
/// later raises a version that the commit expects.
pub(super) async fn undecided(
    campaign: &Campaign,
    store: &dyn Store,
    mut people: Vec<Profile>,
    now: Timestamp,
) -> Result<Vec<Profile>> {
    let ids: Vec<ProfileId> = people.iter().map(|profile| profile.id.clone()).collect();
    let decided = store.decided(campaign.mailing(), &ids).await?;
    let settled = decided.into_iter().filter(|record| is_settled(record, now));
    let settled: BTreeSet<ProfileId> = settled.map(|record| record.profile).collect();
    people.retain(|profile| !settled.contains(&profile.id));
    Ok(people)
}

/// Whether nobody asks about a person again at `now`.
pub(super) fn is_settled(record: &DecisionRecord, now: Timestamp) -> bool {
    record.until.is_none_or(|until| until > now)
}

/// The decisions of a page of people, and what follows from them.
pub(super) async fn decide_page(
    campaign: &Campaign,
    (store, vault): (&dyn Store, &dyn Vault),
    people: Vec<Profile>,
    now: Timestamp,
) -> Result<Batch> {
    let mut met = Vec::with_capacity(people.len());
    for profile in people {
        let mut person = Person::new(campaign, profile, now)?;
        let reached = reach(campaign, vault, &mut person).await?;
        met.push((person, reached));
    }
    let digests = met.iter().filter_map(|(_, reached)| reached.as_ref());
    let digests: Vec<Digest> = digests.flat_map(|(reached, _)| reached.digests.clone()).collect();
    let addresses = store.addresses(&digests).await?;
    // Two people of one page may have one address; the store would refuse the second claim.
    let mut claimed: BTreeMap<Digest, Claim> = BTreeMap::new();
    let mut batch = Batch::new();
    for (mut person, reached) in met {
        if let Some((reached, personal)) = reached {
            let known = Known { addresses: &addresses, claimed: &claimed };
            person.decide(campaign, (&reached, personal), &known, now)?;
        }
        let Person { profile, scores, record, delivery, .. } = person;
        claimed.extend(delivery.iter().map(|it| (it.address, it.claim.clone())));
        batch = batch.expect(profile.id, profile.version);
        batch.events.extend(scores);
        batch.decisions.push(record);
        batch.deliveries.extend(delivery);
    }
    Ok(batch)
}

/// Where a person of whom it is still open is written to, with what the vault holds of them.
async fn reach(
    campaign: &Campaign,
    vault: &dyn Vault,
    person: &mut Person,
) -> Result<Option<(Reached, Personal)>> {
    if !person.is_open() {
        return Ok(None);
    }
    let personal = vault.get(&person.profile.id).await?;
    match campaign.address(&personal)? {
        Some(Ok(reached)) => return Ok(Some((reached, personal))),
        // What the error says may hold the address, and the reason is on record.
        Some(Err(_)) => person.skip("bad-address"),
        None => person.skip("no-address"),
    }
    Ok(None)
}
