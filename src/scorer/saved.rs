//! Models as they are saved: JSON that names its format and version.

use std::sync::Arc;

use serde::de::{DeserializeOwned, IgnoredAny};
use serde::{Deserialize, Serialize};

use super::encode::{Encoder, Part, Range, Scale, Scaled};
use super::model::{Body, Core, Linear, Link};
use crate::error::{Error, ErrorKind, Result};

/// What must be read before the rest can be.
#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    version: Option<u32>,
}

/// A model and what says what it is.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Saved<Body> {
    format: String,
    version: u32,
    model: Body,
}

const FORMAT: &str = "bespoke/model";
const VERSION: u32 = 1;

/// Logistic regressions were saved under this name, in version 1, before there were other models.
const LOGISTIC: &str = "bespoke/logistic";

/// Writes a model, the same bytes each time.
pub(super) fn write(body: &Body) -> String {
    // Texts and finite numbers: nothing that JSON cannot say.
    let saved = Saved { format: FORMAT.to_owned(), version: VERSION, model: body };
    serde_json::to_string(&saved).unwrap_or_default()
}

/// Reads a model of any version so far.
pub(super) fn read(json: &str) -> Result<Body> {
    let header: Header = parse(json)?;
    let format = header.format.as_deref();
    if !matches!(format, Some(FORMAT | LOGISTIC)) {
        return Err(fault(format!("this is no saved model: its format is not {FORMAT}")));
    }
    match header.version {
        Some(VERSION) => {}
        Some(newer) if newer > VERSION => {
            let detail = format!("the model was saved in version {newer} of its format");
            return Err(fault(format!("{detail}; this crate reads up to {VERSION}")));
        }
        _ => return Err(fault("this is no saved model: it has no version".to_owned())),
    }
    match format {
        Some(LOGISTIC) => parse(json).map(Logistic::body),
        _ => parse(json).map(|saved: Saved<Body>| saved.model),
    }
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| fault(format!("this is no saved model: {error}")))
}

fn fault(detail: String) -> Error {
    Error::new(ErrorKind::Format, detail)
}

/// A logistic regression as it was saved.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Logistic {
    #[serde(rename = "format")]
    _format: IgnoredAny,
    #[serde(rename = "version")]
    _version: IgnoredAny,
    intercept: f64,
    features: Vec<Term>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Term {
    name: Arc<str>,
    log: bool,
    low: f64,
    high: f64,
    mean: f64,
    deviation: f64,
    weight: f64,
    fill: f64,
    unknown: f64,
}

impl Logistic {
    fn body(self) -> Body {
        let weights = self.features.iter().flat_map(|term| [term.weight, term.unknown]).collect();
        let parts = self.features.iter().map(|term| {
            // The weight of being missing was of 1 or 0.
            let (value, missing) = (Scale::new(term.mean, term.deviation), Scale::new(0.0, 1.0));
            Part::Scaled(Scaled {
                range: Range { low: term.low, high: term.high },
                log: term.log,
                fill: term.fill,
                value: Some(value),
                missing: Some(missing),
            })
        });
        Body {
            positive: Some("outcome".into()),
            link: Link::Logistic,
            encoder: Encoder { parts: parts.collect() },
            core: Core::Linear(Linear { intercept: self.intercept, weights }),
            features: self.features.into_iter().map(|term| term.name).collect(),
            calibration: Vec::new(),
        }
    }
}
