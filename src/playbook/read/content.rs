//! Blocks and templates.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::atlas::{Placed, key};
use super::super::document::{Fields, Node, Text, span};
use super::super::part::Sort;
use super::super::{BlockPlan, ContentPlan, TemplatePlan, VariantPlan};
use super::Reader;
use crate::content::Block;
use crate::error::Span;

type Named<T> = BTreeMap<Arc<str>, T>;

/// The files of a template.
pub(super) const PARTS: [&str; 3] = ["subject.txt", "body.html", "body.txt"];

impl Reader<'_> {
    pub(super) fn blocks(&mut self) -> Named<BlockPlan> {
        let paths = self.files.keys().filter_map(|path| {
            let name = path.strip_prefix("blocks/")?.strip_suffix(".toml")?;
            (!name.contains('/')).then(|| (path.clone(), Arc::<str>::from(name)))
        });
        let mut blocks = BTreeMap::new();
        for (path, name) in paths {
            let block = self.document(&path, false, |reader, fields| reader.block(&name, &fields));
            match block {
                Some(block) => drop(blocks.insert(name, block)),
                None => drop(self.broken.insert((Sort::Block, name))),
            }
        }
        blocks
    }

    fn block(&mut self, name: &str, fields: &Fields<'_>) -> BlockPlan {
        self.named(fields, Sort::Block, name, Span::default());
        fields.only(&["variants", "fallback"], &mut self.atlas);
        let list = fields.list("variants", &mut self.atlas).into_iter();
        let variants = list.map(|node| self.variant(name, fields, node));
        // What is wrong with one is told; the others are looked at all the same.
        let variants: Vec<_> = variants.flatten().collect();
        let fallback = match fields.find("fallback") {
            Some(_) => fields.table("fallback", &mut self.atlas).and_then(|table| {
                table.only(&["text", "html"], &mut self.atlas);
                self.content(name, Block::FALLBACK, Some(&table))
            }),
            None => self.content(name, Block::FALLBACK, None),
        };
        let fallback = fallback.unwrap_or_else(|| ContentPlan::text(""));
        BlockPlan { variants, fallback }
    }

    fn variant(&mut self, block: &str, fields: &Fields<'_>, node: Node<'_>) -> Option<VariantPlan> {
        let fields = Fields { ..*fields }.within("a variant", span(node), node, &mut self.atlas)?;
        fields.only(&["name", "rule", "text", "html"], &mut self.atlas);
        let unnamed = key(Sort::Block, block, "variant");
        let name = fields.wanted("name", unnamed, &mut self.atlas);
        let Some(Text { value: name, placed }) = name else {
            // What it says may be in a file of its name.
            self.broken.insert((Sort::Block, block.into()));
            return None;
        };
        let at = |field: &str| key(Sort::Block, block, format!("{name} {field}"));
        if self.atlas.has(&at("name")) || &*name == Block::FALLBACK {
            let message = format!("there is a variant `{name}` already");
            self.atlas.fault_at((fields.path, placed.span), message, None);
            return None;
        }
        let place = placed.span;
        self.atlas.put(at("name"), placed);
        let rule = self.rule(&fields, "rule", at("rule"));
        let fields = Fields { span: place, ..fields };
        let content = self.content(block, &name, Some(&fields));
        let content = content.unwrap_or_else(|| ContentPlan::text(""));
        Some(VariantPlan { rule: rule.unwrap_or_else(|| "TRUE".into()), content, name })
    }

    /// What a variant says: in the block's file, or in files of its name.
    fn content(
        &mut self,
        block: &str,
        variant: &str,
        fields: Option<&Fields<'_>>,
    ) -> Option<ContentPlan> {
        let file = format!("blocks/{block}.toml");
        let place = fields.map_or_else(Span::default, |fields| fields.span);
        let mut part = |field: &str, end: &str| {
            let path = format!("blocks/{block}/{variant}.{end}");
            let inline = fields.and_then(|fields| fields.text(field, &mut self.atlas));
            let said = inline.map(Text::body);
            let said = match said {
                // A file of the same part is one that nothing reads.
                Some(said) => said,
                None => self.file(&path)?,
            };
            let at = key(Sort::Block, block, format!("{variant} {field}"));
            self.atlas.put(at, said.placed);
            Some(said.value)
        };
        let (html, text) = (part("html", "html"), part("text", "txt"));
        let (message, help) = match (html, text) {
            (Some(html), Some(text)) => return Some(ContentPlan::Both { html, text }),
            (None, Some(text)) => return Some(ContentPlan::One(text)),
            (Some(_), None) => {
                let message = format!("what the variant `{variant}` says in text is missing");
                (message, format!("add `text = \"…\"` or the file `blocks/{block}/{variant}.txt`"))
            }
            (None, None) if variant == Block::FALLBACK && fields.is_none() => (
                "the fallback is missing: what is said where no variant is chosen".to_owned(),
                format!("add `[fallback]` with `text = \"…\"`, or `blocks/{block}/fallback.txt`"),
            ),
            (None, None) => (
                format!("the variant `{variant}` says nothing"),
                format!("add `text = \"…\"` or the file `blocks/{block}/{variant}.txt`"),
            ),
        };
        // A text of another type has been told of.
        let typed = |field| fields.is_some_and(|fields| fields.find(field).is_some());
        if !typed("text") {
            self.atlas.fault_at((&file, place), message, Some(help));
        }
        None
    }

    /// A whole file as a source.
    fn file(&mut self, path: &str) -> Option<Text> {
        let text = self.files.get(path)?;
        self.used.insert(path.to_owned());
        let offsets = (0..=text.len()).collect();
        let placed = Placed { file: path.into(), span: Span::default(), offsets };
        Some(Text { value: text.as_str().into(), placed }.body())
    }

    pub(super) fn templates(&mut self) -> Named<TemplatePlan> {
        let names = self.files.keys().filter_map(|path| {
            let (name, part) = path.strip_prefix("templates/")?.split_once('/')?;
            (!part.contains('/')).then(|| Arc::<str>::from(name))
        });
        let names: std::collections::BTreeSet<Arc<str>> = names.collect();
        let mut templates = BTreeMap::new();
        for name in names {
            let [subject, html, text] = PARTS.map(|part| {
                let path = format!("templates/{name}/{part}");
                let Some(text) = self.file(&path) else {
                    let message = format!("the file of the template `{name}` is missing");
                    let help = format!("a template has {}", PARTS.join(", "));
                    self.atlas.fault_of(&path, message, Some(help));
                    return None;
                };
                self.atlas.put(key(Sort::Template, &name, part), text.placed);
                Some(text.value)
            });
            match (subject, html, text) {
                (Some(subject), Some(html), Some(text)) => {
                    templates.insert(name, TemplatePlan { subject, html, text });
                }
                _ => drop(self.broken.insert((Sort::Template, name))),
            }
        }
        templates
    }
}
