//! At which instants time alone may change what a rule says.

use std::collections::BTreeSet;

use super::World;
use crate::expr::{Expr, Literal, Node, Over};
use crate::time::{Duration, Timestamp};
use crate::value::Value;

/// What a rule and the facts have to do with time.
#[derive(Default)]
struct Marks {
    instants: BTreeSet<i64>,
    durations: BTreeSet<i64>,
    factors: BTreeSet<i64>,
}

impl World<'_> {
    /// Instants at which the rule may well change, early and late by a microsecond too: every
    /// instant that the facts or the rule name, before and after by up to two of the rule's
    /// durations, what lies in the middle of two instants, and some instants at even distances.
    ///
    /// These are guesses to ask at, not a proof: sums of more durations are left out.
    pub fn turns(&self, rule: &Expr) -> BTreeSet<Timestamp> {
        let mut marks = Marks::default();
        marks.rule(rule);
        for named in self.metrics.into_iter().chain(self.segments) {
            for rule in named.values() {
                marks.rule(rule);
            }
        }
        for fact in self.facts {
            marks.instants.insert(fact.at.micros());
            fact.fields.iter().for_each(|(_, value)| marks.value(value));
        }
        let near =
            |turn: i64| (-1..=1).map(move |by| Timestamp::from_micros(turn.saturating_add(by)));
        let turns = marks.turns();
        let between = even(turns.first().copied(), turns.last().copied());
        let mut turns: BTreeSet<Timestamp> = turns.into_iter().flat_map(near).collect();
        turns.extend(between.map(Timestamp::from_micros));
        turns.retain(|turn| *turn <= Timestamp::LAST);
        turns
    }
}

/// Instants at even distances between two.
fn even(first: Option<i64>, last: Option<i64>) -> impl Iterator<Item = i64> {
    const COUNT: i64 = 50;
    let (first, last) = (first.unwrap_or_default(), last.unwrap_or_default());
    let step = last.saturating_sub(first) / COUNT;
    (0..COUNT).map(move |index| first.saturating_add(index * step))
}

impl Marks {
    fn turns(&self) -> BTreeSet<i64> {
        let offsets = self.offsets();
        let mut turns = BTreeSet::new();
        for instant in &self.instants {
            turns.extend(offsets.iter().map(|offset| instant.saturating_add(*offset)));
            let middle = |other: &i64| instant.midpoint(*other);
            turns.extend(self.instants.iter().map(middle));
        }
        turns
    }

    fn offsets(&self) -> BTreeSet<i64> {
        let scaled = self.durations.iter().flat_map(|duration| {
            let factors = self.factors.iter().filter(|factor| **factor != 0);
            let by = factors.flat_map(|factor| {
                [duration.saturating_mul(*factor), duration.saturating_div(*factor)]
            });
            by.chain([*duration])
        });
        let single: BTreeSet<i64> =
            scaled.flat_map(|duration| [duration, duration.saturating_neg()]).chain([0]).collect();
        let sums = |a: &i64| single.iter().map(|b| a.saturating_add(*b)).collect::<Vec<_>>();
        single.iter().flat_map(sums).collect()
    }

    fn value(&mut self, value: &Value) {
        match value {
            Value::Instant(at) => {
                self.instants.insert(at.micros());
            }
            Value::List(elements) => elements.iter().for_each(|element| self.value(element)),
            Value::Object(fields) => fields.iter().for_each(|(_, value)| self.value(value)),
            _ => {}
        }
    }

    fn rule(&mut self, rule: &Expr) {
        match rule.node() {
            Node::Aggregate(aggregate) => self.window(aggregate.window()),
            Node::Funnel(funnel) => self.window(funnel.window()),
            Node::Class { cuts, .. } => cuts.iter().for_each(|literal| self.literal(literal)),
            Node::In { list, .. } => list.iter().for_each(|literal| self.literal(literal)),
            Node::Literal(literal) => self.literal(literal),
            Node::Scale { by, .. } => {
                self.factors.insert(by.micros() / 1_000_000);
            }
            _ => {}
        }
        rule.node().for_each_child(&mut |part| self.rule(part));
    }

    fn window(&mut self, window: Option<&Over>) {
        if let Some(Over::Sliding { length, ending }) = window {
            let ending = ending.unwrap_or_default();
            let durations = [
                *length,
                ending,
                Duration::from_micros(length.micros().saturating_add(ending.micros())),
            ];
            self.durations.extend(durations.map(Duration::micros));
        }
    }

    fn literal(&mut self, literal: &Literal) {
        match literal {
            Literal::Interval(interval) => {
                self.durations.insert(interval.micros());
            }
            Literal::Timestamp(at) => {
                self.instants.insert(at.micros());
            }
            _ => {}
        }
    }
}
