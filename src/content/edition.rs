//! A template in one locale: the parts of a message, compiled.

use std::collections::BTreeSet;

#[cfg(feature = "library")]
use super::origin::Assembled;
use super::piece::{Format, Piece, Vocabulary};
use super::{Context, Letter};
use crate::error::{Error, Result};

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
    pub(super) fn new(subject: &str, html: &str, text: &str) -> Result<Self> {
        let piece = |part: &'static str, source, format| {
            Piece::new(source, format).map_err(|error| error.within(part))
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
        Ok(Self {
            subject: Piece::assembled(subject, Format::Text)?,
            html: Piece::assembled(html, Format::Html)?,
            text: Piece::assembled(text, Format::Text)?,
            preheader: preheader.map(|said| Piece::assembled(said, Format::Text)).transpose()?,
            amp: amp.map(|said| Piece::assembled(said, Format::Html)).transpose()?,
        })
    }

    /// Renders the parts.
    pub(super) fn render(&self, context: &Context) -> Result<Letter> {
        let render = |part: &'static str, piece: &Piece| {
            piece.render(context).map_err(|error| error.within(part))
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

    /// Checks that every name is one that will be there.
    pub(super) fn check(&self, vocabulary: &Vocabulary<'_>) -> Result<()> {
        self.parts().try_for_each(|(part, piece)| {
            piece.check(vocabulary).map_err(|error: Error| error.within(part))
        })
    }

    fn parts(&self) -> impl Iterator<Item = (&'static str, &Piece)> {
        let parts = [("subject", &self.subject), ("html", &self.html), ("text", &self.text)];
        let preheader = self.preheader.iter().map(|piece| ("preheader", piece));
        let amp = self.amp.iter().map(|piece| ("amp", piece));
        parts.into_iter().chain(preheader).chain(amp)
    }
}
