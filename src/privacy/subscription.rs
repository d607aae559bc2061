//! Subscription by topic.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::identifier;
use crate::time::Timestamp;

identifier! {
    /// What somebody reads about, such as `new-arrivals`: within a purpose that they consented to, they
    /// choose topics.
    Topic
}

/// What somebody chose. Unsubscribed orders last, so that of two records of one instant it is the
/// last.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SubscriptionState {
    /// They want the topic.
    Subscribed,
    /// They do not.
    Unsubscribed,
}

/// A choice of a topic, made at an instant.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Subscription {
    /// When.
    pub at: Timestamp,
    /// Wanted or not.
    pub state: SubscriptionState,
    /// What.
    pub topic: Topic,
}

impl Subscription {
    /// The topic is wanted from an instant on.
    pub fn subscribed(topic: impl Into<Topic>, at: Timestamp) -> Self {
        Self { at, state: SubscriptionState::Subscribed, topic: topic.into() }
    }

    /// The topic is not wanted from an instant on.
    pub fn unsubscribed(topic: impl Into<Topic>, at: Timestamp) -> Self {
        Self { at, state: SubscriptionState::Unsubscribed, topic: topic.into() }
    }
}

/// One person's subscriptions: every choice ever made, none of them changed.
///
/// ```
/// use bespoke::privacy::{Subscription, SubscriptionState, Subscriptions};
///
/// let chosen = Subscriptions::new()
///     .with(Subscription::unsubscribed("sale", "2026-01-01T00:00:00Z".parse()?));
/// let now = "2026-02-01T00:00:00Z".parse()?;
/// assert_eq!(chosen.effective(&"sale".into(), now), Some(SubscriptionState::Unsubscribed));
/// assert_eq!(chosen.effective(&"news".into(), now), None);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Subscriptions(BTreeMap<Topic, Vec<Subscription>>);

impl Subscriptions {
    /// Nothing chosen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same subscriptions with one more choice.
    #[must_use]
    pub fn with(mut self, choice: Subscription) -> Self {
        self.record(choice);
        self
    }

    /// Puts in a choice, wherever in time it belongs. The same choice twice counts once.
    pub fn record(&mut self, choice: Subscription) {
        let choices = self.0.entry(choice.topic.clone()).or_default();
        if let Err(place) = choices.binary_search(&choice) {
            choices.insert(place, choice);
        }
    }

    /// The choice in effect at `now`: the last of this topic at or before it, and of several at one
    /// instant the refusal. `None` where none was made.
    pub fn effective(&self, topic: &Topic, now: Timestamp) -> Option<SubscriptionState> {
        let choices = self.0.get(topic)?;
        let past = choices.partition_point(|choice| choice.at <= now);
        choices.get(..past)?.last().map(|choice| choice.state)
    }

    /// Every choice, by topic and then in order of time.
    pub fn choices(&self) -> impl Iterator<Item = &Subscription> {
        self.0.values().flatten()
    }
}

impl FromIterator<Subscription> for Subscriptions {
    fn from_iter<I: IntoIterator<Item = Subscription>>(choices: I) -> Self {
        choices.into_iter().fold(Self::new(), Self::with)
    }
}
