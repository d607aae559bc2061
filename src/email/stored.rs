//! Messages as an outbox keeps them.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use serde::Deserialize;

use super::compose::check_id;
use super::{Address, Message};
use crate::error::{Error, ErrorKind, Result};
use crate::gate::MessageKind;
use crate::id::{MessageId, ProfileId};
use crate::privacy::Purpose;

/// The form in which messages are written. The first had neither version nor variants.
const FORM: u32 = 2;
/// The forms that are read.
const READ: RangeInclusive<u32> = 1..=FORM;

impl Message {
    /// The message as JSON, for an outbox. It holds personal data, the address first of all: seal it
    /// before it is stored.
    pub fn to_json(&self) -> String {
        let fields = [
            ("form", FORM.into()),
            ("id", self.id.as_str().into()),
            ("profile", self.profile.as_str().into()),
            ("purpose", self.purpose.as_str().into()),
            ("kind", kind(self.kind).into()),
            ("from", self.from.to_string().into()),
            ("recipient", self.recipient.to_string().into()),
            ("version", self.version.as_deref().into()),
            ("variants", self.variants.iter().map(|(block, it)| (&**block, &**it)).collect()),
            // They are ASCII; were they not, reading them back would say so.
            ("bytes", String::from_utf8_lossy(&self.bytes).into()),
        ];
        let fields =
            fields.map(|(name, value): (&str, serde_json::Value)| (name.to_owned(), value));
        serde_json::Value::Object(fields.into_iter().collect()).to_string()
    }

    /// The message that was written by [`Message::to_json`]. No permit is asked for: one was used up
    /// when the message was composed. So read only what you sealed yourself.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Format`] for what is no message or was written in a newer form;
    /// [`ErrorKind::Address`] for an identifier or an address that no message has.
    pub fn from_json(json: &str) -> Result<Self> {
        let fault = |detail| Error::new(ErrorKind::Format, detail);
        let Form { form } = serde_json::from_str(json).map_err(|error| broken(&error))?;
        if !READ.contains(&form) {
            return Err(fault("a message was written in a form that this version does not read"));
        }
        let written: Written = serde_json::from_str(json).map_err(|error| broken(&error))?;
        check_id(&written.id)?;
        if !written.bytes.is_ascii() {
            return Err(fault("a stored message is not ASCII"));
        }
        Ok(Self {
            id: written.id,
            profile: written.profile,
            purpose: written.purpose,
            kind: written.kind,
            from: Address::parse(&written.from).map_err(|error| error.within("from"))?,
            recipient: Address::parse(&written.recipient)
                .map_err(|error| error.within("recipient"))?,
            version: written.version,
            variants: written.variants,
            bytes: written.bytes.into_bytes(),
        })
    }
}

/// The first thing to be read: in which form the rest is.
#[derive(Deserialize)]
struct Form {
    form: u32,
}

/// A message as it is written.
#[derive(Deserialize)]
struct Written {
    id: MessageId,
    profile: ProfileId,
    purpose: Purpose,
    kind: MessageKind,
    from: String,
    recipient: String,
    version: Option<Arc<str>>,
    #[serde(default)]
    variants: BTreeMap<Arc<str>, Arc<str>>,
    bytes: String,
}

fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Marketing => "marketing",
        MessageKind::Transactional => "transactional",
    }
}

/// Says where the text breaks off, and not what it holds.
fn broken(error: &serde_json::Error) -> Error {
    let detail = format!("a stored message is broken at column {}", error.column());
    Error::new(ErrorKind::Format, detail)
}
