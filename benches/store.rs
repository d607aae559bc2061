//! What it costs to keep and to read back what customers did: a page of people committed durably,
//! and the base read page by page.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]

use bespoke::event::Event;
use bespoke::privacy::door;
use bespoke::seed::Seed;
use bespoke::store::{Batch, MemoryStore, SqliteStore, Store};
use bespoke::testing::shop::{self, Shop};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

/// How many customers there are, some 40 events each.
const CUSTOMERS: u32 = 1_000;
/// How many are written and read together, as `run` does it.
const PAGE: usize = 250;

/// The events of each customer, without what is personal.
fn events() -> Vec<Vec<Event>> {
    let schema = shop::schema();
    let shop = Shop::new(Seed::new(1)).customers(CUSTOMERS);
    let admit = |event| door(event, &schema).unwrap().event;
    shop.into_iter().map(|customer| customer.events.into_iter().map(admit).collect()).collect()
}

fn write(store: &dyn Store, people: &[Vec<Event>]) {
    for page in people.chunks(PAGE) {
        let mut batch = Batch::new();
        batch.events.extend(page.iter().flatten().cloned());
        pollster::block_on(store.commit(batch)).unwrap();
    }
}

fn read(store: &dyn Store) -> usize {
    let (mut events, mut after) = (0, None);
    loop {
        let page = pollster::block_on(store.profiles(after.as_ref(), PAGE)).unwrap();
        events += page.items.iter().map(|profile| profile.events.len()).sum::<usize>();
        after = page.next;
        if after.is_none() {
            return events;
        }
    }
}

fn stores(c: &mut Criterion) {
    let people = events();
    let count = people.iter().map(Vec::len).sum::<usize>();
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench-store");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("store.db");
    let fresh = || {
        let _ = std::fs::remove_file(&file);
        SqliteStore::open(&file, &shop::schema()).unwrap()
    };
    let mut group = c.benchmark_group("store");
    group.throughput(Throughput::Elements(count.try_into().unwrap())).sample_size(10);
    group.bench_function("write, memory", |b| {
        b.iter_batched(MemoryStore::new, |store| write(&store, &people), BatchSize::PerIteration);
    });
    group.bench_function("write, SQLite", |b| {
        b.iter_batched(fresh, |store| write(&store, &people), BatchSize::PerIteration);
    });
    let (memory, sqlite) = (MemoryStore::new(), fresh());
    write(&memory, &people);
    write(&sqlite, &people);
    assert_eq!((read(&memory), read(&sqlite)), (count, count));
    group.bench_function("read, memory", |b| b.iter(|| read(&memory)));
    group.bench_function("read, SQLite", |b| b.iter(|| read(&sqlite)));
    group.finish();
}

criterion_group!(benches, stores);
criterion_main!(benches);
