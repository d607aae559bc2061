//! What a score costs: of one person, from their timeline, and of a table.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]

use std::hint::black_box;

use bespoke::expr::Names;
use bespoke::facts::Timeline;
use bespoke::scorer::{
    BoostedParams, CheckedScore, Examples, ForestParams, Labels, Model, Score, Scorer,
};
use bespoke::seed::Seed;
use bespoke::table::{ColumnKind, Table, cells};
use bespoke::testing::shop::{self, Shop};
use bespoke::time::{Duration, Timestamp};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// Customers of the shop.
const CUSTOMERS: u32 = 1_000;

/// Rows of the table.
const ROWS: usize = 100_000;

/// Columns of the table.
const COLUMNS: usize = 20;

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

/// Who will not buy for the next 30 days, from what they bought and saw.
fn churn() -> CheckedScore {
    let names = Names::new(shop::schema());
    let score = Score::new(
        r#"count("Order Completed" over 365 days) > 0"#,
        r#"count("Order Completed" over 30 days) = 0"#,
        Duration::days(30),
    );
    let score = score
        .feature("recency", r#"now() - last("Order Completed")"#)
        .feature("orders", r#"count("Order Completed" over 365 days)"#)
        .feature("spend", r#"sum("Order Completed".revenue over 365 days)"#)
        .feature("recent", r#"count("Order Completed" over 30 days)"#)
        .feature("views", r#"count("Product Viewed" over 30 days)"#)
        .feature("country", "country");
    score.check("churn", &names).unwrap()
}

/// A hundred trees of either sort, whatever they are worth.
fn models(examples: &Examples) -> [(&'static str, Model); 2] {
    let boosted = BoostedParams::new(Seed::new(1)).rounds(100).early_stopping(0.0, 1);
    let forest = ForestParams::new(Seed::new(1)).trees(100);
    [("boosted", boosted.fit(examples).unwrap()), ("forest", forest.fit(examples).unwrap())]
}

/// A person's score, from the timeline that is loaded, features included.
fn person(c: &mut Criterion) {
    let score = churn();
    let customers = Shop::new(Seed::new(1)).customers(CUSTOMERS).until(now());
    let timelines: Vec<Timeline> =
        customers.into_iter().map(|one| Timeline::of(one.events, &shop::schema())).collect();
    let before = now().minus(Duration::days(30));
    let (mut table, mut labels) = (score.table(), Vec::new());
    for timeline in &timelines {
        if let Some((row, label)) = score.example(timeline, before) {
            table.push(&row).unwrap();
            labels.push(label > 0.0);
        }
    }
    let examples = Examples::new(table, Labels::classes("churn", labels)).unwrap();
    let asked = |timeline: &&Timeline| score.row(&timeline.facts(now())).is_some();
    let timeline = timelines.iter().filter(asked).max_by_key(|it| it.len()).unwrap();
    let mut group = c.benchmark_group("score");
    for (name, model) in models(&examples) {
        group.bench_function(BenchmarkId::new(name, "person"), |b| {
            b.iter(|| {
                let row = score.row(&black_box(timeline).facts(now())).unwrap();
                model.score(&row).unwrap()
            });
        });
    }
    group.finish();
}

/// A table of numbers, in one call.
fn table(c: &mut Criterion) {
    let mut draws = Seed::new(2).draws();
    let mut table =
        Table::new((0..COLUMNS).map(|at| (format!("x{at}"), ColumnKind::Number))).unwrap();
    let mut labels = Vec::new();
    for _ in 0..ROWS {
        let row: Vec<f64> = (0..COLUMNS).map(|_| draws.unit()).collect();
        labels.push(row[0] + row[1] * row[2] + draws.unit() > 1.5);
        table.push(&cells(row)).unwrap();
    }
    let examples = Examples::new(table, Labels::classes("yes", labels)).unwrap();
    let some = examples.select(&(0..ROWS / 10).collect::<Vec<_>>());
    let mut group = c.benchmark_group("score");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    for (name, model) in models(&some) {
        group.bench_function(BenchmarkId::new(name, "table"), |b| {
            b.iter(|| model.score_all(black_box(examples.table())).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, person, table);
criterion_main!(benches);
