//! Lifetime value: how often the customers of a file will buy again, and for how much.
//!
//! ```text
//! cargo run --release --example clv -- --transactions sales.csv \
//!     --calibration-end 1997-09-30 --holdout-days 273 --model bgnbd --value
//! ```
//!
//! The file has the columns `customer`, `date` and `amount`. BG/NBD is fitted to what was bought until
//! the end of the calibration, that day included, and judged by what was bought in the days of the
//! holdout that follow. What a customer buys in a day is one purchase, and time is counted in weeks;
//! whoever bought for the first time after the calibration is left out.
//!
//! It prints one JSON object, and a table for people to the standard error. With `--value`
//! Gamma-Gamma is fitted as well, to the purchases after the first.

#[path = "../support/args.rs"]
mod args;

mod answer;
mod options;
mod sales;

use std::process::ExitCode;
use std::time::Instant;

use args::{Args, tell};
use bespoke::lifetime::{BgNbd, GammaGamma, History, Spending};
use bespoke::stats::Ranking;

use answer::{Answer, Spent};
use options::Options;
use sales::Customer;

/// What is at fault, told to the user.
type Fault = String;

fn main() -> ExitCode {
    args::run(&[], (&options::VALUED, &options::FLAGS), options::USAGE, run)
}

fn run(args: &Args) -> Result<(), Fault> {
    let options = Options::read(args).map_err(|fault| format!("{fault}\n{}", options::USAGE))?;
    let customers = sales::read(&options)?;
    let answer = judge(&options, &customers)?;
    answer.table(&options, &customers).lines().for_each(tell);
    answer.print().map_err(|error| error.to_string())
}

/// Fits the models, and compares what they predict with what came.
fn judge(options: &Options, customers: &[Customer]) -> Result<Answer, Fault> {
    let histories: Vec<History> = customers.iter().map(|one| *one.purchases.history()).collect();
    let (model, seconds) = timed(|| BgNbd::fit(&histories));
    let model = model.map_err(|error| error.to_string())?;
    let weeks = options.holdout.weeks();
    let predicted: Vec<f64> = histories
        .iter()
        .map(|history| model.purchases(history, weeks))
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let bought = customers.iter().map(|one| one.bought > 0);
    let ranking = Ranking::new(predicted.iter().copied().zip(bought));
    let auc = ranking.map_err(|error| error.to_string())?.auc();
    let value = if options.value { Some(value(customers)?) } else { None };
    Ok(Answer::new((&model, seconds), predicted, customers, auc, value))
}

/// What a function comes to, and in how many seconds.
#[expect(clippy::disallowed_methods, reason = "a program may look at a clock")]
fn timed<T>(function: impl FnOnce() -> T) -> (T, f64) {
    let begun = Instant::now();
    (function(), begun.elapsed().as_secs_f64())
}

/// What customers spend in a purchase.
fn value(customers: &[Customer]) -> Result<Spent, Fault> {
    let repeating = customers.iter().filter_map(|one| one.purchases.spending().copied());
    let repeating: Vec<Spending> = repeating.collect();
    let model = GammaGamma::fit(&repeating).map_err(|error| error.to_string())?;
    if model.is_doubtful() {
        let much = model.correlation().unwrap_or_default();
        tell(format!(
            "warning: how often and for how much customers buy go together (correlation {much:.2}), \
             which Gamma-Gamma rules out"
        ));
    }
    let repeated = customers.iter().filter(|one| one.purchases.history().repeats() > 0).count();
    if repeated > repeating.len() {
        tell(format!(
            "warning: the purchases of {} customers after their first came to nothing; Gamma-Gamma \
             leaves them out",
            repeated - repeating.len()
        ));
    }
    let means: Option<Vec<f64>> = repeating.iter().map(|spending| model.mean(spending)).collect();
    means
        .zip(model.population_mean())
        .map(|(means, other)| Spent::new(&model, &means, (customers.len() - means.len(), other)))
        .ok_or_else(|| "what customers spend is spread so widely that it has no mean".to_owned())
}
