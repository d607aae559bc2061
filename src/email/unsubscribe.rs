//! The way out: tokens of unsubscribe links.

use std::fmt;

use hmac::{Hmac, Mac};
use sha2::Sha256;

use crate::error::Result;
use crate::id::{MessageId, ProfileId};
use crate::identity::{encode, keyed};
use crate::key::{KeyProvider, KeyVersion, Secret};
use crate::privacy::Purpose;

/// Separates these tags from everything else that is made with the same key.
const DOMAIN: &[u8] = b"bespoke.unsubscribe\0";
/// The first byte of a token: the format that follows.
const FORMAT: u8 = 1;

/// A token of an unsubscribe link: which message it came with, and an HMAC-SHA-256 over that
/// message, the profile and the purpose.
///
/// It names nobody: the host finds profile and purpose by the message, and only then can the token
/// be checked. It never expires, since somebody may unsubscribe from an old message. As text it is
/// base64 for URLs of the format (1 byte), the key's generation (4, big-endian), the tag (32) and
/// the message's identifier.
///
/// ```
/// use bespoke::email::UnsubscribeToken;
/// use bespoke::key::{KeyVersion, Keys, Secret};
///
/// let keys = Keys::new(KeyVersion::new(1), Secret::new([7; 32])?);
/// let text = UnsubscribeToken::new(&keys, "m-1", &"p-1".into(), &"news".into())?.to_string();
///
/// // Later, at the other end of the link:
/// let token = UnsubscribeToken::read(&text).unwrap();
/// assert_eq!(token.message().as_str(), "m-1");
/// // … the host looks up whose message that was, and what for …
/// assert!(token.verify(&keys, &"p-1".into(), &"news".into()));
/// assert!(!token.verify(&keys, &"p-2".into(), &"news".into()));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct UnsubscribeToken {
    version: KeyVersion,
    tag: [u8; 32],
    message: MessageId,
}

impl UnsubscribeToken {
    /// The token of a message to a profile for a purpose, under the active key.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Key`](crate::error::ErrorKind::Key) where there is no active key.
    pub fn new(
        keys: &dyn KeyProvider,
        message: impl Into<MessageId>,
        profile: &ProfileId,
        purpose: &Purpose,
    ) -> Result<Self> {
        let message = message.into();
        let (version, key) = keys.active()?;
        let tag = mac(&key, &message, profile, purpose).finalize().into_bytes().into();
        Ok(Self { version, tag, message })
    }

    /// Reads a token's text; `None` where it is none. What is read is not verified yet.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = unbase64url(text)?;
        let (format, rest) = bytes.split_first()?;
        let (version, rest) = rest.split_first_chunk::<4>()?;
        let (tag, message) = rest.split_first_chunk::<32>()?;
        let message = std::str::from_utf8(message).ok()?;
        (*format == FORMAT).then(|| Self {
            version: KeyVersion::new(u32::from_be_bytes(*version)),
            tag: *tag,
            message: message.into(),
        })
    }

    /// The message that the token claims to have come with, to look it up by.
    pub fn message(&self) -> &MessageId {
        &self.message
    }

    /// Whether the token was made for this profile and purpose, compared in constant time. Without
    /// the key of its generation it was not.
    pub fn verify(&self, keys: &dyn KeyProvider, profile: &ProfileId, purpose: &Purpose) -> bool {
        let Some(key) = keys.key(self.version) else { return false };
        mac(&key, &self.message, profile, purpose).verify_slice(&self.tag).is_ok()
    }
}

fn mac(key: &Secret, message: &MessageId, profile: &ProfileId, purpose: &Purpose) -> Hmac<Sha256> {
    let parts = [message.as_str(), profile.as_str(), purpose.as_str()].map(str::as_bytes);
    // Each part has its length in front, so that no two rows of parts look alike.
    let lengths = parts.map(|part| u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
    let [message, profile, purpose] = parts;
    let [first, second, third] = &lengths;
    keyed(key, &[DOMAIN, first, message, second, profile, third, purpose])
}

impl fmt::Display for UnsubscribeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![FORMAT];
        bytes.extend(self.version.number().to_be_bytes());
        bytes.extend(self.tag);
        bytes.extend(self.message.as_str().as_bytes());
        f.write_str(&base64url(&bytes))
    }
}

/// Base64 for URLs, without padding (RFC 4648, section 5).
fn base64url(bytes: &[u8]) -> String {
    encode::base64(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

/// The bytes of base64 for URLs. Only what [`base64url`] writes is read, so that a token has one
/// spelling.
fn unbase64url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    for group in text.as_bytes().chunks(4) {
        let mut bits = 0_u32;
        for c in group {
            bits = bits << 6 | u32::from(sixth(*c)?);
        }
        let missing = 4_usize.saturating_sub(group.len());
        let [_, three @ ..] = (bits << (6 * missing)).to_be_bytes();
        bytes.extend(three.iter().take(3_usize.saturating_sub(missing)));
    }
    (base64url(&bytes) == text).then_some(bytes)
}

fn sixth(c: u8) -> Option<u8> {
    match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'-' => Some(62),
        b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::Keys;

    fn keys(version: u32, byte: u8) -> Keys {
        Keys::new(KeyVersion::new(version), Secret::new([byte; 32]).unwrap())
    }

    fn token(message: &str, profile: &str, purpose: &str) -> UnsubscribeToken {
        UnsubscribeToken::new(&keys(1, 7), message, &profile.into(), &purpose.into()).unwrap()
    }

    #[test]
    fn a_token_is_for_one_message_profile_and_purpose() {
        let text = token("m-1", "p-1", "news").to_string();
        let read = UnsubscribeToken::read(&text).unwrap();
        let verify = |profile: &str, purpose: &str| {
            read.verify(&keys(1, 7), &profile.into(), &purpose.into())
        };
        assert!(verify("p-1", "news"));
        assert!(!verify("p-2", "news") && !verify("p-1", "survey") && !verify("p-1n", "ews"));
        // Another message with the same tag.
        let other = UnsubscribeToken { message: "m-2".into(), ..read.clone() };
        assert!(!other.verify(&keys(1, 7), &"p-1".into(), &"news".into()));
    }

    #[test]
    fn a_token_outlives_the_rotation_of_its_key_but_not_the_key() {
        let read = UnsubscribeToken::read(&token("m-1", "p-1", "news").to_string()).unwrap();
        let rotated = keys(2, 8).with_accepted(KeyVersion::new(1), Secret::new([7; 32]).unwrap());
        assert!(read.verify(&rotated, &"p-1".into(), &"news".into()));
        assert!(!read.verify(&keys(2, 7), &"p-1".into(), &"news".into()));
        assert!(!read.verify(&keys(1, 8), &"p-1".into(), &"news".into()));
    }

    #[test]
    fn no_changed_character_is_taken() {
        let text = token("m-1", "p-1", "news").to_string();
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            let read = UnsubscribeToken::read(&changed);
            let taken = read.is_some_and(|token| {
                token.message().as_str() == "m-1"
                    && token.verify(&keys(1, 7), &"p-1".into(), &"news".into())
            });
            assert!(!taken, "{changed}");
        }
        assert!(UnsubscribeToken::read(&format!("{text}=")).is_none());
    }

    #[test]
    fn base64url_is_that_of_rfc_4648() {
        assert_eq!(base64url(&[0xfb, 0xff]), "-_8");
        for wrong in ["A", "-_9", "-_8=", "+/8", "-_ 8", "Ä"] {
            assert_eq!(unbase64url(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn decoding_undoes_encoding(bytes: Vec<u8>) {
            prop_assert_eq!(unbase64url(&base64url(&bytes)), Some(bytes));
        }

        #[test]
        fn a_text_is_no_token_or_the_only_spelling_of_it(text in "[A-Za-z0-9_-]{0,60}") {
            if let Some(token) = UnsubscribeToken::read(&text) {
                prop_assert_eq!(token.to_string(), text);
            }
        }
    }
}
