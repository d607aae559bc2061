//! PostgreSQL against a server: what stores owe, races, transactions of the host, and crashes; and
//! rules asked of tables. Skipped, with a word, where `BESPOKE_POSTGRES` names no server.

mod contract;
mod crash;
#[path = "../../it/defined.rs"]
mod defined;
mod example;
mod format;
#[path = "../../../examples/support/postgres.rs"]
mod postgres;
mod pushdown;
mod races;
mod server;
#[expect(dead_code, reason = "of the two ways to store a number PostgreSQL is given the first")]
#[path = "../../../examples/support/tables.rs"]
mod tables;
