//! A broadcast as a store has it.

use crate::broadcast::{Block, Broadcast};
use crate::claim::Mailing;
use crate::error::{Error, ErrorKind, Result};
use crate::id::ProfileId;
use crate::store::{Batch, Store};

/// A broadcast as it was read, with the text that is expected to be there when it is written.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) broadcast: Broadcast,
    pub(super) text: Option<String>,
}

impl Stored {
    /// One that is not stored yet.
    pub(super) fn new(broadcast: Broadcast) -> Self {
        Self { broadcast, text: None }
    }

    /// The broadcast of a mailing, if there is one.
    pub(super) async fn find(store: &dyn Store, mailing: &Mailing) -> Result<Option<Self>> {
        let name = Broadcast::document(mailing);
        let Some(text) = store.document(&name).await? else { return Ok(None) };
        let broadcast = Broadcast::from_json(&text).map_err(|error| error.within(name))?;
        Ok(Some(Self { broadcast, text: Some(text) }))
    }

    /// The broadcast of a mailing that must have one.
    pub(super) async fn known(store: &dyn Store, mailing: &Mailing) -> Result<Self> {
        Self::find(store, mailing).await?.ok_or_else(|| {
            let detail = format!("no audience of the mailing `{mailing}` is frozen");
            Error::new(ErrorKind::Input, detail)
        })
    }

    /// What is taken only if nobody has written the broadcast since it was read.
    pub(super) fn condition(&self) -> Batch {
        let name = Broadcast::document(self.broadcast.mailing());
        Batch::new().expect_document(name, self.text.clone())
    }

    /// Writes the broadcast with a batch, if nobody has written it since it was read.
    pub(super) async fn commit(&mut self, store: &dyn Store, batch: Batch) -> Result<()> {
        let name = Broadcast::document(self.broadcast.mailing());
        let text = self.broadcast.to_json();
        let batch = batch.expect_document(name.as_str(), self.text.clone());
        store.commit(batch.document(name, text.as_str())).await?;
        self.text = Some(text);
        Ok(())
    }
}

/// The members of a block.
pub(super) async fn members(
    store: &dyn Store,
    mailing: &Mailing,
    block: Block,
) -> Result<Vec<ProfileId>> {
    let name = block.document(mailing);
    match store.document(&name).await? {
        Some(text) => Block::read(&text).map_err(|error| error.within(name)),
        None => Err(Error::new(ErrorKind::Format, format!("the document `{name}` is gone"))),
    }
}
