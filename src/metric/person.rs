//! What is asked of a person as a whole.

use std::sync::Arc;

use super::evaluator::{Evaluator, Next};
use super::moving::Val;
use crate::expr::person::{Asked, Home, PersonTerm, ZONE};
use crate::facts::{Facts, Told};
use crate::seed::Seed;
use crate::time::{Duration, Local, LocalDate, LocalTime, Timestamp, Window, Zone};
use crate::value::{Exact, Value};

impl<'a> Evaluator<'a> {
    /// What a trait is.
    pub(crate) fn attribute(&self, path: &[Arc<str>]) -> Val<'a> {
        let Some((name, rest)) = path.split_first() else { return Val::Null };
        attribute(&self.facts(), name, rest, &mut Next::never()).map_or(Val::Null, Val::of)
    }

    /// What a question about the person comes to.
    pub(crate) fn person(&self, term: &PersonTerm) -> Val<'a> {
        term.value(self, self.facts().now(), &mut Next::never())
    }
}

impl PersonTerm {
    /// What the question comes to; `next` learns when time may change that.
    pub(super) fn value<'a>(
        &self,
        evaluator: &Evaluator<'a>,
        now: Timestamp,
        next: &mut Next,
    ) -> Val<'a> {
        let facts = evaluator.facts().at(now);
        Val::truth(match &self.asked {
            Asked::Anniversary { of, home } => anniversary(&facts, of, *home, next),
            Asked::Bucket { count, seed } => return bucket(&facts, *count, *seed),
            Asked::Changed { of, window } => Some(changed(&facts, of, *window, next)),
            Asked::ObservedFor(length) => Some(observed_for(&facts, *length, next)),
        })
    }
}

/// Seeds that are forked alike draw alike: which share somebody is in depends on the salt and on
/// who they are, and on nothing else.
fn bucket<'a>(facts: &Facts<'_>, count: u32, seed: Seed) -> Val<'a> {
    let Some(person) = facts.person() else { return Val::Null };
    let drawn = seed.fork(person.as_str()).draws().below(count.into());
    Val::Number(Exact::whole(i64::try_from(drawn).unwrap_or_default()))
}

fn observed_for(facts: &Facts<'_>, length: Duration, next: &mut Next) -> bool {
    let Some(first) = facts.first() else { return false };
    let turn = first.plus(length);
    if turn > facts.now() {
        next.at(turn);
    }
    turn <= facts.now()
}

fn changed(facts: &Facts<'_>, of: &[Arc<str>], window: Window, next: &mut Next) -> bool {
    let mut last = None;
    for told in changes(*facts, of, window.after(facts.now())) {
        if told.at > facts.now() {
            next.at(told.at);
            break;
        }
        last = Some(told.at);
    }
    last.into_iter().for_each(|at| next.at(window.leaves(at)));
    last.is_some()
}

/// The tellings after `after` by which a trait's value became another, those to come too.
pub(crate) fn changes<'a>(
    facts: Facts<'a>,
    of: &[Arc<str>],
    after: Timestamp,
) -> impl Iterator<Item = &'a Told> {
    let (name, rest) = of.split_first().map_or(("", of), |(name, rest)| (&**name, rest));
    let value = move |told: &'a Told| told.value.descend(rest).filter(|value| !value.is_null());
    let mut before = facts.at(after).told(name).0.and_then(value);
    let tellings = facts.tellings(name);
    let (_, tellings) = tellings.split_at(tellings.partition_point(|told| told.at <= after));
    let mut known = tellings.iter().filter(move |told| told.known.at(facts.known())).peekable();
    std::iter::from_fn(move || {
        loop {
            let told = known.next()?;
            // Of several at one instant the last stands.
            if known.peek().is_some_and(|other| other.at == told.at) {
                continue;
            }
            let now = value(told);
            if now != before {
                before = now;
                return Some(told);
            }
        }
    })
}

fn anniversary(facts: &Facts<'_>, of: &[Arc<str>], home: Home, next: &mut Next) -> Option<bool> {
    let zone = match home {
        Home::Told => told_zone(facts, next)?,
        Home::Zone(zone) => zone,
    };
    let (name, rest) = of.split_first()?;
    let date = match attribute(facts, name, rest, next)? {
        Value::Instant(at) => zone.local(*at).date,
        Value::Text(text) => text.parse().ok()?,
        _ => return None,
    };
    let today = zone.local(facts.now()).date;
    let turn = turn(date, today, zone, facts.now());
    turn.into_iter().filter(|at| *at > facts.now()).for_each(|at| next.at(at));
    Some(is_kept(date, today))
}

/// The zone that a person's trait names, UTC if none does. One that is told and not known is no
/// other zone.
fn told_zone(facts: &Facts<'_>, next: &mut Next) -> Option<Zone> {
    match attribute(facts, ZONE, &[], next) {
        Some(Value::Text(name)) => Zone::read(name),
        _ => Some(Zone::UTC),
    }
}

fn attribute<'a>(
    facts: &Facts<'a>,
    name: &str,
    rest: &[Arc<str>],
    next: &mut Next,
) -> Option<&'a Value> {
    let (told, again) = facts.told(name);
    again.into_iter().for_each(|at| next.at(at));
    told?.value.descend(rest)
}

/// Whether a day is an anniversary of a date.
fn is_kept(date: LocalDate, day: LocalDate) -> bool {
    day.year() > date.year() && date.kept_in(day.year()) == Some(day)
}

/// When a day that is an anniversary next begins or ends.
fn turn(date: LocalDate, today: LocalDate, zone: Zone, now: Timestamp) -> Option<Timestamp> {
    // Near midnight a clock change may bring back the day before.
    if is_kept(date, today) || is_kept(date, today.plus_days(-1)) {
        return Some(zone.next_day(now));
    }
    let year = today.year().max(date.year().saturating_add(1));
    let mut days = [year, year.saturating_add(1)].into_iter().filter_map(|year| date.kept_in(year));
    let begins = zone.resolve(Local::new(days.find(|day| *day > today)?, LocalTime::MIDNIGHT));
    // Clocks that have shown the day and were set back before it show it once more.
    Some(if begins > now { begins } else { zone.next_day(now) })
}
