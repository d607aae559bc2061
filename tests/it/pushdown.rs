//! What an engine answers about tables, against the reference; and how each dialect puts it.

mod law;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use bespoke::event::Event;
use bespoke::expr::Names;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::schema::{BusinessKey, Field, Schema};
use bespoke::segment::pushdown::{Column, Dialect, Links, List, Pushdown, Query, Table};
use bespoke::segment::{Rule, Segment};
use bespoke::testing::strategy::{self, schema};
use bespoke::time::Timestamp;
use bespoke::value::Kind;
use proptest::prelude::*;
use rusqlite::Connection;

use crate::database;
use crate::laws::cases;
use crate::tables::{Layout, Stored};

type Rows = BTreeMap<ProfileId, Vec<i64>>;

fn rows(connection: &Connection, query: &Query, segments: usize) -> Rows {
    let statement = query.on(Dialect::Sqlite).unwrap();
    found(connection, statement.sql(), segments).into_iter().collect()
}

fn found(connection: &Connection, sql: &str, segments: usize) -> Vec<(ProfileId, Vec<i64>)> {
    let rows = database::found(connection, sql, segments);
    rows.unwrap_or_else(|error| panic!("{error}\n{sql}"))
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_table_finds_the_members_that_the_reference_finds(
        asked in law::asked(strategy::facts(), Timestamp::MIN),
    ) {
        let layout = Layout::new(&schema(), Stored::Whole);
        let connection = database::load(&layout.fill(&asked.events())).unwrap();
        let ask = |sql: &str, segments| found(&connection, sql, segments);
        asked.check(Dialect::Sqlite, layout.table(), ask)?;
    }
}

/// A shop's vocabulary and the table of a warehouse that holds it.
fn shop() -> (Schema, Table) {
    shop_in(Column::timestamp, Column::decimal)
}

/// The same with instants and numbers stored in some way.
fn shop_in(
    instant: fn(&'static str) -> Column,
    number: fn(&'static str) -> Column,
) -> (Schema, Table) {
    let schema = Schema::new()
        .attribute("country", Kind::Text)
        .attribute("address", Field::object([("city", Kind::Text)]))
        .event(
            "Order Completed",
            [
                ("revenue", Field::from(Kind::Number)),
                ("gift", Field::from(Kind::Boolean)),
                ("coupon", Field::from(Kind::Text)),
                ("products", Field::list_of([("category", Kind::Text), ("price", Kind::Number)])),
            ],
        )
        .event("Product Viewed", [("category", Kind::Text)]);
    let products = List::new("shop.lines", "order_message")
        .present("has_lines")
        .field(["category"], Column::text("category"))
        .field(["price"], Column::scaled("price_cents", 2));
    let table = Table::new("shop.events", "user_id", "event", instant("happened_at"))
        .message_id("message_id")
        .kind("type")
        .received(instant("received_at"))
        .property(["revenue"], number("revenue"))
        .property(["gift"], Column::boolean("is_gift"))
        .property(["coupon"], Column::text("coupon"))
        .property(["category"], Column::text("category"))
        .list(["products"], products)
        .attribute(["country"], Column::text("country"))
        .attribute(["address", "city"], Column::text("city"))
        .told("country", "tells_country");
    (schema, table)
}

fn segment(rule: &str, names: &Names) -> Segment {
    Rule::parse(rule).unwrap().check(names).unwrap()
}

const NOW: &str = "2026-03-01T00:00:00Z";

fn query(table: Table, schema: &Schema, rules: &[&str]) -> Query {
    let names = Names::new(schema.clone());
    let segments = rules.iter().map(|rule| (*rule, segment(rule, &names)));
    Pushdown::new(table, schema).unwrap().query(segments, NOW.parse().unwrap())
}

#[test]
fn each_dialect_has_its_words() {
    let rules = [
        r#"sum("Order Completed".revenue where gift over 90 days) > 2000 AND country IN ('PT', 'l''Î\le')"#,
        r#"count("Product Viewed" over 24 hours) > 0
            AND count("Order Completed" since last("Product Viewed")) = 0"#,
        r#"avg("Order Completed".products.price where category LIKE 'lux_r\y%') >= 9.5
            OR count("Order Completed" where products.category > 'luxury') >= 2"#,
        "last(\"Order Completed\".coupon over 30 days ending 7 days ago) < 'spring'",
        r#"sum("Order Completed".revenue) > 1.5 * sum("Order Completed".products.price)"#,
    ];
    for dialect in Dialect::ALL {
        let (schema, table) = match dialect {
            Dialect::Sqlite => shop_in(Column::epoch_micros, |name| Column::scaled(name, 6)),
            _ => shop(),
        };
        let statement = query(table, &schema, &rules).on(dialect).unwrap();
        insta::assert_snapshot!(format!("sql-{dialect}"), statement.sql());
    }
}

#[test]
fn links_copies_and_retractions_are_read_from_the_table() {
    let (schema, table) = shop();
    let links = Links::new("shop.links", "alias", "person")
        .known(Column::timestamp("linked_at"), Column::timestamp("unlinked_at"));
    let table = table.links(links).with_copies().known_until(Column::timestamp("retracted_at"));
    let query = query(table, &schema, &[r#"count("Order Completed" over 90 days) >= 3"#]);
    insta::assert_snapshot!("sql-linked", query.on(Dialect::DuckDb).unwrap().sql());
}

#[test]
fn what_a_query_cannot_answer_is_said_with_its_reason() {
    let (schema, table) = shop();
    let schema = schema
        .event("Subscribed", [("plan", Kind::Text)])
        .key("Subscribed", BusinessKey::new("plan"));
    let rules = [
        r#"count("Order Completed" over 90 days) > 2"#,
        r#"count("Order Completed") > 2 AND bucket(10, 'spring') < 3"#,
        r#"country = 'PT' OR funnel("Product Viewed", "Order Completed") = 2"#,
        "address.city = 'Porto'",
        r#"sum("Order Completed".revenue over last 3) > 10"#,
        "count(Subscribed) > 0 AND NOT bucket(10, 'spring') < 3",
        r#"count(Subscribed where plan = 'x') > 0 OR count("Order Completed") > 0"#,
    ];
    let statement = query(table, &schema, &rules).on(Dialect::DuckDb).unwrap();
    let mut said = String::new();
    for (rule, exactness) in statement.exactness() {
        writeln!(said, "{rule}\n  {}", exactness.to_string().replace('\n', "\n  ")).unwrap();
    }
    insta::assert_snapshot!("exactness", said);
}

#[test]
fn a_table_that_does_not_fit_is_refused() {
    let (schema, table) = shop();
    let events = || Table::new("events", "person", "event", Column::epoch_micros("at"));
    for (table, fault) in [
        (
            events().property(["revenu"], Column::decimal("revenue")),
            "the column `revenue`: the schema has no property `revenu`",
        ),
        (
            events().property(["revenue"], Column::text("revenue")),
            "the column `revenue` holds a text, where a number is wanted",
        ),
        (
            events().property(["products"], Column::text("lines")),
            "the column `lines`: the field has parts; give each a column, or a list a table",
        ),
        (
            events().received(Column::text("received")),
            "the column `received` holds a text, where an instant is wanted",
        ),
        (
            events().attribute(["town"], Column::text("town")),
            "the column `town`: the schema has no trait `town`",
        ),
        (
            events().list(["products"], List::new("lines", "id").value(Column::text("line"))),
            "the column `line`: the elements are objects; give each field a column",
        ),
        (
            events().list(["lines"], List::new("lines", "id")),
            "the table `lines`: the schema has no list `lines`",
        ),
        (
            events().with_copies(),
            "lists and copies are found by `messageId`, and the table has no column of them",
        ),
    ] {
        assert_eq!(table.check(&schema).unwrap_err().detail(), fault);
    }
    let refused = query(table, &schema, &["country = 'PT'"]).on(Dialect::Sqlite).unwrap_err();
    assert!(refused.detail().starts_with("the column `happened_at`: SQLite"), "{refused}");
}

#[test]
fn a_layout_fits_its_schema_however_it_is_stored() {
    for stored in [Stored::Typed, Stored::Whole] {
        let table = Layout::new(&schema(), stored).table();
        table.check(&schema()).unwrap();
        let query = query(table, &schema(), &["vip"]);
        assert_eq!(query.on(Dialect::Sqlite).is_ok(), stored == Stored::Whole);
    }
}

#[test]
fn a_row_of_another_query_is_refused() {
    let (schema, table) = shop();
    let query = query(table, &schema, &["country = 'PT'"]);
    for codes in [vec![], vec![3], vec![2, 2]] {
        let settled = query.settle(&codes, || Ok(Timeline::new()));
        assert!(settled.is_err(), "{codes:?}");
    }
    // Of whom nothing is known, nobody is a member.
    assert!(query.settle(&[1], || Ok(Timeline::new())).unwrap().is_empty());
}

/// A database with these statements run.
fn database_of(script: &str) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(script).unwrap();
    connection
}

#[test]
fn patterns_mean_the_same_in_sqlite() {
    let texts = ["", "a*b", "a?b", "axb", "[x]", "x", "A*b", r"a\b", "é", "名前", "it's"];
    let schema = Schema::new().event("Note", [("text", Kind::Text)]);
    let names = Names::new(schema.clone());
    let values = texts.map(|text| format!("('p{}', 'Note', 1, '{0}')", text.replace('\'', "''")));
    let connection = database_of(&format!(
        "CREATE TABLE events (person, event, at, note); INSERT INTO events VALUES {};",
        values.join(", ")
    ));
    let table = Table::new("events", "person", "event", Column::epoch_micros("at"))
        .property(["text"], Column::text("note"));
    let pushdown = Pushdown::new(table, &schema).unwrap();
    for pattern in ["", "%", "a*b", "a?b", "a_b", "[x]", "[_]", "%*%", r"a\b", "_", "É", "it''_"] {
        let rule = format!("count(Note where text LIKE '{pattern}') > 0");
        let segment = segment(&rule, &names);
        let query = pushdown.query([("rule", segment.clone())], NOW.parse().unwrap());
        let found = rows(&connection, &query, 1).into_keys().map(|person| person.to_string());
        let is_member = |text: &&str| {
            let note = Event::track("p", "Note", Timestamp::from_micros(1)).with("text", *text);
            let timeline = Timeline::of([note], &schema);
            segment.is_member(&timeline.facts(NOW.parse().unwrap()))
        };
        let expected = texts.into_iter().filter(is_member).map(|text| format!("p{text}"));
        assert_eq!(found.collect::<BTreeSet<_>>(), expected.collect(), "{rule}");
    }
}

fn count_orders(table: Table, connection: &Connection, at_least: u32, now: &str) -> Vec<String> {
    let schema = Schema::new().event("Order", [] as [(&str, Kind); 0]);
    let names = Names::new(schema.clone());
    let segment = segment(&format!("count(Order) >= {at_least}"), &names);
    let query = Pushdown::new(table, &schema).unwrap();
    let query = query.query([("rule", segment)], now.parse().unwrap());
    rows(connection, &query, 1).into_keys().map(|person| person.to_string()).collect()
}

#[test]
fn of_copies_the_one_known_first_counts() {
    let connection = database_of(
        "CREATE TABLE events (person, event, at, id, received);
         INSERT INTO events VALUES ('a', 'Order', 1, 'm-1', 5), ('a', 'Order', 1, 'm-1', 3),
             ('a', 'Order', 2, 'm-2', NULL), ('b', 'Order', 1, 'm-3', 9);",
    );
    let table = Table::new("events", "person", "event", Column::epoch_micros("at"))
        .message_id("id")
        .received(Column::epoch_micros("received"));
    let at = "1970-01-01T00:00:00.000004Z";
    assert_eq!(count_orders(table.clone().with_copies(), &connection, 2, at), ["a"]);
    assert!(count_orders(table.clone().with_copies(), &connection, 3, NOW).is_empty());
    assert_eq!(count_orders(table, &connection, 3, NOW), ["a"]);
}

#[test]
fn linked_identifiers_are_one_person_while_the_link_is_known() {
    let connection = database_of(
        "CREATE TABLE events (person, event, at);
         INSERT INTO events VALUES ('a', 'Order', 1), ('x', 'Order', 2), ('y', 'Order', 2);
         CREATE TABLE links (alias, person, linked, unlinked);
         INSERT INTO links VALUES ('x', 'a', 3, 5), ('y', 'b', NULL, NULL);",
    );
    let links = Links::new("links", "alias", "person")
        .known(Column::epoch_micros("linked"), Column::epoch_micros("unlinked"));
    let table = Table::new("events", "person", "event", Column::epoch_micros("at")).links(links);
    for (micros, people) in [(2, &["a", "b", "x"][..]), (3, &["a", "b"]), (5, &["a", "b", "x"])] {
        let now = format!("1970-01-01T00:00:00.{micros:06}Z");
        assert_eq!(count_orders(table.clone(), &connection, 1, &now), people, "{micros}");
        let two = if micros == 3 { &["a"][..] } else { &[] };
        assert_eq!(count_orders(table.clone(), &connection, 2, &now), two, "{micros}");
    }
}
