//! Freezing the audience of a broadcast.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::ops::Range;

use super::campaign::Campaign;
use super::stored::{self, Stored};
use super::{PAGE, Progress, Stage, Watch, person, visit};
use crate::broadcast::{Block, Broadcast, State};
use crate::claim::Mailing;
use crate::error::{Error, ErrorKind, Result};
use crate::id::ProfileId;
use crate::store::{Batch, Profile, Store};
use crate::time::Timestamp;

/// How many documents are emptied together.
const CLEARED: usize = 10_000;
/// How many pages of members are put in order in memory, and written together.
const PAGES: usize = 160;

/// An audience that is being frozen: whoever finds the members, here or in another engine, puts them
/// in as they come, and nothing is frozen before [`finish`](Self::finish).
///
/// Members may come in any order and several times. Some ten thousand are put in order in memory and
/// written as a list; in the end the lists become one, of which a block each is in memory.
///
/// One that is dropped, or whose process dies, is half an audience and never used: the next begins
/// anew. Of two at a time the later one wins, and the other is a conflict.
///
/// ```
/// use bespoke::broadcast::State;
/// use bespoke::run::Freeze;
/// use bespoke::store::MemoryStore;
///
/// # pollster::block_on(async {
/// let store = MemoryStore::new();
/// let now = "2026-03-01T09:00:00Z".parse()?;
/// let mut freeze = Freeze::begin(&store, "spring", "playbook 7f3a", now).await?.unwrap();
/// // Pages of another engine.
/// for page in [["p-2", "p-9"], ["p-1", "p-2"]] {
///     freeze.add(page.map(Into::into)).await?;
/// }
/// let broadcast = freeze.finish().await?;
/// assert_eq!((broadcast.members(), broadcast.told()), (3, 4));
/// assert_eq!(broadcast.state(), State::Running);
///
/// // An audience is frozen once.
/// assert!(Freeze::begin(&store, "spring", "playbook 7f3a", now).await?.is_none());
/// # Ok::<(), bespoke::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct Freeze<'s> {
    store: &'s dyn Store,
    stored: Stored,
    told: u64,
    members: BTreeSet<ProfileId>,
}

impl<'s> Freeze<'s> {
    /// Begins to freeze who is a member at `now`; `None` where the audience of this mailing is
    /// frozen already.
    ///
    /// `definition` names by what the members are found, by its content: a playbook's
    /// [version](crate::playbook::Playbook::version), or a digest of a query.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] where the audience is frozen by another definition; else what the store
    /// answers with.
    pub async fn begin(
        store: &'s dyn Store,
        mailing: impl Into<Mailing>,
        definition: &str,
        now: Timestamp,
    ) -> Result<Option<Self>> {
        let fresh = Broadcast::freezing(mailing, definition, now);
        let stored = match Stored::find(store, fresh.mailing()).await? {
            None => Stored::new(fresh),
            Some(Stored { broadcast, .. }) if broadcast.state() != State::Freezing => {
                return same(&broadcast, definition).map(|()| None);
            }
            Some(mut left) => {
                // Half an audience.
                clear(store, &left, left.broadcast.lists()).await?;
                left.broadcast.handle_anew(fresh);
                left
            }
        };
        let mut freeze = Self { store, stored, told: 0, members: BTreeSet::new() };
        freeze.stored.commit(store, Batch::new()).await?;
        Ok(Some(freeze))
    }

    /// The same audience, in pages of so many people instead of 250 (0 counts as 1): those who are
    /// decided of in one batch, and a 160th of those who are put in order in memory. Say so before
    /// members are put in.
    #[must_use]
    pub fn pages_of(self, people: u64) -> Self {
        let Stored { broadcast, text } = self.stored;
        Self { stored: Stored { broadcast: broadcast.pages_of(people), text }, ..self }
    }

    /// Puts members in.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where another has begun to freeze the audience, or the broadcast was
    /// cancelled; else what the store answers with.
    ///
    /// [`ErrorKind::Conflict`]: crate::error::ErrorKind::Conflict
    pub async fn add<I>(&mut self, members: I) -> Result<()>
    where
        I: IntoIterator<Item = ProfileId>,
        I::IntoIter: Send,
    {
        let most = self.stored.broadcast.page_length().saturating_mul(PAGES);
        for member in members {
            self.told = self.told.saturating_add(1);
            self.members.insert(member);
            if self.members.len() >= most {
                self.write().await?;
            }
        }
        Ok(())
    }

    /// Freezes the audience: from here on it does not change.
    ///
    /// # Errors
    ///
    /// As [`add`](Self::add).
    pub async fn finish(mut self) -> Result<Broadcast> {
        let last = self.members.len() as u64;
        self.write().await?;
        let lists: Vec<(u64, u64)> = self.stored.broadcast.lists().collect();
        let (list, members) = match *lists.as_slice() {
            [] => (0, 0),
            [(list, _)] => (list, last),
            _ => self.merge(lists).await?,
        };
        self.stored.broadcast.handle_frozen(list, self.told, members)?;
        self.stored.commit(self.store, Batch::new()).await?;
        Ok(self.stored.broadcast)
    }

    /// Writes the members that are in memory as a list.
    async fn write(&mut self) -> Result<()> {
        let members: Vec<ProfileId> = std::mem::take(&mut self.members).into_iter().collect();
        if members.is_empty() {
            return Ok(());
        }
        let blocks = members.chunks(self.stored.broadcast.page_length());
        let list = self.stored.broadcast.handle_list(blocks.len() as u64);
        let batch = (0..).zip(blocks).fold(Batch::new(), |batch, (number, members)| {
            let block = Block::new(list, number);
            batch.document(block.document(self.stored.broadcast.mailing()), Block::write(members))
        });
        self.stored.commit(self.store, batch).await
    }

    /// Puts lists together as one; which one, and how many members it has.
    async fn merge(&mut self, lists: Vec<(u64, u64)>) -> Result<(u64, u64)> {
        let (store, mailing) = (self.store, self.stored.broadcast.mailing().clone());
        // It is known before it is written, so that whoever begins anew knows what to clear.
        let most = lists.iter().map(|(_, blocks)| blocks).sum();
        let whole = self.stored.broadcast.handle_list(most);
        self.stored.commit(store, Batch::new()).await?;
        let length = self.stored.broadcast.page_length();
        let mut merge = Merge::begin(store, &mailing, &lists).await?;
        let (mut number, mut count) = (0, 0);
        loop {
            let mut batch = self.stored.condition();
            for _ in 0..PAGES {
                let members = merge.take(length).await?;
                if members.is_empty() {
                    break;
                }
                count += members.len() as u64;
                let block = Block::new(whole, number).document(&mailing);
                batch = batch.document(block, Block::write(&members));
                number += 1;
            }
            if batch.is_empty() {
                break;
            }
            store.commit(batch).await?;
        }
        clear(store, &self.stored, lists).await?;
        Ok((whole, count))
    }
}

/// Freezes the members that an iterator gives, such as the lines of a file or what
/// [`pushdown`](crate::segment::pushdown) found. Where the audience is frozen already the iterator
/// is not asked, so a run that goes on may say the same again.
///
/// # Errors
///
/// The first error of the iterator, after which nothing is frozen; else as [`Freeze`].
pub async fn freeze<I>(
    store: &dyn Store,
    mailing: impl Into<Mailing> + Send,
    definition: &str,
    members: I,
    now: Timestamp,
) -> Result<Broadcast>
where
    I: IntoIterator<Item = Result<ProfileId>> + Send,
    I::IntoIter: Send,
{
    let mailing = mailing.into();
    let Some(mut freeze) = Freeze::begin(store, mailing.clone(), definition, now).await? else {
        return Ok(Stored::known(store, &mailing).await?.broadcast);
    };
    for member in members {
        freeze.add([member?]).await?;
    }
    freeze.finish().await
}

/// Freezes the audience that a campaign's mailing asks for: who its rule is true of at `now`, of
/// everybody in the store; everybody who is known where it has no rule. The definition is the
/// playbook's version.
///
/// The rule reads scores as they were last told; scores of now are told when it is decided of
/// somebody.
///
/// # Errors
///
/// As [`freeze`].
pub async fn freeze_audience(
    campaign: &Campaign,
    store: &dyn Store,
    now: Timestamp,
    watch: &mut Watch<'_>,
) -> Result<Broadcast> {
    let mailing = campaign.mailing();
    let begun = Freeze::begin(store, mailing.clone(), &campaign.definition, now).await?;
    let Some(mut freeze) = begun else {
        return Ok(Stored::known(store, mailing).await?.broadcast);
    };
    let (mut after, mut done) = (None, 0);
    loop {
        let page = store.profiles(after.as_ref(), PAGE).await?;
        done += page.items.len() as u64;
        let members = page.items.into_iter().filter(|profile| is_member(campaign, profile, now));
        freeze.add(members.map(|profile| profile.id)).await?;
        watch(Progress { stage: Stage::Freezing, done });
        after = page.next;
        if after.is_none() {
            return freeze.finish().await;
        }
    }
}

fn is_member(campaign: &Campaign, profile: &Profile, now: Timestamp) -> bool {
    let Some(audience) = &campaign.audience else { return person::is_known(profile, now) };
    let timeline = visit::timeline(&campaign.engine, profile);
    person::is_known(profile, now) && audience.is_member(&timeline.facts(now))
}

/// Refuses an audience that was frozen by something else.
fn same(broadcast: &Broadcast, definition: &str) -> Result<()> {
    let (mailing, before) = (broadcast.mailing(), broadcast.definition());
    if before == definition {
        return Ok(());
    }
    let detail = format!(
        "the audience of `{mailing}` is frozen by `{before}`, and asked for is `{definition}`; \
         name another mailing"
    );
    Err(Error::new(ErrorKind::Input, detail))
}

/// Empties lists that are needed no more.
async fn clear(
    store: &dyn Store,
    stored: &Stored,
    lists: impl IntoIterator<Item = (u64, u64)>,
) -> Result<()> {
    let mailing = stored.broadcast.mailing();
    let blocks = lists.into_iter().flat_map(|(list, blocks)| {
        (0..blocks).map(move |number| Block::new(list, number).document(mailing))
    });
    let names: Vec<String> = blocks.collect();
    for names in names.chunks(CLEARED) {
        let batch =
            names.iter().fold(stored.condition(), |batch, name| batch.document(name.as_str(), ""));
        store.commit(batch).await?;
    }
    Ok(())
}

/// Several lists as one: in order, and nobody twice.
struct Merge<'m> {
    store: &'m dyn Store,
    mailing: &'m Mailing,
    lists: Vec<List>,
    /// The first of what is left of each list.
    first: BinaryHeap<Reverse<(ProfileId, usize)>>,
}

/// What is left of a list.
struct List {
    number: u64,
    blocks: Range<u64>,
    members: std::vec::IntoIter<ProfileId>,
}

impl<'m> Merge<'m> {
    async fn begin(
        store: &'m dyn Store,
        mailing: &'m Mailing,
        lists: &[(u64, u64)],
    ) -> Result<Self> {
        let list = |(number, blocks): &(u64, u64)| List {
            number: *number,
            blocks: 0..*blocks,
            members: Vec::new().into_iter(),
        };
        let lists = lists.iter().map(list).collect();
        let mut merge = Self { store, mailing, lists, first: BinaryHeap::new() };
        for at in 0..merge.lists.len() {
            merge.refill(at).await?;
        }
        Ok(merge)
    }

    /// The next members, at most so many; none at the end.
    async fn take(&mut self, count: usize) -> Result<Vec<ProfileId>> {
        let mut members = Vec::with_capacity(count);
        while members.len() < count {
            let Some(Reverse((member, at))) = self.first.pop() else { break };
            self.refill(at).await?;
            // Whoever is in several lists comes from one after the other.
            while let Some(Reverse((same, at))) = self.first.peek()
                && *same == member
            {
                let at = *at;
                self.first.pop();
                self.refill(at).await?;
            }
            members.push(member);
        }
        Ok(members)
    }

    /// Puts the next member of a list up.
    async fn refill(&mut self, at: usize) -> Result<()> {
        let Some(list) = self.lists.get_mut(at) else { return Ok(()) };
        loop {
            if let Some(member) = list.members.next() {
                self.first.push(Reverse((member, at)));
                return Ok(());
            }
            let Some(number) = list.blocks.next() else { return Ok(()) };
            let block = Block::new(list.number, number);
            list.members = stored::members(self.store, self.mailing, block).await?.into_iter();
        }
    }
}
