//! Taking in what a source tells.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::{PAGE, Progress, Stage, Watch};
use crate::error::{Error, ErrorKind, Result};
use crate::event::Event;
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::page::Cursor;
use crate::privacy::{Consent, PersonalRecord, Subscription, Suppressed, Vault, door};
use crate::schema::Schema;
use crate::store::{Batch, Store};

/// One person as a source tells of them.
///
/// `Debug` counts what is told and shows none of it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Contact {
    /// Who.
    pub id: ProfileId,
    /// What they did and what was told of them, personal fields included.
    pub events: Vec<Event>,
    /// What they consented to.
    pub consents: Vec<Consent>,
    /// What they subscribed to.
    pub subscriptions: Vec<Subscription>,
    /// Which of their addresses are suppressed.
    pub suppressions: Vec<(Digest, Suppressed)>,
}

impl Contact {
    /// A person of whom only events are told.
    pub fn new(id: impl Into<ProfileId>, events: Vec<Event>) -> Self {
        Self {
            id: id.into(),
            events,
            consents: Vec::new(),
            subscriptions: Vec::new(),
            suppressions: Vec::new(),
        }
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("id", &self.id)
            .field("events", &self.events.len())
            .field("consents", &self.consents.len())
            .field("subscriptions", &self.subscriptions.len())
            .field("suppressions", &self.suppressions.len())
            .finish()
    }
}

/// What became of what a source told.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Intake {
    /// How many people were taken in now; those of an earlier attempt are not counted again.
    pub people: u64,
    /// How many of their events.
    pub events: u64,
    /// How many events were refused, by reason: the door's, and `another-person` for events of
    /// somebody other than the contact that they came with.
    pub refused: BTreeMap<Cow<'static, str>, u64>,
}

/// Takes in the people of an extract: what is personal goes to the vault, everything else to the
/// store.
///
/// `extract` names what is read, such as `crm/2026-03-01`, and gives its people in the same order
/// each time: the store keeps how many were read, and so many are passed over when it is read
/// again. An event that is there already counts once, so extracts may overlap. What an extract tells
/// of people who were passed over is not read: give one that has changed another name.
///
/// 250 people are committed together, so memory is bounded by what is told of so many.
///
/// # Errors
///
/// [`ErrorKind::Input`] for an extract that has become shorter than what was read of it, else what
/// the store and the vault answer with. The pages before are then taken in, and calling again goes
/// on.
pub async fn take_in<I>(
    (store, vault): (&dyn Store, &dyn Vault),
    schema: &Schema,
    extract: &str,
    contacts: I,
    watch: &mut Watch<'_>,
) -> Result<Intake>
where
    I: IntoIterator<Item = Contact>,
    I::IntoIter: Send,
{
    let passed = passed(store, extract).await?;
    let mut intake = Intake::default();
    let mut page = Page::default();
    let mut done = 0;
    for contact in contacts {
        done += 1;
        if done <= passed {
            continue;
        }
        page.take(contact, schema, &mut intake);
        if page.people == PAGE {
            std::mem::take(&mut page).write(store, vault, extract, done).await?;
            watch(Progress { stage: Stage::TakingIn, done });
        }
    }
    if done < passed {
        let detail = format!("{extract}: {passed} people were read of it, and it has {done}");
        return Err(Error::new(ErrorKind::Input, detail));
    }
    page.write(store, vault, extract, done).await?;
    watch(Progress { stage: Stage::TakingIn, done });
    Ok(intake)
}

/// How many people of an extract were read.
async fn passed(store: &dyn Store, extract: &str) -> Result<u64> {
    let Some(cursor) = store.cursor(extract).await? else { return Ok(0) };
    cursor.as_str().parse().map_err(|_| {
        let detail = format!("{extract}: `{}` is no number of people", cursor.as_str());
        Error::new(ErrorKind::Input, detail)
    })
}

/// People to be written together.
#[derive(Default)]
struct Page {
    people: usize,
    batch: Batch,
    personal: Vec<PersonalRecord>,
}

impl Page {
    fn take(&mut self, contact: Contact, schema: &Schema, intake: &mut Intake) {
        let Contact { id, events, consents, subscriptions, suppressions } = contact;
        self.people += 1;
        intake.people += 1;
        for event in events {
            // The store would refuse one of nobody, and the page with it; one of somebody else
            // would be told of a person whose turn has come or comes yet.
            if event.person() != Some(&id) {
                *intake.refused.entry("another-person".into()).or_default() += 1;
                continue;
            }
            match door(event, schema) {
                Ok(admitted) => {
                    intake.events += 1;
                    self.batch.events.push(admitted.event);
                    self.personal.extend(admitted.personal);
                }
                Err(rejection) => *intake.refused.entry(rejection.reason).or_default() += 1,
            }
        }
        self.batch.consents.extend(consents.into_iter().map(|consent| (id.clone(), consent)));
        let subscriptions = subscriptions.into_iter().map(|choice| (id.clone(), choice));
        self.batch.subscriptions.extend(subscriptions);
        self.batch.suppressions.extend(suppressions);
    }

    /// The vault first: a fact in the store whose personal part is missing could not be mended by
    /// reading on from the place that is written with it.
    async fn write(
        self,
        store: &dyn Store,
        vault: &dyn Vault,
        extract: &str,
        done: u64,
    ) -> Result<()> {
        if self.people == 0 {
            return Ok(());
        }
        vault.put_all(self.personal).await?;
        store.commit(self.batch.cursor(extract, Cursor::new(done.to_string()))).await
    }
}
