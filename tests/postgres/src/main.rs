//! How many events a second are written durably and read back, page by page as `run` does it, in
//! PostgreSQL and in SQLite, in turns.

use std::time::{Duration, Instant};

use bespoke::event::Event;
use bespoke::privacy::door;
use bespoke::seed::Seed;
use bespoke::store::{Batch, PostgresStore, SqliteStore, Store};
use bespoke::testing::shop::{self, Shop};
use tokio_postgres::{Client, Config, NoTls};

/// How many customers there are, some 40 events each.
const CUSTOMERS: u32 = 1_000;
/// How many are written and read together.
const PAGE: usize = 250;
const ROUNDS: u32 = 7;

type Failure = Box<dyn std::error::Error>;

/// How long a store took to write and to read everything.
type Times = (Duration, Duration);

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let address: Config = setting("BESPOKE_POSTGRES")?.parse()?;
    let people = events()?;
    let count = people.iter().map(Vec::len).sum::<usize>();
    let file = std::env::temp_dir().join(format!("bespoke-speed-{}.db", std::process::id()));
    let (mut postgres, mut sqlite) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let store = PostgresStore::open(client(&address).await?, "speed", &shop::schema()).await?;
        postgres.push(measure(&store, &people).await?);
        store.into_inner().batch_execute("DROP SCHEMA speed CASCADE").await?;
        let store = SqliteStore::open(&file, &shop::schema())?;
        sqlite.push(measure(&store, &people).await?);
        store.close()?;
        std::fs::remove_file(&file)?;
        eprintln!("round {} of {ROUNDS}", round + 1);
    }
    println!("events a second, the median of {ROUNDS} rounds over {count} events");
    for (name, times) in [("PostgreSQL", postgres), ("SQLite", sqlite)] {
        let (write, read): (Vec<Duration>, Vec<Duration>) = times.into_iter().unzip();
        println!("{name:12} write {:9.0}  read {:9.0}", rate(count, write), rate(count, read));
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a program is told by it where the server is")]
fn setting(name: &str) -> Result<String, Failure> {
    std::env::var(name).map_err(|error| format!("{name}: {error}").into())
}

async fn client(address: &Config) -> Result<Client, Failure> {
    let (client, connection) = address.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The events of each customer, without what is personal.
fn events() -> Result<Vec<Vec<Event>>, Failure> {
    let schema = shop::schema();
    let shop = Shop::new(Seed::new(1)).customers(CUSTOMERS);
    let admit = |event| match door(event, &schema) {
        Ok(admitted) => Ok(admitted.event),
        Err(error) => Err(error.to_string()),
    };
    let people = shop.into_iter().map(|customer| customer.events.into_iter().map(admit).collect());
    Ok(people.collect::<Result<_, String>>()?)
}

#[expect(clippy::disallowed_methods, reason = "this measures")]
async fn measure(store: &dyn Store, people: &[Vec<Event>]) -> Result<Times, Failure> {
    let mut batches = Vec::new();
    for page in people.chunks(PAGE) {
        let mut batch = Batch::new();
        batch.events.extend(page.iter().flatten().cloned());
        batches.push(batch);
    }
    let start = Instant::now();
    for batch in batches {
        store.commit(batch).await?;
    }
    let written = start.elapsed();
    let (start, mut events, mut after) = (Instant::now(), 0, None);
    loop {
        let page = store.profiles(after.as_ref(), PAGE).await?;
        events += page.items.iter().map(|profile| profile.events.len()).sum::<usize>();
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let read = start.elapsed();
    let told = people.iter().map(Vec::len).sum::<usize>();
    if events != told {
        return Err(format!("{told} events were written and {events} read").into());
    }
    Ok((written, read))
}

#[expect(clippy::cast_precision_loss, reason = "a figure for people")]
fn rate(count: usize, mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let median = times.get(times.len() / 2).copied().unwrap_or_default();
    count as f64 / median.as_secs_f64()
}
