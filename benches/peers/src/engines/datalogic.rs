use bumpalo::Bump;
use datalogic_rs::{DataValue, Engine};
use serde_json::json;

use super::{Contender, EVENTS, GIVEN, sound};
use crate::history::{Event, History, clock, for_each_instant};

const ENGINE: &str = "datalogic-rs 5.4";

pub fn given(history: &History) -> Contender {
    let rule = json!({"and": [
        {"==": [{"var": "country"}, "PT"]},
        {">": [{"var": "spent"}, 2000]},
        {">=": [{"var": "views"}, 5]},
    ]});
    let contexts = for_each_instant(|instant| {
        let figures = history.figures(instant);
        object(json!({
            "country": figures.country, "spent": figures.spent, "views": figures.views,
        }))
    });
    contender(GIVEN, &rule, contexts)
}

pub fn events(history: &History) -> Contender {
    let within = |name: &str, since: &str| {
        json!({"filter": [{"var": "events"}, {"and": [
            {"==": [{"var": "name"}, name]},
            {">": [{"var": "at"}, {"val": [[-2], since]}]},
            {"<=": [{"var": "at"}, {"val": [[-2], "now"]}]},
        ]}]})
    };
    let spent = json!({"reduce": [
        within("Order Completed", "since90"),
        {"+": [{"var": "current.revenue"}, {"var": "accumulator"}]},
        0,
    ]});
    let views = json!({"length": within("Product Viewed", "since30")});
    let rule = json!({"and": [
        {"==": [{"var": "country"}, "PT"]}, {">": [spent, 2000]}, {">=": [views, 5]},
    ]});
    let events = parse(&json!(history.events.iter().map(event).collect::<Vec<_>>()));
    let contexts = for_each_instant(|instant| {
        let clock = clock(instant);
        let DataValue::Object(fields) = *object(json!({
            "country": history.country,
            "now": clock.now, "since90": clock.since90, "since30": clock.since30,
        })) else {
            return object(json!({}));
        };
        let fields: Vec<_> = fields.iter().copied().chain([("events", events)]).collect();
        &*Box::leak(Box::new(DataValue::Object(fields.leak())))
    });
    contender(EVENTS, &rule, contexts)
}

fn contender(
    form: &'static str,
    rule: &serde_json::Value,
    contexts: Vec<&'static DataValue<'static>>,
) -> Contender {
    let engine = Engine::new();
    let rule = sound(engine.compile(&rule.to_string()[..]));
    let mut arena = Bump::new();
    Contender::new(ENGINE, form, move |instant| {
        let answer = sound(engine.evaluate(&rule, contexts[instant], &arena)).as_bool();
        arena.reset();
        answer == Some(true)
    })
}

fn event(event: &Event) -> serde_json::Value {
    match event.revenue {
        Some(revenue) => json!({"name": event.name, "at": event.at, "revenue": revenue}),
        None => json!({"name": event.name, "at": event.at}),
    }
}

/// Data of the engine's own kind that live as long as the program, so that nothing is copied when
/// a question is asked.
fn parse(json: &serde_json::Value) -> DataValue<'static> {
    let (text, arena) = (json.to_string().leak(), Box::leak(Box::new(Bump::new())));
    sound(DataValue::from_str(text, arena))
}

fn object(json: serde_json::Value) -> &'static DataValue<'static> {
    Box::leak(Box::new(parse(&json)))
}
