//! Sets of small numbers.

/// A set of numbers below a bound.
#[derive(Clone, Debug)]
pub(super) enum Bits {
    /// Most bounds are low, and there is a set of each person.
    Few([u64; FEW]),
    Many(Box<[u64]>),
}

const FEW: usize = 2;

impl Bits {
    pub(super) fn of(bound: usize) -> Self {
        match bound.div_ceil(64) {
            0..=FEW => Self::Few([0; FEW]),
            words => Self::Many(vec![0; words].into()),
        }
    }

    /// All numbers below the bound.
    pub(super) fn all(bound: usize) -> Self {
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
    pub(super) fn get(&self, number: usize) -> bool {
        self.words().get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    #[inline]
    pub(super) fn set(&mut self, number: usize, bit: bool) {
        if let Some(word) = self.words_mut().get_mut(number / 64) {
            *word = *word & !(1 << (number % 64)) | u64::from(bit) << (number % 64);
        }
    }

    /// Takes in another set of the same bound.
    pub(super) fn unite(&mut self, other: &Self) {
        self.words_mut().iter_mut().zip(other.words()).for_each(|(word, other)| *word |= other);
    }

    pub(super) fn copy(&mut self, other: &Self) {
        match (self, other) {
            (Self::Many(words), Self::Many(others)) => words.clone_from(others),
            (words, others) => *words = others.clone(),
        }
    }

    /// Visits the numbers in it, ascending.
    #[inline]
    pub(super) fn for_each(&self, mut visit: impl FnMut(usize)) {
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
