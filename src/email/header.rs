//! What may stand in a header, and how.

use mail_builder::headers::HeaderType;
use mail_builder::headers::address::Address as Mailbox;
use mail_builder::headers::raw::Raw;
use mail_builder::headers::text::Text;

use super::Address;
use crate::error::{Error, ErrorKind, Result};
use crate::identity::encode;

/// How many bytes an encoded word holds: 75 characters (RFC 2047, section 2) less `=?utf-8?B??=`,
/// in base64.
const WORD_BYTES: usize = 45;

/// A field's text without white space around it, if it has no character that ends or hides a line.
pub(super) fn line<'t>(field: &str, text: &'t str) -> Result<&'t str> {
    match text.chars().find(|c| is_forbidden(*c)) {
        Some(c) => {
            let detail = format!("it has the control character U+{:04X}", u32::from(c));
            Err(Error::new(ErrorKind::Address, detail).within(field))
        }
        None => Ok(text.trim()),
    }
}

/// C0, DEL and C1 controls, and the separators that some readers take for line ends.
fn is_forbidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}')
}

/// A body with CRLF for line ends of any kind.
///
/// A tab is the only other control character that ASCII text may have: mail in 7 bits allows no
/// NUL, and readers do not agree on the others.
pub(super) fn body(field: &str, text: &str) -> Result<String> {
    let odd = |c: &char| c.is_ascii_control() && !matches!(c, '\t' | '\n' | '\r');
    match text.chars().find(odd) {
        Some(c) => {
            let detail = format!("it has the control character U+{:04X}", u32::from(c));
            Err(Error::new(ErrorKind::Input, detail).within(field))
        }
        None => Ok(text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n")),
    }
}

/// Free text, such as a subject.
pub(super) fn text(text: &str) -> HeaderType<'_> {
    if needs_words(text) { Raw::new(words(text)).into() } else { Text::new(text).into() }
}

/// An address, named or not.
pub(super) fn mailbox(address: &Address) -> HeaderType<'_> {
    match address.name() {
        Some(name) if needs_words(name) => {
            Raw::new(format!("{} <{}>", words(name), address.address())).into()
        }
        name => Mailbox::new_address(name, address.address()).into(),
    }
}

/// Whether readers would not show a text as it is, although the builder writes it so: what looks
/// like an encoded word would be decoded.
fn needs_words(text: &str) -> bool {
    text.contains("=?")
}

/// The text in encoded words of base64 (RFC 2047), none of which ends inside a character.
fn words(text: &str) -> String {
    let mut words = vec![String::new()];
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if word.len() + c.len_utf8() <= WORD_BYTES => word.push(c),
            _ => words.push(c.into()),
        }
    }
    let words = words.iter().map(|word| format!("=?utf-8?B?{}?=", encode::base64(word.as_bytes())));
    words.collect::<Vec<_>>().join(" ")
}
