//! The centre: named parts, and one [`View`] of a person at an instant.
//!
//! ```
//! use bespoke::content::{Block, Content};
//! use bespoke::engine::{Engine, Wanted};
//! use bespoke::event::Event;
//! use bespoke::facts::Timeline;
//! use bespoke::schema::Schema;
//! use bespoke::value::Kind;
//!
//! let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
//! let mut engine = Engine::new(schema)?;
//! engine.add_metric("spend", r#"sum("Order Completed".revenue over 90 days)"#)?;
//! engine.add_segment("vip", "spend > 500")?;
//! let hero = Block::new(Content::text("Hello!")?)
//!     .variant("thanks", "in_segment('vip')", Content::text("You spent {{ metrics.spend }}.")?)?;
//! engine.add_block("hero", &hero)?;
//!
//! let order = Event::track("p-1", "Order Completed", "2026-02-01T12:00:00Z".parse()?);
//! let timeline = Timeline::of([order.with("revenue", 620)], engine.schema());
//! let now = "2026-03-01T00:00:00Z".parse()?;
//! let view = engine.evaluate(&timeline.facts(now), &Wanted::everything())?;
//! assert!(view.is_in("vip"));
//! assert_eq!(view.render("hero")?.text, "You spent 620.");
//! # Ok::<(), bespoke::Error>(())
//! ```

mod view;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use view::View;

use crate::content::{Block, Chooser, Known, Scope, Template, Vocabulary, Whereabouts};
use crate::error::{Diagnostic, Error, ErrorKind, Result, nearest};
use crate::expr::Names;
use crate::facts::{Facts, Layout, Timeline};
#[cfg(feature = "library")]
use crate::library::Library;
use crate::lint::Finding;
use crate::metric::{Engagement, Metric, RfmAxis, RfmCuts};
use crate::place::Places;
use crate::schema::Schema;
use crate::scorer::{CheckedScore, Score};
use crate::segment::live::Program;
use crate::segment::{Membership, Rule, Segment};
use crate::value::Kind;

/// Named parts, checked when they are added: metrics, segments, scores, blocks and templates.
///
/// A part may name those added before it, so nothing can refer to itself. Cloning is cheap, and a
/// clone that is added to leaves the original as it is.
#[derive(Clone, Debug)]
pub struct Engine(Arc<Parts>);

#[derive(Clone, Debug, Default)]
struct Parts {
    names: Names,
    /// The columns that the parts can be read from.
    layout: Arc<Layout>,
    metrics: BTreeMap<Arc<str>, Metric>,
    segments: BTreeMap<Arc<str>, Segment>,
    scores: BTreeMap<Arc<str>, CheckedScore>,
    blocks: BTreeMap<Arc<str>, Chooser>,
    templates: BTreeMap<Arc<str>, Template>,
    /// The places that templates read.
    whereabouts: Option<Whereabouts>,
}

/// What a host asks for.
///
/// ```
/// use bespoke::engine::Wanted;
///
/// let for_the_front_page = Wanted::nothing().segment("vip").block("hero");
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Wanted {
    everything: bool,
    metrics: BTreeSet<Arc<str>>,
    segments: BTreeSet<Arc<str>>,
    blocks: BTreeSet<Arc<str>>,
}

impl Engine {
    /// An engine with a vocabulary and no parts.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Schema`] for a schema that contradicts itself.
    pub fn new(schema: Schema) -> Result<Self> {
        schema.check()?;
        Ok(Self(Arc::new(Parts { names: Names::new(schema), ..Parts::default() })))
    }

    /// The vocabulary.
    pub fn schema(&self) -> &Schema {
        self.0.names.schema()
    }

    /// The names that rules may use.
    pub(crate) fn names(&self) -> &Names {
        &self.0.names
    }

    /// Adds a metric.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] with line, column and advice; [`ErrorKind::Definition`] for a name that
    /// is taken.
    pub fn add_metric(&mut self, name: &str, metric: &str) -> Result<Vec<Diagnostic>> {
        let metric = Metric::parse(metric, &self.0.names);
        self.define_metric(name, metric)
    }

    /// Adds an engagement score as a metric.
    ///
    /// # Errors
    ///
    /// As [`Engine::add_metric`].
    pub fn add_engagement(&mut self, name: &str, score: &Engagement) -> Result<Vec<Diagnostic>> {
        let metric = score.metric(&self.0.names);
        self.define_metric(name, metric)
    }

    /// Adds the three metrics of classes by recency, frequency and money: `vip_recency` and so on
    /// where they are called `vip`.
    ///
    /// # Errors
    ///
    /// As [`Engine::add_metric`].
    pub fn add_rfm(&mut self, name: &str, cuts: &RfmCuts) -> Result<Vec<Diagnostic>> {
        let mut warnings = Vec::new();
        for axis in RfmAxis::ALL {
            let metric = cuts.metric(axis, &self.0.names);
            warnings.extend(self.define_metric(&axis.within(name), metric)?);
        }
        Ok(warnings)
    }

    fn define_metric(&mut self, name: &str, metric: Result<Metric>) -> Result<Vec<Diagnostic>> {
        let within = |error: Error| error.within(format!("metric `{name}`"));
        let mut metric = metric.map_err(within)?;
        let parts = Arc::make_mut(&mut self.0);
        metric.index(Arc::make_mut(&mut parts.layout));
        metric.define(name, &mut parts.names).map_err(within)?;
        let warnings = metric.warnings().to_vec();
        parts.metrics.insert(name.into(), metric);
        Ok(warnings)
    }

    /// Adds a segment; returns what is odd about its rule without being wrong.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] with line, column and advice; [`ErrorKind::Definition`] for a name that
    /// is taken.
    pub fn add_segment(&mut self, name: &str, rule: &str) -> Result<Vec<Diagnostic>> {
        let within = |error: Error| error.within(format!("segment `{name}`"));
        let checked = Rule::parse(rule).and_then(|rule| rule.check(&self.0.names));
        let mut segment = checked.map_err(within)?;
        let parts = Arc::make_mut(&mut self.0);
        segment.index(Arc::make_mut(&mut parts.layout));
        segment.define(name, &mut parts.names).map_err(within)?;
        let warnings = segment.warnings().to_vec();
        parts.segments.insert(name.into(), segment);
        Ok(warnings)
    }

    /// Checks a rule against what there is, without giving it a name.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] with line, column and advice.
    pub fn rule(&self, rule: &str) -> Result<Segment> {
        Rule::parse(rule)?.check(&self.0.names)
    }

    /// Adds a score; its name becomes a trait, a number, that rules added from now on may read.
    ///
    /// The schema may declare the trait already, so that it can be read from files too. Rules read
    /// what was last told by [`CheckedScore::tell`]; nothing runs a model but that.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] for a feature or a rule, with line, column and advice;
    /// [`ErrorKind::Definition`] for a name that is taken, a score that reads itself, and snapshots
    /// whose labels would not be known in time.
    pub fn add_score(&mut self, name: &str, score: &Score) -> Result<Vec<Diagnostic>> {
        free("score", name, &self.0.scores)?;
        let mut score = score.check(name, &self.0.names)?;
        let parts = Arc::make_mut(&mut self.0);
        score.index(Arc::make_mut(&mut parts.layout));
        score.define(&mut parts.names)?;
        let warnings = score.warnings().cloned().collect();
        parts.scores.insert(name.into(), score);
        Ok(warnings)
    }

    /// Adds a block; returns what is odd about its variants without being wrong, such as a trait
    /// that is printed and may be missing, or a variant that is never chosen.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] for a variant's rule and [`ErrorKind::Template`] for what a variant
    /// says, with the place; [`ErrorKind::Definition`] for a name that is taken.
    pub fn add_block(&mut self, name: &str, block: &Block) -> Result<Vec<Finding>> {
        let within = |error: Error| error.within(format!("block `{name}`"));
        let chooser = block.check(&self.0.names).map_err(within)?;
        let said = chooser.check_content(&Scope::UNKNOWN, &self.vocabulary(false));
        let mut findings = said.map_err(within)?;
        findings.extend_from_slice(chooser.findings());
        free("block", name, &self.0.blocks)?;
        Arc::make_mut(&mut self.0).blocks.insert(name.into(), chooser);
        Ok(findings)
    }

    /// Sets the places of which templates read the one near by, as `place.name`, `place.region` and
    /// `place.distance_km`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`] where the schema declares none of the traits that say where somebody
    /// is.
    pub fn set_places(&mut self, places: impl Into<Arc<Places>>) -> Result<()> {
        let whereabouts = Whereabouts::check(&places.into(), &self.0.names)?;
        Arc::make_mut(&mut self.0).whereabouts = Some(whereabouts);
        Ok(())
    }

    /// Adds a template; returns what is odd about it without being wrong.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Template`] with the part and the place; [`ErrorKind::Definition`] for a name
    /// that is taken.
    pub fn add_template(&mut self, name: &str, template: Template) -> Result<Vec<Finding>> {
        let within = |error: Error| error.within(format!("template `{name}`"));
        let findings = template.check(&self.vocabulary(true)).map_err(within)?;
        self.check_blocks(&template).map_err(within)?;
        free("template", name, &self.0.templates)?;
        Arc::make_mut(&mut self.0).templates.insert(name.into(), template);
        Ok(findings)
    }

    /// Checks that the blocks of a template read no more than its purpose does.
    fn check_blocks(&self, template: &Template) -> Result<()> {
        let (scope, vocabulary) = (template.purpose(), self.vocabulary(false));
        for name in template.blocks() {
            if let Some(block) = self.0.blocks.get(name.as_str()) {
                let within = |error: Error| error.within(format!("block `{name}`"));
                block.check_content(&scope, &vocabulary).map_err(within)?;
            }
        }
        Ok(())
    }

    /// Adds the places, the blocks and the templates of a library; returns what is odd about them
    /// without being wrong.
    ///
    /// # Errors
    ///
    /// As [`Engine::add_block`] and [`Engine::add_template`]; nothing is added then.
    #[cfg(feature = "library")]
    pub fn add_library(&mut self, library: &Library) -> Result<Vec<Finding>> {
        let mut engine = self.clone();
        if let Some(places) = library.places() {
            engine.set_places(Arc::clone(places))?;
        }
        let mut findings = Vec::new();
        for (name, block) in library.blocks() {
            findings.extend(engine.add_block(name, block)?);
        }
        for (name, entry) in library.templates() {
            findings.extend(engine.add_template(name, entry.template().clone())?);
        }
        *self = engine;
        Ok(findings)
    }

    /// The names that templates may use: what is of a special category stays in the vault, and only
    /// whole messages hold blocks.
    pub(crate) fn vocabulary(&self, blocks: bool) -> Vocabulary {
        let Parts { names, metrics, segments, whereabouts, .. } = &*self.0;
        let metrics = metrics.iter().map(|(name, metric)| (Arc::clone(name), measured(metric)));
        let segments = segments.keys().map(|name| (Arc::clone(name), Kind::Boolean));
        let of_kind = |(name, kind)| (name, Known::scalar(kind));
        let mut vocabulary = Vocabulary::default()
            .with("profile", Known::declared(names.schema().attributes()))
            .with("metrics", Known::object(metrics))
            .with("segments", Known::object(segments.map(of_kind)));
        if whereabouts.is_some() {
            vocabulary = vocabulary.with("place", Known::place().or_missing());
        }
        if !blocks {
            return vocabulary;
        }
        let blocks = self.0.blocks.keys().map(|name| (Arc::clone(name), Kind::Text));
        let blocks = Known::object(blocks.map(of_kind));
        let sources = self.0.blocks.values().filter_map(Chooser::source);
        let sources = sources.map(|source| (Arc::clone(source), Known::any()));
        vocabulary
            .with("choice", blocks.clone())
            .with("blocks", blocks)
            .with("fetched", Known::object(sources))
            .with("locale", Known::scalar(Kind::Text))
    }

    /// A timeline that keeps columns of what metrics, segments and scores count and add up.
    ///
    /// Any other timeline gives the same answers, with more work.
    pub fn timeline(&self) -> Timeline {
        Timeline::with_columns(Arc::clone(&self.0.layout))
    }

    /// The segments, for [`Live`](crate::segment::live::Live) to follow.
    pub fn program(&self) -> Program {
        let Parts { names, layout, segments, .. } = &*self.0;
        let segments = segments.iter().map(|(name, segment)| {
            let text = segment.rule().text();
            (name, segment, (text.into(), names.named([text])))
        });
        Program::new(names.schema().clone(), layout, segments)
    }

    /// The segments by name.
    pub fn segments(&self) -> &BTreeMap<Arc<str>, Segment> {
        &self.0.segments
    }

    /// The metrics by name.
    pub fn metrics(&self) -> &BTreeMap<Arc<str>, Metric> {
        &self.0.metrics
    }

    /// The scores by name.
    pub fn scores(&self) -> &BTreeMap<Arc<str>, CheckedScore> {
        &self.0.scores
    }

    /// The blocks by name.
    pub fn blocks(&self) -> &BTreeMap<Arc<str>, Chooser> {
        &self.0.blocks
    }

    /// What is to be said of a person at an instant.
    ///
    /// It is a function of the engine and the facts and reads nothing else.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`] for a part that is wanted and not there.
    pub fn evaluate(&self, facts: &Facts<'_>, wanted: &Wanted) -> Result<View> {
        let Parts { metrics, segments, blocks, whereabouts, .. } = &*self.0;
        let everything = wanted.everything;
        let metrics = pick("metric", metrics, &wanted.metrics, everything)?;
        let segments = pick("segment", segments, &wanted.segments, everything)?;
        let blocks = pick("block", blocks, &wanted.blocks, everything)?;
        let profile = self
            .schema()
            .attributes()
            .keys()
            .filter_map(|name| Some((Arc::clone(name), facts.attribute(name)?.clone())));
        Ok(View {
            engine: self.clone(),
            profile: profile.collect(),
            metrics: map(metrics, |metric| metric.evaluate(facts)),
            memberships: map(segments, |segment| segment.evaluate(facts).map(Membership::of)),
            choices: map(blocks, |block| block.choose(facts)),
            near: whereabouts.as_ref().and_then(|whereabouts| whereabouts.near(facts).value),
            personal: None,
        })
    }
}

/// What is known of a metric before it is evaluated.
fn measured(metric: &Metric) -> Known {
    let known = metric.kind().map_or_else(Known::any, Known::scalar);
    if metric.may_be_null() { known.or_missing() } else { known }
}

/// Refuses a name that is empty or taken.
fn free<T>(what: &str, name: &str, parts: &BTreeMap<Arc<str>, T>) -> Result<()> {
    let detail = match (name, parts.contains_key(name)) {
        ("", _) => format!("a {what} needs a name"),
        (_, true) => format!("there is a {what} `{name}` already"),
        (_, false) => return Ok(()),
    };
    Err(Error::new(ErrorKind::Definition, detail))
}

/// The wanted parts of one sort.
fn pick<'a, T>(
    what: &str,
    parts: &'a BTreeMap<Arc<str>, T>,
    wanted: &BTreeSet<Arc<str>>,
    everything: bool,
) -> Result<Vec<(&'a Arc<str>, &'a T)>> {
    if everything {
        return Ok(parts.iter().collect());
    }
    let find = |name: &Arc<str>| {
        parts.get_key_value(name).ok_or_else(|| unknown(what, name, parts.keys()))
    };
    wanted.iter().map(find).collect()
}

fn unknown<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a Arc<str>>) -> Error {
    let detail = match nearest(name, known.map(|name| &**name)) {
        Some(near) => format!("there is no {what} `{name}`; did you mean `{near}`?"),
        None => format!("there is no {what} `{name}`"),
    };
    Error::new(ErrorKind::Definition, detail)
}

fn map<T, U>(parts: Vec<(&Arc<str>, &T)>, f: impl Fn(&T) -> U) -> BTreeMap<Arc<str>, U> {
    parts.into_iter().map(|(name, part)| (Arc::clone(name), f(part))).collect()
}

impl Wanted {
    /// Every metric, segment and block there is.
    pub fn everything() -> Self {
        Self { everything: true, ..Self::default() }
    }

    /// Nothing yet.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// A metric too.
    #[must_use]
    pub fn metric(mut self, name: impl Into<Arc<str>>) -> Self {
        self.metrics.insert(name.into());
        self
    }

    /// A segment too.
    #[must_use]
    pub fn segment(mut self, name: impl Into<Arc<str>>) -> Self {
        self.segments.insert(name.into());
        self
    }

    /// A block too.
    #[must_use]
    pub fn block(mut self, name: impl Into<Arc<str>>) -> Self {
        self.blocks.insert(name.into());
        self
    }
}
