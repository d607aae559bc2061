//! A campaign's report: its figures as data, and one page of HTML that shows them.
//!
//! [`Report`] holds plain, ordered data that serializes; nothing in it is read from a clock or a
//! store. [`Report::html`] makes one self-contained page of it: no script, no font, style sheet or
//! image from elsewhere, charts as inline SVG with their figures in tables beside them, readable
//! from 360 pixels up, in the light and in the dark, on paper and by screen readers. Equal data
//! give equal bytes.
//!
//! Mail is previewed in frames without any right: no script, no form, and nothing loaded from
//! elsewhere, so that looking at a report is seen by nobody.
//!
//! A [`Collector`] fills it, person by person and decision by decision, in memory that does not grow
//! with the base. What was learnt and judged comes as a [`Score`], made of the score's
//! [`Evaluation`](crate::scorer::Evaluation). All of it depends on facts, definitions and decisions
//! alone, so a campaign that was stopped and resumed has the report of one that was not.
//!
//! ```
//! use bespoke::report::{Count, Head, Report};
//!
//! let mut report = Report::default();
//! report.head.mailing = "spring".into();
//! report.head.known = 1_234_567;
//! report.events = vec![Count::new("Order Completed", 4_321)];
//! let page = report.html()?;
//! assert!(page.contains("1,234,567"));
//! assert_eq!(page, report.html()?);
//! # Ok::<(), bespoke::Error>(())
//! ```
//!
//! The charts are drawn here, in a few hundred lines. Crates were looked at: plotters and charts-rs
//! write fixed colours, so that a page would hold every chart twice to be readable in the dark;
//! poloto takes colours from the page's style, but has neither bars with names nor tables; kuva
//! does, in nearly a hundred thousand lines. And all of them scale texts with the drawing, which
//! leaves letters of four pixels on a telephone. Here a drawing stretches, and its texts are HTML
//! beside it, in the page's colours and sizes.

mod chart;
mod collect;
mod distribution;
mod ending;
mod figures;
mod html;
mod letters;
mod measured;
mod score;
mod text;

use serde::{Deserialize, Serialize};

pub use collect::Collector;
pub use distribution::{Bin, Distribution, Scale};
pub use ending::Ending;
pub use figures::{LifecycleCounter, SegmentCounter};
pub use score::{Feature, Score};

use crate::source::Tally;
use crate::time::Timestamp;

/// Everything that a campaign has to tell. What is left empty is said to be missing or left out.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Report {
    /// What was run, when, on what, and what it came to.
    pub head: Head,
    /// What became of the rows that were read; `None` where no file was.
    pub quality: Option<Quality>,
    /// The events by name.
    pub events: Vec<Count>,
    /// Who is in which segment.
    pub segments: Segments,
    /// How the base was composed, week by week.
    pub lifecycle: Lifecycle,
    /// Distributions of figures over customers: spend, recency.
    pub distributions: Vec<Distribution>,
    /// How good the scores are.
    pub scores: Vec<Score>,
    /// What came of the customers.
    pub outcomes: Vec<OutcomeCount>,
    /// Which variants were chosen.
    pub choices: Vec<Choices>,
    /// Mail as it was rendered; six make a good overview.
    pub previews: Vec<Preview>,
    /// What the metrics are.
    pub metrics: Vec<Definition>,
    /// What the blocks are.
    pub blocks: Vec<BlockDefinition>,
}

/// What was run, when, on what, and what it came to.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Head {
    /// The playbook's name.
    pub playbook: String,
    /// Which version of it: a hash of what it says.
    pub version: String,
    /// Which mailing.
    pub mailing: String,
    /// As of which instant.
    pub at: Option<Timestamp>,
    /// Where the facts came from.
    pub source: String,
    /// How many customers are known at that instant.
    pub known: u64,
    /// For how many a message was claimed that a channel has neither put off nor refused.
    pub claimed: u64,
    /// How many messages a channel has accepted, where they were handed over.
    pub accepted: Option<u64>,
    /// How many customers were put off.
    pub deferred: u64,
    /// How many are not written to.
    pub skipped: u64,
    /// For how many something went wrong.
    pub failed: u64,
    /// What a reader has to know of the figures, a sentence each: that consent was assumed, say.
    pub notes: Vec<String>,
}

/// What became of the rows that were read.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Quality {
    /// How many were read.
    pub read: u64,
    /// How many stand.
    pub accepted: u64,
    /// How many told again what another told.
    pub merged: u64,
    /// How many were refused, by reason.
    pub rejected: Vec<Count>,
    /// How many numbers lost digits after the sixth decimal.
    pub rounded: u64,
}

impl Quality {
    /// What a tally says; the reasons with most rows come first.
    pub fn of(tally: &Tally) -> Self {
        let rejected = tally.rejected.iter();
        let mut rejected: Vec<Count> =
            rejected.map(|(reason, count)| Count::new(reason.as_ref(), number(*count))).collect();
        rejected.sort_by_key(|reason| std::cmp::Reverse(reason.count));
        Self {
            read: number(tally.read),
            accepted: number(tally.accepted),
            merged: number(tally.merged),
            rejected,
            rounded: number(tally.rounded),
        }
    }
}

fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// How many there are of something.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Count {
    /// Of what.
    pub name: String,
    /// How many.
    pub count: u64,
}

impl Count {
    /// So many of something.
    pub fn new(name: impl Into<String>, count: u64) -> Self {
        Self { name: name.into(), count }
    }
}

/// Who is in which segment.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Segments {
    /// How many customers were asked about.
    pub known: u64,
    /// The segments, in the order of the report.
    pub each: Vec<SegmentSize>,
    /// How many customers are in both of two segments, by their places in `each`: a square, whose
    /// diagonal holds the sizes. Empty where overlaps were not counted.
    pub both: Vec<Vec<u64>>,
}

/// A segment and how many are in it.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SegmentSize {
    /// The segment and its rule.
    pub definition: Definition,
    /// How many customers are in it.
    pub members: u64,
}

impl SegmentSize {
    /// So many in a segment.
    pub fn new(definition: Definition, members: u64) -> Self {
        Self { definition, members }
    }
}

/// What a metric, a segment or a variant is.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Its rule or metric, as it was written.
    pub text: String,
    /// The same in English, as [`Expr::words`](crate::expr::Expr::words).
    pub words: String,
}

impl Definition {
    /// A name for a rule or metric, as text and in words.
    pub fn new(name: impl Into<String>, text: impl Into<String>, words: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), words: words.into() }
    }
}

/// What a block is: its variants in the order in which they are asked.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BlockDefinition {
    /// The block's name.
    pub name: String,
    /// Its variants and when each is chosen; the fallback has neither text nor words.
    pub variants: Vec<Definition>,
}

impl BlockDefinition {
    /// A block of these variants.
    pub fn new(name: impl Into<String>, variants: Vec<Definition>) -> Self {
        Self { name: name.into(), variants }
    }
}

/// How the base was composed, week by week.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Lifecycle {
    /// The states, from the best to the worst; up to six have colours of their own.
    pub states: Vec<String>,
    /// The weeks, the earliest first.
    pub weeks: Vec<Week>,
}

/// How many customers were in each state at an instant.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Week {
    /// The instant asked about.
    pub at: Timestamp,
    /// How many, in the order of the states.
    pub counts: Vec<u64>,
}

impl Week {
    /// So many in each state at an instant.
    pub fn new(at: Timestamp, counts: Vec<u64>) -> Self {
        Self { at, counts }
    }
}

/// What came of so many customers, and why.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct OutcomeCount {
    /// `sent`, `claimed`, `sending`, `unknown`, `deferred`, `skipped` or `failed`.
    pub outcome: String,
    /// Why, where it was not sent.
    pub reason: Option<String>,
    /// Of how many.
    pub count: u64,
}

impl OutcomeCount {
    /// What came of so many, and why.
    pub fn new(outcome: impl Into<String>, reason: Option<&str>, count: u64) -> Self {
        Self { outcome: outcome.into(), reason: reason.map(Into::into), count }
    }
}

/// How often each variant of a block was chosen.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Choices {
    /// The block.
    pub block: String,
    /// Its variants, in the order in which they are asked.
    pub variants: Vec<Count>,
}

impl Choices {
    /// How often each variant of a block was chosen.
    pub fn new(block: impl Into<String>, variants: Vec<Count>) -> Self {
        Self { block: block.into(), variants }
    }
}

/// A mail as it was rendered for one customer.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Preview {
    /// For whom: an opaque identifier.
    pub profile: String,
    /// To how many mail of these variants was sent, this one among them.
    pub recipients: u64,
    /// The subject.
    pub subject: String,
    /// The HTML part.
    pub html: String,
    /// Which variant each block chose and the rule that was true; that of a fallback has neither
    /// text nor words.
    pub chosen: Vec<Chosen>,
}

/// Which variant a block chose for somebody, and why.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Chosen {
    /// The block.
    pub block: String,
    /// The variant and the rule that was true.
    pub variant: Definition,
}

impl Chosen {
    /// The variant that a block chose.
    pub fn new(block: impl Into<String>, variant: Definition) -> Self {
        Self { block: block.into(), variant }
    }
}
