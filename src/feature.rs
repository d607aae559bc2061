//! Features: a person's facts as a row of cells, at any instant.
//!
//! A feature is a metric with a name: a number, or a text, which is then a category. At a past instant it is what would have been computed then,
//! since [`Facts`] show nothing that happened later or was not known yet.
//!
//! ```
//! use bespoke::event::Event;
//! use bespoke::expr::Names;
//! use bespoke::facts::Timeline;
//! use bespoke::feature::Features;
//! use bespoke::schema::Schema;
//! use bespoke::table::Cell;
//! use bespoke::value::Kind;
//!
//! let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
//! let features = Features::new(
//!     &[
//!         ("recency", r#"now() - last("Order Completed")"#),
//!         ("spend", r#"sum("Order Completed".revenue over 365 days)"#),
//!     ],
//!     &Names::new(schema.clone()),
//! )?;
//! let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?);
//! let timeline = Timeline::of([order.with("revenue", 620)], &schema);
//! let row = features.row(&timeline.facts("2026-02-03T00:00:00Z".parse()?));
//! assert_eq!(row, [Cell::Number(1.5), Cell::Number(620.0)]);
//! // Before the order there is nothing to be said of its age.
//! let before = features.row(&timeline.facts("2026-01-01T00:00:00Z".parse()?));
//! assert_eq!(before, [Cell::Missing, Cell::Number(0.0)]);
//! # Ok::<(), bespoke::Error>(())
//! ```

use std::sync::Arc;

use crate::error::{Diagnostic, Error, ErrorKind, Result};
use crate::expr::Names;
use crate::facts::{Facts, Layout};
use crate::metric::{Measure, Metric};
use crate::table::{Cell, ColumnKind, Table};
use crate::time::Duration;

/// Features that passed their check, in the order of a row.
#[derive(Clone, Debug)]
pub struct Features {
    names: Arc<[Arc<str>]>,
    metrics: Arc<[Metric]>,
}

impl Features {
    /// Checks features, each a name and a metric.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`] for none, and for a name that is empty or comes twice;
    /// [`ErrorKind::Rule`] for a metric that does not pass its check, and for an instant or a list:
    /// what it comes to must be a number, a length of time, a truth value or a text.
    pub fn new<N: AsRef<str>, M: AsRef<str>>(features: &[(N, M)], names: &Names) -> Result<Self> {
        let mut known: Vec<Arc<str>> = Vec::with_capacity(features.len());
        let mut metrics = Vec::with_capacity(features.len());
        for (name, text) in features {
            let (name, text) = (name.as_ref(), text.as_ref());
            if name.is_empty() || known.iter().any(|other| **other == *name) {
                let detail = match name {
                    "" => "a feature needs a name".to_owned(),
                    _ => format!("there are two features `{name}`"),
                };
                return Err(Error::new(ErrorKind::Definition, detail));
            }
            let metric = Metric::parse(text, names).and_then(usable);
            metrics.push(metric.map_err(|error| error.within(format!("feature `{name}`")))?);
            known.push(name.into());
        }
        if known.is_empty() {
            return Err(Error::new(ErrorKind::Definition, "there are no features"));
        }
        Ok(Self { names: known.into(), metrics: metrics.into() })
    }

    /// The features' names, in the order of a row.
    pub fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// The features' metrics, in the order of a row.
    pub fn metrics(&self) -> &[Metric] {
        &self.metrics
    }

    /// Finds columns that they can be read from.
    pub(crate) fn index(&mut self, layout: &mut Layout) {
        Arc::make_mut(&mut self.metrics).iter_mut().for_each(|metric| metric.index(layout));
    }

    /// What is odd about the metrics without being wrong.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        self.metrics.iter().flat_map(Metric::warnings)
    }

    /// A table without rows that these features' rows fit into.
    pub fn table(&self) -> Table {
        let columns = self.names.iter().map(Arc::clone).zip(self.metrics.iter().map(kind));
        Table::of(columns)
    }

    /// What the features come to: a number as it is, a length of time in days, a truth value as 1
    /// or 0, a text as a category, and NULL as missing.
    pub fn row(&self, facts: &Facts<'_>) -> Vec<Cell> {
        self.metrics.iter().map(|metric| cell(metric.evaluate(facts).value)).collect()
    }
}

fn kind(metric: &Metric) -> ColumnKind {
    if metric.ty().counts() { ColumnKind::Number } else { ColumnKind::Text }
}

fn usable(metric: Metric) -> Result<Metric> {
    if metric.ty().counts() || metric.ty().is_text() {
        return Ok(metric);
    }
    let what = metric.ty().describe();
    let help = match what {
        "an instant" => "write how long ago it is: now() - last(\"Order Completed\")",
        _ => "compare it with something: plan = 'gold'",
    };
    let text = metric.text();
    let span = crate::error::Span::new(0, text.len());
    let fault =
        Diagnostic::new(text, span, format!("a feature is a number or a text, this is {what}"));
    Err(Error::from_diagnostics(ErrorKind::Rule, vec![fault.with_help(help)]))
}

/// What a figure is as a cell.
pub(crate) fn cell(measure: Measure) -> Cell {
    let number = match measure {
        Measure::Boolean(truth) => f64::from(u8::from(truth)),
        Measure::Duration(length) => length.micros() as f64 / Duration::days(1).micros() as f64,
        Measure::Number(number) => number.to_f64(),
        Measure::Text(text) => return Cell::Text(text),
        Measure::Instant(_) | Measure::Null => return Cell::Missing,
    };
    if number.is_finite() { Cell::Number(number) } else { Cell::Missing }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Event;
    use crate::facts::Timeline;
    use crate::schema::Schema;
    use crate::table::cells;
    use crate::value::Kind;

    fn names() -> Names {
        let schema = Schema::new()
            .attribute("plan", Kind::Text)
            .attribute("rank", Kind::Text)
            .attribute("seen", Kind::Instant)
            .attribute("vip", Kind::Boolean)
            .event("Order Completed", [("revenue", Kind::Number)]);
        Names::new(schema)
    }

    #[test]
    fn every_kind_becomes_a_number() {
        let features = Features::new(
            &[
                ("orders", r#"count("Order Completed")"#),
                ("mean", r#"avg("Order Completed".revenue)"#),
                ("age", r#"now() - last("Order Completed")"#),
                ("vip", "vip"),
                ("gold", "rank = 'gold'"),
                ("nothing", "NULL"),
                ("plan", "plan"),
            ],
            &names(),
        )
        .unwrap();
        let at = |text: &str| text.parse().unwrap();
        let order = Event::track("p", "Order Completed", at("2026-02-01T12:00:00Z"));
        let traits = Event::identify("p", at("2026-02-01T00:00:00Z"))
            .with("vip", true)
            .with("plan", "basic");
        let events = [order.clone().with("revenue", 10), order.with("revenue", 5), traits];
        let timeline = Timeline::of(events, names().schema());
        let row = features.row(&timeline.facts(at("2026-02-03T18:00:00Z")));
        assert_eq!(row[..4], cells([2.0, 7.5, 2.25, 1.0]));
        assert_eq!(row[4..], [Cell::Missing, Cell::Missing, "basic".into()]);
        let mut table = features.table();
        table.push(&row).unwrap();
        assert_eq!(table.row(0), row);
    }

    #[test]
    fn what_does_not_count_is_refused_with_advice() {
        for (name, text, expected) in [
            ("last", r#"last("Order Completed")"#, "write how long ago it is"),
            ("seen", "seen", "a feature is a number or a text, this is an instant"),
            ("spend", r#"sum("Order Completed".revenu)"#, "did you mean `revenue`?"),
            ("", "1", "a feature needs a name"),
            ("one", "1", "two features `one`"),
        ] {
            let error = Features::new(&[("one", "1"), (name, text)], &names()).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        let none: [(&str, &str); 0] = [];
        assert_eq!(Features::new(&none, &names()).unwrap_err().kind(), ErrorKind::Definition);
    }
}
