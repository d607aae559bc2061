//! What the tests of a host need too: conformance suites, a simulated shop, the workload of the
//! benchmarks, the reference evaluator and generators.

mod catalogue;
mod chance;
#[cfg(feature = "mail")]
pub mod channel;
pub mod content_source;
pub mod key;
pub mod naive;
pub mod feature;
pub mod scorer;
pub mod shop;
pub mod source;
pub mod store;
pub mod strategy;
pub mod vault;
mod words;
pub mod workload;
