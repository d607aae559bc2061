//! draft
pub mod error;
pub mod event;
pub mod expr;
pub mod facts;
pub mod id;
pub mod key;
pub mod metric;
pub mod schema;
pub mod seed;
pub mod segment;
pub mod time;
pub mod value;

pub use error::{Error, Result};
