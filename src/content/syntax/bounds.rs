//! How large and how deep a source may be.
//!
//! The engine bounds the nesting of parentheses and of statements, and neither chains such as
//! `not not …`, `a.b.b…` and `elif` nor sums: each link is one more level of its recursion, so a
//! long one would end the process. Tags are counted before it reads them.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::{Finding, Severity, Trust, finding, span};
use crate::error::Span;

/// How many signs and words a tag may have, texts, numbers and commas left out: the nesting within.
const SIGNS: usize = 300;

/// How deep conditions may be nested, each `elif` counted.
const DEPTH: usize = 100;

/// The first thing in `source` that is too large or too deep.
pub(super) fn excess(source: &str, trust: Trust) -> Option<Finding> {
    let longest = trust.longest_source();
    let refused = |place: Span, message: String, help: Option<String>| {
        finding(source, place, ("too-large", Severity::Error), message, help)
    };
    if source.len() > longest {
        let message = format!("a template has no more than {longest} bytes");
        return Some(refused(Span::new(longest, longest), message, None));
    }
    let is_sign =
        |(at, _): (usize, &str)| matches!(source.as_bytes().get(at + 1), Some(b'{' | b'%' | b'#'));
    if !source.match_indices('{').any(is_sign) {
        return None;
    }
    let mut tags = Tags::default();
    // The parser tells of what is no token.
    for (token, place) in tokenize(source, false, SyntaxConfig::default()).map_while(Result::ok) {
        if let Some((message, help)) = tags.next(&token) {
            return Some(refused(span(place), message, Some(help.to_owned())));
        }
    }
    None
}

/// What was seen so far.
#[derive(Default)]
struct Tags {
    /// The signs of this tag.
    signs: usize,
    /// Whether the next token is the first of a statement.
    begins: bool,
    /// How many branches each open condition has.
    open: Vec<usize>,
}

impl Tags {
    /// What is too much at a token, and what to do about it.
    fn next(&mut self, token: &Token<'_>) -> Option<(String, &'static str)> {
        let begins = std::mem::replace(&mut self.begins, matches!(token, Token::BlockStart));
        match token {
            Token::VariableStart | Token::BlockStart => self.signs = 0,
            Token::Comma
            | Token::Float(_)
            | Token::Int(_)
            | Token::Int128(_)
            | Token::Str(_)
            | Token::String(_)
            | Token::TemplateData(_) => {}
            Token::Ident(word) if begins => self.statement(word),
            _ => self.signs += 1,
        }
        if self.signs > SIGNS {
            let message = format!("a tag has no more than {SIGNS} signs and words");
            return Some((message, "set a part of it first"));
        }
        (self.open.iter().sum::<usize>() > DEPTH).then(|| {
            let message =
                format!("conditions are nested no more than {DEPTH} deep, with each `elif`");
            (message, "what a value stands for can be looked up in a map")
        })
    }

    fn statement(&mut self, word: &str) {
        match word {
            "if" => self.open.push(1),
            "elif" => self.open.iter_mut().rev().take(1).for_each(|branches| *branches += 1),
            "endif" => drop(self.open.pop()),
            _ => {}
        }
    }
}
