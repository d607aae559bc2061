//! Blocks: the variant that a selector chooses, else the fallback.

use std::borrow::Cow;
use std::sync::Arc;

use super::fetch::{Fetch, Fetched, Fetching};
use super::reach;
use super::select::{Key, Question, Reason, Selector};
use super::{Content, Context, Known, Rendered, Scope, Vocabulary};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Names;
use crate::facts::Facts;
use crate::lint::Finding;
use crate::place::Near;
use crate::time::{Timestamp, earlier};
use crate::value::Fields;

/// A place in a message, and what may stand there.
///
/// ```
/// use bespoke::content::{Block, Content, Selector};
///
/// let hero = Block::new(Content::text("Hello!")?)
///     .variant("loyal", "count(\"Order Completed\") >= 3", Content::text("Welcome back!")?)?;
/// assert_eq!(hero.variants().collect::<Vec<_>>(), ["loyal", "fallback"]);
///
/// let churn = Block::by(Selector::bands("churn"), Content::text("Hello!")?)
///     .variant("stays", "[0, 0.3)", Content::text("Good to have you.")?)?
///     .variant("leaves", "[0.7, 1]", Content::text("We miss you: 10 % for you.")?)?;
/// # let _ = churn;
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Block {
    selector: Selector,
    variants: Vec<Variant>,
    fallback: Arc<Content>,
    fetch: Option<Fetch>,
}

/// One of the things that a block may say.
#[derive(Clone, Debug)]
pub(super) struct Variant {
    pub(super) name: Arc<str>,
    /// Its key as it was written.
    pub(super) text: Arc<str>,
    pub(super) key: Key,
    content: Arc<Content>,
}

/// A block whose selector passed its check.
#[derive(Clone, Debug)]
pub struct Chooser {
    question: Question,
    variants: Vec<(Arc<str>, Arc<Content>)>,
    fallback: (Arc<str>, Arc<Content>),
    fetching: Option<Fetching>,
    /// Whether variants have a place to read.
    has_place: bool,
    findings: Vec<Finding>,
}

/// Which variant was chosen, why, and until when it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Choice {
    /// The variant's name; the fallback's is [`Block::FALLBACK`].
    pub variant: Arc<str>,
    /// Why it was chosen.
    pub reason: Reason,
    /// The earliest instant at which another could be chosen with no new fact.
    pub until: Option<Timestamp>,
    /// The place near by, where the block goes by places.
    pub near: Option<Near>,
    /// What it says.
    pub content: Arc<Content>,
    fallback: (Arc<str>, Arc<Content>),
    fetched: Awaited,
}

/// What a variant needs besides what is known of the person.
#[derive(Clone, Debug)]
enum Awaited {
    /// What came, and from which source.
    Came(Arc<str>, Fields),
    /// The source, and what it is asked with.
    Needs(Arc<str>, Fields),
    Nothing,
}

impl Block {
    /// The name of the fallback among the variants.
    pub const FALLBACK: &'static str = "fallback";

    /// A block whose variants have rules, and that says this where none is true.
    pub fn new(fallback: Content) -> Self {
        Self::by(Selector::rules(), fallback)
    }

    /// A block that goes by something else, and that says this where no variant is chosen.
    pub fn by(selector: Selector, fallback: Content) -> Self {
        Self { selector, variants: Vec::new(), fallback: Arc::new(fallback), fetch: None }
    }

    /// The same block with one more variant. What its key is follows from the selector: a rule, unless
    /// it was made with another.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] for a rule that cannot be read; [`ErrorKind::Definition`] for a name
    /// that is taken, and for a key that the selector does not have.
    pub fn variant(
        mut self,
        name: impl Into<Arc<str>>,
        key: &str,
        content: Content,
    ) -> Result<Self> {
        let name = name.into();
        if name.is_empty() || self.variants().any(|other| other == &*name) {
            let detail = format!("the variant name `{name}` is empty or taken");
            return Err(Error::new(ErrorKind::Definition, detail));
        }
        let read = self.selector.key(key);
        let read = read.map_err(|error| error.within(format!("variant `{name}`")))?;
        self.variants.push(Variant {
            name,
            text: key.into(),
            key: read,
            content: Arc::new(content),
        });
        Ok(self)
    }

    /// The same block, whose variants read what is fetched at send time: as `fetched.SOURCE`, asked
    /// with figures of the person by name. Where it does not come the fallback stands in, which
    /// reads none of it.
    ///
    /// ```
    /// use bespoke::content::{Block, Content};
    ///
    /// let offers = Block::new(Content::text("See our offers.")?)
    ///     .variant("own", "TRUE", Content::text("{{ fetched.offers.title }}")?)?
    ///     .fetches("offers", [("country", "country"), ("limit", "3")]);
    /// # let _ = offers;
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    #[must_use]
    pub fn fetches<N: Into<Arc<str>>, F: Into<Arc<str>>>(
        self,
        source: impl Into<Arc<str>>,
        arguments: impl IntoIterator<Item = (N, F)>,
    ) -> Self {
        let arguments = arguments.into_iter().map(|(name, figure)| (name.into(), figure.into()));
        let fetch = Fetch { source: source.into(), arguments: arguments.collect() };
        Self { fetch: Some(fetch), ..self }
    }

    /// The variants' names in the order in which they are asked, the fallback last.
    pub fn variants(&self) -> impl Iterator<Item = &str> {
        self.variants.iter().map(|variant| &*variant.name).chain([Self::FALLBACK])
    }

    /// Checks the selector and the variants' keys.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] with the variant, the place and advice; [`ErrorKind::Definition`] for a
    /// key that does not fit what the block goes by.
    pub fn check(&self, names: &Names) -> Result<Chooser> {
        let keys: Vec<(&str, &Key)> =
            self.variants.iter().map(|variant| (&*variant.name, &variant.key)).collect();
        let question = self.selector.check(&keys, names)?;
        let fetching = self.fetch.as_ref().map(|fetch| fetch.check(names)).transpose()?;
        let content = |variant: &Variant| (Arc::clone(&variant.name), Arc::clone(&variant.content));
        Ok(Chooser {
            question,
            variants: self.variants.iter().map(content).collect(),
            fallback: (Self::FALLBACK.into(), Arc::clone(&self.fallback)),
            fetching,
            has_place: self.selector.places(),
            findings: self.findings(names),
        })
    }

    /// What is odd about the variants' keys: those that can never be chosen, as what is before them
    /// takes all that they would have (`unreachable-variant`), and those of which some belong to one
    /// before them (`overlapping-variants`).
    ///
    /// What is said to be never chosen is not, whatever the facts. Not everything that is never
    /// chosen is found: rules are compared by their text, and comparisons of one figure with values
    /// by the stretches that pass.
    ///
    /// ```
    /// use bespoke::content::{Block, Content};
    /// use bespoke::expr::Names;
    /// use bespoke::schema::Schema;
    /// use bespoke::value::Kind;
    ///
    /// let names = Names::new(Schema::new().attribute("engagement", Kind::Number));
    /// let block = Block::new(Content::text("-")?)
    ///     .variant("warm", "engagement > 50", Content::text("warm")?)?
    ///     .variant("hot", "engagement > 75", Content::text("hot")?)?;
    /// let found = block.findings(&names);
    /// assert_eq!(found[0].code, "unreachable-variant");
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    pub fn findings(&self, names: &Names) -> Vec<Finding> {
        reach::findings(&self.selector, &self.variants, names)
    }
}

impl Choice {
    /// What has to be fetched before it is rendered, by the name of its source and with what that is
    /// asked; nothing once it came or did not.
    pub fn need(&self) -> Option<(&Arc<str>, &Fields)> {
        match &self.fetched {
            Awaited::Needs(source, arguments) => Some((source, arguments)),
            Awaited::Came(..) | Awaited::Nothing => None,
        }
    }

    /// The same choice with what came; the fallback, with the reason, if nothing did. A choice that
    /// needs nothing stays as it is.
    #[must_use]
    pub fn with_content(self, fetched: Fetched) -> Self {
        let Awaited::Needs(source, _) = &self.fetched else { return self };
        match fetched {
            Fetched::Content(content) => {
                Self { fetched: Awaited::Came(Arc::clone(source), content), ..self }
            }
            Fetched::NotCome { reason } => {
                let (variant, content) = self.fallback.clone();
                let (reason, fetched) = (Reason::NotCome(reason), Awaited::Nothing);
                Self { variant, reason, content, fetched, ..self }
            }
        }
    }

    /// The choice as it is rendered: what it needs and nobody has fetched did not come.
    pub(crate) fn settled(&self) -> Cow<'_, Self> {
        match self.fetched {
            Awaited::Needs(..) => {
                Cow::Owned(self.clone().with_content(Fetched::not_come("it was not fetched")))
            }
            Awaited::Came(..) | Awaited::Nothing => Cow::Borrowed(self),
        }
    }

    /// A context that holds the choice, for templates in which every variant stands.
    pub(crate) fn told(&self, block: &Arc<str>, context: Context) -> Context {
        let settled = self.settled();
        let context = context.choice(Arc::clone(block), Arc::clone(&settled.variant));
        match &settled.fetched {
            Awaited::Came(source, content) => context.fetched(source, content),
            Awaited::Needs(..) | Awaited::Nothing => context,
        }
    }

    /// Renders what the variant says. What it needs and nobody has fetched did not come.
    ///
    /// # Errors
    ///
    /// As [`Content::render`], with the variant.
    pub fn render(&self, context: &Context) -> Result<Rendered> {
        let Self { variant, near, content, fetched, .. } = &*self.settled();
        let placed = || match near {
            Some(near) => context.clone().place(Some(near)),
            None => context.clone(),
        };
        let rendered = match (fetched, near) {
            (Awaited::Came(source, came), _) => content.render(&placed().fetched(source, came)),
            (_, Some(_)) => content.render(&placed()),
            (_, None) => content.render(context),
        };
        rendered.map_err(|error| error.within(format!("variant `{variant}`")))
    }
}

impl Chooser {
    /// Chooses a variant. It holds until what the block goes by may turn.
    pub fn choose(&self, facts: &Facts<'_>) -> Choice {
        let answer = self.question.answer(facts);
        let chosen = answer.variant.and_then(|index| self.variants.get(index));
        let (mut until, mut fetched) = (answer.until, Awaited::Nothing);
        if let (Some(_), Some(fetching)) = (chosen, &self.fetching) {
            let (arguments, turns) = fetching.arguments(facts);
            until = earlier(until, turns);
            fetched = Awaited::Needs(Arc::clone(&fetching.source), arguments);
        }
        let (variant, content) = chosen.unwrap_or(&self.fallback).clone();
        let (reason, near, fallback) = (answer.reason, answer.near, self.fallback.clone());
        Choice { variant, reason, until, near, content, fallback, fetched }
    }

    /// Where what it fetches comes from.
    pub(crate) fn source(&self) -> Option<&Arc<str>> {
        self.fetching.as_ref().map(|fetching| &fetching.source)
    }

    /// What is odd about the keys of the variants, as [`Block::findings`].
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Checks what any variant may say, and tells what is odd without being wrong.
    pub(crate) fn check_content(
        &self,
        scope: &Scope<'_>,
        vocabulary: &Vocabulary,
    ) -> Result<Vec<Finding>> {
        let check = |(name, content): &(Arc<str>, Arc<Content>), vocabulary: &Vocabulary| {
            let within = |error: Error| error.within(format!("variant `{name}`"));
            content.check(&scope.with(vocabulary)).map_err(within)
        };
        let of_variants = self.extended(vocabulary.clone());
        let mut findings = Vec::new();
        for variant in &self.variants {
            findings.extend(check(variant, &of_variants)?);
        }
        findings.extend(check(&self.fallback, vocabulary)?);
        Ok(findings)
    }

    /// What the variants read besides what the fallback reads.
    fn extended(&self, mut vocabulary: Vocabulary) -> Vocabulary {
        if self.has_place {
            vocabulary = vocabulary.with("place", Known::place());
        }
        match &self.fetching {
            Some(Fetching { source, .. }) => {
                vocabulary.with("fetched", Known::object([(Arc::clone(source), Known::any())]))
            }
            None => vocabulary,
        }
    }
}
