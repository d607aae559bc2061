//! Traits: what the last row said that tells them.

use std::sync::Arc;

use super::{Lowered, Lowering, Selected, Unsupported, Val};
use crate::event::EventKind;
use crate::expr::Comparison;
use crate::segment::pushdown::plan::{FoldFunction, From, Reach, Scalar};
use crate::segment::pushdown::table::Column;

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
}
