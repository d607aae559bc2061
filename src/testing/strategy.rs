//! Strategies for property tests of rules: one rich vocabulary, rules and metrics over it that
//! pass the check, facts, instants at which they meet, and syntax that means nothing at all.
//!
//! Instants and durations are few, so that events fall on one another's instants and on the edges
//! of windows.

mod dice;
mod facts;
mod rules;
mod syntax;
mod words;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use proptest::collection::{SizeRange, vec};
use proptest::strategy::Strategy;

pub use facts::{PERSON, events, fill, timeline};

use super::naive::Fact;
use crate::expr::Expr;
use crate::schema::{ANY_EVENT, Field, Schema};
use crate::time::Timestamp;
use crate::value::Kind;

use dice::Dice;
use rules::{Rules, Sort};

/// The vocabulary of all strategies here.
///
/// It has every kind of field, objects and lists within one another, and names that an element, its
/// event and the profile share.
pub fn schema() -> Schema {
    Schema::new()
        .attribute("engagement", Kind::Number)
        .attribute("price", Kind::Number)
        .attribute("country", Kind::Text)
        .attribute("vip", Kind::Boolean)
        .attribute("joined", Kind::Instant)
        .attribute("birthday", Kind::Text)
        .attribute("timezone", Kind::Text)
        .attribute("email", Field::from(Kind::Text).personal())
        .attribute("address", Field::object([("city", Kind::Text), ("zip", Kind::Number)]))
        .attribute("interests", Field::list(Kind::Text))
        .attribute("visits", visits())
        .event(ANY_EVENT, [("channel", Kind::Text)])
        .event(
            "Order Completed",
            [
                ("revenue", Field::from(Kind::Number)),
                ("total", Field::money("currency")),
                ("currency", Field::from(Kind::Text)),
                ("gift", Field::from(Kind::Boolean)),
                ("due", Field::from(Kind::Instant)),
                ("country", Field::from(Kind::Text)),
                ("products", products()),
                ("tags", Field::list(Kind::Text)),
                ("basket", Field::object([("note", Field::from(Kind::Text)), ("lines", lines())])),
            ],
        )
        .event(
            "Product Viewed",
            [
                ("price", Field::from(Kind::Number)),
                ("category", Field::from(Kind::Text)),
                ("tags", Field::list(Kind::Number)),
                ("gift", Field::from(Kind::Boolean)),
            ],
        )
        .event("Page Viewed", [] as [(&str, Kind); 0])
}

fn visits() -> Field {
    Field::list_of([("at", Kind::Instant), ("spent", Kind::Number), ("place", Kind::Text)])
}

fn lines() -> Field {
    Field::list_of([("sku", Kind::Text), ("count", Kind::Number)])
}

fn products() -> Field {
    Field::list_of([
        ("category", Field::from(Kind::Text)),
        ("quantity", Field::from(Kind::Number)),
        ("price", Field::from(Kind::Number)),
        ("fragile", Field::from(Kind::Boolean)),
        ("labels", Field::list(Kind::Text)),
        ("made", Field::object([("at", Kind::Instant), ("city", Kind::Text)])),
    ])
}

/// A rule with the metrics and segments that it may name.
#[derive(Clone)]
#[non_exhaustive]
pub struct Definitions {
    /// Metrics; each may name those before it in the alphabet.
    pub metrics: BTreeMap<Arc<str>, Expr>,
    /// Segments; one may name those before it in the alphabet, and every metric.
    pub segments: BTreeMap<Arc<str>, Expr>,
    /// The rule, which may name all of them.
    pub rule: Expr,
}

impl fmt::Debug for Definitions {
    /// As text, which is what a failing test is read by.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, expr) in self.metrics.iter().chain(&self.segments) {
            writeln!(f, "{name} := {expr};")?;
        }
        write!(f, "{}", self.rule)
    }
}

/// Rules of every construct, with metrics and segments, that pass the check against [`schema`].
pub fn definitions() -> impl Strategy<Value = Definitions> {
    (vec(rolls(0..60), 6), rolls(0..400)).prop_map(|(named, rule)| {
        let schema = schema();
        let mut rules = Rules::new(&schema);
        let mut named = named.into_iter();
        let mut metrics = BTreeMap::new();
        for (sort, bytes) in Sort::ALL.into_iter().zip(&mut named) {
            let name: Arc<str> = format!("metric_{}", metrics.len()).into();
            metrics.insert(Arc::clone(&name), rules.metric(sort, Dice::new(&bytes)));
            rules.metrics.push((name, sort));
        }
        let mut segments = BTreeMap::new();
        for bytes in named {
            let name: Arc<str> = format!("segment_{}", segments.len()).into();
            segments.insert(Arc::clone(&name), rules.rule(Dice::new(&bytes)));
            rules.segments.push(name);
        }
        Definitions { metrics, segments, rule: rules.rule(Dice::new(&rule)) }
    })
}

/// Rules of every construct that pass the check against [`schema`] and name no other definitions.
pub fn rules() -> impl Strategy<Value = Expr> {
    rolls(0..400).prop_map(|bytes| Rules::new(&schema()).rule(Dice::new(&bytes)))
}

/// Rules of one comparison, either of an aggregate with or without a window, whose filter does not
/// depend on time, or of an instant with `now()`: those whose horizon is exact.
pub fn single_comparisons() -> impl Strategy<Value = Expr> {
    rolls(0..120).prop_map(|bytes| Rules::new(&schema()).single_comparison(Dice::new(&bytes)))
}

/// Expressions that are well formed and need not mean anything, of names that are hard to print.
pub fn expressions() -> impl Strategy<Value = Expr> {
    rolls(0..300).prop_map(|bytes| syntax::expression(Dice::new(&bytes)))
}

/// Texts that are much like rules.
pub fn scribbles() -> impl Strategy<Value = String> {
    let rule = rules().prop_map(|rule| rule.to_string());
    (rule, rolls(0..24)).prop_map(|(rule, bytes)| syntax::scribble(&rule, Dice::new(&bytes)))
}

/// The facts of one person, in no order: with NULLs, fields and lists that are absent or empty,
/// several facts at one instant, some that are known late, early or for a while only.
pub fn facts() -> impl Strategy<Value = Vec<Fact>> {
    let fact = rolls(20..100).prop_map(|bytes| facts::fact(&schema(), Dice::new(&bytes)));
    vec(fact, 0..20)
}

/// Two instants, `now` and `known`, that lie on, just before or just after those of facts, or of
/// a window's edge; mostly they are the same.
pub fn moments() -> impl Strategy<Value = (Timestamp, Timestamp)> {
    rolls(6).prop_map(|bytes| {
        let mut dice = Dice::new(&bytes);
        let now = words::moment(&mut dice);
        (now, if dice.chance(3) { words::moment(&mut dice) } else { now })
    })
}

fn rolls(count: impl Into<SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    vec(proptest::num::u8::ANY, count)
}
