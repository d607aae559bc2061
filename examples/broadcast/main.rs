//! A broadcast: one mailing to an audience that is frozen, killed and gone on with, paused from
//! elsewhere, looked at, cancelled.
//!
//! ```text
//! cargo run --release --example broadcast -- --recipients 1000000 --store cast.db --out sent.txt
//! cargo run --release --example broadcast -- --store cast.db --status
//! cargo run --release --example broadcast -- --store cast.db --pause
//! ```
//!
//! It takes in so many simulated people, freezes them as the audience, and sends. Run again, after a
//! kill or a pause, it goes on where the store says it came to. What the channel got is a line each
//! in `--out`. Nobody is written to at night: the clock is simulated, and goes on to the morning of
//! those who are left. `--pause-after N` pauses once it was decided of N people.

#[path = "../support/args.rs"]
mod args;
mod channel;
mod people;
#[path = "../support/progress.rs"]
mod progress;

use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use args::Args;
use bespoke::broadcast::{State, Status};
use bespoke::delivery::Channel;
use bespoke::key::{KeyProvider, KeyVersion, Keys, Secret};
use bespoke::page::Cursor;
use bespoke::privacy::Vault;
use bespoke::run::{self, Campaign, Progress, Stage};
use bespoke::seed::Seed;
use bespoke::store::{Batch, SqliteStore, Store};
use bespoke::testing::key::SeededEntropy;
use bespoke::time::Timestamp;

use channel::Lines;
use progress::Bar;

/// Whatever goes wrong is told to the user and ends the run.
type Fault = Box<dyn std::error::Error>;

const VALUED: [&str; 4] = ["recipients", "store", "out", "pause-after"];
const FLAGS: [&str; 3] = ["status", "pause", "cancel"];
const USAGE: &str = "usage: broadcast --store FILE (--recipients N --out FILE [--pause-after N] | \
                     --status | --pause | --cancel)";

/// A real host takes its key from its key service, and its entropy from the system.
const DEMONSTRATION_KEY: &[u8; 32] = b"for demonstrations and no more..";

/// The document that says how late it is.
const CLOCK: &str = "now";

/// Where the people are read from.
const EXTRACT: &str = "simulated";

fn main() -> ExitCode {
    args::run(&[], (&VALUED, &FLAGS), USAGE, run)
}

fn run(args: &Args) -> Result<(), Fault> {
    let key = Secret::new(*DEMONSTRATION_KEY)?;
    let keys: Arc<dyn KeyProvider> = Arc::new(Keys::new(KeyVersion::new(1), key));
    let campaign = Campaign::new(&people::playbook(), people::MAILING, &keys)?;
    let file = args.get("store").ok_or(USAGE)?;
    let store = SqliteStore::open(file, campaign.engine().schema())?;
    let said = pollster::block_on(async {
        let mailing = campaign.mailing();
        if args.get("pause").is_some() {
            run::pause(&store, mailing).await?;
        } else if args.get("cancel").is_some() {
            run::cancel(&store, mailing, people::now()).await?;
        } else if args.get("status").is_none() {
            return send(&campaign, &store, &keys, args).await;
        }
        run::status(&store, mailing).await?.ok_or_else(|| format!("{file}: no broadcast").into())
    })?;
    store.close()?;
    Ok(writeln!(std::io::stdout(), "{said}")?)
}

/// Takes in, freezes and sends, each as far as it is not done.
async fn send(
    campaign: &Campaign,
    store: &SqliteStore,
    keys: &Arc<dyn KeyProvider>,
    args: &Args,
) -> Result<Status, Fault> {
    let number = |name| args.get(name).map(str::parse::<u64>).transpose();
    let recipients = number("recipients")?.ok_or(USAGE)?;
    let pause_after = number("pause-after")?.unwrap_or(u64::MAX);
    let channel = Lines::open(args.get("out").ok_or(USAGE)?)?;
    // A run that goes on does not draw the keys again that are given away.
    let drawn = store.cursor(EXTRACT).await?;
    let seed = Seed::new(1).fork(drawn.as_ref().map_or("", Cursor::as_str));
    let vault = store.vault(Arc::clone(keys), Arc::new(SeededEntropy::new(seed)));
    let mut bar = Bar::new(Some(recipients));
    let contacts = people::contacts(recipients, keys);
    let (schema, mailing) = (campaign.engine().schema(), campaign.mailing());
    let watch = &mut |progress| bar.show(progress);
    run::take_in((store, &vault), schema, EXTRACT, contacts, watch).await?;
    run::freeze_audience(campaign, store, people::now(), watch).await?;
    // Whoever runs it again wants it to go on.
    let standing = run::status(store, mailing).await?.map(|status| status.state);
    if standing == Some(State::Paused) {
        run::resume(store, mailing).await?;
    }
    let clock = store.document(CLOCK).await?;
    let mut now = clock.as_deref().map_or(Ok(people::now()), str::parse)?;
    loop {
        let ends: (&dyn Store, &dyn Vault, &dyn Channel) = (store, &vault, &channel);
        let watch = &mut |progress: Progress| {
            bar.show(progress);
            if progress.stage == Stage::Broadcasting && progress.done >= pause_after {
                // What is wrong shows when it goes on.
                let _ = pollster::block_on(run::pause(store, mailing));
            }
        };
        let status = run::broadcast(campaign, ends, now, watch).await?;
        let Some(until) = morning(&status) else {
            bar.finish();
            return Ok(status);
        };
        now = until;
        store.commit(Batch::new().document(CLOCK, now.to_string())).await?;
    }
}

/// When those come who are left, where they do.
fn morning(status: &Status) -> Option<Timestamp> {
    status.until.filter(|_| status.state == State::Running)
}
