//! What a customer bought, from dates or from facts.

use std::collections::BTreeMap;

use super::History;
use super::history::{count, fault};
use crate::error::Result;
use crate::facts::Facts;
use crate::time::{Duration, Timestamp};
use crate::value::{Decimal, Value};

/// How often a customer bought again, and for how much on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spending {
    repeats: u32,
    mean: f64,
}

impl Spending {
    /// So many purchases after the first, for so much on average.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) for no purchases, and for an amount that
    /// is not positive and finite.
    pub fn new(repeats: u32, mean: f64) -> Result<Self> {
        if repeats == 0 {
            return Err(fault("who did not buy again has no mean of what was bought then"));
        }
        if !mean.is_finite() || mean <= 0.0 {
            return Err(fault(format!("a mean amount is positive and finite, not {mean}")));
        }
        Ok(Self { repeats, mean })
    }

    /// What the customers of a table of repeat purchases and mean amount spent.
    ///
    /// # Errors
    ///
    /// As [`Spending::new`], and for what is no whole number of purchases, naming the row, counted
    /// from 1.
    pub fn table(rows: impl IntoIterator<Item = (f64, f64)>) -> Result<Vec<Self>> {
        let rows = (1_usize..).zip(rows).map(|(row, (repeats, mean))| {
            count(repeats)
                .and_then(|repeats| Self::new(repeats, mean))
                .map_err(|error| error.within(format!("row {row}")))
        });
        rows.collect()
    }

    /// How many purchases came after the first.
    pub fn repeats(&self) -> u32 {
        self.repeats
    }

    /// For how much they were on average.
    pub fn mean(&self) -> f64 {
        self.mean
    }
}

/// What a customer bought until an instant: when, and for how much.
///
/// A purchase is what is bought in a day of UTC, and its amount the sum of that day's.
///
/// ```
/// use bespoke::lifetime::Purchases;
///
/// let bought = [("1997-01-01", "29.33"), ("1997-01-18", "19.73"), ("1997-01-18", "10")];
/// let bought = bought.map(|(day, amount)| {
///     (format!("{day}T12:00:00Z").parse().unwrap(), amount.parse().unwrap())
/// });
/// let purchases = Purchases::new(bought, "1997-02-05T00:00:00Z".parse()?).unwrap();
/// let history = purchases.history();
/// assert_eq!((history.repeats(), history.recency(), history.age()), (1, 17.0 / 7.0, 5.0));
/// assert_eq!(purchases.spending().unwrap().mean(), 29.73);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Purchases {
    history: History,
    spending: Option<Spending>,
}

impl Purchases {
    /// What was bought until an instant, in any order; what is later does not count. `None` for who
    /// bought nothing by then.
    pub fn new(
        bought: impl IntoIterator<Item = (Timestamp, Decimal)>,
        until: Timestamp,
    ) -> Option<Self> {
        // In millionths, whose sum does not depend on their order.
        let mut days: BTreeMap<i64, i128> = BTreeMap::new();
        for (at, amount) in bought.into_iter().filter(|(at, _)| *at <= until) {
            *days.entry(day(at)).or_default() += i128::from(amount.micros());
        }
        let ((first, _), (last, _)) = (days.first_key_value()?, days.last_key_value()?);
        let weeks = |to: i64| (to - first) as f64 / 7.0;
        let repeats = u32::try_from(days.len() - 1).unwrap_or(u32::MAX);
        let micros: i128 = days.values().skip(1).sum();
        let mean = micros as f64 / f64::from(repeats) / Decimal::SCALE as f64;
        let history = History::new(repeats, weeks(*last), weeks(day(until))).ok()?;
        Some(Self { history, spending: Spending::new(repeats, mean).ok() })
    }

    /// What a person's facts say was bought: each event of a name is a purchase, and a field of it
    /// the amount.
    ///
    /// An event whose field is missing, or no number, adds nothing to its day's amount.
    ///
    /// ```
    /// use bespoke::event::Event;
    /// use bespoke::facts::Timeline;
    /// use bespoke::lifetime::Purchases;
    /// use bespoke::schema::Schema;
    /// use bespoke::value::Kind;
    ///
    /// let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
    /// let order = |day: &str, revenue| {
    ///     let at = format!("2026-01-{day}T12:00:00Z").parse().unwrap();
    ///     Event::track("p-1", "Order Completed", at).with("revenue", revenue)
    /// };
    /// let timeline = Timeline::of([order("01", 30), order("15", 20), order("29", 25)], &schema);
    /// let at = |day: &str| {
    ///     let facts = timeline.facts(format!("2026-01-{day}T18:00:00Z").parse().unwrap());
    ///     Purchases::of(&facts, "Order Completed", "revenue")
    /// };
    /// let history = *at("22").unwrap().history();
    /// assert_eq!((history.repeats(), history.recency(), history.age()), (1, 2.0, 3.0));
    /// assert_eq!(at("31").unwrap().spending().unwrap().mean(), 22.5);
    /// ```
    pub fn of(facts: &Facts<'_>, event: &str, amount: &str) -> Option<Self> {
        let bought = facts.events(event).map(|fact| {
            let amount = fact.fields.get(amount).and_then(Value::as_number);
            (fact.at, amount.unwrap_or(Decimal::ZERO))
        });
        Self::new(bought, facts.now())
    }

    /// How often and how lately.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// For how much the purchases after the first were on average; `None` where there are none, or
    /// where they came to nothing.
    pub fn spending(&self) -> Option<&Spending> {
        self.spending.as_ref()
    }
}

/// The day of UTC of an instant, counted from 1970-01-01.
fn day(at: Timestamp) -> i64 {
    at.micros().div_euclid(Duration::days(1).micros())
}
