//! Mail addresses as given and in canonical form.

use std::fmt;

use super::platform::{Platform, PlatformEmail};
use crate::error::{Error, ErrorKind, Result};

/// A mail address as somebody gave it: the only form to send to.
///
/// Whoever runs the domain decides what the part before the `@` means, so nothing is changed, not
/// even the case. Whether mail can be sent to it is another question, which
/// `email::Address` answers.
#[derive(Clone, Eq, PartialEq)]
pub struct GivenEmail(String);

/// The form by which the host tells addresses apart: white space around it cut, in lower case, a
/// domain outside ASCII in the form in which it is looked up (`xn--…`, by UTS 46), nothing else.
///
/// Strictly the part before the `@` is case-sensitive (RFC 5321, section 2.4), but no provider of
/// note tells mailboxes apart by case, and people do not type it consistently. Dots and `+tags`
/// are kept: only some providers ignore them, and taking two people for one shows one of them the
/// other's data, while taking one for two shows nothing.
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CanonicalEmail(String);

impl GivenEmail {
    /// The address as given.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Address`] where there is not exactly one `@` with something on either side,
    /// which is all that identification needs. A hash handed in as an address is refused by this.
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        split(text.trim()).map(drop)?;
        Ok(Self(text))
    }

    /// The address, unchanged.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form by which the host tells it apart.
    pub fn canonical(&self) -> CanonicalEmail {
        let lower = self.lower();
        let outside = lower.split_once('@').filter(|(_, domain)| !domain.is_ascii());
        let ascii = outside.and_then(|(local, domain)| {
            ascii_domain(domain).map(|domain| format!("{local}@{domain}"))
        });
        CanonicalEmail(ascii.unwrap_or(lower))
    }

    /// The form that a platform matches.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Address`] where the platform's rules leave nothing before the `@`.
    pub fn on(&self, platform: Platform) -> Result<PlatformEmail> {
        PlatformEmail::of(&self.lower(), platform)
    }

    fn lower(&self) -> String {
        self.0.trim().to_lowercase()
    }
}

impl CanonicalEmail {
    /// The canonical form of an address.
    ///
    /// # Errors
    ///
    /// As [`GivenEmail::new`].
    pub fn new(text: &str) -> Result<Self> {
        Ok(GivenEmail::new(text)?.canonical())
    }

    /// The canonical form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The parts before and after the only `@`.
pub(super) fn split(address: &str) -> Result<(&str, &str)> {
    let parts = address
        .split_once('@')
        .filter(|(local, domain)| !local.is_empty() && !domain.is_empty() && !domain.contains('@'));
    parts.ok_or_else(|| {
        Error::new(ErrorKind::Address, "an address has one `@` with something on either side")
    })
}

/// A domain in the form in which it is looked up; `None` for what is no domain.
pub(crate) fn ascii_domain(domain: &str) -> Option<String> {
    idna::domain_to_ascii_strict(domain).ok()
}

impl fmt::Debug for GivenEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GivenEmail(…)")
    }
}

impl fmt::Debug for CanonicalEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CanonicalEmail(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_space_around_and_case_are_taken_away() {
        let given = GivenEmail::new(" Ann.B+shop@Example.COM\n").unwrap();
        assert_eq!(given.as_str(), " Ann.B+shop@Example.COM\n");
        assert_eq!(given.canonical().as_str(), "ann.b+shop@example.com");
        assert_eq!(CanonicalEmail::new("ann.b+shop@example.com").unwrap(), given.canonical());
    }

    #[test]
    fn a_domain_has_one_form_in_whatever_script_it_is_written() {
        let canonical = |text| CanonicalEmail::new(text).unwrap().0;
        assert_eq!(canonical("Änn@BÜCHER.example"), "änn@xn--bcher-kva.example");
        assert_eq!(canonical("ann@bu\u{308}cher.example"), canonical("ann@xn--bcher-kva.example"));
        // What is no domain stays what it was told to be.
        assert_eq!(canonical("ann@Bü cher"), "ann@bü cher");
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", " ", "@", "a@", "@b", " @ ", "a@b@c", "a b", &"0f".repeat(32)] {
            assert_eq!(GivenEmail::new(text).unwrap_err().kind(), ErrorKind::Address, "{text:?}");
        }
    }

    #[test]
    fn debug_shows_no_address() {
        let given = GivenEmail::new("ann@example.com").unwrap();
        let platform = given.on(Platform::Meta).unwrap();
        let shown = format!("{given:?} {:?} {platform:?}", given.canonical());
        assert!(!shown.contains("ann") && !shown.contains("example"), "{shown}");
        assert!(!shown.contains(&platform.hashed()), "{shown}");
    }
}
