//! What a checked expression comes to: names resolved, kinds known, nothing left to go wrong.

use std::sync::Arc;

use super::person::PersonTerm;
use super::{Comparison, Function, Literal, Period, Sign, Truth};
use crate::time::{Duration, Timestamp, Window};
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
    Person(Box<PersonTerm>),
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
    /// What happened after the first and up to the second.
    Fixed(Timestamp, Timestamp),
    /// The last so many events that have an entry.
    Last(u32),
    Since(Term),
    Sliding(Window),
}

impl Stretch {
    /// The stretch from the beginning of a period, included, to its end, excluded.
    pub(super) fn fixed(period: Period) -> Self {
        let before = |at: Timestamp| at.minus(Duration::from_micros(1));
        let (from, to) = period.bounds();
        Self::Fixed(before(from), to.map_or(Timestamp::MAX, before))
    }
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

    fn is_attribute(&self, attribute: &str) -> bool {
        match self {
            Self::Field { from: Source::Attribute, path } => {
                path.first().is_some_and(|first| **first == *attribute)
            }
            Self::Person(person) => person.reads(attribute),
            _ => false,
        }
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

/// A walk over a plan that enters each named part once.
#[derive(Default)]
struct Walk<'t> {
    metrics: Vec<&'t Term>,
    segments: Vec<&'t Cond>,
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
            Term::Field { .. } | Term::Literal(_) | Term::Now | Term::Person(_) => {}
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
            Cond::Test(test) => test.check.for_each_term(&mut |term| self.term(term, visit)),
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
}
