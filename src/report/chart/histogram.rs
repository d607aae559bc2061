//! Distributions.

use super::{Plot, Tick, coordinate, counts, put};
use crate::report::distribution::filled;
use crate::report::text::{amount, compact, escaped, share_of, thousands, total};
use crate::report::{Bin, Distribution, Scale};

/// How many labels an axis has at most.
const LABELS: usize = 14;

/// Bars of bins that stand side by side, however wide their values lie apart, with the median.
pub(in crate::report) fn histogram(figure: &Distribution) -> String {
    let Distribution { name, unit, scale, median, .. } = figure;
    let bins = filled(figure.bins.clone());
    let width = 100.0 / bins.len().max(1) as f64;
    let mut drawing = columns(&bins, *scale, unit);
    let at = median.and_then(|median| Some((place(&bins, *scale, median)? * width, median)));
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
        let (about, unit) = (if figure.error > 0.0 { "about " } else { "" }, escaped(unit));
        format!(
            "<span class=\"note {side}\" style=\"left:{x}%\">median {about}{median} {unit}</span>"
        )
    });
    let across = match scale {
        Scale::Count => middles(&bins, width),
        _ => edges(&bins, width),
    };
    Plot {
        label: label(name, unit, &bins, *scale, *median),
        across,
        up: counts(bins.iter().map(|bin| bin.count).max().unwrap_or_default()).0,
        drawing,
        marks,
        up_title: "customers",
        ..Plot::default()
    }
    .html()
}

/// Bars of probabilities, from 0 to 1.
pub(in crate::report) fn scores(bins: &[Bin]) -> String {
    let width = 100.0 / bins.len().max(1) as f64;
    Plot {
        label: label("scores", "", bins, Scale::Level, None),
        across: edges(bins, width),
        up: counts(bins.iter().map(|bin| bin.count).max().unwrap_or_default()).0,
        drawing: columns(bins, Scale::Level, ""),
        across_title: "score",
        up_title: "customers",
        ..Plot::default()
    }
    .html()
}

fn columns(bins: &[Bin], scale: Scale, unit: &str) -> String {
    let whole = total(bins.iter().map(|bin| &bin.count));
    let (_, top) = counts(bins.iter().map(|bin| bin.count).max().unwrap_or_default());
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
                escaped(&words(bin, scale, unit)),
                thousands(bin.count),
                share_of(bin.count, whole)
            ),
        );
    }
    drawing
}

fn label(name: &str, unit: &str, bins: &[Bin], scale: Scale, median: Option<f64>) -> String {
    let fullest = bins.iter().max_by_key(|bin| bin.count);
    let mut label = format!("Histogram: {name}.");
    if let Some(bin) = fullest.filter(|bin| bin.count > 0) {
        let count = thousands(bin.count);
        put(&mut label, format_args!(" Most, {count}, have {}.", words(bin, scale, unit)));
    }
    if let Some(median) = median {
        put(&mut label, format_args!(" The median is {}{}.", amount(median), after(unit)));
    }
    label
}

/// A unit behind its number.
fn after(unit: &str) -> String {
    if unit.is_empty() { String::new() } else { format!(" {unit}") }
}

/// What lies in a bin, in words.
pub(in crate::report) fn words(bin: &Bin, scale: Scale, unit: &str) -> String {
    let unit = after(unit);
    match (bin.from, bin.to) {
        (Some(from), Some(to)) if scale == Scale::Count && to <= from + 1.0 => {
            format!("{}{unit}", amount(from))
        }
        (Some(from), Some(to)) if scale == Scale::Count => {
            format!("{} to {}{unit}", amount(from), amount(to - 1.0))
        }
        (Some(from), Some(to)) => format!("{} to {}{unit}", amount(from), amount(to)),
        (Some(from), None) => format!("{}{unit} or more", amount(from)),
        (None, Some(to)) => format!("less than {}{unit}", amount(to)),
        (None, None) => "any value".into(),
    }
}

/// A label below each bin of whole numbers.
fn middles(bins: &[Bin], width: f64) -> Vec<Tick> {
    let crowded = bins.len() > 6;
    let ticks = bins.iter().enumerate().map(|(place, bin)| {
        let text = match (bin.from, bin.to) {
            (Some(from), Some(to)) if to <= from + 1.0 => compact(from),
            (_, Some(to)) => format!("≤{}", compact(to - 1.0)),
            (Some(from), None) => format!("{}+", compact(from)),
            (None, None) => String::new(),
        };
        Tick { at: (place as f64 + 0.5) * width, text, optional: crowded && place % 2 == 1 }
    });
    ticks.collect()
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
fn place(bins: &[Bin], scale: Scale, value: f64) -> Option<f64> {
    let holds =
        |bin: &Bin| bin.from.is_none_or(|from| from <= value) && bin.to.is_none_or(|to| value < to);
    let last = bins.len().checked_sub(1)?;
    let index = bins.iter().position(holds).unwrap_or(last);
    let bin = bins.get(index)?;
    let within = match (bin.from, bin.to) {
        // A whole number stands in the middle of its bin, and half-way between two on the edge.
        (Some(from), Some(to)) if scale == Scale::Count => {
            ((value - from + 0.5) / (to - from)).min(1.0)
        }
        (Some(from), Some(to)) if to > from => (value - from) / (to - from),
        _ => 0.5,
    };
    Some(index as f64 + within)
}
