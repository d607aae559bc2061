//! All mails that a team sends, on one page to look through before anybody gets them.
//!
//! A [`Gallery`] is made of [`Page`]s: a template, rendered for a fixture. It becomes one file of HTML
//! that fetches nothing: an inbox of all mails with a filter, and each mail at the widths of a phone and
//! of a desktop, light and dark, with its text part, its size and what [`Lint`](crate::lint::Lint) found.
//! [`Gallery::compare`] puts two versions of a mail side by side.
//!
//! Mails are shown in frames without any right: no script runs, no form is sent, no link leads
//! anywhere. Pictures from elsewhere are not fetched; a hatched box of their size stands in their
//! place, with the words that many readers see at first. Pictures as `data:` are shown.
//!
//! Dark mode is emulated: the mail's own rules for `prefers-color-scheme: dark` hold, and what it does
//! not colour is dark. Programs that change colours by themselves (Outlook, Gmail's apps) look
//! different.

mod changes;
mod data;
mod scheme;

use crate::lint::{Finding, Limits};

/// A mail as it was rendered for a fixture.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Page {
    /// The template.
    pub template: String,
    /// For whom it was rendered.
    pub fixture: String,
    /// In which language and region.
    pub locale: Option<String>,
    /// Which of several forms, where that has a name.
    pub variant: Option<String>,
    /// Who it is from, as an inbox shows it.
    pub from: Option<String>,
    /// The subject.
    pub subject: String,
    /// What stands beside the subject in an inbox.
    pub preheader: String,
    /// The HTML part; its bytes are the size that is shown.
    pub html: String,
    /// The text part.
    pub text: String,
    /// Which variant each block chose, and why: `("hero", "winter: temperature < 5")`.
    pub chosen: Vec<(String, String)>,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Page {
    /// A template's mail for a fixture, without content yet.
    pub fn new(template: impl Into<String>, fixture: impl Into<String>) -> Self {
        Self { template: template.into(), fixture: fixture.into(), ..Self::default() }
    }

    /// The same page with what an inbox shows.
    #[must_use]
    pub fn with_subject(self, subject: impl Into<String>, preheader: impl Into<String>) -> Self {
        Self { subject: subject.into(), preheader: preheader.into(), ..self }
    }

    /// The same page with its parts.
    #[must_use]
    pub fn with_parts(self, html: impl Into<String>, text: impl Into<String>) -> Self {
        Self { html: html.into(), text: text.into(), ..self }
    }

    /// The same page, from somebody.
    #[must_use]
    pub fn with_sender(self, from: impl Into<String>) -> Self {
        Self { from: Some(from.into()), ..self }
    }

    /// The same page in a language and region.
    #[must_use]
    pub fn in_locale(self, locale: impl Into<String>) -> Self {
        Self { locale: Some(locale.into()), ..self }
    }

    /// The same page as one of several forms.
    #[must_use]
    pub fn in_variant(self, variant: impl Into<String>) -> Self {
        Self { variant: Some(variant.into()), ..self }
    }

    /// The same page with which variant a block chose, and why.
    #[must_use]
    pub fn with_choice(mut self, block: impl Into<String>, choice: impl Into<String>) -> Self {
        self.chosen.push((block.into(), choice.into()));
        self
    }

    /// The same page with what was found.
    #[must_use]
    pub fn with_findings(self, findings: Vec<Finding>) -> Self {
        Self { findings, ..self }
    }
}

/// Many mails on one page.
///
/// ```
/// use bespoke::preview::{Gallery, Page};
///
/// let page = Page::new("welcome", "ada")
///     .with_subject("Welcome, Ada", "Three things to begin with")
///     .with_parts("<p>Welcome, Ada", "Welcome, Ada");
/// let next = page.clone().with_subject("Hello, Ada", "Three things to begin with");
/// let html = Gallery::new("Spring").add(page.clone()).compare(page, next).to_html();
/// assert!(html.starts_with("<!doctype html>") && html.contains("Welcome, Ada"));
/// ```
#[derive(Clone, Debug)]
pub struct Gallery {
    title: String,
    version: Option<String>,
    limits: Limits,
    pages: Vec<Page>,
    /// What was, and what is to be.
    changes: Vec<(Page, Page)>,
}

impl Gallery {
    /// An empty gallery with a title.
    pub fn new(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            version: None,
            limits: Limits::default(),
            pages: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// The same gallery of a library's version.
    #[must_use]
    pub fn of_version(self, version: impl Into<String>) -> Self {
        Self { version: Some(version.into()), ..self }
    }

    /// The same gallery, with sizes shown against these limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The same gallery and a mail. Mails stay in the order in which they come, by template.
    #[must_use]
    #[expect(clippy::should_implement_trait, reason = "a page is not a gallery")]
    pub fn add(mut self, page: Page) -> Self {
        self.pages.push(page);
        self
    }

    /// The same gallery and two versions of a mail, side by side with what differs. Versions that do
    /// not differ are left out.
    #[must_use]
    pub fn compare(mut self, old: Page, new: Page) -> Self {
        if changes::differ(&old, &new) {
            self.changes.push((old, new));
        }
        self
    }

    /// One self-contained page of HTML: equal galleries give equal bytes.
    pub fn to_html(&self) -> String {
        data::html(self)
    }
}
