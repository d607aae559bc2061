//! One question, asked and measured.

use std::collections::BTreeMap;
use std::error::Error;
use std::time::Instant;

use bespoke::error::{Error as Fault, ErrorKind};
use bespoke::expr::Names;
use bespoke::schema::Schema;
use bespoke::segment::Rule;
use bespoke::segment::pushdown::{Column, Pushdown, Table};
use bespoke::value::Kind;
use cpu_time::ProcessTime;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use serde_json::json;

use crate::questions::{Question, now};

type Done<T> = Result<T, Box<dyn Error>>;

/// The members of each segment, in their order.
type Members = BTreeMap<String, Vec<i64>>;

/// Asks a question so many times, and prints what it took and what came out.
pub(crate) fn run(engine: &str, question: Question, file: &str, times: usize) -> Done<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        let (mut cpu, mut wall) = (Vec::new(), Vec::new());
        let mut members = Members::new();
        for _ in 0..times {
            // Nothing that an earlier time has read is at hand.
            let session =
                SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
            session.register_parquet("events", file, ParquetReadOptions::default()).await?;
            let (clock, begun) = (ProcessTime::now(), Instant::now());
            members = match engine {
                "bespoke" => by_rule(&session, question).await?,
                _ => by_hand(&session, question).await?,
            };
            cpu.push(clock.elapsed().as_secs_f64());
            wall.push(begun.elapsed().as_secs_f64());
        }
        println!("{}", json!({"cpu": cpu, "wall": wall, "peak": peak()?, "members": members}));
        Ok(())
    })
}

/// Reads the rules and asks them.
async fn by_rule(session: &SessionContext, question: Question) -> Done<Members> {
    let schema = ["page_view", "search", "email_open", "email_click"].into_iter();
    let schema =
        schema.fold(Schema::new(), |schema, name| schema.event(name, [] as [(&str, Kind); 0]));
    let category = ("category", Kind::Text);
    let schema = schema
        .event("product_view", [category])
        .event("add_to_cart", [category])
        .event("purchase", [category, ("amount", Kind::Number)]);
    let table = Table::new("events", "customer_id", "name", Column::timestamp("time"))
        .property(["category"], Column::text("category"))
        .property(["amount"], Column::decimal("amount"));
    let names = Names::new(schema.clone());
    let segments =
        question.rules.iter().map(|(name, rule)| Ok((*name, Rule::parse(rule)?.check(&names)?)));
    let segments = segments.collect::<Result<Vec<_>, Fault>>()?;
    let query = Pushdown::new(table, &schema)?.query(segments, now());
    let rows = query.frame(session).await?.rows().await?;
    let asked = |_: &_| Err(Fault::new(ErrorKind::Rule, "nobody has to be asked about"));
    let mut members = Members::new();
    for (name, people) in query.finish(rows, asked)? {
        let mut people: Vec<i64> =
            people.iter().map(|person| person.as_str().parse()).collect::<Result<_, _>>()?;
        people.sort_unstable();
        members.insert(name.to_string(), people);
    }
    Ok(members)
}

/// Asks in SQL.
async fn by_hand(session: &SessionContext, question: Question) -> Done<Members> {
    let names = || question.rules.iter().map(|(name, _)| (*name).to_owned());
    let mut members: Members = names().map(|name| (name, Vec::new())).collect();
    for batch in session.sql(&question.sql()).await?.collect().await? {
        let people = batch.column(0).as_primitive::<Int64Type>();
        for (number, name) in names().enumerate() {
            let is_member = batch.column(number + 1).as_boolean();
            let found = people.values().iter().zip(is_member.values());
            let found = found.filter(|(_, is_member)| *is_member).map(|(person, _)| *person);
            members.entry(name).or_default().extend(found);
        }
    }
    members.values_mut().for_each(|people| people.sort_unstable());
    Ok(members)
}

/// The most memory that the process had, in mebibytes.
fn peak() -> Done<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = line.and_then(|line| line.trim().strip_suffix(" kB")).unwrap_or("0").parse()?;
    Ok(kib / 1024)
}
