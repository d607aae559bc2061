//! The logarithm of the gamma function and its first two derivatives.
//!
//! From `libm`, so that they are the same bits on every machine.

pub(super) use libm::lgamma as ln_gamma;

/// From here on the asymptotic series are exact to the last digits.
const LARGE: f64 = 10.0;

/// The first derivative of [`ln_gamma`], of a positive number.
///
/// By `ψ(x) = ψ(x + 1) - 1/x` and the asymptotic series (Abramowitz and Stegun 6.3.5, 6.3.18).
pub(super) fn digamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < LARGE {
        below += 1.0 / x;
        x += 1.0;
    }
    let series = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32_760.0,
        1.0 / 12.0,
    ];
    libm::log(x) - 0.5 / x - power_series(&series, x) - below
}

/// The second derivative of [`ln_gamma`], of a positive number.
///
/// By `ψ'(x) = ψ'(x + 1) + 1/x²` and the asymptotic series (6.4.6, 6.4.12).
pub(super) fn trigamma(x: f64) -> f64 {
    let (mut x, mut below) = (x, 0.0);
    while x < LARGE {
        below += 1.0 / (x * x);
        x += 1.0;
    }
    let series =
        [1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0, 7.0 / 6.0];
    (1.0 + 0.5 / x + power_series(&series, x)) / x + below
}

/// `c₁ x⁻² + c₂ x⁻⁴ + …`.
fn power_series(coefficients: &[f64], x: f64) -> f64 {
    let square = 1.0 / (x * x);
    coefficients.iter().rev().fold(0.0, |sum, coefficient| (sum + coefficient) * square)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 4e-15 * expected.abs().max(1.0), "{found} {expected}");
    }

    #[test]
    fn known_values() {
        const EULER: f64 = 0.577_215_664_901_532_9;
        near(digamma(1.0), -EULER);
        near(digamma(0.5), -EULER - 2.0 * 2.0_f64.ln());
        near(digamma(10.0), 2.251_752_589_066_721);
        near(digamma(1e-3), -1000.0 - EULER + 1e-3 * PI * PI / 6.0 - 1.202_056_902e-6 + 1.08e-9);
        near(trigamma(1.0), PI * PI / 6.0);
        near(trigamma(0.5), PI * PI / 2.0);
        near(trigamma(1e9), 1e-9);
        near(ln_gamma(0.5), 0.5 * PI.ln());
    }

    #[test]
    fn each_is_the_derivative_of_the_one_before() {
        for x in [0.05, 0.24, 1.0, 2.4, 7.7, 9.999, 10.0, 31.0, 1e3] {
            let step = x * 1e-4;
            // Five points, so that the error is of the fourth order.
            let slope = |f: fn(f64) -> f64| {
                let at = |k: f64| f(x + k * step);
                (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * step)
            };
            assert!((slope(ln_gamma) / digamma(x) - 1.0).abs() < 1e-8, "{x}");
            assert!((slope(digamma) / trigamma(x) - 1.0).abs() < 1e-8, "{x}");
        }
    }
}
