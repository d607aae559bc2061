//! What every [`Source`] must do.

use crate::page::{Cursor, Page};
use crate::source::{Item, Source};

/// Checks a source against the contract of [`Source`].
///
/// `make` gives the same source anew each time. Run it over a source of a dozen records or so,
/// some of them refused; it is read many times over.
///
/// # Panics
///
/// Where the source breaks the contract, saying how.
///
/// ```
/// use bespoke::source::{MemorySource, Record};
///
/// let records = (1..=9).map(|row| Ok(Record::json(row, row, r#"{"userId": "p-1"}"#)));
/// let source = MemorySource::new(records);
/// pollster::block_on(bespoke::testing::source::conforms(|| Box::new(source.clone())));
/// ```
pub async fn conforms(make: impl Fn() -> Box<dyn Source>) {
    let whole = read_all(&mut *make(), None, usize::MAX).await;
    check_places(&whole.items);
    assert_eq!(
        read_all(&mut *make(), None, 0).await.items,
        whole.items,
        "a limit of 0 counts as 1"
    );
    for limit in [1, 2, 3, 7] {
        let mut source = make();
        let paged = read_all(&mut *source, None, limit).await;
        assert_eq!(paged.items, whole.items, "pages of {limit} hold what one large page holds");
        for (cursor, read) in &paged.cursors {
            let (_, rest) = whole.items.split_at(*read);
            let name = cursor.as_str();
            let anew = read_all(&mut *make(), Some(cursor), limit + 1).await;
            assert_eq!(anew.items, rest, "a new source goes on from the cursor `{name}`");
            let same = read_all(&mut *source, Some(cursor), limit).await;
            assert_eq!(same.items, rest, "the source goes back to the cursor `{name}`");
        }
        let again = read_all(&mut *source, None, limit).await;
        assert_eq!(again.items, whole.items, "the source begins anew without a cursor");
    }
}

/// All that a source gave, and each cursor with how many items came before it.
struct Reading {
    items: Vec<Item>,
    cursors: Vec<(Cursor, usize)>,
}

async fn read_all(source: &mut dyn Source, after: Option<&Cursor>, limit: usize) -> Reading {
    let mut reading = Reading { items: Vec::new(), cursors: Vec::new() };
    let mut after = after.cloned();
    loop {
        let Page { items, next } = page(source, after.as_ref(), limit).await;
        assert!(
            items.len() <= limit.max(1),
            "a page of at most {limit} items holds {}",
            items.len()
        );
        assert!(next.is_none() || !items.is_empty(), "an empty page must be the last");
        reading.items.extend(items);
        let Some(cursor) = next else { return reading };
        reading.cursors.push((cursor.clone(), reading.items.len()));
        after = Some(cursor);
    }
}

#[expect(clippy::panic, reason = "a conformance suite reports by panicking")]
async fn page(source: &mut dyn Source, after: Option<&Cursor>, limit: usize) -> Page<Item> {
    match source.read(after, limit).await {
        Ok(page) => page,
        Err(error) => panic!("reading after {after:?} failed: {error}"),
    }
}

fn check_places(items: &[Item]) {
    let mut before = (0, 1);
    for item in items {
        let (row, line) = match item {
            Ok(record) => (record.row(), record.line()),
            Err(reject) => (reject.row, reject.line),
        };
        assert_eq!(row, before.0 + 1, "rows are counted from 1, those refused included");
        assert!(line >= before.1, "row {row} is on line {line}, after one on line {}", before.1);
        before = (row, line);
    }
}
