//! Rules asked of tables find the members that the reference finds.

#[path = "../../it/pushdown/law.rs"]
mod law;

use bespoke::segment::pushdown::Dialect;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

use crate::postgres;
use crate::server::{self, Server};
use crate::tables::Stored;

/// So many cases, or as many as `PROPTEST_CASES` asks for.
fn cases(cases: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    let asked = (default.cases != 256).then_some(default.cases);
    ProptestConfig { cases: asked.unwrap_or(cases), failure_persistence: None, ..default }
}

#[test]
fn a_table_finds_the_members_that_the_reference_finds() {
    let Some(server) = Server::given() else { return };
    let client = server::run(server.client());
    let run = TestRunner::new(cases(300)).run(&law::asked(), |asked| {
        asked.check(Dialect::Postgres, Stored::Typed, |tables| {
            let load = async {
                client.batch_execute("DISCARD TEMP").await?;
                postgres::load(&client, tables).await
            };
            server::run(load).unwrap();
            |sql, segments| {
                let found = server::run(postgres::found(&client, sql, segments));
                found.unwrap_or_else(|error| panic!("{error:?}\n{sql}"))
            }
        })
    });
    run.unwrap_or_else(|error| panic!("{error}"));
}
