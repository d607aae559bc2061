//! What stands for DataFusion where it is not there.

use bespoke::segment::Segment;

use crate::Fault;
use crate::engine::{Base, Members};

/// Refuses to answer.
pub(crate) fn members(_: &Segment, _: &Base<'_>) -> Result<Members, Fault> {
    Err("--engine datafusion is there if this is built with `--features datafusion`".to_owned())
}
