//! Others who write at the same time.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use bespoke::seed::Draws;
use bespoke::store::Version;
use bespoke::testing::store::FaultyStore;

use super::killed::World;
use super::*;

/// Polls two futures, the one or the other as the draws say, until both have ended.
pub(super) fn take_turns<A, B>(
    one: impl Future<Output = A>,
    two: impl Future<Output = B>,
    draws: &mut Draws,
) -> (A, B) {
    let (mut one, mut two) = (pin!(one), pin!(two));
    let (mut first, mut second) = (None, None);
    let context = &mut Context::from_waker(Waker::noop());
    for _ in 0..1_000_000 {
        let turn = draws.chance(0.5);
        if first.is_none() && (turn || second.is_some()) {
            if let Poll::Ready(answer) = one.as_mut().poll(context) {
                first = Some(answer);
            }
        } else if second.is_none()
            && let Poll::Ready(answer) = two.as_mut().poll(context)
        {
            second = Some(answer);
        }
        if first.is_some() && second.is_some() {
            break;
        }
    }
    (first.unwrap(), second.unwrap())
}

#[test]
fn two_deciders_claim_nobody_twice() {
    let world = World::new(40);
    let channel = channel(Idempotency::Key);
    let (host, expected) = pollster::block_on(async {
        let host = Host::default();
        world.take_in(&host.store, &host.vault).await.unwrap();
        let stores: (&dyn Store, &dyn Vault) = (&host.store, &host.vault);
        run::decide(&world.campaign, stores, now(), &mut |_| ()).await.unwrap();
        let ended = world.ended(&host.store, &channel).await;
        (host, ended)
    });
    drop(host);
    let mut shared = 0;
    for seed in 0..20 {
        let mut draws = Seed::new(seed).draws();
        let host = Host::default();
        pollster::block_on(world.take_in(&host.store, &host.vault)).unwrap();
        let store = || FaultyStore::new(&host.store).pages_of(5).yielding();
        let (one, two) = (store(), store());
        let (watch_one, watch_two) = (&mut |_| (), &mut |_| ());
        let decide_one = run::decide(&world.campaign, (&one, &host.vault), now(), watch_one);
        let decide_two = run::decide(&world.campaign, (&two, &host.vault), now(), watch_two);
        let (one, two) = take_turns(decide_one, decide_two, &mut draws);
        let (one, two) = (one.unwrap(), two.unwrap());
        let ended = pollster::block_on(world.ended(&host.store, &channel));
        assert_eq!(ended, expected, "seed {seed}");
        let mut counted = one.outcomes.clone();
        for (outcome, count) in &two.outcomes {
            *counted.entry(Arc::clone(outcome)).or_default() += count;
        }
        assert_eq!(counted.values().sum::<u64>(), 40, "each is decided of once: {counted:?}");
        shared += u32::from(!one.outcomes.is_empty() && !two.outcomes.is_empty());
    }
    assert!(shared > 5, "they take turns");
}

#[test]
fn what_is_decided_between_reading_and_writing_stands() {
    let host = Host::of(["a", "b", "c"].map(|id| contact(id, &format!("{id}@example.com"))));
    let campaign = campaign("spring", hello());
    // Another decider: claims one, skips another.
    let mut batch = Batch::new().expect("a", Version::new(1)).expect("b", Version::new(1));
    let claim = Claim::new("spring", "other", "a", now());
    let delivery = Delivery::claimed(claim, digest("a@example.com"), PURPOSE, *b"");
    batch.deliveries.push(delivery);
    let mut claimed = DecisionRecord::new("spring", "a", now(), "claimed");
    claimed.message = Some("other".into());
    batch.decisions.push(claimed.clone());
    batch.decisions.push(DecisionRecord::new("spring", "b", now(), "skipped"));
    let store = FaultyStore::new(&host.store).meanwhile(1, batch);
    let stores: (&dyn Store, &dyn Vault) = (&store, &host.vault);
    let mut seen = Vec::new();
    let watch = &mut |progress: run::Progress| seen.push(progress.done);
    let decided = pollster::block_on(run::decide(&campaign, stores, now(), watch)).unwrap();
    assert_eq!(decided.outcomes, BTreeMap::from([("claimed".into(), 1)]));
    assert_eq!(host.outcomes("spring"), ["a claimed", "b skipped", "c claimed"]);
    assert_eq!(host.decisions("spring")[0], claimed);
    assert_eq!(host.deliveries("spring", StateName::Claimed).len(), 2);
    assert_eq!((seen, store.commits()), (vec![3], 2), "a page is read again, and told once");
}

#[test]
fn who_withdraws_between_reading_and_writing_is_not_written_to() {
    let host = Host::of([contact("a", "a@example.com"), contact("b", "b@example.com")]);
    let mut batch = Batch::new();
    batch.consents.push(("a".into(), Consent::withdrawn(PURPOSE, now(), "2026-01")));
    let store = FaultyStore::new(&host.store).meanwhile(1, batch);
    let stores: (&dyn Store, &dyn Vault) = (&store, &host.vault);
    let campaign = campaign("spring", hello());
    pollster::block_on(run::decide(&campaign, stores, now(), &mut |_| ())).unwrap();
    assert_eq!(host.outcomes("spring"), ["a skipped consent", "b claimed"]);
}

#[test]
fn an_address_claimed_between_reading_and_writing_gets_no_second_mail() {
    let host = Host::of([contact("a", "ann@example.com")]);
    let mut batch = Batch::new();
    // For somebody else who has the same address.
    let claim = Claim::new("spring", "other", "z", now());
    batch.deliveries.push(Delivery::claimed(claim, digest("ann@example.com"), PURPOSE, *b""));
    let store = FaultyStore::new(&host.store).meanwhile(1, batch);
    let stores: (&dyn Store, &dyn Vault) = (&store, &host.vault);
    let campaign = campaign("spring", hello());
    pollster::block_on(run::decide(&campaign, stores, now(), &mut |_| ())).unwrap();
    assert_eq!(host.outcomes("spring"), ["a skipped already-claimed"]);
}

#[test]
fn a_page_that_is_written_to_without_end_is_given_up() {
    let host = Host::of([contact("a", "a@example.com")]);
    let order = |number: u64| {
        let at = now().minus(Duration::minutes(i64::try_from(number).unwrap()));
        Batch::new().event(Event::track("a", "Order Completed", at))
    };
    let busy = |times: u64| {
        let store = FaultyStore::new(&host.store);
        (1..=times).fold(store, |store, number| store.meanwhile(number, order(number)))
    };
    let campaign = campaign("spring", hello());
    let decide = |store: &FaultyStore<'_>| {
        let stores: (&dyn Store, &dyn Vault) = (store, &host.vault);
        pollster::block_on(run::decide(&campaign, stores, now(), &mut |_| ()))
    };
    let error = decide(&busy(9)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Conflict);
    assert!(host.decisions("spring").is_empty());
    decide(&busy(8)).unwrap();
    assert_eq!(host.outcomes("spring"), ["a claimed"]);
}

#[test]
fn two_relays_at_once_send_nothing_twice() {
    for seed in 0..10 {
        let host =
            Host::of(["a", "b", "c", "d"].map(|id| contact(id, &format!("{id}@example.com"))));
        let campaign = campaign("spring", hello());
        host.decide(&campaign, now());
        let channel = channel(Idempotency::Key);
        let store = || FaultyStore::new(&host.store).pages_of(2).yielding();
        let (one, two) = (store(), store());
        let (watch_one, watch_two) = (&mut |_| (), &mut |_| ());
        let first = (&one as &dyn Store, &host.vault as &dyn Vault, &channel as &dyn Channel);
        let second = (&two as &dyn Store, &host.vault as &dyn Vault, &channel as &dyn Channel);
        let deliver_one = run::deliver(&campaign, first, now(), watch_one);
        let deliver_two = run::deliver(&campaign, second, now(), watch_two);
        let draws = &mut Seed::new(seed).draws();
        let (one, two) = take_turns(deliver_one, deliver_two, draws);
        for answer in [one, two] {
            let kind = answer.err().map(|error| error.kind());
            assert!(kind.is_none_or(|kind| kind == ErrorKind::Conflict), "{kind:?}");
        }
        host.deliver(&campaign, &channel, now());
        assert_eq!(host.deliveries("spring", StateName::Accepted).len(), 4);
        assert_eq!(channel.received().len(), 4, "seed {seed}");
    }
}

/// Hosts put the stages on executors that move work between threads.
#[test]
fn the_stages_are_send() {
    fn is_send<T: Send>(_: &T) {}
    let host = Host::default();
    let campaign = campaign("spring", hello());
    let channel = channel(Idempotency::Key);
    let (watch, other) = (&mut |_| (), &mut |_| ());
    let ends: (&dyn Store, &dyn Vault, &dyn Channel) = (&host.store, &host.vault, &channel);
    is_send(&run::decide(&campaign, (ends.0, ends.1), now(), watch));
    is_send(&run::deliver(&campaign, ends, now(), other));
    let (schema, watch) = (schema(), &mut |_| ());
    is_send(&run::take_in((ends.0, ends.1), &schema, "crm", Vec::new(), watch));
    let (watch, other) = (&mut |_| (), &mut |_| ());
    is_send(&run::freeze(ends.0, "spring", "nobody", [], now()));
    is_send(&run::freeze_audience(&campaign, ends.0, now(), watch));
    is_send(&run::broadcast(&campaign, ends, now(), other));
    is_send(&run::cancel(ends.0, campaign.mailing(), now()));
}
