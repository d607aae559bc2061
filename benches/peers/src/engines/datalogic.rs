use bumpalo::Bump;
use datalogic_rs::{DataValue, Engine};
use serde_json::json;

use super::{Contender, EVENTS, GIVEN, events_json, sound};
use crate::history::{History, clock, for_each_instant};

const ENGINE: &str = "datalogic-rs 5.4";

pub fn given(history: &History) -> Contender {
    let rule = json!({"and": [
        {"==": [{"var": "country"}, "PT"]},
        {">": [{"var": "spent"}, 2000]},
        {">=": [{"var": "views"}, 5]},
    ]});
    let contexts = for_each_instant(|instant| {
        let figures = history.figures(instant);
        object(&json!({
            "country": figures.country, "spent": figures.spent, "views": figures.views,
        }))
    });
    contender(GIVEN, &rule, contexts)
}

pub fn events(history: &History) -> Contender {
    let named = |name: &str| json!({"==": [{"var": "name"}, name]});
    let after = |since: &str| json!({">": [{"var": "at"}, {"val": [[-2], since]}]});
    let happened = json!({"<=": [{"var": "at"}, {"val": [[-2], "now"]}]});
    let filter =
        |tests: [serde_json::Value; 3]| json!({"filter": [{"var": "events"}, {"and": tests}]});
    let spent = json!({"reduce": [
        filter([named("Order Completed"), after("since90"), happened.clone()]),
        {"+": [{"var": "current.revenue"}, {"var": "accumulator"}]},
        0,
    ]});
    let views = filter([after("since30"), happened, named("Product Viewed")]);
    let views = json!({"length": views});
    let rule = json!({"and": [
        {"==": [{"var": "country"}, "PT"]}, {">": [spent, 2000]}, {">=": [views, 5]},
    ]});
    let events = parse(&events_json(history));
    let contexts = for_each_instant(|instant| {
        let clock = clock(instant);
        let DataValue::Object(fields) = *object(&json!({
            "country": history.country,
            "now": clock.now, "since90": clock.since90, "since30": clock.since30,
        })) else {
            return object(&json!({}));
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

/// Data of the engine's own kind that live as long as the program, so that nothing is copied when
/// a question is asked.
fn parse(json: &serde_json::Value) -> DataValue<'static> {
    let (text, arena) = (json.to_string().leak(), Box::leak(Box::new(Bump::new())));
    sound(DataValue::from_str(text, arena))
}

fn object(json: &serde_json::Value) -> &'static DataValue<'static> {
    Box::leak(Box::new(parse(json)))
}
