//! What live membership costs: per event, by the number of segments and of people, and in memory.
//!
//! ```text
//! cargo bench --bench live            # criterion's groups
//! cargo bench --bench live -- whole   # one pass over the whole workload, with memory;
//!                                     # then, if wanted: profiles, segments, events of a hot profile
//! ```

#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]

use std::time::{Duration, Instant};

use bespoke::Engine;
use bespoke::event::Event;
use bespoke::seed::Seed;
use bespoke::segment::live::Live;
use bespoke::testing::workload::{self, Workload};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group};

/// Events that are made before they are timed: few, so that they are at hand as if just decoded.
const BATCH: usize = 1_000;
/// So many events are reported on together.
const REPORTED: usize = 200_000;

fn engine(segments: usize) -> Engine {
    let mut engine = Engine::new(workload::schema()).unwrap();
    for (name, rule) in workload::segments(segments) {
        engine.add_segment(&name, &rule).unwrap();
    }
    engine
}

/// Handles events as they become known, and takes what turns; how long that took, and how much
/// turned.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn handle(live: &mut Live, events: &[Event]) -> (Duration, usize) {
    let start = Instant::now();
    let mut turned = 0;
    for event in events {
        live.handle_event(event, event.known_from());
        while live.poll_transition().is_some() {
            turned += 1;
        }
    }
    (start.elapsed(), turned)
}

fn trial() -> bool {
    std::env::args().any(|argument| argument == "--test")
}

/// A live membership in the middle of its workload, and the events that come next.
fn loaded(segments: usize, profiles: u32) -> (Live, impl Iterator<Item = Event>) {
    let mut live = Live::new(engine(segments).program());
    let mut events = Workload::new(Seed::new(1)).profiles(profiles).into_iter();
    let half = usize::try_from(profiles).unwrap() * 10;
    let mut left = half;
    while left > 0 {
        let batch: Vec<Event> = events.by_ref().take(left.min(BATCH)).collect();
        handle(&mut live, &batch);
        left -= batch.len();
    }
    (live, events)
}

fn group(c: &mut Criterion, name: &str, sizes: &[(usize, u32)]) {
    let mut group = c.benchmark_group(name);
    group.throughput(Throughput::Elements(1)).sample_size(10);
    for &(segments, profiles) in sizes {
        // Where only the code is tried, a few people do.
        let profiles = if trial() { profiles / 1_000 } else { profiles };
        let (mut live, mut events) = loaded(segments, profiles);
        let id = BenchmarkId::new(format!("{segments} segments"), profiles);
        group.bench_function(id, |b| {
            b.iter_custom(|count| {
                let mut left = usize::try_from(count).unwrap();
                let mut spent = Duration::ZERO;
                while left > 0 {
                    let batch: Vec<Event> = events.by_ref().take(left.min(BATCH)).collect();
                    assert!(!batch.is_empty(), "the workload is at its end");
                    spent += handle(&mut live, &batch).0;
                    left -= batch.len();
                }
                spent
            });
        });
    }
    group.finish();
}

fn events(c: &mut Criterion) {
    group(c, "event by segments", &[(10, 100_000), (100, 100_000), (1_000, 100_000)]);
    group(c, "event by people", &[(100, 10_000), (100, 100_000), (100, 1_000_000)]);
}

/// One pass over the workload of 200,000 people and 100 segments.
#[expect(clippy::print_stdout, reason = "figures are what it is run for")]
fn whole() {
    let argument = |index| std::env::args().nth(index).and_then(|text| text.parse::<u32>().ok());
    let (profiles, segments) = (argument(2).unwrap_or(200_000), argument(3).unwrap_or(100));
    let mut live = Live::new(engine(segments.try_into().unwrap()).program());
    let hot = argument(4).unwrap_or(0);
    let mut stream = Workload::new(Seed::new(1)).profiles(profiles).hot(hot).into_iter();
    let (mut spent, mut turned, mut count) = (Duration::ZERO, 0, 0);
    let before = resident();
    let mut since = (Duration::ZERO, 0);
    loop {
        let batch: Vec<Event> = stream.by_ref().take(BATCH).collect();
        let (took, turns) = handle(&mut live, &batch);
        spent += took;
        turned += turns;
        count += batch.len();
        if count - since.1 >= REPORTED || batch.is_empty() && count > since.1 {
            let (took, events) = (spent.saturating_sub(since.0), count - since.1);
            println!("{events} events in {took:?}: {:.0}/s", events as f64 / took.as_secs_f64());
            since = (spent, count);
        }
        if batch.is_empty() {
            break;
        }
    }
    let kept = resident().saturating_sub(before);
    println!(
        "{count} events of {} people, {segments} segments: {:.0} a second, {turned} turns",
        live.len(),
        count as f64 / spent.as_secs_f64()
    );
    println!(
        "{} MB resident: {} bytes a person, {} bytes an event",
        kept >> 20,
        kept / live.len(),
        kept / count
    );
}

/// The process's resident memory in bytes, where the system tells it.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    let number = line.and_then(|line| line.split_whitespace().nth(1)?.parse::<usize>().ok());
    number.unwrap_or(0) * 1024
}

criterion_group!(benches, events);

fn main() {
    if std::env::args().nth(1).as_deref() == Some("whole") {
        return whole();
    }
    benches();
    Criterion::default().configure_from_args().final_summary();
}
