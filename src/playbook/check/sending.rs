//! Topics, the sender and mailings: what they name must be there.

use std::sync::Arc;

use super::super::atlas::{Key, key};
use super::super::part::Sort;
use super::super::{MailingPlan, SenderPlan};
use super::Checker;
use crate::error::nearest;
use crate::schema::{Sensitivity, Shape};
use crate::time::{LocalTime, Zone};
use crate::value::Kind;

impl Checker<'_> {
    pub(super) fn references(&mut self) {
        let book = self.playbook;
        for (name, topic) in &book.topics {
            let at = key(Sort::Topic, name, "purpose");
            self.known("purpose", &topic.purpose, book.purposes.keys(), &at);
        }
        if let Some(sender) = &book.sender {
            self.sender(sender);
        }
        for (name, mailing) in &book.mailings {
            self.mailing(name, mailing);
        }
    }

    fn sender(&mut self, sender: &SenderPlan) {
        let mut fault = |field: &str, message: &str, help: &str| {
            self.atlas.fault(&key(Sort::Sender, "sender", field), message, Some(help.to_owned()));
        };
        let mut address = |field: &str, text: &str| {
            if !text.is_empty() && !is_address(text) {
                fault(field, "this is no address", "write `Shop <news@shop.example>`");
            }
        };
        address("from", &sender.from);
        sender.reply_to.iter().for_each(|text| address("reply_to", text));
        let url = &sender.unsubscribe_url;
        let plain = url.bytes().all(|c| c.is_ascii_graphic() && !b"<>\",\\#".contains(&c));
        let link = url.starts_with("https://") && url.len() > 11 && plain;
        if !url.is_empty() && !link {
            let help = "write a link that begins with `https://`, as in `https://shop.example/u/`";
            fault("unsubscribe_url", "this is no link for unsubscribing", help);
        }
        let is_list = |text: &str| text.ends_with('>') && text.contains('<') && text.contains('.');
        if sender.list_id.as_deref().is_some_and(|text| !is_list(text)) {
            fault("list_id", "this names no list", "write `News of the shop <news.shop.example>`");
        }
        let is_name = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_');
        let is_name = |text: &str| (5..=15).contains(&text.len()) && text.bytes().all(is_name);
        if sender.feedback_id.as_deref().is_some_and(|text| !is_name(text)) {
            fault(
                "feedback_id",
                "this is no name for feedback",
                "write 5 to 15 letters, digits, `-`",
            );
        }
    }

    fn mailing(&mut self, name: &str, mailing: &MailingPlan) {
        let book = self.playbook;
        let at = |field: &str| key(Sort::Mailing, name, field);
        let broken = self.unsound.clone();
        let of = |sort| {
            let broken = broken.iter().filter(move |(of, _)| *of == sort);
            broken.map(|(_, name)| name)
        };
        let templates = book.templates.keys().chain(of(Sort::Template));
        self.known("template", &mailing.template, templates, &at("template"));
        self.known("purpose", &mailing.purpose, book.purposes.keys(), &at("purpose"));
        if let Some(topic) = &mailing.topic {
            let topics = book.topics.keys().chain(of(Sort::Topic));
            self.known("topic", topic, topics, &at("topic"));
            let purpose = book.topics.get(topic).map(|topic| &topic.purpose);
            if let Some(purpose) = purpose.filter(|purpose| **purpose != mailing.purpose) {
                let message = format!("the topic `{topic}` belongs to the purpose `{purpose}`");
                let help = "a mailing has the purpose of its topic".to_owned();
                self.atlas.fault(&at("topic"), message, Some(help));
            }
        }
        if let Some(text) = &mailing.audience {
            let mentions = self.expr(&at("audience"), text);
            if mentions.is_some_and(|mentions| self.is_checkable(&mentions)) {
                self.condition(&at("audience"), text);
            }
        }
        self.hours(name, mailing);
    }

    fn hours(&mut self, name: &str, mailing: &MailingPlan) {
        let at = |field: &str| key(Sort::Mailing, name, field);
        if let Some(quiet) = &mailing.quiet_hours {
            for (field, text) in [("quiet_hours from", &quiet.from), ("quiet_hours to", &quiet.to)]
            {
                if !is_clock(text) {
                    let message = format!("`{text}` is no time of day");
                    self.atlas.fault(&at(field), message, Some("write `21:00`".to_owned()));
                }
            }
            if quiet.from == quiet.to {
                let help = "leave `quiet_hours` out where there are none".to_owned();
                let message = "the quiet hours end when they begin";
                self.atlas.fault(&at("quiet_hours to"), message, Some(help));
            }
            if mailing.zone.is_none() {
                let help = "add `zone = { default = \"Europe/Lisbon\" }`".to_owned();
                let message = "quiet hours need a time zone to be read in";
                self.atlas.fault(&at("quiet_hours from"), message, Some(help));
            }
        }
        let Some(zone) = &mailing.zone else { return };
        if let Some(name) = &zone.attribute {
            self.zone_attribute(name, &at("zone attribute"));
        }
        if zone.default.parse::<Zone>().is_err() {
            let help = match nearest(&zone.default, Zone::names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "zones are named by region and city, as in `Europe/Lisbon`".to_owned(),
            };
            let message = format!("there is no time zone `{}`", zone.default);
            self.atlas.fault(&at("zone default"), message, Some(help));
        }
    }

    fn zone_attribute(&mut self, name: &Arc<str>, at: &Key) {
        let attributes = self.playbook.schema.attributes();
        let Some(field) = attributes.get(name) else {
            return self.known("trait", name, attributes.keys(), at);
        };
        let fault = if field.sensitivity() != Sensitivity::Public {
            format!("the trait `{name}` is personal: it is kept in the vault")
        } else if *field.shape() != Shape::Scalar(Kind::Text) {
            format!("the trait `{name}` is no text")
        } else {
            return;
        };
        let help = "a zone is the text of a public trait, as in `Europe/Lisbon`".to_owned();
        self.atlas.fault(at, fault, Some(help));
    }
}

/// Whether a text is a time of day as people plan by it, without seconds: `21:00`.
fn is_clock(text: &str) -> bool {
    text.len() == "21:00".len() && text.parse::<LocalTime>().is_ok()
}

/// Whether a text may be an address: the host's mailer knows better, and needs not be there.
fn is_address(text: &str) -> bool {
    let address = match text.split_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    let Some((local, domain)) = address.rsplit_once('@') else { return false };
    let visible = |c: char| !c.is_whitespace() && !c.is_control() && !"<>@,;".contains(c);
    let filled = |text: &str| !text.is_empty() && text.chars().all(visible);
    filled(local) && filled(domain) && domain.contains('.') && !text.contains(char::is_control)
}
