//! Expressions of a plan as DataFusion's.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Column, Result, ScalarValue, TableReference};
use datafusion::functions_aggregate::expr_fn::{count, max, min, sum};
use datafusion::logical_expr::expr::Like;
use datafusion::logical_expr::{
    Expr, ExprFunctionExt, Operator, binary_expr, cast, lit, not, when,
};
use datafusion::prelude::coalesce;

use crate::expr::Comparison;
use crate::segment::pushdown::plan::{Fold, FoldFunction, From, Scalar};
use crate::time::Timestamp;

/// A column of a relation that goes by this name in the plan.
pub(super) fn of(relation: &str, column: &str) -> Expr {
    Expr::Column(Column::new(Some(TableReference::bare(relation)), column))
}

/// What rows of another origin are called in a plan.
pub(super) fn relation(from: From) -> &'static str {
    match from {
        From::Element => "x",
        From::Event => "e",
        From::Link => "k",
    }
}

pub(super) fn fold(number: usize) -> String {
    format!("fold_{number}")
}

pub(super) fn lift(number: usize) -> String {
    format!("lift_{number}")
}

/// A fold as an aggregate of the rows that it selects.
pub(super) fn aggregate(Fold { function, value, when, .. }: &Fold) -> Result<Expr> {
    let value = expression(value)?;
    let (folded, distinct) = match function {
        FoldFunction::Count => (count(value), false),
        FoldFunction::CountDistinct => (count(value), true),
        FoldFunction::Max => (max(value), false),
        FoldFunction::Min => (min(value), false),
        FoldFunction::Sum => (sum(value), false),
        FoldFunction::SumDistinct => (sum(value), true),
    };
    let when = Some(when).filter(|when| **when != Scalar::Boolean(true));
    // Whatever is not said again here is forgotten by the builder.
    match (distinct, when.map(expression).transpose()?) {
        (false, None) => Ok(folded),
        (false, Some(when)) => folded.filter(when).build(),
        (true, None) => folded.distinct().build(),
        (true, Some(when)) => folded.distinct().filter(when).build(),
    }
}

pub(super) fn expression(scalar: &Scalar) -> Result<Expr> {
    Ok(match scalar {
        Scalar::Add(a, b) => expression(a)? + expression(b)?,
        Scalar::And(parts) => junction(parts, Operator::And, true)?,
        Scalar::Boolean(truth) => lit(*truth),
        Scalar::Coalesce(a, b) => coalesce(vec![expression(a)?, expression(b)?]),
        // Text is compared by bytes, which is by code point.
        Scalar::CodePoints(text) => expression(text)?,
        Scalar::Column(from, column) => of(relation(*from), &column.name),
        Scalar::Compare(a, op, b) => compare(a, *op, b)?,
        Scalar::Fold(number) => of("people", &fold(*number)),
        Scalar::If(condition, value, otherwise) => {
            when(expression(condition)?, expression(value)?).otherwise(expression(otherwise)?)?
        }
        Scalar::In(value, list) => {
            let list = list.iter().map(expression).collect::<Result<_>>()?;
            expression(value)?.in_list(list, false)
        }
        Scalar::Instant(at) => instant(*at),
        Scalar::Integer(integer) => whole(*integer),
        Scalar::IsNull(value) => expression(value)?.is_null(),
        Scalar::Lift(number) => of(&lift(*number), &lift(*number)),
        Scalar::Like(text, pattern) => {
            let pattern = Box::new(lit(pattern.replace('\\', r"\\")));
            Expr::Like(Like::new(false, Box::new(expression(text)?), pattern, None, false))
        }
        Scalar::Micros(timestamp) => cast(expression(timestamp)?, DataType::Int64),
        Scalar::Millionths(decimal) => millionths(expression(decimal)?),
        Scalar::Multiply(a, b) => expression(a)? * expression(b)?,
        Scalar::Not(inner) => match &**inner {
            Scalar::IsNull(value) => expression(value)?.is_not_null(),
            inner => not(expression(inner)?),
        },
        Scalar::Null => lit(ScalarValue::Null),
        Scalar::Or(parts) => junction(parts, Operator::Or, false)?,
        Scalar::Text(text) => lit(&**text),
        Scalar::Wide(value) => wide(expression(value)?),
    })
}

fn junction(parts: &[Scalar], op: Operator, nothing: bool) -> Result<Expr> {
    let parts: Vec<Expr> = parts.iter().map(expression).collect::<Result<_>>()?;
    let joined = parts.into_iter().reduce(|all, part| binary_expr(all, op, part));
    Ok(joined.unwrap_or_else(|| lit(nothing)))
}

fn compare(a: &Scalar, op: Comparison, b: &Scalar) -> Result<Expr> {
    let operator = match op {
        Comparison::Equal => Operator::Eq,
        Comparison::Greater => Operator::Gt,
        Comparison::GreaterOrEqual => Operator::GtEq,
        Comparison::Less => Operator::Lt,
        Comparison::LessOrEqual => Operator::LtEq,
        Comparison::NotEqual => Operator::NotEq,
    };
    let (a, b) = match (a, b) {
        // A decimal compares with a decimal as it is stored, so that files can be passed over.
        (Scalar::Millionths(decimal), Scalar::Integer(bound)) => {
            (expression(decimal)?, lit(ScalarValue::Decimal128(Some(*bound), 38, 6)))
        }
        (a, b) => (expression(a)?, expression(b)?),
    };
    Ok(binary_expr(a, operator, b))
}

fn instant(at: Timestamp) -> Expr {
    lit(ScalarValue::TimestampMicrosecond(Some(at.micros()), None))
}

fn whole(integer: i128) -> Expr {
    match i64::try_from(integer) {
        Ok(integer) => lit(integer),
        Err(_) => lit(ScalarValue::Decimal128(Some(integer), 38, 0)),
    }
}

/// Sums and products of these are of 38 digits as well.
fn wide(value: Expr) -> Expr {
    cast(value, DataType::Decimal128(38, 0))
}

fn millionths(decimal: Expr) -> Expr {
    let million = lit(ScalarValue::Decimal128(Some(1_000_000), 7, 0));
    wide(cast(decimal, DataType::Decimal128(38, 6)) * million)
}
