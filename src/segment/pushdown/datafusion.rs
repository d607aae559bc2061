//! Segments over the tables of a DataFusion session.
//!
//! The host brings the session, with its tables registered: files, object stores, or a Ballista
//! cluster behind it. What is asked of it is a plan of plain expressions, so it can be sent to
//! executors that know nothing of this library.
//!
//! ```
//! use bespoke::schema::Schema;
//! use bespoke::segment::Rule;
//! use bespoke::segment::pushdown::{Column, Pushdown, Table};
//! use bespoke::value::Kind;
//! use datafusion::arrow::array::{ArrayRef, Decimal128Array, StringArray};
//! use datafusion::arrow::array::{RecordBatch, TimestampMicrosecondArray};
//! use datafusion::prelude::SessionContext;
//! use std::sync::Arc;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let revenue = Decimal128Array::from(vec![150_000, 60_000]).with_precision_and_scale(12, 2)?;
//! let events = RecordBatch::try_from_iter([
//!     ("person", Arc::new(StringArray::from(vec!["p-1", "p-1"])) as ArrayRef),
//!     ("event", Arc::new(StringArray::from(vec!["Order Completed", "Order Completed"]))),
//!     ("at", Arc::new(TimestampMicrosecondArray::from(vec![1_000_000, 2_000_000]))),
//!     ("revenue", Arc::new(revenue)),
//! ])?;
//! let session = SessionContext::new();
//! session.register_batch("events", events)?;
//!
//! let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
//! let vip = Rule::parse(r#"sum("Order Completed".revenue over 90 days) > 2000"#)?;
//! let vip = vip.check(&bespoke::expr::Names::new(schema.clone()))?;
//! let table = Table::new("events", "person", "event", Column::timestamp("at"))
//!     .property(["revenue"], Column::decimal("revenue"));
//! let query = Pushdown::new(table, &schema)?.query([("vip", vip)], "1970-01-02T00:00:00Z".parse()?);
//!
//! let rows = query.frame(&session).await?.rows().await?;
//! assert_eq!(rows, [("p-1".into(), vec![2])]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```

mod column;
mod expression;
mod relation;

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, SessionContext};

use super::number::Width;
use super::{Exactness, Query};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ProfileId;
use relation::Relations;

/// A query that a session has planned and not yet run.
#[derive(Clone, Debug)]
pub struct Frame {
    frame: DataFrame,
    exactness: BTreeMap<Arc<str>, Exactness>,
}

impl Query {
    /// The query over the tables of a session, which are called there what [`Table`](super::Table)
    /// calls them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] for a table or a column that the session lacks, and for a column of
    /// another type than was said.
    pub async fn frame(&self, session: &SessionContext) -> Result<Frame> {
        let (plan, exactness) = self.plan(Width::DIGITS_38);
        let frame = Relations::of(session, &plan).await?.verdicts().map_err(unplanned)?;
        Ok(Frame { frame, exactness })
    }
}

impl Frame {
    /// How exactly it answers for each segment.
    pub fn exactness(&self) -> &BTreeMap<Arc<str>, Exactness> {
        &self.exactness
    }

    /// The plan: `person` and, for each segment in their order, `segment_0` and so on with a code of
    /// 0, 1 or 2. The host may run it, write it to files, or join it with more.
    pub fn into_inner(self) -> DataFrame {
        self.frame
    }

    /// Runs it: what [`Query::finish`] takes.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Io`] for whatever the session fails with.
    pub async fn rows(self) -> Result<Vec<(ProfileId, Vec<i64>)>> {
        let mut rows = Vec::new();
        for batch in self.frame.collect().await.map_err(failed)? {
            rows.extend(read(&batch)?);
        }
        Ok(rows)
    }
}

fn read(batch: &RecordBatch) -> Result<Vec<(ProfileId, Vec<i64>)>> {
    let columns = batch.columns().iter().enumerate().map(|(number, column)| {
        let ty = if number == 0 { DataType::Utf8 } else { DataType::Int64 };
        cast(column, &ty).map_err(|error| failed(error.into()))
    });
    let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
    let Some((people, codes)) = columns.split_first() else { return Ok(Vec::new()) };
    let people = people.as_string::<i32>();
    let row = |row: usize| {
        let code = |codes: &ArrayRef| codes.as_primitive::<Int64Type>().value(row);
        (ProfileId::from(people.value(row)), codes.iter().map(code).collect())
    };
    Ok((0..people.len()).map(row).collect())
}

fn unplanned(error: DataFusionError) -> Error {
    Error::new(ErrorKind::Schema, format!("DataFusion: {error}")).with_source(error)
}

fn failed(error: DataFusionError) -> Error {
    Error::new(ErrorKind::Io, format!("DataFusion: {error}")).with_source(error)
}
