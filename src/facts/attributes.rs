//! What was told of each trait.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Told;

/// The tellings of each trait, in order.
///
/// A person has few traits and there are many people: names and tellings lie side by side, found by
/// the length of the name and then by its letters.
#[derive(Clone, Debug, Default)]
pub(super) struct Attributes(Vec<(Arc<str>, Vec<Told>)>);

impl Attributes {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was told of one.
    #[inline]
    pub(super) fn get(&self, name: &str) -> Option<&Vec<Told>> {
        let (_, history) = self.0.get(self.place(name).ok()?)?;
        Some(history)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Vec<Told>> {
        let place = self.place(name).ok()?;
        self.0.get_mut(place).map(|(_, history)| history)
    }

    /// What was told of one; nothing yet, if there is none.
    pub(super) fn entry(&mut self, name: &Arc<str>) -> &mut Vec<Told> {
        let place = self.place(name).unwrap_or_else(|place| {
            self.0.insert(place, (Arc::clone(name), Vec::new()));
            place
        });
        &mut self.0[place].1
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Vec<Told>)> {
        self.0.iter().map(|(name, history)| (name, history))
    }

    pub(super) fn values(&self) -> impl Iterator<Item = &Vec<Told>> {
        self.0.iter().map(|(_, history)| history)
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Vec<Told>> {
        self.0.iter_mut().map(|(_, history)| history)
    }

    /// Where a trait is, or would be.
    #[inline]
    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(other, _)| order(other, name))
    }
}

#[inline]
fn order(a: &str, b: &str) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trait_is_found_among_others() {
        let names = ["tier", "country", "", "city", "engagement", "ço", "cité"].map(Arc::from);
        let mut attributes = Attributes::default();
        for name in names.iter().chain(&names) {
            assert!(attributes.entry(name).is_empty());
        }
        assert_eq!(attributes.iter().count(), names.len());
        assert!(names.iter().all(|name| attributes.get(name).is_some()));
        assert!(["t", "tiers", "citi"].iter().all(|name| attributes.get(name).is_none()));
        assert!(attributes.get_mut("tier").is_some());
    }
}
