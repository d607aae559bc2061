//! What is said: blocks with variants, and templates that hold them.
//!
//! A [`Block`] has variants with rules and a compulsory fallback: the first variant whose rule is
//! true is chosen. A [`Template`] is a whole message: subject, HTML and text. Both are compiled and
//! checked when they are added to an [`Engine`](crate::engine::Engine), so that a misspelt name is
//! an error there and not in somebody's mail.
//!
//! Templates are Jinja (minijinja), strictly: a name that is unknown, of a filter or test too, is
//! an error when the template is made or added; a value that is missing is an error when it is
//! printed (`{{ profile.name | default('friend') }}` says what to print instead); and whatever is
//! printed into HTML is escaped, unless the template says that it is `safe`.
//! They read
//!
//! - `profile.NAME`: a trait, personal ones too where the host has fetched them from the vault;
//! - `metrics.NAME`: a metric;
//! - `segments.NAME`: whether the person is in a segment;
//! - `blocks.NAME`: a block, rendered for the part that it stands in;
//! - `given.NAME`: what the host gives with the message, such as the unsubscribe link.
//!
//! Template authors are staff: a template cannot reach anything but these, and it is stopped after
//! a number of steps, but it is not a sandbox against somebody who means harm.

mod block;
mod code;
mod context;
mod filter;
mod piece;
mod template;

pub use block::{Block, Choice, Chooser};
pub use context::Context;
pub use template::{Letter, Template};

pub(crate) use piece::Vocabulary;

use std::collections::BTreeSet;

use crate::error::Result;
use piece::{Format, Piece};

/// What a variant says, in HTML and in text.
#[derive(Clone, Debug)]
pub struct Content {
    html: Piece,
    text: Piece,
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
        Ok(Self {
            html: Piece::new(html, Format::Html).map_err(|error| error.within(HTML))?,
            text: Piece::new(text, Format::Text).map_err(|error| error.within(TEXT))?,
        })
    }

    /// Content of one source without markup, for both parts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::error::ErrorKind::Template) with line and column.
    pub fn text(source: &str) -> Result<Self> {
        Ok(Self {
            html: Piece::new(source, Format::Html)?,
            text: Piece::new(source, Format::Text)?,
        })
    }

    /// Renders both parts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::error::ErrorKind::Template) for what is missing or too long,
    /// with part, line and column.
    pub fn render(&self, context: &Context) -> Result<Rendered> {
        Ok(Rendered {
            html: self.html.render(context).map_err(|error| error.within(HTML))?,
            text: self.text.render(context).map_err(|error| error.within(TEXT))?,
        })
    }

    /// The names that it reads below `root`.
    pub(crate) fn reads(&self, root: &str) -> BTreeSet<String> {
        let parts = [&self.html, &self.text];
        parts.into_iter().flat_map(|piece| piece.reads(root)).collect()
    }

    /// Checks that every name is one that will be there.
    pub(crate) fn check(&self, vocabulary: &Vocabulary<'_>) -> Result<()> {
        self.html.check(vocabulary).map_err(|error| error.within(HTML))?;
        self.text.check(vocabulary).map_err(|error| error.within(TEXT))
    }
}

/// What the parts of a message are called in errors.
const HTML: &str = "html";
const TEXT: &str = "text";
