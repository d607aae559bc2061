//! Models that are kept: each with a card that says what it was learnt from and how good it is.
//!
//! A [`Registry`] keeps models in a [`Store`], side by side with what they are about. Every model
//! stays readable under its version; one of them serves. Which one serves is a document of its own,
//! written only if nobody else has written it since it was read, and going back to the one before is
//! as easy as going on.
//!
//! ```
//! use bespoke::model::{Card, Registry};
//! use bespoke::scorer::{Model, Scorer};
//! use bespoke::store::MemoryStore;
//! use bespoke::table::cells;
//!
//! # pollster::block_on(async {
//! let store = MemoryStore::new();
//! let registry = Registry::new(&store);
//! let model = Model::from_json(
//!     r#"{"format": "bespoke/model", "version": 1, "model": {
//!         "positive": "churned", "link": "logistic", "features": ["recency"],
//!         "encoder": [{"scaled": {"range": {"low": 0.0, "high": 300.0}, "log": false, "fill": 40.0,
//!             "value": {"mean": 50.0, "deviation": 25.0}, "missing": null}}],
//!         "core": {"linear": {"intercept": -1.0, "weights": [2.0]}}}}"#,
//! )?;
//! let now = "2026-03-01T09:00:00Z".parse()?;
//! let card = Card::new("churn", &model, now).note("by hand, for a start");
//! registry.register(&card, &model).await?;
//! registry.serve("churn", model.version(), now).await?;
//!
//! let (served, card) = registry.served("churn").await?.unwrap();
//! assert_eq!(served.score(&cells([62.5]))?, model.score(&cells([62.5]))?);
//! assert_eq!(&*card.notes[0], "by hand, for a start");
//! # Ok::<(), bespoke::Error>(())
//! # }).unwrap();
//! ```

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, ErrorKind, Result};
use crate::scorer::{CheckedScore, Evaluation, Model, Scorer};
use crate::seed::Seed;
use crate::store::{Batch, Store};
use crate::time::{Duration, Timestamp};

/// What a model is: what it predicts, from what, learnt from which data, and how good it is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Card {
    /// The score that it is a model of.
    pub score: Arc<str>,
    /// The model's [`version`](Scorer::version).
    pub version: Arc<str>,
    /// When it was learnt: all that it was learnt from was known then.
    pub learnt: Timestamp,
    /// What the score is the probability of; `None` where it is how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub positive: Option<Arc<str>>,
    /// The features by name, each with its metric where the score's definition is known.
    pub features: Vec<(Arc<str>, Option<String>)>,
    /// How much each feature matters, as shares of 1, in the same order.
    pub importance: Vec<f64>,
    /// The score's definition, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<Definition>,
    /// How it was fitted: the trainer and its parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trainer: Option<String>,
    /// The seed that it was fitted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// How good it is, with the data that it was learnt from and judged by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evaluation: Option<Evaluation>,
    /// What else is to be known of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Arc<str>>,
    /// The version of the library that wrote the card.
    pub library: Arc<str>,
}

/// What a score is, as far as a card tells it.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Definition {
    /// The definition's [`digest`](CheckedScore::digest).
    pub digest: Arc<str>,
    /// Of whom it is asked.
    pub eligible: Arc<str>,
    /// What it predicts.
    pub outcome: Arc<str>,
    /// Within how long.
    pub horizon: Duration,
}

impl Card {
    /// The card of a model that was learnt at `now`.
    pub fn new(score: impl Into<Arc<str>>, model: &Model, now: Timestamp) -> Self {
        let (features, importance) =
            model.importance().into_iter().map(|(name, share)| ((name, None), share)).unzip();
        Self {
            score: score.into(),
            version: model.version().into(),
            learnt: now,
            positive: model.positive().map(Into::into),
            features,
            importance,
            definition: None,
            trainer: None,
            seed: None,
            evaluation: None,
            notes: Vec::new(),
            library: env!("CARGO_PKG_VERSION").into(),
        }
    }

    /// The same card with the score's definition.
    #[must_use]
    pub fn of(mut self, score: &CheckedScore) -> Self {
        let definition = score.score();
        for (name, metric) in &mut self.features {
            let found = definition.features.iter().find(|(feature, _)| feature == name);
            *metric = found.map(|(_, text)| text.clone());
        }
        self.definition = Some(Definition {
            digest: score.digest().into(),
            eligible: (&*definition.eligible).into(),
            outcome: (&*definition.outcome).into(),
            horizon: definition.horizon,
        });
        self
    }

    /// The same card with how good the model is, and from and by what that is known.
    #[must_use]
    pub fn judged(self, evaluation: &Evaluation) -> Self {
        Self { evaluation: Some(evaluation.clone()), ..self }
    }

    /// The same card with how the model was fitted.
    #[must_use]
    pub fn trained(self, trainer: &impl std::fmt::Debug, seed: Seed) -> Self {
        Self { trainer: Some(format!("{trainer:?}")), seed: Some(seed.number()), ..self }
    }

    /// The same card with one more note.
    #[must_use]
    pub fn note(mut self, note: impl Into<Arc<str>>) -> Self {
        self.notes.push(note.into());
        self
    }
}

/// Which model of a score serves, and which did.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct History {
    /// The versions that are kept, in the order in which they were registered.
    pub versions: Vec<Arc<str>>,
    /// Which version serves since when; the last serves now.
    pub serving: Vec<(Timestamp, Arc<str>)>,
}

impl History {
    /// The version that serves.
    pub fn served(&self) -> Option<&Arc<str>> {
        self.serving.last().map(|(_, version)| version)
    }

    /// The version that served before.
    pub fn before(&self) -> Option<&Arc<str>> {
        self.serving.iter().rev().nth(1).map(|(_, version)| version)
    }
}

/// Models in a store.
#[derive(Clone, Copy, Debug)]
pub struct Registry<'a> {
    store: &'a dyn Store,
}

/// What is kept of a model.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    card: Card,
    model: String,
}

impl<'a> Registry<'a> {
    /// The models of a store.
    pub const fn new(store: &'a dyn Store) -> Self {
        Self { store }
    }

    /// Keeps a model under its version. One that is kept already stays as it is; none serves by
    /// being kept.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for the card of another model; [`ErrorKind::Conflict`] if somebody else
    /// registered a model of the score meanwhile; else what the store says.
    pub async fn register(&self, card: &Card, model: &Model) -> Result<()> {
        if *card.version != *model.version() {
            let detail = format!("the card is of the model {}", card.version);
            return Err(Error::new(
                ErrorKind::Input,
                format!("{detail}, not of {}", model.version()),
            ));
        }
        let (mut history, read) = self.read(&card.score).await?;
        if history.versions.contains(&card.version) {
            return Ok(());
        }
        history.versions.push(Arc::clone(&card.version));
        let kept = write(&Kept { card: card.clone(), model: model.to_json() });
        let batch = Batch::new()
            .expect_document(history_name(&card.score), read)
            .document(history_name(&card.score), write(&history))
            .document(name(&card.score, &card.version), kept);
        self.store.commit(batch).await
    }

    /// Lets a version serve from `now` on; one that serves already goes on.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Input`] for a version that is not kept; [`ErrorKind::Conflict`] if somebody else
    /// changed which serves meanwhile; else what the store says.
    pub async fn serve(&self, score: &str, version: &str, now: Timestamp) -> Result<()> {
        let (mut history, read) = self.read(score).await?;
        let Some(version) = history.versions.iter().find(|kept| ***kept == *version) else {
            let detail = format!("score `{score}`: there is no model {version}");
            return Err(Error::new(ErrorKind::Input, detail));
        };
        if history.served() == Some(version) {
            return Ok(());
        }
        history.serving.push((now, Arc::clone(version)));
        let batch = Batch::new()
            .expect_document(history_name(score), read)
            .document(history_name(score), write(&history));
        self.store.commit(batch).await
    }

    /// Lets the version serve that served before, which is told; `None` if none did.
    ///
    /// # Errors
    ///
    /// As [`Registry::serve`].
    pub async fn roll_back(&self, score: &str, now: Timestamp) -> Result<Option<Arc<str>>> {
        let Some(before) = self.history(score).await?.before().cloned() else { return Ok(None) };
        self.serve(score, &before, now).await?;
        Ok(Some(before))
    }

    /// Which models of a score are kept, and which serve.
    ///
    /// # Errors
    ///
    /// What the store says; [`ErrorKind::Format`] for what is no history.
    pub async fn history(&self, score: &str) -> Result<History> {
        Ok(self.read(score).await?.0)
    }

    /// The model that serves, with its card.
    ///
    /// # Errors
    ///
    /// As [`Registry::model`].
    pub async fn served(&self, score: &str) -> Result<Option<(Model, Card)>> {
        match self.history(score).await?.served() {
            Some(version) => self.model(score, version).await,
            None => Ok(None),
        }
    }

    /// A model by its version, with its card.
    ///
    /// # Errors
    ///
    /// What the store says; [`ErrorKind::Format`] and [`ErrorKind::Model`] for what is no model, and
    /// [`ErrorKind::Format`] for one that is not what it was when it was kept.
    pub async fn model(&self, score: &str, version: &str) -> Result<Option<(Model, Card)>> {
        let name = name(score, version);
        let Some(text) = self.store.document(&name).await? else { return Ok(None) };
        let kept: Kept = read(&name, &text)?;
        let model = Model::from_json(&kept.model).map_err(|error| error.within(name.clone()))?;
        if *model.version() != *version {
            let detail = format!("{name}: the model is another than was kept: {}", model.version());
            return Err(Error::new(ErrorKind::Format, detail));
        }
        Ok(Some((model, kept.card)))
    }

    async fn read(&self, score: &str) -> Result<(History, Option<String>)> {
        let name = history_name(score);
        match self.store.document(&name).await? {
            None => Ok((History::default(), None)),
            Some(text) => Ok((read(&name, &text)?, Some(text))),
        }
    }
}

fn history_name(score: &str) -> String {
    format!("models/{score}")
}

fn name(score: &str, version: &str) -> String {
    format!("models/{score}/{version}")
}

/// Numbers that are finite, texts and lists: nothing that JSON cannot say.
fn write(it: &impl Serialize) -> String {
    serde_json::to_string(it).unwrap_or_default()
}

fn read<'a, T: Deserialize<'a>>(name: &str, text: &'a str) -> Result<T> {
    serde_json::from_str(text)
        .map_err(|error| Error::new(ErrorKind::Format, format!("document `{name}`: {error}")))
}
