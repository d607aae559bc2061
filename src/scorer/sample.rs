//! The sample of rows that is kept to learn from.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use super::Target;
use super::examples::{Examples, Labels, order};
use crate::table::{Cell, Table};
use crate::time::Timestamp;

/// At most so many examples, chosen by their keys alone: which are kept does not depend on the
/// order in which they come.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    kept: BinaryHeap<Keyed>,
    /// How many were offered.
    pub(super) seen: usize,
}

/// A row, when it was taken and whose it is, without saying who that is.
#[derive(Clone, Debug)]
pub(super) struct Keyed {
    pub(super) key: u64,
    pub(super) group: u64,
    pub(super) snapshot: Timestamp,
    pub(super) label: f64,
    pub(super) row: Box<[Cell]>,
}

impl Sample {
    pub(super) const fn new() -> Self {
        Self { kept: BinaryHeap::new(), seen: 0 }
    }

    /// Keeps an example if its key is among the `limit` least.
    pub(super) fn offer(&mut self, example: Keyed, limit: usize) {
        self.seen += 1;
        self.kept.push(example);
        while self.kept.len() > limit {
            self.kept.pop();
        }
    }

    /// What is kept, in an order that does not show whose it is.
    pub(super) fn examples(
        &self,
        mut table: Table,
        target: Target,
        positive: &Arc<str>,
    ) -> Examples {
        let mut kept: Vec<&Keyed> = self.kept.iter().collect();
        kept.sort_by(|a, b| a.snapshot.cmp(&b.snapshot).then_with(|| a.content(b)));
        // A row that does not fit its own features is one that cannot be learnt from.
        kept.retain(|keyed| table.push(&keyed.row).is_ok());
        let labels = kept.iter().map(|keyed| keyed.label);
        let labels = match target {
            Target::Class => Labels::classes(Arc::clone(positive), labels.map(|label| label > 0.0)),
            Target::Number => Labels::Numbers(labels.collect()),
        };
        let snapshots = kept.iter().map(|keyed| keyed.snapshot).collect();
        let groups = kept.iter().map(|keyed| keyed.group).collect();
        Examples::of(table, labels, snapshots, groups)
    }
}

impl Keyed {
    fn content(&self, other: &Self) -> Ordering {
        let cells = self.row.iter().zip(&*other.row).map(|(a, b)| order(a, b));
        let rows = cells.fold(Ordering::Equal, Ordering::then);
        rows.then(self.label.total_cmp(&other.label)).then(self.group.cmp(&other.group))
    }
}

impl Ord for Keyed {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = self.key.cmp(&other.key).then(self.snapshot.cmp(&other.snapshot));
        key.then_with(|| self.content(other))
    }
}

impl PartialOrd for Keyed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Keyed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Keyed {}
