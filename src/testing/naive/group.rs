//! Groups by the letter: the rule is asked for every value that some entry has.

use std::sync::Arc;

use super::{Answer, Entry, Ratio, Scope, World, any};
use crate::expr::{Aggregate, Expr, Node};
use crate::time::Timestamp;
use crate::value::Value;

impl<'a> World<'a> {
    pub(super) fn some_value(&self, by: &'a [Arc<str>], rule: &'a Expr) -> Option<bool> {
        let mut aggregates = Vec::new();
        collect(rule, &mut aggregates);
        let entries = aggregates.iter().flat_map(|aggregate| self.entries(aggregate.series()));
        let mut values: Vec<&'a Value> = entries.map(|entry| self.of(by, entry)).collect();
        values.retain(|value| **value != Value::Null);
        values.sort();
        values.dedup();
        let worlds = values.into_iter().map(|value| Self { group: Some((by, value)), ..*self });
        let had = worlds.filter(|world| aggregates.iter().any(|aggregate| world.has(aggregate)));
        any(had.map(|world| world.condition(rule, Scope::default())))
    }

    /// Whether an aggregate has an entry, whatever its window.
    fn has(&self, aggregate: &'a Aggregate) -> bool {
        let ever = (Ratio::from(Timestamp::MIN), Ratio::from(self.now));
        self.counted(aggregate, &ever).iter().any(|entry| entry.figure() != Answer::Null)
    }

    /// Whether an entry has the value of the group that is asked about, if one is.
    pub(super) fn shares(&self, entry: Entry<'a>) -> bool {
        self.group.is_none_or(|(by, value)| self.of(by, entry) == value)
    }

    fn of(&self, by: &'a [Arc<str>], entry: Entry<'a>) -> &'a Value {
        self.find(by, Scope { entry: Some(entry), bound: None })
    }
}

/// The aggregates within a rule, steps of funnels among them.
fn collect<'a>(rule: &'a Expr, aggregates: &mut Vec<&'a Aggregate>) {
    match rule.node() {
        Node::Aggregate(aggregate) => aggregates.push(aggregate),
        Node::Funnel(funnel) => aggregates.extend(funnel.steps()),
        _ => {}
    }
    rule.node().for_each_child(&mut |part| collect(part, aggregates));
}
