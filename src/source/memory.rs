//! Records held in memory.

use async_trait::async_trait;

use super::{Item, Record, Reject, Source, foreign};
use crate::error::Result;
use crate::page::{Cursor, Page};

/// A source of records that are already there.
#[derive(Clone, Debug, Default)]
pub struct MemorySource {
    items: Vec<Result<Record, Reject>>,
}

impl MemorySource {
    /// A source of these records.
    pub fn new(items: impl IntoIterator<Item = Result<Record, Reject>>) -> Self {
        Self { items: items.into_iter().collect() }
    }
}

#[async_trait]
impl Source for MemorySource {
    async fn read(&mut self, after: Option<&Cursor>, limit: usize) -> Result<Page<Item>> {
        let start: usize = match after {
            Some(cursor) => cursor.as_str().parse().map_err(|_| foreign(cursor))?,
            None => 0,
        };
        let rest = self.items.get(start..);
        let rest = rest.ok_or_else(|| foreign(&Cursor::new(start.to_string())))?;
        let (items, later) = rest.split_at(limit.max(1).min(rest.len()));
        let next = (!later.is_empty()).then(|| Cursor::new((start + items.len()).to_string()));
        Ok(Page::new(items.to_vec(), next))
    }
}
