//! Template libraries: from files that a team keeps in Git to mail that is checked before anybody
//! gets it.
//!
//! ```text
//! templates/
//!   library.toml               what holds for every template; may be missing
//!   schema.toml                which traits there are; may be missing
//!   welcome/mail.mjml          or mail.html, with its front matter
//!   welcome/mail.txt           the text part; without it the text of the HTML
//!   welcome/mail.amp.html      the AMP part, if there is one
//!   welcome/locales/de.toml    texts of this template in a language
//!   welcome/fixtures/ann.json  what it is shown and tested with
//!   _layouts/base.mjml         what is around a template
//!   _blocks/hero.toml          variants with their rules
//!   _blocks/hero/vip.mjml      what a variant says
//!   _locales/de.toml           texts of all templates in a language
//!   _places.toml               places by which blocks choose
//! ```
//!
//! A [`Library`] is read once: every template is put together with its layout and all variants of
//! its blocks, its code is masked, MJML becomes HTML, styles go into elements, and the code comes
//! back with the escaping that its place wants. What is left for each recipient is to render.
//! [The chapter on templates](crate::guide::library) describes the files.
//!
//! ```
//! use bespoke::library::{Fixture, Library};
//!
//! let mail = r#"+++
//! subject = "Hello {{ profile.name | default('there') }}"
//! +++
//! <html lang="en"><body><a href="{{ given.link }}">{{ profile.name | default('You') }}</a></body></html>
//! "#;
//! let library = Library::from_files(&[("hello/mail.html".to_owned(), mail.to_owned())].into())?;
//! let template = &library.templates()["hello"];
//! let ann = Fixture::from_json(
//!     r#"{"profile": {"name": "Ann <3"}, "given": {"link": "https://shop.example/?a=1&b=2"}}"#,
//! )?;
//! let letter = template.render(&ann)?;
//! assert_eq!(letter.subject, "Hello Ann <3");
//! assert!(letter.html.contains(r#"<a href="https://shop.example/?a=1&amp;b=2">Ann &lt;3</a>"#));
//! assert_eq!(letter.text, "Ann <3 (https://shop.example/?a=1&b=2)");
//! // No value becomes an address of another kind.
//! let eve = Fixture::from_json(r#"{"given": {"link": "javascript:alert(1)"}}"#)?;
//! assert!(template.render(&eve).is_err());
//! # Ok::<(), bespoke::Error>(())
//! ```

mod block;
mod check;
mod compile;
mod escape;
mod expand;
mod fixture;
mod front;
mod html;
mod markup;
#[cfg(feature = "mjml")]
mod mjml;
mod plain;
mod read;
mod select;
mod sheet;
mod shelf;
mod tags;
mod text;
#[cfg(feature = "mjml")]
mod tidy;
mod unmask;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub use check::Shown;
pub use fixture::Fixture;
pub use shelf::Shelf;

use crate::content::{Block, Letter, Template};
use crate::error::{Error, ErrorKind, Result};
use crate::folder;
use crate::lint::{Allow, Finding, Severity};
use crate::place::Places;

/// How deep a library goes: `NAME/fixtures/FIXTURE.json`.
const DEPTH: usize = 3;

/// The form of library that this version reads and compiles: part of every version's hash, so that
/// what is compiled otherwise has another version.
const FORMAT: u32 = 1;

/// A closed set of templates with what they share, compiled.
#[derive(Clone, Debug)]
pub struct Library {
    version: Arc<str>,
    templates: BTreeMap<Arc<str>, Entry>,
    blocks: BTreeMap<Arc<str>, Block>,
    places: Option<Arc<Places>>,
    allow: Vec<Allow>,
    findings: Vec<Finding>,
}

/// A template of a library, and what its front matter says of it.
#[derive(Clone, Debug)]
pub struct Entry {
    name: Arc<str>,
    version: Arc<str>,
    template: Template,
    file: Arc<str>,
    from: Option<String>,
    reply_to: Option<String>,
    purpose: Option<Arc<str>>,
    topic: Option<Arc<str>>,
    transactional: bool,
    required: Vec<Arc<str>>,
    fixtures: BTreeMap<Arc<str>, Fixture>,
    allow: Vec<Allow>,
    /// The files that it is made of, its own first, and what they say.
    sources: Vec<(Arc<str>, Arc<str>)>,
}

impl Library {
    /// Reads and compiles a folder.
    ///
    /// Files and folders whose names begin with a dot are left alone, and so is `README.md`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`] with everything that is an error, its file, line and column, and
    /// advice.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        Self::from_files(&Self::files(folder)?)
    }

    /// The files of a folder, by their paths below it with `/` between the parts of a path.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`] with every file that cannot be read.
    pub fn files(folder: impl AsRef<Path>) -> Result<BTreeMap<String, String>> {
        folder::read(folder.as_ref(), DEPTH)
            .map_err(|faults| Error::from_diagnostics(ErrorKind::Template, faults))
    }

    /// Compiles files, by their paths.
    ///
    /// # Errors
    ///
    /// As [`Library::open`].
    pub fn from_files(files: &BTreeMap<String, String>) -> Result<Self> {
        let (library, findings) = Self::read(files);
        library.ok_or_else(|| {
            let errors = findings.into_iter().filter(|found| found.severity == Severity::Error);
            let faults = errors.map(|finding| finding.fault).collect();
            Error::from_diagnostics(ErrorKind::Template, faults)
        })
    }

    /// Compiles files and says everything that is to be said of them; there is a library where none
    /// of it is an error.
    pub fn read(files: &BTreeMap<String, String>) -> (Option<Self>, Vec<Finding>) {
        read::read(files)
    }

    /// The SHA-256 of all that the templates are made of, in hexadecimal digits: their files, what
    /// they share, and the form in which they are compiled. Fixtures are not part of it.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The templates by name.
    pub fn templates(&self) -> &BTreeMap<Arc<str>, Entry> {
        &self.templates
    }

    /// The blocks by name.
    pub fn blocks(&self) -> &BTreeMap<Arc<str>, Block> {
        &self.blocks
    }

    /// The places by which its blocks choose, if there are any.
    pub fn places(&self) -> Option<&Arc<Places>> {
        self.places.as_ref()
    }

    /// What was found on the way, none of which is an error.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl Entry {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The SHA-256 of all that this template is made of, in hexadecimal digits.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The template, to be added to an engine.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// The file that it is in.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The address that its mail comes from, if not the sender's.
    pub fn from(&self) -> Option<&str> {
        self.from.as_deref()
    }

    /// The address that answers go to, if not the sender's.
    pub fn reply_to(&self) -> Option<&str> {
        self.reply_to.as_deref()
    }

    /// The purpose that needs consent.
    pub fn purpose(&self) -> Option<&str> {
        self.purpose.as_deref()
    }

    /// The topic, if somebody may unsubscribe from it alone.
    pub fn topic(&self) -> Option<&str> {
        self.topic.as_deref()
    }

    /// Whether somebody asked for it by what they did, so that it needs no consent: a receipt.
    pub fn is_transactional(&self) -> bool {
        self.transactional
    }

    /// The fields without which it is not sent, such as `profile.name`.
    pub fn required(&self) -> &[Arc<str>] {
        &self.required
    }

    /// What it is shown and tested with, by name.
    pub fn fixtures(&self) -> &BTreeMap<Arc<str>, Fixture> {
        &self.fixtures
    }

    /// Renders it with a fixture: of each block the variant that the fixture names, else the
    /// fallback.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`] with file, line and column for what is missing or must not stand
    /// where it is printed.
    pub fn render(&self, fixture: &Fixture) -> Result<Letter> {
        let mut context = fixture.context();
        for block in self.template.blocks() {
            let chosen = fixture.choices().get(block.as_str());
            let variant = chosen.map_or_else(|| Block::FALLBACK.into(), Arc::clone);
            context = context.choice(block.as_str().into(), variant);
        }
        self.template.render(&context)
    }
}
