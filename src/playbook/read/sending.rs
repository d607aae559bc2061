//! Purposes, topics, the sender and mailings.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::atlas::key;
use super::super::document::{Fields, Node, span};
use super::super::part::Sort;
use super::super::{CapPlan, MailingPlan, QuietHoursPlan, SenderPlan, TopicPlan, ZonePlan};
use super::Reader;
use crate::error::nearest;
use crate::privacy::SubscriptionState;

type Named<T> = BTreeMap<Arc<str>, T>;

impl Reader<'_> {
    pub(super) fn purposes(&mut self, fields: Fields<'_>) -> (Named<Arc<str>>, Named<TopicPlan>) {
        // The names in a table that is called otherwise are not known.
        self.complete &= fields.only(&["purposes", "topics"], &mut self.atlas);
        let mut purposes = BTreeMap::new();
        if let Some(table) = fields.table("purposes", &mut self.atlas) {
            for (name, at, _) in table.entries() {
                self.named(&fields, Sort::Purpose, name, at);
                let said = key(Sort::Purpose, name, "description");
                // A purpose that nobody described can be named all the same.
                let text = table.wanted(name, said, &mut self.atlas);
                purposes.insert(name.into(), text.map(|text| text.value).unwrap_or_default());
            }
        }
        let mut topics = BTreeMap::new();
        if let Some(table) = fields.table("topics", &mut self.atlas) {
            for (name, at, node) in table.entries() {
                self.named(&fields, Sort::Topic, name, at);
                let what = format!("the topic `{name}`");
                let found = table.within(&what, at, node, &mut self.atlas);
                match found.and_then(|table| self.topic(name, &table)) {
                    Some(topic) => drop(topics.insert(name.into(), topic)),
                    None => drop(self.broken.insert((Sort::Topic, name.into()))),
                }
            }
        }
        (purposes, topics)
    }

    fn topic(&mut self, name: &str, fields: &Fields<'_>) -> Option<TopicPlan> {
        fields.only(&["purpose", "description", "default"], &mut self.atlas);
        let at = |field: &str| key(Sort::Topic, name, field);
        let purpose = fields.wanted("purpose", at("purpose"), &mut self.atlas);
        let description = fields.wanted("description", at("description"), &mut self.atlas);
        let default = fields.wanted("default", at("default"), &mut self.atlas);
        let known = ["subscribed", "unsubscribed"];
        let default = match default.map(|text| text.value).as_deref() {
            Some("subscribed") | None => SubscriptionState::Subscribed,
            Some("unsubscribed") => SubscriptionState::Unsubscribed,
            Some(other) => {
                let near = nearest(other, known).map(|near| format!("did you mean `{near}`?"));
                let help =
                    near.unwrap_or_else(|| format!("write `{}` or `{}`", known[0], known[1]));
                let message = format!("there is no default `{other}`");
                self.atlas.fault(&at("default"), message, Some(help));
                SubscriptionState::Subscribed
            }
        };
        let description = description.map(|text| text.value).unwrap_or_default();
        Some(TopicPlan { purpose: purpose?.value, description, default })
    }

    pub(super) fn sender(&mut self, fields: Fields<'_>) -> SenderPlan {
        let known =
            ["from", "reply_to", "unsubscribe_url", "postal_address", "list_id", "feedback_id"];
        fields.only(&known, &mut self.atlas);
        let mut text = |field: &str| {
            let at = key(Sort::Sender, "sender", field);
            // What is missing is told; the rest is looked at all the same.
            fields.wanted(field, at, &mut self.atlas).map(|text| text.value).unwrap_or_default()
        };
        SenderPlan {
            from: text("from"),
            unsubscribe_url: text("unsubscribe_url"),
            postal_address: text("postal_address"),
            reply_to: fields.find("reply_to").map(|_| text("reply_to")),
            list_id: fields.find("list_id").map(|_| text("list_id")),
            feedback_id: fields.find("feedback_id").map(|_| text("feedback_id")),
        }
    }

    pub(super) fn mailings(&mut self, fields: Fields<'_>) -> Named<MailingPlan> {
        let mut mailings = BTreeMap::new();
        for (name, at, node) in fields.entries() {
            self.named(&fields, Sort::Mailing, name, at);
            let what = format!("the mailing `{name}`");
            let table = fields.within(&what, at, node, &mut self.atlas);
            match table.and_then(|table| self.mailing(name, &table)) {
                Some(mailing) => drop(mailings.insert(name.into(), mailing)),
                None => drop(self.broken.insert((Sort::Mailing, name.into()))),
            }
        }
        mailings
    }

    fn mailing(&mut self, name: &str, fields: &Fields<'_>) -> Option<MailingPlan> {
        let known =
            ["template", "purpose", "topic", "audience", "caps", "quiet_hours", "zone", "given"];
        fields.only(&known, &mut self.atlas);
        let at = |field: &str| key(Sort::Mailing, name, field);
        let template = fields.wanted("template", at("template"), &mut self.atlas);
        let purpose = fields.wanted("purpose", at("purpose"), &mut self.atlas);
        let topic = fields
            .find("topic")
            .map(|_| Some(fields.wanted("topic", at("topic"), &mut self.atlas)?.value));
        let audience =
            fields.find("audience").map(|_| self.rule(fields, "audience", at("audience")));
        let caps = fields.list("caps", &mut self.atlas);
        let caps = caps.into_iter().filter_map(|node| self.cap(fields, node)).collect();
        let quiet_hours = self.quiet_hours(name, fields);
        let zone = self.zone(name, fields);
        let given = self.given(name, fields);
        Some(MailingPlan {
            template: template?.value,
            purpose: purpose?.value,
            topic: topic.flatten(),
            audience: audience.flatten(),
            caps,
            quiet_hours,
            zone,
            given,
        })
    }

    fn cap(&mut self, fields: &Fields<'_>, node: Node<'_>) -> Option<CapPlan> {
        let fields = Fields { ..*fields }.within("a cap", span(node), node, &mut self.atlas)?;
        fields.only(&["messages", "window"], &mut self.atlas);
        for field in ["messages", "window"] {
            if fields.find(field).is_none() {
                let help = "a cap is as in `{ messages = 2, window = \"7 days\" }`".to_owned();
                let message = format!("`{field}` is missing");
                self.atlas.fault_at((fields.path, fields.span), message, Some(help));
            }
        }
        let (_, window) = fields.find("window")?;
        let window = self.duration(&fields, "`window`", window);
        let (_, node) = fields.find("messages")?;
        let number = fields.number("`messages`", node, &mut self.atlas)?;
        let messages = number.parse().ok().filter(|messages| *messages > 0);
        if messages.is_none() {
            let message = "`messages` is a whole number from 1 up";
            self.atlas.fault_at((fields.path, span(node)), message, None);
        }
        Some(CapPlan { messages: messages?, window: window? })
    }

    fn quiet_hours(&mut self, name: &str, fields: &Fields<'_>) -> Option<QuietHoursPlan> {
        let table = fields.table("quiet_hours", &mut self.atlas)?;
        table.only(&["from", "to"], &mut self.atlas);
        let mut text = |field: &str| {
            let at = key(Sort::Mailing, name, format!("quiet_hours {field}"));
            Some(table.wanted(field, at, &mut self.atlas)?.value)
        };
        let (from, to) = (text("from"), text("to"));
        Some(QuietHoursPlan { from: from?, to: to? })
    }

    fn zone(&mut self, name: &str, fields: &Fields<'_>) -> Option<ZonePlan> {
        let table = fields.table("zone", &mut self.atlas)?;
        table.only(&["attribute", "default"], &mut self.atlas);
        let mut text = |field: &str| {
            let at = key(Sort::Mailing, name, format!("zone {field}"));
            Some(table.wanted(field, at, &mut self.atlas)?.value)
        };
        let attribute = table.find("attribute").and_then(|_| text("attribute"));
        Some(ZonePlan { attribute, default: text("default")? })
    }

    fn given(&mut self, name: &str, fields: &Fields<'_>) -> BTreeSet<Arc<str>> {
        let list = fields.list("given", &mut self.atlas);
        let mut names = BTreeSet::new();
        let unread = fields.find("given").is_some() && list.is_empty();
        for node in &list {
            if let Some(text) = fields.as_text("a given name", node, &mut self.atlas) {
                names.insert(text.value);
            }
        }
        if unread || names.len() < list.len() {
            self.broken.insert((Sort::Mailing, name.into()));
        }
        names
    }
}
