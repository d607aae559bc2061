//! What a customer is still worth.

use super::history::fault;
use super::{BgNbd, GammaGamma, History, Purchases};
use crate::error::{Error, ErrorKind, Result};

/// How far ahead a customer's value is reckoned, at which discount, and at which margin.
///
/// A residual lifetime value is margin times mean amount times discounted purchases (P. Fader, B.
/// Hardie and K. Lee, RFM and CLV: using iso-value curves, Journal of Marketing Research 42, 2005,
/// equations 1 and 2), where the purchases of the `k`-th week ahead are divided by `(1 + d)ᵏ`, `d`
/// being the discount of a week.
///
/// ```
/// use bespoke::lifetime::{BgNbd, GammaGamma, Purchases, Valuation};
///
/// let frequency = BgNbd::new(0.243, 4.414, 0.793, 2.426)?;
/// let amount = GammaGamma::new(6.25, 3.74, 15.44)?;
/// let bought = [("1997-01-01", "29.33"), ("1997-01-18", "29.73"), ("1997-08-02", "14.96")];
/// let bought = bought.map(|(day, amount)| {
///     (format!("{day}T12:00:00Z").parse().unwrap(), amount.parse().unwrap())
/// });
/// let purchases = Purchases::new(bought, "1997-09-30T23:00:00Z".parse()?).unwrap();
///
/// // A year ahead, at some 10 % a year, and 30 % of what is spent.
/// let valuation = Valuation::new(52, 0.0018)?.margin(0.3)?;
/// let value = valuation.value(&frequency, &amount, &purchases)?;
/// assert_eq!(format!("{value:.2}"), "11.04");
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Valuation {
    /// When purchases count, in weeks from now, each with what one more week of them weighs.
    weights: Vec<(f64, f64)>,
    margin: f64,
}

/// The furthest that is looked ahead, in weeks: a century.
const FURTHEST: u32 = 5_200;

impl Valuation {
    /// So many weeks ahead, at a discount of such a share a week; all that is spent counts.
    ///
    /// A discount of `y` a year is one of `(1 + y)^(1/52) - 1` a week.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for more than 5,200 weeks, and for a discount that is negative or not
    /// finite.
    pub fn new(weeks: u32, discount: f64) -> Result<Self> {
        if weeks > FURTHEST {
            let detail = format!("a value looks ahead {FURTHEST} weeks at most, not {weeks}");
            return Err(fault(detail));
        }
        if !discount.is_finite() || discount < 0.0 {
            return Err(fault(format!("a discount is 0 or more, not {discount}")));
        }
        let step = |factor: &f64| Some(factor / (1.0 + discount));
        let factors = std::iter::successors(step(&1.0), step);
        // The purchases of a week are those until its end less those until its beginning. So what
        // is expected until the end of a week counts by its own factor less that of the next week.
        let weights = (1..=weeks).zip(factors).map(|(week, factor)| {
            let next = if week == weeks { 0.0 } else { factor / (1.0 + discount) };
            (f64::from(week), factor - next)
        });
        let weights = weights.filter(|(_, weight)| *weight > 0.0).collect();
        Ok(Self { weights, margin: 1.0 })
    }

    /// The same with such a share of what is spent that counts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for one that is not finite.
    pub fn margin(self, margin: f64) -> Result<Self> {
        if margin.is_finite() {
            return Ok(Self { margin, ..self });
        }
        Err(fault(format!("a margin is a share, not {margin}")))
    }

    /// How many purchases are expected of a customer, discounted.
    pub fn purchases(&self, frequency: &BgNbd, history: &History) -> f64 {
        frequency.weighted(history, &self.weights)
    }

    /// What a customer is expected to bring in from now on, discounted: their residual lifetime
    /// value.
    ///
    /// Of who spent nothing in purchases after the first the amount is expected that is of anybody.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] where amounts are spread so widely that there is no mean.
    pub fn value(
        &self,
        frequency: &BgNbd,
        amount: &GammaGamma,
        purchases: &Purchases,
    ) -> Result<f64> {
        let spending = purchases.spending();
        let mean = spending.map_or_else(|| amount.population_mean(), |known| amount.mean(known));
        let mean = mean.ok_or_else(|| {
            Error::new(ErrorKind::Model, "the amounts are spread so widely that there is no mean")
        })?;
        Ok(self.margin * mean * self.purchases(frequency, purchases.history()))
    }
}
