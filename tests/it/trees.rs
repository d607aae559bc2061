//! Forests and boosted trees: what they learn from hard tables, and what they are saved as.

use bespoke::error::ErrorKind;
use bespoke::scorer::{
    BoostedParams, Examples, ForestParams, Labels, Model, Scorer, Trainer, Trend,
};
use bespoke::seed::Seed;
use bespoke::table::{Cell, ColumnKind, Table, cells};

const SEED: Seed = Seed::new(5);

type AnyTrainer = Box<dyn Trainer<Scorer = Model>>;

/// A forest and boosted trees, small enough to be quick.
fn trainers() -> [AnyTrainer; 2] {
    [Box::new(ForestParams::new(SEED).trees(12)), Box::new(BoostedParams::new(SEED).rounds(40))]
}

fn numbers<const WIDTH: usize>(names: [&str; WIDTH], rows: &[[f64; WIDTH]]) -> Table {
    let mut table = Table::new(names.map(|name| (name, ColumnKind::Number))).unwrap();
    rows.iter().for_each(|row| table.push(&cells(*row)).unwrap());
    table
}

/// Rows whose label goes up and down with the first column, and some that lack it.
fn waves() -> (Table, Vec<f64>) {
    let mut draws = Seed::new(2).draws();
    let rows = (0..600).map(|row| {
        let (a, b) = (draws.unit() * 10.0, draws.unit());
        [if row % 11 == 0 { f64::NAN } else { a }, b]
    });
    let rows: Vec<[f64; 2]> = rows.collect();
    let label = |[a, b]: &[f64; 2]| if a.is_nan() { 9.0 } else { a + 4.0 * (2.0 * a).sin() + b };
    (numbers(["a", "b"], &rows), rows.iter().map(label).collect())
}

/// The labels of waves, as numbers and as classes.
fn both(labels: &[f64]) -> [Labels; 2] {
    let classes = Labels::classes("high", labels.iter().map(|label| *label > 5.0));
    [Labels::Numbers(labels.to_vec()), classes]
}

#[test]
fn a_score_follows_a_feature_in_the_direction_it_is_told() {
    let (table, labels) = waves();
    for labels in both(&labels) {
        let examples = Examples::new(table.clone(), labels).unwrap();
        let steps = |params: BoostedParams| -> Vec<f64> {
            let model = params.early_stopping(0.0, 1).rounds(60).fit(&examples).unwrap();
            let of = |b| {
                let score = |step| model.score(&cells([f64::from(step) / 20.0 - 1.0, b])).unwrap();
                let scores: Vec<f64> = (0..240).map(score).collect();
                scores.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>()
            };
            [0.1, 0.5, 0.9, f64::NAN].into_iter().flat_map(of).collect()
        };
        let params = BoostedParams::new(SEED);
        let free = steps(params.clone());
        assert!(free.iter().any(|step| *step < -1e-3) && free.iter().any(|step| *step > 1e-3));
        let rising = steps(params.clone().monotone("a", Trend::Rising));
        assert!(rising.iter().all(|step| *step >= 0.0) && rising.iter().any(|step| *step > 1e-3));
        let falling = steps(params.monotone("a", Trend::Falling));
        assert!(falling.iter().all(|step| *step <= 0.0));
    }
}

#[test]
fn what_is_missing_says_something() {
    let rows: Vec<[f64; 1]> =
        (0..300).map(|row| [if row % 3 == 0 { f64::NAN } else { f64::from(row) }]).collect();
    let table = numbers(["a"], &rows);
    for trainer in trainers() {
        let labels = Labels::classes("gone", rows.iter().map(|row| row[0].is_nan()));
        let model = trainer.train(&Examples::new(table.clone(), labels).unwrap()).unwrap();
        assert!(model.score(&[Cell::Missing]).unwrap() > 0.8);
        for known in [-1e300, 1.0, 150.5, 1e300] {
            assert!(model.score(&cells([known])).unwrap() < 0.2, "{known}");
        }
    }
}

#[test]
fn columns_that_say_nothing_weigh_nothing_and_twins_share() {
    let rows: Vec<[f64; 4]> = (0..400_u32)
        .map(|row| [7.0, f64::from(row * 37 % 400), f64::from(row * 37 % 400), f64::NAN])
        .collect();
    let table = numbers(["same", "a", "twin", "never"], &rows);
    for trainer in trainers() {
        let labels = Labels::classes("yes", rows.iter().map(|row| row[1] > 150.0));
        let model = trainer.train(&Examples::new(table.clone(), labels).unwrap()).unwrap();
        let importance: Vec<f64> = model.importance().iter().map(|(_, share)| *share).collect();
        assert_eq!((importance[0], importance[3]), (0.0, 0.0));
        assert!((importance[1] + importance[2] - 1.0).abs() < 1e-9);
        assert!(model.score(&cells([7.0, 300.0, 300.0, f64::NAN])).unwrap() > 0.9);
        // Of nothing that differs, the share of all is what is known.
        let same = table.clone().without(&["a", "twin"]).unwrap();
        let labels = Labels::classes("yes", rows.iter().map(|row| row[1] >= 300.0));
        let model = trainer.train(&Examples::new(same, labels).unwrap()).unwrap();
        let score = model.score(&cells([8.0, 2.0])).unwrap();
        assert!((score - 0.25).abs() < 0.05, "{score}");
        assert!(model.importance().iter().all(|(_, share)| *share == 0.0));
    }
}

#[test]
fn one_row_and_labels_all_the_same_are_what_is_said() {
    for trainer in trainers() {
        for count in [1, 2, 50] {
            let rows: Vec<[f64; 1]> = (0..count).map(|row| [f64::from(row)]).collect();
            for label in [0.0, 3.25, -1e300] {
                let labels = Labels::Numbers(vec![label; rows.len()]);
                let examples = Examples::new(numbers(["a"], &rows), labels).unwrap();
                let model = trainer.train(&examples).unwrap();
                let score = model.score(&cells([0.5])).unwrap();
                assert!((score - label).abs() <= 1e-12 * label.abs(), "{score} for {label}");
            }
        }
    }
}

#[test]
fn extreme_numbers_are_learnt_from() {
    for far in [1e-300, 1e9, 1e300] {
        let rows: Vec<[f64; 2]> = (0..200_u32)
            .map(|row| [f64::from(row % 10) * far, [f64::MAX, f64::MIN, 5e-324][row as usize % 3]])
            .collect();
        // Far from 0, and close to each other.
        let label = |row: &[f64; 2]| if row[0] > 4.0 * far { 1.01 * far } else { far };
        let labels = Labels::Numbers(rows.iter().map(label).collect());
        let examples = Examples::new(numbers(["a", "b"], &rows), labels).unwrap();
        for trainer in trainers() {
            let model = trainer.train(&examples).unwrap();
            for (low, expected) in [(0.0, 1.0), (9.0, 1.01)] {
                let score = model.score(&cells([low * far, 0.0])).unwrap() / far;
                assert!((score - expected).abs() < 0.003, "{score} at {low} × {far}");
            }
            assert!(model.score(&cells([f64::MIN, f64::MAX])).unwrap().is_finite());
        }
    }
}

#[test]
fn as_many_categories_as_rows_are_no_more_than_what_came_of_all() {
    let mut table = Table::new([("id", ColumnKind::Text)]).unwrap();
    (0..3_000).for_each(|row| table.push(&[Cell::Text(format!("id-{row}").into())]).unwrap());
    let labels = Labels::classes("yes", (0..3_000).map(|row| row * 37 % 100 < 30));
    let examples = Examples::new(table, labels).unwrap();
    for trainer in trainers() {
        let model = trainer.train(&examples).unwrap();
        for cell in ["id-7", "id-2999", "new"].map(Cell::from).into_iter().chain([Cell::Missing]) {
            let score = model.score(std::slice::from_ref(&cell)).unwrap();
            assert!((score - 0.3).abs() < 0.15, "{cell:?}: {score}");
        }
    }
}

#[test]
fn contributions_come_to_the_score_and_the_rest_is_the_mean() {
    let (table, labels) = waves();
    let examples = Examples::new(table.clone(), Labels::Numbers(labels.clone())).unwrap();
    for trainer in trainers() {
        let model = trainer.train(&examples).unwrap();
        let read = Model::from_json(&model.to_json()).unwrap();
        let mean = labels.iter().sum::<f64>() / labels.len() as f64;
        for row in table.rows().take(40) {
            let why = model.contributions(&row).unwrap();
            let sum = why.base + why.of.iter().map(|(_, adds)| adds).sum::<f64>();
            assert!((sum - model.score(&row).unwrap()).abs() < 1e-9);
            assert!((why.base - mean).abs() < 0.3, "{} {mean}", why.base);
            assert_eq!(read.contributions(&row).unwrap(), why);
        }
        assert_eq!(read.score_all(&table).unwrap(), model.score_all(&table).unwrap());
        assert_eq!(read.version(), model.version());
    }
}

#[test]
fn a_fit_stops_when_more_trees_do_no_better() {
    let mut draws = Seed::new(4).draws();
    let rows: Vec<[f64; 2]> = (0..500).map(|_| [draws.unit(), draws.unit()]).collect();
    let labels = Labels::classes("yes", (0..500).map(|_| draws.chance(0.5)));
    let examples = Examples::new(numbers(["a", "b"], &rows), labels).unwrap();
    let trees =
        |params: &BoostedParams| params.fit(&examples).unwrap().to_json().matches("asks").count();
    let params = BoostedParams::new(SEED).rounds(60);
    let stopped = trees(&params);
    assert!(stopped < 30, "of chance there is nothing to learn: {stopped} trees");
    assert_eq!(trees(&params.clone().early_stopping(0.0, 5)), 60);
    // Too few to hold any out.
    let few = examples.select(&[0, 1, 2, 3, 4, 5, 6, 7]);
    assert!(params.fit(&few).is_ok());
    let other = BoostedParams::new(Seed::new(6)).rounds(60);
    let version = |params: &BoostedParams| params.fit(&examples).unwrap().version().to_owned();
    assert_ne!(version(&params), version(&other), "others are held out");
}

#[test]
fn what_cannot_be_fitted_is_refused() {
    let (table, labels) = waves();
    let examples = Examples::new(table, Labels::Numbers(labels)).unwrap();
    let forest = ForestParams::new(SEED);
    for params in [
        forest.trees(0),
        forest.min_leaf(0),
        forest.columns(0),
        forest.sample(0.0),
        forest.sample(1.5),
        forest.sample(f64::NAN),
    ] {
        assert_eq!(params.fit(&examples).unwrap_err().kind(), ErrorKind::Model, "{params:?}");
    }
    let boosted = || BoostedParams::new(SEED);
    for params in [
        boosted().rounds(0),
        boosted().learning_rate(0.0),
        boosted().learning_rate(f64::NAN),
        boosted().sample(0.0),
        boosted().sample(2.0),
        boosted().leaves(1),
        boosted().min_leaf(0),
        boosted().penalty(-1.0),
        boosted().penalty(f64::INFINITY),
        boosted().early_stopping(1.0, 5),
        boosted().monotone("c", Trend::Rising),
    ] {
        assert_eq!(params.fit(&examples).unwrap_err().kind(), ErrorKind::Model, "{params:?}");
    }
    let mut texts = Table::new([("plan", ColumnKind::Text)]).unwrap();
    (0..9).for_each(|row| texts.push(&[["a", "b", "c"][row % 3].into()]).unwrap());
    let texts = Examples::new(texts, Labels::Numbers((0..9).map(f64::from).collect())).unwrap();
    let error = boosted().monotone("plan", Trend::Rising).fit(&texts).unwrap_err().to_string();
    assert!(error.contains("the feature `plan` has no direction"), "{error}");
}

/// Models that were saved by this version score as they did then.
#[test]
fn models_of_earlier_versions_score_as_they_did() {
    let rows = [
        [Cell::from(12.5), Cell::from("gold")],
        [Cell::from(-1e9), Cell::Missing],
        [Cell::Missing, Cell::from("new")],
    ];
    for (name, json) in [
        ("boosted", include_str!("models/boosted.json")),
        ("forest", include_str!("models/forest.json")),
    ] {
        let model = Model::from_json(json).unwrap();
        assert_eq!(model.to_json(), json.trim_end());
        let scores: Vec<f64> = rows.iter().map(|row| model.score(row).unwrap()).collect();
        insta::assert_debug_snapshot!(format!("saved {name}"), scores);
    }
}
