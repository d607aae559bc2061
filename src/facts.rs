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

mod by_name;
mod column;
mod layout;
mod merge;
mod replay;
mod revision;
mod series;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::event::{Event, EventKind};
use crate::few::{List, Map};
use crate::id::{MessageId, ProfileId};
use crate::memory::fetch;
use crate::schema::{BusinessKey, Schema};
use crate::time::Timestamp;
use crate::value::{Fields, Value};

pub(crate) use by_name::ByName;
pub(crate) use column::{Change, Changed, Column};
pub(crate) use layout::{Keep, Layout, Lean, Needs, Pick};
pub use series::{Known, Series};

use column::{Columns, ignored};
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

impl Fact {
    fn of(event: &Event) -> Self {
        let known = Known::since(event.known_from());
        Self { at: event.at(), known, id: event.id(), fields: event.fields().clone() }
    }
}

/// The facts of one person in the order in which they happened.
///
/// What a timeline holds depends on the events put in, not on the order in which they came.
#[derive(Clone, Debug, Default)]
#[repr(C)] // What is asked for most comes first.
pub struct Timeline {
    columns: Columns,
    /// When the first thing happened, where not everything is kept.
    first: Option<Timestamp>,
    person: Option<ProfileId>,
    /// The tellings of each trait, in order.
    attributes: ByName<List<Told>>,
    series: BTreeMap<Arc<str>, Series>,
    revisions: Map<(Arc<str>, Value), Revisions>,
    /// What tells neither an entry nor a trait, only that there is somebody.
    others: Series,
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

    /// A timeline that keeps columns besides, which answer faster and the same.
    pub(crate) fn with_columns(layout: Arc<Layout>) -> Self {
        Self { columns: Columns::new(layout), ..Self::default() }
    }

    /// Puts in one event, wherever in time it belongs.
    ///
    /// An identify tells traits; every other event is an entry of the series of its name. Where
    /// the schema gives an event a business key, the same thing told again replaces, and a
    /// cancellation retracts, from when that is known.
    pub fn insert(&mut self, event: &Event, schema: &Schema) {
        self.learn(event, schema, &mut ignored);
    }

    /// Puts in one event, and tells which columns it changed.
    pub(crate) fn learn(&mut self, event: &Event, schema: &Schema, changed: &mut Changed<'_>) {
        let lean = self.columns.layout().is_lean();
        // Whoever keeps little has named the person.
        if let Some(person) = event.person()
            && self.person.as_ref().is_none_or(|known| !lean && person < known)
        {
            self.person = Some(person.clone());
        }
        if lean {
            let at = event.at();
            self.first = Some(self.first.map_or(at, |first| first.min(at)));
        }
        match event.kind() {
            EventKind::Alias | EventKind::Group if lean => {}
            EventKind::Alias | EventKind::Group => self.others.insert(Fact::of(event)),
            EventKind::Identify if event.fields().is_empty() && !lean => {
                self.others.insert(Fact::of(event));
            }
            EventKind::Identify => self.tell(event),
            EventKind::Page | EventKind::Screen | EventKind::Track => {
                self.happen(event, schema, changed);
            }
        }
    }

    /// Takes the event of this `messageId` back: from `from` on it is not known any more.
    ///
    /// Returns whether there is such an event.
    pub fn retract(&mut self, id: &MessageId, from: Timestamp) -> bool {
        let mut found = !self.others.retract(id, from).is_empty();
        for ((name, _), revisions) in self.revisions.iter_mut() {
            let old = revisions.facts();
            if revisions.retract(id, from) {
                let change = (old, revisions.facts());
                revise(&mut self.series, &mut self.columns, name, change, &mut ignored);
                found = true;
            }
        }
        for (name, series) in &mut self.series {
            for fact in series.retract(id, from) {
                self.columns.remove(name, &fact, from, &mut ignored);
                found = true;
            }
        }
        for told in self
            .attributes
            .values_mut()
            .flat_map(|history| history.iter_mut())
            .filter(|told| told.id == *id)
        {
            told.known.end(from);
            found = true;
        }
        found
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
        let layout = Arc::clone(self.columns.layout());
        for (name, value) in event.fields().iter().filter(|(name, _)| layout.keeps_attribute(name))
        {
            let told = Told { at: event.at(), known, id: event.id(), value: value.clone() };
            self.hold(name, told);
        }
    }

    fn hold(&mut self, name: &Arc<str>, told: Told) {
        let history = self.attributes.entry(name);
        // Of several at one instant the greatest value is the last, in every engine.
        let at = history.partition_point(|other| other.order() <= told.order());
        history.insert(at, told);
    }

    fn happen(&mut self, event: &Event, schema: &Schema, changed: &mut Changed<'_>) {
        let fact = Fact::of(event);
        let mut keeps_own = true;
        for (name, key) in keys(schema, event.name()) {
            let Some(value) = fact.fields.get(&key.field).filter(|value| !value.is_null()) else {
                continue;
            };
            keeps_own &= *name != *event.name();
            let revision = Revision::of(&fact, name, key, event.name());
            let thing = (Arc::clone(name), value.clone());
            let revisions = self.revisions.entry(thing, Revisions::default);
            let old = revisions.facts();
            revisions.add(revision);
            let change = (old, revisions.facts());
            revise(&mut self.series, &mut self.columns, name, change, changed);
        }
        if keeps_own {
            self.columns.insert(event.name(), &fact, changed);
            if self.columns.layout().keeps_series(event.name()).is_some() {
                self.series.entry(Arc::clone(event.name())).or_default().insert(fact);
            }
        }
    }

    /// Asks for the memory that the timeline itself is in.
    #[inline]
    pub(crate) fn touch(&self) {
        let Self { columns, person, attributes, series, .. } = self;
        fetch(columns);
        fetch(person);
        fetch(attributes);
        fetch(series);
    }

    /// Asks for the memory of what most questions read.
    #[inline]
    pub(crate) fn reach(&self) {
        self.columns.reach();
    }

    /// Forgets what is older than the timeline keeps it.
    pub(crate) fn trim(&mut self, now: Timestamp) {
        self.columns.trim(now);
        let layout = self.columns.layout();
        for (event, series) in &mut self.series {
            if let Some(Keep::For(length)) = layout.keeps_series(event) {
                series.trim(now.minus(length));
            }
        }
    }

    /// Takes back an event that was put in, where the timeline does not keep it whole.
    pub(crate) fn take_back(&mut self, event: &Event, schema: &Schema, from: Timestamp) {
        let id = event.id();
        let keyed = keys(schema, event.name()).any(|(name, key)| {
            let value = event.fields().get(&key.field).filter(|value| !value.is_null());
            value.is_some() && *name == *event.name()
        });
        let entry = matches!(event.kind(), EventKind::Page | EventKind::Screen | EventKind::Track);
        if !self.retract(&id, from) && !keyed && entry {
            self.columns.remove(event.name(), &Fact::of(event), from, &mut ignored);
        }
    }
}

/// Puts the facts that now follow from what was told of a thing in the place of those that did.
fn revise(
    series: &mut BTreeMap<Arc<str>, Series>,
    columns: &mut Columns,
    name: &Arc<str>,
    (old, new): (Vec<Fact>, Vec<Fact>),
    changed: &mut Changed<'_>,
) {
    // What is known of them changes no later than the new facts say.
    old.iter().for_each(|fact| columns.remove(name, fact, fact.known.from, changed));
    new.iter().for_each(|fact| columns.insert(name, fact, changed));
    if columns.layout().keeps_series(name).is_some() {
        let series = series.entry(Arc::clone(name)).or_default();
        series.remove(&old);
        new.into_iter().for_each(|fact| series.insert(fact));
    }
}

/// The keyed events that an event of this name tells, updates or cancels.
fn keys<'s>(
    schema: &'s Schema,
    event: &'s Arc<str>,
) -> impl Iterator<Item = (&'s Arc<str>, &'s BusinessKey)> {
    schema.keyed().iter().filter(move |(name, key)| {
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
        self.first().is_some_and(|first| first <= self.now)
    }

    /// When the first thing happened of all that is known, be it later than now.
    pub(crate) fn first(&self) -> Option<Timestamp> {
        self.firsts().map(|(at, _)| at).chain(self.timeline.first).min()
    }

    /// The first thing of all that is known, and the event that told it.
    pub(crate) fn first_told(&self) -> Option<(Timestamp, &'a MessageId)> {
        self.firsts().min()
    }

    /// The first of each series and of each trait.
    fn firsts(&self) -> impl Iterator<Item = (Timestamp, &'a MessageId)> + use<'a> {
        let Timeline { series, attributes, others, .. } = self.timeline;
        let known = self.known;
        let happened = series.values().chain([others]).filter_map(move |series| {
            let first = series.all().iter().find(|fact| fact.known.at(known))?;
            Some((first.at, &first.id))
        });
        let told = attributes.values().filter_map(move |history| {
            let first = history.iter().find(|told| told.known.at(known))?;
            Some((first.at, &first.id))
        });
        happened.chain(told)
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
        // Most questions are about what has happened and is known.
        if let Some(last) = self.told_last(name) {
            return (Some(last), None);
        }
        let history = self.tellings(name);
        let (past, future) = history.split_at(history.partition_point(|told| told.at <= self.now));
        let last = past.iter().rev().find(|told| told.known.at(self.known));
        let next = future.iter().find(|told| told.known.at(self.known));
        (last, next.map(|told| told.at))
    }

    /// What the trait's value was last told by, if that counts: nothing later ever does.
    #[inline]
    pub(crate) fn told_last(&self, name: &str) -> Option<&'a Told> {
        let last = self.timeline.attributes.get(name)?.last()?;
        (last.at <= self.now && last.known.at(self.known)).then_some(last)
    }

    /// All that was and will be told of a trait, in order; who asks filters by [`Facts::known`].
    pub(crate) fn tellings(&self, name: &str) -> &'a [Told] {
        self.timeline.attributes.get(name).map_or(&[], |history| history)
    }

    /// A whole series with what is still to happen; who asks filters by [`Facts::known`] and
    /// leaves to the future what is later than now.
    pub(crate) fn series(&self, name: &str) -> Option<&'a Series> {
        self.timeline.series.get(name)
    }

    /// The column of this number, if it holds what `pick` takes and what is known.
    #[inline]
    pub(crate) fn column(&self, number: usize, pick: &Arc<Pick>) -> Option<&'a Column> {
        let column = self.timeline.columns.get(number, pick)?;
        column.is_known(self.known).then_some(column)
    }

    /// All series, as [`Facts::series`].
    pub(crate) fn all_series(&self) -> impl Iterator<Item = (&'a Arc<str>, &'a Series)> + use<'a> {
        self.timeline.series.iter()
    }

    fn visible(self, series: &'a Series) -> impl Iterator<Item = &'a Fact> + use<'a> {
        series.upto(self.now).iter().filter(move |fact| fact.known.at(self.known))
    }
}
