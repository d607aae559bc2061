//! Templates that were put together from files, and where their code is from.

use std::ops::Range;
use std::sync::Arc;

use super::fault::value;
use crate::error::{Diagnostic, Error, Span};

/// Where something is from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Origin {
    pub(crate) file: Arc<str>,
    /// What the file says.
    pub(crate) text: Arc<str>,
    pub(crate) span: Span,
}

/// A template that was put together, and where its code is from, in ascending order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Assembled {
    pub(crate) source: String,
    pub(crate) places: Vec<(Range<usize>, Origin)>,
}

impl Origin {
    /// The part of this place that says something, or the whole of it: what a library puts around a
    /// value is not in its files.
    fn within(&self, said: &str) -> Self {
        let said = value(said);
        let code = self.text.get(self.span.start..self.span.end).unwrap_or_default();
        let span = code.find(said).filter(|_| !said.is_empty()).map_or(self.span, |found| {
            let start = self.span.start + found;
            Span::new(start, start + said.len())
        });
        Self { span, ..self.clone() }
    }

    /// A fault at this place.
    pub(crate) fn fault(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&self.text, self.span, message).in_file(&*self.file)
    }
}

impl Assembled {
    /// A fault in the source, where that is from.
    pub(crate) fn placed(&self, fault: &Diagnostic) -> Diagnostic {
        let at = self.offset(fault);
        let next = self.places.partition_point(|(place, _)| place.start <= at);
        let found = next.checked_sub(1).and_then(|index| self.places.get(index));
        let Some((_, origin)) = found.filter(|(place, _)| place.contains(&at)) else {
            return fault.clone();
        };
        let mut told = origin.within(self.excerpt(at, fault.width)).fault(fault.message.clone());
        told.help.clone_from(&fault.help);
        told
    }

    /// An error in the source, where that is from.
    pub(crate) fn placed_error(&self, error: &Error) -> Error {
        let faults = error.diagnostics().iter().map(|fault| self.placed(fault));
        Error::from_diagnostics(error.kind(), faults.collect())
    }

    /// The byte at which a fault begins.
    fn offset(&self, fault: &Diagnostic) -> usize {
        let lines = self.source.split_inclusive('\n').take(fault.line.saturating_sub(1));
        let line: usize = lines.map(str::len).sum();
        let rest = self.source.get(line..).unwrap_or_default();
        let lead = rest.chars().take(fault.column.saturating_sub(1)).map(char::len_utf8);
        line + lead.sum::<usize>()
    }

    fn excerpt(&self, at: usize, width: usize) -> &str {
        let rest = self.source.get(at..).unwrap_or_default();
        let end: usize = rest.chars().take(width).map(char::len_utf8).sum();
        rest.get(..end).unwrap_or_default()
    }
}
