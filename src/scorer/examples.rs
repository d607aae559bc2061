//! Rows to learn from, and the sample of them that is kept.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::time::Timestamp;

/// Rows of features, each with the instant at which they were taken and with what came of it.
///
/// Whose they are is not kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    features: Arc<[Arc<str>]>,
    /// Row after row.
    values: Vec<f64>,
    labels: Vec<bool>,
    snapshots: Vec<Timestamp>,
}

impl Examples {
    /// No examples yet, of these features.
    pub fn new<N: Into<Arc<str>>>(features: impl IntoIterator<Item = N>) -> Self {
        Self {
            features: features.into_iter().map(Into::into).collect(),
            values: Vec::new(),
            labels: Vec::new(),
            snapshots: Vec::new(),
        }
    }

    /// Adds an example: a row in the order of the features, `NaN` where nothing is known.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for a row of another length.
    pub fn push(&mut self, row: &[f64], happened: bool, snapshot: Timestamp) -> Result<()> {
        fits(row, &self.features)?;
        self.values.extend_from_slice(row);
        self.labels.push(happened);
        self.snapshots.push(snapshot);
        Ok(())
    }

    /// The features' names, in the order of a row.
    pub fn features(&self) -> &[Arc<str>] {
        &self.features
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// To how many it happened.
    pub fn positives(&self) -> usize {
        self.labels.iter().filter(|happened| **happened).count()
    }

    /// Row, label and snapshot of each.
    pub fn iter(&self) -> impl Iterator<Item = (&[f64], bool, Timestamp)> {
        let width = self.features.len().max(1);
        // Without features every row is empty, and there is nothing to cut into rows.
        let rows = self.values.chunks_exact(width);
        let rows = rows.zip(self.labels.iter().zip(&self.snapshots));
        rows.map(|(row, (happened, snapshot))| (row, *happened, *snapshot))
    }
}

/// Refuses a row of another length.
pub(super) fn fits(row: &[f64], features: &[Arc<str>]) -> Result<()> {
    if row.len() == features.len() {
        return Ok(());
    }
    let detail = format!("a row of {} figures for {} features", row.len(), features.len());
    Err(Error::new(ErrorKind::Model, detail))
}

/// At most so many examples, chosen by their keys alone: which are kept does not depend on the
/// order in which they come.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    kept: BinaryHeap<Keyed>,
    /// How many were offered.
    pub(super) seen: usize,
}

#[derive(Clone, Debug)]
struct Keyed {
    key: u64,
    snapshot: Timestamp,
    happened: bool,
    row: Box<[f64]>,
}

impl Sample {
    pub(super) fn new() -> Self {
        Self { kept: BinaryHeap::new(), seen: 0 }
    }

    /// Keeps an example if its key is among the `limit` least.
    pub(super) fn offer(
        &mut self,
        (row, happened): (Vec<f64>, bool),
        snapshot: Timestamp,
        key: u64,
        limit: usize,
    ) {
        self.seen += 1;
        self.kept.push(Keyed { key, snapshot, happened, row: row.into() });
        while self.kept.len() > limit {
            self.kept.pop();
        }
    }

    /// What is kept, in an order that does not show whose it is.
    pub(super) fn examples(&self, features: &[Arc<str>]) -> Examples {
        let mut kept: Vec<&Keyed> = self.kept.iter().collect();
        kept.sort_by(|a, b| a.snapshot.cmp(&b.snapshot).then_with(|| a.content(b)));
        let mut examples = Examples::new(features.iter().map(Arc::clone));
        for keyed in kept {
            examples.values.extend_from_slice(&keyed.row);
            examples.labels.push(keyed.happened);
            examples.snapshots.push(keyed.snapshot);
        }
        examples
    }
}

/// A total order of rows.
pub(super) fn by_content(a: (&[f64], bool), b: (&[f64], bool)) -> Ordering {
    let figures = a.0.iter().zip(b.0).map(|(a, b)| a.total_cmp(b));
    figures.fold(Ordering::Equal, Ordering::then).then(a.1.cmp(&b.1))
}

impl Keyed {
    fn content(&self, other: &Self) -> Ordering {
        by_content((&self.row, self.happened), (&other.row, other.happened))
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
