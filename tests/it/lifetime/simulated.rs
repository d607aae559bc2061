//! Customers drawn from known parameters, which a fit has to find again.

use bespoke::lifetime::{BgNbd, GammaGamma, History, Spending};
use bespoke::seed::{Draws, Seed};

/// A draw of the gamma distribution of rate 1 (G. Marsaglia and W. Tsang, 2000).
fn gamma(draws: &mut Draws, shape: f64) -> f64 {
    if shape < 1.0 {
        return gamma(draws, shape + 1.0) * uniform(draws).powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    loop {
        let normal =
            (-2.0 * uniform(draws).ln()).sqrt() * (std::f64::consts::TAU * uniform(draws)).cos();
        let v = (1.0 + normal / (9.0 * d).sqrt()).powi(3);
        if v > 0.0 && uniform(draws).ln() < normal * normal / 2.0 + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

fn uniform(draws: &mut Draws) -> f64 {
    1.0 - draws.unit()
}

/// What a customer buys in so many weeks by BG/NBD.
fn customer(draws: &mut Draws, [r, alpha, a, b]: [f64; 4], age: f64) -> History {
    let rate = gamma(draws, r) / alpha;
    let (stop, stay) = (gamma(draws, a), gamma(draws, b));
    let (mut repeats, mut recency) = (0, 0.0);
    loop {
        let next = recency - uniform(draws).ln() / rate;
        if next > age {
            return History::new(repeats, recency, age).unwrap();
        }
        (repeats, recency) = (repeats + 1, next);
        if draws.chance(stop / (stop + stay)) {
            return History::new(repeats, recency, age).unwrap();
        }
    }
}

fn customers(seed: u64, parameters: [f64; 4], count: u32) -> Vec<History> {
    let mut draws = Seed::new(seed).fork("customers").draws();
    let age = |n: u32| 20.0 + f64::from(n % 60);
    (0..count).map(|n| customer(&mut draws, parameters, age(n))).collect()
}

/// So many customers of a model.
pub(super) fn customers_of(model: &BgNbd, count: u32) -> Vec<History> {
    customers(7, model.parameters().map(|(_, value)| value), count)
}

/// What so many customers spend by Gamma-Gamma.
pub(super) fn spending_of([p, q, v]: [f64; 3], count: u32) -> Vec<Spending> {
    let mut draws = Seed::new(7).fork("spending").draws();
    let one = |n: u32| {
        let repeats = n % 9 + 1;
        let rate = gamma(&mut draws, q) / v;
        let mean = gamma(&mut draws, p * f64::from(repeats)) / rate / f64::from(repeats);
        Spending::new(repeats, mean).unwrap()
    };
    (0..count).map(one).collect()
}

/// Parameters are found again to within four standard errors, and errors are no excuse.
fn found(parameters: &[(&str, f64)], errors: &[f64], expected: &[f64]) {
    for (((name, found), error), expected) in parameters.iter().zip(errors).zip(expected) {
        let off = (found - expected).abs();
        assert!(off < 4.0 * error, "{name}: {found} ± {error} is not {expected}");
        assert!(*error < 0.5 * expected, "{name}: {found} ± {error}");
    }
}

#[test]
fn bg_nbd_finds_what_customers_were_drawn_from() {
    for (seed, expected) in
        [(1, [0.243, 4.414, 0.793, 2.426]), (2, [2.0, 10.0, 1.0, 1.5]), (3, [0.6, 2.0, 0.5, 4.0])]
    {
        let customers = customers(seed, expected, 6_000);
        let model = BgNbd::fit(&customers).unwrap();
        let fit = model.fitted().unwrap();
        found(&model.parameters(), &fit.standard_errors, &expected);
        let truth = BgNbd::new(expected[0], expected[1], expected[2], expected[3]).unwrap();
        let better = fit.log_likelihood - truth.log_likelihood(&customers);
        // Twice as much is chi-squared with four degrees of freedom: 23.5 once in ten thousand.
        assert!((0.0..11.75).contains(&better), "{better}");
    }
}

#[test]
fn gamma_gamma_finds_what_customers_were_drawn_from() {
    for expected in [[6.25, 3.74, 15.44], [1.5, 2.5, 200.0], [12.0, 8.0, 3.0]] {
        let model = GammaGamma::fit(&spending_of(expected, 6_000)).unwrap();
        let fit = model.fitted().unwrap();
        found(&model.parameters(), &fit.standard_errors, &expected);
    }
}

#[test]
fn customers_buy_as_often_as_is_expected_and_are_alive_as_likely() {
    let parameters = [0.8, 6.0, 0.7, 2.5];
    let model = BgNbd::new(0.8, 6.0, 0.7, 2.5).unwrap();
    let mut draws = Seed::new(11).fork("future").draws();
    let (count, weeks) = (40_000, 26.0);
    let bought: u32 = (0..count).map(|_| customer(&mut draws, parameters, weeks).repeats()).sum();
    let expected = model.purchases_of_new(weeks).unwrap() * f64::from(count);
    // Purchases of a customer deviate by some twice their mean.
    assert!((f64::from(bought) / expected - 1.0).abs() < 0.05, "{bought} {expected}");
}
