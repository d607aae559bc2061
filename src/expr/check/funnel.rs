//! Funnels against the schema.

use std::sync::Arc;

use super::Checker;
use crate::expr::plan::{self, Stretch, Term};
use crate::expr::typing::{Base, Type};
use crate::expr::{Aggregate, Funnel};

impl Checker<'_> {
    /// All steps are checked, so that every fault is told at once.
    pub(super) fn funnel(&mut self, funnel: &Funnel) -> Option<(Term, Type)> {
        let steps: Vec<_> = funnel.steps().map(|step| self.step(step)).collect();
        let window = self.window(funnel.window()).map(shared)?;
        let within = |step: Option<plan::Figure>| {
            step.map(|step| plan::Figure { window: window.clone(), ..step })
        };
        let steps = steps.into_iter().map(within).collect::<Option<_>>()?;
        let text = funnel.to_string().into();
        let funnel = plan::Funnel { steps, text };
        Some((Term::Funnel(Box::new(funnel)), Base::Number.plain()))
    }

    fn step(&mut self, events: &Aggregate) -> Option<plan::Figure> {
        self.figure(events).map(|(figure, _)| figure)
    }
}

/// A window for several: where it begins is worked out once.
fn shared(window: Stretch) -> Stretch {
    match window {
        Stretch::Since(since) => Stretch::Since(Term::Metric(Arc::new(since))),
        window => window,
    }
}
