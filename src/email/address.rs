//! Addresses that mail can be sent to.

use std::fmt;
use std::str::FromStr;

use validator::ValidateEmail as _;

use super::header;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::CanonicalEmail;

/// The longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// The longest address, in bytes: a path of 256 (RFC 5321, section 4.5.3.1.3) less its brackets.
const MAX_ADDRESS: usize = 254;

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
    /// no name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Address`], naming `name` or `address`, for
    /// - a control character (C0, DEL, C1) or a line or paragraph separator (U+2028, U+2029);
    /// - more than 64 bytes before the `@` or more than 254 in all;
    /// - characters outside ASCII: before the `@` they need SMTPUTF8, which not every server
    ///   speaks; a domain is to be given in its ASCII form (`xn--…`);
    /// - quoted local parts and IP addresses in brackets, which no mailing has a use for;
    /// - whatever else is no address by RFC 5321: misplaced dots, empty or overlong labels.
    pub fn new(name: Option<&str>, address: &str) -> Result<Self> {
        let name = name.map(|name| header::line("name", name)).transpose()?;
        let address = header::line("address", address)?;
        check(address).map_err(|detail| fault(detail).within("address"))?;
        Ok(Self {
            name: name.filter(|name| !name.is_empty()).map(str::to_owned),
            address: address.to_owned(),
        })
    }

    /// Reads `address`, `name <address>` or `"name" <address>`; inside quotes a backslash takes
    /// the next character as it is.
    ///
    /// # Errors
    ///
    /// As [`Address::new`], and for quotes or angle brackets out of place.
    pub fn parse(text: &str) -> Result<Self> {
        let text = header::line("address", text)?;
        let Some(before) = text.strip_suffix('>') else { return Self::new(None, text) };
        let (name, address) =
            before.rsplit_once('<').ok_or_else(|| fault("a `>` has no `<`").within("address"))?;
        let name = unquote(name.trim()).map_err(|detail| fault(detail).within("name"))?;
        Self::new(Some(&name), address)
    }

    /// The display name.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address alone, as given.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The part after the `@`, as given.
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

fn check(address: &str) -> Result<(), &'static str> {
    if address.len() > MAX_ADDRESS {
        return Err("it is longer than 254 bytes");
    }
    let (local, domain) = address.rsplit_once('@').ok_or("it has no `@`")?;
    if local.len() > MAX_LOCAL {
        return Err("it has more than 64 bytes before the `@`");
    }
    if !local.is_ascii() {
        return Err("it has characters outside ASCII before the `@`");
    }
    if !domain.is_ascii() {
        return Err("its domain has characters outside ASCII; give its `xn--` form");
    }
    if local.split('.').any(str::is_empty) {
        return Err("it has a dot at an end or two in a row before the `@`");
    }
    // The validator takes an IP address in brackets, and anything in front of them.
    if domain.contains('[') || !address.validate_email() {
        return Err("mail cannot be sent to it");
    }
    Ok(())
}

fn unquote(name: &str) -> Result<String, &'static str> {
    let Some(rest) = name.strip_prefix('"') else {
        let odd = name.contains(['"', '<', '>']);
        return if odd {
            Err("quotes or angle brackets out of place")
        } else {
            Ok(name.to_owned())
        };
    };
    let mut plain = String::with_capacity(rest.len());
    let mut chars = rest.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' if chars.as_str().is_empty() => return Ok(plain),
            '"' => break,
            '\\' => plain.extend(chars.next()),
            c => plain.push(c),
        }
    }
    Err("the quote does not end where the name does")
}

fn fault(detail: &'static str) -> Error {
    Error::new(ErrorKind::Address, detail)
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
            "ann@münchen.de",
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
        let error = Address::new(None, "ann@münchen.de").unwrap_err();
        assert!(error.to_string().starts_with("address: "), "{error}");
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
