//! Learning what to make of features.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::encode::{Encoder, Level, Part, Range, Scale, Scaled, Statistic, flatten};
use super::{Examples, Labels};
use crate::error::{Error, ErrorKind, Result};
use crate::stats::quantiles;
use crate::table::{Column, Levels};

/// What is made of features before a model sees them. All of it is learnt from the rows that the
/// model is fitted to, and saved with the model.
///
/// Numbers are kept within what was learnt from, and for weighted sums also filled in with the median
/// where missing, flattened by a logarithm where skewed, and scaled to mean 0 and deviation 1. A text
/// becomes a column of 1 and 0 for each level, or one column with what came of the level on average.
/// That average is fitted inside folds: a row's own label has no part in what it is trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Encoding {
    scaled: bool,
    winsorise: (f64, f64),
    levels: usize,
    seen: usize,
}

/// A skewness beyond which a distribution counts as highly skewed (Bulmer, 1979).
const SKEWED: f64 = 1.0;

/// As how many rows of the overall mean a level's own mean is counted with: ten is what `LightGBM`
/// smooths categories with.
const SMOOTHING: f64 = 10.0;

/// Into how many folds rows are put, each encoded by what came of the others.
const FOLDS: usize = 5;

impl Encoding {
    /// For weighted sums: numbers scaled, and a column for each of the 50 most frequent levels that
    /// ten rows or more have.
    pub const fn linear() -> Self {
        Self { scaled: true, winsorise: (0.0, 1.0), levels: 50, seen: 10 }
    }

    /// For trees: numbers as they are, missing ones too, and texts of more than two levels by what
    /// came of them: a tree then parts them in one question.
    pub const fn trees() -> Self {
        Self { scaled: false, winsorise: (0.0, 1.0), levels: 2, seen: 1 }
    }

    /// The same, with numbers kept between these quantiles, so that a few extremes do not decide;
    /// 0 and 1 by default, which is what was seen.
    #[must_use]
    pub const fn winsorise(self, low: f64, high: f64) -> Self {
        Self { winsorise: (low, high), ..self }
    }

    /// The same, with a column for each level of a text of at most so many levels, and what came of
    /// the level where there are more. For weighted sums it is the number of columns.
    #[must_use]
    pub const fn one_hot(self, levels: usize) -> Self {
        Self { levels, ..self }
    }

    /// Learns what to make of features, and makes it of the rows that it was learnt from.
    pub(super) fn fit(&self, examples: &Examples) -> Result<(Encoder, Vec<Vec<f64>>)> {
        let labels = examples.labels().numbers();
        let folds = folds(examples.groups());
        let mut parts = Vec::with_capacity(examples.features().len());
        let mut columns = Vec::new();
        let named = examples.features().iter().zip(examples.table().columns());
        for (name, column) in named {
            let part = match column {
                Column::Numbers(numbers) => self.number(name, numbers)?,
                Column::Texts(levels) => self.text(levels, &labels),
            };
            match (&part, column) {
                (Part::Statistic(_), Column::Texts(levels)) => {
                    columns.push(within_folds(levels, &labels, &folds));
                }
                _ => part.encode_all(column, &mut columns),
            }
            parts.push(part);
        }
        Ok((Encoder { parts }, columns))
    }

    fn number(&self, name: &Arc<str>, values: &[f64]) -> Result<Part> {
        if values.iter().any(|value| value.is_infinite()) {
            return Err(fault(format!("the feature `{name}` is infinite in an example")));
        }
        let known: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
        let (low, high) = self.winsorise;
        let bounds =
            if known.is_empty() { vec![0.0; 3] } else { quantiles(&known, &[low, 0.5, high])? };
        let [low, fill, high] = bounds[..] else { return Err(fault("a quantile is missing")) };
        let range = Range { low, high };
        if !self.scaled {
            return Ok(Part::Number(range));
        }
        let mut scaled = Scaled { range, log: false, fill, value: None, missing: None };
        let mut plain: Vec<f64> = values.iter().map(|value| scaled.prepare(*value)).collect();
        plain.sort_by(f64::total_cmp);
        let flat: Vec<f64> = plain.iter().copied().map(flatten).collect();
        let skew = skewness(&plain).abs();
        scaled.log = skew > SKEWED && skewness(&flat).abs() < skew;
        scaled.value = scale(if scaled.log { &flat } else { &plain });
        let share = (values.len() - known.len()) as f64 / values.len() as f64;
        let varies = share > 0.0 && share < 1.0;
        scaled.missing = varies.then(|| Scale::new(share, (share * (1.0 - share)).sqrt()));
        Ok(Part::Scaled(scaled))
    }

    fn text(&self, levels: &Levels, labels: &[f64]) -> Part {
        let mut counts: BTreeMap<Option<&Arc<str>>, usize> = BTreeMap::new();
        for code in levels.codes() {
            *counts.entry(text(levels, *code)).or_default() += 1;
        }
        let mut frequent: Vec<_> =
            counts.iter().filter(|(_, count)| **count >= self.seen).collect();
        if !self.scaled && counts.len() > self.levels {
            return Part::Statistic(statistic(levels, labels));
        }
        frequent.sort_by(|a, b| b.1.cmp(a.1));
        frequent.truncate(self.levels);
        frequent.sort_by_key(|(text, _)| **text);
        // Of two levels the one is what the other is not, which a tree need not be told.
        let kept = usize::from(!self.scaled && counts.len() == 2);
        let share =
            |count: usize| if self.scaled { count as f64 / labels.len() as f64 } else { 0.0 };
        let kept = frequent.into_iter().skip(kept);
        Part::OneHot(
            kept.map(|(text, count)| Level { text: text.map(Arc::clone), share: share(*count) })
                .collect(),
        )
    }
}

fn fault(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Model, detail)
}

fn text(levels: &Levels, code: u32) -> Option<&Arc<str>> {
    levels.texts().get(usize::try_from(code).ok()?)
}

/// Scales values, ascending, to mean 0 and deviation 1; nothing where they are all the same.
fn scale(sorted: &[f64]) -> Option<Scale> {
    let (mean, deviation) = spread(sorted);
    let varies = deviation > 0.0 && deviation.is_finite() && mean.is_finite();
    varies.then(|| Scale::new(mean, deviation))
}

/// Mean and deviation over the population.
fn spread(sorted: &[f64]) -> (f64, f64) {
    let count = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / count;
    let variance = sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / count;
    let same = sorted.first().zip(sorted.last()).is_none_or(|(a, b)| a.total_cmp(b).is_eq());
    // Equal values may miss their own mean by a rounding.
    (mean, if same { 0.0 } else { variance.sqrt() })
}

/// The third standardised moment; 0 where nothing varies.
fn skewness(sorted: &[f64]) -> f64 {
    let (mean, deviation) = spread(sorted);
    if deviation > 0.0 {
        let cubes = sorted.iter().map(|value| ((value - mean) / deviation).powi(3));
        cubes.sum::<f64>() / sorted.len() as f64
    } else {
        0.0
    }
}

/// A count of rows and the sum of their labels.
#[derive(Clone, Copy, Default)]
struct Sum {
    count: f64,
    sum: f64,
}

impl Sum {
    fn add(&mut self, label: f64) {
        self.count += 1.0;
        self.sum += label;
    }

    fn without(self, other: Self) -> Self {
        Self { count: self.count - other.count, sum: self.sum - other.sum }
    }

    fn mean(self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }

    /// The mean, drawn towards that of all.
    fn drawn(self, towards: f64) -> f64 {
        (self.sum + SMOOTHING * towards) / (self.count + SMOOTHING)
    }
}

/// By level, with what is missing last, and of all.
fn sums<'a>(levels: &Levels, rows: impl Iterator<Item = (&'a u32, &'a f64)>) -> (Vec<Sum>, Sum) {
    let mut by_level = vec![Sum::default(); levels.texts().len() + 1];
    let mut all = Sum::default();
    for (code, label) in rows {
        if let Some(sum) = by_level.get_mut(place(levels, *code)) {
            sum.add(*label);
        }
        all.add(*label);
    }
    (by_level, all)
}

fn place(levels: &Levels, code: u32) -> usize {
    let missing = levels.texts().len();
    usize::try_from(code).map_or(missing, |code| code.min(missing))
}

fn statistic(levels: &Levels, labels: &[f64]) -> Statistic {
    let (by_level, all) = sums(levels, levels.codes().iter().zip(labels));
    let mean = all.mean();
    let value = |(text, sum): (&Arc<str>, &Sum)| (Arc::clone(text), sum.drawn(mean));
    let mut known: Vec<_> = levels.texts().iter().zip(&by_level).map(value).collect();
    known.sort_by(|(a, _), (b, _)| a.cmp(b));
    // What is missing is a level of its own, and the best guess for one that was never seen.
    let others = by_level.last().copied().unwrap_or_default().drawn(mean);
    Statistic { levels: known, others }
}

/// What came of each row's level in the other folds.
fn within_folds(levels: &Levels, labels: &[f64], folds: &[usize]) -> Vec<f64> {
    let rows = || levels.codes().iter().zip(labels).zip(folds);
    let (by_level, all) = sums(levels, rows().map(|(row, _)| row));
    let of = |fold| sums(levels, rows().filter(|(_, of)| **of == fold).map(|(row, _)| row));
    let own: Vec<_> = (0..FOLDS).map(of).collect();
    let value = |((code, _), fold): ((&u32, &f64), &usize)| {
        let place = place(levels, *code);
        let within = |sums: &[Sum]| sums.get(place).copied().unwrap_or_default();
        let (level, every) = own.get(*fold).map(|own| (within(&own.0), own.1)).unwrap_or_default();
        within(&by_level).without(level).drawn(all.without(every).mean())
    };
    rows().map(value).collect()
}

/// Which fold each row is in: rows of one person in the same.
fn folds(groups: &[u64]) -> Vec<usize> {
    let mut known: BTreeMap<u64, usize> = BTreeMap::new();
    let fold = |group: &u64| {
        let next = known.len() % FOLDS;
        *known.entry(*group).or_insert(next)
    };
    groups.iter().map(fold).collect()
}

/// Labels on a scale where neither sums overflow nor differences drown: classes as 0 and 1, numbers
/// less their mean and over their deviation.
pub(super) struct Target {
    pub(super) labels: Vec<f64>,
    /// The label that counts as 0.
    pub(super) centre: f64,
    /// How much a label of 1 is more.
    pub(super) scale: f64,
}

impl Target {
    pub(super) fn of(labels: &Labels) -> Self {
        let mut numbers = labels.numbers();
        if matches!(labels, Labels::Classes { .. }) {
            return Self { labels: numbers, centre: 0.0, scale: 1.0 };
        }
        let most = numbers.iter().fold(0.0, |most: f64, label| most.max(label.abs()));
        let most = if most > 0.0 { most } else { 1.0 };
        numbers.iter_mut().for_each(|label| *label /= most);
        let mut sorted = numbers.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let (mean, deviation) = spread(&sorted);
        let deviation = if deviation > 0.0 { deviation } else { 1.0 };
        numbers.iter_mut().for_each(|label| *label = (*label - mean) / deviation);
        Self { labels: numbers, centre: mean * most, scale: deviation * most }
    }
}

/// Refuses what no model can be fitted to.
pub(super) fn check(examples: &Examples) -> Result<()> {
    if examples.is_empty() {
        return Err(fault("there are no examples to learn from"));
    }
    let Labels::Classes { labels, .. } = examples.labels() else { return Ok(()) };
    let positives = examples.positives();
    if positives == 0 || positives == labels.len() {
        let whom = if positives == 0 { "nobody" } else { "everybody" };
        let detail = format!("it happened to {whom} of the {} examples", labels.len());
        return Err(fault(format!("{detail}: there is nothing to tell apart")));
    }
    Ok(())
}
