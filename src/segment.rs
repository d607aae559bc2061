//! Segments: who is a member, until when, and why.
//!
//! ```
//! use bespoke::event::Event;
//! use bespoke::expr::Names;
//! use bespoke::facts::Timeline;
//! use bespoke::schema::Schema;
//! use bespoke::segment::Rule;
//! use bespoke::value::Kind;
//!
//! let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
//! let rule = Rule::parse(r#"count("Order Completed" over 90 days) > 0"#)?;
//! let active = rule.check(&Names::new(schema.clone()))?;
//!
//! let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?);
//! let timeline = Timeline::of([order], &schema);
//! let membership = active.evaluate(&timeline.facts("2026-03-01T00:00:00Z".parse()?));
//! assert!(membership.value);
//! // With no further order the customer leaves at this microsecond, and not before.
//! assert_eq!(membership.until, Some("2026-05-02T12:00:00Z".parse()?));
//! # Ok::<(), bespoke::Error>(())
//! ```

mod counterfactual;
mod difference;
mod distance;
mod explain;
mod history;
mod horizon;
pub mod live;
mod logic;
pub mod pushdown;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use counterfactual::{Change, Counterfactual};
pub use difference::{Difference, Differing, Side};
pub use distance::Distance;
pub use explain::{Clause, Explanation, Operand};
pub use history::{History, Knowledge, Turn};

use crate::error::{Diagnostic, Result};
use crate::expr::plan::Cond;
use crate::expr::{Checked, Expr, Names, check_rule};
use crate::facts::{Facts, Layout};
use crate::metric::{Evaluator, Next, index};
use crate::time::Valid;

/// A rule that was read, but not yet checked against a schema.
///
/// It serializes as its text.
#[derive(Clone, Debug)]
pub struct Rule {
    text: Arc<str>,
    expr: Expr,
}

/// A rule that passed its check and can be evaluated.
#[derive(Clone, Debug)]
pub struct Segment {
    rule: Rule,
    cond: Arc<Cond>,
    warnings: Arc<[Diagnostic]>,
}

/// Whether somebody is in a segment.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Membership {
    /// The rule is true.
    In,
    /// It is not known yet: the history is being fetched. It is not a no.
    NotReady,
    /// The rule is false or unknown.
    Out,
}

impl Membership {
    pub(crate) fn of(member: bool) -> Self {
        if member { Self::In } else { Self::Out }
    }
}

impl Rule {
    /// Reads a rule from text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`](crate::error::ErrorKind::Rule) with line, column and advice.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self { text: text.into(), expr: Expr::parse(text)? })
    }

    /// A rule made in code. It is printed and read again, so that errors can show places in it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`](crate::error::ErrorKind::Rule) for what cannot be written as a rule,
    /// such as an IN without a list.
    pub fn new(expr: &Expr) -> Result<Self> {
        Self::parse(&expr.text()?)
    }

    /// Reads a rule from JSON, as [`Expr::from_json`].
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`](crate::error::ErrorKind::Rule) with the place in the JSON.
    pub fn from_json(json: &str) -> Result<Self> {
        Self::new(&Expr::from_json(json)?)
    }

    /// Writes the rule as JSON, as [`Expr::to_json`].
    pub fn to_json(&self) -> String {
        self.expr.to_json()
    }

    /// The rule as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the rule asks for, in English, as [`Expr::words`].
    pub fn words(&self) -> String {
        self.expr.rule_words()
    }

    /// The rule's tree.
    pub fn expr(&self) -> &Expr {
        &self.expr
    }

    /// Checks the rule: names, kinds, windows.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`](crate::error::ErrorKind::Rule) with every fault, its place and advice.
    pub fn check(&self, names: &Names) -> Result<Segment> {
        let Checked { plan, warnings } = check_rule(&self.expr, &self.text, names)?;
        Ok(Segment { rule: self.clone(), cond: Arc::new(plan), warnings: warnings.into() })
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.expr == other.expr
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.expr, f)
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(D::Error::custom)
    }
}

impl Segment {
    /// Defines the segment under a name, for `in_segment` in rules checked from now on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`](crate::error::ErrorKind::Definition) if the name is taken.
    pub fn define(&self, name: impl Into<Arc<str>>, names: &mut Names) -> Result<()> {
        let name = name.into();
        names.free(&name)?;
        names.add_segment(name, &self.rule.text, Arc::clone(&self.cond));
        Ok(())
    }

    /// The rule.
    pub fn rule(&self) -> &Rule {
        &self.rule
    }

    /// What is odd about it without being wrong, such as an event that nobody declared.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The events that the rule is about, by name; `*` names none.
    pub fn events(&self) -> BTreeSet<&str> {
        let mut events = BTreeSet::new();
        self.cond.for_each_figure(&mut |figure| events.extend(figure.event.as_deref()));
        events
    }

    /// Whether it reads a trait, itself or through others.
    pub(crate) fn reads(&self, attribute: &str) -> bool {
        self.cond.reads(attribute)
    }

    /// Finds columns that it can be read from.
    pub(crate) fn index(&mut self, layout: &mut Layout) {
        index(Arc::make_mut(&mut self.cond), layout);
    }

    /// Whether the person is a member, and until when.
    ///
    /// A member is one of whom the rule is true; false and unknown are one. The horizon is the
    /// earliest instant at which membership could differ with no new fact: never late, and exact
    /// for a single comparison. An AND that is not true holds until the last of its clauses that
    /// are not true may turn, else until the first clause may; OR is the dual.
    pub fn evaluate(&self, facts: &Facts<'_>) -> Valid<bool> {
        horizon::member(&self.cond, &Evaluator::new(*facts))
    }

    /// Whether the person is a member, without the horizon, which costs less.
    pub fn is_member(&self, facts: &Facts<'_>) -> bool {
        Evaluator::new(*facts).truth(&self.cond, facts.now(), &mut Next::never()) == Some(true)
    }

    /// Why the person is a member or is not: every clause with its value, the facts that decided
    /// and when it changes; and the fewest clauses that would have to turn for the membership to
    /// turn, with how far each is from that.
    ///
    /// ```
    /// use bespoke::event::Event;
    /// use bespoke::expr::Names;
    /// use bespoke::facts::Timeline;
    /// use bespoke::schema::Schema;
    /// use bespoke::segment::Rule;
    /// use bespoke::value::Kind;
    ///
    /// let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
    /// let rule = Rule::parse(r#"sum("Order Completed".revenue over 90 days) > 2000"#)?;
    /// let vip = rule.check(&Names::new(schema.clone()))?;
    ///
    /// let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?);
    /// let timeline = Timeline::of([order.with("revenue", 1800)], &schema);
    /// let explanation = vip.explain(&timeline.facts("2026-03-01T00:00:00Z".parse()?));
    /// let missing = &explanation.counterfactual.clauses[0];
    /// assert_eq!(missing.wanted, Some(true));
    /// let distance = missing.distance.as_ref().map(ToString::to_string);
    /// assert_eq!(distance.as_deref(), Some("1800 instead of more than 2000, over 200 more"));
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    pub fn explain(&self, facts: &Facts<'_>) -> Explanation {
        explain::explain(self, facts)
    }
}
