//! What a rule costs: to read and check, to ask of one person, and to ask of a shop.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]

use std::hint::black_box;

use bespoke::engine::{Engine, Wanted};
use bespoke::event::Event;
use bespoke::expr::Names;
use bespoke::facts::Timeline;
use bespoke::metric::Metric;
use bespoke::playbook::Playbook;
use bespoke::schema::{BusinessKey, Schema};
use bespoke::seed::Seed;
use bespoke::segment::Rule;
use bespoke::testing::shop::Shop;
use bespoke::time::{Duration, Timestamp};
use bespoke::value::Kind;
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

/// A trait and two windowed metrics.
const RULE: &str = r#"country = 'PT'
    AND sum("Order Completed".revenue over 90 days) > 2000
    AND count("Product Viewed" over 30 days) >= 5"#;

/// Customers of the shop.
const CUSTOMERS: u32 = 1_000;

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

fn schema() -> Schema {
    Schema::new()
        .attribute("country", Kind::Text)
        .event("Order Completed", [("revenue", Kind::Number)])
        .event("Product Viewed", [("sku", Kind::Text)])
}

/// Somebody of that many events over 150 days, a third of them orders and two thirds views, and of
/// a trait told.
fn events(events: u32) -> Vec<Event> {
    let mut draws = Seed::new(1).draws();
    let mut before = || {
        let minutes = draws.below(150 * 24 * 60).try_into().unwrap();
        now().minus(Duration::minutes(minutes))
    };
    let told = Event::identify("p-1", before()).with("country", "PT");
    let events = (0..events).map(|number| {
        let event = if number % 3 == 0 {
            Event::track("p-1", "Order Completed", before()).with("revenue", 180 + number % 90)
        } else {
            Event::track("p-1", "Product Viewed", before()).with("sku", "sku-1")
        };
        event.with_id(format!("m-{number}"))
    });
    events.chain([told]).collect()
}

fn person(number: u32) -> Timeline {
    Timeline::of(events(number), &schema())
}

/// A rule of three clauses about somebody of a hundred events.
fn rule(c: &mut Criterion) {
    let names = Names::new(schema());
    let check = || Rule::parse(black_box(RULE)).and_then(|rule| rule.check(&names)).unwrap();
    let mut engine = Engine::new(schema()).unwrap();
    engine.add_segment("active", RULE).unwrap();
    let (segment, mut timeline) = (&engine.segments()["active"], engine.timeline());
    events(100).iter().for_each(|event| timeline.insert(event, engine.schema()));
    let facts = timeline.facts(now());
    assert!(segment.is_member(&facts));
    let mut group = c.benchmark_group("rule");
    group.bench_function("parse and check", |b| b.iter(check));
    group.bench_function("is_member", |b| b.iter(|| segment.is_member(black_box(&facts))));
    group.bench_function("evaluate", |b| b.iter(|| segment.evaluate(black_box(&facts))));
    group.bench_function("explain", |b| b.iter(|| segment.explain(black_box(&facts))));
    group.finish();
}

/// A timeline of events out of order, by their number: as they come, and with orders known by a
/// key.
fn timelines(c: &mut Criterion) {
    let keyed = Schema::new()
        .event("Order Completed", [("order_id", Kind::Text)])
        .key("Order Completed", BusinessKey::new("order_id"));
    for (name, schema) in [("timeline", schema()), ("keyed timeline", keyed)] {
        let mut group = c.benchmark_group(name);
        for number in [100, 10_000] {
            let events = events(number).into_iter();
            let events: Vec<Event> =
                events.map(|e| e.clone().with("order_id", e.id().as_str())).collect();
            group.throughput(Throughput::Elements(number.into()));
            group.bench_function(BenchmarkId::new("events", number), |b| {
                b.iter_with_large_drop(|| Timeline::of(events.iter().cloned(), &schema));
            });
        }
        group.finish();
    }
}

/// One figure with its horizon, by the number of the person's events, where no column is kept of it.
fn figures(c: &mut Criterion) {
    let names = Names::new(schema());
    for (name, metric) in [
        ("count", r#"count("Product Viewed" over 90 days)"#),
        ("filtered", r#"count("Product Viewed" where sku = 'sku-1' over 90 days)"#),
        ("sum", r#"sum("Order Completed".revenue over 90 days)"#),
        ("max", r#"max("Order Completed".revenue over 90 days)"#),
    ] {
        let metric = Metric::parse(metric, &names).unwrap();
        let mut group = c.benchmark_group(name);
        for events in [100, 10_000] {
            let timeline = person(events);
            let facts = timeline.facts(now());
            group.bench_function(BenchmarkId::new("events", events), |b| {
                b.iter(|| metric.evaluate(black_box(&facts)));
            });
        }
        group.finish();
    }
}

fn shop(c: &mut Criterion) {
    let playbook = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/campaign/playbooks/shop");
    let engine = Playbook::open(playbook).unwrap().engine().unwrap();
    let customers = Shop::new(Seed::new(1)).customers(CUSTOMERS).until(now());
    let events: Vec<Vec<Event>> = customers.into_iter().map(|customer| customer.events).collect();
    let timelines = || events.iter().map(|events| Timeline::of(events.clone(), engine.schema()));
    let loaded: Vec<Timeline> = timelines().collect();
    let segments = engine.segments();
    let wanted = segments
        .keys()
        .fold(Wanted::nothing(), |all, name| all.segment(std::sync::Arc::clone(name)));
    let mut group = c.benchmark_group("shop");
    group.throughput(Throughput::Elements(CUSTOMERS.into())).sample_size(20);
    group.bench_function("timelines", |b| b.iter(|| timelines().for_each(drop)));
    group.bench_function("ten segments, is_member", |b| {
        b.iter(|| {
            let facts = loaded.iter().map(|timeline| timeline.facts(now()));
            let members =
                facts.map(|facts| segments.values().filter(|s| s.is_member(&facts)).count());
            members.sum::<usize>()
        });
    });
    group.bench_function("ten segments, evaluate", |b| {
        b.iter(|| {
            for timeline in &loaded {
                black_box(engine.evaluate(&timeline.facts(now()), &wanted).unwrap());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, rule, timelines, figures, shop);
criterion_main!(benches);
