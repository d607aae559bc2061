//! Who somebody is: mail addresses in the three forms that must not be confused, keyed pseudonyms,
//! and [`Links`] between identifiers that turned out to be one person's.
//!
//! | form | type | for |
//! | --- | --- | --- |
//! | as given | [`GivenEmail`] | sending; nothing is changed |
//! | canonical | [`CanonicalEmail`] | telling people apart within the host |
//! | of a platform | [`PlatformEmail`] | handing audiences to an advertising platform |
//!
//! All three are personal data, the platform's hash included: it has no key, so whoever has a list
//! of addresses can find the address of a hash. Only a [`Hasher`]'s [`Digest`] cannot be guessed
//! without the key, and to those who hold the key it is a pseudonym, still personal data (EDPB
//! Guidelines 01/2025). No `Debug` here prints an address or a key.
//!
//! ```
//! use std::sync::Arc;
//!
//! use bespoke::identity::{GivenEmail, Hasher, Platform};
//! use bespoke::key::{KeyVersion, Keys, Secret};
//!
//! let given = GivenEmail::new(" John_Smith@gmail.com ")?;
//! let hasher = Hasher::new(Arc::new(Keys::new(KeyVersion::new(1), Secret::new([7; 32])?)));
//! let digest = hasher.digest(&given.canonical())?;
//! assert!(digest.to_string().starts_with("v1:"));
//! assert_eq!(digest, digest.to_string().parse()?);
//! assert!(given.on(Platform::Meta)?.hashed().starts_with("62a14e44"));
//! # Ok::<(), bespoke::Error>(())
//! ```

mod address;
pub(crate) mod encode;
mod hasher;
mod links;
mod platform;

#[cfg(feature = "mail")]
pub(crate) use address::ascii_domain;
pub use address::{CanonicalEmail, GivenEmail};
#[cfg(any(feature = "mail", feature = "seal"))]
pub(crate) use hasher::keyed;
pub use hasher::{Digest, Hasher};
pub use links::Links;
pub(crate) use links::linked_by;
pub use platform::{Platform, PlatformEmail};
