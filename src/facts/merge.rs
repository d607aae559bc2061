//! Timelines of several identifiers as the one of the person behind them.

use std::sync::Arc;

use super::column::ignored;
use super::{Timeline, Told, revise};
use crate::id::ProfileId;
use crate::time::earlier;

impl Timeline {
    /// The timeline that the events of several would have made together.
    ///
    /// A thing that is told in several of them by its business key is told once. The columns are
    /// those of the first. Whose it is follows from the events; [`Timeline::of_person`] says it.
    ///
    /// ```
    /// use bespoke::event::Event;
    /// use bespoke::facts::Timeline;
    /// use bespoke::schema::Schema;
    ///
    /// let (schema, at) = (Schema::new(), "2026-02-01T12:00:00Z".parse()?);
    /// let on_the_phone = Timeline::of([Event::track("d-1", "Product Viewed", at)], &schema);
    /// let at_the_desk = Timeline::of([Event::track("p-1", "Product Viewed", at)], &schema);
    /// let person = Timeline::merged([&on_the_phone, &at_the_desk]);
    /// assert_eq!(person.facts(at).events("Product Viewed").count(), 2);
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    pub fn merged<'t>(timelines: impl IntoIterator<Item = &'t Self>) -> Self {
        let mut timelines = timelines.into_iter();
        let mut merged = timelines.next().cloned().unwrap_or_default();
        timelines.for_each(|other| merged.absorb(other));
        merged
    }

    /// The same timeline, as that of this person, whatever identifiers its events name.
    #[must_use]
    pub fn of_person(self, person: &ProfileId) -> Self {
        Self { person: Some(person.clone()), ..self }
    }

    fn absorb(&mut self, other: &Self) {
        self.person = self.person.iter().chain(&other.person).min().cloned();
        self.first = earlier(self.first, other.first);
        self.others.absorb(&other.others);
        for (name, told) in other.attributes.iter() {
            let history = self.attributes.entry(name);
            let mut all: Vec<Told> = history.iter().chain(told.iter()).cloned().collect();
            all.sort_by(|a, b| a.order().cmp(&b.order()));
            *history = all.into();
        }
        self.absorb_columns(other);
        for (name, series) in &other.series {
            self.series.entry(Arc::clone(name)).or_default().absorb(series);
        }
        self.absorb_revisions(other);
    }

    fn absorb_columns(&mut self, other: &Self) {
        if Arc::ptr_eq(self.columns.layout(), other.columns.layout()) {
            return self.columns.absorb(&other.columns);
        }
        for (name, series) in &other.series {
            series.all().iter().for_each(|fact| self.columns.insert(name, fact, &mut ignored));
        }
    }

    /// What followed from what each was told of one thing gives way to what follows from all of it.
    fn absorb_revisions(&mut self, other: &Self) {
        for (thing, theirs) in other.revisions.iter() {
            let Some(ours) = self.revisions.get_mut(thing) else {
                self.revisions.entry(thing.clone(), || theirs.clone());
                continue;
            };
            let mut old = ours.facts();
            old.extend(theirs.facts());
            ours.absorb(theirs);
            let change = (old, ours.facts());
            revise(&mut self.series, &mut self.columns, &thing.0, change, &mut ignored);
        }
    }
}
