//! Quiet hours.

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::time::{LocalTime, Timestamp, Zone};

/// The hours in which nobody is to be disturbed, by the clocks where they live: from a time of day,
/// included, to another, excluded; they may go round midnight.
///
/// ```
/// use bespoke::gate::QuietHours;
///
/// let night = QuietHours::new("21:00".parse()?, "08:00".parse()?)?;
/// let lisbon = "Europe/Lisbon".parse()?;
/// let evening = "2026-07-01T20:00:00Z".parse()?;
/// assert_eq!(night.until(lisbon, evening), Some("2026-07-02T07:00:00Z".parse()?));
/// assert_eq!(night.until(bespoke::time::Zone::UTC, evening), None);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct QuietHours {
    from: LocalTime,
    to: LocalTime,
}

impl QuietHours {
    /// From one time of day, included, to another, excluded.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] where both are the same, which may mean always or never.
    pub fn new(from: LocalTime, to: LocalTime) -> Result<Self> {
        if from == to {
            let detail = format!("quiet hours from {from} to {to} are all day or none; say which");
            return Err(Error::new(ErrorKind::Input, detail));
        }
        Ok(Self { from, to })
    }

    /// When they begin.
    pub const fn from(self) -> LocalTime {
        self.from
    }

    /// When they have ended.
    pub const fn to(self) -> LocalTime {
        self.to
    }

    /// If they are kept in `zone` at `now`, the first instant at which they are not: the first at
    /// which clocks there show a time outside. Where a clock change skips their end, that is the
    /// instant of the change; where it repeats their end, the first of the two. What it repeats of
    /// them after that is quiet again.
    pub fn until(self, zone: Zone, now: Timestamp) -> Option<Timestamp> {
        let end = zone.first_outside(self.from, self.to, now);
        (end > now).then_some(end)
    }
}

/// Quiet hours as a definition has them.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Written {
    from: LocalTime,
    to: LocalTime,
}

impl TryFrom<Written> for QuietHours {
    type Error = Error;

    fn try_from(written: Written) -> Result<Self> {
        Self::new(written.from, written.to)
    }
}

impl From<QuietHours> for Written {
    fn from(hours: QuietHours) -> Self {
        Self { from: hours.from, to: hours.to }
    }
}
