//! Integration tests, one binary.

#[cfg(feature = "mail")]
mod email;
mod identity;
mod privacy;
