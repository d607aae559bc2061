//! From a view of a person to a message, or to the reason why there is none.

use std::collections::BTreeMap;
use std::sync::Arc;

use bespoke::email::{Address, Composer, Draft, Message, Sender};
use bespoke::engine::View;
use bespoke::facts::Timeline;
use bespoke::gate::{Candidate, Lookup, Standing, Verdict, gate};
use bespoke::id::MessageId;
use bespoke::identity::{CanonicalEmail, Hasher};
use bespoke::key::{KeyVersion, Keys, Secret};
use bespoke::privacy::{MemoryVault, Purpose, Suppression, Vault, door};
use bespoke::time::Timestamp;
use bespoke::value::Fields;
use bespoke::{Engine, Result};

use crate::people::{PURPOSE, Person};

/// A real host takes its key from its key service.
const DEMONSTRATION_KEY: &[u8; 32] = b"for demonstrations and no more..";

/// One mailing at one instant.
pub(crate) struct Mailing {
    engine: Engine,
    now: Timestamp,
    hasher: Hasher,
    composer: Composer,
    sender: Sender,
    vault: MemoryVault,
}

/// What was decided for a person.
pub(crate) struct Decided {
    /// `sent`, `skipped`, `deferred` or `failed`.
    pub(crate) outcome: &'static str,
    /// Why it was not sent.
    pub(crate) reason: Option<String>,
    /// The chosen variant of each block.
    pub(crate) blocks: BTreeMap<Arc<str>, Arc<str>>,
    pub(crate) message: Option<Message>,
}

impl Mailing {
    pub(crate) fn new(engine: Engine, now: Timestamp) -> Result<Self> {
        let keys = Arc::new(Keys::new(KeyVersion::new(1), Secret::new(*DEMONSTRATION_KEY)?));
        let sender = Sender::new(
            "The Shop <news@shop.example>",
            "https://shop.example/unsubscribe/",
            "The Shop, 1 High Street, London",
        );
        Ok(Self {
            engine,
            now,
            hasher: Hasher::new(Arc::clone(&keys) as Arc<_>),
            composer: Composer::new(&sender, keys)?,
            sender,
            vault: MemoryVault::new(),
        })
    }

    /// Lets a person's events in at the door: what is personal goes to the vault.
    pub(crate) fn admit(&self, person: &Person) -> Result<Timeline> {
        let schema = self.engine.schema();
        let mut timeline = self.engine.timeline();
        for event in &person.events {
            // The events were read by this schema, so nothing is refused here.
            let Ok(admitted) = door(event.clone(), schema) else { continue };
            timeline.insert(&admitted.event, schema);
            if let Some(record) = admitted.personal {
                pollster::block_on(self.vault.put(record))?;
            }
        }
        Ok(timeline)
    }

    /// Decides whether to write to a person, and writes.
    pub(crate) fn decide(&self, view: View, person: &Person) -> Result<Decided> {
        let choices = view.choices().iter();
        let blocks =
            choices.map(|(block, choice)| (Arc::clone(block), Arc::clone(&choice.variant)));
        let undecided =
            Decided { outcome: "skipped", reason: None, blocks: blocks.collect(), message: None };
        let standing = self.standing(person)?;
        let decision = gate(&standing, &Candidate::marketing(PURPOSE), self.now);
        let permit = match decision.verdict {
            Verdict::Permit(permit) => permit,
            Verdict::Defer { reason, .. } => {
                let reason = Some(reason.to_string());
                return Ok(Decided { outcome: "deferred", reason, ..undecided });
            }
            Verdict::Skip { reason } => {
                return Ok(Decided { reason: Some(reason.to_string()), ..undecided });
            }
            _ => return Ok(Decided { reason: Some("undecided".to_owned()), ..undecided }),
        };
        let written = self
            .draft(view, person)
            .and_then(|draft| self.composer.compose(permit, &draft, self.now));
        Ok(match written {
            Ok(message) => Decided { outcome: "sent", message: Some(message), ..undecided },
            Err(error) => {
                Decided { outcome: "failed", reason: Some(error.to_string()), ..undecided }
            }
        })
    }

    /// What is known of the person's address and wishes.
    fn standing(&self, person: &Person) -> Result<Standing> {
        let address = CanonicalEmail::new(&person.address)?;
        let mut suppression = Suppression::new();
        if let Some((cause, since)) = person.suppressed {
            suppression.add(self.hasher.digest(&address)?, cause, since);
        }
        let found = suppression.find(&self.hasher.candidates(&address)?, self.now);
        Ok(Standing::new(person.id.clone(), self.hasher.digest(&address)?)
            .erased(Lookup::Known(false))
            .suppressed(Lookup::Known(found))
            .consents(Lookup::Known(person.consents.clone())))
    }

    fn draft(&self, view: View, person: &Person) -> Result<Draft> {
        let id = MessageId::from(format!("season-{}", person.id));
        let personal = pollster::block_on(self.vault.get(&person.id))?;
        let url = self.composer.unsubscribe_url(&id, &person.id, &Purpose::new(PURPOSE))?;
        let given = Fields::from_iter([
            ("unsubscribe_url", url.into()),
            ("postal_address", self.sender.postal_address.as_str().into()),
        ]);
        let name = personal.attribute("name").map(ToString::to_string);
        let letter = view.with_personal(personal).letter("season", &given)?;
        let recipient = Address::new(name.as_deref(), &person.address)?;
        Ok(Draft::new(id, person.id.clone(), recipient, letter))
    }
}
