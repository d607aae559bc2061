//! What can go wrong, and where: [`Error`] for a call, [`Diagnostic`] for a place in a text,
//! [`Rejection`] for a record that is refused.
//!
//! This module imports no other, so that every module may use it.

use std::borrow::Cow;
use std::fmt;

/// The result of a call into this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// An error with its kind, a sentence for people and, for texts, the places at fault.
///
/// `Display` prints everything a user needs: for a rule it shows the text with a caret below the
/// place and, where one is near, the name that was probably meant.
///
/// ```
/// use bespoke::segment::Rule;
///
/// let error = Rule::parse("engagement > ").unwrap_err();
/// assert_eq!(error.kind(), bespoke::error::ErrorKind::Rule);
/// assert!(error.to_string().contains("line 1, column 13"));
/// ```
pub struct Error(Box<Repr>);

struct Repr {
    kind: ErrorKind,
    detail: Cow<'static, str>,
    diagnostics: Vec<Diagnostic>,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What an [`Error`] is about. Hosts match on this; people read the error's text.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A mail address, header or link that must not go into a message.
    Address,
    /// Somebody else wrote first: what was read is not what is stored any more.
    Conflict,
    /// A name that is taken, unknown, or that refers to itself.
    Definition,
    /// What is stored was written in a form that this version does not read.
    Format,
    /// A record or value that does not fit what was declared.
    Input,
    /// Reading or writing failed.
    Io,
    /// A key that is missing or unusable.
    Key,
    /// What cannot be learnt from, or a model that does not fit what it is asked.
    Model,
    /// A message that may not be composed (any more).
    Permit,
    /// A folder of definitions that cannot be read as one.
    Playbook,
    /// A rule or metric that cannot be parsed, checked or evaluated exactly.
    Rule,
    /// A schema that contradicts itself, or a table that does not fit it.
    Schema,
    /// A template that cannot be compiled or rendered.
    Template,
}

impl Error {
    /// An error of `kind` with a sentence for people.
    pub fn new(kind: ErrorKind, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self(Box::new(Repr { kind, detail, diagnostics: Vec::new(), source: None }))
    }

    /// An error of `kind` made of the faults found in a text; the first is the headline.
    pub fn from_diagnostics(kind: ErrorKind, diagnostics: Vec<Diagnostic>) -> Self {
        let detail = diagnostics.first().map(|d| d.message.clone()).unwrap_or_default();
        Self(Box::new(Repr { kind, detail: detail.into(), diagnostics, source: None }))
    }

    /// The same error with what caused it.
    #[must_use]
    pub fn with_source(mut self, source: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.0.source = Some(Box::new(source));
        self
    }

    /// The same error with a place or a name in front of its sentence.
    #[must_use]
    pub fn within(mut self, place: impl fmt::Display) -> Self {
        self.0.detail = format!("{place}: {}", self.0.detail).into();
        self
    }

    /// What the error is about.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The sentence, without places.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The faults found in a text, in the order of their places; empty where no text was read.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.0.diagnostics
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Repr { detail, diagnostics, .. } = &*self.0;
        let Some((first, rest)) = diagnostics.split_first() else {
            return f.write_str(detail);
        };
        if *detail != first.message
            && let Some(place) = detail.strip_suffix(first.message.as_str())
        {
            f.write_str(place)?;
        }
        write!(f, "{first}")?;
        rest.iter().try_for_each(|diagnostic| write!(f, "\n{diagnostic}"))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as &(dyn std::error::Error + 'static))
    }
}

/// A stretch of a text, in bytes: `start..end`.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// The stretch `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The shortest stretch that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// A fault at a place in a text, printed with the line it is on, a caret and, where there is one,
/// help.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Diagnostic {
    /// The file that the text is from, where it is from one of several.
    pub file: Option<Box<str>>,
    /// What is wrong, as a sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
    /// 1-based line; 0 where a file as a whole is at fault.
    pub line: usize,
    /// 1-based column, counted in characters; 0 where a file as a whole is at fault.
    pub column: usize,
    /// The line, of which a long one is cut around the place.
    pub excerpt: String,
    /// How many characters of the excerpt are at fault, at least one.
    pub width: usize,
    /// How many characters of the excerpt precede the place.
    lead: usize,
}

/// The longest line that is shown as a whole, in characters.
const WHOLE: usize = 200;
/// How many characters of a longer line are shown before and after a place.
const CONTEXT: usize = 60;

impl Diagnostic {
    /// A fault at `span` of `text`.
    pub fn new(text: &str, span: Span, message: impl Into<String>) -> Self {
        let start = text.floor_char_boundary(span.start.min(text.len()));
        let (before, after) = text.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let (_, lead) = before.split_at(line_start);
        let tail = after.split('\n').next().unwrap_or_default().trim_end_matches('\r');
        let faulty = span.end.saturating_sub(start).min(tail.len());
        let (marked, _) = tail.split_at(tail.floor_char_boundary(faulty));
        let column = lead.chars().count() + 1;
        let long = column - 1 + tail.chars().count() > WHOLE;
        let context = if long { CONTEXT } else { WHOLE };
        let shown_lead = match column.checked_sub(context + 2) {
            Some(cut) => format!("…{}", lead.chars().skip(cut + 1).collect::<String>()),
            None => lead.to_owned(),
        };
        let mut shown_tail: String = tail.chars().take(context).collect();
        if shown_tail.len() < tail.len() {
            shown_tail.push('…');
        }
        Self {
            file: None,
            message: message.into(),
            help: None,
            line: before.matches('\n').count() + 1,
            column,
            width: marked.chars().count().clamp(1, context),
            lead: shown_lead.chars().count(),
            excerpt: shown_lead + &shown_tail,
        }
    }

    /// A fault of a file as a whole, such as one that is missing.
    pub fn of_file(file: impl Into<Box<str>>, message: impl Into<String>) -> Self {
        Self {
            file: Some(file.into()),
            message: message.into(),
            help: None,
            line: 0,
            column: 0,
            width: 1,
            lead: 0,
            excerpt: String::new(),
        }
    }

    /// The same fault in a file of this name.
    #[must_use]
    pub fn in_file(mut self, file: impl Into<Box<str>>) -> Self {
        self.file = Some(file.into());
        self
    }

    /// The same fault with advice.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        // A tab is as wide as the terminal likes; the caret's line repeats it to stay below.
        let lead: String = self
            .excerpt
            .chars()
            .take(self.lead)
            .map(|c| if c == '\t' { '\t' } else { ' ' })
            .collect();
        writeln!(f, "{}", self.message)?;
        if let (0, Some(file)) = (self.line, &self.file) {
            write!(f, "--> {file}")?;
            return self.help.iter().try_for_each(|help| write!(f, "\n    {help}"));
        }
        write!(f, "{gutter}--> ")?;
        self.file.iter().try_for_each(|file| write!(f, "{file}, "))?;
        writeln!(f, "line {}, column {}", self.line, self.column)?;
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {}", self.excerpt)?;
        write!(f, "{gutter} | {lead}{}", "^".repeat(self.width))?;
        match &self.help {
            Some(help) => write!(f, " {help}"),
            None => Ok(()),
        }
    }
}

/// Why a record was refused: a short reason to count by, the field, and a sentence.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Rejection {
    /// A short reason in kebab case, the same for all records refused for it: `bad-timestamp`.
    pub reason: Cow<'static, str>,
    /// The column or field at fault, where it is one.
    pub field: Option<String>,
    /// What was found, as a sentence.
    pub detail: String,
}

impl Rejection {
    /// A refusal for `reason`, explained by `detail`.
    pub fn new(reason: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { reason: reason.into(), field: None, detail: detail.into() }
    }

    /// The same refusal with the field at fault.
    #[must_use]
    pub fn in_field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.field {
            Some(field) => write!(f, "{}: {}: {}", self.reason, field, self.detail),
            None => write!(f, "{}: {}", self.reason, self.detail),
        }
    }
}

impl std::error::Error for Rejection {}

/// The known name nearest to `name`, if one is near enough to be what was meant.
///
/// Nearness is the Damerau-Levenshtein distance (insertions, deletions, substitutions and swapped
/// neighbours) over the lower-cased names; at most a third of the letters may differ.
pub fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let limit = (wanted.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| {
            (strsim::damerau_levenshtein(&wanted, &candidate.to_lowercase()), candidate)
        })
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("first\n{}here{}", "ä".repeat(500), "z".repeat(500));
        let start = text.find("here").unwrap();
        let fault = Diagnostic::new(&text, Span::new(start, start + 4), "wrong");
        assert_eq!((fault.line, fault.column, fault.width), (2, 501, 4));
        let shown = fault.to_string();
        let lines: Vec<&str> = shown.lines().collect();
        assert!(lines.iter().all(|line| line.chars().count() < 140), "{shown}");
        let caret = lines[4].chars().position(|c| c == '^').unwrap();
        assert_eq!(lines[3].chars().skip(caret).take(4).collect::<String>(), "here");
        for at in 0..=text.len() + 1 {
            // Any place, also within a character, is shown somehow.
            let _ = Diagnostic::new(&text, Span::new(at, at + 3), "wrong").to_string();
        }
    }
}
