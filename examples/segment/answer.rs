//! What is printed.

use std::io::{BufWriter, Result, Write};

use bespoke::id::ProfileId;
use bespoke::time::Timestamp;

use crate::engine::{Members, Transitions};

/// A line for each member, with the instant until which that holds if it is wanted.
pub(crate) fn members(members: &Members, until: bool) -> Result<()> {
    print(members, |(person, horizon), out| match (until, horizon) {
        (false, _) => writeln!(out, "{person}"),
        (true, Some(horizon)) => writeln!(out, "{person}\t{horizon}"),
        (true, None) => writeln!(out, "{person}\t-"),
    })
}

/// A line for each member by one rule only.
pub(crate) fn differing_members([first, second]: [Members; 2]) -> Result<()> {
    let people = |members: Members| members.into_iter().map(|(person, _)| person).collect();
    let lines = either_only(people(first), people(second));
    print(&lines, |(person, rule): &(ProfileId, Rule), out| {
        writeln!(out, "{person}\tonly-{}", rule.name())
    })
}

/// A line for each entry and exit.
pub(crate) fn transitions(transitions: &Transitions) -> Result<()> {
    print(transitions, |transition, out| writeln!(out, "{}", words(transition)))
}

/// A line for each entry and exit by one rule only.
pub(crate) fn differing_transitions([first, second]: [Transitions; 2]) -> Result<()> {
    let mut lines = either_only(first, second);
    lines.sort_by(|((at, person, _), rule), ((other_at, other, _), other_rule)| {
        (at, person, rule).cmp(&(other_at, other, other_rule))
    });
    print(&lines, |(transition, rule), out| writeln!(out, "{}\t{}", words(transition), rule.name()))
}

fn words((at, person, entered): &(Timestamp, ProfileId, bool)) -> String {
    format!("{at}\t{person}\t{}", if *entered { "entered" } else { "left" })
}

/// Which of two rules.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Rule {
    First,
    Second,
}

impl Rule {
    fn name(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Second => "second",
        }
    }
}

/// What only one of two ordered lists has, in order, and which of them.
fn either_only<T: Ord>(first: Vec<T>, second: Vec<T>) -> Vec<(T, Rule)> {
    let mut only = Vec::new();
    let mut second = second.into_iter().peekable();
    for item in first {
        while let Some(earlier) = second.next_if(|other| *other < item) {
            only.push((earlier, Rule::Second));
        }
        if second.next_if_eq(&item).is_none() {
            only.push((item, Rule::First));
        }
    }
    only.extend(second.map(|item| (item, Rule::Second)));
    only
}

/// Writes a line for each item.
fn print<T>(items: &[T], line: impl Fn(&T, &mut dyn Write) -> Result<()>) -> Result<()> {
    let mut out = BufWriter::new(std::io::stdout().lock());
    items.iter().try_for_each(|item| line(item, &mut out))?;
    out.flush()
}

/// Writes an explanation.
pub(crate) fn explanation(explanation: &str) -> Result<()> {
    writeln!(std::io::stdout(), "{explanation}")
}
