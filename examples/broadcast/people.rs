//! Simulated people, and what they are written to about.

use std::sync::Arc;

use bespoke::event::Event;
use bespoke::identity::{CanonicalEmail, Hasher};
use bespoke::key::KeyProvider;
use bespoke::playbook::{MailingPlan, Playbook, SenderPlan, TemplatePlan};
use bespoke::privacy::{Cause, Consent, Suppressed};
use bespoke::run::Contact;
use bespoke::schema::{Field, Schema};
use bespoke::seed::Seed;
use bespoke::time::{Duration, Timestamp};
use bespoke::value::Kind;

pub(crate) const MAILING: &str = "spring";
const PURPOSE: &str = "news";

const ZONES: [&str; 4] =
    ["Europe/Berlin", "Europe/Lisbon", "America/New_York", "America/Los_Angeles"];

/// 2026-03-01T09:00:00Z, a Sunday morning in Europe and night in America.
pub(crate) fn now() -> Timestamp {
    Timestamp::from_micros(1_772_355_600_000_000)
}

pub(crate) fn playbook() -> Playbook {
    let text = "Hello {{ profile.name }},\n\n\
        spring is here{% if metrics.orders > 0 %}, and thank you for {{ metrics.orders }} orders\
        {% endif %}.\n\n{{ given.postal_address }}\n{{ given.unsubscribe_url }}";
    let schema = Schema::new()
        .attribute("email", Field::from(Kind::Text).personal())
        .attribute("name", Field::from(Kind::Text).personal())
        .attribute("timezone", Kind::Text)
        .event("Order Completed", [("revenue", Kind::Number)]);
    let mailing = MailingPlan::new("hello", PURPOSE)
        .cap(2, Duration::days(7))
        .quiet_hours("21:00", "08:00")
        .zone(Some("timezone"), "Europe/London")
        .given(["postal_address", "unsubscribe_url"]);
    Playbook::new("shop", schema)
        .purpose(PURPOSE, "What is new in the shop.")
        .sender(SenderPlan::new("Shop <s@shop.example>", "https://shop.example/u/", "Weg 1, Ulm"))
        .metric("orders", r#"count("Order Completed" over 365 days)"#)
        .template("hello", TemplatePlan::new("Spring is here", text, text))
        .mailing(MAILING, mailing)
}

/// So many people, one after the other; none is kept.
pub(crate) fn contacts(
    count: u64,
    keys: &Arc<dyn KeyProvider>,
) -> impl Iterator<Item = Contact> + Send + use<> {
    let (seed, hasher) = (Seed::new(1).fork("people"), Hasher::new(Arc::clone(keys)));
    (1..=count).filter_map(move |number| contact(number, seed, &hasher))
}

/// One of them: 90 of 100 consent, 2 of 100 have the address of the person before them, and mail to
/// 1 of 100 bounces.
fn contact(number: u64, seed: Seed, hasher: &Hasher) -> Option<Contact> {
    let draws = &mut seed.fork(&number.to_string()).draws();
    let id = format!("r{number:08}");
    let since = now().minus(Duration::days(300));
    let address = number.saturating_sub(u64::from(draws.chance(0.02)));
    let address = format!("r{address:08}@example.com");
    let zone = usize::try_from(draws.below(ZONES.len() as u64)).ok()?;
    let told = Event::identify(id.as_str(), since)
        .with("email", address.as_str())
        .with("name", format!("Recipient {number}"))
        .with("timezone", *ZONES.get(zone)?);
    let mut events = vec![told];
    if draws.chance(0.5) {
        let order = Event::track(id.as_str(), "Order Completed", since.plus(Duration::days(100)));
        events.push(order.with("revenue", 25));
    }
    let mut contact = Contact::new(id.as_str(), events);
    if draws.chance(0.9) {
        contact.consents.push(Consent::granted(PURPOSE, since, "2025-05"));
    }
    if draws.chance(0.01) {
        let digest = hasher.digest(&CanonicalEmail::new(&address).ok()?).ok()?;
        contact.suppressions.push((digest, Suppressed::new(Cause::Bounce, since)));
    }
    Some(contact)
}
