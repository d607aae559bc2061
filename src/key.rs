//! Secret keys and where they come from.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

/// Which generation of a key. It is stored beside everything that was made with the key.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
pub struct KeyVersion(u32);

impl KeyVersion {
    /// The generation of this number.
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The generation's number.
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for KeyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// Bytes that nobody should see: `Debug` does not print them, and they are overwritten when dropped.
#[derive(Clone)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// The least number of bytes in a key, as long as the digest that it keys (RFC 2104, section 3).
    pub const MIN_BYTES: usize = 32;

    /// Keeps `bytes` secret.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Key`] for fewer than [`Secret::MIN_BYTES`] bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self> {
        let bytes = Zeroizing::new(bytes.into());
        if bytes.len() < Self::MIN_BYTES {
            let detail = format!("a key needs {} bytes or more", Self::MIN_BYTES);
            return Err(Error::new(ErrorKind::Key, detail));
        }
        Ok(Self(bytes))
    }

    /// The bytes, for the one computation that needs them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Hands out keys by generation.
///
/// # Contract
/// The same generation always names the same key. The active generation is one that [`key`]
/// returns. A generation that was destroyed is `None` for ever.
///
/// # Errors
/// [`ErrorKind::Key`] where no key is to be had; nothing is then hashed, signed or sent.
///
/// # Implementing
/// A host reads its key service when it starts and answers from memory; both calls are made for
/// every record.
///
/// # Example
/// ```
/// use bespoke::key::{KeyProvider, KeyVersion, Keys, Secret};
///
/// let keys = Keys::new(KeyVersion::new(2), Secret::new([7; 32])?)
///     .with_accepted(KeyVersion::new(1), Secret::new([1; 32])?);
/// assert_eq!(keys.active()?.0, KeyVersion::new(2));
/// assert!(keys.key(KeyVersion::new(3)).is_none());
/// assert!(!format!("{keys:?}").contains('7'));
/// # Ok::<(), bespoke::Error>(())
/// ```
///
/// [`key`]: KeyProvider::key
pub trait KeyProvider: fmt::Debug + Send + Sync {
    /// The generation to make new things with.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Key`] where there is none at the moment.
    fn active(&self) -> Result<(KeyVersion, Secret)>;

    /// The key of a generation, to check or find what was made with it.
    fn key(&self, version: KeyVersion) -> Option<Secret>;

    /// The generations that still count, the active one included, in ascending order.
    fn accepted(&self) -> Vec<KeyVersion>;
}

/// Gives bytes that nobody can guess, to make keys of.
///
/// # Contract
/// Every call fills all of `bytes`, from a source fit for keys; no two calls give the same 32
/// bytes, in this process or in another.
///
/// # Errors
/// [`ErrorKind::Key`] where the source does not answer; no key is then made.
///
/// # Implementing
/// Ask the operating system (the `getrandom` crate, `/dev/urandom`). This crate draws nothing by
/// itself, so that everything but keys can be replayed. Tests and demonstrations use
/// `testing::key::SeededEntropy` (feature `testing`).
///
/// # Example
/// ```
/// use std::io::Read;
///
/// use bespoke::key::Entropy;
/// use bespoke::{Error, Result, error::ErrorKind};
///
/// /// The random source of a Unix system.
/// #[derive(Debug)]
/// struct Unix;
///
/// impl Entropy for Unix {
///     fn fill(&self, bytes: &mut [u8]) -> Result<()> {
///         let source = std::fs::File::open("/dev/urandom");
///         let filled = source.and_then(|mut source| source.read_exact(bytes));
///         filled.map_err(|error| Error::new(ErrorKind::Key, error.to_string()))
///     }
/// }
/// ```
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills all of `bytes`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Key`] where the source does not answer.
    fn fill(&self, bytes: &mut [u8]) -> Result<()>;
}

/// Keys held in memory: one active, others accepted.
#[derive(Clone)]
pub struct Keys {
    active: KeyVersion,
    keys: BTreeMap<KeyVersion, Secret>,
}

impl Keys {
    /// One key, active.
    pub fn new(version: KeyVersion, key: Secret) -> Self {
        Self { active: version, keys: BTreeMap::from([(version, key)]) }
    }

    /// One more key, accepted for what was made with it.
    #[must_use]
    pub fn with_accepted(mut self, version: KeyVersion, key: Secret) -> Self {
        self.keys.entry(version).or_insert(key);
        self
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("active", &self.active.number())
            .field("accepted", &self.keys.len())
            .finish_non_exhaustive()
    }
}

impl KeyProvider for Keys {
    fn active(&self) -> Result<(KeyVersion, Secret)> {
        let key =
            self.key(self.active).ok_or_else(|| Error::new(ErrorKind::Key, "no active key"))?;
        Ok((self.active, key))
    }

    fn key(&self, version: KeyVersion) -> Option<Secret> {
        self.keys.get(&version).cloned()
    }

    fn accepted(&self) -> Vec<KeyVersion> {
        self.keys.keys().copied().collect()
    }
}
