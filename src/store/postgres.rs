//! A store in a PostgreSQL database.

mod format;
mod link;
mod read;
mod views;
mod write;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::lock::Mutex;
use tokio_postgres::{Client, IsolationLevel, Transaction};

use super::{Addresses, Batch, DecisionRecord, Profile, Store, Timer, judge, place, query};
use crate::claim::Mailing;
use crate::delivery::{Delivery, StateName};
use crate::error::Result;
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::page::{Cursor, Page};
use crate::schema::Schema;
use crate::time::Timestamp;

use link::{Link, Namespace, failed};

pub use views::EventViews;

/// A [`Store`] in a PostgreSQL database: for several processes, on several machines.
///
/// The host opens the connection and drives it, on whatever runtime it has; the store sends its
/// statements over it, and blocks no thread. All tables lie in one namespace (PostgreSQL's word is
/// *schema*), so that they stand beside the host's own.
///
/// Every batch is one transaction. It first raises the versions of the profiles that it writes or
/// names, in the order of their identifiers, by a statement that locks their rows (`INSERT … ON
/// CONFLICT DO UPDATE … RETURNING`). Of two batches from one version the second waits there for the
/// first, sees the version that it left, and is a conflict; that holds under `READ COMMITTED`, which
/// the store asks for. A read is one transaction that sees one instant (`REPEATABLE READ`).
/// Two batches that PostgreSQL finds waiting for each other, or cannot put in an order, are a
/// conflict for one of them.
///
/// A store has one connection, which its calls share one after the other; to read while another
/// writes, open a second. How long to wait for others is the host's to say (`lock_timeout`).
///
/// [`within`](Self::within) gives the same store over another connection, or in a transaction that
/// the host has open, so that its own writes and a batch are kept together or not at all.
///
/// Events are typed by the schema that the store was opened with, as in `SqliteStore`.
///
/// The chapter `guide::store` says what is kept where.
///
/// ```no_run
/// use bespoke::event::Event;
/// use bespoke::schema::Schema;
/// use bespoke::store::{Batch, PostgresStore, Store};
/// use bespoke::value::Kind;
/// # async fn example(
/// #     client: tokio_postgres::Client,
/// #     mut host: tokio_postgres::Client,
/// # ) -> Result<(), Box<dyn std::error::Error>> {
/// // let (client, connection) = tokio_postgres::connect("postgres://…", NoTls).await?;
/// // tokio::spawn(connection);
/// let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
/// let store = PostgresStore::open(client, "bespoke", &schema).await?;
/// let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?)
///     .with("revenue", 620);
/// store.commit(Batch::new().event(order.clone())).await?;
/// assert_eq!(store.profile(&"p-1".into()).await?.events, [order.clone()]);
///
/// // Together with what the host writes itself:
/// let mut transaction = host.transaction().await?;
/// transaction.execute("UPDATE carts SET paid = TRUE WHERE id = 7", &[]).await?;
/// store.within(&mut transaction).commit(Batch::new().event(order)).await?;
/// transaction.commit().await?;
/// # Ok(())
/// # }
/// ```
pub struct PostgresStore<C = Client> {
    connection: Mutex<C>,
    namespace: Namespace,
    schema: Arc<Schema>,
}

/// What transactions are begun on.
///
/// # Contract
/// A transaction of [`Access::Read`] sees one instant if the connection can have it so; one of
/// [`Access::Write`] sees in each statement what was committed before it, as `READ COMMITTED` does,
/// or fails where it cannot. It is rolled back when it is dropped.
///
/// # Implementing
/// For what lends a client out, such as a pool's, pass on to the [`Client`] that it derefs to.
#[async_trait]
pub trait Connection: Send {
    /// Begins a transaction.
    ///
    /// # Errors
    ///
    /// What PostgreSQL or the connection to it answers.
    async fn begin(&mut self, access: Access) -> Result<Transaction<'_>, tokio_postgres::Error>;
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a transaction writes or it does not")]
pub enum Access {
    /// Nothing is written.
    Read,
    /// Something may be.
    Write,
}

#[async_trait]
impl Connection for Client {
    async fn begin(&mut self, access: Access) -> Result<Transaction<'_>, tokio_postgres::Error> {
        let isolation = match access {
            Access::Read => IsolationLevel::RepeatableRead,
            Access::Write => IsolationLevel::ReadCommitted,
        };
        let transaction = self.build_transaction().isolation_level(isolation);
        transaction.read_only(access == Access::Read).start().await
    }
}

/// A savepoint: a call that fails leaves the transaction as it found it.
#[async_trait]
impl Connection for Transaction<'_> {
    async fn begin(&mut self, _: Access) -> Result<Transaction<'_>, tokio_postgres::Error> {
        self.transaction().await
    }
}

#[async_trait]
impl<C: Connection> Connection for &mut C {
    async fn begin(&mut self, access: Access) -> Result<Transaction<'_>, tokio_postgres::Error> {
        (**self).begin(access).await
    }
}

impl<C: Connection> PostgresStore<C> {
    /// Opens the store in this namespace of the database, or makes it there.
    ///
    /// A namespace that is not there is created, for which the connection's role needs the right;
    /// one that is there must be empty or a store's. If the session does not wait for the disk
    /// (`synchronous_commit = off`), it does from now on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] where the namespace holds something else, a newer version wrote it, or
    /// the database's encoding is not UTF-8, and [`ErrorKind::Io`] where it does not answer.
    ///
    /// [`ErrorKind::Format`]: crate::error::ErrorKind::Format
    /// [`ErrorKind::Io`]: crate::error::ErrorKind::Io
    pub async fn open(connection: C, namespace: &str, schema: &Schema) -> Result<Self> {
        let store = Self {
            connection: Mutex::new(connection),
            namespace: Namespace::new(namespace),
            schema: Arc::new(schema.clone()),
        };
        let mut connection = store.connection.lock().await;
        let transaction = connection.begin(Access::Write).await.map_err(failed)?;
        let link = Link::new(transaction, store.namespace.clone());
        format::prepare(&link).await?;
        link.commit().await?;
        drop(connection);
        Ok(store)
    }

    /// The same store over another connection to the database, or in an open transaction of one.
    ///
    /// In a transaction, what is committed is there once the host commits it, and what is read is
    /// what the transaction sees; a call that fails leaves it as it was. The profiles that a batch
    /// writes stay locked until the transaction ends. How it is isolated and whether its commit
    /// waits for the disk is the host's to say.
    pub fn within<D: Connection>(&self, connection: D) -> PostgresStore<D> {
        let (namespace, schema) = (self.namespace.clone(), Arc::clone(&self.schema));
        PostgresStore { connection: Mutex::new(connection), namespace, schema }
    }

    /// The store's events as tables that rules are asked of, by the schema that it was opened with.
    pub fn views(&self) -> EventViews {
        EventViews::new(&self.namespace, &self.schema)
    }

    /// The connection, given back.
    pub fn into_inner(self) -> C {
        self.connection.into_inner()
    }

    /// Runs a step in a transaction of its own.
    async fn transact<T>(
        &self,
        access: Access,
        step: impl AsyncFnOnce(&Link<'_>) -> Result<T>,
    ) -> Result<T> {
        let mut connection = self.connection.lock().await;
        let transaction = connection.begin(access).await.map_err(failed)?;
        let link = Link::new(transaction, self.namespace.clone());
        // Another process may have brought the tables to a newer format since they were opened.
        format::check(&link).await?;
        let answer = step(&link).await?;
        link.commit().await?;
        Ok(answer)
    }
}

#[async_trait]
impl<C: Connection> Store for PostgresStore<C> {
    async fn commit(&self, batch: Batch) -> Result<()> {
        judge::admit(&batch)?;
        self.transact(Access::Write, async |link| write::commit(link, &self.schema, &batch).await)
            .await
    }

    async fn profiles(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<Profile>> {
        let list = ["profiles"];
        let from = query::begin(&list, after)?;
        self.transact(Access::Read, async |link| {
            let found = read::ids(link, &from, place::wanted(limit)).await?;
            let page = place::page(found, limit, |last| place::cursor(&list, last.id.as_str()));
            Ok(Page::new(read::fill(link, &self.schema, page.items).await?, page.next))
        })
        .await
    }

    async fn profile(&self, id: &ProfileId) -> Result<Profile> {
        self.transact(Access::Read, async |link| read::profile(link, &self.schema, id).await).await
    }

    async fn wishes(&self, ids: &[ProfileId]) -> Result<Vec<Profile>> {
        self.transact(Access::Read, async |link| read::people(link, ids).await).await
    }

    async fn addresses(&self, digests: &[Digest]) -> Result<Addresses> {
        self.transact(Access::Read, async |link| read::addresses(link, digests).await).await
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
        let read = async |link: &Link<'_>| read::decisions(link, mailing, &from, wanted).await;
        let found = self.transact(Access::Read, read).await?;
        Ok(place::page(found, limit, |last| place::cursor(&list, last.profile.as_str())))
    }

    async fn decided(
        &self,
        mailing: &Mailing,
        people: &[ProfileId],
    ) -> Result<Vec<DecisionRecord>> {
        let read = async |link: &Link<'_>| read::decided(link, mailing, people).await;
        self.transact(Access::Read, read).await
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
        let read =
            async |link: &Link<'_>| read::deliveries(link, mailing, state, after, wanted).await;
        let found = self.transact(Access::Read, read).await?;
        let page =
            place::page(found, limit, |(number, _)| place::cursor(&list, &number.to_string()));
        Ok(Page::new(page.items.into_iter().map(|(_, found)| found).collect(), page.next))
    }

    async fn timers(&self, now: Timestamp, limit: usize) -> Result<Vec<Timer>> {
        let read = async |link: &Link<'_>| read::timers(link, now, limit.max(1)).await;
        self.transact(Access::Read, read).await
    }

    async fn cursor(&self, source: &str) -> Result<Option<Cursor>> {
        let read = async |link: &Link<'_>| read::one(link, query::CURSOR, source).await;
        Ok(self.transact(Access::Read, read).await?.map(Cursor::new))
    }

    async fn document(&self, name: &str) -> Result<Option<String>> {
        let read = async |link: &Link<'_>| read::one(link, query::DOCUMENT, name).await;
        self.transact(Access::Read, read).await
    }
}

impl<C> fmt::Debug for PostgresStore<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("namespace", &self.namespace).finish_non_exhaustive()
    }
}
