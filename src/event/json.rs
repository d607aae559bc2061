//! Events as JSON: the envelope in camelCase or `snake_case`, alone or in a batch.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::{Event, EventKind, Extra};
use crate::error::Rejection;
use crate::id::{MessageId, ProfileId};
use crate::schema::{Raw, RawObject, Schema, scalar};
use crate::time::Timestamp;
use crate::value::Fields;

impl Event {
    /// Reads one event from JSON, typing its declared fields by `schema`.
    ///
    /// # Errors
    ///
    /// Why it is no event, with the field at fault.
    pub fn read(json: &str, schema: &Schema) -> Result<Self, Rejection> {
        read(object(json)?, schema)
    }

    /// Writes the event as JSON in camelCase; undeclared fields as they came.
    pub fn to_json(&self) -> String {
        let mut out = Writer::default();
        out.field("type", self.kind.word());
        if let Some(id) = &self.id {
            out.field("messageId", id);
        }
        if self.kind == EventKind::Track {
            out.field("event", &*self.name);
        }
        for (name, id) in [
            ("userId", &self.user),
            ("anonymousId", &self.anonymous),
            ("previousId", &self.previous),
        ] {
            if let Some(id) = id {
                out.field(name, id);
            }
        }
        out.field("timestamp", &self.at);
        if let Some(at) = &self.received {
            out.field("receivedAt", at);
        }
        let mut fields = Writer::default();
        self.fields.iter().for_each(|(name, value)| fields.field(name, value));
        let extra = self.extra.as_deref();
        for (name, raw) in extra.map_or(&[][..], |extra| &extra.fields) {
            fields.raw(name, raw.get());
        }
        if !fields.text.is_empty() {
            out.raw(self.kind.part(), &fields.finish());
        }
        for (name, raw) in extra.map_or(&[][..], |extra| &extra.envelope) {
            out.raw(name, raw.get());
        }
        out.finish()
    }
}

/// Reads a batch, `{"batch": […]}`, or a single event: what becomes of each, in order.
///
/// # Errors
///
/// Why the text is neither.
pub fn read_batch(json: &str, schema: &Schema) -> Result<Vec<Result<Event, Rejection>>, Rejection> {
    Ok(split_batch(json)?.into_iter().map(|item| Event::read(item.get(), schema)).collect())
}

/// The events of a batch, or the single event, each as it came.
pub(crate) fn split_batch(json: &str) -> Result<Vec<&RawValue>, Rejection> {
    let envelope = object(json)?;
    match envelope.0.iter().find(|(name, _)| name == "batch") {
        Some((_, batch)) => serde_json::from_str(batch.get())
            .map_err(|error| Rejection::new("wrong-kind", error.to_string()).in_field("batch")),
        None => serde_json::from_str(json).map(|one| vec![one]).map_err(no_json),
    }
}

fn object(json: &str) -> Result<RawObject<'_>, Rejection> {
    serde_json::from_str(json).map_err(no_json)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn no_json(error: serde_json::Error) -> Rejection {
    let reason = if error.is_data() { "no-event" } else { "broken-json" };
    Rejection::new(reason, error.to_string())
}

/// The parts of the envelope that are used; what is not stays in `rest`.
#[derive(Default)]
struct Envelope<'a> {
    kind: Option<&'a RawValue>,
    event: Option<&'a RawValue>,
    id: Option<&'a RawValue>,
    user: Option<&'a RawValue>,
    anonymous: Option<&'a RawValue>,
    previous: Option<&'a RawValue>,
    timestamp: Option<&'a RawValue>,
    original: Option<&'a RawValue>,
    received: Option<&'a RawValue>,
    properties: Option<&'a RawValue>,
    traits: Option<&'a RawValue>,
    rest: Vec<(String, Box<RawValue>)>,
}

impl<'a> Envelope<'a> {
    fn sort(object: RawObject<'a>) -> Result<Self, Rejection> {
        let mut envelope = Self::default();
        for (name, raw) in object.0 {
            let slot = match name.as_str() {
                "type" => &mut envelope.kind,
                "event" => &mut envelope.event,
                "messageId" | "message_id" => &mut envelope.id,
                "userId" | "user_id" => &mut envelope.user,
                "anonymousId" | "anonymous_id" => &mut envelope.anonymous,
                "previousId" | "previous_id" => &mut envelope.previous,
                "timestamp" => &mut envelope.timestamp,
                "originalTimestamp" | "original_timestamp" => {
                    envelope.original = Some(raw);
                    envelope.rest.push((name, raw.to_owned()));
                    continue;
                }
                "receivedAt" | "received_at" => &mut envelope.received,
                "properties" => &mut envelope.properties,
                "traits" => &mut envelope.traits,
                _ => {
                    envelope.rest.push((name, raw.to_owned()));
                    continue;
                }
            };
            if slot.replace(raw).is_some() {
                let detail = "it comes twice, in camelCase and in snake_case";
                return Err(Rejection::new("repeated-field", detail).in_field(name));
            }
        }
        Ok(envelope)
    }
}

fn read(object: RawObject<'_>, schema: &Schema) -> Result<Event, Rejection> {
    let mut envelope = Envelope::sort(object)?;
    let kind = kind(&envelope)?;
    let at = instant(envelope.timestamp, "timestamp")?
        .or(instant(envelope.original, "originalTimestamp")?)
        .or(instant(envelope.received, "receivedAt")?)
        .ok_or_else(|| missing("timestamp", "an event needs an instant"))?;
    let mut event = Event::new(kind, name(kind, &envelope)?, at);
    event.id = text(envelope.id, "messageId")?.map(MessageId::from);
    event.user = text(envelope.user, "userId")?.map(ProfileId::from);
    event.anonymous = text(envelope.anonymous, "anonymousId")?.map(ProfileId::from);
    event.previous = text(envelope.previous, "previousId")?.map(ProfileId::from);
    event.received = instant(envelope.received, "receivedAt")?;
    if event.person().is_none() {
        return Err(missing("userId", "an event needs a userId or an anonymousId"));
    }
    let (used, other) = match kind.part() {
        "traits" => (envelope.traits, ("properties", envelope.properties)),
        _ => (envelope.properties, ("traits", envelope.traits)),
    };
    if let (name, Some(raw)) = other {
        envelope.rest.push((name.to_owned(), raw.to_owned()));
    }
    let undeclared = fields(&mut event, used, schema)?;
    if !undeclared.is_empty() || !envelope.rest.is_empty() {
        event.extra = Some(Arc::new(Extra { envelope: envelope.rest, fields: undeclared }));
    }
    Ok(event)
}

fn kind(envelope: &Envelope<'_>) -> Result<EventKind, Rejection> {
    let Some(word) = text(envelope.kind, "type")? else {
        // Many exports leave it out where the event is named.
        return match envelope.event {
            Some(_) => Ok(EventKind::Track),
            None => Err(missing("type", "neither `type` nor `event` says what this is")),
        };
    };
    EventKind::from_word(&word).ok_or_else(|| {
        let detail = format!("`{word}` is none of alias, group, identify, page, screen, track");
        Rejection::new("unknown-type", detail).in_field("type")
    })
}

fn name(kind: EventKind, envelope: &Envelope<'_>) -> Result<Arc<str>, Rejection> {
    if kind != EventKind::Track {
        return Ok(kind.default_name().into());
    }
    let name = text(envelope.event, "event")?;
    name.map(Arc::from).ok_or_else(|| missing("event", "a track event needs a name"))
}

/// Reads the declared fields into the event and returns the others as they came.
fn fields(
    event: &mut Event,
    raw: Option<&RawValue>,
    schema: &Schema,
) -> Result<Vec<(String, Box<RawValue>)>, Rejection> {
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else { return Ok(Vec::new()) };
    let part = event.kind.part();
    let object: RawObject<'_> = serde_json::from_str(raw.get())
        .map_err(|error| Rejection::new("wrong-kind", error.to_string()).in_field(part))?;
    let mut declared = Vec::with_capacity(object.0.len());
    let mut undeclared = Vec::new();
    for (name, raw) in object.0 {
        let Some(field) = event.declaration(schema, &name) else {
            undeclared.push((name, raw.to_owned()));
            continue;
        };
        let value = field
            .read(Raw::Json(raw), &mut event.rounded)
            .map_err(|rejection| in_path(&format!("{part}.{name}"), rejection))?;
        // A trait told to be null is unset from then on; a property that is null is not there.
        if event.kind == EventKind::Identify || !value.is_null() {
            declared.push((name, value));
        }
    }
    event.fields = Fields::from_iter(declared);
    Ok(undeclared)
}

pub(super) fn in_path(name: &str, rejection: Rejection) -> Rejection {
    let path = match &rejection.field {
        Some(inner) => format!("{name}.{inner}"),
        None => name.to_owned(),
    };
    rejection.in_field(path)
}

fn text(raw: Option<&RawValue>, field: &str) -> Result<Option<String>, Rejection> {
    let Some(raw) = raw else { return Ok(None) };
    if matches!(raw.get().as_bytes().first(), Some(b'{' | b'[' | b't' | b'f')) {
        let detail = "a text was expected".to_owned();
        return Err(Rejection::new("wrong-kind", detail).in_field(field));
    }
    Ok(scalar(Raw::Json(raw)).map(std::borrow::Cow::into_owned))
}

fn instant(raw: Option<&RawValue>, field: &str) -> Result<Option<Timestamp>, Rejection> {
    let Some(written) = text(raw, field)? else { return Ok(None) };
    let at = written.parse().map_err(|error: crate::error::Error| {
        Rejection::new("bad-timestamp", error.detail()).in_field(field)
    })?;
    Ok(Some(at))
}

fn missing(field: &str, detail: &str) -> Rejection {
    Rejection::new("missing-field", detail).in_field(field)
}

/// Writes an object field by field.
#[derive(Default)]
struct Writer {
    text: String,
}

impl Writer {
    fn field<T: serde::Serialize + ?Sized>(&mut self, name: &str, value: &T) {
        // Texts, numbers and lists of them: nothing that JSON cannot say.
        self.raw(name, &serde_json::to_string(value).unwrap_or_default());
    }

    fn raw(&mut self, name: &str, json: &str) {
        self.text.push(if self.text.is_empty() { '{' } else { ',' });
        self.text.push_str(&serde_json::to_string(name).unwrap_or_default());
        self.text.push(':');
        self.text.push_str(json);
    }

    fn finish(mut self) -> String {
        if self.text.is_empty() {
            self.text.push('{');
        }
        self.text.push('}');
        self.text
    }
}
