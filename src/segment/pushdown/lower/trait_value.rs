//! Traits: what the last row said that tells them.

use std::sync::Arc;

use super::{Lowered, Lowering, Unsupported, Val, stored};
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
            None => From::Event.column(column).is_some(),
        };
        let tells = Scalar::all([self.is_of_kind(&[EventKind::Identify]), told]);
        let reach = Reach::of_traits();
        let at = From::Event.column(&table.at);
        let last = self.folded(FoldFunction::Max, at.clone(), &tells, &reach);
        let here = Scalar::all([tells, at.compare(Comparison::Equal, last)]);
        if path.len() > 1 {
            // Of several objects told at once the greatest counts, and not its greatest part.
            let times = self.folded(FoldFunction::Count, Scalar::Integer(1), &here, &reach);
            let times = times.compare(Comparison::Greater, Scalar::Integer(1));
            self.doubt(times, "objects that are told at one instant are compared by Rust");
        }
        self.extreme(FoldFunction::Max, From::Event, column, &here, &reach)
    }

    /// The least or the greatest value of a column.
    pub(super) fn extreme(
        &mut self,
        function: FoldFunction,
        from: From,
        column: &Column,
        when: &Scalar,
        reach: &Reach,
    ) -> Lowered<Val> {
        let value = from.column(column);
        let fold = |lowering: &mut Self, value| lowering.folded(function, value, when, reach);
        match column.storage {
            Storage::Boolean => {
                let truth = fold(self, coded(value));
                Ok(Val::Boolean(truth.compare(Comparison::Equal, Scalar::Integer(1))))
            }
            Storage::Text => Ok(Val::Text(fold(self, Scalar::CodePoints(Box::new(value))))),
            storage => stored(fold(self, value), storage, self.of.width),
        }
    }

    /// What a fold of events comes to.
    pub(super) fn folded(
        &mut self,
        function: FoldFunction,
        value: Scalar,
        when: &Scalar,
        reach: &Reach,
    ) -> Scalar {
        let level = self.level(&[&value, when]);
        let (when, reach) = (when.clone(), reach.clone());
        Scalar::Fold(self.fold(Fold { level, function, value, when, reach }))
    }
}

impl Reach {
    pub(super) fn none() -> Self {
        Self {
            list: None,
            names: std::collections::BTreeMap::new(),
            entries: false,
            traits: false,
            all: false,
            after: Timestamp::MIN,
        }
    }

    fn of_traits() -> Self {
        Self { traits: true, ..Self::none() }
    }

    pub(super) fn of_all() -> Self {
        Self { all: true, ..Self::none() }
    }
}

/// A truth value as 1 or 0.
pub(super) fn coded(truth: Scalar) -> Scalar {
    match truth {
        Scalar::Boolean(truth) => Scalar::Integer(truth.into()),
        Scalar::Null => Scalar::Null,
        truth => {
            let one = truth.clone().then(Scalar::Integer(1), Scalar::Integer(0));
            truth.is_null().then(Scalar::Null, one)
        }
    }
}
