//! Pages: part of a long list, and the place where the next part begins.
//!
//! Whatever may be long is read page by page, so that no executor and no stream shows in a
//! signature and nobody holds a whole base in memory.
//!
//! ```
//! use bespoke::page::{Cursor, Page};
//!
//! let page = Page::new(vec!["a", "b"], Some(Cursor::new("2")));
//! assert_eq!(page.next.unwrap().as_str(), "2");
//! ```

use serde::{Deserialize, Serialize};

/// Some items of a long list, in its order.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// A page of these items, before `next`.
    pub fn new(items: Vec<T>, next: Option<Cursor>) -> Self {
        Self { items, next }
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self::new(Vec::new(), None)
    }
}

/// A place in a list, as whoever keeps the list writes it; to everybody else a text without
/// meaning.
#[derive(Clone, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct Cursor(String);

impl Cursor {
    /// The place that is written so.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The place as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
