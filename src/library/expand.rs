//! Putting a template together: its layout, its blocks with all their variants, its texts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::block::BlockFile;
use super::sheet::{Code, Part, Sheet};
use super::tags::{self, Sort, Tag};
use super::text::Texts;
use crate::content::{Block, Origin};
use crate::error::{Diagnostic, Span, nearest};
use crate::lint::{Finding, Severity};

/// How deep blocks may stand in blocks.
const DEPTH: usize = 8;

/// What a sheet is written in.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Markup {
    Amp,
    Html,
    Mjml,
    Text,
}

/// A file of the library: its path, what it says, and where that begins.
#[derive(Clone, Debug)]
pub(super) struct Source {
    pub(super) path: Arc<str>,
    pub(super) text: Arc<str>,
    pub(super) start: usize,
}

/// Puts sheets together; what is wrong is found on the way.
#[derive(Debug)]
pub(super) struct Expander<'l> {
    pub(super) blocks: &'l BTreeMap<Arc<str>, BlockFile>,
    pub(super) texts: &'l Texts,
    pub(super) markup: Markup,
    pub(super) findings: Vec<Finding>,
    /// The files that what was put together is from.
    pub(super) used: BTreeSet<Arc<str>>,
    /// The blocks that it holds.
    pub(super) held: BTreeSet<Arc<str>>,
    /// The blocks that are being put in.
    open: Vec<Arc<str>>,
}

impl Source {
    /// A finding at a place of the file.
    pub(super) fn finding(
        &self,
        code: &'static str,
        span: Span,
        (message, help): (impl Into<String>, impl Into<String>),
    ) -> Finding {
        let fault = Diagnostic::new(&self.text, span, message).in_file(&*self.path);
        let help = help.into();
        let fault = if help.is_empty() { fault } else { fault.with_help(help) };
        Finding::new(code, Severity::Error, fault)
    }
}

impl<'l> Expander<'l> {
    pub(super) fn new(
        blocks: &'l BTreeMap<Arc<str>, BlockFile>,
        texts: &'l Texts,
        markup: Markup,
    ) -> Self {
        Self {
            blocks,
            texts,
            markup,
            findings: Vec::new(),
            used: BTreeSet::new(),
            held: BTreeSet::new(),
            open: Vec::new(),
        }
    }

    /// The sheet of a file; `content` is what its layout is around.
    pub(super) fn sheet(&mut self, source: &Source, content: Option<Sheet>) -> Sheet {
        self.used.insert(Arc::clone(&source.path));
        let body = source.text.get(source.start..).unwrap_or_default();
        let mut content = content;
        let mut parts = Vec::new();
        let mut from = 0;
        for tag in tags::tags(body) {
            parts.extend(text(source, body, from, tag.span.start));
            from = tag.span.end;
            match meaning(body, tag, content.is_some()) {
                Meaning::Nothing => {}
                Meaning::Content => parts.extend(content.take().into_iter().flat_map(|s| s.0)),
                Meaning::Block(name) => parts.extend(self.block(source, tag, &name)),
                Meaning::Text(key) => parts.extend(self.text(source, tag, &key)),
                Meaning::Code(text) => {
                    let origin = origin(source, tag.span);
                    parts.push(Part::Code(Code { sort: tag.sort, text, origin }));
                }
            }
        }
        parts.extend(text(source, body, from, body.len()));
        if content.is_some() {
            let help = "write `{{ content }}` where the template's own part goes";
            let fault = ("the layout has no place for its content", help);
            let span = Span::new(source.start, source.start);
            self.findings.push(source.finding("layout-without-content", span, fault));
        }
        Sheet(parts)
    }

    /// Every variant of a block, of which a choice takes one.
    fn block(&mut self, source: &Source, tag: Tag, name: &str) -> Vec<Part> {
        let Some((name, block)) = self.blocks.get_key_value(name) else {
            let near = nearest(name, self.blocks.keys().map(|name| &**name));
            let help = near.map(|near| format!("did you mean `{near}`?")).unwrap_or_default();
            return self.fault(
                source,
                tag,
                ("unknown-block", format!("there is no block `{name}`"), help),
            );
        };
        if self.open.contains(name) || self.open.len() >= DEPTH {
            let message = format!("the block `{name}` stands within itself, or too deep");
            return self.fault(source, tag, ("block-in-itself", message, String::new()));
        }
        self.open.push(Arc::clone(name));
        self.held.insert(Arc::clone(name));
        self.used.insert(Arc::clone(&block.source.path));
        let mut parts = Vec::new();
        let control = |text: String| {
            Part::Code(Code { sort: Sort::Control, text, origin: origin(source, tag.span) })
        };
        let last = block.variants.len();
        for (index, variant) in block.variants.iter().chain([&block.fallback]).enumerate() {
            let Some(said) = variant.said(self.markup) else {
                let message =
                    format!("the variant `{}` of `{name}` says nothing here", variant.name);
                let help = block.help(&variant.name, self.markup);
                self.fault(source, tag, ("variant-without-content", message, help));
                continue;
            };
            match index {
                _ if last == 0 => {}
                _ if index == last => parts.push(control("{% else %}".into())),
                _ => {
                    let word = if index == 0 { "if" } else { "elif" };
                    let test = format!("{{% {word} choice.{name} == '{}' %}}", variant.name);
                    parts.push(control(test));
                }
            }
            let said = said.clone();
            parts.extend(self.sheet(&said, None).0);
        }
        if last > 0 {
            parts.push(control("{% endif %}".into()));
        }
        self.open.pop();
        debug_assert!(block.fallback.name.as_ref() == Block::FALLBACK, "the fallback is last");
        parts
    }

    /// A text of the locale, in which code may stand.
    fn text(&mut self, source: &Source, tag: Tag, key: &str) -> Vec<Part> {
        let Some(said) = self.texts.get(key) else {
            let near = nearest(key, self.texts.keys());
            let help = match near {
                Some(near) => format!("did you mean `text.{near}`?"),
                None => format!("add `{key}` to the files in `locales`"),
            };
            return self.fault(
                source,
                tag,
                ("unknown-text", format!("there is no text `{key}`"), help),
            );
        };
        let mut parts = self.sheet(&said.clone(), None).0;
        if self.markup != Markup::Text {
            for part in &mut parts {
                if let Part::Text(text, _) = part {
                    *text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                }
            }
        }
        parts
    }

    fn fault(
        &mut self,
        source: &Source,
        tag: Tag,
        (code, message, help): (&'static str, String, String),
    ) -> Vec<Part> {
        let span = origin(source, tag.span).span;
        self.findings.push(source.finding(code, span, (message, help)));
        Vec::new()
    }
}

/// What code is there for.
enum Meaning {
    Block(String),
    Code(String),
    Content,
    Nothing,
    Text(String),
}

/// What a tag is there for.
fn meaning(body: &str, tag: Tag, is_layout: bool) -> Meaning {
    let code = body.get(tag.span.start..tag.span.end).unwrap_or_default();
    match (tag.sort, tags::inner(code)) {
        (Sort::Comment, _) => Meaning::Nothing,
        (Sort::Print, "content") if is_layout => Meaning::Content,
        (Sort::Print, inner) => match path(inner) {
            Some(("blocks", name)) => Meaning::Block(name.into()),
            Some(("text", key)) => Meaning::Text(key.into()),
            _ => Meaning::Code(code.to_owned()),
        },
        _ => Meaning::Code(code.to_owned()),
    }
}

/// A path of two or more names, as its first and the others.
fn path(inner: &str) -> Option<(&str, &str)> {
    let (root, rest) = inner.split_once('.')?;
    let name =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
    (name(root) && rest.split('.').all(name)).then_some((root, rest))
}

fn origin(source: &Source, span: Span) -> Origin {
    let span = Span::new(source.start + span.start, source.start + span.end);
    Origin { file: Arc::clone(&source.path), text: Arc::clone(&source.text), span }
}

fn text(source: &Source, body: &str, start: usize, end: usize) -> Option<Part> {
    let text = body.get(start..end).filter(|text| !text.is_empty())?;
    Some(Part::Text(text.to_owned(), origin(source, Span::new(start, end))))
}
