//! What is said of what does not fit.

use super::Parser;
use crate::error::Diagnostic;
use crate::expr::lex::TokenKind;
use crate::expr::{Comparison, Function, Person};

impl Parser<'_> {
    pub(super) fn unknown_function(&self, word: &str) -> Diagnostic {
        let known = Function::ALL.iter().map(|(_, name)| *name);
        let calls = ["now", "class", "coalesce", "funnel", "in_segment"];
        let known: Vec<&str> = known.chain(calls).chain(Person::NAMES).collect();
        let fault = self.fault(&format!("there is no function `{word}`"));
        match crate::error::nearest(word, known.iter().copied()) {
            Some(near) => fault.with_help(format!("did you mean `{near}`?")),
            None => fault.with_help(format!("there are {}", known.join(", "))),
        }
    }

    /// What is probably meant by what follows a rule that is complete.
    pub(super) fn advice_on_the_rest(&self) -> Option<&'static str> {
        match (self.previous_kind()?, self.peek(), self.peek_at(1)) {
            (TokenKind::Number(_), TokenKind::Mark(","), TokenKind::Number(_)) => {
                Some("write the number without a separator")
            }
            (_, TokenKind::Mark(")"), _) => Some("there is no `(` for it"),
            (_, TokenKind::Mark(mark), _) => {
                let compares = Comparison::ALL.iter().any(|(_, symbol)| symbol == mark);
                compares.then_some("compare twice, joined by AND, or write BETWEEN")
            }
            (_, TokenKind::Quoted(_) | TokenKind::Word(_), _) => {
                Some("conditions are joined by AND or OR")
            }
            _ => None,
        }
    }

    pub(super) fn unexpected(&self, expected: &str) -> Diagnostic {
        let found = match self.peek() {
            TokenKind::End => "the rule ends here".to_owned(),
            TokenKind::Mark(mark) => format!("found `{mark}`"),
            TokenKind::Number(number) => format!("found `{number}`"),
            TokenKind::Quoted(name) => format!("found the name \"{name}\""),
            TokenKind::Text(text) => format!("found the text '{text}'"),
            TokenKind::Word(word) => format!("found `{word}`"),
        };
        self.fault(&format!("expected {expected}, {found}"))
    }
}
