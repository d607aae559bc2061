//! What every [`Scorer`] must do.

use crate::error::ErrorKind;
use crate::scorer::Scorer;

/// Checks a scorer of probabilities against the contract of [`Scorer`].
///
/// `rows` are rows as its features may come to; whatever is in them, each figure is also made
/// unknown in turn.
///
/// # Panics
///
/// Where the scorer breaks the contract, saying how.
///
/// ```
/// use bespoke::scorer::Logistic;
///
/// let model = Logistic::from_json(
///     r#"{"format": "bespoke/logistic", "version": 1, "intercept": -1.0, "features": [
///         {"name": "recency", "log": false, "low": 0.0, "high": 300.0, "mean": 50.0,
///          "deviation": 25.0, "weight": 2.0, "fill": 40.0, "unknown": 0.5}]}"#,
/// )?;
/// bespoke::testing::scorer::conforms(&model, &[vec![0.0], vec![62.5], vec![1e9]]);
/// # Ok::<(), bespoke::Error>(())
/// ```
pub fn conforms(scorer: &dyn Scorer, rows: &[Vec<f64>]) {
    let names = scorer.features();
    assert!(!names.is_empty(), "a scorer has features");
    for (at, name) in names.iter().enumerate() {
        assert!(!names.iter().take(at).any(|other| other == name), "two features are `{name}`");
    }
    assert!(!scorer.version().is_empty(), "a version names the model");
    let scores: Vec<u64> = rows.iter().map(|row| probability(scorer, row)).collect();
    for row in rows {
        for unknown in 0..row.len() {
            let blank = |(at, value): (usize, &f64)| if at == unknown { f64::NAN } else { *value };
            let row: Vec<f64> = row.iter().enumerate().map(blank).collect();
            probability(scorer, &row);
        }
        let mut longer = row.clone();
        longer.push(0.0);
        for other in [&longer[..], &row[1..]] {
            let kind = scorer.score(other).map_err(|error| error.kind());
            assert_eq!(kind, Err(ErrorKind::Model), "a row of {} is refused", other.len());
        }
    }
    for (row, before) in rows.iter().zip(scores) {
        assert_eq!(probability(scorer, row), before, "{row:?} has one score, bit for bit");
    }
}

/// The bits of a score that is a probability.
#[expect(clippy::panic, reason = "a conformance check says what is broken by panicking")]
fn probability(scorer: &dyn Scorer, row: &[f64]) -> u64 {
    let score = scorer.score(row).unwrap_or_else(|error| panic!("{row:?} has no score: {error}"));
    assert!((0.0..=1.0).contains(&score), "{row:?} has the score {score}, which is no probability");
    score.to_bits()
}
