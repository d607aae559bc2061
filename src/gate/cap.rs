//! Frequency caps.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::claim::Claim;
use crate::error::{Error, ErrorKind, Result};
use crate::id::MessageId;
use crate::time::{Duration, Timestamp, Window};

/// At most so many messages within a length of time: three in 7 days.
///
/// What counts is claims, of all mailings, marketing or not: a message that failed was still meant
/// for them, and one whose fate is unknown may have come. The window is half-open and slides,
/// `(now - window, now]`, so no two mailings can crowd around a midnight.
///
/// ```
/// use bespoke::gate::Cap;
/// use bespoke::time::Duration;
///
/// assert!(Cap::new(3, Duration::days(7)).is_ok());
/// assert!(Cap::new(0, Duration::days(7)).is_err(), "that is no cap but a suppression");
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Cap {
    limit: u32,
    window: Duration,
}

impl Cap {
    /// At most `limit` claims within `window`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for a limit of 0, which would put a message off for ever, and for a
    /// window of no length.
    pub fn new(limit: u32, window: Duration) -> Result<Self> {
        let fault = |detail| Err(Error::new(ErrorKind::Input, detail));
        if limit == 0 {
            return fault("a cap of 0 messages lets none pass; suppress the address instead");
        }
        if window <= Duration::ZERO {
            return fault("a cap needs a window of some length");
        }
        Ok(Self { limit, window })
    }

    /// How many messages.
    pub const fn limit(self) -> u32 {
        self.limit
    }

    /// Within what length of time.
    pub const fn window(self) -> Duration {
        self.window
    }

    /// Whether one more claim may be made at `now`, claims having been made at these instants, in
    /// order.
    fn has_room(self, claims: &[Timestamp], now: Timestamp) -> bool {
        let upto = |at: Timestamp| claims.partition_point(|claim| *claim <= at);
        let made = upto(now).saturating_sub(upto(Window::over(self.window).after(now)));
        u32::try_from(made).is_ok_and(|made| made < self.limit)
    }
}

/// If one more claim at `now` is too much for any of the caps, the first instant after it at which
/// one passes them all, if no other is made meanwhile. Of several claims for one message one counts.
pub(super) fn full_until(caps: &[Cap], claims: &[Claim], now: Timestamp) -> Option<Timestamp> {
    let mut by_message = BTreeMap::<&MessageId, Timestamp>::new();
    for claim in claims {
        let at = by_message.entry(&claim.message).or_insert(claim.at);
        *at = claim.at.max(*at);
    }
    let mut made: Vec<Timestamp> = by_message.into_values().collect();
    made.sort_unstable();
    let passes = |at: &Timestamp| caps.iter().all(|cap| cap.has_room(&made, *at));
    if passes(&now) {
        return None;
    }
    // There comes to be room only when a claim leaves a window.
    let windows = caps.iter().map(|cap| Window::over(cap.window));
    let leave = windows.flat_map(|window| made.iter().map(move |at| window.leaves(*at)));
    let mut turns: Vec<Timestamp> = leave.filter(|at| *at > now).collect();
    turns.sort_unstable();
    Some(turns.into_iter().find(passes).unwrap_or(Timestamp::MAX))
}

/// A cap as a definition has it.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Written {
    limit: u32,
    window: Duration,
}

impl TryFrom<Written> for Cap {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self> {
        Self::new(written.limit, written.window)
    }
}

impl From<Cap> for Written {
    fn from(cap: Cap) -> Self {
        Self { limit: cap.limit, window: cap.window }
    }
}
