//! Scores from outside: what is learnt, what cannot leak, and what is told.

use std::fmt::Write as _;
use std::sync::Arc;

use bespoke::content::{Block, Content};
use bespoke::engine::Wanted;
use bespoke::error::ErrorKind;
use bespoke::event::Event;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::schema::{Field, Schema};
use bespoke::scorer::{
    CheckedScore, Examples, Labels, LogisticParams, Model, Sampler, Score, Scorer, Trained,
};
use bespoke::seed::Seed;
use bespoke::table::{Cell, ColumnKind, Table, cells};
use bespoke::testing::scorer::conforms;
use bespoke::testing::shop::{self, Shop};
use bespoke::time::{Duration, Timestamp};
use bespoke::value::{Kind, Value};
use bespoke::{Engine, Error};
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, proptest};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn schema() -> Schema {
    Schema::new()
        .attribute("age", Kind::Number)
        .attribute("plan", Kind::Text)
        .event("Order Completed", [("revenue", Kind::Number)])
}

fn days(counts: impl IntoIterator<Item = i64>) -> Vec<Duration> {
    counts.into_iter().map(Duration::days).collect()
}

/// Of those who bought within 90 days: who buys nothing in the next 90?
fn churn() -> Score {
    let orders = r#"count("Order Completed" over 90 days)"#;
    Score::new(format!("{orders} > 0"), format!("{orders} = 0"), Duration::days(90))
        .feature("recency", r#"now() - last("Order Completed")"#)
        .feature("frequency", r#"count("Order Completed" over 365 days)"#)
        .feature("monetary", r#"sum("Order Completed".revenue over 365 days)"#)
        .feature("tenure", r#"now() - first("Order Completed")"#)
}

fn with_churn(schema: Schema) -> Engine {
    let mut engine = Engine::new(schema).unwrap();
    engine.add_score("churn", &churn()).unwrap();
    engine
}

// A table that Python makes by the same arithmetic; the outcome has 22 of 40 rows.
fn table() -> Vec<([f64; 2], bool)> {
    let row = |i: u32| {
        let (a, b) = (f64::from(i * 37 % 41), f64::from(i * i * 7 % 29) / 4.0);
        ([a, b], a + 6.0 * b + f64::from(i * 13 % 17) * 2.0 > 55.0)
    };
    (0..40).map(row).collect()
}

fn examples(rows: impl IntoIterator<Item = ([f64; 2], bool)>) -> Examples {
    let (rows, labels): (Vec<[f64; 2]>, Vec<bool>) = rows.into_iter().unzip();
    let mut table = Table::new(["a", "b"].map(|name| (name, ColumnKind::Number))).unwrap();
    rows.iter().for_each(|row| table.push(&cells(*row)).unwrap());
    Examples::new(table, Labels::classes("happened", labels)).unwrap()
}

fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 5e-5, "{found} is not {expected}");
}

// The expected figures of the two tests below are those of scikit-learn 1.9.1:
// LogisticRegression(C=1/alpha, tol=1e-12) on columns standardised by mean and population deviation.

#[test]
fn a_fit_is_that_of_scikit_learn_whichever_class_is_larger() {
    for (alpha, a, b, intercept, p) in [
        (1.0, 1.401_428_163_736_691_9, 1.489_840_822_816_07, 0.362_902_052_395_486, 0.141_372_32),
        (
            10.0,
            0.564_512_230_436_713_1,
            0.605_850_885_062_123_5,
            0.237_693_624_388_571_7,
            0.345_545_8,
        ),
    ] {
        for (rows, sign, p) in [
            (table(), 1.0, p),
            (table().into_iter().map(|(row, happened)| (row, !happened)).collect(), -1.0, 1.0 - p),
        ] {
            let model = LogisticParams::new().alpha(alpha).fit(&examples(rows)).unwrap();
            let weights: Vec<f64> = model.weights().map(|(_, weight)| sign * weight).collect();
            near(weights[0], a);
            near(weights[1], b);
            near(sign * model.intercept().unwrap(), intercept);
            near(model.score(&cells([10.0, 2.0])).unwrap(), p);
            conforms(&model, &table().iter().map(|(row, _)| cells(*row)).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_skewed_feature_with_gaps_is_fitted_as_in_scikit_learn() {
    // log1p of the values, gaps filled with the median of the others, and a column for the gaps.
    let mut spends = Table::new([("spend", ColumnKind::Number)]).unwrap();
    for i in 0_i32..40 {
        let spend = if i % 5 == 0 { f64::NAN } else { 1.5_f64.powi(i % 12) };
        spends.push(&cells([spend])).unwrap();
    }
    let labels = Labels::classes("happened", table().into_iter().map(|(_, happened)| happened));
    let model = LogisticParams::new().fit(&Examples::new(spends, labels).unwrap()).unwrap();
    near(model.weights().next().unwrap().1, 0.226_773_342_594_543_57);
    near(model.score(&cells([3.0])).unwrap(), 0.576_006_302_257_320_2);
    near(model.score(&[Cell::Missing]).unwrap(), 0.277_792_498_322_175_45);
}

#[test]
fn what_cannot_be_learnt_from_is_refused() {
    let moved = |f: fn([f64; 2]) -> [f64; 2]| {
        examples(table().into_iter().map(|(row, happened)| (f(row), happened)))
    };
    let labelled = |happened| examples(table().into_iter().map(|(row, _)| (row, happened)));
    let params = LogisticParams::new();
    for (params, examples, expected) in [
        (params, examples([]), "there are no examples to learn from"),
        (params, labelled(true), "it happened to everybody of the 40 examples"),
        (params, labelled(false), "it happened to nobody of the 40 examples"),
        (params, moved(|_| [1.0, 0.1]), "there is no feature in which people differ"),
        (params, moved(|_| [f64::NAN; 2]), "there is no feature in which people differ"),
        (params.alpha(f64::NAN), moved(|row| row), "the fit failed"),
        (params.alpha(-1.0), moved(|row| row), "the fit failed"),
        (params.max_iterations(1), moved(|row| row), "did not come to an end in 1 iterations"),
    ] {
        let error = params.fit(&examples).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Model);
        assert!(error.to_string().contains(expected), "{error}");
    }
    // A feature that says nothing is left out, the other is learnt from.
    for nothing in [moved(|[a, _]| [a, 0.1]), moved(|[a, _]| [a, f64::NAN])] {
        let model = params.fit(&nothing).unwrap();
        let weights: Vec<f64> = model.weights().map(|(_, weight)| weight).collect();
        assert!(weights[0] > 0.5 && weights[1].abs() <= 0.0, "{weights:?}");
    }
    assert_eq!(examples([]).len(), 0);
}

fn train(score: &CheckedScore, people: &[(ProfileId, Timeline)], now: Timestamp) -> Sampler {
    let mut sampler = Sampler::new(score, now, Seed::new(1));
    people.iter().for_each(|(person, timeline)| sampler.observe(person, timeline));
    sampler
}

fn customers(count: u32, engine: &Engine) -> Vec<(ProfileId, Timeline)> {
    let shop = Shop::new(Seed::new(1)).customers(count);
    let person = |customer: shop::Customer| {
        let mut timeline = engine.timeline();
        customer.events.iter().for_each(|event| timeline.insert(event, engine.schema()));
        (customer.id, timeline)
    };
    shop.into_iter().map(person).collect()
}

const NOW: &str = "2026-03-01T09:00:00Z";

#[test]
fn a_simulated_shop_is_learnt_from_and_judged() {
    let engine = with_churn(shop::schema());
    let people = customers(3_000, &engine);
    let score = &engine.scores()["churn"];
    let sampler = train(score, &people, at(NOW));
    let Trained { scorer, evaluation, .. } =
        sampler.clone().finish(&LogisticParams::new()).unwrap();
    assert!(evaluation.auc.unwrap() > 0.7, "{:?}", evaluation.auc);
    assert!(evaluation.brier < evaluation.base_brier - 0.02, "{evaluation:?}");
    assert!(evaluation.calibration_error < 0.08, "{:?}", evaluation.calibration);
    assert_eq!(evaluation.warnings, Vec::<String>::new());
    assert_eq!(evaluation.model.as_ref(), scorer.version());
    assert_eq!(evaluation.definition.as_ref(), score.digest());
    assert_eq!(evaluation.at, at("2025-12-01T09:00:00Z"));
    assert_eq!(evaluation.labelled, at(NOW));
    assert_eq!(evaluation.scores.counts().iter().sum::<usize>(), evaluation.count);
    assert!(evaluation.roc.len() <= 102 && evaluation.roc.len() > 50);
    let snapshots = evaluation.training.iter();
    assert!(snapshots.clone().all(|snapshot| snapshot.labelled <= evaluation.at));
    assert_eq!(snapshots.map(|snapshot| snapshot.count).sum::<usize>(), sampler.training().len());
    // The level is that of the latest snapshot.
    let latest = evaluation.training.last().unwrap();
    let training = sampler.training();
    let rows = training.snapshots().iter().enumerate().filter(|(_, at)| **at == latest.at);
    let rows: Vec<usize> = rows.map(|(row, _)| row).collect();
    let scores = scorer.score_all(training.select(&rows).table()).unwrap();
    let expected: f64 = scores.iter().sum();
    assert!((expected - latest.positives as f64).abs() < 1e-3, "{expected} {latest:?}");
    let rows: Vec<Vec<Cell>> = training.table().rows().take(50).collect();
    conforms(&scorer, &rows);
    let json = serde_json::to_string(&evaluation).unwrap();
    assert!(json.contains(r#""score":"churn""#) && !json.contains("null"), "{json}");
}

#[test]
fn the_order_of_people_changes_no_bit_and_memory_is_bounded() {
    let engine = with_churn(shop::schema());
    let mut people = customers(800, &engine);
    let score = &engine.scores()["churn"];
    let all = train(score, &people, at(NOW));
    let some = |people: &[(ProfileId, Timeline)]| {
        let mut sampler = Sampler::new(score, at(NOW), Seed::new(1)).limit(300);
        people.iter().for_each(|(person, timeline)| sampler.observe(person, timeline));
        sampler
    };
    let (full, few) = (all.clone().finish(&LogisticParams::new()).unwrap(), some(&people));
    people.reverse();
    let (turned, turned_few) = (train(score, &people, at(NOW)), some(&people));
    assert_eq!(turned.training(), all.training());
    assert_eq!(turned_few.training(), few.training());
    assert_eq!(turned_few.evaluation(), few.evaluation());
    assert_eq!(few.training().len(), 300);
    let turned = turned.finish(&LogisticParams::new()).unwrap();
    assert_eq!(turned.scorer.to_json(), full.scorer.to_json());
    assert_eq!(turned.evaluation, full.evaluation);
    let few = few.finish(&LogisticParams::new()).unwrap();
    assert_ne!(few.scorer, full.scorer);
    let sampled = few.evaluation.warnings.iter().filter(|doubt| doubt.contains("a sample of 300"));
    assert_eq!(sampled.count(), 1, "{:?}", few.evaluation.warnings);
}

#[test]
fn nobody_and_one_class_are_said_to_be_so() {
    let engine = with_churn(schema());
    let score = &engine.scores()["churn"];
    let empty = train(score, &[], at(NOW)).finish(&LogisticParams::new()).unwrap_err();
    assert_eq!(empty.to_string(), "score `churn`: there are no examples to learn from");
    let model = LogisticParams::new().fit(&examples(table())).unwrap();
    let other = train(score, &[], at(NOW)).judge(&model).unwrap_err();
    assert!(other.to_string().contains("a, b instead of recency, frequency"), "{other}");
}

/// Any number that a table takes, `NaN` among them.
fn number() -> impl Strategy<Value = f64> {
    proptest::num::f64::ANY.prop_filter("finite or none", |number| !number.is_infinite())
}

/// What a person does: hours before `now`, hours until it is known, and for how much.
fn deeds() -> impl Strategy<Value = Vec<(i64, i64, u32)>> {
    let hours = -24 * 30..24 * 400_i64;
    vec((hours, 0..24 * 200_i64, 1..500_u32), 0..12)
}

fn orders(deeds: &[(i64, i64, u32)]) -> Vec<Event> {
    let deed = |(index, (ago, late, revenue)): (usize, &(i64, i64, u32))| {
        let happened = at(NOW).minus(Duration::hours(*ago));
        let event = Event::track("p-1", "Order Completed", happened).with("revenue", *revenue);
        event.received(happened.plus(Duration::hours(*late))).with_id(format!("o-{index}"))
    };
    deeds.iter().enumerate().map(deed).collect()
}

fn rows(score: &CheckedScore, events: Vec<Event>) -> (Examples, Examples) {
    let sampler = train(score, &[("p-1".into(), Timeline::of(events, &schema()))], at(NOW));
    (sampler.training(), sampler.evaluation())
}

proptest! {
    #[test]
    fn nothing_after_now_changes_an_example(deeds in deeds(), more in deeds()) {
        let engine = with_churn(schema());
        let score = &engine.scores()["churn"];
        let past = orders(&deeds).into_iter().filter(|event| event.known_from() <= at(NOW) && event.at() <= at(NOW));
        let past: Vec<Event> = past.collect();
        let later = orders(&more).into_iter().map(|event| {
            let id = format!("later-{}", event.id());
            let known = event.known_from().max(at(NOW).next());
            event.received(known).with_id(id)
        });
        let (training, evaluation) = rows(score, past.clone());
        let both = past.into_iter().chain(orders(&deeds).into_iter().filter(|e| e.at() > at(NOW))).chain(later);
        let with_later = rows(score, both.collect());
        prop_assert!(training == with_later.0);
        prop_assert!(evaluation == with_later.1);
    }

    #[test]
    fn nothing_after_a_label_window_changes_a_training_row(deeds in deeds(), more in deeds()) {
        let engine = with_churn(schema());
        let score = &engine.scores()["churn"];
        // The latest training snapshot's labels are known 90 days ago.
        let known = at(NOW).minus(Duration::days(90));
        let before = |event: &Event| event.at() <= known && event.known_from() <= known;
        let kept: Vec<Event> = orders(&deeds).into_iter().filter(before).collect();
        let other = orders(&more).into_iter().map(|event| event.clone().with_id(format!("other-{}", event.id())));
        let changed = kept.iter().cloned().chain(other.filter(|event| !before(event)));
        prop_assert!(rows(score, kept.clone()).0 == rows(score, changed.collect()).0);
        prop_assert!(rows(score, kept.clone()).0 == rows(score, orders(&deeds)).0);
    }

    #[test]
    fn the_order_of_examples_changes_no_bit(shuffled in Just(table()).prop_shuffle()) {
        let params = LogisticParams::new();
        let model = params.fit(&examples(table())).unwrap();
        prop_assert_eq!(params.fit(&examples(shuffled)).unwrap().to_json(), model.to_json());
    }

    #[test]
    fn no_table_makes_a_fit_panic(
        rows in vec(((number(), -1e3..1e3_f64), any::<bool>()), 0..30),
        alpha in 0.0..10.0_f64,
    ) {
        let rows: Vec<_> = rows.into_iter().map(|((a, b), happened)| ([a, b], happened)).collect();
        let fitted = LogisticParams::new().alpha(alpha).fit(&examples(rows.clone()));
        match fitted {
            Ok(model) => {
                for (row, _) in rows {
                    let score = model.score(&cells(row));
                    prop_assert!(score.is_err() || (0.0..=1.0).contains(&score.unwrap()));
                }
                prop_assert_eq!(Model::from_json(&model.to_json()).unwrap(), model);
            }
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Model),
        }
    }
}

#[test]
fn a_snapshot_before_the_first_fact_gives_no_row() {
    let none: [(&str, Kind); 0] = [];
    let names = bespoke::expr::Names::new(Schema::new().event("Order Completed", none));
    let score = Score::new("TRUE", r#"count("Order Completed") > 1"#, Duration::days(30))
        .feature("orders", r#"count("Order Completed")"#)
        .training(days([60, 90]))
        .check("again", &names)
        .unwrap();
    let orders = [70, 40]
        .map(|ago| Event::track("p-1", "Order Completed", at(NOW).minus(Duration::days(ago))));
    let timeline = Timeline::of(orders, names.schema());
    let sampler = train(&score, &[("p-1".into(), timeline)], at(NOW));
    let training = sampler.training();
    assert_eq!(training.table().rows().collect::<Vec<_>>(), [cells([1.0])]);
    assert_eq!(training.labels(), &Labels::classes("again", [true]));
    assert_eq!(training.snapshots(), [at(NOW).minus(Duration::days(60))]);
    assert_eq!(sampler.evaluation().table().row(0), cells([2.0]));
}

/// A model that says the same of everybody.
#[derive(Debug)]
struct Always(f64, Vec<Arc<str>>);

impl Always {
    fn of(score: f64, engine: &Engine) -> Self {
        Self(score, engine.scores()["churn"].features().names().to_vec())
    }
}

impl Scorer for Always {
    fn features(&self) -> &[Arc<str>] {
        &self.1
    }

    fn score(&self, _: &[Cell]) -> Result<f64, Error> {
        Ok(self.0)
    }

    fn version(&self) -> &'static str {
        "always-1"
    }
}

#[test]
fn a_score_that_was_told_chooses_a_block() {
    let mut engine = with_churn(schema());
    let hero = Block::new(Content::text("Hello!").unwrap())
        .variant("back", "churn > 0.7", Content::text("We miss you.").unwrap())
        .unwrap();
    engine.add_block("hero", &hero).unwrap();
    let order = Event::track("p-1", "Order Completed", at("2026-01-10T12:00:00Z"));
    let wanted = Wanted::nothing().block("hero");
    for (says, expected) in [(0.700_000_4, "Hello!"), (0.700_000_6, "We miss you.")] {
        let mut timeline = engine.timeline();
        timeline.insert(&order, engine.schema());
        let view = engine.evaluate(&timeline.facts(at(NOW)), &wanted).unwrap();
        assert_eq!(view.render("hero").unwrap().text, "Hello!", "nothing was told yet");
        let score = &engine.scores()["churn"];
        let scorer = Always::of(says, &engine);
        let told = score.tell(&"p-1".into(), &timeline.facts(at(NOW)), &scorer).unwrap().unwrap();
        // It is an event like any other: written, read back, put in.
        let read = Event::read(&told.to_json(), engine.schema()).unwrap();
        assert_eq!(read, told);
        timeline.insert(&read, engine.schema());
        let view = engine.evaluate(&timeline.facts(at(NOW)), &wanted).unwrap();
        assert_eq!(view.render("hero").unwrap().text, expected);
        let before = at("2026-03-01T08:59:59Z");
        let view = engine.evaluate(&timeline.facts(before), &wanted).unwrap();
        assert_eq!(view.render("hero").unwrap().text, "Hello!", "the past stays what it was");
    }
}

#[test]
fn what_is_told_names_its_origin_and_counts_once() {
    let engine = with_churn(schema());
    let score = &engine.scores()["churn"];
    let order = Event::track("p-1", "Order Completed", at("2026-01-10T12:00:00Z"));
    let mut timeline = Timeline::of([order], engine.schema());
    let tell = |timeline: &Timeline, person: &str, says: f64, now: &str| {
        let scorer = Always::of(says, &engine);
        score.tell(&person.into(), &timeline.facts(at(now)), &scorer)
    };
    let told = tell(&timeline, "p-1", 1.0 / 3.0, NOW).unwrap().unwrap();
    assert_eq!(told.fields().get("churn").unwrap().to_string(), "0.333333");
    assert_eq!((told.at(), told.known_from()), (at(NOW), at(NOW)));
    let context: serde_json::Value =
        serde_json::from_str(told.envelope().find(|(name, _)| *name == "context").unwrap().1)
            .unwrap();
    assert_eq!(context["score"]["name"], "churn");
    assert_eq!(context["score"]["model"], "always-1");
    assert_eq!(context["score"]["definition"], score.digest());
    assert_eq!(context["score"]["at"], "2026-03-01T09:00:00.000000Z");
    let id = |person, says, now| tell(&timeline, person, says, now).unwrap().unwrap().id();
    assert_eq!(id("p-1", 0.5, NOW), told.id());
    assert_ne!(id("p-2", 0.5, NOW), told.id());
    assert_ne!(id("p-1", 0.5, "2026-03-01T09:00:01Z"), told.id());
    for nonsense in [f64::NAN, f64::INFINITY, 1e15] {
        assert_eq!(tell(&timeline, "p-1", nonsense, NOW).unwrap_err().kind(), ErrorKind::Model);
    }
    // Of those of whom it is not asked there is nothing to say, and what was said is unset.
    let late = "2026-08-01T09:00:00Z";
    assert!(tell(&timeline, "p-1", 0.5, late).unwrap().is_none());
    assert!(tell(&Timeline::new(), "p-1", 0.5, NOW).unwrap().is_none());
    timeline.insert(&told, engine.schema());
    let unset = tell(&timeline, "p-1", 0.5, late).unwrap().unwrap();
    assert_eq!(unset.fields().get("churn"), Some(&Value::Null));
    timeline.insert(&unset, engine.schema());
    assert_eq!(timeline.facts(at(late)).attribute("churn"), Some(&Value::Null));
    assert!(tell(&timeline, "p-1", 0.5, late).unwrap().is_none());
    let other = LogisticParams::new().fit(&examples(table())).unwrap();
    let error = score.tell(&"p-1".into(), &timeline.facts(at(NOW)), &other).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Model);
}

#[test]
fn a_digest_follows_what_is_named() {
    let digest = |spend: &str, score: &Score| {
        let mut engine = Engine::new(schema()).unwrap();
        engine.add_metric("spend", spend).unwrap();
        engine.add_metric("twice", "2 * spend").unwrap();
        engine.add_score("churn", score).unwrap();
        engine.scores()["churn"].digest().to_owned()
    };
    let score = churn().feature("twice", "twice");
    let (spend, other) =
        (r#"sum("Order Completed".revenue)"#, r#"sum("Order Completed".revenue over 9 days)"#);
    assert_eq!(digest(spend, &score), digest(spend, &score));
    assert_ne!(digest(spend, &score), digest(other, &score));
    assert_eq!(digest(spend, &churn()), digest(other, &churn()));
    assert_ne!(digest(spend, &churn()), digest(spend, &churn().evaluation(Duration::days(91))));
}

#[test]
fn a_score_goes_through_json() {
    let json = serde_json::to_string(&churn()).unwrap();
    assert_eq!(serde_json::from_str::<Score>(&json).unwrap(), churn());
    assert_eq!(churn().training, days([180, 210, 240, 270, 300, 330, 360]));
}

#[test]
fn what_is_wrong_with_a_score_is_said() {
    let mut engine = Engine::new(schema().attribute("told", Kind::Number)).unwrap();
    engine.add_metric("spend", r#"sum("Order Completed".revenue)"#).unwrap();
    engine.add_metric("of_told", "2 * told").unwrap();
    engine.add_segment("all", "of_told > 0").unwrap();
    engine.add_score("churn", &churn()).unwrap();
    let mut eligible = churn();
    eligible.eligible = "in_segment('all')".to_owned();
    let mut outcome = churn();
    outcome.outcome = "told IS NULL OR spend > 'much'".to_owned();
    let mut reads = churn();
    reads.outcome = "told > 0.5".to_owned();
    let mut horizon = churn();
    horizon.horizon = Duration::ZERO;
    let mut amount = churn().amount();
    amount.outcome = "plan".to_owned();
    let mut bare = churn();
    bare.features.clear();
    let cases = [
        ("feature", "next", churn().feature("spent", "spendd")),
        ("instant", "next", churn().feature("last", r#"last("Order Completed")"#)),
        ("amount", "next", amount),
        ("twice", "next", churn().feature("recency", "1")),
        ("none", "next", bare),
        ("outcome", "next", outcome),
        ("itself-undeclared", "next", churn().feature("before", "next")),
        ("itself-by-metric", "told", churn().feature("before", "of_told")),
        ("itself-by-segment", "told", eligible),
        ("itself-in-outcome", "told", reads),
        ("name-of-score", "churn", churn()),
        ("name-of-metric", "spend", churn()),
        ("name-of-segment", "all", churn()),
        ("name-of-text", "plan", churn()),
        ("name-empty", "", churn()),
        ("horizon", "next", horizon),
        ("evaluation", "next", churn().evaluation(Duration::days(89))),
        ("training", "next", churn().training(days([180, 179]))),
        ("training-twice", "next", churn().training(days([200, 180, 200]))),
        ("training-none", "next", churn().training([])),
    ];
    let mut said = String::new();
    for (case, name, score) in cases {
        let error = engine.add_score(name, &score).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Definition | ErrorKind::Rule));
        write!(said, "{case}\n{error}\n\n").unwrap();
    }
    insta::assert_snapshot!(said);
    assert_eq!(engine.scores().len(), 1);
    // Its own name is a trait now, like one that was declared.
    engine.add_score("told", &churn()).unwrap();
    engine.add_segment("risky", "churn > 0.7 AND told > 0.7").unwrap();
    assert!(engine.add_metric("churn", "1").is_err());
    let personal = schema().attribute("churn", Field::from(Kind::Number).personal());
    assert!(Engine::new(personal).unwrap().add_score("churn", &churn()).is_err());
}

#[test]
fn an_event_that_nobody_declared_is_a_warning() {
    let mut engine = Engine::new(schema().open()).unwrap();
    let score = churn().feature("refunds", r#"count("Order Refunded")"#);
    let warnings = engine.add_score("churn", &score).unwrap();
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].message.contains("Order Refunded"), "{}", warnings[0]);
}
