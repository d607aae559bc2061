//! The likelihood of BG/NBD, with its derivatives.

use std::array::from_fn;

use crate::lifetime::History;
use crate::lifetime::gamma::{digamma, ln_gamma, trigamma};
use crate::lifetime::newton::Likelihood;

/// Customers by their histories, in an order of their own.
pub(super) struct Groups(Vec<Repeating>);

/// The customers of a number of repeat purchases.
struct Repeating {
    repeats: f64,
    customers: f64,
    alike: Vec<Alike>,
}

/// Customers of one history.
struct Alike {
    history: History,
    customers: f64,
}

impl Groups {
    pub(super) fn new(customers: &[History]) -> Self {
        let mut sorted = customers.to_vec();
        sorted.sort_by(|one, other| {
            let times = one.recency().total_cmp(&other.recency());
            one.repeats().cmp(&other.repeats()).then(times).then(one.age().total_cmp(&other.age()))
        });
        let groups = sorted.chunk_by(|one, other| one.repeats() == other.repeats());
        Self(groups.filter_map(Repeating::new).collect())
    }

    /// How many weeks the customers are known for, all together.
    pub(super) fn weeks(&self) -> f64 {
        let alike = self.0.iter().flat_map(|group| &group.alike);
        alike.map(|alike| alike.customers * alike.history.age()).sum()
    }

    /// The likelihood of `r`, `alpha`, `a` and `b` (equation 6 of the paper, as it is split for
    /// computing in its technical notes).
    pub(super) fn likelihood(&self, parameters: &[f64; 4]) -> Likelihood<4> {
        let mut sum = Likelihood::ZERO;
        let common = Common::new(parameters);
        for group in &self.0 {
            common.add_gammas(&mut sum, group);
            group.alike.iter().for_each(|alike| common.add_times(&mut sum, alike));
        }
        sum
    }
}

impl Repeating {
    fn new(sorted: &[History]) -> Option<Self> {
        let repeats = f64::from(sorted.first()?.repeats());
        let alike = sorted.chunk_by(|one, other| one == other).filter_map(|alike| {
            Some(Alike { history: *alike.first()?, customers: alike.len() as f64 })
        });
        Some(Self { repeats, customers: sorted.len() as f64, alike: alike.collect() })
    }
}

/// What all customers share.
struct Common {
    r: f64,
    alpha: f64,
    a: f64,
    b: f64,
    ln_alpha: f64,
    ln_a: f64,
}

impl Common {
    fn new(&[r, alpha, a, b]: &[f64; 4]) -> Self {
        Self { r, alpha, a, b, ln_alpha: libm::log(alpha), ln_a: libm::log(a) }
    }

    /// `ln [Γ(r+x) αʳ / Γ(r)] + ln [B(a, b+x) Γ(a+b) / (Γ(a) Γ(b))]`, which depends on `x` only.
    fn add_gammas(&self, sum: &mut Likelihood<4>, group: &Repeating) {
        let Self { r, alpha, a, b, ln_alpha, .. } = *self;
        let (x, n) = (group.repeats, group.customers);
        let of = |f: fn(f64) -> f64| [f(r + x) - f(r), f(a + b) - f(a + b + x), f(b + x) - f(b)];
        let [rate, both, stay] = of(ln_gamma);
        sum.value += n * (rate + r * ln_alpha + both + stay);
        let [rate, both, stay] = of(digamma);
        let [of_r, of_alpha, of_a, of_b] = &mut sum.gradient;
        *of_r += n * (rate + ln_alpha);
        *of_alpha += n * r / alpha;
        *of_a += n * both;
        *of_b += n * (both + stay);
        let [rate, both, stay] = of(trigamma);
        let seconds = [
            [n * rate, n / alpha, 0.0, 0.0],
            [n / alpha, -n * r / (alpha * alpha), 0.0, 0.0],
            [0.0, 0.0, n * both, n * both],
            [0.0, 0.0, n * both, n * (both + stay)],
        ];
        add(&mut sum.hessian, &seconds);
    }

    /// `ln [(α+T)^-(r+x) + a/(b+x-1) (α+t_x)^-(r+x)]`: the customer is still there, or left with the
    /// last purchase. Who did not buy again has had no occasion to leave.
    fn add_times(&self, sum: &mut Likelihood<4>, alike: &Alike) {
        let there = self.silent(&alike.history, alike.history.age());
        let times = match alike.history.repeats() {
            0 => there,
            _ => either(&there, &self.left(&alike.history)),
        };
        sum.value += alike.customers * times.value;
        sum.gradient.iter_mut().zip(times.gradient).for_each(|(sum, part)| {
            *sum += alike.customers * part;
        });
        add(&mut sum.hessian, &times.hessian.map(|row| row.map(|part| alike.customers * part)));
    }

    fn left(&self, history: &History) -> Likelihood<4> {
        let mut left = self.silent(history, history.recency());
        let stayed = self.b + f64::from(history.repeats()) - 1.0;
        left.value += self.ln_a - libm::log(stayed);
        left.gradient[2] = 1.0 / self.a;
        left.gradient[3] = -1.0 / stayed;
        left.hessian[2][2] = -1.0 / (self.a * self.a);
        left.hessian[3][3] = 1.0 / (stayed * stayed);
        left
    }

    /// `-(r+x) ln (α+t)`.
    fn silent(&self, history: &History, weeks: f64) -> Likelihood<4> {
        let (shape, rate) = (self.r + f64::from(history.repeats()), self.alpha + weeks);
        let ln_rate = libm::log(rate);
        let mut silent = Likelihood::ZERO;
        silent.value = -shape * ln_rate;
        silent.gradient = [-ln_rate, -shape / rate, 0.0, 0.0];
        silent.hessian[0][1] = -1.0 / rate;
        silent.hessian[1][0] = -1.0 / rate;
        silent.hessian[1][1] = shape / (rate * rate);
        silent
    }
}

/// `ln (exp(one) + exp(other))`.
fn either(one: &Likelihood<4>, other: &Likelihood<4>) -> Likelihood<4> {
    let (greater, lesser) = if one.value > other.value { (one, other) } else { (other, one) };
    let odds = libm::exp(lesser.value - greater.value);
    let share = odds / (1.0 + odds);
    let apart: [f64; 4] = from_fn(|at| lesser.gradient[at] - greater.gradient[at]);
    let second = |row: usize, column: usize| {
        let (greater, lesser) = (greater.hessian[row][column], lesser.hessian[row][column]);
        let spread = (1.0 - share) * apart[row] * apart[column];
        greater + share * (lesser - greater + spread)
    };
    Likelihood {
        value: greater.value + libm::log1p(odds),
        gradient: from_fn(|at| greater.gradient[at] + share * apart[at]),
        hessian: from_fn(|row| from_fn(|column| second(row, column))),
    }
}

fn add(sum: &mut [[f64; 4]; 4], more: &[[f64; 4]; 4]) {
    sum.iter_mut().flatten().zip(more.iter().flatten()).for_each(|(sum, more)| *sum += more);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derivatives_are_those_of_the_value() {
        let rows = [(0.0, 0.0, 9.0), (0.0, 0.0, 38.0), (1.0, 3.5, 38.0), (4.0, 3.5, 38.0)];
        let more = [(4.0, 37.0, 38.0), (4.0, 37.0, 38.0), (120.0, 20.0, 20.0)];
        let customers = History::table(rows.into_iter().chain(more)).unwrap();
        let groups = Groups::new(&customers);
        assert_eq!((groups.0.len(), groups.weeks()), (4, 219.0));
        for parameters in [[0.243, 4.414, 0.793, 2.426], [3.0, 0.2, 1e-3, 0.4]] {
            let here = groups.likelihood(&parameters);
            for moved in 0..4 {
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
                for other in 0..4 {
                    let slope = (up.gradient[other] - down.gradient[other]) / width;
                    near(slope, here.hessian[other][moved]);
                }
            }
        }
    }
}
