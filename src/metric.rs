//! Metrics: figures over a person's facts, exact at every instant.
//!
//! A metric is an expression with a name, or an [`Engagement`] score. Rules and other metrics use
//! it by its name; templates print it.
//!
//! ```
//! use bespoke::event::Event;
//! use bespoke::expr::Names;
//! use bespoke::facts::Timeline;
//! use bespoke::metric::{Measure, Metric};
//! use bespoke::schema::Schema;
//! use bespoke::value::Kind;
//!
//! let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
//! let names = Names::new(schema.clone());
//! let spend = Metric::parse(r#"sum("Order Completed".revenue over 90 days)"#, &names)?;
//!
//! let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?);
//! let timeline = Timeline::of([order.with("revenue", 620)], &schema);
//! let measured = spend.evaluate(&timeline.facts("2026-03-01T00:00:00Z".parse()?));
//! assert_eq!(measured.value.to_string(), "620");
//! assert_eq!(measured.until, Some("2026-05-02T12:00:00Z".parse()?));
//! # Ok::<(), bespoke::Error>(())
//! ```

mod compare;
mod engagement;
mod evaluator;
mod funnel;
mod group;
mod index;
mod last;
mod lasting;
mod leaf;
mod moving;
mod person;
mod rfm;
mod slide;
mod tally;

use std::fmt;
use std::sync::Arc;

pub use engagement::Engagement;
pub(crate) use evaluator::{Evaluator, Next};
pub(crate) use index::index;
pub(crate) use leaf::Standing;
pub(crate) use person::changes;
pub use rfm::{Rfm, RfmAxis, RfmCuts, RfmLearner, RfmMetric};

use crate::error::{Diagnostic, Result};
use crate::expr::plan::Term;
use crate::expr::{Checked, Expr, Names, Type, check_metric};
use crate::facts::{Facts, Layout};
use crate::time::{Duration, Timestamp, Valid};
use crate::value::{Exact, Kind};

/// A metric that passed its check and can be evaluated.
#[derive(Clone, Debug)]
pub struct Metric {
    text: Arc<str>,
    term: Arc<Term>,
    ty: Type,
    warnings: Arc<[Diagnostic]>,
}

/// What a metric comes to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Measure {
    /// True or false.
    Boolean(bool),
    /// A length of time.
    Duration(Duration),
    /// An instant.
    Instant(Timestamp),
    /// Nothing is known, or there is nothing to take a mean or an extreme of.
    Null,
    /// An exact number.
    Number(Exact),
    /// A text.
    Text(Arc<str>),
}

impl Metric {
    /// Reads a metric and checks it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`](crate::error::ErrorKind::Rule) with line, column and advice.
    pub fn parse(text: &str, names: &Names) -> Result<Self> {
        Self::checked(&Expr::parse(text)?, text, names)
    }

    /// Checks a metric made in code or read from JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`](crate::error::ErrorKind::Rule), with the place in the metric's text.
    pub fn new(expr: &Expr, names: &Names) -> Result<Self> {
        Self::parse(&expr.text()?, names)
    }

    fn checked(expr: &Expr, text: &str, names: &Names) -> Result<Self> {
        let Checked { plan: (term, ty), warnings } = check_metric(expr, text, names)?;
        Ok(Self { text: text.into(), term: Arc::new(term), ty, warnings: warnings.into() })
    }

    /// Defines the metric under a name, for rules and metrics checked from now on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`](crate::error::ErrorKind::Definition) if the name is taken.
    pub fn define(&self, name: impl Into<Arc<str>>, names: &mut Names) -> Result<()> {
        let name = name.into();
        names.free(&name)?;
        names.add_metric(name, &self.text, (Arc::clone(&self.term), self.ty.clone()));
        Ok(())
    }

    /// The metric as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it is instead, if it cannot count as a number: features do.
    pub(crate) fn no_number(&self) -> Option<&'static str> {
        (!self.ty.counts()).then(|| self.ty.describe())
    }

    /// What is odd about it without being wrong, such as an event that nobody declared.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// What kind of value it has.
    pub(crate) fn ty(&self) -> &Type {
        &self.ty
    }

    /// The kind of its values, where values have it.
    pub(crate) fn kind(&self) -> Option<Kind> {
        self.ty.kind()
    }

    /// Whether it may come to nothing, as a mean over nothing does; counts and sums do not.
    pub(crate) fn may_be_null(&self) -> bool {
        self.term.may_be_null()
    }

    /// Whether it reads a trait, itself or through others.
    pub(crate) fn reads(&self, attribute: &str) -> bool {
        self.term.reads(attribute)
    }

    /// Finds columns that it can be read from.
    pub(crate) fn index(&mut self, layout: &mut Layout) {
        index::index_term(Arc::make_mut(&mut self.term), layout);
    }

    /// What the metric comes to, and until when.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Valid<Measure> {
        let evaluator = Evaluator::new(*facts);
        let mut next = Next::never();
        let value = evaluator.value(&self.term, facts.now(), &mut next);
        let measure = value.measure(facts.now());
        if value.moves() {
            next.at(facts.now().next());
        }
        Valid::until(measure, next.instant())
    }
}

impl Measure {
    /// The number, if it is one.
    pub fn as_number(&self) -> Option<&Exact> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => fmt::Display::fmt(value, f),
            Self::Duration(duration) => fmt::Display::fmt(duration, f),
            Self::Instant(at) => fmt::Display::fmt(at, f),
            Self::Null => f.write_str("NULL"),
            Self::Number(number) => fmt::Display::fmt(number, f),
            Self::Text(text) => write!(f, "'{text}'"),
        }
    }
}
