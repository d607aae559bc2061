//! Weeks side by side.

use super::{Plot, Tick, coordinate, counts, put, shares};
use crate::report::text::{self, compact, day, escaped, month, share_of, thousands};
use crate::report::{Lifecycle, Week};

/// How many states have colours of their own; later ones share the last.
const COLOURS: usize = 6;

/// The shares of the states, week by week, the first state at the bottom.
pub(in crate::report) fn states(lifecycle: &Lifecycle) -> String {
    let width = width(lifecycle);
    let mut drawing = String::new();
    for (place, week) in lifecycle.weeks.iter().enumerate() {
        let whole: u64 = total(week);
        let mut top = 100.0;
        for (state, count) in week.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let height = *count as f64 / whole as f64 * 100.0;
            top -= height;
            let name = lifecycle.states.get(state).map_or("", String::as_str);
            put(
                &mut drawing,
                format_args!(
                    "<rect class=\"s{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\">\
                     <title>{}: {} {}, {}</title></rect>",
                    state.min(COLOURS - 1),
                    coordinate(place as f64 * width),
                    coordinate(top),
                    coordinate(width),
                    coordinate(height),
                    day(week.at),
                    thousands(*count),
                    escaped(name),
                    share_of(*count, whole)
                ),
            );
        }
    }
    let (label, up) = (label(lifecycle), shares(1.0));
    Plot {
        label,
        class: "tall stack",
        up,
        drawing,
        up_title: "share of customers",
        ..Plot::default()
    }
    .html()
}

/// How many customers were known, week by week.
pub(in crate::report) fn totals(lifecycle: &Lifecycle) -> String {
    let width = width(lifecycle);
    let greatest = lifecycle.weeks.iter().map(total).max().unwrap_or_default();
    let (mut up, top) = counts(greatest);
    // A low chart has room for the ends only.
    let ends = up.len().saturating_sub(1);
    up = up
        .into_iter()
        .enumerate()
        .filter(|(at, _)| *at == 0 || *at == ends)
        .map(|(_, tick)| tick)
        .collect();
    let mut drawing = String::new();
    for (place, week) in lifecycle.weeks.iter().enumerate() {
        let height = total(week) as f64 / top * 100.0;
        put(
            &mut drawing,
            format_args!(
                "<rect class=\"quiet\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\">\
                 <title>{}: {} customers</title></rect>",
                coordinate(place as f64 * width),
                coordinate(100.0 - height),
                coordinate(width),
                coordinate(height),
                day(week.at),
                thousands(total(week))
            ),
        );
    }
    let ends = lifecycle.weeks.first().zip(lifecycle.weeks.last());
    let label = ends.map_or_else(String::new, |(first, last)| {
        format!(
            "Columns: customers known, from {} to {}.",
            compact(total(first) as f64),
            compact(total(last) as f64)
        )
    });
    let across = dates(lifecycle, width);
    Plot {
        label,
        class: "low stack",
        across,
        up,
        drawing,
        up_title: "customers",
        ..Plot::default()
    }
    .html()
}

pub(in crate::report) fn total(week: &Week) -> u64 {
    text::total(&week.counts)
}

fn width(lifecycle: &Lifecycle) -> f64 {
    100.0 / lifecycle.weeks.len().max(1) as f64
}

fn label(lifecycle: &Lifecycle) -> String {
    let Some((first, last)) = lifecycle.weeks.first().zip(lifecycle.weeks.last()) else {
        return String::new();
    };
    let mut label = format!(
        "Stacked columns: shares of {} in {} weeks, {} to {}.",
        lifecycle.states.join(", "),
        lifecycle.weeks.len(),
        day(first.at),
        day(last.at)
    );
    for (state, name) in lifecycle.states.iter().enumerate() {
        let share = |week: &Week| {
            share_of(week.counts.get(state).copied().unwrap_or_default(), total(week))
        };
        put(&mut label, format_args!(" {name}: from {} to {}.", share(first), share(last)));
    }
    label
}

/// Some six dates, each below the middle of its week.
fn dates(lifecycle: &Lifecycle, width: f64) -> Vec<Tick> {
    let weeks = &lifecycle.weeks;
    let every = weeks.len().div_ceil(6).max(1);
    let long = weeks.len() > 26;
    let chosen = weeks.iter().enumerate().step_by(every).enumerate();
    let ticks = chosen.map(|(number, (place, week))| {
        let text = if long { month(week.at) } else { day(week.at) };
        let at = (place as f64 + 0.5) * width;
        Tick { at, text, optional: number % 2 == 1 }
    });
    ticks.collect()
}
