//! Integration tests, one binary.

mod identity;
mod privacy;
