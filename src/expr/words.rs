//! Expressions in plain English, for people who do not read rules.
//!
//! Every construct has one form of words, and whatever could be taken in two ways is in brackets.
//! Names stand bare or in “double” quotes, texts in ‘single’ ones. A path through a list is said as
//! it is written; as everywhere, a test of it is passed if some element passes.

mod condition;
mod person;
mod value;

use super::lex::{is_name_part, is_name_start};
use super::{Expr, Literal};
use crate::time::Timestamp;
use crate::value::Decimal;

impl Expr {
    /// What a rule asks for, or what a metric is, in English.
    ///
    /// ```
    /// use bespoke::expr::Expr;
    ///
    /// let at_risk = Expr::parse(
    ///     r#"count("Order Completed" over 90 days) = 0 AND count("Order Completed" over 180 days) > 0"#,
    /// )?;
    /// assert_eq!(
    ///     at_risk.words(),
    ///     "has no “Order Completed” in the last 90 days, and \
    ///      has at least one “Order Completed” in the last 180 days",
    /// );
    /// let spend = Expr::parse(r#"sum("Order Completed".revenue over 90 days)"#)?;
    /// assert_eq!(spend.words(), "the total revenue of “Order Completed” in the last 90 days");
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    pub fn words(&self) -> String {
        let mut words = Words::default();
        if self.is_condition() {
            words.condition(self);
        } else {
            words.value(self);
        }
        words.out
    }

    /// The words of an expression that stands where a rule does: `vip` is “vip is true”.
    pub(crate) fn rule_words(&self) -> String {
        let mut words = Words::default();
        words.condition(self);
        words.out
    }
}

/// Words as they are put together.
#[derive(Default)]
struct Words {
    out: String,
    subject: Subject,
}

/// Who or what the clause before was about: what `has` alone would be taken to mean.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum Subject {
    #[default]
    Customer,
    Other,
}

impl Words {
    fn put(&mut self, text: &str) {
        self.out.push_str(text);
    }

    /// A predicate of the customer, who is named where the clause before was about something else.
    fn customer(&mut self, predicate: &str) {
        if self.subject == Subject::Other {
            self.put("the customer ");
        }
        self.put(predicate);
        self.subject = Subject::Customer;
    }

    /// Something in brackets, after which nobody is the subject.
    fn bracketed(&mut self, inner: impl FnOnce(&mut Self)) {
        self.subject = Subject::Other;
        self.put("(");
        inner(self);
        self.put(")");
        self.subject = Subject::Other;
    }

    fn name(&mut self, name: &str) {
        self.quoted('“', '”', name);
    }

    fn path(&mut self, path: &[std::sync::Arc<str>]) {
        for (index, name) in path.iter().enumerate() {
            if index > 0 {
                self.put(".");
            }
            let starts = name.chars().next().is_some_and(is_name_start);
            let bare = starts && name.chars().all(is_name_part) && !is_small_word(name);
            if bare { self.put(name) } else { self.name(name) }
        }
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Boolean(value) => self.put(if *value { "true" } else { "false" }),
            Literal::Interval(interval) => self.put(&interval.to_string()),
            Literal::Null => self.put("NULL"),
            Literal::Number(number) => self.put(&grouped(*number)),
            Literal::Text(text) => self.quoted('‘', '’', text),
            Literal::Timestamp(at) => self.put(&instant(*at)),
        }
    }

    /// A text between quotes, with its own such quotes doubled and what does not show made visible.
    fn quoted(&mut self, open: char, close: char, text: &str) {
        self.out.push(open);
        for letter in text.chars() {
            match letter {
                letter if letter == open || letter == close => self.out.extend([letter, letter]),
                letter if letter.is_control() => self.out.extend(letter.escape_default()),
                letter => self.out.push(letter),
            }
        }
        self.out.push(close);
    }
}

/// An instant without the letters and digits that say nothing.
fn instant(at: Timestamp) -> String {
    let at = at.to_string().replace('T', " ");
    let at = at.trim_end_matches('Z');
    format!("{} UTC", at.strip_suffix(".000000").unwrap_or(at))
}

/// Whether a name would be taken for a word of the sentence.
fn is_small_word(name: &str) -> bool {
    const WORDS: [&str; 17] = [
        "and", "at", "false", "has", "in", "is", "it", "minus", "not", "now", "null", "of", "or",
        "plus", "the", "times", "true",
    ];
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(name))
}

/// A number with its thousands apart: `12,345.5`.
fn grouped(number: Decimal) -> String {
    let text = number.to_string();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, decimals) =
        digits.split_once('.').map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut out = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(decimals) = decimals {
        out.push('.');
        out.push_str(decimals);
    }
    out
}
