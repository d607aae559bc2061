//! The customers of a campaign, wherever they come from.

use bespoke::event::Event;
use bespoke::id::ProfileId;
use bespoke::identity::{CanonicalEmail, Hasher};
use bespoke::privacy::{Cause, Consent, Subscription, Suppressed};
use bespoke::run::Contact;
use bespoke::source::Tally;
use bespoke::time::Timestamp;

/// Whatever goes wrong is told to the user and ends the run.
pub(crate) type Fault = Box<dyn std::error::Error>;

/// What people are asked to consent to.
pub(crate) const PURPOSE: &str = "marketing";

/// All customers, in the byte order of their ids.
pub(crate) struct Base {
    /// What became of the rows, where there were any.
    pub(crate) tally: Option<Tally>,
    /// How many there are.
    pub(crate) count: usize,
    pub(crate) people: Box<dyn Iterator<Item = Person> + Send>,
}

/// One customer: what they did, where they are written to, and what they said to that.
pub(crate) struct Person {
    pub(crate) id: ProfileId,
    /// Their address is among what an `identify` tells.
    pub(crate) events: Vec<Event>,
    pub(crate) address: String,
    pub(crate) consents: Vec<Consent>,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) suppressed: Option<(Cause, Timestamp)>,
}

impl Person {
    /// What the store is told of them.
    pub(crate) fn contact(self, hasher: &Hasher) -> Result<Contact, bespoke::Error> {
        let mut contact = Contact::new(self.id, self.events);
        contact.consents = self.consents;
        contact.subscriptions = self.subscriptions;
        if let Some((cause, since)) = self.suppressed {
            let digest = hasher.digest(&CanonicalEmail::new(&self.address)?)?;
            contact.suppressions.push((digest, Suppressed::new(cause, since)));
        }
        Ok(contact)
    }
}
