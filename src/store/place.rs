//! Places in a store's lists: a cursor names its list, so that one of another list is refused.

use crate::error::{Error, ErrorKind, Result};
use crate::page::{Cursor, Page};

/// The cursor after the item of this key: a JSON list of the list's name and the key.
pub(super) fn cursor(list: &[&str], key: &str) -> Cursor {
    let parts: Vec<&str> = list.iter().copied().chain([key]).collect();
    // A list of texts: nothing that JSON cannot say.
    Cursor::new(serde_json::to_string(&parts).unwrap_or_default())
}

/// The key that a cursor of this list stands at.
pub(super) fn key(list: &[&str], after: Option<&Cursor>) -> Result<Option<String>> {
    let Some(after) = after else { return Ok(None) };
    let parts: Vec<String> = serde_json::from_str(after.as_str()).unwrap_or_default();
    match parts.split_last() {
        Some((key, named)) if named == list => Ok(Some(key.clone())),
        _ => Err(foreign(list, after)),
    }
}

/// As [`key`], where keys are numbers.
pub(super) fn number(list: &[&str], after: Option<&Cursor>) -> Result<Option<u64>> {
    let (Some(key), Some(after)) = (key(list, after)?, after) else { return Ok(None) };
    key.parse().map(Some).map_err(|_| foreign(list, after))
}

fn foreign(list: &[&str], after: &Cursor) -> Error {
    let list = list.join(" / ");
    let detail = format!("`{}` is no place in the list `{list}`", after.as_str());
    Error::new(ErrorKind::Input, detail)
}

/// How many items to look for: one more than asked, to see whether there are more.
pub(super) fn wanted(limit: usize) -> usize {
    limit.max(1).saturating_add(1)
}

/// The page of the items found by looking for [`wanted`].
pub(super) fn page<T>(
    mut items: Vec<T>,
    limit: usize,
    cursor: impl FnOnce(&T) -> Cursor,
) -> Page<T> {
    let more = items.len() > limit.max(1);
    items.truncate(limit.max(1));
    let next = items.last().filter(|_| more).map(cursor);
    Page::new(items, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_by_its_list_only() {
        let list = ["decisions", "a\",\"b"];
        let after = cursor(&list, "p-1");
        assert_eq!(key(&list, Some(&after)).unwrap().as_deref(), Some("p-1"));
        assert_eq!(key(&list, None).unwrap(), None);
        for other in [&["decisions", "a", "b"][..], &["decisions"], &[]] {
            assert_eq!(key(other, Some(&after)).unwrap_err().kind(), ErrorKind::Input);
        }
        for text in ["", "7", "[]", "null"] {
            assert_eq!(key(&list, Some(&Cursor::new(text))).unwrap_err().kind(), ErrorKind::Input);
        }
        assert_eq!(number(&list, Some(&after)).unwrap_err().kind(), ErrorKind::Input);
        assert_eq!(number(&list, Some(&cursor(&list, "7"))).unwrap(), Some(7));
    }
}
