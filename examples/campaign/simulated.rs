//! The simulated shop as a base.

use bespoke::privacy::{Cause, Consent, Subscription};
use bespoke::seed::Seed;
use bespoke::testing::shop::{Customer, Shop};

use crate::options::Options;
use crate::people::{Base, PURPOSE, Person};

/// One customer after the other; none is kept.
pub(crate) fn shop(options: &Options) -> Base {
    let shop = Shop::new(Seed::new(1)).customers(options.customers).until(options.until);
    let people = shop.into_iter();
    Base { tally: None, count: people.len(), people: Box::new(people.map(person)) }
}

fn person(customer: Customer) -> Person {
    let consents = customer.consents.iter().map(|said| {
        let consent = if said.granted {
            Consent::granted(PURPOSE, said.at, "2025-01")
        } else {
            Consent::withdrawn(PURPOSE, said.at, "2025-01")
        };
        consent.with_evidence(said.evidence)
    });
    let suppressed = customer.suppression.map(|suppression| {
        let bounced = suppression.reason.contains("bounce");
        (if bounced { Cause::Bounce } else { Cause::Complaint }, suppression.at)
    });
    let subscriptions = customer.subscriptions.iter().map(|choice| {
        if choice.subscribed {
            Subscription::subscribed(choice.topic, choice.at)
        } else {
            Subscription::unsubscribed(choice.topic, choice.at)
        }
    });
    Person {
        subscriptions: subscriptions.collect(),
        consents: consents.collect(),
        suppressed,
        id: customer.id,
        events: customer.events,
        address: customer.address,
    }
}
