//! What is decided of one person: a function of what is known of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::campaign::{Campaign, Reached};
use super::visit;
use crate::claim::Claim;
use crate::delivery::Delivery;
use crate::engine::{View, Wanted};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::facts::Timeline;
use crate::gate::{Lookup, Standing, Verdict, gate};
use crate::identity::Digest;
use crate::privacy::Personal;
use crate::segment::Membership;
use crate::store::{Addresses, Answers, DecisionRecord, Profile};
use crate::time::{Timestamp, Zone};
use crate::value::Value;

/// A person and what was decided of them so far.
pub(super) struct Person {
    pub(super) profile: Profile,
    /// What was told of them on the way.
    pub(super) scores: Vec<Event>,
    pub(super) record: DecisionRecord,
    pub(super) delivery: Option<Delivery>,
    /// What is to be said to them; nothing where the decision has fallen.
    view: Option<View>,
    zone: Lookup<Zone>,
}

/// What is known of the addresses of a page.
pub(super) struct Known<'a> {
    pub(super) addresses: &'a Addresses,
    /// Those claimed in the same page, before this person.
    pub(super) claimed: &'a BTreeMap<Digest, Claim>,
}

impl Person {
    /// A person as the rules see them at `now`, with their scores of now. Where the rules say
    /// enough, the decision has fallen, and nothing personal needs to be read.
    pub(super) fn new(campaign: &Campaign, profile: Profile, now: Timestamp) -> Result<Self> {
        let mut timeline = visit::timeline(&campaign.engine, &profile);
        let record =
            DecisionRecord::new(campaign.mailing.clone(), profile.id.clone(), now, "skipped");
        let (scores, zone) = (Vec::new(), Lookup::Unavailable);
        let mut person = Self { profile, scores, record, delivery: None, view: None, zone };
        match scores_of(campaign, &person.profile, &timeline, now) {
            Ok(scores) => person.scores = scores,
            Err(error) => {
                person.fail(&error);
                return Ok(person);
            }
        }
        let schema = campaign.engine.schema();
        person.scores.iter().for_each(|event| timeline.insert(event, schema));
        let facts = timeline.facts(now);
        let view = campaign.engine.evaluate(&facts, &Wanted::everything())?;
        person.record.detail = answers(&view, &person.scores).to_json();
        if campaign.audience.as_ref().is_none_or(|audience| audience.is_member(&facts)) {
            person.zone = campaign.zone(&facts);
            person.view = Some(view);
        } else {
            person.skip("audience");
        }
        Ok(person)
    }

    /// Whether it is still open what is decided of them.
    pub(super) fn is_open(&self) -> bool {
        self.view.is_some()
    }

    /// Decides not to write to them.
    pub(super) fn skip(&mut self, reason: &str) {
        self.view = None;
        self.record.reason = Some(reason.to_owned());
    }

    /// Decides of a person at an address, and writes to them if the gate permits it.
    ///
    /// The error is of the keys or of the definitions: it is nobody's in particular, and ends the
    /// run.
    pub(super) fn decide(
        &mut self,
        campaign: &Campaign,
        (reached, personal): (&Reached, Personal),
        known: &Known<'_>,
        now: Timestamp,
    ) -> Result<()> {
        let Some(view) = self.view.take() else { return Ok(()) };
        let decision = gate(&self.standing(reached, known, now), &campaign.candidate, now);
        self.record.steps = decision.steps;
        match decision.verdict {
            Verdict::Permit(permit) => match campaign.write(view, (reached, personal), permit, now)
            {
                Ok(delivery) => self.claim(delivery),
                Err(error) if is_of_nobody(&error) => return Err(error),
                Err(error) => self.fail(&error),
            },
            Verdict::Defer { until, reason } => {
                self.record.outcome = "deferred".into();
                self.record.until = Some(until);
                self.record.reason = Some(reason.to_string());
            }
            Verdict::Skip { reason } => self.skip(reason.as_str()),
        }
        Ok(())
    }

    fn standing(&self, reached: &Reached, known: &Known<'_>, now: Timestamp) -> Standing {
        let Self { profile, zone, .. } = self;
        let Addresses { suppression, claims, .. } = known.addresses;
        let written = reached.digests.iter().filter_map(|digest| claims.get(digest)).flatten();
        let written = written.chain(&profile.claims).chain(known.claimed.get(&reached.active));
        Standing::new(profile.id.clone(), reached.active)
            // Of who was erased no address is held; who came back after is not erased.
            .erased(Lookup::Known(false))
            .suppressed(Lookup::Known(suppression.find(&reached.digests, now)))
            .consents(Lookup::Known(profile.consents.clone()))
            .subscriptions(Lookup::Known(profile.subscriptions.clone()))
            .claims(Lookup::Known(written.cloned().collect()))
            .zone(zone.clone())
    }

    fn claim(&mut self, delivery: Delivery) {
        self.record.outcome = "claimed".into();
        self.record.message = Some(delivery.id().clone());
        self.delivery = Some(delivery);
    }

    fn fail(&mut self, error: &Error) {
        self.record.outcome = "failed".into();
        self.record.reason = Some(in_a_line(error));
    }
}

/// Whether anything is known of a person at `now`.
pub(super) fn is_known(profile: &Profile, now: Timestamp) -> bool {
    // Not whether the facts say so: of somebody who told an address and no more, the vault has all
    // there is.
    profile.events.iter().any(|event| event.at() <= now && event.known_from() <= now)
}

/// Whether an error has nothing to do with the person with whom it showed.
fn is_of_nobody(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Definition | ErrorKind::Io | ErrorKind::Key)
}

/// An error in one line, with its place: what is on record is read in tables.
fn in_a_line(error: &Error) -> String {
    match error.diagnostics().first() {
        Some(at) => format!("{} (line {}, column {})", error.detail(), at.line, at.column),
        None => error.detail().to_owned(),
    }
}

/// The scores of now, each as the event that tells it.
fn scores_of(
    campaign: &Campaign,
    profile: &Profile,
    timeline: &Timeline,
    now: Timestamp,
) -> Result<Vec<Event>> {
    let facts = timeline.facts(now);
    let mut told = Vec::new();
    for (name, scorer) in &campaign.scorers {
        let Some(score) = campaign.engine.scores().get(name) else { continue };
        told.extend(score.tell(&profile.id, &facts, &**scorer)?);
    }
    Ok(told)
}

fn answers(view: &View, scores: &[Event]) -> Answers {
    let members = view.memberships().iter().filter(|(_, valid)| valid.value == Membership::In);
    let choices = view.choices().iter();
    let mut answers = Answers::default();
    answers
        .blocks
        .extend(choices.map(|(block, choice)| (Arc::clone(block), Arc::clone(&choice.variant))));
    answers.segments.extend(members.map(|(name, valid)| (Arc::clone(name), valid.until)));
    for (name, score) in scores.iter().flat_map(|event| event.fields().iter()) {
        let score = match score {
            Value::Number(score) => Some(score.to_f64()),
            _ => None,
        };
        answers.scores.insert(Arc::clone(name), score);
    }
    answers
}
