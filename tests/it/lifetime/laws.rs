//! What holds of every model and every customer.

use bespoke::lifetime::{BgNbd, GammaGamma, History, Spending, Valuation};
use proptest::collection::vec;
use proptest::prelude::{Strategy, prop_assert, prop_assert_eq, proptest};

use super::simulated;

fn models() -> impl Strategy<Value = BgNbd> {
    let spread = |low: f64, high: f64| (low.ln()..high.ln()).prop_map(f64::exp);
    (spread(0.03, 20.0), spread(0.05, 200.0), spread(0.02, 20.0), spread(0.1, 50.0))
        .prop_map(|(r, alpha, a, b)| BgNbd::new(r, alpha, a, b).unwrap())
}

fn histories() -> impl Strategy<Value = History> {
    (0..40_u32, 0.0..=1.0_f64, 0.1..150.0_f64).prop_map(|(repeats, share, age)| {
        let recency = if repeats == 0 { 0.0 } else { (share * age).max(1e-3) };
        History::new(repeats, recency, age).unwrap()
    })
}

/// Gauss's hypergeometric function by its series, for a last argument between 0 and 1.
fn hypergeometric([one, two, three]: [f64; 3], last: f64) -> f64 {
    let (mut term, mut sum) = (1.0, 1.0);
    for n in 0..100_000 {
        let n = f64::from(n);
        term *= (one + n) * (two + n) / (three + n) * last / (n + 1.0);
        sum += term;
        if term < sum * 1e-17 {
            break;
        }
    }
    sum
}

/// Equation 10 of the paper by its letter.
fn equation_10(model: &BgNbd, history: &History, weeks: f64) -> f64 {
    let [r, alpha, a, b] = model.parameters().map(|(_, value)| value);
    let (shape, stayed) = (r + f64::from(history.repeats()), b + f64::from(history.repeats()));
    let age = alpha + history.age();
    let function = [shape, stayed, a + stayed - 1.0];
    let rest = (age / (age + weeks)).powf(shape) * hypergeometric(function, weeks / (age + weeks));
    let left = if history.repeats() == 0 {
        0.0
    } else {
        a / (stayed - 1.0) * (age / (alpha + history.recency())).powf(shape)
    };
    (a + stayed - 1.0) / (a - 1.0) * (1.0 - rest) / (1.0 + left)
}

proptest! {
    #[test]
    fn purchases_are_those_of_the_paper(model in models(), history in histories(), t in 0.5..80.0) {
        let [_, _, a, b] = model.parameters().map(|(_, value)| value);
        // Where the letter of the equation has digits left.
        let sum = a + b + f64::from(history.repeats()) - 1.0;
        if (a - 1.0).abs() > 0.02 && sum > 0.05 {
            let (found, expected) = (model.purchases(&history, t).unwrap(), equation_10(&model, &history, t));
            prop_assert!((found - expected).abs() < 1e-8 * expected.max(1e-3), "{found} {expected}");
        }
    }

    #[test]
    fn nothing_leaps_where_a_is_1(history in histories(), t in 0.5..80.0) {
        let at = |a| BgNbd::new(0.5, 5.0, a, 2.0).unwrap().purchases(&history, t).unwrap();
        let middle = f64::midpoint(at(1.0 - 1e-5), at(1.0 + 1e-5));
        prop_assert!((at(1.0) / middle - 1.0).abs() < 1e-8);
    }

    #[test]
    fn the_longer_the_silence_the_less_likely_alive(model in models(), history in histories(), more in 0.1..50.0) {
        let alive = model.alive(&history);
        prop_assert!((0.0..=1.0).contains(&alive));
        let later = History::new(history.repeats(), history.recency(), history.age() + more).unwrap();
        if history.repeats() == 0 {
            prop_assert_eq!(model.alive(&later).to_bits(), 1.0_f64.to_bits());
        } else {
            prop_assert!(model.alive(&later) < alive || alive < 1e-300);
        }
    }

    #[test]
    fn more_time_brings_more_purchases(model in models(), history in histories(), t in 0.0..100.0, more in 0.1..50.0) {
        let of = |t| model.purchases(&history, t).unwrap();
        prop_assert!(of(0.0).abs() <= 0.0);
        prop_assert!(of(t) >= 0.0);
        let [r, alpha, a, b] = model.parameters().map(|(_, value)| value);
        let repeats = f64::from(history.repeats());
        let (shape, age) = (r + repeats, alpha + history.age());
        // What is bought in a time is convex in the probability of leaving, so by Jensen's inequality
        // its mean is no less than what is bought with the mean probability. That may be less than
        // the last digit of all that is bought.
        let leaves = a / (a + b + repeats);
        let stays = |t: f64| (leaves * t / age).ln_1p() * -shape;
        let least = stays(t + more).exp() * (stays(t) - stays(t + more)).exp_m1() / leaves;
        let added = of(t + more) - of(t);
        prop_assert!(added >= model.alive(&history) * least * (1.0 - 1e-9) - 1e-12 * of(t), "{added} {least}");
        // No more than of somebody who never leaves.
        let rate = shape / age;
        prop_assert!(of(t) <= rate * t * (1.0 + 1e-9));
    }

    #[test]
    fn a_year_is_its_weeks(model in models(), history in histories(), discount in 0.0..0.02_f64) {
        let until = |week: u32| model.purchases(&history, f64::from(week)).unwrap();
        let weeks = (1..=20).map(|week| {
            (until(week) - until(week - 1)) / (1.0 + discount).powi(i32::try_from(week).unwrap())
        });
        let expected: f64 = weeks.sum();
        let found = Valuation::new(20, discount).unwrap().purchases(&model, &history);
        prop_assert!((found - expected).abs() <= 1e-9 * expected.max(1e-300), "{found} {expected}");
        let undiscounted = Valuation::new(20, 0.0).unwrap().purchases(&model, &history);
        prop_assert!((undiscounted / until(20) - 1.0).abs() < 1e-12 || until(20) < 1e-290);
        prop_assert!(found <= undiscounted);
    }

    #[test]
    fn a_mean_lies_between_the_customers_own_and_anybodys(
        (p, q, v) in (0.5..20.0, 1.5..20.0, 0.5..500.0), repeats in 1..60_u32, mean in 0.1..1000.0
    ) {
        let model = GammaGamma::new(p, q, v).unwrap();
        let of = |repeats| model.mean(&Spending::new(repeats, mean).unwrap()).unwrap();
        let all = model.population_mean().unwrap();
        let (low, high) = (all.min(mean), all.max(mean));
        prop_assert!((low * (1.0 - 1e-12)..=high * (1.0 + 1e-12)).contains(&of(repeats)));
        // The more is known of a customer, the more it counts.
        prop_assert!((of(repeats + 1) - mean).abs() <= (of(repeats) - mean).abs() + 1e-9);
    }
}

proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_fitted_is_the_most_likely_or_refused(
        rows in vec((0..6_u32, 0.05..=1.0, 1.0..60.0), 1..30),
        means in vec((1..6_u32, 0.5..200.0), 1..30),
    ) {
        let history = |(repeats, share, age): (u32, f64, f64)| {
            History::new(repeats, if repeats == 0 { 0.0 } else { share * age }, age).unwrap()
        };
        let customers: Vec<History> = rows.into_iter().map(history).collect();
        if let Ok(model) = BgNbd::fit(&customers) {
            let [r, alpha, a, b] = model.parameters().map(|(_, value)| value);
            let fit = model.fitted().unwrap();
            prop_assert!(fit.standard_errors.iter().all(|error| error.is_finite() && *error > 0.0));
            let up = 1.01;
            for [s, beta, c, d] in [
                [r * up, alpha, a, b], [r / up, alpha, a, b], [r, alpha * up, a, b], [r, alpha / up, a, b],
                [r, alpha, a * up, b], [r, alpha, a / up, b], [r, alpha, a, b * up], [r, alpha, a, b / up],
            ] {
                let other = BgNbd::new(s, beta, c, d).unwrap().log_likelihood(&customers);
                prop_assert!(other <= fit.log_likelihood + 1e-9);
            }
        }
        let spending: Vec<Spending> =
            means.into_iter().map(|(repeats, mean)| Spending::new(repeats, mean).unwrap()).collect();
        if let Ok(model) = GammaGamma::fit(&spending) {
            let [p, q, v] = model.parameters().map(|(_, value)| value);
            let most = model.fitted().unwrap().log_likelihood;
            for [p, q, v] in [[p * 1.01, q, v], [p / 1.01, q, v], [p, q * 1.01, v], [p, q / 1.01, v], [p, q, v * 1.01]] {
                prop_assert!(GammaGamma::new(p, q, v).unwrap().log_likelihood(&spending) <= most + 1e-9);
            }
        }
    }

    #[test]
    fn neither_order_nor_unit_matters(
        turn in 1..300_usize, unit in 0.01..400.0,
    ) {
        let sorted = simulated::customers_of(&super::published(), 500);
        let model = BgNbd::fit(&sorted).unwrap();
        let mut turned = sorted.clone();
        turned.rotate_left(turn);
        turned.swap(turn, 3);
        prop_assert_eq!(BgNbd::fit(&turned).unwrap().to_json(), model.to_json());
        let scaled: Vec<History> = sorted.iter().map(|one| {
            History::new(one.repeats(), one.recency() * unit, one.age() * unit).unwrap()
        }).collect();
        let by_unit = BgNbd::fit(&scaled).unwrap();
        let expected = model.parameters().map(|(name, value)| match name {
            "alpha" => value * unit,
            _ => value,
        });
        for ((_, found), expected) in by_unit.parameters().into_iter().zip(expected) {
            prop_assert!((found / expected - 1.0).abs() < 1e-7, "{found} {expected}");
        }
        let (found, expected) = (by_unit.alive(&scaled[3]), model.alive(&sorted[3]));
        prop_assert!((found - expected).abs() < 1e-7);

        let sorted = simulated::spending_of([6.25, 3.74, 15.44], 1_000);
        let model = GammaGamma::fit(&sorted).unwrap();
        let mut turned = sorted.clone();
        turned.rotate_left(turn);
        turned.swap(turn - 1, 3);
        prop_assert_eq!(GammaGamma::fit(&turned).unwrap().to_json(), model.to_json());
        let scaled: Vec<Spending> = sorted.iter().map(|one| {
            Spending::new(one.repeats(), one.mean() * unit).unwrap()
        }).collect();
        let by_unit = GammaGamma::fit(&scaled).unwrap().parameters();
        let [(_, p), (_, q), (_, v)] = model.parameters();
        for ((_, found), expected) in by_unit.into_iter().zip([p, q, v * unit]) {
            prop_assert!((found / expected - 1.0).abs() < 1e-7, "{found} {expected}");
        }
    }
}
