//! Groups: `any product_id: …`.

use super::{Parsed, Parser, is_keyword};
use crate::expr::lex::TokenKind;
use crate::expr::{Expr, Node};

impl Parser<'_> {
    /// The group that begins here, if one does; its rule goes on as far as a rule can.
    pub(super) fn group(&mut self) -> Parsed<Option<Expr>> {
        if !self.begins_group() {
            return Ok(None);
        }
        let start = self.span();
        self.at += 1;
        let first = self.name("the name of a field")?;
        let by = self.path(first)?;
        if !self.eat(":") {
            return Err(self.unexpected("`:` and a rule about each value of the field"));
        }
        let rule = self.rule()?;
        Ok(Some(self.finish(start, Node::Group { by, rule })))
    }

    /// Nothing but an operator or a window follows a trait that is named `any`.
    fn begins_group(&self) -> bool {
        let windows = ["over", "since"];
        self.word().as_deref() == Some("any")
            && match self.peek_at(1) {
                TokenKind::Quoted(_) | TokenKind::Text(_) => true,
                TokenKind::Word(next) => {
                    !is_keyword(next) && !windows.iter().any(|word| next.eq_ignore_ascii_case(word))
                }
                _ => false,
            }
    }
}
