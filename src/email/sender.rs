//! The sender's settings.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;
use validator::{Validate, ValidateUrl as _, ValidationError};

use super::Address;
use crate::error::{Error, ErrorKind, Result};

/// The longest base of unsubscribe links, in bytes: with the longest token after it, the header
/// stays below the 998 bytes of a line.
const MAX_URL: usize = 512;

/// Who sends, as a host's settings have it.
///
/// ```
/// use bespoke::email::Sender;
///
/// let sender = Sender::new("Shop <news@shop.example>", "http://shop.example/u/", " ");
/// let error = sender.check().unwrap_err().to_string();
/// assert!(error.contains("postal_address: ") && error.contains("unsubscribe_url: "));
/// assert!(!error.contains("from: "));
/// ```
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Validate)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Sender {
    /// The address that messages come from: `Shop <news@shop.example>`.
    #[validate(custom(function = "address"))]
    pub from: String,
    /// The address that answers go to; without it they go to `from`.
    #[serde(default)]
    #[validate(custom(function = "address"))]
    pub reply_to: Option<String>,
    /// What precedes the token in unsubscribe links: an https URL of at most 512 bytes such as
    /// `https://shop.example/u/`. What answers there must take a POST without cookies and must not
    /// unsubscribe on GET, which scanners send (RFC 8058).
    #[validate(custom(function = "link"))]
    pub unsubscribe_url: String,
    /// The sender's postal address, which marketing mail must show (CAN-SPAM, section 5(a)(5)); for
    /// templates.
    #[validate(custom(function = "text"))]
    pub postal_address: String,
}

impl Sender {
    /// The settings without a separate address for answers.
    pub fn new(
        from: impl Into<String>,
        unsubscribe_url: impl Into<String>,
        postal_address: impl Into<String>,
    ) -> Self {
        Self {
            from: from.into(),
            reply_to: None,
            unsubscribe_url: unsubscribe_url.into(),
            postal_address: postal_address.into(),
        }
    }

    /// The same settings with an address for answers.
    #[must_use]
    pub fn reply_to(mut self, address: impl Into<String>) -> Self {
        self.reply_to = Some(address.into());
        self
    }

    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Address`] with a sentence for each field at fault, in the order of their names.
    pub fn check(&self) -> Result<()> {
        let Err(errors) = self.validate() else { return Ok(()) };
        let fields: BTreeMap<_, _> = errors.field_errors().into_iter().collect();
        let sentences = fields.into_iter().flat_map(|(field, errors)| {
            let messages =
                errors.iter().map(|error| error.message.as_deref().unwrap_or(&error.code));
            messages.map(move |message| format!("{field}: {message}"))
        });
        let detail = sentences.collect::<Vec<_>>().join("; ");
        Err(Error::new(ErrorKind::Address, detail))
    }
}

fn address(text: &str) -> Result<(), ValidationError> {
    Address::parse(text).map(drop).map_err(|error| fault(error.detail().to_owned()))
}

fn link(url: &str) -> Result<(), ValidationError> {
    // What a URL parser would quietly mend must not reach a header.
    let plain = |c: u8| c.is_ascii_graphic() && !matches!(c, b'<' | b'>' | b'"' | b',' | b'\\');
    if url.len() > MAX_URL || !url.bytes().all(plain) || url.contains('#') {
        let detail = "it must be at most 512 ASCII characters, none of them a space or `<>\",\\#`";
        return Err(fault(detail));
    }
    if !url.starts_with("https://") || !url.validate_url() {
        return Err(fault("it must be a URL that begins with `https://`"));
    }
    Ok(())
}

fn text(text: &str) -> Result<(), ValidationError> {
    if text.trim().is_empty() { Err(fault("it must not be empty")) } else { Ok(()) }
}

fn fault(detail: impl Into<Cow<'static, str>>) -> ValidationError {
    ValidationError::new("invalid").with_message(detail.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender() -> Sender {
        Sender::new("Shop <news@shop.example>", "https://shop.example/u/", "Weg 1, 89073 Ulm")
    }

    #[test]
    fn every_field_at_fault_is_named() {
        sender().reply_to("help@shop.example").check().unwrap();
        let wrong = Sender::new("news", "https://", "").reply_to("a@b\r\nBcc: c@d.de");
        let error = wrong.check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Address);
        let text = error.to_string();
        let fields: Vec<&str> =
            text.split("; ").filter_map(|part| Some(part.split_once(": ")?.0)).collect();
        assert_eq!(fields, ["from", "postal_address", "reply_to", "unsubscribe_url"], "{text}");
    }

    #[test]
    fn only_plain_https_links_are_taken() {
        for good in ["https://shop.example/u/", "https://shop.example:8443/u?t="] {
            assert!(
                Sender { unsubscribe_url: good.to_owned(), ..sender() }.check().is_ok(),
                "{good}"
            );
        }
        let long = format!("https://shop.example/{}", "u".repeat(512));
        for wrong in [
            "",
            "http://shop.example/",
            "HTTPS://shop.example/",
            "https:///",
            "shop.example",
            "https://shop.example/ u",
            "https://shop.example/\r\nBcc: a@b.de",
            "https://shop.example/#",
            "https://shop.example/>",
            "https://shop.example/,",
            "https://münchen.de/",
            "https://x\\y/",
            "mailto:a@b.de",
            &long,
        ] {
            let sender = Sender { unsubscribe_url: wrong.to_owned(), ..sender() };
            assert!(sender.check().is_err(), "{wrong:?}");
        }
    }
}
