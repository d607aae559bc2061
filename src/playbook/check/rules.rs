//! Metrics, segments and scores, in an order in which each is known to those that name it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::MetricPlan;
use super::super::atlas::{Key, key};
use super::super::graph::{Mentions, order};
use super::super::part::{Name, Sort};
use super::Checker;
use crate::error::Result;
use crate::expr::Expr;
use crate::metric::{Engagement, Metric};
use crate::scorer::{Score, Target};
use crate::segment::Rule;

/// What each part names; of a part that cannot be read, what can be.
pub(super) type Parts = BTreeMap<Name, Mentions>;

impl Checker<'_> {
    /// Reads every metric, segment and score.
    pub(super) fn parse(&mut self) -> Parts {
        let (book, mut parts) = (self.playbook, Parts::new());
        for (name, plan) in &book.metrics {
            let part = (Sort::Metric, Arc::clone(name));
            let mentions = match plan {
                MetricPlan::Text(text) => self.expr(&key(Sort::Metric, name, "rule"), text),
                MetricPlan::Engagement(_) => Some(Mentions::default()),
                MetricPlan::Rfm(metric) => self.expr(&key(Sort::Metric, name, ""), &metric.text()),
            };
            parts.insert(part.clone(), self.sound(part, mentions));
        }
        for (name, text) in &book.segments {
            let part = (Sort::Segment, Arc::clone(name));
            let mentions = self.expr(&key(Sort::Segment, name, "rule"), text);
            parts.insert(part.clone(), self.sound(part, mentions));
        }
        for (name, score) in &book.scores {
            let part = (Sort::Score, Arc::clone(name));
            let mut all = Mentions::default();
            for (at, text) in texts(name, score) {
                // One that cannot be read was told of; the others are looked at all the same.
                let Mentions { parts, unknown } = self.expr(&at, text).unwrap_or_default();
                all.parts.extend(parts);
                all.unknown |= unknown;
            }
            parts.insert(part, all);
        }
        let named = [Sort::Metric, Sort::Segment, Sort::Score];
        let unsound = self.unsound.iter().filter(|(sort, _)| named.contains(sort));
        for part in unsound {
            parts.insert(part.clone(), Mentions::default());
        }
        parts
    }

    fn sound(&mut self, part: Name, mentions: Option<Mentions>) -> Mentions {
        mentions.unwrap_or_else(|| {
            self.unsound.insert(part);
            Mentions::default()
        })
    }

    /// Adds every metric and segment to the engine, and checks the scores.
    pub(super) fn rules(&mut self, parts: &Parts) {
        let (order, circles) = order(parts);
        circles.iter().for_each(|circle| self.circle(circle));
        for part in order {
            let mentions = parts.get(&part).cloned().unwrap_or_default();
            let (sort, name) = &part;
            let checkable = !self.unsound.contains(&part) && self.is_checkable(&mentions);
            let added = match sort {
                Sort::Metric => checkable && self.metric(name),
                Sort::Segment => checkable && self.segment(name),
                _ => {
                    if *sort == Sort::Score && !circles.iter().flatten().any(|of| *of == part) {
                        self.score(name);
                    }
                    true
                }
            };
            if !added {
                self.stand_in(part);
            }
        }
    }

    /// Puts something into the engine, so that the part's name is known to those that use it.
    fn stand_in(&mut self, part: Name) {
        let (sort, name) = &part;
        // Where the name is taken, the other part stands for it.
        let _ = match sort {
            Sort::Segment => self.engine.add_segment(name, "TRUE"),
            _ => self.engine.add_metric(name, "0"),
        };
        self.unsound.insert(part);
    }

    fn circle(&mut self, circle: &[Name]) {
        let Some((sort, first)) = circle.first() else { return };
        let names: Vec<String> =
            circle.iter().chain(circle.first()).map(|(_, name)| format!("`{name}`")).collect();
        let lines = circle.iter().filter_map(|(sort, name)| {
            let line = self.atlas.line(&key(*sort, name, ""))?;
            Some(format!("`{name}` is in {line}"))
        });
        let lines = lines.collect::<Vec<_>>().join("; ");
        let message = match circle.len() {
            1 => format!("the {sort} `{first}` names itself"),
            _ => format!("these definitions name each other in a circle: {}", names.join(" → ")),
        };
        let help = match circle.len() {
            1 => "write it without its own name".to_owned(),
            _ => format!("one of them must do without the next: {lines}"),
        };
        self.atlas.fault(&key(*sort, first, "rule"), message, Some(help));
        self.unsound.extend(circle.iter().cloned());
    }

    fn metric(&mut self, name: &Arc<str>) -> bool {
        let at = key(Sort::Metric, name, "rule");
        match self.playbook.metrics.get(name) {
            Some(MetricPlan::Text(text)) => {
                let added = self.engine.add_metric(name, text);
                self.tell(&at, text, &added.map(drop))
            }
            Some(MetricPlan::Engagement(score)) => self.engagement(name, score),
            Some(MetricPlan::Rfm(metric)) => {
                let added = self.engine.add_metric(name, &metric.text());
                let at = key(Sort::Metric, name, "");
                added.map_err(|error| self.atlas.fault(&at, error.detail(), None)).is_ok()
            }
            None => false,
        }
    }

    fn segment(&mut self, name: &Arc<str>) -> bool {
        let Some(rule) = self.playbook.segments.get(name) else { return false };
        let added = self.engine.add_segment(name, rule);
        self.tell(&key(Sort::Segment, name, "rule"), rule, &added.map(drop))
    }

    /// Tells what is wrong, if something is.
    fn tell(&mut self, at: &Key, text: &str, done: &Result<()>) -> bool {
        if let Err(error) = done {
            self.told(at, text, error);
        }
        done.is_ok()
    }

    fn engagement(&mut self, name: &Arc<str>, score: &Engagement) -> bool {
        let schema = &self.playbook.schema;
        let known = |event: &&Arc<str>| schema.is_open() || schema.has_event(event);
        let unknown: Vec<_> = score.weights().keys().filter(|event| !known(event)).collect();
        for event in &unknown {
            let at = key(Sort::Metric, name, format!("weight {event}"));
            self.known("event", event, schema.events().keys(), &at);
        }
        let at = key(Sort::Metric, name, "");
        unknown.is_empty() && {
            let added = self.engine.add_engagement(name, score);
            added.map_err(|error| self.atlas.fault(&at, error.detail(), None)).is_ok()
        }
    }

    fn score(&mut self, name: &Arc<str>) {
        let Some(score) = self.playbook.scores.get(name) else { return };
        let before = self.atlas.faults();
        for (feature, text) in &score.features {
            let at = key(Sort::Score, name, format!("feature {feature}"));
            if !self.is_legible(text) {
                continue;
            }
            match Metric::parse(text, self.engine.names()) {
                Err(error) => self.told(&at, text, &error),
                Ok(metric) => {
                    if let Some(what) = metric.no_number() {
                        let message = format!("a feature counts, this is {what}");
                        let help = "a length of time is as in `now() - last(…)`".to_owned();
                        self.atlas.fault(&at, message, Some(help));
                    }
                }
            }
        }
        for (field, text) in [("eligible", &score.eligible), ("outcome", &score.outcome)] {
            let counts = field == "outcome" && score.target == Target::Number;
            if !counts && self.is_legible(text) {
                self.condition(&key(Sort::Score, name, field), text);
            }
        }
        self.snapshots(name, score);
        if self.atlas.faults() == before
            && let Err(error) = self.engine.add_score(name, score)
        {
            self.atlas.fault(&key(Sort::Score, name, ""), error.detail(), None);
        }
    }

    /// Whether a text can be read, and all that it names can be asked for its kind.
    fn is_legible(&self, text: &str) -> bool {
        let expr = Expr::parse(text).ok();
        expr.is_some_and(|expr| self.is_checkable(&self.defined.mentions(&expr)))
    }

    /// Checks a rule that has no name of its own.
    pub(super) fn condition(&mut self, at: &Key, text: &str) -> bool {
        let checked = Rule::parse(text).and_then(|rule| rule.check(self.engine.names()));
        self.tell(at, text, &checked.map(drop))
    }

    /// Labels must be known by the time at which they are learnt from.
    fn snapshots(&mut self, name: &str, score: &Score) {
        let (horizon, evaluation) = (score.horizon, score.evaluation);
        if evaluation < horizon {
            let message = format!("what came of it is known {horizon} later, not {evaluation}");
            let help = format!("`evaluation` is at least {horizon}, the horizon");
            self.atlas.fault(&key(Sort::Score, name, "evaluation"), message, Some(help));
            return;
        }
        let least = horizon.micros().saturating_add(evaluation.micros());
        for early in score.training.iter().filter(|length| length.micros() < least) {
            let least = crate::time::Duration::from_micros(least);
            let message = format!("a snapshot {early} ago would have learnt from the future");
            let help = format!("it is at least {least} ago: `evaluation` and `horizon` together");
            let at = key(Sort::Score, name, format!("training {early}"));
            self.atlas.fault(&at, message, Some(help));
        }
    }
}

/// The rules and metrics of a score, with their places.
fn texts<'s>(name: &str, score: &'s Score) -> Vec<(Key, &'s str)> {
    let at = |field: &str| key(Sort::Score, name, field);
    let features = score.features.iter();
    let features = features.map(|(feature, text)| (at(&format!("feature {feature}")), &**text));
    let rules = [(at("eligible"), &*score.eligible), (at("outcome"), &*score.outcome)];
    features.chain(rules).collect()
}
