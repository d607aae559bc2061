//! The canonical form of an event, from which its digest and a missing `messageId` come.
//!
//! It holds what the event tells, not how it travelled: neither `receivedAt` nor `sentAt`, nor the
//! order of fields, nor white space, nor `1.50` against `1.5`. It does not depend on the schema.

use std::borrow::Cow;
use std::fmt::Write as _;

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
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
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
    // Writing to a String cannot fail.
    let _ = write!(form, "{}:{text}", text.len());
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
            Part::Value(value) => put_scalar(form, &value.to_string()),
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
    let text = match (Decimal::read(text), text.parse::<Timestamp>()) {
        (Ok((number, false)), _) => Cow::Owned(number.to_string()),
        (_, Ok(at)) => Cow::Owned(at.to_string()),
        _ => Cow::Borrowed(text),
    };
    put(form, &text);
}
