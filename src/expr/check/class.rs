//! Classes: cut points that ascend, of the kind of what they cut.

use std::cmp::Ordering;

use super::{AnyList, Checker, Scope};
use crate::expr::plan::Term;
use crate::expr::typing::{Base, Type};
use crate::expr::{Expr, Literal};

impl Checker<'_> {
    pub(super) fn class(
        &mut self,
        (value, cuts): (&Expr, &[Literal]),
        expr: &Expr,
        scope: Scope<'_>,
        any: &mut AnyList,
    ) -> Option<(Term, Type)> {
        let (term, mut ty) = self.term(value, scope, any)?;
        if !matches!(ty.base, Base::Duration | Base::Instant | Base::Null | Base::Number) {
            let message = format!("`class` cannot cut {}", ty.base.describe());
            let help = "it cuts numbers, durations and instants";
            self.fault(value.span(), message, Some(help));
            return None;
        }
        for cut in cuts {
            if cut.is_null() {
                self.fault(expr.span(), "a cut point cannot be NULL", None);
                return None;
            }
            let unified = ty.unify(&cut.base().plain(), "compare");
            ty = self.settle(expr.span(), unified)?;
        }
        let falls = cuts.array_windows().find(|[low, high]| ascend(low, high) == Some(false));
        if let Some([low, high]) = falls {
            let message = format!("cut points ascend, and {high} comes after {low}");
            self.fault(expr.span(), message, Some("write the smallest first, each once"));
            return None;
        }
        let of = Box::new(term);
        Some((Term::Class { of, cuts: cuts.to_vec() }, Base::Number.plain()))
    }
}

/// Whether the first is less than the second, if they are of one kind that has cut points.
fn ascend(low: &Literal, high: &Literal) -> Option<bool> {
    let order = match (low, high) {
        (Literal::Interval(low), Literal::Interval(high)) => low.cmp(high),
        (Literal::Number(low), Literal::Number(high)) => low.cmp(high),
        (Literal::Timestamp(low), Literal::Timestamp(high)) => low.cmp(high),
        _ => return None,
    };
    Some(order == Ordering::Less)
}
