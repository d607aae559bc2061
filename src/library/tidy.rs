//! MJML as its own compiler reads it: without what that leaves out and another stumbles on.

use std::collections::BTreeSet;
use std::ops::Range;

use super::sheet::{Masked, Word};

/// Elements whose content is HTML or text; in all others only elements count.
const WITH_CONTENT: [&str; 10] = [
    "mj-accordion-text",
    "mj-accordion-title",
    "mj-button",
    "mj-navbar-link",
    "mj-preview",
    "mj-raw",
    "mj-social-element",
    "mj-table",
    "mj-text",
    "mj-title",
];

/// Text where it counts for nothing.
const LOST: &str = "MJML shows no text here";

/// What is left of a document: every place in it is as it was.
#[derive(Debug, Default)]
pub(super) struct Tidy {
    pub(super) mjml: String,
    /// The rules of `<mj-style inline="inline">`.
    pub(super) css: String,
    /// What was left out though somebody may miss it: where, and why.
    pub(super) notes: Vec<(usize, &'static str)>,
}

/// Leaves out comments among attributes, text that stands in no element for text, and what goes
/// into elements later; spaces keep the places of what follows.
pub(super) fn tidy(masked: &Masked) -> Tidy {
    let text = masked.text.as_str();
    let words = masked.words(text);
    let (open, endless, out) = (Vec::new(), BTreeSet::new(), Vec::new());
    let mut reader = Reader { text, words, open, endless, out, tidy: Tidy::default() };
    reader.read();
    let Reader { out, mut tidy, .. } = reader;
    let mut from = 0;
    for range in out {
        tidy.mjml.push_str(text.get(from..range.start).unwrap_or_default());
        // Of space alone mrml takes only what begins by a line end for nothing.
        let joins = from == range.start && from > 0;
        let first = if joins { ' ' } else { '\n' };
        tidy.mjml.extend([first].into_iter().chain(std::iter::repeat(' ')).take(range.len()));
        from = range.end;
    }
    tidy.mjml.push_str(text.get(from..).unwrap_or_default());
    tidy
}

struct Reader<'m> {
    text: &'m str,
    words: Vec<Word>,
    /// The elements of MJML that are open.
    open: Vec<&'m str>,
    /// Names of which no end follows: each is looked for once, or a long row of them takes for ever.
    endless: BTreeSet<&'m str>,
    out: Vec<Range<usize>>,
    tidy: Tidy,
}

impl<'m> Reader<'m> {
    fn read(&mut self) {
        let mut at = 0;
        while let Some(found) = self.text.get(at..).and_then(|rest| rest.find('<')) {
            let start = at + found;
            self.plain(at..start);
            let rest = self.text.get(start..).unwrap_or_default();
            at = if rest.starts_with("<!--") {
                self.comment(start)
            } else if rest.starts_with("<?") {
                let end = self.after(start, "?>");
                self.out.push(start..end);
                end
            } else {
                self.tag(start)
            };
        }
        self.plain(at..self.text.len());
    }

    /// Where the next `end` is over.
    fn after(&self, from: usize, end: &str) -> usize {
        let found = self.text.get(from..).and_then(|rest| rest.find(end));
        found.map_or(self.text.len(), |found| from + found + end.len())
    }

    fn comment(&mut self, start: usize) -> usize {
        let end = self.after(start, "-->");
        if self.open.last() == Some(&"mj-attributes") {
            self.out.push(start..end);
        }
        end
    }

    /// Text outside of tags; words stand for code, which decides about elements.
    fn plain(&mut self, range: Range<usize>) {
        if self.open.is_empty() {
            return;
        }
        let next = self.words.partition_point(|word| word.at.start < range.start);
        let words = self.words.iter().skip(next).map(|word| word.at.clone());
        let words: Vec<_> = words.take_while(|word| word.start < range.end).collect();
        if words.is_empty() && !range.is_empty() {
            let said = self.text.get(range.clone()).unwrap_or_default();
            if !said.trim().is_empty() {
                self.tidy.notes.push((range.start + said.len() - said.trim_start().len(), LOST));
            }
            return self.out.push(range);
        }
        let mut from = range.start;
        let end = std::iter::once(range.end..range.end);
        for word in words.into_iter().chain(end) {
            let piece = self.text.get(from..word.start).unwrap_or_default();
            let lead = piece.len() - piece.trim_start().len();
            if lead < piece.len() {
                self.tidy.notes.push((from + lead, LOST));
                self.out.push(from + lead..word.start);
            }
            from = word.end;
        }
    }

    fn tag(&mut self, start: usize) -> usize {
        let rest = self.text.get(start + 1..).unwrap_or_default();
        let (closes, rest) = rest.strip_prefix('/').map_or((false, rest), |rest| (true, rest));
        let end = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
        let name = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        let end = self.end_of_tag(start);
        if closes {
            let place = self.open.iter().rposition(|open| *open == name);
            place.into_iter().for_each(|place| self.open.truncate(place));
            return end;
        }
        let tag = self.text.get(start..end).unwrap_or_default();
        if tag.ends_with("/>") {
            return end;
        }
        match name {
            "mj-style" => return self.style(start..end),
            "mj-html-attributes" => {
                let note = "attributes that are set by selectors are left out";
                self.tidy.notes.push((start, note));
                let (_, after) = self.content(name, end);
                self.out.push(start..after);
                return after;
            }
            _ if WITH_CONTENT.contains(&name) || !name.starts_with("mj") => {
                return self.content(name, end).0.end;
            }
            _ => self.open.push(name),
        }
        end
    }

    /// Where a tag is over: at the first `>` that stands in no quotes.
    fn end_of_tag(&self, start: usize) -> usize {
        let mut quote = None;
        for (at, byte) in self.text.bytes().enumerate().skip(start) {
            match (byte, quote) {
                (b'>', None) => return at + 1,
                (b'"' | b'\'', None) => quote = Some(byte),
                (byte, Some(open)) if byte == open => quote = None,
                _ => {}
            }
        }
        self.text.len()
    }

    /// The content of an element that begins here, and where its end is over; nothing where it has
    /// no end.
    fn content(&mut self, name: &'m str, from: usize) -> (Range<usize>, usize) {
        if self.endless.contains(name) {
            return (from..from, from);
        }
        let rest = self.text.get(from..).unwrap_or_default();
        // Space may stand before the end of the tag.
        let Some(close) = rest.find(&format!("</{name}")) else {
            self.endless.insert(name);
            return (from..from, from);
        };
        (from..from + close, self.after(from + close, ">"))
    }

    /// Rules that are to be put into elements are taken out.
    fn style(&mut self, tag: Range<usize>) -> usize {
        let (content, after) = self.content("mj-style", tag.end);
        let said = self.text.get(tag.clone()).unwrap_or_default();
        if said.contains("inline=\"inline\"") || said.contains("inline='inline'") {
            self.tidy.css.push_str(self.text.get(content).unwrap_or_default());
            self.tidy.css.push('\n');
            self.out.push(tag.start..after);
        }
        after
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::content::Origin;
    use crate::error::Span;
    use crate::library::sheet::{Code, Part, Sheet};
    use crate::library::tags::Sort;

    /// Text with code where a `§` stands.
    fn of(text: &str) -> Masked {
        let origin = Origin { file: "a".into(), text: "".into(), span: Span::new(0, 0) };
        let code = Code { sort: Sort::Control, text: "{% else %}".into(), origin: origin.clone() };
        let texts = text.split('§').map(|text| Part::Text(text.into(), origin.clone()));
        let parts = texts.flat_map(|text| [Part::Code(code.clone()), text]).skip(1);
        Sheet(parts.collect()).mask()
    }

    #[test]
    fn what_mjml_leaves_out_is_left_out() {
        for (given, left) in [
            ("<?xml a?><mjml></mjml>", "\n        <mjml></mjml>"),
            ("<mj-attributes><!-- é\n --> <mj-all/>", "<mj-attributes>\n            <mj-all/>"),
            ("<mj-head>\t\n<mj-title>\t</mj-title>", "<mj-head>\n <mj-title>\t</mj-title>"),
            ("<mj-section>a <!-- b --></mj-section>", "<mj-section>\n <!-- b --></mj-section>"),
            (
                "<mj-body>§ <mj-text>a</mj-text>b§</mj-body>",
                "<mj-body>§ <mj-text>a</mj-text>\n§</mj-body>",
            ),
            ("<mj-body><p>a</p></mj-body>", "<mj-body><p>a</p></mj-body>"),
            ("<mj-text a=\">\">a < b</mj-text>", "<mj-text a=\">\">a < b</mj-text>"),
            ("a<mjml/>b", "a<mjml/>b"),
        ] {
            assert_eq!(tidy(&of(given)).mjml, of(left).text, "{given}");
        }
        let given =
            of("<mj-style inline=\"inline\"\n>.a {}</mj-style\n><mj-style>.b {}</mj-style>");
        let read = tidy(&given);
        assert_eq!(read.css, ".a {}\n");
        assert_eq!(read.mjml.trim_start(), "<mj-style>.b {}</mj-style>");
        assert!(tidy(&of("<mj-body> a")).notes == [(10, "MJML shows no text here")]);
    }

    proptest! {
        #[test]
        fn every_place_stays(text in "(<mj-(text|body|style|attributes)( a=\"|>)|</mj-text|[<>!?/ é\n§-]|<!--|-->){0,20}") {
            let masked = of(&text);
            prop_assert_eq!(tidy(&masked).mjml.len(), masked.text.len());
        }
    }
}
