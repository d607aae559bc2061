//! What may stand in a header, and how.

use std::borrow::Cow;

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
/// The last character of ASCII.
const DEL: u8 = 0x7f;
/// The longest value that is written as it is, in bytes: with its name it fits a line of 998 even
/// where there is no white space to fold it at.
pub(super) const MAX_VALUE: usize = 900;
/// What is wrong with a longer one, or another that may not be written as it is.
pub(super) const UNFIT: &str = "it must be 1 to 900 printable ASCII characters";

/// A field's text without white space around it, if it has no character that ends or hides a line.
pub(super) fn line<'t>(field: &str, text: &'t str) -> Result<&'t str> {
    clean(text).map_err(|c| control(ErrorKind::Address, c).within(field))
}

/// A text without white space around it, or the first character in it that ends or hides a line:
/// C0, DEL and C1 controls, and the separators that some readers take for line ends.
pub(super) fn clean(text: &str) -> Result<&str, char> {
    let is_forbidden = |c: &char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    text.chars().find(is_forbidden).map_or_else(|| Ok(text.trim()), Err)
}

fn control(kind: ErrorKind, c: char) -> Error {
    Error::new(kind, format!("it has the control character U+{:04X}", u32::from(c)))
}

/// Reads `name <text>` or `"name" <text>`, in quotes with a backslash before a character to be
/// taken as it is, or a text without brackets, which is the text alone.
pub(super) fn bracketed<'t>(field: &str, text: &'t str) -> Result<(Option<String>, &'t str)> {
    let fault = |detail| Error::new(ErrorKind::Address, detail);
    let text = line(field, text)?;
    let Some(before) = text.strip_suffix('>') else { return Ok((None, text)) };
    let (name, inside) =
        before.rsplit_once('<').ok_or_else(|| fault("a `>` has no `<`").within(field))?;
    let name = unquote(name.trim()).map_err(|detail| fault(detail).within("name"))?;
    Ok((Some(name), inside))
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

/// A body whose line ends of any kind are written as CRLF.
///
/// A tab is the only other control character that ASCII text may have: mail in 7 bits allows no
/// NUL, and readers do not agree on the others. A body that shows nothing is refused: whoever reads
/// that part would get an empty message.
pub(super) fn body<'t>(field: &str, text: &'t str) -> Result<Cow<'t, str>> {
    let seen = Seen::of(text);
    if seen.odd > 0 {
        let odd = text.bytes().find(|c| is_odd(*c)).unwrap_or_default();
        return Err(control(ErrorKind::Input, odd.into()).within(field));
    }
    if text.trim().is_empty() {
        return Err(Error::new(ErrorKind::Input, "it is empty").within(field));
    }
    if seen.returns > 0 {
        return Ok(text.replace("\r\n", "\n").replace('\r', "\n").replace('\n', "\r\n").into());
    }
    let to_encode = seen.may_be_base64(text);
    Ok(if to_encode { text.replace('\n', "\r\n").into() } else { text.into() })
}

/// How many bytes of a sort a text has.
#[derive(Default)]
struct Seen {
    /// Control characters that no body may have.
    odd: usize,
    /// CR.
    returns: usize,
    /// What quoted-printable writes in more bytes than one, and line ends.
    long: usize,
}

impl Seen {
    /// Summed up in bytes and without a branch, many are looked at at once.
    fn of(text: &str) -> Self {
        let mut seen = Self::default();
        for chunk in text.as_bytes().chunks(240) {
            let (mut low, mut tabs, mut ends, mut returns) = (0_u8, 0_u8, 0_u8, 0_u8);
            let (mut deletes, mut signs, mut high) = (0_u8, 0_u8, 0_u8);
            for c in chunk {
                low += u8::from(*c < b' ');
                tabs += u8::from(*c == b'\t');
                ends += u8::from(*c == b'\n');
                returns += u8::from(*c == b'\r');
                deletes += u8::from(*c == DEL);
                signs += u8::from(*c == b'=');
                high += u8::from(!c.is_ascii());
            }
            seen.odd += usize::from(low - tabs - ends - returns + deletes);
            seen.returns += usize::from(returns);
            seen.long += [deletes, ends, high, signs].map(usize::from).iter().sum::<usize>();
        }
        seen
    }

    /// Whether base64 may be the shortest way to write the text. It keeps line ends as they are,
    /// where the builder writes them as CRLF in the other two.
    ///
    /// Quoted-printable takes three bytes for one that it encodes, two or, after white space, four
    /// for a line end, and three more for each 75; base64 takes 37 in the hundred more. So there is
    /// nothing to it while less than a twelfth of the text are such.
    fn may_be_base64(&self, text: &str) -> bool {
        self.long * 12 >= text.len()
    }
}

fn is_odd(c: u8) -> bool {
    c.is_ascii_control() && !matches!(c, b'\t' | b'\n' | b'\r')
}

/// Whether this is the name of a header (RFC 5322, section 3.6.8).
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|c| c.is_ascii_graphic() && c != b':')
}

/// A value for machines, which is folded and otherwise written as it is: printable ASCII of at
/// most [`MAX_VALUE`] bytes. Not the builder's types for URLs and identifiers, which write line
/// ends as they are.
pub(super) fn raw<'t>(field: &str, value: impl Into<Cow<'t, str>>) -> Result<HeaderType<'t>> {
    let value = value.into();
    if is_raw(&value) { Ok(Raw::new(value).into()) } else { Err(unfit(field)) }
}

/// Whether a value may be written as it is.
pub(super) fn is_raw(value: &str) -> bool {
    let is_printable = |c: u8| c.is_ascii_graphic() || c == b' ';
    !value.trim().is_empty() && value.len() <= MAX_VALUE && value.bytes().all(is_printable)
}

fn unfit(field: &str) -> Error {
    Error::new(ErrorKind::Address, UNFIT).within(field)
}

/// Free text, such as a subject.
pub(super) fn text(text: &str) -> HeaderType<'_> {
    if needs_words(text) { Raw::new(words(text)).into() } else { Text::new(text).into() }
}

/// An address, named or not.
pub(super) fn mailbox(address: &Address) -> HeaderType<'_> {
    named(address.name(), address.address())
}

/// What stands in angle brackets, with or without a name in front.
pub(super) fn named<'t>(name: Option<&'t str>, inside: &'t str) -> HeaderType<'t> {
    match name {
        Some(name) if needs_words(name) => Raw::new(format!("{} <{inside}>", words(name))).into(),
        name => Mailbox::new_address(name, inside).into(),
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
