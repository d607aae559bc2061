//! A store in one SQLite file.

mod database;
mod format;
mod read;
mod vault;
mod write;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;

use super::{Addresses, Batch, DecisionRecord, Profile, Store, Timer, judge, place, query};
use crate::claim::Mailing;
use crate::delivery::{Delivery, StateName};
use crate::error::Result;
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::key::{Entropy, KeyProvider};
use crate::page::{Cursor, Page};
use crate::schema::Schema;
use crate::time::Timestamp;

pub use vault::SqliteVault;

use database::Database;

/// A [`Store`] in one SQLite file: the embedded default.
///
/// Every batch is one transaction, written to disk before [`Store::commit`] answers
/// (`journal_mode=WAL`, `synchronous=FULL`). While the store is open, its newest part is in two
/// files beside it (`-wal`, `-shm`); [`close`](Self::close), or dropping the last store that has
/// the file open, leaves the one file. The same batches in the same order make the same bytes.
///
/// **The calls block.** They are async as the trait has it, but they wait for the disk where they
/// stand: put them on your runtime's pool for blocking work (`spawn_blocking`), or give the store a
/// thread of its own. A store has one connection, which its calls share one after the other. To
/// read while another writes, open the file twice; two writers wait for each other up to five
/// seconds, in one process or in two, and a profile's version keeps them from both winning.
///
/// Events are typed by the schema that the store was opened with: a field that was written as
/// declared and is not any more comes back as an undeclared one.
///
/// The chapter `guide::store` says what is kept where, how to look with the `sqlite3` shell and how
/// to make backups.
///
/// ```
/// use bespoke::event::Event;
/// use bespoke::schema::Schema;
/// use bespoke::store::{Batch, SqliteStore, Store};
/// use bespoke::value::Kind;
///
/// let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
/// let store = SqliteStore::in_memory(&schema)?;
/// let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?)
///     .with("revenue", 620);
/// pollster::block_on(async {
///     store.commit(Batch::new().event(order.clone())).await?;
///     assert_eq!(store.profile(&"p-1".into()).await?.events, [order]);
///     store.close()
/// })
/// # ?;
/// # Ok::<(), bespoke::Error>(())
/// ```
pub struct SqliteStore {
    database: Database,
    schema: Arc<Schema>,
}

impl SqliteStore {
    /// Opens the store in this file, or makes it there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] where the file is none of a store's or a newer version wrote it, and
    /// [`ErrorKind::Io`] where it cannot be read and written.
    ///
    /// [`ErrorKind::Format`]: crate::error::ErrorKind::Format
    /// [`ErrorKind::Io`]: crate::error::ErrorKind::Io
    pub fn open(path: impl AsRef<Path>, schema: &Schema) -> Result<Self> {
        Ok(Self { database: Database::open(path.as_ref())?, schema: Arc::new(schema.clone()) })
    }

    /// A store in memory, which nothing of outlives.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) where there is no memory for it.
    pub fn in_memory(schema: &Schema) -> Result<Self> {
        Ok(Self { database: Database::in_memory()?, schema: Arc::new(schema.clone()) })
    }

    /// A vault in the same file, over the same connection.
    ///
    /// One file is one backup and one thing to guard. Where personal data is to lie apart, in a
    /// file with other rights and backups that expire sooner, open a [`SqliteVault`] of its own.
    pub fn vault(&self, keys: Arc<dyn KeyProvider>, entropy: Arc<dyn Entropy>) -> SqliteVault {
        SqliteVault::new(self.database.clone(), keys, entropy)
    }

    /// Reads the whole file and checks that its tables and indexes agree, as after a crash of the
    /// machine or of a disk. It takes as long as reading does.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) with what is wrong.
    pub fn verify(&self) -> Result<()> {
        self.database.read(database::verify)
    }

    /// Writes everything to the one file and closes it. Dropping does the same, without saying
    /// where it failed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`](crate::error::ErrorKind::Io) where it cannot be written; what was
    /// committed is then in the `-wal` file, and is there when the store is next opened.
    pub fn close(self) -> Result<()> {
        self.database.close()
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn commit(&self, batch: Batch) -> Result<()> {
        judge::admit(&batch)?;
        self.database.write(|db| write::commit(db, &self.schema, &batch))
    }

    async fn profiles(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<Profile>> {
        let list = ["profiles"];
        let from = query::begin(&list, after)?;
        self.database.read(|db| {
            let found = read::ids(db, &from, place::wanted(limit))?;
            let page = place::page(found, limit, |last| place::cursor(&list, last.id.as_str()));
            Ok(Page::new(read::fill(db, &self.schema, page.items)?, page.next))
        })
    }

    async fn profile(&self, id: &ProfileId) -> Result<Profile> {
        self.database.read(|db| read::profile(db, &self.schema, id))
    }

    async fn wishes(&self, ids: &[ProfileId]) -> Result<Vec<Profile>> {
        self.database.read(|db| read::people(db, ids))
    }

    async fn addresses(&self, digests: &[Digest]) -> Result<Addresses> {
        self.database.read(|db| read::addresses(db, digests))
    }

    async fn decisions(
        &self,
        mailing: &Mailing,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<DecisionRecord>> {
        let list = ["decisions", mailing.as_str()];
        let from = query::begin(&list, after)?;
        let wanted = place::wanted(limit);
        let found = self.database.read(|db| read::decisions(db, mailing, &from, wanted))?;
        Ok(place::page(found, limit, |last| place::cursor(&list, last.profile.as_str())))
    }

    async fn decided(
        &self,
        mailing: &Mailing,
        people: &[ProfileId],
    ) -> Result<Vec<DecisionRecord>> {
        self.database.read(|db| read::decided(db, mailing, people))
    }

    async fn deliveries(
        &self,
        mailing: &Mailing,
        state: StateName,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Delivery>> {
        let list = ["deliveries", mailing.as_str(), state.as_str()];
        let after = place::number(&list, after)?;
        let wanted = place::wanted(limit);
        let found = self.database.read(|db| read::deliveries(db, mailing, state, after, wanted))?;
        let page =
            place::page(found, limit, |(number, _)| place::cursor(&list, &number.to_string()));
        Ok(Page::new(page.items.into_iter().map(|(_, found)| found).collect(), page.next))
    }

    async fn timers(&self, now: Timestamp, limit: usize) -> Result<Vec<Timer>> {
        self.database.read(|db| read::timers(db, now, limit.max(1)))
    }

    async fn cursor(&self, source: &str) -> Result<Option<Cursor>> {
        self.database.read(|db| read::cursor(db, source))
    }

    async fn document(&self, name: &str) -> Result<Option<String>> {
        self.database.read(|db| read::document(db, name))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_opens_as_a_store() {
        let path = std::env::temp_dir().join(format!("bespoke-copy-{}.db", std::process::id()));
        let store = SqliteStore::in_memory(&Schema::new()).unwrap();
        pollster::block_on(store.commit(Batch::new().document("model", "text"))).unwrap();
        store.database.copy(&path);
        let copy = SqliteStore::open(&path, &Schema::new()).unwrap();
        copy.verify().unwrap();
        let text = pollster::block_on(copy.document("model")).unwrap();
        copy.close().unwrap();
        std::fs::remove_file(path).unwrap();
        assert_eq!(text.as_deref(), Some("text"));
    }
}
