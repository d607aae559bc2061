//! Lists and maps of which there are many and most hold little.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut, Range};

/// Makes room for one more in a list, for at least so many at a time: a quarter more than there are,
/// so that a long one is still moved about once for each.
pub(crate) fn make_room<T>(list: &mut Vec<T>, at_once: usize) {
    if list.len() == list.capacity() {
        list.reserve_exact(at_once.max(list.len() / 4));
    }
}

/// A list that needs no memory elsewhere for one.
#[derive(Clone, Debug)]
pub(crate) enum List<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> List<T> {
    pub(crate) fn insert(&mut self, index: usize, item: T) {
        let mut many = match std::mem::take(self) {
            Self::Many(none) if none.is_empty() => {
                *self = Self::One(item);
                return;
            }
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        };
        make_room(&mut many, 1);
        many.insert(index, item);
        *self = Self::Many(many);
    }

    pub(crate) fn remove(&mut self, index: usize) {
        match self {
            Self::One(_) => *self = Self::default(),
            Self::Many(many) => drop(many.remove(index)),
        }
    }
}

impl<T> From<Vec<T>> for List<T> {
    fn from(mut many: Vec<T>) -> Self {
        match many.pop() {
            Some(one) if many.is_empty() => Self::One(one),
            last => {
                many.extend(last);
                Self::Many(many)
            }
        }
    }
}

impl<T> Default for List<T> {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T> Deref for List<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::One(one) => std::slice::from_ref(one),
            Self::Many(many) => many,
        }
    }
}

impl<T> DerefMut for List<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::One(one) => std::slice::from_mut(one),
            Self::Many(many) => many,
        }
    }
}

/// A list of plain things that needs no memory elsewhere for up to so many.
#[derive(Clone, Debug)]
pub(crate) enum Short<T, const N: usize> {
    /// So many of these.
    Few(u8, [T; N]),
    Many(Vec<T>),
}

impl<T: Copy, const N: usize> Short<T, N> {
    /// None yet; what stands in the places of those that are not there is any.
    pub(crate) const fn none(any: T) -> Self {
        Self::Few(0, [any; N])
    }

    pub(crate) fn insert(&mut self, index: usize, item: T) {
        match self {
            Self::Few(count, few) if usize::from(*count) < N => {
                few[index..].rotate_right(1);
                few[index] = item;
                *count += 1;
            }
            Self::Few(..) => {
                let mut many = Vec::with_capacity(2 * N);
                many.extend_from_slice(self);
                many.insert(index, item);
                *self = Self::Many(many);
            }
            Self::Many(many) => {
                make_room(many, N);
                many.insert(index, item);
            }
        }
    }

    /// Takes out those at these places.
    pub(crate) fn remove(&mut self, places: Range<usize>) {
        match self {
            Self::Few(count, few) => {
                few[places.start..].rotate_left(places.len());
                *count = count.saturating_sub(u8::try_from(places.len()).unwrap_or(u8::MAX));
            }
            Self::Many(many) => drop(many.drain(places)),
        }
    }
}

impl<T, const N: usize> Deref for Short<T, N> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        match self {
            Self::Few(count, few) => few.get(..usize::from(*count)).unwrap_or(few),
            Self::Many(many) => many,
        }
    }
}

impl<T, const N: usize> DerefMut for Short<T, N> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::Few(count, few) => few.get_mut(..usize::from(*count)).unwrap_or_default(),
            Self::Many(many) => many,
        }
    }
}

/// A map in the order of its keys, which lie side by side while they are few.
#[derive(Clone, Debug)]
pub(crate) enum Map<K, V> {
    Few(Vec<(K, V)>),
    Many(BTreeMap<K, V>),
}

/// A map of more is a tree.
const FEW: usize = 16;

impl<K: Ord, V> Map<K, V> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        match self {
            Self::Few(few) => {
                let place = few.binary_search_by(|(other, _)| other.cmp(key)).ok()?;
                few.get(place).map(|(_, value)| value)
            }
            Self::Many(many) => many.get(key),
        }
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        match self {
            Self::Few(few) => {
                let place = few.binary_search_by(|(other, _)| other.cmp(key)).ok()?;
                few.get_mut(place).map(|(_, value)| value)
            }
            Self::Many(many) => many.get_mut(key),
        }
    }

    /// The value of a key, which is made if there is none.
    pub(crate) fn entry(&mut self, key: K, make: impl FnOnce() -> V) -> &mut V {
        if let Self::Few(few) = self
            && few.len() == FEW
        {
            *self = Self::Many(std::mem::take(few).into_iter().collect());
        }
        match self {
            Self::Few(few) => {
                let place = few.binary_search_by(|(other, _)| other.cmp(&key));
                let place = place.unwrap_or_else(|place| {
                    make_room(few, 2);
                    few.insert(place, (key, make()));
                    place
                });
                &mut few[place].1
            }
            Self::Many(many) => many.entry(key).or_insert_with(make),
        }
    }

    pub(crate) fn retain(&mut self, mut keeps: impl FnMut(&V) -> bool) {
        match self {
            Self::Few(few) => few.retain(|(_, value)| keeps(value)),
            Self::Many(many) => many.retain(|_, value| keeps(value)),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        let (few, many) = match self {
            Self::Few(few) => (Some(few), None),
            Self::Many(many) => (None, Some(many)),
        };
        let few = few.into_iter().flatten().map(|(key, value)| (key, value));
        few.chain(many.into_iter().flatten())
    }

    pub(crate) fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        let (few, many) = match self {
            Self::Few(few) => (Some(few), None),
            Self::Many(many) => (None, Some(many)),
        };
        let few = few.into_iter().flatten().map(|(key, value)| (&*key, value));
        few.chain(many.into_iter().flatten())
    }
}

impl<K, V> Default for Map<K, V> {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_lists(steps in vec((any::<bool>(), 0_usize..9, any::<u8>()), 0..20)) {
            let (mut list, mut expected) = (List::default(), Vec::new());
            for (inserts, place, item) in steps {
                if inserts {
                    let place = place.min(expected.len());
                    list.insert(place, item);
                    expected.insert(place, item);
                } else if place < expected.len() {
                    list.remove(place);
                    expected.remove(place);
                }
                list.first_mut().into_iter().for_each(|first| *first = first.wrapping_add(1));
                expected.first_mut().into_iter().for_each(|first| *first = first.wrapping_add(1));
                prop_assert_eq!(&*list, &*expected);
                prop_assert_eq!(&*List::from(expected.clone()), &*expected);
            }
        }

        #[test]
        fn they_are_short_lists(
            steps in vec((any::<bool>(), 0_usize..9, 0_usize..9), 0..20),
        ) {
            let (mut list, mut expected) = (Short::<_, 3>::none(0), Vec::new());
            for (inserts, a, b) in steps {
                let (a, b) = (a.min(expected.len()), b.min(expected.len()));
                if inserts {
                    list.insert(a, b);
                    expected.insert(a, b);
                } else {
                    list.remove(a.min(b)..a.max(b));
                    expected.drain(a.min(b)..a.max(b));
                }
                list.last_mut().into_iter().for_each(|last| *last += 1);
                expected.last_mut().into_iter().for_each(|last| *last += 1);
                prop_assert_eq!(&*list, &*expected);
            }
        }

        #[test]
        fn they_are_maps(steps in vec((0_u8..40, 0_u8..9), 0..60), below in 0_u8..9) {
            let (mut map, mut expected) = (Map::default(), BTreeMap::new());
            for (key, value) in steps {
                *map.entry(key, || 0) = value;
                expected.insert(key, value);
            }
            map.retain(|value| *value >= below);
            expected.retain(|_, value| *value >= below);
            map.iter_mut().for_each(|(key, value)| *value += key);
            expected.iter_mut().for_each(|(key, value)| *value += key);
            prop_assert!(map.iter().eq(&expected));
            for key in 0..40 {
                prop_assert_eq!(map.get(&key), expected.get(&key));
                prop_assert_eq!(map.get_mut(&key), expected.get_mut(&key));
            }
        }
    }
}
