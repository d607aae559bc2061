//! Files into a library.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use toml::Spanned;

use super::block::{self, BlockFile};
use super::check;
use super::compile::{Compiler, Files, Parts};
use super::expand::{Markup, Source};
use super::fixture::Fixture;
use super::front::{self, Front};
use super::select::{self, PlacesPlan};
use super::text::Texts;
use super::{Entry, FORMAT, Library};
use crate::content::{Block, Content, Edition, Known, Locales, Template, Vocabulary};
use crate::error::{Diagnostic, Span, nearest};
use crate::folder;
use crate::identity::encode;
use crate::lint::{Allow, Finding, Severity};
use crate::place::Places;
use crate::schema::Schema;
use crate::value::Kind;

/// `library.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Settings {
    /// The trait that names the language of a person.
    locale: Option<String>,
    #[serde(default)]
    locales: Vec<Spanned<String>>,
    #[serde(default)]
    fallbacks: BTreeMap<String, Spanned<String>>,
    from: Option<String>,
    reply_to: Option<String>,
    #[serde(default)]
    given: Vec<String>,
    #[serde(default)]
    allow: Vec<Allow>,
}

/// Reads one part after the other; what is wrong is found on the way.
pub(super) struct Reader<'f> {
    files: &'f BTreeMap<String, String>,
    used: BTreeSet<String>,
    pub(super) findings: Vec<Finding>,
    settings: Settings,
    schema: Option<Schema>,
    blocks: BTreeMap<Arc<str>, BlockFile>,
    layouts: BTreeMap<String, Source>,
    texts: BTreeMap<String, Texts>,
}

/// Reads files; there is a library where nothing is an error.
pub(super) fn read(files: &BTreeMap<String, String>) -> (Option<Library>, Vec<Finding>) {
    let own = files.iter().filter(|(path, _)| !folder::is_beside(path));
    let files: BTreeMap<String, String> =
        own.map(|(path, text)| (path.clone(), folder::plain(text))).collect();
    let mut reader = Reader::new(&files);
    let templates = reader.templates();
    let places = reader.places();
    let blocks = reader.engine_blocks(places.as_ref());
    reader.strangers();
    let allow = reader.settings.allow;
    let mut findings = check::in_order(reader.findings);
    findings.dedup();
    if findings.iter().any(|found| found.severity == Severity::Error) {
        return (None, findings);
    }
    let versions = templates.values().map(|entry: &Entry| (&*entry.name, &*entry.version));
    let version = hash(versions);
    let found = findings.clone();
    (Some(Library { version, templates, blocks, places, allow, findings: found }), findings)
}

impl<'f> Reader<'f> {
    fn new(files: &'f BTreeMap<String, String>) -> Self {
        let mut reader = Self {
            files,
            used: BTreeSet::new(),
            findings: Vec::new(),
            settings: Settings::default(),
            schema: None,
            blocks: BTreeMap::new(),
            layouts: BTreeMap::new(),
            texts: BTreeMap::new(),
        };
        if let Some(source) = reader.source("library.toml") {
            let read = front::document(&source, (0, source.text.len()));
            reader.settings = reader.found(read).unwrap_or_default();
        }
        reader.schema = reader.schema();
        reader.blocks = block::read(files, &mut reader.used, &mut reader.findings);
        reader.layouts = reader.layouts();
        reader.texts = reader.locales("_locales/");
        reader
    }

    /// A file, which is then used.
    fn source(&mut self, path: &str) -> Option<Source> {
        let text = self.files.get(path)?;
        self.used.insert(path.to_owned());
        Some(Source { path: path.into(), text: text.as_str().into(), start: 0 })
    }

    fn found<T>(&mut self, read: Result<T, Box<Finding>>) -> Option<T> {
        read.map_err(|finding| self.findings.push(*finding)).ok()
    }

    fn layouts(&mut self) -> BTreeMap<String, Source> {
        let mut layouts = BTreeMap::new();
        for path in self.files.keys() {
            let Some(name) = path.strip_prefix("_layouts/") else { continue };
            let source = self.source(path).map(|source| (name.to_owned(), source));
            layouts.extend(source);
        }
        layouts
    }

    /// The texts below a folder by their locale.
    fn locales(&mut self, folder: &str) -> BTreeMap<String, Texts> {
        let names = self.files.keys().filter_map(|path| path.strip_prefix(folder));
        let names: Vec<String> =
            names.filter_map(|name| Some(name.strip_suffix(".toml")?.to_owned())).collect();
        let mut locales = BTreeMap::new();
        for locale in names {
            let Some(source) = self.source(&format!("{folder}{locale}.toml")) else { continue };
            match Texts::read(&source.path, &source.text) {
                Ok(texts) => drop(locales.insert(locale, texts)),
                Err(found) => self.findings.extend(found),
            }
        }
        locales
    }

    fn templates(&mut self) -> BTreeMap<Arc<str>, Entry> {
        let names = self.files.keys().filter_map(|path| path.split_once('/'));
        let names: BTreeSet<String> =
            names.map(|(name, _)| name.to_owned()).filter(|name| !name.starts_with('_')).collect();
        let entries =
            names.iter().filter_map(|name| Some((name.as_str().into(), self.entry(name)?)));
        entries.collect()
    }

    fn entry(&mut self, name: &str) -> Option<Entry> {
        let (files, front) = self.head(name)?;
        let fixtures = self.fixtures(name);
        let locales = self.chain(name, &files, &front);
        let own = self.locales(&format!("{name}/locales/"));
        let mut editions = BTreeMap::new();
        let (mut used, mut held) = (BTreeSet::new(), BTreeSet::new());
        let before = self.findings.len();
        for locale in locales.all() {
            let texts = self.texts_of(&locales, &locale, &own);
            let mut compiler = Compiler::new(&self.blocks, &self.layouts, &texts);
            let parts = compiler.compile(&files, &front);
            used.extend(compiler.used);
            held.extend(compiler.held);
            self.findings.extend(compiler.findings);
            let edition = parts.and_then(|parts| self.edition(parts));
            editions.extend(edition.map(|edition| (locale, edition)));
        }
        self.declared(&files.mail, &front, &held);
        let errors = self.findings.get(before..).unwrap_or_default();
        if errors.iter().any(|found| found.severity == Severity::Error) {
            return None;
        }
        let version = self.version(name, &used);
        // What a fixture gives, a host will give.
        let shown = fixtures.values().flat_map(Fixture::gives).map(ToString::to_string);
        let given = front.given.iter().chain(&self.settings.given).cloned().chain(shown);
        let given: BTreeSet<String> = given.collect();
        let required = front.required.iter().map(|name| name.get_ref().clone());
        let template = Template::of(editions, locales, Arc::clone(&version));
        let template = if given.is_empty() { template.open() } else { template.given(given) };
        let template = template.required(required);
        self.findings.extend(template.found(&self.vocabulary()));
        Some(Entry {
            name: name.into(),
            version,
            template,
            file: Arc::clone(&files.mail.path),
            from: front.from.map(Spanned::into_inner).or_else(|| self.settings.from.clone()),
            reply_to: front
                .reply_to
                .map(Spanned::into_inner)
                .or_else(|| self.settings.reply_to.clone()),
            purpose: front.purpose.map(Into::into),
            topic: front.topic.map(Into::into),
            transactional: front.transactional,
            required: front.required.iter().map(|name| name.get_ref().as_str().into()).collect(),
            fixtures,
            allow: front.allow,
            sources: self.sources(&files.mail.path, &used),
        })
    }

    /// What templates read, as far as a library knows it: without a schema there may be any trait.
    fn vocabulary(&self) -> Vocabulary {
        let schema = self.schema.as_ref();
        let profile = schema.map(|schema| Known::declared(schema.attributes()));
        let choice = self.blocks.keys().map(|name| (Arc::clone(name), Known::scalar(Kind::Text)));
        let vocabulary = Vocabulary::default()
            .with("profile", profile.unwrap_or_else(Known::any))
            .with("choice", Known::object(choice))
            .with("locale", Known::scalar(Kind::Text));
        let open = ["fetched", "metrics", "place", "segments"];
        open.into_iter().fold(vocabulary, |known, root| known.with(root, Known::any()))
    }

    /// The traits that there are, if the library says so.
    fn schema(&mut self) -> Option<Schema> {
        let source = self.source("schema.toml")?;
        match Schema::from_toml(&source.text) {
            Ok(schema) => Some(schema),
            Err(error) => {
                let faults = error.diagnostics().iter().cloned();
                let faults: Vec<Diagnostic> = match error.diagnostics() {
                    [] => vec![Diagnostic::of_file(&*source.path, error.detail())],
                    _ => faults.map(|fault| fault.in_file(&*source.path)).collect(),
                };
                let found = faults.into_iter();
                self.findings
                    .extend(found.map(|fault| Finding::new("schema", Severity::Error, fault)));
                None
            }
        }
    }

    /// The files of a template, and what stands in front of it.
    fn head(&mut self, name: &str) -> Option<(Files, Front)> {
        let mjml = self.source(&format!("{name}/mail.mjml")).map(|mail| (mail, Markup::Mjml));
        let html = self.source(&format!("{name}/mail.html")).map(|mail| (mail, Markup::Html));
        let (mut mail, markup) = match (mjml, html) {
            (Some(mail), None) | (None, Some(mail)) => mail,
            (Some((mail, _)), Some(_)) => {
                let fault = ("there is `mail.html` too", "keep one of the two");
                self.findings.push(mail.finding("two-mails", Span::default(), fault));
                return None;
            }
            (None, None) => {
                let fault = Diagnostic::of_file(format!("{name}/"), "there is no mail here")
                    .with_help("a template has `mail.mjml` or `mail.html`");
                self.findings.push(Finding::new("no-mail", Severity::Error, fault));
                return None;
            }
        };
        let split = front::split(&mail);
        let (at, start) = self.found(split)?;
        let front = front::document(&mail, at);
        let front = self.found(front)?;
        mail.start = start;
        let text = self.source(&format!("{name}/mail.txt"));
        let amp = self.source(&format!("{name}/mail.amp.html"));
        Some((Files { mail, markup, text, amp }, front))
    }

    fn fixtures(&mut self, name: &str) -> BTreeMap<Arc<str>, Fixture> {
        let base = self.source("_fixture.json");
        let prefix = format!("{name}/fixtures/");
        let paths = self.files.keys().filter_map(|path| path.strip_prefix(prefix.as_str()));
        let names: Vec<String> =
            paths.filter_map(|path| Some(path.strip_suffix(".json")?.to_owned())).collect();
        let mut fixtures = BTreeMap::new();
        for fixture in names {
            let Some(source) = self.source(&format!("{prefix}{fixture}.json")) else { continue };
            let read = Fixture::read(&source, base.as_ref());
            let read = self.found(read);
            fixtures.extend(read.map(|read| (Arc::from(fixture), read)));
        }
        fixtures
    }

    /// The locales of a template, and which stands in for which.
    fn chain(&mut self, name: &str, files: &Files, front: &Front) -> Locales {
        let own = !front.locales.is_empty();
        let settings = Source {
            path: "library.toml".into(),
            text: self.files.get("library.toml").map_or("", String::as_str).into(),
            start: 0,
        };
        let source = if own { &files.mail } else { &settings };
        let (all, fallbacks) = if own {
            (front.locales.clone(), front.fallbacks.clone())
        } else {
            (self.settings.locales.clone(), self.settings.fallbacks.clone())
        };
        let known: Vec<&str> = all.iter().map(|locale| locale.get_ref().as_str()).collect();
        for target in fallbacks.values() {
            if !known.contains(&target.get_ref().as_str()) {
                let message = format!("`{}` is none of the locales of `{name}`", target.get_ref());
                let help = format!("there are {}", known.join(", "));
                let span = front::span(target);
                self.findings.push(source.finding("unknown-locale", span, (message, help)));
            }
        }
        let names = all.iter().map(|locale| locale.get_ref().as_str().into());
        let fallbacks =
            fallbacks.iter().map(|(from, to)| (from.as_str().into(), to.get_ref().as_str().into()));
        let by = self.settings.locale.as_deref();
        Locales::new(names.collect(), fallbacks.collect(), by)
    }

    /// The texts of a locale: the template's own, those of all, then those of the locales that
    /// stand in for it.
    fn texts_of(&self, locales: &Locales, locale: &str, own: &BTreeMap<String, Texts>) -> Texts {
        locales.behind(locale).iter().fold(Texts::default(), |texts, locale| {
            let of =
                |all: &BTreeMap<String, Texts>| all.get(&**locale).cloned().unwrap_or_default();
            texts.or(&of(own)).or(&of(&self.texts))
        })
    }

    /// What was compiled, ready to be rendered.
    fn edition(&mut self, parts: Parts) -> Option<Edition> {
        match Edition::assembled(parts.subject, parts.preheader, parts.html, parts.text, parts.amp)
        {
            Ok(edition) => Some(edition),
            Err(error) => {
                let found = error.diagnostics().iter().cloned();
                let found = found.map(|fault| Finding::new("template", Severity::Error, fault));
                self.findings.extend(found);
                None
            }
        }
    }

    /// Compares the blocks that a template says it holds with those that it does.
    fn declared(&mut self, mail: &Source, front: &Front, held: &BTreeSet<Arc<str>>) {
        let Some(blocks) = &front.blocks else { return };
        for block in blocks {
            if held.contains(block.get_ref().as_str()) {
                continue;
            }
            let message = format!("the block `{}` stands nowhere in the template", block.get_ref());
            let near = nearest(block.get_ref(), self.blocks.keys().map(|name| &**name));
            let help = near.map(|near| format!("there is `{near}`")).unwrap_or_default();
            let span = front::span(block);
            self.findings.push(mail.finding("unused-block", span, (message, help)));
        }
        let declared: Vec<&str> = blocks.iter().map(|block| block.get_ref().as_str()).collect();
        for block in held.iter().filter(|block| !declared.contains(&&***block)) {
            let fault = (format!("the block `{block}` is not among `blocks`"), "add it");
            let span = blocks.first().map_or_else(Span::default, front::span);
            let mut finding = mail.finding("undeclared-block", span, fault);
            finding.severity = Severity::Warning;
            self.findings.push(finding);
        }
    }

    /// The files that a template is made of, its own first.
    fn sources(&self, own: &Arc<str>, used: &BTreeSet<Arc<str>>) -> Vec<(Arc<str>, Arc<str>)> {
        let others = used.iter().filter(|path| *path != own);
        let found = [own].into_iter().chain(others).filter_map(|path| {
            let text = self.files.get(&**path)?;
            Some((Arc::clone(path), Arc::from(text.as_str())))
        });
        found.collect()
    }

    /// The hash of everything that a template is made of.
    fn version(&self, name: &str, used: &BTreeSet<Arc<str>>) -> Arc<str> {
        let own = format!("{name}/");
        let made = self.files.iter().filter(|(path, _)| {
            let shared = ["_places.toml", "library.toml", "schema.toml"].contains(&path.as_str());
            let texts =
                path.starts_with("_locales/") || path.starts_with(&format!("{own}locales/"));
            shared || texts || used.contains(path.as_str())
        });
        hash(made.map(|(path, text)| (path.as_str(), text.as_str())))
    }

    /// The blocks for an engine, which chooses between their variants.
    fn engine_blocks(&mut self, places: Option<&Arc<Places>>) -> BTreeMap<Arc<str>, Block> {
        let first = self.settings.locales.first().map(|locale| locale.get_ref().clone());
        let texts = first.and_then(|locale| self.texts.get(&locale).cloned());
        let texts = texts.or_else(|| self.texts.values().next().cloned()).unwrap_or_default();
        let mut blocks = BTreeMap::new();
        for file in self.blocks.values() {
            let mut found = Vec::new();
            let block = select::block(file, places, |variant| {
                let mut compiler = Compiler::new(&self.blocks, &self.layouts, &texts);
                let said = compiler.said(variant);
                found.append(&mut compiler.findings);
                said.map_or_else(
                    || Content::text(""),
                    |(html, text)| Content::assembled(html, text),
                )
            });
            // A template that holds the block may have the text.
            found.retain(|finding: &Finding| finding.code != "unknown-text");
            self.findings.append(&mut found);
            match block {
                Ok(block) => drop(blocks.insert(Arc::clone(&file.name), block)),
                Err(finding) => self.findings.push(*finding),
            }
        }
        blocks
    }

    /// The places by which blocks choose.
    fn places(&mut self) -> Option<Arc<Places>> {
        let source = self.source("_places.toml")?;
        let plan = front::document::<PlacesPlan>(&source, (0, source.text.len()));
        let places = self.found(plan)?.places().map_err(|error| {
            let fault = (error.detail().to_owned(), "");
            Box::new(source.finding("places", Span::default(), fault))
        });
        self.found(places).map(Arc::new)
    }

    /// Finds files that nothing reads.
    fn strangers(&mut self) {
        for path in self.files.keys().filter(|path| !self.used.contains(*path)) {
            let near =
                nearest(path, ["_fixture.json", "_places.toml", "library.toml", "schema.toml"]);
            let fault = Diagnostic::of_file(path.as_str(), "nothing reads this file");
            let fault = match near {
                Some(near) => fault.with_help(format!("did you mean `{near}`?")),
                None => fault,
            };
            self.findings.push(Finding::new("unread-file", Severity::Error, fault));
        }
    }
}

/// The SHA-256 of named texts, each with its length before it.
fn hash<'t>(texts: impl Iterator<Item = (&'t str, &'t str)>) -> Arc<str> {
    let mut hash = Sha256::new();
    let mut take = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    take(&format!("bespoke library {FORMAT}"));
    for (name, text) in texts {
        take(name);
        take(text);
    }
    encode::hex(&hash.finalize()).into()
}
