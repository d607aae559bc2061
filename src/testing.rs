//! Conformance suites for what a host brings.

pub mod source;
