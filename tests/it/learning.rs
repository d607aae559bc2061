//! Judging and choosing models, calibration, and what is saved: against scikit-learn where it has
//! the same.

use bespoke::error::ErrorKind;
use bespoke::expr::Names;
use bespoke::feature::Features;
use bespoke::scorer::{
    BoostedParams, Calibrated, Calibration, CalibrationMethod, Encoding, Examples, Folds,
    ForestParams, Labels, LinearParams, LogisticParams, Loss, Model, Scorer, Trainer,
    cross_validate, tune,
};
use bespoke::seed::Seed;
use bespoke::stats::{Errors, Ranking};
use bespoke::table::{Cell, ColumnKind, Table, cells};
use bespoke::testing::feature::sees_no_future;
use bespoke::testing::scorer::{conforms, trains};
use bespoke::testing::shop::{self, Shop};
use proptest::collection::vec;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};

const PLANS: [&str; 4] = ["free", "silver", "gold", "platinum"];

/// People of whom it depends on plan and spend whether they stay; some of it is not known.
fn people(count: usize) -> Examples {
    let kinds =
        [("spend", ColumnKind::Number), ("plan", ColumnKind::Text), ("noise", ColumnKind::Number)];
    let mut table = Table::new(kinds).unwrap();
    let mut draws = Seed::new(7).fork("people").draws();
    let mut labels = Vec::new();
    for row in 0..count {
        let (spend, noise) = (draws.unit() * 100.0, draws.unit());
        let plan = usize::try_from(draws.below(4)).unwrap();
        let odds = 0.06 * (spend - 50.0) + [1.5, 0.5, -0.5, -1.5][plan];
        labels.push(draws.chance(1.0 / (1.0 + (-odds).exp())));
        let spend = if row % 17 == 0 { Cell::Missing } else { spend.into() };
        let plan = if row % 23 == 0 { Cell::Missing } else { PLANS[plan].into() };
        table.push(&[spend, plan, noise.into()]).unwrap();
    }
    Examples::new(table, Labels::classes("left", labels)).unwrap()
}

fn rows(examples: &Examples) -> Vec<Vec<Cell>> {
    examples.table().rows().take(30).collect()
}

#[test]
fn every_trainer_of_classes_keeps_its_contract() {
    let examples = people(400);
    let calibrated = Calibrated::new(LogisticParams::new(), CalibrationMethod::Platt, Seed::new(3));
    trains(&LogisticParams::new(), &examples);
    trains(&ForestParams::new(Seed::new(1)).trees(20), &examples);
    trains(&BoostedParams::new(Seed::new(1)), &examples);
    trains(&calibrated, &examples);
    conforms(&LogisticParams::new().fit(&examples).unwrap(), &rows(&examples));
    conforms(&calibrated.train(&examples).unwrap(), &rows(&examples));
}

#[test]
fn every_trainer_of_numbers_keeps_its_contract() {
    let examples = people(300);
    let spend = |row: Vec<Cell>| row[2].number() * 10.0;
    let numbers = Labels::Numbers(examples.table().rows().map(spend).collect());
    let examples = Examples::new(examples.table().clone(), numbers).unwrap();
    trains(&LinearParams::new(), &examples);
    trains(&LinearParams::new().penalty(0.1, 0.5), &examples);
    trains(&ForestParams::new(Seed::new(1)).trees(20), &examples);
    trains(&BoostedParams::new(Seed::new(1)), &examples);
}

#[test]
fn categories_are_learnt_from_and_new_ones_are_none_of_them() {
    let examples = people(2_000);
    let labels: Vec<bool> = examples.labels().numbers().iter().map(|label| *label > 0.0).collect();
    let folds = Folds::interleaved(examples.len(), 5).unwrap();
    let auc = |scores: Vec<f64>| {
        Ranking::new(scores.into_iter().zip(labels.iter().copied())).unwrap().auc().unwrap()
    };
    let logistic = LogisticParams::new();
    let found = auc(cross_validate(&logistic, &examples, &folds, &mut |_| ()).unwrap());
    assert!(found > 0.85, "{found}");
    let plain = examples.table().clone().without(&["plan"]).unwrap();
    let plain = Examples::new(plain, examples.labels().clone()).unwrap();
    let without = auc(cross_validate(&logistic, &plain, &folds, &mut |_| ()).unwrap());
    assert!(found > without + 0.02, "{found} {without}");
    for model in [
        logistic.fit(&examples).unwrap(),
        logistic.encoding(Encoding::linear().one_hot(2)).fit(&examples).unwrap(),
        BoostedParams::new(Seed::new(1)).fit(&examples).unwrap(),
    ] {
        let of = |plan: Cell| model.score(&[50.0.into(), plan, 0.5.into()]).unwrap();
        assert!(of("free".into()) > of("platinum".into()) + 0.2);
        let new = of("diamond".into());
        assert!(new > 0.0 && new < 1.0, "{new}");
        let error = model.score(&["much".into(), "free".into(), 0.5.into()]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Model, "a text where a number was");
        let why = model.contributions(&[50.0.into(), "free".into(), 0.5.into()]).unwrap();
        let sum: f64 = why.base + why.of.iter().map(|(_, adds)| adds).sum::<f64>();
        let odds = (of("free".into()) / (1.0 - of("free".into()))).ln();
        assert!((sum - odds).abs() < 1e-6, "{sum} {odds}");
        let importance = model.importance();
        assert!((importance.iter().map(|(_, share)| share).sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(importance[2].1 < importance[0].1 / 2.0, "{importance:?}");
    }
}

#[test]
fn least_squares_are_those_of_the_textbook_and_elastic_nets_those_of_scikit_learn() {
    // y = 3 + 2 a - b exactly; the columns are independent.
    let mut table = Table::new(["a", "b", "c"].map(|name| (name, ColumnKind::Number))).unwrap();
    let mut labels = Vec::new();
    for row in 0..40_u32 {
        let (a, b) = (f64::from(row * 37 % 41), f64::from(row * row * 7 % 29) / 4.0);
        // The third column says twice what the first says.
        table.push(&cells([a, b, 2.0 * a])).unwrap();
        labels.push(3.0 + 2.0 * a - b);
    }
    let examples = Examples::new(table, Labels::Numbers(labels.clone())).unwrap();
    let model = LinearParams::new().fit(&examples).unwrap();
    let scores = model.score_all(examples.table()).unwrap();
    let errors = Errors::new(scores.into_iter().zip(labels.iter().copied())).unwrap();
    assert!(errors.rmse < 1e-3, "{errors:?}");
    let heavy = model.weights().map(|(_, weight)| weight.abs()).fold(0.0, f64::max);
    assert!(heavy < 100.0, "of two columns that say the same neither becomes enormous: {heavy}");
    assert_eq!(model.positive(), None);
    // scikit-learn 1.9.1: ElasticNet(alpha=0.5, l1_ratio=0.5, tol=1e-10) on a and b standardised.
    let two = examples.table().clone().without(&["c"]).unwrap();
    let two = Examples::new(two, Labels::Numbers(labels)).unwrap();
    let net = LinearParams::new().penalty(0.5, 0.5).fit(&two).unwrap();
    let weights: Vec<f64> = net.weights().map(|(_, weight)| weight).collect();
    for (found, expected) in weights.iter().zip(ELASTIC) {
        assert!((found - expected).abs() < 1e-4, "{weights:?}");
    }
    let same = Examples::new(two.table().clone(), Labels::Numbers(vec![5.0; two.len()])).unwrap();
    let always = LinearParams::new().fit(&same).unwrap().score(&cells([1.0, 2.0])).unwrap();
    assert!((always - 5.0).abs() <= 0.0, "{always}");
}

const ELASTIC: [f64; 2] = [18.077_862_895_885_13, -0.407_140_898_576_353_55];

#[test]
fn isotonic_and_platt_are_those_of_scikit_learn() {
    let scores: Vec<(f64, bool)> = (0..50_u32)
        .map(|i| (f64::from(i * 37 % 51) / 60.0 + 0.05, i * 37 % 51 + i * 13 % 17 > 30))
        .collect();
    let isotonic = Calibration::isotonic(scores.iter().copied()).unwrap();
    let model = people(200);
    let model = LogisticParams::new().fit(&model).unwrap().calibrated(isotonic.clone()).unwrap();
    let saved = Model::from_json(&model.to_json()).unwrap();
    assert_eq!(saved, model);
    let Calibration::Isotonic(points) = &isotonic else { panic!("isotonic") };
    assert!(points.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{points:?}");
    for (found, expected) in points.iter().zip(ISOTONIC) {
        assert!((found.0 - expected.0).abs() < 1e-12 && (found.1 - expected.1).abs() < 1e-12);
    }
    assert_eq!(points.len(), ISOTONIC.len(), "{points:?}");
    let Calibration::Platt { slope, intercept, .. } =
        Calibration::platt(scores.iter().copied()).unwrap()
    else {
        panic!("platt")
    };
    assert!(
        (slope - PLATT.0).abs() < 1e-6 && (intercept - PLATT.1).abs() < 1e-6,
        "{slope} {intercept}"
    );
}

// scikit-learn 1.9.1: IsotonicRegression().
const ISOTONIC: [(f64, f64); 10] = [
    (0.05, 0.0),
    (0.366_666_666_666_666_64, 0.0),
    (0.383_333_333_333_333_3, 0.5),
    (0.399_999_999_999_999_97, 0.5),
    (0.416_666_666_666_666_63, 2.0 / 3.0),
    (0.45, 2.0 / 3.0),
    (0.466_666_666_666_666_7, 0.8),
    (0.533_333_333_333_333_3, 0.8),
    (0.55, 1.0),
    (0.883_333_333_333_333_4, 1.0),
];

// SciPy's BFGS on Platt's loss.
const PLATT: (f64, f64) = (2.725_121_131_024_953_2, 0.933_145_771_343_098_3);

#[test]
fn what_cannot_calibrate_is_refused() {
    for scores in [
        vec![],
        vec![(0.5, true)],
        vec![(0.5, true), (1.5, false)],
        vec![(f64::NAN, true), (0.5, false)],
    ] {
        for found in [Calibration::isotonic(scores.clone()), Calibration::platt(scores.clone())] {
            assert_eq!(found.unwrap_err().kind(), ErrorKind::Model, "{scores:?}");
        }
    }
    for scores in [[(0.5, true), (0.5, false)], [(0.9, false), (0.1, true)]] {
        assert_eq!(Calibration::platt(scores).unwrap_err().kind(), ErrorKind::Model);
    }
    // Sure scores are as good as any.
    let sure = [(0.0, false), (1.0, true), (0.0, true), (1.0, true), (0.0, false)];
    assert!(Calibration::platt(sure).is_ok() && Calibration::isotonic(sure).is_ok());
}

#[test]
fn the_best_of_a_grid_is_the_one_with_the_least_loss() {
    let examples = people(300);
    let folds = Folds::grouped(&examples, 3, Seed::new(1)).unwrap();
    let grid = [1e4, 1.0, 1e3].map(|alpha| LogisticParams::new().alpha(alpha));
    let mut told = Vec::new();
    let tuned = tune(grid, &examples, &folds, Loss::Log, &mut |it| told.push((it.done, it.all)));
    let tuned = tuned.unwrap();
    assert_eq!(tuned.best, grid[1]);
    let least = tuned.losses.iter().map(|(_, loss)| *loss).fold(f64::MAX, f64::min);
    assert!((tuned.losses[1].1 - least).abs() <= 0.0);
    assert!(told.is_sorted() && told.last() == Some(&(9, 9)), "{told:?}");
    let none: [LogisticParams; 0] = [];
    assert!(tune(none, &examples, &folds, Loss::Log, &mut |_| ()).is_err());
    assert!(tune(grid, &examples, &folds, Loss::Rmse, &mut |_| ()).is_err());
}

proptest! {
    #[test]
    fn rows_of_a_person_are_in_one_fold(groups in vec(0..9_u64, 3..60), count in 2..6_usize) {
        let mut table = Table::new([("a", ColumnKind::Number)]).unwrap();
        groups.iter().for_each(|_| table.push(&cells([1.0])).unwrap());
        let labels = Labels::Numbers(vec![0.0; groups.len()]);
        let examples = Examples::new(table, labels).unwrap().grouped(groups.clone()).unwrap();
        let people: std::collections::BTreeSet<u64> = groups.iter().copied().collect();
        let folds = Folds::grouped(&examples, count, Seed::new(5));
        prop_assert_eq!(folds.is_ok(), count <= people.len());
        let Ok(folds) = folds else { return Ok(()) };
        let mut seen = 0;
        for fold in 0..count {
            let (fitted, held) = folds.split(fold);
            seen += held.len();
            prop_assert!(!held.is_empty() && fitted.len() + held.len() == groups.len());
            let of = |rows: &[usize]| rows.iter().map(|row| groups[*row]).collect::<Vec<_>>();
            prop_assert!(of(&fitted).iter().all(|group| !of(&held).contains(group)));
        }
        prop_assert_eq!(seen, groups.len());
    }

    #[test]
    fn no_table_makes_a_fit_panic(rows in vec((any_number(), 0..4_usize, any::<bool>()), 0..40)) {
        let kinds = [("a", ColumnKind::Number), ("plan", ColumnKind::Text)];
        let mut table = Table::new(kinds).unwrap();
        for (number, plan, _) in &rows {
            let plan = if *plan == 0 { Cell::Missing } else { PLANS[*plan].into() };
            table.push(&[(*number).into(), plan]).unwrap();
        }
        let classes = Labels::classes("yes", rows.iter().map(|row| row.2));
        let examples = Examples::new(table.clone(), classes).unwrap();
        let seed = Seed::new(1);
        for fitted in [
            LogisticParams::new().fit(&examples),
            ForestParams::new(seed).trees(5).fit(&examples),
            BoostedParams::new(seed).fit(&examples),
        ] {
            let Ok(model) = fitted else { continue };
            let scores = model.score_all(&table).unwrap();
            prop_assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{:?}", scores);
        }
        let numbers = rows.iter().map(|row| if row.0.is_nan() { 0.0 } else { row.0 });
        let examples = Examples::new(table.clone(), Labels::Numbers(numbers.collect())).unwrap();
        for fitted in [
            LinearParams::new().fit(&examples),
            ForestParams::new(seed).trees(5).fit(&examples),
            BoostedParams::new(seed).fit(&examples),
        ] {
            let Ok(model) = fitted else { continue };
            // Numbers at the end of their range may overflow, which is told.
            if let Ok(scores) = model.score_all(&table) {
                prop_assert!(scores.iter().all(|score| score.is_finite()), "{:?}", scores);
            }
        }
    }
}

fn any_number() -> impl Strategy<Value = f64> {
    proptest::num::f64::ANY.prop_filter("finite or none", |number| !number.is_infinite())
}

#[test]
fn features_of_the_shop_see_no_future() {
    let names = Names::new(shop::schema());
    let features = Features::new(
        &[
            ("recency", r#"now() - last("Order Completed")"#),
            ("orders", r#"count("Order Completed" over 365 days)"#),
            ("spend", r#"sum("Order Completed".revenue over 365 days)"#),
            ("country", "country"),
        ],
        &names,
    )
    .unwrap();
    for customer in Shop::new(Seed::new(2)).customers(40) {
        for day in ["2025-06-01T00:00:00Z", "2025-11-15T12:00:00Z"] {
            let at = day.parse().unwrap();
            sees_no_future(&features, &shop::schema(), &customer.events, at);
        }
    }
}
