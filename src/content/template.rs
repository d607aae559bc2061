//! Whole messages.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::edition::Edition;
use super::locale::Locales;
use super::{Context, Known, Scope, Trust, Vocabulary};
use crate::error::{Error, ErrorKind, Result};
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
    /// By their locales; one without a name where there is but one.
    editions: BTreeMap<Arc<str>, Edition>,
    locales: Locales,
    version: Option<Arc<str>>,
    blocks: BTreeSet<String>,
    /// The blocks that are rendered by themselves.
    printed: BTreeSet<String>,
    given: BTreeSet<String>,
    /// Whether the host may give anything.
    open: bool,
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
        let edition = Edition::new(trust, subject, html, text)?;
        Ok(Self::with(BTreeMap::from([("".into(), edition)]), Locales::default(), None))
    }

    /// A template of a library, in each of its locales.
    #[cfg(feature = "library")]
    pub(crate) fn of(
        editions: BTreeMap<Arc<str>, Edition>,
        locales: Locales,
        version: Arc<str>,
    ) -> Self {
        Self::with(editions, locales, Some(version))
    }

    fn with(
        editions: BTreeMap<Arc<str>, Edition>,
        locales: Locales,
        version: Option<Arc<str>>,
    ) -> Self {
        let reads = |root| editions.values().flat_map(|edition| edition.reads(root)).collect();
        let printed: BTreeSet<String> = reads("blocks");
        let chosen: BTreeSet<String> = reads("choice");
        let blocks = printed.union(&chosen).cloned().collect();
        let (given, required) = (BTreeSet::new(), BTreeSet::new());
        let Scope { readable, missing, .. } = Scope::UNKNOWN;
        Self {
            editions,
            locales,
            version,
            blocks,
            printed,
            given,
            open: false,
            required,
            readable,
            missing,
        }
    }

    /// The same template with the names of what the host gives with each message.
    #[must_use]
    pub fn given<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.given.extend(names.into_iter().map(Into::into));
        self
    }

    /// The same template, of which nobody has said what the host gives with it.
    #[cfg(feature = "library")]
    pub(crate) fn open(self) -> Self {
        Self { open: true, ..self }
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

    /// The blocks that it prints as they were rendered by themselves.
    pub(crate) fn printed(&self) -> &BTreeSet<String> {
        &self.printed
    }

    /// The SHA-256 of what it was made of, of a template of a library.
    pub fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    /// The locales that it is written in, the one for everybody else first.
    pub fn locales(&self) -> Vec<Arc<str>> {
        self.locales.all().into_iter().filter(|locale| !locale.is_empty()).collect()
    }

    /// Renders the message in the locale that suits the person; the context must hold its blocks.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::error::ErrorKind::Template) for what is missing or too long,
    /// with the part, line and column.
    pub fn render(&self, context: &Context) -> Result<Letter> {
        let locale = self.locales.pick(context.reads(self.locales.by()).as_deref());
        let Some(locale) = locale else { return self.written("", context) };
        let mut letter = self.written(locale, &context.clone().locale(locale))?;
        letter.locale = Some(Arc::clone(locale));
        Ok(letter)
    }

    fn written(&self, locale: &str, context: &Context) -> Result<Letter> {
        let edition = self.editions.get(locale).ok_or_else(|| {
            Error::new(ErrorKind::Template, format!("there is no edition in `{locale}`"))
        })?;
        let mut letter = edition.render(context)?;
        letter.version = self.version.as_ref().map(Arc::clone);
        letter.variants = context.choices(&self.blocks);
        Ok(letter)
    }

    /// The names that it reads below `root`.
    pub(crate) fn reads(&self, root: &str) -> BTreeSet<String> {
        self.editions.values().flat_map(|edition| edition.reads(root)).collect()
    }

    /// Checks that every name is one that will be there, and tells what is odd without being wrong.
    pub(crate) fn check(&self, vocabulary: &Vocabulary) -> Result<Vec<Finding>> {
        let vocabulary = self.vocabulary(vocabulary);
        let scope = self.scope().with(&vocabulary);
        let found = self.editions.values().map(|edition| edition.check(&scope));
        Ok(found.collect::<Result<Vec<_>>>()?.concat())
    }

    /// Everything that is to be said of it.
    #[cfg(feature = "library")]
    pub(crate) fn found(&self, vocabulary: &Vocabulary) -> Vec<Finding> {
        let vocabulary = self.vocabulary(vocabulary);
        let scope = self.scope().with(&vocabulary);
        self.editions.values().flat_map(|edition| edition.found(&scope)).collect()
    }

    /// What it reads, with what the host gives.
    fn vocabulary(&self, vocabulary: &Vocabulary) -> Vocabulary {
        let given = self.given.iter().map(|name| (name.as_str(), Known::any()));
        let given = if self.open { Known::any() } else { Known::object(given) };
        let vocabulary = vocabulary.clone().with("given", given);
        self.required.iter().fold(vocabulary, |known, name| known.require(name))
    }

    fn scope(&self) -> Scope<'static> {
        Scope { missing: self.missing, ..self.purpose() }
    }

    /// What its purpose reads, in its blocks too.
    pub(crate) fn purpose(&self) -> Scope<'static> {
        Scope { readable: self.readable, ..Scope::UNKNOWN }
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
