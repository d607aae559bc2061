//! A year of events in Parquet, as many as wanted, in the order of time.

use std::error::Error;
use std::fs::File;
use std::sync::Arc;

use bespoke::seed::{Draws, Seed};
use bespoke::time::Timestamp;
use datafusion::arrow::array::{
    ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::error::ArrowError;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::WriterProperties;

use crate::questions::{DAY, now};

/// How many events there are for each customer, on average.
const EVENTS_EACH: u64 = 50;
const DAYS: i64 = 365;
/// The spread of the logarithm of how active customers are.
const SIGMA: f64 = 1.25;
/// Row groups of a file.
const GROUPS: u64 = 10;

/// What happens, in a thousand.
const NAMES: [(&str, u64); 7] = [
    ("page_view", 300),
    ("product_view", 300),
    ("email_open", 150),
    ("search", 75),
    ("add_to_cart", 70),
    ("purchase", 60),
    ("email_click", 45),
];
const CATEGORIES: [&str; 8] =
    ["books", "electronics", "fashion", "garden", "home", "luxury", "sports", "toys"];

/// Writes so many events; the same number gives the same file.
pub(crate) fn write(file: &str, rows: u64) -> Result<(), Box<dyn Error>> {
    let mut crowd = Crowd::new(rows);
    let group = rows.div_ceil(GROUPS).max(1);
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(usize::try_from(group).ok())
        .build();
    let first = crowd.batch(0..group.min(rows))?;
    let mut writer = ArrowWriter::try_new(File::create(file)?, first.schema(), Some(properties))?;
    writer.write(&first)?;
    for from in (group..rows).step_by(usize::try_from(group)?) {
        writer.write(&crowd.batch(from..(from + group).min(rows))?)?;
    }
    writer.close()?;
    Ok(())
}

/// The customers and what they do.
struct Crowd {
    /// How active each customer and those before are together.
    activity: Vec<f64>,
    rows: u64,
    draws: Draws,
}

impl Crowd {
    fn new(rows: u64) -> Self {
        let mut draws = Seed::new(5).fork("activity").draws();
        let mut total = 0.0;
        let customers = (rows / EVENTS_EACH).max(1);
        let activity = (0..customers).map(|_| {
            total += (SIGMA * normal(&mut draws)).exp();
            total
        });
        Self { activity: activity.collect(), rows, draws: Seed::new(5).fork("events").draws() }
    }

    /// The events of these numbers, which happen evenly over the year.
    fn batch(&mut self, numbers: std::ops::Range<u64>) -> Result<RecordBatch, ArrowError> {
        let mut customers: Vec<i64> = Vec::new();
        let mut times: Vec<i64> = Vec::new();
        let mut names: Vec<&str> = Vec::new();
        let mut categories: Vec<Option<&str>> = Vec::new();
        let mut amounts: Vec<Option<i128>> = Vec::new();
        for number in numbers {
            let name = self.name();
            let sold = ["product_view", "add_to_cart", "purchase"].contains(&name);
            customers.push(self.customer());
            times.push(self.time(number));
            names.push(name);
            categories.push(sold.then(|| self.category()));
            amounts.push((name == "purchase").then(|| self.amount()));
        }
        let amounts = Decimal128Array::from(amounts).with_precision_and_scale(12, 2)?;
        RecordBatch::try_from_iter_with_nullable([
            ("customer_id", Arc::new(Int64Array::from(customers)) as ArrayRef, false),
            ("time", Arc::new(TimestampMicrosecondArray::from(times)), false),
            ("name", Arc::new(StringArray::from(names)), false),
            ("category", Arc::new(StringArray::from(categories)), true),
            ("amount", Arc::new(amounts), true),
        ])
    }

    fn customer(&mut self) -> i64 {
        let at = self.draws.unit() * self.activity.last().copied().unwrap_or_default();
        let customer = self.activity.partition_point(|until| *until <= at);
        i64::try_from(customer.min(self.activity.len() - 1)).unwrap_or(i64::MAX)
    }

    #[expect(clippy::cast_possible_truncation, reason = "a year has 10^14 microseconds")]
    fn time(&mut self, number: u64) -> i64 {
        let part = (number as f64 + self.draws.unit()) / self.rows as f64;
        let back = (1.0 - part) * (DAYS * DAY) as f64;
        Timestamp::micros(now()) - back as i64
    }

    fn name(&mut self) -> &'static str {
        let mut drawn = self.draws.below(1000);
        for (name, often) in NAMES {
            match drawn.checked_sub(often) {
                None => return name,
                Some(rest) => drawn = rest,
            }
        }
        NAMES[0].0
    }

    fn category(&mut self) -> &'static str {
        let drawn = usize::try_from(self.draws.below(CATEGORIES.len() as u64)).unwrap_or_default();
        CATEGORIES[drawn]
    }

    /// Cents; the logarithm of an amount is normal, and the half are below 50.
    #[expect(clippy::cast_possible_truncation, reason = "it is cut at a million")]
    fn amount(&mut self) -> i128 {
        (5_000.0 * (1.1 * normal(&mut self.draws)).exp()).min(1e8) as i128
    }
}

/// A number of the standard normal distribution, as Box and Muller draw it.
fn normal(draws: &mut Draws) -> f64 {
    let (a, b) = (1.0 - draws.unit(), draws.unit());
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}
