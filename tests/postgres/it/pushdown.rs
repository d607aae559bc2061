//! Rules asked of tables find the members that the reference finds.

#[path = "../../it/pushdown/law.rs"]
mod law;

use bespoke::event::Event;
use bespoke::expr::Names;
use bespoke::id::ProfileId;
use bespoke::schema::{Field, Schema};
use bespoke::segment::Rule;
use bespoke::segment::pushdown::{Dialect, Pushdown};
use bespoke::store::{Batch, Store};
use bespoke::testing::naive::Fact;
use bespoke::testing::strategy::{self, schema};
use bespoke::time::Timestamp;
use bespoke::value::{Kind, Value};
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

#[test]
fn the_views_of_a_store_hold_every_text_and_tell_people_apart() {
    let Some(server) = Server::given() else { return };
    let schema = Schema::new()
        .event("Note", [("text", Field::from(Kind::Text)), ("lines", Field::list(Kind::Text))]);
    let texts = ["", "\0", "\u{1}", "\u{1}\u{1}", r"\u0000", r"\\u0000", "\\\0", "é", "'"];
    let note = |person: &str, id: &str, text: &str| {
        let note = Event::track(person, "Note", Timestamp::from_micros(1)).with_id(id);
        note.with("text", text).with("lines", Value::from(vec![Value::from(text)]))
    };
    let notes = (0..).zip(texts).map(|(number, text)| note("all", &format!("m-{number}"), text));
    let others = [note("a", "m-1", "x"), note("b", "m-1", "y")];
    let batch = notes.chain(others).fold(Batch::new(), Batch::event);
    let (client, views) = server::run(async {
        let (client, store) = (server.client().await, server.fresh(&schema).await);
        store.commit(batch).await.unwrap();
        // Whoever runs them again has them of the store that they are of.
        for store in [&server.fresh(&schema).await, &store] {
            client.batch_execute(store.views().definition()).await.unwrap();
        }
        (client, store.views())
    });
    let pushdown = Pushdown::new(views.table().clone(), &schema).unwrap();
    let names = Names::new(schema);
    for (rule, member) in [
        ("count(distinct Note.text) = 9", "all"),
        ("count(distinct Note.lines) = 9", "all"),
        (
            r"count(Note where text = '\u0000') = 1 AND count(Note where lines = '\\u0000') = 1",
            "all",
        ),
        ("count(Note where lines = 'x') = 1", "a"),
        ("max(Note.lines) = 'y'", "b"),
    ] {
        let segment = Rule::parse(rule).unwrap().check(&names).unwrap();
        let query = pushdown.query([("rule", segment)], "2026-03-01T00:00:00Z".parse().unwrap());
        let statement = query.on(Dialect::Postgres).unwrap();
        let found = found(&client, statement.sql(), 1);
        assert_eq!(found, [(ProfileId::from(member), vec![2])], "{rule}");
    }
}
