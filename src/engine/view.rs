//! What is to be said of one person at one instant.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Engine, unknown};
use crate::content::{Choice, Context, Fetched, Letter, Need, Rendered};
use crate::error::{Error, ErrorKind, Result};
use crate::metric::Measure;
use crate::place::Near;
use crate::privacy::Personal;
use crate::segment::Membership;
use crate::time::{Timestamp, Valid};
use crate::value::Fields;

/// The answers of an [`Engine`] for one person at one instant: memberships, metrics, choices, and
/// rendering over them.
#[derive(Clone, Debug)]
pub struct View {
    pub(super) engine: Engine,
    pub(super) profile: Fields,
    pub(super) metrics: BTreeMap<Arc<str>, Valid<Measure>>,
    pub(super) memberships: BTreeMap<Arc<str>, Valid<Membership>>,
    pub(super) choices: BTreeMap<Arc<str>, Choice>,
    pub(super) near: Option<Near>,
    pub(super) personal: Option<Personal>,
}

impl View {
    /// Whether the person is in a segment; not in one that was not asked for.
    pub fn is_in(&self, segment: &str) -> bool {
        self.membership(segment).is_some_and(|membership| membership.value == Membership::In)
    }

    /// Until when the membership holds, if time alone can change it.
    pub fn until(&self, segment: &str) -> Option<Timestamp> {
        self.membership(segment)?.until
    }

    /// The membership, if the segment was asked for.
    pub fn membership(&self, segment: &str) -> Option<&Valid<Membership>> {
        self.memberships.get(segment)
    }

    /// The memberships by name.
    pub fn memberships(&self) -> &BTreeMap<Arc<str>, Valid<Membership>> {
        &self.memberships
    }

    /// What the metrics come to, by name.
    pub fn metrics(&self) -> &BTreeMap<Arc<str>, Valid<Measure>> {
        &self.metrics
    }

    /// The chosen variants by block.
    pub fn choices(&self) -> &BTreeMap<Arc<str>, Choice> {
        &self.choices
    }

    /// The same view with what the host fetched from the vault, for templates to print.
    #[must_use]
    pub fn with_personal(mut self, personal: Personal) -> Self {
        self.personal = Some(personal);
        self
    }

    /// What the chosen variants need before they are rendered, in the order of the blocks: nothing
    /// for those that have it, or of which it is known that it will not come.
    ///
    /// ```
    /// use bespoke::Engine;
    /// use bespoke::content::{Block, Content, Fetched};
    /// use bespoke::engine::Wanted;
    /// use bespoke::facts::Timeline;
    /// use bespoke::schema::Schema;
    ///
    /// let mut engine = Engine::new(Schema::new())?;
    /// let offers = Block::new(Content::text("See our offers.")?)
    ///     .variant("own", "TRUE", Content::text("{{ fetched.offers.title }}")?)?
    ///     .fetches("offers", [("limit", "1")]);
    /// engine.add_block("hero", &offers)?;
    /// let now = "2026-03-01T00:00:00Z".parse()?;
    /// let view = engine.evaluate(&Timeline::new().facts(now), &Wanted::everything())?;
    /// assert_eq!(&*view.needs()[0].source, "offers");
    ///
    /// let late = view.with_content("hero", Fetched::not_come("too late"));
    /// assert_eq!(late.render("hero")?.text, "See our offers.");
    /// assert_eq!(late.choices()["hero"].reason.to_string(), "what it needs did not come: too late");
    /// # Ok::<(), bespoke::Error>(())
    /// ```
    pub fn needs(&self) -> Vec<Need> {
        let needs = self.choices.iter().filter_map(|(block, choice)| {
            let (source, arguments) = choice.need()?;
            Some(Need::new(Arc::clone(block), Arc::clone(source), arguments.clone()))
        });
        needs.collect()
    }

    /// The same view with what came of a block's need, or why nothing did: then its fallback stands
    /// in. A block that needs nothing stays as it is. What is never given did not come.
    #[must_use]
    pub fn with_content(mut self, block: &str, fetched: Fetched) -> Self {
        if let Some((block, choice)) = self.choices.remove_entry(block) {
            self.choices.insert(block, choice.with_content(fetched));
        }
        self
    }

    /// The place near the person, if the engine has places and one is.
    pub fn near(&self) -> Option<&Near> {
        self.near.as_ref()
    }

    /// Renders the chosen variant of a block.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`](crate::error::ErrorKind::Template) for what is missing or too long;
    /// [`ErrorKind::Definition`](crate::error::ErrorKind::Definition) for a block that was not
    /// asked for.
    pub fn render(&self, block: &str) -> Result<Rendered> {
        self.rendered(block, &self.context(&Fields::default()))
    }

    /// Renders a template with its blocks and with what the host gives.
    ///
    /// # Errors
    ///
    /// As [`View::render`], with the template, the block and its variant, the part and the place.
    pub fn letter(&self, template: &str, given: &Fields) -> Result<Letter> {
        let templates = &self.engine.0.templates;
        let found = templates.get(template);
        let found = found.ok_or_else(|| unknown("template", template, templates.keys()))?;
        let within = |error: Error| error.within(format!("template `{template}`"));
        let held = self.choices.iter().filter(|(block, _)| found.blocks().contains(&***block));
        let plain =
            held.fold(self.context(given), |context, (block, choice)| choice.told(block, context));
        let printed = found.printed().iter().map(|block| {
            let rendered = self.rendered(block, &plain).map_err(within)?;
            Ok((block.as_str().into(), rendered))
        });
        let printed: Vec<(Arc<str>, Rendered)> = printed.collect::<Result<_>>()?;
        let context =
            printed.into_iter().fold(plain, |context, (name, said)| context.block(name, said));
        found.render(&context).map_err(within)
    }

    fn rendered(&self, block: &str, context: &Context) -> Result<Rendered> {
        let choice = self.choices.get(block).ok_or_else(|| self.no_choice(block))?;
        choice.render(context).map_err(|error| error.within(format!("block `{block}`")))
    }

    fn no_choice(&self, block: &str) -> Error {
        let blocks = &self.engine.0.blocks;
        if blocks.contains_key(block) {
            let detail = format!("the block `{block}` was not asked for");
            return Error::new(ErrorKind::Definition, detail);
        }
        unknown("block", block, blocks.keys())
    }

    fn context(&self, given: &Fields) -> Context {
        let members = self.memberships.iter();
        let members = members.map(|(name, valid)| (name, valid.value == Membership::In));
        let metrics = self.metrics.iter().map(|(name, valid)| (name, &valid.value));
        let context = Context::new(&self.profile, self.personal.as_ref())
            .metrics(metrics)
            .segments(members)
            .given(given);
        match &self.engine.0.whereabouts {
            Some(_) => context.place(self.near.as_ref()),
            None => context,
        }
    }
}
