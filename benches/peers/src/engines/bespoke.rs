use std::hint::black_box;

use bespoke::Engine;
use bespoke::event::Event;
use bespoke::schema::Schema;
use bespoke::time::Timestamp;
use bespoke::value::{Decimal, Kind, Value};

use super::{Contender, TIMELINE, sound};
use crate::history::{History, ORDER, VIEW, clock, for_each_instant};

const RULE: &str = r#"country = 'PT'
    AND sum("Order Completed".revenue over 90 days) > 2000
    AND count("Product Viewed" over 30 days) >= 5"#;

pub fn timeline(history: &History) -> Contender {
    let schema = Schema::new()
        .attribute("country", Kind::Text)
        .event(ORDER, [("revenue", Kind::Number)])
        .event(VIEW, [] as [(&str, Kind); 0]);
    let mut engine = sound(Engine::new(schema));
    sound(engine.add_segment("rule", RULE));
    let mut timeline = engine.timeline();
    let told = Event::identify("p-1", Timestamp::from_micros(0)).with("country", history.country);
    timeline.insert(&told, engine.schema());
    for event in &history.events {
        let told = Event::track("p-1", event.name, Timestamp::from_micros(event.at));
        let told = match event.revenue {
            Some(revenue) => told.with("revenue", number(revenue)),
            None => told,
        };
        timeline.insert(&told, engine.schema());
    }
    let instants = for_each_instant(|instant| Timestamp::from_micros(clock(instant).now));
    Contender::new("bespoke", TIMELINE, move |instant| {
        let segment = &engine.segments()["rule"];
        black_box(segment.evaluate(&timeline.facts(instants[instant]))).value
    })
}

fn number(whole: i64) -> Value {
    let micros = i128::from(whole) * i128::from(Decimal::SCALE);
    Decimal::from_micros(micros).map_or(Value::Null, Value::from)
}
