//! Random definitions as a host would add them.

use std::collections::BTreeMap;
use std::sync::Arc;

use bespoke::engine::Engine;
use bespoke::expr::Expr;
use bespoke::schema::Schema;
use bespoke::testing::strategy::Definitions;

/// The engine of some definitions, and its rules by the names of their segments.
pub(crate) fn engine(
    definitions: &Definitions,
    schema: Schema,
) -> (Engine, BTreeMap<Arc<str>, Expr>) {
    let mut engine = Engine::new(schema).unwrap();
    for (name, metric) in &definitions.metrics {
        engine.add_metric(name, &metric.to_string()).unwrap();
    }
    let mut rules = definitions.segments.clone();
    for (name, segment) in &definitions.segments {
        engine.add_segment(name, &segment.to_string()).unwrap();
    }
    engine.add_segment("the rule", &definitions.rule.to_string()).unwrap();
    rules.insert("the rule".into(), definitions.rule.clone());
    (engine, rules)
}
