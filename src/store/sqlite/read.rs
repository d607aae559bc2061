//! Reading pages: a few queries for each, however many profiles it holds.

use rusqlite::{Connection, OptionalExtension, Params, params};

use super::super::{Addresses, DecisionRecord, Profile, Timer, query, row};
use super::database::Outcome;
use super::write;
use crate::claim::Mailing;
use crate::delivery::{Delivery, StateName};
use crate::error::Result;
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::page::Cursor;
use crate::schema::Schema;
use crate::time::Timestamp;

/// Profiles that are in order and have none between them.
const THESE: &str = "profile BETWEEN ?1 AND ?2 ORDER BY profile";
const THIS_ADDRESS: &str = "address = ?1 AND key_version = ?2";

/// What the rows of a query hold.
fn all<T>(
    db: &Connection,
    sql: &str,
    asked: impl Params,
    mut read: impl FnMut(&rusqlite::Row<'_>) -> Result<T>,
) -> Outcome<Vec<T>> {
    let mut find = db.prepare_cached(sql)?;
    let mut rows = find.query(asked)?;
    let mut items = Vec::new();
    while let Some(found) = rows.next()? {
        items.push(read(found)?);
    }
    Ok(items)
}

/// The profiles from a place on with their versions, nothing else of them.
pub(super) fn ids(db: &Connection, from: &str, wanted: usize) -> Outcome<Vec<Profile>> {
    all(db, query::PROFILES, params![from, query::limit(wanted)], |found| row::profile(found))
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
    each(db, &query::events(THESE), &mut profiles, |profile, found| {
        let event = row::event(found, &profile.id, schema)?;
        profile.events.push(event);
        Ok(())
    })?;
    profiles.iter_mut().for_each(row::sort_events);
    wishes(db, &mut profiles)?;
    Ok(profiles)
}

/// What these profiles, of which as in [`fill`] none is between them, consented to and subscribed
/// to, and what was claimed for them.
fn wishes(db: &Connection, profiles: &mut [Profile]) -> Outcome<()> {
    each(db, &query::consents(THESE), profiles, |profile, found| {
        profile.consents.record(row::consent(found)?);
        Ok(())
    })?;
    each(db, &query::subscriptions(THESE), profiles, |profile, found| {
        profile.subscriptions.record(row::subscription(found)?);
        Ok(())
    })?;
    each(db, &query::claims(THESE), profiles, |profile, found| {
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
    mut take: impl FnMut(&mut Profile, &rusqlite::Row<'_>) -> Result<()>,
) -> Outcome<()> {
    let (Some(first), Some(last)) = (profiles.first(), profiles.last()) else { return Ok(()) };
    let mut find = db.prepare_cached(sql)?;
    let mut rows = find.query([first.id.as_str(), last.id.as_str()])?;
    let mut later = profiles.iter_mut();
    let mut current = later.next();
    while let Some(found) = rows.next()? {
        let owner = row::text(found, 0)?;
        while current.as_ref().is_some_and(|profile| profile.id.as_str() < &*owner) {
            current = later.next();
        }
        if let Some(profile) = current.as_mut().filter(|profile| profile.id.as_str() == owner) {
            take(profile, found)?;
        }
    }
    Ok(())
}

pub(super) fn addresses(db: &Connection, digests: &[Digest]) -> Outcome<Addresses> {
    let (suppressed, claimed) = (query::suppressions(THIS_ADDRESS), query::claims(THIS_ADDRESS));
    let mut addresses = Addresses::default();
    for digest in digests {
        let known = &mut addresses.suppression;
        all(db, &suppressed, row::of_digest(digest), |found| row::suppression(found, known))?;
        let mut claims = all(db, &claimed, row::of_digest(digest), |found| row::claim(found, 0))?;
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
    from: &str,
    wanted: usize,
) -> Outcome<Vec<DecisionRecord>> {
    let asked = params![mailing.as_str(), from, query::limit(wanted)];
    all(db, &query::decisions(), asked, |found| row::decision(found, mailing))
}

/// The decisions on these people, where there are any.
pub(super) fn decided(
    db: &Connection,
    mailing: &Mailing,
    people: &[ProfileId],
) -> Outcome<Vec<DecisionRecord>> {
    let sql = query::decided("profile = ?2");
    let mut decisions = Vec::new();
    for person in people {
        let asked = [mailing.as_str(), person.as_str()];
        decisions.extend(all(db, &sql, asked, |found| row::decision(found, mailing))?);
    }
    Ok(decisions)
}

/// The deliveries with their numbers.
pub(super) fn deliveries(
    db: &Connection,
    mailing: &Mailing,
    state: StateName,
    after: Option<u64>,
    wanted: usize,
) -> Outcome<Vec<(u64, Delivery)>> {
    let after = query::after(after);
    let asked = params![mailing.as_str(), state.as_str(), after, query::limit(wanted)];
    all(db, &query::deliveries(), asked, |found| row::delivery(found))
}

pub(super) fn timers(db: &Connection, now: Timestamp, most: usize) -> Outcome<Vec<Timer>> {
    all(db, &query::timers(), params![now.micros(), query::limit(most)], |found| row::timer(found))
}

pub(super) fn cursor(db: &Connection, source: &str) -> Outcome<Option<Cursor>> {
    let mut find = db.prepare_cached(query::CURSOR)?;
    Ok(find.query_row([source], |row| row.get::<_, String>(0)).optional()?.map(Cursor::new))
}

pub(super) fn document(db: &Connection, name: &str) -> Outcome<Option<String>> {
    let mut find = db.prepare_cached(query::DOCUMENT)?;
    Ok(find.query_row([name], |row| row.get(0)).optional()?)
}
