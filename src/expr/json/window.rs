//! Windows as JSON: the fields of what has one.

use serde_json::value::RawValue;

use super::{Json, fault, number, raw};
use crate::error::{Error, Result};
use crate::expr::Over;
use crate::expr::window::{Period, count, local, written};
use crate::time::{Duration, Zone};

/// Each of the fields that a window may have.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) over: Option<Duration>,
    pub(super) ending: Option<Duration>,
    pub(super) since: Option<Json>,
    pub(super) last: Option<Box<RawValue>>,
    pub(super) from: Option<String>,
    pub(super) to: Option<String>,
    pub(super) zone: Option<Zone>,
}

impl From<Option<&Over>> for Fields {
    fn from(window: Option<&Over>) -> Self {
        let none = Self::default();
        match window {
            Some(Over::Between(Period::Civil { from, to, zone })) => {
                let (from, to) = (Some(written(*from)), to.map(written));
                Self { from, to, zone: Some(*zone), ..none }
            }
            Some(Over::Between(Period::Instants { from, to })) => {
                Self { from: Some(from.to_string()), to: to.map(|to| to.to_string()), ..none }
            }
            Some(Over::Last(count)) => Self { last: Some(raw((*count).into())), ..none },
            Some(Over::Sliding { length, ending }) => {
                Self { over: Some(*length), ending: *ending, ..none }
            }
            Some(Over::Since(since)) => Self { since: Some(since.into()), ..none },
            None => none,
        }
    }
}

impl Fields {
    pub(super) fn window(self) -> Result<Option<Over>> {
        let Self { over, ending, since, last, from, to, zone } = &self;
        let kinds = [over.is_some(), since.is_some(), last.is_some(), from.is_some()];
        let stray = ending.is_some() && over.is_none();
        let stray = stray || (to.is_some() || zone.is_some()) && from.is_none();
        if stray || kinds.into_iter().filter(|is| *is).count() > 1 {
            let kinds =
                "`over` and maybe `ending`, `since`, `last`, or `from` and maybe `to` and `in`";
            return Err(fault(&format!("a window is one of {kinds}")));
        }
        let over = over.map(|length| Over::sliding(length, *ending));
        let last = last.as_deref().map(number).transpose()?;
        let last = last.map(|last| count(last).map(Over::Last));
        let between = self.period()?.map(Period::window);
        if let Some(since) = self.since {
            return Ok(Some(Over::Since(since.try_into()?)));
        }
        over.or(last).or(between).transpose().map_err(fault)
    }

    fn period(&self) -> Result<Option<Period>> {
        let Some(from) = &self.from else { return Ok(None) };
        let (from, to) = (from.as_str(), self.to.as_deref());
        let Some(zone) = self.zone else {
            let read = |text: &str| text.parse().map_err(|error: Error| fault(error.detail()));
            let to = to.map(read).transpose()?;
            return Ok(Some(Period::Instants { from: read(from)?, to }));
        };
        let read = |text| local(text).map_err(|message| fault(&message));
        let to = to.map(read).transpose()?;
        Ok(Some(Period::Civil { from: read(from)?, to, zone }))
    }
}
