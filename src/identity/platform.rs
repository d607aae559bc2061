//! Addresses as advertising platforms match them.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::address::split;
use super::encode;
use crate::error::{Error, ErrorKind, Result};

/// Who is handed an audience. Each platform normalises and encodes in its own way, and a hash made
/// by another's rules matches nobody.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Platform {
    /// Google Ads API and Campaign Manager 360, enhanced conversions: dots are dropped before
    /// `gmail.com` and `googlemail.com`, a `+tag` stays. SHA-256 as hex.
    GoogleAds,
    /// Google Data Manager API: all white space is dropped; before `gmail.com` and
    /// `googlemail.com` dots and the `+tag` too. SHA-256 as hex, to be declared so.
    GoogleDataManager,
    /// Meta's Conversions API and custom audiences: trimmed and in lower case, nothing else.
    /// SHA-256 as hex.
    Meta,
    /// UID2 and EUID: dots and the `+tag` are dropped before `gmail.com`, and only there. SHA-256
    /// as base64 of the 32 bytes.
    Uid2,
}

/// An address by a platform's rules. It is personal data, and so is its hash: there is no key, and
/// addresses can be guessed.
#[derive(Clone, Eq, PartialEq)]
pub struct PlatformEmail {
    platform: Platform,
    normalised: String,
}

impl PlatformEmail {
    /// The form of an address in lower case without white space around it.
    pub(super) fn of(address: &str, platform: Platform) -> Result<Self> {
        let spaceless: String;
        let address = if platform == Platform::GoogleDataManager {
            spaceless = address.split_whitespace().collect();
            &spaceless
        } else {
            address
        };
        let (local, domain) = split(address)?;
        let (drops_dots, drops_tag) = platform.drops(domain);
        let local = match local.split_once('+') {
            Some((name, _)) if drops_tag => name,
            _ => local,
        };
        let local = if drops_dots { local.replace('.', "") } else { local.to_owned() };
        if local.is_empty() {
            let detail = "the platform's rules leave nothing before the `@`";
            return Err(Error::new(ErrorKind::Address, detail));
        }
        Ok(Self { platform, normalised: format!("{local}@{domain}") })
    }

    /// Whose rules it follows.
    pub fn platform(&self) -> Platform {
        self.platform
    }

    /// The address by those rules, in clear.
    pub fn normalised(&self) -> &str {
        &self.normalised
    }

    /// The SHA-256 hash in the platform's encoding: 64 lower-case hex digits, or 44 characters of
    /// padded base64 for [`Platform::Uid2`].
    pub fn hashed(&self) -> String {
        let hash = Sha256::digest(&self.normalised);
        match self.platform {
            Platform::Uid2 => encode::base64(&hash),
            _ => encode::hex(&hash),
        }
    }
}

impl Platform {
    /// Whether dots, and whether a `+tag`, are dropped before this domain.
    fn drops(self, domain: &str) -> (bool, bool) {
        let google = matches!(domain, "gmail.com" | "googlemail.com");
        match self {
            Self::GoogleAds => (google, false),
            Self::GoogleDataManager => (google, google),
            Self::Meta => (false, false),
            Self::Uid2 => (domain == "gmail.com", domain == "gmail.com"),
        }
    }
}

impl fmt::Debug for PlatformEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PlatformEmail({:?}, …)", self.platform)
    }
}

#[cfg(test)]
mod tests {
    use super::super::address::GivenEmail;
    use super::*;

    fn on(platform: Platform, address: &str) -> String {
        GivenEmail::new(address).unwrap().on(platform).unwrap().normalised().to_owned()
    }

    #[test]
    fn every_platform_has_its_own_rules() {
        let cases = [
            (Platform::GoogleAds, ["annb+x@gmail.com", "annb@googlemail.com", "a.b+x@web.de"]),
            (
                Platform::GoogleDataManager,
                ["annb@gmail.com", "annb@googlemail.com", "a.b+x@web.de"],
            ),
            (Platform::Meta, ["ann.b+x@gmail.com", "ann.b@googlemail.com", "a.b+x@web.de"]),
            (Platform::Uid2, ["annb@gmail.com", "ann.b@googlemail.com", "a.b+x@web.de"]),
        ];
        let given = ["Ann.B+x@Gmail.com", " ann.b@googlemail.com", "a.b+x@web.de"];
        for (platform, expected) in cases {
            assert_eq!(given.map(|address| on(platform, address)), expected, "{platform:?}");
        }
        assert_eq!(on(Platform::GoogleDataManager, "an n@web.de"), "ann@web.de");
        assert_eq!(on(Platform::GoogleAds, "an n@web.de"), "an n@web.de");
    }

    #[test]
    fn hashes_are_those_that_the_platforms_publish() {
        let smith = GivenEmail::new("John_Smith@gmail.com").unwrap();
        let hash = smith.on(Platform::Meta).unwrap().hashed();
        assert!(hash.starts_with("62a14e44") && hash.ends_with("f62f"), "{hash}");
        let jane = GivenEmail::new("JANESaoirse@gmail.com").unwrap();
        let hash = jane.on(Platform::Uid2).unwrap().hashed();
        assert_eq!(hash, "ku4mBX7Z3qJTXWyLFB1INzkyR2WZGW4ANSJUiW21iI8=");
    }

    #[test]
    fn a_name_of_dots_or_tag_alone_is_nobody() {
        for address in ["+@gmail.com", ".+@gmail.com", "...@gmail.com"] {
            let given = GivenEmail::new(address).unwrap();
            assert!(given.on(Platform::Uid2).is_err(), "{address}");
            assert!(given.on(Platform::Meta).is_ok(), "{address}");
        }
    }
}
