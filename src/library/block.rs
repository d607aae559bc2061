//! The blocks of a library: `_blocks/NAME.toml` and `_blocks/NAME/VARIANT.*`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::expand::{Markup, Source};
use super::front;
use super::select::{ExperimentPlan, FetchPlan};
use crate::content::Block;
use crate::error::Span;
use crate::lint::Finding;

/// A block as its files have it.
#[derive(Clone, Debug)]
pub(super) struct BlockFile {
    pub(super) name: Arc<str>,
    pub(super) variants: Vec<VariantFile>,
    pub(super) fallback: VariantFile,
    pub(super) plan: BlockPlan,
    /// The file of its rules; of a block without one what it says.
    pub(super) source: Source,
}

/// A variant, and what it says in each markup.
#[derive(Clone, Debug)]
pub(super) struct VariantFile {
    pub(super) name: Arc<str>,
    said: BTreeMap<Markup, Source>,
}

/// `_blocks/NAME.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BlockPlan {
    /// The figure whose value decides.
    pub(super) by: Option<String>,
    /// The figure whose band decides.
    pub(super) bands: Option<String>,
    pub(super) experiment: Option<ExperimentPlan>,
    /// Whether the place near by decides.
    #[serde(default)]
    pub(super) place: bool,
    /// Whether its region does.
    #[serde(default)]
    pub(super) region: bool,
    pub(super) fetch: Option<FetchPlan>,
    #[serde(default)]
    pub(super) variants: Vec<VariantPlan>,
    pub(super) fallback: Option<Said>,
}

/// A variant of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct VariantPlan {
    pub(super) name: Spanned<String>,
    pub(super) rule: Option<Spanned<String>>,
    pub(super) value: Option<Spanned<String>>,
    pub(super) band: Option<Spanned<String>>,
    pub(super) arm: Option<Spanned<String>>,
    pub(super) place: Option<Spanned<String>>,
    pub(super) region: Option<Spanned<String>>,
    html: Option<Spanned<String>>,
    text: Option<Spanned<String>>,
}

/// What the fallback says, where it is short.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Said {
    html: Option<Spanned<String>>,
    text: Option<Spanned<String>>,
}

/// The ends of the files of a variant.
pub(super) const ENDS: [(&str, Markup); 4] = [
    (".amp.html", Markup::Amp),
    (".html", Markup::Html),
    (".mjml", Markup::Mjml),
    (".txt", Markup::Text),
];

impl VariantFile {
    /// What it says in a markup. A text alone is for every part.
    pub(super) fn said(&self, markup: Markup) -> Option<&Source> {
        let of = |markup| self.said.get(&markup);
        let is_text = !self.said.keys().any(|said| *said != Markup::Text);
        let text = || of(Markup::Text).filter(|_| is_text);
        match markup {
            Markup::Amp => of(Markup::Amp).or_else(|| of(Markup::Html)).or_else(text),
            Markup::Html => of(Markup::Html).or_else(text),
            Markup::Mjml => of(Markup::Mjml).or_else(|| of(Markup::Html)).or_else(text),
            Markup::Text => of(Markup::Text),
        }
    }
}

impl BlockFile {
    /// What to add, so that a variant says something.
    pub(super) fn help(&self, variant: &str, markup: Markup) -> String {
        let end = match markup {
            Markup::Amp | Markup::Html => "html",
            Markup::Mjml => "mjml",
            Markup::Text => "txt",
        };
        format!("add `_blocks/{}/{variant}.{end}`", self.name)
    }
}

/// The blocks of a library; the paths of what they use go to `used`.
pub(super) fn read(
    files: &BTreeMap<String, String>,
    used: &mut BTreeSet<String>,
    findings: &mut Vec<Finding>,
) -> BTreeMap<Arc<str>, BlockFile> {
    let names: BTreeSet<&str> = files
        .keys()
        .filter_map(|path| path.strip_prefix("_blocks/"))
        .filter_map(|path| path.strip_suffix(".toml").or_else(|| Some(path.split_once('/')?.0)))
        .collect();
    let blocks = names.into_iter().filter_map(|name| {
        let mut reader = Reader { files, used: &mut *used, findings: &mut *findings, name };
        Some((name.into(), reader.block()?))
    });
    blocks.collect()
}

struct Reader<'r> {
    files: &'r BTreeMap<String, String>,
    used: &'r mut BTreeSet<String>,
    findings: &'r mut Vec<Finding>,
    name: &'r str,
}

impl Reader<'_> {
    fn block(&mut self) -> Option<BlockFile> {
        let path = format!("_blocks/{}.toml", self.name);
        let source = self.files.get(&path).map(|text| {
            self.used.insert(path.clone());
            Source { path: path.as_str().into(), text: text.as_str().into(), start: 0 }
        });
        let plan: BlockPlan = match &source {
            Some(source) => {
                let read = front::document(source, (0, source.text.len()));
                read.map_err(|finding| self.findings.push(*finding)).ok()?
            }
            None => BlockPlan::default(),
        };
        let source = source.unwrap_or_else(|| Source {
            path: path.as_str().into(),
            text: "".into(),
            start: 0,
        });
        let mut taken = BTreeSet::from([Block::FALLBACK.to_owned()]);
        let mut variants = Vec::new();
        for variant in &plan.variants {
            let name = variant.name.get_ref();
            let span = front::span(&variant.name);
            if name.is_empty() || !taken.insert(name.clone()) {
                let fault = (format!("the variant name `{name}` is empty or taken"), "");
                self.findings.push(source.finding("variant-name", span, fault));
                return None;
            }
            let said = self.said(&source, name, (&variant.html, &variant.text));
            if said.is_empty() {
                let help = format!("add `text = \"…\"` or `_blocks/{}/{name}.html`", self.name);
                let fault = (format!("the variant `{name}` says nothing"), help);
                self.findings.push(source.finding("variant-without-content", span, fault));
            }
            variants.push(VariantFile { name: name.as_str().into(), said });
        }
        let inline = plan.fallback.as_ref().map_or((&None, &None), |said| (&said.html, &said.text));
        let said = self.said(&source, Block::FALLBACK, inline);
        if said.is_empty() {
            let help = format!(
                "add `[fallback]` with `text = \"…\"`, or `_blocks/{}/fallback.html`",
                self.name
            );
            let fault = ("the fallback is missing: what is said where no variant is chosen", help);
            self.findings.push(source.finding("missing-fallback", Span::default(), fault));
            return None;
        }
        let fallback = VariantFile { name: Block::FALLBACK.into(), said };
        Some(BlockFile { name: self.name.into(), variants, fallback, plan, source })
    }

    /// What a variant says: in the block's file, or in files of its name.
    fn said(
        &mut self,
        source: &Source,
        variant: &str,
        (html, text): (&Option<Spanned<String>>, &Option<Spanned<String>>),
    ) -> BTreeMap<Markup, Source> {
        let files = ENDS.iter().filter_map(|(end, markup)| {
            let path = format!("_blocks/{}/{variant}{end}", self.name);
            let text = self.files.get(&path)?;
            self.used.insert(path.clone());
            let text = text.strip_suffix('\n').unwrap_or(text);
            Some((*markup, Source { path: path.into(), text: text.into(), start: 0 }))
        });
        let mut said: BTreeMap<Markup, Source> = files.collect();
        for (markup, inline) in [(Markup::Html, html), (Markup::Text, text)] {
            if let Some(inline) = inline {
                said.insert(markup, front::said(source, inline));
            }
        }
        said
    }
}
