//! Questions about a person: what stands between the parentheses of `changed(…)`.

use super::{Parsed, Parser};
use crate::error::Diagnostic;
use crate::expr::lex::TokenKind;
use crate::expr::{Expr, Node, Over, Person};
use crate::time::{Duration, Zone};

impl Parser<'_> {
    /// The question of this name, after its parenthesis.
    pub(super) fn person(&mut self, name: &str) -> Parsed<Person> {
        Ok(match name {
            "anniversary" => {
                let of = self.attribute()?;
                let zone = if self.eat_word("in") { Some(self.zone()?) } else { None };
                Person::Anniversary { of, zone }
            }
            "bucket" => {
                let count = self.count("how many buckets, as in `bucket(10, 'salt')`")?;
                if !self.eat(",") {
                    let fault = self.unexpected("`,` and a salt in single quotes");
                    return Err(fault.with_help("of each salt the shares are others"));
                }
                let TokenKind::Text(salt) = self.peek().clone() else {
                    return Err(self.unexpected("a salt in single quotes"));
                };
                self.at += 1;
                Person::Bucket { count, salt: salt.into() }
            }
            "changed" => {
                let of = self.attribute()?;
                if !self.eat_word("over") {
                    return Err(self.unexpected("`over` and a duration such as `3 days`"));
                }
                Person::Changed { of, over: self.length()? }
            }
            _ => Person::ObservedFor(self.length()?),
        })
    }

    fn attribute(&mut self) -> Parsed<Expr> {
        let start = self.span();
        let first = self.name("the name of a trait")?;
        let path = self.path(first)?;
        Ok(self.finish(start, Node::Path(path)))
    }

    /// A stretch of time, as windows are.
    fn length(&mut self) -> Parsed<Duration> {
        let start = self.span();
        let length = self.duration()?;
        let fault = |message| Diagnostic::new(self.text, start.to(self.previous()), message);
        Over::sliding(length, None).map_err(fault)?;
        Ok(length)
    }

    /// The name of a time zone.
    pub(super) fn zone(&mut self) -> Parsed<Zone> {
        let TokenKind::Text(name) = self.peek().clone() else {
            return Err(self.unexpected("a time zone such as 'Europe/Lisbon'"));
        };
        let zone = name.parse::<Zone>().map_err(|error| self.fault(error.detail()))?;
        self.at += 1;
        Ok(zone)
    }
}
