//! The campaign's playbooks: the same in code, compared, and run over the shop's customers.

use bespoke::facts::Timeline;
use bespoke::metric::Engagement;
use bespoke::playbook::{Comparison, MailingPlan, Playbook, SenderPlan, Sort, TopicPlan, What};
use bespoke::scorer::Score;
use bespoke::seed::Seed;
use bespoke::testing::shop::{Shop, schema};
use bespoke::time::{Duration, Timestamp};
use bespoke::value::Kind;

use super::{Files, example, files};

fn open(name: &str) -> Playbook {
    Playbook::open(example(name)).unwrap()
}

fn churn() -> Score {
    serde_json::from_value(serde_json::json!({
        "features": [
            ["recency", "now() - last(\"Order Completed\")"],
            ["frequency", "count(\"Order Completed\" over 365 days)"],
            ["monetary", "sum(\"Order Completed\".revenue over 365 days)"],
            ["tenure", "now() - first(\"Order Completed\")"],
            ["refunds", "count(\"Order Refunded\" over 365 days)"],
        ],
        "eligible": "count(\"Order Completed\" over 90 days) > 0",
        "outcome": "count(\"Order Completed\" over 90 days) = 0",
        "horizon": "90 days",
        "evaluation": "90 days",
        "training": [
            "180 days", "210 days", "240 days", "270 days", "300 days", "330 days", "360 days",
        ],
    }))
    .unwrap()
}

/// The segments, in another order than that of the files.
const RULES: [(&str, &str); 10] = [
    (
        "electronics",
        r#"in_segment('active') AND in_segment('recent_browser')
           AND count("Order Completed" where products.category = 'electronics' over 90 days) > 0"#,
    ),
    ("active", r#"count("Order Completed" over 90 days) > 0"#),
    (
        "at_risk",
        r#"count("Order Completed" over 90 days) = 0 AND count("Order Completed" over 180 days) > 0"#,
    ),
    ("lapsed", r#"count("Order Completed") > 0 AND count("Order Completed" over 180 days) = 0"#),
    (
        "vip",
        r#"sum("Order Completed".revenue over 90 days) > 2000
           AND count("Order Completed" where revenue >= 500) >= 2"#,
    ),
    ("frequent", r#"count("Order Completed" over 30 days) >= 3"#),
    (
        "engaged_frequent",
        r#"engagement > 80 AND count("Order Completed" over 30 days) >= 3
           AND count("Product Viewed") > 10"#,
    ),
    (
        "cart_abandoner",
        r#"count("Product Added" over 24 hours) > 0
           AND count("Order Completed" since last("Product Added")) = 0"#,
    ),
    ("recent_browser", r#"count("Product Viewed" over 7 days) > 0"#),
    (
        "bargain_hunter",
        r#"count("Order Completed") >= 3
           AND count("Order Completed" where coupon IS NOT NULL) >= 0.7 * count("Order Completed")"#,
    ),
];

/// The shop's definitions in code, in another order than that of the files.
fn in_code() -> Playbook {
    let engagement = Engagement::new([
        ("Product Viewed", 2),
        ("Product Added", 4),
        ("Order Completed", 10),
        ("Email Opened", 5),
        ("Email Link Clicked", 10),
    ]);
    let playbook = Playbook::new("shop", schema().attribute("timezone", Kind::Text));
    let playbook = RULES.into_iter().fold(playbook, |book, (name, rule)| book.segment(name, rule));
    playbook
        .library(&library())
        .metric("engagement", engagement)
        .metric("spend_90d", r#"sum("Order Completed".revenue over 90 days)"#)
        .metric("orders", r#"count("Order Completed")"#)
        .metric("last_order", r#"last("Order Completed")"#)
        .score("churn", churn())
        .purpose("marketing", "News and offers by e-mail")
        .topic("season", TopicPlan::new("marketing", "The opening of a season"))
        .sender(SenderPlan::new(
            "The Shop <news@shop.example>",
            "https://shop.example/unsubscribe/",
            "The Shop, 1 High Street, London",
        ))
        .mailing(
            "season",
            MailingPlan::new("newsletter", "marketing")
                .topic("season")
                .cap(2, Duration::days(7))
                .quiet_hours("21:00", "08:00")
                .zone(Some("timezone"), "Europe/Lisbon")
                .given(["unsubscribe_url", "postal_address"]),
        )
}

/// The library of templates that the folder has.
fn library() -> Files {
    let files = files(&example("shop")).into_iter();
    let own = files.filter_map(|(path, text)| {
        path.strip_prefix("library/").map(|path| (path.to_owned(), text.clone()))
    });
    own.collect()
}

#[test]
fn the_folder_and_the_code_are_one_version() {
    let (folder, code) = (open("shop"), in_code());
    assert!(folder.compare(&code).is_empty(), "{}", folder.compare(&code));
    assert_eq!(folder.version(), code.version());
    assert_eq!(code.engine().unwrap().segments().len(), 10);
}

#[test]
fn the_vocabulary_is_that_of_the_simulated_shop() {
    assert_eq!(*open("shop").schema(), schema());
}

#[cfg(feature = "mail")]
#[test]
fn the_sender_is_one_that_mails() {
    for name in ["shop", "retail"] {
        assert!(open(name).sent_by().unwrap().sender().is_ok(), "{name}");
    }
    let wrong = SenderPlan::new("a@b.c\u{e9}", "https://shop.example/u/", "1 High Street");
    assert!(wrong.reply_to("nobody").sender().is_err());
}

#[test]
fn changes_tell_what_is_affected() {
    let old = open("shop");
    let newer = old
        .clone()
        .metric("engagement", Engagement::new([("Email Opened", 5)]))
        .segment("vip", r#"sum("Order Completed".revenue over 90 days) > 1000"#)
        .segment("new", r#"count("Order Completed") = 1"#);
    let changes = old.compare(&newer);
    assert_eq!(changes.of(Sort::Segment, "new").unwrap().what, What::Added);
    assert_eq!(changes.of(Sort::Segment, "vip").unwrap().what, What::Changed);
    let affected = What::Affected(vec![(Sort::Metric, "engagement".into())]);
    assert_eq!(changes.of(Sort::Segment, "engaged_frequent").unwrap().what, affected);
    assert!(changes.of(Sort::Segment, "active").is_none());
    // What is printed is another, whoever sees it.
    let counted = old.compare(&old.clone().metric("orders", r#"count("Order Refunded")"#));
    let affected = What::Affected(vec![(Sort::Metric, "orders".into())]);
    let invitation = counted.of(Sort::Library, "vip/mail.mjml").unwrap();
    assert_eq!(invitation.what, affected);
    assert_eq!(newer.compare(&old).of(Sort::Segment, "new").unwrap().what, What::Removed);
    insta::assert_snapshot!("changes", changes.to_string());
}

#[test]
fn a_comparison_counts_who_enters_and_leaves() {
    let old = open("shop");
    let newer = old
        .clone()
        .segment("vip", r#"sum("Order Completed".revenue over 90 days) > 1000"#)
        .segment("new", r#"count("Order Completed") = 1"#)
        .segment("frequent", r#"count("Order Completed" over 30 days) >= 4"#);
    let now: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
    let people: Vec<_> = Shop::new(Seed::new(1)).customers(600).until(now).into_iter().collect();
    let (before, after) = (old.engine().unwrap(), newer.engine().unwrap());
    let run = |backwards: bool| {
        let mut comparison = Comparison::new(&before, &after).naming(3);
        let mut people: Vec<_> = people.iter().collect();
        if backwards {
            people.reverse();
        }
        for person in people {
            let timeline = Timeline::of(person.events.iter().cloned(), before.schema());
            let facts = timeline.facts(now);
            comparison.add(&person.id, &facts, &facts);
        }
        comparison
    };
    let comparison = run(false);
    assert_eq!(comparison.to_string(), run(true).to_string());
    assert_eq!(comparison.people(), 600);
    let moved = |name: &str| &comparison.segments()[name];
    assert_eq!((moved("active").entering, moved("active").leaving), (0, 0));
    assert!(moved("active").staying > 50);
    assert!(moved("vip").entering > 3 && moved("vip").who_enters.len() == 3);
    assert!(moved("frequent").leaving > 0 && moved("frequent").entering == 0);
    assert!(moved("new").entering > 0 && moved("new").staying == 0);
    // Of the old vip's members, all stay, since the rule asks for less.
    let was = |name: &str| {
        let is_in = |person: &&bespoke::testing::shop::Customer| {
            let timeline = Timeline::of(person.events.iter().cloned(), before.schema());
            before.segments()[name].is_member(&timeline.facts(now))
        };
        people.iter().filter(is_in).count() as u64
    };
    assert_eq!(moved("vip").leaving + moved("vip").staying, was("vip"));
    let switches = comparison.switches("offer");
    assert!(switches.iter().any(|(old, new, _)| (*old, *new) == (Some("fallback"), Some("vip"))));
}
