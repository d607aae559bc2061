//! The store in PostgreSQL against a server: what stores owe, races, transactions of the host, and
//! crashes. Skipped, with a word, where `BESPOKE_POSTGRES` names no server.

mod contract;
mod crash;
mod format;
mod races;
mod server;
