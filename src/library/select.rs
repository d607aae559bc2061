//! What a block asks of a person, as its file has it, and the places of `_places.toml`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use super::block::{BlockFile, BlockPlan, VariantPlan};
use super::front;
use crate::content::{Block, Content, Selector};
use crate::error::{Error, Result, Span};
use crate::experiment::{Experiment, Subject};
use crate::lint::Finding;
use crate::place::{Coordinates, Located, Place, Places};

/// An experiment, as a block's file has it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExperimentPlan {
    key: String,
    arms: Vec<String>,
    #[serde(default)]
    weights: Vec<f64>,
    coverage: Option<f64>,
    /// The trait by which people are known to it, if not by their profile.
    subject: Option<String>,
}

/// What a block fetches at send time.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FetchPlan {
    source: String,
    #[serde(default)]
    arguments: BTreeMap<String, String>,
}

/// `_places.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PlacesPlan {
    latitude: Option<String>,
    longitude: Option<String>,
    postal: Option<String>,
    within_km: Option<f64>,
    places: Vec<PlacePlan>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlacePlan {
    name: String,
    region: Option<String>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    #[serde(default)]
    postal: Vec<String>,
}

impl PlacesPlan {
    /// The places, if they are such.
    pub(super) fn places(&self) -> Result<Places> {
        let places = self.places.iter().map(|plan| {
            let place = Place::new(plan.name.as_str()).postal(&plan.postal);
            let place =
                plan.region.iter().fold(place, |place, region| place.region(region.as_str()));
            let point = plan.latitude.zip(plan.longitude);
            let within = |error: Error| error.within(format!("place `{}`", plan.name));
            let point = point.map(|(lat, long)| Coordinates::new(lat, long).map_err(within));
            Ok(match point.transpose()? {
                Some(point) => place.at(point),
                None => place,
            })
        });
        let places = Places::new(places.collect::<Result<Vec<_>>>()?)?;
        let located = Located::default();
        let (latitude, longitude) = (&located.latitude, &located.longitude);
        let latitude = self.latitude.as_deref().map_or_else(|| Arc::clone(latitude), Arc::from);
        let longitude = self.longitude.as_deref().map_or_else(|| Arc::clone(longitude), Arc::from);
        let located = located.clone().coordinates(latitude, longitude);
        let located =
            self.postal.iter().fold(located, |located, postal| located.postal(postal.as_str()));
        let places = places.located(located);
        Ok(self.within_km.into_iter().fold(places, Places::within_km))
    }
}

impl ExperimentPlan {
    fn experiment(&self) -> Result<Experiment> {
        let arms = self.arms.iter().map(String::as_str);
        let experiment = Experiment::new(self.key.as_str(), arms)?;
        let experiment = experiment.weights(self.weights.iter().copied());
        let experiment = self.coverage.into_iter().fold(experiment, Experiment::coverage);
        Ok(self.subject.iter().fold(experiment, |experiment, name| {
            experiment.subject(Subject::Attribute(name.as_str().into()))
        }))
    }
}

/// How a plan's variants are chosen: the selector, and what a variant's key is called in the file.
fn selector(plan: &BlockPlan, places: Option<&Arc<Places>>) -> Result<(Selector, &'static str)> {
    let refused =
        |detail: &'static str| Err(Error::new(crate::error::ErrorKind::Definition, detail));
    let BlockPlan { by, bands, experiment, place, region, .. } = plan;
    match (by, bands, experiment, *place, *region, places) {
        (None, None, None, false, false, _) => Ok((Selector::rules(), "rule")),
        (Some(figure), None, None, false, false, _) => {
            Ok((Selector::value(figure.as_str()), "value"))
        }
        (None, Some(figure), None, false, false, _) => {
            Ok((Selector::bands(figure.as_str()), "band"))
        }
        (None, None, Some(experiment), false, false, _) => {
            Ok((Selector::experiment(experiment.experiment()?), "arm"))
        }
        (None, None, None, true, false, Some(places)) => {
            Ok((Selector::place(Arc::clone(places)), "place"))
        }
        (None, None, None, false, true, Some(places)) => {
            Ok((Selector::region(Arc::clone(places)), "region"))
        }
        (None, None, None, true, false, None) | (None, None, None, false, true, None) => {
            refused("there are no places; add `_places.toml`")
        }
        _ => refused(
            "a block goes by one of `by`, `bands`, `experiment`, `place`, `region`, or by rules",
        ),
    }
}

impl VariantPlan {
    /// The key, which is under the name that its selector gives it.
    fn key(&self, called: &'static str) -> std::result::Result<&Spanned<String>, (Span, String)> {
        let Self { rule, value, band, arm, place, region, .. } = self;
        let all = [
            ("rule", rule),
            ("value", value),
            ("band", band),
            ("arm", arm),
            ("place", place),
            ("region", region),
        ];
        let stray = all.iter().find(|(name, key)| *name != called && key.is_some());
        if let Some((name, Some(key))) = stray {
            return Err((
                front::span(key),
                format!("this block goes by `{called}`, not by `{name}`"),
            ));
        }
        let key =
            all.into_iter().find(|(name, _)| *name == called).and_then(|(_, key)| key.as_ref());
        key.ok_or_else(|| (front::span(&self.name), format!("`{called}` is missing")))
    }
}

/// A block for an engine. What its variants say stands in the templates too, so that nothing is
/// rendered twice; here it is for whoever asks for the block alone.
pub(super) fn block(
    file: &BlockFile,
    places: Option<&Arc<Places>>,
    mut say: impl FnMut(&super::block::VariantFile) -> Result<Content>,
) -> std::result::Result<Block, Box<Finding>> {
    let told = |span: Span, error: &Error| {
        let message =
            error.diagnostics().first().map_or_else(|| error.detail(), |fault| &fault.message);
        Box::new(file.source.finding("block", span, (message.to_owned(), "")))
    };
    let whole = |error: Error| told(Span::default(), &error);
    let (selector, called) = selector(&file.plan, places).map_err(whole)?;
    let mut block = Block::by(selector, say(&file.fallback).map_err(whole)?);
    for (variant, plan) in file.variants.iter().zip(&file.plan.variants) {
        let key = plan.key(called);
        let key = key.map_err(|(span, message)| {
            Box::new(file.source.finding("block", span, (message, "")))
        })?;
        let span = front::span(key);
        let content = say(variant).map_err(|error| told(span, &error))?;
        block = block
            .variant(Arc::clone(&variant.name), key.get_ref(), content)
            .map_err(|error| told(span, &error))?;
    }
    let fetch = file.plan.fetch.iter();
    Ok(fetch.fold(block, |block, fetch| {
        let arguments =
            fetch.arguments.iter().map(|(name, figure)| (name.as_str(), figure.as_str()));
        block.fetches(fetch.source.as_str(), arguments)
    }))
}
