//! Reading everybody's past.

use super::{PAGE, Progress, Stage, Watch};
use crate::engine::Engine;
use crate::error::Result;
use crate::facts::Timeline;
use crate::store::{Profile, Store};

/// What is done with each person.
pub type Visitor<'v> = dyn FnMut(&Profile, &Timeline) -> Result<()> + Send + 'v;

/// Shows everybody in the store to a visitor, in the order of their ids: for learning, for figures,
/// for whatever needs the whole base without holding it.
///
/// # Errors
///
/// What the store and the visitor answer with.
pub async fn visit(
    store: &dyn Store,
    engine: &Engine,
    visitor: &mut Visitor<'_>,
    watch: &mut Watch<'_>,
) -> Result<()> {
    let mut after = None;
    let mut done = 0;
    loop {
        let page = store.profiles(after.as_ref(), PAGE).await?;
        for profile in &page.items {
            visitor(profile, &timeline(engine, profile))?;
            done += 1;
        }
        watch(Progress { stage: Stage::Learning, done });
        after = page.next;
        if after.is_none() {
            return Ok(());
        }
    }
}

/// A person's facts as stored.
pub(super) fn timeline(engine: &Engine, profile: &Profile) -> Timeline {
    let mut timeline = engine.timeline();
    profile.events.iter().for_each(|event| timeline.insert(event, engine.schema()));
    timeline
}
