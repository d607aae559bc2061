//! Rules asked of tables find the members that the reference finds.

#[path = "../../it/pushdown/law.rs"]
mod law;

use bespoke::id::ProfileId;
use bespoke::segment::pushdown::Dialect;
use bespoke::store::{Batch, Store};
use bespoke::testing::naive::Fact;
use bespoke::testing::strategy::{self, schema};
use bespoke::time::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use tokio_postgres::Client;

use crate::postgres;
use crate::server::{self, Server};
use crate::tables::{Layout, Stored};

/// So many cases, or as many as `PROPTEST_CASES` asks for.
fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let asked = (default.cases != 256).then_some(default.cases);
    ProptestConfig { cases: asked.unwrap_or(cases), failure_persistence: None, ..default }
}

/// What a query finds.
fn found(client: &Client, sql: &str, segments: usize) -> Vec<(ProfileId, Vec<i64>)> {
    let found = server::run(postgres::found(client, sql, segments));
    found.unwrap_or_else(|error| panic!("{error:?}\n{sql}"))
}

#[test]
fn a_table_finds_the_members_that_the_reference_finds() {
    let Some(server) = Server::given() else { return };
    let client = server::run(server.client());
    // A timestamp is none of an earlier year.
    let first = "0001-01-01T00:00:00Z".parse().unwrap();
    let asked = law::asked(strategy::facts(), first);
    let run = TestRunner::new(cases(300)).run(&asked, |asked| {
        let layout = Layout::new(&schema(), Stored::Typed);
        let load = async {
            client.batch_execute("DISCARD TEMP").await?;
            postgres::load(&client, &layout.fill(&asked.events())).await
        };
        server::run(load).unwrap();
        let ask = |sql: &str, segments| found(&client, sql, segments);
        asked.check(Dialect::Postgres, layout.table(), ask)
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn the_views_of_a_store_find_the_members_that_the_reference_finds() {
    let Some(server) = Server::given() else { return };
    let client = server::run(server.client());
    // A store keeps nothing of what was taken back.
    let kept =
        |facts: Vec<Fact>| facts.into_iter().filter(|fact| fact.known_until == Timestamp::MAX);
    let facts = strategy::facts().prop_map(move |facts| kept(facts).collect());
    let run = TestRunner::new(cases(100)).run(&law::asked(facts, Timestamp::MIN), |asked| {
        let events = asked.events().into_iter().map(|(event, _)| event.clone());
        let batch = events.fold(Batch::new(), Batch::event);
        let views = server::run(async {
            let store = server.fresh(&schema()).await;
            store.commit(batch).await.unwrap();
            client.batch_execute(store.views().definition()).await.unwrap();
            store.views()
        });
        let ask = |sql: &str, segments| found(&client, sql, segments);
        asked.check(Dialect::Postgres, views.table().clone(), ask)
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}
