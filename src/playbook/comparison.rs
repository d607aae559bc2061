//! Who would enter and leave if one engine took the place of another.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::engine::Engine;
use crate::facts::Facts;
use crate::id::ProfileId;

/// Who would enter and leave each segment, and who would see another variant, if the definitions of
/// one engine took the place of those of another.
///
/// It is told one person at a time, in any order, and reads no clock: the same people give the same
/// answer.
///
/// ```
/// use bespoke::event::Event;
/// use bespoke::facts::Timeline;
/// use bespoke::playbook::{Comparison, Playbook};
/// use bespoke::schema::Schema;
/// use bespoke::value::Kind;
///
/// let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
/// let old = Playbook::new("shop", schema)
///     .metric("spend", r#"sum("Order Completed".revenue)"#)
///     .segment("vip", "spend > 1000");
/// let newer = old.clone().segment("vip", "spend > 500");
///
/// let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?);
/// let timeline = Timeline::of([order.with("revenue", 620)], old.schema());
/// let facts = timeline.facts("2026-03-01T00:00:00Z".parse()?);
///
/// let mut comparison = Comparison::new(&old.engine()?, &newer.engine()?);
/// comparison.add(&"p-1".into(), &facts, &facts);
/// assert_eq!(comparison.segments()["vip"].entering, 1);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Comparison {
    old: Engine,
    newer: Engine,
    limit: usize,
    people: u64,
    segments: BTreeMap<Arc<str>, Moved>,
    blocks: BTreeMap<Arc<str>, Switches>,
}

/// How many see a variant of a block and would see another, by the two.
type Switches = BTreeMap<(Option<Arc<str>>, Option<Arc<str>>), u64>;

/// How many people are named by default: as many as one looks at.
const LIMIT: usize = 10;

/// What would become of a segment's members.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Moved {
    /// How many would enter.
    pub entering: u64,
    /// How many would leave.
    pub leaving: u64,
    /// How many would stay.
    pub staying: u64,
    /// The first of those who would enter, by their identifiers.
    pub who_enters: BTreeSet<ProfileId>,
    /// The first of those who would leave, by their identifiers.
    pub who_leaves: BTreeSet<ProfileId>,
}

impl Comparison {
    /// A comparison of an engine with a newer one; nobody is told of yet.
    pub fn new(old: &Engine, newer: &Engine) -> Self {
        let engines = [old, newer];
        let segments = engines.into_iter().flat_map(|engine| engine.segments().keys());
        let blocks = engines.into_iter().flat_map(|engine| engine.blocks().keys());
        Self {
            old: old.clone(),
            newer: newer.clone(),
            limit: LIMIT,
            people: 0,
            segments: segments.map(|name| (Arc::clone(name), Moved::default())).collect(),
            blocks: blocks.map(|name| (Arc::clone(name), Switches::new())).collect(),
        }
    }

    /// The same comparison, naming at most so many people for each move instead of 10; counts are
    /// exact in any case.
    #[must_use]
    pub fn naming(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// Takes in one person's facts: as the old engine's schema reads them, and as the newer one's.
    /// Where the schemas are equal, they are the same facts.
    pub fn add(&mut self, person: &ProfileId, old: &Facts<'_>, newer: &Facts<'_>) {
        self.people += 1;
        for (name, moved) in &mut self.segments {
            let is_in = |engine: &Engine, facts: &Facts<'_>| {
                engine.segments().get(name).is_some_and(|segment| segment.is_member(facts))
            };
            moved.take(person, (is_in(&self.old, old), is_in(&self.newer, newer)), self.limit);
        }
        for (name, switches) in &mut self.blocks {
            let chosen = |engine: &Engine, facts: &Facts<'_>| {
                engine.blocks().get(name).map(|block| block.choose(facts).variant)
            };
            let seen = (chosen(&self.old, old), chosen(&self.newer, newer));
            if seen.0 != seen.1 {
                *switches.entry(seen).or_default() += 1;
            }
        }
    }

    /// How many people were told of.
    pub fn people(&self) -> u64 {
        self.people
    }

    /// What would become of the members of each segment, of either engine.
    pub fn segments(&self) -> &BTreeMap<Arc<str>, Moved> {
        &self.segments
    }

    /// How many would see another variant of a block than they do: the variant seen, the one that
    /// would be, and the number. Without a block, there is none to see.
    pub fn switches(&self, block: &str) -> Vec<(Option<&str>, Option<&str>, u64)> {
        let switches = self.blocks.get(block).into_iter().flatten();
        switches.map(|((old, new), count)| (old.as_deref(), new.as_deref(), *count)).collect()
    }
}

impl Moved {
    fn take(&mut self, person: &ProfileId, (was, is): (bool, bool), limit: usize) {
        let (count, who) = match (was, is) {
            (false, false) => return,
            (true, true) => {
                self.staying += 1;
                return;
            }
            (false, true) => (&mut self.entering, &mut self.who_enters),
            (true, false) => (&mut self.leaving, &mut self.who_leaves),
        };
        *count += 1;
        who.insert(person.clone());
        if who.len() > limit {
            who.pop_last();
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "of {} people", self.people)?;
        for (name, moved) in &self.segments {
            let Moved { entering, leaving, staying, .. } = moved;
            writeln!(f, "segment `{name}`: {entering} enter, {leaving} leave, {staying} stay")?;
            line(f, "+", &moved.who_enters, *entering)?;
            line(f, "-", &moved.who_leaves, *leaving)?;
        }
        for (name, switches) in &self.blocks {
            for ((old, new), count) in switches {
                let shown = |variant: &Option<Arc<str>>| {
                    variant.as_ref().map_or_else(|| "nothing".into(), |name| format!("`{name}`"))
                };
                let (old, new) = (shown(old), shown(new));
                writeln!(f, "block `{name}`: {count} see {new} instead of {old}")?;
            }
        }
        Ok(())
    }
}

fn line(
    f: &mut fmt::Formatter<'_>,
    sign: &str,
    who: &BTreeSet<ProfileId>,
    count: u64,
) -> fmt::Result {
    if who.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = who.iter().map(ProfileId::as_str).collect();
    let more = if count > names.len() as u64 { ", …" } else { "" };
    writeln!(f, "  {sign} {}{more}", names.join(", "))
}
