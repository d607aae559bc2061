//! Ways through a plan: what it reads, and the figures and tests in it.

use std::sync::Arc;

use super::super::{Function, Literal};
use super::{AnyOf, Check, Cond, Figure, Inputs, Source, Stretch, Term, Test};

impl Term {
    /// Whether there is a figure somewhere below.
    pub(crate) fn has_figures(&self) -> bool {
        let mut found = false;
        Walk::default().term(self, &mut figures(&mut |_| found = true));
        found
    }

    /// Visits the term and every term below it; those below a part that several use once, and
    /// those below a term that is not to be `entered` not at all.
    pub(crate) fn for_each_term<'t>(&'t self, entered: &mut impl FnMut(&'t Self) -> bool) {
        Walk::default().term(self, entered);
    }

    /// Whether a trait is read somewhere below.
    pub(crate) fn reads(&self, attribute: &str) -> bool {
        let mut reads = false;
        Walk::default().term(self, &mut |term| {
            reads |= term.is_attribute(attribute);
            !reads
        });
        reads
    }

    /// Whether it is the same of everybody and at all times.
    pub(crate) fn is_constant(&self) -> bool {
        let mut constant = true;
        Walk::default().term(self, &mut |term| {
            constant &= term.is_made_of_constants();
            constant
        });
        constant
    }

    /// Whether it may come to nothing, as a mean over nothing does.
    pub(crate) fn may_be_null(&self) -> bool {
        match self {
            Self::Class { of, .. } | Self::Clamp { of, .. } | Self::Scale { of, .. } => {
                of.may_be_null()
            }
            Self::Coalesce(of) => of.iter().all(Self::may_be_null),
            Self::Figure(figure) => {
                let adds = matches!(figure.function, Function::Count | Function::Sum);
                !adds || matches!(figure.window, Stretch::Since(_))
            }
            Self::Funnel(_) | Self::Now => false,
            Self::Literal(literal) => *literal == Literal::Null,
            Self::Metric(metric) => metric.may_be_null(),
            Self::Sum(terms) => terms.iter().any(|(_, term)| term.may_be_null()),
            Self::Cond(_) | Self::Field { .. } | Self::Group(_) | Self::Person(_) => true,
        }
    }

    fn is_made_of_constants(&self) -> bool {
        matches!(
            self,
            Self::Clamp { .. }
                | Self::Class { .. }
                | Self::Coalesce(_)
                | Self::Cond(_)
                | Self::Literal(_)
                | Self::Metric(_)
                | Self::Scale { .. }
                | Self::Sum(_)
        )
    }

    fn is_attribute(&self, attribute: &str) -> bool {
        match self {
            Self::Field { from: Source::Attribute, path } => {
                path.first().is_some_and(|first| **first == *attribute)
            }
            Self::Person(person) => person.attributes().any(|name| name == attribute),
            _ => false,
        }
    }
}

/// What to do with a term, where there is something to be done with figures; all are entered.
fn figures<'t>(visit: &mut impl FnMut(&'t Figure)) -> impl FnMut(&'t Term) -> bool {
    |term| {
        match term {
            Term::Figure(figure) => visit(figure),
            Term::Funnel(funnel) => funnel.steps.iter().for_each(&mut *visit),
            Term::Group(group) => group.entries.iter().for_each(&mut *visit),
            _ => {}
        }
        true
    }
}

impl Cond {
    /// Visits every figure below, those of filters and windows too; those of a part that several
    /// use once.
    pub(crate) fn for_each_figure<'t>(&'t self, visit: &mut impl FnMut(&'t Figure)) {
        Walk::default().cond(self, &mut figures(visit));
    }

    /// Whether there is a figure somewhere below.
    pub(crate) fn has_figures(&self) -> bool {
        let mut found = false;
        self.for_each_figure(&mut |_| found = true);
        found
    }

    /// Whether a trait is read somewhere below, other than through a list.
    pub(crate) fn reads(&self, attribute: &str) -> bool {
        let mut reads = false;
        Walk::default().cond(self, &mut |term| {
            reads |= term.is_attribute(attribute);
            !reads
        });
        reads
    }
}

impl Inputs {
    fn series(&mut self, figure: &Figure) {
        match &figure.event {
            Some(event) => drop(self.events.insert(Arc::clone(event))),
            None => self.every_event = true,
        }
    }
}

impl Cond {
    /// The events and traits whose telling may change its truth.
    pub(crate) fn inputs(&self) -> Inputs {
        let mut inputs = Inputs::default();
        let mut walk = Walk::default();
        walk.cond(self, &mut |term| {
            match term {
                Term::Field { from: Source::Attribute, path } => {
                    inputs.attributes.extend(path.first().cloned());
                }
                Term::Figure(figure) => inputs.series(figure),
                Term::Funnel(funnel) => funnel.steps.iter().for_each(|step| inputs.series(step)),
                Term::Group(group) => group.entries.iter().for_each(|figure| inputs.series(figure)),
                Term::Person(person) => {
                    inputs.attributes.extend(person.attributes().map(Arc::from));
                    inputs.everything |= person.reads_everything();
                    inputs.every_event |= person.reads_everything();
                }
                _ => {}
            }
            true
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
            only &= !matches!(
                term,
                Term::Field { from: Source::Attribute, .. }
                    | Term::Figure(_)
                    | Term::Funnel(_)
                    | Term::Group(_)
                    | Term::Metric(_)
                    | Term::Now
                    | Term::Person(_)
            );
            only
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
            Self::Clamp { of, .. } | Self::Class { of, .. } | Self::Scale { of, .. } => {
                of.for_each_figure_mut(visit);
            }
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
            // Of the steps of a funnel facts are asked, and of a group each value: no column has
            // those.
            Self::Field { .. }
            | Self::Funnel(_)
            | Self::Group(_)
            | Self::Literal(_)
            | Self::Metric(_)
            | Self::Now
            | Self::Person(_) => {}
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
    fn term(&mut self, term: &'t Term, visit: &mut impl FnMut(&'t Term) -> bool) {
        if !visit(term) {
            return;
        }
        match term {
            Term::Clamp { of, .. } | Term::Class { of, .. } | Term::Scale { of, .. } => {
                self.term(of, visit);
            }
            Term::Coalesce(terms) => terms.iter().for_each(|term| self.term(term, visit)),
            Term::Cond(cond) => self.cond(cond, visit),
            Term::Figure(figure) => self.figure(figure, visit),
            Term::Funnel(funnel) => funnel.steps.iter().for_each(|step| self.figure(step, visit)),
            Term::Group(group) => {
                group.entries.iter().for_each(|figure| self.figure(figure, visit));
                self.cond(&group.cond, visit);
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

    fn figure(&mut self, figure: &'t Figure, visit: &mut impl FnMut(&'t Term) -> bool) {
        if let Some(filter) = &figure.filter {
            self.cond(filter, visit);
        }
        if let Stretch::Since(since) = &figure.window {
            self.term(since, visit);
        }
    }

    fn cond(&mut self, cond: &'t Cond, visit: &mut impl FnMut(&'t Term) -> bool) {
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
