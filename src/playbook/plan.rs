//! The definitions as plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::content::Block;
use crate::folder::{is_beside, plain};
use crate::metric::{Engagement, RfmMetric};
use crate::privacy::SubscriptionState;
use crate::scorer::Score;
use crate::time::Duration;

/// A metric as it is defined.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum MetricPlan {
    /// By the weights of events.
    Engagement(Engagement),
    /// By one of the cut points of recency, frequency or money.
    Rfm(RfmMetric),
    /// By an expression.
    Text(Arc<str>),
}

/// A topic: what somebody may subscribe to within a purpose.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TopicPlan {
    /// The purpose that it belongs to.
    pub purpose: Arc<str>,
    /// What it is about, for people.
    pub description: Arc<str>,
    /// What holds of somebody who never chose.
    pub default: SubscriptionState,
}

/// Who sends. With the feature `mail`, `SenderPlan::sender` makes the settings of the mailer of it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct SenderPlan {
    /// The address that messages come from.
    pub from: Arc<str>,
    /// The address that answers go to, if it is another.
    pub reply_to: Option<Arc<str>>,
    /// What precedes the token in unsubscribe links.
    pub unsubscribe_url: Arc<str>,
    /// The sender's postal address.
    pub postal_address: Arc<str>,
    /// The list that marketing mail belongs to.
    pub list_id: Option<Arc<str>>,
    /// The name by which Gmail adds up complaints.
    pub feedback_id: Option<Arc<str>>,
}

/// A mailing: which template, to whom, why, how often and when.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct MailingPlan {
    /// The template's name.
    pub template: Arc<str>,
    /// The purpose that needs consent.
    pub purpose: Arc<str>,
    /// The topic, if somebody may unsubscribe from it alone. What holds of those who never chose is
    /// in [`Playbook::topics`](super::Playbook::topics).
    pub topic: Option<Arc<str>>,
    /// The rule that is true of those it is for; without it, everybody.
    pub audience: Option<Arc<str>>,
    /// How many messages somebody gets at most.
    pub caps: BTreeSet<CapPlan>,
    /// When nobody is written to.
    pub quiet_hours: Option<QuietHoursPlan>,
    /// Where somebody's clock is read.
    pub zone: Option<ZonePlan>,
    /// The names of what the host gives with each message.
    pub given: BTreeSet<Arc<str>>,
}

/// At most so many messages in a sliding stretch of time.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub struct CapPlan {
    /// How many, at least 1.
    pub messages: u32,
    /// In how long.
    pub window: Duration,
}

/// Hours without messages, from and to as in `21:00`; they may pass midnight.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct QuietHoursPlan {
    /// When they begin.
    pub from: Arc<str>,
    /// When they end.
    pub to: Arc<str>,
}

/// Where somebody's clock is read.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ZonePlan {
    /// The trait that holds the name of their time zone.
    pub attribute: Option<Arc<str>>,
    /// The time zone of those of whom none is known, as the IANA names it.
    pub default: Arc<str>,
}

/// A block: variants in the order in which they are asked, and what is said otherwise.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct BlockPlan {
    /// The variants.
    pub variants: Vec<VariantPlan>,
    /// What is said where no variant is chosen.
    pub fallback: ContentPlan,
}

/// A variant of a block.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct VariantPlan {
    /// Its name.
    pub name: Arc<str>,
    /// The rule that is true of those who see it.
    pub rule: Arc<str>,
    /// What it says.
    pub content: ContentPlan,
}

/// What a variant says.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum ContentPlan {
    /// One source for each part of the message.
    Both {
        /// For the HTML part.
        html: Arc<str>,
        /// For the text part.
        text: Arc<str>,
    },
    /// One source without markup, for both parts.
    One(Arc<str>),
}

/// A whole message.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct TemplatePlan {
    /// The subject.
    pub subject: Arc<str>,
    /// The HTML part.
    pub html: Arc<str>,
    /// The text part.
    pub text: Arc<str>,
}

impl From<&str> for MetricPlan {
    fn from(text: &str) -> Self {
        Self::Text(rule(text))
    }
}

impl From<Engagement> for MetricPlan {
    fn from(score: Engagement) -> Self {
        Self::Engagement(score)
    }
}

impl TopicPlan {
    /// A topic that somebody who never chose is subscribed to.
    pub fn new(purpose: impl Into<Arc<str>>, description: &str) -> Self {
        let default = SubscriptionState::Subscribed;
        Self { purpose: purpose.into(), description: description.into(), default }
    }

    /// The same topic, which is to be asked for.
    #[must_use]
    pub fn unsubscribed(self) -> Self {
        Self { default: SubscriptionState::Unsubscribed, ..self }
    }
}

impl SenderPlan {
    /// A sender without a separate address for answers.
    pub fn new(from: &str, unsubscribe_url: &str, postal_address: &str) -> Self {
        Self {
            from: from.into(),
            reply_to: None,
            unsubscribe_url: unsubscribe_url.into(),
            postal_address: postal_address.into(),
            list_id: None,
            feedback_id: None,
        }
    }

    /// The same sender with an address for answers.
    #[must_use]
    pub fn reply_to(self, address: &str) -> Self {
        Self { reply_to: Some(address.into()), ..self }
    }

    /// The same sender with the list that marketing mail belongs to: `News <news.shop.example>`.
    #[must_use]
    pub fn list_id(self, list: &str) -> Self {
        Self { list_id: Some(list.into()), ..self }
    }

    /// The same sender with the name by which Gmail adds up complaints: 5 to 15 letters, digits, `-`
    /// and `_`.
    #[must_use]
    pub fn feedback_id(self, name: &str) -> Self {
        Self { feedback_id: Some(name.into()), ..self }
    }

    /// What need not be said, with its names.
    pub(super) fn optional(&self) -> impl Iterator<Item = (&'static str, &Arc<str>)> {
        let fields = [
            ("reply_to", &self.reply_to),
            ("list_id", &self.list_id),
            ("feedback_id", &self.feedback_id),
        ];
        fields.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?)))
    }
}

impl MailingPlan {
    /// A mailing to everybody who consented to the purpose.
    pub fn new(template: impl Into<Arc<str>>, purpose: impl Into<Arc<str>>) -> Self {
        Self {
            template: template.into(),
            purpose: purpose.into(),
            topic: None,
            audience: None,
            caps: BTreeSet::new(),
            quiet_hours: None,
            zone: None,
            given: BTreeSet::new(),
        }
    }

    /// The same mailing about a topic.
    #[must_use]
    pub fn topic(self, topic: impl Into<Arc<str>>) -> Self {
        Self { topic: Some(topic.into()), ..self }
    }

    /// The same mailing to those of whom a rule is true.
    #[must_use]
    pub fn audience(self, text: &str) -> Self {
        Self { audience: Some(rule(text)), ..self }
    }

    /// The same mailing, after which nobody has had more than so many messages in a stretch of
    /// time.
    #[must_use]
    pub fn cap(mut self, messages: u32, window: Duration) -> Self {
        self.caps.insert(CapPlan { messages, window });
        self
    }

    /// The same mailing with hours without messages, as in `21:00` and `08:00`.
    #[must_use]
    pub fn quiet_hours(self, from: &str, to: &str) -> Self {
        Self { quiet_hours: Some(QuietHoursPlan { from: from.into(), to: to.into() }), ..self }
    }

    /// The same mailing by the clock of each person's time zone: the one that a trait names, else
    /// this.
    #[must_use]
    pub fn zone(self, attribute: Option<&str>, default: &str) -> Self {
        let zone = ZonePlan { attribute: attribute.map(Into::into), default: default.into() };
        Self { zone: Some(zone), ..self }
    }

    /// The same mailing with the names of what the host gives with each message.
    #[must_use]
    pub fn given<N: Into<Arc<str>>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.given.extend(names.into_iter().map(Into::into));
        self
    }
}

impl BlockPlan {
    /// A block that says this where no variant is chosen.
    pub fn new(fallback: ContentPlan) -> Self {
        Self { variants: Vec::new(), fallback }
    }

    /// The same block with one more variant, asked after those before it.
    #[must_use]
    pub fn variant(mut self, name: impl Into<Arc<str>>, text: &str, content: ContentPlan) -> Self {
        self.variants.push(VariantPlan { name: name.into(), rule: rule(text), content });
        self
    }

    /// What each variant says, the fallback last.
    pub(super) fn contents(&self) -> impl Iterator<Item = (&str, &ContentPlan)> {
        let variants = self.variants.iter().map(|variant| (&*variant.name, &variant.content));
        variants.chain([(Block::FALLBACK, &self.fallback)])
    }
}

impl ContentPlan {
    /// One source without markup, for both parts.
    pub fn text(source: &str) -> Self {
        Self::One(body(source))
    }

    /// A source for each part.
    pub fn new(html: &str, text: &str) -> Self {
        Self::Both { html: body(html), text: body(text) }
    }

    /// The sources and the parts that they are for.
    pub(super) fn parts(&self) -> Vec<(&'static str, &Arc<str>)> {
        match self {
            Self::Both { html, text } => vec![("html", html), ("text", text)],
            Self::One(text) => vec![("text", text)],
        }
    }
}

impl TemplatePlan {
    /// A template of a subject, HTML and text.
    pub fn new(subject: &str, html: &str, text: &str) -> Self {
        Self { subject: body(subject), html: body(html), text: body(text) }
    }

    /// The parts by the names of their files.
    pub(super) fn parts(&self) -> [(&'static str, &Arc<str>); 3] {
        [("subject.txt", &self.subject), ("body.html", &self.html), ("body.txt", &self.text)]
    }
}

/// A rule as it is kept: without the space around it.
pub(super) fn rule(text: &str) -> Arc<str> {
    text.replace("\r\n", "\n").trim().into()
}

/// The files of a library as they are kept, without those that say what the folder is.
pub(super) fn library(files: &BTreeMap<String, String>) -> BTreeMap<Arc<str>, Arc<str>> {
    let own = files.iter().filter(|(path, _)| !is_beside(path));
    own.map(|(path, text)| (path.as_str().into(), plain(text).into())).collect()
}

/// The names of the templates of a library.
pub(super) fn library_templates(files: &BTreeMap<Arc<str>, Arc<str>>) -> BTreeSet<Arc<str>> {
    let mails = files.keys().filter_map(|path| {
        let (name, file) = path.split_once('/')?;
        file.starts_with("mail.").then(|| name.into())
    });
    mails.collect()
}

/// The rules and figures by which a file of a library chooses.
pub(super) fn library_rules(path: &str, text: &str) -> Vec<String> {
    let block = path.strip_prefix("_blocks/").and_then(|path| path.strip_suffix(".toml"));
    let Some(table) = block.and_then(|_| text.parse::<toml::Table>().ok()) else {
        return Vec::new();
    };
    let variants = table.get("variants").and_then(toml::Value::as_array);
    let rules = variants.into_iter().flatten().filter_map(|variant| variant.get("rule"));
    let figures = ["bands", "by"].into_iter().filter_map(|name| table.get(name));
    rules.chain(figures).filter_map(|rule| Some(rule.as_str()?.to_owned())).collect()
}

/// A source as it is kept: the line end at its end is that of a file, and templates drop it.
pub(super) fn body(text: &str) -> Arc<str> {
    let text = text.replace("\r\n", "\n");
    text.strip_suffix('\n').unwrap_or(&text).into()
}

/// A source as it is rendered: templates drop one line end at the end.
pub(super) fn source(body: &str) -> String {
    format!("{body}{}", if body.ends_with('\n') { "\n" } else { "" })
}

/// A score as it is kept: its features by name, its snapshots from the latest to the earliest.
pub(super) fn score(mut score: Score) -> Score {
    let features: BTreeMap<_, _> = score.features.into_iter().collect();
    let kept = |text: &str| rule(text).as_ref().to_owned();
    score.features = features.into_iter().map(|(name, text)| (name, kept(&text))).collect();
    score.eligible = kept(&score.eligible);
    score.outcome = kept(&score.outcome);
    score.training.sort_unstable();
    score.training.dedup();
    score
}
