//! The types of terms, and how they combine.

use std::sync::Arc;

use super::{Expr, Function, Literal, Node, Sign};
use crate::value::Kind;

/// What kind of value a term has, and in which currency it counts.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Type {
    pub(super) base: Base,
    /// The currency, where the term is an amount.
    pub(super) currency: Option<Currency>,
}

/// The currency of an amount.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Currency {
    /// The one with this code.
    Code(Arc<str>),
    /// Whichever the record has.
    Open,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Base {
    Boolean,
    Duration,
    Instant,
    /// NULL, or a field of which no value was ever seen: it fits everything.
    Null,
    Number,
    Text,
}

impl Base {
    pub(super) const fn plain(self) -> Type {
        Type { base: self, currency: None }
    }

    /// The base of a scalar kind.
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Boolean => Self::Boolean,
            Kind::Instant => Self::Instant,
            Kind::Number => Self::Number,
            Kind::Text => Self::Text,
            Kind::List | Kind::Null | Kind::Object => Self::Null,
        }
    }

    pub(super) fn is(self, other: Self) -> bool {
        self == other || self == Self::Null
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Boolean => "a truth value",
            Self::Duration => "a duration",
            Self::Instant => "an instant",
            Self::Null => "NULL",
            Self::Number => "a number",
            Self::Text => "a text",
        }
    }
}

/// Why two terms do not go together, and what to do about it.
pub(super) struct Clash {
    pub(super) message: String,
    pub(super) help: Option<&'static str>,
}

impl Clash {
    /// The same, whose advice on how to write a value stands only if one was written.
    pub(super) fn among<const N: usize>(self, parts: [&Expr; N]) -> Self {
        let written = parts.iter().any(|part| match part.node() {
            Node::Sum { first, .. } => matches!(first.node(), Node::Literal(_)),
            node => matches!(node, Node::Literal(_)),
        });
        Self { help: self.help.filter(|_| written), ..self }
    }
}

fn clash(message: String) -> Clash {
    Clash { message, help: None }
}

impl Type {
    pub(super) fn is_number(&self) -> bool {
        self.base == Base::Number
    }

    /// Whether its values count: numbers, lengths of time, truth values.
    pub(crate) fn counts(&self) -> bool {
        !matches!(self.base, Base::Instant | Base::Text)
    }

    /// Whether its values are texts.
    pub(crate) fn is_text(&self) -> bool {
        self.base == Base::Text
    }

    /// The kind of its values, where there is one of theirs.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match self.base {
            Base::Boolean => Some(Kind::Boolean),
            Base::Instant => Some(Kind::Instant),
            Base::Number => Some(Kind::Number),
            Base::Text => Some(Kind::Text),
            Base::Duration | Base::Null => None,
        }
    }

    /// What kind of value it is, for a message.
    pub(crate) fn describe(&self) -> &'static str {
        self.base.describe()
    }

    /// The type that both have, NULL giving way.
    pub(super) fn unify(&self, other: &Self, verb: &str) -> Result<Self, Clash> {
        let base = match (self.base, other.base) {
            (Base::Null, base) | (base, Base::Null) => base,
            (a, b) if a == b => a,
            (a, b) => {
                let message = format!("cannot {verb} {} with {}", a.describe(), b.describe());
                let help = match (a, b) {
                    (Base::Duration, Base::Number) | (Base::Number, Base::Duration) => {
                        Some("write a duration as INTERVAL '30 days'")
                    }
                    (Base::Instant, Base::Number | Base::Text)
                    | (Base::Number | Base::Text, Base::Instant) => {
                        Some("write an instant as TIMESTAMP '2026-03-01T09:00:00Z'")
                    }
                    (Base::Number, Base::Text) => Some("a number stands without quotes"),
                    (Base::Text, Base::Number) => Some("a text goes in single quotes"),
                    (Base::Boolean, _) | (_, Base::Boolean) => Some("write TRUE or FALSE"),
                    _ => None,
                };
                return Err(Clash { message, help });
            }
        };
        Ok(Self { base, currency: self.same_currency(other, verb)? })
    }

    fn same_currency(&self, other: &Self, verb: &str) -> Result<Option<Currency>, Clash> {
        match (&self.currency, &other.currency) {
            (Some(Currency::Code(a)), Some(Currency::Code(b))) if a != b => {
                Err(clash(format!("cannot {verb} {a} with {b}")))
            }
            (Some(Currency::Open), Some(_)) | (Some(_), Some(Currency::Open)) => {
                let message = format!("cannot {verb} amounts whose currencies may differ");
                Err(Clash { message, help: Some("fix each one's currency in its `where`") })
            }
            (a, b) => Ok(a.clone().or_else(|| b.clone())),
        }
    }

    /// The type of a sum or difference.
    pub(super) fn plus(&self, sign: Sign, other: &Self) -> Result<Self, Clash> {
        use Base::{Duration, Instant, Null, Number};
        let base = match (self.base, sign, other.base) {
            (Null, _, _) | (_, _, Null) => Null,
            (Number, _, Number) => {
                return Ok(Self { base: Number, currency: self.same_currency(other, "add")? });
            }
            (Instant, Sign::Minus, Instant) | (Duration, _, Duration) => Duration,
            (Instant, _, Duration) | (Duration, Sign::Plus, Instant) => Instant,
            (a, Sign::Plus, b) => {
                return Err(clash(format!("cannot add {} to {}", b.describe(), a.describe())));
            }
            (a, Sign::Minus, b) => {
                let (a, b) = (a.describe(), b.describe());
                return Err(clash(format!("cannot take {b} from {a}")));
            }
        };
        Ok(base.plain())
    }

    /// The type of an aggregate over entries of this type.
    pub(super) fn aggregated(&self, function: Function) -> Result<Self, Clash> {
        match function {
            Function::Count => Ok(Base::Number.plain()),
            Function::Avg | Function::Sum if !self.base.is(Base::Number) => {
                let name = function.name();
                Err(clash(format!("`{name}` needs numbers, this is {}", self.base.describe())))
            }
            Function::Avg | Function::Sum => {
                Ok(Self { base: Base::Number, currency: self.currency.clone() })
            }
            Function::First | Function::Last | Function::Max | Function::Min => Ok(self.clone()),
        }
    }
}

impl Literal {
    pub(super) fn base(&self) -> Base {
        match self {
            Self::Boolean(_) => Base::Boolean,
            Self::Interval(_) => Base::Duration,
            Self::Null => Base::Null,
            Self::Number(_) => Base::Number,
            Self::Text(_) => Base::Text,
            Self::Timestamp(_) => Base::Instant,
        }
    }
}
