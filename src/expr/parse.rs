//! Tokens into an expression, by recursive descent: one function for each line of the grammar.

mod aggregate;
mod class;
mod faults;
mod funnel;
mod group;
mod person;
mod window;

use std::borrow::Cow;
use std::sync::Arc;

use super::lex::{Token, TokenKind, tokens};
use super::{Comparison, Expr, Function, Literal, MAX_DEPTH, Node, Person, Sign, Truth};
use crate::error::{Diagnostic, Error, ErrorKind, Result, Span};
use crate::value::Decimal;

/// How many parentheses, calls and negations may stand in one another: more than what the deepest
/// expression needs, and few enough for the smallest stacks that threads have.
const MAX_NESTING: usize = 50;

/// Words that are no names unless they are quoted.
pub(super) const KEYWORDS: [&str; 10] =
    ["and", "or", "not", "between", "in", "like", "is", "null", "true", "false"];

/// Words with a meaning in some places; printed names of these texts are quoted.
pub(super) const CONTEXTUAL: [&str; 20] = [
    "any",
    "over",
    "since",
    "from",
    "to",
    "where",
    "distinct",
    "ending",
    "ago",
    "timestamp",
    "interval",
    "now",
    "class",
    "coalesce",
    "funnel",
    "in_segment",
    "anniversary",
    "bucket",
    "changed",
    "observed_for",
];

impl Expr {
    /// Reads a rule or a metric from text.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] with line, column and advice.
    pub fn parse(text: &str) -> Result<Self> {
        let parsed = Parser::new(text).and_then(|mut parser| parser.whole());
        parsed.map_err(|fault| Error::from_diagnostics(ErrorKind::Rule, vec![fault]))
    }
}

type Parsed<T> = std::result::Result<T, Diagnostic>;

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    at: usize,
    nesting: usize,
}

impl<'t> Parser<'t> {
    fn new(text: &'t str) -> Parsed<Self> {
        Ok(Self { text, tokens: tokens(text)?, at: 0, nesting: 0 })
    }

    fn whole(&mut self) -> Parsed<Expr> {
        if *self.peek() == TokenKind::End {
            return Err(self.fault("there is no rule here"));
        }
        let rule = self.rule()?;
        if *self.peek() != TokenKind::End {
            let fault = self.unexpected("the end of the rule");
            return Err(match self.advice_on_the_rest() {
                Some(help) => fault.with_help(help),
                None => fault,
            });
        }
        if rule.depth() > MAX_DEPTH {
            let message = format!("the rule is nested more than {MAX_DEPTH} deep");
            return Err(Diagnostic::new(self.text, rule.span(), message));
        }
        Ok(rule)
    }

    fn rule(&mut self) -> Parsed<Expr> {
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            let message = format!("more than {MAX_NESTING} levels of nesting");
            return Err(Diagnostic::new(self.text, self.span(), message));
        }
        let rule = self.junction("or", Self::conjunction, Node::Or);
        self.nesting -= 1;
        rule
    }

    fn conjunction(&mut self) -> Parsed<Expr> {
        self.junction("and", Self::negation, Node::And)
    }

    fn junction(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Parsed<Expr>,
        node: fn(Vec<Expr>) -> Node,
    ) -> Parsed<Expr> {
        let start = self.span();
        let mut parts = vec![part(self)?];
        while self.eat_word(word) {
            parts.push(part(self)?);
        }
        Ok(Expr::new(node(parts), start.to(self.previous())))
    }

    fn negation(&mut self) -> Parsed<Expr> {
        let start = self.span();
        if let Some(group) = self.group()? {
            return Ok(group);
        }
        if !self.eat_word("not") {
            return self.test();
        }
        self.nesting += 1;
        if self.nesting > MAX_NESTING {
            return Err(Diagnostic::new(self.text, start, "too many NOT in a row"));
        }
        let inner = self.negation()?;
        self.nesting -= 1;
        Ok(Expr::new(Node::Not(inner), start.to(self.previous())))
    }

    fn test(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let value = self.sum()?;
        if let TokenKind::Mark(mark) = *self.peek() {
            if let Some((op, _)) = Comparison::ALL.into_iter().find(|(_, symbol)| *symbol == mark) {
                self.at += 1;
                let right = self.sum()?;
                return Ok(self.finish(start, Node::Compare { left: value, op, right }));
            }
            match mark {
                "!=" => return Err(self.fault("`!=` is no operator here").with_help("write `<>`")),
                "==" => return Err(self.fault("`==` is no operator here").with_help("write `=`")),
                _ => {}
            }
        }
        if self.eat_word("is") {
            let negated = self.eat_word("not");
            let what = self.truth()?;
            return Ok(self.finish(start, Node::Is { value, what, negated }));
        }
        let negated = self.eat_word("not");
        let node = match self.word().as_deref() {
            Some("between") => self.between(value, negated)?,
            Some("in") => self.list(value, negated)?,
            Some("like") => self.like(value, negated)?,
            _ if negated => return Err(self.unexpected("BETWEEN, IN or LIKE")),
            _ => return Ok(value),
        };
        Ok(self.finish(start, node))
    }

    fn truth(&mut self) -> Parsed<Truth> {
        for (word, truth) in [("null", Truth::Null), ("true", Truth::True), ("false", Truth::False)]
        {
            if self.eat_word(word) {
                return Ok(truth);
            }
        }
        Err(self.unexpected("NULL, TRUE or FALSE").with_help("to compare, write `=`"))
    }

    fn between(&mut self, value: Expr, negated: bool) -> Parsed<Node> {
        self.at += 1;
        let low = self.sum()?;
        if !self.eat_word("and") {
            return Err(self.unexpected("`AND` and the upper bound"));
        }
        let high = self.sum()?;
        Ok(Node::Between { value, low, high, negated })
    }

    fn list(&mut self, value: Expr, negated: bool) -> Parsed<Node> {
        self.at += 1;
        if !self.eat("(") {
            return Err(self.unexpected("`(`").with_help("a list stands in parentheses"));
        }
        let mut list = Vec::new();
        loop {
            match (self.literal()?, self.peek()) {
                (Some(literal), _) => list.push(literal),
                (None, TokenKind::Mark(")")) => {
                    return Err(self.unexpected("a literal").with_help("a list needs a value"));
                }
                (None, _) => return Err(self.unexpected("a literal").with_help(QUOTES)),
            }
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(Node::In { value, list, negated })
    }

    fn like(&mut self, value: Expr, negated: bool) -> Parsed<Node> {
        self.at += 1;
        match self.peek().clone() {
            TokenKind::Text(pattern) => {
                self.at += 1;
                Ok(Node::Like { value, pattern: pattern.into(), negated })
            }
            _ => Err(self.unexpected("a pattern in single quotes")),
        }
    }

    fn sum(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let first = self.term()?;
        let mut rest = Vec::new();
        loop {
            let sign = match self.peek() {
                TokenKind::Mark("+") => Sign::Plus,
                TokenKind::Mark("-") => Sign::Minus,
                TokenKind::Mark("*") => {
                    let fault = self.fault("only a number may stand before `*`");
                    return Err(fault.with_help("write the number first: `2 * spend`"));
                }
                _ => break,
            };
            self.at += 1;
            rest.push((sign, self.term()?));
        }
        Ok(self.finish(start, Node::Sum { first, rest }))
    }

    fn term(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let negative = matches!(self.peek(), TokenKind::Mark("-"));
        let ahead = usize::from(negative);
        let (&TokenKind::Number(number), TokenKind::Mark("*")) =
            (self.peek_at(ahead), self.peek_at(ahead + 1))
        else {
            return self.atom();
        };
        self.at += ahead + 2;
        let of = self.atom()?;
        Ok(self.finish(start, Node::Scale { by: signed(number, negative), of }))
    }

    fn atom(&mut self) -> Parsed<Expr> {
        let start = self.span();
        if let Some(literal) = self.literal()? {
            return Ok(self.finish(start, Node::Literal(literal)));
        }
        if self.eat("(") {
            let inner = self.rule()?;
            self.expect(")")?;
            return Ok(inner);
        }
        if matches!(self.peek_at(1), TokenKind::Mark("("))
            && let TokenKind::Word(word) = *self.peek()
        {
            let node = self.call(word)?;
            return Ok(self.finish(start, node));
        }
        let first = self.name("a value")?;
        let path = self.path(first)?;
        Ok(self.finish(start, Node::Path(path)))
    }

    fn literal(&mut self) -> Parsed<Option<Literal>> {
        let literal = match (self.peek().clone(), self.peek_at(1).clone()) {
            (TokenKind::Number(number), _) => Literal::Number(number),
            (TokenKind::Mark("-"), TokenKind::Number(number)) => {
                self.at += 1;
                Literal::Number(signed(number, true))
            }
            (TokenKind::Mark("-"), _) => {
                let fault = self.fault("a minus stands before a number or between two terms");
                let twice = self.previous_kind() == Some(&TokenKind::Mark("-"));
                let help = if twice { "a rule has no comments" } else { "write `-1 * …`" };
                return Err(fault.with_help(help));
            }
            (TokenKind::Text(text), _) => Literal::Text(text.into()),
            (TokenKind::Word(word), TokenKind::Text(text)) => return self.tagged(word, &text),
            (TokenKind::Word(word), _) => match word.to_ascii_lowercase().as_str() {
                "true" => Literal::Boolean(true),
                "false" => Literal::Boolean(false),
                "null" => Literal::Null,
                _ => return Ok(None),
            },
            _ => return Ok(None),
        };
        self.at += 1;
        Ok(Some(literal))
    }

    /// `TIMESTAMP '…'` or `INTERVAL '…'`.
    fn tagged(&mut self, word: &str, text: &str) -> Parsed<Option<Literal>> {
        let at_text = self.tokens.get(self.at + 1).map_or_else(Span::default, |token| token.span);
        let at_fault = |error: Error| Diagnostic::new(self.text, at_text, error.detail());
        let literal = match word.to_ascii_lowercase().as_str() {
            "timestamp" => {
                // SQL has `TIMESTAMP '2026-03-01'` for the day's first instant.
                let midnight = format!("{text}T00:00:00Z");
                let read = text.parse().or_else(|error| midnight.parse().map_err(|_| error));
                Literal::Timestamp(read.map_err(at_fault)?)
            }
            "interval" => Literal::Interval(text.parse().map_err(at_fault)?),
            _ => return Ok(None),
        };
        self.at += 2;
        Ok(Some(literal))
    }

    fn call(&mut self, word: &str) -> Parsed<Node> {
        let name = word.to_ascii_lowercase();
        if let Some((function, _)) = Function::ALL.into_iter().find(|(_, known)| *known == name) {
            self.at += 2;
            return self.aggregate(function).map(Node::Aggregate);
        }
        let node = match name.as_str() {
            "now" => {
                self.at += 2;
                Node::Now
            }
            "class" => {
                self.at += 2;
                self.class()?
            }
            "coalesce" => {
                self.at += 2;
                let mut values = vec![self.rule()?];
                while self.eat(",") {
                    values.push(self.rule()?);
                }
                Node::Coalesce(values)
            }
            "funnel" => {
                self.at += 2;
                self.funnel()?
            }
            "in_segment" => {
                self.at += 2;
                let TokenKind::Text(segment) = self.peek().clone() else {
                    return Err(self.unexpected("the segment's name in single quotes"));
                };
                self.at += 1;
                Node::InSegment(segment.into())
            }
            _ if Person::NAMES.contains(&name.as_str()) => {
                self.at += 2;
                Node::Person(self.person(&name)?)
            }
            _ => return Err(self.unknown_function(word)),
        };
        self.expect(")")?;
        Ok(node)
    }

    fn path(&mut self, first: Arc<str>) -> Parsed<Vec<Arc<str>>> {
        let mut path = vec![first];
        while self.eat(".") {
            path.push(self.name("the name of a field")?);
        }
        Ok(path)
    }

    fn name(&mut self, expected: &str) -> Parsed<Arc<str>> {
        let name = match self.peek() {
            TokenKind::Quoted(name) => Cow::clone(name),
            TokenKind::Word(word) if !is_keyword(word) => Cow::Borrowed(*word),
            TokenKind::Text(_) => {
                let fault = self.unexpected(expected);
                return Err(fault.with_help("a name goes in double quotes"));
            }
            TokenKind::Word(_) if expected.starts_with("the name") => {
                let fault = self.unexpected(expected);
                return Err(fault.with_help("a name that is a keyword goes in double quotes"));
            }
            _ => return Err(self.unexpected(expected)),
        };
        if name.is_empty() {
            return Err(self.fault("a name needs some letters"));
        }
        self.at += 1;
        Ok(name.into())
    }

    fn peek(&self) -> &TokenKind<'t> {
        self.peek_at(0)
    }

    fn peek_at(&self, ahead: usize) -> &TokenKind<'t> {
        self.tokens.get(self.at + ahead).map_or(&TokenKind::End, |token| &token.kind)
    }

    fn span(&self) -> Span {
        // There is always an end token, and nothing goes past it.
        let last = || self.tokens.last();
        self.tokens.get(self.at).or_else(last).map_or_else(Span::default, |token| token.span)
    }

    fn previous(&self) -> Span {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.map_or_else(Span::default, |token| token.span)
    }

    fn previous_kind(&self) -> Option<&TokenKind<'t>> {
        self.tokens.get(self.at.checked_sub(1)?).map(|token| &token.kind)
    }

    /// The word that comes next, in lower case, if it is one.
    fn word(&self) -> Option<String> {
        match self.peek() {
            TokenKind::Word(word) => Some(word.to_ascii_lowercase()),
            _ => None,
        }
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), TokenKind::Word(next) if next.eq_ignore_ascii_case(word));
        self.at += usize::from(found);
        found
    }

    fn eat(&mut self, mark: &str) -> bool {
        let found = matches!(self.peek(), TokenKind::Mark(next) if *next == mark);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, mark: &str) -> Parsed<()> {
        if self.eat(mark) { Ok(()) } else { Err(self.unexpected(&format!("`{mark}`"))) }
    }

    fn finish(&self, start: Span, node: Node) -> Expr {
        Expr::new(node, start.to(self.previous()))
    }

    fn fault(&self, message: &str) -> Diagnostic {
        Diagnostic::new(self.text, self.span(), message)
    }
}

fn signed(number: Decimal, negative: bool) -> Decimal {
    let micros = i128::from(number.micros());
    Decimal::from_micros(if negative { -micros } else { micros }).unwrap_or(number)
}

pub(super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.iter().any(|keyword| keyword.eq_ignore_ascii_case(word))
}

const QUOTES: &str = "a text goes in single quotes";
