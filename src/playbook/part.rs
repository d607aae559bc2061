//! The parts of a playbook as text: what is hashed, and what is compared.

use std::collections::BTreeMap;
use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{BlockPlan, FORMAT, MailingPlan, MetricPlan, Playbook, SenderPlan, TopicPlan};
use crate::expr::Expr;
use crate::metric::RfmMetric;
use crate::privacy::SubscriptionState;
use crate::schema::Schema;
use crate::scorer::Score;

/// The sorts of definitions, in the order of the files that hold them.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Sort {
    /// The playbook's name.
    Playbook,
    /// A trait of the schema.
    Attribute,
    /// An event of the schema.
    Event,
    /// Whether the schema lets other events through.
    Openness,
    /// A metric.
    Metric,
    /// A segment.
    Segment,
    /// A score.
    Score,
    /// A purpose.
    Purpose,
    /// A topic.
    Topic,
    /// The sender.
    Sender,
    /// A mailing.
    Mailing,
    /// A block.
    Block,
    /// A template.
    Template,
}

impl fmt::Display for Sort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Playbook => "playbook",
            Self::Attribute => "trait",
            Self::Event => "event",
            Self::Openness => "schema",
            Self::Metric => "metric",
            Self::Segment => "segment",
            Self::Score => "score",
            Self::Purpose => "purpose",
            Self::Topic => "topic",
            Self::Sender => "sender",
            Self::Mailing => "mailing",
            Self::Block => "block",
            Self::Template => "template",
        })
    }
}

/// What a part is: its sort and its name.
pub(super) type Name = (Sort, Arc<str>);

/// What a part says: its fields and their texts, in the order that counts.
pub(super) type Fields = Vec<(String, String)>;

/// Every part, with what it says.
pub(super) fn parts(playbook: &Playbook) -> BTreeMap<Name, Fields> {
    let mut parts = schema(&playbook.schema);
    parts.insert((Sort::Playbook, "name".into()), one(&playbook.name));
    let mut add = |sort, name: &Arc<str>, fields| parts.insert((sort, Arc::clone(name)), fields);
    playbook.metrics.iter().for_each(|(name, plan)| drop(add(Sort::Metric, name, metric(plan))));
    playbook.segments.iter().for_each(|(name, text)| drop(add(Sort::Segment, name, rule(text))));
    playbook.scores.iter().for_each(|(name, plan)| drop(add(Sort::Score, name, score(plan))));
    playbook.purposes.iter().for_each(|(name, text)| drop(add(Sort::Purpose, name, one(text))));
    playbook.topics.iter().for_each(|(name, plan)| drop(add(Sort::Topic, name, topic(plan))));
    playbook.mailings.iter().for_each(|(name, plan)| drop(add(Sort::Mailing, name, mailing(plan))));
    playbook.blocks.iter().for_each(|(name, plan)| drop(add(Sort::Block, name, block(plan))));
    for (name, plan) in &playbook.templates {
        let fields = plan.parts().map(|(part, text)| field(part, &**text));
        add(Sort::Template, name, fields.into());
    }
    if let Some(plan) = &playbook.sender {
        add(Sort::Sender, &"sender".into(), sender(plan));
    }
    parts
}

/// The SHA-256 of every part, each text with its length before it.
pub(super) fn version(playbook: &Playbook) -> String {
    let mut hash = Sha256::new();
    let mut take = |text: &str| {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    };
    take(&format!("bespoke playbook {FORMAT}"));
    for ((sort, name), fields) in parts(playbook) {
        take(&sort.to_string());
        take(&name);
        take(&fields.len().to_string());
        fields.iter().flat_map(|(name, text)| [name, text]).for_each(|text| take(text));
    }
    hash.finalize().iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What a rule says, however it is laid out.
pub(super) fn canonical(text: &str) -> String {
    Expr::parse(text).map_or_else(|_| text.to_owned(), |expr| expr.to_string())
}

fn one(text: &str) -> Fields {
    vec![field("", text)]
}

fn rule(text: &str) -> Fields {
    vec![(String::new(), canonical(text))]
}

fn field(name: impl Into<String>, text: impl Into<String>) -> (String, String) {
    (name.into(), text.into())
}

fn schema(schema: &Schema) -> BTreeMap<Name, Fields> {
    // Fields of plain text, none of which can fail to be written.
    let attributes = schema.attributes().iter().map(|(name, field)| {
        let text = serde_json::to_string(field).unwrap_or_default();
        ((Sort::Attribute, Arc::clone(name)), one(text.trim_matches('"')))
    });
    let events = schema.events().iter().map(|(name, shape)| {
        let fields = shape.fields().iter().map(|(name, of)| {
            let text = serde_json::to_string(of).unwrap_or_default();
            field(format!("field {name}"), text.trim_matches('"'))
        });
        let key =
            shape.key().map(|key| field("key", serde_json::to_string(key).unwrap_or_default()));
        ((Sort::Event, Arc::clone(name)), key.into_iter().chain(fields).collect())
    });
    let open = schema.is_open().then(|| ((Sort::Openness, "open".into()), one("true")));
    attributes.chain(events).chain(open).collect()
}

fn metric(plan: &MetricPlan) -> Fields {
    let of = match plan {
        MetricPlan::Text(text) => return rule(text),
        MetricPlan::Engagement(of) => of,
        MetricPlan::Rfm(of) => return rfm(of),
    };
    let weights = of.weights().iter();
    let weights =
        weights.map(|(event, weight)| field(format!("weight {event}"), weight.to_string()));
    let rest = [field("window", of.window().to_string()), field("scale", of.scale().to_string())];
    weights.chain(rest).collect()
}

fn rfm(metric: &RfmMetric) -> Fields {
    let cuts = metric.cuts();
    let learned = field("learned", cuts.learned().to_string());
    let classes = field("classes", cuts.of().most().to_string());
    // The rule is the first, which has no name, as of any metric.
    vec![field("", metric.text()), learned, classes]
}

fn score(plan: &Score) -> Fields {
    let features = plan.features.iter();
    let features = features.map(|(name, text)| field(format!("feature {name}"), canonical(text)));
    let training = plan.training.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let rest = [
        field("eligible", canonical(&plan.eligible)),
        field("outcome", canonical(&plan.outcome)),
        field("horizon", plan.horizon.to_string()),
        field("evaluation", plan.evaluation.to_string()),
        field("training", training),
    ];
    features.chain(rest).collect()
}

fn topic(plan: &TopicPlan) -> Fields {
    vec![
        field("purpose", &*plan.purpose),
        field("description", &*plan.description),
        field("default", default(plan.default)),
    ]
}

/// A subscription's state as it is written.
pub(super) fn default(state: SubscriptionState) -> &'static str {
    match state {
        SubscriptionState::Subscribed => "subscribed",
        SubscriptionState::Unsubscribed => "unsubscribed",
    }
}

fn sender(plan: &SenderPlan) -> Fields {
    let optional = plan.optional().map(|(name, text)| field(name, &**text));
    let rest = [
        field("from", &*plan.from),
        field("unsubscribe_url", &*plan.unsubscribe_url),
        field("postal_address", &*plan.postal_address),
    ];
    optional.chain(rest).collect()
}

fn mailing(plan: &MailingPlan) -> Fields {
    let mut fields = vec![field("template", &*plan.template), field("purpose", &*plan.purpose)];
    fields.extend(plan.topic.iter().map(|topic| field("topic", &**topic)));
    fields.extend(plan.audience.iter().map(|rule| field("audience", canonical(rule))));
    let caps = plan.caps.iter().map(|cap| (cap.messages, cap.window));
    fields.extend(caps.map(|(messages, window)| field("cap", format!("{messages} in {window}"))));
    if let Some(quiet) = &plan.quiet_hours {
        fields.push(field("quiet_hours", format!("{} to {}", quiet.from, quiet.to)));
    }
    if let Some(zone) = &plan.zone {
        fields.extend(zone.attribute.iter().map(|name| field("zone of", &**name)));
        fields.push(field("zone", &*zone.default));
    }
    fields.extend(plan.given.iter().map(|name| field("given", &**name)));
    fields
}

fn block(plan: &BlockPlan) -> Fields {
    let rules = plan.variants.iter().map(|variant| {
        let name = format!("variant {}", variant.name);
        field(name, canonical(&variant.rule))
    });
    let contents = plan.contents().flat_map(|(variant, content)| {
        let both = content.parts().len() > 1;
        content.parts().into_iter().map(move |(part, text)| {
            let part = if both { part } else { "says" };
            field(format!("{variant} {part}"), &**text)
        })
    });
    rules.chain(contents).collect()
}
