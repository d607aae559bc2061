//! The same `messageId` counts once.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::Event;
use crate::id::MessageId;
use crate::time::Timestamp;

/// Remembers which `messageId` was told with which content.
///
/// Of copies with the same content one stands, as known since the earliest of them; of copies with
/// different content the one known first stands, then the one with the smaller digest. What stands
/// at the end does not depend on the order of arrival.
///
/// ```
/// use bespoke::event::{Dedupe, Event, Verdict};
///
/// let at = "2026-02-01T12:00:00Z".parse()?;
/// let event = Event::track("p-1", "Order Completed", at).with_id("m-1");
/// let mut dedupe = Dedupe::new();
/// assert_eq!(dedupe.judge(&event), Verdict::First);
/// assert_eq!(dedupe.judge(&event), Verdict::Repeated);
/// assert_eq!(dedupe.judge(&event.with("revenue", 5)), Verdict::Conflicting);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Dedupe {
    // The order is never read; a tree keeps its memory when it grows, a hash table doubles it.
    seen: BTreeMap<MessageId, (Timestamp, [u8; 32])>,
}

/// What is to be done with an event.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// Another event of this `messageId`, with other content, stands: refuse this one.
    Conflicting,
    /// Nobody told it before: take it.
    First,
    /// The same was told before: drop it.
    Repeated,
    /// The same was told before, but is known since an earlier instant: take this one instead.
    Earlier,
    /// It stands against the one that was taken before: take this one and refuse that.
    Supersedes,
}

impl Dedupe {
    /// A memory of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Judges an event and remembers it.
    pub fn judge(&mut self, event: &Event) -> Verdict {
        self.judge_told(event.id(), event.known_from(), event.digest())
    }

    /// As [`Dedupe::judge`], where the digest is known already.
    pub(crate) fn judge_told(
        &mut self,
        id: MessageId,
        known_from: Timestamp,
        digest: [u8; 32],
    ) -> Verdict {
        let told = (known_from, digest);
        let Some(standing) = self.seen.get_mut(&id) else {
            self.seen.insert(id, told);
            return Verdict::First;
        };
        let verdict = match (told.1 == standing.1, told < *standing) {
            (true, false) => return Verdict::Repeated,
            (true, true) => Verdict::Earlier,
            (false, false) => return Verdict::Conflicting,
            (false, true) => Verdict::Supersedes,
        };
        *standing = told;
        verdict
    }
}

impl Event {
    /// The order of copies under one `messageId`: the least of them stands, whatever came first.
    ///
    /// Copies of one content that is spelt in two ways (`1.50` and `1.5`) are ordered by the
    /// spelling, so that what is kept does not depend on the order of arrival either.
    pub(crate) fn precedence(&self) -> (Timestamp, [u8; 32], String) {
        (self.known_from(), self.digest(), self.spelling())
    }

    fn spelling(&self) -> String {
        let declared = self.fields().iter().map(|(name, value)| {
            // Texts, numbers and lists of them: nothing that JSON cannot say.
            (&**name, Cow::Owned(serde_json::to_string(value).unwrap_or_default()))
        });
        let undeclared = self.undeclared().map(|(name, raw)| (name, Cow::Borrowed(raw)));
        let mut parts: Vec<(&str, Cow<'_, str>)> = declared.chain(undeclared).collect();
        parts.sort_unstable();
        parts.extend(self.envelope().map(|(name, raw)| (name, Cow::Borrowed(raw))));
        parts.iter().flat_map(|(name, raw)| [name, "\0", raw, "\0"]).collect()
    }
}
