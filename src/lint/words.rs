//! Rules about words: subject, preheader, text part, size, and what a template left behind.

use super::Severity;
use super::check::{Limits, Mail};
use super::document::Kind;
use super::page::{Found, Page, Part, error, finding, quoted, warning};

/// What begins an expression in the languages that templates are written in, and what ends it.
const SYNTAX: [(&str, &str); 8] = [
    ("{{", "}}"),
    ("{%", "%}"),
    ("{#", "#}"),
    ("${", "}"),
    ("*|", "|*"),
    // An end alone is what a broken beginning leaves.
    ("}}", ""),
    ("%}", ""),
    ("|*", ""),
];
/// How many of these CSS and scripts have no use for.
const IN_STYLE: usize = 2;

/// Letters that take no room: senders pad a preheader with them.
const PADDING: [char; 6] = ['\u{34f}', '\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{feff}'];

pub(super) fn check(mail: &Mail<'_>, page: &Page, limits: &Limits, found: &mut Found) {
    subject(mail.subject, limits, found);
    preheader(mail, page, limits, found);
    sizes(mail, limits, found);
    if mail.text.trim().is_empty() {
        let message = "there is no text part: filters count that against a mail, and some readers \
                       see nothing else";
        found.add(warning("text-missing", Part::Text, message));
    }
    leftovers(mail, page, found);
}

fn subject(subject: &str, limits: &Limits, found: &mut Found) {
    let length = subject.trim().chars().count();
    let told = |severity, limit: usize| {
        let message = format!("the subject has {length} characters, more than {limit}");
        finding("subject-length", severity, Part::Subject, message)
    };
    if length == 0 {
        found.add(error("subject-empty", Part::Subject, "the subject is empty"));
    } else if length > limits.subject_error {
        found.add(told(Severity::Error, limits.subject_error));
    } else if length > limits.subject_warning {
        found.add(told(Severity::Warning, limits.subject_warning));
    }
}

fn preheader(mail: &Mail<'_>, page: &Page, limits: &Limits, found: &mut Found) {
    let hidden = hidden_preheader(page);
    let Some(preheader) = mail.preheader.map(bare).or_else(|| hidden.clone()) else {
        let message =
            "there is no preheader, so the list of mail shows the first words of the body";
        found.add(warning("preheader-missing", Part::Preheader, message));
        return;
    };
    let length = preheader.chars().count();
    let (least, most) = (limits.preheader_least, limits.preheader_most);
    if length == 0 {
        found.add(warning("preheader-missing", Part::Preheader, "the preheader is empty"));
    } else if length < least || length > most {
        let message = format!("the preheader has {length} characters, not {least} to {most}");
        found.add(warning("preheader-length", Part::Preheader, message));
    }
    if !bare(&page.visible_text()).contains(&preheader) {
        let message = "the HTML does not hold the preheader, so no program shows it";
        let help = "put it into a hidden element at the beginning of the body";
        found.add(warning("preheader-hidden", Part::Preheader, message).with_help(help));
    }
}

/// The text of the first element of the body that is hidden, where nothing is shown before it.
fn hidden_preheader(page: &Page) -> Option<String> {
    for (at, node) in page.document.nodes.iter().enumerate() {
        match &node.kind {
            Kind::Element(_) if page.is_hidden(at) => return Some(bare(&page.document.text(at))),
            Kind::Text(text) if !text.trim().is_empty() => {
                let parent = page.document.parent(node);
                if parent.is_none_or(super::page::is_read) {
                    return None;
                }
            }
            _ => {}
        }
    }
    None
}

/// A text without padding, with single blanks.
fn bare(text: &str) -> String {
    let text: String = text.chars().filter(|letter| !PADDING.contains(letter)).collect();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn sizes(mail: &Mail<'_>, limits: &Limits, found: &mut Found) {
    let size = mail.html.len();
    if mail.html.trim().is_empty() {
        found.add(warning("html-missing", Part::Html, "there is no HTML part"));
        return;
    }
    let severity = match size {
        size if size > limits.html_error => Severity::Error,
        size if size > limits.html_warning => Severity::Warning,
        _ => return,
    };
    let message = format!(
        "the HTML has {} KB: Gmail cuts mail off at 102 KB, and what stands at the end is lost",
        size.div_ceil(1024)
    );
    found.add(finding("html-size", severity, Part::Html, message));
}

fn leftovers(mail: &Mail<'_>, page: &Page, found: &mut Found) {
    let parts = [
        (Part::Subject, Some(mail.subject)),
        (Part::Preheader, mail.preheader),
        (Part::Text, Some(mail.text)),
    ];
    for (part, text) in parts {
        text.into_iter().for_each(|text| leftover(text, part, &SYNTAX, found));
    }
    for node in &page.document.nodes {
        match &node.kind {
            Kind::Text(text) => {
                let is_read = page.document.parent(node).is_none_or(super::page::is_read);
                let syntax = if is_read { SYNTAX.len() } else { IN_STYLE };
                let syntax = SYNTAX.get(..syntax).unwrap_or_default();
                leftover(text, Part::Html, syntax, found);
            }
            Kind::Element(element) => {
                for (_, value) in &element.attributes {
                    leftover(value, Part::Html, &SYNTAX, found);
                }
            }
            Kind::Comment(_) => {}
        }
    }
}

fn leftover(text: &str, part: Part, syntax: &[(&str, &str)], found: &mut Found) {
    let mut rest = text;
    while let Some((needle, after)) = expression(rest, syntax) {
        let message = format!("template syntax was left behind: {}", quoted(needle));
        found.add(error("leftover-syntax", part, message).with_needle(needle));
        rest = after;
    }
}

/// The first expression of a text, to its end or that of its line, and what follows it.
fn expression<'a>(text: &'a str, syntax: &[(&str, &str)]) -> Option<(&'a str, &'a str)> {
    let found = syntax.iter().filter_map(|(begin, end)| Some((text.find(begin)?, *begin, *end)));
    let (at, begin, end) = found.min()?;
    let (_, from) = text.split_at_checked(at)?;
    let line = from.lines().next().unwrap_or_default();
    let after = line.strip_prefix(begin)?;
    let length = after.find(end).map_or(line.len(), |to| begin.len() + to + end.len());
    from.split_at_checked(length)
}
