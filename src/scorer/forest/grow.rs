//! Growing the trees of a forest.

use std::ops::{Add, AddAssign, Sub};

use super::bins::Binned;
use crate::scorer::trees::{Grown, Question, Tree};
use crate::seed::{Draws, Seed};

/// What trees are grown from, and how.
pub(super) struct Grower<'a> {
    columns: &'a [Binned],
    labels: &'a [f64],
    /// How many rows an end has at least.
    min_leaf: f64,
    pub(super) depth: usize,
    /// How many columns are drawn for a question.
    pub(super) drawn: usize,
    /// What a tree's mean counts in the forest's.
    pub(super) share: f64,
    /// What questions about each column gained so far.
    pub(super) gains: Vec<f64>,
    /// Of each row what the tree at hand learns from it.
    learnt: Vec<Sum>,
    /// The rows that it learns from, those of a node next to each other.
    rows: Vec<u32>,
    /// The columns, the ones drawn last in front.
    order: Vec<usize>,
}

/// How many rows, and the sum of their labels.
#[derive(Clone, Copy, Default)]
struct Sum {
    count: f64,
    sum: f64,
}

/// The rows of a node.
#[derive(Clone, Copy)]
struct Range {
    from: usize,
    to: usize,
    depth: usize,
}

/// A question, and how much more alike the labels are after it.
#[derive(Clone, Copy)]
struct Split {
    column: usize,
    /// How many cuts are at or below what goes left.
    code: u8,
    /// Whether what is missing goes left.
    missing: bool,
    gain: f64,
}

impl<'a> Grower<'a> {
    pub(super) fn new(columns: &'a [Binned], labels: &'a [f64], min_leaf: f64) -> Self {
        Self {
            columns,
            labels,
            min_leaf,
            depth: 0,
            drawn: 0,
            share: 1.0,
            gains: vec![0.0; columns.len()],
            learnt: Vec::new(),
            rows: Vec::new(),
            order: (0..columns.len()).collect(),
        }
    }

    /// A tree of so many rows, drawn with replacement.
    pub(super) fn tree(&mut self, rows: usize, seed: Seed) -> Tree {
        let mut draws = seed.draws();
        self.sample(rows, &mut draws);
        // The order that the tree before left is not this one's.
        self.order.sort_unstable();
        let all = Range { from: 0, to: self.rows.len(), depth: 0 };
        Tree::grow(all, |range| self.node(range, &mut draws))
    }

    fn sample(&mut self, rows: usize, draws: &mut Draws) {
        let count = self.labels.len();
        self.learnt.clear();
        self.learnt.resize(count, Sum::default());
        for _ in 0..rows {
            let row = usize::try_from(draws.below(count as u64)).unwrap_or_default();
            if let Some((learnt, label)) = self.learnt.get_mut(row).zip(self.labels.get(row)) {
                *learnt += Sum { count: 1.0, sum: *label };
            }
        }
        let drawn = (0..).zip(&self.learnt).filter(|(_, learnt)| learnt.count > 0.0);
        self.rows = drawn.map(|(row, _)| row).collect();
    }

    fn node(&mut self, range: Range, draws: &mut Draws) -> Grown<Range> {
        let rows = self.rows.get(range.from..range.to).unwrap_or_default();
        let learnt: Vec<Sum> = rows.iter().map(|row| self.of(*row)).collect();
        let all = learnt.iter().fold(Sum::default(), |all, row| all + *row);
        let deeper = range.depth < self.depth && all.count >= 2.0 * self.min_leaf;
        let split = if deeper { self.best(range, &learnt, all, draws) } else { None };
        let Some((split, column)) = split.and_then(|s| Some((s, self.columns.get(s.column)?)))
        else {
            return Grown::End { value: all.sum / all.count * self.share, cover: all.count };
        };
        if let Some(gain) = self.gains.get_mut(split.column) {
            *gain += split.gain;
        }
        let middle = range.from + self.part(range, column, split);
        let below = column.cuts.get(usize::from(split.code)).copied().unwrap_or_default();
        let question = Question { column: split.column, below, missing: split.missing };
        let depth = range.depth + 1;
        let left = Range { to: middle, depth, ..range };
        Grown::Question(question, left, Range { from: middle, depth, ..range })
    }

    fn of(&self, row: u32) -> Sum {
        self.learnt.get(row as usize).copied().unwrap_or_default()
    }

    /// The best question about columns drawn by chance.
    fn best(&mut self, range: Range, learnt: &[Sum], all: Sum, draws: &mut Draws) -> Option<Split> {
        let rows = self.rows.get(range.from..range.to)?;
        let (mut best, mut tried): (Option<Split>, usize) = (None, 0);
        for place in 0..self.order.len() {
            if tried == self.drawn {
                break;
            }
            let rest = (self.order.len() - place) as u64;
            let other = place + usize::try_from(draws.below(rest)).unwrap_or_default();
            self.order.swap(place, other);
            let column = *self.order.get(place)?;
            let binned = self.columns.get(column)?;
            let bins = Bins::of(binned, rows, learnt);
            // Of a column that is the same for all there is no question.
            if bins.held < 2 {
                continue;
            }
            tried += 1;
            let least = best.map_or_else(|| all.weight() * ROUNDING, |best| best.gain);
            best = bins.split(column, all, self.min_leaf, least).or(best);
        }
        best
    }

    /// Puts the rows that go left before the others, and says how many they are.
    fn part(&mut self, range: Range, column: &Binned, split: Split) -> usize {
        let Some(rows) = self.rows.get_mut(range.from..range.to) else { return 0 };
        let left = |row: &u32| match column.codes.get(*row as usize) {
            Some(0) | None => split.missing,
            Some(code) => *code <= split.code,
        };
        let (mut before, after): (Vec<u32>, Vec<u32>) = rows.iter().partition(|row| left(row));
        let count = before.len();
        before.extend(after);
        rows.copy_from_slice(&before);
        count
    }
}

/// As a share of the squares of labels, what may be gained by nothing but rounding.
const ROUNDING: f64 = 1e-12;

/// What is learnt from the rows of each bin of a column.
struct Bins {
    sums: [Sum; 256],
    /// How many bins have rows.
    held: usize,
}

impl Bins {
    fn of(column: &Binned, rows: &[u32], learnt: &[Sum]) -> Self {
        let mut sums = [Sum::default(); 256];
        for (row, learnt) in rows.iter().zip(learnt) {
            if let Some(code) = column.codes.get(*row as usize) {
                sums[usize::from(*code)] += *learnt;
            }
        }
        let held = sums.iter().filter(|sum| sum.count > 0.0).count();
        Self { sums, held }
    }

    /// The question that gains most, if it is more than `least`.
    fn split(&self, column: usize, all: Sum, min_leaf: f64, least: f64) -> Option<Split> {
        let [missing, known @ ..] = &self.sums;
        let both = [(Sum::default(), false), (*missing, true)];
        let ways = if missing.count > 0.0 { &both[..] } else { &both[..1] };
        let (mut best, mut most) = (None, least);
        let (mut below, mut last) = (Sum::default(), 0);
        for (code, held) in (0..u8::MAX).zip(known).filter(|(_, held)| held.count > 0.0) {
            for (more, with) in ways {
                let left = below + *more;
                let right = all - left;
                let gain = left.weight() + right.weight() - all.weight();
                if left.count >= min_leaf && right.count >= min_leaf && gain > most {
                    let missing = if ways.len() > 1 { *with } else { left.count > right.count };
                    // Between bins that have rows, halfway.
                    let code = if last > 0 { u8::midpoint(last, code) } else { 0 };
                    (best, most) = (Some(Split { column, code, missing, gain }), gain);
                }
            }
            below += *held;
            last = code + 1;
        }
        best
    }
}

impl Sum {
    /// What the squares of the labels' differences are less by, being taken from their own mean.
    fn weight(self) -> f64 {
        if self.count > 0.0 { self.sum * self.sum / self.count } else { 0.0 }
    }
}

impl Add for Sum {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { count: self.count + other.count, sum: self.sum + other.sum }
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Sum {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self { count: self.count - other.count, sum: self.sum - other.sum }
    }
}
