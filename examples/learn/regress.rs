//! How well a number can be told: a model, judged on rows that it never saw.
//!
//! ```sh
//! cargo run --release --example regress -- --table orders.csv --target spend --model boosted
//! ```

#[path = "../support/args.rs"]
mod args;
#[path = "../support/learning.rs"]
mod learning;

use std::process::ExitCode;

use args::{Args, tell};
use bespoke::scorer::Labels;
use bespoke::stats::Errors;
use bespoke::table::Cell;
use learning::{Asked, needed, trainer};

const VALUED: [&str; 6] = ["table", "target", "drop", "folds", "model", "seed"];

const USAGE: &str = "\
usage: regress --table FILE.csv --target COLUMN [--drop COLUMN,COLUMN] [--folds 5]
               [--model linear|forest|boosted] [--seed 1]";

fn main() -> ExitCode {
    args::run(&[], (&VALUED, &[]), USAGE, program)
}

fn program(args: &Args) -> Result<(), String> {
    let trainer = trainer(args, false)?;
    let target = needed(args, "target")?;
    let asked = Asked::read(args, "target")?;
    let number = |(cell, line): (&Cell, &u64)| {
        let text = cell.text().map(ToString::to_string).unwrap_or_default();
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("line {line}: the column `{target}` has no number: `{text}`"))
    };
    let labels = asked.target.iter().zip(&asked.lines).map(number);
    let labels = labels.collect::<Result<Vec<f64>, String>>()?;
    let predicted = asked
        .cross_validate(&trainer, Labels::Numbers(labels.clone()))
        .map_err(|error| error.to_string())?;
    let pairs = predicted.scores.iter().copied().zip(labels);
    let errors = Errors::new(pairs).map_err(|error| error.to_string())?;
    tell(format!("rows                      {}", errors.count));
    tell(format!(
        "root mean square error    {:.4} (mean of all: {:.4})",
        errors.rmse, errors.base_rmse
    ));
    tell(format!("mean absolute error       {:.4}", errors.mae));
    tell(format!("expected too much by      {:.4}", errors.bias));
    let figures = [("rmse", Some(errors.rmse)), ("mae", Some(errors.mae))];
    learning::print(&figures, &predicted)
}
