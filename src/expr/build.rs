//! Expressions made in code.

use std::sync::Arc;

use super::window::Period;
use super::{Aggregate, Comparison, Expr, Function, Literal, Node, Over, Series, Sign, Truth};
use crate::error::Span;
use crate::time::{Duration, Local, Timestamp, Zone};
use crate::value::Decimal;

const NOWHERE: Span = Span::new(0, 0);

impl Expr {
    fn built(node: Node) -> Self {
        Self::new(node, NOWHERE)
    }

    /// A trait, metric or field by its path: `engagement`, `address.city`.
    pub fn path<N: Into<Arc<str>>>(names: impl IntoIterator<Item = N>) -> Self {
        Self::built(Node::Path(names.into_iter().map(Into::into).collect()))
    }

    /// The instant of the evaluation.
    pub fn now() -> Self {
        Self::built(Node::Now)
    }

    /// Whether the person is in the segment of this name.
    pub fn in_segment(name: impl Into<Arc<str>>) -> Self {
        Self::built(Node::InSegment(name.into()))
    }

    /// The first of these that is not NULL.
    pub fn coalesce(values: impl IntoIterator<Item = Self>) -> Self {
        Self::built(Node::Coalesce(values.into_iter().collect()))
    }

    /// One more than the number of these ascending cut points that this value reaches.
    #[must_use]
    pub fn class<L: Into<Literal>>(self, cuts: impl IntoIterator<Item = L>) -> Self {
        let cuts = cuts.into_iter().map(Into::into).collect();
        Self::built(Node::Class { value: self, cuts })
    }

    /// True if all are; a conjunction of nothing is TRUE.
    pub fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::built(Node::And(parts.into_iter().collect()))
    }

    /// True if one is; a disjunction of nothing is FALSE.
    pub fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::built(Node::Or(parts.into_iter().collect()))
    }

    /// True if the rule is true of some value of a field: `any product_id: …`.
    pub fn any_value<N: Into<Arc<str>>>(
        of: impl IntoIterator<Item = N>,
        rule: impl Into<Self>,
    ) -> Self {
        let by = of.into_iter().map(Into::into).collect();
        Self::built(Node::Group { by, rule: rule.into() })
    }

    /// `self AND other`.
    #[must_use]
    pub fn and(self, other: impl Into<Self>) -> Self {
        Self::all([self, other.into()])
    }

    /// `self OR other`.
    #[must_use]
    pub fn or(self, other: impl Into<Self>) -> Self {
        Self::any([self, other.into()])
    }

    /// `NOT self`.
    #[must_use]
    pub fn negate(self) -> Self {
        Self::built(Node::Not(self))
    }

    /// Compares with another value.
    #[must_use]
    pub fn compare(self, op: Comparison, other: impl Into<Self>) -> Self {
        Self::built(Node::Compare { left: self, op, right: other.into() })
    }

    /// `self = other`.
    #[must_use]
    pub fn equals(self, other: impl Into<Self>) -> Self {
        self.compare(Comparison::Equal, other)
    }

    /// `self <> other`.
    #[must_use]
    pub fn differs(self, other: impl Into<Self>) -> Self {
        self.compare(Comparison::NotEqual, other)
    }

    /// `self < other`.
    #[must_use]
    pub fn less_than(self, other: impl Into<Self>) -> Self {
        self.compare(Comparison::Less, other)
    }

    /// `self <= other`.
    #[must_use]
    pub fn at_most(self, other: impl Into<Self>) -> Self {
        self.compare(Comparison::LessOrEqual, other)
    }

    /// `self > other`.
    #[must_use]
    pub fn greater_than(self, other: impl Into<Self>) -> Self {
        self.compare(Comparison::Greater, other)
    }

    /// `self >= other`.
    #[must_use]
    pub fn at_least(self, other: impl Into<Self>) -> Self {
        self.compare(Comparison::GreaterOrEqual, other)
    }

    /// `self BETWEEN low AND high`, both ends included.
    #[must_use]
    pub fn between(self, low: impl Into<Self>, high: impl Into<Self>) -> Self {
        let (low, high) = (low.into(), high.into());
        Self::built(Node::Between { value: self, low, high, negated: false })
    }

    /// `self NOT BETWEEN low AND high`.
    #[must_use]
    pub fn not_between(self, low: impl Into<Self>, high: impl Into<Self>) -> Self {
        let (low, high) = (low.into(), high.into());
        Self::built(Node::Between { value: self, low, high, negated: true })
    }

    /// `self IN (…)`.
    #[must_use]
    #[expect(clippy::wrong_self_convention, reason = "it reads as the rule that it builds")]
    pub fn is_in<L: Into<Literal>>(self, list: impl IntoIterator<Item = L>) -> Self {
        let list = list.into_iter().map(Into::into).collect();
        Self::built(Node::In { value: self, list, negated: false })
    }

    /// `self NOT IN (…)`.
    #[must_use]
    pub fn not_in<L: Into<Literal>>(self, list: impl IntoIterator<Item = L>) -> Self {
        let list = list.into_iter().map(Into::into).collect();
        Self::built(Node::In { value: self, list, negated: true })
    }

    /// `self LIKE pattern`: `%` stands for any text, `_` for one character.
    #[must_use]
    pub fn like(self, pattern: impl Into<Arc<str>>) -> Self {
        Self::built(Node::Like { value: self, pattern: pattern.into(), negated: false })
    }

    /// `self NOT LIKE pattern`.
    #[must_use]
    pub fn not_like(self, pattern: impl Into<Arc<str>>) -> Self {
        Self::built(Node::Like { value: self, pattern: pattern.into(), negated: true })
    }

    /// `self IS what`.
    #[must_use]
    pub fn is(self, what: Truth) -> Self {
        Self::built(Node::Is { value: self, what, negated: false })
    }

    /// `self IS NOT what`.
    #[must_use]
    #[expect(clippy::wrong_self_convention, reason = "it reads as the rule that it builds")]
    pub fn is_not(self, what: Truth) -> Self {
        Self::built(Node::Is { value: self, what, negated: true })
    }

    /// `self + other`.
    #[must_use]
    pub fn plus(self, other: impl Into<Self>) -> Self {
        Self::built(Node::Sum { first: self, rest: vec![(Sign::Plus, other.into())] })
    }

    /// `self - other`.
    #[must_use]
    pub fn minus(self, other: impl Into<Self>) -> Self {
        Self::built(Node::Sum { first: self, rest: vec![(Sign::Minus, other.into())] })
    }

    /// `by * self`.
    #[must_use]
    pub fn scaled(self, by: impl Into<Decimal>) -> Self {
        Self::built(Node::Scale { by: by.into(), of: self })
    }
}

impl Aggregate {
    /// `function` over a field of an event; an empty path is the event itself, and the name `*`
    /// stands for every event.
    pub fn new<N: Into<Arc<str>>>(
        function: Function,
        event: impl Into<Arc<str>>,
        path: impl IntoIterator<Item = N>,
    ) -> Self {
        let event = Some(event.into()).filter(|name| **name != *crate::schema::ANY_EVENT);
        let path = path.into_iter().map(Into::into).collect();
        let series = Series { event, path, span: NOWHERE };
        Self { function, distinct: false, series, filter: None, window: None }
    }

    /// How many events of this name there are.
    pub fn count(event: impl Into<Arc<str>>) -> Self {
        Self::new(Function::Count, event, [] as [Arc<str>; 0])
    }

    /// The sum of a field.
    pub fn sum<N: Into<Arc<str>>>(
        event: impl Into<Arc<str>>,
        path: impl IntoIterator<Item = N>,
    ) -> Self {
        Self::new(Function::Sum, event, path)
    }

    /// When the event last happened.
    pub fn last(event: impl Into<Arc<str>>) -> Self {
        Self::new(Function::Last, event, [] as [Arc<str>; 0])
    }

    /// The same over different values only, each once.
    #[must_use]
    pub fn distinct(mut self) -> Self {
        self.distinct = true;
        self
    }

    /// The same over entries of which the rule is true.
    #[must_use]
    pub fn filtered(mut self, filter: impl Into<Expr>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// The same over the last stretch of time.
    #[must_use]
    pub fn over(mut self, length: Duration) -> Self {
        self.window = Some(Over::Sliding { length, ending: None });
        self
    }

    /// The same over a stretch of time that ended some time ago.
    #[must_use]
    pub fn over_ending(mut self, length: Duration, ago: Duration) -> Self {
        self.window = Some(Over::Sliding { length, ending: Some(ago) });
        self
    }

    /// The same over the last so many events that have an entry, 1 to 1,000,000 of them.
    #[must_use]
    pub fn over_last(mut self, count: u32) -> Self {
        self.window = Some(Over::Last(count));
        self
    }

    /// The same over what happened from an instant on, and before another if there is one.
    #[must_use]
    pub fn between(mut self, from: Timestamp, to: impl Into<Option<Timestamp>>) -> Self {
        self.window = Some(Over::Between(Period::Instants { from, to: to.into() }));
        self
    }

    /// The same over what happened from a local time in a zone on, and before another if there is
    /// one.
    ///
    /// ```
    /// use bespoke::expr::{Aggregate, Expr};
    /// use bespoke::time::{Local, LocalTime};
    ///
    /// let day = |day: &str| day.parse().map(|day| Local::new(day, LocalTime::MIDNIGHT));
    /// let orders = Aggregate::count("Order Completed");
    /// let week = orders.between_local(day("2025-11-24")?, day("2025-12-01")?, "Europe/Paris".parse()?);
    /// assert_eq!(
    ///     Expr::from(week).to_string(),
    ///     r#"count("Order Completed" from '2025-11-24' to '2025-12-01' in 'Europe/Paris')"#
    /// );
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    #[must_use]
    pub fn between_local(mut self, from: Local, to: impl Into<Option<Local>>, zone: Zone) -> Self {
        self.window = Some(Over::Between(Period::Civil { from, to: to.into(), zone }));
        self
    }

    /// The same over what happened after an instant.
    #[must_use]
    pub fn since(mut self, instant: impl Into<Expr>) -> Self {
        self.window = Some(Over::Since(instant.into()));
        self
    }
}

impl From<Aggregate> for Expr {
    fn from(aggregate: Aggregate) -> Self {
        Self::built(Node::Aggregate(aggregate))
    }
}

impl<L: Into<Literal>> From<L> for Expr {
    fn from(literal: L) -> Self {
        Self::built(Node::Literal(literal.into()))
    }
}

macro_rules! literal_from {
    ($($kind:ident($from:ty)),*) => {$(
        impl From<$from> for Literal {
            fn from(value: $from) -> Self {
                Self::$kind(value.into())
            }
        }
    )*};
}

literal_from!(
    Boolean(bool),
    Interval(Duration),
    Number(Decimal),
    Number(i32),
    Number(u32),
    Text(&str),
    Text(String),
    Timestamp(Timestamp)
);
