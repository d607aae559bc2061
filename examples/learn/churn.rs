//! How well it can be told of whom something is true: a model, judged on rows that it never saw.
//!
//! ```sh
//! cargo run --release --example churn -- --table customers.csv --label Churn --positive Yes \
//!     --drop customerID --model boosted
//! ```

#[path = "../support/args.rs"]
mod args;
#[path = "../support/learning.rs"]
mod learning;

use std::process::ExitCode;

use args::{Args, tell};
use bespoke::scorer::Labels;
use bespoke::stats::Forecast;
use learning::{Asked, needed, trainer};

const VALUED: [&str; 7] = ["table", "label", "positive", "drop", "folds", "model", "seed"];

const USAGE: &str = "\
usage: churn --table FILE.csv --label COLUMN --positive VALUE [--drop COLUMN,COLUMN]
             [--folds 5] [--model logistic|forest|boosted] [--seed 1]";

fn main() -> ExitCode {
    args::run(&[], (&VALUED, &[]), USAGE, program)
}

fn program(args: &Args) -> Result<(), String> {
    let trainer = trainer(args, true)?;
    let positive = needed(args, "positive")?;
    let asked = Asked::read(args, "label")?;
    let is_positive = |cell: &bespoke::table::Cell| cell.text().is_some_and(|t| **t == *positive);
    let labels: Vec<bool> = asked.target.iter().map(is_positive).collect();
    if !labels.contains(&true) {
        let values = asked.target.iter().filter_map(|cell| cell.text()).map(|text| &**text);
        let near = bespoke::error::nearest(positive, values).map(|v| format!("; there is `{v}`"));
        let near = near.unwrap_or_default();
        return Err(format!("--positive: no row has the label `{positive}`{near}"));
    }
    let predicted = asked
        .cross_validate(&trainer, Labels::classes(positive, labels.iter().copied()))
        .map_err(|error| error.to_string())?;
    let pairs = predicted.scores.iter().copied().zip(labels);
    let forecast = Forecast::new(pairs).map_err(|error| error.to_string())?;
    let (low, high) = forecast.auc_interval().unwrap_or((0.0, 1.0));
    tell(format!("rows                {}", forecast.len()));
    tell(format!("labelled {positive}: {:.1} %", forecast.base_rate() * 100.0));
    tell(format!(
        "AUC                 {:.4} (95 %: {low:.4} to {high:.4})",
        or_zero(forecast.auc())
    ));
    tell(format!("average precision   {:.4}", or_zero(forecast.average_precision())));
    tell(format!(
        "Brier score         {:.4} (base rate: {:.4})",
        forecast.brier(),
        forecast.base_brier()
    ));
    tell(format!("log loss            {:.4}", forecast.log_loss()));
    let figures = [
        ("auc", forecast.auc()),
        ("average_precision", forecast.average_precision()),
        ("brier", Some(forecast.brier())),
        ("logloss", Some(forecast.log_loss())),
    ];
    learning::print(&figures, &predicted)
}

fn or_zero(figure: Option<f64>) -> f64 {
    figure.unwrap_or_default()
}
