//! Writing a batch.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::super::row::Cell;
use super::super::{Batch, Version, judge, row, table};
use super::database::Outcome;
use super::format::DIALECT;
use super::read;
use crate::delivery::{Delivery, State, StateName, Transition};
use crate::error::Result;
use crate::event::Event;
use crate::id::ProfileId;
use crate::schema::Schema;

pub(super) fn commit(db: &Connection, schema: &Schema, batch: &Batch) -> Outcome<()> {
    for (profile, expected) in &batch.expected {
        judge::version(profile, *expected, version(db, profile)?)?;
    }
    for (name, expected) in &batch.expected_documents {
        judge::document(name, expected.as_deref(), read::document(db, name)?.as_deref())?;
    }
    raise(db, &batch.profiles().collect())?;
    events(db, schema, &batch.events)?;
    records(db, batch)?;
    deliveries(db, &batch.deliveries)?;
    transitions(db, &batch.transitions)?;
    replacements(db, batch)
}

/// Writes rows, one after the other.
fn write<'a, const N: usize>(
    db: &Connection,
    sql: &str,
    rows: impl IntoIterator<Item = [Cell<'a>; N]>,
) -> Outcome<()> {
    let mut write = db.prepare_cached(sql)?;
    for row in rows {
        write.execute(params_from_iter(row))?;
    }
    Ok(())
}

/// How often a profile was written.
pub(super) fn version(db: &Connection, profile: &ProfileId) -> Outcome<Version> {
    let mut find = db.prepare_cached("SELECT version FROM profiles WHERE profile = ?1")?;
    let mut rows = find.query([profile.as_str()])?;
    let Some(found) = rows.next()? else { return Ok(Version::NEW) };
    Ok(Version::new(row::number(found, 0)?))
}

fn raise(db: &Connection, profiles: &BTreeSet<&ProfileId>) -> Outcome<()> {
    let mut raise = db.prepare_cached(
        "INSERT INTO profiles (profile, version) VALUES (?1, 1)
         ON CONFLICT (profile) DO UPDATE SET version = version + 1",
    )?;
    for profile in profiles {
        raise.execute([profile.as_str()])?;
    }
    Ok(())
}

fn events(db: &Connection, schema: &Schema, events: &[Event]) -> Outcome<()> {
    let mut keep = db.prepare_cached(&table::EVENTS.keep(&DIALECT))?;
    let mut replace = db.prepare_cached(&table::EVENTS.replace(&DIALECT))?;
    for event in events {
        let Some(person) = event.person() else { continue };
        let columns = row::of_event(event, person, schema);
        if keep.execute(params_from_iter(&columns))? == 0 && stands(db, schema, person, event)? {
            replace.execute(params_from_iter(&columns))?;
        }
    }
    Ok(())
}

/// Whether an event stands against the copy that is there.
fn stands(db: &Connection, schema: &Schema, person: &ProfileId, event: &Event) -> Outcome<bool> {
    let columns = row::EVENT;
    let sql = format!("SELECT {columns} FROM events WHERE profile = ?1 AND message = ?2");
    let mut find = db.prepare_cached(&sql)?;
    let mut rows = find.query([person.as_str(), event.id().as_str()])?;
    let Some(found) = rows.next()? else { return Ok(true) };
    Ok(event.precedence() < row::event(found, person, schema)?.precedence())
}

/// What is written whatever is there.
fn records(db: &Connection, batch: &Batch) -> Outcome<()> {
    let consents = batch.consents.iter();
    let consents = consents.map(|(profile, consent)| row::of_consent(profile, consent));
    write(db, &table::CONSENTS.keep(&DIALECT), consents)?;
    let choices = batch.subscriptions.iter();
    let choices = choices.map(|(profile, choice)| row::of_subscription(profile, choice));
    write(db, &table::SUBSCRIPTIONS.keep(&DIALECT), choices)?;
    let suppressions = batch.suppressions.iter();
    let suppressions = suppressions.map(|(address, entry)| row::of_suppression(address, *entry));
    write(db, &table::SUPPRESSIONS.keep(&DIALECT), suppressions)?;
    let decisions = batch.decisions.iter().map(row::of_decision);
    write(db, &table::DECISIONS.replace(&DIALECT), decisions.collect::<Result<Vec<_>>>()?)
}

fn deliveries(db: &Connection, deliveries: &[Delivery]) -> Outcome<()> {
    let mut insert = db.prepare_cached(&table::DELIVERIES.keep(&DIALECT))?;
    for delivery in deliveries {
        if insert.execute(params_from_iter(row::of_delivery(delivery)))? == 0 {
            match state(db, delivery.id().as_str())? {
                Some(_) => judge::claimed_twice::<()>(delivery)?,
                None => judge::address_taken::<()>(delivery)?,
            }
        }
    }
    Ok(())
}

fn state(db: &Connection, message: &str) -> Outcome<Option<StateName>> {
    let mut find = db.prepare_cached("SELECT state FROM deliveries WHERE message = ?1")?;
    let found = find.query_row([message], |row| row.get::<_, String>(0)).optional()?;
    Ok(found.map(|word| row::variant(&word)).transpose()?)
}

fn transitions(db: &Connection, transitions: &[Transition]) -> Outcome<()> {
    let mut update = db.prepare_cached(
        "UPDATE deliveries SET state = ?2, reason = ?3, until = ?4, since = ?5,
             attempts = min(attempts + ?6, 4294967295), sealed = iif(?7, NULL, sealed)
         WHERE message = ?1",
    )?;
    for transition in transitions {
        let message = transition.message.as_str();
        judge::step(transition, state(db, message)?)?;
        let [name, reason, until] = row::of_state(&transition.to);
        let attempts = u32::from(transition.to == State::Sending);
        let (at, done) = (transition.at.micros(), transition.to.name().is_final());
        update.execute(params![message, name, reason, until, at, attempts, done])?;
    }
    Ok(())
}

/// What is written in place of what is there.
fn replacements(db: &Connection, batch: &Batch) -> Outcome<()> {
    let mut cancel = db.prepare_cached("DELETE FROM timers WHERE profile = ?1 AND name = ?2")?;
    for (profile, name) in &batch.cancelled {
        cancel.execute(params![profile.as_str(), &**name])?;
    }
    write(db, &table::TIMERS.replace(&DIALECT), batch.timers.iter().map(row::of_timer))?;
    let cursors = batch.cursors.iter();
    let cursors = cursors.map(|(source, place)| [(&**source).into(), place.as_str().into()]);
    write(db, &table::CURSORS.replace(&DIALECT), cursors)?;
    let documents = batch.documents.iter();
    let documents = documents.map(|(name, text)| [(&**name).into(), text.as_str().into()]);
    write(db, &table::DOCUMENTS.replace(&DIALECT), documents)
}
