//! What is wrong with an address.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::error::Error;

/// The longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL: usize = 64;
/// The longest label of a domain, in bytes (RFC 1035, section 2.3.4).
const MAX_LABEL: usize = 63;
/// The longest address, in bytes: a path of 256 (RFC 5321, section 4.5.3.1.3) less its brackets.
const MAX_ADDRESS: usize = 254;

/// Why mail cannot be sent to an address, in the order from what is valid and only unusual to what
/// is no address at all. Of several faults the last counts.
///
/// The categories are those of [isemail](https://isemail.info), as far as they matter to a sender:
///
/// | fault | isemail's category |
/// | --- | --- |
/// | `TopLevel`, `NumericTopLevel`, `QuotedLocal`, `AddressLiteral` | `RFC5321`: valid, unusual |
/// | `Comment` | `CFWS`: valid in a header, not in an envelope |
/// | `Obsolete` | `DEPREC`: valid once |
/// | `Domain`, `TooLong` | `RFC5322`: valid by its grammar, and nothing can be sent there |
/// | `Invalid` | `ERR` |
///
/// ```
/// use bespoke::email::{Address, AddressFault};
///
/// let fault = |text| AddressFault::of(&Address::parse(text).unwrap_err());
/// assert_eq!(fault("\"ann lee\"@example.com"), Some(AddressFault::QuotedLocal));
/// assert_eq!(fault("ann@example"), Some(AddressFault::TopLevel));
/// assert_eq!(fault("ann@example..com"), Some(AddressFault::Invalid));
/// assert!(AddressFault::QuotedLocal.is_valid() && !AddressFault::Invalid.is_valid());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd, thiserror::Error)]
#[non_exhaustive]
pub enum AddressFault {
    /// It needs SMTPUTF8 (RFC 6531), which not every server speaks.
    #[error("it has characters outside ASCII before the `@`")]
    LocalNotAscii,
    /// No host has such a name: top-level domains take no mail (ICANN's SAC 053).
    #[error("its domain has no dot")]
    TopLevel,
    /// No top-level domain begins with a digit: an IP address, or a slip.
    #[error("its domain ends in a number")]
    NumericTopLevel,
    /// Few servers take it, and programs that handle addresses break on it.
    #[error("it has quotes before the `@`")]
    QuotedLocal,
    /// It names a machine and nobody's mailbox.
    #[error("it has an IP address for a domain")]
    AddressLiteral,
    /// It has a comment in parentheses, or white space at an end of a part.
    #[error("it has a comment or white space in it")]
    Comment,
    /// It is written as only RFC 822 allowed: quotes in a part of the name, comments around dots.
    #[error("it is written in a form that has been given up")]
    Obsolete,
    /// Its domain is no host's name: characters that none has, or what is no IP address in brackets.
    #[error("its domain is no name of a host")]
    Domain,
    /// It is longer than SMTP takes.
    #[error(
        "it has more than 254 bytes, more than 64 before the `@` or more than 63 between two dots"
    )]
    TooLong,
    /// It has a control character or a line or paragraph separator.
    #[error("it has a control character")]
    Control,
    /// It is no address by RFC 5322.
    #[error("it is no mail address")]
    Invalid,
}

impl AddressFault {
    /// The fault that an error of [`Address`](super::Address) is about; `None` for other errors,
    /// such as that of a display name.
    pub fn of(error: &Error) -> Option<Self> {
        std::error::Error::source(error)?.downcast_ref().copied()
    }

    /// Whether it is an address by the letter of RFC 5322, and only cannot be sent to.
    pub const fn is_valid(self) -> bool {
        !matches!(self, Self::Control | Self::Invalid)
    }
}

/// Finds what is worst with an address without control characters.
pub(super) fn check(address: &str) -> Result<(), AddressFault> {
    let mut reader = Reader { rest: address, worst: None };
    let read = reader.address();
    match read.map_or(Some(AddressFault::Invalid), |()| reader.worst) {
        Some(fault) => Err(fault),
        None if address.len() > MAX_ADDRESS => Err(AddressFault::TooLong),
        None => Ok(()),
    }
}

/// Reads an address by RFC 5322, section 3.4.1, its obsolete forms included. What it returns is
/// `None` where there is no address.
struct Reader<'a> {
    rest: &'a str,
    worst: Option<AddressFault>,
}

impl<'a> Reader<'a> {
    fn address(&mut self) -> Option<()> {
        self.local()?;
        self.eat('@').then_some(())?;
        self.domain()?;
        self.rest.is_empty().then_some(())
    }

    fn local(&mut self) -> Option<()> {
        self.gap(AddressFault::Comment)?;
        // The length without comments: an envelope has none (RFC 5321, section 4.1.2).
        let (mut words, mut length, mut quoted) = (0, 0, false);
        loop {
            let whole = self.rest;
            if self.eat('"') {
                self.quoted()?;
                quoted = true;
            } else {
                self.word()?;
            }
            let word = whole.strip_suffix(self.rest).unwrap_or(whole);
            self.note(!word.is_ascii(), AddressFault::LocalNotAscii);
            words += 1;
            length += word.len();
            self.gap(AddressFault::Obsolete)?;
            if !self.eat('.') {
                break;
            }
            length += 1;
            self.gap(AddressFault::Obsolete)?;
        }
        self.note(quoted, AddressFault::QuotedLocal);
        self.note(quoted && words > 1, AddressFault::Obsolete);
        self.note(length > MAX_LOCAL, AddressFault::TooLong);
        Some(())
    }

    fn domain(&mut self) -> Option<()> {
        self.gap(AddressFault::Obsolete)?;
        if self.eat('[') {
            self.literal()?;
            return self.gap(AddressFault::Comment);
        }
        let mut labels = 0;
        loop {
            let label = self.word()?;
            labels += 1;
            (!label.starts_with('-') && !label.ends_with('-')).then_some(())?;
            let is_plain = label.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'-');
            self.note(!is_plain, AddressFault::Domain);
            self.note(label.len() > MAX_LABEL, AddressFault::TooLong);
            let before = self.rest.len();
            self.gap(AddressFault::Comment)?;
            let gap = self.rest.len() < before;
            if !self.eat('.') {
                self.note(labels == 1, AddressFault::TopLevel);
                let is_number = label.starts_with(|c: char| c.is_ascii_digit());
                self.note(is_number, AddressFault::NumericTopLevel);
                return Some(());
            }
            self.note(gap, AddressFault::Obsolete);
            self.gap(AddressFault::Obsolete)?;
        }
    }

    /// What stands in brackets, up to the second of them.
    fn literal(&mut self) -> Option<()> {
        let whole = self.rest;
        loop {
            match self.next()? {
                ']' => break,
                '[' => return None,
                '\\' => {
                    self.next()?;
                }
                _ => {}
            }
        }
        let read = whole.strip_suffix(self.rest).unwrap_or(whole);
        let inside = read.strip_suffix(']').unwrap_or(read);
        let is_ip = match inside.strip_prefix("IPv6:") {
            Some(ip) => {
                self.note(is_short_of_one(ip), AddressFault::Obsolete);
                ip.parse::<Ipv6Addr>().is_ok()
            }
            None => inside.parse::<Ipv4Addr>().is_ok(),
        };
        self.note(true, if is_ip { AddressFault::AddressLiteral } else { AddressFault::Domain });
        Some(())
    }

    /// What stands in quotes, up to the second of them.
    fn quoted(&mut self) -> Option<()> {
        loop {
            match self.next()? {
                '"' => return Some(()),
                '\\' => {
                    self.next()?;
                }
                _ => {}
            }
        }
    }

    /// Comments and spaces, which are a fault where there are any.
    fn gap(&mut self, fault: AddressFault) -> Option<()> {
        let before = self.rest.len();
        loop {
            self.rest = self.rest.trim_start_matches(' ');
            if !self.rest.starts_with('(') {
                self.note(self.rest.len() < before, fault);
                return Some(());
            }
            self.comment()?;
        }
    }

    /// A comment, which may hold others.
    fn comment(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.next()? {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                '\\' => {
                    self.next()?;
                }
                _ => {}
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    /// One or more characters that need no quotes.
    fn word(&mut self) -> Option<&'a str> {
        let end = self.rest.find(|c| !is_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn eat(&mut self, c: char) -> bool {
        let rest = self.rest.strip_prefix(c);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn next(&mut self) -> Option<char> {
        let mut chars = self.rest.chars();
        let next = chars.next();
        self.rest = chars.as_str();
        next
    }

    fn note(&mut self, is_so: bool, fault: AddressFault) {
        if is_so {
            self.worst = self.worst.max(Some(fault));
        }
    }
}

/// Whether `::` stands for one group of an IPv6 address only (RFC 5952, section 4.2.2).
fn is_short_of_one(ip: &str) -> bool {
    let groups = ip.split(':').filter(|group| !group.is_empty());
    let groups: usize = groups.map(|group| if group.contains('.') { 2 } else { 1 }).sum();
    ip.contains("::") && groups == 7
}

/// `atext` of RFC 5322, section 3.2.3, with what RFC 6532 adds to it.
fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || !c.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_fault_counts() {
        use AddressFault as Fault;
        for (address, expected) in [
            ("ann@x.de", None),
            ("a.b+c@x-y.co.uk", None),
            ("änn@x.de", Some(Fault::LocalNotAscii)),
            ("ann@x", Some(Fault::TopLevel)),
            ("ann@127.0.0.1", Some(Fault::NumericTopLevel)),
            ("\"a @ \\\" b\"@x.de", Some(Fault::QuotedLocal)),
            ("\"a\"@[127.0.0.1]", Some(Fault::AddressLiteral)),
            ("ann@[IPv6:::1]", Some(Fault::AddressLiteral)),
            ("(a (b) c)ann@x.de", Some(Fault::Comment)),
            ("ann@x.de (c)", Some(Fault::Comment)),
            ("ann @x.de", Some(Fault::Obsolete)),
            ("ann@x.(c)de", Some(Fault::Obsolete)),
            ("ann.\"lee\"@x.de", Some(Fault::Obsolete)),
            ("ann@[IPv6:1:2:3:4:5:6::8]", Some(Fault::Obsolete)),
            ("ann@[IPv6:1:2:3:4::127.0.0.1]", Some(Fault::AddressLiteral)),
            ("ann@[IPv6:1:2:3:4:5::127.0.0.1]", Some(Fault::Obsolete)),
            ("ann@x_y.de", Some(Fault::Domain)),
            (r"ann@[x\]y]", Some(Fault::Domain)),
            (r"ann@[x\]", Some(Fault::Invalid)),
            ("ann@[x]", Some(Fault::Domain)),
            ("ann@x..de", Some(Fault::Invalid)),
            ("ann", Some(Fault::Invalid)),
            ("@x.de", Some(Fault::Invalid)),
            ("ann@", Some(Fault::Invalid)),
            ("\"ann@x.de", Some(Fault::Invalid)),
            ("(ann@x.de", Some(Fault::Invalid)),
            ("ann@[1", Some(Fault::Invalid)),
            ("ann@-x.de", Some(Fault::Invalid)),
        ] {
            assert_eq!(check(address).err(), expected, "{address}");
        }
    }

    #[test]
    fn lengths_are_those_of_smtp() {
        let long = |local: usize, label: usize, domain: usize| {
            let labels = format!("{}.", "d".repeat(label)).repeat(domain / (label + 1));
            format!("{}@{labels}{}", "l".repeat(local), "e".repeat(domain % (label + 1)))
        };
        let commented = format!("({}){}", "c".repeat(9), long(64, 49, 20));
        assert_eq!(check(&commented), Err(AddressFault::Comment));
        for good in [long(64, 49, 189), long(1, 63, 70)] {
            assert_eq!(check(&good), Ok(()), "{good}");
        }
        for bad in [long(65, 49, 70), long(64, 49, 190), long(1, 64, 70)] {
            assert_eq!(check(&bad), Err(AddressFault::TooLong), "{bad}");
        }
    }
}
