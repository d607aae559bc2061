//! Everything that a store answers, as lines of text.

use std::fmt;
use std::sync::Arc;

use crate::claim::Mailing;
use crate::delivery::StateName;
use crate::error::Result;
use crate::event::Event;
use crate::identity::Digest;
use crate::page::{Cursor, Page};
use crate::store::{Profile, Store};
use crate::time::Timestamp;

/// What to ask a store for besides its profiles and timers: what can only be asked for by name.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Asked {
    /// These mailings' decisions and deliveries.
    pub mailings: Vec<Mailing>,
    /// These addresses.
    pub addresses: Vec<Digest>,
    /// How far these sources were read.
    pub sources: Vec<Arc<str>>,
    /// These documents.
    pub documents: Vec<Arc<str>>,
}

impl Asked {
    /// Nothing by name.
    pub fn new() -> Self {
        Self::default()
    }
}

const STATES: [StateName; 6] = [
    StateName::Claimed,
    StateName::Sending,
    StateName::Accepted,
    StateName::Deferred,
    StateName::Failed,
    StateName::Unknown,
];

/// Everything that a store answers, read in pages of `limit`, a text for each item: two stores
/// that answer alike give the same texts.
///
/// # Errors
///
/// What the store answers with.
///
/// # Panics
///
/// Where a page holds more than its limit, or nothing but the place of the next.
pub async fn dump<S: Store>(store: &S, asked: &Asked, limit: usize) -> Result<Vec<String>> {
    let mut lines = read_all(store, List::Profiles, limit).await?;
    for mailing in &asked.mailings {
        lines.extend(read_all(store, List::Decisions(mailing), limit).await?);
        for state in STATES {
            lines.extend(read_all(store, List::Deliveries(mailing, state), limit).await?);
        }
    }
    let addresses = store.addresses(&asked.addresses).await?;
    lines.extend(addresses.suppression.entries().map(|entry| format!("{entry:?}")));
    lines.extend(addresses.claims.iter().map(|claims| format!("{claims:?}")));
    let timers = store.timers(Timestamp::MAX, usize::MAX).await?;
    lines.extend(timers.iter().map(|timer| format!("{timer:?}")));
    for source in &asked.sources {
        lines.push(format!("{source}: {:?}", store.cursor(source).await?));
    }
    for name in &asked.documents {
        lines.push(format!("{name}: {:?}", store.document(name).await?));
    }
    Ok(lines)
}

#[derive(Clone, Copy)]
enum List<'a> {
    Decisions(&'a Mailing),
    Deliveries(&'a Mailing, StateName),
    Profiles,
}

async fn read_all<S: Store>(store: &S, list: List<'_>, limit: usize) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut after = None;
    loop {
        let Page { items, next } = read(store, list, after.as_ref(), limit).await?;
        let count = items.len();
        assert!(count <= limit.max(1), "a page of at most {limit} items holds {count}");
        assert!(next.is_none() || count > 0, "an empty page must be the last");
        lines.extend(items);
        let Some(place) = next else { return Ok(lines) };
        assert_ne!(after.as_ref(), Some(&place), "a page ends behind the place it began at");
        after = Some(place);
    }
}

async fn read<S: Store>(
    store: &S,
    list: List<'_>,
    after: Option<&Cursor>,
    limit: usize,
) -> Result<Page<String>> {
    Ok(match list {
        List::Decisions(mailing) => texts(&store.decisions(mailing, after, limit).await?),
        List::Deliveries(mailing, state) => {
            texts(&store.deliveries(mailing, state, after, limit).await?)
        }
        List::Profiles => {
            let page = store.profiles(after, limit).await?;
            Page::new(page.items.iter().map(profile).collect(), page.next)
        }
    })
}

fn texts<T: fmt::Debug>(page: &Page<T>) -> Page<String> {
    Page::new(page.items.iter().map(|item| format!("{item:?}")).collect(), page.next.clone())
}

/// Everything that a profile holds, as text.
pub fn profile(profile: &Profile) -> String {
    let Profile { id, version, consents, subscriptions, claims, .. } = profile;
    let head = format!("{id} at {version}: {consents:?} {subscriptions:?} {claims:?}");
    let events = profile.events.iter().map(event);
    std::iter::once(head).chain(events).collect::<Vec<_>>().join("\n")
}

/// Everything that an event tells, as text.
pub fn event(event: &Event) -> String {
    let undeclared: Vec<(&str, &str)> = event.undeclared().collect();
    let envelope: Vec<(&str, &str)> = event.envelope().collect();
    format!(
        "{} {} {:?} {:?} at {} known {} {:?} {undeclared:?} {envelope:?} {:?}",
        event.kind(),
        event.name(),
        event.id(),
        (event.person(), event.previous()),
        event.at(),
        event.known_from(),
        event.fields(),
        event.digest(),
    )
}
