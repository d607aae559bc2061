//! Aggregates: what stands between the parentheses of `sum(…)`.

use super::{Parsed, Parser};
use crate::error::Diagnostic;
use crate::expr::lex::TokenKind;
use crate::expr::window::count;
use crate::expr::{Aggregate, Function, Over, Series};
use crate::schema::ANY_EVENT;
use crate::time::Duration;
use crate::value::Decimal;

impl Parser<'_> {
    pub(super) fn aggregate(&mut self, function: Function) -> Parsed<Aggregate> {
        let distinct = self.word().as_deref() == Some("distinct")
            && !matches!(self.peek_at(1), TokenKind::Mark(")" | "."));
        self.at += usize::from(distinct);
        let series = self.series()?;
        let filter = if self.eat_word("where") { Some(self.rule()?) } else { None };
        let window = self.window()?;
        if !self.eat(")") {
            let fault = self.unexpected(match (&filter, &window) {
                (_, Some(_)) => "`)`",
                (Some(_), None) => "`over`, `since` or `)`",
                (None, None) => "`where`, `over`, `since` or `)`",
            });
            let two_words = series.path.is_empty() && filter.is_none() && window.is_none();
            return Err(match self.peek() {
                TokenKind::Word(word) if word.eq_ignore_ascii_case("where") => {
                    fault.with_help("`where` stands before the window")
                }
                TokenKind::Word(_) if two_words => {
                    fault.with_help("a name of several words goes in double quotes")
                }
                TokenKind::Word(_) if matches!(window, Some(Over::Last(_))) => {
                    fault.with_help("`over last 5` is five events; for a time write `over 5 days`")
                }
                _ => fault,
            });
        }
        Ok(Aggregate { function, distinct, series, filter, window })
    }

    fn series(&mut self) -> Parsed<Series> {
        let start = self.span();
        let event = if self.eat("*") { None } else { Some(self.name("the name of an event")?) };
        // In quotes too, as in code and JSON: there is no event of that name.
        let event = event.filter(|name| **name != *ANY_EVENT);
        let mut path = Vec::new();
        while self.eat(".") {
            path.push(self.name("the name of a field")?);
        }
        Ok(Series { event, path, span: start.to(self.previous()) })
    }

    fn window(&mut self) -> Parsed<Option<Over>> {
        if self.eat_word("since") {
            return Ok(Some(Over::Since(self.sum()?)));
        }
        if !self.eat_word("over") {
            return Ok(None);
        }
        if self.eat_word("last") { self.last() } else { self.sliding() }.map(Some)
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
