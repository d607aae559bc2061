//! Records in the columns of tables, and back: said once for the engines that keep them in SQL.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::de::value::StrDeserializer;
use serde::{Deserialize, Serialize};

use super::{DecisionRecord, Profile, Timer, Version};
use crate::claim::{Claim, Mailing};
use crate::delivery::{Delivery, State, StateName};
use crate::error::{Error, ErrorKind, Result};
use crate::event::{Columns, Event};
use crate::id::{MessageId, ProfileId};
use crate::identity::Digest;
use crate::key::KeyVersion;
use crate::privacy::{
    Consent, ConsentState, Subscription, SubscriptionState, Suppressed, Suppression,
};
use crate::schema::Schema;
use crate::time::Timestamp;

/// What a column is given.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Cell<'a> {
    Bytes(Cow<'a, [u8]>),
    Null,
    Number(i64),
    Text(Cow<'a, str>),
}

/// A row that was found; columns are counted from 0.
pub(super) trait Row {
    fn bytes(&self, column: usize) -> Result<Option<&[u8]>>;

    fn number(&self, column: usize) -> Result<Option<i64>>;

    fn text(&self, column: usize) -> Result<Option<Cow<'_, str>>>;
}

/// What is stored is not what this version writes.
pub(super) fn unreadable(detail: impl Into<Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Format, detail)
}

fn present<T>(found: Option<T>) -> Result<T> {
    found.ok_or_else(|| unreadable("a column holds nothing"))
}

pub(super) fn bytes(row: &impl Row, column: usize) -> Result<&[u8]> {
    present(row.bytes(column)?)
}

pub(super) fn text(row: &impl Row, column: usize) -> Result<Cow<'_, str>> {
    present(row.text(column)?)
}

pub(super) fn instant(row: &impl Row, column: usize) -> Result<Timestamp> {
    present(optional_instant(row, column)?)
}

fn optional_instant(row: &impl Row, column: usize) -> Result<Option<Timestamp>> {
    Ok(row.number(column)?.map(Timestamp::from_micros))
}

pub(super) fn number<T: TryFrom<i64>>(row: &impl Row, column: usize) -> Result<T> {
    let number = present(row.number(column)?)?;
    T::try_from(number).map_err(|_| unreadable(format!("the number {number} is out of range")))
}

/// What JSON of ours was stored in a column.
fn json<T: DeserializeOwned>(row: &impl Row, column: usize) -> Result<T> {
    serde_json::from_str(&text(row, column)?).map_err(|error| unreadable(error.to_string()))
}

/// The word by which a variant is stored.
fn word<T: Serialize>(variant: &T) -> String {
    // A variant without parts is a text between quotes.
    let json = serde_json::to_string(variant).unwrap_or_default();
    json.trim_matches('"').to_owned()
}

/// The variant that was stored by this word.
pub(super) fn variant<T: for<'de> Deserialize<'de>>(word: &str) -> Result<T> {
    T::deserialize(StrDeserializer::<serde::de::value::Error>::new(word))
        .map_err(|error| unreadable(error.to_string()))
}

// Each record: the columns that it is read from, how it is read, and how it is written to the
// columns of its table.

/// `profile, version`, nothing else of them.
pub(super) fn profile(row: &impl Row) -> Result<Profile> {
    let version = Version::new(number(row, 1)?);
    Ok(Profile { version, ..Profile::new(&*text(row, 0)?) })
}

pub(super) const EVENT: &str = "profile, message, at, known_from, kind, name, fields, rest";

/// An event of that profile.
pub(super) fn event(row: &impl Row, profile: &ProfileId, schema: &Schema) -> Result<Event> {
    let (message, kind, name) = (text(row, 1)?, text(row, 4)?, text(row, 5)?);
    let (fields, rest) = (text(row, 6)?, row.text(7)?);
    let columns = Columns {
        profile,
        message: &message,
        at: instant(row, 2)?,
        known_from: instant(row, 3)?,
        kind: &kind,
        name: &name,
        fields: &fields,
        rest: rest.as_deref(),
    };
    Event::from_columns(columns, schema).map_err(|rejection| {
        unreadable(format!("the event `{message}` ({name}) of `{profile}`: {rejection}"))
    })
}

/// Brings a profile's events in their order.
pub(super) fn sort_events(profile: &mut Profile) {
    let order = |a: &Event, b: &Event| a.at().cmp(&b.at()).then_with(|| a.id().cmp(&b.id()));
    profile.events.sort_unstable_by(order);
}

pub(super) fn of_event<'a>(
    event: &'a Event,
    person: &'a ProfileId,
    schema: &Schema,
) -> [Cell<'a>; 8] {
    let (fields, rest) = event.to_columns(schema);
    [
        person.as_str().into(),
        event.id().as_str().to_owned().into(),
        event.at().into(),
        event.known_from().into(),
        event.kind().word().into(),
        (&**event.name()).into(),
        fields.into(),
        rest.into(),
    ]
}

pub(super) const CONSENT: &str = "profile, purpose, at, state, policy, evidence";

pub(super) fn consent(row: &impl Row) -> Result<Consent> {
    let (purpose, at, policy) = (&*text(row, 1)?, instant(row, 2)?, &*text(row, 4)?);
    let consent = match variant(&text(row, 3)?)? {
        ConsentState::Granted => Consent::granted(purpose, at, policy),
        ConsentState::Withdrawn => Consent::withdrawn(purpose, at, policy),
    };
    Ok(consent.with_evidence(text(row, 5)?))
}

pub(super) fn of_consent<'a>(profile: &'a ProfileId, consent: &'a Consent) -> [Cell<'a>; 6] {
    [
        profile.as_str().into(),
        consent.purpose.as_str().into(),
        consent.at.into(),
        word(&consent.state).into(),
        consent.policy.as_str().into(),
        consent.evidence.as_str().into(),
    ]
}

pub(super) const SUBSCRIPTION: &str = "profile, topic, at, state";

pub(super) fn subscription(row: &impl Row) -> Result<Subscription> {
    let (topic, at) = (&*text(row, 1)?, instant(row, 2)?);
    Ok(match variant(&text(row, 3)?)? {
        SubscriptionState::Subscribed => Subscription::subscribed(topic, at),
        SubscriptionState::Unsubscribed => Subscription::unsubscribed(topic, at),
    })
}

pub(super) fn of_subscription<'a>(
    profile: &'a ProfileId,
    choice: &'a Subscription,
) -> [Cell<'a>; 4] {
    let (topic, at) = (choice.topic.as_str(), choice.at);
    [profile.as_str().into(), topic.into(), at.into(), word(&choice.state).into()]
}

pub(super) const SUPPRESSION: &str = "address, key_version, cause, since";

/// Adds what is read to those that are known.
pub(super) fn suppression(row: &impl Row, known: &mut Suppression) -> Result<()> {
    known.add(digest(row, 0)?, variant(&text(row, 2)?)?, instant(row, 3)?);
    Ok(())
}

pub(super) fn of_suppression(address: &Digest, suppressed: Suppressed) -> [Cell<'_>; 4] {
    let [bytes, version] = of_digest(address);
    [bytes, version, word(&suppressed.cause).into(), suppressed.since.into()]
}

/// The digest whose bytes and key's generation begin at this column.
pub(super) fn digest(row: &impl Row, column: usize) -> Result<Digest> {
    let bytes = bytes(row, column)?.try_into().map_err(|_| unreadable("a digest has 32 bytes"))?;
    Ok(Digest::new(KeyVersion::new(number(row, column + 1)?), bytes))
}

pub(super) fn of_digest(address: &Digest) -> [Cell<'_>; 2] {
    [address.bytes.as_slice().into(), address.version.number().into()]
}

pub(super) const DECISION: &str = "profile, at, outcome, reason, until, message, steps, detail";

/// A decision of that mailing.
pub(super) fn decision(row: &impl Row, mailing: &Mailing) -> Result<DecisionRecord> {
    Ok(DecisionRecord {
        mailing: mailing.clone(),
        profile: (&*text(row, 0)?).into(),
        at: instant(row, 1)?,
        outcome: (&*text(row, 2)?).into(),
        reason: row.text(3)?.map(Cow::into_owned),
        until: optional_instant(row, 4)?,
        message: row.text(5)?.map(|message| MessageId::from(&*message)),
        steps: json(row, 6)?,
        detail: text(row, 7)?.into_owned(),
    })
}

pub(super) fn of_decision(decision: &DecisionRecord) -> Result<[Cell<'_>; 9]> {
    let steps = serde_json::to_string(&decision.steps);
    Ok([
        decision.mailing.as_str().into(),
        decision.profile.as_str().into(),
        decision.at.into(),
        (&*decision.outcome).into(),
        decision.reason.as_deref().into(),
        decision.until.into(),
        decision.message.as_ref().map(MessageId::as_str).into(),
        steps.map_err(|error| unreadable(error.to_string()))?.into(),
        decision.detail.as_str().into(),
    ])
}

pub(super) const CLAIM: &str = "profile, mailing, message, at";

/// The claim whose columns begin at this one.
pub(super) fn claim(row: &impl Row, column: usize) -> Result<Claim> {
    let (profile, mailing) = (&*text(row, column)?, &*text(row, column + 1)?);
    let (message, at) = (&*text(row, column + 2)?, instant(row, column + 3)?);
    Ok(Claim::new(mailing, message, profile, at))
}

pub(super) const DELIVERY: &str = "profile, mailing, message, at, address, key_version, purpose, \
    state, reason, until, since, attempts, sealed, number";

/// A delivery with its number.
pub(super) fn delivery(row: &impl Row) -> Result<(u64, Delivery)> {
    let delivery = Delivery {
        claim: claim(row, 0)?,
        address: digest(row, 4)?,
        purpose: (&*text(row, 6)?).into(),
        state: state(row, 7)?,
        since: instant(row, 10)?,
        attempts: number(row, 11)?,
        sealed: row.bytes(12)?.map(Into::into),
    };
    Ok((number(row, 13)?, delivery))
}

pub(super) fn of_delivery(delivery: &Delivery) -> [Cell<'_>; 13] {
    let claim = &delivery.claim;
    let [address, version] = of_digest(&delivery.address);
    let [state, reason, until] = of_state(&delivery.state);
    [
        claim.mailing.as_str().into(),
        claim.profile.as_str().into(),
        claim.message.as_str().into(),
        claim.at.into(),
        address,
        version,
        delivery.purpose.as_str().into(),
        state,
        reason,
        until,
        delivery.since.into(),
        delivery.attempts.into(),
        delivery.sealed.as_deref().into(),
    ]
}

/// The state whose name, reason and instant begin at this column.
fn state(row: &impl Row, column: usize) -> Result<State> {
    let reason = || Ok::<_, Error>(row.text(column + 1)?.unwrap_or_default().into_owned());
    Ok(match variant(&text(row, column)?)? {
        StateName::Claimed => State::Claimed,
        StateName::Sending => State::Sending,
        StateName::Accepted => State::Accepted,
        StateName::Deferred => {
            State::Deferred { until: instant(row, column + 2)?, reason: reason()? }
        }
        StateName::Failed => State::Failed { reason: reason()? },
        StateName::Unknown => State::Unknown,
    })
}

/// `state, reason, until`.
pub(super) fn of_state(state: &State) -> [Cell<'_>; 3] {
    let (reason, until) = match state {
        State::Deferred { until, reason } => (Some(reason.as_str()), Some(*until)),
        State::Failed { reason } => (Some(reason.as_str()), None),
        State::Claimed | State::Sending | State::Accepted | State::Unknown => (None, None),
    };
    [state.name().as_str().into(), reason.into(), until.into()]
}

pub(super) const TIMER: &str = "profile, name, due";

pub(super) fn timer(row: &impl Row) -> Result<Timer> {
    Ok(Timer::new(&*text(row, 0)?, &*text(row, 1)?, instant(row, 2)?))
}

pub(super) fn of_timer(timer: &Timer) -> [Cell<'_>; 3] {
    [timer.profile.as_str().into(), (&*timer.name).into(), timer.due.into()]
}

impl<'a> From<&'a [u8]> for Cell<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Cell<'_> {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Timestamp> for Cell<'_> {
    fn from(at: Timestamp) -> Self {
        Self::Number(at.micros())
    }
}

impl From<u32> for Cell<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl<T: Into<Self>> From<Option<T>> for Cell<'_> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
