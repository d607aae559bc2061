//! Values in columns and back.

use rusqlite::Row;
use serde::de::DeserializeOwned;
use serde::de::value::{Error, StrDeserializer};
use serde::{Deserialize, Serialize};

use super::database::{Failure, Outcome};
use crate::claim::Claim;
use crate::delivery::{Delivery, State, StateName};
use crate::event::{Columns, Event};
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::key::KeyVersion;
use crate::schema::Schema;
use crate::time::Timestamp;

/// The word by which a variant is stored.
pub(super) fn word<T: Serialize>(variant: &T) -> String {
    // A variant without parts is a text between quotes.
    let json = serde_json::to_string(variant).unwrap_or_default();
    json.trim_matches('"').to_owned()
}

/// The variant that was stored by this word.
pub(super) fn variant<T: for<'de> Deserialize<'de>>(word: &str) -> Outcome<T> {
    T::deserialize(StrDeserializer::<Error>::new(word))
        .map_err(|error| Failure::format(error.to_string()))
}

pub(super) fn text<'r>(row: &'r Row<'_>, column: usize) -> Outcome<&'r str> {
    Ok(row.get_ref(column)?.as_str()?)
}

pub(super) fn optional<'r>(row: &'r Row<'_>, column: usize) -> Outcome<Option<&'r str>> {
    Ok(row.get_ref(column)?.as_str_or_null()?)
}

pub(super) fn instant(row: &Row<'_>, column: usize) -> Outcome<Timestamp> {
    Ok(Timestamp::from_micros(row.get_ref(column)?.as_i64()?))
}

pub(super) fn optional_instant(row: &Row<'_>, column: usize) -> Outcome<Option<Timestamp>> {
    Ok(row.get_ref(column)?.as_i64_or_null()?.map(Timestamp::from_micros))
}

pub(super) fn number<T: TryFrom<i64>>(row: &Row<'_>, column: usize) -> Outcome<T> {
    let number = row.get_ref(column)?.as_i64()?;
    T::try_from(number).map_err(|_| Failure::format(format!("the number {number} is out of range")))
}

/// What JSON of ours was stored in a column.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: usize) -> Outcome<T> {
    serde_json::from_str(text(row, column)?).map_err(|error| Failure::format(error.to_string()))
}

/// The digest whose bytes and key's generation begin at this column.
pub(super) fn digest(row: &Row<'_>, column: usize) -> Outcome<Digest> {
    let bytes = row.get_ref(column)?.as_blob()?;
    let bytes = bytes.try_into().map_err(|_| Failure::format("a digest has 32 bytes"))?;
    Ok(Digest::new(KeyVersion::new(number(row, column + 1)?), bytes))
}

/// `profile, message, at, known_from, kind, name, fields, rest`, of that profile.
pub(super) fn event(row: &Row<'_>, profile: &ProfileId, schema: &Schema) -> Outcome<Event> {
    let message = text(row, 1)?;
    let columns = Columns {
        profile,
        message,
        at: instant(row, 2)?,
        known_from: instant(row, 3)?,
        kind: text(row, 4)?,
        name: text(row, 5)?,
        fields: text(row, 6)?,
        rest: optional(row, 7)?,
    };
    Event::from_columns(columns, schema).map_err(|rejection| {
        let name = columns.name;
        Failure::format(format!("the event `{message}` ({name}) of `{profile}`: {rejection}"))
    })
}

/// The claim whose `profile, mailing, message, at` begin at this column.
pub(super) fn claim(row: &Row<'_>, column: usize) -> Outcome<Claim> {
    let (profile, mailing) = (text(row, column)?, text(row, column + 1)?);
    let (message, at) = (text(row, column + 2)?, instant(row, column + 3)?);
    Ok(Claim::new(mailing, message, profile, at))
}

/// What [`claim`] reads, then `address, key_version, purpose, state, reason, until, since,
/// attempts, sealed`.
pub(super) fn delivery(row: &Row<'_>) -> Outcome<Delivery> {
    let sealed = row.get_ref(12)?.as_blob_or_null()?;
    Ok(Delivery {
        claim: claim(row, 0)?,
        address: digest(row, 4)?,
        purpose: text(row, 6)?.into(),
        state: state(row, 7)?,
        since: instant(row, 10)?,
        attempts: number(row, 11)?,
        sealed: sealed.map(Into::into),
    })
}

/// The state whose name, reason and instant begin at this column.
fn state(row: &Row<'_>, column: usize) -> Outcome<State> {
    let reason = || Ok::<_, Failure>(optional(row, column + 1)?.unwrap_or_default().to_owned());
    Ok(match variant(text(row, column)?)? {
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

/// What of a state stands in the columns `reason` and `until`.
pub(super) fn parts(state: &State) -> (Option<&str>, Option<i64>) {
    match state {
        State::Deferred { until, reason } => (Some(reason), Some(until.micros())),
        State::Failed { reason } => (Some(reason), None),
        State::Claimed | State::Sending | State::Accepted | State::Unknown => (None, None),
    }
}
