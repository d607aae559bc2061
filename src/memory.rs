//! Memory that is asked for before it is needed: nothing waits for it, and nothing follows from it but
//! that it may be at hand when it is read.

use std::slice::from_ref;

use prefetch_index::prefetch_index;

/// The bytes that memory comes in, on most machines.
const LINE: usize = 64;

/// So many lines of a list are asked for at most; more hold each other up.
const LINES: usize = 8;

/// Asks for where a value begins.
#[inline]
pub(crate) fn fetch<T>(value: &T) {
    prefetch_index(from_ref(value), 0);
}

/// Asks for the first items of a list.
#[inline]
pub(crate) fn fetch_first<T>(list: &[T]) {
    let step = LINE / size_of::<T>().clamp(1, LINE);
    (0..list.len()).step_by(step).take(LINES).for_each(|place| prefetch_index(list, place));
}
