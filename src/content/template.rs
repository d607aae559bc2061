//! Whole messages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::piece::{Format, Piece};
use super::{Context, Known, Scope, Trust, Vocabulary, checked};
use crate::error::Result;
use crate::lint::{Finding, Severity};
use crate::schema::Sensitivity;

/// A message's subject, HTML and text, and the names of what the host gives with it.
///
/// ```
/// use bespoke::content::Template;
///
/// let template = Template::new(
///     "Hello {{ profile.name | default('there') }}",
///     "<p>{{ blocks.hero }}</p> <a href=\"{{ given.unsubscribe_url }}\">Unsubscribe</a>",
///     "{{ blocks.hero }}\n\nUnsubscribe: {{ given.unsubscribe_url }}\n",
/// )?
/// .given(["unsubscribe_url"]);
/// assert_eq!(template.blocks().iter().collect::<Vec<_>>(), ["hero"]);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Template {
    subject: Piece,
    html: Piece,
    text: Piece,
    blocks: BTreeSet<String>,
    given: BTreeSet<String>,
    required: BTreeSet<String>,
    readable: Sensitivity,
    missing: Severity,
}

/// What a message says to one person, rendered.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Letter {
    /// The subject: one line.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The HTML.
    pub html: String,
    /// The line that mail programs show after the subject. It is for previews and records: what a
    /// recipient sees of it stands in the HTML.
    pub preheader: Option<String>,
    /// The message in AMP for Email, for the mail programs that know it.
    pub amp: Option<String>,
    /// The version of the templates that it was rendered from.
    pub version: Option<Arc<str>>,
    /// The variant of each block that it shows, by the block's name.
    pub variants: BTreeMap<Arc<str>, Arc<str>>,
    /// The language and region that it was written for, as BCP 47 has them: `de-CH`.
    pub locale: Option<Arc<str>>,
}

impl Letter {
    /// A subject, a plain text and its HTML.
    pub fn new(
        subject: impl Into<String>,
        text: impl Into<String>,
        html: impl Into<String>,
    ) -> Self {
        Self {
            subject: subject.into(),
            text: text.into(),
            html: html.into(),
            preheader: None,
            amp: None,
            version: None,
            variants: BTreeMap::new(),
            locale: None,
        }
    }

    /// The same letter with the line that mail programs show after the subject.
    #[must_use]
    pub fn preheader(mut self, preheader: impl Into<String>) -> Self {
        self.preheader = Some(preheader.into());
        self
    }

    /// The same letter with a part in AMP for Email.
    #[must_use]
    pub fn amp(mut self, amp: impl Into<String>) -> Self {
        self.amp = Some(amp.into());
        self
    }

    /// The same letter with the version of the templates that it was rendered from.
    #[must_use]
    pub fn version(mut self, version: impl Into<Arc<str>>) -> Self {
        self.version = Some(version.into());
        self
    }

    /// The same letter with the variant that it shows of a block.
    #[must_use]
    pub fn variant(mut self, block: impl Into<Arc<str>>, variant: impl Into<Arc<str>>) -> Self {
        self.variants.insert(block.into(), variant.into());
        self
    }

    /// The same letter with the language and region that it was written for.
    #[must_use]
    pub fn locale(mut self, locale: impl Into<Arc<str>>) -> Self {
        self.locale = Some(locale.into());
        self
    }
}

impl Template {
    /// Compiles a template.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::error::ErrorKind::Template) with the part, line and column.
    pub fn new(subject: &str, html: &str, text: &str) -> Result<Self> {
        Self::by(Trust::Staff, subject, html, text)
    }

    /// As [`Template::new`], of sources that anybody may have written.
    ///
    /// ```
    /// use bespoke::content::Template;
    ///
    /// let theirs = "{% for line in given.lines %}{{ line.title }} {% endfor %}";
    /// assert!(Template::untrusted("Your order", theirs, theirs).is_ok());
    /// let bomb = "{{ 'a' * 100000000 }}";
    /// assert!(Template::untrusted("Your order", bomb, "").is_err());
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Template::new`], also for what [`Trust::Untrusted`] does not allow.
    pub fn untrusted(subject: &str, html: &str, text: &str) -> Result<Self> {
        Self::by(Trust::Untrusted, subject, html, text)
    }

    fn by(trust: Trust, subject: &str, html: &str, text: &str) -> Result<Self> {
        let piece = |part: &str, source, format| {
            Piece::new(source, format, trust).map_err(|error| error.within(part))
        };
        let mut template = Self {
            subject: piece("subject", subject, Format::Text)?,
            html: piece("html", html, Format::Html)?,
            text: piece("text", text, Format::Text)?,
            blocks: BTreeSet::new(),
            given: BTreeSet::new(),
            required: BTreeSet::new(),
            readable: Scope::UNKNOWN.readable,
            missing: Scope::UNKNOWN.missing,
        };
        template.blocks = template.reads("blocks");
        Ok(template)
    }

    /// The same template with the names of what the host gives with each message.
    #[must_use]
    pub fn given<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.given.extend(names.into_iter().map(Into::into));
        self
    }

    /// The same template for people of whom these are known, such as `profile.name`: that they may be
    /// missing is not found. Whoever sends it sees to it.
    #[must_use]
    pub fn required<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.required.extend(names.into_iter().map(Into::into));
        self
    }

    /// The same template for a purpose that reads up to this sensitivity; reading more is an error,
    /// in its blocks too. The default is [`Sensitivity::Personal`]: a mail may say a name.
    ///
    /// ```
    /// use bespoke::Engine;
    /// use bespoke::content::Template;
    /// use bespoke::schema::{Field, Schema, Sensitivity};
    /// use bespoke::value::Kind;
    ///
    /// let schema = Schema::new().attribute("name", Field::from(Kind::Text).personal());
    /// let letter = Template::new("Hello {{ profile.name | default('you') }}", "", "")?;
    /// let error = Engine::new(schema)?
    ///     .add_template("public", letter.reading(Sensitivity::Public))
    ///     .unwrap_err();
    /// assert!(error.detail().ends_with("`profile.name` is personal, more than this purpose reads"));
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    #[must_use]
    pub fn reading(self, readable: Sensitivity) -> Self {
        Self { readable, ..self }
    }

    /// The same template, in which it is an error to need what may be missing.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { missing: Severity::Error, ..self }
    }

    /// The blocks that it holds.
    pub fn blocks(&self) -> &BTreeSet<String> {
        &self.blocks
    }

    /// Renders the message; the context must hold its blocks.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::error::ErrorKind::Template) for what is missing or too long,
    /// with the part, line and column.
    pub fn render(&self, context: &Context) -> Result<Letter> {
        let [subject, html, text] = self
            .parts()
            .map(|(part, piece)| piece.render(context).map_err(|error| error.within(part)));
        let (subject, html, text) = (subject?, html?, text?);
        Ok(Letter::new(subject.trim(), text, html))
    }

    /// The names that it reads below `root`.
    pub(crate) fn reads(&self, root: &str) -> BTreeSet<String> {
        self.parts().into_iter().flat_map(|(_, piece)| piece.reads(root)).collect()
    }

    /// Checks that every name is one that will be there, and tells what is odd without being wrong.
    pub(crate) fn check(&self, vocabulary: &Vocabulary) -> Result<Vec<Finding>> {
        let given = self.given.iter().map(|name| (name.as_str(), Known::any()));
        let vocabulary = vocabulary.clone().with("given", Known::object(given));
        let vocabulary = self.required.iter().fold(vocabulary, |known, name| known.require(name));
        let scope = Scope { missing: self.missing, ..self.purpose() };
        checked(self.parts(), &scope.with(&vocabulary))
    }

    /// What its purpose reads, in its blocks too.
    pub(crate) fn purpose(&self) -> Scope<'static> {
        Scope { readable: self.readable, ..Scope::UNKNOWN }
    }

    fn parts(&self) -> [(&'static str, &Piece); 3] {
        [("subject", &self.subject), ("html", &self.html), ("text", &self.text)]
    }
}

impl fmt::Debug for Letter {
    /// Shows lengths: what a message says is personal.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter")
            .field("subject", &self.subject.len())
            .field("html", &self.html.len())
            .field("text", &self.text.len())
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
