//! The definition of a score, checked, and what it says of a person.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{Score, Scorer};
use crate::error::{Diagnostic, Error, ErrorKind, Result};
use crate::event::{Event, derive_id};
use crate::expr::Names;
use crate::facts::{Facts, Layout, Timeline};
use crate::feature::Features;
use crate::id::ProfileId;
use crate::segment::{Rule, Segment};
use crate::time::{Duration, Timestamp};
use crate::value::{Decimal, Value};

/// A score that passed its check.
#[derive(Clone, Debug)]
pub struct CheckedScore {
    name: Arc<str>,
    score: Arc<Score>,
    features: Features,
    eligible: Segment,
    outcome: Segment,
    digest: Arc<str>,
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
            outcome: rule("outcome", &self.outcome)?,
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

    /// The rule that says to whom it happened.
    pub fn outcome(&self) -> &Segment {
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
    pub fn row(&self, facts: &Facts<'_>) -> Option<Vec<f64>> {
        let asked = facts.is_known() && self.eligible.is_member(facts);
        asked.then(|| self.features.row(facts))
    }

    /// The features of a person at a snapshot, and whether it happened to them by the horizon, if
    /// the score was asked of them then.
    ///
    /// The features are what was known at the snapshot, the label is what was known at its
    /// horizon: nothing that happens or becomes known later changes either. An outcome that is
    /// unknown then did not happen.
    pub fn example(&self, timeline: &Timeline, snapshot: Timestamp) -> Option<(Vec<f64>, bool)> {
        let row = self.row(&timeline.facts(snapshot))?;
        let horizon = snapshot.plus(self.score.horizon);
        Some((row, self.outcome.is_member(&timeline.facts(horizon))))
    }

    /// The event that tells a person's score as a trait, at the instant of the facts.
    ///
    /// The score is an exact number of six decimals. The event's `context` names the model, the
    /// definition and the instant; its `messageId` comes from score, model, person and instant, so
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
        let provenance = Provenance { name: &self.name, model, definition: &self.digest, at: now };
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
}
