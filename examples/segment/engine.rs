//! The ways to find the same answers.

use bespoke::id::ProfileId;
use bespoke::schema::Schema;
use bespoke::segment::Segment;
use bespoke::time::Timestamp;

use crate::Fault;
use crate::native;
use crate::options::Asked;
use crate::people::People;

/// Who answers. Whoever it is, the answers are the same.
#[derive(Clone, Copy)]
pub(crate) enum Engine {
    /// Each person's timeline, asked about the instant.
    Native,
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

/// Entries and exits in order: the instant, the person, and whether it is an entry.
pub(crate) type Transitions = Vec<(Timestamp, ProfileId, bool)>;

impl Engine {
    pub(crate) fn named(name: &str) -> Result<Self, Fault> {
        match name {
            "native" => Ok(Self::Native),
            _ => Err(format!("--engine {name} is not there; there is native")),
        }
    }

    /// Who is a member at the instant asked about.
    pub(crate) fn members(self, segment: &Segment, base: &Base<'_>) -> Members {
        match self {
            Self::Native => native::members(segment, base),
        }
    }

    /// Who entered and left up to then.
    pub(crate) fn transitions(self, segment: &Segment, base: &Base<'_>) -> Transitions {
        match self {
            Self::Native => native::transitions(segment, base),
        }
    }
}
