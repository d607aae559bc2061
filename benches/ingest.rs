//! How long a file of 50,000 rows takes to read, and to become events.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]

use std::fmt::Write as _;
use std::hint::black_box;

use bespoke::schema::Schema;
use bespoke::seed::Seed;
use bespoke::source::{CsvReader, Ingest};
use bespoke::value::Kind;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const ROWS: u64 = 50_000;

fn file() -> String {
    let mut draws = Seed::new(1).draws();
    let mut file = "userId,event,timestamp,revenue,product,note\n".to_owned();
    for _ in 0..ROWS {
        let (person, day, cents) = (draws.below(5_000), draws.below(28) + 1, draws.below(100_000));
        let (product, hour) = (draws.below(400), draws.below(24));
        let _ = writeln!(
            file,
            "p-{person},Order Completed,2026-02-{day:02}T{hour:02}:00:00Z,{}.{:02},sku-{product},\
             \"size 12\"\", boxed\"",
            cents / 100,
            cents % 100
        );
    }
    file
}

fn ingest(c: &mut Criterion) {
    let file = file();
    let fields = [("revenue", Kind::Number), ("product", Kind::Text), ("note", Kind::Text)];
    let schema = Schema::new().event("Order Completed", fields);
    let mut group = c.benchmark_group("csv");
    group.throughput(Throughput::Elements(ROWS)).sample_size(20);
    group.bench_function("records", |b| {
        b.iter(|| {
            let mut reader = CsvReader::new(file.as_bytes()).unwrap();
            while let Some(item) = reader.next_record().unwrap() {
                let _ = black_box(item);
            }
        });
    });
    group.bench_function("events", |b| {
        b.iter(|| {
            let mut reader = CsvReader::new(file.as_bytes()).unwrap();
            let mut ingest = Ingest::new(schema.clone());
            while let Some(item) = reader.next_record().unwrap() {
                ingest.take(item);
            }
            black_box(ingest.finish())
        });
    });
    group.finish();
}

criterion_group!(benches, ingest);
criterion_main!(benches);
