//! The canonical form of an event, from which its digest and a missing `messageId` come.
//!
//! It holds what the event tells, not how it travelled: neither `receivedAt` nor `sentAt`, nor the
//! order of fields, nor white space, nor `1.50` against `1.5`. It does not depend on the schema.

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::{Event, EventKind};
use crate::id::{MessageId, ProfileId};
use crate::schema::{Raw, RawObject};
use crate::time::Timestamp;
use crate::value::{Decimal, Value};

/// How deep raw values are put in order; what is deeper counts as it is written.
const DEPTH: usize = 32;

/// Parts of the envelope that tell how an event travelled.
const TRANSPORT: [&str; 4] = ["sentAt", "sent_at", "originalTimestamp", "original_timestamp"];

impl Event {
    /// The SHA-256 digest of the canonical form.
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.canonical()).into()
    }

    /// The `messageId` of the `ordinal`-th event of the same content (0 is the first) in a source
    /// whose rows have none and may repeat.
    pub fn derived_id(&self, ordinal: u64) -> MessageId {
        derive_id(&self.digest(), ordinal)
    }

    fn unset(&self) -> std::collections::BTreeSet<&str> {
        let declared = self.fields.iter().filter(|(_, value)| value.is_null());
        let undeclared = self.undeclared().filter(|(_, raw)| *raw == "null");
        declared.map(|(name, _)| &**name).chain(undeclared.map(|(name, _)| name)).collect()
    }

    fn canonical(&self) -> String {
        let mut form = String::with_capacity(256);
        put(&mut form, self.kind().word());
        put(&mut form, self.name());
        for id in [&self.user, &self.anonymous, &self.previous] {
            put(&mut form, id.as_ref().map_or("", ProfileId::as_str));
        }
        put(&mut form, &self.at().to_string());
        let extra = self.extra.as_deref();
        let undeclared = extra.map_or(&[][..], |extra| &extra.fields);
        let declared = self.fields.iter().map(|(name, value)| (&**name, Part::Value(value)));
        let raw = undeclared.iter().map(|(name, raw)| (name.as_str(), Part::Raw(raw)));
        // A trait told to be null is unset; a property that is null is not there.
        let unset =
            (self.kind() == EventKind::Identify).then(|| self.unset()).into_iter().flatten();
        unset.for_each(|name| put(&mut form, name));
        put_object(&mut form, declared.chain(raw).collect(), DEPTH);
        let envelope = extra.map_or(&[][..], |extra| &extra.envelope).iter();
        let envelope = envelope.filter(|(name, _)| !TRANSPORT.contains(&name.as_str()));
        let envelope = envelope.map(|(name, raw)| (name.as_str(), Part::Raw(raw)));
        put_object(&mut form, envelope.collect(), DEPTH);
        form
    }
}

/// As [`Event::derived_id`], from the event's digest.
pub(crate) fn derive_id(digest: &[u8; 32], ordinal: u64) -> MessageId {
    let mut hash = Sha256::new().chain_update(digest);
    if ordinal > 0 {
        hash.update(ordinal.to_be_bytes());
    }
    let mut text = String::with_capacity(32);
    for byte in hash.finalize().iter().take(16) {
        text.extend(char::from_digit(u32::from(byte >> 4), 16));
        text.extend(char::from_digit(u32::from(byte & 15), 16));
    }
    MessageId::from(text)
}

/// A value that was read, or one that stayed as it came.
enum Part<'a> {
    Value(&'a Value),
    Raw(&'a RawValue),
}

/// Appends a text with its length in front, so that no two rows of texts look alike.
fn put(form: &mut String, text: &str) {
    put_length(form, text.len());
    form.push(':');
    form.push_str(text);
}

/// Without `write!`: every event of a file has its form made, and formatting took most of that.
fn put_length(form: &mut String, length: usize) {
    if length > 9 {
        put_length(form, length / 10);
    }
    form.extend(u32::try_from(length % 10).ok().and_then(|digit| char::from_digit(digit, 10)));
}

fn put_object(form: &mut String, mut fields: Vec<(&str, Part<'_>)>, depth: usize) {
    fields.retain(|(_, part)| !part.is_absent());
    fields.sort_by_key(|(name, _)| *name);
    form.push('{');
    for (name, part) in fields {
        put(form, name);
        part.put(form, depth);
    }
    form.push('}');
}

impl Part<'_> {
    fn is_absent(&self) -> bool {
        match self {
            Part::Value(value) => value.is_null(),
            Part::Raw(raw) => matches!(raw.get(), "null" | "\"\""),
        }
    }

    fn put(&self, form: &mut String, depth: usize) {
        match self {
            Part::Value(Value::Object(fields)) => {
                let fields = fields.iter().map(|(name, value)| (&**name, Part::Value(value)));
                put_object(form, fields.collect(), depth);
            }
            Part::Value(Value::List(elements)) => {
                put_list(form, elements.iter().map(Part::Value), depth);
            }
            Part::Value(Value::Text(text)) => put_scalar(form, text),
            // Numbers and instants print in the form that `put_scalar` would give them.
            Part::Value(value) => put(form, &value.to_string()),
            Part::Raw(raw) => put_raw(form, raw, depth),
        }
    }
}

fn put_list<'a>(form: &mut String, parts: impl Iterator<Item = Part<'a>>, depth: usize) {
    form.push('[');
    parts.for_each(|part| part.put(form, depth));
    form.push(']');
}

fn put_raw(form: &mut String, raw: &RawValue, depth: usize) {
    let text = raw.get();
    let deeper = depth.checked_sub(1);
    match (text.as_bytes().first(), deeper) {
        (Some(b'{'), Some(depth)) => {
            if let Ok(object) = serde_json::from_str::<RawObject<'_>>(text) {
                let fields = object.0.iter().map(|(name, raw)| (name.as_str(), Part::Raw(raw)));
                return put_object(form, fields.collect(), depth);
            }
            put(form, text);
        }
        (Some(b'['), Some(depth)) => {
            if let Ok(elements) = serde_json::from_str::<Vec<&RawValue>>(text) {
                return put_list(form, elements.into_iter().map(Part::Raw), depth);
            }
            put(form, text);
        }
        (Some(b'{' | b'['), None) => put(form, text),
        _ => put_scalar(form, &crate::schema::scalar(Raw::Json(raw)).unwrap_or_default()),
    }
}

/// A scalar in the form that a schema would read it to, whatever its kind: the same number or
/// instant, written in two ways, is one.
fn put_scalar(form: &mut String, text: &str) {
    if let Ok((number, false)) = Decimal::read(text) {
        put(form, &number.to_string());
    } else if let Some(at) = Timestamp::read(text) {
        put(form, &at.to_string());
    } else {
        put(form, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Schema;
    use crate::value::Kind;

    #[test]
    fn derived_ids_are_the_same_in_every_version() {
        let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
        let read = |fields: &str| {
            let json = format!(
                r#"{{"event": "Order Completed", "userId": "p-1", "properties": {fields},
                    "timestamp": "2026-02-01T12:00:00Z"}}"#
            );
            Event::read(&json, &schema).unwrap()
        };
        let spellings = [
            r#"{"revenue": 620.50, "at": "2026-02-01 13:00:00+01:00", "lines": [1.0, "long enough"]}"#,
            r#"{"lines":["1","long enough"],"at":"2026-02-01T12:00:00.000Z","revenue":"62.05e1"}"#,
        ];
        for event in spellings.map(read) {
            assert_eq!(event.derived_id(0).as_str(), "ce7614fb5dd2f9f25c6ea9608c83569a");
            assert_eq!(event.derived_id(1).as_str(), "cb1c6c240e28a15afdd93a7aa27b70d4");
        }
    }
}
