//! How far numbers that were forecast are from what came.

use serde::{Deserialize, Serialize};

use super::{fault, finite};
use crate::error::Result;

/// Numbers that were forecast, with what came of each.
///
/// ```
/// use bespoke::stats::Errors;
///
/// let errors = Errors::new([(1.0, 2.0), (3.0, 3.0), (5.0, 3.0)])?;
/// assert_eq!((errors.mae, errors.rmse), (1.0, (5.0_f64 / 3.0).sqrt()));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Errors {
    /// How many there are; at least one.
    pub count: usize,
    /// The root of the mean square of what was forecast less what came. 0 is best.
    pub rmse: f64,
    /// The mean of how far what was forecast is from what came. 0 is best.
    pub mae: f64,
    /// What was forecast less what came, on average: above 0, too much was expected.
    pub bias: f64,
    /// The root mean square error of forecasting the mean for everybody: a forecast has to do better.
    pub base_rmse: f64,
}

impl Errors {
    /// Takes forecasts with what came.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`](crate::error::ErrorKind::Input) for none, and for one that is not
    /// finite.
    pub fn new(forecasts: impl IntoIterator<Item = (f64, f64)>) -> Result<Self> {
        let pair = |(forecast, came)| Ok((finite(forecast)?, finite(came)?));
        let mut pairs = forecasts.into_iter().map(pair).collect::<Result<Vec<(f64, f64)>>>()?;
        if pairs.is_empty() {
            return Err(fault("there are no forecasts to judge"));
        }
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        let mean = |of: &dyn Fn(f64, f64) -> f64| {
            pairs.iter().map(|(forecast, came)| of(*forecast, *came)).sum::<f64>()
                / pairs.len() as f64
        };
        let level = mean(&|_, came| came);
        Ok(Self {
            count: pairs.len(),
            rmse: mean(&|forecast, came| (forecast - came).powi(2)).sqrt(),
            mae: mean(&|forecast, came| (forecast - came).abs()),
            bias: mean(&|forecast, came| forecast - came),
            base_rmse: mean(&|_, came| (came - level).powi(2)).sqrt(),
        })
    }
}
