//! A timeline played again: what counted when, while knowledge follows time.

use std::iter::Peekable;
use std::sync::Arc;
use std::vec::IntoIter;

use super::column::ignored;
use super::{Fact, Facts, Known, Layout, Timeline, Told};
use crate::time::Timestamp;

/// A person's facts, told again as they came to be known.
///
/// Time is cut into stretches in which nothing becomes known but what happens there: at the cuts
/// something is learnt late or taken back. Within a stretch the facts are those of one fixed
/// knowledge, so horizons hold. What comes in time, as most things do, cuts nothing.
#[derive(Debug)]
pub(crate) struct Replay<'t> {
    /// What is still to count, by when it begins to.
    coming: Peekable<IntoIter<Step<'t>>>,
    /// What counts at some time and later not, by when it ceases to.
    going: Peekable<IntoIter<Step<'t>>>,
    cuts: Peekable<IntoIter<Timestamp>>,
    /// All that counts in this stretch, and nothing that does not.
    told: Timeline,
    until: Timestamp,
}

/// A fact, and from when until when it counts: since it happened and was known, while it is.
#[derive(Clone, Copy, Debug)]
struct Step<'t> {
    from: Timestamp,
    until: Timestamp,
    is_late: bool,
    what: What<'t>,
}

#[derive(Clone, Copy, Debug)]
enum What<'t> {
    Attribute(&'t Arc<str>, &'t Told),
    Entry(&'t Arc<str>, &'t Fact),
    Other(&'t Fact),
}

impl<'t> Replay<'t> {
    /// The facts of a timeline as they came to be known, until an instant, which is left out.
    fn new(timeline: &'t Timeline, layout: Arc<Layout>, until: Timestamp) -> Self {
        let mut coming: Vec<Step<'t>> = whats(timeline).map(Step::of).collect();
        coming.retain(|step| step.from < step.until.min(until));
        coming.sort_by_key(|step| step.from);
        let mut going: Vec<Step<'t>> =
            coming.iter().filter(|step| step.until < until).copied().collect();
        going.sort_by_key(|step| step.until);
        let late = coming.iter().filter(|step| step.is_late).map(|step| step.from);
        let first = coming.first().map(|step| step.from);
        let mut cuts: Vec<Timestamp> =
            first.into_iter().chain(late).chain(going.iter().map(|step| step.until)).collect();
        cuts.sort_unstable();
        cuts.dedup();
        Self {
            coming: coming.into_iter().peekable(),
            going: going.into_iter().peekable(),
            cuts: cuts.into_iter().peekable(),
            told: Timeline { person: timeline.person.clone(), ..Timeline::with_columns(layout) },
            until,
        }
    }

    /// The facts at the beginning of the next stretch, and its end, which is left out.
    ///
    /// Within the stretch they may be asked about any instant.
    pub(crate) fn next_stretch(&mut self) -> Option<(Facts<'_>, Timestamp)> {
        let from = self.cuts.next()?;
        let until = self.cuts.peek().copied().unwrap_or(self.until);
        while let Some(step) = self.going.next_if(|step| step.until <= from) {
            self.told.forget(step.what);
        }
        while let Some(step) = self.coming.next_if(|step| step.from < until) {
            self.told.take(step.what);
        }
        Some((self.told.facts(from), until))
    }
}

fn whats(timeline: &Timeline) -> impl Iterator<Item = What<'_>> {
    let Timeline { series, attributes, others, .. } = timeline;
    let entries = series
        .iter()
        .flat_map(|(name, series)| series.all().iter().map(move |fact| What::Entry(name, fact)));
    let told = attributes
        .iter()
        .flat_map(|(name, history)| history.iter().map(move |told| What::Attribute(name, told)));
    entries.chain(told).chain(others.all().iter().map(What::Other))
}

impl<'t> Step<'t> {
    fn of(what: What<'t>) -> Self {
        let (at, known) = match what {
            What::Attribute(_, told) => (told.at, told.known),
            What::Entry(_, fact) | What::Other(fact) => (fact.at, fact.known),
        };
        Self { from: at.max(known.from), until: known.until, is_late: at < known.from, what }
    }
}

impl Timeline {
    /// The facts as they came to be known, until an instant, which is left out; columns are kept of
    /// them as laid out.
    pub(crate) fn replay(&self, layout: Arc<Layout>, until: Timestamp) -> Replay<'_> {
        Replay::new(self, layout, until)
    }

    /// Puts in a fact as one that is known for all time.
    fn take(&mut self, what: What<'_>) {
        let known = Known::since(Timestamp::MIN);
        match what {
            What::Attribute(name, told) => self.hold(name, Told { known, ..told.clone() }),
            What::Entry(name, fact) => {
                let fact = Fact { known, ..fact.clone() };
                self.columns.insert(name, &fact, &mut ignored);
                self.series.entry(Arc::clone(name)).or_default().insert(fact);
            }
            What::Other(fact) => self.others.insert(Fact { known, ..fact.clone() }),
        }
    }

    /// Takes out a fact that was put in.
    fn forget(&mut self, what: What<'_>) {
        let known = Known::since(Timestamp::MIN);
        match what {
            What::Attribute(name, told) => {
                let history = self.attributes.get_mut(name);
                let same = |other: &Told| {
                    (other.at, &other.id, &other.value) == (told.at, &told.id, &told.value)
                };
                if let Some(history) = history
                    && let Some(place) = history.iter().position(same)
                {
                    history.remove(place);
                }
            }
            What::Entry(name, fact) => {
                let fact = Fact { known, ..fact.clone() };
                self.columns.remove(name, &fact, known.from, &mut ignored);
                self.series.get_mut(name).into_iter().for_each(|series| series.remove([&fact]));
            }
            What::Other(fact) => self.others.remove([&Fact { known, ..fact.clone() }]),
        }
    }
}
