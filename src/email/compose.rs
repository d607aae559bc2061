//! Composing.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::date::Date;
use mail_builder::headers::message_id::MessageId as IdHeader;
use mail_builder::headers::{Header as _, HeaderType};
use mail_builder::mime::MimePart;

use super::{Address, Draft, Message, ProviderHeader, Sender, UnsubscribeToken, header};
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
/// How much of an identifier stands in a boundary, which has at most 70 bytes (RFC 2046, section
/// 5.1.1).
const BOUNDARY_ID: usize = 56;
/// What headers take, about, in bytes.
const HEADERS: usize = 2048;
/// The first and the last second that a `Date` can name: the years 1900 (RFC 5322, section 3.3) to
/// 9999.
const DATES: std::ops::RangeInclusive<i64> = -2_208_988_800..=253_402_300_799;

/// Writes messages of one sender.
#[derive(Clone)]
pub struct Composer {
    from: Address,
    reply_to: Option<Address>,
    unsubscribe_url: String,
    list: Option<(Option<String>, String)>,
    feedback: Option<String>,
    headers: Vec<(String, String)>,
    provider: BTreeSet<ProviderHeader>,
    keys: Arc<dyn KeyProvider>,
}

/// Headers by name, in their order.
type Headers<'a> = Vec<(&'a str, HeaderType<'a>)>;

impl Composer {
    /// Writes messages of `sender`, with unsubscribe links signed by `keys`. These must be the keys
    /// by which addresses were hashed for the gate.
    ///
    /// # Errors
    ///
    /// As [`Sender::check`].
    pub fn new(sender: &Sender, keys: Arc<dyn KeyProvider>) -> Result<Self> {
        sender.check()?;
        let list = sender.list_id.as_deref().map(|list| header::bracketed("list_id", list));
        Ok(Self {
            from: Address::parse(&sender.from)?,
            reply_to: sender.reply_to.as_deref().map(Address::parse).transpose()?,
            unsubscribe_url: sender.unsubscribe_url.clone(),
            list: list.transpose()?.map(|(name, id)| (name, id.to_owned())),
            feedback: sender.feedback_id.clone(),
            headers: sender.headers.clone().into_iter().collect(),
            provider: sender.provider_headers.clone(),
            keys,
        })
    }

    /// The same composer, which leaves out what a channel writes itself
    /// ([`Channel::headers`](crate::delivery::Channel::headers)), besides what the sender says.
    ///
    /// ```
    /// use std::sync::Arc;
    /// use bespoke::email::{Composer, ProviderHeader, Sender};
    /// use bespoke::key::{KeyVersion, Keys, Secret};
    ///
    /// let keys = Keys::new(KeyVersion::new(1), Secret::new([7; 32])?);
    /// let sender = Sender::new("news@shop.example", "https://shop.example/u/", "Weg 1, Ulm");
    /// let composer = Composer::new(&sender, Arc::new(keys))?;
    /// // With a channel at hand: `composer.carried_by(channel.headers())`.
    /// let composer = composer.carried_by([ProviderHeader::MessageId]);
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    #[must_use]
    pub fn carried_by(mut self, headers: impl IntoIterator<Item = ProviderHeader>) -> Self {
        self.provider.extend(headers);
        self
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

    /// Writes the message that `permit` allows: text, AMP where there is some, and HTML as
    /// alternatives, dated `now`, which is the instant at which it is handed over or claimed.
    ///
    /// A marketing message carries one-click unsubscription (RFC 8058) and, where the sender has
    /// them, `List-ID`; a transactional one says that no person wrote it (RFC 3834). `Feedback-ID`
    /// has the draft's campaign, the purpose, the version of the templates and the sender's name,
    /// those that there are. `Message-ID` and the boundary between the parts follow from the
    /// message's identifier, so the same inputs give the same bytes.
    ///
    /// # Errors
    ///
    /// - [`ErrorKind::Permit`] where the permit does not hold at `now`, or is for another profile
    ///   or another address;
    /// - [`ErrorKind::Address`], naming the field, for a control character in the subject and for
    ///   an identifier that no message may have (see [`Draft::id`]);
    /// - [`ErrorKind::Input`], naming the field, for a control character other than tab and line
    ///   ends in a body, for a body that is empty, marketing or not (who reads that part would get
    ///   nothing), and for a `now` outside the years 1900 to 9999;
    /// - [`ErrorKind::Key`] where there is no active key.
    #[expect(clippy::needless_pass_by_value, reason = "composing uses the permit up")]
    pub fn compose(&self, permit: Permit, draft: &Draft, now: Timestamp) -> Result<Message> {
        self.check_permit(&permit, draft, now)?;
        check_id(&draft.id)?;
        let from = draft.from.as_ref().unwrap_or(&self.from);
        let headers = self.headers(&permit, draft, from, now)?;
        let body = alternatives(&draft.id, &draft.letter)?;
        Ok(Message {
            id: draft.id.clone(),
            profile: draft.profile.clone(),
            purpose: permit.purpose().clone(),
            kind: permit.kind(),
            from: from.clone(),
            recipient: draft.recipient.clone(),
            version: draft.letter.version.clone(),
            variants: draft.letter.variants.clone(),
            bytes: write(headers, body),
        })
    }

    fn headers<'a>(
        &'a self,
        permit: &Permit,
        draft: &'a Draft,
        from: &'a Address,
        now: Timestamp,
    ) -> Result<Headers<'a>> {
        let subject = header::line("subject", &draft.letter.subject)?;
        let id = IdHeader::new(format!("{}@{}", draft.id, from.domain()));
        let mut headers = vec![
            ("From", header::mailbox(from)),
            ("To", header::mailbox(&draft.recipient)),
            ("Subject", header::text(subject)),
            ("Date", date(now)?.into()),
            ("Message-ID", id.into()),
        ];
        let reply_to = draft.reply_to.as_ref().or(self.reply_to.as_ref());
        headers.extend(reply_to.map(|address| ("Reply-To", header::mailbox(address))));
        match permit.kind() {
            MessageKind::Marketing => self.list(&mut headers, permit.purpose(), draft)?,
            MessageKind::Transactional => {
                headers.push(("Auto-Submitted", header::raw("auto_submitted", "auto-generated")?));
            }
        }
        if let Some(sender) = &self.feedback {
            let value = feedback(permit.purpose(), draft, sender);
            headers.push(("Feedback-ID", header::raw("feedback_id", value)?));
        }
        for (name, value) in &self.headers {
            headers.push((name.as_str(), header::raw("headers", value)?));
        }
        headers.retain(|(name, _)| !self.provider.iter().any(|header| header.covers(name)));
        Ok(headers)
    }

    /// The headers of a list: the way out, and which list it is.
    fn list<'a>(
        &'a self,
        headers: &mut Headers<'a>,
        purpose: &Purpose,
        draft: &Draft,
    ) -> Result<()> {
        let url = self.unsubscribe_url(&draft.id, &draft.profile, purpose)?;
        headers.push(("List-Unsubscribe", header::raw("unsubscribe_url", format!("<{url}>"))?));
        let post = header::raw("unsubscribe_url", "List-Unsubscribe=One-Click")?;
        headers.push(("List-Unsubscribe-Post", post));
        if let Some((name, id)) = &self.list {
            headers.push(("List-ID", header::named(name.as_deref(), id)));
        }
        Ok(())
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

/// By which complaints are added up, the sender's name last. What is not plain is percent-encoded:
/// a purpose or a campaign may be called anything, and four fields must stay four.
fn feedback(purpose: &Purpose, draft: &Draft, sender: &str) -> String {
    let campaign = draft.campaign.as_deref();
    let fields = [campaign, Some(purpose.as_str()), draft.letter.version.as_deref(), Some(sender)];
    let fields = fields.into_iter().flatten().map(|field| encode::percent(field, "-_."));
    fields.collect::<Vec<_>>().join(":")
}

/// The bodies as alternatives, the best last (RFC 2046, section 5.1.4).
fn alternatives<'a>(id: &MessageId, letter: &'a Letter) -> Result<MimePart<'a>> {
    let parts = [
        ("text", "text/plain", Some(&letter.text)),
        ("amp", "text/x-amp-html", letter.amp.as_ref()),
        ("html", "text/html", Some(&letter.html)),
    ];
    let bodies = parts.into_iter().filter_map(|(field, kind, text)| {
        Some(header::body(field, text?).map(|body| (kind, body)))
    });
    let bodies: Vec<_> = bodies.collect::<Result<_>>()?;
    let boundary = boundary(id, |boundary| bodies.iter().any(|(_, body)| body.contains(boundary)));
    let kind = ContentType::new("multipart/alternative").attribute("boundary", boundary);
    let parts = bodies.into_iter().map(|(kind, body)| MimePart::new(kind, body));
    Ok(MimePart::new(kind, parts.collect::<Vec<_>>()))
}

/// A boundary that follows from the message's identifier. It begins with `=_`, which stands in no
/// body in quoted-printable or base64; one in seven bits that holds it all the same (`is_taken`)
/// gets the first that it does not hold.
fn boundary(id: &MessageId, is_taken: impl Fn(&str) -> bool) -> String {
    let stem = format!("=_{:.BOUNDARY_ID$}", id.as_str());
    let mut others = (1_u32..=u32::MAX).map(|number| format!("{stem}.{number}"));
    if is_taken(&stem) { others.find(|other| !is_taken(other)).unwrap_or(stem) } else { stem }
}

fn write(headers: Headers<'_>, body: MimePart<'_>) -> Vec<u8> {
    let size = body.size();
    let mut bytes = Vec::with_capacity(size + size / 16 + HEADERS);
    for (name, value) in headers {
        bytes.extend_from_slice(name.as_bytes());
        bytes.extend_from_slice(b": ");
        value.write_header(&mut bytes, name.len() + 2);
    }
    bytes.extend_from_slice(b"MIME-Version: 1.0\r\n");
    body.write_part(&mut bytes);
    bytes
}

impl fmt::Debug for Composer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Composer").field("from", &self.from.address()).finish_non_exhaustive()
    }
}
