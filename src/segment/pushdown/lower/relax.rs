//! Rules of which a part cannot be asked: what the rest says of who may and who must be a member.

use std::sync::Arc;

use super::{Lowering, Scope, Unsupported};
use crate::expr::Truth;
use crate::expr::plan::{Cond, Test};
use crate::segment::pushdown::Clause;
use crate::segment::pushdown::plan::{Scalar, Verdict};

/// A condition as far as it is known.
#[derive(Clone, Debug)]
pub(super) struct Relaxed {
    /// Its truth, where all of it is known.
    exact: Option<Scalar>,
    /// Whether it may be true, false, unknown.
    may: Ways,
    /// Whether it is so for sure.
    must: Ways,
}

/// Never NULL.
#[derive(Clone, Debug)]
struct Ways {
    yes: Scalar,
    no: Scalar,
    unknown: Scalar,
}

impl Lowering<'_> {
    pub(super) fn relaxed(&mut self, cond: &Cond) -> Relaxed {
        match cond {
            Cond::All(parts) => Relaxed::junction(&self.each(parts), false),
            Cond::Any(parts) => Relaxed::junction(&self.each(parts), true),
            Cond::Is { inner, what, negated } => {
                let is = self.relaxed(inner).is(*what);
                if *negated { is.negated() } else { is }
            }
            Cond::Member(inner) => self.relaxed(inner).is(Truth::True),
            Cond::Not(inner) => self.relaxed(inner).negated(),
            Cond::Test(test) => self.relaxed_test(test),
        }
    }

    fn each(&mut self, parts: &[Cond]) -> Vec<Relaxed> {
        parts.iter().map(|part| self.relaxed(part)).collect()
    }

    fn relaxed_test(&mut self, test: &Test) -> Relaxed {
        let (folds, lifts) = (self.folds.len(), self.lifts.len());
        self.doubts.clear();
        match self.test(test, Scope::Person) {
            Ok(truth) => {
                let doubts = std::mem::take(&mut self.doubts);
                doubts.iter().for_each(|(_, reason)| self.clause(test, (*reason).to_owned()));
                let doubt = Scalar::any(doubts.into_iter().map(|(doubt, _)| doubt.truly()));
                Relaxed::doubted(truth, &doubt)
            }
            Err(Unsupported(reason)) => {
                self.folds.truncate(folds);
                self.lifts.truncate(lifts);
                self.clause(test, reason);
                Relaxed::anything()
            }
        }
    }

    fn clause(&mut self, test: &Test, reason: String) {
        let clause = Clause { text: Arc::clone(&test.text), reason: reason.into() };
        if !self.clauses.contains(&clause) {
            self.clauses.push(clause);
        }
    }

    /// What the test at hand comes to is not to be trusted where this is true.
    pub(super) fn doubt(&mut self, doubt: Scalar, reason: &'static str) {
        self.doubts.push((doubt, reason));
    }
}

impl Relaxed {
    fn exact(truth: Scalar) -> Self {
        let ways = Ways {
            yes: truth.clone().truly(),
            no: truth.clone().negated().truly(),
            unknown: truth.clone().absent(),
        };
        Self { exact: Some(truth), may: ways.clone(), must: ways }
    }

    fn anything() -> Self {
        let every = |truth| {
            let truth = Scalar::Boolean(truth);
            Ways { yes: truth.clone(), no: truth.clone(), unknown: truth }
        };
        Self { exact: None, may: every(true), must: every(false) }
    }

    /// A truth that is not to be trusted where there is doubt.
    fn doubted(truth: Scalar, doubt: &Scalar) -> Self {
        let exact = Self::exact(truth);
        if *doubt == Scalar::Boolean(false) {
            return exact;
        }
        let may = |way| Scalar::any([way, doubt.clone()]);
        let must = |way| Scalar::all([way, doubt.clone().negated()]);
        Self { exact: None, may: exact.may.map(may), must: exact.must.map(must) }
    }

    /// AND, or OR where a single `decisive` truth decides.
    fn junction(parts: &[Self], decisive: bool) -> Self {
        type Way = fn(&Ways) -> &Scalar;
        let (deciding, other): (Way, Way) = if decisive {
            (|ways| &ways.yes, |ways| &ways.no)
        } else {
            (|ways| &ways.no, |ways| &ways.yes)
        };
        let exact: Option<Vec<Scalar>> = parts.iter().map(|part| part.exact.clone()).collect();
        if let Some(exact) = exact {
            return Self::exact(if decisive { Scalar::any(exact) } else { Scalar::all(exact) });
        }
        let ways = |of: fn(&Self) -> &Ways| {
            let some = |way: Way| Scalar::any(parts.iter().map(|part| way(of(part)).clone()));
            let every = Scalar::all(parts.iter().map(|part| other(of(part)).clone()));
            let (yes, no) =
                if decisive { (some(deciding), every) } else { (every, some(deciding)) };
            Ways { yes, no, unknown: some(|ways| &ways.unknown) }
        };
        // Whether it is unknown for sure hangs on all parts together.
        let must = Ways { unknown: Scalar::Boolean(false), ..ways(|part| &part.must) };
        Self { exact: None, may: ways(|part| &part.may), must }
    }

    fn negated(self) -> Self {
        let swapped = |Ways { yes, no, unknown }| Ways { yes: no, no: yes, unknown };
        let Self { exact, may, must } = self;
        Self { exact: exact.map(Scalar::negated), may: swapped(may), must: swapped(must) }
    }

    /// Whether its truth is this one, which is true or false.
    fn is(self, what: Truth) -> Self {
        let of = |ways: Ways| match what {
            Truth::False => ways.no,
            Truth::Null => ways.unknown,
            Truth::True => ways.yes,
        };
        let known = self.exact.is_some();
        let (may, must) = (of(self.may), of(self.must));
        if known {
            return Self::exact(may);
        }
        let unknown = Scalar::Boolean(false);
        let never = must.clone().negated();
        let surely_not = may.clone().negated();
        Self {
            exact: None,
            may: Ways { yes: may, no: never, unknown: unknown.clone() },
            must: Ways { yes: must, no: surely_not, unknown },
        }
    }

    pub(super) fn verdict(self) -> Verdict {
        let surely = self.must.yes;
        let perhaps = match self.exact {
            Some(_) => Scalar::Boolean(false),
            None => self.may.yes,
        };
        Verdict { surely, perhaps }
    }
}

impl Ways {
    fn map(self, map: impl Fn(Scalar) -> Scalar) -> Self {
        Self { yes: map(self.yes), no: map(self.no), unknown: map(self.unknown) }
    }
}
