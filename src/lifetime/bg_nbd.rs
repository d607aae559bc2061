//! BG/NBD: how often customers will buy again, and whether they still do.

mod likelihood;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::history::fault;
use super::newton::{Lost, climb};
use super::{Fit, History, beta, saved};
use crate::error::{Error, ErrorKind, Result};
use crate::scorer::digest;

use likelihood::Groups;

/// The beta-geometric/NBD model of repeat purchases.
///
/// While customers are there, each buys at random at a rate of their own, and the rates are gamma
/// distributed with shape `r` and rate `alpha`, in purchases a week. After each repeat purchase they
/// leave for good with a probability of their own, and the probabilities are beta distributed with
/// `a` and `b`. Equations are those of Fader, Hardie and Lee, "Counting your customers" the easy way
/// (2005).
///
/// It is saved as JSON; the numbers come back bit for bit.
///
/// ```
/// use bespoke::lifetime::{BgNbd, History};
///
/// // Few customers, but enough to tell who comes often from who has left.
/// let customers = History::table((0..40).map(|n| match n % 4 {
///     0 => (0.0, 0.0, f64::from(20 + n)),
///     1 => (1.0, f64::from(n) / 8.0, f64::from(20 + n)),
///     2 => (2.0, f64::from(n), f64::from(20 + n)),
///     _ => (f64::from(n % 16), f64::from(10 + n), f64::from(20 + n)),
/// }))?;
/// let model = BgNbd::fit(&customers)?;
/// let [there, left] = [(5, 38.0, 40.0), (5, 8.0, 40.0)]
///     .map(|(repeats, recency, age)| History::new(repeats, recency, age).unwrap());
/// assert!(model.alive(&there) > model.alive(&left));
/// assert!(model.purchases(&there, 26.0)? > model.purchases(&left, 26.0)?);
/// assert_eq!(BgNbd::from_json(&model.to_json())?, model);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct BgNbd {
    parameters: Parameters,
    version: Arc<str>,
}

/// What is saved.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    r: f64,
    alpha: f64,
    a: f64,
    b: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fit: Option<Fit>,
}

const FORMAT: &str = "bespoke/bg-nbd";
const NAMES: [&str; 4] = ["r", "alpha", "a", "b"];

/// Where the search begins: `r`, `a` and `b`. The paper's own customers, customers who are much
/// alike, and customers few of whom leave.
const STARTS: [[f64; 3]; 3] = [[0.3, 0.8, 2.5], [3.0, 2.0, 8.0], [1.0, 0.1, 2.0]];

impl BgNbd {
    /// The model of these parameters, time in weeks.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for a parameter that is not positive and finite.
    pub fn new(r: f64, alpha: f64, a: f64, b: f64) -> Result<Self> {
        Self::of(Parameters { r, alpha, a, b, fit: None })
    }

    fn of(parameters: Parameters) -> Result<Self> {
        let mut model = Self { parameters, version: Arc::default() };
        saved::check(&model.parameters())?;
        model.version = digest([&*model.to_json()]);
        Ok(model)
    }

    /// The most likely parameters. The order of customers makes no difference to any bit of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] where there are none: for no customers, for customers none of whom
    /// bought again, and where a parameter runs towards 0 or infinity, as it does for few customers
    /// and for customers who do not differ by more than chance. The error says which, and what that
    /// means.
    pub fn fit(customers: &[History]) -> Result<Self> {
        let groups = Groups::new(customers);
        let repeats: f64 = customers.iter().map(|one| f64::from(one.repeats())).sum();
        if repeats <= 0.0 {
            return Err(Error::new(
                ErrorKind::Model,
                match customers {
                    [] => "there are no customers to learn from",
                    _ => "nobody bought again: there is nothing to learn a rate from",
                },
            ));
        }
        let starts = STARTS.map(|[r, a, b]| [r, r * groups.weeks() / repeats, a, b]);
        let peak = climb(customers.len(), &starts, |parameters| groups.likelihood(parameters));
        let peak = peak.map_err(lost)?;
        let [r, alpha, a, b] = peak.parameters;
        Self::of(Parameters { r, alpha, a, b, fit: Some(peak.fit) })
    }

    /// The parameters with their names.
    pub fn parameters(&self) -> [(&'static str, f64); 4] {
        let Parameters { r, alpha, a, b, .. } = self.parameters;
        let [r_name, alpha_name, a_name, b_name] = NAMES;
        [(r_name, r), (alpha_name, alpha), (a_name, a), (b_name, b)]
    }

    /// How the parameters were found, if they were fitted.
    pub fn fitted(&self) -> Option<&Fit> {
        self.parameters.fit.as_ref()
    }

    /// The logarithm of the likelihood of customers, time in weeks (equation 6).
    pub fn log_likelihood(&self, customers: &[History]) -> f64 {
        Groups::new(customers).likelihood(&self.parameters().map(|(_, value)| value)).value
    }

    /// How likely a customer is still there.
    ///
    /// Who did not buy again is: the model lets customers leave after repeat purchases only.
    pub fn alive(&self, history: &History) -> f64 {
        let Parameters { r, alpha, a, b, .. } = self.parameters;
        if history.repeats() == 0 {
            return 1.0;
        }
        let repeats = f64::from(history.repeats());
        let silent = libm::log((alpha + history.age()) / (alpha + history.recency()));
        let left = libm::log(a / (b + repeats - 1.0)) + (r + repeats) * silent;
        1.0 / (1.0 + libm::exp(left))
    }

    /// How many purchases are expected of a customer in so many weeks from now (equation 10).
    ///
    /// The equation has a hypergeometric function, and is 0 divided by 0 where `a` is 1. What it
    /// comes from is a mean over the probability of leaving, and that is what is taken here: its
    /// terms are positive, so it is exact for all parameters.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for a time that is negative or not finite.
    pub fn purchases(&self, history: &History, weeks: f64) -> Result<f64> {
        if weeks.is_finite() && weeks >= 0.0 {
            return Ok(self.weighted(history, &[(weeks, 1.0)]));
        }
        Err(fault(format!("{weeks} weeks cannot be ahead")))
    }

    /// How many purchases are expected of anybody in so many weeks after the first (equation 9).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for a time that is negative or not finite.
    pub fn purchases_of_new(&self, weeks: f64) -> Result<f64> {
        self.purchases(&History::NEW, weeks)
    }

    /// The sum of the purchases that are expected within several times, in weeks, each by its weight.
    pub(super) fn weighted(&self, history: &History, times: &[(f64, f64)]) -> f64 {
        let Parameters { r, alpha, a, b, .. } = self.parameters;
        let repeats = f64::from(history.repeats());
        let (shape, rate) = (r + repeats, alpha + history.age());
        // Of somebody who is still there and leaves after a purchase with probability p:
        // (1 - (1 + p t / rate)^-shape) / p.
        let while_alive = beta::mean(a, b + repeats, |p| {
            let bought = times.iter().map(|(weeks, weight)| {
                weight * -libm::expm1(-shape * libm::log1p(p * weeks / rate))
            });
            bought.sum::<f64>() / p
        });
        self.alive(history) * while_alive
    }

    /// A hash of the model.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Writes the model as JSON, the same bytes each time.
    pub fn to_json(&self) -> String {
        saved::write(FORMAT, &self.parameters)
    }

    /// Reads a model that [`BgNbd::to_json`] wrote, in this version or an earlier one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] for what is no such model, or one that a newer version wrote;
    /// [`ErrorKind::Model`] for a parameter that cannot be.
    pub fn from_json(json: &str) -> Result<Self> {
        saved::read(FORMAT, json).and_then(Self::of)
    }
}

/// Why there are no most likely parameters, in words.
fn lost(lost: Lost) -> Error {
    let meaning = |parameter: &str, growing| match (parameter, growing) {
        ("r" | "alpha", true) => {
            "customers do not differ in how often they buy by more than chance"
        }
        ("r" | "alpha", false) => "too few customers bought again to tell how they differ",
        ("a", false) => "nobody seems to have left",
        ("b", true) => "nobody seems to have left, or all leave alike",
        ("b", false) => "everybody seems to leave with the first repeat purchase",
        _ => "customers do not differ in when they leave by more than chance",
    };
    lost.error(&NAMES, meaning)
}
