//! Distributions.

use super::{Plot, Tick, coordinate, counts, put};
use crate::report::Bin;
use crate::report::text::{amount, compact, escaped, share_of, thousands, total};

/// How many labels an axis has at most.
const LABELS: usize = 14;

/// Bars of bins that stand side by side, however wide their values lie apart, with the median.
pub(in crate::report) fn histogram(
    name: &str,
    unit: &str,
    bins: &[Bin],
    median: Option<f64>,
) -> String {
    let whole = total(bins.iter().map(|bin| &bin.count));
    let (up, top) = counts(bins.iter().map(|bin| bin.count).max().unwrap_or_default());
    let width = 100.0 / bins.len().max(1) as f64;
    let mut drawing = String::new();
    for (place, bin) in bins.iter().enumerate().filter(|(_, bin)| bin.count > 0) {
        let height = (bin.count as f64 / top * 100.0).max(0.6);
        put(
            &mut drawing,
            format_args!(
                "<rect class=\"fill\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\">\
                 <title>{}: {} ({})</title></rect>",
                coordinate(place as f64 * width),
                coordinate(100.0 - height),
                coordinate(width),
                coordinate(height),
                escaped(&words(bin, unit)),
                thousands(bin.count),
                share_of(bin.count, whole)
            ),
        );
    }
    let at = median.and_then(|median| Some((place(bins, median)? * width, median)));
    let marks = at.map_or_else(String::new, |(at, median)| {
        let (x, median) = (coordinate(at), amount(median));
        put(
            &mut drawing,
            format_args!("<line class=\"mark\" x1=\"{x}\" x2=\"{x}\" y1=\"0\" y2=\"100\"/>"),
        );
        let side = match at {
            ..30.0 => "right-of",
            70.0.. => "left-of",
            _ => "above",
        };
        let unit = escaped(unit);
        format!("<span class=\"note {side}\" style=\"left:{x}%\">median {median} {unit}</span>")
    });
    Plot {
        label: label(name, unit, bins, median),
        across: edges(bins, width),
        up,
        drawing,
        marks,
        up_title: "customers",
        ..Plot::default()
    }
    .html()
}

fn label(name: &str, unit: &str, bins: &[Bin], median: Option<f64>) -> String {
    let fullest = bins.iter().max_by_key(|bin| bin.count);
    let mut label = format!("Histogram: {name}.");
    if let Some(bin) = fullest.filter(|bin| bin.count > 0) {
        let count = thousands(bin.count);
        put(&mut label, format_args!(" Most, {count}, have {}.", words(bin, unit)));
    }
    if let Some(median) = median {
        put(&mut label, format_args!(" The median is {} {unit}.", amount(median)));
    }
    label
}

/// What lies in a bin, in words.
pub(in crate::report) fn words(bin: &Bin, unit: &str) -> String {
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    match (bin.from, bin.to) {
        (Some(from), Some(to)) => format!("{} to {}{unit}", amount(from), amount(to)),
        (Some(from), None) => format!("{}{unit} or more", amount(from)),
        (None, Some(to)) => format!("less than {}{unit}", amount(to)),
        (None, None) => "any value".into(),
    }
}

/// A label for each edge, or for some where there are many.
fn edges(bins: &[Bin], width: f64) -> Vec<Tick> {
    let last = bins.last().and_then(|bin| bin.to);
    let edges = bins.iter().map(|bin| bin.from).chain([last]).enumerate();
    let edges: Vec<(usize, f64)> = edges.filter_map(|(at, edge)| Some((at, edge?))).collect();
    let every = edges.len().div_ceil(LABELS).max(1);
    let crowded = edges.len() > 7;
    let chosen = edges.iter().step_by(every).enumerate();
    let ticks = chosen.map(|(number, (at, edge))| {
        let open = bins.get(*at).is_some_and(|bin| bin.to.is_none());
        let text = format!("{}{}", compact(*edge), if open { "+" } else { "" });
        let optional = crowded && number % 2 == 1;
        Tick { at: *at as f64 * width, text, optional }
    });
    ticks.collect()
}

/// Where a value stands among bins of equal breadth.
fn place(bins: &[Bin], value: f64) -> Option<f64> {
    let holds = |bin: &Bin| {
        bin.from.is_none_or(|from| from <= value) && bin.to.is_none_or(|to| value <= to)
    };
    let index = bins.iter().position(holds)?;
    let bin = bins.get(index)?;
    let within = match (bin.from, bin.to) {
        (Some(from), Some(to)) if to > from => (value - from) / (to - from),
        _ => 0.5,
    };
    Some(index as f64 + within)
}
