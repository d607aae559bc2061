//! Who is there.

use super::super::chance::weighted;
use crate::seed::Draws;

/// How activity is spread: from which to which thousandth of the profiles, and how many thousandths
/// of the events they do.
///
/// Of a lognormal distribution the profiles up to the quantile F do Φ(Φ⁻¹(F) − σ) of everything;
/// these are the differences for σ = 1.25.
const ACTIVITY: [((u64, u64), u64); 7] = [
    ((0, 500), 106),
    ((500, 800), 236),
    ((800, 900), 171),
    ((900, 950), 141),
    ((950, 990), 205),
    ((990, 999), 108),
    ((999, 1_000), 33),
];

/// How long a visit is on average, in events.
const VISIT: u64 = 6;

/// For how many profiles there is one visit at any time, so that the events of a visit are some
/// minute apart.
const PROFILES_A_VISIT: u64 = 6_000;

/// A prime above any number of profiles in use, so multiplying by it puts them in another order.
const PRIME: u64 = 2_654_435_761;

/// The profiles, and those among them that are visiting.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    profiles: u64,
    visits: Vec<u64>,
    next: usize,
}

impl Crowd {
    pub(super) fn new(profiles: u64, draws: &mut Draws) -> Self {
        let visits = 1 + profiles / PROFILES_A_VISIT;
        let visits = (0..visits).map(|_| someone(profiles, draws)).collect();
        Self { profiles, visits, next: 0 }
    }

    /// Who does something now; the visits take turns.
    pub(super) fn who(&mut self, draws: &mut Draws) -> u64 {
        self.next = (self.next + 1) % self.visits.len();
        let ended = draws.below(VISIT) == 0;
        let visit = &mut self.visits[self.next];
        std::mem::replace(visit, if ended { someone(self.profiles, draws) } else { *visit })
    }
}

/// One of so many profiles, as often as it is active.
fn someone(profiles: u64, draws: &mut Draws) -> u64 {
    let (from, upto) = weighted(&ACTIVITY, draws);
    let (from, upto) = (profiles * from / 1_000, profiles * upto / 1_000);
    let rank = from + draws.below(upto - from);
    rank * PRIME % profiles.max(1)
}
