//! The page: what its script shows, as data beside it.

use std::fmt::Write;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::changes::Changes;
use super::scheme::opened;
use super::{Gallery, Page};
use crate::error::Diagnostic;
use crate::frame;
use crate::lint::{Finding, Severity};

const PAGE: &str = include_str!("gallery.html");
const STYLE: &str = include_str!("gallery.css");
const SCRIPT: &str = include_str!("gallery.js");

/// What a frame gets besides: the scheme that is shown, and boxes for pictures that are not fetched.
const BESIDES: &str = "<style>:root{color-scheme:-scheme}\
img:not([src^=\"data:\"]){background:repeating-linear-gradient(135deg,#8883 0 6px,#8881 6px 12px)}\
body{margin:0}</style>";

#[derive(Serialize)]
struct Data<'a> {
    version: Option<&'a str>,
    warning: usize,
    error: usize,
    mails: Vec<Mail<'a>>,
}

/// A mail, or two versions of one: then what is told is that of the new one.
#[derive(Serialize)]
struct Mail<'a> {
    template: &'a str,
    fixture: &'a str,
    locale: Option<&'a str>,
    variant: Option<&'a str>,
    from: Option<&'a str>,
    subject: &'a str,
    preheader: &'a str,
    text: &'a str,
    size: usize,
    chosen: &'a [(String, String)],
    findings: Vec<Told<'a>>,
    /// The number of its document.
    document: usize,
    before: Option<Before>,
}

#[derive(Serialize)]
struct Before {
    size: usize,
    document: usize,
    changes: Changes,
}

#[derive(Serialize)]
struct Told<'a> {
    code: &'a str,
    severity: Severity,
    message: &'a str,
    help: Option<&'a str>,
    place: String,
}

pub(super) fn html(gallery: &Gallery) -> String {
    let mut documents = Vec::new();
    let mut mails: Vec<Mail<'_>> =
        gallery.pages.iter().map(|page| Mail::new(page, &mut documents)).collect();
    mails.extend(gallery.changes.iter().map(|(old, new)| {
        let mut mail = Mail::new(new, &mut documents);
        let document = documents.len();
        documents.push(&old.html);
        let changes = Changes::between(old, new);
        mail.before = Some(Before { size: old.html.len(), document, changes });
        mail
    }));
    let data = Data {
        version: gallery.version.as_deref(),
        warning: gallery.limits.html_warning,
        error: gallery.limits.html_error,
        mails,
    };
    let mut scripts = script("data", &data);
    for (number, document) in documents.into_iter().enumerate() {
        let document = format!("{BESIDES}{}", frame::document(&opened(document)));
        scripts.push_str(&script(&format!("mail-{number}"), &document));
    }
    // No mail can hold the hash of what it is a part of, so only this script is the page's own.
    let nonce = Sha256::digest(&scripts).iter().fold(String::new(), |mut nonce, byte| {
        let _ = write!(nonce, "{byte:02x}");
        nonce
    });
    let title = escaped(&gallery.title);
    let parts = [
        ("title", title.as_str()),
        ("nonce", &nonce),
        ("style", STYLE),
        ("data", &scripts),
        ("script", SCRIPT),
    ];
    filled(PAGE, &parts)
}

impl<'a> Mail<'a> {
    fn new(page: &'a Page, documents: &mut Vec<&'a str>) -> Self {
        let document = documents.len();
        documents.push(&page.html);
        Self {
            template: &page.template,
            fixture: &page.fixture,
            locale: page.locale.as_deref(),
            variant: page.variant.as_deref(),
            from: page.from.as_deref(),
            subject: &page.subject,
            preheader: &page.preheader,
            text: &page.text,
            size: page.html.len(),
            chosen: &page.chosen,
            findings: page.findings.iter().map(Told::new).collect(),
            document,
            before: None,
        }
    }
}

impl<'a> Told<'a> {
    fn new(finding: &'a Finding) -> Self {
        let Diagnostic { file, message, help, line, column, .. } = &finding.fault;
        let file = file.as_deref().unwrap_or_default();
        let place = if *line == 0 { file.to_owned() } else { format!("{file}:{line}:{column}") };
        let help = help.as_deref();
        Self { code: finding.code, severity: finding.severity, message, help, place }
    }
}

/// Data as an element that a script reads: nothing in it can end the element.
fn script(id: &str, data: &impl Serialize) -> String {
    let json = serde_json::to_string(data).unwrap_or_default().replace('<', "\\u003c");
    format!("<script type=\"application/json\" id=\"{id}\">{json}</script>\n")
}

/// A page with its places filled, each once: what is filled in is not looked at again.
fn filled(page: &str, parts: &[(&str, &str)]) -> String {
    let mut out = String::new();
    let mut pieces = page.split("{{");
    out.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        let (name, rest) = piece.split_once("}}").unwrap_or((piece, ""));
        let part = parts.iter().find(|(known, _)| *known == name);
        out.push_str(part.map_or("", |(_, part)| part));
        out.push_str(rest);
    }
    out
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preview::scheme::{DARK, LIGHT};

    #[test]
    fn nothing_of_a_mail_can_leave_its_place() {
        let evil = "</script><script>alert(1)</script><!--\u{2028}{{nonce}}\"'";
        let page =
            Page::new(evil, evil).with_subject(evil, evil).with_parts(evil, evil).in_locale(evil);
        let html = Gallery::new(evil)
            .add(page.clone())
            .compare(page.clone(), page.with_subject("", ""))
            .to_html();
        let scripts = html.split("<script").skip(1);
        // The list, three documents, and the page's own.
        assert_eq!(scripts.clone().count(), 5, "{html}");
        assert_eq!(html.matches("nonce=").count(), 1);
        assert!(!html.contains("alert(1)</script>"));
        let json = html.split("id=\"data\">").nth(1).unwrap().split("</script>").next().unwrap();
        let data: serde_json::Value = serde_json::from_str(json).unwrap();
        assert_eq!(data["mails"][0]["subject"], evil);
    }

    #[test]
    fn the_script_answers_what_is_open() {
        for open in [DARK, LIGHT, "color-scheme:-scheme"] {
            assert!(SCRIPT.contains(&format!("\"{open}\"")), "{open}");
        }
        assert!(BESIDES.contains("color-scheme:-scheme"));
    }

    #[test]
    fn the_page_fetches_nothing() {
        let html = Gallery::new("x").to_html();
        assert!(html.contains("default-src 'none'"));
        for forbidden in [" src=\"http", "url(", "@import", "<link", "fetch(", "XMLHttp", "import("]
        {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }
}
