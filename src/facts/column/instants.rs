//! The instants of a column's entries.

use std::ops::{Deref, Range};

use crate::time::Timestamp;

/// Instants, side by side; of most things most people have done few, which need no memory elsewhere.
#[derive(Clone, Debug)]
pub(super) enum Instants {
    /// So many of these.
    Few(u8, [Timestamp; FEW]),
    Many(Vec<Timestamp>),
}

const FEW: usize = 3;

impl Instants {
    pub(super) const NONE: Self = Self::Few(0, [Timestamp::MIN; FEW]);

    pub(super) fn insert(&mut self, index: usize, at: Timestamp) {
        match self {
            Self::Few(count, few) if usize::from(*count) < FEW => {
                few[index..].rotate_right(1);
                few[index] = at;
                *count += 1;
            }
            Self::Few(..) => {
                let mut many = Vec::with_capacity(2 * FEW);
                many.extend_from_slice(self);
                many.insert(index, at);
                *self = Self::Many(many);
            }
            Self::Many(many) => many.insert(index, at),
        }
    }

    /// Takes out those at these places.
    pub(super) fn remove(&mut self, places: Range<usize>) {
        match self {
            Self::Few(count, few) => {
                few[places.start..].rotate_left(places.len());
                *count = count.saturating_sub(u8::try_from(places.len()).unwrap_or(u8::MAX));
            }
            Self::Many(many) => drop(many.drain(places)),
        }
    }
}

impl Deref for Instants {
    type Target = [Timestamp];

    #[inline]
    fn deref(&self) -> &[Timestamp] {
        match self {
            Self::Few(count, few) => few.get(..usize::from(*count)).unwrap_or(few),
            Self::Many(many) => many,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_a_list(steps in vec((any::<bool>(), 0_usize..9, 0_usize..9), 0..20)) {
            let (mut instants, mut expected) = (Instants::NONE, Vec::new());
            for (inserts, a, b) in steps {
                let (a, b) = (a.min(expected.len()), b.min(expected.len()));
                if inserts {
                    let at = Timestamp::from_micros(b.try_into().unwrap());
                    instants.insert(a, at);
                    expected.insert(a, at);
                } else {
                    instants.remove(a.min(b)..a.max(b));
                    expected.drain(a.min(b)..a.max(b));
                }
                prop_assert_eq!(&*instants, &*expected);
            }
        }
    }
}
