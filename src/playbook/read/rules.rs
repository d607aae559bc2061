//! Metrics, segments and scores.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::atlas::key;
use super::super::document::{Fields, Node, span};
use super::super::part::Sort;
use super::super::{MetricPlan, plan};
use super::Reader;
use crate::error::Span;
use crate::metric::Engagement;
use crate::scorer::{Refresh, Score, Target};
use crate::time::Duration;
use crate::value::Decimal;

pub(super) type Named<T> = BTreeMap<Arc<str>, T>;

impl Reader<'_> {
    pub(super) fn metrics(&mut self, fields: Fields<'_>) -> Named<MetricPlan> {
        // The names in a table that is called otherwise are not known.
        self.complete &= fields.only(&["metrics", "engagement", "rfm"], &mut self.atlas);
        let metrics = fields.table("metrics", &mut self.atlas);
        let texts = metrics.map(|table| self.texts(Sort::Metric, table)).unwrap_or_default();
        let mut metrics: Named<MetricPlan> =
            texts.into_iter().map(|(name, text)| (name, MetricPlan::Text(text))).collect();
        self.engagements(&fields, &mut metrics);
        self.classes(&fields, &mut metrics);
        metrics
    }

    fn engagements(&mut self, fields: &Fields<'_>, metrics: &mut Named<MetricPlan>) {
        let Some(scores) = fields.table("engagement", &mut self.atlas) else { return };
        for (name, at, node) in scores.entries() {
            if metrics.contains_key(name) {
                self.taken(fields, name, at);
                continue;
            }
            self.named(fields, Sort::Metric, name, at);
            match self.engagement(&scores, name, at, node) {
                Some(score) => drop(metrics.insert(name.into(), MetricPlan::Engagement(score))),
                None => drop(self.broken.insert((Sort::Metric, name.into()))),
            }
        }
    }

    pub(super) fn taken(&mut self, fields: &Fields<'_>, name: &str, at: Span) {
        let message = format!("there is a metric `{name}` already");
        self.atlas.fault_at((fields.path, at), message, None);
    }

    pub(super) fn segments(&mut self, fields: Fields<'_>) -> Named<Arc<str>> {
        self.texts(Sort::Segment, fields)
    }

    /// Names with rules or metrics.
    fn texts(&mut self, sort: Sort, fields: Fields<'_>) -> Named<Arc<str>> {
        let mut texts = BTreeMap::new();
        for (name, at, _) in fields.entries() {
            self.named(&fields, sort, name, at);
            match self.rule(&fields, name, key(sort, name, "rule")) {
                Some(text) => drop(texts.insert(name.into(), text)),
                None => drop(self.broken.insert((sort, name.into()))),
            }
        }
        texts
    }

    fn engagement(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        at: Span,
        node: Node<'_>,
    ) -> Option<Engagement> {
        let what = format!("the score `{name}`");
        let fields = Fields { ..*fields }.within(&what, at, node, &mut self.atlas)?;
        fields.only(&["weights", "window", "scale"], &mut self.atlas);
        let weights = fields.table("weights", &mut self.atlas);
        if fields.find("weights").is_none() {
            let help = Some("add `weights = { \"Email Opened\" = 5 }`".to_owned());
            self.atlas.fault_at((fields.path, at), "`weights` is missing", help);
        }
        let weights = weights?;
        let mut read = BTreeMap::new();
        for (event, at, node) in weights.entries() {
            let field = format!("weight {event}");
            self.atlas.put(key(Sort::Metric, name, field), fields.whole(at));
            // What is wrong with one is told; the others are looked at all the same.
            let weight = self.decimal(&fields, "a weight", node).unwrap_or(Decimal::ZERO);
            read.insert(Arc::<str>::from(event), weight);
        }
        let mut score = Engagement::new(read);
        if let Some((_, node)) = fields.find("window") {
            score = score.over(self.duration(&fields, "`window`", node)?);
        }
        if let Some((_, node)) = fields.find("scale") {
            score = score.scaled(self.decimal(&fields, "`scale`", node)?);
        }
        Some(score)
    }

    fn decimal(&mut self, fields: &Fields<'_>, what: &str, node: Node<'_>) -> Option<Decimal> {
        // A number that is finer than those of TOML is written as a text.
        let number = match node.get_ref().as_str() {
            Some(text) => text,
            None => fields.number(what, node, &mut self.atlas)?,
        };
        let exact = Decimal::read(number).ok().filter(|(_, rounded)| !rounded);
        if exact.is_none() {
            let digits = number.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
            let message = if digits {
                format!("{what} has at most 12 digits before the point and 6 after it")
            } else {
                format!("{what} must be a number, this is a text")
            };
            self.atlas.fault_at((fields.path, span(node)), message, None);
        }
        Some(exact?.0)
    }

    pub(super) fn scores(&mut self, fields: Fields<'_>) -> Named<Score> {
        let mut scores = BTreeMap::new();
        for (name, at, node) in fields.entries() {
            self.named(&fields, Sort::Score, name, at);
            let what = format!("the score `{name}`");
            let table = fields.within(&what, at, node, &mut self.atlas);
            match table.and_then(|table| self.score(name, &table)) {
                Some(score) => drop(scores.insert(name.into(), plan::score(score))),
                None => drop(self.broken.insert((Sort::Score, name.into()))),
            }
        }
        scores
    }

    fn score(&mut self, name: &str, fields: &Fields<'_>) -> Option<Score> {
        let known = [
            "eligible",
            "outcome",
            "horizon",
            "amount",
            "evaluation",
            "training",
            "features",
            "refresh_on",
            "refresh_every",
        ];
        fields.only(&known, &mut self.atlas);
        let at = |field: &str| key(Sort::Score, name, field);
        let eligible = self.rule(fields, "eligible", at("eligible"));
        let (target, outcome) = match fields.find("amount") {
            Some(_) => (Target::Number, "amount"),
            None => (Target::Class, "outcome"),
        };
        let outcome = self.rule(fields, outcome, at("outcome"));
        let features = self.features(name, fields);
        let horizon = self.length(name, fields, "horizon");
        // The labels of the horizon itself have just become known.
        let evaluation = match fields.find("evaluation") {
            None => horizon,
            Some(_) => self.length(name, fields, "evaluation"),
        };
        let training = self.training(name, fields);
        let refresh = self.refresh(fields)?;
        Some(Score {
            features: features?,
            eligible: eligible?.as_ref().into(),
            outcome: outcome?.as_ref().into(),
            target,
            horizon: horizon?,
            evaluation: evaluation?,
            training: training?,
            refresh,
        })
    }

    /// When a score is worked out anew; never, unless it is said.
    fn refresh(&mut self, fields: &Fields<'_>) -> Option<Refresh> {
        let mut refresh = Refresh::new();
        for node in fields.list("refresh_on", &mut self.atlas) {
            refresh = refresh.on(fields.as_text("an event's name", node, &mut self.atlas)?.value);
        }
        if let Some((_, node)) = fields.find("refresh_every") {
            refresh = refresh.every(self.duration(fields, "`refresh_every`", node)?);
        }
        Some(refresh)
    }

    fn length(&mut self, name: &str, fields: &Fields<'_>, field: &str) -> Option<Duration> {
        fields.wanted(field, key(Sort::Score, name, field), &mut self.atlas)?;
        let (_, node) = fields.find(field)?;
        self.duration(fields, &format!("`{field}`"), node)
    }

    fn features(&mut self, name: &str, fields: &Fields<'_>) -> Option<Vec<(Arc<str>, String)>> {
        let Some(features) = fields.table("features", &mut self.atlas) else {
            if fields.find("features").is_none() {
                let help = Some("add `[….features]` and a metric for each".to_owned());
                let place = (fields.path, fields.span);
                self.atlas.fault_at(place, "`features` is missing", help);
            }
            return None;
        };
        let read = features.entries().into_iter().map(|(feature, _, _)| {
            let at = key(Sort::Score, name, format!("feature {feature}"));
            let text = self.rule(&features, feature, at)?;
            Some((Arc::from(feature), text.as_ref().to_owned()))
        });
        // All are read, so that every fault is told.
        let read: Vec<_> = read.collect();
        if read.is_empty() {
            self.atlas.fault_at((fields.path, features.span), "there are no features", None);
            return None;
        }
        read.into_iter().collect()
    }

    fn training(&mut self, name: &str, fields: &Fields<'_>) -> Option<Vec<Duration>> {
        if let Some((at, _)) = fields.find("training") {
            self.atlas.put(key(Sort::Score, name, "training"), fields.whole(at));
        }
        let list = fields.list("training", &mut self.atlas);
        if list.is_empty() {
            let help = Some("say how long ago snapshots are taken: `[\"180 days\"]`".to_owned());
            let at = fields.find("training").map_or(fields.span, |(at, _)| at);
            self.atlas.fault_at((fields.path, at), "`training` names no snapshot", help);
            return None;
        }
        let read = list.into_iter().map(|node| {
            let length = self.duration(fields, "a snapshot's age", node)?;
            let at = key(Sort::Score, name, format!("training {length}"));
            self.atlas.put(at, fields.whole(span(node)));
            Some(length)
        });
        let read: Vec<_> = read.collect();
        read.into_iter().collect()
    }
}
