//! Broadcasts that are paused and cancelled, at any point and by another process.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bespoke::broadcast::Command;
use bespoke::id::MessageId;

use super::super::killed::World;
use super::killed::undisturbed;
use super::*;

/// Lets a future go so many steps; its answer, if it has come to its end by then.
fn go<F: Future>(mut future: std::pin::Pin<&mut F>, steps: usize) -> Option<F::Output> {
    let context = &mut Context::from_waker(Waker::noop());
    for _ in 0..steps {
        if let Poll::Ready(answer) = future.as_mut().poll(context) {
            return Some(answer);
        }
    }
    None
}

/// What is handed over at this moment.
async fn sending(store: &dyn Store, campaign: &Campaign) -> BTreeSet<MessageId> {
    let found = store.deliveries(campaign.mailing(), StateName::Sending, None, 1_000).await;
    found.unwrap().items.into_iter().map(|delivery| delivery.id().clone()).collect()
}

/// Lets a broadcast go some steps, stops it from outside, and lets it go on to its end: nothing is
/// handed over that was not taken before. `None` where it was done before it was stopped.
fn stopped(
    world: &World,
    (inner, vault, channel): (&MemoryStore, &MemoryVault, &FlakyChannel),
    (steps, command): (usize, Command),
) -> Option<Status> {
    let mailing = world.campaign.mailing();
    let store = FaultyStore::new(inner).yielding();
    let mut sent = pin!(world.send(&store, (vault, channel)));
    if let Some(done) = go(sent.as_mut(), steps) {
        assert_eq!(done.unwrap().state, CastState::Done);
        return None;
    }
    let answer = pollster::block_on(async {
        match command {
            Command::Pause => run::pause(inner, mailing).await,
            _ => run::cancel(inner, mailing, now()).await,
        }
    });
    if let Err(error) = answer {
        // It came to its end, and has not told yet.
        assert!(error.to_string().contains("is done and cannot"), "{error}");
        return None;
    }
    let before = channel.handed();
    let taken = pollster::block_on(sending(inner, &world.campaign));
    let status = go(sent, usize::MAX).unwrap().unwrap();
    for id in channel.handed().keys() {
        let is_new = !before.contains_key(id);
        assert!(!is_new || taken.contains(id), "{id} was taken after the {command}");
    }
    Some(status)
}

#[test]
fn paused_anywhere_and_resumed_it_ends_the_same() {
    let world = World::new(30);
    let (expected, _) = pollster::block_on(undisturbed(&world, Idempotency::Key));
    let mut paused = 0;
    for steps in (0..).step_by(5) {
        let (store, vault, channel) =
            (MemoryStore::new(), MemoryVault::new(), channel(Idempotency::Key));
        pollster::block_on(world.freeze(&store, &vault)).unwrap();
        let ends = (&store, &vault, &channel);
        let Some(status) = stopped(&world, ends, (steps, Command::Pause)) else { break };
        assert_eq!(status.state, CastState::Paused, "after {steps} steps");
        paused += u32::from(status.percent() < 100);
        pollster::block_on(async {
            let handed = channel.handed();
            assert_eq!(world.send(&store, (&vault, &channel)).await.unwrap(), status);
            assert_eq!(channel.handed(), handed, "a paused broadcast hands nothing over");
            run::resume(&store, world.campaign.mailing()).await.unwrap();
            world.send(&store, (&vault, &channel)).await.unwrap();
            assert_eq!(world.cast(&store, &channel).await, expected, "after {steps} steps");
        });
    }
    assert!(paused > 10, "{paused}");
}

#[test]
fn cancelled_anywhere_nothing_more_is_handed_over() {
    let world = World::new(30);
    let (expected, _) = pollster::block_on(undisturbed(&world, Idempotency::Key));
    let mut withdrawn = 0;
    for steps in (0..).step_by(5) {
        let (store, vault, channel) =
            (MemoryStore::new(), MemoryVault::new(), channel(Idempotency::Key));
        pollster::block_on(world.freeze(&store, &vault)).unwrap();
        let ends = (&store, &vault, &channel);
        let Some(status) = stopped(&world, ends, (steps, Command::Cancel)) else { break };
        assert_eq!(status.state, CastState::Cancelled, "after {steps} steps");
        for open in [StateName::Claimed, StateName::Deferred, StateName::Sending] {
            assert_eq!(status.deliveries.get(&open), None, "after {steps} steps");
        }
        withdrawn += status.deliveries.get(&StateName::Failed).copied().unwrap_or_default();
        let received = channel.received();
        assert_eq!(status.sent(), received.len() as u64, "what was sent is known");
        for (id, bytes) in received {
            assert_eq!(expected.ended.received.get(&id), Some(&vec![bytes]), "{id}");
        }
        let mailing = world.campaign.mailing();
        let error = pollster::block_on(run::resume(&store, mailing)).unwrap_err();
        assert_eq!(error.to_string(), "the broadcast of `season` is cancelled and cannot resume");
        pollster::block_on(run::cancel(&store, mailing, now())).unwrap();
    }
    assert!(withdrawn > 0, "something was in the outbox");
}

#[test]
fn what_a_cancelled_broadcast_left_behind_may_have_gone_out() {
    let host = Host::of(["a", "b", "c"].map(|id| contact(id, &format!("{id}@example.com"))));
    host.freeze(&["a", "b", "c"]);
    let campaign = campaign("spring", hello());
    host.decide(&campaign, now());
    let mut batch = Batch::new();
    let claimed = host.deliveries("spring", StateName::Claimed);
    batch.transitions.extend(claimed[..1].iter().map(|delivery| delivery.taken(now())));
    host.commit(batch);
    pollster::block_on(run::cancel(&host.store, &spring(), now())).unwrap();
    assert_eq!(host.deliveries("spring", StateName::Sending).len(), 1, "a relay may have it");
    let failed = host.deliveries("spring", StateName::Failed);
    let reason = State::Failed { reason: "the broadcast was cancelled".into() };
    assert!(failed.len() == 2 && failed.iter().all(|it| it.state == reason), "{failed:?}");
    assert!(failed.iter().all(|it| it.sealed.is_none()), "what was written is dropped");
    let channel = channel(Idempotency::Key);
    let status = host.broadcast(&campaign, &channel, now());
    assert_eq!((status.state, channel.handed().len()), (CastState::Cancelled, 0));
    assert_eq!(status.deliveries.get(&StateName::Unknown), Some(&1));
}

#[test]
fn a_command_is_for_a_broadcast_that_can_carry_it_out() {
    let host = Host::of([contact("a", "a@example.com")]);
    let refused = |said: &str| {
        let error = pollster::block_on(run::pause(&host.store, &spring())).unwrap_err();
        assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::Input, said));
    };
    refused("no audience of the mailing `spring` is frozen");
    assert_eq!(pollster::block_on(run::status(&host.store, &spring())).unwrap(), None);
    pollster::block_on(Freeze::begin(&host.store, "spring", "these", now())).unwrap();
    refused("the broadcast of `spring` is freezing and cannot pause");
    host.freeze(&["a"]);
    host.broadcast(&campaign("spring", hello()), &channel(Idempotency::Key), now());
    refused("the broadcast of `spring` is done and cannot pause");
}

#[test]
fn a_freeze_that_is_cancelled_freezes_nothing() {
    let store = MemoryStore::new();
    pollster::block_on(async {
        let mut freeze = Freeze::begin(&store, "spring", "these", now()).await.unwrap().unwrap();
        freeze.add([ProfileId::from("a")]).await.unwrap();
        run::cancel(&store, &spring(), now()).await.unwrap();
        assert_eq!(freeze.finish().await.unwrap_err().kind(), ErrorKind::Conflict);
        let status = run::status(&store, &spring()).await.unwrap().unwrap();
        assert_eq!((status.state, status.members), (CastState::Cancelled, 0));
    });
}
