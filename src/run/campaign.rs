//! What a mailing is decided by and written with.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::visit;
use crate::claim::{Claim, Mailing};
use crate::content::Letter;
use crate::delivery::{Channel, Delivery};
use crate::email::{Address, Composer, Draft, check_id};
use crate::engine::{Engine, View, Wanted};
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::facts::Facts;
use crate::gate::{Candidate, Cap, Lookup, Permit, QuietHours};
use crate::id::{MessageId, ProfileId};
use crate::identity::{CanonicalEmail, Digest, Hasher, encode};
use crate::key::KeyProvider;
use crate::playbook::{MailingPlan, Playbook};
use crate::privacy::{Personal, Purpose, Sealer, SubscriptionState};
use crate::scorer::Scorer;
use crate::segment::Segment;
use crate::store::Profile;
use crate::time::{Timestamp, Zone};
use crate::value::Value;

/// The personal trait that holds the address to write to.
const ADDRESS: &str = "email";
/// The personal trait that holds the name that goes with it.
const NAME: &str = "name";
/// What messages in the outbox are sealed for.
pub(super) const OUTBOX: &str = "outbox";
/// What a template is given by every campaign.
const POSTAL_ADDRESS: &str = "postal_address";
/// As [`POSTAL_ADDRESS`].
const UNSUBSCRIBE_URL: &str = "unsubscribe_url";

/// Everything that one mailing is decided by and written with.
///
/// It reads two personal traits from the vault, `email` and `name`: the address that it writes to
/// and the name that goes with it. Templates are given `postal_address` and `unsubscribe_url`, and
/// whatever else [`given`](Self::given) says. Cloning is cheap enough for one clone per task.
///
/// ```
/// use std::sync::Arc;
///
/// use bespoke::key::{KeyProvider, KeyVersion, Keys, Secret};
/// use bespoke::playbook::{MailingPlan, Playbook, SenderPlan, TemplatePlan};
/// use bespoke::run::Campaign;
/// use bespoke::schema::{Field, Schema};
/// use bespoke::value::Kind;
///
/// let text = "Hello {{ profile.name }}! {{ given.postal_address }} {{ given.unsubscribe_url }}";
/// let schema = Schema::new()
///     .attribute("email", Field::from(Kind::Text).personal())
///     .attribute("name", Field::from(Kind::Text).personal());
/// let playbook = Playbook::new("shop", schema)
///     .purpose("news", "What is new in the shop.")
///     .sender(SenderPlan::new("Shop <s@shop.example>", "https://shop.example/u/", "Weg 1, Ulm"))
///     .template("hello", TemplatePlan::new("Hello!", text, text))
///     .mailing("spring", MailingPlan::new("hello", "news").given(["postal_address", "unsubscribe_url"]));
/// let keys: Arc<dyn KeyProvider> =
///     Arc::new(Keys::new(KeyVersion::new(1), Secret::new([7; 32])?));
///
/// let campaign = Campaign::new(&playbook, "spring", &keys)?;
/// assert_eq!(campaign.mailing().as_str(), "spring");
/// let error = Campaign::new(&playbook, "sprint", &keys).unwrap_err();
/// assert_eq!(error.to_string(), "the playbook has no mailing `sprint`; did you mean `spring`?");
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone)]
pub struct Campaign {
    pub(super) engine: Engine,
    pub(super) mailing: Mailing,
    template: Arc<str>,
    pub(super) candidate: Candidate,
    /// What the candidate is about, to be asked again when a message is handed over.
    topic: Option<(Arc<str>, SubscriptionState)>,
    pub(super) audience: Option<Segment>,
    /// The playbook's version, by which the audience is defined.
    pub(super) definition: Arc<str>,
    attribute: Option<Arc<str>>,
    zone: Lookup<Zone>,
    given: BTreeMap<Arc<str>, Value>,
    /// What the playbook says is given and nobody has given yet.
    missing: BTreeSet<Arc<str>>,
    pub(super) hasher: Hasher,
    composer: Composer,
    pub(super) sealer: Sealer,
    pub(super) scorers: BTreeMap<Arc<str>, Arc<dyn Scorer>>,
}

/// An address in the forms in which it is needed.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    recipient: Address,
    pub(super) active: Digest,
    /// Under every generation of the key that counts.
    pub(super) digests: Vec<Digest>,
}

impl Campaign {
    /// The mailing of this name in a playbook, with the keys that address digests, ways out and
    /// sealed messages are made with.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Playbook`] for a playbook that does not become an engine;
    /// [`ErrorKind::Definition`] for a mailing that the playbook does not have, and for a playbook
    /// without a sender; [`ErrorKind::Address`] for a sender that no mail can come from.
    pub fn new(playbook: &Playbook, mailing: &str, keys: &Arc<dyn KeyProvider>) -> Result<Self> {
        let mailings = playbook.mailings();
        let names = || mailings.keys().map(|name| &**name);
        let plan = mailings
            .get(mailing)
            .ok_or_else(|| unknown("the playbook has no mailing", mailing, names()))?;
        let sender = playbook.sent_by().ok_or_else(|| fault("the playbook has no sender"))?;
        let sender = sender.sender()?;
        let engine = playbook.engine()?;
        let topic = topic(playbook, plan)?;
        let zone = plan.zone.as_ref();
        let missing = plan.given.iter().filter(|name| ***name != *UNSUBSCRIBE_URL);
        let campaign = Self {
            mailing: Mailing::new(mailing),
            template: Arc::clone(&plan.template),
            candidate: candidate(plan, topic.as_ref(), mailing)?,
            topic,
            audience: plan.audience.as_deref().map(|rule| engine.rule(rule)).transpose()?,
            definition: playbook.version().into(),
            attribute: zone.and_then(|zone| zone.attribute.clone()),
            zone: match zone {
                Some(zone) => Lookup::Known(zone.default.parse()?),
                None => Lookup::Unavailable,
            },
            given: BTreeMap::new(),
            missing: missing.cloned().collect(),
            hasher: Hasher::new(Arc::clone(keys)),
            composer: Composer::new(&sender, Arc::clone(keys))?,
            sealer: Sealer::new(Arc::clone(keys)),
            scorers: BTreeMap::new(),
            engine,
        };
        Ok(campaign.given(POSTAL_ADDRESS, sender.postal_address))
    }

    /// The same campaign with what a score is computed by; a score without is not computed, and
    /// rules read what was last written of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`] for a score that the playbook does not have, [`ErrorKind::Model`]
    /// for a scorer of other features.
    pub fn scorer(mut self, score: &str, scorer: Arc<dyn Scorer>) -> Result<Self> {
        let scores = self.engine.scores();
        let names = || scores.keys().map(|name| &**name);
        let (name, checked) = scores
            .get_key_value(score)
            .ok_or_else(|| unknown("the playbook has no score", score, names()))?;
        checked.fits(&*scorer)?;
        self.scorers.insert(Arc::clone(name), scorer);
        Ok(self)
    }

    /// The same campaign for messages that this channel carries away: what it writes itself
    /// ([`Channel::headers`]) is left out of them.
    #[must_use]
    pub fn carried_by(self, channel: &dyn Channel) -> Self {
        Self { composer: self.composer.carried_by(channel.headers()), ..self }
    }

    /// The same campaign, which gives this to every message: what templates read as `given.NAME`.
    #[must_use]
    pub fn given(mut self, name: impl Into<Arc<str>>, value: impl Into<Value>) -> Self {
        let name = name.into();
        self.missing.remove(&name);
        self.given.insert(name, value.into());
        self
    }

    /// The engine that it decides by.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The mailing.
    pub fn mailing(&self) -> &Mailing {
        &self.mailing
    }

    /// What the mailing would say to a person at `now`, whether or not it may be sent: for previews.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`] for what cannot be rendered, [`ErrorKind::Key`] where there is no
    /// active key.
    pub fn preview(&self, profile: &Profile, personal: Personal, now: Timestamp) -> Result<Letter> {
        let timeline = visit::timeline(&self.engine, profile);
        let view = self.engine.evaluate(&timeline.facts(now), &Wanted::everything())?;
        self.letter(view, personal, &self.message_id(&profile.id), &profile.id)
    }

    /// The same campaign without its rule, for people who were chosen otherwise.
    pub(super) fn for_everybody(&self) -> Self {
        Self { audience: None, ..self.clone() }
    }

    /// Refuses to write messages that lack what the playbook says is given: they would fail one by
    /// one, and none would be decided of again.
    pub(super) fn check_given(&self) -> Result<()> {
        let Some(name) = self.missing.first() else { return Ok(()) };
        let detail = format!(
            "the mailing `{}` is to be given `{name}`; say what by `Campaign::given`",
            self.mailing
        );
        Err(fault(detail))
    }

    /// What is asked again when a message for this purpose is about to be handed over: whether it
    /// is still wanted. Caps and quiet hours were asked when it was decided.
    pub(super) fn handover(&self, purpose: &Purpose) -> Candidate {
        let candidate = Candidate::marketing(purpose.clone());
        match &self.topic {
            Some((topic, default)) => candidate.topic(&**topic, *default),
            None => candidate,
        }
    }

    /// Where a person is written to; `None` where no address is known.
    ///
    /// The outer error is of the keys and ends the run, the inner one is of the address.
    pub(super) fn address(&self, personal: &Personal) -> Result<Option<Result<Reached>>> {
        let text = |name| personal.attribute(name).map(ToString::to_string);
        let Some(address) = text(ADDRESS) else { return Ok(None) };
        let parts = Address::new(text(NAME).as_deref(), &address)
            .and_then(|recipient| Ok((recipient, CanonicalEmail::new(&address)?)));
        let (recipient, canonical) = match parts {
            Ok(parts) => parts,
            Err(error) => return Ok(Some(Err(error))),
        };
        let active = self.hasher.digest(&canonical)?;
        let digests = self.hasher.candidates(&canonical)?;
        Ok(Some(Ok(Reached { recipient, active, digests })))
    }

    /// The zone in which a person lives. One that is told and not known is no other zone.
    pub(super) fn zone(&self, facts: &Facts<'_>) -> Lookup<Zone> {
        let told = self.attribute.as_deref().and_then(|attribute| facts.attribute(attribute));
        match told {
            Some(Value::Text(name)) => name.parse().map_or(Lookup::Unavailable, Lookup::Known),
            _ => self.zone.clone(),
        }
    }

    /// Writes the message that a permit allows, and claims it.
    pub(super) fn write(
        &self,
        view: View,
        (reached, personal): (&Reached, Personal),
        permit: Permit,
        now: Timestamp,
    ) -> Result<Delivery> {
        let (id, profile) = (self.message_id(permit.profile()), permit.profile().clone());
        let (address, purpose) = (*permit.address(), permit.purpose().clone());
        let letter = self.letter(view, personal, &id, &profile)?;
        let draft = Draft::new(id.clone(), profile.clone(), reached.recipient.clone(), letter)
            .campaign(self.mailing.as_str());
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
        let given = self.given.iter().map(|(name, value)| (Arc::clone(name), value.clone()));
        let given = given.chain([(UNSUBSCRIBE_URL.into(), url.into())]);
        view.with_personal(personal).letter(&self.template, &given.collect())
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

/// What the mailing is about, and what counts for who never chose.
fn topic(playbook: &Playbook, plan: &MailingPlan) -> Result<Option<(Arc<str>, SubscriptionState)>> {
    let Some(name) = &plan.topic else { return Ok(None) };
    let topics = playbook.topics();
    let names = || topics.keys().map(|name| &**name);
    let topic =
        topics.get(name).ok_or_else(|| unknown("the playbook has no topic", name, names()))?;
    Ok(Some((Arc::clone(name), topic.default)))
}

/// What the gate is asked for.
fn candidate(
    plan: &MailingPlan,
    topic: Option<&(Arc<str>, SubscriptionState)>,
    mailing: &str,
) -> Result<Candidate> {
    let mut candidate = Candidate::marketing(&*plan.purpose).mailing(mailing);
    if let Some((name, default)) = topic {
        candidate = candidate.topic(&**name, *default);
    }
    for cap in &plan.caps {
        candidate = candidate.cap(Cap::new(cap.messages, cap.window)?);
    }
    if let Some(hours) = &plan.quiet_hours {
        candidate = candidate.quiet_hours(QuietHours::new(hours.from.parse()?, hours.to.parse()?)?);
    }
    Ok(candidate)
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let advice = match nearest(name, known) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => String::new(),
    };
    fault(format!("{what} `{name}`{advice}"))
}

fn fault(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Definition, detail)
}

impl fmt::Debug for Campaign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Campaign").field("mailing", &self.mailing).finish_non_exhaustive()
    }
}
