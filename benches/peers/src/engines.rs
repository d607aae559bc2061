//! The rule in the language of each engine. What can be prepared is prepared: rules are compiled,
//! and what a question is about is in the engine's own form, before the question is timed.

mod bespoke;
mod cel;
mod datalogic;
mod rhai;
mod zen;

use serde_json::{Value, json};

use crate::history::{Event, History};

/// Both metrics are given, worked out by somebody else; the engine compares three values.
pub const GIVEN: &str = "figures given";
/// The metrics are worked out from a list of the events, each an object of name, instant and
/// revenue, with the beginnings of the windows given.
pub const EVENTS: &str = "list of events";
/// The metrics are worked out from a timeline, and the horizon with them.
pub const TIMELINE: &str = "timeline, with horizon";

/// An engine and a form of the rule.
pub struct Contender {
    pub engine: &'static str,
    pub form: &'static str,
    answer: Box<dyn FnMut(usize) -> bool>,
}

impl Contender {
    fn new(
        engine: &'static str,
        form: &'static str,
        answer: impl FnMut(usize) -> bool + 'static,
    ) -> Self {
        Self { engine, form, answer: Box::new(answer) }
    }

    /// Whether the person is a member at an instant.
    pub fn ask(&mut self, instant: usize) -> bool {
        (self.answer)(instant)
    }
}

/// All engines about one person, bespoke first.
pub fn all(history: &History) -> Vec<Contender> {
    vec![
        bespoke::timeline(history),
        datalogic::given(history),
        zen::given(history),
        rhai::given(history),
        cel::given(history),
        datalogic::events(history),
        zen::events(history),
        rhai::events(history),
        cel::events(history),
    ]
}

/// The list of events for the engines that read JSON.
fn events_json(history: &History) -> Value {
    let event = |event: &Event| match event.revenue {
        Some(revenue) => json!({"name": event.name, "at": event.at, "revenue": revenue}),
        None => json!({"name": event.name, "at": event.at}),
    };
    history.events.iter().map(event).collect()
}

/// What cannot fail here, since all rules and data are ours.
fn sound<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error:?}"))
}
