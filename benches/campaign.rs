//! Lines of invoices, in the shape of the Online Retail data set, to five segments of every
//! customer: reading, cleaning, orders, timelines, memberships with their horizons.
//!
//! Ten times the rows (and customers) should take ten times as long, so the throughput per row
//! should stay what it is.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]

#[path = "../examples/campaign/people.rs"]
#[expect(dead_code, reason = "shared with the example; nobody is written to here")]
mod people;
#[path = "../examples/campaign/retail.rs"]
#[expect(dead_code, reason = "shared with the example; there is no file here")]
mod retail;

use std::fmt::Write as _;

use bespoke::engine::Wanted;
use bespoke::facts::Timeline;
use bespoke::playbook::Playbook;
use bespoke::seed::{Draws, Seed};
use bespoke::source::CsvReader;
use bespoke::time::{Duration, Timestamp};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// A year of invoices ends here.
fn now() -> Timestamp {
    "2010-12-10T09:00:00Z".parse().unwrap()
}

/// About as many rows: invoices of one to 35 lines, in the order of their instants. A fifth name
/// no customer, some are refunds, and some lines come twice, as in the data set.
fn table(rows: u64) -> (u64, String) {
    let mut draws = Seed::new(1).draws();
    let mut table =
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n".to_owned();
    let mut written = 0;
    for number in 489_434.. {
        if written >= rows {
            break;
        }
        let past = 365 * 24 * 60 * (rows - written) / rows;
        let at = now().minus(Duration::minutes(past.try_into().unwrap())).to_string();
        let at = at.get(..19).unwrap().replace('T', " ");
        let customer = match draws.below(5) {
            0 => String::new(),
            _ => format!("{}.0", 12_346 + draws.below(rows / 100)),
        };
        let refund = draws.below(25) == 0;
        for _ in 0..=draws.below(35) {
            let line = line(number, refund, &at, &customer, &mut draws);
            let times = if draws.below(80) == 0 { 2 } else { 1 };
            (0..times).for_each(|_| table.push_str(&line));
            written += times;
        }
    }
    (written, table)
}

fn line(number: u64, refund: bool, at: &str, customer: &str, draws: &mut Draws) -> String {
    let (sign, letter) = if refund { ("-", "C") } else { ("", "") };
    let product = 10_000 + draws.below(4_000);
    let (quantity, cents) = (1 + draws.below(24), 42 + draws.below(1_200));
    let mut line = String::new();
    let _ = writeln!(
        line,
        "{letter}{number},{product},\"HEART, RED No. {product}\",{sign}{quantity},{at},{}.{:02},\
         {customer},United Kingdom",
        cents / 100,
        cents % 100
    );
    line
}

/// Reads a table and counts the memberships.
fn members(table: &str) -> usize {
    let reader = CsvReader::new(table.as_bytes()).unwrap();
    let file = retail::RetailFile::new("lines".to_owned(), reader).unwrap();
    let base = file.read(false, &mut |_| Ok(())).unwrap();
    let playbook = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/campaign/playbooks/retail");
    let engine = Playbook::open(playbook).unwrap().engine().unwrap();
    let names = engine.segments().keys();
    let wanted =
        names.fold(Wanted::nothing(), |wanted, name| wanted.segment(std::sync::Arc::clone(name)));
    let people = base.people.map(|person| {
        let timeline = Timeline::of(person.events, engine.schema());
        let view = engine.evaluate(&timeline.facts(now()), &wanted).unwrap();
        view.memberships().keys().filter(|name| view.is_in(name)).count()
    });
    people.sum()
}

fn campaign(c: &mut Criterion) {
    let mut group = c.benchmark_group("campaign");
    group.sample_size(10);
    for rows in [50_000, 500_000] {
        let (written, table) = table(rows);
        assert!(members(&table) > 0);
        group.throughput(Throughput::Elements(written));
        group.bench_with_input(BenchmarkId::new("rows", rows), &table, |b, table| {
            b.iter(|| members(table));
        });
    }
    group.finish();
}

criterion_group!(benches, campaign);
criterion_main!(benches);
