//! draft
#[cfg(feature = "mail")]
pub mod email;
pub mod error;
pub mod event;
pub mod facts;
pub mod gate;
pub mod id;
pub mod identity;
pub mod key;
pub mod privacy;
pub mod schema;
pub mod seed;
#[cfg(feature = "testing")]
pub mod testing;
pub mod time;
pub mod value;

pub use error::{Error, Result};
