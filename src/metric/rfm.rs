//! Classes of customers by recency, frequency and money, cut where the customers are.

mod learn;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use learn::RfmLearner;

use super::Metric;
use crate::error::Result;
use crate::expr::{Aggregate, Expr, Literal, Names};
use crate::time::{Duration, Timestamp};
use crate::value::Decimal;

/// How customers are to be classed: by how long ago they last ordered, how often they did, and for
/// how much.
///
/// Cut points are learned from the customers, so that each class has as many of them, and are kept
/// with the instant at which that was. They give three metrics, of which the highest class is the
/// best, recency's too.
///
/// ```
/// use bespoke::event::Event;
/// use bespoke::expr::Names;
/// use bespoke::facts::Timeline;
/// use bespoke::metric::{Rfm, RfmAxis};
/// use bespoke::schema::Schema;
/// use bespoke::value::Kind;
///
/// let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
/// let names = Names::new(schema.clone());
/// let now = "2026-03-10T00:00:00Z".parse()?;
/// let mut learner = Rfm::new("Order Completed", ["revenue"]).classes(2).learner(&names, now)?;
/// for day in 1..=4 {
///     let order = Event::track("p-1", "Order Completed", format!("2026-03-0{day}T00:00:00Z").parse()?);
///     learner.add(&Timeline::of([order.with("revenue", 10 * day)], &schema))?;
/// }
/// let cuts = learner.cuts()?;
/// assert_eq!(
///     cuts.expr(RfmAxis::Monetary)?.to_string(),
///     r#"class(sum("Order Completed".revenue over 365 days), 30)"#
/// );
/// assert_eq!(
///     cuts.expr(RfmAxis::Recency)?.to_string(),
///     r#"3 - class(now() - last("Order Completed"), INTERVAL '8 days')"#
/// );
/// // All four ordered as often: there is nothing to cut.
/// assert_eq!(cuts.classes(RfmAxis::Frequency), 1);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rfm {
    event: Arc<str>,
    amount: Vec<Arc<str>>,
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    filter: Option<Arc<str>>,
    over: Duration,
    #[serde(default = "five")]
    classes: u8,
}

/// The cut points of recency, frequency and money, and when they were learned.
///
/// There are fewer than asked for where many customers share a value, which are never parted; then
/// there are fewer classes, and the highest is lower.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RfmCuts {
    learned: Timestamp,
    recency: Vec<Duration>,
    frequency: Vec<u32>,
    /// As texts, which keep every digit.
    #[serde(with = "texts")]
    monetary: Vec<Decimal>,
    of: Rfm,
}

/// What customers are classed by.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum RfmAxis {
    /// How long ago the last order was; the highest class is of the latest.
    Recency,
    /// How many orders there were.
    Frequency,
    /// What they came to.
    Monetary,
}

/// A year has every season once.
const DEFAULT_WINDOW: Duration = Duration::days(365);

fn five() -> u8 {
    5
}

impl Rfm {
    /// Five classes by this event and its amount, over 365 days.
    pub fn new<N: Into<Arc<str>>>(
        event: impl Into<Arc<str>>,
        amount: impl IntoIterator<Item = N>,
    ) -> Self {
        let amount = amount.into_iter().map(Into::into).collect();
        let (over, classes) = (DEFAULT_WINDOW, five());
        Self { event: event.into(), amount, filter: None, over, classes }
    }

    /// The same of events of which the rule is true: money in one currency, say.
    #[must_use]
    pub fn filtered(self, filter: impl Into<Expr>) -> Self {
        Self { filter: Some(filter.into().to_string().into()), ..self }
    }

    /// The same over another stretch of time.
    #[must_use]
    pub fn over(self, over: Duration) -> Self {
        Self { over, ..self }
    }

    /// The same with as many classes, at most.
    #[must_use]
    pub fn classes(self, classes: u8) -> Self {
        Self { classes, ..self }
    }

    /// How many classes there are at most.
    pub fn most(&self) -> u8 {
        self.classes
    }

    /// Something that learns the cut points from people, as they are known at `now`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`](crate::error::ErrorKind::Rule) for an event or a field that the schema
    /// does not know, a field that is no amount, or amounts of different currencies.
    pub fn learner(&self, names: &Names, now: Timestamp) -> Result<RfmLearner> {
        RfmLearner::new(self, names, now)
    }

    /// What is cut, before it is.
    fn value(&self, axis: RfmAxis) -> Result<Expr> {
        let event = || Arc::clone(&self.event);
        let aggregate = match axis {
            RfmAxis::Recency => Aggregate::last(event()),
            RfmAxis::Frequency => Aggregate::count(event()).over(self.over),
            RfmAxis::Monetary => Aggregate::sum(event(), self.amount.clone()).over(self.over),
        };
        let aggregate = Expr::from(match &self.filter {
            Some(filter) => aggregate.filtered(Expr::parse(filter)?),
            None => aggregate,
        });
        Ok(if axis == RfmAxis::Recency { Expr::now().minus(aggregate) } else { aggregate })
    }
}

impl RfmCuts {
    /// What they are the cut points of.
    pub fn of(&self) -> &Rfm {
        &self.of
    }

    /// When they were learned.
    pub fn learned(&self) -> Timestamp {
        self.learned
    }

    /// How many classes there are.
    pub fn classes(&self, axis: RfmAxis) -> usize {
        1 + self.points(axis).len()
    }

    /// The class as an expression: a metric of the language.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`](crate::error::ErrorKind::Rule) for a filter that cannot be read.
    pub fn expr(&self, axis: RfmAxis) -> Result<Expr> {
        let (value, cuts) = (self.of.value(axis)?, self.points(axis));
        if cuts.is_empty() {
            return Ok(Literal::from(1).into());
        }
        let highest = u32::try_from(cuts.len()).unwrap_or(u32::MAX);
        let class = value.class(cuts);
        // The longer ago, the lower.
        Ok(match axis {
            RfmAxis::Recency => Expr::from(highest.saturating_add(2)).minus(class),
            RfmAxis::Frequency | RfmAxis::Monetary => class,
        })
    }

    /// The class as a metric.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`](crate::error::ErrorKind::Rule), as [`Rfm::learner`], and for cut points
    /// that do not ascend.
    pub fn metric(&self, axis: RfmAxis, names: &Names) -> Result<Metric> {
        Metric::new(&self.expr(axis)?, names)
    }

    /// All three metrics, by the names that they have where the classes are called `name`:
    /// `vip_recency`, `vip_frequency`, `vip_monetary`.
    ///
    /// # Errors
    ///
    /// As [`RfmCuts::metric`].
    pub fn metrics(&self, name: &str, names: &Names) -> Result<BTreeMap<String, Metric>> {
        let metric = |axis: RfmAxis| Ok((axis.within(name), self.metric(axis, names)?));
        RfmAxis::ALL.into_iter().map(metric).collect()
    }

    fn points(&self, axis: RfmAxis) -> Vec<Literal> {
        match axis {
            RfmAxis::Recency => self.recency.iter().map(|cut| (*cut).into()).collect(),
            RfmAxis::Frequency => self.frequency.iter().map(|cut| (*cut).into()).collect(),
            RfmAxis::Monetary => self.monetary.iter().map(|cut| (*cut).into()).collect(),
        }
    }
}

/// One of the three metrics that cut points give.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RfmMetric {
    pub(crate) cuts: Arc<RfmCuts>,
    pub(crate) axis: RfmAxis,
}

impl RfmMetric {
    /// The cut points.
    pub fn cuts(&self) -> &RfmCuts {
        &self.cuts
    }

    /// Which of the three it is.
    pub fn axis(&self) -> RfmAxis {
        self.axis
    }

    /// The metric as text; empty for a filter that cannot be read.
    pub(crate) fn text(&self) -> String {
        self.cuts.expr(self.axis).map(|expr| expr.to_string()).unwrap_or_default()
    }
}

impl RfmAxis {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Recency, Self::Frequency, Self::Monetary];

    /// The name of its metric where the classes are called `name`.
    pub fn within(self, name: &str) -> String {
        let axis = match self {
            Self::Recency => "recency",
            Self::Frequency => "frequency",
            Self::Monetary => "monetary",
        };
        format!("{name}_{axis}")
    }

    /// What the classes are called whose metric has this name, if it can be one of this axis.
    pub(crate) fn without(self, metric: &str) -> Option<&str> {
        metric.strip_suffix(&self.within(""))
    }
}

impl RfmCuts {
    /// What is wrong with it as it was read, if something is.
    pub(crate) fn fault(&self) -> Option<String> {
        self.expr(RfmAxis::Recency).err().map(|error| format!("`where`: {}", error.detail()))
    }
}

/// Decimals as texts.
mod texts {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::value::Decimal;

    pub(super) fn serialize<S: Serializer>(
        numbers: &[Decimal],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(numbers.iter().map(ToString::to_string))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<Decimal>, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let exact = |text: &String| Decimal::read(text).ok().filter(|(_, rounded)| !rounded);
        let number = |text: &String| {
            let read = exact(text).map(|(number, _)| number);
            read.ok_or_else(|| D::Error::custom(format!("`{text}` is no exact number")))
        };
        texts.iter().map(number).collect()
    }
}
