//! What a report is filled with: person by person, then decision by decision.

use bespoke::Engine;
use bespoke::content::Letter;
use bespoke::delivery::State;
use bespoke::facts::Timeline;
use bespoke::id::{MessageId, ProfileId};
use bespoke::playbook::{BlockPlan, ContentPlan, Playbook};
use bespoke::report::{Collector, Ending, OutcomeCount, Report, Scale};
use bespoke::scorer::{LogisticParams, Sampler, Score};
use bespoke::seed::Seed;
use bespoke::store::DecisionRecord;
use bespoke::testing::shop::{self, Shop};
use bespoke::time::{Duration, Timestamp};

const STATES: [&str; 3] = ["active", "at_risk", "lapsed"];

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

fn playbook() -> Playbook {
    let hero = BlockPlan::new(ContentPlan::text("Hello!"))
        .variant("thanks", "in_segment('active')", ContentPlan::text("Thank you!"))
        .variant("back", "in_segment('lapsed')", ContentPlan::text("Come back!"));
    Playbook::new("shop", shop::schema())
        .metric("orders", r#"count("Order Completed")"#)
        .metric("last_order", r#"last("Order Completed")"#)
        .metric("spend", r#"sum("Order Completed".revenue over 90 days)"#)
        .metric("land", "country")
        .segment("active", r#"count("Order Completed" over 90 days) > 0"#)
        .segment(
            "at_risk",
            r#"count("Order Completed" over 90 days) = 0
               AND count("Order Completed" over 180 days) > 0"#,
        )
        .segment(
            "lapsed",
            r#"count("Order Completed") > 0 AND count("Order Completed" over 180 days) = 0"#,
        )
        .segment("browser", r#"count("Product Viewed" over 60 days) > 0"#)
        .block("hero", hero)
}

fn timelines(engine: &Engine, customers: u32) -> Vec<Timeline> {
    let shop = Shop::new(Seed::new(1)).customers(customers).until(now());
    shop.into_iter().map(|customer| Timeline::of(customer.events, engine.schema())).collect()
}

fn collector(playbook: &Playbook) -> Collector {
    let engine = playbook.engine().unwrap();
    let collector = Collector::new(playbook, &engine, now()).unwrap();
    collector.lifecycle(STATES, "no order yet").unwrap().unit("spend", "EUR")
}

fn decision(number: usize, outcome: &str, hero: &str, segments: &str) -> DecisionRecord {
    let mut record = DecisionRecord::new("spring", format!("p-{number:03}"), now(), outcome);
    let score = (number % 10) as f64 / 10.0;
    record.detail = format!(
        r#"{{"blocks":{{"hero":"{hero}"}},"scores":{{"churn":{score}}},"segments":{{{segments}}}}}"#
    );
    if outcome == "claimed" {
        record.message = Some(MessageId::from(format!("spring-p-{number:03}")));
    }
    record
}

#[test]
fn a_week_is_as_if_it_had_been_asked_about_alone() {
    let (playbook, mut asked) = (playbook(), 0);
    let engine = playbook.engine().unwrap();
    let timelines = timelines(&engine, 150);
    let mut collector = collector(&playbook);
    timelines.iter().for_each(|timeline| collector.person(timeline));
    let lifecycle = collector.finish().unwrap().lifecycle;
    assert_eq!(lifecycle.states, ["active", "at_risk", "lapsed", "no order yet"]);
    assert_eq!(lifecycle.weeks.last().unwrap().at, now());
    for week in &lifecycle.weeks {
        let mut expected = vec![0; 4];
        for timeline in &timelines {
            let facts = timeline.facts_as_known(week.at, now());
            if facts.is_known() {
                let is_in = |name: &&str| engine.segments()[*name].is_member(&facts);
                expected[STATES.iter().position(is_in).unwrap_or(3)] += 1;
                asked += 1;
            }
        }
        assert_eq!(week.counts, expected, "{}", week.at);
    }
    assert!(asked > 1_000, "{asked}");
    let moved = lifecycle.weeks.windows(2).filter(|pair| pair[0].counts != pair[1].counts).count();
    assert!(moved > 20, "{moved}");
}

#[test]
fn figures_are_named_in_words_and_scaled_by_what_they_are() {
    let playbook = playbook();
    let timelines = timelines(&playbook.engine().unwrap(), 150);
    let mut collector = collector(&playbook);
    timelines.iter().for_each(|timeline| collector.person(timeline));
    let report = collector.finish().unwrap();
    assert_eq!(report.head.known, 150);
    let found = report.distributions.iter().map(|it| (&*it.metric, &*it.name, it.scale, &*it.unit));
    let expected = [
        ("last_order", "Days since the last “Order Completed”", Scale::Days, "days"),
        ("orders", "Number of “Order Completed”", Scale::Count, ""),
        ("spend", "Total revenue of “Order Completed” in the last 90 days", Scale::Amount, "EUR"),
    ];
    assert_eq!(found.collect::<Vec<_>>(), expected);
    for it in &report.distributions {
        let counted: u64 = it.bins.iter().map(|bin| bin.count).sum();
        assert_eq!((counted + it.zero + it.without, it.error), (150, 0.0), "{}", it.name);
    }
    assert_eq!(report.metrics.len(), 4);
    assert!(report.events.is_sorted_by(|a, b| a.count >= b.count) && report.events.len() > 3);
}

#[test]
fn decisions_become_outcomes_choices_segments_and_previews() {
    let playbook = playbook();
    let mut collector = collector(&playbook);
    let refused = State::Failed { reason: "mailbox full\nof what was sent to it".into() };
    for number in 0..90 {
        let (hero, segments) = match number % 9 {
            0 => ("back", r#""lapsed":null"#),
            1 => ("fallback", r#""at_risk":null,"browser":null"#),
            _ => ("thanks", r#""active":"2026-05-01T00:00:00Z","browser":null"#),
        };
        let outcome = if number % 3 == 2 { "skipped" } else { "claimed" };
        let mut record = decision(number, outcome, hero, segments);
        record.reason = (outcome == "skipped").then(|| "consent".to_owned());
        let state = if number == 40 { Some(&refused) } else { None };
        let ending = collector.decision(&record, state).unwrap();
        assert_eq!(ending, Ending::of(&record, state));
    }
    let shown = collector.shown();
    assert_eq!(shown, ["p-003", "p-000", "p-001"].map(ProfileId::from));
    collector.letter(&shown[1], Letter::new("Hello", "text", "<p>Hello</p>"));
    let report = collector.finish().unwrap();

    let outcome = OutcomeCount::new;
    let expected = [
        outcome("sent", None, 59),
        outcome("skipped", Some("consent"), 30),
        outcome("failed", Some("mailbox full"), 1),
    ];
    assert_eq!(report.outcomes, expected);
    assert_eq!((report.head.claimed, report.head.accepted), (59, Some(59)));
    assert_eq!((report.head.skipped, report.head.failed), (30, 1));
    let sizes = report.segments.each.iter().map(|it| (&*it.definition.name, it.members));
    assert_eq!(
        sizes.collect::<Vec<_>>(),
        [("active", 70), ("at_risk", 10), ("lapsed", 10), ("browser", 80)]
    );
    assert_eq!(report.segments.both[3], [70, 10, 0, 80]);
    let variants = report.choices[0].variants.iter().map(|it| (&*it.name, it.count));
    assert_eq!(variants.collect::<Vec<_>>(), [("thanks", 70), ("back", 10), ("fallback", 10)]);
    let preview = &report.previews[0];
    assert_eq!((&*preview.profile, preview.recipients), ("p-000", 10));
    assert_eq!(preview.chosen[0].variant.text, "in_segment('lapsed')");
    assert!(report.html().unwrap().contains("one of 10 customers who got these variants"));
}

/// The report of some decisions, whose messages took so many attempts.
fn after(attempts: u32) -> Report {
    let mut collector = collector(&playbook());
    for number in 0..30 {
        let mut record = decision(number, "claimed", "thanks", "");
        // Somebody who was deferred by a run that was stopped is asked about again later.
        record.at = now().plus(Duration::minutes(i64::from(attempts)));
        collector.decision(&record, None).unwrap();
    }
    collector.finish().unwrap()
}

#[test]
fn a_report_knows_nothing_of_attempts() {
    let (once, often) = (after(1), after(7));
    assert_eq!(once, often);
    assert_eq!(once.html().unwrap(), often.html().unwrap());
}

#[test]
fn what_does_not_exist_or_cannot_be_read_is_said() {
    let playbook = playbook();
    let engine = playbook.engine().unwrap();
    let error = Collector::new(&playbook, &engine, now()).unwrap().lifecycle(["activ"], "none");
    let error = error.unwrap_err().to_string();
    assert!(error.contains("no segment `activ`; did you mean `active`?"), "{error}");
    let mut record = decision(1, "skipped", "thanks", "");
    record.detail = r#"{"blocks": 3}"#.into();
    let error = collector(&playbook).decision(&record, None).unwrap_err().to_string();
    assert!(error.contains("the decision of p-001"), "{error}");
}

#[test]
fn a_score_is_shown_as_it_was_judged() {
    let orders = r#"count("Order Completed" over 90 days)"#;
    let churn = Score::new(format!("{orders} > 0"), format!("{orders} = 0"), Duration::days(90))
        .feature("frequency", r#"count("Order Completed" over 365 days)"#);
    let playbook = playbook().score("churn", churn);
    let engine = playbook.engine().unwrap();
    let mut sampler = Sampler::new(&engine.scores()["churn"], now(), Seed::new(1));
    for (number, timeline) in timelines(&engine, 400).iter().enumerate() {
        sampler.observe(&ProfileId::from(format!("p-{number}")), timeline);
    }
    let trained = sampler.finish(&LogisticParams::new()).unwrap();
    let mut collector = collector(&playbook);
    collector.score(&trained.evaluation, trained.scorer.weights());
    (0..40).for_each(|number| {
        collector.decision(&decision(number, "claimed", "thanks", ""), None).unwrap();
    });
    let report = collector.finish().unwrap();
    let score = &report.scores[0];
    assert_eq!(score.evaluation, trained.evaluation);
    assert_eq!(score.eligible.text, format!("{orders} > 0"));
    assert_eq!(score.features[0].weight, trained.scorer.weights().next().map(|(_, weight)| weight));
    assert_eq!(score.today.iter().map(|bin| bin.count).sum::<u64>(), 40);
    // So few that the evaluation is in doubt, which is shown.
    assert!(!trained.evaluation.warnings.is_empty());
    let page = report.html().unwrap();
    assert!(page.contains("What is to be doubted") && page.contains("Score: <bdi>churn</bdi>"));
    let stored: Report = serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap();
    assert_eq!(stored, report);
}
