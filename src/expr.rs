//! The syntax of rules and metrics: one tree, made from text, from JSON or in code.
//!
//! ```
//! use bespoke::expr::{Aggregate, Expr};
//! use bespoke::time::Duration;
//!
//! let text = r#"sum("Order Completed".revenue over 90 days) > 2000 AND engagement > 75"#;
//! let rule = Expr::parse(text)?;
//!
//! let spend = Aggregate::sum("Order Completed", ["revenue"]).over(Duration::days(90));
//! let built = Expr::from(spend).greater_than(2000).and(Expr::path(["engagement"]).greater_than(75));
//! assert_eq!(rule, built);
//! assert_eq!(rule.to_string(), text);
//! assert_eq!(Expr::from_json(&rule.to_json())?, rule);
//! # Ok::<(), bespoke::Error>(())
//! ```
//!
//! [The chapter on rules](crate::guide::rules) explains the language.

mod build;
mod check;
mod funnel;
mod json;
mod lex;
mod names;
mod parse;
pub(crate) mod person;
pub(crate) mod plan;
mod print;
mod resolve;
mod typing;
mod window;
mod words;

use std::sync::Arc;

pub(crate) use check::{Checked, check_metric, check_rule};
pub use funnel::{Funnel, Step};
pub use names::Names;
pub(crate) use person::Person;
pub(crate) use typing::Type;
pub(crate) use window::Period;

use crate::error::{Error, ErrorKind, Result, Span};
use crate::time::{Duration, Timestamp};
use crate::value::Decimal;

/// A rule, or a part of one: the tree that text, JSON and code come to.
///
/// Two expressions are equal if they say the same in the same way, wherever they stand in a text.
#[derive(Clone, Debug)]
pub struct Expr {
    node: Box<Node>,
    span: Span,
    depth: usize,
}

/// How deep an expression may be nested; deeper ones are refused when they are read or checked.
pub const MAX_DEPTH: usize = 40;

/// What an expression is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Aggregate(Aggregate),
    And(Vec<Expr>),
    Between { value: Expr, low: Expr, high: Expr, negated: bool },
    Class { value: Expr, cuts: Vec<Literal> },
    Coalesce(Vec<Expr>),
    Compare { left: Expr, op: Comparison, right: Expr },
    Funnel(Funnel),
    Group { by: Vec<Arc<str>>, rule: Expr },
    In { value: Expr, list: Vec<Literal>, negated: bool },
    InSegment(Arc<str>),
    Is { value: Expr, what: Truth, negated: bool },
    Like { value: Expr, pattern: Arc<str>, negated: bool },
    Literal(Literal),
    Not(Expr),
    Now,
    Or(Vec<Expr>),
    Path(Vec<Arc<str>>),
    Person(Person),
    Scale { by: Decimal, of: Expr },
    Sum { first: Expr, rest: Vec<(Sign, Expr)> },
}

/// How two values are compared.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// What `IS` asks for.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Truth {
    /// `IS FALSE`
    False,
    /// `IS NULL`
    Null,
    /// `IS TRUE`
    True,
}

/// Whether a term is added or taken away.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Sign {
    Minus,
    Plus,
}

/// A value written in a rule.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Literal {
    /// `TRUE` or `FALSE`.
    Boolean(bool),
    /// `INTERVAL '30 days'`.
    Interval(Duration),
    /// `NULL`.
    Null,
    /// `2000`, `-0.5`.
    Number(Decimal),
    /// `'luxury'`.
    Text(Arc<str>),
    /// `TIMESTAMP '2026-03-01T09:00:00Z'`.
    Timestamp(Timestamp),
}

/// A figure over a person's events: `sum("Order Completed".revenue where gift over 90 days)`.
///
/// Equality ignores where the parts stand in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Aggregate {
    function: Function,
    distinct: bool,
    series: Series,
    filter: Option<Expr>,
    window: Option<Over>,
}

/// What an aggregate makes of its entries.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Function {
    /// The mean; NULL over nothing.
    Avg,
    /// How many there are.
    Count,
    /// The first instant, or the value of the first entry that has one.
    First,
    /// The last instant, or the value of the last entry that has one.
    Last,
    /// The greatest; NULL over nothing.
    Max,
    /// The least; NULL over nothing.
    Min,
    /// The sum; 0 over nothing.
    Sum,
}

/// The events of a name, or all (`*`), or the values of one of their fields.
#[derive(Clone, Debug)]
pub(crate) struct Series {
    event: Option<Arc<str>>,
    path: Vec<Arc<str>>,
    span: Span,
}

/// Which stretch of time an aggregate looks at.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Over {
    /// `from '2025-11-24' to '2025-12-01' in 'Europe/Paris'`
    Between(Period),
    /// `over last 5`
    Last(u32),
    /// `over 90 days ending 7 days ago`
    Sliding { length: Duration, ending: Option<Duration> },
    /// `since last("Product Added")`
    Since(Expr),
}

impl Expr {
    /// The one constructor: text, JSON and code come to the same tree here.
    ///
    /// A conjunction within a conjunction is one conjunction, and so for OR and for sums that
    /// begin with a sum; a list of one is that one; an empty AND is TRUE, an empty OR is FALSE.
    pub(crate) fn new(node: Node, span: Span) -> Self {
        let node = match node {
            Node::And(parts) => return Self::junction(parts, span, true),
            Node::Or(parts) => return Self::junction(parts, span, false),
            Node::Sum { first, rest } if rest.is_empty() => return first,
            Node::Sum { first, rest } => match *first.node {
                Node::Sum { first, rest: more } => {
                    Node::Sum { first, rest: more.into_iter().chain(rest).collect() }
                }
                _ => Node::Sum { first, rest },
            },
            node => node,
        };
        Self::leaf(node, span)
    }

    fn junction(parts: Vec<Self>, span: Span, all: bool) -> Self {
        let mut flat: Vec<Self> = Vec::with_capacity(parts.len());
        for part in parts {
            match (*part.node, all) {
                (Node::And(inner), true) | (Node::Or(inner), false) => flat.extend(inner),
                (node, _) => flat.push(Self { node: Box::new(node), ..part }),
            }
        }
        match (flat.len(), all) {
            (0, _) => Self::leaf(Node::Literal(Literal::Boolean(all)), span),
            (1, _) => flat.swap_remove(0),
            (_, true) => Self::leaf(Node::And(flat), span),
            (_, false) => Self::leaf(Node::Or(flat), span),
        }
    }

    fn leaf(node: Node, span: Span) -> Self {
        let mut depth = 0;
        node.for_each_child(&mut |child| depth = depth.max(child.depth));
        // A group binds so loosely that within anything it stands in parentheses.
        depth += if matches!(node, Node::Group { .. }) { 2 } else { 1 };
        Self { node: Box::new(node), span, depth }
    }

    /// The text of an expression, unless it is nested too deep to be read back.
    pub(crate) fn text(&self) -> Result<String> {
        if self.depth > MAX_DEPTH {
            let detail = format!("the rule is nested more than {MAX_DEPTH} deep");
            return Err(Error::new(ErrorKind::Rule, detail));
        }
        Ok(self.to_string())
    }

    /// Visits the names that may be those of metrics or segments.
    pub(crate) fn for_each_name(&self, visit: &mut impl FnMut(&Arc<str>)) {
        match self.node() {
            Node::InSegment(name) => visit(name),
            Node::Path(path) => path.first().into_iter().for_each(&mut *visit),
            _ => {}
        }
        self.node.for_each_child(&mut |child| child.for_each_name(&mut *visit));
    }

    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Whether it is a condition by its form; a path or a figure may be one by its kind.
    fn is_condition(&self) -> bool {
        if let Node::Person(person) = self.node() {
            return person.is_condition();
        }
        !matches!(
            self.node(),
            Node::Aggregate(_)
                | Node::Class { .. }
                | Node::Coalesce(_)
                | Node::Funnel(_)
                | Node::Literal(_)
                | Node::Now
                | Node::Path(_)
                | Node::Scale { .. }
                | Node::Sum { .. }
        )
    }

    /// Where it stands in the text that it was read from; empty for one made in code.
    pub fn span(&self) -> Span {
        self.span
    }

    /// How deep it is nested; a literal or a path is 1.
    pub fn depth(&self) -> usize {
        self.depth
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl PartialEq for Series {
    fn eq(&self, other: &Self) -> bool {
        self.event == other.event && self.path == other.path
    }
}

impl Node {
    pub(crate) fn for_each_child<'e>(&'e self, visit: &mut impl FnMut(&'e Expr)) {
        match self {
            Self::Aggregate(aggregate) => {
                aggregate.filter.iter().chain(since(aggregate.window())).for_each(visit);
            }
            Self::Funnel(funnel) => {
                funnel.steps().filter_map(Aggregate::filter).for_each(&mut *visit);
                since(funnel.window()).into_iter().for_each(visit);
            }
            Self::And(parts) | Self::Or(parts) | Self::Coalesce(parts) => {
                parts.iter().for_each(visit);
            }
            Self::Between { value, low, high, .. } => {
                [value, low, high].into_iter().for_each(visit);
            }
            Self::Compare { left, right, .. } => [left, right].into_iter().for_each(visit),
            Self::Class { value, .. }
            | Self::In { value, .. }
            | Self::Is { value, .. }
            | Self::Like { value, .. } => visit(value),
            Self::Group { rule: inner, .. } | Self::Not(inner) | Self::Scale { of: inner, .. } => {
                visit(inner);
            }
            Self::Person(person) => person.of().into_iter().for_each(visit),
            Self::Sum { first, rest } => {
                visit(first);
                rest.iter().for_each(|(_, term)| visit(term));
            }
            Self::InSegment(_) | Self::Literal(_) | Self::Now | Self::Path(_) => {}
        }
    }
}

/// The instant that a window begins at, where one is written.
fn since(window: Option<&Over>) -> Option<&Expr> {
    match window {
        Some(Over::Since(since)) => Some(since),
        _ => None,
    }
}

impl Comparison {
    pub(crate) const ALL: [(Self, &'static str); 6] = [
        (Self::Equal, "="),
        (Self::NotEqual, "<>"),
        (Self::LessOrEqual, "<="),
        (Self::Less, "<"),
        (Self::GreaterOrEqual, ">="),
        (Self::Greater, ">"),
    ];

    /// Whether it is true of two values that compare as `order`.
    pub(crate) fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }

    /// The same comparison with its sides exchanged.
    pub(crate) fn mirrored(self) -> Self {
        match self {
            Self::Equal | Self::NotEqual => self,
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
        }
    }

    /// The comparison that is true where this one is false.
    pub(crate) fn opposite(self) -> Self {
        match self {
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
            Self::Less => Self::GreaterOrEqual,
            Self::LessOrEqual => Self::Greater,
            Self::Greater => Self::LessOrEqual,
            Self::GreaterOrEqual => Self::Less,
        }
    }

    pub(crate) fn symbol(self) -> &'static str {
        Self::ALL.iter().find(|(op, _)| *op == self).map_or("=", |(_, symbol)| symbol)
    }
}

impl Function {
    pub(crate) const ALL: [(Self, &'static str); 7] = [
        (Self::Avg, "avg"),
        (Self::Count, "count"),
        (Self::First, "first"),
        (Self::Last, "last"),
        (Self::Max, "max"),
        (Self::Min, "min"),
        (Self::Sum, "sum"),
    ];

    pub(crate) fn name(self) -> &'static str {
        Self::ALL.iter().find(|(function, _)| *function == self).map_or("count", |(_, name)| name)
    }
}

impl Aggregate {
    pub(crate) fn function(&self) -> Function {
        self.function
    }

    pub(crate) fn is_distinct(&self) -> bool {
        self.distinct
    }

    pub(crate) fn series(&self) -> &Series {
        &self.series
    }

    pub(crate) fn filter(&self) -> Option<&Expr> {
        self.filter.as_ref()
    }

    pub(crate) fn window(&self) -> Option<&Over> {
        self.window.as_ref()
    }
}

impl Over {
    /// A window that can be written: whole seconds, some length, ending now or earlier.
    pub(crate) fn sliding(
        length: Duration,
        ending: Option<Duration>,
    ) -> Result<Self, &'static str> {
        let ago = ending.unwrap_or_default();
        if length <= Duration::ZERO {
            return Err("a window needs some length");
        }
        if ago < Duration::ZERO {
            return Err("a window ends now or earlier");
        }
        if [length, ago].iter().any(|duration| duration.micros() % 1_000_000 != 0) {
            return Err("a window is a whole number of seconds");
        }
        Ok(Self::Sliding { length, ending })
    }
}

impl Series {
    /// The event's name; `None` is every event.
    pub(crate) fn event(&self) -> Option<&Arc<str>> {
        self.event.as_ref()
    }

    /// The path of the field; empty is the event itself.
    pub(crate) fn path(&self) -> &[Arc<str>] {
        &self.path
    }
}
