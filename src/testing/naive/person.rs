//! What is asked of a person as a whole, by the letter.

use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate};
use chrono_tz::Tz;
use sha2::{Digest, Sha256};

use super::{Answer, NULL, Ratio, World, follow};
use crate::expr::{Expr, Node, Person};
use crate::schema::Shape;
use crate::time::{Duration, Timestamp};
use crate::value::{Kind, Value};

impl<'a> World<'a> {
    pub(super) fn person(&self, person: &'a Person) -> Answer {
        match person {
            Person::Anniversary { of, zone } => {
                let zone = zone.map_or_else(|| self.zone(), |zone| zone.name().parse().ok());
                let kept = zone.and_then(|zone| self.is_anniversary(path(of), zone));
                kept.map_or(Answer::Null, Answer::Boolean)
            }
            Person::Bucket { count, salt } => {
                match self.person.filter(|_| !self.facts.is_empty()) {
                    Some(person) => Answer::Number(Ratio::from(bucket(*count, [salt, person]))),
                    None => Answer::Null,
                }
            }
            Person::Changed { of, over } => Answer::Boolean(self.changed(path(of), *over)),
            Person::ObservedFor(length) => Answer::Boolean(self.visible().any(|fact| {
                Ratio::from(fact.at).plus(&Ratio::from(*length)) <= Ratio::from(self.now)
            })),
        }
    }

    /// Whether there is an instant in the window at which the trait is another than just before.
    fn changed(&self, path: &'a [Arc<str>], over: Duration) -> bool {
        let begin = Ratio::from(self.now).minus(&Ratio::from(over));
        let told = self.visible().filter(|fact| fact.event.is_none());
        let mut told = told.filter(|fact| begin < Ratio::from(fact.at));
        told.any(|fact| {
            let before = self.at(fact.at.minus(Duration::from_micros(1)));
            self.at(fact.at).attribute_at(path) != before.attribute_at(path)
        })
    }

    fn attribute_at(&self, path: &'a [Arc<str>]) -> &'a Value {
        let Some((name, rest)) = path.split_first() else { return NULL };
        follow(self.attribute(name).unwrap_or(NULL), rest)
    }

    /// The zone that the trait `timezone` tells, if that is declared as a text; UTC if it tells
    /// none; nothing if there is none of that name.
    fn zone(&self) -> Option<Tz> {
        let declared = self.schema.attributes().get("timezone");
        let is_text = declared.is_some_and(|field| *field.shape() == Shape::Scalar(Kind::Text));
        match self.attribute("timezone") {
            Some(Value::Text(name)) if is_text => name.parse().ok(),
            _ => Some(Tz::UTC),
        }
    }

    fn is_anniversary(&self, path: &'a [Arc<str>], zone: Tz) -> Option<bool> {
        let date = match self.attribute_at(path) {
            Value::Instant(at) => day(*at, zone),
            Value::Text(text) => date(text)?,
            _ => return None,
        };
        let today = day(self.now, zone);
        let leap = NaiveDate::from_ymd_opt(today.year(), 2, 29).is_some();
        let kept = match (date.month(), date.day()) {
            (2, 29) if !leap => (2, 28),
            day => day,
        };
        Some((today.month(), today.day()) == kept && today.year() > date.year())
    }
}

fn path(of: &Expr) -> &[Arc<str>] {
    match of.node() {
        Node::Path(path) => path,
        _ => &[],
    }
}

/// The day that calendars show somewhere.
fn day(at: Timestamp, zone: Tz) -> NaiveDate {
    let at = DateTime::from_timestamp_micros(at.micros()).unwrap_or_default();
    at.with_timezone(&zone).date_naive()
}

/// A date as it is written: four digits, two, and two.
pub(super) fn date(text: &str) -> Option<NaiveDate> {
    let mut shape = text.bytes().map(|byte| if byte.is_ascii_digit() { b'0' } else { byte });
    let written = shape.by_ref().eq(*b"0000-00-00");
    written.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten()
}

/// A seed of nought is forked by `bucket`, by the salt and by the person; the first number of
/// `SplitMix64` from there is scaled to the buckets.
fn bucket(count: u32, labels: [&str; 2]) -> i64 {
    let mut seed = 0_u64;
    for label in ["bucket"].into_iter().chain(labels) {
        let digest = Sha256::digest([&seed.to_be_bytes(), label.as_bytes()].concat());
        seed = digest.iter().take(8).fold(0, |number, byte| number << 8 | u64::from(*byte));
    }
    let mut drawn = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    drawn = (drawn ^ (drawn >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    drawn = (drawn ^ (drawn >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    drawn ^= drawn >> 31;
    i64::try_from((u128::from(drawn) * u128::from(count)) >> 64).unwrap_or_default()
}
