//! What a run stands on: keys, the mailing's campaign, and a store that says what it was filled
//! from.

use std::sync::Arc;

use bespoke::Engine;
use bespoke::key::{KeyProvider, KeyVersion, Keys, Secret};
use bespoke::page::Cursor;
use bespoke::playbook::Playbook;
use bespoke::run::Campaign;
use bespoke::seed::Seed;
use bespoke::store::{Batch, SqliteStore, SqliteVault, Store};
use bespoke::testing::key::SeededEntropy;
use bespoke::time::Timestamp;

use crate::options::Options;
use crate::output::Output;
use crate::people::Fault;

/// A real host takes its key from its key service, and its entropy from the system.
const DEMONSTRATION_KEY: &[u8; 32] = b"for demonstrations and no more..";

/// Whose keys the addresses, the ways out and the messages are made with, and what is sent.
pub(crate) struct Ground {
    pub(crate) keys: Arc<dyn KeyProvider>,
    pub(crate) campaign: Campaign,
}

impl Ground {
    pub(crate) fn new(playbook: &Playbook, options: &Options) -> Result<Self, Fault> {
        let key = Secret::new(*DEMONSTRATION_KEY)?;
        let keys: Arc<dyn KeyProvider> = Arc::new(Keys::new(KeyVersion::new(1), key));
        Ok(Self { campaign: Campaign::new(playbook, &options.mailing, &keys)?, keys })
    }

    /// The vault beside the store.
    pub(crate) fn vault(&self, store: &SqliteStore, extract: &str) -> Result<SqliteVault, Fault> {
        // A run that goes on does not draw the keys again that are given away.
        let drawn = pollster::block_on(store.cursor(extract))?;
        let seed = Seed::new(1).fork(drawn.as_ref().map_or("", Cursor::as_str));
        Ok(store.vault(Arc::clone(&self.keys), Arc::new(SeededEntropy::new(seed))))
    }
}

/// Opens the store and takes from it what a run that goes on does not say again; refuses to mix what
/// is there with something else.
pub(crate) fn open(
    playbook: &Playbook,
    engine: &Engine,
    output: &Output,
    options: &mut Options,
) -> Result<SqliteStore, Fault> {
    let store = SqliteStore::open(output.store(), engine.schema())?;
    pollster::block_on(settle(&store, playbook, options))?;
    Ok(store)
}

async fn settle(
    store: &SqliteStore,
    playbook: &Playbook,
    options: &mut Options,
) -> Result<(), Fault> {
    let mut batch = Batch::new();
    let said = [
        ("source".to_owned(), options.extract()),
        (format!("mailing/{}", options.mailing), format!("playbook {}", playbook.version())),
    ];
    for (name, asked) in said {
        match store.document(&name).await? {
            Some(before) if before != asked => {
                return Err(format!(
                    "{}: its {name} is `{before}`, and asked for is `{asked}`; \
                     name another directory by --out, or another mailing by --mailing",
                    options.directory.display()
                )
                .into());
            }
            Some(_) => {}
            None => batch = batch.document(name, asked),
        }
    }
    let instant = |text: Option<String>| text.map(|text| text.parse::<Timestamp>()).transpose();
    let last = instant(store.document("now").await?)?;
    let now = options.at.or(last).unwrap_or(options.now);
    if let Some(last) = last.filter(|last| now < *last) {
        return Err(format!("--at {now}: the store has come to {last} and cannot go back").into());
    }
    // The shop's history stays what it was; only the clock goes on.
    let until = instant(store.document("until").await?)?.unwrap_or(now);
    (options.now, options.until) = (now, until);
    let batch = batch.document("now", now.to_string()).document("until", until.to_string());
    Ok(store.commit(batch).await?)
}
