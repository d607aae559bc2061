//! The engine from outside: names, parts that use parts, and what may be shared between threads.

use bespoke::content::{Block, Chooser, Content, Letter, Template};
use bespoke::engine::{View, Wanted};
use bespoke::error::ErrorKind;
use bespoke::event::Event;
use bespoke::facts::{Facts, Timeline};
use bespoke::gate::{Decision, Permit, Standing};
use bespoke::identity::Hasher;
use bespoke::key::KeyProvider;
use bespoke::metric::{Engagement, Measure, Metric};
use bespoke::privacy::Vault;
use bespoke::schema::Schema;
use bespoke::segment::Membership;
use bespoke::segment::{Rule, Segment};
use bespoke::source::{Ingest, Source};
use bespoke::time::{Timestamp, Valid};
use bespoke::value::{Fields, Kind, Value};
use bespoke::{Engine, Error};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn engine() -> Engine {
    let schema = Schema::new()
        .attribute("country", Kind::Text)
        .event("Order Completed", [("revenue", Kind::Number)])
        .event("Product Viewed", [("sku", Kind::Text)]);
    Engine::new(schema).unwrap()
}

fn block(text: &str) -> Block {
    Block::new(Content::text(text).unwrap())
}

fn template(text: &str) -> Template {
    Template::new("Hello", "", text).unwrap()
}

/// Metrics on metrics, segments on both, blocks on all.
fn full() -> Engine {
    let mut engine = engine();
    engine.add_metric("spend", r#"sum("Order Completed".revenue over 90 days)"#).unwrap();
    engine.add_metric("doubled", "2 * spend").unwrap();
    engine.add_engagement("engagement", &Engagement::new([("Product Viewed", 50)])).unwrap();
    engine.add_segment("rich", "doubled > 1000 AND country = 'PT'").unwrap();
    engine.add_segment("keen", "engagement >= 50").unwrap();
    engine.add_segment("best", "in_segment('rich') AND in_segment('keen')").unwrap();
    let hero = block("Hello!")
        .variant("best", "in_segment('best')", Content::text("{{ metrics.doubled }}").unwrap())
        .unwrap()
        .variant("rich", "in_segment('rich') AND spend > 0", Content::text("rich").unwrap())
        .unwrap();
    engine.add_block("hero", &hero).unwrap();
    engine.add_template("season", template("{{ blocks.hero }} {{ segments.best }}")).unwrap();
    engine
}

fn timeline(engine: &Engine) -> Timeline {
    let order = Event::track("p-1", "Order Completed", at("2026-02-01T12:00:00Z"));
    let viewed = Event::track("p-1", "Product Viewed", at("2026-02-20T12:00:00Z"));
    let told = Event::identify("p-1", at("2026-01-01T00:00:00Z")).with("country", "PT");
    Timeline::of([order.with("revenue", 620), viewed, told], engine.schema())
}

fn evaluate(engine: &Engine, wanted: &Wanted) -> Result<View, Error> {
    engine.evaluate(&timeline(engine).facts(at("2026-03-01T00:00:00Z")), wanted)
}

#[test]
fn parts_use_the_parts_before_them() {
    let engine = full();
    let view = evaluate(&engine, &Wanted::everything()).unwrap();
    let number = |name: &str| view.metrics()[name].value.to_string();
    assert_eq!((number("spend"), number("doubled")), ("620".to_owned(), "1240".to_owned()));
    assert!(view.is_in("rich") && view.is_in("keen") && view.is_in("best"));
    assert_eq!(&*view.choices()["hero"].variant, "best");
    assert_eq!(view.letter("season", &Fields::default()).unwrap().text, "1240 True");
    // The view leaves the engagement's window of 30 days before the order leaves its own.
    let leaves = Some(at("2026-03-22T12:00:00Z"));
    assert_eq!(view.until("best"), leaves);
    assert_eq!(view.choices()["hero"].until, leaves);
    assert_eq!(view.until("rich"), Some(at("2026-05-02T12:00:00Z")));
}

#[test]
fn traits_metrics_and_segments_share_one_namespace() {
    let engine = full();
    for taken in ["country", "spend", "engagement", "rich"] {
        let mut clone = engine.clone();
        let score = Engagement::new([("Product Viewed", 1)]);
        for (what, error) in [
            ("metric", clone.add_metric(taken, "1 * spend").unwrap_err()),
            ("metric", clone.add_engagement(taken, &score).unwrap_err()),
            ("segment", clone.add_segment(taken, "TRUE").unwrap_err()),
        ] {
            assert_eq!(error.kind(), ErrorKind::Definition, "{taken}: {error}");
            let expected = format!("{what} `{taken}`: the name `{taken}` is taken");
            assert!(error.to_string().starts_with(&expected), "{error}");
        }
        assert_eq!(clone.metrics().len(), engine.metrics().len());
        assert_eq!(clone.segments().len(), engine.segments().len());
    }
    // Blocks and templates are named apart: rules do not read them.
    let mut clone = engine;
    clone.add_block("spend", &block("x")).unwrap();
    clone.add_template("spend", template("x")).unwrap();
    for error in [
        clone.add_block("spend", &block("y")).unwrap_err(),
        clone.add_template("spend", template("y")).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Definition);
        assert!(error.to_string().contains("`spend` already"), "{error}");
    }
}

#[test]
fn a_name_is_not_empty() {
    let mut engine = engine();
    for error in [
        engine.add_metric("", "1").unwrap_err(),
        engine.add_segment("", "TRUE").unwrap_err(),
        engine.add_block("", &block("x")).unwrap_err(),
        engine.add_template("", template("x")).unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Definition, "{error}");
    }
}

#[test]
fn nothing_refers_to_itself_or_to_what_comes_later() {
    let mut engine = engine();
    let metric = engine.add_metric("spend", "spend + 1").unwrap_err();
    let segment = engine.add_segment("vip", "in_segment('vip')").unwrap_err();
    let later = engine.add_segment("rich", "wealth > 5").unwrap_err();
    let mutual = engine.add_segment("a", "NOT in_segment('b')").unwrap_err();
    let own = block("x").variant("v", "in_segment('hero')", Content::text("x").unwrap()).unwrap();
    let own = engine.add_block("hero", &own).unwrap_err();
    let held = engine.add_template("season", template("{{ blocks.season }}")).unwrap_err();
    for (error, kind, expected) in [
        (metric, ErrorKind::Rule, "metric `spend`: there is no trait or metric `spend`"),
        (segment, ErrorKind::Rule, "segment `vip`: there is no segment `vip`"),
        (later, ErrorKind::Rule, "segment `rich`: there is no trait or metric `wealth`"),
        (mutual, ErrorKind::Rule, "segment `a`: there is no segment `b`"),
        (own, ErrorKind::Rule, "block `hero`: variant `v`: there is no segment `hero`"),
        (held, ErrorKind::Template, "template `season`: text: there is no `season` in `blocks`"),
    ] {
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().starts_with(expected), "{error}");
    }
    // What failed left nothing behind.
    assert!(engine.metrics().is_empty() && engine.segments().is_empty());
    assert!(engine.blocks().is_empty());
    engine.add_metric("spend", r#"sum("Order Completed".revenue)"#).unwrap();
}

#[test]
fn what_is_wanted_and_not_there_names_the_nearest() {
    let engine = full();
    for (wanted, expected) in [
        (Wanted::nothing().metric("spent"), "there is no metric `spent`; did you mean `spend`?"),
        (Wanted::nothing().segment("ritch"), "there is no segment `ritch`; did you mean `rich`?"),
        (Wanted::nothing().block("heros"), "there is no block `heros`; did you mean `hero`?"),
        (Wanted::nothing().segment("spend"), "there is no segment `spend`"),
        (Wanted::nothing().segment("rich").block("zzzz"), "there is no block `zzzz`"),
    ] {
        let error = evaluate(&engine, &wanted).unwrap_err();
        assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::Definition, expected));
    }
    let view = evaluate(&engine, &Wanted::everything()).unwrap();
    let error = view.render("herro").unwrap_err();
    assert_eq!(error.to_string(), "there is no block `herro`; did you mean `hero`?");
    let error = view.letter("seasn", &Fields::default()).unwrap_err();
    assert_eq!(error.to_string(), "there is no template `seasn`; did you mean `season`?");
}

#[test]
fn a_view_holds_what_was_asked_for() {
    let engine = full();
    let view = evaluate(&engine, &Wanted::nothing().segment("rich")).unwrap();
    assert_eq!(view.memberships().len(), 1);
    assert!(view.metrics().is_empty() && view.choices().is_empty());
    assert_eq!(view.membership("rich").map(|valid| valid.value), Some(Membership::In));
    assert_eq!(view.membership("keen"), None);
    assert!(!view.is_in("keen") && !view.is_in("no such segment"));
    let error = view.render("hero").unwrap_err();
    assert_eq!(error.to_string(), "the block `hero` was not asked for");
    let error = view.letter("season", &Fields::default()).unwrap_err();
    assert_eq!(error.to_string(), "template `season`: the block `hero` was not asked for");
    // A block whose variant prints a metric that was not asked for is an error, not an empty line.
    let view = evaluate(&engine, &Wanted::nothing().block("hero")).unwrap();
    let error = view.render("hero").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Template);
    assert!(error.to_string().contains("nothing is known of `metrics.doubled`"), "{error}");
}

#[test]
fn a_clone_goes_its_own_way() {
    let mut one = full();
    let before = evaluate(&one, &Wanted::everything()).unwrap();
    let mut other = one.clone();
    other.add_segment("new", "TRUE").unwrap();
    other.add_block("new", &block("new")).unwrap();
    assert!(!one.segments().contains_key("new") && !one.blocks().contains_key("new"));
    one.add_segment("new", "FALSE").unwrap();
    assert!(evaluate(&other, &Wanted::everything()).unwrap().is_in("new"));
    assert!(!evaluate(&one, &Wanted::everything()).unwrap().is_in("new"));
    // A view keeps the engine that it was made by.
    assert_eq!(before.memberships().len(), 3);
    assert_eq!(before.letter("season", &Fields::default()).unwrap().text, "1240 True");
}

#[test]
fn an_undeclared_event_is_an_error_or_a_warning() {
    let mut closed = engine();
    let error = closed.add_segment("a", r#"count("Order Complete") > 0"#).unwrap_err();
    assert!(error.to_string().contains("did you mean `Order Completed`?"), "{error}");
    let mut open = Engine::new(closed.schema().clone().open()).unwrap();
    let warnings = open.add_segment("a", r#"count("Order Complete") > 0"#).unwrap();
    let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
    assert_eq!(warning.message, "there is no event `Order Complete`");
    assert_eq!(open.add_metric("b", "1 * 2").map_err(|error| error.kind()), Ok(vec![]));
}

#[test]
fn a_schema_that_contradicts_itself_makes_no_engine() {
    use bespoke::schema::BusinessKey;
    let schema = Schema::new()
        .event("Order Completed", [("revenue", Kind::Number)])
        .key("Order Completed", BusinessKey::new("order_id"));
    assert_eq!(Engine::new(schema).unwrap_err().kind(), ErrorKind::Schema);
}

#[test]
fn two_evaluations_are_equal() {
    let engine = full();
    let show = |engine: &Engine| {
        let view = evaluate(engine, &Wanted::everything()).unwrap();
        let letter = view.letter("season", &Fields::default()).unwrap();
        format!(
            "{:?} {:?} {:?} {}",
            view.metrics(),
            view.memberships(),
            view.choices(),
            letter.text
        )
    };
    assert_eq!(show(&engine), show(&engine.clone()));
    assert_eq!(show(&engine), show(&full()));
}

#[test]
fn everything_may_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    fn any<T: Send + Sync + ?Sized>() {}
    fn sent<T: Send + ?Sized>() {}
    shared::<Engine>();
    shared::<View>();
    shared::<Wanted>();
    shared::<Rule>();
    shared::<Segment>();
    shared::<Metric>();
    shared::<Measure>();
    shared::<Block>();
    shared::<Chooser>();
    shared::<Content>();
    shared::<Template>();
    shared::<Letter>();
    shared::<Schema>();
    shared::<Event>();
    shared::<Value>();
    shared::<Timeline>();
    shared::<Facts<'static>>();
    shared::<Ingest>();
    shared::<Hasher>();
    shared::<Standing>();
    shared::<Decision>();
    shared::<Permit>();
    shared::<Error>();
    #[cfg(feature = "mail")]
    {
        shared::<bespoke::email::Composer>();
        shared::<bespoke::email::Message>();
        shared::<bespoke::email::Sender>();
    }
    any::<dyn KeyProvider>();
    any::<dyn Vault>();
    // A source is read by one at a time.
    sent::<dyn Source>();
}

#[test]
fn segments_upon_segments_are_each_asked_once() {
    let mut engine = engine();
    engine.add_segment("level-0", "count(\"Order Completed\" over 90 days) > 0").unwrap();
    for level in 1..60 {
        let below = format!("in_segment('level-{}')", level - 1);
        let rule = format!("{below} OR count(* where {below}) > 0 AND {below}");
        engine.add_segment(&format!("level-{level}"), &rule).unwrap();
    }
    engine.add_metric("total-0", "count(\"Order Completed\")").unwrap();
    for level in 1..40 {
        let below = format!("\"total-{}\"", level - 1);
        engine.add_metric(&format!("total-{level}"), &format!("{below} + {below}")).unwrap();
    }
    let order = Event::track("p", "Order Completed", "2026-02-01T12:00:00Z".parse().unwrap());
    let mut timeline = engine.timeline();
    timeline.insert(&order, engine.schema());
    let facts = timeline.facts("2026-03-01T00:00:00Z".parse().unwrap());
    let until = Some("2026-05-02T12:00:00Z".parse().unwrap());
    let top = &engine.segments()["level-59"];
    assert!(top.is_member(&facts));
    assert_eq!(top.evaluate(&facts), Valid::until(true, until));
    assert!(top.explain(&facts).clauses.len() < 200);
    let doubled = engine.metrics()["total-39"].evaluate(&facts).value;
    assert_eq!(doubled.to_string(), (1_u64 << 39).to_string());
}

#[test]
fn bounds_that_nothing_lies_between_are_no_trouble() {
    let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
    let mut engine = Engine::new(schema).unwrap();
    let rule = r#"count("Order Completed" over 1 day) BETWEEN 2 AND -1"#;
    engine.add_segment("nobody", rule).unwrap();
    let mut timeline = engine.timeline();
    let order = Event::track("p-1", "Order Completed", "2026-03-02T00:00:00Z".parse().unwrap());
    timeline.insert(&order, engine.schema());
    let facts = timeline.facts("2026-03-01T00:00:00Z".parse().unwrap());
    assert!(!engine.segments()["nobody"].evaluate(&facts).value);
}
