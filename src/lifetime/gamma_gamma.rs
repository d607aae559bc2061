//! Gamma-Gamma: how much customers spend in a purchase.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::gamma::{digamma, ln_gamma, trigamma};
use super::newton::{Likelihood, Lost, climb};
use super::{Fit, Spending, saved};
use crate::error::{Error, ErrorKind, Result};
use crate::scorer::digest;

/// The gamma-gamma model of what customers spend in a purchase.
///
/// A customer's purchases are gamma distributed with shape `p` around a mean of their own, and the
/// rates of these distributions are gamma distributed over customers with shape `q` and rate `v`. It
/// is that of Fader and Hardie, The Gamma-Gamma model of monetary value (2013), whose equations are
/// cited.
///
/// The model takes for granted that who buys more often spends neither more nor less in a purchase:
/// [`GammaGamma::correlation`] tells, and [`GammaGamma::is_doubtful`] says if it is much.
///
/// It is saved as JSON; the numbers come back bit for bit.
///
/// ```
/// use bespoke::lifetime::{GammaGamma, Spending};
///
/// // The parameters that the authors find for the customers of CDNOW, in dollars.
/// let model = GammaGamma::new(6.25, 3.74, 15.44)?;
/// assert_eq!(format!("{:.2}", model.population_mean().unwrap()), "35.22");
/// // Two purchases of 22.35 on average are not yet much to know somebody by.
/// let mean = model.mean(&Spending::new(2, 22.35)?).unwrap();
/// assert_eq!(format!("{mean:.2}"), "24.66");
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct GammaGamma {
    parameters: Parameters,
    version: Arc<str>,
}

/// What is saved.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
struct Parameters {
    p: f64,
    q: f64,
    v: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fit: Option<Fit>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    correlation: Option<f64>,
}

const FORMAT: &str = "bespoke/gamma-gamma";
const NAMES: [&str; 3] = ["p", "q", "v"];

/// Where the search begins: `p` and `q`. Customers as in the paper, customers whose purchases vary
/// widely, and customers who are much alike.
const STARTS: [[f64; 2]; 3] = [[6.0, 4.0], [1.0, 2.0], [15.0, 12.0]];

/// A correlation from which on it is more than a small one (Cohen, 1988: medium effects).
const DOUBTFUL: f64 = 0.3;

impl GammaGamma {
    /// The model of these parameters.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for a parameter that is not positive and finite.
    pub fn new(p: f64, q: f64, v: f64) -> Result<Self> {
        Self::of(Parameters { p, q, v, fit: None, correlation: None })
    }

    fn of(parameters: Parameters) -> Result<Self> {
        let mut model = Self { parameters, version: Arc::default() };
        saved::check(&model.parameters())?;
        model.version = digest([&*model.to_json()]);
        Ok(model)
    }

    /// The most likely parameters, of customers who bought again. Their order makes no difference to
    /// any bit of them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] where there are none: for no customers, and where a parameter runs
    /// towards 0 or infinity, as it does for few customers and for customers who do not differ by
    /// more than chance. The error says which, and what that means.
    pub fn fit(customers: &[Spending]) -> Result<Self> {
        let groups = Groups::new(customers);
        if customers.is_empty() {
            let detail = "there are no customers who bought again to learn from";
            return Err(Error::new(ErrorKind::Model, detail));
        }
        let starts = STARTS.map(|[p, q]| [p, q, groups.mean() * (q - 1.0) / p]);
        let peak = climb(customers.len(), &starts, |parameters| groups.likelihood(parameters));
        let peak = peak.map_err(lost)?;
        let [p, q, v] = peak.parameters;
        let correlation = groups.correlation();
        Self::of(Parameters { p, q, v, fit: Some(peak.fit), correlation })
    }

    /// The parameters with their names.
    pub fn parameters(&self) -> [(&'static str, f64); 3] {
        let Parameters { p, q, v, .. } = self.parameters;
        let [p_name, q_name, v_name] = NAMES;
        [(p_name, p), (q_name, q), (v_name, v)]
    }

    /// How the parameters were found, if they were fitted.
    pub fn fitted(&self) -> Option<&Fit> {
        self.parameters.fit.as_ref()
    }

    /// Pearson's correlation of how often the customers bought that it was fitted to, and for how
    /// much; `None` where it was not fitted, or where they do not differ.
    pub fn correlation(&self) -> Option<f64> {
        self.parameters.correlation
    }

    /// Whether how often and for how much customers buy go together so much that the model's values
    /// are doubtful: where the correlation is 0.3 or more either way.
    pub fn is_doubtful(&self) -> bool {
        self.correlation().is_some_and(|correlation| correlation.abs() >= DOUBTFUL)
    }

    /// The logarithm of the likelihood of customers (equation 1a).
    pub fn log_likelihood(&self, customers: &[Spending]) -> f64 {
        Groups::new(customers).likelihood(&self.parameters().map(|(_, value)| value)).value
    }

    /// What a customer is expected to spend in a purchase (equation 5); `None` where there is no
    /// mean, since the amounts are spread too widely.
    pub fn mean(&self, spending: &Spending) -> Option<f64> {
        let Parameters { p, q, v, .. } = self.parameters;
        let repeats = f64::from(spending.repeats());
        let weight = p * repeats + q - 1.0;
        let known = v / weight + repeats / weight * spending.mean();
        (weight > 0.0).then_some(p * known)
    }

    /// What anybody is expected to spend in a purchase, who did not buy again yet; `None` where there
    /// is no mean, since the amounts are spread too widely.
    pub fn population_mean(&self) -> Option<f64> {
        let Parameters { p, q, v, .. } = self.parameters;
        (q > 1.0).then(|| v * p / (q - 1.0))
    }

    /// A hash of the model.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Writes the model as JSON, the same bytes each time.
    pub fn to_json(&self) -> String {
        saved::write(FORMAT, &self.parameters)
    }

    /// Reads a model that [`GammaGamma::to_json`] wrote, in this version or an earlier one.
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
        ("q" | "v", true) => "customers do not differ in what they spend by more than chance",
        ("p", true) | ("v", false) => {
            "a customer's purchases differ too little, or they are too few"
        }
        _ => "what customers spend is spread too widely, or they are too few",
    };
    lost.error(&NAMES, meaning)
}

/// Customers by what they spent, in an order of their own.
struct Groups(Vec<Repeating>);

/// The customers of a number of repeat purchases.
struct Repeating {
    repeats: f64,
    means: Vec<f64>,
    /// The logarithms of all the means together.
    logarithms: f64,
}

impl Groups {
    fn new(customers: &[Spending]) -> Self {
        let mut sorted = customers.to_vec();
        sorted.sort_by(|one, other| {
            one.repeats().cmp(&other.repeats()).then(one.mean().total_cmp(&other.mean()))
        });
        let groups = sorted.chunk_by(|one, other| one.repeats() == other.repeats());
        Self(groups.filter_map(Repeating::new).collect())
    }

    /// The mean of the customers' means.
    fn mean(&self) -> f64 {
        let customers: usize = self.0.iter().map(|group| group.means.len()).sum();
        self.0.iter().flat_map(|group| &group.means).map(|mean| mean / customers as f64).sum()
    }

    fn correlation(&self) -> Option<f64> {
        let pairs = || {
            let groups = self.0.iter();
            groups.flat_map(|group| group.means.iter().map(|mean| (group.repeats, *mean)))
        };
        let customers = pairs().count() as f64;
        let repeats = pairs().map(|(repeats, _)| repeats).sum::<f64>() / customers;
        let mean = self.mean();
        let sum = |figure: fn(f64, f64) -> f64| {
            pairs().map(|(x, m)| figure(x - repeats, m / mean - 1.0)).sum::<f64>()
        };
        let (squares, both) = (sum(|x, _| x * x) * sum(|_, m| m * m), sum(|x, m| x * m));
        // Equal means may miss their own mean by a rounding.
        let differ = squares.is_finite() && squares > customers * customers * 1e-24;
        differ.then(|| (both / squares.sqrt()).clamp(-1.0, 1.0))
    }

    /// The likelihood of `p`, `q` and `v` (equation 1a).
    fn likelihood(&self, parameters: &[f64; 3]) -> Likelihood<3> {
        let mut sum = Likelihood::ZERO;
        self.0.iter().for_each(|group| group.add(&mut sum, parameters));
        sum
    }
}

impl Repeating {
    fn new(sorted: &[Spending]) -> Option<Self> {
        let repeats = f64::from(sorted.first()?.repeats());
        let means: Vec<f64> = sorted.iter().map(Spending::mean).collect();
        let logarithms = means.iter().map(|mean| libm::log(*mean)).sum();
        Some(Self { repeats, means, logarithms })
    }

    fn add(&self, sum: &mut Likelihood<3>, &[p, q, v]: &[f64; 3]) {
        let (repeats, n) = (self.repeats, self.means.len() as f64);
        // Sums over the customers of the logarithm of v + x m, of its inverse, and of the square of
        // that.
        let (mut logs, mut inverses, mut squares) = (0.0, 0.0, 0.0);
        for mean in &self.means {
            let rate = v + repeats * mean;
            logs += libm::log(rate);
            inverses += 1.0 / rate;
            squares += 1.0 / (rate * rate);
        }
        let (shape, ln_v, ln_x) = (p * repeats + q, libm::log(v), libm::log(repeats));
        let rise = |f: fn(f64) -> f64| (f(shape) - f(p * repeats), f(shape) - f(q));
        let constant =
            ln_gamma(shape) - ln_gamma(p * repeats) - ln_gamma(q) + q * ln_v + p * repeats * ln_x;
        sum.value += n * constant + (p * repeats - 1.0) * self.logarithms - shape * logs;
        let (of_p, of_q) = rise(digamma);
        sum.gradient[0] += repeats * (n * (of_p + ln_x) + self.logarithms - logs);
        sum.gradient[1] += n * (of_q + ln_v) - logs;
        sum.gradient[2] += n * q / v - shape * inverses;
        let (of_p, of_q) = rise(trigamma);
        let mixed = [n * repeats * trigamma(shape), -repeats * inverses, n / v - inverses];
        let seconds = [
            [n * repeats * repeats * of_p, mixed[0], mixed[1]],
            [mixed[0], n * of_q, mixed[2]],
            [mixed[1], mixed[2], shape * squares - n * q / (v * v)],
        ];
        sum.hessian.iter_mut().flatten().zip(seconds.iter().flatten()).for_each(|(sum, part)| {
            *sum += part;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_value() {
        let rows = [(1.0, 9.0), (1.0, 38.5), (4.0, 3.5), (4.0, 12.0), (120.0, 0.02)];
        let customers = Spending::table(rows).unwrap();
        let groups = Groups::new(&customers);
        for parameters in [[6.25, 3.74, 15.44], [0.3, 12.0, 1e-2]] {
            let here = groups.likelihood(&parameters);
            for moved in 0..3 {
                let at = |by: f64| {
                    let mut parameters = parameters;
                    parameters[moved] *= 1.0 + by;
                    groups.likelihood(&parameters)
                };
                let (up, down, width) = (at(1e-5), at(-1e-5), 2e-5 * parameters[moved]);
                let near = |found: f64, expected: f64| {
                    let scale = expected.abs().max(1.0 / parameters[moved]);
                    assert!((found - expected).abs() < 1e-6 * scale, "{found} {expected}");
                };
                near((up.value - down.value) / width, here.gradient[moved]);
                for other in 0..3 {
                    let slope = (up.gradient[other] - down.gradient[other]) / width;
                    near(slope, here.hessian[other][moved]);
                }
            }
        }
    }

    #[test]
    fn a_correlation_is_pearsons() {
        let of = |rows: &[(f64, f64)]| {
            Groups::new(&Spending::table(rows.iter().copied()).unwrap()).correlation()
        };
        assert!((of(&[(1.0, 2.0), (2.0, 4.0), (4.0, 8.0)]).unwrap() - 1.0).abs() < 1e-12);
        let found = of(&[(1.0, 5.0), (2.0, 1.0), (4.0, 2.5), (4.0, 0.5)]).unwrap();
        assert!((found + 0.632_336_009_112_447_3).abs() < 1e-12, "{found}");
        assert_eq!(of(&[(1.0, 0.1), (2.0, 0.1), (4.0, 0.1)]), None);
        assert_eq!(of(&[(3.0, 1.0), (3.0, 2.0)]), None);
    }
}
