//! What is said: choices, templates, and what is wrong with them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bespoke::content::{Block, Content, Context, Template};
use bespoke::engine::{View, Wanted};
use bespoke::error::ErrorKind;
use bespoke::event::Event;
use bespoke::expr::Names;
use bespoke::facts::Timeline;
use bespoke::privacy::{Personal, PersonalRecord};
use bespoke::schema::{Field, Schema};
use bespoke::seed::Seed;
use bespoke::testing::shop::{self, Shop};
use bespoke::time::{Duration, Timestamp};
use bespoke::value::{Fields, Kind, Value};
use bespoke::{Engine, Error, Result};
use proptest::prelude::*;

const NOW: &str = "2026-03-01T09:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn engine() -> Result<Engine> {
    let schema = Schema::new()
        .attribute("city", Kind::Text)
        .attribute("name", Field::from(Kind::Text).personal())
        .attribute("tags", Field::list(Kind::Text))
        .attribute("visits", Kind::Number)
        .event("Order Completed", [("revenue", Kind::Number)]);
    let mut engine = Engine::new(schema)?;
    engine.add_metric("spend", r#"sum("Order Completed".revenue)"#)?;
    engine.add_metric("orders", r#"count("Order Completed")"#)?;
    engine.add_metric("last_order", r#"last("Order Completed")"#)?;
    engine.add_segment("vip", "spend > 2000")?;
    engine.add_block("hero", Block::new(Content::text("Hello!")?))?;
    let city = Content::new("<b>Hello!</b>", "{{ profile.city }}")?;
    let city = Block::new(Content::text("Hello!")?).variant("city", "TRUE", city)?;
    engine.add_block("city", city)?;
    Ok(engine)
}

/// A view of somebody of whom nothing is known but their name.
fn view(engine: &Engine, traits: Fields) -> View {
    let told = Event::identify("p-1", at("2026-01-01T00:00:00Z")).with_fields(traits);
    let timeline = Timeline::of([told], engine.schema());
    engine.evaluate(&timeline.facts(at(NOW)), &Wanted::everything()).unwrap()
}

fn nobody(engine: &Engine) -> View {
    view(engine, Fields::default())
}

/// The parts of a case: what stands below each `--- name`.
fn parts(case: &str) -> BTreeMap<&str, &str> {
    let parts = case.split("--- ").skip(1);
    parts.map(|part| part.split_once('\n').unwrap()).collect()
}

/// Adds what a case holds, a template or a block, and renders it.
fn run(case: &str) -> Result<()> {
    let (mut engine, parts) = (engine()?, parts(case));
    let part = |name: &str| parts.get(name).copied().unwrap_or_default();
    if let Some(subject) = parts.get("subject") {
        let template = Template::new(subject, part("html"), part("text"))?;
        engine.add_template("season", template.given(["unsubscribe_url"]))?;
        return nobody(&engine).letter("season", &Fields::default()).map(drop);
    }
    let block = Block::new(Content::text("Hello!")?);
    let content = Content::new(part("html"), part("text"))?;
    engine.add_block("news", block.variant("special", "TRUE", content)?)?;
    nobody(&engine).render("news").map(drop)
}

#[test]
fn errors_of_the_corpus_read_well() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/templates");
    let mut cases: Vec<_> =
        fs::read_dir(&corpus).unwrap().map(|case| case.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    cases.sort();
    assert!(cases.len() >= 25, "{} cases", cases.len());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(&corpus);
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for path in cases {
            let name = path.file_stem().unwrap().to_str().unwrap();
            let error = run(&fs::read_to_string(&path).unwrap()).expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Template, "{name}");
            insta::assert_snapshot!(name, error.to_string());
        }
    });
}
