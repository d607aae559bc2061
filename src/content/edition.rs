//! A template in one locale: the parts of a message, compiled.

use std::collections::BTreeSet;

#[cfg(feature = "library")]
use super::found;
#[cfg(feature = "library")]
use super::origin::Assembled;
use super::piece::{Format, Piece};
use super::{Context, Letter, Scope, Trust, checked};
use crate::error::Result;
use crate::lint::Finding;

/// The parts of a message.
#[derive(Clone, Debug)]
pub(crate) struct Edition {
    subject: Piece,
    html: Piece,
    text: Piece,
    preheader: Option<Piece>,
    amp: Option<Piece>,
}

impl Edition {
    /// Compiles the three parts that every message has.
    pub(super) fn new(trust: Trust, subject: &str, html: &str, text: &str) -> Result<Self> {
        let piece = |part: &'static str, source, format| {
            Piece::new(source, format, trust).map_err(|error| error.within(part))
        };
        Ok(Self {
            subject: piece("subject", subject, Format::Text)?,
            html: piece("html", html, Format::Html)?,
            text: piece("text", text, Format::Text)?,
            preheader: None,
            amp: None,
        })
    }

    /// Compiles what was put together from files.
    #[cfg(feature = "library")]
    pub(crate) fn assembled(
        subject: Assembled,
        preheader: Option<Assembled>,
        html: Assembled,
        text: Assembled,
        amp: Option<Assembled>,
    ) -> Result<Self> {
        let piece = |said, format| Piece::assembled(said, format, Trust::Staff);
        Ok(Self {
            subject: piece(subject, Format::Text)?,
            html: piece(html, Format::Html)?,
            text: piece(text, Format::Text)?,
            preheader: preheader.map(|said| piece(said, Format::Text)).transpose()?,
            amp: amp.map(|said| piece(said, Format::Html)).transpose()?,
        })
    }

    /// Renders the parts.
    pub(super) fn render(&self, context: &Context) -> Result<Letter> {
        let values = context.values();
        let render = |part: &'static str, piece: &Piece| {
            piece.render(&values).map_err(|error| error.within(part))
        };
        let subject = render("subject", &self.subject)?;
        let html = render("html", &self.html)?;
        let mut letter = Letter::new(subject.trim(), render("text", &self.text)?, html);
        if let Some(preheader) = &self.preheader {
            letter = letter.preheader(render("preheader", preheader)?.trim());
        }
        if let Some(amp) = &self.amp {
            letter = letter.amp(render("amp", amp)?);
        }
        Ok(letter)
    }

    /// The names that it reads below `root`.
    pub(super) fn reads(&self, root: &str) -> BTreeSet<String> {
        self.parts().flat_map(|(_, piece)| piece.reads(root)).collect()
    }

    /// Checks that every name is one that will be there, and tells what is odd without being wrong.
    pub(super) fn check(&self, scope: &Scope<'_>) -> Result<Vec<Finding>> {
        checked(self.parts(), scope)
    }

    /// Everything that is to be said of it.
    #[cfg(feature = "library")]
    pub(super) fn found(&self, scope: &Scope<'_>) -> Vec<Finding> {
        found(self.parts(), scope)
    }

    fn parts(&self) -> impl Iterator<Item = (&'static str, &Piece)> {
        let parts = [("subject", &self.subject), ("html", &self.html), ("text", &self.text)];
        let preheader = self.preheader.iter().map(|piece| ("preheader", piece));
        let amp = self.amp.iter().map(|piece| ("amp", piece));
        parts.into_iter().chain(preheader).chain(amp)
    }
}
