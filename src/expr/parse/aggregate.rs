//! Aggregates: what stands between the parentheses of `sum(…)`.

use super::{Parsed, Parser};
use crate::expr::lex::TokenKind;
use crate::expr::{Aggregate, Expr, Function, Over, Series};
use crate::schema::ANY_EVENT;

impl Parser<'_> {
    pub(super) fn aggregate(&mut self, function: Function) -> Parsed<Aggregate> {
        let distinct = self.word().as_deref() == Some("distinct")
            && !matches!(self.peek_at(1), TokenKind::Mark(")" | "."));
        self.at += usize::from(distinct);
        let series = self.series()?;
        let filter = self.filter()?;
        let window = self.window()?;
        if !self.eat(")") {
            let fault = self.unexpected(match (&filter, &window) {
                (_, Some(_)) => "`)`",
                (Some(_), None) => "`over`, `since`, `from` or `)`",
                (None, None) => "`where`, `over`, `since`, `from` or `)`",
            });
            let two_words = series.path.is_empty() && filter.is_none() && window.is_none();
            return Err(match self.peek() {
                TokenKind::Word(word) if word.eq_ignore_ascii_case("where") => {
                    fault.with_help("`where` stands before the window")
                }
                TokenKind::Word(word)
                    if word.eq_ignore_ascii_case("in")
                        && matches!(window, Some(Over::Between(_))) =>
                {
                    fault.with_help(
                        "an instant is the same in every zone; write `from '2025-11-24'`",
                    )
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

    pub(super) fn series(&mut self) -> Parsed<Series> {
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

    pub(super) fn filter(&mut self) -> Parsed<Option<Expr>> {
        if self.eat_word("where") { self.rule().map(Some) } else { Ok(None) }
    }
}
