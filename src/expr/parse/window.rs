//! Windows: what stands after the series of an aggregate and its filter.

use super::{Parsed, Parser};
use crate::error::Diagnostic;
use crate::expr::lex::TokenKind;
use crate::expr::window::{Period, count, local};
use crate::expr::{Literal, Over};
use crate::time::{Duration, Local, Timestamp};
use crate::value::Decimal;

impl Parser<'_> {
    pub(super) fn window(&mut self) -> Parsed<Option<Over>> {
        if self.eat_word("since") {
            return Ok(Some(Over::Since(self.sum()?)));
        }
        if self.eat_word("from") {
            return self.period().map(Some);
        }
        if !self.eat_word("over") {
            return Ok(None);
        }
        if self.eat_word("last") { self.last() } else { self.sliding() }.map(Some)
    }

    /// What follows `from`: local times and their zone, or instants.
    fn period(&mut self) -> Parsed<Over> {
        let start = self.span();
        let civil = matches!(self.peek(), TokenKind::Text(_));
        let period = if civil { self.civil()? } else { self.instants()? };
        let span = start.to(self.previous());
        period.window().map_err(|fault| Diagnostic::new(self.text, span, fault))
    }

    fn civil(&mut self) -> Parsed<Period> {
        let from = self.local()?;
        let to = if self.eat_word("to") { Some(self.local()?) } else { None };
        if !self.eat_word("in") {
            let expected = if to.is_some() { "`in`" } else { "`to`, or `in`" };
            let fault = self.unexpected(&format!("{expected} and a time zone"));
            return Err(fault.with_help("for instants write `from TIMESTAMP '…'`"));
        }
        Ok(Period::Civil { from, to, zone: self.zone()? })
    }

    fn instants(&mut self) -> Parsed<Period> {
        let from = self.instant()?;
        let to = if self.eat_word("to") { Some(self.instant()?) } else { None };
        Ok(Period::Instants { from, to })
    }

    fn local(&mut self) -> Parsed<Local> {
        let TokenKind::Text(text) = self.peek() else {
            return Err(self.unexpected("a local time such as '2025-11-24'"));
        };
        let local = local(text).map_err(|message| self.fault(&message))?;
        self.at += 1;
        Ok(local)
    }

    fn instant(&mut self) -> Parsed<Timestamp> {
        let is_tagged = matches!(self.peek_at(1), TokenKind::Text(_));
        match if is_tagged { self.literal()? } else { None } {
            Some(Literal::Timestamp(at)) => Ok(at),
            _ => Err(self.unexpected("a day such as '2025-11-24', or TIMESTAMP '…'")),
        }
    }

    /// The number of `over last 5`.
    fn last(&mut self) -> Parsed<Over> {
        self.count("how many of the last events, as in `over last 5`").map(Over::Last)
    }

    /// How many, as a whole number of 1 to a million.
    pub(super) fn count(&mut self, expected: &str) -> Parsed<u32> {
        let TokenKind::Number(number) = *self.peek() else {
            return Err(self.unexpected(expected));
        };
        let count = count(number).map_err(|message| self.fault(message))?;
        self.at += 1;
        Ok(count)
    }

    fn sliding(&mut self) -> Parsed<Over> {
        let start = self.span();
        let length = self.duration()?;
        let ending = if self.eat_word("ending") {
            let ago = self.duration()?;
            if !self.eat_word("ago") {
                return Err(self.unexpected("`ago`"));
            }
            Some(ago)
        } else {
            None
        };
        let span = start.to(self.previous());
        Over::sliding(length, ending).map_err(|fault| Diagnostic::new(self.text, span, fault))
    }

    pub(super) fn duration(&mut self) -> Parsed<Duration> {
        let (start, number) = (self.span(), self.peek().clone());
        let TokenKind::Number(count) = number else {
            let fault = self.unexpected("a duration such as `90 days`");
            return Err(match number {
                TokenKind::Text(_) => fault.with_help("it stands without quotes"),
                _ => fault,
            });
        };
        if !count.is_whole() {
            let fault = self.fault("a window is a whole number of its unit");
            return Err(fault.with_help("use a smaller unit: `36 hours`"));
        }
        self.at += 1;
        let TokenKind::Word(unit) = *self.peek() else {
            return Err(self.unexpected("a unit: seconds, minutes, hours, days or weeks"));
        };
        self.at += 1;
        Duration::of(count.micros() / Decimal::SCALE, unit)
            .map_err(|error| Diagnostic::new(self.text, start.to(self.previous()), error.detail()))
    }
}
