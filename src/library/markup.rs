//! Where words stand in HTML: in text, in an attribute, where no code may stand.
//!
//! This follows the states of the HTML standard's tokenizer (section 13.2.5) as far as they decide
//! where a value ends. Parsers tell neither the quotes around a value nor the place of a comment,
//! which is what matters here.

use std::ops::Range;

use super::sheet::Word;

/// Where a word stands.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Spot {
    /// In the value of an attribute, after what is always there.
    Attribute { element: String, name: String, quoted: bool, before: String },
    /// In a comment that no client reads as HTML.
    Comment,
    /// In a script or a style.
    Raw(String),
    /// Among the attributes of a tag, or in its name.
    Tag(String),
    /// In text.
    Text,
    /// In a title, where nothing but text can stand.
    Title,
}

/// A stretch of HTML in which words are alike.
#[derive(Clone, Debug)]
struct Region {
    at: Range<usize>,
    is: Is,
}

/// What a stretch is, by the places of the names in it: there are many stretches and few words.
#[derive(Clone, Debug)]
enum Is {
    Attribute { element: Range<usize>, name: Range<usize>, quoted: bool },
    Comment,
    Raw(Range<usize>),
    Tag(Range<usize>),
    Title,
}

/// Elements whose content is neither HTML nor shown.
const RAW: [&str; 6] = ["iframe", "noembed", "noframes", "script", "style", "xmp"];
/// Elements whose content is text, with entities.
const TITLES: [&str; 2] = ["textarea", "title"];

/// Where each of the words stands, in their order.
pub(super) fn spots(html: &str, words: &[Word]) -> Vec<Spot> {
    if words.is_empty() {
        return Vec::new();
    }
    let mut reader = Reader::new(html);
    reader.data();
    let mut regions = reader.regions.iter().peekable();
    let spots = words.iter().enumerate().map(|(index, word)| {
        while regions.next_if(|region| region.at.end <= word.at.start).is_some() {}
        let region = regions.peek().filter(|region| region.at.start <= word.at.start);
        region.map_or(Spot::Text, |region| region.spot(html, words, index))
    });
    spots.collect()
}

impl Region {
    /// Where one of the words stands, which is in it.
    fn spot(&self, html: &str, words: &[Word], index: usize) -> Spot {
        let lower =
            |at: &Range<usize>| html.get(at.clone()).unwrap_or_default().to_ascii_lowercase();
        match &self.is {
            Is::Attribute { element, name, quoted } => {
                let before = self.before(html, words, index);
                Spot::Attribute {
                    element: lower(element),
                    name: lower(name),
                    quoted: *quoted,
                    before,
                }
            }
            Is::Comment => Spot::Comment,
            Is::Raw(element) => Spot::Raw(lower(element)),
            Is::Tag(element) => Spot::Tag(lower(element)),
            Is::Title => Spot::Title,
        }
    }

    /// What stands in it before a word and is always there.
    fn before(&self, html: &str, words: &[Word], index: usize) -> String {
        let words = words.get(..=index).unwrap_or_default();
        let Some((word, others)) = words.split_last() else { return String::new() };
        let first = others.partition_point(|other| other.at.start < self.at.start);
        let mut before = String::new();
        let mut from = self.at.start;
        for other in others.iter().skip(first) {
            before.push_str(html.get(from..other.at.start).unwrap_or_default());
            from = other.at.end;
        }
        before.push_str(html.get(from..word.at.start).unwrap_or_default());
        before
    }
}

/// The names of the tags, and where they stand: `</td` is at its `td`.
pub(super) fn names(html: &str) -> Vec<Range<usize>> {
    let mut reader = Reader::new(html);
    let mut names = Vec::new();
    while let Some(name) = reader.next_tag() {
        names.push(name);
    }
    names
}

/// Elements that have no end.
const VOID: [&str; 13] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track",
    "wbr",
];
/// Elements that end where the next of the same begins, if they say no end.
const ENDING: [&str; 8] = ["dd", "dt", "li", "option", "p", "td", "th", "tr"];

/// Where an element begins in which more than `most` are open, if there is one. Parsers work their
/// way into elements by recursion, which an endless nest would end the process by.
pub(super) fn too_deep(markup: &str, most: usize, is_xml: bool) -> Option<usize> {
    let mut reader = Reader::new(markup);
    let mut open: Vec<&str> = Vec::new();
    while let Some(at) = reader.next_tag() {
        let name = markup.get(at.clone()).unwrap_or_default();
        let is = |other: &&str| other.eq_ignore_ascii_case(name);
        let before = |at: usize| markup.get(..at).unwrap_or_default();
        if before(at.start).ends_with('/') {
            let place = open.iter().rposition(is);
            place.into_iter().for_each(|place| open.truncate(place));
            continue;
        }
        let is_empty = is_xml && before(reader.at).ends_with("/>");
        let follows = open.last().is_some_and(is) && ENDING.iter().any(is);
        if !is_empty && !follows && !VOID.iter().any(is) {
            open.push(name);
        }
        if open.len() > most {
            return Some(at.start);
        }
    }
    None
}

struct Reader<'h> {
    html: &'h str,
    at: usize,
    end: usize,
    regions: Vec<Region>,
}

impl<'h> Reader<'h> {
    fn new(html: &'h str) -> Self {
        Self { html, at: 0, end: html.len(), regions: Vec::new() }
    }

    fn rest(&self) -> &'h str {
        self.html.get(self.at..self.end).unwrap_or_default()
    }

    fn push(&mut self, at: Range<usize>, is: Is) {
        if !at.is_empty() {
            self.regions.push(Region { at, is });
        }
    }

    /// Reads to the end.
    fn data(&mut self) {
        while self.next_tag().is_some() {}
    }

    /// Goes on behind the next tag; where its name stands.
    fn next_tag(&mut self) -> Option<Range<usize>> {
        loop {
            let found = self.rest().find('<');
            let Some(found) = found else {
                self.at = self.end;
                return None;
            };
            self.at += found;
            let rest = self.rest();
            let letter = |at: usize| rest.as_bytes().get(at).is_some_and(u8::is_ascii_alphabetic);
            if rest.starts_with("<!--") {
                self.comment();
            } else if rest.starts_with("<!") || rest.starts_with("<?") {
                let end = self.find(">", 1);
                self.push(self.at..end, Is::Comment);
                self.at = end;
            } else if letter(1) {
                return Some(self.tag(1));
            } else if rest.starts_with("</") && letter(2) {
                return Some(self.tag(2));
            } else {
                self.at += 1;
            }
        }
    }

    /// Where the next `end` is over.
    fn find(&self, end: &str, skip: usize) -> usize {
        let rest = self.rest().get(skip..).unwrap_or_default();
        rest.find(end).map_or(self.end, |found| self.at + skip + found + end.len())
    }

    /// A comment, or what only Outlook reads: `<!--[if mso]> … <![endif]-->`.
    fn comment(&mut self) {
        let (start, end) = (self.at, self.find("-->", 4));
        let inner = self.html.get(start + 4..end.saturating_sub(3)).unwrap_or_default();
        let condition = inner.starts_with("[if").then(|| inner.find("]>")).flatten();
        match condition {
            None => self.push(start..end, Is::Comment),
            Some(condition) => {
                let outer = std::mem::replace(&mut self.end, end - 3);
                self.at = start + 4 + condition + 2;
                self.push(start..self.at, Is::Comment);
                self.data();
                self.end = outer;
            }
        }
        self.at = end;
    }

    /// A tag whose name begins after so many signs.
    fn tag(&mut self, signs: usize) -> Range<usize> {
        let start = self.at;
        let from = start + signs;
        let rest = self.html.get(from..self.end).unwrap_or_default();
        let length = rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>'));
        let name = from..length.map_or(self.end, |length| from + length);
        self.at = name.end;
        self.push(start..name.end, Is::Tag(name.clone()));
        self.attributes(&name);
        if signs == 1 {
            self.content(&name);
        }
        name
    }

    /// The attributes, to the end of the tag.
    fn attributes(&mut self, element: &Range<usize>) {
        loop {
            let rest = self.rest();
            let Some(found) = rest.find(|c: char| !c.is_ascii_whitespace() && c != '/') else {
                self.at = self.end;
                return;
            };
            self.at += found;
            let rest = self.rest();
            if rest.starts_with('>') {
                self.at += 1;
                return;
            }
            // A name may begin with `=`.
            let mut bytes = rest.bytes().enumerate().skip(1);
            let end = bytes
                .find(|(_, c)| c.is_ascii_whitespace() || matches!(c, b'/' | b'>' | b'='))
                .map_or(rest.len(), |(at, _)| at);
            let name = self.at..self.at + end;
            self.push(name.clone(), Is::Tag(element.clone()));
            self.at = name.end;
            self.value(element, name);
        }
    }

    /// The value of an attribute, if it has one.
    fn value(&mut self, element: &Range<usize>, name: Range<usize>) {
        let rest = self.rest();
        let trimmed = rest.trim_ascii_start();
        let Some(value) = trimmed.strip_prefix('=') else { return };
        let value = value.trim_ascii_start();
        self.at += rest.len() - value.len();
        let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
        let quoted = quote.is_some();
        let start = self.at + usize::from(quoted);
        let rest = self.html.get(start..self.end).unwrap_or_default();
        let end = match quote {
            Some(quote) => rest.find(quote),
            None => rest.find(|c: char| c.is_ascii_whitespace() || c == '>'),
        };
        let end = end.map_or(self.end, |end| start + end);
        self.push(start..end, Is::Attribute { element: element.clone(), name, quoted });
        self.at = (end + usize::from(quoted)).min(self.end);
    }

    /// The content of an element in which tags mean nothing.
    fn content(&mut self, at: &Range<usize>) {
        let element = self.html.get(at.clone()).unwrap_or_default();
        let among = |names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(element));
        let is = if among(&RAW) {
            Is::Raw(at.clone())
        } else if among(&TITLES) {
            Is::Title
        } else {
            return;
        };
        let rest = self.rest();
        let end = rest.match_indices("</").find(|(at, _)| {
            let name = rest.get(at + 2..at + 2 + element.len());
            name.is_some_and(|name| name.eq_ignore_ascii_case(element))
        });
        let end = end.map_or(self.end, |(at, _)| self.at + at);
        self.push(self.at..end, is);
        self.at = end;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn spot(html: &str) -> Spot {
        let at = html.find("zj").unwrap();
        spots(html, &[Word { code: 0, at: at..at + 2 }]).remove(0)
    }

    fn attribute(element: &str, name: &str, quoted: bool, before: &str) -> Spot {
        let (element, name, before) = (element.into(), name.into(), before.into());
        Spot::Attribute { element, name, quoted, before }
    }

    #[test]
    fn words_are_where_a_browser_sees_them() {
        for (html, expected) in [
            ("<p>zj</p>", Spot::Text),
            ("a < b zj", Spot::Text),
            ("<title>a <b zj</title>", Spot::Title),
            ("<STYLE>a { zj }</style>", Spot::Raw("style".into())),
            ("<script>'</p>' zj</script>", Spot::Raw("script".into())),
            ("<style>a</style><p>zj", Spot::Text),
            ("<!-- zj -->", Spot::Comment),
            ("<!-- a --><p>zj", Spot::Text),
            ("<!doctype zj>", Spot::Comment),
            ("<p zj>", Spot::Tag("p".into())),
            ("<pzj>", Spot::Tag("pzj".into())),
            ("<p class=a zj=b>", Spot::Tag("p".into())),
            ("<p class=zj>", attribute("p", "class", false, "")),
            ("<A HREF='https://a?b=zj'>", attribute("a", "href", true, "https://a?b=")),
            ("<a title=\"a > b\" href = \"zj\">", attribute("a", "href", true, "")),
            ("<a href=\"a\">zj", Spot::Text),
            ("<!--[if mso]><td width=\"zj\"><![endif]-->", attribute("td", "width", true, "")),
            ("<!--[if mso]><td><![endif]-->zj", Spot::Text),
            ("<!--[if zj]><td><![endif]-->", Spot::Comment),
            ("<!--[if !mso]><!-->zj<!--<![endif]-->", Spot::Text),
            ("<!--[if mso]><style>a</style><p>zj<![endif]-->", Spot::Text),
        ] {
            assert_eq!(spot(html), expected, "{html}");
        }
    }

    #[test]
    fn what_is_always_there_has_no_words() {
        let html = "<a href=\"aa bbbb zj\">";
        let words = [Word { code: 0, at: 12..16 }, Word { code: 1, at: 17..19 }];
        assert_eq!(spots(html, &words)[1], attribute("a", "href", true, "aa  "));
    }

    #[test]
    fn elements_are_nested_so_deep_and_no_deeper() {
        for (html, depth) in [
            ("<p>a</p><br><img>", 1),
            ("<ul><li>a<li>b<li>c</ul><B></b>", 2),
            ("<table><tr><td><table><tr><td>", 6),
            ("<b/><i/></i>", 2),
            ("<!-- <b><b> --><b></i></b><style><b></style>", 1),
            // What only Outlook reads is a comment to a parser.
            ("<b><!--[if mso]><table><tr><![endif]-->", 1),
        ] {
            assert_eq!(too_deep(html, depth, false), None, "{html}");
            assert!(too_deep(html, depth - 1, false).is_some(), "{html}");
        }
        assert_eq!(too_deep("<a><b/><b/><c>", 1, true), Some(12));
    }

    #[test]
    fn the_names_of_tags_are_found() {
        let html = "<table><!-- <td> --><TD a='<b>'>x</td ></table>";
        let found: Vec<&str> = names(html).into_iter().filter_map(|at| html.get(at)).collect();
        assert_eq!(found, ["table", "TD", "td", "table"]);
    }

    proptest! {
        #[test]
        fn no_text_panics(html in "[<>!/a='\" \\-\\[\\]zjé]{0,60}") {
            let words: Vec<Word> = html
                .match_indices("zj")
                .enumerate()
                .map(|(code, (at, _))| Word { code, at: at..at + 2 })
                .collect();
            prop_assert_eq!(spots(&html, &words).len(), words.len());
            names(&html);
        }
    }
}
