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
    spot: Spot,
}

/// Elements whose content is neither HTML nor shown.
const RAW: [&str; 6] = ["iframe", "noembed", "noframes", "script", "style", "xmp"];
/// Elements whose content is text, with entities.
const TITLES: [&str; 2] = ["textarea", "title"];

/// Where each of the words stands, in their order.
pub(super) fn spots(html: &str, words: &[Word]) -> Vec<Spot> {
    let mut reader = Reader { html, at: 0, end: html.len(), regions: Vec::new() };
    reader.data();
    let mut regions = reader.regions.iter().peekable();
    let spots = words.iter().map(|word| {
        while regions.next_if(|region| region.at.end <= word.at.start).is_some() {}
        let region = regions.peek().filter(|region| region.at.start <= word.at.start);
        let Some(region) = region else { return Spot::Text };
        match &region.spot {
            Spot::Attribute { element, name, quoted, .. } => {
                let before = html.get(region.at.start..word.at.start).unwrap_or_default();
                let inside = words.iter().filter(|other| {
                    region.at.start <= other.at.start && other.at.start < word.at.start
                });
                let mut before = before.to_owned();
                for other in inside.rev() {
                    let at = other.at.start - region.at.start..other.at.end - region.at.start;
                    before.replace_range(at, "");
                }
                let (element, name, quoted) = (element.clone(), name.clone(), *quoted);
                Spot::Attribute { element, name, quoted, before }
            }
            other => other.clone(),
        }
    });
    spots.collect()
}

/// The names of the tags, and where they stand: `</td` is at its `td`.
pub(super) fn names(html: &str) -> Vec<Range<usize>> {
    let mut reader = Reader { html, at: 0, end: html.len(), regions: Vec::new() };
    let mut names = Vec::new();
    while let Some(name) = reader.next_tag() {
        names.push(name);
    }
    names
}

struct Reader<'h> {
    html: &'h str,
    at: usize,
    end: usize,
    regions: Vec<Region>,
}

impl<'h> Reader<'h> {
    fn rest(&self) -> &'h str {
        self.html.get(self.at..self.end).unwrap_or_default()
    }

    fn push(&mut self, at: Range<usize>, spot: Spot) {
        if !at.is_empty() {
            self.regions.push(Region { at, spot });
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
                self.push(self.at..end, Spot::Comment);
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
            None => self.push(start..end, Spot::Comment),
            Some(condition) => {
                let outer = std::mem::replace(&mut self.end, end - 3);
                self.at = start + 4 + condition + 2;
                self.push(start..self.at, Spot::Comment);
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
        let element = self.html.get(name.clone()).unwrap_or_default().to_ascii_lowercase();
        self.at = name.end;
        self.push(start..name.end, Spot::Tag(element.clone()));
        self.attributes(&element);
        if signs == 1 {
            self.content(&element);
        }
        name
    }

    /// The attributes, to the end of the tag.
    fn attributes(&mut self, element: &str) {
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
            let name = rest
                .char_indices()
                .skip(1)
                .find(|(_, c)| c.is_ascii_whitespace() || matches!(c, '/' | '>' | '='));
            let length = name.map_or(rest.len(), |(at, _)| at);
            let name = rest.get(..length).unwrap_or_default().to_ascii_lowercase();
            self.push(self.at..self.at + length, Spot::Tag(element.to_owned()));
            self.at += length;
            self.value(element, name);
        }
    }

    /// The value of an attribute, if it has one.
    fn value(&mut self, element: &str, name: String) {
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
        let element = element.to_owned();
        let spot = Spot::Attribute { element, name, quoted, before: String::new() };
        self.push(start..end, spot);
        self.at = (end + usize::from(quoted)).min(self.end);
    }

    /// The content of an element in which tags mean nothing.
    fn content(&mut self, element: &str) {
        let spot = if RAW.contains(&element) {
            Spot::Raw(element.to_owned())
        } else if TITLES.contains(&element) {
            Spot::Title
        } else {
            return;
        };
        let rest = self.rest();
        let end = rest.match_indices("</").find(|(at, _)| {
            let name = rest.get(at + 2..at + 2 + element.len());
            name.is_some_and(|name| name.eq_ignore_ascii_case(element))
        });
        let end = end.map_or(self.end, |(at, _)| self.at + at);
        self.push(self.at..end, spot);
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
