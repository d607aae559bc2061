//! The page.

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{Environment, UndefinedBehavior, Value, context};
use serde::Serialize;

use super::{Bin, Distribution, Report, Scale, Score, Segments, chart, text};
use crate::error::{Error, ErrorKind, Result};
use crate::frame;
use crate::time::Timestamp;

const NAME: &str = "page.html";
const PAGE: &str = include_str!("page.html");
const PARTS: &str = include_str!("parts.html");
const STYLE: &str = include_str!("page.css");

/// How many digits of a hash tell it from others.
const HASH: usize = 12;

/// How many pairs of segments are named below the overlaps.
const PAIRS: usize = 6;

impl Report {
    /// One self-contained page of HTML.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`] where the page cannot be made of the figures, such as a state's count
    /// of a week that is missing.
    pub fn html(&self) -> Result<String> {
        let failed =
            |error: minijinja::Error| Error::new(ErrorKind::Template, format!("report: {error:#}"));
        let mut page = environment();
        page.add_template("parts.html", PARTS).map_err(failed)?;
        page.add_template(NAME, PAGE).map_err(failed)?;
        let context = context! {
            style => Value::from_safe_string(STYLE.into()),
            report => Value::from(Serde(self)),
            charts => Value::from(Serde(self.charts())),
            overlaps => Value::from(Serde(overlaps(&self.segments))),
            pairs => Value::from(Serde(pairs(&self.segments))),
            judged => Value::from(Serde(self.scores.iter().map(Judged::new).collect::<Vec<_>>())),
        };
        page.get_template(NAME).and_then(|page| page.render(context)).map_err(failed)
    }

    /// The drawings by name; those of nothing are left out.
    fn charts(&self) -> BTreeMap<&'static str, String> {
        let mut charts = BTreeMap::new();
        if self.lifecycle.weeks.iter().any(|week| chart::total(week) > 0) {
            charts.insert("states", chart::states(&self.lifecycle));
            charts.insert("totals", chart::totals(&self.lifecycle));
        }
        charts
    }
}

fn environment() -> Environment<'static> {
    let mut page = Environment::new();
    page.set_undefined_behavior(UndefinedBehavior::Strict);
    page.set_debug(false);
    page.add_filter("thousands", text::thousands);
    page.add_filter("share", text::share);
    page.add_filter("amount", text::amount);
    page.add_filter("decimal", text::decimal);
    page.add_filter("day", |at: Serde<Timestamp>| text::day(*at));
    page.add_filter("instant", |at: Serde<Timestamp>| text::instant(*at));
    page.add_filter("sentence", text::sentence);
    page.add_filter("short", |hash: &str| hash.chars().take(HASH).collect::<String>());
    page.add_filter("mail", |html: &str| frame::document(html));
    page.add_filter("total", |counts: Vec<u64>| text::total(&counts));
    page.add_function("share_of", text::share_of);
    page.add_function("drawing", |html: String| Value::from_safe_string(html));
    page.add_function("bar", |part: u64, whole: u64, class: &str| {
        Value::from_safe_string(chart::bar(part as f64 / whole as f64, class))
    });
    page.add_function("weight", |weight: f64, greatest: f64| {
        Value::from_safe_string(chart::weight(weight, greatest))
    });
    page.add_function("strip", |counts: Vec<u64>| {
        let classes = ["claimed", "deferred", "skipped", "failed"];
        let parts: Vec<(u64, &str)> = counts.into_iter().zip(classes).collect();
        Value::from_safe_string(chart::strip(&parts))
    });
    page.add_function("histogram", |figure: Serde<Distribution>| {
        Value::from_safe_string(chart::histogram(&figure))
    });
    page.add_function("bin_words", |bin: Serde<Bin>, scale: Serde<Scale>| {
        chart::bin_words(&bin, *scale, "")
    });
    page
}

/// Which share of the members of a segment are in another.
#[derive(Serialize)]
struct Overlap<'a> {
    of: &'a str,
    within: &'a str,
    share: f64,
    both: u64,
    /// How dark its cell is, from 0 to 5; `None` where a segment meets itself or is empty.
    shade: Option<u8>,
}

/// The overlaps, a row for each segment; empty where they were not counted.
fn overlaps(segments: &Segments) -> Vec<Vec<Overlap<'_>>> {
    let names = || segments.each.iter().map(|segment| segment.definition.name.as_str());
    let rows = segments.both.iter().zip(&segments.each).enumerate();
    let rows = rows.map(|(row, (counts, segment))| {
        let cells = counts.iter().zip(names()).enumerate();
        let cells = cells.map(|(column, (both, within))| {
            let share = *both as f64 / segment.members as f64;
            let shade = (row != column && share.is_finite()).then(|| shade(share));
            Overlap { of: &segment.definition.name, within, share, both: *both, shade }
        });
        cells.collect()
    });
    rows.collect()
}

fn shade(share: f64) -> u8 {
    let edges = [0.0, 0.1, 0.25, 0.5, 0.75];
    edges.into_iter().fold(0, |shade, edge| shade + u8::from(share > edge))
}

/// The greatest overlaps.
fn pairs(segments: &Segments) -> Vec<Overlap<'_>> {
    let mut pairs: Vec<Overlap<'_>> = overlaps(segments).into_iter().flatten().collect();
    pairs.retain(|pair| pair.shade.is_some() && pair.both > 0);
    // The sort is stable, so equal shares keep the order of the segments.
    pairs.sort_by(|a, b| b.share.total_cmp(&a.share).then(b.both.cmp(&a.both)));
    pairs.truncate(PAIRS);
    pairs
}

/// What a score's figures come to, and its drawings; empty where there is nothing to draw.
#[derive(Serialize)]
struct Judged {
    /// By which share the Brier score is less than that of the base rate.
    gain: Option<f64>,
    /// Of a thousand pairs, how many are in the right order.
    of_thousand: Option<f64>,
    greatest_weight: f64,
    fitted_to: u64,
    roc: String,
    calibration: String,
    today: String,
}

impl Judged {
    fn new(score: &Score) -> Self {
        let evaluation = &score.evaluation;
        let weights = score.features.iter().filter_map(|feature| feature.weight);
        let counts = evaluation.training.iter().map(|snapshot| snapshot.count);
        let gain = 1.0 - evaluation.brier / evaluation.base_brier;
        let has_scores = score.today.iter().any(|bin| bin.count > 0);
        Self {
            gain: Some(gain).filter(|gain| gain.is_finite()),
            of_thousand: evaluation.auc.map(|auc| (auc * 1000.0).round()),
            greatest_weight: weights
                .filter(|weight| weight.is_finite())
                .map(f64::abs)
                .fold(0.0, f64::max),
            fitted_to: counts.fold(0, |sum, count| sum.saturating_add(super::number(count))),
            roc: some(!evaluation.roc.is_empty(), || chart::roc(&evaluation.roc, evaluation.auc)),
            calibration: some(!evaluation.calibration.is_empty(), || {
                chart::calibration(&evaluation.calibration)
            }),
            today: some(has_scores, || chart::scores(&score.today)),
        }
    }
}

/// A drawing of something; of nothing, none.
fn some(is_there: bool, draw: impl FnOnce() -> String) -> String {
    if is_there { draw() } else { String::new() }
}
