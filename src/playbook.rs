//! The playbook: all definitions of a host, as a folder of files that a team keeps in Git.
//!
//! A [`Playbook`] is read from a folder ([`Playbook::open`]) or made in code; either way it is the
//! same data, with the same [`version`](Playbook::version). It becomes an [`Engine`], and two of
//! them can be compared: what was changed ([`Playbook::compare`]), who would enter and leave now
//! ([`Comparison`]), and who would have been in, entered and left through a log ([`Backtest`]).
//!
//! ```
//! use bespoke::playbook::Playbook;
//! use bespoke::schema::Schema;
//! use bespoke::value::Kind;
//!
//! let schema = Schema::new().event("Order Completed", [("revenue", Kind::Number)]);
//! let playbook = Playbook::new("shop", schema)
//!     .metric("spend", r#"sum("Order Completed".revenue over 90 days)"#)
//!     .segment("vip", "spend > 500");
//! assert!(playbook.engine()?.segments().contains_key("vip"));
//!
//! let mut files = playbook.to_files();
//! assert_eq!(Playbook::from_files(&files)?, playbook);
//!
//! files.insert("segments.toml".into(), "vip = \"\"\"\nspnd > 500\"\"\"\n".into());
//! let error = Playbook::from_files(&files).unwrap_err().to_string();
//! assert!(error.contains("segments.toml, line 2, column 1"), "{error}");
//! assert!(error.contains("did you mean `spend`?"), "{error}");
//! # Ok::<(), bespoke::Error>(())
//! ```
//!
//! [The chapter on playbooks](crate::guide::playbook) describes the files.
//!
//! Every fault that can be found without knowing a customer is found when a playbook is read or
//! made into an engine, and all of them are told at once: each with its file, line and column, also
//! for what is wrong within a rule that stands in a text of TOML. A playbook made in code is
//! checked by way of the files that it would be written to, so its faults have places too.

mod atlas;
mod backtest;
mod build;
mod changes;
mod check;
mod comparison;
mod document;
mod folder;
mod graph;
mod literal;
mod part;
mod plan;
mod read;
#[cfg(feature = "mail")]
mod sender;

mod write;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

pub use backtest::Backtest;
pub use changes::{Change, Changes, What};
pub use comparison::{Comparison, Moved};
pub use part::Sort;
pub use plan::{
    BlockPlan, CapPlan, ContentPlan, MailingPlan, MetricPlan, QuietHoursPlan, SenderPlan,
    TemplatePlan, TopicPlan, VariantPlan, ZonePlan,
};

use crate::engine::Engine;
use crate::error::Result;
use crate::metric::{RfmAxis, RfmCuts, RfmMetric};
use crate::schema::Schema;
use crate::scorer::Score;

/// The form of playbook that this version reads and writes.
pub const FORMAT: i64 = 1;

/// All definitions of a host.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Playbook {
    name: Arc<str>,
    schema: Schema,
    metrics: BTreeMap<Arc<str>, MetricPlan>,
    segments: BTreeMap<Arc<str>, Arc<str>>,
    scores: BTreeMap<Arc<str>, Score>,
    purposes: BTreeMap<Arc<str>, Arc<str>>,
    topics: BTreeMap<Arc<str>, TopicPlan>,
    sender: Option<SenderPlan>,
    mailings: BTreeMap<Arc<str>, MailingPlan>,
    blocks: BTreeMap<Arc<str>, BlockPlan>,
    templates: BTreeMap<Arc<str>, TemplatePlan>,
    library: BTreeMap<Arc<str>, Arc<str>>,
}

impl Playbook {
    /// Reads a folder.
    ///
    /// Files and folders whose names begin with a dot are left alone, and so is `README.md`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Playbook`](crate::error::ErrorKind::Playbook) with every fault, its file, its
    /// place and advice.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        Self::from_files(&folder::read(folder.as_ref())?)
    }

    /// Reads files by their paths below the folder, with `/` between the parts of a path.
    ///
    /// # Errors
    ///
    /// As [`Playbook::open`].
    pub fn from_files(files: &BTreeMap<String, String>) -> Result<Self> {
        let (playbook, _) = build::build(files)?;
        Ok(playbook)
    }

    /// The files of the playbook in their canonical form, by their paths below the folder.
    pub fn to_files(&self) -> BTreeMap<String, String> {
        write::files(self)
    }

    /// What the definitions say, as the SHA-256 of their canonical form in hexadecimal digits.
    ///
    /// The order of keys, comments and line ends do not change it, and neither does the layout of a
    /// rule. Whatever may change an answer or a message does.
    pub fn version(&self) -> String {
        part::version(self)
    }

    /// Checks the playbook and makes an engine of it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Playbook`](crate::error::ErrorKind::Playbook) as [`Playbook::open`]; places are
    /// those in the [canonical files](Playbook::to_files).
    pub fn engine(&self) -> Result<Engine> {
        let (_, engine) = build::build(&self.to_files())?;
        Ok(engine)
    }

    /// What a newer playbook says differently.
    pub fn compare(&self, newer: &Self) -> Changes {
        changes::compare(self, newer)
    }

    /// A playbook of this name without definitions.
    pub fn new(name: impl Into<Arc<str>>, schema: Schema) -> Self {
        Self {
            name: name.into(),
            schema,
            metrics: BTreeMap::new(),
            segments: BTreeMap::new(),
            scores: BTreeMap::new(),
            purposes: BTreeMap::new(),
            topics: BTreeMap::new(),
            sender: None,
            mailings: BTreeMap::new(),
            blocks: BTreeMap::new(),
            templates: BTreeMap::new(),
            library: BTreeMap::new(),
        }
    }

    /// The same playbook with a metric: the text of one, or an
    /// [`Engagement`](crate::metric::Engagement). The order does not matter.
    #[must_use]
    pub fn metric(mut self, name: impl Into<Arc<str>>, metric: impl Into<MetricPlan>) -> Self {
        self.metrics.insert(name.into(), metric.into());
        self
    }

    /// The same playbook with the three metrics of classes by recency, frequency and money:
    /// `vip_recency` and so on where they are called `vip`.
    #[must_use]
    pub fn rfm(mut self, name: &str, cuts: RfmCuts) -> Self {
        let cuts = Arc::new(cuts);
        for axis in RfmAxis::ALL {
            let metric = RfmMetric { cuts: Arc::clone(&cuts), axis };
            self.metrics.insert(axis.within(name).into(), MetricPlan::Rfm(metric));
        }
        self
    }

    /// The same playbook with a segment. The order does not matter.
    #[must_use]
    pub fn segment(mut self, name: impl Into<Arc<str>>, rule: &str) -> Self {
        self.segments.insert(name.into(), plan::rule(rule));
        self
    }

    /// The same playbook with a score; its features go by name.
    #[must_use]
    pub fn score(mut self, name: impl Into<Arc<str>>, score: Score) -> Self {
        self.scores.insert(name.into(), plan::score(score));
        self
    }

    /// The same playbook with a purpose and its description.
    #[must_use]
    pub fn purpose(mut self, name: impl Into<Arc<str>>, description: &str) -> Self {
        self.purposes.insert(name.into(), description.into());
        self
    }

    /// The same playbook with a topic.
    #[must_use]
    pub fn topic(mut self, name: impl Into<Arc<str>>, topic: TopicPlan) -> Self {
        self.topics.insert(name.into(), topic);
        self
    }

    /// The same playbook with a sender.
    #[must_use]
    pub fn sender(mut self, sender: SenderPlan) -> Self {
        self.sender = Some(sender);
        self
    }

    /// The same playbook with a mailing.
    #[must_use]
    pub fn mailing(mut self, name: impl Into<Arc<str>>, mailing: MailingPlan) -> Self {
        self.mailings.insert(name.into(), mailing);
        self
    }

    /// The same playbook with a block.
    #[must_use]
    pub fn block(mut self, name: impl Into<Arc<str>>, block: BlockPlan) -> Self {
        self.blocks.insert(name.into(), block);
        self
    }

    /// The same playbook with a template.
    #[must_use]
    pub fn template(mut self, name: impl Into<Arc<str>>, template: TemplatePlan) -> Self {
        self.templates.insert(name.into(), template);
        self
    }

    /// The same playbook with the files of a [library of templates](crate::guide::library), by
    /// their paths below its folder.
    #[must_use]
    pub fn library(mut self, files: &BTreeMap<String, String>) -> Self {
        self.library = plan::library(files);
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The vocabulary, without the scores.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The metrics by name.
    pub fn metrics(&self) -> &BTreeMap<Arc<str>, MetricPlan> {
        &self.metrics
    }

    /// The rules of the segments by name.
    pub fn segments(&self) -> &BTreeMap<Arc<str>, Arc<str>> {
        &self.segments
    }

    /// The scores by name.
    pub fn scores(&self) -> &BTreeMap<Arc<str>, Score> {
        &self.scores
    }

    /// The descriptions of the purposes by name.
    pub fn purposes(&self) -> &BTreeMap<Arc<str>, Arc<str>> {
        &self.purposes
    }

    /// The topics by name.
    pub fn topics(&self) -> &BTreeMap<Arc<str>, TopicPlan> {
        &self.topics
    }

    /// Who sends, if the playbook says so.
    pub fn sent_by(&self) -> Option<&SenderPlan> {
        self.sender.as_ref()
    }

    /// The mailings by name.
    pub fn mailings(&self) -> &BTreeMap<Arc<str>, MailingPlan> {
        &self.mailings
    }

    /// The blocks by name.
    pub fn blocks(&self) -> &BTreeMap<Arc<str>, BlockPlan> {
        &self.blocks
    }

    /// The templates by name, without those of the library.
    pub fn templates(&self) -> &BTreeMap<Arc<str>, TemplatePlan> {
        &self.templates
    }

    /// The files of its library of templates, by their paths below the folder `library`.
    pub fn library_files(&self) -> &BTreeMap<Arc<str>, Arc<str>> {
        &self.library
    }
}
