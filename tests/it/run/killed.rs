//! A campaign that is killed anywhere and begun again ends as if it had not been.

use std::collections::BTreeMap;

use bespoke::event::EventKind;
use bespoke::id::MessageId;
use bespoke::playbook::{BlockPlan, ContentPlan};
use bespoke::testing::shop::{self, Customer, Shop};
use bespoke::testing::store::{Asked, Fault, FaultyStore, dump};
use proptest::prelude::*;

use super::*;

/// How many items a page holds, so that few people make many commits.
const PAGE: usize = 7;
/// How many people an extract holds.
const EXTRACT: usize = 20;

/// A shop, its campaign, and what is told of its people.
pub(super) struct World {
    pub(super) campaign: Campaign,
    extracts: Vec<Vec<Contact>>,
}

/// What a campaign came to.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Ended {
    /// Profiles and how far the sources were read, the decisions with all their fields.
    pub(super) told: Vec<String>,
    pub(super) states: BTreeMap<MessageId, State>,
    /// What a channel has got, as often as it has got it.
    pub(super) received: BTreeMap<MessageId, Vec<Vec<u8>>>,
}

impl World {
    pub(super) fn new(customers: u32) -> Self {
        let shop = Shop::new(Seed::new(11)).customers(customers).until(now());
        let contacts: Vec<Contact> = shop.into_iter().map(told).collect();
        let extracts = contacts.chunks(EXTRACT).map(<[Contact]>::to_vec).collect();
        let campaign = Campaign::new(&plan(), "season", &keys()).unwrap();
        let recent = Arc::new(Recent(vec!["orders".into()], f64::INFINITY));
        Self { campaign: campaign.scorer("churn", recent).unwrap(), extracts }
    }

    pub(super) async fn take_in(
        &self,
        store: &dyn Store,
        vault: &dyn Vault,
    ) -> bespoke::Result<()> {
        let schema = self.campaign.engine().schema();
        for (number, contacts) in self.extracts.iter().enumerate() {
            let (name, contacts) = (format!("crm/{number}"), contacts.clone());
            run::take_in((store, vault), schema, &name, contacts, &mut |_| ()).await?;
        }
        Ok(())
    }

    async fn run(
        &self,
        store: &dyn Store,
        (vault, channel): (&MemoryVault, &FlakyChannel),
        now: Timestamp,
    ) -> bespoke::Result<()> {
        self.take_in(store, vault).await?;
        run::decide(&self.campaign, (store, vault), super::now(), &mut |_| ()).await?;
        channel.set_now(now);
        run::deliver(&self.campaign, (store, vault, channel), now, &mut |_| ()).await?;
        Ok(())
    }

    pub(super) async fn ended<S: Store>(&self, store: &S, channel: &FlakyChannel) -> Ended {
        let mut asked = Asked::new();
        asked.sources = (0..self.extracts.len()).map(|it| format!("crm/{it}").into()).collect();
        let mut told = dump(store, &asked, 100).await.unwrap();
        let mailing = self.campaign.mailing();
        let decisions = store.decisions(mailing, None, 1_000).await.unwrap().items;
        told.extend(decisions.iter().map(|record| format!("{record:?}")));
        let mut states = BTreeMap::new();
        for state in [
            StateName::Claimed,
            StateName::Sending,
            StateName::Accepted,
            StateName::Deferred,
            StateName::Failed,
            StateName::Unknown,
        ] {
            let found = store.deliveries(mailing, state, None, 1_000).await.unwrap().items;
            states.extend(found.into_iter().map(|it| (it.id().clone(), it.state)));
        }
        let mut received: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for (id, bytes) in channel.received() {
            received.entry(id).or_default().push(bytes);
        }
        Ended { told, states, received }
    }
}

fn plan() -> Playbook {
    let text = "{{ blocks.hero }} {{ given.postal_address }} {{ given.unsubscribe_url }}";
    let score = Score::new(
        r#"count("Order Completed" over 90 days) > 0"#,
        r#"count("Order Completed" over 30 days) = 0"#,
        Duration::days(30),
    );
    let hero = BlockPlan::new(ContentPlan::text("Hello {{ profile.name }}!")).variant(
        "stay",
        "churn > 0.4",
        ContentPlan::text("We miss you, {{ profile.name }}, and your {{ metrics.spend }}."),
    );
    let mailing = MailingPlan::new("hello", PURPOSE)
        .audience(r#"count("Order Completed" over 60 days) < 2"#)
        .topic("season")
        .cap(1, Duration::days(1))
        .quiet_hours("09:00", "10:00")
        .zone(Some("timezone"), "Europe/Lisbon")
        .given(["postal_address", "unsubscribe_url"]);
    Playbook::new("shop", shop::schema())
        .purpose(PURPOSE, "What is new in the shop.")
        .topic("season", TopicPlan::new(PURPOSE, "Seasons."))
        .sender(SenderPlan::new("Shop <s@shop.example>", "https://shop.example/u/", "Weg 1, Ulm"))
        .metric("spend", r#"sum("Order Completed".revenue over 365 days)"#)
        .segment("buyers", "spend > 100")
        .score("churn", score.feature("orders", r#"count("Order Completed" over 90 days)"#))
        .block("hero", hero)
        .template("hello", TemplatePlan::new("Hello!", text, text))
        .mailing("season", mailing)
}

fn told(customer: Customer) -> Contact {
    // Enough to tell them apart; a campaign is run some hundred times.
    let is_kept = |event: &Event| {
        event.kind() == EventKind::Identify || event.at() > now().minus(Duration::days(60))
    };
    let events = customer.events.into_iter().filter(is_kept).collect();
    let mut contact = Contact::new(customer.id, events);
    for said in customer.consents {
        let consent = if said.granted { Consent::granted } else { Consent::withdrawn };
        contact.consents.push(consent(PURPOSE, said.at, "2025-01"));
    }
    for choice in customer.subscriptions {
        let subscription =
            if choice.subscribed { Subscription::subscribed } else { Subscription::unsubscribed };
        contact.subscriptions.push(subscription(choice.topic, choice.at));
    }
    let suppressed = customer.suppression.map(|it| Suppressed::new(Cause::Bounce, it.at));
    contact.suppressions.extend(suppressed.map(|it| (digest(&customer.address), it)));
    contact
}

/// Runs the campaign without a fault; how many commits it took.
async fn undisturbed(world: &World, channel: &FlakyChannel) -> (Ended, u64) {
    let (inner, vault) = (MemoryStore::new(), MemoryVault::new());
    let store = FaultyStore::new(&inner).pages_of(PAGE);
    world.run(&store, (&vault, channel), now()).await.unwrap();
    (world.ended(&inner, channel).await, store.commits())
}

/// Kills the campaign at each commit, before and after it, and begins it again.
fn killed_everywhere(
    world: &World,
    idempotency: Idempotency,
    check: impl Fn(&Ended, &Ended, &str),
) {
    let (expected, commits) = pollster::block_on(undisturbed(world, &channel(idempotency)));
    assert!(commits > 12, "{commits} commits");
    for death in 1..=commits {
        for fault in [Fault::Before, Fault::After] {
            let place = format!("{idempotency:?}: killed {fault:?} commit {death} of {commits}");
            let ended = pollster::block_on(killed(world, idempotency, (death, fault)));
            check(&ended, &expected, &place);
        }
    }
}

async fn killed(world: &World, idempotency: Idempotency, (death, fault): (u64, Fault)) -> Ended {
    let (inner, vault, channel) = (MemoryStore::new(), MemoryVault::new(), channel(idempotency));
    let store = FaultyStore::new(&inner).pages_of(PAGE).dies_at(death, fault);
    let answer = world.run(&store, (&vault, &channel), now()).await;
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Io, "commit {death} of {idempotency:?}");
    let store = FaultyStore::new(&inner).pages_of(PAGE);
    world.run(&store, (&vault, &channel), now()).await.unwrap();
    world.ended(&inner, &channel).await
}

#[test]
fn the_simulated_campaign_comes_to_something() {
    let world = World::new(60);
    let (ended, _) = pollster::block_on(undisturbed(&world, &channel(Idempotency::Key)));
    let count = |word: &str| ended.told.iter().filter(|line| line.contains(word)).count();
    let claimed = count("outcome: \"claimed\"");
    assert!(claimed > 15, "{claimed}");
    assert_eq!((claimed, claimed), (ended.received.len(), ended.states.len()));
    for word in ["\"audience\"", "\"consent\"", "\"quiet-hours\"", "churn"] {
        assert!(count(word) > 0, "nobody has {word}");
    }
    assert!(ended.states.values().all(|state| *state == State::Accepted));
}

#[cfg(feature = "sqlite")]
#[test]
fn it_ends_the_same_in_every_store() {
    let world = World::new(60);
    let schema = world.campaign.engine().schema();
    let (inner, vault) =
        (bespoke::store::SqliteStore::in_memory(schema).unwrap(), MemoryVault::new());
    let (one, two) = (channel(Idempotency::Key), channel(Idempotency::Key));
    pollster::block_on(async {
        let store = FaultyStore::new(&inner).pages_of(PAGE);
        world.run(&store, (&vault, &one), now()).await.unwrap();
        let ended = world.ended(&inner, &one).await;
        assert_eq!(ended, undisturbed(&world, &two).await.0);
    });
}

#[test]
fn killed_anywhere_it_ends_the_same_where_repeats_are_dropped() {
    let world = World::new(60);
    for idempotency in [Idempotency::Key, Idempotency::KeyFor(Duration::hours(1))] {
        killed_everywhere(&world, idempotency, |ended, expected, place| {
            assert_eq!(ended, expected, "{place}");
        });
    }
}

#[test]
fn killed_anywhere_nothing_is_sent_twice_where_they_are_not() {
    let world = World::new(30);
    let unknown = std::cell::Cell::new(0);
    killed_everywhere(&world, Idempotency::None, |ended, expected, place| {
        assert_eq!(ended.told, expected.told, "{place}");
        let lost = ended.states.values().filter(|state| **state == State::Unknown).count();
        unknown.set(unknown.get() + lost);
        assert!(lost <= 1, "{place}: {lost} are unknown");
        for (id, state) in &ended.states {
            let received = ended.received.get(id);
            match state {
                State::Accepted => assert_eq!(received, expected.received.get(id), "{place}"),
                State::Unknown => {
                    let same = received.is_none_or(|it| Some(it) == expected.received.get(id));
                    assert!(same, "{place}: {id} is received at most once");
                }
                other => panic!("{place}: {id} is {other:?}"),
            }
        }
        assert_eq!(ended.states.len(), expected.states.len(), "{place}");
    });
    assert!(unknown.get() > 0, "some are unknown");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// A store that fails at one call of twenty and a channel that defers, fails and errs: begun
    /// again and again, the campaign ends with the same decisions and nothing sent twice.
    #[test]
    fn a_flaky_campaign_ends(seed in any::<u64>(), keyed in prop::sample::select(vec![
        Idempotency::Key,
        Idempotency::KeyFor(Duration::hours(2)),
        Idempotency::None,
    ])) {
        let (world, seed) = (World::new(20), Seed::new(seed));
        pollster::block_on(async {
            let (expected, _) = undisturbed(&world, &channel(keyed)).await;
            let (inner, vault) = (MemoryStore::new(), MemoryVault::new());
            let channel = FlakyChannel::new(seed.fork("channel")).dropping(keyed);
            let mut ended = None;
            for round in 0..400_u32 {
                let luck = seed.fork(&format!("store/{round}"));
                let store = FaultyStore::new(&inner).pages_of(PAGE).fails(luck, 0.05);
                let now = now().plus(Duration::minutes(i64::from(round)));
                let answer = world.run(&store, (&vault, &channel), now).await;
                let now = world.ended(&inner, &channel).await;
                let done = now.states.values().all(|state| state.name().is_final());
                if answer.is_ok() && done {
                    ended = Some(now);
                    break;
                }
            }
            let ended = ended.unwrap();
            prop_assert_eq!(&ended.told, &expected.told);
            let ids: Vec<_> = ended.states.keys().collect();
            prop_assert_eq!(ids, expected.states.keys().collect::<Vec<_>>());
            for (id, state) in &ended.states {
                let received = ended.received.get(id);
                let once = received == expected.received.get(id);
                match state {
                    State::Accepted => prop_assert!(once, "{} is received once", id),
                    State::Failed { .. } => prop_assert!(received.is_none(), "{} failed", id),
                    State::Unknown => {
                        prop_assert!(keyed != Idempotency::Key, "{} is known", id);
                        prop_assert!(once || received.is_none(), "{} is received once", id);
                    }
                    other => prop_assert!(false, "{} is {:?}", id, other),
                }
            }
            Ok(())
        })?;
    }
}
