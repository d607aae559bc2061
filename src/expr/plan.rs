//! What a checked expression comes to: names resolved, kinds known, nothing left to go wrong.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Comparison, Function, Literal, Sign, Truth};
use crate::facts::{Layout, Pick};
use crate::time::Window;
use crate::value::Decimal;

/// A condition: true, false or unknown.
#[derive(Clone, Debug)]
pub(crate) enum Cond {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Is {
        inner: Box<Self>,
        what: Truth,
        negated: bool,
    },
    /// Whether the condition is true, as a member is one or is not.
    Member(Arc<Self>),
    Test(Box<Test>),
}

/// A condition that is asked of values.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(crate) check: Check,
    /// The list of which any element may pass.
    pub(crate) any: Option<AnyOf>,
    /// The test as it was written.
    pub(crate) text: Arc<str>,
    /// The test as one of columns, where it is one.
    pub(crate) leaf: Option<Box<Leaf>>,
}

/// A weighted sum of figures and of now, and the stretch in which it passes.
///
/// `5 * count(A over 7 days) + sum(B.x) > 20`, `now() - last(A) >= INTERVAL '30 days'`.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) parts: Vec<Part>,
    /// How often now is in it.
    pub(crate) slope: i128,
    /// It passes from the first to the last, both included; if negated, outside.
    pub(crate) passes: (i128, i128),
    pub(crate) negated: bool,
}

/// A figure that is read from a column.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) weight: i128,
    pub(crate) reads: Reads,
    pub(crate) column: Kept,
    pub(crate) stretch: Span,
}

/// What is read from the stretch of a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reads {
    Count,
    First,
    Last,
    Total,
}

/// The stretch of a column.
#[derive(Clone, Debug)]
pub(crate) enum Span {
    Always,
    /// Since the first or the last of another column.
    Since(Reads, Kept),
    Sliding(Window),
}

/// Where the entries of a figure are kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) number: usize,
    pub(crate) pick: Arc<Pick>,
}

impl Kept {
    pub(crate) fn new(pick: &Arc<Pick>, layout: &mut Layout) -> Self {
        let (number, pick) = layout.add(pick);
        Self { number, pick }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Check {
    Between {
        value: Term,
        low: Term,
        high: Term,
        negated: bool,
    },
    Compare {
        left: Term,
        op: Comparison,
        right: Term,
    },
    In {
        value: Term,
        list: Vec<Literal>,
        negated: bool,
    },
    Is {
        value: Term,
        what: Truth,
        negated: bool,
    },
    Like {
        value: Term,
        pattern: Arc<str>,
        negated: bool,
    },
    /// A boolean by itself.
    True(Term),
}

/// A list, of whose elements any may pass a test.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AnyOf {
    pub(crate) from: Source,
    pub(crate) list: Vec<Arc<str>>,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// The traits of the profile.
    Attribute,
    /// The element that a test's [`AnyOf`] is at.
    AnyElement,
    /// The element that the aggregate's series is at.
    Element,
    /// The event that the aggregate's series is at.
    Event,
}

/// Something that has a value.
#[derive(Clone, Debug)]
pub(crate) enum Term {
    Clamp {
        of: Box<Self>,
        low: Decimal,
        high: Decimal,
    },
    Coalesce(Vec<Self>),
    Cond(Box<Cond>),
    Field {
        from: Source,
        path: Vec<Arc<str>>,
    },
    Figure(Box<Figure>),
    Literal(Literal),
    /// A metric that others may use too.
    Metric(Arc<Self>),
    Now,
    Scale {
        by: Decimal,
        of: Box<Self>,
    },
    Sum(Vec<(Sign, Self)>),
}

/// An aggregate, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) function: Function,
    pub(crate) distinct: bool,
    /// `None` is every event.
    pub(crate) event: Option<Arc<str>>,
    pub(crate) entries: Entries,
    pub(crate) filter: Option<Cond>,
    pub(crate) window: Stretch,
    /// The aggregate as it was written.
    pub(crate) text: Arc<str>,
    /// The column that it can be read from.
    pub(crate) column: Option<Kept>,
}

/// What a series has entries of.
#[derive(Clone, Debug)]
pub(crate) enum Entries {
    /// The events themselves.
    Events,
    /// A field of each event.
    Field(Vec<Arc<str>>),
    /// Each element of a list, or a field of it where the second path is not empty.
    Elements(Vec<Arc<str>>, Vec<Arc<str>>),
}

#[derive(Clone, Debug)]
pub(crate) enum Stretch {
    Always,
    Since(Term),
    Sliding(Window),
}

impl Term {
    /// Visits every figure below, those of filters and windows too; those of a part that several
    /// use once.
    pub(crate) fn for_each_figure<'t>(&'t self, visit: &mut impl FnMut(&'t Figure)) {
        Walk::default().term(self, &mut figures(visit));
    }

    /// Whether a trait is read somewhere below.
    pub(crate) fn reads(&self, attribute: &str) -> bool {
        let mut reads = false;
        Walk::default().term(self, &mut |term| reads |= term.is_attribute(attribute));
        reads
    }

    /// Whether it is the same of everybody and at all times.
    pub(crate) fn is_constant(&self) -> bool {
        let mut constant = true;
        Walk::default().term(self, &mut |term| constant &= term.is_made_of_constants());
        constant
    }

    fn is_made_of_constants(&self) -> bool {
        matches!(
            self,
            Self::Clamp { .. }
                | Self::Coalesce(_)
                | Self::Cond(_)
                | Self::Literal(_)
                | Self::Metric(_)
                | Self::Scale { .. }
                | Self::Sum(_)
        )
    }

    fn is_attribute(&self, attribute: &str) -> bool {
        let Self::Field { from: Source::Attribute, path } = self else { return false };
        path.first().is_some_and(|first| **first == *attribute)
    }
}

/// What to do with a term, where there is something to be done with figures.
fn figures<'t>(visit: &mut impl FnMut(&'t Figure)) -> impl FnMut(&'t Term) {
    |term| {
        if let Term::Figure(figure) = term {
            visit(figure);
        }
    }
}

impl Cond {
    /// Visits every figure below, as [`Term::for_each_figure`].
    pub(crate) fn for_each_figure<'t>(&'t self, visit: &mut impl FnMut(&'t Figure)) {
        Walk::default().cond(self, &mut figures(visit));
    }

    /// Whether a trait is read somewhere below, other than through a list.
    pub(crate) fn reads(&self, attribute: &str) -> bool {
        let mut reads = false;
        Walk::default().cond(self, &mut |term| reads |= term.is_attribute(attribute));
        reads
    }
}

/// What a condition depends on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) events: BTreeSet<Arc<str>>,
    pub(crate) every_event: bool,
    pub(crate) attributes: BTreeSet<Arc<str>>,
}

impl Cond {
    /// The events and traits whose telling may change its truth.
    pub(crate) fn inputs(&self) -> Inputs {
        let mut inputs = Inputs::default();
        let mut walk = Walk::default();
        walk.cond(self, &mut |term| match term {
            Term::Field { from: Source::Attribute, path } => {
                inputs.attributes.extend(path.first().cloned());
            }
            Term::Figure(figure) => match &figure.event {
                Some(event) => drop(inputs.events.insert(Arc::clone(event))),
                None => inputs.every_event = true,
            },
            _ => {}
        });
        let lists = walk.lists.iter().filter(|list| list.from == Source::Attribute);
        inputs.attributes.extend(lists.filter_map(|list| list.list.first().cloned()));
        inputs
    }

    /// Whether it reads nothing but the entry that it is asked of.
    pub(crate) fn is_of_entry(&self) -> bool {
        let mut only = true;
        let mut walk = Walk::default();
        walk.cond(self, &mut |term| {
            only &= !matches!(term, Term::Figure(_) | Term::Metric(_) | Term::Now);
            only &= !matches!(term, Term::Field { from: Source::Attribute, .. });
        });
        only && walk.segments.is_empty()
            && !walk.lists.iter().any(|list| list.from == Source::Attribute)
    }

    /// Visits the tests that are asked of the profile by this condition itself.
    pub(crate) fn for_each_test_mut(&mut self, visit: &mut impl FnMut(&mut Test)) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter_mut().for_each(|part| part.for_each_test_mut(visit));
            }
            Self::Not(inner) | Self::Is { inner, .. } => inner.for_each_test_mut(visit),
            Self::Member(_) => {}
            Self::Test(test) => visit(test),
        }
    }

    /// Visits the figures of this condition, but not those of parts that others use too.
    pub(crate) fn for_each_figure_mut(&mut self, visit: &mut impl FnMut(&mut Figure)) {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter_mut().for_each(|part| part.for_each_figure_mut(visit));
            }
            Self::Not(inner) | Self::Is { inner, .. } => inner.for_each_figure_mut(visit),
            Self::Member(_) => {}
            Self::Test(test) => {
                test.check.for_each_term_mut(&mut |term| term.for_each_figure_mut(&mut *visit));
            }
        }
    }
}

impl Term {
    /// Visits the figures of this term, as [`Cond::for_each_figure_mut`].
    pub(crate) fn for_each_figure_mut(&mut self, visit: &mut dyn FnMut(&mut Figure)) {
        match self {
            Self::Clamp { of, .. } | Self::Scale { of, .. } => of.for_each_figure_mut(visit),
            Self::Coalesce(terms) => {
                terms.iter_mut().for_each(|term| term.for_each_figure_mut(visit));
            }
            Self::Cond(cond) => cond.for_each_figure_mut(&mut |figure| visit(figure)),
            Self::Figure(figure) => {
                visit(figure);
                if let Stretch::Since(since) = &mut figure.window {
                    since.for_each_figure_mut(visit);
                }
            }
            Self::Sum(terms) => {
                terms.iter_mut().for_each(|(_, term)| term.for_each_figure_mut(visit));
            }
            Self::Field { .. } | Self::Literal(_) | Self::Metric(_) | Self::Now => {}
        }
    }
}

/// A walk over a plan that enters each named part once.
#[derive(Default)]
struct Walk<'t> {
    metrics: Vec<&'t Term>,
    segments: Vec<&'t Cond>,
    /// The lists that tests go through.
    lists: Vec<&'t AnyOf>,
}

impl<'t> Walk<'t> {
    fn term(&mut self, term: &'t Term, visit: &mut impl FnMut(&'t Term)) {
        visit(term);
        match term {
            Term::Clamp { of, .. } | Term::Scale { of, .. } => self.term(of, visit),
            Term::Coalesce(terms) => terms.iter().for_each(|term| self.term(term, visit)),
            Term::Cond(cond) => self.cond(cond, visit),
            Term::Figure(figure) => {
                if let Some(filter) = &figure.filter {
                    self.cond(filter, visit);
                }
                if let Stretch::Since(since) = &figure.window {
                    self.term(since, visit);
                }
            }
            Term::Metric(term) => {
                if !self.metrics.iter().any(|seen| std::ptr::eq(*seen, Arc::as_ptr(term))) {
                    self.metrics.push(term);
                    self.term(term, visit);
                }
            }
            Term::Sum(terms) => terms.iter().for_each(|(_, term)| self.term(term, visit)),
            Term::Field { .. } | Term::Literal(_) | Term::Now => {}
        }
    }

    fn cond(&mut self, cond: &'t Cond, visit: &mut impl FnMut(&'t Term)) {
        match cond {
            Cond::All(parts) | Cond::Any(parts) => {
                parts.iter().for_each(|part| self.cond(part, visit));
            }
            Cond::Not(inner) | Cond::Is { inner, .. } => self.cond(inner, visit),
            Cond::Member(inner) => {
                if !self.segments.iter().any(|seen| std::ptr::eq(*seen, Arc::as_ptr(inner))) {
                    self.segments.push(inner);
                    self.cond(inner, visit);
                }
            }
            Cond::Test(test) => {
                self.lists.extend(&test.any);
                test.check.for_each_term(&mut |term| self.term(term, visit));
            }
        }
    }
}

impl Check {
    /// Visits the terms that the test is asked of, in the order in which they are written.
    pub(crate) fn for_each_term<'t>(&'t self, visit: &mut impl FnMut(&'t Term)) {
        match self {
            Self::Between { value, low, high, .. } => {
                [value, low, high].into_iter().for_each(visit);
            }
            Self::Compare { left, right, .. } => [left, right].into_iter().for_each(visit),
            Self::In { value, .. }
            | Self::Is { value, .. }
            | Self::Like { value, .. }
            | Self::True(value) => visit(value),
        }
    }

    fn for_each_term_mut(&mut self, visit: &mut impl FnMut(&mut Term)) {
        match self {
            Self::Between { value, low, high, .. } => {
                [value, low, high].into_iter().for_each(visit);
            }
            Self::Compare { left, right, .. } => [left, right].into_iter().for_each(visit),
            Self::In { value, .. }
            | Self::Is { value, .. }
            | Self::Like { value, .. }
            | Self::True(value) => visit(value),
        }
    }
}
