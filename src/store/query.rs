//! What is asked of the tables, where engines are asked alike. What the columns are is said in
//! [`row`], how a statement is written in [`table`](super::table).

use super::{place, row};
use crate::error::Result;
use crate::page::Cursor;

/// The profiles from a place on.
pub(super) const PROFILES: &str =
    "SELECT profile, version FROM main.profiles WHERE profile >= ?1 ORDER BY profile LIMIT ?2";

/// How far a source was read.
pub(super) const CURSOR: &str = "SELECT place FROM main.cursors WHERE source = ?1";

pub(super) const DOCUMENT: &str = "SELECT text FROM main.documents WHERE name = ?1";

/// The events of some profiles.
pub(super) fn events(of: &str) -> String {
    format!("SELECT {} FROM main.events WHERE {of}", row::EVENT)
}

pub(super) fn consents(of: &str) -> String {
    format!("SELECT {} FROM main.consents WHERE {of}", row::CONSENT)
}

pub(super) fn subscriptions(of: &str) -> String {
    format!("SELECT {} FROM main.subscriptions WHERE {of}", row::SUBSCRIPTION)
}

/// The suppressions of some addresses.
pub(super) fn suppressions(of: &str) -> String {
    format!("SELECT {} FROM main.suppressions WHERE {of}", row::SUPPRESSION)
}

/// What was claimed for some profiles or addresses.
pub(super) fn claims(of: &str) -> String {
    format!("SELECT {}, address, key_version FROM main.deliveries WHERE {of}", row::CLAIM)
}

/// The decisions of a mailing on some people.
pub(super) fn decided(of: &str) -> String {
    format!("SELECT {} FROM main.decisions WHERE mailing = ?1 AND {of}", row::DECISION)
}

/// The decisions of a mailing from a place on.
pub(super) fn decisions() -> String {
    decided("profile >= ?2 ORDER BY profile LIMIT ?3")
}

/// The deliveries of a mailing in a state, after a number.
pub(super) fn deliveries() -> String {
    format!(
        "SELECT {} FROM main.deliveries WHERE mailing = ?1 AND state = ?2 AND number > ?3
         ORDER BY number LIMIT ?4",
        row::DELIVERY
    )
}

/// The timers that are due.
pub(super) fn timers() -> String {
    format!(
        "SELECT {} FROM main.timers WHERE due <= ?1 ORDER BY due, profile, name LIMIT ?2",
        row::TIMER
    )
}

/// Where the page of a list begins whose keys are texts: the least text behind the one that the
/// cursor stands at.
pub(super) fn begin(list: &[&str], after: Option<&Cursor>) -> Result<String> {
    Ok(place::key(list, after)?.map_or_else(String::new, |key| key + "\0"))
}

/// A limit as engines take it.
pub(super) fn limit(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A number of a delivery as engines take it; numbers begin at 1.
pub(super) fn after(number: Option<u64>) -> i64 {
    i64::try_from(number.unwrap_or_default()).unwrap_or(i64::MAX)
}
