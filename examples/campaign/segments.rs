//! Who is in which segment and until when, without a store: the quick look.

use std::collections::BTreeMap;
use std::sync::Arc;

use bespoke::Engine;
use bespoke::engine::{View, Wanted};
use bespoke::facts::Timeline;
use bespoke::segment::Membership;
use bespoke::time::Timestamp;

use crate::options::Options;
use crate::output::{Output, SegmentsLine, Summary};
use crate::people::{Base, Fault};

/// The segments that a person is in, each with the instant until which that holds.
pub(crate) type Memberships = BTreeMap<Arc<str>, Option<Timestamp>>;

pub(crate) fn memberships(view: &View) -> Memberships {
    let members = view.memberships().iter().filter(|(_, valid)| valid.value == Membership::In);
    members.map(|(name, valid)| (Arc::clone(name), valid.until)).collect()
}

/// Writes a line for each known customer.
pub(crate) fn write(
    engine: &Engine,
    base: Base,
    output: &mut Output,
    options: &Options,
) -> Result<Summary, Fault> {
    let segments = engine.segments().keys();
    let wanted = segments.fold(Wanted::nothing(), |wanted, name| wanted.segment(Arc::clone(name)));
    let mut summary = Summary::new(engine, options.explain.as_deref());
    for person in base.people {
        let timeline = Timeline::of(person.events, engine.schema());
        let facts = timeline.facts(options.now);
        if !facts.is_known() {
            continue;
        }
        summary.explain(engine, &facts, person.id.as_str());
        let view = engine.evaluate(&facts, &wanted)?;
        let memberships = memberships(&view);
        summary.count(memberships.keys());
        output.line(&SegmentsLine { customer: person.id.as_str(), segments: &memberships })?;
    }
    output.finish_lines()?;
    Ok(summary.with_tally(base.tally))
}
