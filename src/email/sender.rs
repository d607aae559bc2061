//! The sender's settings.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use validator::{Validate, ValidateUrl as _, ValidationError};

use super::{Address, header};
use crate::error::{Error, ErrorKind, Result};

/// The longest base of unsubscribe links, in bytes: with the longest token after it, the header
/// stays below the 998 bytes of a line.
const MAX_URL: usize = 512;
/// The longest identifier of a list, in bytes (RFC 2919, section 3).
const MAX_LIST: usize = 255;
/// The longest name of a header, in bytes: a line may be 78 long.
const MAX_NAME: usize = 76;
/// Headers that are composed, or that whoever carries a message writes; with those that begin with
/// `content-` or `list-` nobody else may write them.
const RESERVED: &str = "\
    auto-submitted bcc cc date dkim-signature feedback-id from message-id mime-version received \
    reply-to return-path sender subject to";

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
    /// The list that marketing mail belongs to, for mail programs to sort by (RFC 2919):
    /// `News of the shop <news.shop.example>`. Without it there is no `List-ID`.
    #[serde(default)]
    #[validate(custom(function = "list"))]
    pub list_id: Option<String>,
    /// The name by which Gmail adds up complaints over all campaigns: 5 to 15 letters, digits, `-`
    /// and `_`, the last field of `Feedback-ID`. Choose it once; without it there is no such header.
    #[serde(default)]
    #[validate(custom(function = "feedback"))]
    pub feedback_id: Option<String>,
    /// Further headers of every message, by name, such as what a provider is told by them: printable
    /// ASCII of at most 900 bytes.
    #[serde(default)]
    #[validate(custom(function = "headers"))]
    pub headers: BTreeMap<String, String>,
    /// The headers that whoever messages are handed to writes itself, which are left out. By default
    /// none is.
    #[serde(default)]
    pub provider_headers: BTreeSet<ProviderHeader>,
}

/// A header that some providers write themselves, over or beside the one that they are given.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum ProviderHeader {
    /// When the message was handed over.
    Date,
    /// By which Gmail adds up complaints.
    #[serde(rename = "Feedback-ID")]
    FeedbackId,
    /// Which list the message belongs to.
    #[serde(rename = "List-ID")]
    ListId,
    /// The way out, with `List-Unsubscribe-Post`. The link in the body is the composer's even so.
    #[serde(rename = "List-Unsubscribe")]
    ListUnsubscribe,
    /// The message's identifier.
    #[serde(rename = "Message-ID")]
    MessageId,
}

impl ProviderHeader {
    /// Whether this is the header's name, or that of one that belongs to it.
    pub(super) fn covers(self, name: &str) -> bool {
        match self {
            Self::Date => name == "Date",
            Self::FeedbackId => name == "Feedback-ID",
            Self::ListId => name == "List-ID",
            Self::ListUnsubscribe => matches!(name, "List-Unsubscribe" | "List-Unsubscribe-Post"),
            Self::MessageId => name == "Message-ID",
        }
    }
}

impl Sender {
    /// The settings without a separate address for answers, a list or further headers.
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
            list_id: None,
            feedback_id: None,
            headers: BTreeMap::new(),
            provider_headers: BTreeSet::new(),
        }
    }

    /// The same settings with an address for answers.
    #[must_use]
    pub fn reply_to(mut self, address: impl Into<String>) -> Self {
        self.reply_to = Some(address.into());
        self
    }

    /// The same settings with the list that marketing mail belongs to.
    #[must_use]
    pub fn list_id(mut self, list: impl Into<String>) -> Self {
        self.list_id = Some(list.into());
        self
    }

    /// The same settings with the name by which Gmail adds up complaints.
    #[must_use]
    pub fn feedback_id(mut self, name: impl Into<String>) -> Self {
        self.feedback_id = Some(name.into());
        self
    }

    /// The same settings with a further header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// The same settings with headers that the provider writes itself.
    #[must_use]
    pub fn provider_writes(mut self, headers: impl IntoIterator<Item = ProviderHeader>) -> Self {
        self.provider_headers.extend(headers);
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

fn list(text: &str) -> Result<(), ValidationError> {
    let (_, id) =
        header::bracketed("list_id", text).map_err(|error| fault(error.detail().to_owned()))?;
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_plain);
    let is_id = id.len() <= MAX_LIST && id.contains('.') && id.split('.').all(is_label);
    // What has no brackets has no name either.
    if is_id && text.trim().ends_with('>') {
        return Ok(());
    }
    Err(fault(
        "it must be `<news.shop.example>` of at most 255 bytes, with or without a name before",
    ))
}

fn feedback(name: &str) -> Result<(), ValidationError> {
    if (5..=15).contains(&name.len()) && name.bytes().all(is_plain) {
        return Ok(());
    }
    Err(fault("it must be 5 to 15 letters, digits, `-` and `_`"))
}

fn is_plain(c: u8) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_')
}

fn headers(headers: &BTreeMap<String, String>) -> Result<(), ValidationError> {
    let mut taken = BTreeSet::new();
    for (name, value) in headers {
        let lower = name.to_ascii_lowercase();
        let is_reserved = RESERVED.split_ascii_whitespace().any(|reserved| reserved == lower)
            || lower.starts_with("content-")
            || lower.starts_with("list-");
        if !header::is_name(name) || name.len() > MAX_NAME {
            return Err(fault("a name must be 1 to 76 printable ASCII characters without `:`"));
        }
        if is_reserved || !taken.insert(lower) {
            return Err(fault(format!("`{name}` is written by others, or twice")));
        }
        if !header::is_raw(value) {
            return Err(fault(format!("`{name}`: {}", header::UNFIT)));
        }
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
    fn lists_and_feedback_have_plain_names() {
        sender()
            .list_id("Neues für Sie <news.shop.example>")
            .feedback_id("shop-1")
            .check()
            .unwrap();
        for list in
            ["news.shop.example", "<news>", "<a..b>", "<a b.c>", "Ä\n <a.b>", "<ä.de>", "a>"]
        {
            let error = sender().list_id(list).check().unwrap_err().to_string();
            assert!(error.starts_with("list_id: "), "{error}");
        }
        for name in ["", "shop", "shop:1", "shop 1", "a-name-that-is-long", "shöps"] {
            let error = sender().feedback_id(name).check().unwrap_err().to_string();
            assert!(error.starts_with("feedback_id: "), "{error}");
        }
    }

    #[test]
    fn further_headers_are_plain_and_nobody_elses() {
        sender().header("X-Stream", "news, weekly; =?").check().unwrap();
        let long = "x".repeat(901);
        for (name, value) in [
            ("", "a"),
            ("X Y", "a"),
            ("X:Y", "a"),
            ("X\r\nBcc", "a@b.de"),
            ("Ä", "a"),
            ("bcc", "a@b.de"),
            ("FROM", "a@b.de"),
            ("Content-Type", "text/plain"),
            ("List-Help", "<https://b.de>"),
            ("X-A", ""),
            ("X-A", "a\r\nBcc: b@c.de"),
            ("X-A", "ä"),
            ("X-A", &long),
        ] {
            let error = sender().header(name, value).check().unwrap_err().to_string();
            assert!(error.starts_with("headers: "), "{name:?} {value:?} {error}");
        }
        assert!(sender().header("X-A", "a").header("x-a", "b").check().is_err());
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
