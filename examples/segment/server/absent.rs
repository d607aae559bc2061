//! No PostgreSQL: its client was not built in.

use crate::Fault;
use crate::sql::Found;
use crate::tables::Filled;

/// There is none.
pub(crate) enum Server {}

impl Server {
    pub(crate) fn at(_: &str) -> Result<Self, Fault> {
        Err("this build has no client of PostgreSQL; build it with `--features postgres`"
            .to_owned())
    }

    pub(crate) fn found(&self, _: &[Filled], _: &str) -> Result<Found, Fault> {
        match *self {}
    }
}
