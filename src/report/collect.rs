//! Filling a report: person by person, then decision by decision.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ending::{Ending, Endings, SENT};
use super::figures::{events, ordered};
use super::letters::Letters;
use super::measured::Measured;
use super::{
    BlockDefinition, Choices, Chosen, Count, Definition, Head, LifecycleCounter, Preview, Report,
    Score, SegmentCounter,
};
use crate::content::{Block, Letter};
use crate::delivery::State;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result, nearest};
use crate::facts::{Facts, Timeline};
use crate::id::ProfileId;
use crate::playbook::{BlockPlan, Playbook};
use crate::scorer::Evaluation;
use crate::segment::{Rule, Segment};
use crate::stats::{Histogram, nice_edges};
use crate::store::DecisionRecord;
use crate::time::{Duration, Timestamp, earlier};

/// How many weeks a report looks back by default: a year.
const WEEKS: u32 = 52;

/// How many mails it shows by default.
const PREVIEWS: usize = 6;

/// Bins for probabilities, each a twentieth wide.
const BINS: usize = 20;

/// Collects a [`Report`] of a mailing.
///
/// First come the people ([`person`](Collector::person)), in the order in which they are read
/// anyway, say by `run::visit`; then, when all is decided and handed over, the
/// decisions ([`decision`](Collector::decision)); then mail for those who are to be shown
/// ([`shown`](Collector::shown)). What is kept does not grow with the base, but for the distinct
/// values of each metric, up to [`Spread::LIMIT`](crate::stats::Spread::LIMIT).
///
/// ```
/// use bespoke::event::Event;
/// use bespoke::facts::Timeline;
/// use bespoke::playbook::Playbook;
/// use bespoke::report::Collector;
/// use bespoke::schema::Schema;
/// use bespoke::store::DecisionRecord;
/// use bespoke::value::Kind;
///
/// let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
/// let playbook = Playbook::new("shop", schema)
///     .metric("orders", r#"count("Order Completed")"#)
///     .segment("active", r#"count("Order Completed" over 90 days) > 0"#);
/// let engine = playbook.engine()?;
/// let now = "2026-03-01T09:00:00Z".parse()?;
/// let mut collector = Collector::new(&playbook, &engine, now)?.lifecycle(["active"], "quiet")?;
///
/// let order = Event::track("p-1", "Order Completed", "2026-02-20T12:00:00Z".parse()?);
/// collector.person(&Timeline::of([order], engine.schema()));
///
/// let mut decision = DecisionRecord::new("spring", "p-1", now, "skipped");
/// decision.reason = Some("consent".into());
/// decision.detail = r#"{"segments": {"active": null}}"#.into();
/// collector.decision(&decision, None)?;
///
/// let report = collector.finish()?;
/// assert_eq!((report.head.known, report.head.skipped), (1, 1));
/// assert_eq!(report.lifecycle.weeks.len(), 2);
/// assert_eq!(report.distributions[0].name, "Number of “Order Completed”");
/// # Ok::<(), bespoke::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Collector {
    engine: Engine,
    now: Timestamp,
    states: Vec<Arc<str>>,
    otherwise: String,
    weeks: u32,
    previews: usize,
    lifecycle: LifecycleCounter,
    metrics: BTreeMap<Arc<str>, Measured>,
    blocks: Vec<BlockDefinition>,
    people: u64,
    events: BTreeMap<Arc<str>, u64>,
    segments: SegmentCounter,
    today: BTreeMap<String, Histogram>,
    evaluated: Vec<Score>,
    endings: Endings,
    choices: BTreeMap<String, BTreeMap<String, u64>>,
    letters: Letters,
    shown: BTreeMap<ProfileId, Letter>,
}

impl Collector {
    /// A collector that has seen nobody yet. Without a [`lifecycle`](Self::lifecycle) the report
    /// has none.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] for a metric that cannot be read, which an engine would have refused.
    pub fn new(playbook: &Playbook, engine: &Engine, now: Timestamp) -> Result<Self> {
        let mut metrics = BTreeMap::new();
        for (name, metric) in engine.metrics() {
            if let Some(plan) = playbook.metrics().get(name) {
                metrics.insert(Arc::clone(name), Measured::new(name, plan, metric)?);
            }
        }
        let segments = engine.segments().iter();
        let segments = segments.map(|(name, segment)| Definition::of(&**name, segment));
        Ok(Self {
            now,
            states: Vec::new(),
            otherwise: String::new(),
            weeks: WEEKS,
            previews: PREVIEWS,
            lifecycle: LifecycleCounter::new([""; 0], []),
            metrics,
            blocks: playbook.blocks().iter().map(|(name, plan)| block(name, plan)).collect(),
            people: 0,
            events: BTreeMap::new(),
            segments: SegmentCounter::new(segments.collect()),
            today: BTreeMap::new(),
            evaluated: Vec::new(),
            endings: Endings::default(),
            choices: BTreeMap::new(),
            letters: Letters::default(),
            shown: BTreeMap::new(),
            engine: engine.clone(),
        })
    }

    /// The same collector, which tells in which state of their life people were, week by week: the
    /// first of these segments that they were in, the best first, or `otherwise`. Nobody may have
    /// been shown to it yet.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`] for a segment that the engine does not have.
    pub fn lifecycle<N: AsRef<str>>(
        mut self,
        segments: impl IntoIterator<Item = N>,
        otherwise: impl Into<String>,
    ) -> Result<Self> {
        let known = self.engine.segments();
        let state = |name: N| {
            let name = name.as_ref();
            let found = known.get_key_value(name).map(|(name, _)| Arc::clone(name));
            found.ok_or_else(|| {
                let near = nearest(name, known.keys().map(|name| &**name));
                let advice = near.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                let detail = format!("there is no segment `{name}`{advice}");
                Error::new(ErrorKind::Definition, detail)
            })
        };
        self.states = segments.into_iter().map(state).collect::<Result<_>>()?;
        self.otherwise = otherwise.into();
        Ok(self.reset())
    }

    /// The same collector, looking so many weeks back. Nobody may have been shown to it yet.
    #[must_use]
    pub fn weeks(self, weeks: u32) -> Self {
        Self { weeks, ..self }.reset()
    }

    fn reset(mut self) -> Self {
        if !self.otherwise.is_empty() || !self.states.is_empty() {
            let states = self.states.iter().map(ToString::to_string);
            let states = states.chain([self.otherwise.clone()]);
            let weeks = (0..=i64::from(self.weeks)).rev();
            let weeks = weeks.map(|ago| self.now.minus(Duration::weeks(ago)));
            self.lifecycle = LifecycleCounter::new(states, weeks);
        }
        self
    }

    /// The same collector, showing so many mails.
    #[must_use]
    pub fn previews(self, previews: usize) -> Self {
        Self { previews, ..self }
    }

    /// The same collector, which knows what a metric is counted in: `EUR`. Without, an amount has
    /// no unit.
    #[must_use]
    pub fn unit(mut self, metric: &str, unit: impl Into<String>) -> Self {
        if let Some(metric) = self.metrics.get_mut(metric) {
            metric.unit = unit.into();
        }
        self
    }

    /// Takes in what is known of a person; nothing of one who is not known yet.
    pub fn person(&mut self, timeline: &Timeline) {
        let facts = timeline.facts(self.now);
        if !facts.is_known() {
            return;
        }
        self.people += 1;
        let states = self.states_of(timeline);
        self.lifecycle.add(states);
        self.metrics.values_mut().for_each(|metric| metric.add(&facts));
        for name in facts.event_names() {
            let count = u64::try_from(facts.events(name).count()).unwrap_or(u64::MAX);
            *self.events.entry(Arc::clone(name)).or_default() += count;
        }
    }

    /// The state of a person at the end of each week.
    ///
    /// Each answer says until when it holds, so only the weeks in which it may have changed are
    /// asked about.
    fn states_of(&self, timeline: &Timeline) -> Vec<Option<usize>> {
        let states: Vec<&Segment> =
            self.states.iter().filter_map(|name| self.engine.segments().get(name)).collect();
        let (mut state, mut until) = (None, Some(Timestamp::MIN));
        let weeks = self.lifecycle.instants().map(|at| {
            if until.is_some_and(|until| until <= at) {
                (state, until) = state_of(&states, &timeline.facts_as_known(at, self.now));
            }
            state
        });
        weeks.collect()
    }

    /// Takes in what was decided of a person, and what came of it: the delivery's state, unless a
    /// channel has accepted it.
    ///
    /// Memberships, scores and choices are the record's [answers](DecisionRecord::answers).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for a record whose detail holds something else.
    pub fn decision<'a>(
        &mut self,
        record: &'a DecisionRecord,
        unsent: Option<&'a State>,
    ) -> Result<Ending<'a>> {
        let answers = record.answers()?;
        self.segments.add(answers.segments.keys());
        for (name, score) in &answers.scores {
            if let Some(score) = score {
                self.today_of(name)?.add(*score, 1)?;
            }
        }
        for (block, variant) in &answers.blocks {
            let variants = self.choices.entry(block.to_string()).or_default();
            *variants.entry(variant.to_string()).or_default() += 1;
        }
        let ending = Ending::of(record, unsent);
        if ending.outcome == SENT {
            self.letters.add(&answers.blocks, &record.profile);
        }
        self.endings.add(ending);
        Ok(ending)
    }

    fn today_of(&mut self, score: &str) -> Result<&mut Histogram> {
        if !self.today.contains_key(score) {
            let histogram = Histogram::new(nice_edges(0.0, 1.0, BINS)?, [])?;
            self.today.insert(score.to_owned(), histogram);
        }
        let missing = || Error::new(ErrorKind::Input, "there are no scores");
        self.today.get_mut(score).ok_or_else(missing)
    }

    /// Takes in how a score did, with the weights of its features by name, as far as there are
    /// such. What it is, is read from the engine.
    pub fn score<'a>(
        &mut self,
        evaluation: &Evaluation,
        weights: impl IntoIterator<Item = (&'a Arc<str>, f64)>,
    ) {
        self.evaluated.push(match self.engine.scores().get(&evaluation.score) {
            Some(score) => Score::of(score, evaluation, weights),
            None => Score::new(evaluation.clone()),
        });
    }

    /// Whose mail is worth a look, so far: first of the combination of variants that was sent most,
    /// then of those that show variants not shown before. Of each, who comes first by their
    /// identifier.
    pub fn shown(&self) -> Vec<ProfileId> {
        let samples = self.letters.samples(self.previews);
        samples.into_iter().map(|sample| sample.profile.clone()).collect()
    }

    /// Takes in the mail of somebody of [`shown`](Self::shown), as it was rendered.
    pub fn letter(&mut self, profile: &ProfileId, letter: Letter) {
        self.shown.insert(profile.clone(), letter);
    }

    /// The report. What the collector cannot know is left to the host: in its head the names of
    /// what was run and the notes, and its [`quality`](Report::quality).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for more people than a machine counts.
    pub fn finish(self) -> Result<Report> {
        let mut report = Report {
            head: self.head(),
            outcomes: self.endings.counts(),
            previews: self.rendered(),
            choices: self.blocks.iter().map(|block| self.chosen(block)).collect(),
            events: events(self.events),
            segments: ordered(&self.segments.finish(), &self.states),
            lifecycle: self.lifecycle.finish(),
            blocks: self.blocks,
            ..Report::default()
        };
        let lifecycle = &mut report.lifecycle;
        let last = self.states.len();
        let unused = |week: &super::Week| week.counts.get(last) == Some(&0);
        if lifecycle.weeks.iter().all(unused) {
            lifecycle.states.truncate(last);
            lifecycle.weeks.iter_mut().for_each(|week| week.counts.truncate(last));
        }
        for metric in self.metrics.into_values() {
            report.distributions.extend(metric.distribution()?);
            report.metrics.push(metric.definition);
        }
        for score in self.evaluated {
            let today = self.today.get(&*score.evaluation.score);
            report.scores.push(match today {
                Some(today) => score.today(today),
                None => score,
            });
        }
        Ok(report)
    }

    /// What it came to in a few numbers.
    fn head(&self) -> Head {
        let count = |wanted: &[&str]| self.endings.of(wanted);
        Head {
            at: Some(self.now),
            known: self.people,
            claimed: count(&[SENT, "claimed", "sending", "unknown"]),
            accepted: Some(count(&[SENT])),
            deferred: count(&["deferred"]),
            skipped: count(&["skipped"]),
            failed: count(&["failed"]),
            ..Head::default()
        }
    }

    /// How often each variant of a block was chosen.
    fn chosen(&self, block: &BlockDefinition) -> Choices {
        let counts = self.choices.get(&block.name);
        let variants = block.variants.iter().map(|variant| {
            let count = counts.and_then(|counts| counts.get(&variant.name));
            Count::new(&*variant.name, count.copied().unwrap_or_default())
        });
        Choices::new(&*block.name, variants.collect())
    }

    /// The mails that were handed over for those who are shown.
    fn rendered(&self) -> Vec<Preview> {
        let samples = self.letters.samples(self.previews).into_iter();
        let previews = samples.filter_map(|sample| {
            let letter = self.shown.get(sample.profile)?;
            let chosen = sample.combination.iter().filter_map(|(name, variant)| {
                let block = self.blocks.iter().find(|block| *block.name == **name)?;
                let variant = block.variants.iter().find(|known| *known.name == **variant)?;
                Some(Chosen::new(&**name, variant.clone()))
            });
            Some(Preview {
                profile: sample.profile.to_string(),
                recipients: sample.recipients,
                subject: letter.subject.clone(),
                html: letter.html.clone(),
                chosen: chosen.collect(),
            })
        });
        previews.collect()
    }
}

/// The first of the states that a person is in, else the one after the last, and until when; none of
/// one who is not known yet.
fn state_of(states: &[&Segment], facts: &Facts<'_>) -> (Option<usize>, Option<Timestamp>) {
    if !facts.is_known() {
        return (None, Some(facts.now()));
    }
    let mut until = None;
    for (place, segment) in states.iter().enumerate() {
        let membership = segment.evaluate(facts);
        until = earlier(until, membership.until);
        if membership.value {
            return (Some(place), until);
        }
    }
    (Some(states.len()), until)
}

/// A block's variants and when each is chosen.
fn block(name: &str, plan: &BlockPlan) -> BlockDefinition {
    let variants = plan.variants.iter().map(|variant| {
        let words = Rule::parse(&variant.rule).map(|rule| rule.words()).unwrap_or_default();
        Definition::new(&*variant.name, &*variant.rule, words)
    });
    let fallback = Definition::new(Block::FALLBACK, "", "");
    BlockDefinition::new(name, variants.chain([fallback]).collect())
}
