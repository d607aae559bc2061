//! HTML whose code is masked: its styles go into its elements.

#[cfg(feature = "mjml")]
use std::borrow::Cow;

use css_inline::CSSInliner;

use super::escape;
use super::markup::{self, Spot};
use super::sheet::{Masked, Word};
use super::tags::Sort;
use super::unmask::Fault;

/// Puts the rules of `<style>` into the elements that they select, which is all that some clients
/// read. What cannot be put there, such as media queries, stays in `<style>`.
///
/// # Errors
///
/// Code that stands where none may, or where a parser would move it.
pub(super) fn inline(masked: &Masked) -> Result<String, Vec<Fault>> {
    let words = masked.words(&masked.text);
    let spots = markup::spots(&masked.text, &words);
    let wrong = words.iter().zip(&spots).filter_map(|(word, spot)| {
        let code = masked.codes.get(word.code)?;
        let fault = escape::written(code, spot).err()?;
        Some((code.origin.clone(), fault))
    });
    let faults: Vec<Fault> = wrong.chain(misplaced(masked, &masked.text)).collect();
    if !faults.is_empty() {
        return Err(faults);
    }
    let guarded = guard(masked, &masked.text);
    let inlined = CSSInliner::options()
        .keep_style_tags(true)
        .remove_inlined_selectors(true)
        .keep_at_rules(true)
        .keep_link_tags(true)
        .load_remote_stylesheets(false)
        .build()
        .inline(&guarded);
    settled(masked, &guarded, inlined)
}

/// Puts rules into the elements of a document that keeps its own `<style>` as it is.
///
/// # Errors
///
/// As [`inline`].
#[cfg(feature = "mjml")]
pub(super) fn inline_only(masked: &Masked, html: &str, css: &str) -> Result<String, Vec<Fault>> {
    let guarded = guard(masked, html);
    let inlined = CSSInliner::options()
        .inline_style_tags(false)
        .keep_style_tags(true)
        .keep_link_tags(true)
        .load_remote_stylesheets(false)
        .extra_css(Some(Cow::Borrowed(css)))
        .build()
        .inline(&guarded);
    settled(masked, &guarded, inlined)
}

/// Puts comments around the words that decide: a parser leaves a comment in a table where it is,
/// and moves a word out of it.
fn guard(masked: &Masked, html: &str) -> String {
    let words = masked.words(html);
    let spots = markup::spots(html, &words);
    let mut guarded = String::with_capacity(html.len() + 7 * words.len());
    let mut from = 0;
    for (word, spot) in words.iter().zip(&spots) {
        let decides = masked.codes.get(word.code).is_some_and(|code| code.sort == Sort::Control);
        if decides && *spot == Spot::Text && !in_condition(html, word.at.start) {
            guarded.push_str(html.get(from..word.at.start).unwrap_or_default());
            guarded.extend(["<!--", &masked.word(word.code), "-->"]);
            from = word.at.end;
        }
    }
    guarded.push_str(html.get(from..).unwrap_or_default());
    guarded
}

/// Whether a place is in what only Outlook reads, which is a comment already.
fn in_condition(html: &str, at: usize) -> bool {
    let before = html.get(..at).unwrap_or_default();
    let open = before.rfind("<!--");
    open.is_some_and(|open| before.get(open..).is_some_and(|rest| !rest.contains("-->")))
}

/// What prints in a table and in none of its cells: a client puts it in front of the table.
pub(super) fn misplaced(masked: &Masked, html: &str) -> Vec<Fault> {
    let words = masked.words(html);
    if words.is_empty() {
        return Vec::new();
    }
    let spots = markup::spots(html, &words);
    let names = markup::names(html);
    let outside = |word: &Word| {
        let next = names.partition_point(|name| name.end <= word.at.start);
        let last = next.checked_sub(1).and_then(|last| names.get(last))?;
        let closes = html.get(..last.start)?.ends_with('/');
        let name = html.get(last.clone())?.to_ascii_lowercase();
        Some(match name.as_str() {
            "tbody" | "tfoot" | "thead" | "tr" => true,
            "table" => !closes,
            "caption" | "td" | "th" => closes,
            _ => false,
        })
    };
    let prints = words.iter().zip(&spots).filter(|(word, spot)| {
        let code = masked.codes.get(word.code);
        **spot == Spot::Text && code.is_some_and(|code| code.sort == Sort::Print)
    });
    let wrong = prints.filter(|(word, _)| outside(word) == Some(true));
    let fault = (
        "code-moved",
        "no text can stand here, so a mail client would move it".to_owned(),
        "put it into a cell of the table",
    );
    let codes = wrong.filter_map(|(word, _)| masked.codes.get(word.code));
    codes.map(|code| (code.origin.clone(), fault.clone())).collect()
}

/// The document that came of one. Nothing but loading can fail, and nothing is loaded.
fn settled(
    masked: &Masked,
    before: &str,
    after: Result<String, css_inline::InlineError>,
) -> Result<String, Vec<Fault>> {
    match (after, masked.codes.first()) {
        (Ok(after), _) if before.contains("<tbody") => Ok(after),
        (Ok(after), _) => Ok(without_bodies(&after)),
        (Err(_), None) => Ok(before.to_owned()),
        (Err(error), Some(code)) => {
            let message = format!("the styles cannot be put into the elements: {error}");
            Err(vec![(code.origin.clone(), ("styles", message, ""))])
        }
    }
}

/// The document without the bodies of tables, which a parser puts in where there are none: a loop
/// over rows would open them and not close them.
fn without_bodies(html: &str) -> String {
    let mut plain = String::with_capacity(html.len());
    let mut from = 0;
    for name in markup::names(html) {
        if html.get(name.clone()) != Some("tbody") {
            continue;
        }
        let start = name.start
            - if html.get(..name.start).is_some_and(|h| h.ends_with('/')) { 2 } else { 1 };
        plain.push_str(html.get(from..start).unwrap_or_default());
        from = html
            .get(name.end..)
            .and_then(|rest| rest.find('>'))
            .map_or(html.len(), |at| name.end + at + 1);
    }
    plain.push_str(html.get(from..).unwrap_or_default());
    plain
}
