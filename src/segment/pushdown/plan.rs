//! What is asked of a foreign table, in the few operations that every engine does alike: grouped
//! counts, sums and extremes of what a condition selects, and three-valued logic over them.
//!
//! Numbers are whole: what the schema calls a number is counted in powers of ten, instants and
//! durations in microseconds. There is no division, no clock, and no function that engines could
//! disagree about. How an engine says all this is the business of who reads the plan.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::table::{Column, List, Table};
use crate::expr::Comparison;
use crate::time::Timestamp;

/// A question to a table about all its people at once.
///
/// Each pass groups rows of the table by person and folds them. A fold may look at what folds of
/// earlier levels came to for the row's person, so the passes of a level read rows joined with the
/// people of the levels before. Everybody who may be a member has a row in the first pass; the
/// others are joined to it from the left, so that folds of people without rows are NULL.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) table: Arc<Table>,
    /// When a link counts, if there are links.
    pub(crate) linked: Scalar,
    /// In the order of their levels.
    pub(crate) passes: Vec<Pass>,
    pub(crate) folds: Vec<Fold>,
    pub(crate) lifts: Vec<Lift>,
    /// What each segment comes to, over folds.
    pub(crate) verdicts: Vec<Verdict>,
}

/// One reading of the table.
#[derive(Clone, Debug)]
pub(crate) struct Pass {
    pub(crate) level: usize,
    /// The list whose elements the rows are joined with, each element being a row.
    pub(crate) list: Option<Arc<List>>,
    /// The lifts whose truths the rows are joined with, from the left, by `messageId`.
    pub(crate) lifts: BTreeSet<usize>,
    /// The rows that are read: those that count, and of them those that some fold may select.
    pub(crate) rows: Scalar,
    /// The folds, by number.
    pub(crate) folds: Vec<usize>,
}

/// What the rows of a person that a condition selects come to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Fold {
    pub(crate) level: usize,
    pub(crate) function: FoldFunction,
    /// What is folded; of rows where it is NULL nothing.
    pub(crate) value: Scalar,
    /// Which rows, of those that count.
    pub(crate) when: Scalar,
    /// Where such rows are found.
    pub(super) reach: Reach,
}

/// A count of nothing is 0, and every other fold of nothing is NULL.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum FoldFunction {
    Count,
    CountDistinct,
    Max,
    Min,
    Sum,
    SumDistinct,
}

/// Where the rows are that a fold may select.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Reach {
    /// The list whose elements they are.
    pub(super) list: Option<Arc<List>>,
    /// The names of their events, each with the instant after which they happened.
    pub(super) names: BTreeMap<Arc<str>, Timestamp>,
    /// Whatever people did.
    pub(super) entries: bool,
    /// Whatever tells traits.
    pub(super) traits: bool,
    /// Whatever there is.
    pub(super) all: bool,
    /// All of them happened after this instant.
    pub(super) after: Timestamp,
}

/// Whether a test is true of any element of a list, for each event that has elements.
///
/// It comes to the greatest over the elements of 2 where the test is true, 1 where it is unknown
/// and 0 where it is false. The test reads the element and its event.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lift {
    pub(crate) list: Arc<List>,
    pub(crate) test: Scalar,
    /// Whether the test reads columns of the event.
    pub(crate) reads_event: bool,
}

/// Who is a member: for sure, and perhaps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Verdict {
    /// True of members only, and of all of them unless `perhaps` is true of them.
    pub(crate) surely: Scalar,
    /// True of whoever has to be asked about, if they are not members for sure. Both are never NULL.
    pub(crate) perhaps: Scalar,
}

/// An expression over a row, or over what a person's folds came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Scalar {
    Add(Box<Self>, Box<Self>),
    And(Vec<Self>),
    Boolean(bool),
    /// The first that is not NULL.
    Coalesce(Box<Self>, Box<Self>),
    /// Text to be ordered by code point.
    CodePoints(Box<Self>),
    /// A column as it is stored.
    Column(From, Column),
    Compare(Box<Self>, Comparison, Box<Self>),
    /// What a fold came to for the person.
    Fold(usize),
    /// One of two values, by whether the first is true.
    If(Box<Self>, Box<Self>, Box<Self>),
    In(Box<Self>, Vec<Self>),
    Integer(i128),
    /// An instant as a timestamp.
    Instant(Timestamp),
    IsNull(Box<Self>),
    /// What a lift came to for the event.
    Lift(usize),
    /// Whether a text matches a pattern of `%` and `_`, by code point.
    Like(Box<Self>, Arc<str>),
    /// A timestamp's microseconds since 1970-01-01T00:00:00Z.
    Micros(Box<Self>),
    /// A decimal's millionths.
    Millionths(Box<Self>),
    Multiply(Box<Self>, Box<Self>),
    Not(Box<Self>),
    Null,
    Or(Vec<Self>),
    Text(Arc<str>),
    /// An integer of 38 digits.
    Wide(Box<Self>),
}

/// Whose column it is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum From {
    Element,
    Event,
    Link,
}

impl Scalar {
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::junction(parts, false)
    }

    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        Self::junction(parts, true)
    }

    /// AND, or OR where a single `decisive` truth decides.
    fn junction(parts: impl IntoIterator<Item = Self>, decisive: bool) -> Self {
        let mut flat: Vec<Self> = Vec::new();
        for part in parts {
            match part {
                Self::Boolean(truth) if truth == decisive => return Self::Boolean(decisive),
                Self::Boolean(_) => {}
                Self::And(inner) if !decisive => flat.extend(inner),
                Self::Or(inner) if decisive => flat.extend(inner),
                part if flat.contains(&part) => {}
                part => flat.push(part),
            }
        }
        match (flat.len(), decisive) {
            (0, _) => Self::Boolean(!decisive),
            (1, _) => flat.swap_remove(0),
            (_, false) => Self::And(flat),
            (_, true) => Self::Or(flat),
        }
    }

    pub(super) fn negated(self) -> Self {
        match self {
            Self::Boolean(truth) => Self::Boolean(!truth),
            Self::Not(inner) => *inner,
            Self::Null => Self::Null,
            other => Self::Not(Box::new(other)),
        }
    }

    pub(super) fn compare(self, op: Comparison, other: Self) -> Self {
        match (&self, &other) {
            (Self::Null, _) | (_, Self::Null) => Self::Null,
            (Self::Integer(a), Self::Integer(b)) => Self::Boolean(op.holds(a.cmp(b))),
            (Self::Text(a), Self::Text(b)) => Self::Boolean(op.holds(a.cmp(b))),
            // Timestamps compare as what they are.
            (Self::Micros(a), Self::Micros(b)) => Self::Compare(a.clone(), op, b.clone()),
            (Self::Micros(at), Self::Integer(micros)) => match timestamp(*micros) {
                Some(instant) => Self::Compare(at.clone(), op, Box::new(instant)),
                None => Self::Compare(Box::new(self), op, Box::new(other)),
            },
            (Self::Integer(_), Self::Micros(_)) => other.compare(op.mirrored(), self),
            _ => Self::Compare(Box::new(self), op, Box::new(other)),
        }
    }

    pub(super) fn plus(self, other: Self) -> Self {
        match (self, other) {
            (Self::Null, _) | (_, Self::Null) => Self::Null,
            (Self::Integer(0), other) | (other, Self::Integer(0)) => other,
            (Self::Integer(a), Self::Integer(b)) => Self::Integer(a.saturating_add(b)),
            (a, b) => Self::Add(Box::new(a), Box::new(b)),
        }
    }

    pub(super) fn times(self, other: Self) -> Self {
        match (self, other) {
            (Self::Null, _) | (_, Self::Null) => Self::Null,
            (Self::Integer(1), other) | (other, Self::Integer(1)) => other,
            (Self::Integer(a), Self::Integer(b)) => Self::Integer(a.saturating_mul(b)),
            (a, b) => Self::Multiply(Box::new(a), Box::new(b)),
        }
    }

    /// Whether it is NULL.
    pub(super) fn absent(self) -> Self {
        match self {
            Self::Null => Self::Boolean(true),
            Self::Boolean(_) | Self::Integer(_) | Self::Text(_) => Self::Boolean(false),
            Self::CodePoints(inner)
            | Self::Micros(inner)
            | Self::Millionths(inner)
            | Self::Wide(inner) => inner.absent(),
            other if other.is_never_null() => Self::Boolean(false),
            other => Self::IsNull(Box::new(other)),
        }
    }

    pub(super) fn present(self) -> Self {
        self.absent().negated()
    }

    /// One of two values, by whether this is true.
    pub(super) fn then(self, value: Self, otherwise: Self) -> Self {
        match self {
            Self::Boolean(true) => value,
            Self::Boolean(false) | Self::Null => otherwise,
            when => Self::If(Box::new(when), Box::new(value), Box::new(otherwise)),
        }
    }

    pub(super) fn or_else(self, other: Self) -> Self {
        match self {
            Self::Null => other,
            Self::Boolean(_) | Self::Integer(_) | Self::Text(_) => self,
            value => Self::Coalesce(Box::new(value), Box::new(other)),
        }
    }

    /// Whether it is true: neither false nor unknown.
    pub(super) fn truly(self) -> Self {
        match self {
            Self::Null => Self::Boolean(false),
            truth if truth.is_never_null() => truth,
            truth => truth.or_else(Self::Boolean(false)),
        }
    }

    fn is_never_null(&self) -> bool {
        match self {
            Self::Boolean(_)
            | Self::Instant(_)
            | Self::Integer(_)
            | Self::IsNull(_)
            | Self::Text(_) => true,
            Self::Add(a, b) | Self::Compare(a, _, b) | Self::Multiply(a, b) | Self::If(_, a, b) => {
                a.is_never_null() && b.is_never_null()
            }
            Self::And(parts) | Self::Or(parts) => parts.iter().all(Self::is_never_null),
            Self::Coalesce(_, last) => last.is_never_null(),
            Self::In(value, list) => value.is_never_null() && list.iter().all(Self::is_never_null),
            Self::CodePoints(inner)
            | Self::Like(inner, _)
            | Self::Micros(inner)
            | Self::Millionths(inner)
            | Self::Not(inner)
            | Self::Wide(inner) => inner.is_never_null(),
            Self::Column(..) | Self::Fold(_) | Self::Lift(_) | Self::Null => false,
        }
    }

    /// What it comes to for somebody of whom no fold selects anything, as far as that is plain.
    pub(super) fn over_nothing(&self, folds: &[Fold]) -> Self {
        let over = |part: &Self| part.over_nothing(folds);
        let all = |parts: &[Self]| parts.iter().map(over).collect::<Vec<_>>();
        match self {
            Self::Fold(number) => match folds.get(*number).map(|fold| fold.function) {
                Some(FoldFunction::Count | FoldFunction::CountDistinct) => Self::Integer(0),
                _ => Self::Null,
            },
            Self::Add(a, b) => over(a).plus(over(b)),
            Self::And(parts) => Self::all(all(parts)),
            Self::Coalesce(a, b) => over(a).or_else(over(b)),
            Self::Compare(a, op, b) => over(a).compare(*op, over(b)),
            Self::If(when, value, otherwise) => over(when).then(over(value), over(otherwise)),
            Self::IsNull(inner) => over(inner).absent(),
            Self::Multiply(a, b) => over(a).times(over(b)),
            Self::Not(inner) => over(inner).negated(),
            Self::Or(parts) => Self::any(all(parts)),
            Self::CodePoints(inner)
            | Self::Like(inner, _)
            | Self::Micros(inner)
            | Self::Millionths(inner)
            | Self::Wide(inner) => match over(inner) {
                value @ (Self::Integer(_) | Self::Null) => value,
                _ => self.clone(),
            },
            other => other.clone(),
        }
    }

    /// Visits this expression and all below it.
    pub(crate) fn for_each<'s>(&'s self, visit: &mut impl FnMut(&'s Self)) {
        visit(self);
        match self {
            Self::Add(a, b)
            | Self::Coalesce(a, b)
            | Self::Compare(a, _, b)
            | Self::Multiply(a, b) => [a, b].into_iter().for_each(|part| part.for_each(visit)),
            Self::And(parts) | Self::Or(parts) => {
                parts.iter().for_each(|part| part.for_each(visit));
            }
            Self::If(a, b, c) => [a, b, c].into_iter().for_each(|part| part.for_each(visit)),
            Self::In(value, list) => {
                value.for_each(visit);
                list.iter().for_each(|part| part.for_each(visit));
            }
            Self::CodePoints(inner)
            | Self::IsNull(inner)
            | Self::Like(inner, _)
            | Self::Micros(inner)
            | Self::Millionths(inner)
            | Self::Not(inner)
            | Self::Wide(inner) => inner.for_each(visit),
            Self::Boolean(_)
            | Self::Column(..)
            | Self::Fold(_)
            | Self::Instant(_)
            | Self::Integer(_)
            | Self::Lift(_)
            | Self::Null
            | Self::Text(_) => {}
        }
    }
}

/// An instant in microseconds as a timestamp, if every timestamp type has it.
fn timestamp(micros: i128) -> Option<Scalar> {
    let at = Timestamp::from_micros(i64::try_from(micros).ok()?);
    let holds = FIRST <= at && at <= Timestamp::LAST;
    holds.then_some(Scalar::Instant(at))
}

/// The first instant that every timestamp type has, 0001-01-01T00:00:00Z.
pub(super) const FIRST: Timestamp = Timestamp::from_micros(-62_135_596_800_000_000);
