//! Lifetime value: how often a customer will buy again, and for how much.
//!
//! Customers who sign no contract leave without a word. BG/NBD (P. Fader, B. Hardie and K. Lee,
//! "Counting your customers" the easy way, Marketing Science 24, 2005) tells from how often and how
//! lately somebody bought how likely they are still there and how often they will buy. Gamma-Gamma
//! (P. Fader and B. Hardie, The Gamma-Gamma model of monetary value, 2013) tells for how much from
//! what they spent so far. Both together, discounted, are a customer's residual lifetime value.
//!
//! Time is counted in weeks as `f64`. A customer's first purchase begins their [`History`] and is
//! not counted in it; what somebody buys in a day is one purchase. [`Purchases::of`] reads both
//! from [`Facts`](crate::facts::Facts), so a history is point in time as any figure is.
//!
//! Nothing depends on the order of customers or on the machine: sums are taken in an order of their
//! own, and logarithms and exponentials are those of the crate `libm`.
//!
//! ```
//! use bespoke::lifetime::{BgNbd, History};
//!
//! // The parameters that the paper finds for the customers of CDNOW, by weeks.
//! let model = BgNbd::new(0.243, 4.414, 0.793, 2.426)?;
//! // Two purchases after the first, the last of them after 30.43 of 38.86 weeks.
//! let customer = History::new(2, 30.43, 38.86)?;
//! let purchases = model.purchases(&customer, 39.0)?;
//! assert_eq!(format!("{purchases:.3}"), "1.226");
//! # Ok::<(), bespoke::Error>(())
//! ```

mod beta;
mod bg_nbd;
mod gamma;
mod gamma_gamma;
mod history;
mod newton;
mod purchases;
mod saved;
mod value;

use serde::{Deserialize, Serialize};

pub use bg_nbd::BgNbd;
pub use gamma_gamma::GammaGamma;
pub use history::History;
pub use purchases::{Purchases, Spending};
pub use value::Valuation;

/// What a fit was made of, and how sure its parameters are.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Fit {
    /// How many customers it was made of.
    pub customers: usize,
    /// The logarithm of the likelihood at the parameters, by the unit of time or money that they
    /// are in.
    pub log_likelihood: f64,
    /// The standard error of each parameter, in the order of the model's parameters.
    ///
    /// From the inverse of the observed information about the parameters' logarithms, by the delta
    /// method.
    pub standard_errors: Vec<f64>,
    /// How many steps the parameters were found in.
    pub steps: u32,
}
