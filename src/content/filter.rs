//! Filters that write values as it is done where a message goes to, by CLDR's data (feature
//! `locale`).
//!
//! | filter | writes |
//! | --- | --- |
//! | `money('EUR')` | an amount with the currency's digits, halves rounded away from nought: `1.234,50 €` |
//! | `number`, `number(2)` | a number with as many digits after the point as it has, or with so many, rounded half to even |
//! | `date`, `date('long')` | the day of an instant or a date, `short`, `medium` (the default), `long`, or `full` with the weekday; with `time=true` the hour and minute too; in UTC or in `zone='Europe/Paris'` |
//! | `plural(one='book', other='books')` | the form that goes with a number, of `zero`, `one`, `two`, `few`, `many` and `other`; `other` is compulsory and stands for those that are left out. Without forms, which it is |
//!
//! All of them go by the name `locale` among what the template reads, such as `de-CH`, or by an
//! argument `locale='de-CH'`. A macro sees only what it names, so in a macro say `locale=locale`.
//! Amounts are exact decimals and never rounded on the way. Without the feature the filters are
//! there and a template that uses one is refused.

#[cfg(not(feature = "locale"))]
mod absent;
#[cfg(feature = "locale")]
mod locale;

#[cfg(not(feature = "locale"))]
pub(super) use absent::{MISSING, register};
#[cfg(feature = "locale")]
pub(super) use locale::{MISSING, register};
