//! Writing a batch.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};

use super::super::{Batch, DecisionRecord, Version, judge};
use super::database::{Failure, Outcome};
use super::row;
use crate::delivery::{Delivery, State, StateName, Transition};
use crate::event::Event;
use crate::id::{MessageId, ProfileId};
use crate::privacy::{Consent, Subscription};
use crate::schema::Schema;
use crate::time::Timestamp;

pub(super) fn commit(db: &Connection, schema: &Schema, batch: &Batch) -> Outcome<()> {
    for (profile, expected) in &batch.expected {
        judge::version(profile, *expected, version(db, profile)?)?;
    }
    raise(db, &batch.profiles().collect())?;
    events(db, schema, &batch.events)?;
    consents(db, &batch.consents)?;
    subscriptions(db, &batch.subscriptions)?;
    suppressions(db, batch)?;
    decisions(db, &batch.decisions)?;
    deliveries(db, &batch.deliveries)?;
    transitions(db, &batch.transitions)?;
    timers(db, batch)?;
    replacements(db, batch)
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
    let mut insert = db.prepare_cached(
        "INSERT INTO events (profile, message, at, known_from, kind, name, fields, rest)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
    )?;
    let mut replace = db.prepare_cached(
        "UPDATE events SET at = ?3, known_from = ?4, kind = ?5, name = ?6, fields = ?7, rest = ?8
         WHERE profile = ?1 AND message = ?2",
    )?;
    for event in events {
        let Some(person) = event.person() else { continue };
        let (fields, rest) = event.to_columns(schema);
        let id = event.id();
        let columns = params![
            person.as_str(),
            id.as_str(),
            event.at().micros(),
            event.known_from().micros(),
            event.kind().word(),
            &**event.name(),
            fields,
            rest,
        ];
        if insert.execute(columns)? == 0 && stands(db, schema, person, event)? {
            replace.execute(columns)?;
        }
    }
    Ok(())
}

/// Whether an event stands against the copy that is there.
fn stands(db: &Connection, schema: &Schema, person: &ProfileId, event: &Event) -> Outcome<bool> {
    let mut find = db.prepare_cached(
        "SELECT profile, message, at, known_from, kind, name, fields, rest FROM events
         WHERE profile = ?1 AND message = ?2",
    )?;
    let mut rows = find.query([person.as_str(), event.id().as_str()])?;
    let Some(found) = rows.next()? else { return Ok(true) };
    Ok(event.precedence() < row::event(found, person, schema)?.precedence())
}

fn consents(db: &Connection, consents: &[(ProfileId, Consent)]) -> Outcome<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO consents (profile, purpose, at, state, policy, evidence)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
    )?;
    for (profile, consent) in consents {
        insert.execute(params![
            profile.as_str(),
            consent.purpose.as_str(),
            consent.at.micros(),
            row::word(&consent.state),
            consent.policy,
            consent.evidence,
        ])?;
    }
    Ok(())
}

fn subscriptions(db: &Connection, choices: &[(ProfileId, Subscription)]) -> Outcome<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO subscriptions (profile, topic, at, state)
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    for (profile, choice) in choices {
        let state = row::word(&choice.state);
        let at = choice.at.micros();
        insert.execute(params![profile.as_str(), choice.topic.as_str(), at, state])?;
    }
    Ok(())
}

fn suppressions(db: &Connection, batch: &Batch) -> Outcome<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO suppressions (address, key_version, cause, since)
         VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )?;
    for (address, suppressed) in &batch.suppressions {
        let (cause, since) = (row::word(&suppressed.cause), suppressed.since.micros());
        insert.execute(params![address.bytes, address.version.number(), cause, since])?;
    }
    Ok(())
}

fn decisions(db: &Connection, decisions: &[DecisionRecord]) -> Outcome<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO decisions (mailing, profile, at, outcome, reason, until, message, steps,
             detail)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (mailing, profile) DO UPDATE SET at = excluded.at,
             outcome = excluded.outcome, reason = excluded.reason, until = excluded.until,
             message = excluded.message, steps = excluded.steps, detail = excluded.detail",
    )?;
    for decision in decisions {
        let steps = serde_json::to_string(&decision.steps)
            .map_err(|error| Failure::format(error.to_string()))?;
        insert.execute(params![
            decision.mailing.as_str(),
            decision.profile.as_str(),
            decision.at.micros(),
            &*decision.outcome,
            decision.reason,
            decision.until.map(Timestamp::micros),
            decision.message.as_ref().map(MessageId::as_str),
            steps,
            decision.detail,
        ])?;
    }
    Ok(())
}

fn deliveries(db: &Connection, deliveries: &[Delivery]) -> Outcome<()> {
    let mut insert = db.prepare_cached(
        "INSERT INTO deliveries (mailing, profile, message, at, address, key_version, purpose,
             state, since, attempts, sealed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT DO NOTHING",
    )?;
    for delivery in deliveries {
        let claim = &delivery.claim;
        let inserted = insert.execute(params![
            claim.mailing.as_str(),
            claim.profile.as_str(),
            claim.message.as_str(),
            claim.at.micros(),
            delivery.address.bytes,
            delivery.address.version.number(),
            delivery.purpose.as_str(),
            delivery.state.name().as_str(),
            delivery.since.micros(),
            delivery.attempts,
            delivery.sealed.as_deref(),
        ])?;
        if inserted == 0 {
            match state(db, claim.message.as_str())? {
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
    found.map(|word| row::variant(&word)).transpose()
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
        let name = transition.to.name();
        let (reason, until) = row::parts(&transition.to);
        let attempts = u32::from(transition.to == State::Sending);
        let (at, done) = (transition.at.micros(), name.is_final());
        update.execute(params![message, name.as_str(), reason, until, at, attempts, done])?;
    }
    Ok(())
}

fn timers(db: &Connection, batch: &Batch) -> Outcome<()> {
    let mut cancel = db.prepare_cached("DELETE FROM timers WHERE profile = ?1 AND name = ?2")?;
    for (profile, name) in &batch.cancelled {
        cancel.execute(params![profile.as_str(), &**name])?;
    }
    let mut set = db.prepare_cached(
        "INSERT INTO timers (profile, name, due) VALUES (?1, ?2, ?3)
         ON CONFLICT (profile, name) DO UPDATE SET due = excluded.due",
    )?;
    for timer in &batch.timers {
        set.execute(params![timer.profile.as_str(), &*timer.name, timer.due.micros()])?;
    }
    Ok(())
}

fn replacements(db: &Connection, batch: &Batch) -> Outcome<()> {
    let mut cursor = db.prepare_cached(
        "INSERT INTO cursors (source, place) VALUES (?1, ?2)
         ON CONFLICT (source) DO UPDATE SET place = excluded.place",
    )?;
    for (source, place) in &batch.cursors {
        cursor.execute([&**source, place.as_str()])?;
    }
    let mut document = db.prepare_cached(
        "INSERT INTO documents (name, text) VALUES (?1, ?2)
         ON CONFLICT (name) DO UPDATE SET text = excluded.text",
    )?;
    for (name, text) in &batch.documents {
        document.execute([&**name, text.as_str()])?;
    }
    Ok(())
}
