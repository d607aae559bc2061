//! Figures over the last so many events.

use super::evaluator::{Evaluator, Next};
use super::slide::Rows;
use crate::expr::plan::{Figure, Stretch};
use crate::facts::{Fact, Series};
use crate::time::{Duration, Timestamp};

/// The instant after which the last events that a figure is of happened, as `now` sees it; `None`
/// of a figure with another window. What lies further back does not come to count again, so it
/// need not be looked at. `stale` learns when the filter may judge otherwise.
pub(super) fn reach<'a>(
    figure: &'a Figure,
    evaluator: &Evaluator<'a>,
    now: Timestamp,
    stale: &mut Next,
) -> Option<Timestamp> {
    let Stretch::Last(count) = figure.window else { return None };
    if evaluator.share().is_some() {
        // Those of one value are few.
        return None;
    }
    let before = usize::try_from(count).unwrap_or(usize::MAX).saturating_sub(1);
    let facts = evaluator.facts();
    let mut reached = |series: &'a Series| {
        let known = series.upto(now).iter().rev().filter(|fact| fact.known.at(facts.known()));
        let mut entered = known.filter(|fact| {
            let mut enters = false;
            figure.for_each_entry(fact, &mut |entry, _| {
                enters = enters || figure.passes(entry, evaluator, now, stale);
            });
            enters
        });
        entered.nth(before).map(|fact| fact.at.minus(Duration::from_micros(1)))
    };
    // Of all events, no more than so many of one name can be among the last.
    let reached = match &figure.event {
        Some(event) => facts.series(event).and_then(reached),
        None => facts.all_series().filter_map(|(_, series)| reached(series)).max(),
    };
    Some(reached.unwrap_or(Timestamp::MIN))
}

/// Of the facts of entries, in order, those that the figure is of.
pub(super) fn last_of<'a>(figure: &Figure, mut facts: Vec<&'a Fact>) -> Vec<&'a Fact> {
    if let Stretch::Last(count) = figure.window {
        facts.dedup_by(|a, b| std::ptr::eq(*a, *b));
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        facts.drain(..facts.len().saturating_sub(count));
    }
    facts
}

/// The first row of each fact, in order; nothing where nobody asks for the last of them.
pub(super) fn starts(figure: &Figure, rows: &Rows<'_>) -> Vec<usize> {
    let (Stretch::Last(_), Rows::Collected(entries)) = (&figure.window, rows) else {
        return Vec::new();
    };
    let begins = |index: &usize| {
        let before = index.checked_sub(1).and_then(|before| entries.get(before));
        let same =
            before.zip(entries.get(*index)).is_some_and(|(a, b)| std::ptr::eq(a.fact, b.fact));
        !same
    };
    (0..entries.len()).filter(begins).collect()
}
