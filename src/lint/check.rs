//! A mail, what is asked of it, and the rules in a row.

use serde::{Deserialize, Serialize};

use super::page::{Found, Page, Part};
use super::{
    Allow, Audience, Finding, allowed, amp, contrast, images, links, markup, support, words,
};

/// How much HTML is read, in bytes: two and a half times what Gmail shows, which is an error
/// already. The rest is not looked at, and that bounds the work.
const READ: usize = 256 << 10;

/// A rendered mail, as it is judged: what a recipient would get.
///
/// ```
/// use bespoke::lint::Mail;
///
/// let mail = Mail::new("Your order", "<p>Thank you", "Thank you")
///     .with_preheader("It leaves our warehouse today")
///     .for_marketing(Some("https://shop.example/u/1"), Some("Shop, 1 High Street, London"));
/// assert!(mail.marketing);
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Mail<'a> {
    /// The subject.
    pub subject: &'a str,
    /// What stands beside the subject in the list of mail; `None` where whoever calls does not know
    /// and it is to be looked for at the beginning of the HTML.
    pub preheader: Option<&'a str>,
    /// The HTML part.
    pub html: &'a str,
    /// The text part; empty where there is none.
    pub text: &'a str,
    /// The AMP part.
    pub amp: Option<&'a str>,
    /// Whether it advertises: then it needs a way out and a postal address.
    pub marketing: bool,
    /// Where readers unsubscribe; `None` looks for a link that says so.
    pub unsubscribe_url: Option<&'a str>,
    /// The postal address of the sender, in any spacing.
    pub postal_address: Option<&'a str>,
    /// The language that it should say that it is in, as in BCP 47: `de` or `pt-BR`.
    pub lang: Option<&'a str>,
}

impl<'a> Mail<'a> {
    /// A mail that does not advertise, of these parts.
    pub fn new(subject: &'a str, html: &'a str, text: &'a str) -> Self {
        Self { subject, html, text, ..Self::default() }
    }

    /// The same mail with a preheader.
    #[must_use]
    pub fn with_preheader(self, preheader: &'a str) -> Self {
        Self { preheader: Some(preheader), ..self }
    }

    /// The same mail with an AMP part.
    #[must_use]
    pub fn with_amp(self, amp: &'a str) -> Self {
        Self { amp: Some(amp), ..self }
    }

    /// The same mail, which should say that it is in this language.
    #[must_use]
    pub fn in_language(self, lang: &'a str) -> Self {
        Self { lang: Some(lang), ..self }
    }

    /// The same mail, which advertises: with where to unsubscribe and from which postal address.
    #[must_use]
    pub fn for_marketing(
        self,
        unsubscribe_url: Option<&'a str>,
        postal_address: Option<&'a str>,
    ) -> Self {
        Self { marketing: true, unsubscribe_url, postal_address, ..self }
    }
}

/// From how much on something is too much. Sizes are bytes of UTF-8, lengths are characters.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Limits {
    /// HTML above this is a warning: 90 KB, since what is put in later (links that count clicks, a
    /// pixel) takes room too.
    pub html_warning: usize,
    /// HTML above this is an error: 100 KB. Gmail cuts a mail off at 102 KB, and what stands at the
    /// end (the link to unsubscribe) is lost.
    pub html_error: usize,
    /// AMP above this is an error: 200,000, which is what its validator says.
    pub amp_error: usize,
    /// A subject above this is a warning: 78, the line that RFC 5322 recommends.
    pub subject_warning: usize,
    /// A subject above this is an error: 998, the line that RFC 5322 allows.
    pub subject_error: usize,
    /// A preheader should have as many at least, 40, or the mail's first words follow it.
    pub preheader_least: usize,
    /// A preheader should have as many at most, 90, or it is cut off.
    pub preheader_most: usize,
    /// How many of a hundred readers may lose content before that is an error: 25.
    pub readers_lost: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            html_warning: 90 << 10,
            html_error: 100 << 10,
            amp_error: 200_000,
            subject_warning: 78,
            subject_error: 998,
            preheader_least: 40,
            preheader_most: 90,
            readers_lost: 25,
        }
    }
}

/// The checks of a rendered mail, with their settings.
///
/// ```
/// use bespoke::lint::{Lint, Mail, Severity};
///
/// let html = "<!doctype html><html lang=en><meta charset=utf-8><title>Hello</title>\
///     <p style='color:#bbb'>Hello {{ name }}<img src='https://shop.example/hat.png' width=80 height=80>";
/// let findings = Lint::new().check(&Mail::new("Hello", html, "Hello"));
/// let errors = findings.iter().filter(|finding| finding.severity == Severity::Error);
/// let codes: Vec<&str> = errors.map(|finding| finding.code).collect();
/// assert_eq!(codes, ["contrast", "image-without-alt", "leftover-syntax"]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Lint {
    pub(super) audience: Audience,
    pub(super) limits: Limits,
    allows: Vec<Allow>,
}

/// Everything that it can find, in alphabetical order.
const CODES: [&str; 41] = [
    "active-content",
    "amp-boilerplate",
    "amp-element",
    "amp-size",
    "charset",
    "contrast",
    "dark-contrast",
    "dark-mode",
    "dark-text",
    "data-link",
    "doctype",
    "duplicate-id",
    "event-handler",
    "form",
    "html-missing",
    "html-size",
    "html-without-lang",
    "http-image",
    "http-link",
    "image-without-alt",
    "image-without-size",
    "lang-differs",
    "leftover-syntax",
    "link-differs",
    "link-nowhere",
    "link-without-text",
    "no-postal-address",
    "no-unsubscribe",
    "preheader-hidden",
    "preheader-length",
    "preheader-missing",
    "script-link",
    "subject-empty",
    "subject-length",
    "table-role",
    "text-missing",
    "title",
    "unsupported-css",
    "unsupported-html",
    "unsupported-image",
    "unused-allow",
];

impl Lint {
    /// The checks with default settings, which allow nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same checks for other readers.
    #[must_use]
    pub fn with_audience(self, audience: Audience) -> Self {
        Self { audience, ..self }
    }

    /// The same checks with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The same checks, allowing these besides.
    #[must_use]
    pub fn allowing(mut self, allows: impl IntoIterator<Item = Allow>) -> Self {
        self.allows.extend(allows);
        self
    }

    /// What is found in one mail and not allowed, ordered by severity, code and words; and a note for
    /// each entry that allows nothing of it.
    pub fn check(&self, mail: &Mail<'_>) -> Vec<Finding> {
        allowed(self.inspect(mail), &self.allows)
    }

    /// What is found in one mail, allowed or not, ordered by severity, code and words. Where a list of
    /// what is allowed is for many mails, [`allowed`] takes what was found in all of them.
    ///
    /// A finding in HTML stands where its needle is in it first. Equal mail gives equal findings.
    pub fn inspect(&self, mail: &Mail<'_>) -> Vec<Finding> {
        let read = mail.html.split_at(mail.html.floor_char_boundary(READ)).0;
        let page = Page::parse(read);
        let mut found = Found::default();
        words::check(mail, &page, &self.limits, &mut found);
        markup::check(mail, &page, &mut found);
        images::check(&page, &mut found);
        links::check(mail, &page, &mut found);
        contrast::check(&page, &mut found);
        support::check(self, &page, &mut found);
        amp::check(mail, &self.limits, &mut found);
        found.in_order().into_iter().map(|finding| placed(finding, read)).collect()
    }

    /// The codes of all that it can find, in alphabetical order.
    pub fn codes() -> &'static [&'static str] {
        &CODES
    }
}

fn placed(finding: Finding, html: &str) -> Finding {
    let part = Part::Html.as_str();
    let is_html = finding.fault.file.as_deref() == Some(part);
    if is_html && finding.needle.is_some() { finding.placed(part, html) } else { finding }
}
