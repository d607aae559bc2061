//! Templates that were put together from files, and where their code is from.

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Diagnostic, Span};

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
    /// A fault at this place.
    pub(crate) fn fault(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(&self.text, self.span, message).in_file(&*self.file)
    }
}

impl Assembled {
    /// A fault at a place of the source: where that is from, if it is code.
    pub(crate) fn fault(&self, span: Span, message: impl Into<String>) -> Diagnostic {
        let next = self.places.partition_point(|(place, _)| place.start <= span.start);
        let found = next.checked_sub(1).and_then(|index| self.places.get(index));
        match found.filter(|(place, _)| place.contains(&span.start)) {
            Some((_, origin)) => origin.fault(message),
            None => Diagnostic::new(&self.source, span, message),
        }
    }
}
