//! Classes by recency, frequency and money.

use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::Deserializer;

use super::super::MetricPlan;
use super::super::document::{Fields, Node};
use super::super::part::Sort;
use super::Reader;
use super::rules::Named;
use crate::error::Span;
use crate::folder::unknown;
use crate::metric::{RfmAxis, RfmCuts, RfmMetric};

impl Reader<'_> {
    /// Each table gives three metrics.
    pub(super) fn classes(&mut self, fields: &Fields<'_>, metrics: &mut Named<MetricPlan>) {
        let Some(tables) = fields.table("rfm", &mut self.atlas) else { return };
        for (name, at, node) in tables.entries() {
            let cuts = self.cuts(&tables, name, at, node).map(Arc::new);
            for axis in RfmAxis::ALL {
                let name: Arc<str> = axis.within(name).into();
                if metrics.contains_key(&name) {
                    self.taken(fields, &name, at);
                    continue;
                }
                self.named(fields, Sort::Metric, &name, at);
                match cuts.clone() {
                    Some(cuts) => {
                        metrics.insert(name, MetricPlan::Rfm(RfmMetric { cuts, axis }));
                    }
                    None => drop(self.broken.insert((Sort::Metric, name))),
                }
            }
        }
    }

    fn cuts(
        &mut self,
        fields: &Fields<'_>,
        name: &str,
        at: Span,
        node: Node<'_>,
    ) -> Option<RfmCuts> {
        let what = format!("the classes `{name}`");
        let table = Fields { ..*fields }.within(&what, at, node, &mut self.atlas)?.table;
        let source = Deserializer::from(Spanned::new(node.span(), table.clone()));
        let (place, message, help) = match RfmCuts::deserialize(source) {
            Ok(cuts) => match cuts.fault() {
                Some(fault) => (at, fault, None),
                None => return Some(cuts),
            },
            Err(error) => {
                let place = error.span().map_or(at, |span| Span::new(span.start, span.end));
                let (message, help) = unknown(error.message());
                (place, message, help)
            }
        };
        self.atlas.fault_at((fields.path, place), message, help);
        None
    }
}
