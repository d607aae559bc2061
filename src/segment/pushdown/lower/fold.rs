//! Folds of the rows that a condition selects.

use std::collections::BTreeMap;

use super::{Lowered, Lowering, Selected, Val, stored};
use crate::expr::Comparison;
use crate::segment::pushdown::plan::{Fold, FoldFunction, From, Reach, Scalar};
use crate::segment::pushdown::table::{Column, Storage};
use crate::time::Timestamp;

impl Lowering<'_> {
    /// The least or the greatest value of a column.
    pub(super) fn extreme(
        &mut self,
        function: FoldFunction,
        (from, column): (From, &Column),
        rows: &Selected,
    ) -> Lowered<Val> {
        let value = from.column(column);
        let fold = |lowering: &mut Self, value| lowering.folded(function, value, rows);
        match column.storage {
            Storage::Boolean => {
                let truth = fold(self, coded(value));
                Ok(Val::Boolean(truth.compare(Comparison::Equal, Scalar::Integer(1))))
            }
            Storage::Text => Ok(Val::Text(fold(self, Scalar::CodePoints(Box::new(value))))),
            storage => stored(fold(self, value), storage, self.of.width),
        }
    }

    /// What a fold of rows comes to.
    pub(super) fn folded(
        &mut self,
        function: FoldFunction,
        value: Scalar,
        rows: &Selected,
    ) -> Scalar {
        let level = self.level(&[&value, &rows.when]);
        let Selected { when, reach } = rows.clone();
        Scalar::Fold(self.fold(Fold { level, function, value, when, reach }))
    }
}

impl Reach {
    pub(super) fn none() -> Self {
        Self {
            list: None,
            names: BTreeMap::new(),
            entries: false,
            traits: false,
            all: false,
            after: Timestamp::MIN,
        }
    }
}

impl Selected {
    pub(super) fn everything() -> Self {
        Self { when: Scalar::Boolean(true), reach: Reach { all: true, ..Reach::none() } }
    }

    /// Those of them of which something else is true too.
    pub(super) fn and(&self, when: Scalar) -> Self {
        Self { when: Scalar::all([self.when.clone(), when]), reach: self.reach.clone() }
    }
}

/// A truth value as 1 or 0.
pub(super) fn coded(truth: Scalar) -> Scalar {
    match truth {
        Scalar::Boolean(truth) => Scalar::Integer(truth.into()),
        Scalar::Null => Scalar::Null,
        truth => {
            let one = truth.clone().then(Scalar::Integer(1), Scalar::Integer(0));
            truth.absent().then(Scalar::Null, one)
        }
    }
}
