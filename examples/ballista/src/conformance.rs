//! Random rules over random files: DataFusion finds the members that the reference finds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use bespoke::Engine;
use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::segment::Segment;
use bespoke::segment::pushdown::{Exactness, Pushdown, Query};
use bespoke::testing::naive::{Fact, World};
use bespoke::testing::strategy::{self, Definitions, events, fill, schema};
use bespoke::time::Timestamp;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use proptest::prelude::*;

use crate::base::write;
use crate::tables::{Layout, Stored};

/// The codes of everybody whom an engine finds.
type Codes = Vec<(ProfileId, Vec<i64>)>;

/// What somebody did, each event with when it is taken back.
type Deeds = Vec<(Event, Option<Timestamp>)>;

/// What some people did, as it was drawn and as events.
struct People(BTreeMap<ProfileId, (Vec<Fact>, Deeds)>);

impl People {
    fn of(facts: Vec<Vec<Fact>>) -> Self {
        let people = facts.into_iter().enumerate().map(|(number, facts)| {
            let person = ProfileId::from(format!("p-{number}"));
            let named = events(&facts).into_iter().map(|(event, until)| {
                let id = format!("{person}-{}", event.id().as_str());
                (event.user(person.clone()).with_id(id), until)
            });
            (person.clone(), (facts, named.collect()))
        });
        Self(people.collect())
    }

    fn timeline(&self, person: &ProfileId) -> Timeline {
        fill(Timeline::new(), &self.0[person].1, &schema())
    }

    /// The files of a base of these people, known to a session.
    async fn session(&self, layout: &Layout, folder: &Path) -> SessionContext {
        let people = self.0.values().flat_map(|(_, events)| events);
        let events: Vec<_> = people.map(|(event, until)| (event, *until)).collect();
        let session = SessionContext::new();
        for table in layout.fill(&events) {
            let path = folder.join(&table.name);
            write(&table, &path).unwrap();
            let options = ParquetReadOptions::default();
            session.register_parquet(&table.name, path.to_str().unwrap(), options).await.unwrap();
        }
        session
    }

    /// Whether somebody is a member by the reference.
    fn is_member(
        &self,
        person: &ProfileId,
        rule: &bespoke::expr::Expr,
        definitions: &Definitions,
        (now, known): (Timestamp, Timestamp),
    ) -> bool {
        let schema = schema();
        let world = World::new(&schema, &self.0[person].0, now)
            .of_person(person.as_str())
            .as_known(known)
            .with_names(&definitions.metrics, &definitions.segments);
        self.timeline(person).facts_as_known(now, known).is_known() && world.is_member(rule)
    }
}

fn engine(definitions: &Definitions) -> (Engine, BTreeMap<Arc<str>, bespoke::expr::Expr>) {
    let mut engine = Engine::new(schema()).unwrap();
    for (name, metric) in &definitions.metrics {
        engine.add_metric(name, &metric.to_string()).unwrap();
    }
    let mut rules = definitions.segments.clone();
    rules.insert("the rule".into(), definitions.rule.clone());
    for (name, segment) in &definitions.segments {
        engine.add_segment(name, &segment.to_string()).unwrap();
    }
    engine.add_segment("the rule", &definitions.rule.to_string()).unwrap();
    (engine, rules)
}

async fn ask(query: &Query, session: &SessionContext) -> (Codes, BTreeMap<Arc<str>, Exactness>) {
    let frame = query.frame(session).await.unwrap();
    let exactness = frame.exactness().clone();
    (frame.rows().await.unwrap(), exactness)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn datafusion_finds_the_members_that_the_reference_finds(
        definitions in strategy::definitions(),
        facts in prop::collection::vec(strategy::facts(), 1..6),
        moments in prop::collection::vec(strategy::moments(), 1..4),
    ) {
        let (engine, rules) = engine(&definitions);
        let segments: Vec<(Arc<str>, Segment)> = engine
            .segments()
            .iter()
            .map(|(name, segment)| (Arc::clone(name), segment.clone()))
            .collect();
        let people = People::of(facts);
        let layout = Layout::new(&schema(), Stored::Typed);
        let pushdown = Pushdown::new(layout.table(), &schema()).unwrap();
        let folder = std::env::temp_dir().join(format!("bespoke-conformance-{}", std::process::id()));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let session = runtime.block_on(people.session(&layout, &folder));
        for (now, known) in moments {
            let query = pushdown.query_as_known(segments.iter().cloned(), now, known);
            let (rows, exactness) = runtime.block_on(ask(&query, &session));
            let found: BTreeMap<_, _> = rows.iter().cloned().collect();
            prop_assert_eq!(found.len(), rows.len(), "somebody has two rows");
            for (number, (name, _)) in segments.iter().enumerate() {
                for person in people.0.keys() {
                    let member = people.is_member(person, &rules[name], &definitions, (now, known));
                    let code = found.get(person).map_or(0, |codes| codes[number]);
                    let right = match (code, &exactness[name]) {
                        (1, exactness) => *exactness != Exactness::Exact,
                        (code, _) => (code == 2) == member,
                    };
                    prop_assert!(right, "{} of {person} at {now} as known at {known}: {code}", rules[name]);
                }
            }
            let members = query.finish(rows, |person| Ok(people.timeline(person))).unwrap();
            for (name, members) in members {
                let expected: BTreeSet<ProfileId> = people
                    .0
                    .keys()
                    .filter(|person| people.is_member(person, &rules[&name], &definitions, (now, known)))
                    .cloned()
                    .collect();
                prop_assert_eq!(members, expected);
            }
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}

/// So many cases, or as many as `PROPTEST_CASES` asks for.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(100)
}

#[test]
fn copies_count_once_and_links_while_they_are_known() {
    use bespoke::segment::Rule;
    use bespoke::segment::pushdown::{Column, Links, Table};
    use datafusion::arrow::array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};

    let text = |cells: Vec<&str>| Arc::new(StringArray::from(cells)) as ArrayRef;
    let instant = |cells: Vec<Option<i64>>| {
        Arc::new(TimestampMicrosecondArray::from(cells).with_timezone("UTC")) as ArrayRef
    };
    let events = RecordBatch::try_from_iter([
        ("who", text(vec!["cookie", "cookie", "p-1", "p-2"])),
        ("id", text(vec!["m-1", "m-1", "m-2", "m-3"])),
        ("name", text(vec!["View"; 4])),
        ("at", instant(vec![Some(1), Some(1), Some(2), Some(3)])),
        ("received", instant(vec![Some(5), Some(9), None, None])),
    ]);
    let links = RecordBatch::try_from_iter([
        ("alias", text(vec!["cookie", "cookie"])),
        ("person", text(vec!["p-1", "p-2"])),
        ("from", instant(vec![None, Some(20)])),
        ("until", instant(vec![Some(20), None])),
    ]);
    let session = SessionContext::new();
    session.register_batch("events", events.unwrap()).unwrap();
    session.register_batch("links", links.unwrap()).unwrap();
    let schema =
        bespoke::schema::Schema::new().event("View", [] as [(&str, bespoke::value::Kind); 0]);
    let instants = |name: &str| Column::timestamp(name);
    let table = Table::new("events", "who", "name", instants("at"))
        .message_id("id")
        .received(instants("received"))
        .with_copies()
        .links(Links::new("links", "alias", "person").known(instants("from"), instants("until")));
    let rule = |text| {
        Rule::parse(text).unwrap().check(&bespoke::expr::Names::new(schema.clone())).unwrap()
    };
    let pushdown = Pushdown::new(table, &schema).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let ask = |now| {
        let segments = [("one", rule("count(View) = 1")), ("two", rule("count(View) = 2"))];
        let query = pushdown.query(segments, Timestamp::from_micros(now));
        let mut rows = runtime.block_on(ask(&query, &session)).0;
        rows.sort();
        rows
    };
    let row = |person: &str, codes: [i64; 2]| (ProfileId::from(person), codes.to_vec());
    assert_eq!(ask(4), [row("p-1", [2, 0]), row("p-2", [2, 0])]);
    assert_eq!(ask(10), [row("p-1", [0, 2]), row("p-2", [2, 0])]);
    assert_eq!(ask(20), [row("p-1", [2, 0]), row("p-2", [0, 2])]);
}
