//! Recency, frequency and money: cut points by hand, and what they make of people.

use bespoke::engine::Engine;
use bespoke::event::Event;
use bespoke::expr::{Expr, Names};
use bespoke::facts::Timeline;
use bespoke::metric::{Metric, Rfm, RfmAxis, RfmCuts};
use bespoke::playbook::Playbook;
use bespoke::schema::{Field, Schema};
use bespoke::time::{Duration, Timestamp};
use bespoke::value::{Decimal, Kind};

/// Fifteen customers: days since the last order, how many orders, and what they came to.
const CUSTOMERS: [(i64, i64, i32); 15] = [
    (4, 6, 540),
    (6, 11, 940),
    (46, 1, 35),
    (23, 3, 65),
    (15, 4, 179),
    (32, 2, 56),
    (7, 3, 140),
    (50, 1, 950),
    (34, 15, 2630),
    (10, 5, 191),
    (3, 8, 845),
    (1, 10, 1510),
    (27, 3, 54),
    (18, 2, 40),
    (5, 1, 25),
];

fn now() -> Timestamp {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn schema() -> Schema {
    let money = [("revenue", Field::money("currency")), ("currency", Field::from(Kind::Text))];
    Schema::new().event("Order Completed", money)
}

fn order(days_ago: i64, revenue: Decimal) -> Event {
    let at = now().minus(Duration::days(days_ago));
    Event::track("p-1", "Order Completed", at).with("revenue", revenue).with("currency", "EUR")
}

/// The last order is for all the money; those before it, a minute apart, are for nothing.
fn customer((days, orders, revenue): (i64, i64, i32)) -> Timeline {
    let events = (0..orders).map(|before| {
        let revenue = if before == 0 { Decimal::from(revenue) } else { Decimal::ZERO };
        let at = now().minus(Duration::days(days)).minus(Duration::minutes(before));
        Event::track("p-1", "Order Completed", at)
            .with_id(format!("m-{before}"))
            .with("revenue", revenue)
            .with("currency", "EUR")
    });
    Timeline::of(events, &schema())
}

fn rfm() -> Rfm {
    Rfm::new("Order Completed", ["revenue"]).filtered(Expr::path(["currency"]).equals("EUR"))
}

fn learned() -> RfmCuts {
    let mut learner = rfm().learner(&Names::new(schema()), now()).unwrap();
    for of in CUSTOMERS {
        learner.add(&customer(of)).unwrap();
    }
    // Whoever has no order, or had one before the window only, moves no cut point.
    learner.add(&Timeline::new()).unwrap();
    learner.add(&Timeline::of([order(400, 9.into())], &schema())).unwrap();
    assert_eq!(learner.len(), 15);
    learner.cuts().unwrap()
}

fn class(metric: &Metric, timeline: &Timeline) -> String {
    metric.evaluate(&timeline.facts(now())).value.to_string()
}

/// Sorted, the customers are
///
/// - by recency 1 3 4 | 5 6 7 | 10 15 18 | 23 27 32 | 34 46 50,
/// - by frequency 1 1 1 | 2 2 3 | 3 3 4 | 5 6 8 | 10 11 15, where the threes stay together,
/// - by money 25 35 40 | 54 56 65 | 140 179 191 | 540 845 940 | 950 1510 2630.
#[test]
fn fifteen_customers_are_cut_by_three() {
    let (cuts, names) = (learned(), Names::new(schema()));
    let text = |axis| cuts.expr(axis).unwrap().to_string();
    let orders = "\"Order Completed\" where currency = 'EUR'";
    assert_eq!(
        text(RfmAxis::Recency),
        format!(
            "6 - class(now() - last({orders}), INTERVAL '5 days', INTERVAL '10 days', \
             INTERVAL '23 days', INTERVAL '34 days')"
        )
    );
    assert_eq!(
        text(RfmAxis::Frequency),
        format!("class(count({orders} over 365 days), 2, 3, 5, 10)")
    );
    assert_eq!(
        text(RfmAxis::Monetary),
        "class(sum(\"Order Completed\".revenue where currency = 'EUR' over 365 days), 54, 140, 540, 950)"
    );
    let metrics = RfmAxis::ALL.map(|axis| cuts.metric(axis, &names).unwrap());
    let classes =
        CUSTOMERS.map(|of| metrics.each_ref().map(|metric| class(metric, &customer(of))).concat());
    assert_eq!(
        classes,
        [
            "544", "454", "111", "232", "333", "222", "433", "115", "155", "343", "544", "555",
            "232", "321", "411"
        ]
    );
    assert_eq!(cuts.learned(), now());
    let before = Timeline::of([order(400, 9.into())], &schema());
    assert_eq!(metrics.each_ref().map(|metric| class(metric, &before)).concat(), "111");
    assert_eq!(class(&metrics[0], &Timeline::new()), "NULL");
}

#[test]
fn equal_customers_are_not_parted() {
    let learn = |orders: [i64; 6]| {
        let mut learner = rfm().learner(&Names::new(schema()), now()).unwrap();
        orders.iter().for_each(|orders| learner.add(&customer((3, *orders, 10))).unwrap());
        learner.cuts().unwrap()
    };
    let cuts = learn([1, 1, 1, 1, 2, 9]);
    assert_eq!(RfmAxis::ALL.map(|axis| cuts.classes(axis)), [1, 3, 1]);
    assert_eq!(cuts.expr(RfmAxis::Recency).unwrap().to_string(), "1");
    let metric = cuts.metric(RfmAxis::Frequency, &Names::new(schema())).unwrap();
    assert_eq!([1, 2, 9].map(|n| class(&metric, &customer((3, n, 10)))), ["1", "2", "3"]);
}

#[test]
fn what_cannot_be_cut_is_refused() {
    let names = Names::new(schema());
    let open = Rfm::new("Order Completed", ["revenue"]).learner(&names, now()).unwrap_err();
    assert!(open.to_string().contains("different currencies"), "{open}");
    let misspelt = Rfm::new("Order Complete", ["revenue"]).learner(&names, now()).unwrap_err();
    assert!(misspelt.to_string().contains("did you mean"), "{misspelt}");
    assert!(rfm().classes(1).learner(&names, now()).is_err());
    assert!(rfm().learner(&names, now()).unwrap().cuts().is_err());
}

#[test]
fn a_playbook_keeps_cut_points_with_their_date() {
    let rule = "buyer_recency >= 4 AND buyer_monetary = 5";
    let playbook = Playbook::new("shop", schema()).rfm("buyer", learned()).segment("best", rule);
    let files = playbook.to_files();
    insta::assert_snapshot!("rfm_in_a_playbook", files["metrics.toml"]);
    let read = Playbook::from_files(&files).unwrap();
    assert_eq!(read.version(), playbook.version());
    assert_eq!(read.metrics(), playbook.metrics());
    let engine: Engine = read.engine().unwrap();
    let member = |of| engine.segments()["best"].is_member(&customer(of).facts(now()));
    assert!(member(CUSTOMERS[11]) && !member(CUSTOMERS[8]));
    // Learned anew at another time, they are another version.
    let json = serde_json::to_string(&learned()).unwrap();
    let later: RfmCuts = serde_json::from_str(&json.replace("2026-03-01", "2026-04-01")).unwrap();
    let other = Playbook::new("shop", schema()).rfm("buyer", later).segment("best", rule);
    assert_ne!(other.version(), playbook.version());
}

#[test]
fn faults_of_cut_points_have_places() {
    let files = Playbook::new("shop", schema()).rfm("buyer", learned()).to_files();
    let faults: Vec<String> = [
        ("\"54\",", "\"5400\","),
        ("\"10 days\"", "\"ten days\""),
        ("frequency", "frequently"),
        ("currency = 'EUR'", "currency = EUR"),
        ("currency = 'EUR'", "currency ="),
        ("[rfm.buyer]", "[metrics]\nbuyer_recency = '1'\n\n[rfm.buyer]"),
    ]
    .into_iter()
    .map(|(from, to)| {
        let mut files = files.clone();
        let metrics = files.get_mut("metrics.toml").unwrap();
        assert!(metrics.contains(from), "{metrics}");
        *metrics = metrics.replace(from, to);
        Playbook::from_files(&files).unwrap_err().to_string()
    })
    .collect();
    insta::assert_snapshot!("rfm_faults", faults.join("\n\n"));
}
