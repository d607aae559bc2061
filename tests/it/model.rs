//! Models that are kept, and when a score is worked out anew.

use bespoke::error::ErrorKind;
use bespoke::event::Event;
use bespoke::expr::Names;
use bespoke::facts::Timeline;
use bespoke::id::ProfileId;
use bespoke::model::{Card, Registry};
use bespoke::schema::Schema;
use bespoke::scorer::{
    Due, Examples, Labels, LogisticParams, Model, Refresh, Sampler, Score, Scorer, Trained,
};
use bespoke::seed::Seed;
use bespoke::store::{Batch, MemoryStore, SqliteStore, Store};
use bespoke::table::{ColumnKind, Table, cells};
use bespoke::testing::shop::{self, Shop};
use bespoke::time::{Duration, Timestamp};
use bespoke::value::Kind;
use bespoke::{Engine, Error};
use proptest::collection::vec;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A model of somebody's recency; another for another slope.
fn model(slope: i32) -> Model {
    let mut table = Table::new([("recency", ColumnKind::Number)]).unwrap();
    (0..60).for_each(|days| table.push(&cells([f64::from(days)])).unwrap());
    let labels = Labels::classes("churned", (0..60).map(|days| days + days * slope % 20 > 40));
    LogisticParams::new().fit(&Examples::new(table, labels).unwrap()).unwrap()
}

async fn keeps_and_serves(store: &dyn Store) -> Result<(), Error> {
    let (registry, now) = (Registry::new(store), at("2026-03-01T09:00:00Z"));
    let (first, second) = (model(7), model(11));
    assert!(registry.served("churn").await?.is_none());
    for model in [&first, &second, &first] {
        registry.register(&Card::new("churn", model, now), model).await?;
    }
    let history = registry.history("churn").await?;
    assert_eq!(history.versions.len(), 2, "a model is kept once");
    assert!(registry.served("churn").await?.is_none(), "none serves by being kept");
    let unknown = registry.serve("churn", "other", now).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Input);

    registry.serve("churn", first.version(), now).await?;
    registry.serve("churn", second.version(), now.plus(Duration::days(1))).await?;
    registry.serve("churn", second.version(), now.plus(Duration::days(2))).await?;
    let (served, card) = registry.served("churn").await?.unwrap();
    assert_eq!((served.version(), &card), (second.version(), &Card::new("churn", &second, now)));
    for row in 0..60 {
        let of = |model: &Model| model.score(&cells([f64::from(row)])).unwrap().to_bits();
        assert_eq!(of(&served), of(&second), "what was kept scores as before, bit for bit");
    }
    let back = registry.roll_back("churn", now.plus(Duration::days(3))).await?;
    assert_eq!(back.as_deref(), Some(first.version()));
    assert_eq!(registry.served("churn").await?.unwrap().0, first);
    let served: Vec<_> = registry.history("churn").await?.serving;
    assert_eq!(
        served.iter().map(|(_, v)| &**v).collect::<Vec<_>>(),
        [first.version(), second.version(), first.version()]
    );
    assert!(registry.served("other").await?.is_none());
    assert!(registry.roll_back("other", now).await?.is_none());

    let wrong = registry.register(&Card::new("churn", &first, now), &second).await.unwrap_err();
    assert_eq!(wrong.kind(), ErrorKind::Input);
    let name = format!("models/churn/{}", first.version());
    let text = store.document(&name).await?.unwrap();
    for (text, kind) in [
        (text.replace("-0.", "-1."), ErrorKind::Format),
        (text.replace("logistic", "logistical"), ErrorKind::Format),
        ("{}".to_owned(), ErrorKind::Format),
    ] {
        store.commit(Batch::new().document(name.clone(), text)).await?;
        assert_eq!(registry.served("churn").await.unwrap_err().kind(), kind);
    }
    Ok(())
}

#[test]
fn a_registry_keeps_models_and_says_which_serves() {
    pollster::block_on(keeps_and_serves(&MemoryStore::new())).unwrap();
    let folder = std::env::temp_dir().join(format!("bespoke-models-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store = SqliteStore::open(folder.join("models.db"), &shop::schema()).unwrap();
    pollster::block_on(keeps_and_serves(&store)).unwrap();
    drop(store);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_card_says_what_was_learnt_from_what() {
    let orders = r#"count("Order Completed" over 90 days)"#;
    let score = Score::new(format!("{orders} > 0"), format!("{orders} = 0"), Duration::days(90))
        .feature("recency", r#"now() - last("Order Completed")"#)
        .feature("country", "country");
    let mut engine = Engine::new(shop::schema()).unwrap();
    engine.add_score("churn", &score).unwrap();
    let (checked, now) = (&engine.scores()["churn"], at("2026-03-01T09:00:00Z"));
    let mut sampler = Sampler::new(checked, now, Seed::new(1));
    for customer in Shop::new(Seed::new(1)).customers(400) {
        let mut timeline = engine.timeline();
        customer.events.iter().for_each(|event| timeline.insert(event, engine.schema()));
        sampler.observe(&customer.id, &timeline);
    }
    let params = LogisticParams::new();
    let Trained { scorer, evaluation, .. } = sampler.finish(&params).unwrap();
    let card = Card::new("churn", &scorer, now)
        .of(checked)
        .judged(&evaluation)
        .trained(&params, Seed::new(1));
    let text = serde_json::to_string_pretty(&card).unwrap();
    assert_eq!(serde_json::from_str::<Card>(&text).unwrap(), card);
    let definition = card.definition.as_ref().unwrap();
    assert_eq!((&*definition.digest, definition.horizon), (checked.digest(), Duration::days(90)));
    assert_eq!(card.features[1], ("country".into(), Some("country".to_owned())));
    assert!((card.importance.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    let (low, high) = card.evaluation.as_ref().unwrap().auc_interval.unwrap();
    let auc = evaluation.auc.unwrap();
    assert!(low < auc && auc < high && high - low < 0.3, "{low} {auc} {high}");
    assert_eq!((card.seed, card.trainer.unwrap().contains("alpha: 1.0")), (Some(1), true));
}

#[test]
fn an_amount_is_learnt_from_what_came_after_the_snapshot() {
    let spend = r#"sum("Order Completed".revenue over 30 days)"#;
    let score = Score::new("TRUE", spend, Duration::days(30))
        .amount()
        .feature("before", r#"sum("Order Completed".revenue)"#)
        .training([Duration::days(60)]);
    let mut engine = Engine::new(shop::schema()).unwrap();
    engine.add_score("spend", &score).unwrap();
    let now = at("2026-03-01T00:00:00Z");
    let order = |ago: i64, revenue: i32| {
        let at = now.minus(Duration::days(ago));
        Event::track("p-1", "Order Completed", at)
            .with("revenue", revenue)
            .with_id(format!("{ago}"))
    };
    let mut timeline = engine.timeline();
    for event in [order(70, 5), order(60, 7), order(59, 20), order(30, 40), order(29, 80)] {
        timeline.insert(&event, engine.schema());
    }
    let mut sampler = Sampler::new(&engine.scores()["spend"], now, Seed::new(1));
    sampler.observe(&"p-1".into(), &timeline);
    let training = sampler.training();
    // The snapshot itself counts as known then, the horizon as within it.
    assert_eq!(training.table().row(0), cells([12.0]));
    assert_eq!(training.labels(), &Labels::Numbers(vec![60.0]));
    assert_eq!(sampler.evaluation().labels(), &Labels::Numbers(vec![80.0]));
}

#[test]
fn forecasts_are_labels_like_any_other() {
    let schema = Schema::new()
        .event("Order Completed", [("category", Kind::Text)])
        .event("Email Link Clicked", [("campaign_id", Kind::Text)]);
    let now = at("2026-03-01T00:00:00Z");
    let snapshot = now.minus(Duration::days(30));
    let happened = |hours: i64| snapshot.plus(Duration::hours(hours));
    let events = [
        Event::track("p-1", "Order Completed", happened(-5)).with("category", "shoes"),
        Event::track("p-1", "Order Completed", happened(60)).with("category", "books"),
        Event::track("p-1", "Order Completed", happened(90)).with("category", "shoes"),
        Event::track("p-1", "Email Link Clicked", happened(200)),
    ];
    let next = r#"first("Order Completed" over 30 days) - now() + INTERVAL '30 days'"#;
    let category =
        |name: &str| format!(r#"first("Order Completed".category over 30 days) = '{name}'"#);
    let month = |outcome: &str| {
        let score = Score::new("TRUE", outcome, Duration::days(30)).feature("always", "1");
        score.training([Duration::days(60)])
    };
    let label = |score: Score| {
        let score = score.check("forecast", &Names::new(schema.clone())).unwrap();
        let mut sampler = Sampler::new(&score, now, Seed::new(1));
        sampler.observe(&"p-1".into(), &Timeline::of(events.clone(), &schema));
        sampler.evaluation().labels().numbers()
    };
    // Days to the next purchase; of somebody who makes none there is no example.
    assert_eq!(label(month(next).amount()), [2.5]);
    let short = next.replace("30 days", "2 days");
    let short = Score::new("TRUE", short, Duration::days(2)).amount().feature("always", "1");
    assert!(label(short.evaluation(Duration::days(30))).is_empty());
    // The category of the next purchase: a score for each.
    assert_eq!(label(month(&category("books"))), [1.0]);
    assert_eq!(label(month(&category("shoes"))), [0.0]);
    // Whether they respond.
    let responds = r#"count("Email Link Clicked" over 30 days) > 0"#;
    assert_eq!(label(month(responds)), [1.0]);
}

proptest! {
    #[test]
    fn whoever_is_due_is_asked_about_once_and_no_earlier(
        steps in vec((0..4_u8, 0..5_u8, 0..20_i64), 0..60),
    ) {
        let refresh = Refresh::new().on("Order Completed").every(Duration::hours(10));
        let mut due = Due::new(refresh);
        // The same, as a list: who is due when.
        let mut expected: Vec<(Timestamp, ProfileId)> = Vec::new();
        let mut now = at("2026-03-01T00:00:00Z");
        for (step, person, hours) in steps {
            now = now.plus(Duration::hours(hours));
            let person = ProfileId::from(format!("p-{person}"));
            let before = expected.iter().find(|(_, of)| *of == person).map(|(at, _)| *at);
            match step {
                0 => {
                    due.handle_event(&Event::track(person.clone(), "Page Viewed", now), now);
                    continue;
                }
                1 => due.handle_event(&Event::track(person.clone(), "Order Completed", now), now),
                2 => due.handle_told(&person, now),
                _ => due.forget(&person),
            }
            expected.retain(|(_, of)| *of != person);
            match step {
                1 => expected.push((before.map_or(now, |at| at.min(now)), person)),
                2 => expected.push((now.plus(Duration::hours(10)), person)),
                _ => {}
            }
            expected.sort();
            prop_assert_eq!(due.poll_timeout(), expected.first().map(|(at, _)| *at));
            prop_assert_eq!(due.len(), expected.len());
            if hours % 3 == 0 {
                let ready = expected.first().filter(|(at, _)| *at <= now).cloned();
                prop_assert_eq!(due.poll(now), ready.clone().map(|(_, person)| person));
                expected.retain(|it| Some(it) != ready.as_ref());
            }
        }
        prop_assert!(due.is_empty() == expected.is_empty());
    }
}
