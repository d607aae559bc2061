//! How far a comparison is from turning.

use std::cmp::Ordering;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::expr::Comparison;
use crate::expr::plan::{Check, Term, Test};
use crate::metric::{Evaluator, Measure, Next};
use crate::time::Duration;
use crate::value::Exact;

/// How far a value is from passing a comparison with a constant, exactly.
///
/// It serializes its values as texts and the comparison as it is written in rules.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Distance {
    /// What the value comes to now.
    #[serde(serialize_with = "as_text")]
    pub value: Measure,
    /// The comparison that it would have to pass.
    #[serde(serialize_with = "as_symbol")]
    pub comparison: Comparison,
    /// The constant that it is compared with.
    #[serde(serialize_with = "as_text")]
    pub bound: Measure,
    /// The bound less the value, a number or a length of time: negative where the value would have
    /// to fall. For `>` and `<` this would only make them equal.
    #[serde(serialize_with = "as_text")]
    pub by: Measure,
}

/// How far a test is from coming to a truth; `None` where there is nothing to measure.
pub(super) fn distance<'a>(
    test: &'a Test,
    wanted: Option<bool>,
    evaluator: &Evaluator<'a>,
) -> Option<Distance> {
    let now = evaluator.facts().now();
    // Of a list each element is at a distance of its own.
    let wanted = wanted.filter(|_| test.any.is_none())?;
    let measure = |term| evaluator.value(term, now, &mut Next::never()).measure(now);
    let (value, comparison, bound) = comparison(&test.check, wanted, &measure)?;
    let (value, bound) = (measure(value), measure(bound));
    let by = difference(&value, &bound)?;
    Some(Distance { value, comparison, bound, by })
}

/// The value, the comparison that it has to pass, and the constant that it is compared with.
fn comparison<'a>(
    check: &'a Check,
    wanted: bool,
    measure: &impl Fn(&'a Term) -> Measure,
) -> Option<(&'a Term, Comparison, &'a Term)> {
    let (value, comparison, bound) = match check {
        Check::Compare { left, op, right } if right.is_constant() => (left, *op, right),
        Check::Compare { left, op, right } if left.is_constant() => (right, op.mirrored(), left),
        // From outside there is one way in; from inside there are two ways out.
        Check::Between { value, low, high, negated }
            if wanted != *negated && low.is_constant() && high.is_constant() =>
        {
            let below = sign(&difference(&measure(value), &measure(low))?).is_gt();
            let (comparison, bound) = if below {
                (Comparison::GreaterOrEqual, low)
            } else {
                (Comparison::LessOrEqual, high)
            };
            return Some((value, comparison, bound));
        }
        _ => return None,
    };
    Some((value, if wanted { comparison } else { comparison.opposite() }, bound))
}

fn difference(value: &Measure, bound: &Measure) -> Option<Measure> {
    let time = |value: i64, bound: i64| {
        bound.checked_sub(value).map(Duration::from_micros).map(Measure::Duration)
    };
    match (value, bound) {
        (Measure::Duration(value), Measure::Duration(bound)) => {
            time(value.micros(), bound.micros())
        }
        (Measure::Instant(value), Measure::Instant(bound)) => time(value.micros(), bound.micros()),
        (Measure::Number(value), Measure::Number(bound)) => {
            Some(Measure::Number(bound.plus(&value.negated())))
        }
        _ => None,
    }
}

/// How a difference compares with none.
fn sign(by: &Measure) -> Ordering {
    match by {
        Measure::Duration(by) => by.cmp(&Duration::ZERO),
        Measure::Number(by) => by.cmp(&Exact::whole(0)),
        _ => Ordering::Equal,
    }
}

impl fmt::Display for Distance {
    /// `1800 instead of more than 2000, over 200 more`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { value, comparison, bound, by } = self;
        let instant = matches!(bound, Measure::Instant(_));
        let than = match (comparison, instant) {
            (Comparison::Equal, _) => "exactly",
            (Comparison::NotEqual, _) => "anything but",
            (Comparison::Less, false) => "less than",
            (Comparison::Less, true) => "before",
            (Comparison::LessOrEqual, false) => "at most",
            (Comparison::LessOrEqual, true) => "at or before",
            (Comparison::Greater, false) => "more than",
            (Comparison::Greater, true) => "after",
            (Comparison::GreaterOrEqual, false) => "at least",
            (Comparison::GreaterOrEqual, true) => "at or after",
        };
        write!(f, "{value} instead of {than} {bound}")?;
        let up = match (sign(by), comparison) {
            (_, Comparison::NotEqual) => return Ok(()),
            (Ordering::Equal, comparison) => *comparison == Comparison::Greater,
            (sign, _) => sign.is_gt(),
        };
        let more = match (up, instant) {
            (true, false) => "more",
            (true, true) => "later",
            (false, false) => "less",
            (false, true) => "earlier",
        };
        match (comparison, sign(by)) {
            (_, Ordering::Equal) => write!(f, ", any {more}"),
            (Comparison::Less | Comparison::Greater, _) => write!(f, ", over {} {more}", size(by)),
            _ => write!(f, ", {} {more}", size(by)),
        }
    }
}

/// A difference without its sign.
fn size(by: &Measure) -> Measure {
    match by {
        Measure::Duration(by) => {
            Measure::Duration(Duration::from_micros(by.micros().saturating_abs()))
        }
        Measure::Number(number) if sign(by).is_lt() => Measure::Number(number.negated()),
        by => by.clone(),
    }
}

fn as_text<S: Serializer>(measure: &Measure, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(measure)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn as_symbol<S: Serializer>(comparison: &Comparison, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(comparison.symbol())
}
