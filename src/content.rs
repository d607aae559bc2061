//! What is said: blocks with variants, and templates that hold them.
//!
//! A [`Block`] has variants and a compulsory fallback, and a [`Selector`] that chooses between them:
//! by rules, by a value, by bands of a score, by an experiment's arm or by the place near by. Each
//! [`Choice`] says why, and until when. A [`Template`] is a whole message: subject, HTML and text.
//! Both are compiled and checked when they are added to an [`Engine`](crate::engine::Engine), so that
//! a misspelt name is an error there and not in somebody's mail.
//!
//! Templates are Jinja (minijinja), strictly: a name that is unknown, of a filter or test too, is
//! an error when the template is made or added; a value that is missing is an error when it is
//! printed (`{{ profile.name | default('friend') }}` says what to print instead), and what may be
//! missing is found beforehand; and whatever is printed into HTML is escaped, unless the template
//! says that it is `safe`. They read
//!
//! - `profile.NAME`: a trait, personal ones too where the host has fetched them from the vault;
//! - `metrics.NAME`: a metric;
//! - `segments.NAME`: whether the person is in a segment;
//! - `place.name`, `place.region`, `place.distance_km`: the place near by;
//! - `blocks.NAME`: a block, rendered for the part that it stands in;
//! - `fetched.NAME`: in a block's variants, what was fetched at send time;
//! - `given.NAME`: what the host gives with the message, such as the unsubscribe link.
//!
//! A template cannot reach anything but these. [`Trust`] says how far it may go: those of staff are
//! stopped after a number of steps and bytes, those of anybody else use a small part of the language
//! besides. [The chapter on templates](crate::guide::templates) has all of it.

mod address;
mod block;
mod context;
mod edition;
mod fault;
mod fetch;
mod filter;
mod interval;
mod locale;
mod origin;
mod piece;
mod reach;
mod select;
pub(crate) mod syntax;
mod template;
mod vocabulary;
mod whereabouts;

pub use block::{Block, Choice, Chooser};
pub use context::Context;
pub use fetch::{Fetched, MemoryContent, Need};
pub use select::{Reason, Selector};
pub use syntax::Trust;
pub use template::{Letter, Template};

#[cfg(feature = "library")]
pub(crate) use edition::Edition;
#[cfg(feature = "library")]
pub(crate) use locale::Locales;
#[cfg(feature = "library")]
pub(crate) use origin::{Assembled, Origin};
pub(crate) use syntax::Scope;
pub(crate) use vocabulary::{Known, Vocabulary};
pub(crate) use whereabouts::Whereabouts;

use std::collections::BTreeSet;
use std::fmt;

use async_trait::async_trait;

use crate::error::Result;
use crate::lint::Finding;
use piece::{Format, Piece};

/// What a variant says, in HTML and in text.
#[derive(Clone, Debug)]
pub struct Content {
    html: Piece,
    text: Piece,
    /// Whether it stands in templates, which know what they read.
    held: bool,
}

/// Where a block's content is fetched at send time: offers, stock, prices.
///
/// A block says what it needs by [`Block::fetches`], and a view says it of a person by
/// [`View::needs`](crate::engine::View::needs). The host fetches, under its own deadline, and hands
/// over what came by [`View::with_content`](crate::engine::View::with_content). Nothing here waits:
/// a source that is slow or broken costs a person the variant and not the message.
///
/// # Contract
/// - What comes depends on [`Need::source`] and [`Need::arguments`] alone, and not on the block that
///   asks, so a host may ask once for many people.
/// - Asking changes nothing.
/// - A source that has nothing for a need answers [`Fetched::NotCome`] with the reason. So does one
///   that is asked for what it does not know.
///
/// # Shapes and units
/// [`Fetched::Content`] holds what templates read below `fetched` and the source's name. Texts are
/// escaped as any other, so markup arrives as text.
///
/// # Errors
/// [`ErrorKind::Io`](crate::error::ErrorKind::Io) where the source does not answer. The host goes on
/// with [`Fetched::NotCome`].
///
/// # Implementing
/// Leave the deadline to the host, and hold nothing back for a later call.
/// `testing::content_source::check` runs the contract.
///
/// # Example
/// ```
/// use bespoke::content::{ContentSource, Fetched, MemoryContent, Need};
/// use bespoke::value::Fields;
///
/// let asked = Fields::from_iter([("region", "north".into())]);
/// let offer = Fields::from_iter([("title", "Umbrellas".into())]);
/// let source = MemoryContent::new().with("offers", asked.clone(), offer.clone());
/// let need = Need::new("hero", "offers", asked);
/// let fetched = pollster::block_on(source.fetch(&need))?;
/// assert_eq!(fetched, Fetched::Content(offer));
/// # Ok::<(), bespoke::Error>(())
/// ```
#[async_trait]
pub trait ContentSource: fmt::Debug + Send + Sync {
    /// Fetches what is needed.
    ///
    /// # Errors
    ///
    /// See above.
    async fn fetch(&self, need: &Need) -> Result<Fetched>;
}

/// A block as it was rendered for one person.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Rendered {
    /// For the HTML part.
    pub html: String,
    /// For the text part.
    pub text: String,
}

impl Content {
    /// Content with a source for each part.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::error::ErrorKind::Template) with part, line and column.
    pub fn new(html: &str, text: &str) -> Result<Self> {
        Self::by(Trust::Staff, html, text)
    }

    /// As [`Content::new`], of sources that anybody may have written.
    ///
    /// # Errors
    ///
    /// As [`Content::new`], also for what [`Trust::Untrusted`] does not allow.
    pub fn untrusted(html: &str, text: &str) -> Result<Self> {
        Self::by(Trust::Untrusted, html, text)
    }

    fn by(trust: Trust, html: &str, text: &str) -> Result<Self> {
        Ok(Self {
            html: Piece::new(html, Format::Html, trust).map_err(|error| error.within(HTML))?,
            text: Piece::new(text, Format::Text, trust).map_err(|error| error.within(TEXT))?,
            held: false,
        })
    }

    /// Content that was put together from files.
    #[cfg(feature = "library")]
    pub(crate) fn assembled(html: Assembled, text: Assembled) -> Result<Self> {
        let html = Piece::assembled(html, Format::Html, Trust::Staff)?;
        let text = Piece::assembled(text, Format::Text, Trust::Staff)?;
        Ok(Self { html, text, held: true })
    }

    /// Content of one source without markup, for both parts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::error::ErrorKind::Template) with line and column.
    pub fn text(source: &str) -> Result<Self> {
        Ok(Self {
            html: Piece::new(source, Format::Html, Trust::Staff)?,
            text: Piece::new(source, Format::Text, Trust::Staff)?,
            held: false,
        })
    }

    /// Renders both parts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::error::ErrorKind::Template) for what is missing or too long,
    /// with part, line and column.
    pub fn render(&self, context: &Context) -> Result<Rendered> {
        let values = context.values();
        Ok(Rendered {
            html: self.html.render(&values).map_err(|error| error.within(HTML))?,
            text: self.text.render(&values).map_err(|error| error.within(TEXT))?,
        })
    }

    /// The names that it reads below `root`.
    pub(crate) fn reads(&self, root: &str) -> BTreeSet<String> {
        let parts = [&self.html, &self.text];
        parts.into_iter().flat_map(|piece| piece.reads(root)).collect()
    }

    /// Checks that every name is one that will be there, and tells what is odd without being wrong.
    pub(crate) fn check(&self, scope: &Scope<'_>) -> Result<Vec<Finding>> {
        if self.held {
            return Ok(Vec::new());
        }
        checked([(HTML, &self.html), (TEXT, &self.text)], scope)
    }
}

/// Checks the parts of something, and tells what is odd in each.
fn checked<'p>(
    parts: impl IntoIterator<Item = (&'static str, &'p Piece)>,
    scope: &Scope<'_>,
) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (part, piece) in parts {
        let found = piece.check(scope).map_err(|error| error.within(part))?;
        findings.extend(within(part, found));
    }
    Ok(findings)
}

/// Everything that is to be said of the parts of something; each is the file of its faults, unless
/// these are from another.
#[cfg(feature = "library")]
fn found<'p>(
    parts: impl IntoIterator<Item = (&'static str, &'p Piece)>,
    scope: &Scope<'_>,
) -> Vec<Finding> {
    let parts = parts.into_iter();
    parts.flat_map(|(part, piece)| within(part, piece.found(scope))).collect()
}

fn within(part: &'static str, findings: Vec<Finding>) -> Vec<Finding> {
    let placed = |mut finding: Finding| {
        finding.fault.file.get_or_insert_with(|| part.into());
        finding
    };
    findings.into_iter().map(placed).collect()
}

/// What the parts of a message are called in errors.
const HTML: &str = "html";
const TEXT: &str = "text";
