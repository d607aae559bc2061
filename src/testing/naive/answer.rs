//! Values, how they compare and combine, and three-valued truth.

use std::cmp::Ordering;
use std::sync::Arc;

use super::Ratio;
use crate::expr::{Comparison, Literal, Truth};
use crate::time::{Duration, Timestamp};
use crate::value::Value;

/// What a value comes to.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// Nothing is known.
    Null,
    /// True or false.
    Boolean(bool),
    /// A number.
    Number(Ratio),
    /// An instant, in microseconds since 1970-01-01T00:00:00Z.
    Instant(Ratio),
    /// A length of time, in microseconds.
    Duration(Ratio),
    /// A text.
    Text(Arc<str>),
}

/// False if any is false, else unknown if any is, else true.
pub(super) fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    not(any(parts.map(not)))
}

/// True if any is true, else unknown if any is, else false.
pub(super) fn any(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let parts: Vec<Option<bool>> = parts.collect();
    let unknown = if parts.contains(&None) { None } else { Some(false) };
    if parts.contains(&Some(true)) { Some(true) } else { unknown }
}

pub(super) fn not(truth: Option<bool>) -> Option<bool> {
    truth.map(|truth| !truth)
}

pub(super) fn not_if(negated: bool, truth: Option<bool>) -> Option<bool> {
    if negated { not(truth) } else { truth }
}

pub(super) fn is(truth: Option<bool>, what: Truth) -> bool {
    match what {
        Truth::False => truth == Some(false),
        Truth::Null => truth.is_none(),
        Truth::True => truth == Some(true),
    }
}

pub(super) fn compare(left: &Answer, op: Comparison, right: &Answer) -> Option<bool> {
    let order = left.order(right)?;
    Some(match op {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    })
}

pub(super) fn like(value: &Answer, pattern: &str) -> Option<bool> {
    let Answer::Text(text) = value else { return None };
    let text: Vec<char> = text.chars().collect();
    let pattern: Vec<char> = pattern.chars().collect();
    Some(matches(&text, &pattern))
}

fn matches(text: &[char], pattern: &[char]) -> bool {
    match (pattern, text) {
        ([], text) => text.is_empty(),
        (['%', rest @ ..], []) => matches(text, rest),
        (['%', rest @ ..], [_, tail @ ..]) => matches(text, rest) || matches(tail, pattern),
        (['_', rest @ ..], [_, tail @ ..]) => matches(tail, rest),
        ([wanted, rest @ ..], [found, tail @ ..]) => wanted == found && matches(tail, rest),
        (_, []) => false,
    }
}

impl Answer {
    pub(super) fn instant(at: Timestamp) -> Self {
        Self::Instant(at.into())
    }

    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::Boolean(truth) => Some(*truth),
            _ => None,
        }
    }

    /// How two values of one kind compare; unknown if one is NULL.
    pub(super) fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => Some(a.cmp(b)),
            (Self::Number(a), Self::Number(b))
            | (Self::Instant(a), Self::Instant(b))
            | (Self::Duration(a), Self::Duration(b)) => Some(a.cmp(b)),
            (Self::Text(a), Self::Text(b)) => Some(a.chars().cmp(b.chars())),
            _ => None,
        }
    }

    pub(super) fn plus(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Self::Number(a.plus(b)),
            (Self::Duration(a), Self::Duration(b)) => Self::Duration(a.plus(b)),
            (Self::Instant(a), Self::Duration(b)) | (Self::Duration(a), Self::Instant(b)) => {
                Self::Instant(a.plus(b))
            }
            _ => Self::Null,
        }
    }

    pub(super) fn minus(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => Self::Number(a.minus(b)),
            (Self::Duration(a), Self::Duration(b)) | (Self::Instant(a), Self::Instant(b)) => {
                Self::Duration(a.minus(b))
            }
            (Self::Instant(a), Self::Duration(b)) => Self::Instant(a.minus(b)),
            _ => Self::Null,
        }
    }

    pub(super) fn times(&self, factor: &Ratio) -> Self {
        match self {
            Self::Number(a) => Self::Number(a.times(factor)),
            Self::Duration(a) => Self::Duration(a.times(factor)),
            _ => Self::Null,
        }
    }

    pub(super) fn divided(&self, by: &Ratio) -> Self {
        match self {
            Self::Number(a) => Self::Number(a.divided(by)),
            _ => Self::Null,
        }
    }
}

impl From<&Value> for Answer {
    fn from(value: &Value) -> Self {
        match value {
            Value::Boolean(truth) => Self::Boolean(*truth),
            Value::Number(number) => Self::Number(Ratio::new(number.micros(), 1_000_000)),
            Value::Instant(at) => Self::instant(*at),
            Value::Text(text) => Self::Text(Arc::clone(text)),
            Value::List(_) | Value::Null | Value::Object(_) => Self::Null,
        }
    }
}

impl From<&Literal> for Answer {
    fn from(literal: &Literal) -> Self {
        match literal {
            Literal::Boolean(truth) => Self::Boolean(*truth),
            Literal::Interval(duration) => Self::Duration((*duration).into()),
            Literal::Null => Self::Null,
            Literal::Number(number) => Self::Number(Ratio::new(number.micros(), 1_000_000)),
            Literal::Text(text) => Self::Text(Arc::clone(text)),
            Literal::Timestamp(at) => Self::instant(*at),
        }
    }
}

impl From<Timestamp> for Ratio {
    fn from(at: Timestamp) -> Self {
        Self::from(at.micros())
    }
}

impl From<Duration> for Ratio {
    fn from(duration: Duration) -> Self {
        Self::from(duration.micros())
    }
}
