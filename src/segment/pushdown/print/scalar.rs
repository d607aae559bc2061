//! Expressions as SQL.

use super::super::dialect::{Dialect, Like};
use super::super::plan::{From, Scalar};
use super::Printer;

impl Printer<'_> {
    pub(super) fn scalar(&self, scalar: &Scalar) -> String {
        match scalar {
            Scalar::Add(a, b) => format!("{} + {}", self.operand(a), self.operand(b)),
            Scalar::And(parts) => self.list(parts, " AND "),
            Scalar::Boolean(truth) => if *truth { "TRUE" } else { "FALSE" }.to_owned(),
            Scalar::Coalesce(a, b) => format!("COALESCE({}, {})", self.scalar(a), self.scalar(b)),
            Scalar::CodePoints(text) => format!("{}{}", self.operand(text), self.words.collation),
            Scalar::Column(from, column) => {
                let from = match from {
                    From::Element => "x",
                    From::Event => "e",
                    From::Link => "k",
                };
                format!("{from}.{}", self.name(&column.name))
            }
            Scalar::Compare(a, op, b) => {
                format!("{} {} {}", self.operand(a), op.symbol(), self.operand(b))
            }
            Scalar::Fold(number) => format!("people.fold_{number}"),
            Scalar::If(when, value, otherwise) => self.choice(when, value, otherwise),
            Scalar::In(value, list) => {
                format!("{} IN ({})", self.operand(value), self.list(list, ", "))
            }
            Scalar::Instant(at, _) => self.dialect.instant(*at),
            Scalar::Integer(integer) => self.integer(*integer),
            Scalar::IsNull(value) => format!("{} IS NULL", self.operand(value)),
            Scalar::Lift(number) => format!("lift_{number}.lift_{number}"),
            Scalar::Like(text, pattern) => self.like(text, pattern),
            Scalar::Micros(timestamp) => self.dialect.micros(&self.scalar(timestamp)),
            Scalar::Millionths(decimal) => self.millionths(decimal),
            Scalar::Multiply(a, b) => format!("{} * {}", self.operand(a), self.operand(b)),
            Scalar::Not(inner) => match &**inner {
                Scalar::IsNull(value) => format!("{} IS NOT NULL", self.operand(value)),
                inner => format!("NOT {}", self.operand(inner)),
            },
            Scalar::Null => "NULL".to_owned(),
            Scalar::Or(parts) => self.list(parts, " OR "),
            Scalar::Text(text) => self.text(text),
            Scalar::Wide(value) => self.cast(&self.scalar(value)),
        }
    }

    /// An expression as a part of another.
    fn operand(&self, scalar: &Scalar) -> String {
        let sql = self.scalar(scalar);
        match scalar {
            Scalar::Add(..)
            | Scalar::And(_)
            | Scalar::CodePoints(_)
            | Scalar::Compare(..)
            | Scalar::In(..)
            | Scalar::IsNull(_)
            | Scalar::Like(..)
            | Scalar::Multiply(..)
            | Scalar::Not(_)
            | Scalar::Or(_) => format!("({sql})"),
            _ => sql,
        }
    }

    fn list(&self, parts: &[Scalar], between: &str) -> String {
        parts.iter().map(|part| self.operand(part)).collect::<Vec<_>>().join(between)
    }

    fn choice(&self, when: &Scalar, value: &Scalar, otherwise: &Scalar) -> String {
        let (when, value) = (self.scalar(when), self.scalar(value));
        match otherwise {
            Scalar::Null => format!("CASE WHEN {when} THEN {value} END"),
            otherwise => {
                format!("CASE WHEN {when} THEN {value} ELSE {} END", self.scalar(otherwise))
            }
        }
    }

    fn integer(&self, integer: i128) -> String {
        match i64::try_from(integer) {
            Ok(integer) => integer.to_string(),
            // What is longer is a floating-point number to some.
            Err(_) => self.cast(&format!("'{integer}'")),
        }
    }

    fn cast(&self, value: &str) -> String {
        format!("CAST({value} AS {})", self.words.wide)
    }

    fn millionths(&self, decimal: &Scalar) -> String {
        let decimal = self.scalar(decimal);
        match self.dialect {
            Dialect::BigQuery | Dialect::Postgres => {
                self.cast(&format!("CAST({decimal} AS {}) * 1000000", self.words.wide))
            }
            // Its decimals keep their digits when they are multiplied.
            Dialect::ClickHouse => {
                self.cast(&format!("CAST({decimal} AS Nullable(Decimal(38, 6))) * 1000000"))
            }
            _ => self.cast(&format!("{decimal} * 1000000")),
        }
    }

    fn like(&self, text: &Scalar, pattern: &str) -> String {
        let text = self.operand(text);
        match self.words.like {
            Like::Backslash => {
                format!("{text} LIKE {}", self.text(&pattern.replace('\\', r"\\")))
            }
            Like::Glob => format!("{text} GLOB {}", self.text(&glob(pattern))),
            Like::NoEscape => format!("{text} LIKE {} ESCAPE ''", self.text(pattern)),
            Like::Plain => format!("{text} LIKE {}", self.text(pattern)),
        }
    }

    fn text(&self, text: &str) -> String {
        if !self.words.escapes {
            return format!("'{}'", text.replace('\'', "''"));
        }
        let text = text.replace('\\', r"\\").replace('\'', r"\'");
        format!("'{}'", text.replace('\n', r"\n").replace('\r', r"\r"))
    }
}

/// A pattern of `%` and `_` as one of `*` and `?`, in which brackets take these for themselves.
fn glob(pattern: &str) -> String {
    let mut glob = String::new();
    for letter in pattern.chars() {
        match letter {
            '%' => glob.push('*'),
            '_' => glob.push('?'),
            '*' | '?' | '[' => glob.extend(['[', letter, ']']),
            letter => glob.push(letter),
        }
    }
    glob
}
