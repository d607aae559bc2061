//! Tests of values, in SQL's three-valued logic.

use std::cmp::Ordering;

use super::evaluator::Next;
use super::moving::{Moving, Val};
use crate::expr::{Comparison, Literal, Sign, Truth};
use crate::time::Timestamp;
use crate::value::{Exact, Value};

/// How two values compare at `now`, unknown where one is NULL; `next` learns when time alone may
/// change it.
pub(super) fn order(
    left: &Val<'_>,
    right: &Val<'_>,
    now: Timestamp,
    next: &mut Next,
) -> Option<Ordering> {
    match (left, right) {
        (Val::Boolean(a), Val::Boolean(b)) => Some(a.cmp(b)),
        (Val::Number(a), Val::Number(b)) => Some(a.cmp(b)),
        (Val::Text(a), Val::Text(b)) => Some(a.cmp(b)),
        (Val::Instant(a), Val::Instant(b)) | (Val::Duration(a), Val::Duration(b)) => {
            let difference = a.plus(Sign::Minus, *b);
            next.crossings(difference, now);
            Some(difference.at(now).cmp(&0))
        }
        _ => None,
    }
}

pub(super) fn compare(
    left: &Val<'_>,
    op: Comparison,
    right: &Val<'_>,
    now: Timestamp,
    next: &mut Next,
) -> Option<bool> {
    order(left, right, now, next).map(|order| op.holds(order))
}

/// How a value compares with one that a rule names, unknown where one is NULL.
#[inline]
pub(super) fn compare_value(value: &Value, op: Comparison, literal: &Literal) -> Option<bool> {
    let order = match (value, literal) {
        (Value::Boolean(a), Literal::Boolean(b)) => a.cmp(b),
        (Value::Instant(a), Literal::Timestamp(b)) => a.cmp(b),
        (Value::Number(a), Literal::Number(b)) => a.cmp(b),
        (Value::Text(a), Literal::Text(b)) => a.cmp(b),
        _ => return None,
    };
    Some(op.holds(order))
}

pub(super) fn between(
    value: &Val<'_>,
    (low, high): (&Val<'_>, &Val<'_>),
    now: Timestamp,
    next: &mut Next,
) -> Option<bool> {
    let above = compare(value, Comparison::GreaterOrEqual, low, now, next);
    let below = compare(value, Comparison::LessOrEqual, high, now, next);
    and(above, below)
}

pub(super) fn within(
    value: &Val<'_>,
    list: &[Literal],
    now: Timestamp,
    next: &mut Next,
) -> Option<bool> {
    let equal = list
        .iter()
        .map(|literal| compare(value, Comparison::Equal, &Val::literal(literal), now, &mut *next));
    equal.fold(Some(false), or)
}

/// One more than the number of cut points that a value reaches.
pub(super) fn class<'a>(
    value: &Val<'_>,
    cuts: &[Literal],
    now: Timestamp,
    next: &mut Next,
) -> Val<'a> {
    let mut reaches =
        |cut| compare(value, Comparison::GreaterOrEqual, &Val::literal(cut), now, &mut *next);
    let reached = cuts.iter().try_fold(1, |class, cut| Some(class + i64::from(reaches(cut)?)));
    reached.map_or(Val::Null, |class| Val::Number(Exact::whole(class)))
}

pub(super) fn is(value: &Val<'_>, what: Truth) -> bool {
    match (value, what) {
        (Val::Null, Truth::Null) => true,
        (Val::Boolean(value), Truth::True) => *value,
        (Val::Boolean(value), Truth::False) => !value,
        _ => false,
    }
}

pub(super) fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

pub(super) fn or(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    and(a.map(|a| !a), b.map(|b| !b)).map(|both_false| !both_false)
}

/// Whether a text matches a pattern in which `%` stands for any text and `_` for one character.
///
/// Only the last `%` is ever tried again, so the cost is at most the product of the two lengths.
pub(super) fn like(text: &str, pattern: &str) -> bool {
    let (mut text, mut pattern) = (text.chars(), pattern.chars());
    let mut again = None;
    loop {
        let at = (text.clone(), pattern.clone());
        match (text.next(), pattern.next()) {
            (_, Some('%')) => {
                again = Some((at.0.clone(), pattern.clone()));
                text = at.0;
            }
            (Some(a), Some(b)) if b == '_' || a == b => {}
            (None, None) => return true,
            _ => {
                // Let the last `%` stand for one character more.
                let Some((from, rest)) = again.take() else { return false };
                let mut longer = from;
                if longer.next().is_none() {
                    return false;
                }
                text = longer.clone();
                pattern = rest.clone();
                again = Some((longer, rest));
            }
        }
    }
}

impl Next {
    fn crossings(&mut self, difference: Moving, now: Timestamp) {
        for micros in difference.crossings().into_iter().flatten() {
            let at = super::moving::instant(micros);
            if at > now {
                self.at(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (text, pattern, expected) in [
            ("", "", true),
            ("", "%", true),
            ("", "_", false),
            ("abc", "abc", true),
            ("abc", "a%", true),
            ("abc", "%c", true),
            ("abc", "a_c", true),
            ("abc", "a_", false),
            ("abc", "%b%", true),
            ("abc", "%%", true),
            ("abcabc", "%abc", true),
            ("aab", "%ab", true),
            ("ä€x", "__x", true),
            ("Abc", "abc", false),
            ("a%c", "a%c", true),
            ("mississippi", "m%iss%pi", true),
            ("mississippi", "m%iss%x", false),
        ] {
            assert_eq!(like(text, pattern), expected, "{text} LIKE {pattern}");
        }
    }

    #[test]
    fn times_cross_where_they_should() {
        let difference = |base| Moving { base, slope: 1 };
        assert_eq!(difference(-10).crossings(), Some([10, 11]));
        assert_eq!(Moving { base: 10, slope: -1 }.crossings(), Some([10, 11]));
        assert_eq!(Moving { base: -10, slope: 3 }.crossings(), Some([4, 4]));
        assert_eq!(Moving { base: 10, slope: 3 }.crossings(), Some([-3, -3]));
        assert_eq!(Moving { base: 5, slope: 0 }.crossings(), None);
    }
}
