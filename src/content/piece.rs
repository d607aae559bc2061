//! One compiled source.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use minijinja::{AutoEscape, Environment, ErrorKind as Fault, Output, State, UndefinedBehavior};

use super::{Context, code, filter};
use crate::error::{Diagnostic, Error, ErrorKind, Result, Span, nearest};
use crate::value::Decimal;

/// How many steps a template may take: a hundred times what a long mail needs.
const FUEL: u64 = 100_000;

/// What a piece is printed into.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    Html,
    Text,
}

/// The names that templates may use, by their first part.
#[derive(Debug, Default)]
pub(crate) struct Vocabulary<'a> {
    pub(crate) roots: Vec<(&'static str, BTreeSet<&'a str>)>,
}

/// A compiled template for one part of a message.
#[derive(Clone)]
pub(crate) struct Piece {
    environment: Arc<Environment<'static>>,
    source: Arc<str>,
    format: Format,
}

const NAME: &str = "piece";

impl Piece {
    pub(super) fn new(source: &str, format: Format) -> Result<Self> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        // Errors keep their places either way; with `debug` they would print the context too.
        environment.set_debug(false);
        environment.remove_global("debug");
        environment.set_auto_escape_callback(move |_| match format {
            Format::Html => AutoEscape::Html,
            Format::Text => AutoEscape::None,
        });
        environment.set_formatter(print);
        environment.add_filter("fixed", fixed);
        filter::register(&mut environment);
        environment
            .add_template_owned(NAME, source.to_owned())
            .map_err(|error| located(source, &error))?;
        let faults = code::faults(source);
        if !faults.is_empty() {
            return Err(Error::from_diagnostics(ErrorKind::Template, faults));
        }
        Ok(Self { environment: Arc::new(environment), source: source.into(), format })
    }

    pub(crate) fn render(&self, context: &Context) -> Result<String> {
        let template = self.environment.get_template(NAME);
        let template = template.map_err(|error| located(&self.source, &error))?;
        template.render(context.of(self.format)).map_err(|error| located(&self.source, &error))
    }

    /// The names that the piece reads below `root`.
    pub(crate) fn reads(&self, root: &str) -> BTreeSet<String> {
        let names = self.names().into_iter();
        let below =
            names.filter_map(|name| Some(name.strip_prefix(root)?.strip_prefix('.')?.to_owned()));
        below.map(|name| name.split('.').next().unwrap_or_default().to_owned()).collect()
    }

    /// Every name that the piece reads and does not set itself: `profile.name`.
    fn names(&self) -> BTreeSet<String> {
        let template = self.environment.get_template(NAME);
        template.map(|template| template.undeclared_variables(true)).into_iter().flatten().collect()
    }

    /// Checks that every name is one that will be there.
    pub(crate) fn check(&self, vocabulary: &Vocabulary<'_>) -> Result<()> {
        let globals: BTreeSet<&str> = self.environment.globals().map(|(name, _)| name).collect();
        let names = self.names();
        let names = names.iter().filter(|name| !globals.contains(name.as_str()));
        let mut faults: Vec<_> = names.filter_map(|name| self.fault(name, vocabulary)).collect();
        if faults.is_empty() {
            return Ok(());
        }
        faults.sort_by_key(|fault| (fault.line, fault.column));
        Err(Error::from_diagnostics(ErrorKind::Template, faults))
    }

    fn fault(&self, name: &str, vocabulary: &Vocabulary<'_>) -> Option<Diagnostic> {
        let mut parts = name.split('.');
        let (root, field) = (parts.next().unwrap_or_default(), parts.next());
        let known = vocabulary.roots.iter().find(|(known, _)| *known == root);
        let (message, near) = match (known, field) {
            (None, _) => {
                let roots = vocabulary.roots.iter().map(|(root, _)| *root);
                (format!("there is no variable `{root}`"), nearest(root, roots))
            }
            (Some((_, fields)), Some(field)) if !fields.contains(field) => {
                let message = format!("there is no `{field}` in `{root}`");
                (message, nearest(field, fields.iter().copied()))
            }
            (Some(_), None) if root == "blocks" => {
                ("blocks are read by their names: `blocks.NAME`".to_owned(), None)
            }
            (Some(_), _) => return None,
        };
        let shown = if known.is_some() { name } else { root };
        let span = code::place(&self.source, shown).unwrap_or_default();
        let fault = Diagnostic::new(&self.source, span, message);
        Some(match near {
            Some(near) => fault.with_help(format!("did you mean `{near}`?")),
            None if known.is_none() => {
                let roots: Vec<&str> = vocabulary.roots.iter().map(|(root, _)| *root).collect();
                fault.with_help(format!("there are {}", roots.join(", ")))
            }
            None => fault,
        })
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Piece")
            .field("format", &self.format)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// Prints a value: what is missing is an error, and HTML is escaped by the five characters that
/// matter in text and in quoted attributes, so that links stay legible.
fn print(
    out: &mut Output<'_>,
    state: &mut State<'_, '_>,
    value: &minijinja::Value,
) -> Result<(), minijinja::Error> {
    if value.is_undefined() || value.is_none() {
        return Err(Fault::UndefinedError.into());
    }
    let escapes = !value.is_safe() && matches!(state.auto_escape(), AutoEscape::Html);
    match value.as_str() {
        Some(text) if escapes => escape(out, text),
        Some(text) => Ok(out.write_str(text)?),
        None if escapes => escape(out, &value.to_string()),
        None => Ok(out.write_str(&value.to_string())?),
    }
}

fn escape(out: &mut Output<'_>, text: &str) -> Result<(), minijinja::Error> {
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|c| matches!(c, b'&' | b'<' | b'>' | b'"' | b'\'')) {
        let (plain, special) = rest.split_at(at);
        let mut after = special.chars();
        out.write_str(plain)?;
        out.write_str(match after.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            Some('"') => "&#34;",
            _ => "&#39;",
        })?;
        rest = after.as_str();
    }
    Ok(out.write_str(rest)?)
}

/// `{{ metrics.spend | fixed(2) }}`: so many digits after the point, rounded half to even.
fn fixed(value: &minijinja::Value, digits: Option<u32>) -> Result<String, minijinja::Error> {
    let digits = digits.unwrap_or(2).min(6);
    let written = value.to_string();
    // The value is not shown: errors are logged, and it may be personal.
    let number: Decimal = written
        .parse()
        .map_err(|_| minijinja::Error::new(Fault::InvalidOperation, "`fixed` wants a number"))?;
    let unit = 10_i64.pow(6 - digits);
    let (quotient, rest) = (number.micros().div_euclid(unit), number.micros().rem_euclid(unit));
    let up = rest * 2 > unit || (rest * 2 == unit && quotient % 2 != 0);
    let units = quotient + i64::from(up);
    let sign = if units < 0 { "-" } else { "" };
    let scale = 10_u64.pow(digits);
    let (whole, decimals) = (units.unsigned_abs() / scale, units.unsigned_abs() % scale);
    Ok(match digits {
        0 => format!("{sign}{whole}"),
        _ => format!("{sign}{whole}.{decimals:0width$}", width = digits as usize),
    })
}

/// A fault of minijinja, with its place in the source.
fn located(source: &str, error: &minijinja::Error) -> Error {
    let span = error.range().map(|range| Span::new(range.start, range.end)).or_else(|| {
        let line = error.line()?.checked_sub(1)?;
        let start = source.split_inclusive('\n').take(line).map(str::len).sum();
        let length = source.lines().nth(line).map_or(0, str::len);
        Some(Span::new(start, start + length))
    });
    let span = span.unwrap_or_default();
    let diagnostic = match (error.kind(), error.detail()) {
        (Fault::UndefinedError, _) => {
            let name = source.get(span.start..span.end).filter(|name| is_path(name));
            let message = name.map_or_else(
                || "something here is not known".to_owned(),
                |name| format!("nothing is known of `{name}`"),
            );
            Diagnostic::new(source, span, message).with_help("add `| default(…)` to go on without")
        }
        (kind, Some(detail)) => Diagnostic::new(source, span, format!("{kind}: {detail}")),
        (kind, None) => Diagnostic::new(source, span, kind.to_string()),
    };
    Error::from_diagnostics(ErrorKind::Template, vec![diagnostic])
}

fn is_path(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(source: &str, format: Format) -> Result<String> {
        let name = crate::value::Fields::from_iter([("name", "<Ann & 'Bo'>".into())]);
        let context = Context::new(&name, None);
        Piece::new(source, format)?.render(&context)
    }

    #[test]
    fn what_is_missing_is_an_error_and_html_is_escaped() {
        assert_eq!(render("{{ profile.name }}", Format::Text).unwrap(), "<Ann & 'Bo'>");
        assert_eq!(
            render("{{ profile.name }}", Format::Html).unwrap(),
            "&lt;Ann &amp; &#39;Bo&#39;&gt;"
        );
        let fault = render("Dear\n{{ profile.nme }}", Format::Text).unwrap_err().to_string();
        assert!(fault.contains("line 2"), "{fault}");
        assert!(render("{% if profile.nme %}x{% endif %}", Format::Text).is_err());
        assert!(render("{{ none }}", Format::Text).is_err());
        assert!(render("{{ debug() }}", Format::Text).is_err());
        assert_eq!(render("{{ profile.nme | default('you') }}", Format::Text).unwrap(), "you");
        assert!(render("{% for i in range(100000000) %}x{% endfor %}", Format::Text).is_err());
        assert!(render("{{ profile.name", Format::Text).is_err());
    }

    #[test]
    fn numbers_are_fixed_half_to_even() {
        for (number, digits, expected) in [
            ("2.5", 0, "2"),
            ("3.5", 0, "4"),
            ("-2.5", 0, "-2"),
            ("1.005", 2, "1.00"),
            ("1.015", 2, "1.02"),
            ("-0.004", 2, "0.00"),
            ("1234.5", 2, "1234.50"),
            ("-1.25", 1, "-1.2"),
            ("7", 6, "7.000000"),
        ] {
            assert_eq!(fixed(&number.into(), Some(digits)).unwrap(), expected, "{number}");
        }
    }
}
