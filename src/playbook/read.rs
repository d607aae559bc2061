//! Files into definitions, with the places of everything.

mod classes;
mod content;
mod rules;
mod sending;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toml::de::DeTable;

use super::atlas::{Atlas, Key, key};
use super::document::{self, Fields, Node};
use super::folder::LIBRARY;
use super::part::{Name, Sort};
use super::{FORMAT, Playbook, folder};
use crate::error::{Error, Span, nearest};
use crate::folder::{is_beside, plain, unknown};
use crate::schema::Schema;
use crate::time::Duration;

/// What was read: the definitions, as far as they could be, and where they stand.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) playbook: Playbook,
    pub(super) atlas: Atlas,
    /// What is defined in a way that cannot be read.
    pub(super) broken: BTreeSet<Name>,
    /// Whether all that is defined is known: every file is TOML, and the schema is one.
    pub(super) complete: bool,
}

/// Reads one file after the other.
struct Reader<'f> {
    files: &'f BTreeMap<String, String>,
    used: BTreeSet<String>,
    atlas: Atlas,
    broken: BTreeSet<Name>,
    complete: bool,
}

/// Reads files; what is wrong with them is in the atlas.
pub(super) fn read(files: &BTreeMap<String, String>) -> Draft {
    let own = files.iter().filter(|(path, _)| !is_beside(path));
    let files: BTreeMap<String, String> =
        own.map(|(path, text)| (path.clone(), plain(text))).collect();
    let mut atlas = Atlas::default();
    files.iter().for_each(|(path, text)| atlas.file(path, text));
    let (used, broken) = (BTreeSet::new(), BTreeSet::new());
    let mut reader = Reader { files: &files, used, atlas, broken, complete: true };
    let playbook = reader.playbook();
    reader.strangers(&playbook);
    let Reader { atlas, broken, complete, .. } = reader;
    Draft { playbook, atlas, broken, complete }
}

impl Reader<'_> {
    fn playbook(&mut self) -> Playbook {
        let name = self.document("playbook.toml", true, Self::head).flatten();
        let schema = self.schema();
        let mut playbook = Playbook::new(name.unwrap_or_default(), schema);
        playbook.metrics = self.document("metrics.toml", false, Self::metrics).unwrap_or_default();
        let segments = self.document("segments.toml", false, Self::segments);
        playbook.segments = segments.unwrap_or_default();
        playbook.scores = self.document("scores.toml", false, Self::scores).unwrap_or_default();
        let purposes = self.document("purposes.toml", false, Self::purposes);
        (playbook.purposes, playbook.topics) = purposes.unwrap_or_default();
        playbook.sender = self.document("sender.toml", false, Self::sender);
        let mailings = self.document("mailings.toml", false, Self::mailings);
        playbook.mailings = mailings.unwrap_or_default();
        playbook.blocks = self.blocks();
        playbook.templates = self.templates();
        playbook.library = self.library();
        playbook
    }

    /// Reads a file of TOML, if it is there and is TOML.
    fn document<T>(
        &mut self,
        path: &str,
        wanted: bool,
        read: impl FnOnce(&mut Self, Fields<'_>) -> T,
    ) -> Option<T> {
        let Some(text) = self.files.get(path) else {
            if wanted {
                let help = match path {
                    "playbook.toml" => "every playbook has one: `name = \"…\"` and `format = 1`",
                    _ => "every playbook has one: it declares traits and events",
                };
                self.atlas.fault_of(path, "the file is missing", Some(help.into()));
            }
            return None;
        };
        self.used.insert(path.to_owned());
        let (root, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let span = error.span().unwrap_or_default();
            let (message, help) = document::syntax(error.message());
            self.atlas.fault_at((path, Span::new(span.start, span.end)), message, help);
        }
        if !errors.is_empty() {
            // What else was understood of it need not be what was meant.
            self.complete = false;
            return None;
        }
        let table = root.get_ref();
        Some(read(self, Fields { path, text, table, span: Span::default() }))
    }

    fn head(&mut self, fields: Fields<'_>) -> Option<Arc<str>> {
        fields.only(&["name", "format"], &mut self.atlas);
        match fields.find("format") {
            None => {
                let help = Some(format!("add `format = {FORMAT}`"));
                self.atlas.fault_at((fields.path, fields.span), "`format` is missing", help);
            }
            Some((_, node)) => {
                let number = fields.number("`format`", node, &mut self.atlas);
                if number.is_some_and(|number| number != FORMAT.to_string()) {
                    let at = (fields.path, document::span(node));
                    let message = "the playbook is of a format that this version does not read";
                    self.atlas.fault_at(at, message, Some(format!("this one reads {FORMAT}")));
                }
            }
        }
        let at = key(Sort::Playbook, "name", "");
        Some(fields.wanted("name", at, &mut self.atlas)?.value)
    }

    fn schema(&mut self) -> Schema {
        let path = "schema.toml";
        let Some(text) = self.document(path, true, |_, fields| fields.text.to_owned()) else {
            self.complete = false;
            return Schema::new();
        };
        Schema::from_toml(&text).unwrap_or_else(|error| {
            self.complete = false;
            self.schema_fault(path, &text, &error);
            Schema::new()
        })
    }

    fn schema_fault(&mut self, path: &str, text: &str, error: &Error) {
        for fault in error.diagnostics() {
            let span = super::atlas::place(text, fault);
            let (message, help) = unknown(&fault.message);
            self.atlas.fault_at((path, span), message, help);
        }
        if error.diagnostics().is_empty() {
            // What contradicts itself is told by the names at fault, the most telling one last.
            let names = error.detail().split('`').skip(1).step_by(2);
            let owner = error.detail().split(": ").next().into_iter();
            let owner = owner.flat_map(|owner| owner.rsplit('.'));
            let found = names.chain(owner).find_map(|name| {
                let at = text.find(&format!("\"{name}\"")).map(|at| at + 1);
                at.or_else(|| text.find(name)).map(|at| Span::new(at, at + name.len()))
            });
            self.atlas.fault_at((path, found.unwrap_or_default()), error.detail(), None);
        }
    }

    /// Puts the place of a definition's name.
    fn named(&mut self, fields: &Fields<'_>, sort: Sort, name: &str, at: Span) {
        self.atlas.put(key(sort, name, ""), fields.whole(at));
    }

    /// The rule below a key, and its place.
    fn rule(&mut self, fields: &Fields<'_>, name: &str, at: Key) -> Option<Arc<str>> {
        let text = fields.wanted(name, at.clone(), &mut self.atlas)?.trimmed();
        self.atlas.put(at, text.placed);
        Some(text.value)
    }

    /// A length of time that stands as a value.
    fn duration(&mut self, fields: &Fields<'_>, what: &str, node: Node<'_>) -> Option<Duration> {
        let text = fields.as_text(what, node, &mut self.atlas)?;
        let read = text.value.parse::<Duration>();
        let fault = match read {
            Ok(length) if length > Duration::ZERO => return Some(length),
            Ok(_) => format!("{what} needs some length"),
            Err(error) => error.detail().to_owned(),
        };
        let help = Some("write it as in `90 days`".to_owned());
        self.atlas.fault_at((fields.path, text.placed.span), fault, help);
        None
    }

    /// The files of the library of templates, which reads them itself.
    fn library(&mut self) -> BTreeMap<Arc<str>, Arc<str>> {
        let files = self.files.iter();
        let own = files.filter_map(|(path, text)| {
            self.used.extend(path.starts_with(LIBRARY).then(|| path.clone()));
            Some((path.strip_prefix(LIBRARY)?.into(), text.as_str().into()))
        });
        own.collect()
    }

    /// Reports files that nothing reads.
    fn strangers(&mut self, playbook: &Playbook) {
        let files = self.files;
        for path in files.keys() {
            if self.used.contains(path) {
                continue;
            }

            let block = path.strip_prefix("blocks/").and_then(|rest| rest.split_once('/'));
            if block.is_some_and(|(name, _)| self.broken.contains(&(Sort::Block, name.into()))) {
                // The block may well read it once it can be read itself.
                continue;
            }
            let near = nearest(path, folder::FILES);
            if near.is_some_and(|near| !files.contains_key(near)) {
                self.complete = false;
            }
            let help = meant(path, playbook);
            self.atlas.fault_of(path, "nothing reads this file", help);
        }
        let own = files.iter().filter(|(path, _)| !path.starts_with(LIBRARY));
        for (path, text) in own.filter(|(path, _)| path.rsplit('.').next() != Some("toml")) {
            if let Some(at) = text.find('\r') {
                let help = Some("end lines by a line feed".to_owned());
                let message = "a carriage return stands alone here";
                self.atlas.fault_at((path, Span::new(at, at + 1)), message, help);
            }
        }
    }
}

/// What a file that nothing reads may have been meant for.
fn meant(path: &str, playbook: &Playbook) -> Option<String> {
    let parts: Vec<&str> = path.split('/').collect();
    let near = match *parts.as_slice() {
        ["blocks", block, _] => {
            let Some(plan) = playbook.blocks.get(block) else {
                return Some(format!("its block would be in `blocks/{block}.toml`"));
            };
            let variants = plan.contents().flat_map(|(name, _)| {
                ["html", "txt"].map(|end| format!("blocks/{block}/{name}.{end}"))
            });
            let known: Vec<String> = variants.collect();
            if known.iter().any(|known| known == path) {
                return Some(format!("`blocks/{block}.toml` says already what the variant says"));
            }
            nearest(path, known.iter().map(String::as_str)).map(str::to_owned)
        }
        ["templates", template, file] => {
            nearest(file, content::PARTS).map(|near| format!("templates/{template}/{near}"))
        }
        [folder, _, ..] => {
            nearest(folder, ["blocks", "library", "templates"]).map(|near| format!("{near}/"))
        }
        _ => match nearest(path, folder::FILES) {
            None => return Some(format!("there are {}", folder::FILES.join(", "))),
            near => near.map(str::to_owned),
        },
    };
    near.map(|near| format!("did you mean `{near}`?"))
}
