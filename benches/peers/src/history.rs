//! The person: a hundred events, and what the rule comes to when it is worked out by hand.

use bespoke::seed::Seed;

/// The rule: a trait and two windowed metrics.
pub const COUNTRY: &str = "PT";
/// More than this was spent in 90 days.
pub const SPENT: i64 = 2_000;
/// At least so many products were viewed in 30 days.
pub const VIEWS: i64 = 5;

/// How many instants the rule is asked about.
pub const INSTANTS: usize = 64;

/// What is bought.
pub const ORDER: &str = "Order Completed";
/// What is looked at.
pub const VIEW: &str = "Product Viewed";

const EVENTS: u64 = 100;
const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;
/// 2026-03-01T09:00:00Z.
const NOW: i64 = 1_772_355_600_000_000;

/// What is known of a person.
#[derive(Debug)]
pub struct History {
    pub country: &'static str,
    pub events: Vec<Event>,
}

/// Something the person did; instants are microseconds since 1970.
#[derive(Debug)]
pub struct Event {
    pub name: &'static str,
    pub at: i64,
    /// What was paid, if something was.
    pub revenue: Option<i64>,
}

/// What the rule compares, worked out.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    pub country: &'static str,
    pub spent: i64,
    pub views: i64,
}

/// An instant and the beginnings of the windows at it, so that no engine has to subtract.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    pub now: i64,
    pub since90: i64,
    pub since30: i64,
}

impl History {
    /// The person of this number. The first is a member throughout; of the others some live
    /// elsewhere, and some have done what they did over more days.
    pub fn new(number: u64) -> Self {
        let mut draws = Seed::new(number).draws();
        let days = 150 + 20 * number;
        let country = if number % 5 == 4 { "ES" } else { COUNTRY };
        let mut event = |number: u64| {
            let minutes = i64::try_from(draws.below(days * 24 * 60)).unwrap_or_default();
            let paid = 180 + i64::try_from(draws.below(90)).unwrap_or_default();
            let order = number.is_multiple_of(3);
            Event {
                name: if order { ORDER } else { VIEW },
                // Some are still to come.
                at: NOW + DAY - minutes * MINUTE,
                revenue: order.then_some(paid),
            }
        };
        let mut events: Vec<Event> = (0..EVENTS).map(&mut event).collect();
        events.sort_by_key(|event| event.at);
        Self { country, events }
    }

    /// What the rule compares at an instant.
    pub fn figures(&self, instant: usize) -> Figures {
        let Clock { now, since90, since30 } = clock(instant);
        let within = |since: i64| {
            self.events.iter().filter(move |event| since < event.at && event.at <= now)
        };
        let views = within(since30).filter(|event| event.name == VIEW).count();
        Figures {
            country: self.country,
            spent: within(since90).filter_map(|event| event.revenue).sum(),
            views: i64::try_from(views).unwrap_or(i64::MAX),
        }
    }

    /// Whether the rule is true at an instant.
    pub fn is_member(&self, instant: usize) -> bool {
        let Figures { country, spent, views } = self.figures(instant);
        country == COUNTRY && spent > SPENT && views >= VIEWS
    }
}

/// The instants, 37 minutes from one to the next.
pub fn clock(instant: usize) -> Clock {
    let now = NOW - i64::try_from(instant).unwrap_or_default() * 37 * MINUTE;
    Clock { now, since90: now - 90 * DAY, since30: now - 30 * DAY }
}

/// One of something for every instant.
pub fn for_each_instant<T>(make: impl FnMut(usize) -> T) -> Vec<T> {
    (0..INSTANTS).map(make).collect()
}
