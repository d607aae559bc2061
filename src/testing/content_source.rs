//! The contract of [`ContentSource`].

use crate::content::{ContentSource, Fetched, Need};
use crate::error::Result;

/// Checks that a source keeps the contract of [`ContentSource`], by a need for which it has content.
///
/// ```
/// use bespoke::content::{MemoryContent, Need};
/// use bespoke::testing::content_source;
/// use bespoke::value::Fields;
///
/// let asked = Fields::from_iter([("region", "north".into())]);
/// let offer = Fields::from_iter([("title", "Umbrellas".into())]);
/// let source = MemoryContent::new().with("offers", asked.clone(), offer);
/// pollster::block_on(content_source::check(&source, &Need::new("hero", "offers", asked)))?;
/// # Ok::<(), bespoke::Error>(())
/// ```
///
/// # Errors
///
/// What the source answers with; a call of the suite must not fail.
///
/// # Panics
///
/// Where the contract is broken, naming the clause.
pub async fn check(source: &impl ContentSource, known: &Need) -> Result<()> {
    let first = source.fetch(known).await?;
    assert!(matches!(first, Fetched::Content(_)), "what is there comes: {first:?}");
    let unknown = Need { source: "no such source".into(), ..known.clone() };
    let nothing = source.fetch(&unknown).await?;
    let told = matches!(&nothing, Fetched::NotCome { reason } if !reason.is_empty());
    assert!(told, "of what a source does not know it says why nothing comes: {nothing:?}");
    let again = source.fetch(known).await?;
    assert_eq!(first, again, "asking changes nothing");
    let other = Need { block: format!("{} too", known.block).into(), ..known.clone() };
    let other = source.fetch(&other).await?;
    assert_eq!(first, other, "what comes does not depend on the block that asks");
    Ok(())
}
