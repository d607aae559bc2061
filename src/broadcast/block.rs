//! Where the members of an audience are.

use crate::claim::Mailing;
use crate::error::{Error, ErrorKind, Result};
use crate::id::ProfileId;

/// Some members of an audience, as a document of a store: their identifiers in order.
///
/// ```
/// use bespoke::broadcast::Block;
///
/// let block = Block::new(0, 7);
/// assert_eq!(block.document(&"spring".into()), "broadcast/0/7/spring");
/// let members = ["p-1".into(), "p-2".into()];
/// assert_eq!(Block::write(&members), r#"["p-1","p-2"]"#);
/// assert_eq!(Block::read(r#"["p-1","p-2"]"#)?, members);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Block {
    list: u64,
    number: u64,
}

impl Block {
    /// A block of a list, the first being 0.
    pub const fn new(list: u64, number: u64) -> Self {
        Self { list, number }
    }

    /// The name of its document. The mailing comes last, so that no two have one name.
    pub fn document(self, mailing: &Mailing) -> String {
        format!("broadcast/{}/{}/{mailing}", self.list, self.number)
    }

    /// Members as they are stored.
    pub fn write(members: &[ProfileId]) -> String {
        // Texts: nothing that JSON cannot say.
        serde_json::to_string(members).unwrap_or_default()
    }

    /// Members as they were stored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] for anything else.
    pub fn read(text: &str) -> Result<Vec<ProfileId>> {
        serde_json::from_str(text).map_err(|error| {
            Error::new(ErrorKind::Format, format!("no members of an audience: {error}"))
        })
    }
}
