//! The definitions against each other: names, rules, templates, references.

mod content;
mod library;
mod rules;
mod sending;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Playbook;
use super::atlas::{Atlas, Key, key};
use super::graph::{Defined, Mentions};
use super::part::{Name, Sort};
use super::read::Draft;
use crate::engine::Engine;
use crate::error::{Error, nearest};
use crate::expr::Expr;
use crate::schema::Schema;
use crate::value::Kind;

/// Checks what was read, and makes an engine of it as far as it is sound.
pub(super) fn check(draft: &mut Draft) -> Option<Engine> {
    let Draft { playbook, atlas, broken, complete } = draft;
    let mut checker = Checker {
        playbook,
        defined: Defined::new(playbook, broken),
        atlas,
        unsound: broken.clone(),
        // Its contradictions were told when it was read.
        engine: Engine::new(with_scores(playbook, broken)).ok()?,
    };
    checker.names();
    let parts = checker.parse();
    if !*complete {
        return None;
    }
    checker.rules(&parts);
    checker.blocks();
    checker.library();
    checker.templates();
    checker.references();
    Some(checker.engine)
}

/// The vocabulary, in which a score is a trait.
fn with_scores(playbook: &Playbook, broken: &BTreeSet<Name>) -> Schema {
    let free = |name: &&Arc<str>| !playbook.schema.attributes().contains_key(*name);
    let broken = broken.iter().filter(|(sort, _)| *sort == Sort::Score).map(|(_, name)| name);
    let scores = playbook.scores.keys().chain(broken).filter(free);
    scores.fold(playbook.schema.clone(), |schema, name| {
        schema.attribute(Arc::clone(name), Kind::Number)
    })
}

struct Checker<'d> {
    playbook: &'d Playbook,
    defined: Defined<'d>,
    atlas: &'d mut Atlas,
    /// What is defined, but stands in the engine for no more than its name.
    unsound: BTreeSet<Name>,
    engine: Engine,
}

impl Checker<'_> {
    /// Names that nobody could write, and names that stand for two things.
    fn names(&mut self) {
        let book = self.playbook;
        let mut taken: BTreeMap<&Arc<str>, Sort> =
            book.schema.attributes().keys().map(|name| (name, Sort::Attribute)).collect();
        let metrics = book.metrics.keys().map(|name| (Sort::Metric, name));
        let segments = book.segments.keys().map(|name| (Sort::Segment, name));
        let scores = book.scores.keys().map(|name| (Sort::Score, name));
        for (sort, name) in metrics.chain(scores).chain(segments) {
            if !self.usable(sort, name) {
                self.unsound.insert((sort, Arc::clone(name)));
            } else if let Some(other) = taken.insert(name, sort) {
                let message = format!("the name `{name}` is taken by a {other}");
                let help = "traits, metrics, segments and scores need names of their own";
                self.atlas.fault(&key(sort, name, ""), message, Some(help.into()));
                self.unsound.insert((sort, Arc::clone(name)));
            }
        }
        let purposes = book.purposes.keys().map(|name| (Sort::Purpose, name));
        let topics = book.topics.keys().map(|name| (Sort::Topic, name));
        let mailings = book.mailings.keys().map(|name| (Sort::Mailing, name));
        for (sort, name) in purposes.chain(topics).chain(mailings) {
            self.usable(sort, name);
        }
        for name in book.blocks.keys() {
            if let Some((message, help)) = Writing::Word.fault(Sort::Block, name) {
                let path = format!("blocks/{name}.toml");
                self.atlas.fault_of(&path, message, Some(help.into()));
            }
        }
        for name in book.templates.keys() {
            if let Some((message, help)) = Writing::File.fault(Sort::Template, name) {
                let path = format!("templates/{name}/");
                self.atlas.fault_of(&path, message, Some(help.into()));
            }
        }
    }

    fn usable(&mut self, sort: Sort, name: &str) -> bool {
        let fault = Writing::Any.fault(sort, name);
        if let Some((message, help)) = &fault {
            self.atlas.fault(&key(sort, name, ""), message, Some((*help).to_owned()));
        }
        fault.is_none()
    }

    /// Reads a rule or metric; what is wrong with it is told.
    fn expr(&mut self, at: &Key, text: &str) -> Option<Mentions> {
        match Expr::parse(text) {
            Ok(expr) => Some(self.defined.mentions(&expr)),
            Err(error) => {
                self.told(at, text, &error);
                None
            }
        }
    }

    /// Tells what is wrong with a text.
    fn told(&mut self, at: &Key, text: &str, error: &Error) {
        error.diagnostics().iter().for_each(|fault| self.atlas.within(at, text, fault));
        if error.diagnostics().is_empty() {
            self.atlas.fault(at, error.detail(), None);
        }
    }

    /// Whether a rule can be checked: not if it needs the kind of a metric that nobody knows.
    fn is_checkable(&self, mentions: &Mentions) -> bool {
        let mut unsound = mentions.parts.iter().filter(|name| self.unsound.contains(*name));
        !unsound.any(|(sort, _)| *sort == Sort::Metric)
    }

    /// Tells of a name that is unknown.
    fn known<'n>(
        &mut self,
        what: &str,
        name: &str,
        known: impl Iterator<Item = &'n Arc<str>>,
        at: &Key,
    ) {
        let known: Vec<&str> = known.map(|name| &**name).collect();
        if known.contains(&name) {
            return;
        }
        let near = nearest(name, known.iter().copied());
        let help = near.map(|near| format!("did you mean `{near}`?")).or_else(|| {
            let few = !known.is_empty() && known.len() <= 6;
            few.then(|| format!("there are {}", known.join(", ")))
        });
        self.atlas.fault(at, format!("there is no {what} `{name}`"), help);
    }
}

/// What a name may be made of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Writing {
    /// Whatever can be put into quotes.
    Any,
    /// What is the name of a file on any system.
    File,
    /// What templates take for one name.
    Word,
}

impl Writing {
    /// What is wrong with a name, and what to do about it.
    fn fault(self, sort: Sort, name: &str) -> Option<(String, &'static str)> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.trim().is_empty() {
            return Some((format!("a {sort} needs a name"), "write a word"));
        }
        if name.trim() != name || name.contains(char::is_control) {
            let message =
                format!("the name {name:?} has space around it or signs that do not show");
            return Some((message, "write it as one would say it"));
        }
        let message = || format!("`{name}` is no name of a {sort}");
        match self {
            Self::File if !name.chars().all(|c| plain(c) || c == '-') => {
                Some((message(), "files are named by letters from a to z, digits, `_` and `-`"))
            }
            Self::Word
                if !name.chars().all(plain) || name.starts_with(|c: char| c.is_ascii_digit()) =>
            {
                let help = "templates read it by its name: letters from a to z, digits and `_`";
                Some((message(), help))
            }
            _ => None,
        }
    }
}
