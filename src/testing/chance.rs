//! Distributions by table. They take integers only, so every platform draws the same.

use crate::seed::Draws;

/// A distribution by its quantiles: up to which share of the draws, in millionths, which value is
/// reached; between two of them it is linear.
pub(super) struct Curve(pub(super) &'static [(u64, u64)]);

impl Curve {
    /// How long one waits for what comes at random, in thousandths of the mean wait: `-ln(1 - u)`,
    /// without waits above eight times the mean.
    pub(super) const WAIT: Self = Self(&[
        (0, 0),
        (100_000, 105),
        (200_000, 223),
        (300_000, 357),
        (400_000, 511),
        (500_000, 693),
        (600_000, 916),
        (700_000, 1_204),
        (800_000, 1_609),
        (900_000, 2_303),
        (950_000, 2_996),
        (980_000, 3_912),
        (990_000, 4_605),
        (999_000, 6_908),
        (1_000_000, 8_000),
    ]);

    /// One value.
    pub(super) fn draw(&self, draws: &mut Draws) -> u64 {
        let share = draws.below(1_000_000);
        let (mut from, mut value) = (0, 0);
        for &(upto, reached) in self.0 {
            if share < upto {
                return value + (reached - value) * (share - from) / (upto - from);
            }
            (from, value) = (upto, reached);
        }
        value
    }
}

/// One of the items, each as often as its weight says.
pub(super) fn weighted<T: Copy, const N: usize>(items: &[(T, u64); N], draws: &mut Draws) -> T {
    let mut left = draws.below(items.iter().map(|(_, weight)| weight).sum());
    let found = items.iter().find(|(_, weight)| {
        let here = left < *weight;
        left = left.saturating_sub(*weight);
        here
    });
    found.unwrap_or(&items[0]).0
}

/// One of the items, each as often as any other.
pub(super) fn any<T: Copy, const N: usize>(items: &[T; N], draws: &mut Draws) -> T {
    items[index(N, draws)]
}

/// A place in a row of `length` items.
pub(super) fn index(length: usize, draws: &mut Draws) -> usize {
    usize::try_from(draws.below(length as u64)).unwrap_or_default()
}

/// A whole number from `least` to `most`.
pub(super) fn between(least: i64, most: i64, draws: &mut Draws) -> i64 {
    least.saturating_add_unsigned(draws.below(least.abs_diff(most).saturating_add(1)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn the_mean_wait_is_the_mean() {
        let mut draws = Seed::new(1).draws();
        let sum: u64 = (0..20_000).map(|_| Curve::WAIT.draw(&mut draws)).sum();
        assert!((980..=1_040).contains(&(sum / 20_000)), "{}", sum / 20_000);
    }

    #[test]
    fn items_come_as_often_as_they_weigh() {
        let mut draws = Seed::new(1).draws();
        let drawn: Vec<char> =
            (0..10_000).map(|_| weighted(&[('a', 1), ('b', 0), ('c', 3)], &mut draws)).collect();
        let share = drawn.iter().filter(|item| **item == 'c').count();
        assert!((7_300..=7_700).contains(&share) && !drawn.contains(&'b'), "{share}");
        assert!((0..1_000).all(|_| (-2..=3).contains(&between(-2, 3, &mut draws))));
    }
}
