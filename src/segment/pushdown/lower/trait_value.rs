//! Traits: what the last row said that tells them.

use std::sync::Arc;

use super::{Lowered, Lowering, Selected, Unsupported, Val, stored};
use crate::event::EventKind;
use crate::expr::Comparison;
use crate::segment::pushdown::plan::{Fold, FoldFunction, From, Reach, Scalar};
use crate::segment::pushdown::table::{Column, Storage};
use crate::time::Timestamp;

impl Lowering<'_> {
    /// A trait's value: of several told at the last instant, the greatest.
    pub(super) fn attribute(&mut self, path: &[Arc<str>]) -> Lowered<Val> {
        let table = self.of.table;
        let column = table.attributes.get(path).ok_or_else(|| {
            Unsupported(format!("the table has no column of the trait `{}`", path.join(".")))
        })?;
        let told = match path.first().and_then(|name| table.told.get(name)) {
            Some(told) => From::Event.column(&Column::boolean(Arc::clone(told))),
            None => From::Event.column(column).present(),
        };
        let tells = Scalar::all([self.is_of_kind(&[EventKind::Identify]), told]);
        let tells = Selected { when: tells, reach: Reach { traits: true, ..Reach::none() } };
        let at = From::Event.column(&table.at);
        let last = self.folded(FoldFunction::Max, at.clone(), &tells);
        let here = tells.and(at.compare(Comparison::Equal, last));
        if path.len() > 1 {
            // Of several objects told at once the greatest counts, and not its greatest part.
            let times = self.folded(FoldFunction::Count, Scalar::Integer(1), &here);
            let times = times.compare(Comparison::Greater, Scalar::Integer(1));
            self.doubt(times, "objects that are told at one instant are compared by Rust");
        }
        self.extreme(FoldFunction::Max, (From::Event, column), &here)
    }

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
            names: std::collections::BTreeSet::new(),
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
