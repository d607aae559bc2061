//! The words of each engine.

use super::number::Width;
use super::table::{Column, Storage, Table};
use crate::error::{Error, ErrorKind, Result};
use crate::time::Timestamp;

/// The SQL of an engine.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Dialect {
    /// Google BigQuery. Its timestamps are of the type `TIMESTAMP`.
    BigQuery,
    /// ClickHouse. Columns that may be NULL are `Nullable`, timestamps are `DateTime64(6, 'UTC')`.
    ClickHouse,
    /// DuckDB. Its timestamps are of the type `TIMESTAMP`.
    DuckDb,
    /// PostgreSQL, from 14 on. Its timestamps are of the type `TIMESTAMP`.
    Postgres,
    /// Snowflake, where quoted names are case-sensitive. Its timestamps are `TIMESTAMP_NTZ`.
    Snowflake,
    /// Apache Spark and Databricks, in a session whose time zone is UTC.
    Spark,
    /// SQLite, from 3.30 on. It has neither timestamps nor decimals.
    Sqlite,
}

/// How a dialect says what others say otherwise.
pub(super) struct Words {
    /// What stands around a name.
    pub(super) quote: char,
    pub(super) backslash: Backslash,
    /// Whether aggregates have a FILTER.
    pub(super) filters: bool,
    /// The type of whole numbers of 38 digits.
    pub(super) wide: &'static str,
    /// The type of decimals with six digits after the point, and room for their millionths.
    pub(super) decimal: &'static str,
    /// Whether a sum of integers is of a wider type by itself.
    pub(super) sum_widens: bool,
    /// What orders text by code point.
    pub(super) collation: &'static str,
    pub(super) like: Like,
    /// What stands at the end.
    pub(super) settings: &'static str,
}

/// Where a backslash escapes.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Backslash {
    InTexts,
    InTextsAndNames,
    Nowhere,
}

/// How text is matched with a pattern.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Like {
    /// LIKE does, and a backslash in the pattern escapes.
    Backslash,
    /// LIKE does not tell cases apart, GLOB does.
    Glob,
    /// LIKE does, if told that nothing escapes.
    NoEscape,
    Plain,
}

const STANDARD: Words = Words {
    quote: '"',
    backslash: Backslash::Nowhere,
    filters: true,
    wide: "DECIMAL(38, 0)",
    decimal: "DECIMAL(38, 6)",
    sum_widens: false,
    collation: "",
    like: Like::Plain,
    settings: "",
};

const ESCAPING: Words =
    Words { backslash: Backslash::InTexts, filters: false, like: Like::Backslash, ..STANDARD };

impl Dialect {
    /// All there are.
    pub const ALL: [Self; 7] = [
        Self::BigQuery,
        Self::ClickHouse,
        Self::DuckDb,
        Self::Postgres,
        Self::Snowflake,
        Self::Spark,
        Self::Sqlite,
    ];

    /// Its name in lower case: `duckdb`.
    pub fn name(self) -> &'static str {
        match self {
            Self::BigQuery => "bigquery",
            Self::ClickHouse => "clickhouse",
            Self::DuckDb => "duckdb",
            Self::Postgres => "postgres",
            Self::Snowflake => "snowflake",
            Self::Spark => "spark",
            Self::Sqlite => "sqlite",
        }
    }

    pub(super) fn width(self) -> Width {
        match self {
            Self::Sqlite => Width::BITS_64,
            _ => Width::DIGITS_38,
        }
    }

    pub(super) fn words(self) -> Words {
        match self {
            Self::BigQuery => Words {
                quote: '`',
                backslash: Backslash::InTextsAndNames,
                wide: "BIGNUMERIC(38, 0)",
                decimal: "NUMERIC(35, 6)",
                ..ESCAPING
            },
            Self::ClickHouse => Words {
                backslash: Backslash::InTextsAndNames,
                wide: "Nullable(Int128)",
                decimal: "Nullable(Decimal(38, 6))",
                settings: "\nSETTINGS join_use_nulls = 1",
                ..ESCAPING
            },
            Self::DuckDb => Words { wide: "HUGEINT", sum_widens: true, ..STANDARD },
            Self::Postgres => Words {
                wide: "NUMERIC(38, 0)",
                sum_widens: true,
                collation: " COLLATE \"C\"",
                like: Like::NoEscape,
                ..STANDARD
            },
            Self::Snowflake => {
                Words { wide: "NUMBER(38, 0)", sum_widens: true, like: Like::Plain, ..ESCAPING }
            }
            Self::Spark => Words { quote: '`', filters: true, ..ESCAPING },
            Self::Sqlite => Words { like: Like::Glob, ..STANDARD },
        }
    }

    /// Checks that the engine has the types that a table's columns are said to have.
    pub(super) fn check(self, table: &Table) -> Result<()> {
        let lacks = |column: &&Column| {
            self == Self::Sqlite && matches!(column.storage, Storage::Decimal | Storage::Timestamp)
        };
        match table.columns().find(lacks) {
            Some(column) => {
                let detail = format!(
                    "the column `{}`: SQLite has neither decimals nor timestamps; \
                     keep whole numbers, and whole microseconds",
                    column.name
                );
                Err(Error::new(ErrorKind::Schema, detail))
            }
            None => Ok(()),
        }
    }

    /// An instant as a timestamp of the engine.
    pub(super) fn instant(self, at: Timestamp) -> String {
        let text = at.to_string().replace('T', " ");
        let text = text.trim_end_matches('Z');
        match self {
            Self::BigQuery => format!("TIMESTAMP '{text}+00:00'"),
            Self::ClickHouse => format!("toDateTime64('{text}', 6, 'UTC')"),
            Self::Snowflake | Self::Spark => format!("CAST('{text}' AS TIMESTAMP_NTZ)"),
            Self::DuckDb | Self::Postgres | Self::Sqlite => format!("TIMESTAMP '{text}'"),
        }
    }

    /// A timestamp's microseconds since 1970-01-01T00:00:00Z.
    pub(super) fn micros(self, timestamp: &str) -> String {
        match self {
            Self::BigQuery => format!("UNIX_MICROS({timestamp})"),
            Self::ClickHouse => format!("toUnixTimestamp64Micro({timestamp})"),
            Self::DuckDb | Self::Sqlite => format!("EPOCH_US({timestamp})"),
            Self::Postgres => {
                format!("CAST(EXTRACT(EPOCH FROM {timestamp}) * 1000000 AS BIGINT)")
            }
            Self::Snowflake => format!("DATE_PART(EPOCH_MICROSECOND, {timestamp})"),
            Self::Spark => format!("UNIX_MICROS(CAST({timestamp} AS TIMESTAMP))"),
        }
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Dialect {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.name() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::name).join(", ");
            Error::new(ErrorKind::Input, format!("there is no dialect `{name}`; there are {known}"))
        })
    }
}
