//! Keyed pseudonyms.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::Sha256;

use super::address::CanonicalEmail;
use super::encode;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{KeyProvider, KeyVersion, Secret};

/// Separates pseudonyms from everything else that is made with the same key.
const DOMAIN: &str = "bespoke.identity";
/// The type of identifier that is hashed, so that an address and, say, a telephone number of the
/// same spelling would differ.
const EMAIL: &str = "email";

/// A keyed pseudonym: the generation of the key, and HMAC-SHA-256 under it. It prints as
/// `v1:<64 hex digits>` and is read back from that.
///
/// `==` is for maps and sets of stored digests and is not constant in time; where a guess must
/// learn nothing, ask [`Hasher::matches`].
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Digest {
    /// Which generation of the key made it.
    pub version: KeyVersion,
    /// The HMAC.
    pub bytes: [u8; 32],
}

impl Digest {
    /// The digest of these parts, as a store kept them.
    pub const fn new(version: KeyVersion, bytes: [u8; 32]) -> Self {
        Self { version, bytes }
    }
}

/// Makes pseudonyms of addresses: HMAC-SHA-256(key, domain tag `00` type `00` canonical form).
///
/// The key is what keeps a digest from being guessed. A host that must not be able to join the
/// people of two tenants gives each its own keys.
#[derive(Clone)]
pub struct Hasher {
    keys: Arc<dyn KeyProvider>,
}

impl Hasher {
    /// Makes pseudonyms with these keys.
    pub fn new(keys: Arc<dyn KeyProvider>) -> Self {
        Self { keys }
    }

    /// The pseudonym under the active key, to store.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Key`] where there is no active key.
    pub fn digest(&self, address: &CanonicalEmail) -> Result<Digest> {
        let (version, key) = self.keys.active()?;
        Ok(digest(version, &key, address))
    }

    /// The pseudonyms under every accepted generation of the key, in ascending order: one of them
    /// is the stored one, whenever it was stored.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Key`] where an accepted generation has no key. A look-up that left it out
    /// would miss people, and a missed suppression is a mail that must not go out.
    pub fn candidates(&self, address: &CanonicalEmail) -> Result<Vec<Digest>> {
        let versions = self.keys.accepted();
        let digests = versions.into_iter().map(|version| {
            let key = self.keys.key(version).ok_or_else(|| {
                Error::new(ErrorKind::Key, format!("there is no key {version}, yet it is accepted"))
            })?;
            Ok(digest(version, &key, address))
        });
        digests.collect()
    }

    /// Whether `digest` is a pseudonym of this address, compared in constant time. Without the
    /// digest's key it is not.
    pub fn matches(&self, digest: &Digest, address: &CanonicalEmail) -> bool {
        let key = self.keys.key(digest.version);
        key.is_some_and(|key| mac(&key, address).verify_slice(&digest.bytes).is_ok())
    }
}

fn digest(version: KeyVersion, key: &Secret, address: &CanonicalEmail) -> Digest {
    Digest { version, bytes: mac(key, address).finalize().into_bytes().into() }
}

fn mac(key: &Secret, address: &CanonicalEmail) -> Hmac<Sha256> {
    // The domain tag and the type hold no zero byte, so no two rows of parts look alike.
    keyed(key, &[DOMAIN.as_bytes(), &[0], EMAIL.as_bytes(), &[0], address.as_str().as_bytes()])
}

/// HMAC-SHA-256 over the parts one after the other.
pub(crate) fn keyed(key: &Secret, parts: &[&[u8]]) -> Hmac<Sha256> {
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length (RFC 2104, section 2)")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key.expose()).expect("any length");
    for part in parts {
        mac.update(part);
    }
    mac
}

impl fmt::Debug for Hasher {
    /// Shows nothing of the keys, however the provider prints itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").finish_non_exhaustive()
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.version, encode::hex(&self.bytes))
    }
}

impl FromStr for Digest {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.strip_prefix('v').and_then(|text| text.split_once(':'));
        let read = parts.and_then(|(version, bytes)| {
            let version = KeyVersion::new(version.parse().ok()?);
            Some(Self { version, bytes: encode::unhex(bytes)?.try_into().ok()? })
        });
        // One spelling only: `v01` and `v+1` are numbers to `parse`, but were never printed.
        read.filter(|digest| digest.to_string() == text)
            .ok_or_else(|| Error::new(ErrorKind::Input, "a digest is `v<number>:<64 hex digits>`"))
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Keys;

    fn secret(byte: u8) -> Secret {
        Secret::new([byte; 32]).unwrap()
    }

    fn address(text: &str) -> CanonicalEmail {
        CanonicalEmail::new(text).unwrap()
    }

    #[test]
    fn the_hmac_is_that_of_rfc_4231() {
        // Keys below 32 bytes are refused by `Secret`, which leaves test cases 6 and 7 (131 bytes).
        let key = Secret::new([0xaa; 131]).unwrap();
        let cases: [(&[&[u8]], &str); 2] = [
            (
                &[b"Test Using Larger Than Block-Size Key", b" - Hash Key First"],
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
            (
                &[b"This is a test using a larger than block-size key and a larger than \
                    block-size data. The key needs to be hashed before being used by the HMAC \
                    algorithm."],
                "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
            ),
        ];
        for (parts, expected) in cases {
            assert_eq!(encode::hex(&keyed(&key, parts).finalize().into_bytes()), expected);
        }
    }

    #[test]
    fn a_digest_says_what_it_is_made_of() {
        let hasher = Hasher::new(Arc::new(Keys::new(KeyVersion::new(3), secret(7))));
        let digest = hasher.digest(&address("Ann@Example.com")).unwrap();
        let parts: &[&[u8]] = &[b"bespoke.identity\0email\0ann@example.com"];
        let expected: [u8; 32] = keyed(&secret(7), parts).finalize().into_bytes().into();
        assert_eq!(digest, Digest::new(KeyVersion::new(3), expected));
        assert_eq!(digest.to_string(), format!("v3:{}", encode::hex(&expected)));
    }

    #[test]
    fn a_digest_has_one_spelling() {
        let text = format!("v3:{}", "0a".repeat(32));
        let digest: Digest = text.parse().unwrap();
        assert_eq!(digest.to_string(), text);
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
        let hex = "0a".repeat(32);
        for wrong in [
            format!("v03:{hex}"),
            format!("v+3:{hex}"),
            format!("3:{hex}"),
            format!("v3:{}", hex.to_uppercase()),
            format!("v3:{hex}00"),
            format!("v4294967296:{hex}"),
            "v3".to_owned(),
        ] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_digest_is_found_and_matched_after_rotation() {
        let ann = address("ann@example.com");
        let old = Keys::new(KeyVersion::new(1), secret(1));
        let stored = Hasher::new(Arc::new(old)).digest(&ann).unwrap();
        let rotated =
            Keys::new(KeyVersion::new(2), secret(2)).with_accepted(KeyVersion::new(1), secret(1));
        let hasher = Hasher::new(Arc::new(rotated));
        assert_ne!(hasher.digest(&ann).unwrap(), stored);
        assert!(hasher.candidates(&ann).unwrap().contains(&stored));
        assert!(hasher.matches(&stored, &ann));
        assert!(!hasher.matches(&stored, &address("bob@example.com")));
        let renamed = Digest::new(KeyVersion::new(2), stored.bytes);
        assert!(!hasher.matches(&renamed, &ann));
        assert!(!hasher.matches(&Digest::new(KeyVersion::new(9), stored.bytes), &ann));
    }

    /// A provider that lost a key it accepts, and whose own `Debug` is careless.
    #[derive(Debug)]
    struct Careless {
        #[expect(dead_code, reason = "it is there to be printed")]
        plain: [u8; 32],
    }

    impl KeyProvider for Careless {
        fn active(&self) -> Result<(KeyVersion, Secret)> {
            Ok((KeyVersion::new(2), secret(213)))
        }

        fn key(&self, version: KeyVersion) -> Option<Secret> {
            (version == KeyVersion::new(2)).then(|| secret(213))
        }

        fn accepted(&self) -> Vec<KeyVersion> {
            vec![KeyVersion::new(1), KeyVersion::new(2)]
        }
    }

    #[test]
    fn a_lost_key_fails_the_look_up() {
        let hasher = Hasher::new(Arc::new(Careless { plain: [213; 32] }));
        let error = hasher.candidates(&address("ann@example.com")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Key);
    }

    #[test]
    fn debug_shows_no_key() {
        let hasher = Hasher::new(Arc::new(Careless { plain: [213; 32] }));
        let digest = hasher.digest(&address("ann@example.com")).unwrap();
        assert!(!format!("{hasher:?} {:?}", secret(213)).contains("213"));
        assert!(!format!("{digest:?}").contains("ann"));
    }
}
