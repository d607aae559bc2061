//! Addresses that mail can be sent to.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use super::fault::{self, AddressFault};
use super::header;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::{CanonicalEmail, ascii_domain};

/// A mail address with or without a display name, known to be one that can be sent to.
///
/// It prints as `"name" <address>`, or as the bare address, and is read back from that. `Debug`
/// shows neither.
///
/// ```
/// use bespoke::email::Address;
///
/// let ann = Address::parse("Müller, Ann <Ann.M@example.com>")?;
/// assert_eq!(ann.name(), Some("Müller, Ann"));
/// assert_eq!(ann.address(), "Ann.M@example.com");
/// assert_eq!(ann.to_string(), r#""Müller, Ann" <Ann.M@example.com>"#);
/// assert!(Address::parse("Ann\r\nBcc: all@example.com <ann@example.com>").is_err());
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Address {
    name: Option<String>,
    address: String,
}

impl Address {
    /// An address with a display name; white space around either is cut, and a name of nothing is
    /// no name. A domain outside ASCII is kept in the form in which mail is sent there
    /// (`münchen.example` as `xn--mnchen-3ya.example`).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Address`], naming `name` or `address`, for a control character (C0, DEL, C1) or
    /// a line or paragraph separator (U+2028, U+2029) in either, and for what is no address that
    /// mail can be sent to: [`AddressFault::of`] says why.
    pub fn new(name: Option<&str>, address: &str) -> Result<Self> {
        let name = name.map(|name| header::line("name", name)).transpose()?;
        let address = header::clean(address).map_err(|_| AddressFault::Control);
        let address = address.and_then(sendable).map_err(refused)?;
        Ok(Self {
            name: name.filter(|name| !name.is_empty()).map(str::to_owned),
            address: address.into_owned(),
        })
    }

    /// Reads `address`, `name <address>` or `"name" <address>`; inside quotes a backslash takes
    /// the next character as it is.
    ///
    /// # Errors
    ///
    /// As [`Address::new`], and for quotes or angle brackets out of place.
    pub fn parse(text: &str) -> Result<Self> {
        let text = header::clean(text).map_err(|_| refused(AddressFault::Control))?;
        match header::bracketed("address", text)? {
            (Some(name), address) => Self::new(Some(&name), address),
            (None, address) => Self::new(None, address),
        }
    }

    /// The display name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address alone, in ASCII; as given but for a domain outside ASCII.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The part after the `@`.
    pub fn domain(&self) -> &str {
        self.address.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// The form by which the host tells it apart.
    ///
    /// # Errors
    ///
    /// None for an address that was checked.
    pub(crate) fn canonical(&self) -> Result<CanonicalEmail> {
        CanonicalEmail::new(&self.address)
    }
}

/// The address with its domain in ASCII, if mail can be sent to it.
fn sendable(address: &str) -> Result<Cow<'_, str>, AddressFault> {
    let address = match address.rsplit_once('@') {
        Some((local, domain)) if !domain.is_ascii() => {
            let domain = ascii_domain(domain).ok_or(AddressFault::Domain)?;
            Cow::Owned(format!("{local}@{domain}"))
        }
        _ => Cow::Borrowed(address),
    };
    fault::check(&address)?;
    Ok(address)
}

fn refused(fault: AddressFault) -> Error {
    Error::new(ErrorKind::Address, fault.to_string()).within("address").with_source(fault)
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            Some(name) => {
                let name = name.replace('\\', r"\\").replace('"', r#"\""#);
                write!(f, "\"{name}\" <{}>", self.address)
            }
            None => f.write_str(&self.address),
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> (Option<String>, String) {
        let address = Address::parse(text).unwrap();
        (address.name().map(str::to_owned), address.address().to_owned())
    }

    #[test]
    fn names_are_read_quoted_or_bare() {
        for (text, name, address) in [
            (" ann@x.de ", None, "ann@x.de"),
            ("<ann@x.de>", None, "ann@x.de"),
            ("Ann <ann@x.de>", Some("Ann"), "ann@x.de"),
            (r#""Doe, \"J\" \\ <x>" <j@x.de>"#, Some(r#"Doe, "J" \ <x>"#), "j@x.de"),
            (r#""" < j@x.de >"#, None, "j@x.de"),
        ] {
            assert_eq!(read(text), (name.map(str::to_owned), address.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_sent_to_is_refused() {
        let long = |local: usize, domain: usize| {
            let labels = format!("{}.", "d".repeat(49)).repeat(domain / 50);
            format!("{}@{labels}{}", "l".repeat(local), "e".repeat(domain % 50))
        };
        assert!(Address::parse(&long(64, 189)).is_ok());
        for wrong in [
            "",
            "ann",
            "@x.de",
            "ann@",
            "a@b@c.de",
            "a b@x.de",
            "ann@x..de",
            "ann@.x.de",
            "ann@x.de.",
            ".ann@x.de",
            "ann.@x.de",
            "a..b@x.de",
            "ann@-x.de",
            "ann@x_y.de",
            "ann@[127.0.0.1]",
            "ann@x[127.0.0.1]",
            "\"ann\"@x.de",
            "änn@x.de",
            "ann@mün chen.de",
            "ann@-münchen.de",
            "ann@ü",
            "ann@x.de\n",
            "ann\0@x.de",
            "A\u{85}nn <ann@x.de>",
            "A\u{2028}nn <ann@x.de>",
            "A\tnn <ann@x.de>",
            "Ann ann@x.de>",
            "Ann \"B <ann@x.de>",
            "\"Ann\" B <ann@x.de>",
            "\"Ann\\\" <ann@x.de>",
            "Ann <<ann@x.de>",
            "Ann <ann@x.de",
            "ann@x.de, bob@x.de",
            "Ann <ann@x.de>, Bob <bob@x.de>",
            &long(65, 20),
            &long(64, 190),
        ] {
            assert!(Address::parse(wrong).is_err(), "{wrong:?}");
        }
        let error = Address::new(Some("Ann\r"), "ann@x.de").unwrap_err();
        assert!(error.to_string().starts_with("name: "), "{error}");
        let error = Address::new(None, "ann@x_y.de").unwrap_err();
        assert!(error.to_string().starts_with("address: "), "{error}");
        assert_eq!(AddressFault::of(&error), Some(AddressFault::Domain));
    }

    #[test]
    fn domains_outside_ascii_are_sent_to_in_ascii() {
        for (given, sent) in [
            ("Ann@Bücher.example", "Ann@xn--bcher-kva.example"),
            ("ann@faß.de", "ann@xn--fa-hia.de"),
            ("ann@例え。テスト", "ann@xn--r8jz45g.xn--zckzah"),
            ("ann@BÜCHER.xn--p1ai", "ann@xn--bcher-kva.xn--p1ai"),
        ] {
            let address = Address::parse(given).unwrap();
            assert_eq!(address.address(), sent);
            assert_eq!(address.canonical().unwrap(), CanonicalEmail::new(given).unwrap());
        }
    }

    #[test]
    fn debug_shows_nobody() {
        let shown = format!("{:?}", Address::parse("Ann <ann@x.de>").unwrap());
        assert!(!shown.contains("nn"), "{shown}");
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(name in r#"[\PC"\\<> ]{0,12}"#, local in "[a-z.]{1,3}") {
            if let Ok(address) = Address::new(Some(&name), &format!("{local}@x.de")) {
                prop_assert_eq!(Address::parse(&address.to_string()).unwrap(), address);
            }
        }

        #[test]
        fn no_text_panics_and_none_hides_a_control(text in any::<String>()) {
            if let Ok(address) = Address::parse(&format!("{text} <ann@x.de>")) {
                prop_assert!(!address.to_string().chars().any(char::is_control));
            }
        }
    }
}
