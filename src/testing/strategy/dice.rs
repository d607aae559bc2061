//! Choices read from bytes, so that whatever is made of them shrinks as the bytes do.

/// A run of choices; when the bytes are used up, every choice is the first.
pub(super) struct Dice<'b>(std::slice::Iter<'b, u8>);

impl<'b> Dice<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self(bytes.iter())
    }

    /// A number below `sides`; 0 where there is none.
    pub(super) fn roll(&mut self, sides: usize) -> usize {
        let roll = usize::from(self.0.next().copied().unwrap_or_default());
        roll.checked_rem(sides).unwrap_or_default()
    }

    /// True once in so many times.
    pub(super) fn chance(&mut self, one_in: usize) -> bool {
        self.roll(one_in) == one_in - 1
    }

    /// One of several, the first by default.
    pub(super) fn of<T: Clone, const N: usize>(&mut self, choices: &[T; N]) -> T {
        let roll = self.roll(N);
        choices.get(roll).unwrap_or(&choices[0]).clone()
    }

    /// One of a list, if it has any.
    pub(super) fn among<'t, T>(&mut self, choices: &'t [T]) -> Option<&'t T> {
        choices.get(self.roll(choices.len()))
    }
}
