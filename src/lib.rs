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

pub mod identity;
pub mod privacy;

pub mod expr;
pub mod metric;
pub mod segment;

pub mod source;

pub mod gate;
#[cfg(feature = "mail")]
pub mod email;

#[cfg(feature = "testing")]
pub mod testing;

pub use error::{Error, Result};
