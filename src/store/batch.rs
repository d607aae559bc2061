//! What is written together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{DecisionRecord, Timer, Version};
use crate::delivery::{Delivery, Transition};
use crate::event::Event;
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::page::Cursor;
use crate::privacy::{Consent, Subscription, Suppressed};

/// What is written together.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Batch {
    /// The versions that profiles must have for the batch to be taken.
    pub expected: BTreeMap<ProfileId, Version>,
    /// The texts that documents must have for the batch to be taken; `None` where there must be
    /// none.
    pub expected_documents: BTreeMap<Arc<str>, Option<String>>,
    /// Events, each of its person.
    pub events: Vec<Event>,
    /// Consents.
    pub consents: Vec<(ProfileId, Consent)>,
    /// Subscriptions.
    pub subscriptions: Vec<(ProfileId, Subscription)>,
    /// Suppressions.
    pub suppressions: Vec<(Digest, Suppressed)>,
    /// Decisions.
    pub decisions: Vec<DecisionRecord>,
    /// New deliveries, claimed.
    pub deliveries: Vec<Delivery>,
    /// What came of deliveries.
    pub transitions: Vec<Transition>,
    /// Timers to set.
    pub timers: Vec<Timer>,
    /// Timers to cancel, by profile and name; they are cancelled before any is set.
    pub cancelled: Vec<(ProfileId, Arc<str>)>,
    /// How far sources were read.
    pub cursors: BTreeMap<Arc<str>, Cursor>,
    /// Documents by name.
    pub documents: BTreeMap<Arc<str>, String>,
}

impl Batch {
    /// Nothing to write yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether there is nothing to write; expectations alone are nothing.
    pub fn is_empty(&self) -> bool {
        self.profiles().next().is_none()
            && self.events.is_empty()
            && self.suppressions.is_empty()
            && self.transitions.is_empty()
            && self.timers.is_empty()
            && self.cancelled.is_empty()
            && self.cursors.is_empty()
            && self.documents.is_empty()
    }

    /// The same batch, to be taken only if the profile has this version.
    #[must_use]
    pub fn expect(mut self, profile: impl Into<ProfileId>, version: Version) -> Self {
        self.expected.insert(profile.into(), version);
        self
    }

    /// The same batch, to be taken only if the document has this text, or is not there.
    #[must_use]
    pub fn expect_document(mut self, name: impl Into<Arc<str>>, text: Option<String>) -> Self {
        self.expected_documents.insert(name.into(), text);
        self
    }

    /// The same batch with one more event.
    #[must_use]
    pub fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// The same batch with a document.
    #[must_use]
    pub fn document(mut self, name: impl Into<Arc<str>>, text: impl Into<String>) -> Self {
        self.documents.insert(name.into(), text.into());
        self
    }

    /// The same batch with how far a source was read.
    #[must_use]
    pub fn cursor(mut self, source: impl Into<Arc<str>>, cursor: Cursor) -> Self {
        self.cursors.insert(source.into(), cursor);
        self
    }

    /// The profiles that the batch writes, those named several times several times; for stores,
    /// which raise the version of each once.
    pub fn profiles(&self) -> impl Iterator<Item = &ProfileId> {
        let events = self.events.iter().filter_map(Event::person);
        let consents = self.consents.iter().map(|(profile, _)| profile);
        let subscriptions = self.subscriptions.iter().map(|(profile, _)| profile);
        let decisions = self.decisions.iter().map(|decision| &decision.profile);
        let claims = self.deliveries.iter().map(|delivery| &delivery.claim.profile);
        events.chain(consents).chain(subscriptions).chain(decisions).chain(claims)
    }
}
