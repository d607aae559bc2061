//! Funnels: what stands between the parentheses of `funnel(…)`.

use super::{Parsed, Parser};
use crate::error::Diagnostic;
use crate::expr::lex::TokenKind;
use crate::expr::{Aggregate, Function, Funnel, Node, Over, Step};

impl Parser<'_> {
    pub(super) fn funnel(&mut self) -> Parsed<Node> {
        let start = self.span();
        let mut steps = vec![self.step()?];
        while self.eat(",") {
            steps.push(self.step()?);
        }
        let span = start.to(self.previous());
        let window_start = self.span();
        let window = self.window()?;
        if window.is_some() && *self.peek() == TokenKind::Mark(",") {
            return Err(self
                .fault("a funnel has one window")
                .with_help("write it after the steps"));
        }
        if let Some(Over::Last(_)) = window {
            let span = window_start.to(self.previous());
            let fault = Diagnostic::new(self.text, span, "a funnel looks at a stretch of time");
            return Err(fault.with_help("write `over 5 days`"));
        }
        if let Some(fault) = Funnel::fault(steps.len()) {
            return Err(Diagnostic::new(self.text, span, fault));
        }
        Ok(Node::Funnel(Funnel::new(steps).within(window)))
    }

    fn step(&mut self) -> Parsed<Step> {
        let series = self.series()?;
        if !series.path.is_empty() {
            let fault = Diagnostic::new(self.text, series.span, "a step of a funnel is an event");
            return Err(fault.with_help("ask about its fields in `where`"));
        }
        let filter = self.filter()?;
        let function = Function::Count;
        Ok(Step::of(Aggregate { function, distinct: false, series, filter, window: None }))
    }
}
