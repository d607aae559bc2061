//! The texts of a locale: what a template says in a language, by keys.

use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

use super::expand::Source;
use super::front::placed;
use crate::error::Span;
use crate::lint::Finding;

/// Texts by their keys, `button.shop` for one of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Texts(BTreeMap<String, Source>);

impl Texts {
    pub(super) fn get(&self, key: &str) -> Option<&Source> {
        self.0.get(key)
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// These texts, and where there is none those of another locale.
    #[must_use]
    pub(super) fn or(&self, other: &Self) -> Self {
        let mut all = other.0.clone();
        all.extend(self.0.iter().map(|(key, text)| (key.clone(), text.clone())));
        Self(all)
    }

    /// Reads a file of texts.
    ///
    /// # Errors
    ///
    /// What is no TOML, or no text.
    pub(super) fn read(path: &str, text: &str) -> Result<Self, Vec<Finding>> {
        let source = Source { path: path.into(), text: text.into(), start: 0 };
        let (root, errors) = DeTable::parse_recoverable(text);
        let mut faults: Vec<Finding> = errors
            .iter()
            .map(|error| {
                let span =
                    error.span().map_or_else(Span::default, |at| Span::new(at.start, at.end));
                source.finding("toml", span, (error.message(), ""))
            })
            .collect();
        let mut texts = BTreeMap::new();
        collect(&source, "", root.get_ref(), (&mut texts, &mut faults));
        if faults.is_empty() { Ok(Self(texts)) } else { Err(faults) }
    }
}

fn collect(
    source: &Source,
    prefix: &str,
    table: &DeTable<'_>,
    (texts, faults): (&mut BTreeMap<String, Source>, &mut Vec<Finding>),
) {
    for (key, value) in table {
        let key = format!("{prefix}{}", key.get_ref());
        match value.get_ref() {
            DeValue::String(text) => drop(texts.insert(key, placed(source, value.span(), text))),
            DeValue::Table(table) => {
                collect(source, &format!("{key}."), table, (&mut *texts, &mut *faults));
            }
            _ => {
                let at = value.span();
                let fault = (format!("`{key}` must be a text"), "write it in quotes");
                faults.push(source.finding("toml", Span::new(at.start, at.end), fault));
            }
        }
    }
}
