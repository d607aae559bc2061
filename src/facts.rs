//! Everything known of one person, as known at an instant: the only door to the past.
//!
//! A [`Timeline`] keeps a person's facts; [`Facts`] is a timeline seen at `now` with what was known
//! at `known`. Metrics, rules and features read facts and nothing else, so none of them can see
//! what happened later or was not known yet.
//!
//! ```
//! use bespoke::event::Event;
//! use bespoke::facts::Timeline;
//! use bespoke::schema::Schema;
//!
//! let bought = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?);
//! let timeline = Timeline::of([bought], &Schema::new());
//! assert_eq!(timeline.facts("2026-01-01T00:00:00Z".parse()?).events("Order Completed").count(), 0);
//! assert_eq!(timeline.facts("2026-03-01T00:00:00Z".parse()?).events("Order Completed").count(), 1);
//! # Ok::<(), bespoke::Error>(())
//! ```

mod revision;
mod series;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::event::{Event, EventKind};
use crate::id::{MessageId, ProfileId};
use crate::schema::{BusinessKey, Schema};
use crate::time::Timestamp;
use crate::value::{Fields, Value};

pub(crate) use series::Total;
pub use series::{Known, Series};

use revision::{Revision, Revisions};

/// One thing that happened, and when it was known.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Fact {
    /// When it happened.
    pub at: Timestamp,
    /// From when until when it is known.
    pub known: Known,
    /// The event that told it.
    pub id: MessageId,
    /// What was told.
    pub fields: Fields,
}

/// The facts of one person in the order in which they happened.
///
/// What a timeline holds depends on the events put in, not on the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    person: Option<ProfileId>,
    series: BTreeMap<Arc<str>, Series>,
    attributes: BTreeMap<Arc<str>, Vec<Told>>,
    revisions: BTreeMap<(Arc<str>, Value), Revisions>,
    tracked: Tracked,
}

/// A trait's value as an identify told it.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) at: Timestamp,
    pub(crate) known: Known,
    pub(crate) id: MessageId,
    pub(crate) value: Value,
}

impl Told {
    fn order(&self) -> (Timestamp, &Value, Timestamp, &MessageId) {
        (self.at, &self.value, self.known.from, &self.id)
    }
}

impl Timeline {
    /// A timeline without facts.
    pub fn new() -> Self {
        Self::default()
    }

    /// The timeline of these events, all of one person.
    pub fn of(events: impl IntoIterator<Item = Event>, schema: &Schema) -> Self {
        let mut timeline = Self::new();
        // Each then goes to the end of its series, where nothing has to make room.
        let mut events: Vec<Event> = events.into_iter().collect();
        events.sort_by_key(Event::at);
        events.iter().for_each(|event| timeline.insert(event, schema));
        timeline
    }

    /// Keeps running totals of an event's numeric field from now on.
    ///
    /// Sums, means and counts of the field, without a filter, then cost two searches instead of a
    /// look at every entry; they come to the same. [`Engine::timeline`] tracks what its metrics and
    /// segments use.
    ///
    /// [`Engine::timeline`]: ../engine/struct.Engine.html#method.timeline
    pub fn track(&mut self, event: impl Into<Arc<str>>, field: impl Into<Arc<str>>) {
        let (event, field) = (event.into(), field.into());
        if let Some(series) = self.series.get_mut(&event) {
            series.track(&field);
        }
        self.tracked.entry(event).or_default().insert(field);
    }

    /// Puts in one event, wherever in time it belongs.
    ///
    /// An identify tells traits; every other event is an entry of the series of its name. Where
    /// the schema gives an event a business key, the same thing told again replaces, and a
    /// cancellation retracts, from when that is known.
    pub fn insert(&mut self, event: &Event, schema: &Schema) {
        if let Some(person) = event.person()
            && self.person.as_ref().is_none_or(|known| person < known)
        {
            self.person = Some(person.clone());
        }
        match event.kind() {
            EventKind::Alias | EventKind::Group => {}
            EventKind::Identify => self.tell(event),
            EventKind::Page | EventKind::Screen | EventKind::Track => self.happen(event, schema),
        }
    }

    /// Takes the event of this `messageId` back: from `from` on it is not known any more.
    ///
    /// Returns whether there is such an event.
    pub fn retract(&mut self, id: &MessageId, from: Timestamp) -> bool {
        let series = self.series.values_mut().map(|series| series.retract(id, from));
        let entries = series.filter(|found| *found).count();
        let told = self.attributes.values_mut().flatten().filter(|told| told.id == *id);
        let traits = told.map(|told| told.known.end(from)).count();
        let mut revised = 0;
        for ((name, _), revisions) in &mut self.revisions {
            if revisions.retract(id, from) {
                revised += 1;
                let series = series_of(&mut self.series, &self.tracked, name);
                series.replace(|id| revisions.tells(id), revisions.facts());
            }
        }
        entries + traits + revised > 0
    }

    /// The facts as known when they are asked for.
    pub fn facts(&self, now: Timestamp) -> Facts<'_> {
        self.facts_as_known(now, now)
    }

    /// The facts at `now` as far as they were known at `known`.
    pub fn facts_as_known(&self, now: Timestamp, known: Timestamp) -> Facts<'_> {
        Facts { timeline: self, now, known }
    }

    /// How many entries there are over all series.
    pub fn len(&self) -> usize {
        self.series.values().map(Series::len).sum()
    }

    /// Whether there are neither entries nor traits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0 && self.attributes.is_empty()
    }

    fn tell(&mut self, event: &Event) {
        let known = Known::since(event.known_from());
        for (name, value) in event.fields().iter() {
            let told = Told { at: event.at(), known, id: event.id(), value: value.clone() };
            let history = self.attributes.entry(Arc::clone(name)).or_default();
            // Of several at one instant the greatest value is the last, in every engine.
            let at = history.partition_point(|other| other.order() <= told.order());
            history.insert(at, told);
        }
    }

    fn happen(&mut self, event: &Event, schema: &Schema) {
        let fact = Fact {
            at: event.at(),
            known: Known::since(event.known_from()),
            id: event.id(),
            fields: event.fields().clone(),
        };
        let mut keeps_own = true;
        for (name, key) in keys(schema, event.name()) {
            let Some(value) = fact.fields.get(&key.field).filter(|value| !value.is_null()) else {
                continue;
            };
            keeps_own &= *name != *event.name();
            let revision = Revision::of(&fact, name, key, event.name());
            let revisions = self.revisions.entry((Arc::clone(name), value.clone())).or_default();
            let replaces = !revisions.is_empty();
            revisions.add(revision);
            let series = series_of(&mut self.series, &self.tracked, name);
            if replaces {
                series.replace(|id| revisions.tells(id), revisions.facts());
            } else {
                // Most things are told once: there is nothing to look for and take out.
                revisions.facts().into_iter().for_each(|fact| series.insert(fact));
            }
        }
        if keeps_own {
            series_of(&mut self.series, &self.tracked, event.name()).insert(fact);
        }
    }
}

/// The fields whose totals are kept, by event.
type Tracked = BTreeMap<Arc<str>, BTreeSet<Arc<str>>>;

/// The series of an event's name, tracked as asked for.
fn series_of<'t>(
    series: &'t mut BTreeMap<Arc<str>, Series>,
    tracked: &Tracked,
    event: &Arc<str>,
) -> &'t mut Series {
    series.entry(Arc::clone(event)).or_insert_with(|| {
        let mut series = Series::default();
        tracked.get(event).into_iter().flatten().for_each(|field| series.track(field));
        series
    })
}

/// The keyed events that an event of this name tells, updates or cancels.
fn keys<'s>(
    schema: &'s Schema,
    event: &'s Arc<str>,
) -> impl Iterator<Item = (&'s Arc<str>, &'s BusinessKey)> {
    let keyed = schema.events().iter().filter_map(|(name, shape)| Some((name, shape.key()?)));
    keyed.filter(move |(name, key)| {
        *name == event || key.updated_by.contains(event) || key.cancelled_by.contains(event)
    })
}

/// A person's facts at `now`, as far as they were known at `known`.
///
/// A fact counts if and only if `at <= now` and `known.from <= known < known.until`.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    timeline: &'a Timeline,
    now: Timestamp,
    known: Timestamp,
}

impl<'a> Facts<'a> {
    /// The instant that is asked about.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The instant whose knowledge counts.
    pub fn known(&self) -> Timestamp {
        self.known
    }

    /// Whose facts these are: of the people whose events were put in, the one whose identifier is
    /// the least, whatever the order in which they came. `None` where nothing was put in.
    pub fn person(&self) -> Option<&'a ProfileId> {
        self.timeline.person.as_ref()
    }

    /// The same knowledge at another instant.
    #[must_use]
    pub fn at(self, now: Timestamp) -> Self {
        Self { now, ..self }
    }

    /// Whether anything at all counts: whether this person exists yet.
    pub fn is_known(&self) -> bool {
        let happened =
            || self.timeline.series.values().any(|series| self.visible(series).next().is_some());
        let told = || {
            let mut told = self.timeline.attributes.values().flatten();
            told.any(|told| told.at <= self.now && told.known.at(self.known))
        };
        happened() || told()
    }

    /// What counts of the events of this name, in order.
    pub fn events(&self, name: &str) -> impl Iterator<Item = &'a Fact> + use<'a> {
        let facts = *self;
        self.timeline.series.get(name).into_iter().flat_map(move |series| facts.visible(series))
    }

    /// The names of events that have entries, whether they count or not.
    pub fn event_names(&self) -> impl Iterator<Item = &'a Arc<str>> + use<'a> {
        self.timeline.series.keys()
    }

    /// The trait's value: the last that was told.
    pub fn attribute(&self, name: &str) -> Option<&'a Value> {
        self.told(name).0.map(|told| &told.value)
    }

    /// What the trait's value was last told by, and the first instant after `now` at which it is
    /// told again.
    pub(crate) fn told(&self, name: &str) -> (Option<&'a Told>, Option<Timestamp>) {
        let history = self.tellings(name);
        let (past, future) = history.split_at(history.partition_point(|told| told.at <= self.now));
        let last = past.iter().rev().find(|told| told.known.at(self.known));
        let next = future.iter().find(|told| told.known.at(self.known));
        (last, next.map(|told| told.at))
    }

    /// All that was and will be told of a trait, in order; who asks filters by [`Facts::known`].
    pub(crate) fn tellings(&self, name: &str) -> &'a [Told] {
        self.timeline.attributes.get(name).map_or(&[][..], Vec::as_slice)
    }

    /// When the first that is known happened or is to happen, and the event that told it.
    pub(crate) fn first(&self) -> Option<(Timestamp, &'a MessageId)> {
        let known = self.known;
        let entries = self.timeline.series.values().filter_map(|series| {
            let first = series.upto(Timestamp::MAX).iter().find(|fact| fact.known.at(known))?;
            Some((first.at, &first.id))
        });
        let told = self.timeline.attributes.values().filter_map(|history| {
            let first = history.iter().find(|told| told.known.at(known))?;
            Some((first.at, &first.id))
        });
        entries.chain(told).min()
    }

    /// A whole series with what is still to happen; who asks filters by [`Facts::known`] and
    /// leaves to the future what is later than now.
    pub(crate) fn series(&self, name: &str) -> Option<&'a Series> {
        self.timeline.series.get(name)
    }

    /// All series, as [`Facts::series`].
    pub(crate) fn all_series(&self) -> impl Iterator<Item = (&'a Arc<str>, &'a Series)> + use<'a> {
        self.timeline.series.iter()
    }

    fn visible(self, series: &'a Series) -> impl Iterator<Item = &'a Fact> + use<'a> {
        series.upto(self.now).iter().filter(move |fact| fact.known.at(self.known))
    }
}
