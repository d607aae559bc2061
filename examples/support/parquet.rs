//! Parquet files, read as the table that a CSV file would be.

use std::fmt::Display;
use std::fs::File;
use std::sync::Arc;

use bespoke::source::{Columns, Record, Reject, TableMapping};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

/// How instants are written where columns hold them.
const INSTANT: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";
const ZONED: &str = "%Y-%m-%dT%H:%M:%S%.6f%:z";

/// Reads a file row by row; values are written as text, and NULL is an empty cell.
pub(crate) fn for_each_record(
    path: &str,
    mapping: &TableMapping,
    mut take: impl FnMut(Result<Record, Reject>),
) -> Result<(), String> {
    let file = File::open(path).map_err(|error| located(path, error))?;
    let reader =
        ParquetRecordBatchReaderBuilder::try_new(file).map_err(|error| located(path, error))?;
    let fields = reader.schema().fields().iter();
    let columns: Columns = fields.map(|field| Arc::from(field.name().as_str())).collect();
    mapping.check(&columns).map_err(|error| located(path, error))?;
    let mut row = 0;
    for batch in reader.build().map_err(|error| located(path, error))? {
        let batch = batch.map_err(|error| located(path, error))?;
        each(&batch, &columns, &mut row, &mut take).map_err(|error| located(path, error))?;
    }
    Ok(())
}

fn each(
    batch: &RecordBatch,
    columns: &Columns,
    row: &mut u64,
    take: &mut impl FnMut(Result<Record, Reject>),
) -> datafusion::arrow::error::Result<()> {
    let options = FormatOptions::new()
        .with_timestamp_format(Some(INSTANT))
        .with_timestamp_tz_format(Some(ZONED));
    let cells = batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options));
    let cells = cells.collect::<datafusion::arrow::error::Result<Vec<_>>>()?;
    for at in 0..batch.num_rows() {
        *row += 1;
        let cells = cells.iter().map(|cell| cell.value(at).to_string());
        take(Record::table(*row, *row, columns, cells));
    }
    Ok(())
}

fn located(path: &str, error: impl Display) -> String {
    format!("{path}: {error}")
}
