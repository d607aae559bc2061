//! Reading pages: a few queries for each, however many profiles it holds.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::super::{Addresses, DecisionRecord, Profile, Timer, Version};
use super::database::Outcome;
use super::{row, write};
use crate::claim::Mailing;
use crate::delivery::{Delivery, StateName};
use crate::id::{MessageId, ProfileId};
use crate::identity::Digest;
use crate::page::Cursor;
use crate::privacy::{Consent, ConsentState, Subscription, SubscriptionState};
use crate::schema::Schema;
use crate::time::Timestamp;

/// The profiles after a place with their versions, nothing else of them.
pub(super) fn ids(db: &Connection, after: Option<&str>, wanted: usize) -> Outcome<Vec<Profile>> {
    // Every text is at or after the empty one.
    let mut find = db.prepare_cached(match after {
        Some(_) => {
            "SELECT profile, version FROM profiles WHERE profile > ?1
                    ORDER BY profile LIMIT ?2"
        }
        None => {
            "SELECT profile, version FROM profiles WHERE profile >= ?1
                 ORDER BY profile LIMIT ?2"
        }
    })?;
    let mut rows = find.query(params![after.unwrap_or_default(), limit(wanted)])?;
    let mut profiles = Vec::new();
    while let Some(found) = rows.next()? {
        let mut profile = Profile::new(row::text(found, 0)?);
        profile.version = Version::new(row::number(found, 1)?);
        profiles.push(profile);
    }
    Ok(profiles)
}

pub(super) fn profile(db: &Connection, schema: &Schema, id: &ProfileId) -> Outcome<Profile> {
    let mut profile = Profile::new(id.clone());
    profile.version = write::version(db, id)?;
    let filled = fill(db, schema, vec![profile])?;
    Ok(filled.into_iter().next().unwrap_or_else(|| Profile::new(id.clone())))
}

/// Everything stored of these profiles, which are in order and have none between them.
pub(super) fn fill(
    db: &Connection,
    schema: &Schema,
    mut profiles: Vec<Profile>,
) -> Outcome<Vec<Profile>> {
    let events = "SELECT profile, message, at, known_from, kind, name, fields, rest FROM events
                  WHERE profile BETWEEN ?1 AND ?2 ORDER BY profile";
    each(db, events, &mut profiles, |profile, found| {
        let event = row::event(found, &profile.id, schema)?;
        profile.events.push(event);
        Ok(())
    })?;
    for profile in &mut profiles {
        let order = |a: &crate::event::Event, b: &crate::event::Event| {
            a.at().cmp(&b.at()).then_with(|| a.id().cmp(&b.id()))
        };
        profile.events.sort_unstable_by(order);
    }
    wishes(db, &mut profiles)?;
    Ok(profiles)
}

/// What these profiles, of which as in [`fill`] none is between them, consented to and subscribed
/// to, and what was claimed for them.
fn wishes(db: &Connection, profiles: &mut [Profile]) -> Outcome<()> {
    let consents = "SELECT profile, purpose, at, state, policy, evidence FROM consents
                    WHERE profile BETWEEN ?1 AND ?2 ORDER BY profile";
    each(db, consents, profiles, |profile, found| {
        profile.consents.record(consent(found)?);
        Ok(())
    })?;
    let choices = "SELECT profile, topic, at, state FROM subscriptions
                   WHERE profile BETWEEN ?1 AND ?2 ORDER BY profile";
    each(db, choices, profiles, |profile, found| {
        profile.subscriptions.record(choice(found)?);
        Ok(())
    })?;
    let claims = "SELECT profile, mailing, message, at FROM deliveries
                  WHERE profile BETWEEN ?1 AND ?2 ORDER BY profile";
    each(db, claims, profiles, |profile, found| {
        profile.claims.push(row::claim(found, 0)?);
        Ok(())
    })?;
    profiles.iter_mut().for_each(|profile| profile.claims.sort());
    Ok(())
}

/// These people in the order asked for, without their events.
pub(super) fn people(db: &Connection, ids: &[ProfileId]) -> Outcome<Vec<Profile>> {
    let mut people = Vec::with_capacity(ids.len());
    for id in ids {
        let mut profile = Profile::new(id.clone());
        profile.version = write::version(db, id)?;
        wishes(db, std::slice::from_mut(&mut profile))?;
        people.push(profile);
    }
    Ok(people)
}

/// Gives each row, whose first column is a profile, to that profile.
fn each(
    db: &Connection,
    sql: &str,
    profiles: &mut [Profile],
    mut take: impl FnMut(&mut Profile, &Row<'_>) -> Outcome<()>,
) -> Outcome<()> {
    let (Some(first), Some(last)) = (profiles.first(), profiles.last()) else { return Ok(()) };
    let mut find = db.prepare_cached(sql)?;
    let mut rows = find.query([first.id.as_str(), last.id.as_str()])?;
    let mut later = profiles.iter_mut();
    let mut current = later.next();
    while let Some(found) = rows.next()? {
        let owner = row::text(found, 0)?;
        while current.as_ref().is_some_and(|profile| profile.id.as_str() < owner) {
            current = later.next();
        }
        if let Some(profile) = current.as_mut().filter(|profile| profile.id.as_str() == owner) {
            take(profile, found)?;
        }
    }
    Ok(())
}

fn consent(found: &Row<'_>) -> Outcome<Consent> {
    let (purpose, at, policy) =
        (row::text(found, 1)?, row::instant(found, 2)?, row::text(found, 4)?);
    let consent = match row::variant(row::text(found, 3)?)? {
        ConsentState::Granted => Consent::granted(purpose, at, policy),
        ConsentState::Withdrawn => Consent::withdrawn(purpose, at, policy),
    };
    Ok(consent.with_evidence(row::text(found, 5)?))
}

fn choice(found: &Row<'_>) -> Outcome<Subscription> {
    let (topic, at) = (row::text(found, 1)?, row::instant(found, 2)?);
    Ok(match row::variant(row::text(found, 3)?)? {
        SubscriptionState::Subscribed => Subscription::subscribed(topic, at),
        SubscriptionState::Unsubscribed => Subscription::unsubscribed(topic, at),
    })
}

pub(super) fn addresses(db: &Connection, digests: &[Digest]) -> Outcome<Addresses> {
    let mut suppressed = db.prepare_cached(
        "SELECT cause, since FROM suppressions WHERE address = ?1 AND key_version = ?2",
    )?;
    let mut claimed = db.prepare_cached(
        "SELECT profile, mailing, message, at FROM deliveries
         WHERE address = ?1 AND key_version = ?2",
    )?;
    let mut addresses = Addresses::default();
    for digest in digests {
        let key = params![digest.bytes, digest.version.number()];
        let mut rows = suppressed.query(key)?;
        while let Some(found) = rows.next()? {
            let cause = row::variant(row::text(found, 0)?)?;
            addresses.suppression.add(*digest, cause, row::instant(found, 1)?);
        }
        let mut claims = Vec::new();
        let mut rows = claimed.query(key)?;
        while let Some(found) = rows.next()? {
            claims.push(row::claim(found, 0)?);
        }
        if !claims.is_empty() {
            claims.sort();
            addresses.claims.insert(*digest, claims);
        }
    }
    Ok(addresses)
}

pub(super) fn decisions(
    db: &Connection,
    mailing: &Mailing,
    after: Option<&str>,
    wanted: usize,
) -> Outcome<Vec<DecisionRecord>> {
    let mut find = db.prepare_cached(match after {
        Some(_) => {
            "SELECT profile, at, outcome, reason, until, message, steps, detail
                    FROM decisions WHERE mailing = ?1 AND profile > ?2 ORDER BY profile LIMIT ?3"
        }
        None => {
            "SELECT profile, at, outcome, reason, until, message, steps, detail
                 FROM decisions WHERE mailing = ?1 AND profile >= ?2 ORDER BY profile LIMIT ?3"
        }
    })?;
    let after = after.unwrap_or_default();
    let mut rows = find.query(params![mailing.as_str(), after, limit(wanted)])?;
    let mut decisions = Vec::new();
    while let Some(found) = rows.next()? {
        decisions.push(decision(mailing, found)?);
    }
    Ok(decisions)
}

/// The decisions on these people, where there are any.
pub(super) fn decided(
    db: &Connection,
    mailing: &Mailing,
    people: &[ProfileId],
) -> Outcome<Vec<DecisionRecord>> {
    let mut find = db.prepare_cached(
        "SELECT profile, at, outcome, reason, until, message, steps, detail
         FROM decisions WHERE mailing = ?1 AND profile = ?2",
    )?;
    let mut decisions = Vec::new();
    for person in people {
        let mut rows = find.query([mailing.as_str(), person.as_str()])?;
        if let Some(found) = rows.next()? {
            decisions.push(decision(mailing, found)?);
        }
    }
    Ok(decisions)
}

/// `profile, at, outcome, reason, until, message, steps, detail`, of that mailing.
fn decision(mailing: &Mailing, found: &Row<'_>) -> Outcome<DecisionRecord> {
    Ok(DecisionRecord {
        mailing: mailing.clone(),
        profile: row::text(found, 0)?.into(),
        at: row::instant(found, 1)?,
        outcome: row::text(found, 2)?.into(),
        reason: row::optional(found, 3)?.map(str::to_owned),
        until: row::optional_instant(found, 4)?,
        message: row::optional(found, 5)?.map(MessageId::from),
        steps: row::json(found, 6)?,
        detail: row::text(found, 7)?.to_owned(),
    })
}

/// The deliveries with their numbers.
pub(super) fn deliveries(
    db: &Connection,
    mailing: &Mailing,
    state: StateName,
    after: Option<u64>,
    wanted: usize,
) -> Outcome<Vec<(u64, Delivery)>> {
    let mut find = db.prepare_cached(
        "SELECT profile, mailing, message, at, address, key_version, purpose, state, reason, until,
             since, attempts, sealed, number
         FROM deliveries WHERE mailing = ?1 AND state = ?2 AND number > ?3
         ORDER BY number LIMIT ?4",
    )?;
    // Numbers begin at 1.
    let after = i64::try_from(after.unwrap_or_default()).unwrap_or(i64::MAX);
    let asked = params![mailing.as_str(), state.as_str(), after, limit(wanted)];
    let mut rows = find.query(asked)?;
    let mut deliveries = Vec::new();
    while let Some(found) = rows.next()? {
        deliveries.push((row::number(found, 13)?, row::delivery(found)?));
    }
    Ok(deliveries)
}

pub(super) fn timers(db: &Connection, now: Timestamp, most: usize) -> Outcome<Vec<Timer>> {
    let mut find = db.prepare_cached(
        "SELECT profile, name, due FROM timers WHERE due <= ?1
         ORDER BY due, profile, name LIMIT ?2",
    )?;
    let mut rows = find.query(params![now.micros(), limit(most)])?;
    let mut timers = Vec::new();
    while let Some(found) = rows.next()? {
        let (profile, name) = (row::text(found, 0)?, row::text(found, 1)?);
        timers.push(Timer::new(profile, name, row::instant(found, 2)?));
    }
    Ok(timers)
}

pub(super) fn cursor(db: &Connection, source: &str) -> Outcome<Option<Cursor>> {
    let mut find = db.prepare_cached("SELECT place FROM cursors WHERE source = ?1")?;
    Ok(find.query_row([source], |row| row.get::<_, String>(0)).optional()?.map(Cursor::new))
}

pub(super) fn document(db: &Connection, name: &str) -> Outcome<Option<String>> {
    let mut find = db.prepare_cached("SELECT text FROM documents WHERE name = ?1")?;
    Ok(find.query_row([name], |row| row.get(0)).optional()?)
}

fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
