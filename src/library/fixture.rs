//! Fixtures: what a template is shown and tested with.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::Value as Json;

use super::expand::Source;
use crate::content::Context;
use crate::error::{Error, ErrorKind, Result, Span};
use crate::id::MessageId;
use crate::lint::Finding;
use crate::time::Timestamp;
use crate::value::{Decimal, Fields, Value};

/// The values that a template is rendered with where nobody gets it: in previews, by tests, by the
/// lint. A fixture fixes the instant and the message's identifier too, so its mail is the same bytes
/// each time.
///
/// ```
/// use bespoke::library::Fixture;
///
/// let ann = Fixture::from_json(r#"{
///     "now": "2026-03-01T09:00:00Z", "message": "m-1",
///     "profile": {"name": "Ann"}, "given": {"unsubscribe_url": "https://shop.example/u/1"}
/// }"#)?;
/// assert_eq!(ann.message().as_str(), "m-1");
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Fixture {
    now: Timestamp,
    message: MessageId,
    recipient: Option<String>,
    locale: Option<Arc<str>>,
    choices: BTreeMap<Arc<str>, Arc<str>>,
    roots: BTreeMap<&'static str, Fields>,
}

/// What templates read of a fixture.
const ROOTS: [&str; 6] = ["fetched", "given", "metrics", "place", "profile", "segments"];

/// A fixture as it is written.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    now: Option<String>,
    message: Option<String>,
    recipient: Option<String>,
    locale: Option<String>,
    #[serde(default)]
    choices: BTreeMap<String, String>,
    #[serde(default)]
    fetched: BTreeMap<String, Json>,
    #[serde(default)]
    given: BTreeMap<String, Json>,
    #[serde(default)]
    metrics: BTreeMap<String, Json>,
    #[serde(default)]
    place: BTreeMap<String, Json>,
    #[serde(default)]
    profile: BTreeMap<String, Json>,
    #[serde(default)]
    segments: BTreeMap<String, Json>,
}

impl Fixture {
    /// Reads a fixture.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] with line and column for what is no fixture.
    pub fn from_json(json: &str) -> Result<Self> {
        let source = Source { path: "fixture".into(), text: json.into(), start: 0 };
        Self::read(&source, None)
            .map_err(|finding| Error::from_diagnostics(ErrorKind::Input, vec![finding.fault]))
    }

    /// Reads a fixture over another one, which says what this one does not.
    pub(super) fn read(source: &Source, base: Option<&Source>) -> Result<Self, Box<Finding>> {
        let base = base.map(written).transpose()?.unwrap_or_default();
        let own = written(source)?;
        let whole = |fault: Error| {
            let fault = (fault.detail().to_owned(), "");
            Box::new(source.finding("fixture", Span::default(), fault))
        };
        let now = own.now.as_ref().or(base.now.as_ref());
        let now = now.map_or("2026-01-01T09:00:00Z", String::as_str);
        let message = own.message.or(base.message).unwrap_or_else(|| "fixture".to_owned());
        let tables = [
            (base.fetched, own.fetched),
            (base.given, own.given),
            (base.metrics, own.metrics),
            (base.place, own.place),
            (base.profile, own.profile),
            (base.segments, own.segments),
        ];
        let roots = ROOTS.into_iter().zip(tables).map(|(root, (base, own))| {
            let all = base.iter().chain(&own);
            let fields = all.map(|(name, json)| Ok((name.as_str(), value(json)?)));
            Ok((root, fields.collect::<Result<Fields>>().map_err(|error| error.within(root))?))
        });
        let choices = base.choices.into_iter().chain(own.choices);
        Ok(Self {
            now: now.parse().map_err(|error: Error| whole(error.within("now")))?,
            message: message.as_str().into(),
            recipient: own.recipient.or(base.recipient),
            locale: own.locale.or(base.locale).map(Into::into),
            choices: choices.map(|(block, variant)| (block.into(), variant.into())).collect(),
            roots: roots.collect::<Result<_>>().map_err(whole)?,
        })
    }

    /// The instant at which its mail is written; 2026-01-01 09:00 UTC where it names none.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The identifier of its mail; `fixture` where it names none.
    pub fn message(&self) -> &MessageId {
        &self.message
    }

    /// To whom its mail goes, as `name <address>`.
    pub fn recipient(&self) -> Option<&str> {
        self.recipient.as_deref()
    }

    /// The language and region that the recipient reads.
    pub fn locale(&self) -> Option<&str> {
        self.locale.as_deref()
    }

    /// The variant of each block that it shows; of others the fallback.
    pub fn choices(&self) -> &BTreeMap<Arc<str>, Arc<str>> {
        &self.choices
    }

    /// A value that the host gives with its mail.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.roots.get("given")?.get(name)?.as_text()
    }

    /// The names of what the host gives with its mail.
    pub(super) fn gives(&self) -> impl Iterator<Item = &Arc<str>> {
        self.roots.get("given").into_iter().flat_map(Fields::iter).map(|(name, _)| name)
    }

    /// The same fixture with another variant of a block.
    #[must_use]
    pub fn choosing(mut self, block: impl Into<Arc<str>>, variant: impl Into<Arc<str>>) -> Self {
        self.choices.insert(block.into(), variant.into());
        self
    }

    /// The same fixture for somebody who reads another language.
    #[must_use]
    pub fn reading(mut self, locale: impl Into<Arc<str>>) -> Self {
        self.locale = Some(locale.into());
        self
    }

    /// What a template reads of it.
    pub(super) fn context(&self) -> Context {
        let empty = Fields::default();
        let of = |root| self.roots.get(root).unwrap_or(&empty);
        let context = Context::new(of("profile"), None).given(of("given"));
        let context = ["fetched", "metrics", "place", "segments"]
            .into_iter()
            .fold(context, |context, root| context.root(root, of(root)));
        match &self.locale {
            Some(locale) => context.locale(locale),
            None => context,
        }
    }
}

fn written(source: &Source) -> Result<Written, Box<Finding>> {
    serde_json::from_str(&source.text).map_err(|error| {
        let before: usize = source
            .text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum();
        let at = before + error.column().saturating_sub(1);
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default().to_owned();
        Box::new(source.finding("fixture", Span::new(at, at + 1), (message, "")))
    })
}

fn value(json: &Json) -> Result<Value> {
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Number(number) => {
            let number: Decimal = number.to_string().parse().map_err(|_| {
                let detail = format!("{number} has more digits than numbers may have");
                Error::new(ErrorKind::Input, detail)
            })?;
            Value::Number(number)
        }
        Json::String(text) => text.as_str().into(),
        Json::Array(elements) => {
            Value::List(elements.iter().map(value).collect::<Result<Vec<_>>>()?.into())
        }
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, json)| Ok((name.as_str(), value(json)?)));
            Value::Object(fields.collect::<Result<_>>()?)
        }
    })
}
