//! What the tests of a host need too.

pub mod shop;
