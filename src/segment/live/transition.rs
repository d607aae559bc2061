//! Entries and exits, and what brings them about.

use std::sync::Arc;

use serde::Serialize;

use crate::event::Event;
use crate::id::{MessageId, ProfileId};
use crate::time::Timestamp;

/// Somebody's entry into a segment, or exit from it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Transition {
    /// Who.
    pub person: ProfileId,
    /// The segment's name.
    pub segment: Arc<str>,
    /// Whether they entered; else they left.
    pub entered: bool,
    /// Since when that has been so, by what is known now. Of what was told late it is told as far
    /// back as a day; of what is older it is the instant of discovery.
    pub at: Timestamp,
    /// When that was found.
    pub discovered: Timestamp,
    /// What brought it about.
    pub cause: Cause,
}

/// What brought a transition about.
///
/// Triggers react to events and time, unless they are told otherwise: importing history, changing a
/// definition and linking identifiers send nothing.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Cause {
    /// A person's history was loaded.
    BackFill,
    /// The segment is new or means something else than before.
    Definition,
    /// An event that told it soon after it had happened.
    Event(MessageId),
    /// An event that was told long after it had happened.
    LateEvent(MessageId),
    /// Two identifiers were found to be one person.
    Link,
    /// Something that had been told was taken back.
    Retraction(MessageId),
    /// Nothing but the passing of time.
    Time,
    /// Two identifiers were found not to be one person after all.
    Unlink,
}

impl Transition {
    /// Who, which segment, and whether they entered: what was found now and holds from now on.
    pub(super) fn found(
        (person, segment, entered): (&ProfileId, &Arc<str>, bool),
        now: Timestamp,
        cause: &Cause,
    ) -> Self {
        Self {
            person: person.clone(),
            segment: Arc::clone(segment),
            entered,
            at: now,
            discovered: now,
            cause: cause.clone(),
        }
    }

    /// The event that tells it to others: `Audience Entered` or `Audience Exited`.
    ///
    /// Its `messageId` follows from what it tells, so telling it twice is detectable.
    pub fn event(&self) -> Event {
        let name = if self.entered { "Audience Entered" } else { "Audience Exited" };
        Event::track(self.person.clone(), name, self.at)
            .received(self.discovered)
            .with("audience", Arc::clone(&self.segment))
    }
}
