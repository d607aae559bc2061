//! The server that the environment names, and what lies in it.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use bespoke::schema::Schema;
use bespoke::store::PostgresStore;
use tokio::runtime::Runtime;
use tokio_postgres::{Client, Config, NoTls};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

/// A server; each test has namespaces of its own there.
#[derive(Clone, Debug)]
pub struct Server {
    address: String,
    config: Config,
}

impl Server {
    pub fn new(address: &str) -> Self {
        let config = address.parse().expect("an address of a server");
        Self { address: address.to_owned(), config }
    }

    /// The one that the environment names.
    #[expect(clippy::disallowed_methods, reason = "the tests are told by it where the server is")]
    pub fn given() -> Option<Self> {
        let given = std::env::var("BESPOKE_POSTGRES").ok();
        if given.is_none() {
            println!("skipped: BESPOKE_POSTGRES names no server");
        }
        given.map(|address| Self::new(&address))
    }

    /// Its address as programs are given it.
    pub fn url(&self) -> String {
        if self.address.contains("://") {
            return self.address.clone();
        }
        let settings: Vec<&str> = self.address.split_whitespace().collect();
        format!("postgres:///?{}", settings.join("&"))
    }

    /// A connection, which is driven as long as it is used.
    pub async fn client(&self) -> Client {
        let (client, connection) = self.config.connect(NoTls).await.expect("the server answers");
        tokio::spawn(connection);
        client
    }

    pub async fn open(&self, namespace: &str, schema: &Schema) -> PostgresStore {
        PostgresStore::open(self.client().await, namespace, schema).await.expect("a store")
    }

    /// An empty store.
    pub async fn fresh(&self, schema: &Schema) -> PostgresStore {
        self.open(&namespace(), schema).await
    }
}

/// Runs to the end with a runtime at hand.
pub fn run<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.block_on(future)
}

/// A namespace that nobody has.
pub fn namespace() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("test \"{}\"-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}
