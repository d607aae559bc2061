//! The definition of a score, checked, and what it says of a person.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Score, Scorer, Target};
use crate::error::{Diagnostic, Error, ErrorKind, Result};
use crate::event::{Event, derive_id};
use crate::expr::Names;
use crate::facts::{Facts, Layout, Timeline};
use crate::feature::{self, Features};
use crate::id::ProfileId;
use crate::metric::Metric;
use crate::segment::{Rule, Segment};
use crate::table::{Cell, Table};
use crate::time::{Duration, Timestamp};
use crate::value::{Decimal, Value};

/// A score that passed its check.
#[derive(Clone, Debug)]
pub struct CheckedScore {
    name: Arc<str>,
    score: Arc<Score>,
    features: Features,
    eligible: Segment,
    outcome: Outcome,
    digest: Arc<str>,
}

/// What is asked a horizon after a snapshot.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// Whether it happened.
    Rule(Segment),
    /// How much came of it.
    Metric(Metric),
}

impl Outcome {
    fn check(text: &str, target: Target, names: &Names) -> Result<Self> {
        if target == Target::Class {
            return Ok(Self::Rule(Rule::parse(text)?.check(names)?));
        }
        let metric = Metric::parse(text, names)?;
        if metric.ty().counts() {
            return Ok(Self::Metric(metric));
        }
        let what = metric.ty().describe();
        Err(fault(format!("how much comes of it is a number, this is {what}")))
    }

    /// The label, if there is one. An outcome that is unknown did not happen.
    fn label(&self, facts: &Facts<'_>) -> Option<f64> {
        match self {
            Self::Rule(segment) => Some(f64::from(u8::from(segment.is_member(facts)))),
            Self::Metric(metric) => match feature::cell(metric.evaluate(facts).value) {
                Cell::Number(number) => Some(number),
                Cell::Missing | Cell::Text(_) => None,
            },
        }
    }

    fn index(&mut self, layout: &mut Layout) {
        match self {
            Self::Rule(segment) => segment.index(layout),
            Self::Metric(metric) => metric.index(layout),
        }
    }

    fn warnings(&self) -> &[Diagnostic] {
        match self {
            Self::Rule(segment) => segment.warnings(),
            Self::Metric(metric) => metric.warnings(),
        }
    }

    fn reads(&self, name: &str) -> bool {
        match self {
            Self::Rule(segment) => segment.reads(name),
            Self::Metric(metric) => metric.reads(name),
        }
    }

    /// Its text.
    pub fn text(&self) -> &str {
        match self {
            Self::Rule(segment) => segment.rule().text(),
            Self::Metric(metric) => metric.text(),
        }
    }
}

impl Score {
    /// Checks the features, the rules and the order of the snapshots.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Rule`] with line, column and advice; [`ErrorKind::Definition`] for a name that
    /// cannot be that of a trait, a score that reads itself, and snapshots whose labels would not
    /// be known in time.
    pub fn check(&self, name: &str, names: &Names) -> Result<CheckedScore> {
        self.checked(name, names).map_err(|error| error.within(format!("score `{name}`")))
    }

    fn checked(&self, name: &str, names: &Names) -> Result<CheckedScore> {
        let name: Arc<str> = name.into();
        names.clone().add_number(&name)?;
        self.check_times()?;
        let features = Features::new(&self.features, names)?;
        let rule = |what: &str, text: &str| {
            let checked = Rule::parse(text).and_then(|rule| rule.check(names));
            checked.map_err(|error| error.within(what))
        };
        let checked = CheckedScore {
            eligible: rule("eligible", &self.eligible)?,
            outcome: Outcome::check(&self.outcome, self.target, names)
                .map_err(|error| error.within("outcome"))?,
            digest: self.digest(&name, names),
            score: Arc::new(self.clone()),
            features,
            name,
        };
        match checked.reads_itself() {
            Some(part) => Err(fault(format!("{part} reads the score itself"))),
            None => Ok(checked),
        }
    }

    fn check_times(&self) -> Result<()> {
        let Self { horizon, evaluation, training, .. } = self;
        if *horizon <= Duration::ZERO {
            return Err(fault(format!("the horizon is {horizon}: it must be some time")));
        }
        if evaluation < horizon {
            let detail = format!("the evaluation is {evaluation} ago, and its labels are known");
            return Err(fault(format!("{detail} {horizon} later: it must be that long ago")));
        }
        let least = evaluation.micros().saturating_add(horizon.micros());
        let least = Duration::from_micros(least);
        for (index, ago) in training.iter().enumerate() {
            if *ago < least {
                let detail = format!("the training snapshot {ago} ago must be {least} ago or more");
                let why = "its labels must be known when the evaluation's features are";
                return Err(fault(format!("{detail}: {why}")));
            }
            if training.iter().take(index).any(|other| other == ago) {
                return Err(fault(format!("the training snapshot {ago} ago comes twice")));
            }
        }
        if training.is_empty() { Err(fault("there are no training snapshots")) } else { Ok(()) }
    }

    /// A hash of the definition and of every metric and segment that it names.
    fn digest(&self, name: &str, names: &Names) -> Arc<str> {
        #[derive(Serialize)]
        struct Meaning<'a> {
            name: &'a str,
            score: &'a Score,
            named: BTreeMap<Arc<str>, Arc<str>>,
        }
        let features = self.features.iter().map(|(_, text)| &**text);
        let texts = features.chain([&*self.eligible, &*self.outcome]);
        let meaning = Meaning { name, score: self, named: names.named(texts) };
        let text = serde_json::to_string(&meaning).unwrap_or_default();
        digest([&*text])
    }
}

fn fault(detail: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Definition, detail)
}

/// A hash of texts, in hexadecimal.
pub(crate) fn digest<'a>(texts: impl IntoIterator<Item = &'a str>) -> Arc<str> {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    }
    derive_id(&hash.finalize().into(), 0).as_str().into()
}

impl CheckedScore {
    /// The score's name, which is the trait's that it is told as.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The definition as it was written.
    pub fn score(&self) -> &Score {
        &self.score
    }

    /// The features.
    pub fn features(&self) -> &Features {
        &self.features
    }

    /// The rule that says of whom the score is asked.
    pub fn eligible(&self) -> &Segment {
        &self.eligible
    }

    /// What says to whom it happened, or how much came of it.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }

    /// A hash of the definition, and of every metric and segment that it names as they are written.
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What is odd about the features and rules without being wrong.
    pub fn warnings(&self) -> impl Iterator<Item = &Diagnostic> {
        let rules = self.eligible.warnings().iter().chain(self.outcome.warnings());
        self.features.warnings().chain(rules)
    }

    /// Finds columns that it can be read from.
    pub(crate) fn index(&mut self, layout: &mut Layout) {
        self.features.index(layout);
        self.eligible.index(layout);
        self.outcome.index(layout);
    }

    /// The part that reads the score, if one does.
    fn reads_itself(&self) -> Option<String> {
        let features = self.features.names().iter().zip(self.features.metrics());
        let feature = features.into_iter().find(|(_, metric)| metric.reads(&self.name));
        feature
            .map(|(name, _)| format!("feature `{name}`"))
            .or_else(|| self.eligible.reads(&self.name).then(|| "eligible".to_owned()))
            .or_else(|| self.outcome.reads(&self.name).then(|| "outcome".to_owned()))
    }

    /// Adds the score's name to the traits that rules checked from now on may read.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Definition`] if the name is taken by anything but a trait that is declared as a
    /// public number.
    pub fn define(&self, names: &mut Names) -> Result<()> {
        names.add_number(&self.name)
    }

    /// The features of a person, if the score is asked of them.
    pub fn row(&self, facts: &Facts<'_>) -> Option<Vec<Cell>> {
        let asked = facts.is_known() && self.eligible.is_member(facts);
        asked.then(|| self.features.row(facts))
    }

    /// A table without rows that this score's rows fit into.
    pub fn table(&self) -> Table {
        self.features.table()
    }

    /// The features of a person at a snapshot and the label of its horizon, if the score was asked
    /// of them then: 1 where it happened, 0 where it did not, or how much came of it.
    ///
    /// The features are what was known at the snapshot, the label is what was known at its
    /// horizon: nothing that happens or becomes known later changes either. An outcome that is
    /// unknown then did not happen; a metric that is NULL then makes no example.
    pub fn example(&self, timeline: &Timeline, snapshot: Timestamp) -> Option<(Vec<Cell>, f64)> {
        let row = self.row(&timeline.facts(snapshot))?;
        let horizon = snapshot.plus(self.score.horizon);
        Some((row, self.outcome.label(&timeline.facts(horizon))?))
    }

    /// The event that tells a person's score as a trait, at the instant of the facts.
    ///
    /// The score is an exact number of six decimals. The event's `context` names the model, the
    /// definition, the instant, and until when the score holds by the definition's
    /// [`Refresh`](super::Refresh); its `messageId` comes from score, model, person and instant, so
    /// telling twice counts once. Of somebody of whom the score is not asked there is nothing to
    /// tell, unless they still have one from before: that is then unset.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Model`] for a scorer of other features, or one whose score is no number of
    /// twelve digits before the point.
    pub fn tell(
        &self,
        person: &ProfileId,
        facts: &Facts<'_>,
        scorer: &dyn Scorer,
    ) -> Result<Option<Event>> {
        self.fits(scorer)?;
        let value = match self.row(facts) {
            Some(row) => Value::Number(self.exact(scorer.score(&row)?)?),
            None if facts.attribute(&self.name).is_none_or(Value::is_null) => return Ok(None),
            None => Value::Null,
        };
        let (now, model) = (facts.now(), scorer.version());
        let id = digest([&*self.name, model, person.as_str(), &*now.to_string()]);
        let provenance = Provenance {
            name: &self.name,
            model,
            definition: &self.digest,
            at: now,
            until: self.score.refresh.until(now),
        };
        let event = Event::identify(person.clone(), now).with(Arc::clone(&self.name), value);
        let context = BTreeMap::from([("score", provenance)]);
        Ok(Some(event.with_id(&*id).with_envelope("context", &context)))
    }

    fn exact(&self, score: f64) -> Result<Decimal> {
        format!("{score:.6}").parse().map_err(|_| {
            let detail = format!("score `{}`: the model says {score}", self.name);
            Error::new(ErrorKind::Model, detail)
        })
    }

    /// Refuses a scorer of other features.
    pub(crate) fn fits(&self, scorer: &dyn Scorer) -> Result<()> {
        if scorer.features() == self.features.names() {
            return Ok(());
        }
        let list = |names: &[Arc<str>]| names.join(", ");
        let (theirs, ours) = (list(scorer.features()), list(self.features.names()));
        let detail = format!("score `{}`: the model was learnt from other features", self.name);
        Err(Error::new(ErrorKind::Model, format!("{detail}: {theirs} instead of {ours}")))
    }
}

/// Where a score comes from.
#[derive(Serialize)]
struct Provenance<'a> {
    name: &'a str,
    model: &'a str,
    definition: &'a str,
    at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
}
