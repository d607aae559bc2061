//! Features made into the numbers that a model works on, as learnt from the rows it was fitted to.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::table::{Cell, Column, ColumnKind, Table};

/// What is made of each feature, in the order of a row.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(transparent)]
pub(super) struct Encoder {
    pub(super) parts: Vec<Part>,
}

/// What is made of one feature: one number, several, or none.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub(super) enum Part {
    /// The number itself; what is missing stays so.
    Number(Range),
    /// The number on a common scale, and whether it is missing.
    Scaled(Scaled),
    /// For each level 1 or 0, less the share of it; a level that was not learnt is none of them.
    OneHot(Vec<Level>),
    /// What came of the level on average.
    Statistic(Statistic),
}

/// What was learnt from: what is less or more counts as the least or the most.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Range {
    pub(super) low: f64,
    pub(super) high: f64,
}

impl Range {
    pub(super) const fn limit(self, value: f64) -> f64 {
        // Not `clamp`, which panics on bounds that are not in order.
        value.max(self.low).min(self.high)
    }
}

/// A number as linear models take it.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scaled {
    pub(super) range: Range,
    /// Whether the logarithm of it counts, sign and all: `sign(x) ln(1 + |x|)`.
    pub(super) log: bool,
    /// What it counts as where it is missing.
    pub(super) fill: f64,
    /// How the value is scaled, after the logarithm; none where all were the same.
    pub(super) value: Option<Scale>,
    /// How being missing is scaled; none where all were missing or none.
    pub(super) missing: Option<Scale>,
}

/// A number less its mean, over its deviation.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scale {
    pub(super) mean: f64,
    pub(super) deviation: f64,
}

impl Scale {
    pub(super) const fn new(mean: f64, deviation: f64) -> Self {
        Self { mean, deviation }
    }

    fn of(self, value: f64) -> f64 {
        (value - self.mean) / self.deviation
    }

    fn is_sound(self) -> bool {
        self.mean.is_finite() && self.deviation.is_finite() && self.deviation > 0.0
    }
}

impl Scaled {
    /// A value as it is scaled.
    pub(super) fn prepare(&self, value: f64) -> f64 {
        let value = self.range.limit(if value.is_nan() { self.fill } else { value });
        if self.log { flatten(value) } else { value }
    }
}

/// The logarithm of a magnitude, with its sign.
pub(super) fn flatten(value: f64) -> f64 {
    libm::log1p(value.abs()).copysign(value)
}

/// A category and how frequent it was; the category of nothing known is none.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Level {
    pub(super) text: Option<Arc<str>>,
    pub(super) share: f64,
}

/// The mean of what came of each level, drawn towards the mean of all.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Statistic {
    /// By text, ascending.
    pub(super) levels: Vec<(Arc<str>, f64)>,
    /// Of a level that was not learnt, and of nothing known.
    pub(super) others: f64,
}

impl Statistic {
    fn of(&self, cell: &Cell) -> f64 {
        let found = cell.text().and_then(|text| {
            let place = self.levels.binary_search_by(|(level, _)| level.cmp(text));
            self.levels.get(place.ok()?)
        });
        found.map_or(self.others, |(_, value)| *value)
    }

    fn is_sound(&self) -> bool {
        let ascending = self.levels.is_sorted_by(|(a, _), (b, _)| a < b);
        ascending && self.others.is_finite() && self.levels.iter().all(|(_, v)| v.is_finite())
    }
}

impl Part {
    /// How many numbers are made of the feature.
    pub(super) fn width(&self) -> usize {
        match self {
            Self::Number(_) | Self::Statistic(_) => 1,
            Self::Scaled(scaled) => {
                usize::from(scaled.value.is_some()) + usize::from(scaled.missing.is_some())
            }
            Self::OneHot(levels) => levels.len(),
        }
    }

    /// Adds the numbers that are made of a cell.
    pub(super) fn encode(&self, cell: &Cell, to: &mut Vec<f64>) {
        match self {
            Self::Number(range) => to.push(match cell.number() {
                // `max` and `min` would take the bound.
                number if number.is_nan() => number,
                number => range.limit(number),
            }),
            Self::Scaled(scaled) => {
                let number = cell.number();
                to.extend(scaled.value.map(|scale| scale.of(scaled.prepare(number))));
                let missing = f64::from(u8::from(number.is_nan()));
                to.extend(scaled.missing.map(|scale| scale.of(missing)));
            }
            Self::OneHot(levels) => {
                let text = cell.text();
                to.extend(
                    levels.iter().map(|level| {
                        f64::from(u8::from(level.text.as_ref() == text)) - level.share
                    }),
                );
            }
            Self::Statistic(statistic) => to.push(statistic.of(cell)),
        }
    }

    /// Adds the columns that are made of a column.
    pub(super) fn encode_all(&self, column: &Column, to: &mut Vec<Vec<f64>>) {
        let mut encoded = vec![Vec::with_capacity(column.len()); self.width()];
        let mut row = Vec::with_capacity(self.width());
        let mut add = |row: &[f64]| encoded.iter_mut().zip(row).for_each(|(to, n)| to.push(*n));
        match column {
            Column::Numbers(numbers) => numbers.iter().for_each(|number| {
                row.clear();
                self.encode(&Cell::from(*number), &mut row);
                add(&row);
            }),
            // Each text is looked up once.
            Column::Texts(levels) => {
                let of = |cell: &Cell| {
                    let mut row = Vec::with_capacity(self.width());
                    self.encode(cell, &mut row);
                    row
                };
                let texts = levels.texts().iter().map(|text| of(&Arc::clone(text).into()));
                let (texts, missing): (Vec<_>, _) = (texts.collect(), of(&Cell::Missing));
                let known = |code: &u32| texts.get(usize::try_from(*code).ok()?);
                levels.codes().iter().for_each(|code| add(known(code).unwrap_or(&missing)));
            }
        }
        to.extend(encoded);
    }

    /// Whether it was fitted to columns of this kind.
    fn reads(&self, kind: ColumnKind) -> bool {
        kind == match self {
            Self::Number(_) | Self::Scaled(_) => ColumnKind::Number,
            Self::OneHot(_) | Self::Statistic(_) => ColumnKind::Text,
        }
    }

    /// Whether it was fitted to such cells.
    fn takes(&self, cell: &Cell) -> bool {
        match cell {
            Cell::Missing => true,
            Cell::Number(_) => self.reads(ColumnKind::Number),
            Cell::Text(_) => self.reads(ColumnKind::Text),
        }
    }

    fn is_sound(&self) -> bool {
        match self {
            Self::Number(range) => range.low <= range.high,
            Self::Scaled(scaled) => {
                let scales = scaled.value.iter().chain(&scaled.missing);
                scaled.range.low <= scaled.range.high
                    && scaled.fill.is_finite()
                    && scales.into_iter().all(|scale| scale.is_sound())
            }
            Self::OneHot(levels) => levels.iter().all(|level| level.share.is_finite()),
            Self::Statistic(statistic) => statistic.is_sound(),
        }
    }
}

impl Encoder {
    /// How many numbers are made of a row.
    pub(super) fn width(&self) -> usize {
        self.parts.iter().map(Part::width).sum()
    }

    /// The numbers that are made of a row.
    pub(super) fn encode(&self, names: &[Arc<str>], row: &[Cell]) -> Result<Vec<f64>> {
        if row.len() != self.parts.len() {
            let detail = format!("a row of {} cells for {} features", row.len(), self.parts.len());
            return Err(Error::new(ErrorKind::Model, detail));
        }
        let mut encoded = Vec::with_capacity(self.width());
        for ((part, cell), name) in self.parts.iter().zip(row).zip(names) {
            if !part.takes(cell) {
                let detail = format!("the feature `{name}` was learnt as another kind: {cell:?}");
                return Err(Error::new(ErrorKind::Model, detail));
            }
            part.encode(cell, &mut encoded);
        }
        Ok(encoded)
    }

    /// The numbers that are made of a table, by column.
    pub(super) fn encode_all(&self, names: &[Arc<str>], table: &Table) -> Result<Vec<Vec<f64>>> {
        if **table.names() != *names {
            let detail = "the table's columns are not the features that the model was learnt from";
            return Err(Error::new(ErrorKind::Model, detail));
        }
        let mut columns = Vec::with_capacity(self.width());
        for ((part, column), name) in self.parts.iter().zip(table.columns()).zip(names) {
            if !part.reads(column.kind()) {
                let detail = format!("the feature `{name}` was learnt as another kind");
                return Err(Error::new(ErrorKind::Model, detail));
            }
            part.encode_all(column, &mut columns);
        }
        Ok(columns)
    }

    /// Sums over the numbers of each feature.
    pub(super) fn by_feature(&self, encoded: &[f64]) -> Vec<f64> {
        let mut rest = encoded.iter();
        let sum = |part: &Part| rest.by_ref().take(part.width()).sum();
        self.parts.iter().map(sum).collect()
    }

    /// Refuses what no fit comes to.
    pub(super) fn check(&self, names: &[Arc<str>]) -> Result<()> {
        let unsound = self.parts.iter().zip(names).find(|(part, _)| !part.is_sound());
        if let Some((_, name)) = unsound {
            let detail = format!("the model's feature `{name}` has a number that cannot be");
            return Err(Error::new(ErrorKind::Model, detail));
        }
        let twice =
            names.iter().enumerate().any(|(at, name)| names.iter().take(at).any(|n| n == name));
        if names.is_empty() || twice || names.len() != self.parts.len() {
            let detail = "a model needs features, each with a name of its own";
            return Err(Error::new(ErrorKind::Model, detail));
        }
        Ok(())
    }
}
