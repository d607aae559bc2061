//! Answers from each person's timeline.

use bespoke::facts::{Facts, Timeline};
use bespoke::id::ProfileId;
use bespoke::segment::Segment;

use crate::Fault;
use crate::engine::{Base, Histories, Members};

/// Who is a member, of those of whom anything is known.
pub(crate) fn members(segment: &Segment, base: &Base<'_>) -> Members {
    let (now, known) = (base.asked.now, base.asked.known());
    let members = timelines(base).filter_map(|(person, timeline)| {
        let facts = timeline.facts_as_known(now, known);
        let membership = facts.is_known().then(|| segment.evaluate(&facts))?;
        membership.value.then(|| (person.clone(), membership.until))
    });
    members.collect()
}

/// Who entered and left, and when.
pub(crate) fn histories(segment: &Segment, base: &Base<'_>) -> Histories {
    let (now, knowledge) = (base.asked.now, base.asked.knowledge());
    let histories = timelines(base)
        .map(|(person, timeline)| (person.clone(), segment.history(&timeline, now, knowledge)));
    histories.collect()
}

/// Why somebody is a member or is not.
pub(crate) fn explain(segment: &Segment, base: &Base<'_>, id: &str) -> Result<String, Fault> {
    let (now, known) = (base.asked.now, base.asked.known());
    let timeline = base.people.of(id).map(|events| Timeline::of(events.to_vec(), base.schema));
    let facts = timeline.as_ref().map(|timeline| timeline.facts_as_known(now, known));
    let facts = facts.filter(Facts::is_known);
    let facts = facts.ok_or_else(|| format!("{id} has no event at or before {now}"))?;
    Ok(format!("{id}: {}", segment.explain(&facts)))
}

fn timelines<'a>(base: &Base<'a>) -> impl Iterator<Item = (&'a ProfileId, Timeline)> {
    let schema = base.schema;
    base.people.all().map(|(person, events)| (person, Timeline::of(events.to_vec(), schema)))
}
