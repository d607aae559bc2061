//! Answers of live membership, to which the file is told again as it came to be known.

use std::collections::BTreeMap;

use bespoke::event::{Event, EventKind};
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::segment::live::{Cause, Live, Program, Transition};
use bespoke::segment::{Knowledge, Membership, Segment, Turn};
use bespoke::time::Timestamp;

use crate::engine::{Base, Histories, Members};

const NAME: &str = "asked about";

/// Who is a member once everything was told.
pub(crate) fn members(segment: &Segment, base: &Base<'_>) -> Members {
    let mut live = live(segment, base);
    for event in told(base, base.asked.known()) {
        // What was learnt later is told at the end.
        live.handle_event(&event, event.known_from().min(base.asked.now));
    }
    live.handle_timeout(base.asked.now);
    let people = base.people.all().map(|(person, _)| person);
    let mut members: Vec<ProfileId> = people.cloned().collect();
    members.retain(|person| live.membership(person, NAME) == Membership::In);
    let until = |person: &ProfileId| until(segment, person, base);
    members.into_iter().map(|person| (person.clone(), until(&person))).collect()
}

/// Until when a member is one, by their timeline: a live membership comes back to ask, and may do so
/// earlier.
fn until(segment: &Segment, person: &ProfileId, base: &Base<'_>) -> Option<Timestamp> {
    let events = base.people.of(person.as_str()).unwrap_or_default();
    let timeline = Timeline::of(events.to_vec(), base.schema);
    segment.evaluate(&timeline.facts_as_known(base.asked.now, base.asked.known())).until
}

/// Who entered and left, and when.
pub(crate) fn histories(segment: &Segment, base: &Base<'_>) -> Histories {
    let now = base.asked.now;
    let mut events = match base.asked.knowledge() {
        Knowledge::Following => told(base, now),
        // With hindsight everything was known when it happened.
        Knowledge::Fixed(known) => {
            let events = told(base, known).into_iter();
            events.map(|event| event.clone().received(event.at())).collect()
        }
    };
    events.retain(|event| event.known_from() <= now);
    events.sort_by_key(Event::known_from);
    let mut live = live(segment, base);
    let mut turns: BTreeMap<ProfileId, Vec<Turn>> =
        base.people.all().map(|(person, _)| (person.clone(), Vec::new())).collect();
    let mut take = |live: &mut Live| {
        while let Some(transition) = live.poll_transition() {
            let turn = Turn { at: instant(&transition), entered: transition.entered };
            turns.entry(transition.person).or_default().push(turn);
        }
    };
    for together in events.chunk_by(|a, b| a.known_from() == b.known_from()) {
        together.iter().for_each(|event| live.handle_event(event, event.known_from()));
        take(&mut live);
    }
    live.handle_timeout(now);
    take(&mut live);
    turns.into_iter().map(|(person, turns)| (person, turns.into_iter().collect())).collect()
}

/// When a membership turned by what was known then: what time brings about when it does, and what is
/// told when it is known.
fn instant(transition: &Transition) -> Timestamp {
    if transition.cause == Cause::Time { transition.at } else { transition.discovered }
}

fn live(segment: &Segment, base: &Base<'_>) -> Live {
    Live::new(Program::of(base.schema, [(NAME, segment)]))
}

/// What was known at an instant, in the order in which it came to be known.
fn told(base: &Base<'_>, known: Timestamp) -> Vec<Event> {
    let events = base.people.all().flat_map(|(_, events)| events);
    let mut events: Vec<Event> =
        events.filter(|event| event.known_from() <= known).map(unlinked).collect();
    events.sort_by_key(Event::known_from);
    events
}

/// The same event, but for links: here each identifier is a person, whoever answers.
fn unlinked(event: &Event) -> Event {
    match (event.kind(), event.person()) {
        (EventKind::Alias, Some(person)) => {
            Event::identify(person.clone(), event.at()).received(event.known_from())
        }
        _ => event.clone(),
    }
}
