//! What every [`Scorer`] and every [`Trainer`] must do.

use crate::error::{ErrorKind, Result};
use crate::scorer::{Examples, Labels, Scorer, Trainer};
use crate::seed::Seed;
use crate::table::{Cell, ColumnKind, Table};

/// Checks a scorer of probabilities against the contract of [`Scorer`].
///
/// `rows` are rows as its features may come to; whatever is in them, each cell is also made missing
/// in turn.
///
/// # Panics
///
/// Where the scorer breaks the contract, saying how.
///
/// ```
/// use bespoke::scorer::Model;
/// use bespoke::table::cells;
///
/// let model = Model::from_json(
///     r#"{"format": "bespoke/logistic", "version": 1, "intercept": -1.0, "features": [
///         {"name": "recency", "log": false, "low": 0.0, "high": 300.0, "mean": 50.0,
///          "deviation": 25.0, "weight": 2.0, "fill": 40.0, "unknown": 0.5}]}"#,
/// )?;
/// bespoke::testing::scorer::conforms(&model, &[cells([0.0]), cells([62.5]), cells([1e9])]);
/// # Ok::<(), bespoke::Error>(())
/// ```
pub fn conforms(scorer: &dyn Scorer, rows: &[Vec<Cell>]) {
    let names = scorer.features();
    assert!(!names.is_empty(), "a scorer has features");
    for (at, name) in names.iter().enumerate() {
        assert!(!names.iter().take(at).any(|other| other == name), "two features are `{name}`");
    }
    assert!(!scorer.version().is_empty(), "a version names the model");
    let scores: Vec<u64> = rows.iter().map(|row| probability(scorer, row)).collect();
    for row in rows {
        for unknown in 0..row.len() {
            let mut row = row.clone();
            row[unknown] = Cell::Missing;
            probability(scorer, &row);
        }
        let mut longer = row.clone();
        longer.push(Cell::Missing);
        for other in [&longer[..], &row[1..]] {
            let kind = scorer.score(other).map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::Model), "a row of {} is refused", other.len());
        }
    }
    for (row, before) in rows.iter().zip(&scores) {
        assert_eq!(probability(scorer, row), *before, "{row:?} has one score, bit for bit");
    }
    let together = scorer.score_all(&table(scorer, rows)).map_err(|error| error.kind());
    let together = together.map(|scores| scores.iter().map(|score| score.to_bits()).collect());
    assert_eq!(together, Ok(scores), "a table's scores are those of its rows, bit for bit");
}

/// The rows as a table; a column is of texts where a row has one.
#[expect(clippy::expect_used, reason = "a conformance check says what is broken by panicking")]
fn table(scorer: &dyn Scorer, rows: &[Vec<Cell>]) -> Table {
    let kind = |column: usize| {
        let text = rows.iter().any(|row| row.get(column).is_some_and(|cell| cell.text().is_some()));
        if text { ColumnKind::Text } else { ColumnKind::Number }
    };
    let columns = scorer.features().iter().enumerate().map(|(at, name)| (&**name, kind(at)));
    let mut table = Table::new(columns).expect("a scorer has features");
    rows.iter().for_each(|row| table.push(row).expect("rows are as the features may come to"));
    table
}

/// The bits of a score that is a probability.
#[expect(clippy::panic, reason = "a conformance check says what is broken by panicking")]
fn probability(scorer: &dyn Scorer, row: &[Cell]) -> u64 {
    let score = scorer.score(row).unwrap_or_else(|error| panic!("{row:?} has no score: {error}"));
    assert!((0.0..=1.0).contains(&score), "{row:?} has the score {score}, which is no probability");
    score.to_bits()
}

/// Checks a trainer against the contract of [`Trainer`], with examples that it can learn from.
///
/// # Panics
///
/// Where the trainer breaks the contract, saying how.
///
/// ```
/// use bespoke::scorer::{Examples, Labels, LogisticParams};
/// use bespoke::table::{ColumnKind, Table, cells};
///
/// let mut table = Table::new([("recency", ColumnKind::Number)])?;
/// (0..40).for_each(|days| table.push(&cells([f64::from(days)])).unwrap());
/// let labels = Labels::classes("churned", (0..40).map(|days| days % 7 > 3));
/// let examples = Examples::new(table, labels)?;
/// bespoke::testing::scorer::trains(&LogisticParams::new(), &examples);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[expect(clippy::panic, reason = "a conformance check says what is broken by panicking")]
pub fn trains<T: Trainer>(trainer: &T, examples: &Examples) {
    let fit = |examples: &Examples| trainer.train(examples);
    let model = fit(examples).unwrap_or_else(|error| panic!("nothing is learnt: {error}"));
    assert_eq!(model.features(), &examples.features()[..], "a model has the examples' features");
    let mut rows: Vec<usize> = (0..examples.len()).collect();
    let mut draws = Seed::new(1).fork("order").draws();
    for at in (1..rows.len()).rev() {
        let other = usize::try_from(draws.below(at as u64 + 1)).unwrap_or_default();
        rows.swap(at, other);
    }
    for again in [examples.clone(), examples.select(&rows)] {
        let again = fit(&again).unwrap_or_else(|error| panic!("nothing is learnt: {error}"));
        assert_eq!(again.version(), model.version(), "the same examples give the same model");
        for row in examples.table().rows() {
            let bits = |score: Result<f64>| score.map(f64::to_bits).ok();
            assert_eq!(
                bits(again.score(&row)),
                bits(model.score(&row)),
                "{row:?} scores as before"
            );
        }
    }
    let nothing = fit(&examples.select(&[])).map(drop).map_err(|error| error.kind());
    assert_eq!(nothing, Err(ErrorKind::Model), "of no examples nothing is learnt");
    for kind in [true, false] {
        let labels = examples.labels().numbers();
        let one: Vec<usize> =
            (0..labels.len()).filter(|row| (labels[*row] > 0.0) == kind).collect();
        if matches!(examples.labels(), Labels::Classes { .. }) {
            let fitted = fit(&examples.select(&one)).map(drop).map_err(|error| error.kind());
            assert_eq!(fitted, Err(ErrorKind::Model), "of one class nothing is learnt");
        }
    }
}
