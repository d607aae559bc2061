//! The simulated shop as a base.

use bespoke::privacy::{Cause, Consent, Ledger};
use bespoke::seed::Seed;
use bespoke::testing::shop::{self, Customer, Shop};
use bespoke::time::Timestamp;

use crate::people::{Base, Fault, Kind, PURPOSE, Person};

/// A Sunday morning in spring.
const NOW: &str = "2026-03-01T09:00:00Z";

/// One customer after the other; none is kept.
pub(crate) fn shop(customers: u32, at: Option<Timestamp>) -> Result<Base, Fault> {
    let now = match at {
        Some(at) => at,
        None => NOW.parse()?,
    };
    let shop = Shop::new(Seed::new(1)).customers(customers).until(now);
    let people = shop.into_iter().map(|customer| Ok(person(customer)));
    Ok(Base {
        kind: Kind::Simulated,
        schema: shop::schema(),
        now,
        tally: None,
        people: Box::new(people),
    })
}

fn person(customer: Customer) -> Person {
    let mut consents = Ledger::new();
    for said in &customer.consents {
        let consent = if said.granted {
            Consent::granted(PURPOSE, said.at, "2025-01")
        } else {
            Consent::withdrawn(PURPOSE, said.at, "2025-01")
        };
        consents.record(consent.with_evidence(said.evidence));
    }
    let suppressed = customer.suppression.map(|suppression| {
        let bounced = suppression.reason.contains("bounce");
        (if bounced { Cause::Bounce } else { Cause::Complaint }, suppression.at)
    });
    let Customer { id, events, address, .. } = customer;
    Person { id, events, address, consents, suppressed }
}
