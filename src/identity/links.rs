//! Links: which identifiers are one person, as far as is known.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{Event, EventKind};
use crate::id::ProfileId;
use crate::time::Timestamp;

/// Links between identifiers, as facts.
///
/// A link holds for all time, as soon as it is known and until it is taken back: whoever logs in
/// today was the same person when they looked around last week, and if the link turns out to be
/// wrong they never were. What the links say depends on what was told, not on the order in which
/// it was.
///
/// Two identifiers may be linked several times, by a login and by a form; each unlinking takes one
/// link back. At one instant what links comes before what unlinks, and unlinking those who are not
/// linked does nothing.
///
/// At send time the timelines of all the identifiers of a person are put together, and they answer
/// as one would have from the start:
///
/// ```
/// use std::collections::BTreeMap;
///
/// use bespoke::event::Event;
/// use bespoke::facts::Timeline;
/// use bespoke::id::ProfileId;
/// use bespoke::identity::Links;
/// use bespoke::schema::Schema;
///
/// let (schema, january) = (Schema::new(), "2026-01-05T12:00:00Z".parse()?);
/// let viewed = |id: &str| Timeline::of([Event::track(id, "Product Viewed", january)], &schema);
/// let timelines = BTreeMap::from(["device-7", "p-1"].map(|id| (ProfileId::new(id), viewed(id))));
///
/// let mut links = Links::new();
/// let (phone, person) = (ProfileId::new("device-7"), ProfileId::new("p-1"));
/// links.link(&phone, &person, "2026-02-01T00:00:00Z".parse()?);
/// links.unlink(&phone, &person, "2026-03-01T00:00:00Z".parse()?);
///
/// let views = |known: &str| -> bespoke::Result<usize> {
///     let known = known.parse()?;
///     let component = links.component(&person, known);
///     let profile = Timeline::merged(component.iter().filter_map(|id| timelines.get(id)));
///     let profile = profile.of_person(&links.person(&person, known));
///     Ok(profile.facts_as_known(january, known).events("Product Viewed").count())
/// };
/// assert_eq!(views("2026-01-31T00:00:00Z")?, 1);
/// assert_eq!(views("2026-02-01T00:00:00Z")?, 2);
/// assert_eq!(views("2026-03-01T00:00:00Z")?, 1);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Links {
    /// What was told of two identifiers, under each of them, ascending.
    told: BTreeMap<ProfileId, BTreeMap<ProfileId, Vec<(Timestamp, Told)>>>,
}

/// What was told of two identifiers; at one instant in this order.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Told {
    Linked,
    Unlinked,
}

impl Links {
    /// No links.
    pub fn new() -> Self {
        Self::default()
    }

    /// Two identifiers are one person, as is known from an instant on.
    pub fn link(&mut self, a: &ProfileId, b: &ProfileId, from: Timestamp) {
        self.tell(a, b, from, Told::Linked);
    }

    /// One link between two identifiers is taken back: from `from` on it is not known any more.
    pub fn unlink(&mut self, a: &ProfileId, b: &ProfileId, from: Timestamp) {
        self.tell(a, b, from, Told::Unlinked);
    }

    /// Takes in an event: an alias links its person and [`Event::previous`] from when it is known;
    /// others link nobody.
    pub fn insert(&mut self, event: &Event) {
        if let Some((a, b)) = linked_by(event) {
            self.link(a, b, event.known_from());
        }
    }

    /// Forgets an identifier and all links with it.
    pub fn forget(&mut self, id: &ProfileId) {
        let others = self.told.remove(id).unwrap_or_default();
        for other in others.keys() {
            if let Some(told) = self.told.get_mut(other) {
                told.remove(id);
            }
        }
    }

    /// The identifiers that are the same person as this one, itself included, by the links known
    /// at `known`.
    pub fn component(&self, id: &ProfileId, known: Timestamp) -> BTreeSet<ProfileId> {
        let mut component = BTreeSet::from([id.clone()]);
        let mut open = vec![id];
        while let Some(id) = open.pop() {
            for (other, told) in self.told.get(id).into_iter().flatten() {
                if is_linked(told, known) && component.insert(other.clone()) {
                    open.push(other);
                }
            }
        }
        component
    }

    /// The name of the person whose identifier this is, at `known`: the least of their identifiers.
    pub fn person(&self, id: &ProfileId, known: Timestamp) -> ProfileId {
        self.component(id, known).pop_first().unwrap_or_else(|| id.clone())
    }

    fn tell(&mut self, a: &ProfileId, b: &ProfileId, from: Timestamp, told: Told) {
        if a == b {
            return;
        }
        for (a, b) in [(a, b), (b, a)] {
            let of_both = self.told.entry(a.clone()).or_default().entry(b.clone()).or_default();
            let place = of_both.partition_point(|other| *other <= (from, told));
            of_both.insert(place, (from, told));
        }
    }
}

/// The two identifiers that an event tells to be one person.
pub(crate) fn linked_by(event: &Event) -> Option<(&ProfileId, &ProfileId)> {
    let alias = event.kind() == EventKind::Alias;
    event.person().zip(event.previous()).filter(|_| alias)
}

/// Whether a link is left of those that were told by an instant.
fn is_linked(told: &[(Timestamp, Told)], known: Timestamp) -> bool {
    let told = told.iter().take_while(|(from, _)| *from <= known);
    let left = told.fold(0_usize, |links, (_, told)| match told {
        Told::Linked => links + 1,
        Told::Unlinked => links.saturating_sub(1),
    });
    left > 0
}
