//! Writing a batch: a few statements, however much it holds.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::row::Cell;
use super::super::table::{self, Kind, Table};
use super::super::{Batch, Version, judge, query, row};
use super::format::DIALECT;
use super::link::{Link, Parameter, lists};
use crate::delivery::{Delivery, State, StateName, Transition};
use crate::error::Result;
use crate::event::Event;
use crate::id::{MessageId, ProfileId};
use crate::schema::Schema;

pub(super) async fn commit(link: &Link<'_>, schema: &Schema, batch: &Batch) -> Result<()> {
    versions(link, batch).await?;
    texts(link, batch).await?;
    events(link, schema, &batch.events).await?;
    records(link, batch).await?;
    deliveries(link, &batch.deliveries).await?;
    transitions(link, &batch.transitions).await?;
    replacements(link, batch).await
}

/// Raises the versions of the profiles that are written, by 1, and of those that are only expected,
/// by 0: a statement that locks them all until the transaction ends, in one order, and says where
/// they stood.
async fn versions(link: &Link<'_>, batch: &Batch) -> Result<()> {
    let mut steps: BTreeMap<&ProfileId, u32> =
        batch.expected.keys().map(|profile| (profile, 0)).collect();
    steps.extend(batch.profiles().map(|profile| (profile, 1)));
    let rows = steps.iter().map(|(profile, step)| [profile.as_str().into(), (*step).into()]);
    let sql = "INSERT INTO main.profiles (profile, version) SELECT * FROM unnest(?1, ?2)
               ON CONFLICT (profile) DO UPDATE SET version = profiles.version + excluded.version
               RETURNING profile, version";
    let raised = link.write(sql, &table::PROFILES, rows).await?;
    let raised = raised.iter().map(row::profile).collect::<Result<Vec<_>>>()?;
    for profile in &raised {
        let Some(expected) = batch.expected.get(&profile.id) else { continue };
        let step = steps.get(&profile.id).copied().unwrap_or_default();
        let stored = Version::new(profile.version.number().saturating_sub(step.into()));
        judge::version(&profile.id, *expected, stored)?;
    }
    let strangers = raised.iter().filter(|profile| profile.version == Version::NEW);
    forget(link, strangers.map(|profile| profile.id.as_str()).collect()).await
}

/// Forgets profiles that were there for their lock only.
async fn forget(link: &Link<'_>, profiles: Vec<&str>) -> Result<()> {
    if !profiles.is_empty() {
        let these = [Parameter::texts(profiles)];
        link.rows("DELETE FROM main.profiles WHERE profile = ANY (?1)", &these).await?;
    }
    Ok(())
}

/// Looks at the documents of which a text is expected, and locks them until the transaction ends:
/// those that must not be there by writing them.
async fn texts(link: &Link<'_>, batch: &Batch) -> Result<()> {
    let expected = &batch.expected_documents;
    let absent: BTreeSet<&str> =
        expected.iter().filter(|(_, text)| text.is_none()).map(|(name, _)| &**name).collect();
    let keep = format!("{} RETURNING name", table::DOCUMENTS.keep(&DIALECT));
    let rows = absent.iter().map(|name| [(*name).into(), "".into()]);
    let mut stored: BTreeMap<Arc<str>, Option<String>> = BTreeMap::new();
    for kept in &link.write(&keep, &table::DOCUMENTS, rows).await? {
        stored.insert((&*row::text(kept, 0)?).into(), None);
    }
    let names: Vec<&str> =
        expected.keys().map(|name| &**name).filter(|name| !stored.contains_key(*name)).collect();
    if !names.is_empty() {
        let sql = "SELECT name, text FROM main.documents WHERE name = ANY (?1)
                   ORDER BY name FOR UPDATE";
        for found in &link.rows(sql, &[Parameter::texts(names)]).await? {
            let text = row::text(found, 1)?.into_owned();
            stored.insert((&*row::text(found, 0)?).into(), Some(text));
        }
    }
    for (name, expected) in expected {
        let stored = stored.get(name).and_then(Option::as_deref);
        judge::document(name, expected.as_deref(), stored)?;
    }
    let unwritten: Vec<&str> =
        absent.into_iter().filter(|name| !batch.documents.contains_key(*name)).collect();
    if !unwritten.is_empty() {
        let sql = "DELETE FROM main.documents WHERE name = ANY (?1)";
        link.rows(sql, &[Parameter::texts(unwritten)]).await?;
    }
    Ok(())
}

/// Events that are to be written, by whose they are and their `messageId`.
type Told<'b> = BTreeMap<(ProfileId, MessageId), &'b Event>;

async fn events(link: &Link<'_>, schema: &Schema, events: &[Event]) -> Result<()> {
    let mut told = told(events);
    let keep = format!("{} RETURNING profile, message", table::EVENTS.keep(&DIALECT));
    for kept in &link.write(&keep, &table::EVENTS, rows(&told, schema)).await? {
        let key = ((&*row::text(kept, 0)?).into(), (&*row::text(kept, 1)?).into());
        told.remove(&key);
    }
    if told.is_empty() {
        return Ok(());
    }
    // What is left is there already: of both copies one stands.
    let keys = told.keys().map(|(person, id)| [person.as_str().into(), id.as_str().into()]);
    let these = lists(&[Kind::Text, Kind::Text], keys);
    let there = query::events("(profile, message) IN (SELECT * FROM unnest(?1, ?2))");
    for found in &link.rows(&there, &these).await? {
        let person = ProfileId::from(&*row::text(found, 0)?);
        let stored = row::event(found, &person, schema)?;
        let key = (person, stored.id());
        if told.get(&key).is_some_and(|event| stored.precedence() <= event.precedence()) {
            told.remove(&key);
        }
    }
    link.write(&table::EVENTS.replace(&DIALECT), &table::EVENTS, rows(&told, schema)).await?;
    Ok(())
}

/// Of copies within a batch the one that stands.
fn told(events: &[Event]) -> Told<'_> {
    let mut told = Told::new();
    for event in events {
        let Some(person) = event.person() else { continue };
        match told.entry((person.clone(), event.id())) {
            Entry::Vacant(place) => {
                place.insert(event);
            }
            Entry::Occupied(mut place) => {
                if event.precedence() < place.get().precedence() {
                    place.insert(event);
                }
            }
        }
    }
    told
}

fn rows<'t>(told: &'t Told<'_>, schema: &Schema) -> impl Iterator<Item = [Cell<'t>; 8]> {
    told.iter().map(|((person, _), event)| row::of_event(event, person, schema))
}

/// What is written whatever is there.
async fn records(link: &Link<'_>, batch: &Batch) -> Result<()> {
    let consents = batch.consents.iter();
    let consents = consents.map(|(profile, consent)| row::of_consent(profile, consent));
    link.write(&table::CONSENTS.keep(&DIALECT), &table::CONSENTS, consents).await?;
    let choices = batch.subscriptions.iter();
    let choices = choices.map(|(profile, choice)| row::of_subscription(profile, choice));
    link.write(&table::SUBSCRIPTIONS.keep(&DIALECT), &table::SUBSCRIPTIONS, choices).await?;
    let suppressions = batch.suppressions.iter();
    let suppressions = suppressions.map(|(address, entry)| row::of_suppression(address, *entry));
    link.write(&table::SUPPRESSIONS.keep(&DIALECT), &table::SUPPRESSIONS, suppressions).await?;
    let decisions = batch.decisions.iter().map(row::of_decision).collect::<Result<Vec<_>>>()?;
    replace(link, &table::DECISIONS, decisions).await
}

/// Writes rows in place of those that are there; of several of one key the last.
async fn replace<'a, const N: usize>(
    link: &Link<'_>,
    table: &Table,
    rows: impl IntoIterator<Item = [Cell<'a>; N]>,
) -> Result<()> {
    let length = table.key().len();
    let key = |row: &[Cell<'a>; N]| row.iter().take(length).cloned().collect();
    let last: BTreeMap<Vec<Cell<'a>>, _> = rows.into_iter().map(|row| (key(&row), row)).collect();
    link.write(&table.replace(&DIALECT), table, last.into_values()).await?;
    Ok(())
}

async fn deliveries(link: &Link<'_>, deliveries: &[Delivery]) -> Result<()> {
    let keep = table::DELIVERIES.keep(&DIALECT);
    let keep = format!("{keep} RETURNING message, address, key_version");
    let rows = deliveries.iter().map(row::of_delivery);
    let kept = link.write(&keep, &table::DELIVERIES, rows).await?;
    let kept = kept.iter().map(|kept| Ok((row::text(kept, 0)?, row::digest(kept, 1)?)));
    let mut kept: BTreeSet<_> = kept.collect::<Result<_>>()?;
    let refused = deliveries
        .iter()
        .find(|delivery| !kept.remove(&(delivery.id().as_str().into(), delivery.address)));
    let Some(refused) = refused else { return Ok(()) };
    // What is still kept stands behind it in the batch: it was not there yet.
    let later = kept.iter().any(|(message, _)| *message == refused.id().as_str());
    if later || states(link, [refused.id()].into()).await?.is_empty() {
        return judge::address_taken(refused);
    }
    judge::claimed_twice(refused)
}

/// The states of deliveries, which stay locked until the transaction ends.
async fn states(
    link: &Link<'_>,
    messages: BTreeSet<&MessageId>,
) -> Result<BTreeMap<MessageId, StateName>> {
    let sql = "SELECT message, state FROM main.deliveries WHERE message = ANY (?1)
               ORDER BY message FOR UPDATE";
    let these = [Parameter::texts(messages.into_iter().map(MessageId::as_str))];
    let found = link.rows(sql, &these).await?;
    let states = found
        .iter()
        .map(|found| Ok(((&*row::text(found, 0)?).into(), row::variant(&row::text(found, 1)?)?)));
    states.collect()
}

async fn transitions(link: &Link<'_>, transitions: &[Transition]) -> Result<()> {
    if transitions.is_empty() {
        return Ok(());
    }
    let messages = transitions.iter().map(|transition| &transition.message).collect();
    let mut states = states(link, messages).await?;
    // Where each delivery comes to by all of its steps, and how often it is sent on the way.
    let mut last: BTreeMap<&MessageId, (&Transition, u32)> = BTreeMap::new();
    for transition in transitions {
        let message = &transition.message;
        judge::step(transition, states.get(message).copied())?;
        states.insert(message.clone(), transition.to.name());
        let (reached, sent) = last.entry(message).or_insert((transition, 0));
        *reached = transition;
        *sent = sent.saturating_add(u32::from(transition.to == State::Sending));
    }
    let rows = last.into_values().map(|(transition, sent)| {
        let [state, reason, until] = row::of_state(&transition.to);
        let done = u32::from(transition.to.name().is_final());
        let message = transition.message.as_str().into();
        [message, state, reason, until, transition.at.into(), sent.into(), done.into()]
    });
    let kinds = [
        Kind::Text,
        Kind::Text,
        Kind::Text,
        Kind::Number,
        Kind::Number,
        Kind::Number,
        Kind::Number,
    ];
    let sql = "UPDATE main.deliveries SET state = new.state, reason = new.reason,
                   until = new.until, since = new.since,
                   attempts = least(deliveries.attempts + new.sent, 4294967295),
                   sealed = CASE WHEN new.done = 0 THEN deliveries.sealed END
               FROM unnest(?1, ?2, ?3, ?4, ?5, ?6, ?7)
                   AS new (message, state, reason, until, since, sent, done)
               WHERE deliveries.message = new.message";
    link.rows(sql, &lists(&kinds, rows)).await?;
    Ok(())
}

/// What is written in place of what is there.
async fn replacements(link: &Link<'_>, batch: &Batch) -> Result<()> {
    if !batch.cancelled.is_empty() {
        let timers = batch.cancelled.iter();
        let timers = timers.map(|(profile, name)| [profile.as_str().into(), (&**name).into()]);
        let sql = "DELETE FROM main.timers
                   WHERE (profile, name) IN (SELECT * FROM unnest(?1, ?2))";
        link.rows(sql, &lists(&[Kind::Text, Kind::Text], timers)).await?;
    }
    replace(link, &table::TIMERS, batch.timers.iter().map(row::of_timer)).await?;
    let cursors = batch.cursors.iter();
    let cursors = cursors.map(|(source, place)| [(&**source).into(), place.as_str().into()]);
    replace(link, &table::CURSORS, cursors).await?;
    let documents = batch.documents.iter();
    let documents = documents.map(|(name, text)| [(&**name).into(), text.as_str().into()]);
    replace(link, &table::DOCUMENTS, documents).await
}
