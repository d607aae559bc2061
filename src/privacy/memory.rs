//! A vault in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Personal, PersonalRecord, Receipt, Vault};
use crate::error::Result;
use crate::id::ProfileId;
use crate::time::Timestamp;

/// A [`Vault`] in memory: nothing is sealed, nothing outlives the process.
#[derive(Default)]
pub struct MemoryVault(Mutex<BTreeMap<ProfileId, Drawer>>);

#[derive(Default)]
struct Drawer {
    personal: Personal,
    erased: Option<Timestamp>,
}

impl MemoryVault {
    /// A vault that holds nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn drawers(&self) -> MutexGuard<'_, BTreeMap<ProfileId, Drawer>> {
        // No call panics while it holds the lock; what a poisoned one guards is whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Vault for MemoryVault {
    async fn put(&self, record: PersonalRecord) -> Result<()> {
        let mut drawers = self.drawers();
        let drawer = drawers.entry(record.person().clone()).or_default();
        if drawer.erased.is_none_or(|erased| erased < record.known_from()) {
            drawer.personal.apply(&record);
        }
        Ok(())
    }

    async fn get(&self, person: &ProfileId) -> Result<Personal> {
        Ok(self.drawers().get(person).map(|drawer| drawer.personal.clone()).unwrap_or_default())
    }

    async fn erase(&self, person: &ProfileId, now: Timestamp) -> Result<Receipt> {
        let mut drawers = self.drawers();
        let drawer = drawers.entry(person.clone()).or_default();
        let values = std::mem::take(&mut drawer.personal).len();
        // An erasure called again with an earlier instant must not reopen what is closed.
        drawer.erased = drawer.erased.max(Some(now));
        Ok(Receipt::new(person.clone(), now, values))
    }
}

impl fmt::Debug for MemoryVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryVault").field("people", &self.drawers().len()).finish_non_exhaustive()
    }
}
