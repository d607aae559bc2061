//! Tables as Arrow's record batches.

use std::sync::Arc;

use bespoke::value::Kind;
use datafusion::arrow::array::{
    ArrayRef, BooleanArray, Decimal128Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use datafusion::arrow::error::ArrowError;

use crate::tables::{Cell, Filled};

/// A table of which instants are timestamps and numbers are decimals.
pub(crate) fn batch(table: &Filled) -> Result<RecordBatch, ArrowError> {
    let columns = table.columns.iter().enumerate().map(|(at, (name, kind))| {
        Ok((name, array(table.rows.iter().map(|row| &row[at]), *kind)?, true))
    });
    RecordBatch::try_from_iter_with_nullable(columns.collect::<Result<Vec<_>, ArrowError>>()?)
}

fn array<'c>(cells: impl Iterator<Item = &'c Cell>, kind: Kind) -> Result<ArrayRef, ArrowError> {
    let integer = |cell: &Cell| match cell {
        Cell::Integer(integer) => Some(*integer),
        _ => None,
    };
    let truth = |cell: &Cell| match cell {
        Cell::Boolean(truth) => Some(*truth),
        _ => None,
    };
    let text = |cell: &'c Cell| match cell {
        Cell::Text(text) => Some(&**text),
        _ => None,
    };
    Ok(match kind {
        Kind::Boolean => Arc::new(cells.map(truth).collect::<BooleanArray>()),
        Kind::Instant => Arc::new(cells.map(integer).collect::<TimestampMicrosecondArray>()),
        Kind::Number => {
            let millionths = cells.map(|cell| integer(cell).map(i128::from));
            let millionths: Decimal128Array = millionths.collect();
            Arc::new(millionths.with_precision_and_scale(18, 6)?)
        }
        _ => Arc::new(cells.map(text).collect::<StringArray>()),
    })
}
