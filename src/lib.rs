#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

// The order of this list is the order of the layers: a module uses only those above it
// (tests/layers.rs).

// What everything is made of.
pub mod error;
pub mod time;
pub mod value;
pub mod id;
pub mod key;
pub mod seed;
pub mod stats;
pub mod page;
pub(crate) mod folder;
pub(crate) mod bits;
pub(crate) mod few;
pub(crate) mod memory;

// Facts: the vocabulary, the envelope, a person's timeline as known at an instant.
pub mod schema;
pub mod event;
pub mod facts;

// Trust: who somebody is, and what may be done with what is known of them.
pub mod identity;
pub mod privacy;

// Meaning: the rule language, figures over facts, membership.
pub mod expr;
pub mod metric;
pub mod segment;

// Where records come from.
pub mod source;

// Learning: what is likely.
pub mod table;
pub mod feature;
pub mod scorer;
pub mod lifetime;

// Choosing: by chance that is the same each time, by where somebody is.
pub mod experiment;
pub mod place;

// Speaking: what is said, whether it may be, and the message that says it.
pub mod lint;
mod frame;
#[cfg(feature = "library")]
pub mod preview;
pub mod content;
#[cfg(feature = "library")]
pub mod library;
pub mod claim;
pub mod gate;
#[cfg(feature = "mail")]
pub mod email;

// Doing: what is handed over, and what is kept.
pub mod delivery;
pub mod store;
pub mod broadcast;
pub mod model;

// The centre.
pub mod engine;

// What a team keeps in Git.
pub mod playbook;

// What a run came to.
pub mod report;

// One night's work.
#[cfg(all(feature = "mail", feature = "seal"))]
pub mod run;

// For tests, and for reading.
#[cfg(feature = "testing")]
pub mod testing;
pub mod guide;

#[doc(inline)]
pub use engine::Engine;
#[doc(inline)]
pub use error::{Error, Result};
