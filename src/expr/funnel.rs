//! Funnels: how far somebody came along a row of events.

use std::sync::Arc;

use super::{Aggregate, Expr, Node, Over};
use crate::error::Span;
use crate::time::Duration;

/// The furthest step that was reached: `funnel("Product Viewed", "Order Completed" over 7 days)`.
///
/// ```
/// use bespoke::expr::{Expr, Funnel, Step};
/// use bespoke::time::Duration;
///
/// let shoes = Step::new("Product Viewed").filtered(Expr::path(["category"]).equals("shoes"));
/// let funnel = Funnel::new([shoes, "Order Completed".into()]).over(Duration::days(7));
/// assert_eq!(
///     Expr::from(funnel).at_least(1).to_string(),
///     r#"funnel("Product Viewed" where category = 'shoes', "Order Completed" over 7 days) >= 1"#
/// );
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Funnel {
    steps: Vec<Step>,
    window: Option<Over>,
}

/// One step of a funnel: an event, or those events of a name of which a rule is true.
#[derive(Clone, Debug, PartialEq)]
pub struct Step(Aggregate);

/// How many steps a funnel has at least: fewer are an aggregate.
const FEWEST: usize = 2;

/// How many it has at most: more than any shop's way to an order, and few enough to be cheap.
pub(super) const MOST: usize = 20;

impl Funnel {
    /// A funnel of these steps over all time.
    pub fn new<S: Into<Step>>(steps: impl IntoIterator<Item = S>) -> Self {
        Self { steps: steps.into_iter().map(Into::into).collect(), window: None }
    }

    pub(super) fn within(self, window: Option<Over>) -> Self {
        Self { window, ..self }
    }

    /// The same over the last stretch of time.
    #[must_use]
    pub fn over(self, length: Duration) -> Self {
        self.within(Some(Over::Sliding { length, ending: None }))
    }

    /// The same over a stretch of time that ended some time ago.
    #[must_use]
    pub fn over_ending(self, length: Duration, ago: Duration) -> Self {
        self.within(Some(Over::Sliding { length, ending: Some(ago) }))
    }

    /// The same over what happened after an instant.
    #[must_use]
    pub fn since(self, instant: impl Into<Expr>) -> Self {
        self.within(Some(Over::Since(instant.into())))
    }

    /// The steps, each as the count of its events.
    pub(crate) fn steps(&self) -> impl ExactSizeIterator<Item = &Aggregate> {
        self.steps.iter().map(|Step(events)| events)
    }

    pub(crate) fn window(&self) -> Option<&Over> {
        self.window.as_ref()
    }

    /// What is wrong with so many steps.
    pub(super) fn fault(steps: usize) -> Option<String> {
        let wrong = !(FEWEST..=MOST).contains(&steps);
        wrong.then(|| format!("a funnel has {FEWEST} to {MOST} steps, this has {steps}"))
    }
}

impl Step {
    /// The events of a name; `*` stands for every event.
    pub fn new(event: impl Into<Arc<str>>) -> Self {
        Self(Aggregate::count(event))
    }

    pub(super) fn of(events: Aggregate) -> Self {
        Self(events)
    }

    /// The same of which the rule is true.
    #[must_use]
    pub fn filtered(self, filter: impl Into<Expr>) -> Self {
        Self(self.0.filtered(filter))
    }
}

impl From<&str> for Step {
    fn from(event: &str) -> Self {
        Self::new(event)
    }
}

impl From<Funnel> for Expr {
    fn from(funnel: Funnel) -> Self {
        Self::new(Node::Funnel(funnel), Span::default())
    }
}
