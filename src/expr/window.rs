//! Windows that are not a stretch of time before now.

use crate::value::Decimal;

/// The most events that a window, and people's buckets, may be told apart by.
const MOST: i64 = 1_000_000;

/// How many there are to be: enough for any use, and few enough to be kept.
pub(super) fn count(number: Decimal) -> Result<u32, &'static str> {
    let whole = number.micros() / Decimal::SCALE;
    if !number.is_whole() || !(1..=MOST).contains(&whole) {
        return Err("this is a whole number from 1 to 1000000");
    }
    u32::try_from(whole).map_err(|_| "this is a whole number from 1 to 1000000")
}
