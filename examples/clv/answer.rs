//! What is printed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;

use bespoke::lifetime::{BgNbd, Fit, GammaGamma};
use serde::Serialize;

use crate::options::Options;
use crate::sales::Customer;

type Parameters = BTreeMap<&'static str, f64>;

/// The answer, as its JSON is.
#[derive(Serialize)]
pub(crate) struct Answer {
    params: Parameters,
    standard_errors: Parameters,
    log_likelihood: f64,
    customers: usize,
    /// How many purchases there were in the holdout, and were predicted.
    holdout_actual: u64,
    holdout_predicted: f64,
    /// How far predictions are off, by customer.
    mae: f64,
    rmse: f64,
    /// How well the predicted purchases put who bought before who did not.
    auc_active: Option<f64>,
    /// How long the fit of BG/NBD took.
    fit_s: f64,
    #[serde(flatten)]
    value: Option<Spent>,
    #[serde(skip)]
    predicted: Vec<f64>,
}

/// For how much customers buy.
#[derive(Serialize)]
pub(crate) struct Spent {
    gamma_gamma: Parameters,
    gamma_gamma_standard_errors: Parameters,
    /// What customers who bought again are expected to spend in a purchase, on average.
    mean_value: f64,
    /// The same of all customers.
    mean_value_all: f64,
    /// Of how often and for how much customers buy.
    correlation: Option<f64>,
}

impl Answer {
    pub(crate) fn new(
        (model, seconds): (&BgNbd, f64),
        predicted: Vec<f64>,
        customers: &[Customer],
        auc: Option<f64>,
        value: Option<Spent>,
    ) -> Self {
        let fit = model.fitted();
        let count = customers.len() as f64;
        let off = predicted.iter().zip(customers).map(|(p, one)| p - f64::from(one.bought));
        let off: Vec<f64> = off.collect();
        Self {
            params: model.parameters().into(),
            standard_errors: errors(fit, model.parameters()),
            log_likelihood: fit.map_or(f64::NAN, |fit| fit.log_likelihood),
            customers: customers.len(),
            holdout_actual: customers.iter().map(|one| u64::from(one.bought)).sum(),
            holdout_predicted: predicted.iter().sum(),
            mae: off.iter().map(|off| off.abs()).sum::<f64>() / count,
            rmse: (off.iter().map(|off| off * off).sum::<f64>() / count).sqrt(),
            auc_active: auc,
            fit_s: seconds,
            value,
            predicted,
        }
    }

    /// The answer as one JSON object.
    pub(crate) fn print(&self) -> std::io::Result<()> {
        let json = serde_json::to_string(self)?;
        writeln!(std::io::stdout(), "{json}")
    }

    /// The answer for people.
    pub(crate) fn table(&self, options: &Options, customers: &[Customer]) -> String {
        let mut table = format!("BG/NBD of {} customers, by weeks\n", self.customers);
        rows(&mut table, &self.params, &self.standard_errors);
        let _ = writeln!(table, "  log-likelihood {:.2}\n", self.log_likelihood);
        let days = options.holdout.0;
        let _ = writeln!(table, "purchases in the {days} days after, by those before");
        let _ = writeln!(table, "  repeats  customers   bought  predicted");
        for (repeats, Class { customers, bought, predicted }) in self.classes(customers) {
            let more = if repeats == OFTEN { "+" } else { " " };
            let _ = writeln!(
                table,
                "  {repeats:>6}{more}  {customers:>9}  {bought:>7}  {predicted:>9.1}"
            );
        }
        let (actual, predicted) = (self.holdout_actual, self.holdout_predicted);
        let _ = writeln!(table, "      all  {:>9}  {actual:>7}  {predicted:>9.1}", self.customers);
        let auc = self.auc_active.map_or_else(|| "-".to_owned(), |auc| format!("{auc:.4}"));
        let _ = writeln!(table, "  off by {:.4} (MAE), {:.4} (RMSE)", self.mae, self.rmse);
        let _ = writeln!(table, "  AUC of who bought at all {auc}");
        if let Some(value) = &self.value {
            let _ = writeln!(table, "\nGamma-Gamma");
            rows(&mut table, &value.gamma_gamma, &value.gamma_gamma_standard_errors);
            let _ = writeln!(table, "  mean of a purchase {:.2}", value.mean_value);
        }
        table
    }

    /// The customers by how often they had bought again.
    fn classes(&self, customers: &[Customer]) -> BTreeMap<u32, Class> {
        let mut classes: BTreeMap<u32, Class> = BTreeMap::new();
        for (predicted, one) in self.predicted.iter().zip(customers) {
            let repeats = one.purchases.history().repeats().min(OFTEN);
            let class = classes.entry(repeats).or_default();
            class.customers += 1;
            class.bought += u64::from(one.bought);
            class.predicted += predicted;
        }
        classes
    }
}

impl Spent {
    /// Of customers of whom each is expected to spend so much in a purchase, those who bought again,
    /// and of so many others, of whom nothing else is known than of anybody.
    pub(crate) fn new(model: &GammaGamma, means: &[f64], others: (usize, f64)) -> Self {
        let (sum, (count, mean)) = (means.iter().sum::<f64>(), others);
        let all = (means.len() + count) as f64;
        Self {
            gamma_gamma: model.parameters().into(),
            gamma_gamma_standard_errors: errors(model.fitted(), model.parameters()),
            mean_value: sum / means.len() as f64,
            mean_value_all: (sum + mean * count as f64) / all,
            correlation: model.correlation(),
        }
    }
}

/// From so many repeat purchases on customers are in one class, as in the paper.
const OFTEN: u32 = 7;

#[derive(Default)]
struct Class {
    customers: usize,
    bought: u64,
    predicted: f64,
}

/// The standard errors by the names of the parameters.
fn errors<const N: usize>(fit: Option<&Fit>, parameters: [(&'static str, f64); N]) -> Parameters {
    let errors = fit.map_or(&[][..], |fit| &fit.standard_errors);
    parameters.into_iter().zip(errors).map(|((name, _), error)| (name, *error)).collect()
}

fn rows(table: &mut String, parameters: &Parameters, errors: &Parameters) {
    for (name, value) in parameters {
        let error = errors.get(name).copied().unwrap_or_default();
        let _ = writeln!(table, "  {name:<14} {value:.4} ± {error:.4}");
    }
}
