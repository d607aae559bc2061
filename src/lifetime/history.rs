//! How often and how lately a customer bought.

use crate::error::{Error, ErrorKind, Result};

/// How often a customer bought again, how lately, and for how long they are known; in weeks.
///
/// The literature calls the three `x`, `t_x` and `T`.
///
/// ```
/// use bespoke::lifetime::History;
///
/// let customer = History::new(2, 30.43, 38.86)?;
/// assert_eq!((customer.repeats(), customer.recency(), customer.age()), (2, 30.43, 38.86));
/// // Who bought once only has bought again at no time.
/// assert!(History::new(0, 3.0, 38.86).is_err());
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct History {
    repeats: u32,
    recency: f64,
    age: f64,
}

impl History {
    /// Of somebody who buys for the first time now.
    pub(super) const NEW: Self = Self { repeats: 0, recency: 0.0, age: 0.0 };

    /// A history of so many purchases after the first, the last of them so many weeks after the
    /// first, of a customer whose first purchase is so many weeks ago.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for what is negative or not finite, for a last purchase that is later
    /// than now, for a time of it where there is none, and for none where there is one.
    pub fn new(repeats: u32, recency: f64, age: f64) -> Result<Self> {
        for (name, weeks) in [("recency", recency), ("age", age)] {
            if !weeks.is_finite() || weeks < 0.0 {
                return Err(fault(format!("a customer's {name} cannot be {weeks} weeks")));
            }
        }
        if recency > age {
            let detail = format!("the last purchase, after {recency} weeks");
            return Err(fault(format!("{detail}, is later than the customer's age of {age}")));
        }
        if repeats == 0 && recency > 0.0 {
            let detail = "a customer who did not buy again has no last purchase";
            return Err(fault(format!("{detail} after {recency} weeks")));
        }
        if repeats > 0 && recency <= 0.0 {
            let detail = "a customer who bought again did so after more than 0 weeks";
            return Err(fault(format!("{detail}; what is bought in a day is one purchase")));
        }
        // A negative nought becomes a positive one.
        Ok(Self { repeats, recency: recency + 0.0, age: age + 0.0 })
    }

    /// The histories of a table of repeat purchases, recency and age.
    ///
    /// ```
    /// use bespoke::lifetime::History;
    ///
    /// let customers = History::table([(2.0, 30.43, 38.86), (0.0, 0.0, 38.86)])?;
    /// assert_eq!(customers[0], History::new(2, 30.43, 38.86)?);
    /// let fault = History::table([(0.0, 0.0, 9.0), (1.5, 2.0, 9.0)]).unwrap_err();
    /// assert_eq!(fault.to_string(), "row 2: 1.5 is no number of purchases");
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`History::new`], and for what is no whole number of purchases, naming the row, counted
    /// from 1.
    pub fn table(rows: impl IntoIterator<Item = (f64, f64, f64)>) -> Result<Vec<Self>> {
        let rows = (1_usize..).zip(rows).map(|(row, (repeats, recency, age))| {
            count(repeats)
                .and_then(|repeats| Self::new(repeats, recency, age))
                .map_err(|error| error.within(format!("row {row}")))
        });
        rows.collect()
    }

    /// How many purchases came after the first: `x`, or frequency.
    pub fn repeats(&self) -> u32 {
        self.repeats
    }

    /// How many weeks after the first purchase the last was; 0 if it was the first: `t_x`.
    pub fn recency(&self) -> f64 {
        self.recency
    }

    /// For how many weeks the customer is known, since the first purchase: `T`.
    pub fn age(&self) -> f64 {
        self.age
    }
}

/// A whole number of purchases.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is whole and within the range"
)]
pub(super) fn count(number: f64) -> Result<u32> {
    let whole = (0.0..=f64::from(u32::MAX)).contains(&number) && number.fract() == 0.0;
    whole
        .then_some(number as u32)
        .ok_or_else(|| fault(format!("{number} is no number of purchases")))
}

pub(super) fn fault(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Input, detail)
}
