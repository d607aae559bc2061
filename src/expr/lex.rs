//! Texts into tokens.

use std::borrow::Cow;

use crate::error::{Diagnostic, Span};
use crate::value::{Decimal, DecimalError};

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Token<'t> {
    pub(super) kind: TokenKind<'t>,
    pub(super) span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TokenKind<'t> {
    /// A name that needed no quotes; it may be a keyword.
    Word(&'t str),
    /// A name in double quotes.
    Quoted(Cow<'t, str>),
    /// A text in single quotes.
    Text(Cow<'t, str>),
    Number(Decimal),
    /// An operator or a punctuation mark.
    Mark(&'static str),
    End,
}

/// Marks, longer ones before those that they begin with.
const MARKS: [&str; 15] =
    ["<>", "<=", ">=", "!=", "==", "=", "<", ">", "+", "-", "*", "(", ")", ",", ":"];

pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, Diagnostic> {
    let mut tokens = Vec::new();
    let mut at = 0;
    loop {
        let rest = after(text, at);
        at += rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let Some(first) = rest.chars().next() else { break };
        let (kind, length) = match first {
            '\'' => quoted(text, at, '\'').map(|(name, length)| (TokenKind::Text(name), length))?,
            '"' => quoted(text, at, '"').map(|(name, length)| (TokenKind::Quoted(name), length))?,
            '0'..='9' => number(text, at)?,
            '.' => (TokenKind::Mark("."), 1),
            first if is_name_start(first) => word(rest),
            _ => mark(text, at)?,
        };
        tokens.push(Token { kind, span: Span::new(at, at + length) });
        at += length;
    }
    tokens.push(Token { kind: TokenKind::End, span: Span::new(text.trim_end().len(), text.len()) });
    Ok(tokens)
}

pub(super) fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

pub(super) fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn after(text: &str, at: usize) -> &str {
    text.split_at_checked(at).map_or("", |(_, rest)| rest)
}

fn word(rest: &str) -> (TokenKind<'_>, usize) {
    let length = rest.find(|c| !is_name_part(c)).unwrap_or(rest.len());
    (TokenKind::Word(rest.split_at_checked(length).map_or(rest, |(word, _)| word)), length)
}

fn mark(text: &str, at: usize) -> Result<(TokenKind<'_>, usize), Diagnostic> {
    let rest = after(text, at);
    if let Some(mark) = MARKS.into_iter().find(|mark| rest.starts_with(mark)) {
        return Ok((TokenKind::Mark(mark), mark.len()));
    }
    let first = rest.chars().next().unwrap_or_default();
    let span = Span::new(at, at + first.len_utf8());
    let diagnostic = Diagnostic::new(text, span, format!("`{first}` has no meaning here"));
    Err(match first {
        '&' => diagnostic.with_help("write AND"),
        '|' => diagnostic.with_help("write OR"),
        '!' => diagnostic.with_help("write NOT"),
        '/' => diagnostic.with_help("division is not exact; multiply the other side"),
        '%' => diagnostic.with_help("`%` has its place in the pattern of a LIKE"),
        '“' | '”' | '‘' | '’' => diagnostic.with_help("use straight quotes"),
        _ => diagnostic,
    })
}

/// A quoted text; the quote itself is written twice.
fn quoted(text: &str, at: usize, quote: char) -> Result<(Cow<'_, str>, usize), Diagnostic> {
    let body = after(text, at + 1);
    let mut content = Cow::Borrowed("");
    let mut from = 0;
    while let Some(end) = after(body, from).find(quote) {
        let (piece, rest) = after(body, from).split_at(end);
        match &mut content {
            content if content.is_empty() => *content = Cow::Borrowed(piece),
            content => content.to_mut().push_str(piece),
        }
        from += end + 1;
        if !rest.split_at(1).1.starts_with(quote) {
            return Ok((content, from + 1));
        }
        content.to_mut().push(quote);
        from += 1;
    }
    let what = if quote == '"' { "name" } else { "text" };
    let span = Span::new(at, at + 1);
    Err(Diagnostic::new(text, span, format!("this {what} has no closing quote")))
}

fn number(text: &str, at: usize) -> Result<(TokenKind<'_>, usize), Diagnostic> {
    let rest = after(text, at);
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let whole = digits(rest);
    let length = match after(rest, whole).strip_prefix('.') {
        Some(decimals) if digits(decimals) > 0 => whole + 1 + digits(decimals),
        _ => whole,
    };
    let written = rest.split_at_checked(length).map_or(rest, |(number, _)| number);
    let span = Span::new(at, at + length);
    if let Some(next) = after(rest, length).chars().next().filter(|c| is_name_start(*c)) {
        let span = Span::new(at + length, at + length + next.len_utf8());
        let message = format!("`{next}` cannot follow a number");
        let diagnostic = Diagnostic::new(text, span, message);
        return Err(match next {
            'd' | 'h' | 'm' | 's' | 'w' => diagnostic.with_help("write a duration as `90 days`"),
            'e' | 'E' => diagnostic.with_help("write the number out"),
            _ => diagnostic,
        });
    }
    match Decimal::read(written) {
        Ok((number, false)) => Ok((TokenKind::Number(number), length)),
        Ok(_) => Err(Diagnostic::new(text, span, "a number has at most 6 digits after the point")),
        Err(DecimalError::Magnitude | DecimalError::Syntax) => {
            Err(Diagnostic::new(text, span, "a number has at most 12 digits before the point"))
        }
    }
}
