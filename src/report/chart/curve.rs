//! How good a score is.

use super::{Plot, Tick, coordinate, put, shares};
use crate::report::number;
use crate::report::text::{decimal, share, thousands};
use crate::stats::{Band, Point};

/// The share of hits against the share of false alarms, for every threshold.
pub(in crate::report) fn roc(points: &[Point], auc: Option<f64>) -> String {
    let mut drawing =
        String::from("<line class=\"chance\" x1=\"0\" y1=\"100\" x2=\"100\" y2=\"0\"/>");
    let path = path(points);
    if !path.is_empty() {
        put(
            &mut drawing,
            format_args!(
                "<path class=\"under\" d=\"{path}L100 100L0 100Z\"/>\
                 <path class=\"line\" d=\"{path}\"/>"
            ),
        );
    }
    let known = auc.map_or_else(String::new, |auc| format!(" {}", decimal(auc, 3)));
    Plot {
        label: format!(
            "Curve: who is reached of those for whom it came true, against who of the others; the \
             area below it is{known}."
        ),
        class: "square",
        across: halves(shares(1.0)),
        up: shares(1.0),
        drawing,
        marks: format!("<span class=\"corner\">AUC{known}</span>"),
        across_title: "of the others, reached in vain",
        up_title: "of those for whom it came true, reached",
    }
    .html()
}

/// The points as a path; those too near the one before to be seen are left out.
fn path(points: &[Point]) -> String {
    let mut path = String::new();
    let mut before: Option<(f64, f64)> = None;
    let points = points.iter().map(|point| (point.false_positives, point.true_positives));
    let points = points.filter(|(x, y)| x.is_finite() && y.is_finite());
    let mut points = points
        .map(|(x, y)| (x.clamp(0.0, 1.0) * 100.0, 100.0 - y.clamp(0.0, 1.0) * 100.0))
        .peekable();
    while let Some((x, y)) = points.next() {
        let near = before.is_some_and(|(px, py)| (x - px).abs() + (y - py).abs() < 0.2);
        if near && points.peek().is_some() {
            continue;
        }
        let letter = if before.is_none() { 'M' } else { 'L' };
        put(&mut path, format_args!("{letter}{} {}", coordinate(x), coordinate(y)));
        before = Some((x, y));
    }
    path
}

/// What came against what was predicted, with the intervals, and how many there were of each.
pub(in crate::report) fn calibration(groups: &[Band]) -> String {
    let top = top(groups);
    let scaled = |value: f64| {
        if value.is_finite() { (value / top).clamp(0.0, 1.0) * 100.0 } else { 0.0 }
    };
    let greatest = groups.iter().map(|group| group.count).max().unwrap_or_default().max(1) as f64;
    let mut drawing =
        String::from("<line class=\"chance\" x1=\"0\" y1=\"100\" x2=\"100\" y2=\"0\"/>");
    let mut columns = String::new();
    for group in groups {
        let x = coordinate(scaled(group.forecast));
        let [y, low, high] = [group.observed, group.interval.0, group.interval.1]
            .map(|at| coordinate(100.0 - scaled(at)));
        put(
            &mut drawing,
            format_args!(
                "<line class=\"interval\" x1=\"{x}\" x2=\"{x}\" y1=\"{low}\" y2=\"{high}\"/>\
                 <line class=\"dot\" x1=\"{x}\" x2=\"{x}\" y1=\"{y}\" y2=\"{y}\">\
                 <title>predicted {}, came true {} of {}</title></line>",
                share(group.forecast),
                share(group.observed),
                thousands(number(group.count))
            ),
        );
        let height = coordinate(100.0 - (group.count as f64 / greatest * 100.0).max(2.0));
        put(
            &mut columns,
            format_args!(
                "<line class=\"stick\" x1=\"{x}\" x2=\"{x}\" y1=\"100\" y2=\"{height}\"/>"
            ),
        );
    }
    let predicted = Plot {
        label: "Dots with intervals: what came true against what was predicted; on the diagonal \
                both agree."
            .into(),
        class: "square shared",
        up: shares(top),
        drawing,
        up_title: "share for whom it came true",
        ..Plot::default()
    };
    let counted = Plot {
        label: "Columns: how many customers were in each group.".into(),
        class: "square low",
        across: halves(shares(top)),
        up: vec![Tick::new(0.0, "0"), Tick::new(100.0, super::super::text::compact(greatest))],
        drawing: columns,
        across_title: "predicted probability",
        up_title: "customers in each group",
        ..Plot::default()
    };
    format!("{}{}", predicted.html(), counted.html())
}

/// The share at the end of both axes.
fn top(groups: &[Band]) -> f64 {
    let ends = groups.iter().flat_map(|group| [group.forecast, group.interval.1, group.observed]);
    let greatest = ends.filter(|end| end.is_finite()).fold(0.0, f64::max);
    let tops = [0.02, 0.04, 0.1, 0.2, 0.4, 0.6, 0.8];
    tops.into_iter().find(|top| *top >= greatest).unwrap_or(1.0)
}

/// Ticks of which every second is left out where there is little room.
fn halves(mut ticks: Vec<Tick>) -> Vec<Tick> {
    ticks.iter_mut().skip(1).step_by(2).for_each(|tick| tick.optional = true);
    ticks
}
