//! Sets of small numbers.

/// A set of numbers below a bound.
#[derive(Clone, Debug)]
pub(crate) enum Bits {
    /// Most bounds are low, and there is a set of each person.
    Few([u64; FEW]),
    Many(Box<[u64]>),
}

const FEW: usize = 2;

impl Bits {
    pub(crate) fn of(bound: usize) -> Self {
        match bound.div_ceil(64) {
            0..=FEW => Self::Few([0; FEW]),
            words => Self::Many(vec![0; words].into()),
        }
    }

    /// All numbers below the bound.
    pub(crate) fn all(bound: usize) -> Self {
        let mut bits = Self::of(bound);
        (0..bound).for_each(|number| bits.set(number, true));
        bits
    }

    #[inline]
    fn words(&self) -> &[u64] {
        match self {
            Self::Few(words) => words,
            Self::Many(words) => words,
        }
    }

    #[inline]
    fn words_mut(&mut self) -> &mut [u64] {
        match self {
            Self::Few(words) => words,
            Self::Many(words) => words,
        }
    }

    #[inline]
    pub(crate) fn get(&self, number: usize) -> bool {
        self.words().get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    #[inline]
    pub(crate) fn set(&mut self, number: usize, bit: bool) {
        if let Some(word) = self.words_mut().get_mut(number / 64) {
            *word = *word & !(1 << (number % 64)) | u64::from(bit) << (number % 64);
        }
    }

    /// Puts in a number, which may be any.
    pub(crate) fn insert(&mut self, number: usize) {
        if number / 64 >= self.words().len() {
            let mut words = self.words().to_vec();
            words.resize(number / 64 + 1, 0);
            *self = Self::Many(words.into());
        }
        self.set(number, true);
    }

    /// How many smaller numbers are in it.
    #[inline]
    pub(crate) fn rank(&self, number: usize) -> usize {
        let words = self.words();
        let (index, below) = (number / 64, (1 << (number % 64)) - 1);
        let part = words.get(index).map_or(0, |word| word & below);
        let whole = words.get(..index).unwrap_or(words).iter().map(|word| word.count_ones());
        (whole.sum::<u32>() + part.count_ones()) as usize
    }

    /// Takes in another set of the same bound.
    pub(crate) fn unite(&mut self, other: &Self) {
        self.words_mut().iter_mut().zip(other.words()).for_each(|(word, other)| *word |= other);
    }

    pub(crate) fn copy(&mut self, other: &Self) {
        match (self, other) {
            (Self::Many(words), Self::Many(others)) => words.clone_from(others),
            (words, others) => *words = others.clone(),
        }
    }

    /// Visits the numbers in it, ascending.
    #[inline]
    pub(crate) fn for_each(&self, mut visit: impl FnMut(usize)) {
        for (index, word) in self.words().iter().enumerate() {
            let mut left = *word;
            while left != 0 {
                visit(index * 64 + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
    }
}

impl Default for Bits {
    fn default() -> Self {
        Self::of(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_a_set(numbers in vec(0_usize..400, 0..20), asked in 0_usize..500) {
            let (mut bits, mut expected) = (Bits::default(), BTreeSet::new());
            for number in numbers {
                bits.insert(number);
                expected.insert(number);
            }
            let mut found = Vec::new();
            bits.for_each(|number| found.push(number));
            prop_assert_eq!(found, expected.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(bits.get(asked), expected.contains(&asked));
            prop_assert_eq!(bits.rank(asked), expected.range(..asked).count());
        }
    }
}
