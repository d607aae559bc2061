//! Charts as SVG that stretches, with its texts in HTML beside it.
//!
//! A drawing is 100 by 100 and stretched to its box; lines keep their width, and colours are
//! classes of the page's style. So a chart is as legible at 360 pixels as at 1200.

mod curve;
mod histogram;
mod weeks;

use std::fmt::Write;

pub(super) use curve::{calibration, roc};
pub(super) use histogram::{histogram, scores, words as bin_words};
pub(super) use weeks::{states, total, totals};

use super::text::escaped;

/// A label on an axis.
struct Tick {
    /// Where, in per cent of the axis.
    at: f64,
    text: String,
    /// Whether it is left out where there is little room.
    optional: bool,
}

impl Tick {
    fn new(at: f64, text: impl Into<String>) -> Self {
        Self { at, text: text.into(), optional: false }
    }
}

/// A chart with two axes.
#[derive(Default)]
struct Plot {
    /// What it shows, for those who do not see it.
    label: String,
    /// Classes that give it its shape.
    class: &'static str,
    across: Vec<Tick>,
    up: Vec<Tick>,
    /// The drawing.
    drawing: String,
    /// HTML on top of the drawing.
    marks: String,
    /// What the axes count.
    across_title: &'static str,
    up_title: &'static str,
}

impl Plot {
    fn html(&self) -> String {
        let mut out = format!("<div class=\"plot {}\">", self.class);
        if !self.up_title.is_empty() {
            put(&mut out, format_args!("<div class=\"up-title\">{}</div>", self.up_title));
        }
        out.push_str("<div class=\"up\" aria-hidden=\"true\">");
        for tick in &self.up {
            put(
                &mut out,
                format_args!(
                    "<span style=\"bottom:{}%\">{}</span>",
                    coordinate(tick.at),
                    escaped(&tick.text)
                ),
            );
        }
        put(
            &mut out,
            format_args!(
                "</div><div class=\"area\"><svg viewBox=\"0 0 100 100\" \
                 preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
                escaped(&self.label)
            ),
        );
        for tick in &self.up {
            let y = coordinate(100.0 - tick.at);
            put(
                &mut out,
                format_args!("<line class=\"grid\" x1=\"0\" x2=\"100\" y1=\"{y}\" y2=\"{y}\"/>"),
            );
        }
        put(&mut out, format_args!("{}</svg>{}</div>", self.drawing, self.marks));
        out.push_str("<div class=\"across\" aria-hidden=\"true\">");
        for tick in &self.across {
            put(
                &mut out,
                format_args!(
                    "<span{} style=\"left:{}%\">{}</span>",
                    if tick.optional { " class=\"optional\"" } else { "" },
                    coordinate(tick.at),
                    escaped(&tick.text)
                ),
            );
        }
        out.push_str("</div>");
        if !self.across_title.is_empty() {
            put(&mut out, format_args!("<div class=\"across-title\">{}</div>", self.across_title));
        }
        out.push_str("</div>");
        out
    }
}

/// A bar of a share of the whole, to stand in a row of a list.
pub(super) fn bar(share: f64, class: &str) -> String {
    let share = if share.is_finite() { share.clamp(0.0, 1.0) } else { 0.0 };
    // What is there can be seen.
    let width = if share > 0.0 { (share * 100.0).max(0.4) } else { 0.0 };
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"1\"/>\
         <rect class=\"{}\" width=\"{}\" height=\"1\"/></svg>",
        escaped(class),
        coordinate(width)
    )
}

/// A bar of a weight, to the right of the middle where it is positive and to the left where not.
pub(super) fn weight(weight: f64, greatest: f64) -> String {
    let share = weight / greatest;
    let half = if share.is_finite() { share.clamp(-1.0, 1.0) * 50.0 } else { 0.0 };
    let (class, x) = if half < 0.0 { ("less", 50.0 + half) } else { ("more", 50.0) };
    format!(
        "<svg class=\"bar\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"1\"/>\
         <rect class=\"{class}\" x=\"{}\" width=\"{}\" height=\"1\"/>\
         <line class=\"middle\" x1=\"50\" x2=\"50\" y1=\"0\" y2=\"1\"/></svg>",
        coordinate(x),
        coordinate(half.abs())
    )
}

/// Adjoining bars of shares, each of a class.
pub(super) fn strip(parts: &[(u64, &str)]) -> String {
    let whole = parts.iter().map(|(count, _)| *count as f64).sum::<f64>().max(1.0);
    let mut out = String::from(
        "<svg class=\"strip\" viewBox=\"0 0 100 1\" preserveAspectRatio=\"none\" \
         aria-hidden=\"true\"><rect class=\"track\" width=\"100\" height=\"1\"/>",
    );
    let mut x = 0.0;
    for (count, class) in parts {
        let width = *count as f64 / whole * 100.0;
        let (at, wide) = (coordinate(x), coordinate(width));
        put(
            &mut out,
            format_args!("<rect class=\"{class}\" x=\"{at}\" width=\"{wide}\" height=\"1\"/>"),
        );
        x += width;
    }
    out.push_str("</svg>");
    out
}

/// A step of 1, 2 or 5 times a power of ten, of which at most five reach `greatest`.
fn step(greatest: f64) -> f64 {
    let rough = (greatest / 5.0).max(f64::MIN_POSITIVE);
    let power = 10.0_f64.powf(rough.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|times| times * power);
    steps.into_iter().find(|step| *step >= rough * 0.999_999).unwrap_or(rough)
}

/// Ticks of counts from 0, and the count at the top of the axis.
fn counts(greatest: u64) -> (Vec<Tick>, f64) {
    let step = step(greatest as f64).max(1.0);
    let top = ((greatest as f64 / step).ceil() * step).max(step);
    let mut ticks = Vec::new();
    let mut value = 0.0;
    while value <= top * 1.000_001 && ticks.len() < 8 {
        ticks.push(Tick::new(value / top * 100.0, super::text::compact(value)));
        value += step;
    }
    (ticks, top)
}

/// Ticks of shares from 0 to `top`.
fn shares(top: f64) -> Vec<Tick> {
    let quarters = (0..=4).map(|quarter| f64::from(quarter) / 4.0);
    quarters.map(|part| Tick::new(part * 100.0, super::text::round_share(part * top))).collect()
}

/// A coordinate as it is written: two decimals are a hundredth of a per cent.
fn coordinate(value: f64) -> String {
    let value = if value.is_finite() { value } else { 0.0 };
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// Writes to a text, which takes whatever is written to it.
fn put(out: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(text);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_on_round_numbers() {
        for (greatest, top, ticks) in
            [(0, 1.0, 2), (1, 1.0, 2), (7, 8.0, 5), (99, 100.0, 6), (1_234_567, 1.5e6, 4)]
        {
            let (found, end) = counts(greatest);
            assert_eq!((end, found.len()), (top, ticks), "{greatest}");
        }
        assert!(counts(u64::MAX).0.len() <= 8);
    }

    #[test]
    fn coordinates_are_short_and_always_numbers() {
        for (value, expected) in
            [(0.0, "0"), (-0.001, "0"), (33.333, "33.33"), (50.0, "50"), (f64::NAN, "0")]
        {
            assert_eq!(coordinate(value), expected);
        }
        assert!(bar(f64::INFINITY, "x").contains("width=\"0\""));
        assert!(weight(1.0, 0.0).contains("width=\"0\""));
    }
}
