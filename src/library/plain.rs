//! The text of a mail whose author wrote none, from its HTML.

use html2text::config;
use html2text::render::{TaggedLine, TextDecorator};

use super::markup;
use super::sheet::Masked;

/// Wider than any line, since values will stand where words are masked.
const WIDTH: usize = 1_000_000;
/// Elements that stand below each other where a mail is shown without its layout.
const BOXES: [&str; 7] = ["table", "tbody", "td", "tfoot", "th", "thead", "tr"];

/// The text of masked HTML: links are followed by their addresses, images are their alternative
/// texts, what is hidden is left out, and so are the tables of the layout.
pub(super) fn text(masked: &Masked, html: &str) -> String {
    let unguarded = masked.codes.iter().enumerate().fold(html.to_owned(), |html, (code, _)| {
        let word = masked.word(code);
        html.replace(&format!("<!--{word}-->"), &word)
    });
    let html = boxes(&shown(&unguarded));
    let text = config::with_decorator(Decorator::default())
        .raw_mode(true)
        .allow_width_overflow()
        .no_link_wrapping()
        .string_from_read(html.as_bytes(), WIDTH);
    // It fails for widths that are too small only.
    tidy(&text.unwrap_or_default())
}

/// The document without elements that are not shown.
fn shown(html: &str) -> String {
    let mut shown = html.to_owned();
    while let Some(hidden) = hidden(&shown) {
        shown.replace_range(hidden, "");
    }
    shown
}

/// Where an element stands that is not shown and has none within.
fn hidden(html: &str) -> Option<std::ops::Range<usize>> {
    let mut names = markup::names(html).into_iter().peekable();
    while let Some(name) = names.next() {
        let next = names.peek()?;
        let tag = html.get(name.end..next.start)?;
        let style = tag.split('>').next()?.replace(' ', "");
        let element = html.get(name.clone())?;
        let closes = html.get(..next.start)?.ends_with("</") && html.get(next.clone())? == element;
        if style.contains("display:none") && closes {
            let end = html.get(next.end..)?.find('>')?;
            return Some(name.start - 1..next.end + end + 1);
        }
    }
    None
}

/// The document with its tables as boxes below each other.
fn boxes(html: &str) -> String {
    let mut plain = String::with_capacity(html.len());
    let mut from = 0;
    for name in markup::names(html) {
        let element = html.get(name.clone()).unwrap_or_default().to_ascii_lowercase();
        if BOXES.contains(&element.as_str()) {
            plain.push_str(html.get(from..name.start).unwrap_or_default());
            plain.push_str("div");
            from = name.end;
        }
    }
    plain.push_str(html.get(from..).unwrap_or_default());
    plain
}

/// The text without space at the ends of lines, and with one empty line at most.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.lines().map(str::trim_end) {
        empty = if line.is_empty() { empty + 1 } else { 0 };
        if empty < 2 && !(tidy.is_empty() && line.is_empty()) {
            tidy.push_str(line);
            tidy.push('\n');
        }
    }
    format!("{}\n", tidy.trim_end())
}

/// Writes links as `text (address)` and leaves everything else as it is.
#[derive(Clone, Debug, Default)]
struct Decorator {
    links: Vec<String>,
}

impl TextDecorator for Decorator {
    type Annotation = ();

    fn decorate_link_start(&mut self, url: &str) -> (String, ()) {
        self.links.push(url.to_owned());
        (String::new(), ())
    }

    fn decorate_link_end(&mut self) -> String {
        match self.links.pop() {
            Some(url) if !url.is_empty() && !url.starts_with('#') => format!(" ({url})"),
            _ => String::new(),
        }
    }

    fn decorate_em_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_em_end(&self) -> String {
        String::new()
    }

    fn decorate_strong_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_strong_end(&self) -> String {
        String::new()
    }

    fn decorate_strikeout_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_strikeout_end(&self) -> String {
        String::new()
    }

    fn decorate_code_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_code_end(&self) -> String {
        String::new()
    }

    fn decorate_preformat_first(&self) {}

    fn decorate_preformat_cont(&self) {}

    fn decorate_image(&mut self, _: &str, title: &str) -> (String, ()) {
        (title.to_owned(), ())
    }

    fn header_prefix(&self, _: usize) -> String {
        String::new()
    }

    fn quote_prefix(&self) -> String {
        "> ".to_owned()
    }

    fn unordered_item_prefix(&self) -> String {
        "- ".to_owned()
    }

    fn ordered_item_prefix(&self, number: i64) -> String {
        format!("{number}. ")
    }

    fn decorate_superscript_start(&self) -> (String, ()) {
        (String::new(), ())
    }

    fn decorate_superscript_end(&self) -> String {
        String::new()
    }

    fn make_subblock_decorator(&self) -> Self {
        self.clone()
    }

    fn finalise(&mut self, _: Vec<String>) -> Vec<TaggedLine<()>> {
        Vec::new()
    }
}
