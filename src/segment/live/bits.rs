//! Sets of small numbers.

/// A set of numbers below a bound.
#[derive(Clone, Debug, Default)]
pub(super) struct Bits(Box<[u64]>);

impl Bits {
    pub(super) fn of(bound: usize) -> Self {
        Self(vec![0; bound.div_ceil(64)].into())
    }

    /// All numbers below the bound.
    pub(super) fn all(bound: usize) -> Self {
        let mut bits = Self::of(bound);
        (0..bound).for_each(|number| bits.set(number, true));
        bits
    }

    #[inline]
    pub(super) fn get(&self, number: usize) -> bool {
        self.0.get(number / 64).is_some_and(|word| word >> (number % 64) & 1 == 1)
    }

    #[inline]
    pub(super) fn set(&mut self, number: usize, bit: bool) {
        if let Some(word) = self.0.get_mut(number / 64) {
            *word = *word & !(1 << (number % 64)) | u64::from(bit) << (number % 64);
        }
    }

    /// Takes in another set of the same bound.
    pub(super) fn unite(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    pub(super) fn copy(&mut self, other: &Self) {
        self.0.clone_from(&other.0);
    }

    /// Visits the numbers in it, ascending.
    #[inline]
    pub(super) fn for_each(&self, mut visit: impl FnMut(usize)) {
        for (index, word) in self.0.iter().enumerate() {
            let mut left = *word;
            while left != 0 {
                visit(index * 64 + left.trailing_zeros() as usize);
                left &= left - 1;
            }
        }
    }
}
