//! Classes: what stands between the parentheses of `class(…)`.

use super::{Parsed, Parser};
use crate::expr::Node;

impl Parser<'_> {
    pub(super) fn class(&mut self) -> Parsed<Node> {
        let value = self.rule()?;
        let mut cuts = Vec::new();
        while cuts.is_empty() || *self.peek() == super::TokenKind::Mark(",") {
            if !self.eat(",") {
                return Err(self.unexpected("`,` and a cut point"));
            }
            let cut = self.literal()?;
            cuts.push(cut.ok_or_else(|| self.unexpected("a cut point such as `10`"))?);
        }
        Ok(Node::Class { value, cuts })
    }
}
