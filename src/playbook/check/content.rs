//! What is said: blocks and templates.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::super::atlas::key;
use super::super::part::Sort;
use super::super::plan::source;
use super::super::{BlockPlan, ContentPlan, TemplatePlan};
use super::{Checker, Writing};
use crate::content::{Block, Content, Scope, Template};
use crate::error::Result;

impl Checker<'_> {
    pub(super) fn blocks(&mut self) {
        let book = self.playbook;
        for (name, plan) in &book.blocks {
            let sound = self.block(name, plan);
            let done = block(plan).and_then(|block| self.engine.add_block(name, &block));
            if let (true, Err(error)) = (sound, &done) {
                self.atlas.fault(&key(Sort::Block, name, ""), error.detail(), None);
            }
            if done.is_err() {
                self.no_block(name);
            }
        }
        let broken = self.unsound.clone();
        broken.iter().filter(|(sort, _)| *sort == Sort::Block).for_each(|(_, name)| {
            self.no_block(name);
        });
    }

    /// Puts a block without words into the engine, so that templates may name it.
    fn no_block(&mut self, name: &str) {
        let _ = Content::text("").and_then(|said| self.engine.add_block(name, &Block::new(said)));
    }

    fn block(&mut self, name: &str, plan: &BlockPlan) -> bool {
        let mut sound = true;
        for variant in &plan.variants {
            let at = |field: &str| key(Sort::Block, name, format!("{} {field}", variant.name));
            let writing = Writing::File.fault(Sort::Block, &variant.name);
            if let Some((_, help)) = writing {
                let message = format!("`{}` is no name of a variant", variant.name);
                self.atlas.fault(&at("name"), message, Some(help.into()));
            }
            let mentions = self.expr(&at("rule"), &variant.rule);
            let checkable = mentions.is_some_and(|mentions| self.is_checkable(&mentions));
            sound &= checkable && self.condition(&at("rule"), &variant.rule);
        }
        let vocabulary = self.engine.vocabulary(false);
        for (variant, content) in plan.contents() {
            for (part, text) in content.parts() {
                let read = said(content, part, text);
                let checked = read.and_then(|said| said.check(&Scope::of(&vocabulary)));
                if let Err(error) = checked {
                    sound = false;
                    let at = key(Sort::Block, name, format!("{variant} {part}"));
                    self.told(&at, text, &error);
                }
            }
        }
        sound
    }

    pub(super) fn templates(&mut self) {
        let book = self.playbook;
        for (name, plan) in &book.templates {
            let mailings = book.mailings.values().filter(|mailing| mailing.template == *name);
            let mut givens: Vec<&BTreeSet<Arc<str>>> =
                mailings.map(|mailing| &mailing.given).collect();
            let none = BTreeSet::new();
            if givens.is_empty() {
                givens.push(&none);
            }
            let mut sound = true;
            for given in &givens {
                sound &= self.template(name, plan, given);
            }
            let all: BTreeSet<&str> = givens.into_iter().flatten().map(|name| &**name).collect();
            let [subject, html, text] = plan.parts().map(|(_, text)| source(text));
            let template = Template::new(&subject, &html, &text);
            let added = template.and_then(|template| {
                self.engine.add_template(name, template.given(all.iter().copied()))
            });
            if let (true, Err(error)) = (sound, &added) {
                self.atlas.fault(&key(Sort::Template, name, "body.txt"), error.detail(), None);
            }
        }
    }

    /// Whether a mailing that cannot be read, or whose template is not known, may give anything.
    fn is_given_unknown(&self) -> bool {
        let templates = &self.playbook.templates;
        let mut mailings = self.playbook.mailings.values();
        self.unsound.iter().any(|(sort, _)| *sort == Sort::Mailing)
            || mailings.any(|mailing| !templates.contains_key(&mailing.template))
    }

    fn template(&mut self, name: &str, plan: &TemplatePlan, given: &BTreeSet<Arc<str>>) -> bool {
        let mut sound = true;
        for (part, text) in plan.parts() {
            // One part at a time, so that each tells its faults.
            let of = |own: &str| if part == own { source(text) } else { String::new() };
            let template = Template::new(&of("subject.txt"), &of("body.html"), &of("body.txt"));
            let given = given.iter().map(|name| &**name);
            let checked = template
                .and_then(|template| template.given(given).check(&self.engine.vocabulary(true)));
            let Err(error) = checked else { continue };
            sound = false;
            let at = key(Sort::Template, name, part);
            for fault in error.diagnostics() {
                let mut fault = fault.clone();
                let given = fault.message.ends_with("in `given`");
                if given && self.is_given_unknown() {
                    continue;
                }
                if given && fault.help.is_none() {
                    let help = "a mailing of the template lists it in `given`, in mailings.toml";
                    fault = fault.with_help(help);
                }
                self.atlas.within(&at, text, &fault);
            }
            if error.diagnostics().is_empty() {
                self.told(&at, text, &error);
            }
        }
        sound
    }
}

/// One part of what a variant says.
fn said(content: &ContentPlan, part: &str, text: &str) -> Result<Content> {
    let text = source(text);
    match (content, part) {
        (ContentPlan::One(_), _) => Content::text(&text),
        (_, "html") => Content::new(&text, ""),
        _ => Content::new("", &text),
    }
}

/// The block that a plan describes.
fn block(plan: &BlockPlan) -> Result<Block> {
    let content = |plan: &ContentPlan| match plan {
        ContentPlan::Both { html, text } => Content::new(&source(html), &source(text)),
        ContentPlan::One(text) => Content::text(&source(text)),
    };
    let block = Block::new(content(&plan.fallback)?);
    plan.variants.iter().try_fold(block, |block, variant| {
        block.variant(Arc::clone(&variant.name), &variant.rule, content(&variant.content)?)
    })
}
