//! Where each definition stands in the files, and what is wrong there.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::folder;
use super::part::Sort;
use crate::error::{Diagnostic, Span};

/// A definition's sort, its name and a field of it; the field `""` is the name itself.
pub(super) type Key = (Sort, Arc<str>, String);

/// The key of a definition's field.
pub(super) fn key(sort: Sort, name: &str, field: impl Into<String>) -> Key {
    (sort, name.into(), field.into())
}

/// A place in a file, and the places of the bytes of the text that stands there.
#[derive(Clone, Debug)]
pub(super) struct Placed {
    pub(super) file: Arc<str>,
    pub(super) span: Span,
    /// For each byte of the text, and one past the last; empty where only the whole is known.
    pub(super) offsets: Vec<usize>,
}

/// The places of all definitions, and the faults found so far.
#[derive(Debug, Default)]
pub(super) struct Atlas {
    places: BTreeMap<Key, Placed>,
    texts: BTreeMap<Arc<str>, Arc<str>>,
    faults: Vec<Diagnostic>,
}

impl Placed {
    /// The place in the file of a stretch of the text.
    fn locate(&self, span: Span) -> Span {
        let at = |offset: usize| self.offsets.get(offset).copied();
        match (at(span.start), at(span.end)) {
            (Some(start), Some(end)) => Span::new(start, end),
            (Some(start), None) => Span::new(start, start + 1),
            _ => self.span,
        }
    }
}

impl Atlas {
    pub(super) fn file(&mut self, path: &str, text: &str) {
        self.texts.insert(path.into(), text.into());
    }

    pub(super) fn put(&mut self, key: Key, placed: Placed) {
        self.places.insert(key, placed);
    }

    /// A fault of a file as a whole.
    pub(super) fn fault_of(
        &mut self,
        file: &str,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.add(Diagnostic::of_file(file, message), help);
    }

    /// A fault at a place of a file.
    pub(super) fn fault_at(
        &mut self,
        (file, span): (&str, Span),
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let text = self.texts.get(file).cloned().unwrap_or_default();
        self.add(Diagnostic::new(&text, span, message).in_file(file), help);
    }

    /// A fault of a definition's field.
    pub(super) fn fault(&mut self, key: &Key, message: impl Into<String>, help: Option<String>) {
        match self.placed(key) {
            Some(Placed { file, span, .. }) => self.fault_at((&file, span), message, help),
            None => self.fault_of("playbook.toml", message, help),
        }
    }

    /// A fault within the text of a definition's field.
    pub(super) fn within(&mut self, key: &Key, text: &str, fault: &Diagnostic) {
        let span = place(text, fault);
        let (message, help) = (fault.message.clone(), fault.help.clone());
        match self.placed(key) {
            Some(placed) => {
                self.fault_at((&placed.file, placed.locate(span)), message, help);
            }
            None => self.fault_of("playbook.toml", message, help),
        }
    }

    /// A fault that has its place already.
    pub(super) fn tell(&mut self, fault: Diagnostic) {
        self.faults.push(fault);
    }

    /// The place of a field, else that of its definition's name.
    pub(super) fn placed(&self, key: &Key) -> Option<Placed> {
        let (sort, name, _) = key;
        let whole = || self.places.get(&(*sort, Arc::clone(name), String::new()));
        self.places.get(key).or_else(whole).cloned()
    }

    /// The file and the line of a definition.
    pub(super) fn line(&self, key: &Key) -> Option<String> {
        let Placed { file, span, .. } = self.placed(key)?;
        let line = Diagnostic::new(self.texts.get(&file)?, span, "").line;
        Some(format!("{file}, line {line}"))
    }

    pub(super) fn has(&self, key: &Key) -> bool {
        self.places.contains_key(key)
    }

    /// How many faults there are so far.
    pub(super) fn faults(&self) -> usize {
        self.faults.len()
    }

    pub(super) fn is_sound(&self) -> bool {
        self.faults.is_empty()
    }

    /// Every fault, in the order of files and lines, each once.
    pub(super) fn into_faults(self) -> Vec<Diagnostic> {
        let mut faults = self.faults;
        faults.sort_by_cached_key(|fault| {
            let file = fault.file.clone().unwrap_or_default();
            (folder::rank(&file), file, fault.line, fault.column, fault.message.clone())
        });
        faults.dedup();
        faults
    }

    fn add(&mut self, fault: Diagnostic, help: Option<String>) {
        self.faults.push(match help {
            Some(help) => fault.with_help(help),
            None => fault,
        });
    }
}

/// The stretch of a text that a fault found in it is about.
pub(super) fn place(text: &str, fault: &Diagnostic) -> Span {
    let before = text.split_inclusive('\n').take(fault.line.saturating_sub(1));
    let line: usize = before.map(str::len).sum();
    let rest = text.get(line..).unwrap_or_default();
    let chars = |count: usize| rest.chars().take(count).map(char::len_utf8).sum::<usize>();
    let lead = fault.column.saturating_sub(1);
    Span::new(line + chars(lead), line + chars(lead + fault.width))
}
