//! A metric's values over customers.

use std::fmt::Write as _;
use std::sync::Arc;

use super::text::sentence;
use super::{Definition, Distribution, Scale};
use crate::error::Result;
use crate::expr::{Expr, Function, Node};
use crate::facts::Facts;
use crate::metric::{Engagement, Measure, Metric};
use crate::playbook::MetricPlan;
use crate::stats::Spread;
use crate::value::Decimal;

/// A metric, what it is, and its values.
#[derive(Clone, Debug)]
pub(super) struct Measured {
    pub(super) definition: Definition,
    metric: Metric,
    scale: Scale,
    title: String,
    pub(super) unit: String,
    values: Spread,
    without: u64,
}

impl Measured {
    pub(super) fn new(name: &Arc<str>, plan: &MetricPlan, metric: &Metric) -> Result<Self> {
        let (definition, scale, title) = match plan {
            MetricPlan::Engagement(of) => {
                let words = weights(of);
                (Definition::new(&**name, "", words), Scale::Level, capitalised(&plain(name)))
            }
            MetricPlan::Rfm(of) => {
                let text = of.text();
                let words = Expr::parse(&text)?.words();
                let title = capitalised(&plain(name));
                (Definition::new(&**name, text, words), Scale::Count, title)
            }
            MetricPlan::Text(text) => {
                let expr = Expr::parse(text)?;
                let words = expr.words();
                let title = title(&words);
                (Definition::new(&**name, &**text, words), scale(&expr), title)
            }
        };
        Ok(Self {
            definition,
            metric: metric.clone(),
            scale,
            title,
            unit: String::new(),
            values: Spread::new(),
            without: 0,
        })
    }

    /// Takes in a person's value.
    pub(super) fn add(&mut self, facts: &Facts<'_>) {
        let (value, in_days) = match self.metric.evaluate(facts).value {
            Measure::Number(number) => (Some(number.to_f64()), false),
            // Whole days, as people count them.
            Measure::Instant(at) => (Some(days(facts.now().micros() - at.micros())), true),
            Measure::Duration(length) => (Some(days(length.micros())), true),
            _ => (None, false),
        };
        if in_days {
            self.scale = Scale::Days;
        }
        if value.is_none_or(|value| self.values.add(value).is_err()) {
            self.without += 1;
        }
    }

    /// Its distribution; `None` where it has no figures.
    pub(super) fn distribution(&self) -> Result<Option<Distribution>> {
        if self.values.is_empty() {
            return Ok(None);
        }
        let mut distribution = Distribution::of(&*self.title, &self.values, self.scale)?;
        distribution.metric.clone_from(&self.definition.name);
        distribution.without = self.without;
        if !self.unit.is_empty() {
            distribution.unit.clone_from(&self.unit);
        }
        if self.scale == Scale::Level {
            distribution.caption = sentence(&self.definition.words);
        }
        Ok(Some(distribution))
    }
}

/// The days that are over in so many microseconds.
fn days(micros: i64) -> f64 {
    (micros as f64 / 86_400e6).floor()
}

/// A number of events is a count; what else is a number may be an amount.
fn scale(expr: &Expr) -> Scale {
    match expr.node() {
        Node::Aggregate(aggregate) if aggregate.function() == Function::Count => Scale::Count,
        _ => Scale::Amount,
    }
}

/// A metric's words as a heading; an instant is shown by the days since it.
fn title(words: &str) -> String {
    match words.strip_prefix("the time of ").or_else(|| words.strip_prefix("the time since ")) {
        Some(of) => format!("Days since {of}"),
        None => capitalised(words.strip_prefix("the ").unwrap_or(words)),
    }
}

fn weights(of: &Engagement) -> String {
    let mut words = format!("what a customer did in the last {}, from 0 to 100: ", of.window());
    for (place, (event, weight)) in of.weights().iter().enumerate() {
        let comma = if place == 0 { "" } else { ", " };
        // A text takes whatever is written to it.
        let _ = write!(words, "{comma}{weight} for each “{event}”");
    }
    if of.scale() != Decimal::ONE {
        let _ = write!(words, ", all of it times {}", of.scale());
    }
    words
}

fn plain(name: &str) -> String {
    name.replace(['_', '-'], " ")
}

fn capitalised(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_are_words() {
        for (metric, expected, scale_of) in [
            (r#"count("Order Completed")"#, "Number of “Order Completed”", Scale::Count),
            (r#"last("Order Completed")"#, "Days since the last “Order Completed”", Scale::Amount),
            (
                r#"now() - last("Order Completed")"#,
                "Days since the last “Order Completed”",
                Scale::Amount,
            ),
            (
                r#"sum("Order Completed".revenue over 90 days)"#,
                "Total revenue of “Order Completed” in the last 90 days",
                Scale::Amount,
            ),
        ] {
            let expr = Expr::parse(metric).unwrap();
            assert_eq!((title(&expr.words()).as_str(), scale(&expr)), (expected, scale_of));
        }
        assert_eq!(capitalised(&plain("spend_90d")), "Spend 90d");
    }
}
