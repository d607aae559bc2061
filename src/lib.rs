//! draft
pub mod error;
pub mod time;
pub mod value;
pub mod id;
pub mod key;
pub mod seed;
pub mod schema;
pub mod event;
pub mod facts;
pub mod expr;
#[cfg(feature = "testing")]
pub mod testing;

pub use error::{Error, Result};
