//! The engagement score.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Metric;
use crate::error::{Error, ErrorKind, Result};
use crate::expr::plan::Term;
use crate::expr::{Aggregate, Expr, Names};
use crate::time::Duration;
use crate::value::Decimal;

/// How engaged a person is, from 0 to 100: each event counts with its weight while it is in the
/// window, the sum is scaled and capped.
///
/// `min(100, max(0, scale × Σ weight(e) × count(e over window)))`
///
/// ```
/// use bespoke::expr::Names;
/// use bespoke::metric::Engagement;
/// use bespoke::schema::Schema;
///
/// let none: [(&str, bespoke::value::Kind); 0] = [];
/// let schema = Schema::new().event("Email Opened", none).event("Email Link Clicked", none);
/// let engagement = Engagement::new([("Email Opened", 8), ("Email Link Clicked", 15)]);
/// assert_eq!(
///     engagement.metric(&Names::new(schema))?.text(),
///     r#"15 * count("Email Link Clicked" over 30 days) + 8 * count("Email Opened" over 30 days)"#
/// );
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Engagement {
    weights: BTreeMap<Arc<str>, Decimal>,
    window: Duration,
    scale: Decimal,
}

/// A month of mail is long enough to see a habit, and short enough to see it end.
const DEFAULT_WINDOW: Duration = Duration::days(30);

impl Engagement {
    /// A score of these events and weights, over 30 days, with a scale of 1.
    pub fn new<N: Into<Arc<str>>, W: Into<Decimal>>(
        weights: impl IntoIterator<Item = (N, W)>,
    ) -> Self {
        let weights = weights.into_iter().map(|(name, weight)| (name.into(), weight.into()));
        Self { weights: weights.collect(), window: DEFAULT_WINDOW, scale: Decimal::ONE }
    }

    /// The same score over another stretch of time.
    #[must_use]
    pub fn over(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// The same score with its sum multiplied.
    #[must_use]
    pub fn scaled(mut self, scale: impl Into<Decimal>) -> Self {
        self.scale = scale.into();
        self
    }

    /// The weights by event.
    pub fn weights(&self) -> &BTreeMap<Arc<str>, Decimal> {
        &self.weights
    }

    /// The stretch of time that it looks back.
    pub fn window(&self) -> Duration {
        self.window
    }

    /// What the sum is multiplied by.
    pub fn scale(&self) -> Decimal {
        self.scale
    }

    /// The score as a metric.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] without any weight, for a window that cannot be written in a rule, and
    /// for events that the schema does not know.
    pub fn metric(&self, names: &Names) -> Result<Metric> {
        let parts = self.weights.iter().map(|(event, weight)| {
            Expr::from(Aggregate::count(Arc::clone(event)).over(self.window)).scaled(*weight)
        });
        let sum = parts.reduce(Expr::plus).ok_or_else(|| {
            Error::new(ErrorKind::Rule, "an engagement score needs the weight of an event")
        })?;
        let whole = if self.scale == Decimal::ONE { sum } else { sum.scaled(self.scale) };
        let metric = Metric::new(&whole, names)?;
        let of = Box::new(Term::Metric(metric.term));
        let term = Term::Clamp { of, low: Decimal::ZERO, high: Decimal::from(100) };
        Ok(Metric { term: Arc::new(term), ..metric })
    }
}
