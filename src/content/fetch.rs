//! What is fetched at send time.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use super::ContentSource;
use crate::error::{Error, Result};
use crate::expr::Names;
use crate::facts::Facts;
use crate::metric::{Measure, Metric};
use crate::time::{Timestamp, earlier};
use crate::value::{Fields, Value};

/// What a block needs for one person before it can be rendered.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Need {
    /// The block.
    pub block: Arc<str>,
    /// What is asked, by the name that templates read it under: `offers` for `fetched.offers`.
    pub source: Arc<str>,
    /// What it is asked with, such as a category or a region; what is unknown of the person is left
    /// out.
    pub arguments: Fields,
}

/// What came of a need.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Fetched {
    /// What templates read below `fetched` and the source's name.
    Content(Fields),
    /// Nothing, and why: a deadline, a source that has nothing to say. The block falls back.
    NotCome {
        /// A few words, which the choice's reason repeats.
        reason: Arc<str>,
    },
}

/// What the variants of a block need, as it is defined.
#[derive(Clone, Debug)]
pub(super) struct Fetch {
    pub(super) source: Arc<str>,
    pub(super) arguments: Vec<(Arc<str>, Arc<str>)>,
}

/// The same, checked.
#[derive(Clone, Debug)]
pub(super) struct Fetching {
    pub(super) source: Arc<str>,
    arguments: Vec<(Arc<str>, Metric)>,
}

/// Content that is held in memory, by the source's name and the arguments: for tests, and for what a
/// host has loaded beforehand.
#[derive(Clone, Default)]
pub struct MemoryContent(BTreeMap<Arc<str>, Vec<(Fields, Fields)>>);

impl Need {
    /// A need of a block.
    pub fn new(block: impl Into<Arc<str>>, source: impl Into<Arc<str>>, arguments: Fields) -> Self {
        Self { block: block.into(), source: source.into(), arguments }
    }
}

impl Fetched {
    /// What did not come, and why.
    pub fn not_come(reason: impl Into<Arc<str>>) -> Self {
        Self::NotCome { reason: reason.into() }
    }
}

impl Fetch {
    pub(super) fn check(&self, names: &Names) -> Result<Fetching> {
        let check = |(name, figure): &(Arc<str>, Arc<str>)| {
            let within = |error: Error| error.within(format!("argument `{name}`"));
            Ok((Arc::clone(name), Metric::parse(figure, names).map_err(within)?))
        };
        let arguments = self.arguments.iter().map(check).collect::<Result<_>>()?;
        Ok(Fetching { source: Arc::clone(&self.source), arguments })
    }
}

impl Fetching {
    /// What it asks with for the person, and until when.
    pub(super) fn arguments(&self, facts: &Facts<'_>) -> (Fields, Option<Timestamp>) {
        let mut until = None;
        let arguments = self.arguments.iter().filter_map(|(name, figure)| {
            let measured = figure.evaluate(facts);
            until = earlier(until, measured.until);
            Some((Arc::clone(name), value(&measured.value)?))
        });
        (arguments.collect(), until)
    }
}

/// A figure as a value; `None` for NULL.
fn value(measure: &Measure) -> Option<Value> {
    Some(match measure {
        Measure::Boolean(value) => Value::Boolean(*value),
        Measure::Instant(at) => Value::Instant(*at),
        Measure::Null => return None,
        Measure::Number(number) => match number.round() {
            Some(decimal) => Value::Number(decimal),
            None => Value::from(number.to_string()),
        },
        Measure::Text(text) => Value::Text(Arc::clone(text)),
        Measure::Duration(duration) => Value::from(duration.to_string()),
    })
}

impl MemoryContent {
    /// A source that has nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same source, which answers this to whoever asks with exactly these arguments.
    #[must_use]
    pub fn with(mut self, source: impl Into<Arc<str>>, arguments: Fields, content: Fields) -> Self {
        let answers = self.0.entry(source.into()).or_default();
        answers.retain(|(other, _)| *other != arguments);
        answers.push((arguments, content));
        self
    }
}

#[async_trait]
impl ContentSource for MemoryContent {
    async fn fetch(&self, need: &Need) -> Result<Fetched> {
        let answers = self.0.get(&need.source).into_iter().flatten();
        let mut found = answers.filter(|(arguments, _)| *arguments == need.arguments);
        Ok(match found.next() {
            Some((_, content)) => Fetched::Content(content.clone()),
            None => Fetched::not_come("nothing is held for this"),
        })
    }
}

impl fmt::Debug for MemoryContent {
    /// Shows how many answers there are: what they say may be for few.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, answers)| (name, answers.len()))).finish()
    }
}
