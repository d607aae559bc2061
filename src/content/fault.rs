//! What the template engine says of a fault, in the words of this crate.

use minijinja::ErrorKind as Fault;

use crate::error::{Diagnostic, Error, ErrorKind, Span};

/// A fault of the engine, with its place in the source.
pub(super) fn diagnostic(source: &str, error: &minijinja::Error) -> Diagnostic {
    let span = error.range().map(|range| Span::new(range.start, range.end)).or_else(|| {
        let line = error.line()?.checked_sub(1)?;
        let start = source.split_inclusive('\n').take(line).map(str::len).sum();
        let length = source.lines().nth(line).map_or(0, str::len);
        Some(Span::new(start, start + length))
    });
    let span = span.unwrap_or_default();
    match (error.kind(), error.detail()) {
        (Fault::UndefinedError, _) => {
            let name = source.get(span.start..span.end).map(value).filter(|name| is_path(name));
            let message = name.map_or_else(
                || "something here is not known".to_owned(),
                |name| format!("nothing is known of `{name}`"),
            );
            Diagnostic::new(source, span, message).with_help("add `| default(…)` to go on without")
        }
        (kind, Some(detail)) => Diagnostic::new(source, span, format!("{kind}: {detail}")),
        (kind, None) => Diagnostic::new(source, span, kind.to_string()),
    }
}

/// What stands in an expression before the filters that a library puts after it.
pub(super) fn value(expression: &str) -> &str {
    let value = expression.strip_prefix('(').and_then(|rest| rest.split_once(")|__"));
    value.map_or(expression, |(value, _)| value)
}

/// A fault of the engine as an error.
pub(super) fn located(source: &str, error: &minijinja::Error) -> Error {
    Error::from_diagnostics(ErrorKind::Template, vec![diagnostic(source, error)])
}

/// Whether a text is a name with the names of fields below it.
pub(super) fn is_path(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}
