//! What a checked expression comes to: names resolved, kinds known, nothing left to go wrong.

mod walk;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::person::PersonTerm;
use super::{Comparison, Function, Literal, Period, Sign, Truth};
use crate::facts::{Layout, Pick};
use crate::time::{Duration, Timestamp, Window};
use crate::value::Decimal;

/// A condition: true, false or unknown.
#[derive(Clone, Debug)]
pub(crate) enum Cond {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Is {
        inner: Box<Self>,
        what: Truth,
        negated: bool,
    },
    /// Whether the condition is true, as a member is one or is not.
    Member(Arc<Self>),
    Test(Box<Test>),
}

/// A condition that is asked of values.
#[derive(Clone, Debug)]
pub(crate) struct Test {
    pub(crate) check: Check,
    /// The list of which any element may pass.
    pub(crate) any: Option<AnyOf>,
    /// The test as it was written.
    pub(crate) text: Arc<str>,
    /// The test as one of columns, where it is one.
    pub(crate) leaf: Option<Box<Leaf>>,
}

/// A weighted sum of figures and of now, and the stretch in which it passes.
///
/// `5 * count(A over 7 days) + sum(B.x) > 20`, `now() - last(A) >= INTERVAL '30 days'`.
#[derive(Clone, Debug)]
pub(crate) struct Leaf {
    pub(crate) parts: Vec<Part>,
    /// How often now is in it.
    pub(crate) slope: i128,
    /// It passes from the first to the last, both included; if negated, outside.
    pub(crate) passes: (i128, i128),
    pub(crate) negated: bool,
    /// The same of the first part, where it is all there is to ask.
    pub(crate) threshold: Option<Threshold>,
}

/// From how much until how much one count or sum over a window passes.
#[derive(Clone, Debug)]
pub(crate) struct Threshold {
    pub(crate) window: Window,
    /// So much is enough; always, if there is none.
    pub(crate) least: Option<Amount>,
    /// So much is too much.
    pub(crate) above: Option<Amount>,
}

/// What a count or a sum may come to: more than nothing.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Amount {
    /// So many entries.
    Entries(usize),
    /// So many millionths.
    Millionths(i128),
}

/// A figure that is read from a column.
#[derive(Clone, Debug)]
pub(crate) struct Part {
    pub(crate) weight: i128,
    pub(crate) reads: Reads,
    pub(crate) column: Kept,
    pub(crate) stretch: Span,
}

impl Part {
    /// Visits the column that it reads, and the one that its stretch begins at.
    pub(crate) fn for_each_column_mut(&mut self, visit: &mut impl FnMut(&mut Kept)) {
        visit(&mut self.column);
        if let Span::Since(_, bound) = &mut self.stretch {
            visit(bound);
        }
    }
}

/// What is read from the stretch of a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Reads {
    Count,
    First,
    Last,
    /// The value of the last; of several at its instant, the greatest.
    LastValue,
    /// Nothing, but if there are no entries it is NULL.
    Presence,
    Total,
}

/// The stretch of a column.
#[derive(Clone, Debug)]
pub(crate) enum Span {
    Always,
    /// Since the first or the last of another column.
    Since(Reads, Kept),
    Sliding(Window),
}

impl Span {
    /// Whether it is the same stretch at every instant.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Always, Self::Always) => true,
            (Self::Since(reads, bound), Self::Since(other_reads, other)) => {
                reads == other_reads && bound.number == other.number
            }
            (Self::Sliding(window), Self::Sliding(other)) => window == other,
            _ => false,
        }
    }
}

/// Where the entries of a figure are kept.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) number: usize,
    pub(crate) pick: Arc<Pick>,
}

impl Kept {
    pub(crate) fn new(pick: &Arc<Pick>, layout: &mut Layout) -> Self {
        let (number, pick) = layout.add(pick);
        Self { number, pick }
    }

    /// Goes by the number that the column has in another layout.
    pub(crate) fn renumber(&mut self, layout: &Layout) {
        self.number = layout.number(&self.pick).unwrap_or(self.number);
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Check {
    Between {
        value: Term,
        low: Term,
        high: Term,
        negated: bool,
    },
    Compare {
        left: Term,
        op: Comparison,
        right: Term,
    },
    In {
        value: Term,
        list: Vec<Literal>,
        negated: bool,
    },
    Is {
        value: Term,
        what: Truth,
        negated: bool,
    },
    Like {
        value: Term,
        pattern: Arc<str>,
        negated: bool,
    },
    /// A boolean by itself.
    True(Term),
}

/// A list, of whose elements any may pass a test.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct AnyOf {
    pub(crate) from: Source,
    pub(crate) list: Vec<Arc<str>>,
}

/// Where a path begins.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Source {
    /// The traits of the profile.
    Attribute,
    /// The element that a test's [`AnyOf`] is at.
    AnyElement,
    /// The element that the aggregate's series is at.
    Element,
    /// The event that the aggregate's series is at.
    Event,
}

/// Something that has a value.
#[derive(Clone, Debug)]
pub(crate) enum Term {
    Clamp {
        of: Box<Self>,
        low: Decimal,
        high: Decimal,
    },
    Class {
        of: Box<Self>,
        cuts: Vec<Literal>,
    },
    Coalesce(Vec<Self>),
    Cond(Box<Cond>),
    Field {
        from: Source,
        path: Vec<Arc<str>>,
    },
    Figure(Box<Figure>),
    Funnel(Box<Funnel>),
    /// Whether a condition is true of some value of a field.
    Group(Box<Group>),
    Literal(Literal),
    /// A metric that others may use too.
    Metric(Arc<Self>),
    Now,
    Person(Box<PersonTerm>),
    Scale {
        by: Decimal,
        of: Box<Self>,
    },
    Sum(Vec<(Sign, Self)>),
}

/// An aggregate, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) function: Function,
    pub(crate) distinct: bool,
    /// `None` is every event.
    pub(crate) event: Option<Arc<str>>,
    pub(crate) entries: Entries,
    /// In a group, the field whose value an entry must share.
    pub(crate) by: Option<By>,
    pub(crate) filter: Option<Cond>,
    pub(crate) window: Stretch,
    /// The aggregate as it was written.
    pub(crate) text: Arc<str>,
    /// Whether its value is a number.
    pub(crate) number: bool,
    /// The column that it can be read from.
    pub(crate) column: Option<Kept>,
}

/// A funnel, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Funnel {
    /// The events of each step, all in one window.
    pub(crate) steps: Vec<Figure>,
    /// The funnel as it was written.
    pub(crate) text: Arc<str>,
}

/// A condition on the entries that share a value, resolved.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The field as it was written.
    pub(crate) by: Arc<str>,
    /// How many entries the figures of the condition have over all time: a value that has none has
    /// not happened yet.
    pub(crate) entries: Vec<Figure>,
    pub(crate) cond: Cond,
}

/// Where entries have the field of a group.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct By {
    pub(crate) from: Source,
    pub(crate) path: Vec<Arc<str>>,
}

/// What a series has entries of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Entries {
    /// The events themselves.
    Events,
    /// A field of each event.
    Field(Vec<Arc<str>>),
    /// Each element of a list, or a field of it where the second path is not empty.
    Elements(Vec<Arc<str>>, Vec<Arc<str>>),
}

#[derive(Clone, Debug)]
pub(crate) enum Stretch {
    Always,
    /// What happened after the first and up to the second.
    Fixed(Timestamp, Timestamp),
    /// The last so many events that have an entry.
    Last(u32),
    Since(Term),
    Sliding(Window),
}

impl Stretch {
    /// The stretch from the beginning of a period, included, to its end, excluded.
    pub(super) fn fixed(period: Period) -> Self {
        let before = |at: Timestamp| at.minus(Duration::from_micros(1));
        let (from, to) = period.bounds();
        Self::Fixed(before(from), to.map_or(Timestamp::MAX, before))
    }
}

/// What a condition depends on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Inputs {
    pub(crate) events: BTreeSet<Arc<str>>,
    pub(crate) every_event: bool,
    pub(crate) attributes: BTreeSet<Arc<str>>,
    /// Whether it depends on whatever is told of somebody, and needs to keep it.
    pub(crate) everything: bool,
}
