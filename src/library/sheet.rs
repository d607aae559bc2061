//! A template as it is put together from its files: text and code, each with its origin.

use std::ops::Range;
use std::sync::Arc;

use super::tags::Sort;
use crate::content::Origin;
use crate::error::Span;

/// Code, with its signs.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) sort: Sort,
    pub(super) text: String,
    pub(super) origin: Origin,
}

/// A stretch of a sheet.
#[derive(Clone, Debug)]
pub(super) enum Part {
    Code(Code),
    Text(String, Origin),
}

/// Text and code in the order in which they are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Sheet(pub(super) Vec<Part>);

/// A sheet whose code is masked: each stretch of it is a word that means nothing to MJML, HTML or
/// CSS, so that whoever works on the markup leaves it where it is.
#[derive(Debug)]
pub(super) struct Masked {
    pub(super) text: String,
    pub(super) codes: Vec<Code>,
    /// How every word begins; no text holds it.
    prefix: String,
    /// Where the parts begin in the masked text, and where they are from.
    starts: Vec<(usize, Origin)>,
}

/// A word that stands for code: which, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Word {
    pub(super) code: usize,
    pub(super) at: Range<usize>,
}

impl Sheet {
    /// The sheet as one source, for what is no markup.
    pub(super) fn source(&self) -> String {
        let parts = self.0.iter().map(|part| match part {
            Part::Code(code) => code.text.as_str(),
            Part::Text(text, _) => text.as_str(),
        });
        parts.collect()
    }

    /// Masks the code.
    pub(super) fn mask(self) -> Masked {
        let prefix = self.prefix();
        let mut masked =
            Masked { text: String::new(), codes: Vec::new(), prefix, starts: Vec::new() };
        for part in self.0 {
            let (Part::Code(Code { origin, .. }) | Part::Text(_, origin)) = &part;
            masked.starts.push((masked.text.len(), origin.clone()));
            match part {
                Part::Text(text, _) => masked.text.push_str(&text),
                Part::Code(code) => {
                    masked.text.push_str(&masked.word(masked.codes.len()));
                    masked.codes.push(code);
                }
            }
        }
        masked
    }

    /// The beginning of a word that no text holds.
    fn prefix(&self) -> String {
        let taken = |prefix: &str| {
            self.0.iter().any(|part| matches!(part, Part::Text(text, _) if text.contains(prefix)))
        };
        let mut prefix = "zj".to_owned();
        while taken(&prefix) {
            prefix.push('q');
        }
        prefix
    }
}

impl Masked {
    /// The word for a stretch of code.
    pub(super) fn word(&self, code: usize) -> String {
        format!("{}{code}j", self.prefix)
    }

    /// The words in a text that was made of this one.
    pub(super) fn words(&self, text: &str) -> Vec<Word> {
        let found = text.match_indices(self.prefix.as_str()).filter_map(|(start, prefix)| {
            let digits = start + prefix.len();
            let rest = text.get(digits..)?;
            let length = rest.find(|c: char| !c.is_ascii_digit())?;
            let code = rest.get(..length)?.parse().ok()?;
            let whole = rest.get(length..)?.starts_with('j') && code < self.codes.len();
            whole.then(|| Word { code, at: start..digits + length + 1 })
        });
        found.collect()
    }

    /// Masks another sheet with words of its own; what to write for it in the markup.
    pub(super) fn adopt(&mut self, sheet: Sheet) -> String {
        let mut text = String::new();
        for part in sheet.0 {
            match part {
                Part::Text(plain, _) => text.push_str(&plain),
                Part::Code(code) => {
                    text.push_str(&self.word(self.codes.len()));
                    self.codes.push(code);
                }
            }
        }
        text
    }

    /// Where a place of the masked text is from.
    pub(super) fn origin(&self, at: usize) -> Option<Origin> {
        let next = self.starts.partition_point(|(start, _)| *start <= at);
        let (start, origin) = self.starts.get(next.checked_sub(1)?)?;
        let from = origin.span.start + (at - start).min(origin.span.end - origin.span.start);
        let (file, text) = (Arc::clone(&origin.file), Arc::clone(&origin.text));
        Some(Origin { file, text, span: Span::new(from, from + 1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(start: usize, end: usize) -> Origin {
        Origin { file: "a".into(), text: "".into(), span: Span::new(start, end) }
    }

    #[test]
    fn words_are_found_again() {
        let code = |text: &str| {
            Part::Code(Code { sort: Sort::Print, text: text.into(), origin: origin(5, 10) })
        };
        let text = |text: &str, at| Part::Text(text.into(), origin(at, at + text.len()));
        let sheet = Sheet(vec![text("zj1j ", 0), code("{{a}}"), text(" b", 10), code("{{c}}")]);
        let masked = sheet.mask();
        assert_eq!(masked.text, "zj1j zjq0j bzjq1j");
        let words = masked.words("zjq1jzjq0j zjq2j zjq");
        assert_eq!(words.iter().map(|word| word.code).collect::<Vec<_>>(), [1, 0]);
        assert_eq!(masked.origin(11).unwrap().span.start, 11);
    }
}
