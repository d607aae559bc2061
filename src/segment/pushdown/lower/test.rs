//! Conditions and tests as logic over columns and folds.

use std::sync::Arc;

use super::fold::coded;
use super::{Any, Lowered, Lowering, Row, Scope, Unsupported, Val};
use crate::expr::plan::{AnyOf, Check, Cond, Figure, Source, Stretch, Term, Test};
use crate::expr::{Comparison, Function, Literal, Truth};
use crate::segment::pushdown::plan::{From, Lift, Scalar};
use crate::value::Decimal;

impl Lowering<'_> {
    /// A condition that is asked of a row, or of a person as a whole, all of it exactly.
    pub(super) fn cond(&mut self, cond: &Cond, scope: Scope<'_>) -> Lowered<Scalar> {
        Ok(match cond {
            Cond::All(parts) => Scalar::all(self.conds(parts, scope)?),
            Cond::Any(parts) => Scalar::any(self.conds(parts, scope)?),
            Cond::Is { inner, what, negated } => {
                is(self.cond(inner, scope)?, *what).negated_if(*negated)
            }
            Cond::Member(inner) => self.cond(inner, Scope::Person)?.truly(),
            Cond::Not(inner) => self.cond(inner, scope)?.negated(),
            Cond::Test(test) => self.test(test, scope)?,
        })
    }

    fn conds(&mut self, parts: &[Cond], scope: Scope<'_>) -> Lowered<Vec<Scalar>> {
        parts.iter().map(|part| self.cond(part, scope)).collect()
    }

    pub(super) fn test(&mut self, test: &Test, scope: Scope<'_>) -> Lowered<Scalar> {
        match (&test.any, scope) {
            (None, _) => self.check(&test.check, scope),
            (Some(AnyOf { from: Source::Event, list }), Scope::Row(row)) => {
                self.any_element(&test.check, list, row)
            }
            (Some(AnyOf { from: Source::Attribute, .. }), _) => {
                Err(Unsupported("lists that are traits are looked through by Rust".to_owned()))
            }
            (Some(_), _) => {
                Err(Unsupported("lists in lists are looked through by Rust".to_owned()))
            }
        }
    }

    /// A test that is true if it is true of any element of a list of the event.
    fn any_element(&mut self, check: &Check, path: &[Arc<str>], row: Row<'_>) -> Lowered<Scalar> {
        let list = self.elements(row.event, path)?;
        let row = Row { element: None, any: Any::Absent, ..row };
        let absent = self.check(check, Scope::Row(row))?;
        let test = self.check(check, Scope::Row(Row { any: Any::Element(list), ..row }))?;
        let (mut reads_event, mut reads_more) = (false, false);
        test.for_each(&mut |part| match part {
            Scalar::Column(From::Event, _) => reads_event = true,
            Scalar::Fold(_) | Scalar::Lift(_) => reads_more = true,
            _ => {}
        });
        if reads_more {
            let reason = "elements are compared with what is known of the person by Rust";
            return Err(Unsupported(reason.to_owned()));
        }
        let lift = Lift { list: Arc::clone(list), test, reads_event };
        let known = self.lifts.iter().position(|other| *other == lift);
        let lift = Scalar::Lift(known.unwrap_or_else(|| {
            self.lifts.push(lift);
            self.lifts.len() - 1
        }));
        let comes_to = |code| lift.clone().compare(Comparison::Equal, Scalar::Integer(code));
        let unknown = comes_to(1).then(Scalar::Null, Scalar::Boolean(false));
        let truth = comes_to(2).then(Scalar::Boolean(true), unknown);
        let present = match &list.present {
            Some(column) => {
                From::Event.column(&crate::segment::pushdown::Column::boolean(Arc::clone(column)))
            }
            None => lift.clone().present(),
        };
        Ok(present.then(truth, absent))
    }

    fn check(&mut self, check: &Check, scope: Scope<'_>) -> Lowered<Scalar> {
        Ok(match check {
            Check::Between { value, low, high, negated } => {
                let value = self.term(value, scope)?;
                let (low, high) = (self.term(low, scope)?, self.term(high, scope)?);
                let above = self.compare(value.clone(), Comparison::GreaterOrEqual, low)?;
                let below = self.compare(value, Comparison::LessOrEqual, high)?;
                Scalar::all([above, below]).negated_if(*negated)
            }
            Check::Compare { left, op, right } => match happens_since(left, *op, right) {
                Some((figure, present)) => match self.any_since(figure)? {
                    Some(any) => any.negated_if(!present),
                    None => self.compared(left, *op, right, scope)?,
                },
                None => self.compared(left, *op, right, scope)?,
            },
            Check::In { value, list, negated } => {
                let value = self.term(value, scope)?;
                let equal = list.iter().map(|literal| {
                    self.compare(value.clone(), Comparison::Equal, Val::literal(literal))
                });
                Scalar::any(equal.collect::<Lowered<Vec<_>>>()?).negated_if(*negated)
            }
            Check::Is { value, what, negated } => {
                let value = self.term(value, scope)?;
                let found = match (value, what) {
                    (Val::Boolean(truth), what) => is(truth, *what),
                    (value, Truth::Null) => value.absent(),
                    _ => Scalar::Boolean(false),
                };
                found.negated_if(*negated)
            }
            Check::Like { value, pattern, negated } => match self.term(value, scope)? {
                Val::Text(Scalar::Null) => Scalar::Null,
                Val::Text(text) => {
                    Scalar::Like(Box::new(text), Arc::clone(pattern)).negated_if(*negated)
                }
                _ => Scalar::Null,
            },
            Check::True(value) => match self.term(value, scope)? {
                Val::Boolean(truth) => truth,
                _ => Scalar::Null,
            },
        })
    }

    fn compared(
        &mut self,
        left: &Term,
        op: Comparison,
        right: &Term,
        scope: Scope<'_>,
    ) -> Lowered<Scalar> {
        let (left, right) = (self.term(left, scope)?, self.term(right, scope)?);
        self.compare(left, op, right)
    }

    pub(super) fn compare(&self, left: Val, op: Comparison, right: Val) -> Lowered<Scalar> {
        Ok(match (left, right) {
            (Val::Boolean(a), Val::Boolean(b)) => coded(a).compare(op, coded(b)),
            (Val::Duration((a, _)), Val::Duration((b, _)))
            | (Val::Instant((a, _)), Val::Instant((b, _))) => a.compare(op, b),
            (Val::Number(a), Val::Number(b)) => a.compare(op, b, self.of.width)?,
            (Val::Text(a), Val::Text(b)) => match op {
                Comparison::Equal | Comparison::NotEqual => a.compare(op, b),
                _ => Scalar::CodePoints(Box::new(a)).compare(op, b),
            },
            _ => Scalar::Null,
        })
    }
}

/// The figure and the wanted truth, where a comparison asks whether anything happened since an
/// instant or nothing did.
fn happens_since<'t>(left: &'t Term, op: Comparison, right: &Term) -> Option<(&'t Figure, bool)> {
    let (Term::Figure(figure), Term::Literal(Literal::Number(bound))) = (left, right) else {
        return None;
    };
    let since = matches!(figure.window, Stretch::Since(_));
    if figure.function != Function::Count
        || !since
        || *bound >= Decimal::ONE.checked_add(Decimal::ONE)?
    {
        return None;
    }
    let holds = |count: i32| op.holds(Decimal::from(count).cmp(bound));
    let [none, one, two, three] = [0, 1, 2, 3].map(holds);
    (none != one && one == two && two == three).then_some((figure, one))
}

fn is(truth: Scalar, what: Truth) -> Scalar {
    match what {
        Truth::False => truth.negated().truly(),
        Truth::Null => truth.absent(),
        Truth::True => truth.truly(),
    }
}

impl Scalar {
    fn negated_if(self, negated: bool) -> Self {
        if negated { self.negated() } else { self }
    }
}
