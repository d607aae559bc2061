//! Answers of DataFusion, which is given the file's events as tables.

use bespoke::id::ProfileId;
use bespoke::segment::Segment;
use bespoke::segment::pushdown::Query;
use datafusion::prelude::SessionContext;

use crate::Fault;
use crate::arrow::batch;
use crate::engine::{Base, Members};
use crate::sql;
use crate::tables::{Filled, Layout, Stored};

/// Who is a member.
pub(crate) fn members(segment: &Segment, base: &Base<'_>) -> Result<Members, Fault> {
    let layout = Layout::new(base.schema, Stored::Typed);
    let query = sql::query(&layout, segment, base)?;
    let tables = layout.fill(&sql::events(base));
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    sql::finish(&query, runtime.block_on(found(&query, &tables))?, segment, base)
}

async fn found(query: &Query, tables: &[Filled]) -> Result<Vec<(ProfileId, Vec<i64>)>, Fault> {
    let session = SessionContext::new();
    for table in tables {
        let rows = batch(table).map_err(|error| error.to_string())?;
        session.register_batch(&table.name, rows).map_err(|error| error.to_string())?;
    }
    let frame = query.frame(&session).await.map_err(|error| error.to_string())?;
    frame.rows().await.map_err(|error| error.to_string())
}
