//! Models as they are saved: JSON with a format and its version.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};

/// The version of the formats that this crate writes.
const VERSION: u32 = 1;

/// A model with its format.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Saved<'a, T> {
    format: Cow<'a, str>,
    version: u32,
    model: T,
}

/// What must be read before the rest can be.
#[derive(Deserialize)]
struct Header {
    format: Option<String>,
    version: Option<u32>,
}

/// Writes a model, the same bytes each time.
pub(super) fn write<T: Serialize>(format: &str, model: &T) -> String {
    let saved = Saved { format: format.into(), version: VERSION, model };
    // Names and finite numbers: nothing that JSON cannot say.
    serde_json::to_string(&saved).unwrap_or_default()
}

/// Reads a model of a format, in this version or an earlier one.
pub(super) fn read<T: DeserializeOwned>(format: &str, json: &str) -> Result<T> {
    let fault = |detail: String| Error::new(ErrorKind::Format, detail);
    let unread = |error: serde_json::Error| fault(format!("this is no saved model: {error}"));
    let header: Header = serde_json::from_str(json).map_err(unread)?;
    if header.format.as_deref() != Some(format) {
        return Err(fault(format!("this is no saved model: its format is not {format}")));
    }
    match header.version {
        Some(VERSION) => {
            let saved: Saved<'_, T> = serde_json::from_str(json).map_err(unread)?;
            Ok(saved.model)
        }
        Some(newer) if newer > VERSION => {
            let detail = format!("the model was saved in version {newer} of its format");
            Err(fault(format!("{detail}; this crate reads up to {VERSION}")))
        }
        _ => Err(fault("this is no saved model: it has no version".to_owned())),
    }
}

/// Refuses a parameter that is not positive and finite.
pub(super) fn check(parameters: &[(&'static str, f64)]) -> Result<()> {
    let possible = |value: f64| value.is_normal() && value > 0.0;
    match parameters.iter().find(|(_, value)| !possible(*value)) {
        Some((name, value)) => {
            let detail = format!("the parameter `{name}` is positive and finite, not {value}");
            Err(Error::new(ErrorKind::Model, detail))
        }
        None => Ok(()),
    }
}
