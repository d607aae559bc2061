//! The workload of the live benchmarks: what many people do, in the order in which it becomes
//! known, and the segments that are asked of them.
//!
//! First everybody is identified once. Then people come and go, [`EVENTS_EACH`] events a profile on
//! average, evenly over the stretch of 90 days:
//!
//! - **Who.** Activity is lognormal with σ = 1.25, in seven steps: the quieter half of the profiles
//!   does a tenth of everything, the busiest tenth one half, the busiest thousandth 3.3 %. A visit
//!   is 6 events on average (geometric), some minutes apart, among those of other visits. Who is
//!   busy has nothing to do with the order of identifiers.
//! - **What.** Each event is drawn by [`frequencies`], whatever the one before was. Three of five
//!   products are of the person's favourite category.
//! - **When known.** 98 of 100 events are known as they happen. The others are known later by five
//!   minutes and an exponential time of mean 12 hours, cut at four days.
//!
//! Every event has a `messageId` of its own. Its texts are its own too, as if it had been read from a
//! wire, but for common words and what names a product, which are shared.
//!
//! Nothing was fitted to a real shop. For people whose acts follow from one another there is
//! [`Shop`](super::shop::Shop).
//!
//! ```
//! use bespoke::Engine;
//! use bespoke::event::Event;
//! use bespoke::seed::Seed;
//! use bespoke::testing::workload::{self, Workload};
//!
//! let mut engine = Engine::new(workload::schema())?;
//! for (name, rule) in workload::segments(100) {
//!     engine.add_segment(&name, &rule)?;
//! }
//! let workload = Workload::new(Seed::new(7)).profiles(100);
//! let events: Vec<Event> = workload.into_iter().collect();
//! assert_eq!(events.len(), 2_100);
//! assert!(events.is_sorted_by_key(Event::known_from));
//! # Ok::<(), bespoke::Error>(())
//! ```

mod crowd;
mod deeds;
mod segments;

use crate::event::Event;
use crate::schema::{BusinessKey, Field, Schema};
use crate::seed::{Draws, Seed};
use crate::time::{Duration, Timestamp};
use crate::value::Kind;

pub use deeds::frequencies;
pub use segments::segments;

use super::chance::Curve;
use crowd::Crowd;
use deeds::Deeds;

/// How many events there are for each profile, on average and beside the one that identifies it.
pub const EVENTS_EACH: u64 = 20;

/// From the first event to the last.
const STRETCH: Duration = Duration::days(90);
/// How many of the events are late.
const LATE: f64 = 0.02;
/// By how much they are late at least.
const DELAY: Duration = Duration::minutes(5);
/// By how much more they are late on average.
const MORE_DELAY: Duration = Duration::hours(12);

/// Profiles and what they do.
///
/// Everything follows from the seed, the number of profiles and the end of the stretch; the same
/// workload gives the same bytes on every platform. Iterating keeps no events, so a workload of any
/// size can be taken by the piece: `events.by_ref().take(100_000).collect()`.
#[derive(Clone, Debug)]
pub struct Workload {
    seed: Seed,
    profiles: u32,
    hot: u32,
    until: Timestamp,
}

/// One event after the other, in the order in which they become known.
#[derive(Clone, Debug)]
pub struct Events {
    profiles: u64,
    hot: u64,
    total: u64,
    next: u64,
    from: Timestamp,
    draws: Draws,
    ids: Draws,
    crowd: Crowd,
    deeds: Deeds,
}

impl Workload {
    /// 200,000 profiles and 4,200,000 events, the last of them known shortly before
    /// 2026-03-01T09:00:00Z.
    pub fn new(seed: Seed) -> Self {
        let until = Timestamp::from_micros(1_772_355_600_000_000);
        Self { seed: seed.fork("workload"), profiles: 200_000, hot: 0, until }
    }

    /// The same workload with so many profiles, and as many events for each.
    #[must_use]
    pub fn profiles(self, profiles: u32) -> Self {
        Self { profiles, ..self }
    }

    /// The same workload in which the first profile does so much more, evenly among the rest: a
    /// million events make it a shared account, a crawler or a test device.
    #[must_use]
    pub fn hot(self, events: u32) -> Self {
        Self { hot: events, ..self }
    }

    /// The same workload over the 90 days that end at this instant.
    #[must_use]
    pub fn until(self, until: Timestamp) -> Self {
        Self { until, ..self }
    }
}

impl IntoIterator for Workload {
    type Item = Event;
    type IntoIter = Events;

    fn into_iter(self) -> Events {
        let (profiles, hot) = (u64::from(self.profiles), u64::from(self.hot));
        let mut draws = self.seed.draws();
        Events {
            profiles,
            hot,
            total: profiles * (1 + EVENTS_EACH) + hot,
            next: 0,
            from: self.until.minus(STRETCH),
            crowd: Crowd::new(profiles, &mut draws),
            draws,
            ids: self.seed.fork("ids").draws(),
            deeds: Deeds::new(self.seed.fork("catalogue")),
        }
    }
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        if self.next == self.total {
            return None;
        }
        let known = self.known();
        let late = self.draws.chance(LATE);
        let at = if late { known.minus(delay(&mut self.draws)) } else { known };
        let event = match self.next.checked_sub(self.profiles) {
            None => self.deeds.join(self.next, at, &mut self.draws),
            Some(number) => {
                let who = if self.is_hot(number) { 0 } else { self.crowd.who(&mut self.draws) };
                self.deeds.act(who, at, &mut self.draws)
            }
        };
        self.next += 1;
        // Unique without remembering any: SplitMix64 gives no number twice.
        let event = event.with_id(format!("{:016x}", self.ids.bits()));
        Some(if late { event.received(known) } else { event })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.total - self.next);
        (left.unwrap_or(usize::MAX), left.ok())
    }
}

impl ExactSizeIterator for Events {}

impl Events {
    /// When the next event is known: at some moment of its slot, all slots being of one length.
    fn known(&mut self) -> Timestamp {
        let slot = STRETCH.micros().unsigned_abs() / self.total;
        let micros = self.next * slot + self.draws.below(slot);
        self.from.plus(Duration::from_micros(i64::try_from(micros).unwrap_or(i64::MAX)))
    }

    /// Whether this event, of those after everybody was identified, is one more of the first
    /// profile's.
    fn is_hot(&self, number: u64) -> bool {
        let upto = |number: u64| number * self.hot / (self.total - self.profiles);
        upto(number) < upto(number + 1)
    }
}

/// By how much an event is late.
fn delay(draws: &mut Draws) -> Duration {
    let thousandths = i64::try_from(Curve::WAIT.draw(draws)).unwrap_or_default();
    Duration::from_micros(DELAY.micros() + MORE_DELAY.micros() / 1_000 * thousandths)
}

/// The vocabulary of the workload: its traits, its events, and what they hold.
///
/// Amounts are in one currency, so they are declared as numbers without one. An order is known by
/// its `order_id`; its `revenue` is the sum of price times quantity over its `products`.
pub fn schema() -> Schema {
    let text = |name| (name, Field::from(Kind::Text));
    let number = |name| (name, Field::from(Kind::Number));
    let product = || [text("product_id"), text("category"), number("price")];
    let mail = || [text("campaign_id"), text("email_id")];
    let lines = Field::list_of(product().into_iter().chain([number("quantity")]));
    Schema::new()
        .attribute("country", Kind::Text)
        .attribute("engagement", Kind::Number)
        .attribute("favourite_category", Kind::Text)
        .attribute("newsletter", Kind::Boolean)
        .attribute("tier", Kind::Text)
        .event("Page Viewed", [text("path")])
        .event("Products Searched", [text("query")])
        .event("Product Viewed", product())
        .event("Product Added", product().into_iter().chain([number("quantity")]))
        .event("Product Added to Wishlist", product())
        .event("Product Reviewed", [text("product_id"), number("rating")])
        .event("Cart Viewed", [number("value")])
        .event("Checkout Started", [number("value")])
        .event(
            "Order Completed",
            [text("order_id"), number("revenue"), text("coupon"), ("products", lines)],
        )
        .key("Order Completed", BusinessKey::new("order_id"))
        .event("Email Delivered", mail())
        .event("Email Opened", mail())
        .event("Email Link Clicked", mail().into_iter().chain([text("link_url")]))
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::fmt::Write as _;

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::engine::Engine;
    use crate::facts::Timeline;
    use crate::id::{MessageId, ProfileId};

    fn workload() -> Workload {
        Workload::new(Seed::new(1)).profiles(1_000)
    }

    /// How many there are of each.
    fn tally<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeMap<T, usize> {
        let mut tally = BTreeMap::new();
        items.into_iter().for_each(|item| *tally.entry(item).or_default() += 1);
        tally
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let digest = |workload: Workload| {
            let mut hash = Sha256::new();
            workload.into_iter().for_each(|event| {
                hash.update(event.to_json());
            });
            hash.finalize().iter().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").unwrap();
                hex
            })
        };
        // Changes only where the workload is meant to change.
        assert_eq!(
            digest(workload()),
            "e7003cef9425100295bf6a27bfbc4b9583776dfabb8270571a206d7fc1606567"
        );
        assert_ne!(digest(workload()), digest(Workload::new(Seed::new(2)).profiles(1_000)));
    }

    #[test]
    fn events_come_as_they_become_known() {
        let events: Vec<Event> = workload().into_iter().collect();
        assert_eq!(events.len(), workload().into_iter().len());
        assert!(events.is_sorted_by_key(Event::known_from));
        let until = workload().until;
        assert!(until.minus(STRETCH) <= events[0].known_from());
        assert!(events[events.len() - 1].known_from() < until);
        assert!(events.iter().all(Event::has_id));
        let ids: BTreeSet<MessageId> = events.iter().map(Event::id).collect();
        assert_eq!(ids.len(), events.len());
    }

    #[test]
    fn two_of_a_hundred_are_late_by_minutes_to_days() {
        let events: Vec<Event> = workload().into_iter().collect();
        let late = events.iter().map(|event| event.known_from().micros() - event.at().micros());
        let mut late: Vec<i64> = late.filter(|micros| *micros > 0).collect();
        late.sort_unstable();
        assert!((380..=460).contains(&late.len()), "{} late", late.len());
        let hours = |micros: i64| Duration::from_micros(micros).micros() as f64 / 3.6e9;
        let mean = hours(late.iter().sum::<i64>()) / late.len() as f64;
        assert!((10.5..14.0).contains(&mean), "{mean} hours");
        assert!(late[0] >= DELAY.micros() && hours(late[late.len() - 1]) < 96.1);
    }

    #[test]
    fn names_come_as_often_as_stated() {
        assert_eq!(frequencies().map(|(_, share)| share).iter().sum::<u64>(), 1_000);
        let names = tally(workload().into_iter().skip(1_000).map(|event| event.name().to_string()));
        assert_eq!(names.len(), frequencies().len());
        for (name, share) in frequencies() {
            let (found, expected) = (names[name] as f64, share as f64 * 20.0);
            // Four standard deviations.
            assert!((found - expected).abs() < 4.0 * expected.sqrt(), "{name}: {found}");
        }
    }

    #[test]
    fn few_do_most_of_it() {
        let acts = workload().into_iter().skip(1_000);
        let mut each: Vec<usize> =
            tally(acts.map(|event| event.person().cloned())).into_values().collect();
        each.sort_unstable_by(|a, b| b.cmp(a));
        let of_top = |profiles: usize| each.iter().take(profiles).sum::<usize>() as f64 / 20_000.0;
        assert!((0.46..0.56).contains(&of_top(100)), "the top tenth: {}", of_top(100));
        assert!((0.12..0.17).contains(&of_top(10)), "the top hundredth: {}", of_top(10));
    }

    #[test]
    fn one_profile_may_be_hot() {
        let hot = ProfileId::from("p0000001");
        let of_hot = |workload: Workload| {
            workload.into_iter().filter(|event| event.person() == Some(&hot)).count()
        };
        let usual = of_hot(workload());
        let many = of_hot(workload().hot(30_000));
        assert!((30_000..30_000 + 2 * usual + 20).contains(&many), "{many}, usually {usual}");
        // They are among the others, not before or after them.
        let events: Vec<Event> = workload().hot(20_000).into_iter().collect();
        let half = events[1_000..].iter().take(20_000);
        let half = half.filter(|event| event.person() == Some(&hot)).count();
        assert!((9_990..10_100).contains(&half), "{half}");
    }

    #[test]
    fn the_schema_declares_every_field_and_event() {
        let schema = schema();
        schema.check().unwrap();
        for event in workload().profiles(300) {
            assert_eq!(Event::read(&event.to_json(), &schema).unwrap(), event);
            assert_eq!(Event::read(&event.to_json(), &schema).unwrap().undeclared().count(), 0);
        }
    }

    #[test]
    fn every_rule_checks_and_a_thousand_are_different() {
        let mut engine = Engine::new(schema()).unwrap();
        let segments = segments(1_000);
        for (name, rule) in &segments {
            let warnings = engine.add_segment(name, rule).unwrap();
            assert!(warnings.is_empty(), "{name}: {warnings:?}");
        }
        let rules: BTreeSet<&str> = segments.iter().map(|(_, rule)| &**rule).collect();
        assert_eq!((rules.len(), engine.segments().len()), (1_000, 1_000));
        assert_eq!(super::segments(10), segments[..10]);
    }

    #[test]
    fn the_first_round_is_in_the_documentation() {
        let page = include_str!("../../docs/BENCHMARKS.md");
        for (name, rule) in segments(20) {
            assert!(page.contains(&rule), "{name}: {rule}");
        }
        for (name, share) in frequencies() {
            assert!(page.contains(&format!("| {name} | {}", share as f64 / 10.0)), "{name}");
        }
    }

    #[test]
    fn no_rule_is_true_of_all_or_of_none() {
        let mut people: BTreeMap<ProfileId, Vec<Event>> = BTreeMap::new();
        for event in workload().profiles(1_500) {
            people.entry(event.person().unwrap().clone()).or_default().push(event);
        }
        let mut engine = Engine::new(schema()).unwrap();
        for (name, rule) in segments(100) {
            engine.add_segment(&name, &rule).unwrap();
        }
        // Each asked at the instant of their last event, when short windows hold something too.
        let people = people.into_values().map(|events| {
            let last = events.iter().map(Event::known_from).max().unwrap();
            (Timeline::of(events, engine.schema()), last)
        });
        let people: Vec<(Timeline, Timestamp)> = people.collect();
        for (name, segment) in engine.segments() {
            let member = |(timeline, last): &&(Timeline, Timestamp)| {
                segment.is_member(&timeline.facts(*last))
            };
            let members = people.iter().filter(member).count();
            assert!((1..people.len()).contains(&members), "{name}: {members}");
        }
    }
}
