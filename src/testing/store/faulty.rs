//! A store that fails as it is told.

use std::collections::BTreeMap;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use async_trait::async_trait;

use crate::claim::Mailing;
use crate::delivery::{Delivery, StateName};
use crate::error::{Error, ErrorKind, Result};
use crate::id::ProfileId;
use crate::identity::Digest;
use crate::page::{Cursor, Page};
use crate::seed::Seed;
use crate::store::{Addresses, Batch, DecisionRecord, Profile, Store, Timer};
use crate::time::Timestamp;

/// On which side of a commit a [`FaultyStore`] fails. Whoever is answered
/// [`ErrorKind::Io`](crate::error::ErrorKind::Io) cannot tell them apart.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[expect(clippy::exhaustive_enums, reason = "a batch is there or it is not")]
pub enum Fault {
    /// The batch is not there.
    Before,
    /// The batch is there, and nobody was told.
    After,
}

/// A store in front of another that fails as it is told: for simulations of crashes and of others
/// who write at the same time.
///
/// As made it passes everything on. What it did does not depend on anything but the calls.
///
/// ```
/// use bespoke::error::ErrorKind;
/// use bespoke::store::{Batch, MemoryStore, Store};
/// use bespoke::testing::store::{Fault, FaultyStore};
///
/// # pollster::block_on(async {
/// let inner = MemoryStore::new();
/// let store = FaultyStore::new(&inner).dies_at(2, Fault::After);
/// store.commit(Batch::new().document("a", "1")).await?;
/// let error = store.commit(Batch::new().document("b", "2")).await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::Io);
/// assert!(store.document("b").await.is_err(), "it is dead");
/// assert_eq!(inner.document("b").await?.as_deref(), Some("2"), "and the batch is there");
/// # Ok::<(), bespoke::Error>(())
/// # }).unwrap();
/// ```
pub struct FaultyStore<'s> {
    inner: &'s dyn Store,
    death: Option<(u64, Fault)>,
    luck: Option<(Seed, f64)>,
    most: usize,
    yields: bool,
    memory: Mutex<Memory>,
}

#[derive(Default)]
struct Memory {
    calls: u64,
    commits: u64,
    dead: bool,
    /// What others commit, by the number of the commit that they precede.
    others: BTreeMap<u64, Vec<Batch>>,
}

impl<'s> FaultyStore<'s> {
    /// A store that passes everything on.
    pub fn new(inner: &'s dyn Store) -> Self {
        let memory = Mutex::default();
        Self { inner, death: None, luck: None, most: usize::MAX, yields: false, memory }
    }

    /// The same store, which fails at the commit of this number, the first being 1, and at
    /// everything after it: as a process that is killed there.
    #[must_use]
    pub fn dies_at(mut self, commit: u64, fault: Fault) -> Self {
        self.death = Some((commit, fault));
        self
    }

    /// The same store, which fails at this share of its calls by a seed, of its commits before and
    /// after in equal parts.
    #[must_use]
    pub fn fails(mut self, seed: Seed, share: f64) -> Self {
        self.luck = Some((seed, share));
        self
    }

    /// The same store, where somebody else writes this batch between what was read and the commit
    /// of this number, the first being 1. It is the caller's fault if the batch is refused: the
    /// commit then answers as that did.
    #[must_use]
    pub fn meanwhile(self, commit: u64, batch: Batch) -> Self {
        self.memory().others.entry(commit).or_default().push(batch);
        self
    }

    /// The same store, whose pages hold at most so many items, so that few people make many pages.
    #[must_use]
    pub fn pages_of(mut self, items: usize) -> Self {
        self.most = items;
        self
    }

    /// The same store, which gives way once before it carries out a call, so that whoever polls
    /// several futures may go on with another.
    #[must_use]
    pub fn yielding(mut self) -> Self {
        self.yields = true;
        self
    }

    /// How many batches it was asked to commit.
    pub fn commits(&self) -> u64 {
        self.memory().commits
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // No call panics while it holds the lock; what a poisoned one guards is whole.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives way, counts the call, and says whether it fails by chance.
    async fn called(&self) -> Result<Option<f64>> {
        if self.yields {
            give_way().await;
        }
        let mut memory = self.memory();
        memory.calls = memory.calls.saturating_add(1);
        if memory.dead {
            return Err(broken());
        }
        let Some((seed, share)) = self.luck else { return Ok(None) };
        let luck = seed.fork(&memory.calls.to_string()).unit();
        Ok((luck < share).then_some(luck / share))
    }

    async fn read(&self) -> Result<()> {
        match self.called().await? {
            Some(_) => Err(broken()),
            None => Ok(()),
        }
    }

    /// How the next commit fails, if it does, and what others commit before it.
    async fn commit_next(&self) -> Result<(Option<Fault>, Vec<Batch>)> {
        let luck = self.called().await?;
        let mut memory = self.memory();
        memory.commits = memory.commits.saturating_add(1);
        let number = memory.commits;
        let others = memory.others.remove(&number).unwrap_or_default();
        if let Some((_, fault)) = self.death.filter(|(death, _)| *death == number) {
            memory.dead = true;
            return Ok((Some(fault), others));
        }
        let by_chance = |luck| if luck < 0.5 { Fault::Before } else { Fault::After };
        Ok((luck.map(by_chance), others))
    }
}

fn broken() -> Error {
    Error::new(ErrorKind::Io, "the store does not answer")
}

/// Is pending once.
async fn give_way() {
    let mut ready = false;
    poll_fn(|context| {
        if ready {
            return Poll::Ready(());
        }
        ready = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[async_trait]
impl Store for FaultyStore<'_> {
    async fn commit(&self, batch: Batch) -> Result<()> {
        let (fault, others) = self.commit_next().await?;
        for other in others {
            self.inner.commit(other).await?;
        }
        if fault == Some(Fault::Before) {
            return Err(broken());
        }
        self.inner.commit(batch).await?;
        if fault == Some(Fault::After) { Err(broken()) } else { Ok(()) }
    }

    async fn profiles(&self, after: Option<&Cursor>, limit: usize) -> Result<Page<Profile>> {
        self.read().await?;
        self.inner.profiles(after, limit.min(self.most)).await
    }

    async fn profile(&self, id: &ProfileId) -> Result<Profile> {
        self.read().await?;
        self.inner.profile(id).await
    }

    async fn wishes(&self, ids: &[ProfileId]) -> Result<Vec<Profile>> {
        self.read().await?;
        self.inner.wishes(ids).await
    }

    async fn addresses(&self, digests: &[Digest]) -> Result<Addresses> {
        self.read().await?;
        self.inner.addresses(digests).await
    }

    async fn decisions(
        &self,
        mailing: &Mailing,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<DecisionRecord>> {
        self.read().await?;
        self.inner.decisions(mailing, after, limit.min(self.most)).await
    }

    async fn decided(
        &self,
        mailing: &Mailing,
        people: &[ProfileId],
    ) -> Result<Vec<DecisionRecord>> {
        self.read().await?;
        self.inner.decided(mailing, people).await
    }

    async fn deliveries(
        &self,
        mailing: &Mailing,
        state: StateName,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Delivery>> {
        self.read().await?;
        self.inner.deliveries(mailing, state, after, limit.min(self.most)).await
    }

    async fn timers(&self, now: Timestamp, limit: usize) -> Result<Vec<Timer>> {
        self.read().await?;
        self.inner.timers(now, limit).await
    }

    async fn cursor(&self, source: &str) -> Result<Option<Cursor>> {
        self.read().await?;
        self.inner.cursor(source).await
    }

    async fn document(&self, name: &str) -> Result<Option<String>> {
        self.read().await?;
        self.inner.document(name).await
    }
}

impl fmt::Debug for FaultyStore<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultyStore")
            .field("inner", &self.inner)
            .field("death", &self.death)
            .field("commits", &self.memory().commits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    fn document(name: &str) -> Batch {
        Batch::new().document(name, "text")
    }

    #[test]
    fn a_dead_store_keeps_what_came_before() {
        for (fault, kept) in
            [(Fault::Before, [true, false, false]), (Fault::After, [true, true, false])]
        {
            let inner = MemoryStore::new();
            let store = FaultyStore::new(&inner).dies_at(2, fault);
            let names = ["a", "b", "c"];
            let found = pollster::block_on(async {
                let mut answers = Vec::new();
                for name in names {
                    answers.push(store.commit(document(name)).await.is_ok());
                }
                assert_eq!(answers, [true, false, false]);
                assert!(store.profiles(None, 1).await.is_err());
                let mut found = Vec::new();
                for name in names {
                    found.push(inner.document(name).await.unwrap().is_some());
                }
                found
            });
            assert_eq!(found, kept, "{fault:?}");
        }
    }

    #[test]
    fn chance_fails_on_both_sides() {
        let inner = MemoryStore::new();
        let store = FaultyStore::new(&inner).fails(Seed::new(1), 0.5);
        let mut seen = BTreeMap::new();
        pollster::block_on(async {
            for number in 0..100 {
                let name = number.to_string();
                let told = store.commit(document(&name)).await.is_ok();
                let kept = inner.document(&name).await.unwrap().is_some();
                *seen.entry((told, kept)).or_insert(0) += 1;
            }
        });
        let counted: Vec<_> = seen.keys().copied().collect();
        assert_eq!(counted, [(false, false), (false, true), (true, true)]);
        assert!(seen.values().all(|count| *count > 15), "{seen:?}");
    }
}
