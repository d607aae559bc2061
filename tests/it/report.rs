//! The report's page: what it shows, that nothing in it comes alive, and that it takes odd figures.

use std::path::Path;

use bespoke::expr::Expr;
use bespoke::report::{
    Bin, BlockDefinition, Choices, Chosen, Count, Definition, Distribution, Feature,
    LifecycleCounter, OutcomeCount, Preview, Quality, Report, Scale, Score, SegmentCounter,
};
use bespoke::scorer::Evaluation;
use bespoke::stats::{Histogram, Spread, nice_edges};
use bespoke::time::{Duration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

const NOW: &str = "2026-03-01T09:00:00Z";

/// A name that tries to be more than a name.
const ODD: &str =
    "<script>alert('x')</script> \"&amp;\" מבצע 🎉 a name of more than eighty letters, all told";

const SEGMENTS: [(&str, &str); 10] = [
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
        "cart_abandoner",
        r#"count("Product Added" over 24 hours) > 0
           AND count("Order Completed" since last("Product Added")) = 0"#,
    ),
    ("recent_browser", r#"count("Product Viewed" over 7 days) > 0"#),
    (
        "electronics",
        r#"in_segment('active') AND in_segment('recent_browser')
           AND count("Order Completed" where products.category = 'electronics' over 90 days) > 0"#,
    ),
    (
        "bargain_hunter",
        r#"count("Order Completed") >= 3
           AND count("Order Completed" where coupon IS NOT NULL) >= 0.7 * count("Order Completed")"#,
    ),
    (ODD, "country IN ('PT', '</code><script>')"),
];

fn define(name: &str, text: &str) -> Definition {
    Definition::new(name, text, Expr::parse(text).unwrap().words())
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn full() -> Report {
    let mut report = Report::default();
    head(&mut report);
    figures(&mut report);
    report.scores = vec![score()];
    content(&mut report);
    report
}

fn head(report: &mut Report) {
    let head = &mut report.head;
    head.playbook = "season".into();
    head.version = "3f9c1b7e20d4".into();
    head.mailing = "Spring opening 2026".into();
    head.at = Some(at(NOW));
    head.source = "online_retail.csv.gz".into();
    (head.known, head.claimed, head.accepted) = (1_234_567, 846_120, Some(845_998));
    (head.deferred, head.skipped, head.failed) = (61_204, 327_221, 22);
    head.notes = vec!["Consent was assumed by flag: this file has none.".into()];
    let mut quality = Quality::default();
    (quality.read, quality.accepted, quality.merged) = (1_067_371, 794_563, 33_714);
    quality.rejected = [
        ("no-customer", 227_041),
        ("not-a-product", 8_941),
        ("no-price", 2_842),
        ("no-quantity", 219),
        ("bad-number", 48),
        ("adjustment", 3),
    ]
    .map(|(reason, count)| Count::new(reason, count))
    .into();
    quality.rounded = 1_204;
    report.quality = Some(quality);
    report.events = [
        ("Product Viewed", 9_310_221),
        ("Email Opened", 2_841_007),
        ("Product Added", 1_002_518),
        ("Order Completed", 794_563),
        ("Order Refunded", 18_744),
    ]
    .map(|(name, count)| Count::new(name, count))
    .into();
    report.outcomes = vec![
        OutcomeCount::new("claimed", None, 846_120),
        OutcomeCount::new("deferred", Some("quiet-hours"), 48_120),
        OutcomeCount::new("deferred", Some("frequency-cap"), 13_084),
        OutcomeCount::new("skipped", Some("consent"), 288_410),
        OutcomeCount::new("skipped", Some("holdout"), 30_201),
        OutcomeCount::new("skipped", Some("suppressed"), 8_610),
        OutcomeCount::new("failed", Some(ODD), 22),
    ];
}

/// A small base of customers, each as odd as the arithmetic makes them.
fn figures(report: &mut Report) {
    let mut segments =
        SegmentCounter::new(SEGMENTS.iter().map(|(name, rule)| define(name, rule)).collect());
    let instants = (0..53).rev().map(|weeks| at(NOW).minus(Duration::weeks(weeks)));
    let mut lifecycle = LifecycleCounter::new(["new", "active", "at risk", "lapsed"], instants);
    let (mut spend, mut recency, mut orders) = (Spread::new(), Spread::new(), Spread::new());
    for person in 0_u32..4_000 {
        let mixed = person.wrapping_mul(2_654_435_761) >> 8;
        let recent = f64::from(mixed % 1000) / 1000.0;
        let loyal = f64::from(mixed / 1000 % 1000) / 1000.0;
        let days = 4.0 + 700.0 * recent.powi(2) * (1.2 - loyal);
        let amount = 12.0 * (1.0 + loyal * 5.5).exp() * (1.15 - recent);
        spend.add(if days < 200.0 { (amount * 100.0).round() / 100.0 } else { 0.0 }).unwrap();
        recency.add(days.floor()).unwrap();
        orders.add((loyal * 3.0).exp().floor() - 1.0).unwrap();
        let conditions = [
            days <= 90.0,
            days > 90.0 && days <= 180.0,
            days > 180.0,
            amount > 1400.0 && days <= 90.0,
            loyal > 0.8 && days <= 30.0,
            mixed % 37 == 0,
            mixed % 5 == 0 || days < 20.0,
            days <= 90.0 && mixed % 10 == 0,
            mixed % 11 == 0,
            mixed % 4001 == 4000,
        ];
        let names = SEGMENTS.iter().map(|(name, _)| *name).zip(conditions);
        segments.add(names.filter_map(|(name, member)| member.then_some(name)));
        let since = person / 60;
        lifecycle.add((0..53_u32).map(|week| {
            let age = (week + 14).checked_sub(since)?;
            let idle = f64::from(age) * 7.0 * (1.0 - loyal).powi(2);
            Some(match age {
                0..=4 => 0,
                _ if idle < 60.0 => 1,
                _ if idle < 110.0 => 2,
                _ => 3,
            })
        }));
    }
    report.segments = segments.finish();
    report.lifecycle = lifecycle.finish();
    let distribution = |name: &str, metric: &str, values: &Spread, scale| {
        let mut distribution = Distribution::of(name, values, scale).unwrap();
        distribution.metric = metric.into();
        distribution
    };
    report.distributions = vec![
        distribution("Spend in the last 200 days", "spend", &spend, Scale::Amount),
        distribution("Time since the last order", "recency", &recency, Scale::Days),
        distribution("Orders", "orders", &orders, Scale::Count),
    ];
    let spend = &mut report.distributions[0];
    spend.unit = "EUR".into();
    spend.caption = "What customers spent, refunds taken off.".into();
    report.distributions[1].without = 17;
}

fn score() -> Score {
    let mut score = Score::new(evaluation());
    score.eligible = define("eligible", r#"count("Order Completed" over 365 days) > 0"#);
    score.outcome = define("outcome", r#"count("Order Completed" over 30 days) > 0"#);
    score.horizon = Some(Duration::days(30));
    let mut today = Histogram::new(nice_edges(0.0, 1.0, 20).unwrap(), []).unwrap();
    for person in 0..4_000 {
        let place = f64::from(person) / 4_000.0;
        today.add(place.powi(3) * 0.85 + 0.02, 1).unwrap();
    }
    score = score.today(&today);
    score.features = [
        ("days_since_order", r#"now() - last("Order Completed")"#, -1.214),
        ("orders_90d", r#"count("Order Completed" over 90 days)"#, 0.842),
        ("spend_90d", r#"sum("Order Completed".revenue over 90 days)"#, 0.377),
        ("views_7d", r#"count("Product Viewed" over 7 days)"#, 0.291),
        ("refunds", r#"count("Order Refunded" over 365 days)"#, -0.088),
    ]
    .map(|(name, metric, weight)| Feature::new(define(name, metric), Some(weight)))
    .into();
    score
}

/// As it is stored, or comes from a host that judged its model elsewhere.
fn evaluation() -> Evaluation {
    let bands = [
        (0.03, 0.025, 1_204),
        (0.08, 0.091, 880),
        (0.15, 0.139, 702),
        (0.24, 0.262, 561),
        (0.35, 0.331, 402),
        (0.48, 0.502, 271),
        (0.61, 0.577, 184),
    ];
    let bands = bands.map(|(forecast, observed, count)| {
        let half = 1.96 * (observed * (1.0 - observed) / f64::from(count)).sqrt();
        json!({"count": count, "positives": count / 5, "forecast": forecast, "observed": observed,
               "interval": [observed - half, observed + half]})
    });
    let roc = (0..=60).map(|step| f64::from(step) / 60.0);
    let roc = roc.map(|x| json!({"false_positives": x, "true_positives": x.powf(0.28)}));
    let snapshot = |at: &str, labelled: &str, count: u32| json!({"at": at, "labelled": labelled, "count": count, "positives": count / 5});
    let evaluation = json!({
        "score": "will_order",
        "definition": "6c0e",
        "model": "b81f22c09a7766554433221100",
        "now": NOW,
        "at": "2026-01-30T09:00:00Z",
        "labelled": NOW,
        "training": [
            snapshot("2025-12-01T09:00:00Z", "2025-12-31T09:00:00Z", 4_100),
            snapshot("2025-12-31T09:00:00Z", "2026-01-30T09:00:00Z", 4_212),
        ],
        "count": 4_204,
        "positives": 861,
        "base_rate": 0.2048,
        "forecast": 0.2611,
        "auc": 0.7812,
        "brier": 0.1327,
        "base_brier": 0.1629,
        "log_loss": 0.4311,
        "calibration_error": 0.0163,
        "calibration": bands,
        "roc": roc.collect::<Vec<_>>(),
        "scores": {"edges": [0.0, 0.5, 1.0], "counts": [3_749, 455], "below": 0, "above": 0},
        "warnings": ["26.1 % were expected and 20.5 % came: outcomes have shifted since the training"],
    });
    serde_json::from_value(evaluation).unwrap()
}

fn content(report: &mut Report) {
    let cart = define("cart", "in_segment('cart_abandoner')");
    let loyal = define("loyal", "in_segment('vip') OR in_segment('frequent')");
    let fallback = Definition::new("fallback", "", "");
    report.choices = vec![
        Choices::new(
            "hero",
            vec![
                Count::new("cart", 22_310),
                Count::new("loyal", 101_455),
                Count::new("come-back", 402_117),
                Count::new("fallback", 320_238),
            ],
        ),
        Choices::new("offer", vec![Count::new("vip", 31_022), Count::new("fallback", 815_098)]),
    ];
    let chosen = [cart.clone(), loyal.clone(), fallback.clone()];
    report.previews = (0..6).map(|number| preview(number, &chosen[number % 3])).collect();
    report.metrics = vec![
        define("spend_90d", r#"sum("Order Completed".revenue over 90 days)"#),
        define("orders", r#"count("Order Completed")"#),
        define("last_order", r#"last("Order Completed")"#),
    ];
    report.blocks = vec![BlockDefinition::new("hero", vec![cart, loyal, fallback])];
}

fn preview(number: usize, variant: &Definition) -> Preview {
    let mut preview = Preview::default();
    preview.profile = format!("c{}", 12_346 + number * 17);
    preview.subject = format!("Dear customer, the season is open ({})", variant.name);
    preview.html = r#"<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Season</title>
<link rel="preconnect" href="https://elsewhere.example">
<style>body{margin:0;font:16px/1.5 Georgia,serif;color:#222}main{max-width:560px;margin:0 auto;padding:24px}
h1{font-size:28px;line-height:1.2}.button{display:inline-block;background:#14532d;color:#fff;padding:12px 20px;text-decoration:none}
.three{display:flex;gap:12px;flex-wrap:wrap}.three div{flex:1 1 140px;background:#f3efe6;padding:40px 12px;text-align:center}</style></head>
<body onload="document.title='ran'"><main><p>Dear customer,</p><h1>The season is open</h1>
<script>document.body.textContent = 'a script ran'</script>
<img src="https://elsewhere.example/pixel.gif" alt="" width="1" height="1">
<p>You left something in your cart, and we have kept it for you. Have a look at what is new, too.</p>
<div class="three"><div>Linen shirt</div><div>Garden chair</div><div>Watering can</div></div>
<p><a class="button" href="https://elsewhere.example/shop">See what is new</a></p>
<hr><p><small>1 Market Square, Lisboa · <a href="https://elsewhere.example/out">Unsubscribe</a></small></p></main></body></html>"#
    .into();
    preview.recipients = 1 + 99 * number as u64;
    preview.chosen = vec![Chosen::new("hero", variant.clone())];
    preview
}

/// The headings, captions and charts' descriptions of a page, without its tags.
fn outline(page: &str) -> String {
    const ELEMENTS: [(&str, &str); 8] = [
        ("<h1", "</h1>"),
        ("<h2", "</h2>"),
        ("<h3", "</h3>"),
        ("<h4", "</h4>"),
        ("<p class=\"caption\"", "</p>"),
        ("<p class=\"empty\"", "</p>"),
        ("<figcaption", "</figcaption>"),
        ("aria-label=\"", "\""),
    ];
    let body = page.split_once("<body>").unwrap().1;
    let mut lines = Vec::new();
    for (begins, ends) in ELEMENTS {
        let mut rest = body;
        while let Some((_, from)) = rest.split_once(begins) {
            let (text, after) = from.split_once(ends).unwrap();
            let text = if ends == "\"" { text.to_owned() } else { stripped(text) };
            let kind = begins.trim_start_matches('<').split(['=', ' ']).next().unwrap();
            lines.push((body.len() - from.len(), format!("{kind}: {}\n", text.trim())));
            rest = after;
        }
    }
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

/// The text of HTML that begins within a tag.
fn stripped(html: &str) -> String {
    html.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text)).collect()
}

/// The page without the mails in it.
fn without_mail(page: &str) -> String {
    let mut parts = page.split("srcdoc=\"");
    let first = parts.next().unwrap().to_owned();
    parts.fold(first, |page, part| page + part.split_once('"').unwrap().1)
}

#[test]
fn a_campaign_is_shown_in_full() {
    let page = full().html().unwrap();
    // Where to look at it.
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.html"), &page).unwrap();
    insta::assert_snapshot!(outline(&page));
    assert_eq!(page, full().html().unwrap());
    let stored = serde_json::to_string(&full()).unwrap();
    let read: Report = serde_json::from_str(&stored).unwrap();
    assert_eq!(read.html().unwrap(), page);
}

#[test]
fn nothing_in_the_page_comes_alive_or_from_elsewhere() {
    let page = full().html().unwrap();
    let own = without_mail(&page);
    for token in
        ["<script", "http:", "https:", "url(", "@import", "<link", "onload", "src=", "javascript:"]
    {
        assert!(!own.contains(token), "{token}");
    }
    // What a mail brings along stays within its attribute, and its frame has no rights.
    assert_eq!(page.matches("<iframe sandbox=\"\" ").count(), 12);
    assert_eq!(page.matches("<iframe").count(), 12);
    assert!(!page.contains("<script"));
    assert!(page.contains("&lt;script&gt;alert("));
    assert!(!page.contains("&lt;link"));
}

#[test]
fn an_empty_report_says_what_is_missing() {
    let page = Report::default().html().unwrap();
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("report-empty.html"), &page)
        .unwrap();
    insta::assert_snapshot!(outline(&page));
}

#[test]
fn headings_are_in_order_and_names_are_unique() {
    let page = full().html().unwrap();
    let levels = page.split("<h").skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10));
    let levels: Vec<u32> = levels.collect();
    assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1);
    assert!(levels.windows(2).all(|pair| pair[1] <= pair[0] + 1), "{levels:?}");
    let mut ids: Vec<&str> =
        page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    ids.sort_unstable();
    let count = ids.len();
    ids.dedup();
    assert_eq!(ids.len(), count);
    for link in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(ids.contains(&link), "{link}");
    }
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::MIN),
        Just(0.0),
        Just(-0.0),
        -1.0..2.0_f64,
        any::<f64>()
    ]
}

fn count() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(u64::MAX), 0..10_u64, any::<u64>()]
}

fn bins() -> impl Strategy<Value = Vec<Bin>> {
    let bin = (proptest::option::of(number()), proptest::option::of(number()), count());
    proptest::collection::vec(bin.prop_map(|(from, to, count)| Bin::new(from, to, count)), 0..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn odd_figures_make_a_page(
        name in "\\PC{0,90}",
        counts in proptest::collection::vec(count(), 4),
        bins in bins(),
        numbers in proptest::collection::vec(number(), 6),
        scale in prop_oneof![
            Just(Scale::Amount), Just(Scale::Count), Just(Scale::Days), Just(Scale::Level)
        ],
    ) {
        // Would leave an attribute, or an element, if it were not escaped there.
        let name = format!("\"'><script>{name}");
        let mut report = full();
        report.head.mailing.clone_from(&name);
        report.head.known = counts[0];
        report.segments.known = counts[1];
        report.segments.each[0].definition.name.clone_from(&name);
        report.segments.each[0].members = counts[2];
        report.lifecycle.weeks[3].counts = counts.clone();
        report.lifecycle.weeks.truncate(7);
        let mut distribution = Distribution::default();
        distribution.bins.clone_from(&bins);
        distribution.median = Some(numbers[0]);
        distribution.scale = scale;
        distribution.name = name;
        report.distributions.push(distribution);
        let score = &mut report.scores[0];
        score.today = bins;
        score.features[0].weight = Some(numbers[5]);
        let evaluation = &mut score.evaluation;
        evaluation.auc = Some(numbers[1]);
        (evaluation.brier, evaluation.base_brier) = (numbers[2], numbers[0]);
        (evaluation.base_rate, evaluation.forecast) = (numbers[4], numbers[5]);
        evaluation.calibration_error = numbers[3];
        let point = evaluation.roc.last_mut().unwrap();
        (point.false_positives, point.true_positives) = (numbers[3], numbers[4]);
        let band = &mut evaluation.calibration[0];
        (band.forecast, band.observed, band.interval) =
            (numbers[0], numbers[1], (numbers[2], numbers[5]));
        band.count = usize::try_from(counts[3]).unwrap();
        let page = report.html();
        prop_assert!(page.is_ok(), "{}", page.unwrap_err());
        let page = without_mail(&page.unwrap());
        prop_assert!(!page.contains("<script") && !page.contains("\"'>"), "a name came alive");
        prop_assert!(!page.contains("NaN") && !page.contains("inf"), "a number that is none");
    }
}
