//! Columns of a session's tables, brought to the one type that plans read.

use datafusion::arrow::datatypes::{DataType, TimeUnit};

use crate::error::{Error, ErrorKind, Result};
use crate::segment::pushdown::table::{Column, Storage};

/// The type that a column has to be cast to, if it is not what plans read already.
pub(super) fn cast_to(column: &Column, ty: &DataType) -> Result<Option<DataType>> {
    let wanted = wanted(column.storage, ty).ok_or_else(|| {
        let Column { name, storage } = column;
        let detail =
            format!("the column `{name}` is {ty}, and was said to hold {}", said(*storage));
        Error::new(ErrorKind::Schema, detail)
    })?;
    Ok(Some(wanted).filter(|wanted| wanted != ty))
}

/// What a column of this type is read as; `None` if it cannot hold what is stored.
fn wanted(storage: Storage, ty: &DataType) -> Option<DataType> {
    let held = match storage {
        Storage::Boolean => *ty == DataType::Boolean,
        Storage::Decimal => match ty {
            DataType::Decimal32(digits, after) | DataType::Decimal64(digits, after) => {
                return (0..=6).contains(after).then_some(DataType::Decimal128(*digits, *after));
            }
            DataType::Decimal256(_, 0..=6) => return Some(DataType::Decimal128(38, 6)),
            ty => matches!(ty, DataType::Decimal128(_, 0..=6)),
        },
        Storage::EpochMicros | Storage::Scaled(_) => {
            return ty.is_integer().then_some(DataType::Int64);
        }
        Storage::Text => match ty {
            DataType::Dictionary(_, values) => values.is_string(),
            ty => ty.is_string(),
        },
        Storage::Timestamp => {
            return is_utc(ty).then_some(DataType::Timestamp(TimeUnit::Microsecond, None));
        }
    };
    held.then(|| ty.clone())
}

fn is_utc(ty: &DataType) -> bool {
    let DataType::Timestamp(_, zone) = ty else { return false };
    zone.as_deref().is_none_or(|zone| ["UTC", "Z", "+00:00"].contains(&zone))
}

fn said(storage: Storage) -> &'static str {
    match storage {
        Storage::Boolean => "truth values",
        Storage::Decimal => "decimals with at most six digits after the point",
        Storage::EpochMicros | Storage::Scaled(_) => "whole numbers",
        Storage::Text => "text",
        Storage::Timestamp => "timestamps in UTC",
    }
}
