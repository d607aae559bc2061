//! Running a campaign: plain loops over a store, each of which may be killed anywhere and begun
//! again.
//!
//! The stages follow each other: [`take_in`] puts what a source tells into the store, [`visit`]
//! reads everybody's past to learn from it, [`decide`] decides of everybody and claims messages,
//! [`deliver`] hands them over. A stage reads a page, works it out as a function of the page and of
//! `now`, and commits the result as one batch, so a run that was killed and begun again ends as if
//! it had not been. Nothing but a page is held in memory.
//!
//! A *broadcast* sends one mailing to an audience that was [frozen](Freeze) at an instant, whose
//! members may come from any engine: [`broadcast()`] decides of them and hands over, page by page, and
//! [`status`], [`pause`], [`resume`] and [`cancel`] are for whoever watches it, here or in another
//! process.
//!
//! The loops are async because stores, vaults and channels are; they spawn nothing and need no
//! executor of their own. Whoever wants several at once runs several.
//!
//! ```
//! use std::sync::Arc;
//!
//! use bespoke::delivery::{Channel, EmlFolder, StateName};
//! use bespoke::event::Event;
//! use bespoke::key::{KeyProvider, KeyVersion, Keys, Secret};
//! use bespoke::playbook::{MailingPlan, Playbook, SenderPlan, TemplatePlan};
//! use bespoke::privacy::{Consent, MemoryVault, Vault};
//! use bespoke::run::{self, Campaign, Contact};
//! use bespoke::schema::{Field, Schema};
//! use bespoke::store::{MemoryStore, Store};
//! use bespoke::value::Kind;
//!
//! let text = "Hello {{ profile.name }}! {{ given.postal_address }} {{ given.unsubscribe_url }}";
//! let schema = Schema::new()
//!     .attribute("email", Field::from(Kind::Text).personal())
//!     .attribute("name", Field::from(Kind::Text).personal());
//! let mailing = MailingPlan::new("hello", "news").given(["postal_address", "unsubscribe_url"]);
//! let playbook = Playbook::new("shop", schema)
//!     .purpose("news", "What is new in the shop.")
//!     .sender(SenderPlan::new("Shop <s@shop.example>", "https://shop.example/u/", "Weg 1, Ulm"))
//!     .template("hello", TemplatePlan::new("Hello!", text, text))
//!     .mailing("spring", mailing);
//! // A host reads its key from its key service.
//! let keys: Arc<dyn KeyProvider> =
//!     Arc::new(Keys::new(KeyVersion::new(1), Secret::new([7; 32])?));
//! let campaign = Campaign::new(&playbook, "spring", &keys)?;
//!
//! let since = "2026-01-01T00:00:00Z".parse()?;
//! let told = Event::identify("p-1", since).with("email", "ann@example.com").with("name", "Ann");
//! let mut ann = Contact::new("p-1", vec![told]);
//! ann.consents.push(Consent::granted("news", since, "2026-01"));
//! // Nobody asked Bob.
//! let told = Event::identify("p-2", since).with("email", "bob@example.com").with("name", "Bob");
//! let bob = Contact::new("p-2", vec![told]);
//!
//! let folder = std::env::temp_dir().join(format!("bespoke-run-{}", std::process::id()));
//! let (store, vault, channel) = (MemoryStore::new(), MemoryVault::new(), EmlFolder::open(&folder)?);
//! let (store, vault, channel): (&dyn Store, &dyn Vault, &dyn Channel) = (&store, &vault, &channel);
//! let now = "2026-03-01T09:00:00Z".parse()?;
//! let watch: &mut run::Watch<'_> = &mut |progress| println!("{}", progress.stage);
//! # pollster::block_on(async {
//! let schema = playbook.schema();
//! let intake = run::take_in((store, vault), schema, "crm/2026-03-01", [ann, bob], watch).await?;
//! assert_eq!((intake.people, intake.events), (2, 2));
//! let decided = run::decide(&campaign, (store, vault), now, watch).await?;
//! assert_eq!((decided.outcomes["claimed"], decided.outcomes["skipped"]), (1, 1));
//! let delivered = run::deliver(&campaign, (store, vault, channel), now, watch).await?;
//! assert_eq!(delivered.states[&StateName::Accepted], 1);
//!
//! // Begun again, there is nothing left to do.
//! assert!(run::decide(&campaign, (store, vault), now, watch).await?.outcomes.is_empty());
//! assert!(run::deliver(&campaign, (store, vault, channel), now, watch).await?.states.is_empty());
//! # Ok::<(), bespoke::Error>(())
//! # })?;
//!
//! // A broadcast to those whom another engine found: Bob too, whom the gate keeps out.
//! # pollster::block_on(async {
//! # let playbook = playbook.clone().mailing("autumn", MailingPlan::new("hello", "news").given(["postal_address", "unsubscribe_url"]));
//! let campaign = Campaign::new(&playbook, "autumn", &keys)?;
//! let found = ["p-2", "p-1", "p-2"].map(|id| Ok(id.into()));
//! let frozen = run::freeze(store, "autumn", &playbook.version(), found, now).await?;
//! assert_eq!(frozen.members(), 2);
//! let status = run::broadcast(&campaign, (store, vault, channel), now, watch).await?;
//! assert_eq!((status.sent(), status.tally.skipped["consent"], status.percent()), (1, 1, 100));
//! # Ok::<(), bespoke::Error>(())
//! # })?;
//! # std::fs::remove_dir_all(folder).unwrap();
//! # Ok::<(), bespoke::Error>(())
//! ```

mod broadcast;
mod campaign;
mod command;
mod decide;
mod deliver;
mod freeze;
mod intake;
mod person;
mod stored;
mod visit;

use std::fmt;

pub use broadcast::broadcast;
pub use campaign::Campaign;
pub use command::{cancel, pause, resume, status};
pub use decide::{Decided, decide};
pub use deliver::{Delivered, deliver};
pub use freeze::{Freeze, freeze, freeze_audience};
pub use intake::{Contact, Intake, take_in};
pub use visit::{Visitor, visit};

/// How far a stage has come.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Which stage.
    pub stage: Stage,
    /// How many people (or deliveries) are done.
    pub done: u64,
}

/// What is told how far a run has come; the host draws a bar, writes a line, or does nothing.
pub type Watch<'w> = dyn FnMut(Progress) + Send + 'w;

/// The stages of a run, in their order.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Stage {
    /// Putting what a source tells into the store.
    TakingIn,
    /// Reading everybody's past, to learn from it.
    Learning,
    /// Finding the audience of a broadcast.
    Freezing,
    /// Deciding whom to write to, and what.
    Deciding,
    /// Handing messages over.
    Delivering,
    /// Deciding of a frozen audience, and handing over what is claimed.
    Broadcasting,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::TakingIn => "taking in",
            Self::Learning => "learning",
            Self::Freezing => "freezing",
            Self::Deciding => "deciding",
            Self::Delivering => "delivering",
            Self::Broadcasting => "broadcasting",
        })
    }
}

/// How many people or deliveries are read, worked out and committed at a time: enough that a durable commit
/// costs little of each, few enough that a page fits in some megabytes.
const PAGE: usize = 250;

/// How often what others write to at the same time is read anew before giving up: each time somebody
/// else has come further, so more than a few are a fault and no coincidence.
const ATTEMPTS: usize = 8;
