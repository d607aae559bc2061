//! HTML whose code is masked: its styles go into its elements.

use std::borrow::Cow;

use css_inline::CSSInliner;

use super::escape;
use super::markup::{self, Spot};
use super::sheet::Masked;
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
    let faults: Vec<Fault> = words
        .iter()
        .zip(&spots)
        .filter_map(|(word, spot)| {
            let code = masked.codes.get(word.code)?;
            let fault = escape::written(code, spot).err()?;
            Some((code.origin.clone(), fault))
        })
        .collect();
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

/// The document that came of one, if all code is where it was.
fn settled(
    masked: &Masked,
    before: &str,
    after: Result<String, css_inline::InlineError>,
) -> Result<String, Vec<Fault>> {
    let origin = masked.codes.first().map(|code| code.origin.clone());
    let after = match (after, origin) {
        (Ok(after), _) => after,
        // Without code there is no place to name; nothing but what is loaded can fail.
        (Err(_), None) => return Ok(before.to_owned()),
        (Err(error), Some(origin)) => {
            let message = format!("the styles cannot be put into the elements: {error}");
            return Err(vec![(origin, ("styles", message, ""))]);
        }
    };
    let after = if before.contains("<tbody") { after } else { without_bodies(&after) };
    let order = |html: &str| -> Vec<usize> {
        masked.words(html).into_iter().map(|word| word.code).collect()
    };
    let (was, is) = (order(before), order(&after));
    let moved = was.iter().zip(&is).find(|(was, is)| was != is).map(|(was, _)| *was);
    let moved = moved.or_else(|| was.get(is.len()).copied());
    match moved.and_then(|moved| masked.codes.get(moved)) {
        None => Ok(after),
        Some(code) => {
            let fault = (
                "code-moved",
                "no text can stand here, so a mail client would move it".to_owned(),
                "put it into a cell of the table",
            );
            Err(vec![(code.origin.clone(), fault)])
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
        let start = name.start - if html.get(..name.start).is_some_and(|h| h.ends_with('/')) { 2 } else { 1 };
        plain.push_str(html.get(from..start).unwrap_or_default());
        from = html.get(name.end..).and_then(|rest| rest.find('>')).map_or(html.len(), |at| name.end + at + 1);
    }
    plain.push_str(html.get(from..).unwrap_or_default());
    plain
}
