//! Composing.

use std::fmt;
use std::sync::Arc;

use mail_builder::MessageBuilder;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId as IdHeader;
use mail_builder::headers::raw::Raw;
use mail_builder::mime::MimePart;
use sha2::{Digest as _, Sha256};

use super::{Address, Draft, Message, Sender, UnsubscribeToken, header};
use crate::content::Letter;
use crate::error::{Error, ErrorKind, Result};
use crate::gate::{MessageKind, Permit};
use crate::id::{MessageId, ProfileId};
use crate::identity::{Hasher, encode};
use crate::key::KeyProvider;
use crate::privacy::Purpose;
use crate::time::Timestamp;

/// The longest identifier of a message, in bytes.
const MAX_ID: usize = 128;
/// The first and the last second that a `Date` can name: the years 1900 (RFC 5322, section 3.3) to
/// 9999.
const DATES: std::ops::RangeInclusive<i64> = -2_208_988_800..=253_402_300_799;

/// Writes messages of one sender.
#[derive(Clone)]
pub struct Composer {
    from: Address,
    reply_to: Option<Address>,
    unsubscribe_url: String,
    keys: Arc<dyn KeyProvider>,
}

impl Composer {
    /// Writes messages of `sender`, with unsubscribe links signed by `keys`. These must be the keys
    /// by which addresses were hashed for the gate.
    ///
    /// # Errors
    ///
    /// As [`Sender::check`].
    pub fn new(sender: &Sender, keys: Arc<dyn KeyProvider>) -> Result<Self> {
        sender.check()?;
        Ok(Self {
            from: Address::parse(&sender.from)?,
            reply_to: sender.reply_to.as_deref().map(Address::parse).transpose()?,
            unsubscribe_url: sender.unsubscribe_url.clone(),
            keys,
        })
    }

    /// The way out of a message, as it stands in its headers; for its template. See
    /// [`UnsubscribeToken`] for what answers there.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Address`] for an identifier that no message may have (see [`Draft::id`]),
    /// [`ErrorKind::Key`] where there is no active key.
    pub fn unsubscribe_url(
        &self,
        message: &MessageId,
        profile: &ProfileId,
        purpose: &Purpose,
    ) -> Result<String> {
        check_id(message)?;
        let token = UnsubscribeToken::new(&*self.keys, message.clone(), profile, purpose)?;
        Ok(format!("{}{token}", self.unsubscribe_url))
    }

    /// Writes the message that `permit` allows: text and HTML as alternatives, dated `now`. A
    /// marketing message carries one-click unsubscription (RFC 8058).
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Permit`] where the permit does not hold at `now`, or is for another profile
    ///   or another address;
    /// - [`ErrorKind::Address`], naming the field, for a control character in the subject and for
    ///   an identifier that no message may have (see [`Draft::id`]);
    /// - [`ErrorKind::Input`], naming the field, for a control character other than tab and line
    ///   ends in a body, and for a `now` outside the years 1900 to 9999;
    /// - [`ErrorKind::Key`] where there is no active key.
    #[expect(clippy::needless_pass_by_value, reason = "composing uses the permit up")]
    pub fn compose(&self, permit: Permit, draft: &Draft, now: Timestamp) -> Result<Message> {
        self.check_permit(&permit, draft, now)?;
        check_id(&draft.id)?;
        let date = date(now)?;
        let subject = header::line("subject", &draft.letter.subject)?;
        let mut builder = MessageBuilder::new()
            .header("From", header::mailbox(&self.from))
            .header("To", header::mailbox(&draft.recipient))
            .header("Subject", header::text(subject))
            .header("Date", date)
            .header("Message-ID", IdHeader::new(format!("{}@{}", draft.id, self.from.domain())));
        if let Some(address) = &self.reply_to {
            builder = builder.header("Reply-To", header::mailbox(address));
        }
        if permit.kind() == MessageKind::Marketing {
            let url = self.unsubscribe_url(&draft.id, &draft.profile, permit.purpose())?;
            // Not the builder's URL type, which writes line ends as they are.
            builder = builder
                .header("List-Unsubscribe", Raw::new(format!("<{url}>")))
                .header("List-Unsubscribe-Post", Raw::new("List-Unsubscribe=One-Click"));
        }
        let bytes = builder.body(alternatives(&draft.id, &draft.letter)?).write_to_vec();
        Ok(Message {
            id: draft.id.clone(),
            profile: draft.profile.clone(),
            purpose: permit.purpose().clone(),
            kind: permit.kind(),
            from: self.from.clone(),
            recipient: draft.recipient.clone(),
            bytes: bytes.map_err(|error| {
                Error::new(ErrorKind::Io, "the message could not be written").with_source(error)
            })?,
        })
    }

    fn check_permit(&self, permit: &Permit, draft: &Draft, now: Timestamp) -> Result<()> {
        let fault = |detail| Err(Error::new(ErrorKind::Permit, detail));
        if !permit.holds(now) {
            return fault("the permit has expired or does not hold yet");
        }
        if *permit.profile() != draft.profile {
            return fault("the permit is for another profile");
        }
        let hasher = Hasher::new(Arc::clone(&self.keys));
        if !hasher.matches(permit.address(), &draft.recipient.canonical()?) {
            return fault("the permit is for another address");
        }
        Ok(())
    }
}

/// Refuses an identifier that no message may have (see [`Draft::id`]): what passes may stand in a
/// header and be the name of a file.
pub(crate) fn check_id(id: &MessageId) -> Result<()> {
    let id = id.as_str();
    let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    let dots = id.split('.').any(str::is_empty);
    if id.len() > MAX_ID || dots || !id.bytes().all(plain) {
        let detail = "id: it must be 1 to 128 letters, digits, `-`, `_` and single dots inside";
        return Err(Error::new(ErrorKind::Address, detail));
    }
    Ok(())
}

fn date(now: Timestamp) -> Result<Date> {
    let seconds = now.micros().div_euclid(1_000_000);
    if !DATES.contains(&seconds) {
        let detail = "now: a message is dated between the years 1900 and 9999";
        return Err(Error::new(ErrorKind::Input, detail));
    }
    Ok(Date::new(seconds))
}

/// The bodies as alternatives, the best last (RFC 2046, section 5.1.4).
fn alternatives(id: &MessageId, letter: &Letter) -> Result<MimePart<'static>> {
    let (text, html) = (header::body("text", &letter.text)?, header::body("html", &letter.html)?);
    let kind = ContentType::new("multipart/alternative")
        .attribute("boundary", boundary(id, [&text, &html]));
    Ok(MimePart::new(
        kind,
        vec![MimePart::new("text/plain", text), MimePart::new("text/html", html)],
    ))
}

/// A boundary of the same inputs for the same message. It depends on the bodies, so nobody can
/// write a body that holds it.
fn boundary(id: &MessageId, bodies: [&str; 2]) -> String {
    let mut hash = Sha256::new().chain_update(id.as_str());
    for body in bodies {
        hash.update([0]);
        hash.update(body);
    }
    format!("=_{}", encode::hex(&hash.finalize()))
}

impl fmt::Debug for Composer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composer").field("from", &self.from.address()).finish_non_exhaustive()
    }
}
