//! Expressions as SQL.

use std::fmt::Write;

use super::super::dialect::{Backslash, Like};
use super::super::plan::{From, Scalar};
use super::Printer;

impl Printer<'_> {
    pub(super) fn scalar(&self, scalar: &Scalar) -> String {
        match scalar {
            Scalar::Add(a, b) => {
                format!("{} + {}", self.part(a, Level::Sum), self.part(b, Level::Product))
            }
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
                let (a, b) = (self.part(a, Level::Sum), self.part(b, Level::Sum));
                format!("{a} {} {b}", op.symbol())
            }
            Scalar::Fold(number) => format!("people.fold_{number}"),
            Scalar::If(when, value, otherwise) => self.choice(when, value, otherwise),
            Scalar::In(value, list) => {
                format!("{} IN ({})", self.operand(value), self.list(list, ", "))
            }
            Scalar::Instant(at) => self.dialect.instant(*at),
            Scalar::Integer(integer) => self.integer(*integer),
            Scalar::IsNull(value) => format!("{} IS NULL", self.operand(value)),
            Scalar::Lift(number) => format!("lift_{number}.lift_{number}"),
            Scalar::Like(text, pattern) => self.like(text, pattern),
            Scalar::Micros(timestamp) => self.dialect.micros(&self.scalar(timestamp)),
            Scalar::Millionths(decimal) => self.millionths(decimal),
            Scalar::Multiply(a, b) => {
                format!("{} * {}", self.part(a, Level::Product), self.operand(b))
            }
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

    /// An expression as a part of another, in parentheses where it binds more loosely than wanted.
    fn part(&self, scalar: &Scalar, wanted: Level) -> String {
        let sql = self.scalar(scalar);
        if Level::of(scalar) < wanted { format!("({sql})") } else { sql }
    }

    fn operand(&self, scalar: &Scalar) -> String {
        self.part(scalar, Level::Factor)
    }

    fn list(&self, parts: &[Scalar], between: &str) -> String {
        parts.iter().map(|part| self.part(part, Level::Not)).collect::<Vec<_>>().join(between)
    }

    fn choice(&self, when: &Scalar, value: &Scalar, otherwise: &Scalar) -> String {
        let mut sql = format!("CASE WHEN {} THEN {}", self.scalar(when), self.scalar(value));
        let mut rest = otherwise;
        while let Scalar::If(when, value, otherwise) = rest {
            let _ = write!(sql, " WHEN {} THEN {}", self.scalar(when), self.scalar(value));
            rest = otherwise;
        }
        match rest {
            Scalar::Null => sql + " END",
            rest => format!("{sql} ELSE {} END", self.scalar(rest)),
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
        let decimal = format!("CAST({} AS {})", self.scalar(decimal), self.words.decimal);
        self.cast(&format!("{decimal} * 1000000"))
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
        if self.words.backslash == Backslash::Nowhere {
            return format!("'{}'", text.replace('\'', "''"));
        }
        let text = text.replace('\\', r"\\").replace('\'', r"\'");
        format!("'{}'", text.replace('\n', r"\n").replace('\r', r"\r"))
    }
}

/// How tightly an expression binds, the loosest first.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Level {
    Junction,
    Not,
    Test,
    Sum,
    Product,
    Factor,
}

impl Level {
    fn of(scalar: &Scalar) -> Self {
        match scalar {
            Scalar::And(_) | Scalar::Or(_) => Self::Junction,
            Scalar::Not(inner) if !matches!(**inner, Scalar::IsNull(_)) => Self::Not,
            Scalar::Compare(..)
            | Scalar::In(..)
            | Scalar::IsNull(_)
            | Scalar::Like(..)
            | Scalar::Not(_) => Self::Test,
            Scalar::Add(..) => Self::Sum,
            Scalar::Multiply(..) => Self::Product,
            _ => Self::Factor,
        }
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
