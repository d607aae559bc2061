//! What the report is told beside what it collects.

use std::collections::BTreeMap;
use std::sync::Arc;

use bespoke::Engine;
use bespoke::playbook::Playbook;
use bespoke::report::{Collector, Quality, Report};
use bespoke::scorer::Trained;
use bespoke::source::Tally;

use crate::options::Options;
use crate::people::Fault;

/// The segments that are the states of a customer's life, from the best to the worst, and what is
/// said of who is in none.
const LIFECYCLE: [&str; 3] = ["active", "at_risk", "lapsed"];
const NO_STATE: &str = "no order yet";

/// The metric that is an amount of money, and in which currency each data set counts it.
const SPEND: &str = "spend_90d";

pub(crate) fn collector(
    playbook: &Playbook,
    engine: &Engine,
    options: &Options,
) -> Result<Collector, Fault> {
    // Another playbook may have none of these.
    let states = LIFECYCLE.into_iter().filter(|name| engine.segments().contains_key(*name));
    let currency = if options.data.is_some() { "GBP" } else { "EUR" };
    let collector = Collector::new(playbook, engine, options.now)?;
    Ok(collector.lifecycle(states, NO_STATE)?.unit(SPEND, currency))
}

/// What is known besides: names, notes, scores, and what became of the rows.
pub(crate) fn finish(
    mut collector: Collector,
    playbook: &Playbook,
    options: &Options,
    tally: Option<&Tally>,
    trained: &BTreeMap<Arc<str>, Trained>,
) -> Result<Report, Fault> {
    for Trained { scorer, evaluation, .. } in trained.values() {
        collector.score(evaluation, scorer.weights());
    }
    let mut report = collector.finish()?;
    report.quality = tally.map(Quality::of);
    let head = &mut report.head;
    playbook.name().clone_into(&mut head.playbook);
    head.version = playbook.version();
    head.mailing.clone_from(&options.mailing);
    head.source = options.source();
    if options.assume_consent {
        let note = "Consent was assumed for everybody, by --assume-consent: the file has none.";
        head.notes.push(note.to_owned());
    }
    Ok(report)
}
