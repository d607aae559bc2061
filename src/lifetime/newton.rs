//! The most likely parameters, all of them positive, by Newton's method in their logarithms.

use super::Fit;
use crate::error::{Error, ErrorKind};

/// A log-likelihood at some parameters, with its first and second derivatives by them.
#[derive(Clone, Debug)]
pub(super) struct Likelihood<const N: usize> {
    pub(super) value: f64,
    pub(super) gradient: [f64; N],
    pub(super) hessian: [[f64; N]; N],
}

/// The most likely parameters, and how sure they are.
#[derive(Debug)]
pub(super) struct Peak<const N: usize> {
    pub(super) parameters: [f64; N],
    pub(super) fit: Fit,
}

/// Why there are no most likely parameters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Lost {
    /// A parameter (which, counted from 0) runs to infinity, or else towards 0.
    Runaway { parameter: usize, growing: bool },
    /// There was still a way up after so many steps, or none could be found.
    Unsettled { steps: u32 },
}

impl Lost {
    /// The error of a fit with parameters of these names, and what it means if one runs away.
    pub(super) fn error(
        self,
        names: &[&'static str],
        meaning: impl Fn(&'static str, bool) -> &'static str,
    ) -> Error {
        let detail = match self {
            Self::Runaway { parameter, growing } => {
                let name = names.get(parameter).copied().unwrap_or_default();
                let whither = if growing { "grows without end" } else { "falls towards 0" };
                format!("the parameter `{name}` {whither}: {}", meaning(name, growing))
            }
            Self::Unsettled { steps } => {
                format!("the parameters did not settle, as far as {steps} steps led")
            }
        };
        Error::new(ErrorKind::Model, format!("the fit does not converge: {detail}"))
    }
}

/// How many steps a climb may take; a good one takes some ten.
const STEPS: u32 = 200;
/// The furthest that a logarithm moves in a step.
const STRIDE: f64 = 2.0;
/// The furthest that a logarithm may go from where it began: a factor of 160,000.
const REACH: f64 = 12.0;
/// A Newton step of the logarithms by which the parameters are exact enough.
const SETTLED: f64 = 1e-9;
/// A Newton step that may be all rounding where no step leads up.
const ROUNDED: f64 = 1e-6;
/// How much of a log-likelihood of one is rounding.
const ROUNDING: f64 = 1e-13;

impl<const N: usize> Likelihood<N> {
    pub(super) const ZERO: Self = Self { value: 0.0, gradient: [0.0; N], hessian: [[0.0; N]; N] };

    /// The derivatives by the logarithms of the parameters.
    fn by_logs(mut self, parameters: &[f64; N]) -> Self {
        for row in 0..N {
            self.gradient[row] *= parameters[row];
            for column in 0..N {
                self.hessian[row][column] *= parameters[row] * parameters[column];
            }
            self.hessian[row][row] += self.gradient[row];
        }
        self
    }

    /// The step that leads to the peak of the parabola that fits here, if it has one; damped, the
    /// step is shorter and more to where it goes up steepest.
    fn step(&self, damping: f64) -> Option<[f64; N]> {
        let root = self.information(damping)?;
        Some(solve(&root, &self.gradient))
    }

    /// The Cholesky root of the information.
    fn information(&self, damping: f64) -> Option<[[f64; N]; N]> {
        let mut information = self.hessian.map(|row| row.map(|second| -second));
        let size =
            (0..N).map(|at| information[at][at].abs() + self.gradient[at].abs()).sum::<f64>();
        (0..N).for_each(|at| information[at][at] += damping * size);
        cholesky(&information)
    }
}

/// Climbs from each start; the highest peak counts.
///
/// A likelihood that is higher where parameters run away than at any peak has no maximum.
pub(super) fn climb<const N: usize>(
    customers: usize,
    starts: &[[f64; N]],
    likelihood: impl Fn(&[f64; N]) -> Likelihood<N>,
) -> Result<Peak<N>, Lost> {
    let mut best: Option<(f64, Result<Peak<N>, Lost>)> = None;
    for start in starts {
        let (value, end) = ascend(customers, start, &likelihood);
        // What is higher by rounding only is not higher.
        let bar = |best: f64| best + best.abs() * ROUNDING.sqrt();
        if best.as_ref().is_none_or(|(best, _)| value > bar(*best)) {
            best = Some((value, end));
        }
    }
    best.map_or(Err(Lost::Unsettled { steps: 0 }), |(_, end)| end)
}

/// Climbs from one start; how high it came, and what it found there.
fn ascend<const N: usize>(
    customers: usize,
    start: &[f64; N],
    likelihood: &impl Fn(&[f64; N]) -> Likelihood<N>,
) -> (f64, Result<Peak<N>, Lost>) {
    let begun = start.map(libm::log);
    let at = |logs: &[f64; N]| {
        let parameters = logs.map(libm::exp);
        likelihood(&parameters).by_logs(&parameters)
    };
    let (mut logs, mut here) = (begun, at(&begun));
    for steps in 1..=STEPS {
        let newton = here.step(0.0).map(|step| largest(&step));
        if newton.is_some_and(|step| step < SETTLED) {
            return peak(customers, &logs, &here, steps);
        }
        match higher(&logs, &here, &at) {
            Some(next) => (logs, here) = next,
            None if newton.is_some_and(|step| step < ROUNDED) => {
                return peak(customers, &logs, &here, steps);
            }
            None => return (here.value, Err(Lost::Unsettled { steps })),
        }
        if let Some(lost) = runaway(&begun, &logs) {
            return (here.value, Err(lost));
        }
    }
    (here.value, Err(Lost::Unsettled { steps: STEPS }))
}

/// The first of ever more damped steps that does not lead down.
fn higher<const N: usize>(
    logs: &[f64; N],
    here: &Likelihood<N>,
    at: &impl Fn(&[f64; N]) -> Likelihood<N>,
) -> Option<([f64; N], Likelihood<N>)> {
    let powers = (-12..=4).step_by(2).map(|power| libm::exp10(f64::from(power)));
    let dampings = std::iter::once(0.0).chain(powers);
    let floor = here.value - here.value.abs() * ROUNDING;
    dampings.filter_map(|damping| here.step(damping)).find_map(|step| {
        let short = STRIDE / largest(&step).max(STRIDE);
        let logs = std::array::from_fn(|place| logs[place] + short * step[place]);
        let next = at(&logs);
        (next.value >= floor).then_some((logs, next))
    })
}

fn peak<const N: usize>(
    customers: usize,
    logs: &[f64; N],
    here: &Likelihood<N>,
    steps: u32,
) -> (f64, Result<Peak<N>, Lost>) {
    let parameters = logs.map(libm::exp);
    let Some(root) = here.information(0.0) else {
        return (here.value, Err(Lost::Unsettled { steps }));
    };
    // The inverse of the information is the covariance of the logarithms; by the delta method a
    // parameter's error is its logarithm's times the parameter.
    let errors = (0..N).map(|place| {
        let unit = std::array::from_fn(|other| f64::from(u8::from(other == place)));
        parameters[place] * solve(&root, &unit)[place].sqrt()
    });
    let standard_errors = errors.collect();
    let fit = Fit { customers, log_likelihood: here.value, standard_errors, steps };
    (here.value, Ok(Peak { parameters, fit }))
}

/// The parameter that went furthest, if one went too far.
fn runaway<const N: usize>(begun: &[f64; N], logs: &[f64; N]) -> Option<Lost> {
    let moved = (0..N).map(|place| (place, logs[place] - begun[place]));
    let (parameter, moved) = moved.max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    (moved.abs() > REACH).then_some(Lost::Runaway { parameter, growing: moved > 0.0 })
}

/// The largest magnitude; infinite, if there is one that is no number.
fn largest<const N: usize>(step: &[f64; N]) -> f64 {
    let size = |part: &f64| if part.is_nan() { f64::INFINITY } else { part.abs() };
    step.iter().map(size).fold(0.0, f64::max)
}

/// The lower triangle whose product with its own transpose is a matrix, if it is positive definite.
fn cholesky<const N: usize>(matrix: &[[f64; N]; N]) -> Option<[[f64; N]; N]> {
    let mut root = [[0.0; N]; N];
    for row in 0..N {
        for column in 0..=row {
            let known: f64 = (0..column).map(|at| root[row][at] * root[column][at]).sum();
            let rest = matrix[row][column] - known;
            root[row][column] =
                if row == column { rest.sqrt() } else { rest / root[column][column] };
        }
        if !root[row][row].is_normal() {
            return None;
        }
    }
    Some(root)
}

/// What a matrix, given by its Cholesky root, turns into a vector.
fn solve<const N: usize>(root: &[[f64; N]; N], vector: &[f64; N]) -> [f64; N] {
    let mut solved = *vector;
    for row in 0..N {
        let known: f64 = (0..row).map(|at| root[row][at] * solved[at]).sum();
        solved[row] = (solved[row] - known) / root[row][row];
    }
    for row in (0..N).rev() {
        let known: f64 = (row + 1..N).map(|at| root[at][row] * solved[at]).sum();
        solved[row] = (solved[row] - known) / root[row][row];
    }
    solved
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Minus the square of `ln x - 1` and the fourth power of `ln y + 2`, by the parameters.
    fn hill([x, y]: &[f64; 2]) -> Likelihood<2> {
        let (u, v) = (x.ln() - 1.0, y.ln() + 2.0);
        Likelihood {
            value: -u * u - v * v,
            gradient: [-2.0 * u / x, -2.0 * v / y],
            hessian: [[-2.0 * (1.0 - u) / (x * x), 0.0], [0.0, -2.0 * (1.0 - v) / (y * y)]],
        }
    }

    #[test]
    fn a_peak_is_found_with_its_errors() {
        let peak = climb(7, &[[1.0, 1.0]], hill).unwrap();
        let expected = [1.0_f64.exp(), (-2.0_f64).exp()];
        for (place, (found, expected)) in peak.parameters.iter().zip(expected).enumerate() {
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
            // The information of either logarithm is 2.
            let error = peak.fit.standard_errors[place];
            assert!((error - expected * 0.5_f64.sqrt()).abs() < 1e-9, "{error}");
        }
        assert_eq!(peak.fit.customers, 7);
    }

    #[test]
    fn what_has_no_peak_is_said() {
        // It goes up for ever, ever less.
        let ridge = |[x]: &[f64; 1]| Likelihood {
            value: -1.0 / x,
            gradient: [1.0 / (x * x)],
            hessian: [[-2.0 / (x * x * x)]],
        };
        let lost = climb(1, &[[1.0]], ridge).unwrap_err();
        assert!(matches!(
            lost,
            Lost::Runaway { parameter: 0, growing: true } | Lost::Unsettled { .. }
        ));
        // A logarithm has no maximum.
        let slope = |[x]: &[f64; 1]| Likelihood {
            value: -x.ln(),
            gradient: [-1.0 / x],
            hessian: [[1.0 / (x * x)]],
        };
        assert_eq!(
            climb(1, &[[1.0]], slope).unwrap_err(),
            Lost::Runaway { parameter: 0, growing: false }
        );
        let nothing = |_: &[f64; 1]| Likelihood { value: f64::NAN, ..Likelihood::ZERO };
        assert!(matches!(climb(1, &[[1.0]], nothing), Err(Lost::Unsettled { .. })));
    }

    #[test]
    fn a_matrix_is_inverted() {
        let matrix = [[4.0, 2.0, 0.6], [2.0, 5.0, 1.0], [0.6, 1.0, 3.0]];
        let root = cholesky(&matrix).unwrap();
        let solved = solve(&root, &[1.0, 2.0, 3.0]);
        for (row, expected) in matrix.iter().zip([1.0, 2.0, 3.0]) {
            let back: f64 = row.iter().zip(solved).map(|(a, b)| a * b).sum();
            assert!((back - expected).abs() < 1e-14);
        }
        assert!(cholesky(&[[1.0, 2.0], [2.0, 1.0]]).is_none());
    }
}
