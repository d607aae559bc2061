//! Sealing: bytes that only a key's holder reads, and that nobody changes or moves unseen.

use std::fmt;
use std::sync::Arc;

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use hmac::Mac;

use crate::error::{Error, ErrorKind, Result};
use crate::identity::keyed;
use crate::key::{KeyProvider, KeyVersion, Secret};

/// Separates the keys of sealing from everything else that is made with the same key.
const KEY: &[u8] = b"bespoke.seal";
/// As [`KEY`], for nonces.
const NONCE: &[u8] = b"bespoke.seal.nonce";
/// The form of what is sealed: `01`, the key's generation (4 bytes, the greatest first), the nonce
/// (12 bytes), the ciphertext, its tag (16 bytes).
const FORMAT: u8 = 1;
/// How many bytes stand before the nonce.
const HEAD: usize = 5;

/// Seals bytes with AES-256-GCM-SIV (RFC 8452).
///
/// What is sealed says which generation of the key opens it. It opens for the purpose and in the
/// context that it was sealed for, and nowhere else: the purpose has a key of its own,
/// HMAC-SHA-256(generation key, `bespoke.seal` `00` purpose), and the context (whose row, which
/// column) is authenticated with it as associated data.
///
/// There is no randomness in it. The nonce is the first 96 bits of HMAC-SHA-256(generation key,
/// `bespoke.seal.nonce` `00` purpose, context, plaintext), so the same bytes in the same context
/// are sealed to the same bytes: that two are equal shows, and nothing else. This is sound because
/// a nonce comes twice only with the same plaintext and context, short of a collision of 96-bit
/// outputs (to be expected after some 2^48 seals), and because GCM-SIV is made to bear even that:
/// with a nonce repeated it still reveals no more than whether two messages are equal, where plain
/// GCM would lose its key (RFC 8452, sections 1 and 9). Whoever must hide that two messages are
/// equal puts something that differs into the context, such as the message's identifier.
///
/// ```
/// # use std::sync::Arc;
/// use bespoke::key::{KeyVersion, Keys, Secret};
/// use bespoke::privacy::Sealer;
///
/// let keys = Keys::new(KeyVersion::new(1), Secret::new([7; 32])?);
/// let sealer = Sealer::new(Arc::new(keys));
/// let sealed = sealer.seal("outbox", "m-1", b"Dear Ann")?;
/// assert_eq!(sealer.open("outbox", "m-1", &sealed)?, b"Dear Ann");
/// assert!(sealer.open("outbox", "m-2", &sealed).is_err());
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone)]
pub struct Sealer {
    keys: Arc<dyn KeyProvider>,
}

impl Sealer {
    /// Seals with these keys.
    pub fn new(keys: Arc<dyn KeyProvider>) -> Self {
        Self { keys }
    }

    /// Seals bytes for a purpose, in a context, under the active key. The result is 33 bytes
    /// longer.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Key`] where there is no active key, and for more than 64 GiB.
    pub fn seal(&self, purpose: &str, context: &str, plain: &[u8]) -> Result<Vec<u8>> {
        let (version, key) = self.keys.active()?;
        let head = head(version);
        let nonce = nonce(&key, purpose, context, plain);
        let payload = Payload { msg: plain, aad: &associated(head, context) };
        let sealed = cipher(&key, purpose)?.encrypt(&Nonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| Error::new(ErrorKind::Key, "too much to be sealed"))?;
        Ok([&head[..], &nonce, &sealed].concat())
    }

    /// Opens what was sealed for this purpose in this context.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Key`] where its key is gone, where it was changed, sealed for something else or
    /// under another key, and where it was never sealed by this crate.
    pub fn open(&self, purpose: &str, context: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        let version = generation(sealed)?;
        let parts = sealed.split_first_chunk::<HEAD>();
        let parts = parts.and_then(|(head, rest)| Some((head, rest.split_first_chunk::<12>()?)));
        let (head, (nonce, ciphertext)) = parts.ok_or_else(broken)?;
        let key = self.keys.key(version).ok_or_else(|| {
            Error::new(ErrorKind::Key, format!("the key {version} that sealed it is gone"))
        })?;
        let payload = Payload { msg: ciphertext, aad: &associated(*head, context) };
        cipher(&key, purpose)?.decrypt(&Nonce::from(*nonce), payload).map_err(|_| {
            let detail = format!(
                "it does not open for `{purpose}` here: it was changed, moved, or sealed under \
                 another key {version}"
            );
            Error::new(ErrorKind::Key, detail)
        })
    }
}

impl fmt::Debug for Sealer {
    /// Shows nothing of the keys, however the provider prints itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sealer").finish_non_exhaustive()
    }
}

/// Which generation of the key sealed this.
pub(crate) fn generation(sealed: &[u8]) -> Result<KeyVersion> {
    match sealed.split_first() {
        Some((&FORMAT, rest)) => {
            let (number, _) = rest.split_first_chunk().ok_or_else(broken)?;
            Ok(KeyVersion::new(u32::from_be_bytes(*number)))
        }
        _ => Err(broken()),
    }
}

fn broken() -> Error {
    Error::new(ErrorKind::Key, "it was not sealed in a form that this version opens")
}

fn head(version: KeyVersion) -> [u8; HEAD] {
    let [a, b, c, d] = version.number().to_be_bytes();
    [FORMAT, a, b, c, d]
}

/// The head has one length, so no two rows of parts look alike.
fn associated(head: [u8; HEAD], context: &str) -> Vec<u8> {
    [&head, context.as_bytes()].concat()
}

fn derived(key: &Secret, domain: &[u8], purpose: &str) -> Result<Secret> {
    let bytes: [u8; 32] =
        keyed(key, &[domain, &[0], purpose.as_bytes()]).finalize().into_bytes().into();
    Secret::new(bytes)
}

fn cipher(key: &Secret, purpose: &str) -> Result<Aes256GcmSiv> {
    let key = derived(key, KEY, purpose)?;
    Aes256GcmSiv::new_from_slice(key.expose())
        .map_err(|_| Error::new(ErrorKind::Key, "AES-256 takes keys of 32 bytes"))
}

fn nonce(key: &Secret, purpose: &str, context: &str, plain: &[u8]) -> [u8; 12] {
    let length = u64::try_from(purpose.len()).unwrap_or(u64::MAX).to_be_bytes();
    let context_length = u64::try_from(context.len()).unwrap_or(u64::MAX).to_be_bytes();
    let parts: [&[u8]; 7] =
        [NONCE, &[0], &length, purpose.as_bytes(), &context_length, context.as_bytes(), plain];
    let digest: [u8; 32] = keyed(key, &parts).finalize().into_bytes().into();
    let mut nonce = [0; 12];
    nonce.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
    nonce
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::Keys;

    fn secret(byte: u8) -> Secret {
        Secret::new([byte; 32]).unwrap()
    }

    fn sealer(version: u32, byte: u8) -> Sealer {
        Sealer::new(Arc::new(Keys::new(KeyVersion::new(version), secret(byte))))
    }

    #[test]
    fn the_cipher_is_that_of_rfc_8452() {
        // Appendix C.2: key 01 00…, nonce 03 00…, plaintext 01 00 00 00 00 00 00 00.
        let mut key = [0; 32];
        key[0] = 1;
        let mut nonce = [0; 12];
        nonce[0] = 3;
        let sealed = Aes256GcmSiv::new_from_slice(&key)
            .unwrap()
            .encrypt(&Nonce::from(nonce), &[1, 0, 0, 0, 0, 0, 0, 0][..])
            .unwrap();
        let expected = [
            0xc2, 0xef, 0x32, 0x8e, 0x5c, 0x71, 0xc8, 0x3b, 0x84, 0x31, 0x22, 0x13, 0x0f, 0x73,
            0x64, 0xb7, 0x61, 0xe0, 0xb9, 0x74, 0x27, 0xe3, 0xdf, 0x28,
        ];
        assert_eq!(sealed, expected);
    }

    #[test]
    fn what_is_sealed_is_the_same_in_every_version() {
        let sealed = sealer(3, 7).seal("outbox", "m-1", b"Dear Ann").unwrap();
        let expected = [
            0x01, 0x00, 0x00, 0x00, 0x03, 0xa2, 0xf6, 0x6c, 0x1c, 0x39, 0xbc, 0x44, 0xcb, 0x58,
            0x2e, 0x73, 0x13, 0x4c, 0x0f, 0x4d, 0x5e, 0xa6, 0xb1, 0x4e, 0xbc, 0xf5, 0x88, 0x25,
            0xa0, 0xd6, 0xc6, 0x4c, 0x7d, 0x87, 0x0c, 0xfe, 0x4c, 0x4a, 0xb5, 0x84, 0x78,
        ];
        assert_eq!(sealed, expected);
    }

    #[test]
    fn it_opens_for_its_purpose_context_and_key_only() {
        let sealed = sealer(3, 7).seal("outbox", "m-1", b"Dear Ann").unwrap();
        let rotated =
            Keys::new(KeyVersion::new(4), secret(8)).with_accepted(KeyVersion::new(3), secret(7));
        let rotated = Sealer::new(Arc::new(rotated));
        assert_eq!(rotated.open("outbox", "m-1", &sealed).unwrap(), b"Dear Ann");
        for (sealer, purpose, context) in [
            (sealer(3, 7), "vault", "m-1"),
            (sealer(3, 7), "outbox", "m-2"),
            (sealer(3, 8), "outbox", "m-1"),
            (sealer(4, 7), "outbox", "m-1"),
        ] {
            let error = sealer.open(purpose, context, &sealed).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Key, "{error}");
        }
    }

    #[test]
    fn whatever_is_changed_does_not_open() {
        let sealer = sealer(3, 7);
        let sealed = sealer.seal("outbox", "m-1", b"Dear Ann").unwrap();
        for bit in 0..sealed.len() * 8 {
            let mut changed = sealed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(sealer.open("outbox", "m-1", &changed).is_err(), "bit {bit}");
        }
        for length in 0..sealed.len() {
            assert!(sealer.open("outbox", "m-1", &sealed[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn equal_plaintexts_show_as_equal_in_one_context_only() {
        let sealer = sealer(3, 7);
        let seal = |purpose, context| sealer.seal(purpose, context, b"Dear Ann").unwrap();
        assert_eq!(seal("outbox", "m-1"), seal("outbox", "m-1"));
        let others = [seal("outbox", "m-2"), seal("vault", "m-1"), seal("outbo", "xm-1")];
        for other in others {
            assert_ne!(seal("outbox", "m-1")[HEAD..HEAD + 12], other[HEAD..HEAD + 12]);
        }
    }

    proptest! {
        #[test]
        fn what_was_sealed_opens(purpose in ".*", context in ".*", plain: Vec<u8>) {
            let sealer = sealer(1, 7);
            let sealed = sealer.seal(&purpose, &context, &plain).unwrap();
            prop_assert_eq!(sealed.len(), plain.len() + 33);
            prop_assert_eq!(sealer.open(&purpose, &context, &sealed).unwrap(), plain);
        }
    }
}
