//! Figures about figures: how good a forecast was, and how values are spread.
//!
//! Everything here is `f64`, refuses what is no number, and depends on the values alone: whatever
//! is added up is sorted first, so the order of people changes no bit of a result.
//!
//! ```
//! use bespoke::stats::Forecast;
//!
//! let forecast = Forecast::new([(0.9, true), (0.6, false), (0.4, true), (0.1, false)])?;
//! assert_eq!(forecast.auc(), Some(0.75));
//! assert!(forecast.brier() < forecast.base_brier());
//! # Ok::<(), bespoke::Error>(())
//! ```

mod errors;
mod forecast;
mod histogram;
mod ranking;
mod spread;

pub use errors::Errors;
pub use forecast::{Band, Forecast};
pub use histogram::{Histogram, nice_edges};
pub use ranking::{Point, Ranking};
pub use spread::Spread;

use crate::error::{Error, ErrorKind, Result};

/// The 97.5th percentile of the normal distribution: intervals of 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// The quantiles of values, each asked for as a share between 0 and 1.
///
/// Between two values it interpolates linearly (Hyndman and Fan's type 7, the default of R and
/// `NumPy`).
///
/// ```
/// use bespoke::stats::quantiles;
///
/// assert_eq!(quantiles(&[4.0, 1.0, 3.0, 2.0], &[0.0, 0.5, 1.0])?, [1.0, 2.5, 4.0]);
/// # Ok::<(), bespoke::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Input`] for no values, for one that is not finite, and for a share outside of
/// `0.0..=1.0`.
pub fn quantiles(values: &[f64], shares: &[f64]) -> Result<Vec<f64>> {
    let sorted = sorted(values)?;
    let Some(last) = sorted.len().checked_sub(1) else {
        return Err(fault("there are no values to take a quantile of"));
    };
    let at = |share: &f64| {
        if !(0.0..=1.0).contains(share) {
            return Err(fault(format!("a quantile is asked for between 0 and 1, not at {share}")));
        }
        Ok(interpolate(&sorted, share * last as f64))
    };
    shares.iter().map(at).collect()
}

/// The value at a place between two.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place lies between the first and the last"
)]
fn interpolate(sorted: &[f64], place: f64) -> f64 {
    let below = place.floor() as usize;
    let low = sorted.get(below).copied().unwrap_or(f64::NAN);
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    low + (high - low) * place.fract()
}

/// The Wilson score interval of a share, at 95 %: between which shares the true one lies.
///
/// It is E. B. Wilson's of 1927, without a correction for continuity. Of nothing it is all shares.
///
/// ```
/// let (low, high) = bespoke::stats::wilson(8, 10);
/// assert!(low < 0.8 && 0.8 < high);
/// ```
pub fn wilson(successes: usize, count: usize) -> (f64, f64) {
    if count == 0 {
        return (0.0, 1.0);
    }
    let (n, share) = (count as f64, successes as f64 / count as f64);
    let scale = 1.0 + Z * Z / n;
    let centre = (share + Z * Z / (2.0 * n)) / scale;
    let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// The values in ascending order, if all are finite; a negative nought becomes a positive one.
fn sorted(values: &[f64]) -> Result<Vec<f64>> {
    let mut sorted = values.iter().map(|value| finite(*value)).collect::<Result<Vec<_>>>()?;
    sorted.sort_by(f64::total_cmp);
    Ok(sorted)
}

fn finite(value: f64) -> Result<f64> {
    if value.is_finite() { Ok(value + 0.0) } else { Err(fault(format!("{value} is no number"))) }
}

fn fault(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Input, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_numpy() {
        // numpy 2.4.6: quantile([7, -2.5, 3, 3, 11.25, 0.5, 8], [0, .1, .25, 1/3, .5, .9, 1])
        let values = [7.0, -2.5, 3.0, 3.0, 11.25, 0.5, 8.0];
        let shares = [0.0, 0.1, 0.25, 1.0 / 3.0, 0.5, 0.9, 1.0];
        let expected = [-2.5, -0.7, 1.75, 3.0, 3.0, 9.3, 11.25];
        for (found, expected) in quantiles(&values, &shares).unwrap().iter().zip(expected) {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert_eq!(quantiles(&[2.0], &[0.0, 0.3, 1.0]).unwrap(), [2.0; 3]);
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for (values, shares) in [
            (&[][..], &[0.5][..]),
            (&[1.0, f64::NAN], &[0.5]),
            (&[f64::INFINITY], &[0.5]),
            (&[1.0], &[1.5]),
            (&[1.0], &[f64::NAN]),
        ] {
            assert_eq!(quantiles(values, shares).unwrap_err().kind(), ErrorKind::Input);
        }
    }

    #[test]
    fn intervals_are_those_of_scipy() {
        // scipy 1.17.1: stats.binomtest(k, n).proportion_ci(method="wilson")
        for (successes, count, low, high) in [
            (0, 10, 0.0, 0.277_532_799_862_889_26),
            (8, 10, 0.490_162_471_536_641_8, 0.943_317_848_545_624_8),
            (10, 10, 0.722_467_200_137_110_9, 1.0),
            (37, 412, 0.065_855_918_723_968_12, 0.121_334_312_479_646_52),
            (1, 1, 0.206_549_314_377_237_45, 1.0),
        ] {
            let found = wilson(successes, count);
            assert!((found.0 - low).abs() < 1e-12 && (found.1 - high).abs() < 1e-12, "{found:?}");
        }
        assert_eq!(wilson(0, 0), (0.0, 1.0));
    }
}
