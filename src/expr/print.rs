//! Expressions as text that reads back to an equal expression.

use std::fmt::{self, Display, Formatter};

use super::lex::{is_name_part, is_name_start};
use super::parse::{CONTEXTUAL, is_keyword};
use super::{Aggregate, Expr, Function, Funnel, Literal, Node, Over, Series, Sign, Truth};

/// How tightly a construct binds; a looser one inside a tighter one needs parentheses.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Binding {
    Group,
    Or,
    And,
    Not,
    Test,
    Sum,
    Term,
    Atom,
}

impl Node {
    fn binding(&self) -> Binding {
        match self {
            Self::Group { .. } => Binding::Group,
            Self::Or(_) => Binding::Or,
            Self::And(_) => Binding::And,
            Self::Not(_) => Binding::Not,
            Self::Between { .. }
            | Self::Compare { .. }
            | Self::In { .. }
            | Self::Is { .. }
            | Self::Like { .. } => Binding::Test,
            Self::Sum { .. } => Binding::Sum,
            Self::Scale { .. } => Binding::Term,
            Self::Aggregate(_)
            | Self::Class { .. }
            | Self::Coalesce(_)
            | Self::Funnel(_)
            | Self::InSegment(_)
            | Self::Literal(_)
            | Self::Now
            | Self::Path(_)
            | Self::Person(_) => Binding::Atom,
        }
    }
}

/// An expression where one that binds at least so tightly must stand.
struct At<'a>(Binding, &'a Expr);

impl Display for At<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(least, expr) = self;
        if expr.node().binding() < *least { write!(f, "({expr})") } else { write!(f, "{expr}") }
    }
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.node() {
            Node::Aggregate(aggregate) => aggregate.fmt(f),
            Node::And(parts) => separated(f, " AND ", parts.iter().map(|e| At(Binding::Not, e))),
            Node::Between { value, low, high, negated } => {
                let (value, low, high) =
                    (At(Binding::Sum, value), At(Binding::Sum, low), At(Binding::Sum, high));
                write!(f, "{value} {}BETWEEN {low} AND {high}", not(*negated))
            }
            Node::Class { value, cuts } => {
                write!(f, "class({value}, ")?;
                separated(f, ", ", cuts.iter())?;
                f.write_str(")")
            }
            Node::Coalesce(values) => {
                f.write_str("coalesce(")?;
                separated(f, ", ", values.iter())?;
                f.write_str(")")
            }
            Node::Compare { left, op, right } => {
                let (left, right) = (At(Binding::Sum, left), At(Binding::Sum, right));
                write!(f, "{left} {} {right}", op.symbol())
            }
            Node::Funnel(funnel) => funnel.fmt(f),
            Node::Group { by, rule } => {
                f.write_str("any ")?;
                separated(f, ".", by.iter().map(|name| Name(name)))?;
                write!(f, ": {rule}")
            }
            Node::In { value, list, negated } => {
                write!(f, "{} {}IN (", At(Binding::Sum, value), not(*negated))?;
                separated(f, ", ", list.iter())?;
                f.write_str(")")
            }
            Node::InSegment(name) => write!(f, "in_segment({})", Quoted('\'', name)),
            Node::Is { value, what, negated } => {
                write!(f, "{} IS {}{what}", At(Binding::Sum, value), not(*negated))
            }
            Node::Like { value, pattern, negated } => {
                let (value, pattern) = (At(Binding::Sum, value), Quoted('\'', pattern));
                write!(f, "{value} {}LIKE {pattern}", not(*negated))
            }
            Node::Literal(literal) => literal.fmt(f),
            Node::Not(inner) => write!(f, "NOT {}", At(Binding::Not, inner)),
            Node::Now => f.write_str("now()"),
            Node::Or(parts) => separated(f, " OR ", parts.iter().map(|e| At(Binding::And, e))),
            Node::Path(path) => separated(f, ".", path.iter().map(|name| Name(name))),
            Node::Person(person) => person.fmt(f),
            Node::Scale { by, of } => write!(f, "{by} * {}", At(Binding::Atom, of)),
            Node::Sum { first, rest } => {
                At(Binding::Term, first).fmt(f)?;
                rest.iter().try_for_each(|(sign, term)| {
                    let sign = if *sign == Sign::Plus { '+' } else { '-' };
                    write!(f, " {sign} {}", At(Binding::Term, term))
                })
            }
        }
    }
}

impl Display for Aggregate {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let distinct = if self.is_distinct() { "distinct " } else { "" };
        write!(f, "{}({distinct}{}", self.function().name(), Entries(self))?;
        self.window().map_or(Ok(()), |window| window.fmt(f))?;
        f.write_str(")")
    }
}

/// A series with its filter.
struct Entries<'a>(&'a Aggregate);

impl Display for Entries<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(aggregate) = self;
        aggregate.series().fmt(f)?;
        aggregate.filter().map_or(Ok(()), |filter| write!(f, " where {filter}"))
    }
}

impl Display for Funnel {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("funnel(")?;
        separated(f, ", ", self.steps().map(Entries))?;
        self.window().map_or(Ok(()), |window| window.fmt(f))?;
        f.write_str(")")
    }
}

impl Display for Over {
    /// With the space that parts it from the series.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Between(period) => write!(f, " {period}"),
            Self::Last(count) => write!(f, " over last {count}"),
            Self::Sliding { length, ending: None } => write!(f, " over {length}"),
            Self::Sliding { length, ending: Some(ago) } => {
                write!(f, " over {length} ending {ago} ago")
            }
            Self::Since(since) => write!(f, " since {}", At(Binding::Sum, since)),
        }
    }
}

impl Display for Series {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.event() {
            Some(event) => Name(event).fmt(f)?,
            None => f.write_str("*")?,
        }
        self.path().iter().try_for_each(|name| write!(f, ".{}", Name(name)))
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(true) => f.write_str("TRUE"),
            Self::Boolean(false) => f.write_str("FALSE"),
            Self::Interval(interval) => write!(f, "INTERVAL '{interval}'"),
            Self::Null => f.write_str("NULL"),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => Quoted('\'', text).fmt(f),
            Self::Timestamp(at) => write!(f, "TIMESTAMP '{at}'"),
        }
    }
}

impl Display for Truth {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::False => "FALSE",
            Self::Null => "NULL",
            Self::True => "TRUE",
        })
    }
}

impl Display for Function {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name, quoted where it must be.
pub(crate) struct Name<'a>(pub(crate) &'a str);

impl Display for Name<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(name) = self;
        let word = name.chars().next().is_some_and(is_name_start) && name.chars().all(is_name_part);
        let reserved = is_keyword(name)
            || CONTEXTUAL.iter().any(|word| word.eq_ignore_ascii_case(name))
            || Function::ALL.iter().any(|(_, word)| word.eq_ignore_ascii_case(name));
        if word && !reserved { f.write_str(name) } else { Quoted('"', name).fmt(f) }
    }
}

/// A text in quotes, with the quotes in it doubled.
pub(super) struct Quoted<'a>(pub(super) char, pub(super) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(quote, text) = self;
        write!(f, "{quote}{}{quote}", text.replace(*quote, &format!("{quote}{quote}")))
    }
}

fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

fn separated(
    f: &mut Formatter<'_>,
    separator: &str,
    parts: impl Iterator<Item = impl Display>,
) -> fmt::Result {
    for (index, part) in parts.enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        part.fmt(f)?;
    }
    Ok(())
}
