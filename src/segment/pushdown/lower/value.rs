//! Terms as values of the kinds that rules know.

use std::sync::Arc;

use super::super::number::{Number, added, multiplied};
use super::{Any, Lowered, Lowering, Scope, Selected, Unsupported, Val, stored};
use crate::expr::person::{Asked, PersonTerm};
use crate::expr::plan::{Source, Term};
use crate::expr::{Comparison, Literal, Sign};
use crate::segment::pushdown::plan::{FoldFunction, From, Scalar};
use crate::value::Decimal;

impl Lowering<'_> {
    pub(super) fn term(&mut self, term: &Term, scope: Scope<'_>) -> Lowered<Val> {
        match term {
            Term::Clamp { of, low, high } => {
                let of = self.term(of, scope)?;
                let of = self.bounded(of, *low, Comparison::Less)?;
                self.bounded(of, *high, Comparison::Greater)
            }
            Term::Class { of, cuts } => {
                let of = self.term(of, scope)?;
                self.class(of, cuts)
            }
            Term::Coalesce(terms) => {
                let values = terms.iter().map(|term| self.term(term, scope));
                let values: Vec<Val> = values.collect::<Lowered<_>>()?;
                values.into_iter().try_fold(Val::Null, |first, next| self.or_else(first, next))
            }
            Term::Cond(cond) => self.cond(cond, scope).map(Val::Boolean),
            Term::Field { from, path } => self.field(*from, path, scope),
            // A figure is about the person, wherever it stands, and so is what has a name.
            Term::Figure(figure) => self.figure(figure),
            Term::Funnel(_) => Err(Unsupported("funnels are followed by Rust".to_owned())),
            Term::Group(_) => Err(Unsupported("groups are formed by Rust".to_owned())),
            Term::Literal(literal) => Ok(Val::literal(literal)),
            Term::Metric(term) => self.term(term, Scope::Person),
            Term::Now => Ok(Val::instant(self.of.now.micros())),
            Term::Person(person) => self.person(person),
            Term::Scale { by, of } => {
                let of = self.term(of, scope)?;
                self.times(of, *by)
            }
            Term::Sum(terms) => {
                let mut sum: Option<Val> = None;
                for (sign, term) in terms {
                    let value = self.term(term, scope)?;
                    sum = Some(match sum {
                        Some(sum) => self.plus(sum, *sign, value)?,
                        None => value,
                    });
                }
                Ok(sum.unwrap_or(Val::Null))
            }
        }
    }

    fn field(&mut self, from: Source, path: &[Arc<str>], scope: Scope<'_>) -> Lowered<Val> {
        let (from, column) = match (from, scope) {
            (Source::Attribute, _) => return self.attribute(path),
            (Source::AnyElement, Scope::Row(row)) => match row.any {
                Any::Element(list) => (From::Element, list.fields.get(path)),
                Any::Absent | Any::None => return Ok(Val::Null),
            },
            (Source::Element, Scope::Row(row)) => {
                let list = row.element.ok_or_else(|| {
                    Unsupported("elements of two lists are compared by Rust".to_owned())
                })?;
                (From::Element, list.fields.get(path))
            }
            (Source::Event, Scope::Row(row)) => {
                (From::Event, Some(self.property(row.event, path)?))
            }
            (_, Scope::Person) => return Ok(Val::Null),
        };
        let column = column.ok_or_else(|| {
            Unsupported(format!("the table has no element's field `{}`", path.join(".")))
        })?;
        stored(from.column(column), column.storage, self.of.width)
    }

    fn person(&mut self, person: &PersonTerm) -> Lowered<Val> {
        let Asked::ObservedFor(length) = person.asked else {
            return Err(Unsupported("it is asked of the person by Rust".to_owned()));
        };
        let at = From::Event.column(&self.of.table.at);
        let first = self.folded(FoldFunction::Min, at, &Selected::everything());
        let first = super::micros(first, self.of.table.at.storage);
        let latest = i128::from(self.of.now.micros()) - i128::from(length.micros());
        let observed = first.compare(Comparison::LessOrEqual, Scalar::Integer(latest));
        Ok(Val::Boolean(observed.truly()))
    }

    fn plus(&self, left: Val, sign: Sign, right: Val) -> Lowered<Val> {
        let width = self.of.width;
        let right = match sign {
            Sign::Minus => self.times(right, Decimal::from(-1))?,
            Sign::Plus => right,
        };
        Ok(match (left, right) {
            (Val::Number(a), Val::Number(b)) => Val::Number(a.plus(b, width)?),
            // Instants that are taken away are times the other way round.
            (Val::Instant(a), Val::Instant(b)) | (Val::Duration(a), Val::Duration(b)) => {
                Val::Duration(added(a, b, width)?)
            }
            (Val::Instant(a), Val::Duration(b)) | (Val::Duration(a), Val::Instant(b)) => {
                Val::Instant(added(a, b, width)?)
            }
            _ => Val::Null,
        })
    }

    fn times(&self, value: Val, by: Decimal) -> Lowered<Val> {
        let width = self.of.width;
        let whole = || {
            let by = i128::from(by.micros() / Decimal::SCALE);
            (Scalar::Integer(by), by.abs())
        };
        Ok(match value {
            Val::Duration(length) => Val::Duration(multiplied(length, whole(), width)?),
            Val::Instant(at) => Val::Instant(multiplied(at, whole(), width)?),
            Val::Number(number) => Val::Number(number.times(by, width)?),
            _ => Val::Null,
        })
    }

    /// A number, or a bound where it lies beyond.
    fn bounded(&self, value: Val, bound: Decimal, beyond: Comparison) -> Lowered<Val> {
        let Val::Number(number) = value else { return Ok(value) };
        let (width, bound) = (self.of.width, Number::literal(bound));
        let beyond = number.clone().compare(beyond, bound.clone(), width)?;
        Ok(Val::Number(Number::choose(beyond, bound, number, width)?))
    }

    fn class(&self, value: Val, cuts: &[Literal]) -> Lowered<Val> {
        let mut class = Scalar::Integer(1);
        for cut in cuts {
            let reached =
                self.compare(value.clone(), Comparison::GreaterOrEqual, Val::literal(cut))?;
            class = class.plus(reached.then(Scalar::Integer(1), Scalar::Integer(0)));
        }
        let most = i128::try_from(cuts.len()).unwrap_or(i128::MAX).saturating_add(1);
        let class = value.absent().then(Scalar::Null, class);
        Ok(Val::Number(Number::new(class, most, 0)))
    }

    fn or_else(&self, first: Val, next: Val) -> Lowered<Val> {
        let either =
            |(a, most): (Scalar, i128), (b, other): (Scalar, i128)| (a.or_else(b), most.max(other));
        Ok(match (first, next) {
            (Val::Null, next) => next,
            (Val::Boolean(a), Val::Boolean(b)) => Val::Boolean(a.or_else(b)),
            (Val::Duration(a), Val::Duration(b)) => Val::Duration(either(a, b)),
            (Val::Instant(a), Val::Instant(b)) => Val::Instant(either(a, b)),
            (Val::Number(a), Val::Number(b)) => Val::Number(a.or_else(b, self.of.width)?),
            (Val::Text(a), Val::Text(b)) => Val::Text(a.or_else(b)),
            (first, _) => first,
        })
    }
}

impl Val {
    pub(super) fn literal(literal: &Literal) -> Self {
        match literal {
            Literal::Boolean(truth) => Self::Boolean(Scalar::Boolean(*truth)),
            Literal::Interval(length) => Self::Duration(fixed(length.micros())),
            Literal::Null => Self::Null,
            Literal::Number(number) => Self::Number(Number::literal(*number)),
            Literal::Text(text) => Self::Text(Scalar::Text(Arc::clone(text))),
            Literal::Timestamp(at) => Self::instant(at.micros()),
        }
    }

    fn instant(micros: i64) -> Self {
        Self::Instant(fixed(micros))
    }

    pub(super) fn absent(self) -> Scalar {
        match self {
            Self::Boolean(value)
            | Self::Duration((value, _))
            | Self::Instant((value, _))
            | Self::Text(value) => value.absent(),
            Self::Null => Scalar::Boolean(true),
            Self::Number(number) => number.absent(),
        }
    }
}

fn fixed(micros: i64) -> (Scalar, i128) {
    (Scalar::Integer(micros.into()), i128::from(micros).abs())
}
