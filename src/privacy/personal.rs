//! What is held of a person, and what an event adds to it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::id::{MessageId, ProfileId};
use crate::time::Timestamp;
use crate::value::Value;

/// Where a value was told, since `name` as a trait and `name` of a gift's recipient are two things.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Place {
    /// A trait of the person, told by an identify.
    Attribute,
    /// A part of the envelope that this crate does not use, such as `context`.
    Envelope,
    /// A property of the event of this name.
    Event(Arc<str>),
}

/// Why a value is held apart, from the least to the most restrictive.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Protection {
    /// It is declared as personal: templates read it.
    Personal,
    /// It is declared as of a special category: only [`Personal::held`] shows it.
    Special,
    /// It is not declared, or not of the shape declared: nobody knows what it is, so only
    /// [`Personal::held`] shows it, as the JSON that came.
    Undeclared,
}

/// A value held of a person, with what told it.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Held<'a> {
    /// Where it was told.
    pub place: &'a Place,
    /// The field's name.
    pub name: &'a Arc<str>,
    /// Why it is held apart.
    pub protection: Protection,
    /// The value; NULL where it was unset.
    pub value: &'a Value,
    /// When it was told.
    pub at: Timestamp,
    /// Since when that is known.
    pub known: Timestamp,
    /// The event that told it.
    pub id: &'a MessageId,
}

/// What one event told of a person that must not go on.
#[derive(Clone, Eq, PartialEq)]
pub struct PersonalRecord {
    person: ProfileId,
    id: MessageId,
    at: Timestamp,
    known: Timestamp,
    place: Place,
    values: BTreeMap<Key, Value>,
}

/// What is held of a person: the latest value of every field.
///
/// Latest is by the instant at which it was told, then by the instant since which it is known; of
/// several the greatest value stands, then the greatest `messageId`, so that the order of arrival
/// never decides.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Personal(BTreeMap<Key, Told>);

#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
struct Key {
    place: Place,
    name: Arc<str>,
    protection: Protection,
}

/// Ordered as latest is defined.
#[derive(Clone, Eq, Ord, PartialEq, PartialOrd)]
struct Told {
    at: Timestamp,
    known: Timestamp,
    value: Value,
    id: MessageId,
}

impl PersonalRecord {
    /// A record of what the event `id` told of `person` at an instant, without values yet. It
    /// counts as known when it was told.
    pub fn new(
        person: impl Into<ProfileId>,
        place: Place,
        id: impl Into<MessageId>,
        at: Timestamp,
    ) -> Self {
        let (person, id) = (person.into(), id.into());
        Self { person, id, at, known: at, place, values: BTreeMap::new() }
    }

    /// The same record, known since this instant.
    #[must_use]
    pub fn known(mut self, since: Timestamp) -> Self {
        self.known = since;
        self
    }

    /// The same record with one more value.
    #[must_use]
    pub fn with(
        self,
        name: impl Into<Arc<str>>,
        protection: Protection,
        value: impl Into<Value>,
    ) -> Self {
        let place = self.place.clone();
        self.with_at(place, name, protection, value)
    }

    /// The same record with one more value, told in another place than the event's own.
    #[must_use]
    pub fn with_at(
        mut self,
        place: Place,
        name: impl Into<Arc<str>>,
        protection: Protection,
        value: impl Into<Value>,
    ) -> Self {
        self.values.insert(Key { place, name: name.into(), protection }, value.into());
        self
    }

    /// Of whom it was told.
    pub fn person(&self) -> &ProfileId {
        &self.person
    }

    /// The event that told it.
    pub fn id(&self) -> &MessageId {
        &self.id
    }

    /// When it was told.
    pub fn at(&self) -> Timestamp {
        self.at
    }

    /// Since when it is known.
    pub fn known_from(&self) -> Timestamp {
        self.known
    }

    /// Whether it tells nothing.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Its values.
    pub fn held(&self) -> impl Iterator<Item = Held<'_>> {
        let Self { at, known, ref id, .. } = *self;
        self.values.iter().map(move |(key, value)| Held {
            place: &key.place,
            name: &key.name,
            protection: key.protection,
            value,
            at,
            known,
            id,
        })
    }
}

impl Personal {
    /// Nothing held yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in what an event told, wherever in time it belongs.
    pub fn apply(&mut self, record: &PersonalRecord) {
        for (key, value) in &record.values {
            let told = Told {
                at: record.at,
                known: record.known,
                value: value.clone(),
                id: record.id.clone(),
            };
            match self.0.get_mut(key) {
                Some(held) if *held >= told => {}
                Some(held) => *held = told,
                None => drop(self.0.insert(key.clone(), told)),
            }
        }
    }

    /// A trait declared as personal, for templates. `None` where it was never told or was unset.
    pub fn attribute(&self, name: &str) -> Option<&Value> {
        self.attributes().find(|(known, _)| &***known == name).map(|(_, value)| value)
    }

    /// The traits declared as personal, for templates, in the order of their names.
    pub fn attributes(&self) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        let readable = self.0.iter().filter(|(key, told)| {
            key.place == Place::Attribute
                && key.protection == Protection::Personal
                && !told.value.is_null()
        });
        readable.map(|(key, told)| (&key.name, &told.value))
    }

    /// Everything held, with what told it: what a person who asks is to be shown (GDPR,
    /// article 15), and what a store keeps. Not for rules or templates.
    pub fn held(&self) -> impl Iterator<Item = Held<'_>> {
        self.0.iter().map(|(key, told)| Held {
            place: &key.place,
            name: &key.name,
            protection: key.protection,
            value: &told.value,
            at: told.at,
            known: told.known,
            id: &told.id,
        })
    }

    /// How many values are held.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Held<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("place", self.place)
            .field("name", self.name)
            .field("protection", &self.protection)
            .field("id", self.id)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PersonalRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PersonalRecord")
            .field("person", &self.person)
            .field("id", &self.id)
            .field("values", &self.values.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Personal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.held()).finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(at: i64, known: i64, id: &str, value: &str) -> PersonalRecord {
        PersonalRecord::new("p-1", Place::Attribute, id, Timestamp::from_micros(at))
            .known(Timestamp::from_micros(known))
            .with("name", Protection::Personal, value)
    }

    #[test]
    fn a_gift_does_not_rename_the_giver() {
        let mut personal = Personal::new();
        personal.apply(&record(1, 1, "m-1", "Ann"));
        let gift = Place::Event("Gift Sent".into());
        personal.apply(
            &PersonalRecord::new("p-1", gift, "m-2", Timestamp::from_micros(2))
                .with("name", Protection::Personal, "Bob")
                .with_at(Place::Attribute, "name", Protection::Special, "Cleo")
                .with_at(Place::Attribute, "name", Protection::Undeclared, "\"Dan\""),
        );
        assert_eq!(personal.attribute("name"), Some(&"Ann".into()));
        assert_eq!((personal.len(), personal.attributes().count()), (4, 1));
    }

    #[test]
    fn an_unset_trait_is_not_read_and_stays_unset() {
        let mut personal = Personal::new();
        let unset = PersonalRecord::new("p-1", Place::Attribute, "m-2", Timestamp::from_micros(2))
            .with("name", Protection::Personal, Value::Null);
        personal.apply(&unset);
        personal.apply(&record(1, 9, "m-1", "Ann"));
        assert_eq!(personal.attribute("name"), None);
        assert_eq!(personal.held().next().map(|held| held.id.as_str()), Some("m-2"));
    }

    #[test]
    fn debug_shows_no_value() {
        let mut personal = Personal::new();
        personal.apply(&record(1, 1, "m-1", "Ann"));
        let shown = format!("{personal:?} {:?}", record(1, 1, "m-1", "Ann"));
        assert!(!shown.contains("Ann"), "{shown}");
        assert!(shown.contains("name"), "{shown}");
    }

    proptest! {
        #[test]
        fn the_latest_stands_whatever_the_order(
            told in prop::collection::vec((0..3_i64, 0..3_i64, 0..3_u8, "[ab]"), 1..8),
            seed in any::<prop::sample::Index>(),
        ) {
            let records: Vec<PersonalRecord> = told
                .iter()
                .map(|(at, known, id, value)| record(*at, *known, &format!("m-{id}"), value))
                .collect();
            let fold = |records: &[PersonalRecord]| {
                let mut personal = Personal::new();
                for record in records {
                    personal.apply(record);
                }
                personal
            };
            let straight = fold(&records);
            let mut turned = records.clone();
            turned.rotate_left(seed.index(records.len()));
            turned.extend(records.first().cloned());
            prop_assert_eq!(&straight, &fold(&turned));
            turned.reverse();
            prop_assert_eq!(&straight, &fold(&turned));
            let latest = told.iter().map(|(at, known, ..)| (*at, *known)).max().unwrap();
            let held = straight.held().next().unwrap();
            prop_assert_eq!((held.at.micros(), held.known.micros()), latest);
        }
    }
}
