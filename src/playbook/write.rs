//! Definitions into files.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::{Table, Value};

use super::part::default;
use super::{BlockPlan, ContentPlan, FORMAT, MailingPlan, MetricPlan, Playbook};
use crate::content::Block;
use crate::metric::{Engagement, RfmMetric};
use crate::scorer::{Score, Target};
use crate::value::Decimal;

/// The files of a playbook; those without any definition are left out.
pub(super) fn files(playbook: &Playbook) -> BTreeMap<String, String> {
    let head = [("format", Value::Integer(FORMAT)), ("name", text(&playbook.name))];
    let mut files = Files(BTreeMap::new());
    files.table("playbook.toml", &table(head));
    files.0.insert("schema.toml".into(), playbook.schema.to_toml());
    files.table("metrics.toml", &metrics(&playbook.metrics));
    files.table("segments.toml", &texts(&playbook.segments));
    files.table("scores.toml", &named(&playbook.scores, score));
    files.table("purposes.toml", &purposes(playbook));
    if let Some(sender) = &playbook.sender {
        let fields = [
            ("from", text(&sender.from)),
            ("unsubscribe_url", text(&sender.unsubscribe_url)),
            ("postal_address", text(&sender.postal_address)),
        ];
        let optional = sender.optional().map(|(name, value)| (name, text(value)));
        files.table("sender.toml", &table(fields.into_iter().chain(optional)));
    }
    files.table("mailings.toml", &named(&playbook.mailings, mailing));
    playbook.blocks.iter().for_each(|(name, plan)| files.block(name, plan));
    for (name, plan) in &playbook.templates {
        for (part, text) in plan.parts() {
            files.0.insert(format!("templates/{name}/{part}"), format!("{text}\n"));
        }
    }
    files.0
}

struct Files(BTreeMap<String, String>);

impl Files {
    fn table(&mut self, path: &str, table: &Table) {
        if !table.is_empty() {
            // Texts, numbers, lists and tables with text keys: nothing that TOML cannot say.
            self.0.insert(path.into(), toml::to_string_pretty(table).unwrap_or_default());
        }
    }

    fn block(&mut self, name: &str, plan: &BlockPlan) {
        let variants = plan.variants.iter().map(|variant| {
            let mut fields = self.content(name, &variant.name, &variant.content);
            fields.insert("name".into(), text(&variant.name));
            fields.insert("rule".into(), text(&variant.rule));
            Value::Table(fields)
        });
        let variants: Vec<Value> = variants.collect();
        let fallback = self.content(name, Block::FALLBACK, &plan.fallback);
        let mut fields = Table::new();
        if !variants.is_empty() {
            fields.insert("variants".into(), Value::Array(variants));
        }
        if !fallback.is_empty() {
            fields.insert("fallback".into(), Value::Table(fallback));
        }
        let written = toml::to_string_pretty(&fields).unwrap_or_default();
        self.0.insert(format!("blocks/{name}.toml"), written);
    }

    /// What a variant says in one line stands in the block's file, what is longer in one of its own.
    fn content(&mut self, block: &str, variant: &str, plan: &ContentPlan) -> Table {
        let mut inline = Table::new();
        for (part, said) in plan.parts() {
            if !said.contains('\n') {
                inline.insert(part.into(), text(said));
                continue;
            }
            let end = if part == "html" { "html" } else { "txt" };
            self.0.insert(format!("blocks/{block}/{variant}.{end}"), format!("{said}\n"));
        }
        inline
    }
}

fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

fn table<'k>(fields: impl IntoIterator<Item = (&'k str, Value)>) -> Table {
    fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn texts(texts: &BTreeMap<Arc<str>, Arc<str>>) -> Table {
    texts.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn named<T>(plans: &BTreeMap<Arc<str>, T>, write: impl Fn(&T) -> Table) -> Table {
    plans.iter().map(|(name, plan)| (name.to_string(), Value::Table(write(plan)))).collect()
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> Value {
    Value::Array(items.into_iter().map(|item| Value::String(item.to_string())).collect())
}

fn metrics(plans: &BTreeMap<Arc<str>, MetricPlan>) -> Table {
    let (mut metrics, mut scores, mut classes) = (Table::new(), Table::new(), Table::new());
    for (name, plan) in plans {
        match plan {
            MetricPlan::Text(value) => drop(metrics.insert(name.to_string(), text(value))),
            MetricPlan::Engagement(score) => {
                scores.insert(name.to_string(), Value::Table(engagement(score)));
            }
            MetricPlan::Rfm(metric) => match metric.axis().without(name) {
                // All three metrics say the same here.
                Some(name) => drop(classes.insert(name.to_owned(), rfm(metric))),
                None => drop(metrics.insert(name.to_string(), text(&metric.text()))),
            },
        }
    }
    let tables = [("metrics", metrics), ("engagement", scores), ("rfm", classes)];
    let filled = tables.into_iter().filter(|(_, table)| !table.is_empty());
    table(filled.map(|(name, table)| (name, Value::Table(table))))
}

fn rfm(metric: &RfmMetric) -> Value {
    // Texts, numbers and lists, as of any definition.
    Value::try_from(metric.cuts()).unwrap_or_else(|_| Value::Table(Table::new()))
}

fn engagement(score: &Engagement) -> Table {
    let weights = score.weights().iter();
    let weights = weights.map(|(event, weight)| (event.to_string(), decimal(*weight)));
    table([
        ("weights", Value::Table(weights.collect())),
        ("window", text(&score.window().to_string())),
        ("scale", decimal(score.scale())),
    ])
}

/// A number as TOML has it. One with a point has at most 18 digits, of which a float keeps those
/// that it is written with up to 15; what it would not keep is written as a text.
fn decimal(number: Decimal) -> Value {
    let written = number.to_string();
    if let Ok(whole) = written.parse() {
        return Value::Integer(whole);
    }
    match written.parse::<f64>() {
        Ok(float) if float.to_string() == written => Value::Float(float),
        _ => Value::String(written),
    }
}

fn score(plan: &Score) -> Table {
    let features = plan.features.iter();
    let outcome = if plan.target == Target::Number { "amount" } else { "outcome" };
    let features = features.map(|(name, value)| (name.to_string(), text(value))).collect();
    let mut fields = table([
        ("eligible", text(&plan.eligible)),
        (outcome, text(&plan.outcome)),
        ("horizon", text(&plan.horizon.to_string())),
        ("evaluation", text(&plan.evaluation.to_string())),
        ("training", list(&plan.training)),
        ("features", Value::Table(features)),
    ]);
    let mut add = |key: &str, value| drop(fields.insert(key.to_owned(), value));
    let on: Vec<Value> = plan.refresh.events().map(|event| text(event)).collect();
    if !on.is_empty() {
        add("refresh_on", Value::Array(on));
    }
    plan.refresh.interval().into_iter().for_each(|every| {
        add("refresh_every", text(&every.to_string()));
    });
    fields
}

fn purposes(playbook: &Playbook) -> Table {
    let topics = named(&playbook.topics, |topic| {
        table([
            ("purpose", text(&topic.purpose)),
            ("description", text(&topic.description)),
            ("default", text(default(topic.default))),
        ])
    });
    let tables = [("purposes", texts(&playbook.purposes)), ("topics", topics)];
    let filled = tables.into_iter().filter(|(_, table)| !table.is_empty());
    table(filled.map(|(name, table)| (name, Value::Table(table))))
}

fn mailing(plan: &MailingPlan) -> Table {
    let mut fields = table([("template", text(&plan.template)), ("purpose", text(&plan.purpose))]);
    let mut add = |key: &str, value| drop(fields.insert(key.to_owned(), value));
    plan.topic.iter().for_each(|topic| add("topic", text(topic)));
    plan.audience.iter().for_each(|rule| add("audience", text(rule)));
    let caps = plan.caps.iter().map(|cap| {
        let messages = Value::Integer(cap.messages.into());
        let window = text(&cap.window.to_string());
        Value::Table(table([("messages", messages), ("window", window)]))
    });
    if !plan.caps.is_empty() {
        add("caps", Value::Array(caps.collect()));
    }
    if let Some(quiet) = &plan.quiet_hours {
        let hours = table([("from", text(&quiet.from)), ("to", text(&quiet.to))]);
        add("quiet_hours", Value::Table(hours));
    }
    if let Some(zone) = &plan.zone {
        let attribute = zone.attribute.iter().map(|name| ("attribute", text(name)));
        let default = [("default", text(&zone.default))];
        add("zone", Value::Table(table(default.into_iter().chain(attribute))));
    }
    if !plan.given.is_empty() {
        add("given", list(&plan.given));
    }
    fields
}
