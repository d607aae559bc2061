use std::collections::HashMap;
use std::sync::Arc;

use cel::{Context, Env, Value};

use super::{Contender, EVENTS, GIVEN, sound};
use crate::history::{Event, History, clock, for_each_instant};

const ENGINE: &str = "cel 0.15";

pub fn given(history: &History) -> Contender {
    let env = Arc::new(Env::stdlib());
    let rule = sound(env.compile("country == 'PT' && spent > 2000 && views >= 5"));
    let contexts = for_each_instant(|instant| {
        let figures = history.figures(instant);
        let mut context = Context::with_env(Arc::clone(&env));
        context.add_variable_from_value("country", figures.country);
        context.add_variable_from_value("spent", figures.spent);
        context.add_variable_from_value("views", figures.views);
        context
    });
    Contender::new(ENGINE, GIVEN, move |instant| {
        sound(rule.execute(&contexts[instant])) == Value::Bool(true)
    })
}

/// The language has no sum; hosts bring it as a function.
pub fn events(history: &History) -> Contender {
    let env = Arc::new(Env::stdlib());
    let rule = sound(env.compile(
        "country == 'PT' \
            && sum(events.map(e, e.name == 'Order Completed' && e.at > since90 && e.at <= now, \
                e.revenue)) > 2000 \
            && size(events.filter(e, \
                e.at > since30 && e.at <= now && e.name == 'Product Viewed')) >= 5",
    ));
    // Lives as long as the program, so that the scopes of all instants share the events.
    let shared: &'static mut Context<'_, '_> =
        Box::leak(Box::new(Context::with_env(Arc::clone(&env))));
    sound(shared.add_function("sum", |list: Arc<Vec<Value>>| {
        list.iter().map(|value| if let Value::Int(whole) = value { *whole } else { 0 }).sum::<i64>()
    }));
    shared.add_variable_from_value("country", history.country);
    shared.add_variable_from_value("events", history.events.iter().map(event).collect::<Vec<_>>());
    let shared: &'static Context<'_, '_> = shared;
    let contexts = for_each_instant(|instant| {
        let clock = clock(instant);
        let mut context = shared.new_inner_scope();
        context.add_variable_from_value("now", clock.now);
        context.add_variable_from_value("since90", clock.since90);
        context.add_variable_from_value("since30", clock.since30);
        context
    });
    Contender::new(ENGINE, EVENTS, move |instant| {
        sound(rule.execute(&contexts[instant])) == Value::Bool(true)
    })
}

fn event(event: &Event) -> Value {
    let mut fields: HashMap<&str, Value> =
        HashMap::from([("name", event.name.into()), ("at", event.at.into())]);
    if let Some(revenue) = event.revenue {
        fields.insert("revenue", revenue.into());
    }
    fields.into()
}
