use serde_json::json;
use zen_expression::vm::VM;
use zen_expression::{Scope, Variable, compile_expression};

use super::{Contender, EVENTS, GIVEN, events_json, sound};
use crate::history::{History, clock, for_each_instant};

const ENGINE: &str = "zen-expression 2.1";

pub fn given(history: &History) -> Contender {
    let contexts = for_each_instant(|instant| {
        let figures = history.figures(instant);
        Variable::from(json!({
            "country": figures.country, "spent": figures.spent, "views": figures.views,
        }))
    });
    contender(GIVEN, "country == 'PT' and spent > 2000 and views >= 5", contexts)
}

pub fn events(history: &History) -> Contender {
    let rule = "country == 'PT' \
        and sum(map(filter(events, #.name == 'Order Completed' and #.at > since90 and #.at <= now), \
            #.revenue)) > 2000 \
        and count(events, #.at > since30 and #.at <= now and #.name == 'Product Viewed') >= 5";
    let events = Variable::from(events_json(history));
    let contexts = for_each_instant(|instant| {
        let clock = clock(instant);
        let context = Variable::from(json!({
            "country": history.country,
            "now": clock.now, "since90": clock.since90, "since30": clock.since30,
        }));
        if let Some(fields) = context.as_object() {
            fields.borrow_mut().insert_str("events", events.clone());
        }
        context
    });
    contender(EVENTS, rule, contexts)
}

fn contender(form: &'static str, rule: &str, contexts: Vec<Variable>) -> Contender {
    let rule = sound(compile_expression(rule));
    let scopes: Vec<Scope> = contexts.into_iter().map(Scope::new).collect();
    let mut machine = VM::new();
    Contender::new(ENGINE, form, move |instant| {
        sound(rule.evaluate_with_scope(&scopes[instant], &mut machine)).as_bool() == Some(true)
    })
}
