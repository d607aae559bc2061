//! Which figures and tests columns can answer.

use std::sync::Arc;

use super::evaluator::{Entry, Evaluator, Moment, Next};
use crate::expr::plan::{
    Check, Cond, Entries, Figure, Kept, Leaf, Part, Reads, Span, Stretch, Term,
};
use crate::expr::{Comparison, Function, Literal, Sign};
use crate::facts::{Fact, Layout, Pick, Timeline};
use crate::value::{Decimal, Value};

/// Finds columns for the figures and tests of a condition; those of named parts have theirs.
pub(crate) fn index(cond: &mut Cond, layout: &mut Layout) {
    cond.for_each_figure_mut(&mut |figure| figure.keep(layout));
    cond.for_each_test_mut(&mut |test| {
        test.leaf = match test.any {
            None => Leaf::of(&test.check).map(Box::new),
            Some(_) => None,
        };
    });
}

/// Finds columns for the figures of a term, as [`index`].
pub(crate) fn index_term(term: &mut Term, layout: &mut Layout) {
    term.for_each_figure_mut(&mut |figure| figure.keep(layout));
}

impl Figure {
    /// Finds the column that the figure can be read from, if one can hold its entries.
    fn keep(&mut self, layout: &mut Layout) {
        let adds = matches!(self.function, Function::Avg | Function::Count | Function::Sum);
        let whole = matches!(self.entries, Entries::Events);
        let filtered = self.filter.as_ref();
        // Of the last events there may be several entries of one.
        let timed = !matches!(self.window, Stretch::Last(_));
        if timed && !self.distinct && (adds || whole) && filtered.is_none_or(Cond::is_of_entry) {
            self.column = Some(Kept::new(&Arc::new(self.pick()), layout));
        }
    }

    fn pick(&self) -> Pick {
        // Counts of a field's entries share the column with their sums.
        let Self { event, entries, filter, .. } = self;
        let key = format!("{event:?} {entries:?} {filter:?}");
        let figure = Self { window: Stretch::Always, column: None, ..self.clone() };
        Pick::new(key, event.clone(), move |fact, take| figure.entries_of(fact, take))
    }

    /// Visits the values that a fact has in the figure, in millionths.
    fn entries_of(&self, fact: &Fact, take: &mut dyn FnMut(i128)) {
        let nothing = Timeline::new();
        let evaluator = Evaluator::new(nothing.facts(fact.at));
        self.for_each_entry(fact, &mut |fact, element, value| {
            let passes = self.filter.as_ref().is_none_or(|filter| {
                let moment = Moment::of_entry(fact.at, Entry { fact, element });
                evaluator.cond(filter, moment, &mut Next::never()) == Some(true)
            });
            if passes {
                let number = value.and_then(Value::as_number);
                take(number.map_or(0, |number| number.micros().into()));
            }
        });
    }
}

/// A weighted sum while it is read from a term; weights are in millionths.
#[derive(Default)]
struct Sum {
    parts: Vec<Part>,
    slope: i128,
    constant: i128,
}

/// A stretch that no sum comes to.
const NOWHERE: (i128, i128) = (i128::MAX, i128::MAX);

const ONE: i128 = Decimal::SCALE as i128;

/// What a sum has to do to pass; in millionths.
enum Asked {
    Between {
        low: i128,
        high: i128,
        negated: bool,
    },
    Compare {
        op: Comparison,
        right: i128,
    },
    /// As `Compare`, once the sum is brought between two bounds.
    Clamped {
        op: Comparison,
        right: i128,
        bounds: (i128, i128),
    },
}

impl Leaf {
    /// The test as one of columns, where it is one.
    fn of(check: &Check) -> Option<Self> {
        match check {
            Check::Between { value, low, high, negated } => {
                let (low, high) = (literal(low)?, literal(high)?);
                Sum::of(value)?.leaf(&Asked::Between { low, high, negated: *negated })
            }
            Check::Compare { left, op, right } => match (clamp(left), literal(right)) {
                (Some((of, bounds)), Some(right)) => {
                    Sum::of(of)?.leaf(&Asked::Clamped { op: *op, right, bounds })
                }
                _ => {
                    let mut sum = Sum::of(left)?;
                    sum.add(right, -ONE)?;
                    sum.leaf(&Asked::Compare { op: *op, right: 0 })
                }
            },
            _ => None,
        }
    }
}

impl Sum {
    fn of(term: &Term) -> Option<Self> {
        let mut sum = Self::default();
        sum.add(term, ONE)?;
        Some(sum)
    }

    /// Adds a term, so many times.
    fn add(&mut self, term: &Term, times: i128) -> Option<()> {
        match term {
            Term::Figure(figure) => self.parts.push(figure.part(times)?),
            Term::Literal(_) => {
                let product = literal(term)?.checked_mul(times)?;
                let constant = product.checked_div(ONE).filter(|_| product % ONE == 0)?;
                self.constant = self.constant.checked_add(constant)?;
            }
            Term::Metric(term) => self.add(term, times)?,
            Term::Now => self.slope = self.slope.checked_add(times)?,
            Term::Scale { by, of } => {
                let product = times.checked_mul(by.micros().into())?;
                self.add(of, product.checked_div(ONE).filter(|_| product % ONE == 0)?)?;
            }
            Term::Sum(terms) => {
                for (sign, term) in terms {
                    self.add(term, if *sign == Sign::Plus { times } else { -times })?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// The leaf that passes as asked.
    fn leaf(mut self, asked: &Asked) -> Option<Leaf> {
        if self.parts.is_empty() {
            return None;
        }
        // Whole weights need no fractions of a millionth.
        let weights = self.parts.iter().map(|part| part.weight).chain([self.slope]);
        let unit = if weights.into_iter().all(|weight| weight % ONE == 0) { ONE } else { 1 };
        self.parts.iter_mut().for_each(|part| part.weight /= unit);
        // So no sum of what a hundred million events could have outgrows 128 bits.
        if self.parts.iter().any(|part| part.weight.abs() > ONE * ONE) {
            return None;
        }
        let scaled = |bound: i128| bound.checked_sub(self.constant)?.checked_mul(ONE / unit);
        let (passes, negated) = match *asked {
            Asked::Between { low, high, negated } if low > high => (NOWHERE, negated),
            Asked::Between { low, high, negated } => ((scaled(low)?, scaled(high)?), negated),
            Asked::Compare { op, right } => passes(op, scaled(right)?)?,
            Asked::Clamped { op, right, bounds: (low, high) } => {
                let (stretch, negated) = passes(op, scaled(right)?)?;
                (unclamped(stretch, (scaled(low)?, scaled(high)?)), negated)
            }
        };
        Some(Leaf { parts: self.parts, slope: self.slope / unit, passes, negated })
    }
}

impl Figure {
    /// The figure as a part of a sum, if it is read from a column.
    fn part(&self, weight: i128) -> Option<Part> {
        let column = self.column.clone()?;
        let stretch = match &self.window {
            Stretch::Always => Span::Always,
            Stretch::Sliding(window) => Span::Sliding(*window),
            Stretch::Since(Term::Figure(bound)) => match bound.part(ONE)? {
                Part { reads, column, stretch: Span::Always, .. }
                    if matches!(reads, Reads::First | Reads::Last) =>
                {
                    Span::Since(reads, column)
                }
                _ => return None,
            },
            Stretch::Fixed(..) | Stretch::Last(_) | Stretch::Since(_) => return None,
        };
        let reads = match self.function {
            Function::Count => Reads::Count,
            Function::Sum => Reads::Total,
            Function::First if matches!(stretch, Span::Always) => Reads::First,
            Function::Last if matches!(stretch, Span::Always) => Reads::Last,
            _ => return None,
        };
        let instants = matches!(reads, Reads::First | Reads::Last);
        (!instants || matches!(self.entries, Entries::Events)).then_some(Part {
            weight,
            reads,
            column,
            stretch,
        })
    }
}

/// A literal in its smallest unit.
fn literal(term: &Term) -> Option<i128> {
    match term {
        Term::Literal(Literal::Interval(length)) => Some(length.micros().into()),
        Term::Literal(Literal::Number(number)) => Some(number.micros().into()),
        Term::Literal(Literal::Timestamp(at)) => Some(at.micros().into()),
        _ => None,
    }
}

/// A term that is clamped, and its bounds.
fn clamp(term: &Term) -> Option<(&Term, (i128, i128))> {
    match term {
        Term::Clamp { of, low, high } => Some((of, (low.micros().into(), high.micros().into()))),
        Term::Metric(term) => clamp(term),
        _ => None,
    }
}

/// The stretch of values that pass a comparison with `right`, or (`true`) that do not.
fn passes(op: Comparison, right: i128) -> Option<((i128, i128), bool)> {
    Some(match op {
        Comparison::Equal => ((right, right), false),
        Comparison::NotEqual => ((right, right), true),
        Comparison::Less => ((i128::MIN, right.checked_sub(1)?), false),
        Comparison::LessOrEqual => ((i128::MIN, right), false),
        Comparison::Greater => ((right.checked_add(1)?, i128::MAX), false),
        Comparison::GreaterOrEqual => ((right, i128::MAX), false),
    })
}

/// The stretch that a value must lie in for the clamped value to lie in `stretch`.
fn unclamped((first, last): (i128, i128), (low, high): (i128, i128)) -> (i128, i128) {
    if first > high || last < low {
        return NOWHERE;
    }
    (if first <= low { i128::MIN } else { first }, if last >= high { i128::MAX } else { last })
}
