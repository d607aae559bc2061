//! Values in words.

use super::{Subject, Words, instant};
use crate::expr::window::written;
use crate::expr::{Aggregate, Expr, Function, Funnel, Literal, Node, Over, Period, Sign};
use crate::time::Duration;

impl Words {
    /// Something that has a value.
    pub(super) fn value(&mut self, expr: &Expr) {
        match expr.node() {
            Node::Aggregate(aggregate) => self.aggregate(aggregate),
            Node::Class { value, cuts } => self.class(value, cuts),
            Node::Coalesce(values) => self.coalesce(values),
            Node::Funnel(funnel) => self.funnel(funnel),
            Node::Literal(literal) => self.literal(literal),
            Node::Now => self.put("now"),
            Node::Path(path) => self.path(path),
            Node::Person(person) if !person.is_condition() => self.bucket(person),
            Node::Scale { by, of } => {
                self.literal(&Literal::Number(*by));
                self.put(" times ");
                self.operand(of);
            }
            Node::Sum { first, rest } => self.sum(first, rest),
            _ => {
                self.put("whether ");
                self.bracketed(|words| words.condition(expr));
            }
        }
    }

    /// A value where a longer phrase would run into what follows.
    pub(super) fn operand(&mut self, expr: &Expr) {
        let loose = match expr.node() {
            Node::Sum { first, rest } => {
                elapsed(first, rest).is_none() && ago(first, rest).is_none()
            }
            Node::Scale { of, .. } => !matches!(of.node(), Node::Aggregate(_) | Node::Path(_)),
            _ => false,
        };
        if loose { self.bracketed(|words| words.value(expr)) } else { self.value(expr) }
    }

    fn funnel(&mut self, funnel: &Funnel) {
        self.put("the furthest step reached of ");
        let subject = self.subject;
        self.bracketed(|words| {
            for (index, step) in funnel.steps().enumerate() {
                words.put(if index > 0 { ", then " } else { "" });
                words.events(step, false);
                words.put_where(step);
            }
        });
        self.subject = subject;
        self.window(funnel.window());
    }

    fn class(&mut self, value: &Expr, cuts: &[Literal]) {
        self.put("the class of ");
        self.operand(value);
        self.put(" as cut at (");
        for (index, cut) in cuts.iter().enumerate() {
            self.put(if index > 0 { ", " } else { "" });
            self.literal(cut);
        }
        self.put(")");
    }

    fn coalesce(&mut self, values: &[Expr]) {
        if let [first, last] = values
            && matches!(first.node(), Node::Path(_) | Node::Aggregate(_))
            && matches!(last.node(), Node::Literal(_))
        {
            self.value(first);
            self.put(" (or ");
            self.value(last);
            return self.put(" where that is not known)");
        }
        self.put("the first known of ");
        self.bracketed(|words| {
            for (index, value) in values.iter().enumerate() {
                words.put(if index > 0 { ", " } else { "" });
                words.value(value);
            }
        });
    }

    fn sum(&mut self, first: &Expr, rest: &[(Sign, Expr)]) {
        if let Some(since) = elapsed(first, rest) {
            self.put("the time since ");
            return self.moment(since);
        }
        if let Some(length) = ago(first, rest) {
            self.literal(length);
            return self.put(" ago");
        }
        self.operand(first);
        for (sign, term) in rest {
            self.put(if *sign == Sign::Plus { " plus " } else { " minus " });
            self.operand(term);
        }
    }

    fn aggregate(&mut self, aggregate: &Aggregate) {
        let series = aggregate.series();
        let (figure, of_events) = match aggregate.function() {
            Function::Avg => ("the average ", "the average of "),
            Function::Count => {
                self.put("the number of ");
                self.things(aggregate, true);
                return self.put_where(aggregate);
            }
            Function::First => ("the first ", "the time of the first "),
            Function::Last => ("the last ", "the time of the last "),
            Function::Max => ("the greatest ", "the greatest of "),
            Function::Min => ("the smallest ", "the smallest of "),
            Function::Sum => ("the total ", "the total of "),
        };
        if series.path().is_empty() {
            self.put(of_events);
            let dated = matches!(aggregate.function(), Function::First | Function::Last);
            self.things(aggregate, !dated);
        } else {
            self.put(figure);
            self.put(if aggregate.is_distinct() { "of the different values of " } else { "" });
            self.path(series.path());
            self.put(" of ");
            self.events(aggregate, true);
            self.window(aggregate.window());
        }
        self.put_where(aggregate);
    }

    /// What is counted, with the stretch of time it is counted over.
    pub(super) fn things(&mut self, aggregate: &Aggregate, plural: bool) {
        self.put(if aggregate.is_distinct() { "different " } else { "" });
        let path = aggregate.series().path();
        if path.is_empty() {
            self.events(aggregate, plural);
        } else {
            self.put(if plural { "values of " } else { "value of " });
            self.path(path);
            self.put(" in ");
            self.events(aggregate, true);
        }
        self.window(aggregate.window());
    }

    fn events(&mut self, aggregate: &Aggregate, plural: bool) {
        match aggregate.series().event() {
            Some(event) => self.name(event),
            None if plural => self.put("events of any kind"),
            None => self.put("event of any kind"),
        }
    }

    fn window(&mut self, window: Option<&Over>) {
        match window {
            Some(Over::Between(period)) => self.period(*period),
            Some(Over::Last(count)) => {
                self.put(" among the last ");
                self.literal(&Literal::Number((*count).into()));
                self.put(" that count");
            }
            Some(Over::Sliding { length, ending: None }) => {
                self.in_the_last(*length);
            }
            Some(Over::Sliding { length, ending: Some(ago) }) => {
                self.put(" in the ");
                self.put(&length.to_string());
                self.put(" that ended ");
                self.put(&ago.to_string());
                self.put(" ago");
            }
            Some(Over::Since(since)) => {
                self.put(" since ");
                self.moment(since);
            }
            None => {}
        }
    }

    fn period(&mut self, period: Period) {
        let (from, to, zone) = match period {
            Period::Civil { from, to, zone } => {
                let shown = |local| written(local).replace('T', " ");
                (shown(from), to.map(shown), Some(zone))
            }
            Period::Instants { from, to } => (instant(from), to.map(instant), None),
        };
        self.put(" from ");
        self.put(&from);
        if let Some(to) = to {
            self.put(" until before ");
            self.put(&to);
        }
        if let Some(zone) = zone {
            self.put(" in ");
            self.put(zone.name());
        }
    }

    pub(super) fn in_the_last(&mut self, length: Duration) {
        let length = length.to_string();
        self.put(" in the last ");
        self.put(length.strip_prefix("1 ").unwrap_or(&length));
    }

    /// An instant after “since”.
    fn moment(&mut self, since: &Expr) {
        let before = self.out.len();
        self.operand(since);
        // “since the last …” says as much as “since the time of the last …”.
        if self.out.get(before..).is_some_and(|said| said.starts_with("the time of ")) {
            self.out.replace_range(before..before + "the time of ".len(), "");
        }
    }

    /// Which entries count.
    pub(super) fn put_where(&mut self, aggregate: &Aggregate) {
        if let Some(filter) = aggregate.filter() {
            let subject = self.subject;
            self.put(" (where ");
            self.subject = Subject::Other;
            self.condition(filter);
            self.put(")");
            self.subject = subject;
        }
    }
}

/// The instant from which `now() - …` measures.
fn elapsed<'e>(first: &Expr, rest: &'e [(Sign, Expr)]) -> Option<&'e Expr> {
    match (first.node(), rest) {
        (Node::Now, [(Sign::Minus, since)])
            if matches!(since.node(), Node::Aggregate(_) | Node::Path(_)) =>
        {
            Some(since)
        }
        _ => None,
    }
}

/// The length of time in `now() - INTERVAL '…'`.
fn ago<'e>(first: &Expr, rest: &'e [(Sign, Expr)]) -> Option<&'e Literal> {
    match (first.node(), rest) {
        (Node::Now, [(Sign::Minus, length)]) => match length.node() {
            Node::Literal(length @ Literal::Interval(_)) => Some(length),
            _ => None,
        },
        _ => None,
    }
}
