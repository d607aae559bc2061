//! At which instants time alone may change what a rule says.

use std::collections::BTreeSet;

use chrono::{NaiveDate, NaiveDateTime, TimeZone};
use chrono_tz::Tz;

use super::World;
use super::window::bounds;
use crate::expr::{Expr, Literal, Node, Over, Person};
use crate::time::{Duration, Timestamp};
use crate::value::Value;

/// What a rule and the facts have to do with time.
#[derive(Default)]
struct Marks {
    instants: BTreeSet<i64>,
    durations: BTreeSet<i64>,
    factors: BTreeSet<i64>,
    /// Where days begin and end, if it matters.
    zones: BTreeSet<&'static str>,
    told_zones: BTreeSet<&'static str>,
}

impl World<'_> {
    /// Instants at which the rule may well change, early and late by a microsecond too: every
    /// instant that the facts or the rule name, before and after by up to two of the rule's
    /// durations, what lies in the middle of two instants, and some instants at even distances.
    ///
    /// These are guesses to ask at, not a proof: sums of more durations are left out.
    pub fn turns(&self, rule: &Expr) -> BTreeSet<Timestamp> {
        let mut marks = Marks::default();
        for fact in self.facts {
            marks.instants.insert(fact.at.micros());
            fact.fields.iter().for_each(|(_, value)| marks.value(value));
        }
        marks.rule(rule);
        for named in self.metrics.into_iter().chain(self.segments) {
            for rule in named.values() {
                marks.rule(rule);
            }
        }
        let near =
            |turn: i64| (-1..=1).map(move |by| Timestamp::from_micros(turn.saturating_add(by)));
        let mut turns = marks.turns();
        turns.extend(marks.midnights());
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

    /// The midnights about the days on which the facts lie, in their year and the two after it.
    fn midnights(&self) -> Vec<i64> {
        let days = (2026..=2028).flat_map(|year| {
            let first = NaiveDate::from_ymd_opt(year, 2, 25);
            first.into_iter().flat_map(|first| first.iter_days().take(16))
        });
        let midnights: Vec<NaiveDateTime> =
            days.filter_map(|day| day.and_hms_opt(0, 0, 0)).collect();
        let zones = self.zones.iter().filter_map(|zone| zone.parse::<Tz>().ok());
        let of = |zone: Tz| {
            let at = move |midnight: &NaiveDateTime| zone.from_local_datetime(midnight).earliest();
            midnights.iter().filter_map(at).map(|at| at.timestamp_micros()).collect::<Vec<_>>()
        };
        zones.flat_map(of).collect()
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
            Value::Text(text) => {
                let zone = text.parse::<Tz>().ok();
                self.told_zones.extend(zone.map(Tz::name));
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
            Node::Person(Person::Anniversary { zone: Some(zone), .. }) => {
                self.zones.insert(zone.name());
            }
            Node::Person(Person::Anniversary { zone: None, .. }) => {
                self.zones.insert("UTC");
                self.zones.extend(&self.told_zones);
            }
            Node::Person(Person::Changed { over: length, .. } | Person::ObservedFor(length)) => {
                self.durations.insert(length.micros());
            }
            _ => {}
        }
        rule.node().for_each_child(&mut |part| self.rule(part));
    }

    fn window(&mut self, window: Option<&Over>) {
        if let Some(Over::Between(period)) = window {
            let (from, to) = bounds(period);
            self.instants.extend([Some(from), to].into_iter().flatten().map(Timestamp::micros));
        }
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
