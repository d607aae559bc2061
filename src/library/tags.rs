//! Where code stands in a template: `{{ … }}`, `{% … %}` and `{# … #}`.
//!
//! The template engine has found nothing wrong with the syntax before this reads it, so this reader
//! can be simple.

use crate::error::Span;

/// A stretch of code.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Tag {
    pub(super) sort: Sort,
    /// With its signs.
    pub(super) span: Span,
}

/// What code does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sort {
    /// It is left out.
    Comment,
    /// It decides what is printed.
    Control,
    /// It prints.
    Print,
}

/// The code of a template, in its order.
pub(super) fn tags(source: &str) -> Vec<Tag> {
    let mut tags = Vec::new();
    let (mut at, mut raw) = (0, false);
    while let Some(found) = source.get(at..).and_then(|rest| rest.find('{')) {
        let start = at + found;
        let inner = start + 2;
        let (sort, end) = match source.get(start..inner) {
            Some("{#") if !raw => (Sort::Comment, after(source, inner, "#}")),
            Some("{{") if !raw => (Sort::Print, end(source, inner, "}}")),
            Some("{%") => (Sort::Control, end(source, inner, "%}")),
            _ => {
                at = start + 1;
                continue;
            }
        };
        let word = source.get(inner..end).map(first_word);
        match word {
            Some("endraw") if sort == Sort::Control => raw = false,
            // What is raw may look like code that does not end.
            _ if raw => {
                at = inner;
                continue;
            }
            Some("raw") if sort == Sort::Control => raw = true,
            _ => {}
        }
        tags.push(Tag { sort, span: Span::new(start, end) });
        at = end;
    }
    tags
}

/// The code without its signs and the space around it.
pub(super) fn inner(code: &str) -> &str {
    let inner = code.get(2..code.len().saturating_sub(2)).unwrap_or_default();
    inner.trim_start_matches(['-', '+']).trim_end_matches(['-', '+']).trim()
}

/// The first word of what follows the sign of a tag.
pub(super) fn first_word(inner: &str) -> &str {
    let inner = inner.trim_start_matches(['-', '+']).trim_start();
    inner.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// Where what begins at `start` is over.
fn after(source: &str, start: usize, end: &str) -> usize {
    let found = source.get(start..).and_then(|rest| rest.find(end));
    found.map_or(source.len(), |found| start + found + end.len())
}

/// Where the code that begins at `start` is over: signs in texts and in brackets do not end it.
fn end(source: &str, start: usize, close: &str) -> usize {
    let (mut at, mut depth) = (start, 0_i32);
    while let Some(rest) = source.get(at..) {
        let Some(first) = rest.chars().next() else { break };
        if depth <= 0 && rest.starts_with(close) {
            return at + close.len();
        }
        depth += match first {
            '(' | '[' | '{' => 1,
            ')' | ']' | '}' => -1,
            _ => 0,
        };
        at += if matches!(first, '"' | '\'') { text(rest, first) } else { first.len_utf8() };
    }
    source.len()
}

/// How long the text in quotes is by which `rest` begins.
fn text(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == quote && !escaped;
        escaped = *c == '\\' && !escaped;
        ends
    });
    end.map_or(rest.len(), |(at, _)| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(source: &str) -> Vec<&str> {
        tags(source).iter().filter_map(|tag| source.get(tag.span.start..tag.span.end)).collect()
    }

    #[test]
    fn code_is_found_with_its_signs() {
        assert_eq!(found("a {{- b -}} { c {% if d %}"), ["{{- b -}}", "{% if d %}"]);
        assert_eq!(found("{{ '}}' }}{{ {'a': 1} }}"), ["{{ '}}' }}", "{{ {'a': 1} }}"]);
        assert_eq!(found("{# {{ a }} #}"), ["{# {{ a }} #}"]);
        assert_eq!(found("{% raw %}{{ {% a {% endraw %}"), ["{% raw %}", "{% endraw %}"]);
        assert_eq!(found("{{ a"), ["{{ a"]);
    }

    #[test]
    fn the_inside_has_no_signs() {
        assert_eq!(inner("{{- a | b -}}"), "a | b");
        assert_eq!(first_word("- raw -%}"), "raw");
    }
}
