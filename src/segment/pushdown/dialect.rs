//! The words of each engine.
use super::number::Width;

/// The SQL of an engine.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Dialect {
    /// Google BigQuery.
    BigQuery,
    /// ClickHouse.
    ClickHouse,
    /// DuckDB.
    DuckDb,
    /// PostgreSQL, 12 or later.
    Postgres,
    /// Snowflake.
    Snowflake,
    /// Apache Spark and Databricks.
    Spark,
    /// SQLite, 3.30 or later.
    Sqlite,
}

impl Dialect {
    pub(super) fn width(self) -> Width {
        match self {
            Self::Sqlite => Width::BITS_64,
            _ => Width::DIGITS_38,
        }
    }
}
