//! A mail's HTML as a list of nodes, read in one pass.
//!
//! The tokens are html5ever's; the tree is ours and simpler than a browser's: nothing is moved, and
//! end tags that are left out are known for cells, rows, items, paragraphs and links only. That is
//! enough to ask what a mail contains and what it inherits. In exchange reading is linear in the
//! length of any text, where a browser's tree is not, and no depth of nesting is too deep.

use std::cell::RefCell;
use std::collections::BTreeMap;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::RawKind;
use html5ever::tokenizer::{
    BufferQueue, Doctype, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
};

/// Elements without content.
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source",
    "track", "wbr",
];

/// How far up an element is looked for that a start tag ends.
const IMPLIED: usize = 16;

/// The nodes of a mail in the order of the text, each after its parent.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) nodes: Vec<Node>,
    /// The names of the document type's declaration, where there is one.
    pub(super) doctype: Option<String>,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) parent: Option<usize>,
    /// One past the last node within this one.
    end: usize,
    /// Whether a conditional comment keeps it from Outlook on Windows.
    pub(super) without_word: bool,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Comment(String),
    Element(Element),
    Text(String),
}

#[derive(Debug)]
pub(super) struct Element {
    /// In lower case.
    pub(super) name: String,
    /// In the order of the text.
    pub(super) attributes: Vec<(String, String)>,
}

impl Element {
    /// An attribute's value without the blanks around it.
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.trim())
    }
}

impl Document {
    /// Reads a text; whatever it is, there is a document.
    pub(super) fn parse(html: &str) -> Self {
        let input = BufferQueue::default();
        input.push_back(StrTendril::from(html));
        let tokenizer = Tokenizer::new(Builder::default(), TokenizerOpts::default());
        // Nothing stops the reader: no script is ever handed out.
        let _ = tokenizer.feed(&input);
        tokenizer.end();
        let mut state = tokenizer.sink.state.take();
        state.close_to(0);
        state.document
    }

    /// The elements and their numbers.
    pub(super) fn elements(&self) -> impl Iterator<Item = (usize, &Element)> {
        self.nodes.iter().enumerate().filter_map(|(at, node)| match &node.kind {
            Kind::Element(element) => Some((at, element)),
            _ => None,
        })
    }

    /// The elements of a name.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = (usize, &Element)> {
        self.elements().filter(move |(_, element)| element.name == name)
    }

    /// The nodes within one, of very many the first: elements may stand in each other, and each
    /// may be asked.
    pub(super) fn within(&self, at: usize) -> &[Node] {
        const MOST: usize = 1000;
        let end = self.nodes.get(at).map_or(0, |node| node.end.min(at + MOST));
        self.nodes.get(at + 1..end).unwrap_or_default()
    }

    /// The text within a node.
    pub(super) fn text(&self, at: usize) -> String {
        let texts = self.within(at).iter().filter_map(|node| match &node.kind {
            Kind::Text(text) => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// The number of the element that a node stands in.
    pub(super) fn above(&self, at: usize) -> Option<usize> {
        self.nodes.get(at)?.parent
    }

    /// The element that a node stands in.
    pub(super) fn parent(&self, node: &Node) -> Option<&Element> {
        match &self.nodes.get(node.parent?)?.kind {
            Kind::Element(element) => Some(element),
            _ => None,
        }
    }
}

#[derive(Default)]
struct Builder {
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    document: Document,
    /// The elements that are not closed, outermost first.
    open: Vec<usize>,
    /// How many of each name are open.
    names: BTreeMap<String, usize>,
    without_word: bool,
}

impl TokenSink for Builder {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let mut state = self.state.borrow_mut();
        match token {
            Token::DoctypeToken(doctype) => state.declare(&doctype),
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => return state.start(tag),
            Token::TagToken(tag) => state.end(&tag.name),
            Token::CommentToken(text) => state.comment(&text),
            Token::CharacterTokens(text) => state.text(&text),
            Token::NullCharacterToken | Token::EOFToken | Token::ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

impl State {
    fn declare(&mut self, doctype: &Doctype) {
        let parts = [&doctype.name, &doctype.public_id];
        let parts = parts.into_iter().flatten().map(|part| part.to_lowercase());
        self.document.doctype.get_or_insert_with(|| parts.collect::<Vec<_>>().join(" "));
    }

    fn start(&mut self, tag: Tag) -> TokenSinkResult<()> {
        let name = tag.name.to_string();
        self.imply_end(&name);
        let attributes = tag.attrs.into_iter();
        let attributes = attributes
            .map(|attribute| (attribute.name.local.to_string(), attribute.value.to_string()));
        let element = Element { name: name.clone(), attributes: attributes.collect() };
        let at = self.push(Kind::Element(element));
        let foreign = ["svg", "math"].iter().any(|name| self.names.contains_key(*name));
        if VOID.contains(&name.as_str()) || (tag.self_closing && (foreign || name.contains(':'))) {
            return TokenSinkResult::Continue;
        }
        let raw = match name.as_str() {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "iframe" | "noembed" | "noframes" | "style" | "xmp" => {
                TokenSinkResult::RawData(RawKind::Rawtext)
            }
            "textarea" | "title" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        };
        self.open.push(at);
        *self.names.entry(name).or_default() += 1;
        raw
    }

    /// Ends what a start tag of this name ends without being told.
    fn imply_end(&mut self, name: &str) {
        let (ended, barriers): (&[&str], &[&str]) = match name {
            "a" => (&["a"], &["table", "td"]),
            "li" => (&["li"], &["ol", "ul"]),
            "p" | "table" | "div" => (&["p"], &["td", "div", "table", "a"]),
            "td" | "th" => (&["td", "th"], &["table", "tr"]),
            "tr" => (&["tr"], &["table"]),
            _ => return,
        };
        for depth in (self.open.len().saturating_sub(IMPLIED)..self.open.len()).rev() {
            match self.name_at(depth) {
                Some(name) if ended.contains(&name) => return self.close_to(depth),
                Some(name) if barriers.contains(&name) => return,
                _ => {}
            }
        }
    }

    fn end(&mut self, name: &str) {
        if self.names.get(name).is_none_or(|open| *open == 0) {
            return;
        }
        let depth = (0..self.open.len()).rev().find(|depth| self.name_at(*depth) == Some(name));
        self.close_to(depth.unwrap_or(self.open.len()));
    }

    fn text(&mut self, text: &str) {
        if let Some(Node { kind: Kind::Text(before), parent, .. }) = self.document.nodes.last_mut()
            && *parent == self.open.last().copied()
        {
            before.push_str(text);
        } else {
            self.push(Kind::Text(text.to_owned()));
        }
    }

    /// Keeps a comment; `<!--[if !mso]><!-->` begins and `<![endif]` ends what Outlook on Windows,
    /// which draws with Word, does not read.
    fn comment(&mut self, text: &str) {
        let condition: String = text.to_lowercase().split_whitespace().collect();
        if condition.starts_with("[if!mso]") || condition.starts_with("[if!(mso") {
            self.without_word = true;
        } else if condition.ends_with("[endif]") {
            self.without_word = false;
        }
        self.push(Kind::Comment(text.to_owned()));
    }

    fn push(&mut self, kind: Kind) -> usize {
        let at = self.document.nodes.len();
        let parent = self.open.last().copied();
        self.document.nodes.push(Node {
            parent,
            end: at + 1,
            without_word: self.without_word,
            kind,
        });
        at
    }

    fn name_at(&self, depth: usize) -> Option<&str> {
        match &self.document.nodes.get(*self.open.get(depth)?)?.kind {
            Kind::Element(element) => Some(&element.name),
            _ => None,
        }
    }

    /// Closes all but the outermost so many.
    fn close_to(&mut self, depth: usize) {
        let end = self.document.nodes.len();
        while self.open.len() > depth {
            let Some(node) = self.open.pop().and_then(|at| self.document.nodes.get_mut(at)) else {
                continue;
            };
            node.end = end;
            if let Kind::Element(element) = &node.kind
                && let Some(open) = self.names.get_mut(&element.name)
            {
                *open -= 1;
                if *open == 0 {
                    self.names.remove(&element.name);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The elements by name, each with its parent's.
    fn outline(html: &str) -> Vec<String> {
        let document = Document::parse(html);
        let named = document.elements().map(|(at, element)| {
            let parent = document.parent(&document.nodes[at]).map_or("", |parent| &parent.name);
            format!("{parent}>{}", element.name)
        });
        named.collect()
    }

    #[test]
    fn elements_have_parents_texts_and_attributes() {
        let document = Document::parse("<A HREF=' x&amp;y '>one <b>two</b><br>three</a> four");
        let (at, link) = document.named("a").next().unwrap();
        assert_eq!(link.attribute("href"), Some("x&y"));
        assert_eq!(document.text(at), "one twothree");
        assert_eq!(outline("<p><b>x</b><br></i>y</p><i>"), [">p", "p>b", "p>br", ">i"]);
    }

    #[test]
    fn end_tags_that_are_left_out_are_known() {
        let table = "<table><tr><td>1<td>2<tr><td><table><tr><td>3</table><td>4</table><p>";
        let expected = [
            ">table", "table>tr", "tr>td", "tr>td", "table>tr", "tr>td", "td>table", "table>tr",
            "tr>td", "tr>td", ">p",
        ];
        assert_eq!(outline(table), expected);
        assert_eq!(outline("<ul><li>a<li>b<ul><li>c</ul></ul>").len(), 5);
        assert_eq!(outline("<p>a<p>b<div><p>c"), [">p", ">p", ">div", "div>p"]);
        assert_eq!(
            outline("<svg><path/><g/></svg><o:p/><a>x<a>y").join(" "),
            ">svg svg>path svg>g >o:p >a >a"
        );
    }

    #[test]
    fn styles_scripts_and_titles_hold_text() {
        let document = Document::parse("<style>a>b{}</style><script>'<p>'</script><title>a&lt;b");
        let texts: Vec<String> = document.elements().map(|(at, _)| document.text(at)).collect();
        assert_eq!(texts, ["a>b{}", "'<p>'", "a<b"]);
    }

    #[test]
    fn what_word_does_not_read_is_marked() {
        let html = "<p><!--[if mso]><b>no</b><![endif]--><!--[if !mso]><!--><i></i><!--<![endif]--><u></u>";
        let document = Document::parse(html);
        let marked: Vec<(&str, bool)> = document
            .elements()
            .map(|(at, element)| (element.name.as_str(), document.nodes[at].without_word))
            .collect();
        assert_eq!(marked, [("p", false), ("i", true), ("u", false)]);
    }

    #[test]
    fn any_depth_is_read() {
        let depth = 100_000;
        for tag in ["<div>", "<b>", "<td>", "<a>", "</x><x>"] {
            let document = Document::parse(&tag.repeat(depth));
            assert_eq!(document.elements().count(), depth, "{tag}");
        }
    }
}
