//! What one engine would have said through a log of events, and another differently.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use crate::engine::Engine;
use crate::facts::Timeline;
use crate::id::ProfileId;
use crate::segment::{Difference, Differing, History, Knowledge, Side};
use crate::time::Timestamp;

/// Who would have been in each segment, entered and left, by the definitions of one engine and not
/// by those of another: a changed playbook, read against the log of last quarter before it goes
/// live.
///
/// Segments are compared by name; where only one of the two has a segment, nobody is in it by the
/// other. It is told one person at a time, in any order, and reads no clock.
///
/// ```
/// use bespoke::event::Event;
/// use bespoke::facts::Timeline;
/// use bespoke::playbook::{Backtest, Playbook};
/// use bespoke::schema::Schema;
/// use bespoke::segment::Side;
/// use bespoke::value::Kind;
///
/// let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
/// let old = Playbook::new("shop", schema)
///     .segment("vip", r#"sum("Order Completed".revenue over 90 days) > 1000"#);
/// let newer = old.clone().segment("vip", r#"sum("Order Completed".revenue over 90 days) > 500"#);
///
/// let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?);
/// let timeline = Timeline::of([order.with("revenue", 620)], old.schema());
///
/// let quarter = ("2026-01-01T00:00:00Z".parse()?, "2026-04-01T00:00:00Z".parse()?);
/// let mut backtest = Backtest::new(&old.engine()?, &newer.engine()?, quarter.0, quarter.1);
/// backtest.add(&"p-1".into(), &timeline, &timeline);
/// let vip = &backtest.segments()["vip"];
/// assert_eq!((vip.count(Side::First), vip.count(Side::Second)), (0, 1));
/// assert!(backtest.to_string().contains("2026-02-01T12:00:00.000000Z\tp-1\tentered\tnew"));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Backtest {
    old: Engine,
    newer: Engine,
    at: Timestamp,
    people: u64,
    segments: BTreeMap<Arc<str>, Difference>,
}

impl Backtest {
    /// A comparison of memberships at an instant, and of entries and exits from another up to it,
    /// both included; each by what was known at its time. Nobody is told of yet.
    pub fn new(old: &Engine, newer: &Engine, from: Timestamp, at: Timestamp) -> Self {
        let names = old.segments().keys().chain(newer.segments().keys());
        let segments = names.map(|name| (Arc::clone(name), Difference::new(from, at))).collect();
        Self { old: old.clone(), newer: newer.clone(), at, people: 0, segments }
    }

    /// Takes in one person's timeline: as the old engine's schema reads it, and as the newer one's.
    /// Where the schemas are equal, they are the same.
    pub fn add(&mut self, person: &ProfileId, old: &Timeline, newer: &Timeline) {
        self.people += 1;
        for (name, difference) in &mut self.segments {
            let history = |engine: &Engine, timeline: &Timeline| {
                let segment = engine.segments().get(name);
                segment.map_or_else(History::default, |segment| {
                    segment.history(timeline, self.at, Knowledge::Following)
                })
            };
            difference.add(person, &history(&self.old, old), &history(&self.newer, newer));
        }
    }

    /// How many people were told of.
    pub fn people(&self) -> u64 {
        self.people
    }

    /// How each segment of either engine differs; the old engine is the first.
    pub fn segments(&self) -> &BTreeMap<Arc<str>, Difference> {
        &self.segments
    }
}

impl fmt::Display for Backtest {
    /// For each segment a line with its counts, one for each member and one for each entry or exit
    /// by one of the two only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "of {} people", self.people)?;
        let word = |side| if side == Side::First { "old" } else { "new" };
        for (name, difference) in &self.segments {
            let is_in = |engine: &Engine| engine.segments().contains_key(name);
            let what = match (is_in(&self.old), is_in(&self.newer)) {
                (true, false) => " (removed)",
                (false, true) => " (added)",
                _ => "",
            };
            let [old, new] = [Side::First, Side::Second].map(|side| difference.count(side));
            writeln!(f, "segment `{name}`{what}: {old} only-old, {new} only-new")?;
            for (person, side) in difference.members() {
                writeln!(f, "{person}\tonly-{}", word(*side))?;
            }
            for Differing { at, person, side, entered } in difference.turns() {
                let turn = if *entered { "entered" } else { "left" };
                writeln!(f, "{at}\t{person}\t{turn}\t{}", word(*side))?;
            }
        }
        Ok(())
    }
}
