//! Segments of everybody at once, found by the engine in which the events already lie.
//!
//! A set of segments becomes one [`Query`] over a foreign [`Table`]: one scan, whatever several of
//! them ask is asked once, and windows are bounds that are written out. The engine says of each
//! person who is a member for sure, and who has to be asked about in Rust; [`Query::finish`] does
//! that, so that the members are those that [`Segment::evaluate`] finds, whatever the engine can
//! and cannot do.
//!
//! [The chapter on pushdown](crate::guide::pushdown) has the contract of such tables.

#[cfg(feature = "datafusion")]
pub mod datafusion;
mod dialect;
mod lower;
mod number;
pub(crate) mod plan;
mod print;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

pub use dialect::Dialect;
pub use table::{Column, Links, List, Table};

use super::Segment;
use crate::error::{Error, ErrorKind, Result};
use crate::facts::{Facts, Timeline};
use crate::id::ProfileId;
use crate::schema::Schema;
use crate::time::Timestamp;
use lower::{Context, Lowering};
pub(crate) use number::Width;
pub(crate) use plan::Plan;

/// How exactly a query answers for a segment. However it is, what the query and
/// [`Query::finish`] come to together is exact.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Exactness {
    /// The engine finds the members.
    Exact,
    /// The engine finds some members, and others who may be: of these Rust asks, because of these
    /// clauses.
    Inexact(Arc<[Clause]>),
    /// The engine has nothing to tell people apart by: Rust asks of everybody, because of these
    /// clauses.
    Unsupported(Arc<[Clause]>),
}

/// A clause that the engine cannot answer, or not for everybody.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Clause {
    /// The clause as it is written.
    pub text: Arc<str>,
    /// Why.
    pub reason: Arc<str>,
}

/// A table that fits its schema, to be asked about segments.
#[derive(Clone, Debug)]
pub struct Pushdown {
    table: Arc<Table>,
    schema: Arc<Schema>,
}

/// A question about segments at an instant: asked of an engine, and finished in Rust.
///
/// [The chapter on pushdown](crate::guide::pushdown) has an example.
#[derive(Clone, Debug)]
pub struct Query {
    of: Pushdown,
    segments: Arc<[(Arc<str>, Segment)]>,
    now: Timestamp,
    known: Timestamp,
}

/// A query in the words of an engine.
#[derive(Clone, Debug)]
pub struct Statement {
    sql: String,
    exactness: BTreeMap<Arc<str>, Exactness>,
}

impl Pushdown {
    /// Checks the table.
    ///
    /// # Errors
    ///
    /// As [`Table::check`].
    pub fn new(table: Table, schema: &Schema) -> Result<Self> {
        table.check(schema)?;
        Ok(Self { table: Arc::new(table), schema: Arc::new(schema.clone()) })
    }

    /// Who is a member of these segments at `now`, as known then.
    pub fn query<N: Into<Arc<str>>>(
        &self,
        segments: impl IntoIterator<Item = (N, Segment)>,
        now: Timestamp,
    ) -> Query {
        self.query_as_known(segments, now, now)
    }

    /// Who is a member of these segments at `now`, as far as it was known at `known`.
    pub fn query_as_known<N: Into<Arc<str>>>(
        &self,
        segments: impl IntoIterator<Item = (N, Segment)>,
        now: Timestamp,
        known: Timestamp,
    ) -> Query {
        let segments = segments.into_iter().map(|(name, segment)| (name.into(), segment));
        Query { of: self.clone(), segments: segments.collect(), now, known }
    }
}

impl Query {
    /// The query in SQL.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] for a column of a type that the engine lacks.
    pub fn on(&self, dialect: Dialect) -> Result<Statement> {
        dialect.check(&self.of.table)?;
        let (plan, exactness) = self.plan(dialect.width());
        Ok(Statement { sql: dialect.print(&plan), exactness })
    }

    /// The query for an engine that counts so far, and how exactly it answers.
    pub(crate) fn plan(&self, width: Width) -> (Plan, BTreeMap<Arc<str>, Exactness>) {
        let Self { of: Pushdown { table, schema }, now, known, .. } = self;
        let context = Context { table, schema, width, now: *now, known: *known };
        let mut lowering = Lowering::new(context);
        let mut verdicts = Vec::new();
        let mut exactness = BTreeMap::new();
        for (name, segment) in self.segments.iter() {
            let (verdict, exact) = lowering.rule(&segment.cond);
            verdicts.push(verdict);
            exactness.insert(Arc::clone(name), exact);
        }
        (lowering.finish(verdicts), exactness)
    }

    /// The members of each segment, from the rows that an engine gave: a person, and a code for
    /// each segment. `timeline` gets the facts of whoever has to be asked about.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for a row that is none of this query's, and whatever `timeline` fails
    /// with.
    pub fn finish(
        &self,
        rows: impl IntoIterator<Item = (ProfileId, Vec<i64>)>,
        mut timeline: impl FnMut(&ProfileId) -> Result<Timeline>,
    ) -> Result<BTreeMap<Arc<str>, BTreeSet<ProfileId>>> {
        let names = self.segments.iter().map(|(name, _)| Arc::clone(name));
        let mut members: BTreeMap<_, BTreeSet<_>> =
            names.map(|name| (name, BTreeSet::new())).collect();
        for (person, codes) in rows {
            for name in self.settle(&codes, || timeline(&person))? {
                members.entry(name).or_default().insert(person.clone());
            }
        }
        Ok(members)
    }

    /// The segments that somebody is in, from the codes of their row; `timeline` is asked for their
    /// facts if these are needed.
    ///
    /// # Errors
    ///
    /// As [`Query::finish`].
    pub fn settle(
        &self,
        codes: &[i64],
        timeline: impl FnOnce() -> Result<Timeline>,
    ) -> Result<Vec<Arc<str>>> {
        if codes.len() != self.segments.len() || !codes.iter().all(|code| (0..=2).contains(code)) {
            let wanted = self.segments.len();
            let detail = format!("a row has {wanted} codes of 0, 1 or 2, and not {codes:?}");
            return Err(Error::new(ErrorKind::Input, detail));
        }
        let asked = codes.contains(&ASKED).then(timeline).transpose()?;
        let facts = asked.as_ref().map(|facts| facts.facts_as_known(self.now, self.known));
        let facts = facts.filter(Facts::is_known);
        let segments = self.segments.iter().zip(codes);
        let is_in = |segment: &Segment, code: i64| match code {
            ASKED => facts.is_some_and(|facts| segment.is_member(&facts)),
            code => code == MEMBER,
        };
        let names = segments
            .filter(|((_, segment), code)| is_in(segment, **code))
            .map(|((name, _), _)| Arc::clone(name));
        Ok(names.collect())
    }
}

/// What a query says of somebody who has to be asked about.
pub(crate) const ASKED: i64 = 1;
/// What it says of a member.
pub(crate) const MEMBER: i64 = 2;

impl Statement {
    /// The text, without a semicolon at its end.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// How exactly it answers for each segment.
    pub fn exactness(&self) -> &BTreeMap<Arc<str>, Exactness> {
        &self.exactness
    }
}

impl fmt::Display for Exactness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, clauses) = match self {
            Self::Exact => return f.write_str("exact"),
            Self::Inexact(clauses) => ("Rust asks of those who may be members", clauses),
            Self::Unsupported(clauses) => ("Rust asks of everybody", clauses),
        };
        f.write_str(what)?;
        clauses.iter().try_for_each(|Clause { text, reason }| write!(f, "\n  {text}: {reason}"))
    }
}
