//! Which figures and tests columns can answer.

use std::sync::Arc;

use super::compare::compare_value;
use super::evaluator::{Evaluator, Moment, Next};
use crate::expr::plan::{
    Amount, Check, Cond, Entries, Figure, Kept, Leaf, Part, Reads, Source, Span, Stretch, Term,
    Test, Threshold,
};
use crate::expr::{Comparison, Function, Literal, Sign};
use crate::facts::{Fact, Layout, Needs, Pick, Timeline};
use crate::time::Duration;
use crate::value::{Decimal, Value};

/// Finds columns for the figures and tests of a condition; those of named parts have theirs.
pub(crate) fn index(cond: &mut Cond, layout: &mut Layout) {
    cond.for_each_figure_mut(&mut |figure| figure.index(layout));
    cond.for_each_test_mut(&mut |test| {
        test.leaf = match test.any {
            None => Leaf::of(&test.check, layout).map(Box::new),
            Some(_) => None,
        };
    });
}

/// Finds columns for the figures of a term, as [`index`].
pub(crate) fn index_term(term: &mut Term, layout: &mut Layout) {
    term.for_each_figure_mut(&mut |figure| figure.index(layout));
}

impl Figure {
    /// Finds the column that the figure itself can be read from.
    fn index(&mut self, layout: &mut Layout) {
        let adds = matches!(self.function, Function::Avg | Function::Count | Function::Sum);
        // Of the last events there may be several entries of one.
        let timed = !matches!(self.window, Stretch::Last(_));
        if timed && !self.distinct && (adds || matches!(self.entries, Entries::Events)) {
            self.column = self.kept(layout);
        }
    }

    /// The column of its entries, if one can hold them. Counts share it with sums.
    fn kept(&self, layout: &mut Layout) -> Option<Kept> {
        let Self { event, entries, filter, .. } = self;
        let key = || format!("{event:?} {entries:?} {filter:?}");
        self.column_of(key, false, None, layout)
    }

    /// The column of the instants at which each of its values was last seen.
    fn kept_apart(&self, layout: &mut Layout) -> Option<Kept> {
        let Self { event, entries, filter, .. } = self;
        let key = || format!("distinct {event:?} {entries:?} {filter:?}");
        self.column_of(key, true, None, layout)
    }

    /// The column of its entries that compare with a number.
    fn kept_where(&self, op: Comparison, right: i128, layout: &mut Layout) -> Option<Kept> {
        let Self { event, entries, filter, .. } = self;
        let key = || format!("{} {right} {event:?} {entries:?} {filter:?}", op.symbol());
        self.column_of(key, false, Some((op, right)), layout)
    }

    fn column_of(
        &self,
        key: impl FnOnce() -> String,
        apart: bool,
        bound: Option<Bound>,
        layout: &mut Layout,
    ) -> Option<Kept> {
        // What names other parts may be long, written out: such a filter has no key.
        if !self.filter.as_ref().is_none_or(Cond::is_of_entry) {
            return None;
        }
        let figure = Self { window: Stretch::Always, column: None, ..self.clone() };
        // Whoever asks about an entry alone asks about nobody's facts.
        let nobody = Timeline::new();
        let pick = Pick::new(key(), self.event.clone(), apart, move |fact, take| {
            figure.entries_of(fact, &nobody, &mut |value, micros| {
                match bound {
                    None => take(value, micros),
                    // What it comes to has been asked.
                    Some((op, right)) if op.holds(micros.cmp(&right)) => take(value, 0),
                    Some(_) => {}
                }
            });
        });
        Some(Kept::new(&Arc::new(pick.needing(self.needs(bound))), layout))
    }

    /// The field of the event that its filter compares, or whose values it compares with a bound.
    fn needs(&self, bound: Option<Bound>) -> Option<Needs> {
        if let Some(Cond::Test(test)) = &self.filter
            && let Test { any: None, check: Check::Compare { left, op, right }, .. } = &**test
            && let (Term::Field { from: Source::Event, path }, Term::Literal(right)) = (left, right)
        {
            let (op, right) = (*op, right.clone());
            let passes = move |value: &Value| compare_value(value, op, &right) == Some(true);
            return Some(Needs::new(path, passes));
        }
        let (Entries::Field(path), Some((op, right))) = (&self.entries, bound) else { return None };
        Some(Needs::new(path, move |value| op.holds(millionths(value).cmp(&right))))
    }

    /// Visits the values that a fact has in the figure, and their millionths.
    #[inline]
    fn entries_of(
        &self,
        fact: &Fact,
        nobody: &Timeline,
        take: &mut impl FnMut(Option<&Value>, i128),
    ) {
        self.for_each_entry(fact, &mut |entry, value| {
            let passes = self.filter.as_ref().is_none_or(|filter| {
                let moment = Moment::of_entry(fact.at, entry);
                let truth = entry.compared(filter).unwrap_or_else(|| {
                    let evaluator = Evaluator::new(nobody.facts(fact.at));
                    evaluator.cond(filter, moment, &mut Next::never())
                });
                truth == Some(true)
            });
            if passes {
                take(value, value.map_or(0, millionths));
            }
        });
    }
}

/// What a value is compared with.
type Bound = (Comparison, i128);

/// What is not a number is only counted.
fn millionths(value: &Value) -> i128 {
    value.as_number().map_or(0, |number| number.micros().into())
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
    fn of(check: &Check, layout: &mut Layout) -> Option<Self> {
        match check {
            Check::Between { value, low, high, negated } => {
                let (low, high) = (literal(low)?, literal(high)?);
                Sum::of(value, layout)?.leaf(&Asked::Between { low, high, negated: *negated })
            }
            Check::Compare { left, op, right } => match (left, literal(right)) {
                (Term::Figure(figure), Some(right)) if figure.function == Function::Avg => {
                    Sum::above(figure, right, layout)?.leaf(&Asked::Compare { op: *op, right: 0 })
                }
                (Term::Figure(figure), Some(right))
                    if matches!(figure.function, Function::Max | Function::Min) =>
                {
                    Self::of_extreme(figure, *op, right, layout)
                }
                (_, of_right) => {
                    if let (Some((of, bounds)), Some(right)) = (clamp(left), of_right) {
                        return Sum::of(of, layout)?.leaf(&Asked::Clamped {
                            op: *op,
                            right,
                            bounds,
                        });
                    }
                    let mut sum = Sum::of(left, layout)?;
                    sum.add(right, -ONE, layout)?;
                    sum.leaf(&Asked::Compare { op: *op, right: 0 })
                }
            },
            _ => None,
        }
    }

    /// The greatest is above a bound if any is, and at most there if none is; so for the least.
    fn of_extreme(
        figure: &Figure,
        op: Comparison,
        right: i128,
        layout: &mut Layout,
    ) -> Option<Self> {
        let (beyond, any) = match (figure.function, op) {
            (Function::Max, Comparison::Greater | Comparison::GreaterOrEqual)
            | (Function::Min, Comparison::Less | Comparison::LessOrEqual) => (op, true),
            (Function::Max, Comparison::Less) => (Comparison::GreaterOrEqual, false),
            (Function::Max, Comparison::LessOrEqual) => (Comparison::Greater, false),
            (Function::Min, Comparison::Greater) => (Comparison::LessOrEqual, false),
            (Function::Min, Comparison::GreaterOrEqual) => (Comparison::Less, false),
            _ => return None,
        };
        if !figure.number {
            return None;
        }
        let stretch = figure.stretch(layout)?;
        let column = figure.kept_where(beyond, right, layout)?;
        let hits = Part { weight: ONE, reads: Reads::Count, column, stretch: stretch.clone() };
        let parts = vec![hits, figure.presence(stretch, layout)?];
        let op = if any { Comparison::Greater } else { Comparison::Equal };
        Sum { parts, ..Sum::default() }.leaf(&Asked::Compare { op, right: 0 })
    }
}

impl Sum {
    fn of(term: &Term, layout: &mut Layout) -> Option<Self> {
        let mut sum = Self::default();
        sum.add(term, ONE, layout)?;
        Some(sum)
    }

    /// By how much a mean is above a bound, as often as there are entries: `sum - bound * count`.
    fn above(figure: &Figure, bound: i128, layout: &mut Layout) -> Option<Self> {
        let (stretch, column) = (figure.stretch(layout)?, figure.kept(layout)?);
        let part = |weight, reads| {
            let (column, stretch) = (column.clone(), stretch.clone());
            Part { weight, reads, column, stretch }
        };
        let presence = figure.presence(stretch.clone(), layout)?;
        let parts = vec![part(ONE, Reads::Total), part(-bound, Reads::Count), presence];
        Some(Self { parts, ..Self::default() })
    }

    /// Adds a term, so many times.
    fn add(&mut self, term: &Term, times: i128, layout: &mut Layout) -> Option<()> {
        match term {
            Term::Figure(figure) => self.parts.push(figure.part(times, layout)?),
            Term::Literal(_) => {
                let product = literal(term)?.checked_mul(times)?;
                let constant = product.checked_div(ONE).filter(|_| product % ONE == 0)?;
                self.constant = self.constant.checked_add(constant)?;
            }
            Term::Metric(term) => self.add(term, times, layout)?,
            Term::Now => self.slope = self.slope.checked_add(times)?,
            Term::Scale { by, of } => {
                let product = times.checked_mul(by.micros().into())?;
                self.add(of, product.checked_div(ONE).filter(|_| product % ONE == 0)?, layout)?;
            }
            Term::Sum(terms) => {
                for (sign, term) in terms {
                    self.add(term, if *sign == Sign::Plus { times } else { -times }, layout)?;
                }
            }
            _ => return None,
        }
        Some(())
    }

    /// Whether it is never negative, whatever it counts.
    fn counts(&self) -> bool {
        let counts = |part: &Part| match part.reads {
            Reads::Count => part.weight >= 0,
            Reads::Presence => true,
            _ => false,
        };
        self.slope == 0 && self.parts.iter().all(counts)
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
        let passes = if self.counts() { floored(passes) } else { passes };
        let Self { parts, slope, .. } = self;
        let mut leaf = Leaf { parts, slope: slope / unit, passes, negated, threshold: None };
        leaf.find_threshold();
        Some(leaf)
    }
}

impl Figure {
    /// The figure as a part of a sum, if it is read from a column.
    fn part(&self, weight: i128, layout: &mut Layout) -> Option<Part> {
        let stretch = self.stretch(layout)?;
        let (always, events) =
            (matches!(stretch, Span::Always), matches!(self.entries, Entries::Events));
        let (reads, apart) = match self.function {
            Function::Count if self.distinct => (Reads::Count, true),
            Function::Count => (Reads::Count, false),
            Function::Sum if !self.distinct => (Reads::Total, false),
            Function::First if always && events => (Reads::First, false),
            Function::Last if always && events => (Reads::Last, false),
            Function::Last if always && self.number => (Reads::LastValue, false),
            _ => return None,
        };
        let ends_now = match &stretch {
            Span::Sliding(window) => window.ago() == Duration::ZERO,
            Span::Always | Span::Since(..) => true,
        };
        // What happened after the end of the stretch hides when a value was seen in it.
        if apart && !ends_now {
            return None;
        }
        let column = if apart { self.kept_apart(layout) } else { self.kept(layout) };
        Some(Part { weight, reads, column: column?, stretch })
    }

    /// What makes a sum NULL while the figure has no entries.
    fn presence(&self, stretch: Span, layout: &mut Layout) -> Option<Part> {
        let column = self.kept(layout)?;
        Some(Part { weight: 0, reads: Reads::Presence, column, stretch })
    }

    fn stretch(&self, layout: &mut Layout) -> Option<Span> {
        match &self.window {
            Stretch::Always => Some(Span::Always),
            Stretch::Sliding(window) => Some(Span::Sliding(*window)),
            Stretch::Since(Term::Figure(bound)) => match bound.part(ONE, layout)? {
                Part { reads: Reads::First, column, .. } => Some(Span::Since(Reads::First, column)),
                Part { reads: Reads::Last, column, .. } => Some(Span::Since(Reads::Last, column)),
                _ => None,
            },
            Stretch::Fixed(..) | Stretch::Last(_) | Stretch::Since(_) => None,
        }
    }
}

impl Leaf {
    /// Finds out whether it asks for one count or sum over a window.
    pub(super) fn find_threshold(&mut self) {
        self.threshold = match &*self.parts {
            [part] if self.slope == 0 => part.threshold(self.passes),
            _ => None,
        };
    }
}

impl Part {
    /// The stretch of sums that pass as one of what the part comes to, were it alone.
    fn threshold(&self, (least, most): (i128, i128)) -> Option<Threshold> {
        let Span::Sliding(window) = self.stretch else { return None };
        let unit = match self.reads {
            Reads::Count => self.weight.checked_mul(ONE)?,
            Reads::Total => self.weight,
            _ => return None,
        };
        // What passes only below nothing is no test of a count.
        if unit <= 0 || most < 0 {
            return None;
        }
        let amount = |bound: i128| {
            let up = i128::from(bound.rem_euclid(unit) != 0);
            self.amount(bound.div_euclid(unit) + up)
        };
        let above = most.checked_add(1).and_then(amount);
        Some(Threshold { window, least: amount(least), above })
    }

    /// So many entries or millionths; none, if it is nothing.
    fn amount(&self, value: i128) -> Option<Amount> {
        match self.reads {
            _ if value <= 0 => None,
            Reads::Count => Some(Amount::Entries(usize::try_from(value).unwrap_or(usize::MAX))),
            _ => Some(Amount::Millionths(value)),
        }
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

/// The same stretch of numbers that are not negative.
fn floored((least, most): (i128, i128)) -> (i128, i128) {
    (if least <= 0 { i128::MIN } else { least }, most)
}

/// The stretch that a value must lie in for the clamped value to lie in `stretch`.
fn unclamped((first, last): (i128, i128), (low, high): (i128, i128)) -> (i128, i128) {
    if first > high || last < low {
        return NOWHERE;
    }
    (if first <= low { i128::MIN } else { first }, if last >= high { i128::MAX } else { last })
}
