//! One compiled source.

use std::collections::BTreeSet;
use std::fmt::{self, Write};
use std::io;
use std::sync::{Arc, LazyLock};

use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Environment, ErrorKind as Fault, Output, State, UndefinedBehavior};

use super::context::Values;
use super::fault::located;
use super::origin::Assembled;
use super::syntax::{Reads, Scope, Tree, Trust};
use super::{address, filter};
use crate::error::{Diagnostic, Error, ErrorKind, Result, Span};
use crate::lint::{Finding, Severity};
use crate::value::Decimal;

/// What a piece is printed into.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Format {
    Html,
    Text,
}

/// A compiled template for one part of a message.
#[derive(Clone)]
pub(crate) struct Piece {
    environment: Arc<Environment<'static>>,
    assembled: Arc<Assembled>,
    reads: Arc<Reads>,
    format: Format,
    trust: Trust,
}

/// What the engine calls a piece, by which it tells whether to escape values.
const HTML: &str = "html";
/// As [`HTML`].
const TEXT: &str = "text";

impl Format {
    const fn name(self) -> &'static str {
        match self {
            Self::Html => HTML,
            Self::Text => TEXT,
        }
    }
}

impl Piece {
    pub(super) fn new(source: &str, format: Format, trust: Trust) -> Result<Self> {
        let assembled = Assembled { source: source.to_owned(), places: Vec::new() };
        Self::assembled(assembled, format, trust)
    }

    /// Compiles what was put together from files; a fault is told where it is in them.
    pub(super) fn assembled(assembled: Assembled, format: Format, trust: Trust) -> Result<Self> {
        let source = assembled.source.as_str();
        let placed = |error: Error| assembled.placed_error(&error);
        // The engine works out what is constant when it compiles, so what is refused is refused
        // before.
        let tree = Tree::read(source, trust).map_err(refused).map_err(placed)?;
        let mut environment = environment(trust);
        environment
            .add_template_owned(format.name(), source.to_owned())
            .map_err(|error| placed(located(source, &error)))?;
        let findings = tree.check(&Scope::UNKNOWN.by(trust));
        sound(findings).map_err(placed)?;
        let (environment, reads) = (Arc::new(environment), Arc::new(tree.reads()));
        Ok(Self { environment, assembled: Arc::new(assembled), reads, format, trust })
    }

    pub(super) fn render(&self, values: &Values) -> Result<String> {
        let source = self.assembled.source.as_str();
        let told = |error: &minijinja::Error| self.assembled.placed_error(&located(source, error));
        let template =
            self.environment.get_template(self.format.name()).map_err(|error| told(&error))?;
        // What is repeated is mostly longer than the code around it.
        let mut out = Capped::new(self.trust.longest_output(), 2 * source.len());
        match template.render_captured_to(values.of(self.format), &mut out) {
            Ok(_) => Ok(out.into_text()),
            Err(_) if out.is_full => Err(self.too_long()),
            Err(error) => Err(told(&error)),
        }
    }

    fn too_long(&self) -> Error {
        let message = format!("it comes to more than {} bytes", self.trust.longest_output());
        let fault = Diagnostic::new(&self.assembled.source, Span::default(), message);
        Error::from_diagnostics(ErrorKind::Template, vec![fault])
    }

    /// The names that the piece reads below `root`.
    pub(crate) fn reads(&self, root: &str) -> BTreeSet<String> {
        self.reads.get(root).cloned().unwrap_or_default()
    }

    /// Checks that every name is one that will be there, and tells what is odd without being wrong.
    pub(crate) fn check(&self, scope: &Scope<'_>) -> Result<Vec<Finding>> {
        sound(self.found(scope))
    }

    /// Everything that is to be said of it.
    pub(crate) fn found(&self, scope: &Scope<'_>) -> Vec<Finding> {
        let tree = Tree::of(&self.assembled.source);
        let mut findings = tree.map_or_else(|found| found, |it| it.check(&scope.by(self.trust)));
        for finding in &mut findings {
            finding.fault = self.assembled.placed(&finding.fault);
        }
        findings
    }
}

/// What was found, unless something of it is wrong.
fn sound(findings: Vec<Finding>) -> Result<Vec<Finding>> {
    let wrong = findings.iter().any(|finding| finding.severity == Severity::Error);
    if wrong { Err(refused(findings)) } else { Ok(findings) }
}

/// The error of what is wrong in a source.
fn refused(findings: Vec<Finding>) -> Error {
    let errors = findings.into_iter().filter(|finding| finding.severity == Severity::Error);
    let faults = errors.map(|finding| finding.fault).collect();
    Error::from_diagnostics(ErrorKind::Template, faults)
}

/// An environment without templates; what it knows is made once and shared.
fn environment(trust: Trust) -> Environment<'static> {
    static STAFF: LazyLock<Environment<'static>> = LazyLock::new(|| made(Trust::Staff));
    static UNTRUSTED: LazyLock<Environment<'static>> = LazyLock::new(|| made(Trust::Untrusted));
    match trust {
        Trust::Staff => STAFF.clone(),
        Trust::Untrusted => UNTRUSTED.clone(),
    }
}

fn made(trust: Trust) -> Environment<'static> {
    let mut environment = Environment::new();
    // Printing what is missing is an error, asking whether it is there is not.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_fuel(Some(trust.fuel()));
    // Errors keep their places either way; with `debug` they would print the context too.
    environment.set_debug(false);
    environment.remove_global("debug");
    if trust == Trust::Untrusted {
        ["dict", "namespace", "range"].iter().for_each(|name| environment.remove_global(name));
    }
    environment.set_auto_escape_callback(|name| match name {
        HTML => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    environment.set_formatter(print);
    environment.add_filter("fixed", fixed);
    address::register(&mut environment);
    filter::register(&mut environment);
    environment.add_test("none", is_none);
    environment.add_test("divisibleby", is_divisible_by);
    environment
}

/// What was printed, up to so many bytes.
struct Capped {
    printed: Vec<u8>,
    longest: usize,
    is_full: bool,
}

impl Capped {
    fn new(longest: usize, expected: usize) -> Self {
        let printed = Vec::with_capacity(expected.min(longest));
        Self { printed, longest, is_full: false }
    }

    fn into_text(self) -> String {
        // The engine writes texts.
        String::from_utf8(self.printed).unwrap_or_default()
    }
}

impl io::Write for Capped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.printed.len() + bytes.len() > self.longest {
            self.is_full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.printed.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Piece")
            .field("format", &self.format)
            .field("source", &self.assembled.source)
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
    if is_none(value) {
        return Err(Fault::UndefinedError.into());
    }
    let plain = value.is_safe() || !matches!(state.auto_escape(), AutoEscape::Html);
    match (value.as_str(), plain) {
        (Some(text), true) => out.write_str(text)?,
        (Some(text), false) => Escaped(out).write_str(text)?,
        // A list is written piece by piece, so that one that is too long is not held as a whole.
        (None, true) => write!(out, "{value}")?,
        // Neither has a character that matters.
        (None, false) if matches!(value.kind(), ValueKind::Bool | ValueKind::Number) => {
            write!(out, "{value}")?;
        }
        (None, false) => write!(Escaped(out), "{value}")?,
    }
    Ok(())
}

/// The characters that matter in HTML; looked up, since every byte of every value is.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    special[b'&' as usize] = true;
    special[b'<' as usize] = true;
    special[b'>' as usize] = true;
    special[b'"' as usize] = true;
    special[b'\'' as usize] = true;
    special
};

/// HTML, into which texts are written.
struct Escaped<'o, 'w>(&'o mut Output<'w>);

impl Write for Escaped<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.bytes().position(|c| SPECIAL[usize::from(c)]) {
            let (plain, special) = rest.split_at(at);
            let mut after = special.chars();
            self.0.write_str(plain)?;
            self.0.write_str(match after.next() {
                Some('&') => "&amp;",
                Some('<') => "&lt;",
                Some('>') => "&gt;",
                Some('"') => "&#34;",
                _ => "&#39;",
            })?;
            rest = after.as_str();
        }
        self.0.write_str(rest)
    }
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

/// `profile.city is none`: nothing is known of it. What is missing has no value in the engine.
fn is_none(value: &minijinja::Value) -> bool {
    value.is_none() || value.is_undefined()
}

/// `metrics.orders is divisibleby 3`; nothing is divisible by 0, where the engine's own test panics.
fn is_divisible_by(value: &minijinja::Value, by: &minijinja::Value) -> bool {
    let whole = |value: &minijinja::Value| i64::try_from(value.clone()).ok();
    let rest = whole(value).zip(whole(by)).and_then(|(value, by)| value.checked_rem(by));
    rest == Some(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn render(source: &str, format: Format) -> Result<String> {
        let name = crate::value::Fields::from_iter([("name", "<Ann & 'Bo'>".into())]);
        let values = super::super::Context::new(&name, None).values();
        Piece::new(source, format, Trust::Staff)?.render(&values)
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
        assert!(render("{% if profile.nme > 1 %}x{% endif %}", Format::Text).is_err());
        let asks = "{% if profile.nme %}x{% endif %}{{ profile.nme is none }}";
        assert_eq!(render(asks, Format::Text).unwrap(), "True");
        assert_eq!(render("{{ 4 is divisibleby 0 }}", Format::Text).unwrap(), "False");
        assert_eq!(render("{{ 4 is divisibleby 2 }}", Format::Text).unwrap(), "True");
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
