//! Rules about the document: what it says of itself, and what has no place in a mail.

use std::collections::BTreeMap;

use super::check::Mail;
use super::document::{Element, Kind};
use super::page::{Found, Page, Part, error, note, quoted, warning};
use super::style::When;

pub(super) fn check(mail: &Mail<'_>, page: &Page, found: &mut Found) {
    if mail.html.trim().is_empty() {
        return;
    }
    doctype(page, found);
    language(mail, page, found);
    title(page, found);
    charset(page, found);
    dark_mode(page, found);
    active_content(page, found);
    layout_tables(page, found);
    duplicate_ids(page, found);
}

fn doctype(page: &Page, found: &mut Found) {
    if page.document.doctype.is_none() {
        let message = "there is no document type, so some programs draw boxes by old rules";
        found.add(note("doctype", Part::Html, message).with_help("begin with `<!doctype html>`"));
    }
}

fn language(mail: &Mail<'_>, page: &Page, found: &mut Found) {
    let lang = page.document.named("html").find_map(|(_, html)| html.attribute("lang"));
    // `und` is how a language is written that nobody has said.
    let Some(lang) = lang.filter(|lang| !lang.is_empty() && *lang != "und") else {
        let message = "the mail does not say its language, so it is read aloud in the reader's";
        let help = "write `<html lang=\"en\">`";
        found.add(warning("html-without-lang", Part::Html, message).with_help(help));
        return;
    };
    let first = |tag: &str| tag.split(['-', '_']).next().unwrap_or_default().to_lowercase();
    if let Some(expected) = mail.lang.filter(|expected| first(expected) != first(lang)) {
        let message = format!("the mail says that it is in `{lang}` and is in `{expected}`");
        let needle = format!("lang=\"{lang}\"");
        found.add(warning("lang-differs", Part::Html, message).with_needle(needle));
    }
}

fn title(page: &Page, found: &mut Found) {
    let mut titles = page.document.named("title");
    if !titles.any(|(at, _)| !page.document.text(at).trim().is_empty()) {
        let message = "the mail has no title, which is what a browser's tab and screen readers say";
        found.add(warning("title", Part::Html, message));
    }
}

fn charset(page: &Page, found: &mut Found) {
    let declared =
        page.document.named("meta").find_map(|(_, meta)| match meta.attribute("charset") {
            Some(charset) => Some(charset.to_lowercase()),
            None => meta
                .attribute("content")?
                .to_lowercase()
                .split_once("charset=")
                .map(|(_, it)| it.into()),
        });
    match declared {
        Some(charset) if charset == "utf-8" => {}
        Some(charset) => {
            let message =
                format!("the mail says that it is in {} and is in UTF-8", quoted(&charset));
            found.add(error("charset", Part::Html, message).with_needle(charset));
        }
        None => {
            let message = "the mail does not say its character set";
            let help = "write `<meta charset=\"utf-8\">`; a forwarded mail may lose its headers";
            found.add(warning("charset", Part::Html, message).with_help(help));
        }
    }
}

fn dark_mode(page: &Page, found: &mut Found) {
    let named = |name: &str| {
        let mut metas = page.document.named("meta");
        metas
            .any(|(_, meta)| meta.attribute("name").is_some_and(|it| it.eq_ignore_ascii_case(name)))
    };
    let has_rule =
        page.sheets.iter().any(|(_, sheet)| sheet.rules.iter().any(|rule| rule.when == When::Dark));
    let missing: Vec<&str> = ["color-scheme", "supported-color-schemes"]
        .into_iter()
        .filter(|name| !named(name))
        .collect();
    let message = match (missing.as_slice(), has_rule) {
        ([], _) => return,
        (_, true) => format!(
            "there are rules for dark mode, which Apple Mail heeds with the `{}` meta element",
            missing.join("` and `")
        ),
        (_, false) => {
            "nothing is said of dark mode, so each program chooses the colours itself".to_owned()
        }
    };
    let help = "write `<meta name=\"color-scheme\" content=\"light dark\">`, and \
                `supported-color-schemes` likewise";
    found.add(note("dark-mode", Part::Html, message).with_help(help));
}

fn active_content(page: &Page, found: &mut Found) {
    for (_, element) in page.document.elements() {
        let name = element.name.as_str();
        match name {
            "script" | "iframe" | "frame" | "object" | "embed" | "applet" => {
                let message = format!("`<{name}>` is taken out of mail, or stops it");
                found.add(
                    error("active-content", Part::Html, message).with_needle(format!("<{name}")),
                );
            }
            "form" => {
                let message = "forms do not work in Outlook, and other programs warn of them";
                let help = "link to a page with the form";
                found
                    .add(warning("form", Part::Html, message).with_help(help).with_needle("<form"));
            }
            _ => {}
        }
        let handlers = element.attributes.iter().filter(|(name, _)| is_handler(name));
        for (name, value) in handlers {
            let message = format!("`{name}` is taken out of mail: no program runs scripts");
            found.add(error("event-handler", Part::Html, message).with_needle(value.as_str()));
        }
    }
}

fn is_handler(name: &str) -> bool {
    name.len() > 4 && name.starts_with("on") && name.bytes().all(|byte| byte.is_ascii_lowercase())
}

fn layout_tables(page: &Page, found: &mut Found) {
    let is_data = |at: usize| {
        page.document.within(at).iter().any(|node| match &node.kind {
            Kind::Element(element) => ["caption", "th", "thead"].contains(&element.name.as_str()),
            _ => false,
        })
    };
    let has_role = |table: &Element| {
        table.attribute("role").is_some_and(|role| ["none", "presentation"].contains(&role))
    };
    let bare = page.document.named("table").filter(|(_, table)| !has_role(table));
    let count = bare.filter(|(at, _)| !is_data(*at)).count();
    let message = match count {
        0 => return,
        1 => "a table is for layout and does not say so".to_owned(),
        count => format!("{count} tables are for layout and do not say so"),
    };
    let help = "write `role=\"presentation\"`, or each cell is read aloud as one of a table";
    found.add(warning("table-role", Part::Html, message).with_help(help));
}

fn duplicate_ids(page: &Page, found: &mut Found) {
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, element) in page.document.elements() {
        if let Some(id) = element.attribute("id").filter(|id| !id.is_empty()) {
            *times.entry(id).or_default() += 1;
        }
    }
    for (id, times) in times.into_iter().filter(|(_, times)| *times > 1) {
        let message = format!("{times} elements have the id {}", quoted(id));
        found.add(warning("duplicate-id", Part::Html, message).with_needle(format!("id=\"{id}\"")));
    }
}
