//! The ways to find the same answers.

use std::collections::{BTreeMap, BTreeSet};

use bespoke::id::ProfileId;
use bespoke::schema::Schema;
use bespoke::segment::pushdown::Dialect;
use bespoke::segment::{Difference, History, Segment};
use bespoke::time::Timestamp;

use crate::Fault;
use crate::options::Asked;
use crate::people::People;
use crate::server::Server;
use crate::{columnar, live, native, sql};

/// Who answers. Whoever it is, the answers are the same.
pub(crate) enum Engine {
    /// DataFusion, given the events as a table; what it cannot tell, timelines do.
    DataFusion,
    /// Live membership, told everything again.
    Live,
    /// Each person's timeline, asked about the instant.
    Native,
    /// PostgreSQL, given the events as tables; what it cannot tell, timelines do.
    Postgres(Server),
    /// SQLite, likewise.
    Sqlite,
}

/// The facts, and what is asked of them.
pub(crate) struct Base<'a> {
    pub(crate) people: &'a People,
    pub(crate) schema: &'a Schema,
    pub(crate) asked: Asked,
}

/// The members in the order of their identifiers, each with the instant until which they are, if
/// time alone ends it.
pub(crate) type Members = Vec<(ProfileId, Option<Timestamp>)>;

/// Everybody's entries and exits.
pub(crate) type Histories = BTreeMap<ProfileId, History>;

/// What the address of a PostgreSQL begins with.
const ADDRESSES: [&str; 2] = ["postgres://", "postgresql://"];

impl Engine {
    pub(crate) fn named(name: &str) -> Result<Self, Fault> {
        match name {
            "datafusion" => Ok(Self::DataFusion),
            "live" => Ok(Self::Live),
            "native" => Ok(Self::Native),
            "sqlite" => Ok(Self::Sqlite),
            _ if ADDRESSES.iter().any(|scheme| name.starts_with(scheme)) => {
                Server::at(name).map(Self::Postgres)
            }
            _ => Err(format!(
                "--engine {name} is not there; there are native, live, sqlite, datafusion and postgres://…"
            )),
        }
    }

    /// Who is a member at the instant asked about.
    pub(crate) fn members(&self, segment: &Segment, base: &Base<'_>) -> Result<Members, Fault> {
        match self {
            Self::DataFusion => columnar::members(segment, base),
            Self::Live => Ok(live::members(segment, base)),
            Self::Native => Ok(native::members(segment, base)),
            Self::Postgres(server) => {
                sql::members(segment, base, Dialect::Postgres, |tables, sql| {
                    server.found(tables, sql)
                })
            }
            Self::Sqlite => sql::members(segment, base, Dialect::Sqlite, sql::sqlite),
        }
    }

    /// Who entered and left up to then, and when.
    pub(crate) fn histories(&self, segment: &Segment, base: &Base<'_>) -> Histories {
        match self {
            Self::Live => live::histories(segment, base),
            // A table is asked about an instant, and history by the timelines behind it.
            Self::DataFusion | Self::Native | Self::Postgres(_) | Self::Sqlite => {
                native::histories(segment, base)
            }
        }
    }

    /// How two segments differ, then and up to then.
    pub(crate) fn difference(
        &self,
        first: &Segment,
        second: &Segment,
        base: &Base<'_>,
    ) -> Difference {
        let [first, second] = [first, second].map(|segment| self.histories(segment, base));
        let mut difference = Difference::new(Timestamp::MIN, base.asked.now);
        let people: BTreeSet<&ProfileId> = first.keys().chain(second.keys()).collect();
        for person in people {
            let of = |histories: &Histories| histories.get(person).cloned().unwrap_or_default();
            difference.add(person, &of(&first), &of(&second));
        }
        difference
    }
}
