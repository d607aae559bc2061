//! What is known by names.

use std::sync::Arc;

use crate::few::make_room;

/// What is known by each name, found by its length first: few names share one.
///
/// There are few names and many people, so they lie side by side.
#[derive(Clone, Debug)]
pub(crate) struct ByName<T>(Vec<(Arc<str>, T)>);

impl<T> ByName<T> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is known by this name.
    #[inline]
    pub(crate) fn get(&self, name: &str) -> Option<&T> {
        self.place(name).ok().and_then(|place| self.0.get(place)).map(|(_, known)| known)
    }

    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        let place = self.place(name).ok()?;
        self.0.get_mut(place).map(|(_, known)| known)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &T)> {
        self.0.iter().map(|(name, known)| (name, known))
    }

    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.iter().map(|(_, known)| known)
    }

    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, known)| known)
    }

    /// Where a name is, or would be.
    #[inline]
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| (other.len(), &**other).cmp(&(name.len(), name)))
    }
}

impl<T: Default> ByName<T> {
    /// What is known by this name, to be changed.
    pub(crate) fn entry(&mut self, name: &Arc<str>) -> &mut T {
        let place = self.place(name).unwrap_or_else(|place| {
            make_room(&mut self.0, 1);
            self.0.insert(place, (Arc::clone(name), T::default()));
            place
        });
        &mut self.0[place].1
    }
}

impl<T> Default for ByName<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_found_among_others() {
        let names = ["tier", "country", "", "city", "engagement", "ço", "cité"].map(Arc::from);
        let mut known = ByName::<Option<usize>>::default();
        for (number, name) in names.iter().enumerate() {
            assert_eq!(known.entry(name).replace(number), None);
        }
        for (number, name) in names.iter().enumerate() {
            assert_eq!(*known.entry(name), Some(number));
            assert_eq!(known.get(name), Some(&Some(number)));
        }
        assert_eq!((known.iter().count(), known.values().count()), (names.len(), names.len()));
        assert!(["t", "tiers", "citi"].iter().all(|name| known.get(name).is_none()));
    }
}
