//! What the tests of a host need too.

pub mod naive;
pub mod strategy;
