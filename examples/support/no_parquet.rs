//! What stands for Parquet files where nothing can read them.

use bespoke::source::{Record, Reject, TableMapping};

/// Refuses the file.
pub(crate) fn for_each_record(
    path: &str,
    _: &TableMapping,
    _: impl FnMut(Result<Record, Reject>),
) -> Result<(), String> {
    Err(format!("{path}: Parquet is read if this is built with `--features datafusion`"))
}
