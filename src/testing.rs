//! What the tests of a host need too: the suites that an implementation of a trait must pass.

pub mod vault;
