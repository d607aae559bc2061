//! What the rules look at, read once; and what they found.

use super::document::{Document, Element, Kind};
use super::style::{Declaration, Sheet, When, declarations};
use super::{Finding, Severity};
use crate::error::Diagnostic;

/// A mail's HTML with its styles.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) document: Document,
    /// What the `style` attribute of each node declares, by the node's number.
    pub(super) inline: Vec<Vec<Declaration>>,
    /// What the `style` elements say, each with the number of its node.
    pub(super) sheets: Vec<(usize, Sheet)>,
    /// Whether a comment gives Outlook on Windows tables of its own.
    pub(super) has_word_tables: bool,
}

impl Page {
    pub(super) fn parse(html: &str) -> Self {
        let document = Document::parse(html);
        let inline = document.nodes.iter().map(|node| match &node.kind {
            Kind::Element(element) => {
                element.attribute("style").map(declarations).unwrap_or_default()
            }
            _ => Vec::new(),
        });
        let inline = inline.collect();
        let sheets = document.named("style").map(|(at, style)| {
            let is_limited = style.attribute("media").is_some();
            let when = if is_limited { When::Sometimes } else { When::Always };
            (at, Sheet::parse(&document.text(at), when))
        });
        let sheets = sheets.collect();
        let has_word_tables = document.nodes.iter().any(|node| match &node.kind {
            Kind::Comment(text) => text.starts_with("[if mso") && text.contains("<table"),
            _ => false,
        });
        Self { document, inline, sheets, has_word_tables }
    }

    /// What the last declaration of a property says in the `style` attribute of a node.
    pub(super) fn declared(&self, at: usize, name: &str) -> Option<&str> {
        let declarations = self.inline.get(at)?;
        let found = declarations.iter().rev().find(|declaration| declaration.name == name);
        found.map(|declaration| declaration.value.as_str())
    }

    /// Whether a node is told not to be shown, by its own `style` attribute.
    pub(super) fn is_hidden(&self, at: usize) -> bool {
        let declares = |name, values: &[&str]| {
            self.declared(at, name).is_some_and(|value| values.contains(&value))
        };
        declares("display", &["none"])
            || declares("visibility", &["hidden"])
            || declares("max-height", &["0", "0px"])
            || declares("opacity", &["0"])
            || declares("mso-hide", &["all"])
    }

    /// All texts for readers, in order, with the words of pictures.
    pub(super) fn visible_text(&self) -> String {
        let mut text = String::new();
        for node in &self.document.nodes {
            match &node.kind {
                Kind::Text(part) if self.document.parent(node).is_none_or(is_read) => {
                    text.push_str(part);
                }
                Kind::Element(element) => {
                    text.push(' ');
                    text.push_str(element.attribute("alt").unwrap_or_default());
                    text.push(' ');
                }
                _ => {}
            }
        }
        text
    }
}

/// Whether the text of an element is for readers.
pub(super) fn is_read(element: &Element) -> bool {
    !["script", "style", "title", "template"].contains(&element.name.as_str())
}

/// A part of a mail, as the file of what is found in it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Part {
    Amp,
    Html,
    Preheader,
    Subject,
    Text,
}

impl Part {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Amp => "amp",
            Self::Html => "html",
            Self::Preheader => "preheader",
            Self::Subject => "subject",
            Self::Text => "text",
        }
    }
}

/// What the rules found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) findings: Vec<Finding>,
}

impl Found {
    /// Takes what a rule found in a part; the rule may add help and a needle.
    pub(super) fn add(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The findings by severity, code and words; what was found several times is told once.
    pub(super) fn in_order(mut self) -> Vec<Finding> {
        self.findings.sort_by(|a, b| key(a).cmp(&key(b)));
        let mut told: Vec<(Finding, usize)> = Vec::new();
        for finding in self.findings {
            match told.last_mut() {
                Some((last, times)) if key(last) == key(&finding) => *times += 1,
                _ => told.push((finding, 1)),
            }
        }
        told.into_iter().map(|(finding, times)| counted(finding, times)).collect()
    }
}

fn key(finding: &Finding) -> (Severity, &str, Option<&str>, &str, Option<&str>) {
    let Finding { code, severity, fault, needle } = finding;
    (*severity, code, fault.file.as_deref(), &fault.message, needle.as_deref())
}

fn counted(mut finding: Finding, times: usize) -> Finding {
    if times > 1 {
        finding.fault.message = format!("{} ({times} times)", finding.fault.message);
    }
    finding
}

/// An error in a part of the mail.
pub(super) fn error(code: &'static str, part: Part, message: impl Into<String>) -> Finding {
    finding(code, Severity::Error, part, message)
}

/// A warning about a part of the mail.
pub(super) fn warning(code: &'static str, part: Part, message: impl Into<String>) -> Finding {
    finding(code, Severity::Warning, part, message)
}

/// A note about a part of the mail.
pub(super) fn note(code: &'static str, part: Part, message: impl Into<String>) -> Finding {
    finding(code, Severity::Note, part, message)
}

pub(super) fn finding(
    code: &'static str,
    severity: Severity,
    part: Part,
    message: impl Into<String>,
) -> Finding {
    Finding::new(code, severity, Diagnostic::of_file(part.as_str(), message))
}

/// An address as it is told and looked for: without the data that it may hold.
pub(super) fn named(address: &str) -> &str {
    let is_data = address.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("data:"));
    if is_data { address.split(',').next().unwrap_or_default() } else { address }
}

/// A text as it is quoted in a sentence: on one line, and not longer than a line.
pub(super) fn quoted(text: &str) -> String {
    const LONGEST: usize = 60;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("`{}…`", text.split_at(cut).0.trim_end()),
        None => format!("`{text}`"),
    }
}
