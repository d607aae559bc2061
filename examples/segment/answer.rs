//! What is printed.

use std::io::{BufWriter, Result, Write};

use bespoke::id::ProfileId;
use bespoke::segment::{Difference, Side};
use bespoke::time::Timestamp;

use crate::engine::{Histories, Members};

/// A line for each member, with the instant until which that holds if it is wanted.
pub(crate) fn members(members: &Members, until: bool) -> Result<()> {
    print(members, |(person, horizon)| match (until, horizon) {
        (false, _) => person.to_string(),
        (true, Some(horizon)) => format!("{person}\t{horizon}"),
        (true, None) => format!("{person}\t-"),
    })
}

/// A line for each entry and exit, in the order of time and then of people.
pub(crate) fn transitions(histories: &Histories) -> Result<()> {
    let mut transitions: Vec<(Timestamp, &ProfileId, bool)> = Vec::new();
    for (person, history) in histories {
        transitions.extend(history.turns().iter().map(|turn| (turn.at, person, turn.entered)));
    }
    transitions.sort_unstable();
    print(transitions, |(at, person, entered)| words(at, person, entered))
}

/// A line for each member by one rule only.
pub(crate) fn differing_members(difference: &Difference) -> Result<()> {
    print(difference.members(), |(person, side)| format!("{person}\tonly-{}", name(*side)))
}

/// A line for each entry and exit by one rule only.
pub(crate) fn differing_transitions(difference: &Difference) -> Result<()> {
    print(difference.turns(), |turn| {
        format!("{}\t{}", words(turn.at, &turn.person, turn.entered), name(turn.side))
    })
}

/// A text as it is.
pub(crate) fn text(text: &str) -> Result<()> {
    print([text], str::to_owned)
}

fn words(at: Timestamp, person: &ProfileId, entered: bool) -> String {
    format!("{at}\t{person}\t{}", if entered { "entered" } else { "left" })
}

fn name(side: Side) -> &'static str {
    match side {
        Side::First => "first",
        Side::Second => "second",
    }
}

/// Writes a line for each item.
fn print<T>(items: impl IntoIterator<Item = T>, line: impl Fn(T) -> String) -> Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    items.into_iter().try_for_each(|item| writeln!(out, "{}", line(item)))?;
    out.flush()
}
