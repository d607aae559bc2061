//! What is decided of one person: a function of what is known of them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::visit;
use crate::claim::{Claim, Mailing};
use crate::content::Letter;
use crate::delivery::Delivery;
use crate::email::{Address, Composer, Draft, Sender, check_id};
use crate::engine::{Engine, Membership, View, Wanted};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::event::Event;
use crate::facts::{Facts, Timeline};
use crate::gate::{Candidate, Cap, Lookup, Permit, QuietHours, Standing, Verdict, gate};
use crate::id::{MessageId, ProfileId};
use crate::identity::{CanonicalEmail, Digest, Hasher, encode};
use crate::key::KeyProvider;
use crate::playbook::{MailingPlan, Playbook, SenderPlan};
use crate::privacy::{Personal, Sealer};
use crate::scorer::Scorer;
use crate::segment::Segment;
use crate::store::{Addresses, DecisionRecord, Profile};
use crate::time::{Timestamp, Zone};
use crate::value::{Fields, Value};

/// The personal trait that holds the address to write to.
const ADDRESS: &str = "email";
/// The personal trait that holds the name that goes with it.
const NAME: &str = "name";
/// What messages in the outbox are sealed for.
pub(super) const OUTBOX: &str = "outbox";

/// Everything that one mailing is decided by and written with.
#[derive(Clone)]
pub struct Campaign {
    engine: Engine,
    mailing: Mailing,
    template: Arc<str>,
    candidate: Candidate,
    audience: Option<Segment>,
    attribute: Option<Arc<str>>,
    zone: Lookup<Zone>,
    postal_address: String,
    hasher: Hasher,
    composer: Composer,
    sealer: Sealer,
    scorers: BTreeMap<Arc<str>, Arc<dyn Scorer>>,
}

/// An address in the forms in which it is needed.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    pub(super) recipient: Address,
    pub(super) active: Digest,
    /// Under every generation of the key that counts.
    pub(super) digests: Vec<Digest>,
}

/// What was looked up of a person.
pub(super) struct Known<'a> {
    pub(super) personal: Personal,
    pub(super) address: Result<Reached>,
    pub(super) addresses: &'a Addresses,
    /// The addresses claimed in the same page, before this person.
    pub(super) claimed: &'a BTreeMap<Digest, Claim>,
}

/// What was decided of a person.
pub(super) struct Outcome {
    pub(super) scores: Vec<Event>,
    pub(super) record: DecisionRecord,
    pub(super) delivery: Option<Delivery>,
}

/// What is on record of a decision beside the gate's steps.
#[derive(Serialize)]
struct Detail<'a> {
    blocks: BTreeMap<&'a Arc<str>, &'a Arc<str>>,
    scores: BTreeMap<&'a Arc<str>, &'a Value>,
    segments: BTreeMap<&'a Arc<str>, Option<Timestamp>>,
}

impl Campaign {
    /// The mailing of this name in a playbook, with the keys that address digests, ways out and
    /// sealed messages are made with.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`] for a mailing that the playbook does not have and for a playbook
    /// without a sender; [`ErrorKind::Address`] for a sender that no mail can come from.
    pub fn new(playbook: &Playbook, mailing: &str, keys: &Arc<dyn KeyProvider>) -> Result<Self> {
        let mailings = playbook.mailings();
        let plan = mailings.get(mailing).ok_or_else(|| {
            let near = nearest(mailing, mailings.keys().map(|name| &**name));
            let advice = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
            fault(format!("the playbook has no mailing `{mailing}`{advice}"))
        })?;
        let sender = playbook.sent_by().ok_or_else(|| fault("the playbook has no sender"))?;
        let sender = settings(sender);
        let engine = playbook.engine()?;
        let audience = plan.audience.as_deref().map(|rule| engine.rule(rule)).transpose()?;
        let zone = plan.zone.as_ref();
        Ok(Self {
            mailing: Mailing::new(mailing),
            template: Arc::clone(&plan.template),
            candidate: candidate(playbook, plan, mailing)?,
            audience,
            attribute: zone.and_then(|zone| zone.attribute.clone()),
            zone: match zone {
                Some(zone) => Lookup::Known(zone.default.parse()?),
                None => Lookup::Unavailable,
            },
            hasher: Hasher::new(Arc::clone(keys)),
            composer: Composer::new(&sender, Arc::clone(keys))?,
            sealer: Sealer::new(Arc::clone(keys)),
            postal_address: sender.postal_address,
            scorers: BTreeMap::new(),
            engine,
        })
    }

    /// The same campaign with what a score is computed by; a score without is not computed, and
    /// rules read what was last written of it.
    #[must_use]
    pub fn scorer(mut self, score: impl Into<Arc<str>>, scorer: Arc<dyn Scorer>) -> Self {
        self.scorers.insert(score.into(), scorer);
        self
    }

    /// The engine that it decides by.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn hasher(&self) -> &Hasher {
        &self.hasher
    }

    /// What opens the messages that it claims.
    pub(super) fn sealer(&self) -> &Sealer {
        &self.sealer
    }

    /// The mailing.
    pub fn mailing(&self) -> &Mailing {
        &self.mailing
    }

    /// Where a person is written to.
    ///
    /// The outer error is of the keys and ends the run, the inner one is of the address.
    pub(super) fn address(&self, personal: &Personal) -> Result<Result<Reached>> {
        let text = |name| personal.attribute(name).map(ToString::to_string);
        let Some(address) = text(ADDRESS) else {
            return Ok(Err(Error::new(ErrorKind::Address, "no address is known")));
        };
        let parts = Address::new(text(NAME).as_deref(), &address)
            .and_then(|recipient| Ok((recipient, CanonicalEmail::new(&address)?)));
        let (recipient, canonical) = match parts {
            Ok(parts) => parts,
            Err(error) => return Ok(Err(error)),
        };
        let active = self.hasher.digest(&canonical)?;
        let digests = self.hasher.candidates(&canonical)?;
        Ok(Ok(Reached { recipient, active, digests }))
    }

    /// What is decided of a person at `now`; nothing of one who is not known yet.
    pub(super) fn decide(
        &self,
        profile: &Profile,
        known: Known<'_>,
        now: Timestamp,
    ) -> Result<Option<Outcome>> {
        let (timeline, scores) = self.timeline(profile, now)?;
        let facts = timeline.facts(now);
        if !facts.is_known() {
            return Ok(None);
        }
        let view = self.engine.evaluate(&facts, &Wanted::everything())?;
        let mut record =
            DecisionRecord::new(self.mailing.clone(), profile.id.clone(), now, "skipped");
        record.detail = detail(&view, &scores);
        let mut delivery = None;
        if self.audience.as_ref().is_some_and(|audience| !audience.is_member(&facts)) {
            record.reason = Some("audience".to_owned());
        } else {
            match &known.address {
                Ok(reached) => {
                    let standing = self.standing(profile, reached, &known, &facts);
                    let decision = gate(&standing, &self.candidate, now);
                    record.steps = decision.steps;
                    match decision.verdict {
                        Verdict::Permit(permit) => {
                            let written = self.write(view, &known.personal, reached, permit, now);
                            delivery = claim(written, &mut record);
                        }
                        Verdict::Defer { until, reason } => {
                            record.outcome = "deferred".into();
                            record.until = Some(until);
                            record.reason = Some(reason.to_string());
                        }
                        Verdict::Skip { reason } => record.reason = Some(reason.to_string()),
                    }
                }
                Err(_) => record.reason = Some("no-address".to_owned()),
            }
        }
        Ok(Some(Outcome { scores, record, delivery }))
    }

    /// What the mailing would say to a person at `now`, whether or not it may be sent: for previews.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`] for what cannot be rendered.
    pub fn preview(&self, profile: &Profile, personal: Personal, now: Timestamp) -> Result<Letter> {
        let timeline = visit::timeline(&self.engine, profile);
        let view = self.engine.evaluate(&timeline.facts(now), &Wanted::everything())?;
        self.letter(view, personal, &self.message_id(&profile.id), &profile.id)
    }

    /// A person's facts, with the scores of now among them.
    fn timeline(&self, profile: &Profile, now: Timestamp) -> Result<(Timeline, Vec<Event>)> {
        let mut timeline = visit::timeline(&self.engine, profile);
        let mut told = Vec::new();
        for (name, scorer) in &self.scorers {
            let Some(score) = self.engine.scores().get(name) else { continue };
            told.extend(score.tell(&profile.id, &timeline.facts(now), &**scorer)?);
        }
        told.iter().for_each(|event| timeline.insert(event, self.engine.schema()));
        Ok((timeline, told))
    }

    fn standing(
        &self,
        profile: &Profile,
        reached: &Reached,
        known: &Known<'_>,
        facts: &Facts<'_>,
    ) -> Standing {
        let Addresses { suppression, claims, .. } = known.addresses;
        let written = reached.digests.iter().filter_map(|digest| claims.get(digest)).flatten();
        let written = written.chain(&profile.claims).chain(known.claimed.get(&reached.active));
        Standing::new(profile.id.clone(), reached.active)
            .erased(Lookup::Known(false))
            .suppressed(Lookup::Known(suppression.find(&reached.digests, facts.now())))
            .consents(Lookup::Known(profile.consents.clone()))
            .subscriptions(Lookup::Known(profile.subscriptions.clone()))
            .claims(Lookup::Known(written.cloned().collect()))
            .zone(self.zone(facts))
    }

    /// The zone in which a person lives. One that is told and not known is no other zone.
    fn zone(&self, facts: &Facts<'_>) -> Lookup<Zone> {
        let told = self.attribute.as_deref().and_then(|attribute| facts.attribute(attribute));
        match told {
            Some(Value::Text(name)) => name.parse().map_or(Lookup::Unavailable, Lookup::Known),
            _ => self.zone.clone(),
        }
    }

    fn write(
        &self,
        view: View,
        personal: &Personal,
        reached: &Reached,
        permit: Permit,
        now: Timestamp,
    ) -> Result<Delivery> {
        let (id, profile) = (self.message_id(permit.profile()), permit.profile().clone());
        let (address, purpose) = (*permit.address(), permit.purpose().clone());
        let letter = self.letter(view, personal.clone(), &id, &profile)?;
        let draft = Draft::new(id.clone(), profile.clone(), reached.recipient.clone(), letter);
        let message = self.composer.compose(permit, &draft, now)?;
        let sealed = self.sealer.seal(OUTBOX, id.as_str(), message.to_json().as_bytes())?;
        let claim = Claim::new(self.mailing.clone(), id, profile, now);
        Ok(Delivery::claimed(claim, address, purpose, sealed))
    }

    fn letter(
        &self,
        view: View,
        personal: Personal,
        id: &MessageId,
        profile: &ProfileId,
    ) -> Result<Letter> {
        let url = self.composer.unsubscribe_url(id, profile, self.candidate.purpose())?;
        let given = Fields::from_iter([
            ("postal_address", Value::from(self.postal_address.as_str())),
            ("unsubscribe_url", url.into()),
        ]);
        view.with_personal(personal).letter(&self.template, &given)
    }

    /// One message of a mailing for one person, so that a second attempt is seen as one: their names,
    /// or where these make no identifier, a digest of them.
    fn message_id(&self, profile: &ProfileId) -> MessageId {
        let plain = MessageId::from(format!("{}-{profile}", self.mailing));
        // The last hyphen parts the two, so no other two give the same.
        if !profile.as_str().contains('-') && check_id(&plain).is_ok() {
            return plain;
        }
        let parts = [self.mailing.as_str(), profile.as_str()];
        let digest = parts.into_iter().fold(Sha256::new(), |hash, part| {
            // The length keeps the parts apart.
            hash.chain_update(part.len().to_be_bytes()).chain_update(part)
        });
        MessageId::from(encode::hex(&digest.finalize()))
    }
}

fn claim(written: Result<Delivery>, record: &mut DecisionRecord) -> Option<Delivery> {
    match written {
        Ok(delivery) => {
            record.outcome = "claimed".into();
            record.message = Some(delivery.id().clone());
            Some(delivery)
        }
        Err(error) => {
            record.outcome = "failed".into();
            record.reason = Some(error.to_string());
            None
        }
    }
}

fn detail(view: &View, scores: &[Event]) -> String {
    let members = view.memberships().iter().filter(|(_, valid)| valid.value == Membership::In);
    let detail = Detail {
        blocks: view.choices().iter().map(|(block, choice)| (block, &choice.variant)).collect(),
        scores: scores.iter().flat_map(|event| event.fields().iter()).collect(),
        segments: members.map(|(name, valid)| (name, valid.until)).collect(),
    };
    // Names, numbers and instants: nothing that JSON cannot say.
    serde_json::to_string(&detail).unwrap_or_default()
}

/// What the gate is asked for.
fn candidate(playbook: &Playbook, plan: &MailingPlan, mailing: &str) -> Result<Candidate> {
    let mut candidate = Candidate::marketing(&*plan.purpose).mailing(mailing);
    if let Some(name) = &plan.topic {
        let topic = playbook.topics().get(name);
        let topic = topic.ok_or_else(|| fault(format!("the playbook has no topic `{name}`")))?;
        candidate = candidate.topic(&**name, topic.default);
    }
    for cap in &plan.caps {
        candidate = candidate.cap(Cap::new(cap.messages, cap.window)?);
    }
    if let Some(hours) = &plan.quiet_hours {
        candidate = candidate.quiet_hours(QuietHours::new(hours.from.parse()?, hours.to.parse()?)?);
    }
    Ok(candidate)
}

fn settings(plan: &SenderPlan) -> Sender {
    let sender = Sender::new(&*plan.from, &*plan.unsubscribe_url, &*plan.postal_address);
    match &plan.reply_to {
        Some(address) => sender.reply_to(&**address),
        None => sender,
    }
}

fn fault(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Definition, detail)
}

impl fmt::Debug for Campaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Campaign").field("mailing", &self.mailing).finish_non_exhaustive()
    }
}
