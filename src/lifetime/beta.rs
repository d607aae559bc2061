//! Means over the beta distribution.

/// How far the first points are apart, on the scale on which the integral is taken.
const SPACING: f64 = 0.5;
/// How often points may be put between the points; thrice or four times do for parameters that are
/// met.
const HALVINGS: u32 = 8;
/// Shares of a mean by which the last two rounds may differ, and the two before them: rounds that
/// are still far off may agree in some digits by chance.
const AGREED: f64 = 1e-12;
const NEARED: f64 = 1e-4;
/// A share of a sum that no longer changes it.
const NEGLIGIBLE: f64 = 1e-17;

/// The mean of a function over the numbers between 0 and 1, distributed as Beta(a, b).
///
/// The function has to be positive, and must not grow towards 1 or faster than `1 / p` towards 0.
///
/// It is the trapezoidal rule over the log-odds, which are stretched by a hyperbolic sine as in
/// double-exponential quadrature (H. Takahasi and M. Mori, 1974). All terms are positive, so there
/// is nothing to cancel out, and dividing by the same sum of the weights takes the place of the beta
/// function.
pub(super) fn mean(a: f64, b: f64, function: impl Fn(f64) -> f64) -> f64 {
    let density = Density::new(a, b);
    let mut sums = Sums::default();
    let mut mean = sums.add(&density, &function, 0.0, SPACING);
    let (mut apart, mut neared) = (SPACING, false);
    for _ in 0..HALVINGS {
        let finer = sums.add(&density, &function, apart / 2.0, apart);
        let differ = (finer - mean).abs();
        mean = finer;
        if neared && differ <= AGREED * finer {
            break;
        }
        neared = differ <= NEARED * finer;
        apart /= 2.0;
    }
    mean
}

/// The density of the log-odds, as a share of the greatest.
struct Density {
    a: f64,
    b: f64,
    /// The log-odds that are the most likely, and the logarithm of their density.
    mode: f64,
    peak: f64,
    /// How broad the peak is, but no broader than the function's own changes.
    width: f64,
}

impl Density {
    fn new(a: f64, b: f64) -> Self {
        let mode = libm::log(a / b);
        let width = (1.0 / a + 1.0 / b).sqrt().min(1.0);
        let density = Self { a, b, mode, peak: 0.0, width };
        Self { peak: density.logarithm(mode), ..density }
    }

    fn logarithm(&self, odds: f64) -> f64 {
        // The logarithms of p and 1 - p are those of the logistic function and differ by the odds.
        let nearer = -libm::log1p(libm::exp(-odds.abs()));
        let farther = nearer - odds.abs();
        let (p, rest) = if odds < 0.0 { (farther, nearer) } else { (nearer, farther) };
        self.a * p + self.b * rest - self.peak
    }

    /// The number at a place of the stretched scale, and its weight.
    fn at(&self, place: f64) -> (f64, f64) {
        let (up, down) = (libm::exp(place), libm::exp(-place));
        let odds = self.mode + self.width * (up - down) / 2.0;
        let weight = libm::exp(self.logarithm(odds)) * (up + down) / 2.0;
        (1.0 / (1.0 + libm::exp(-odds)), weight)
    }
}

#[derive(Default)]
struct Sums {
    weights: f64,
    values: f64,
}

impl Sums {
    /// Adds points to both sides of a first one, so far apart; the mean by all of them.
    fn add(
        &mut self,
        density: &Density,
        function: &impl Fn(f64) -> f64,
        first: f64,
        apart: f64,
    ) -> f64 {
        self.walk(density, function, first, apart);
        self.walk(density, function, first - apart, -apart);
        self.values / self.weights
    }

    /// Adds points from a first one on, until they add nothing.
    fn walk(&mut self, density: &Density, function: &impl Fn(f64) -> f64, first: f64, apart: f64) {
        let mut place = first;
        loop {
            let (p, weight) = density.at(place);
            // A number that is too small to be told from 0 may be no divisor.
            let value = weight * function(p.max(LEAST));
            self.weights += weight;
            self.values += value;
            let more = weight > NEGLIGIBLE * self.weights || value > NEGLIGIBLE * self.values;
            if !more {
                return;
            }
            place += apart;
        }
    }
}

/// The least number that functions are asked about.
const LEAST: f64 = 1e-200;

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: f64, expected: f64) {
        // What is left of 1 beside a p near it is rounded to the digits of 1.
        assert!((found - expected).abs() < 1e-10 * expected + 1e-15, "{found} {expected}");
    }

    #[test]
    fn means_are_those_of_the_distribution() {
        let sizes = [1e-6, 1e-3, 0.05, 0.5, 0.793, 1.0, 2.426, 30.0, 1e4, 1e9];
        for a in sizes {
            for b in sizes {
                near(mean(a, b, |_| 3.0), 3.0);
                near(mean(a, b, |p| 1.0 - p), b / (a + b));
                near(mean(a, b, |p| (1.0 - p).powi(2)), b * (b + 1.0) / ((a + b) * (a + b + 1.0)));
                if a > 1.5 {
                    near(mean(a, b, |p| 1.0 / p), (a + b - 1.0) / (a - 1.0));
                }
            }
        }
    }
}
