//! Randomness as an argument.

use sha2::{Digest, Sha256};

/// Where randomness comes from: a number that is forked by label and never changes.
///
/// Two forks with different labels are independent; the same seed and label give the same draws on
/// every machine and in every version.
///
/// ```
/// use bespoke::seed::Seed;
///
/// let seed = Seed::new(7).fork("holdout").fork("p-1");
/// assert_eq!(seed.unit(), Seed::new(7).fork("holdout").fork("p-1").unit());
/// assert_ne!(seed.unit(), Seed::new(7).fork("holdout").fork("p-2").unit());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Seed(u64);

/// A row of draws from a [`Seed`], each following from the one before (`SplitMix64`).
#[derive(Clone, Debug)]
pub struct Draws(u64);

impl Seed {
    /// The seed of this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number that it is the seed of.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// A seed of its own for `label`.
    #[must_use]
    pub fn fork(self, label: &str) -> Self {
        let digest =
            Sha256::new().chain_update(self.0.to_be_bytes()).chain_update(label).finalize();
        let mut first = [0; 8];
        first.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self(u64::from_be_bytes(first))
    }

    /// One number of `0.0..1.0`.
    pub fn unit(self) -> f64 {
        self.draws().unit()
    }

    /// A row of draws.
    pub const fn draws(self) -> Draws {
        Draws(self.0)
    }
}

impl Draws {
    /// The next 64 bits.
    pub const fn bits(&mut self) -> u64 {
        // SplitMix64: Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// The next number of `0.0..1.0`, uniform over 2^53 steps.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// The next number below `bound`, uniform (the bias is below `bound` / 2^64); 0 for a bound of 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        let product = u128::from(self.bits()) * u128::from(bound);
        u64::try_from(product >> 64).unwrap_or_default()
    }

    /// Whether something of this probability happens.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_the_same_in_every_version() {
        // The first three outputs of SplitMix64 from seed 1234567, as published with its reference.
        let mut draws = Seed::new(1_234_567).draws();
        assert_eq!(draws.bits(), 6_457_827_717_110_365_317);
        assert_eq!(draws.bits(), 3_203_168_211_198_807_973);
        assert_eq!(draws.bits(), 9_817_491_932_198_370_423);
        assert_eq!(Seed::new(1).fork("a"), Seed::new(1).fork("a"));
        assert_ne!(Seed::new(1).fork("a"), Seed::new(2).fork("a"));
    }
}
