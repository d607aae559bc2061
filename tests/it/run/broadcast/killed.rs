//! A broadcast that is killed anywhere and begun again ends as if it had not been.

use bespoke::testing::store::Fault;

use super::super::killed::{Ended, World};
use super::super::raced::take_turns;
use super::*;

/// How many people a page has.
const PAGE: u64 = 7;

/// What a broadcast came to.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Cast {
    pub(super) ended: Ended,
    pub(super) status: Status,
    pub(super) pages: Vec<Vec<ProfileId>>,
}

impl World {
    /// Puts people in and freezes them, the last first and some of them twice, where it was not done.
    pub(super) async fn freeze(&self, store: &dyn Store, vault: &dyn Vault) -> bespoke::Result<()> {
        self.take_in(store, vault).await?;
        let mailing = self.campaign.mailing().clone();
        let Some(freeze) = Freeze::begin(store, mailing, "everybody", now()).await? else {
            return Ok(());
        };
        let mut freeze = freeze.pages_of(PAGE);
        let mut people: Vec<ProfileId> =
            store.profiles(None, 1_000).await?.items.into_iter().map(|it| it.id).collect();
        people.reverse();
        freeze.add(people.iter().cloned()).await?;
        freeze.add(people.iter().take(9).cloned()).await?;
        freeze.finish().await.map(drop)
    }

    /// Sends the broadcast now, and to those who are put off in the quiet hour after it. A clock
    /// that has come there does not go back.
    pub(super) async fn send(
        &self,
        store: &dyn Store,
        (vault, channel): (&MemoryVault, &FlakyChannel),
    ) -> bespoke::Result<Status> {
        let ends: (&dyn Store, &dyn Vault, &dyn Channel) = (store, vault, channel);
        let clock = store.document("clock").await?;
        if clock.is_none() {
            let status = run::broadcast(&self.campaign, ends, now(), &mut |_| ()).await?;
            if status.state != CastState::Running {
                return Ok(status);
            }
            store.commit(Batch::new().document("clock", "later")).await?;
        }
        let later = now().plus(Duration::hours(2));
        run::broadcast(&self.campaign, ends, later, &mut |_| ()).await
    }

    pub(super) async fn cast<S: Store>(&self, store: &S, channel: &FlakyChannel) -> Cast {
        let mailing = self.campaign.mailing();
        let text = store.document(&bespoke::broadcast::Broadcast::document(mailing)).await.unwrap();
        let broadcast = bespoke::broadcast::Broadcast::from_json(&text.unwrap()).unwrap();
        let status = run::status(store, mailing).await.unwrap().unwrap();
        let ended = self.ended(store, channel).await;
        Cast { ended, status, pages: pages(store, &broadcast).await }
    }
}

/// Sends a broadcast without a fault; how many commits it took.
pub(super) async fn undisturbed(world: &World, idempotency: Idempotency) -> (Cast, u64) {
    let (inner, vault, channel) = (MemoryStore::new(), MemoryVault::new(), channel(idempotency));
    let store = FaultyStore::new(&inner);
    world.freeze(&store, &vault).await.unwrap();
    world.send(&store, (&vault, &channel)).await.unwrap();
    (world.cast(&inner, &channel).await, store.commits())
}

async fn killed<S: Store>(
    world: &World,
    inner: S,
    idempotency: Idempotency,
    (death, fault): (u64, Fault),
) -> Cast {
    let (vault, channel) = (MemoryVault::new(), channel(idempotency));
    let store = FaultyStore::new(&inner).dies_at(death, fault);
    let answer = match world.freeze(&store, &vault).await {
        Ok(()) => world.send(&store, (&vault, &channel)).await.map(drop),
        error => error,
    };
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Io, "commit {death} of {idempotency:?}");
    world.freeze(&inner, &vault).await.unwrap();
    world.send(&inner, (&vault, &channel)).await.unwrap();
    world.cast(&inner, &channel).await
}

/// Kills the broadcast at each commit, before and after it, and begins it again.
fn killed_everywhere<S: Store>(
    world: &World,
    fresh: impl Fn() -> S,
    idempotency: Idempotency,
    check: impl Fn(&Cast, &Cast, &str),
) {
    let (expected, commits) = pollster::block_on(undisturbed(world, idempotency));
    assert!(commits > 12, "{commits} commits");
    for death in 1..=commits {
        for fault in [Fault::Before, Fault::After] {
            let place = format!("{idempotency:?}: killed {fault:?} commit {death} of {commits}");
            let cast = pollster::block_on(killed(world, fresh(), idempotency, (death, fault)));
            check(&cast, &expected, &place);
        }
    }
}

#[test]
fn the_simulated_broadcast_comes_to_something() {
    let world = World::new(60);
    let (cast, _) = pollster::block_on(undisturbed(&world, Idempotency::Key));
    let Status { state, members, tally, .. } = &cast.status;
    assert_eq!((*state, *members, tally.deferred), (CastState::Done, 60, 0));
    assert!(tally.claimed > 15 && tally.skipped.len() > 1, "{tally:?}");
    assert_eq!(cast.status.sent(), tally.claimed);
    assert_eq!(cast.ended.received.len() as u64, tally.claimed);
    let late = cast.ended.told.iter().filter(|line| line.contains("at: 2026-03-01T11:00:00"));
    assert!(late.count() > 3, "some were put off");
}

#[test]
fn killed_anywhere_it_ends_the_same_where_repeats_are_dropped() {
    let world = World::new(40);
    for idempotency in [Idempotency::Key, Idempotency::KeyFor(Duration::hours(3))] {
        killed_everywhere(&world, MemoryStore::new, idempotency, |cast, expected, place| {
            assert_eq!(cast, expected, "{place}");
        });
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn killed_anywhere_it_ends_the_same_in_sqlite() {
    let world = World::new(20);
    let schema = world.campaign.engine().schema();
    let fresh = || bespoke::store::SqliteStore::in_memory(schema).unwrap();
    killed_everywhere(&world, fresh, Idempotency::Key, |cast, expected, place| {
        assert_eq!(cast, expected, "{place}");
    });
}

#[test]
fn killed_anywhere_nothing_is_sent_twice_where_repeats_are_not_dropped() {
    let world = World::new(20);
    killed_everywhere(&world, MemoryStore::new, Idempotency::None, |cast, expected, place| {
        assert_eq!(cast.ended.told, expected.ended.told, "{place}");
        let unknown = cast.ended.states.iter().filter(|(_, state)| **state == State::Unknown);
        let unknown: Vec<_> = unknown.map(|(id, _)| id).collect();
        assert!(unknown.len() <= 1, "{place}: {unknown:?}");
        for (id, bytes) in &expected.ended.received {
            match cast.ended.received.get(id) {
                Some(received) => assert_eq!(received, bytes, "{place}: {id} is sent once"),
                None => assert!(unknown.contains(&id), "{place}: {id} is lost"),
            }
        }
        assert_eq!(cast.status.state, CastState::Done, "{place}");
    });
}

#[test]
fn two_processes_send_nothing_twice() {
    let world = World::new(40);
    for idempotency in [Idempotency::Key, Idempotency::None] {
        let (expected, _) = pollster::block_on(undisturbed(&world, idempotency));
        for seed in 0..12 {
            let (inner, vault, channel) =
                (MemoryStore::new(), MemoryVault::new(), channel(idempotency));
            pollster::block_on(world.freeze(&inner, &vault)).unwrap();
            let (one, two) =
                (FaultyStore::new(&inner).yielding(), FaultyStore::new(&inner).yielding());
            let (one, two) =
                (world.send(&one, (&vault, &channel)), world.send(&two, (&vault, &channel)));
            let (one, two) = take_turns(one, two, &mut Seed::new(seed).draws());
            for answer in [one, two] {
                let kind = answer.err().map(|error| error.kind());
                assert!(kind.is_none_or(|kind| kind == ErrorKind::Conflict), "{kind:?}");
            }
            pollster::block_on(world.send(&inner, (&vault, &channel))).unwrap();
            let cast = pollster::block_on(world.cast(&inner, &channel));
            assert_eq!(cast.status.state, CastState::Done, "seed {seed}");
            assert_eq!(cast.status.tally, expected.status.tally, "seed {seed}");
            for (id, received) in &cast.ended.received {
                assert_eq!(Some(received), expected.ended.received.get(id), "seed {seed}: {id}");
            }
            if idempotency == Idempotency::Key {
                assert_eq!(cast.ended.received.len(), expected.ended.received.len());
            }
        }
    }
}
