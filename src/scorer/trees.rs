//! Decision trees that are added up: how they score, and what each column has to do with it.

mod contributions;
#[cfg(feature = "learn")]
mod grow;
mod saved;

use serde::{Deserialize, Serialize};

#[cfg(feature = "learn")]
pub(super) use grow::Grown;

use crate::error::{Error, ErrorKind, Result};

/// Trees whose values add up to a score.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ensemble {
    /// The score before any tree has its say.
    pub(super) base: f64,
    /// What the questions about each column gained, in all.
    pub(super) gains: Vec<f64>,
    pub(super) trees: Vec<Tree>,
}

/// A tree, its nodes breadth first: the root, then level by level from the left.
///
/// So the two ends of the `k`th question, counted from 0, are at `2k + 1` and `2k + 2`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(try_from = "saved::Saved", into = "saved::Saved")]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// How much was learnt from at each node.
    covers: Vec<f64>,
}

/// A question or an end, in 16 bytes: a walk is as fast as nodes come from memory.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Node {
    /// What is less goes left; at an end, what is added.
    number: f64,
    /// The column, and in the highest bit whether what is missing goes left.
    column: u32,
    /// Where left is, and right is next to it; 0 at an end.
    left: u32,
}

/// Whether a column is below a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) column: usize,
    pub(super) below: f64,
    /// Whether what is missing counts as below.
    pub(super) missing: bool,
}

/// Deeper than a fit goes: a tree that doubles what it tells apart at each level ends far above.
pub(super) const DEEPEST: usize = 64;

/// How many rows go through a tree before the next tree: the tree then stays in the cache.
const BLOCK: usize = 64;

/// How many walks are made abreast: while one waits for memory, the others go on.
const ABREAST: usize = 8;

/// A row on its way through a tree.
#[derive(Clone, Copy, Default)]
struct Walk<'a> {
    nodes: &'a [Node],
    row: &'a [f64],
    at: usize,
}

impl Walk<'_> {
    /// Goes on, and says whether it is not at an end.
    #[inline]
    fn step(&mut self) -> bool {
        let node = self.nodes.get(self.at).copied().unwrap_or(Node::end(0.0));
        let goes = node.left > 0;
        self.at = if goes { node.side(self.row) } else { self.at };
        goes
    }
}

/// Walks to the end, and says what is there. Each walk is of a tree and a row.
fn walk<'a, 'w>(
    walks: &'w mut [Walk<'a>; ABREAST],
    of: impl ExactSizeIterator<Item = (&'a [Node], &'a [f64])>,
) -> impl Iterator<Item = f64> + 'w {
    let count = of.len();
    walks.iter_mut().zip(of).for_each(|(walk, (nodes, row))| *walk = Walk { nodes, row, at: 0 });
    // A walk that was made before is at its end.
    while walks.iter_mut().fold(false, |going, walk| walk.step() | going) {}
    let end = |walk: &Walk<'_>| walk.nodes.get(walk.at).map_or(0.0, |node| node.number);
    walks.iter().take(count).map(end)
}

impl Tree {
    /// Counts at each question what was learnt from at its ends.
    fn cover(&mut self) {
        for (at, node) in self.nodes.iter().enumerate().rev().filter(|(_, node)| node.left > 0) {
            let left = node.left as usize;
            let sum = self.covers.get(left..=left + 1).map(|ends| ends.iter().sum());
            if let Some((cover, sum)) = self.covers.get_mut(at).zip(sum) {
                *cover = sum;
            }
        }
    }

    /// Adds what is added of each row of a block.
    fn add(&self, block: &[f64], width: usize, sums: &mut [f64]) {
        let mut walks = [Walk::default(); ABREAST];
        let rows = block.chunks(width * ABREAST).zip(sums.chunks_mut(ABREAST));
        for (rows, sums) in rows {
            let rows = rows.chunks(width).take(sums.len()).map(|row| (&self.nodes[..], row));
            let ends = walk(&mut walks, rows);
            sums.iter_mut().zip(ends).for_each(|(sum, end)| *sum += end);
        }
    }

    /// What would be added of everybody that was learnt from, on average.
    fn mean(&self) -> f64 {
        let ends = self.nodes.iter().zip(&self.covers).filter(|(node, _)| node.left == 0);
        let sum: f64 = ends.map(|(node, cover)| node.number * cover).sum();
        self.covers.first().map_or(0.0, |all| sum / all)
    }
}

impl Node {
    const MISSING: u32 = 1 << 31;

    const fn end(value: f64) -> Self {
        Self { number: value, column: 0, left: 0 }
    }

    /// A question whose left is at this place.
    fn question(question: Question, left: usize) -> Self {
        let Question { column, below, missing } = question;
        // Two billion columns or nodes do not fit into memory.
        let column = u32::try_from(column).unwrap_or_default() & !Self::MISSING;
        let missing = if missing { Self::MISSING } else { 0 };
        Self { number: below, column: column | missing, left: u32::try_from(left).unwrap_or(0) }
    }

    const fn column(self) -> usize {
        (self.column & !Self::MISSING) as usize
    }

    const fn missing(self) -> bool {
        self.column & Self::MISSING > 0
    }

    /// Where a row goes on.
    #[inline]
    fn side(self, encoded: &[f64]) -> usize {
        let value = encoded.get(self.column()).copied().unwrap_or(f64::NAN);
        let left = (value < self.number) | (value.is_nan() & self.missing());
        self.left as usize + usize::from(!left)
    }
}

impl Ensemble {
    /// The sum for a row.
    pub(super) fn raw(&self, encoded: &[f64]) -> f64 {
        let mut walks = [Walk::default(); ABREAST];
        let mut sum = self.base;
        for trees in self.trees.chunks(ABREAST) {
            let ends = walk(&mut walks, trees.iter().map(|tree| (&tree.nodes[..], encoded)));
            sum = ends.fold(sum, |sum, end| sum + end);
        }
        sum
    }

    /// The sum for each row of columns.
    pub(super) fn raw_all(&self, columns: &[Vec<f64>], rows: usize) -> Vec<f64> {
        let mut sums = vec![self.base; rows];
        // A row of no columns has a place too.
        let width = columns.len().max(1);
        let mut block = vec![0.0; width * BLOCK];
        for (sums, first) in sums.chunks_mut(BLOCK).zip((0..).step_by(BLOCK)) {
            for (at, column) in columns.iter().enumerate() {
                let values = column.iter().skip(first);
                block.iter_mut().skip(at).step_by(width).zip(values).for_each(|(to, n)| *to = *n);
            }
            self.trees.iter().for_each(|tree| tree.add(&block, width, sums));
        }
        sums
    }

    /// What is said before any column, and what each adds for a row.
    pub(super) fn contributions(&self, encoded: &[f64]) -> (f64, Vec<f64>) {
        let base = self.trees.iter().fold(self.base, |sum, tree| sum + tree.mean());
        let mut each = vec![0.0; encoded.len()];
        self.trees.iter().for_each(|tree| contributions::add(tree, encoded, &mut each));
        (base, each)
    }

    /// What the questions about each column gained.
    pub(super) fn importance(&self) -> Vec<f64> {
        self.gains.clone()
    }

    /// Refuses what no fit comes to: a column that is not there, a number that cannot be.
    pub(super) fn check(&self, width: usize) -> Result<()> {
        let gains = self.gains.iter().all(|gain| gain.is_finite() && *gain >= 0.0);
        let asks = |node: &Node| node.left == 0 || node.column() < width;
        let columns = self.trees.iter().all(|tree| tree.nodes.iter().all(asks));
        if self.base.is_finite() && gains && self.gains.len() == width && columns {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Model, "the model has trees that cannot be"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Draws, Seed};

    /// A tree of chance over some columns, whose thresholds are whole numbers below 4.
    fn chance(draws: &mut Draws, columns: u64) -> Tree {
        Tree::grow(0_u32, |depth| {
            if depth == 5 || (depth > 0 && draws.chance(0.2)) {
                let cover = (1 + draws.below(9)) as f64;
                return Grown::End { value: draws.unit() - 0.5, cover };
            }
            let column = usize::try_from(draws.below(columns)).unwrap();
            let (below, missing) = (draws.below(4) as f64, draws.chance(0.5));
            Grown::Question(Question { column, below, missing }, depth + 1, depth + 1)
        })
    }

    fn forest(columns: u64, count: usize) -> (Ensemble, Draws) {
        let mut draws = Seed::new(3).draws();
        let trees = (0..count).map(|_| chance(&mut draws, columns)).collect();
        (Ensemble { base: 0.25, gains: vec![1.0; columns.try_into().unwrap()], trees }, draws)
    }

    fn row(draws: &mut Draws, columns: u64) -> Vec<f64> {
        let value = |number| if number == 5 { f64::NAN } else { number as f64 - 0.5 };
        (0..columns).map(|_| value(draws.below(6))).collect()
    }

    #[test]
    fn what_is_less_goes_left_and_what_is_missing_where_it_was_sent() {
        for (missing, expected) in [(true, 1.0), (false, 2.0)] {
            let tree = Tree::grow(0, |at| match at {
                0 => Grown::Question(Question { column: 1, below: 3.0, missing }, 1, 2),
                end => Grown::End { value: f64::from(end), cover: 1.0 },
            });
            let trees = Ensemble { base: 10.0, gains: vec![0.0; 2], trees: vec![tree] };
            let raw = |value| trees.raw(&[f64::NAN, value]) - 10.0;
            assert_eq!(
                [2.9, 3.0, f64::NAN].map(raw).map(f64::to_bits),
                [1.0, 2.0, expected].map(f64::to_bits)
            );
        }
    }

    #[test]
    fn rows_together_come_to_what_each_comes_to() {
        for (columns, count) in [(0..6, 21), (0..1, 8), (0..3, 0)].map(|(c, n)| (c.end, n)) {
            let (trees, mut draws) = forest(columns, count);
            for rows in [0, 1, 8, BLOCK - 1, BLOCK, 3 * BLOCK + 5] {
                let rows: Vec<_> = (0..rows).map(|_| row(&mut draws, columns)).collect();
                let column = |at: usize| rows.iter().map(|row| row[at]).collect();
                let table: Vec<Vec<f64>> =
                    (0..usize::try_from(columns).unwrap()).map(column).collect();
                let bits = |sums: Vec<f64>| sums.into_iter().map(f64::to_bits).collect::<Vec<_>>();
                let each = rows.iter().map(|row| trees.raw(row)).collect();
                assert_eq!(bits(trees.raw_all(&table, rows.len())), bits(each));
            }
        }
    }

    /// What a tree comes to on average if only some columns are known.
    fn expected(tree: &Tree, at: usize, row: &[f64], known: u32) -> f64 {
        let node = tree.nodes[at];
        if node.left == 0 {
            return node.number;
        }
        if known & (1 << node.column()) != 0 {
            return expected(tree, node.side(row), row, known);
        }
        let side = |side: usize| tree.covers[side] * expected(tree, side, row, known);
        (side(node.left as usize) + side(node.left as usize + 1)) / tree.covers[at]
    }

    #[test]
    fn contributions_are_shapley_values_by_their_definition() {
        const COLUMNS: u32 = 4;
        let (trees, mut draws) = forest(COLUMNS.into(), 6);
        let value = |row: &[f64], known| -> f64 {
            trees.trees.iter().map(|tree| expected(tree, 0, row, known)).sum()
        };
        let orders = [6.0, 2.0, 2.0, 6.0].map(|orders| orders / 24.0);
        for _ in 0..50 {
            let row = row(&mut draws, COLUMNS.into());
            let (base, each) = trees.contributions(&row);
            assert!((base - trees.base - value(&row, 0)).abs() < 1e-12);
            for (column, found) in (0..COLUMNS).zip(&each) {
                let without = (0..1 << COLUMNS).filter(|known| known & (1 << column) == 0);
                let adds = |known: u32| {
                    let more = value(&row, known | (1 << column)) - value(&row, known);
                    orders[known.count_ones() as usize] * more
                };
                assert!((without.map(adds).sum::<f64>() - found).abs() < 1e-12, "{row:?}");
            }
            assert!((base + each.iter().sum::<f64>() - trees.raw(&row)).abs() < 1e-12);
        }
    }

    #[test]
    fn saved_trees_are_the_same_and_others_are_refused() {
        let (trees, _) = forest(5, 4);
        let json = serde_json::to_string(&trees).unwrap();
        assert_eq!(serde_json::from_str::<Ensemble>(&json).unwrap(), trees);
        assert!(trees.check(5).is_ok());
        assert!(trees.check(4).is_err(), "a column that is not there");
        assert!(Ensemble { base: f64::NAN, ..trees }.check(5).is_err());
        let deep = |questions: usize| {
            let asks = std::iter::once("1").chain(vec!["0,1"; questions - 1]).chain(["0,0"]);
            let asks = asks.collect::<Vec<_>>().join(",");
            let (numbers, covers) = (vec!["0"; 2 * questions + 1], vec!["1"; questions + 1]);
            let (numbers, covers) = (numbers.join(","), covers.join(","));
            format!(r#"{{"asks": [{asks}], "numbers": [{numbers}], "covers": [{covers}]}}"#)
        };
        assert!(serde_json::from_str::<Tree>(&deep(DEEPEST)).is_ok());
        for json in [
            &*deep(DEEPEST + 1),
            r#"{"asks": [], "numbers": [], "covers": []}"#,
            r#"{"asks": [1], "numbers": [1], "covers": [1]}"#,
            r#"{"asks": [1, 0, 0], "numbers": [1, 2], "covers": [1, 1]}"#,
            r#"{"asks": [1, 0, 0], "numbers": [1, 2, 3], "covers": [1, 0]}"#,
            r#"{"asks": [1, 0, 0], "numbers": [1, 2, 3], "covers": [1, -1]}"#,
            r#"{"asks": [1, 0, 0], "numbers": [1, 2, 3], "covers": [1, 1, 1]}"#,
            r#"{"asks": [1, 0, 0], "numbers": [1, 2, 3], "covers": [1e308, 1e308]}"#,
            r#"{"asks": [0, 1, 0], "numbers": [1, 2, 3], "covers": [1, 1]}"#,
            r#"{"asks": [0, 0, 1], "numbers": [1, 2, 3], "covers": [1, 1]}"#,
        ] {
            let read = serde_json::from_str::<Tree>(json);
            assert!(read.is_err_and(|error| error.to_string().contains("a tree")), "{json}");
        }
        for far in [i32::MIN, i32::MAX] {
            let json = format!(r#"{{"asks":[{far},0,0],"numbers":[1,2,3],"covers":[1,1]}}"#);
            let tree = serde_json::from_str(&json).unwrap();
            let trees = Ensemble { base: 0.0, gains: vec![0.0; 9], trees: vec![tree] };
            assert!(trees.check(9).is_err(), "a column that is not there");
        }
    }
}
