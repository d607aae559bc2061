//! The figures of the report: collected person by person, then decision by decision.

use std::collections::BTreeMap;
use std::sync::Arc;

use bespoke::Engine;
use bespoke::content::{Block, Letter};
use bespoke::expr::Expr;
use bespoke::facts::{Facts, Timeline};
use bespoke::metric::Measure;
use bespoke::playbook::{BlockPlan, MetricPlan, Playbook};
use bespoke::report::{
    self, BlockDefinition, Calibrated, Choices, Chosen, Count, Definition, Feature, Head,
    Histogram, LifecycleCounter, OutcomeCount, Preview, Quality, Report, SegmentCounter,
};
use bespoke::scorer::{CheckedScore, Trained};
use bespoke::segment::{Rule, Segment};
use bespoke::source::Tally;
use bespoke::time::{Duration, Timestamp, earlier};
use serde_json::Value as Json;

use crate::people::Fault;

/// The segments that are the states of a customer's life, from the best to the worst, and what is
/// said of who is in none.
const LIFECYCLE: [&str; 3] = ["active", "at_risk", "lapsed"];
const NO_STATE: &str = "no order yet";

/// How many weeks the report looks back.
const WEEKS: i64 = 52;
/// How many mails it shows.
const PREVIEWS: usize = 6;

/// What is collected on the way.
pub(crate) struct Figures {
    now: Timestamp,
    states: Vec<Segment>,
    lifecycle: LifecycleCounter,
    /// Each metric with its values, as soon as it has one.
    metrics: BTreeMap<Arc<str>, (Definition, Option<(Histogram, Unit)>)>,
    people: u64,
    events: BTreeMap<Arc<str>, u64>,
    segments: SegmentCounter,
    scores: BTreeMap<String, Histogram>,
    outcomes: BTreeMap<(String, Option<String>), u64>,
    choices: BTreeMap<String, BTreeMap<String, u64>>,
    /// The combinations of variants that were sent: to how many people, and the first of them with
    /// what was decided of them.
    letters: BTreeMap<String, (u64, String, Json)>,
}

impl Figures {
    pub(crate) fn new(playbook: &Playbook, engine: &Engine, now: Timestamp) -> Result<Self, Fault> {
        let states: Vec<_> = LIFECYCLE
            .into_iter()
            .filter_map(|name| engine.segments().get_key_value(name))
            .collect();
        let names = states.iter().map(|(name, _)| name.to_string()).chain([NO_STATE.to_owned()]);
        let weeks = (0..=WEEKS).rev().map(|ago| now.minus(Duration::weeks(ago)));
        let mut metrics = BTreeMap::new();
        for (name, plan) in playbook.metrics() {
            metrics.insert(Arc::clone(name), (defined(name, plan)?, None));
        }
        let segments = engine.segments().iter().map(|(name, segment)| rule(name, segment));
        Ok(Self {
            now,
            lifecycle: LifecycleCounter::new(names, weeks),
            states: states.into_iter().map(|(_, segment)| segment.clone()).collect(),
            metrics,
            people: 0,
            events: BTreeMap::new(),
            segments: SegmentCounter::new(segments.collect()),
            scores: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            choices: BTreeMap::new(),
            letters: BTreeMap::new(),
        })
    }
}

/// What a metric is counted in.
#[derive(Clone, Copy)]
enum Unit {
    Amount,
    DaysSince,
}

impl Figures {
    /// Takes in what is known of a person.
    pub(crate) fn person(&mut self, engine: &Engine, timeline: &Timeline) {
        let facts = timeline.facts(self.now);
        if !facts.is_known() {
            return;
        }
        self.people += 1;
        let states = self.states_of(timeline);
        self.lifecycle.add(states);
        for (name, metric) in engine.metrics() {
            if let Some((_, values)) = self.metrics.get_mut(name) {
                count(values, &metric.evaluate(&facts).value, self.now, self.people);
            }
        }
        for name in facts.event_names() {
            let events = facts.events(name).count();
            *self.events.entry(Arc::clone(name)).or_default() += u64::try_from(events).unwrap_or(0);
        }
    }

    /// The state of a person at the end of each week.
    ///
    /// Each answer says until when it holds, so only the weeks in which it may have changed are
    /// asked about.
    fn states_of(&self, timeline: &Timeline) -> Vec<Option<usize>> {
        let (mut state, mut until) = (None, Some(Timestamp::MIN));
        let weeks = self.lifecycle.instants().map(|at| {
            if until.is_some_and(|until| until <= at) {
                (state, until) = self.state(&timeline.facts_as_known(at, self.now));
            }
            state
        });
        weeks.collect()
    }

    fn state(&self, facts: &Facts<'_>) -> (Option<usize>, Option<Timestamp>) {
        if !facts.is_known() {
            return (None, Some(facts.now()));
        }
        let mut until = None;
        for (place, segment) in self.states.iter().enumerate() {
            let membership = segment.evaluate(facts);
            until = earlier(until, membership.until);
            if membership.value {
                return (Some(place), until);
            }
        }
        (Some(self.states.len()), until)
    }

    /// Takes in what was decided of a person, and what came of it.
    pub(crate) fn decision(&mut self, customer: &str, detail: &Json, line: (&str, Option<&str>)) {
        let keys = |part: &str| detail[part].as_object().into_iter().flatten();
        self.segments.add(keys("segments").map(|(name, _)| name));
        for (name, score) in keys("scores") {
            let scores = self.scores.entry(name.clone()).or_insert_with(Histogram::probabilities);
            scores.add(score.as_f64());
        }
        for (block, variant) in keys("blocks") {
            let variants = self.choices.entry(block.clone()).or_default();
            *variants.entry(variant.as_str().unwrap_or_default().to_owned()).or_default() += 1;
        }
        let (outcome, reason) = line;
        let reason = reason.and_then(|reason| reason.lines().next()).map(str::to_owned);
        *self.outcomes.entry((outcome.to_owned(), reason)).or_default() += 1;
        if outcome == "sent" {
            let letter = self.letters.entry(detail["blocks"].to_string());
            letter.or_insert_with(|| (0, customer.to_owned(), detail.clone())).0 += 1;
        }
    }

    /// Whose mail is shown: of the combinations of variants that were sent most, the first
    /// recipient of each.
    pub(crate) fn shown(&self) -> Vec<(String, Json)> {
        let mut letters: Vec<_> = self.letters.values().collect();
        letters.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        let shown = letters.into_iter().take(PREVIEWS);
        shown.map(|(_, first, detail)| (first.clone(), detail.clone())).collect()
    }

    /// What it came to in a few numbers.
    pub(crate) fn head(&self) -> Head {
        let count = |wanted: &[&str]| {
            let outcomes = self.outcomes.iter();
            let found = outcomes.filter(|((outcome, _), _)| wanted.contains(&outcome.as_str()));
            found.map(|(_, count)| count).sum()
        };
        let mut head = Head::default();
        head.known = self.people;
        head.claimed = count(&["sent", "claimed", "sending", "unknown"]);
        head.accepted = Some(count(&["sent"]));
        head.deferred = count(&["deferred"]);
        head.skipped = count(&["skipped"]);
        head.failed = count(&["failed"]);
        head
    }

    /// The report, but for its head, its score and its previews.
    pub(crate) fn finish(self, playbook: &Playbook, tally: Option<&Tally>) -> (Report, Scores) {
        let mut report = Report::default();
        report.quality = tally.map(Quality::of);
        report.events = counts(self.events);
        report.segments = self.segments.finish();
        report.lifecycle = self.lifecycle.finish();
        report.outcomes = self
            .outcomes
            .into_iter()
            .map(|((outcome, reason), count)| OutcomeCount::new(outcome, reason.as_deref(), count))
            .collect();
        for (definition, values) in self.metrics.into_values() {
            if let Some((values, unit)) = values {
                let (name, unit) = match unit {
                    Unit::Amount => (definition.name.clone(), ""),
                    Unit::DaysSince => (format!("days since {}", definition.name), "days"),
                };
                let mut distribution = values.finish(name, unit);
                distribution.caption = definition.words.clone();
                report.distributions.push(distribution);
            }
            report.metrics.push(definition);
        }
        for (name, plan) in playbook.blocks() {
            report.blocks.push(block(name, plan));
            let chosen = self.choices.get(&**name);
            let order = report.blocks.last().map(|block| &block.variants[..]).unwrap_or_default();
            let variants = order.iter().map(|variant| {
                let count = chosen.and_then(|chosen| chosen.get(&variant.name));
                Count::new(&variant.name, count.copied().unwrap_or_default())
            });
            report.choices.push(Choices::new(&**name, variants.collect()));
        }
        (report, self.scores)
    }
}

/// The scores of today by name.
pub(crate) type Scores = BTreeMap<String, Histogram>;

/// Counts a metric's value; people before the first who has one have none.
fn count(values: &mut Option<(Histogram, Unit)>, measure: &Measure, now: Timestamp, person: u64) {
    let value = match measure {
        Measure::Number(number) => Some((number.to_f64(), Unit::Amount)),
        Measure::Instant(at) => {
            Some(((now.micros() - at.micros()) as f64 / 86_400e6, Unit::DaysSince))
        }
        _ => None,
    };
    if let (None, Some((_, unit))) = (&values, value) {
        let mut histogram = match unit {
            Unit::Amount => Histogram::amounts(),
            Unit::DaysSince => Histogram::days(),
        };
        (1..person).for_each(|_| histogram.add(None));
        *values = Some((histogram, unit));
    }
    if let Some((histogram, unit)) = values {
        // Who spent nothing is told from who spent little.
        let value = value.map(|(value, _)| value);
        histogram.add(value.filter(|value| matches!(unit, Unit::DaysSince) || *value != 0.0));
    }
}

fn counts(counted: BTreeMap<Arc<str>, u64>) -> Vec<Count> {
    let mut counts: Vec<Count> =
        counted.into_iter().map(|(name, count)| Count::new(&*name, count)).collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.count));
    counts
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

/// A mail for the report.
pub(crate) fn preview(customer: &str, letter: Letter, detail: &Json, report: &Report) -> Preview {
    let chosen =
        detail["blocks"].as_object().into_iter().flatten().filter_map(|(name, variant)| {
            let block = report.blocks.iter().find(|block| block.name == *name)?;
            let variant =
                block.variants.iter().find(|known| Some(&*known.name) == variant.as_str())?;
            Some(Chosen::new(name, variant.clone()))
        });
    let mut preview = Preview::default();
    preview.chosen = chosen.collect();
    preview.profile = customer.to_owned();
    preview.subject = letter.subject;
    preview.html = letter.html;
    preview
}

/// How good a score is.
pub(crate) fn score(
    definition: &CheckedScore,
    trained: &Trained,
    today: Option<Histogram>,
) -> report::Score {
    let Trained { scorer, evaluation, .. } = trained;
    let mut score = report::Score::default();
    score.name = evaluation.score.to_string();
    score.model = evaluation.model.to_string();
    score.eligible = rule("eligible", definition.eligible());
    score.outcome = rule("outcome", definition.outcome());
    score.horizon = Some(definition.score().horizon);
    score.trained = evaluation.training.iter().map(|snapshot| snapshot.at).collect();
    score.evaluated = Some(evaluation.at);
    score.training_examples = number(evaluation.training.iter().map(|it| it.count).sum());
    score.examples = number(evaluation.count);
    score.positives = number(evaluation.positives);
    score.auc = evaluation.auc;
    score.brier = Some(evaluation.brier);
    score.scores = today.map(|today| today.finish("", "").bins).unwrap_or_default();
    score.roc =
        evaluation.roc.iter().map(|point| (point.false_positives, point.true_positives)).collect();
    let bands = evaluation.calibration.iter().map(|band| {
        Calibrated::new(band.forecast, band.observed, band.interval, number(band.count))
    });
    score.calibration = bands.collect();
    let weights: BTreeMap<_, _> = scorer.weights().collect();
    for (name, text) in &definition.score().features {
        let words = Expr::parse(text).map(|expr| expr.words()).unwrap_or_default();
        let definition = Definition::new(&**name, text, words);
        score.features.push(Feature::new(definition, weights.get(name).copied()));
    }
    score
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// A metric as it was written and in words.
fn defined(name: &str, plan: &MetricPlan) -> Result<Definition, Fault> {
    Ok(match plan {
        MetricPlan::Text(text) => Definition::new(name, &**text, Expr::parse(text)?.words()),
        MetricPlan::Engagement(_) => Definition::new(name, "", "weighted activity, from 0 to 100"),
        _ => Definition::new(name, "", ""),
    })
}

fn rule(name: &str, segment: &Segment) -> Definition {
    let rule = segment.rule();
    Definition::new(name, rule.text(), rule.words())
}
