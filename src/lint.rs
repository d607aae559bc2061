//! What is wrong with a mail before anybody gets it: findings with a code, a severity and a place.
//!
//! A [`Finding`] is made by whoever looks: the checks of templates, of blocks, and of the mail that
//! comes out of them. Its code is stable, so that a team can say which it allows and why: an
//! [`Allow`].
//!
//! With the feature `library`, `Lint` reads a rendered `Mail` as the programs do that people read
//! mail with. The chapter [`guide::lint`](crate::guide::lint) says what it looks for.

mod allow;
#[cfg(feature = "library")]
mod amp;
#[cfg(feature = "library")]
mod cascade;
#[cfg(feature = "library")]
mod check;
#[cfg(feature = "library")]
mod clients;
#[cfg(feature = "library")]
mod color;
#[cfg(feature = "library")]
mod contrast;
#[cfg(feature = "library")]
mod document;
#[cfg(feature = "library")]
mod images;
#[cfg(feature = "library")]
mod links;
#[cfg(feature = "library")]
mod markup;
#[cfg(feature = "library")]
mod page;
#[cfg(feature = "library")]
mod style;
#[cfg(feature = "library")]
mod support;
#[cfg(feature = "library")]
mod words;

pub use allow::{Allow, allowed};
#[cfg(feature = "library")]
pub use check::{Limits, Lint, Mail};
#[cfg(feature = "library")]
pub use clients::Audience;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Diagnostic, Span};

/// How bad a finding is.
///
/// The order is that of reading: what must be mended comes first.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// The mail must not go out: content is lost, a law is broken, or a place is left empty.
    Error,
    /// Some readers get less than they should.
    Warning,
    /// Worth knowing; the mail works without a change.
    Note,
}

impl Severity {
    /// Its name in lower case, as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Something that was found in a template or a mail, and where.
///
/// ```
/// use bespoke::error::{Diagnostic, Span};
/// use bespoke::lint::{Finding, Severity};
///
/// let source = "<p>Hi {{ profile.nmae }}</p>";
/// let fault = Diagnostic::new(source, Span::new(9, 21), "unknown trait `nmae`").in_file("mail.html");
/// let finding = Finding::new("unknown-name", Severity::Error, fault);
/// assert_eq!(
///     finding.to_json(),
///     r#"{"file":"mail.html","line":1,"column":10,"code":"unknown-name","severity":"error","message":"unknown trait `nmae`"}"#
/// );
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Finding {
    /// What kind of thing it is, in kebab case, the same in every release: `image-without-alt`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, where, and what to do about it. Of a rendered mail the file is its part
    /// (`html`, `subject`), and the line is 0 where the part as a whole is at fault.
    pub fault: Diagnostic,
    /// A piece of text by which the place can be found in what the mail was made of: an URL, a
    /// declaration, an attribute's value.
    pub needle: Option<String>,
}

impl Finding {
    /// A finding of a kind at a place.
    pub const fn new(code: &'static str, severity: Severity, fault: Diagnostic) -> Self {
        Self { code, severity, fault, needle: None }
    }

    /// The same finding with a piece of text to look for.
    #[must_use]
    pub fn with_needle(mut self, needle: impl Into<String>) -> Self {
        self.needle = Some(needle.into());
        self
    }

    /// The same finding with what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.fault = self.fault.with_help(help);
        self
    }

    /// The same finding at the place of its needle in a source, also with `&` written as `&amp;`, or
    /// of the source as a whole where that does not hold it.
    ///
    /// ```
    /// use bespoke::error::Diagnostic;
    /// use bespoke::lint::{Finding, Severity};
    ///
    /// let fault = Diagnostic::of_file("html", "a link over http");
    /// let finding = Finding::new("http-link", Severity::Warning, fault).with_needle("http://a.example");
    /// let placed = finding.placed("welcome/mail.html", "<p>\n<a href='http://a.example'>");
    /// assert_eq!((placed.fault.line, placed.fault.column), (2, 10));
    /// ```
    #[must_use]
    pub fn placed(mut self, file: &str, source: &str) -> Self {
        let needle = self.needle.as_deref().unwrap_or_default();
        let found = place(source, needle).or_else(|| place(source, &needle.replace('&', "&amp;")));
        let Diagnostic { message, help, .. } = self.fault;
        self.fault = match found {
            Some(span) => Diagnostic::new(source, span, message).in_file(file),
            None => Diagnostic::of_file(file, message),
        };
        self.fault.help = help;
        self
    }

    /// One line of JSON: `{"file","line","column","code","severity","message"}` and, where there is
    /// one, `"help"`. `file` is null where the text is from none; line and column are 0 where the
    /// file as a whole is at fault.
    pub fn to_json(&self) -> String {
        let Diagnostic { file, message, help, line, column, .. } = &self.fault;
        let told = Told {
            file: file.as_deref(),
            line: *line,
            column: *column,
            code: self.code,
            severity: self.severity,
            message,
            help: help.as_deref(),
        };
        serde_json::to_string(&told).unwrap_or_default()
    }
}

fn place(source: &str, needle: &str) -> Option<Span> {
    let at = source.find(needle).filter(|_| !needle.is_empty())?;
    Some(Span::new(at, at + needle.len()))
}

#[derive(Serialize)]
struct Told<'a> {
    file: Option<&'a str>,
    line: usize,
    column: usize,
    code: &'a str,
    severity: Severity,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}", self.severity, self.code, self.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn severities_read_from_the_worst_and_as_they_print() {
        let all = [Severity::Error, Severity::Warning, Severity::Note];
        assert!(all.is_sorted());
        for severity in all {
            let json = serde_json::to_string(&severity).unwrap();
            assert_eq!(json, format!("\"{severity}\""));
            assert_eq!(serde_json::from_str::<Severity>(&json).unwrap(), severity);
        }
    }

    #[test]
    fn a_finding_that_is_not_in_the_source_is_of_the_file() {
        let fault = Diagnostic::of_file("html", "too long").with_help("cut it");
        for needle in ["", "gone"] {
            let finding = Finding::new("size", Severity::Error, fault.clone()).with_needle(needle);
            let placed = finding.placed("mail.html", "<p>text</p>");
            assert_eq!(placed.to_string(), "error[size]: too long\n--> mail.html\n    cut it");
            assert!(placed.to_json().contains(r#""line":0,"column":0"#));
            assert!(placed.to_json().ends_with(r#""message":"too long","help":"cut it"}"#));
        }
    }
}
