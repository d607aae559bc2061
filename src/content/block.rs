//! Blocks: the first variant whose rule is true, else the fallback.

use std::sync::Arc;

use super::{Content, Context, Rendered, Vocabulary};
use crate::error::{Error, ErrorKind, Result};
use crate::expr::Names;
use crate::facts::Facts;
use crate::segment::{Rule, Segment};
use crate::time::{Timestamp, earlier};

/// A place in a message, and what may stand there.
///
/// ```
/// use bespoke::content::{Block, Content};
///
/// let hero = Block::new(Content::text("Hello!")?)
///     .variant("loyal", "count(\"Order Completed\") >= 3", Content::text("Welcome back!")?)?;
/// assert_eq!(hero.variants().collect::<Vec<_>>(), ["loyal", "fallback"]);
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Block {
    variants: Vec<(Arc<str>, Rule, Arc<Content>)>,
    fallback: Arc<Content>,
}

/// A block whose rules passed their check.
#[derive(Clone, Debug)]
pub struct Chooser {
    variants: Vec<(Arc<str>, Segment, Arc<Content>)>,
    fallback: Arc<Content>,
}

/// Which variant was chosen, and until when it is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Choice {
    /// The variant's name; the fallback's is [`Block::FALLBACK`].
    pub variant: Arc<str>,
    /// The earliest instant at which another could be chosen with no new fact.
    pub until: Option<Timestamp>,
    /// What it says.
    pub content: Arc<Content>,
}

impl Block {
    /// The name of the fallback among the variants.
    pub const FALLBACK: &'static str = "fallback";

    /// A block that says this where no variant is chosen.
    pub fn new(fallback: Content) -> Self {
        Self { variants: Vec::new(), fallback: Arc::new(fallback) }
    }

    /// The same block with one more variant, chosen where its rule is true and those of the
    /// variants before it are not.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] for a rule that cannot be read; [`ErrorKind::Definition`] for a name
    /// that is taken.
    pub fn variant(
        mut self,
        name: impl Into<Arc<str>>,
        rule: &str,
        content: Content,
    ) -> Result<Self> {
        let name = name.into();
        if name.is_empty() || self.variants().any(|other| other == &*name) {
            let detail = format!("the variant name `{name}` is empty or taken");
            return Err(Error::new(ErrorKind::Definition, detail));
        }
        let rule = Rule::parse(rule).map_err(|error| error.within(format!("variant `{name}`")))?;
        self.variants.push((name, rule, Arc::new(content)));
        Ok(self)
    }

    /// The variants' names in the order in which they are asked, the fallback last.
    pub fn variants(&self) -> impl Iterator<Item = &str> {
        self.variants.iter().map(|(name, _, _)| &**name).chain([Self::FALLBACK])
    }

    /// Checks the variants' rules.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] with the variant, the place and advice.
    pub fn check(&self, names: &Names) -> Result<Chooser> {
        let variants = self.variants.iter().map(|(name, rule, content)| {
            let checked = rule.check(names);
            let segment = checked.map_err(|error| error.within(format!("variant `{name}`")))?;
            Ok((Arc::clone(name), segment, Arc::clone(content)))
        });
        let variants = variants.collect::<Result<_>>()?;
        Ok(Chooser { variants, fallback: Arc::clone(&self.fallback) })
    }
}

impl Choice {
    /// Renders what the variant says.
    ///
    /// # Errors
    ///
    /// As [`Content::render`], with the variant.
    pub fn render(&self, context: &Context) -> Result<Rendered> {
        let within = |error: Error| error.within(format!("variant `{}`", self.variant));
        self.content.render(context).map_err(within)
    }
}

impl Chooser {
    /// Chooses a variant. It holds until the chosen rule may turn, or that of a variant before it.
    pub fn choose(&self, facts: &Facts<'_>) -> Choice {
        let mut until = None;
        for (name, segment, content) in &self.variants {
            let membership = segment.evaluate(facts);
            until = earlier(until, membership.until);
            if membership.value {
                return Choice { variant: Arc::clone(name), until, content: Arc::clone(content) };
            }
        }
        Choice { variant: Block::FALLBACK.into(), until, content: Arc::clone(&self.fallback) }
    }

    /// Checks what any variant may say.
    pub(crate) fn check_content(&self, vocabulary: &Vocabulary<'_>) -> Result<()> {
        let variants = self.variants.iter().map(|(name, _, content)| (&**name, content));
        variants.chain([(Block::FALLBACK, &self.fallback)]).try_for_each(|(name, content)| {
            content.check(vocabulary).map_err(|error| error.within(format!("variant `{name}`")))
        })
    }
}
