//! Rows to learn from, with what came of them.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};
use crate::table::{Cell, Column, Table};
use crate::time::Timestamp;

/// What came of each row.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Labels {
    /// Whether it happened.
    Classes {
        /// What it is called when it did: the class of which a model gives the probability.
        positive: Arc<str>,
        /// Row by row.
        labels: Vec<bool>,
    },
    /// How much came of it.
    Numbers(Vec<f64>),
}

impl Labels {
    /// Whether it happened, by row; `positive` is the name of its having happened.
    pub fn classes(positive: impl Into<Arc<str>>, labels: impl IntoIterator<Item = bool>) -> Self {
        Self::Classes { positive: positive.into(), labels: labels.into_iter().collect() }
    }

    /// How many rows have one.
    pub const fn len(&self) -> usize {
        match self {
            Self::Classes { labels, .. } => labels.len(),
            Self::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The labels as numbers: 1 where it happened and 0 where it did not.
    pub fn numbers(&self) -> Vec<f64> {
        match self {
            Self::Classes { labels, .. } => {
                labels.iter().map(|happened| f64::from(u8::from(*happened))).collect()
            }
            Self::Numbers(numbers) => numbers.clone(),
        }
    }

    fn select(&self, rows: &[usize]) -> Self {
        match self {
            Self::Classes { positive, labels } => Self::Classes {
                positive: Arc::clone(positive),
                labels: rows.iter().filter_map(|row| labels.get(*row).copied()).collect(),
            },
            Self::Numbers(numbers) => {
                Self::Numbers(rows.iter().filter_map(|row| numbers.get(*row).copied()).collect())
            }
        }
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        match self {
            Self::Classes { labels, .. } => labels.get(a).cmp(&labels.get(b)),
            Self::Numbers(numbers) => {
                let of = |row: usize| numbers.get(row).copied().unwrap_or(f64::NAN);
                of(a).total_cmp(&of(b))
            }
        }
    }
}

/// Rows of features, each with what came of it, and with the instant at which it was taken.
///
/// ```
/// use bespoke::scorer::{Examples, Labels};
/// use bespoke::table::{ColumnKind, Table};
///
/// let mut table = Table::new([("plan", ColumnKind::Text)])?;
/// table.push(&["gold".into()])?;
/// table.push(&["free".into()])?;
/// let examples = Examples::new(table, Labels::classes("churned", [false, true]))?;
/// assert_eq!((examples.len(), examples.positives()), (2, 1));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Examples {
    table: Table,
    labels: Labels,
    snapshots: Vec<Timestamp>,
    groups: Vec<u64>,
}

impl Examples {
    /// Examples of a plain table: each row is somebody else's, and all are of one instant.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for labels of another number than rows, and for a label that is no
    /// number or infinite, naming the row.
    pub fn new(table: Table, labels: Labels) -> Result<Self> {
        if table.len() != labels.len() {
            let detail = format!("{} labels for {} rows", labels.len(), table.len());
            return Err(Error::new(ErrorKind::Model, detail));
        }
        if let Labels::Numbers(numbers) = &labels
            && let Some(row) = numbers.iter().position(|number| !number.is_finite())
        {
            let detail = "the label is no number that can be learnt from";
            return Err(Error::new(ErrorKind::Model, format!("row {row}: {detail}")));
        }
        let snapshots = vec![Timestamp::from_micros(0); table.len()];
        let groups = (0_u64..).take(table.len()).collect();
        Ok(Self { table, labels, snapshots, groups })
    }

    /// Examples whose parts are known to be as long as each other.
    pub(super) const fn of(
        table: Table,
        labels: Labels,
        snapshots: Vec<Timestamp>,
        groups: Vec<u64>,
    ) -> Self {
        Self { table, labels, snapshots, groups }
    }

    /// The same examples, taken at these instants.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for another number of instants than rows.
    pub fn taken(self, snapshots: Vec<Timestamp>) -> Result<Self> {
        self.each(snapshots.len(), "instants")?;
        Ok(Self { snapshots, ..self })
    }

    /// The same examples, of these people: rows of one number are never parted by folds.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for another number of people than rows.
    pub fn grouped(self, groups: Vec<u64>) -> Result<Self> {
        self.each(groups.len(), "groups")?;
        Ok(Self { groups, ..self })
    }

    fn each(&self, count: usize, what: &str) -> Result<()> {
        if count == self.len() {
            return Ok(());
        }
        let detail = format!("{count} {what} for {} rows", self.len());
        Err(Error::new(ErrorKind::Model, detail))
    }

    /// The rows.
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// What came of each row.
    pub const fn labels(&self) -> &Labels {
        &self.labels
    }

    /// When each row was taken.
    pub fn snapshots(&self) -> &[Timestamp] {
        &self.snapshots
    }

    /// Whose each row is: the same number, the same person.
    pub fn groups(&self) -> &[u64] {
        &self.groups
    }

    /// The features' names, in the order of a row.
    pub fn features(&self) -> &Arc<[Arc<str>]> {
        self.table.names()
    }

    /// How many there are.
    pub const fn len(&self) -> usize {
        self.table.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// To how many it happened; 0 where labels are numbers.
    pub fn positives(&self) -> usize {
        match &self.labels {
            Labels::Classes { labels, .. } => labels.iter().filter(|happened| **happened).count(),
            Labels::Numbers(_) => 0,
        }
    }

    /// Some of the examples, in this order; one that is not there is passed over.
    #[must_use]
    pub fn select(&self, rows: &[usize]) -> Self {
        let rows: Vec<usize> = rows.iter().copied().filter(|row| *row < self.len()).collect();
        Self {
            table: self.table.select(&rows),
            labels: self.labels.select(&rows),
            snapshots: rows.iter().filter_map(|row| self.snapshots.get(*row).copied()).collect(),
            groups: rows.iter().filter_map(|row| self.groups.get(*row).copied()).collect(),
        }
    }

    /// The same examples in an order that follows from what they are, not from how they came.
    #[must_use]
    pub fn ordered(&self) -> Self {
        let mut rows: Vec<usize> = (0..self.len()).collect();
        rows.sort_by(|a, b| self.compare(*a, *b));
        self.select(&rows)
    }

    fn compare(&self, a: usize, b: usize) -> Ordering {
        let instants = self.snapshots.get(a).cmp(&self.snapshots.get(b));
        let columns = || {
            let of = |column: &Column| order(&column.cell(a), &column.cell(b));
            self.table.columns().iter().map(of).find(|order| order.is_ne())
        };
        instants
            .then_with(|| columns().unwrap_or(Ordering::Equal))
            .then_with(|| self.labels.compare(a, b))
    }
}

/// A total order of cells: what is missing, then numbers, then texts.
pub(super) fn order(a: &Cell, b: &Cell) -> Ordering {
    match (a, b) {
        (Cell::Number(a), Cell::Number(b)) => a.total_cmp(b),
        (Cell::Text(a), Cell::Text(b)) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}

const fn rank(cell: &Cell) -> u8 {
    match cell {
        Cell::Missing => 0,
        Cell::Number(_) => 1,
        Cell::Text(_) => 2,
    }
}
