//! Which mail was sent, by the variants in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::id::ProfileId;

/// How many combinations of variants are told apart; those that turn up later are not shown.
const LIMIT: usize = 10_000;

/// The variants that a mail is made of, by block.
pub(super) type Combination = BTreeMap<Arc<str>, Arc<str>>;

/// The combinations that were sent: to how many, and to whom first by their identifier.
#[derive(Clone, Debug, Default)]
pub(super) struct Letters(BTreeMap<Combination, (u64, ProfileId)>);

/// A combination that is worth a look.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample<'a> {
    pub(super) combination: &'a Combination,
    pub(super) recipients: u64,
    pub(super) profile: &'a ProfileId,
}

impl Letters {
    pub(super) fn add(&mut self, combination: &Combination, profile: &ProfileId) {
        let has_room = self.0.len() < LIMIT;
        match self.0.get_mut(combination) {
            Some((count, first)) => {
                *count += 1;
                if profile < first {
                    first.clone_from(profile);
                }
            }
            None if has_room => {
                self.0.insert(combination.clone(), (1, profile.clone()));
            }
            None => {}
        }
    }

    /// So many combinations: the one that was sent most, then each time the one with most variants
    /// that were not seen yet; of these the one that was sent most.
    pub(super) fn samples(&self, count: usize) -> Vec<Sample<'_>> {
        let samples = self.0.iter();
        let mut rest: Vec<Sample<'_>> = samples
            .map(|(combination, (recipients, profile))| Sample {
                combination,
                recipients: *recipients,
                profile,
            })
            .collect();
        // The sort is stable: those sent as often keep the order of their variants.
        rest.sort_by_key(|sample| std::cmp::Reverse(sample.recipients));
        let (mut seen, mut chosen) = (BTreeSet::new(), Vec::new());
        while chosen.len() < count {
            let fresh = |sample: &Sample<'_>| {
                sample.combination.iter().filter(|variant| !seen.contains(variant)).count()
            };
            let best = rest.iter().enumerate().rev().max_by_key(|(_, sample)| fresh(sample));
            let Some((at, _)) = best else { break };
            let sample = rest.remove(if chosen.is_empty() { 0 } else { at });
            seen.extend(sample.combination);
            chosen.push(sample);
        }
        chosen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variant_is_shown_before_any_is_shown_again() {
        let mut letters = Letters::default();
        let mut send = |hero: &str, offer: &str, to: &[&str]| {
            let blocks = [("hero", hero), ("offer", offer)];
            let combination = blocks.map(|(block, variant)| (block.into(), variant.into())).into();
            to.iter().for_each(|to| letters.add(&combination, &ProfileId::from(*to)));
        };
        send("a", "x", &["p9", "p3", "p4", "p5"]);
        send("a", "y", &["p1", "p2", "p8"]);
        send("b", "x", &["p6", "p7"]);
        send("c", "y", &["p0"]);
        let samples = letters.samples(3);
        let shown = samples.iter().map(|it| (it.recipients, it.profile.as_str()));
        assert_eq!(shown.collect::<Vec<_>>(), [(4, "p3"), (1, "p0"), (2, "p6")]);
        assert_eq!(letters.samples(9).len(), 4);
        assert!(Letters::default().samples(6).is_empty());
    }
}
