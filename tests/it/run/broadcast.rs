//! Broadcasts: who is in the audience, who gets a message, and who may stop it.

mod killed;
mod stopped;

use std::collections::BTreeSet;

use bespoke::broadcast::{State as CastState, Status};
use bespoke::id::ProfileId;
use bespoke::run::Freeze;
use bespoke::testing::store::FaultyStore;
use proptest::prelude::*;

use super::*;

fn spring() -> bespoke::claim::Mailing {
    "spring".into()
}

impl Host {
    /// Freezes these people, in pages of two.
    fn freeze(&self, people: &[&str]) {
        pollster::block_on(async {
            let begun = Freeze::begin(&self.store, "spring", "these", now()).await.unwrap();
            let mut freeze = begun.unwrap().pages_of(2);
            freeze.add(people.iter().map(|id| ProfileId::from(*id))).await.unwrap();
            freeze.finish().await.unwrap();
        });
    }

    fn broadcast(&self, campaign: &Campaign, channel: &dyn Channel, now: Timestamp) -> Status {
        let ends: (&dyn Store, &dyn Vault, &dyn Channel) = (&self.store, &self.vault, channel);
        pollster::block_on(run::broadcast(campaign, ends, now, &mut |_| ())).unwrap()
    }

    fn status(&self) -> Status {
        pollster::block_on(run::status(&self.store, &spring())).unwrap().unwrap()
    }
}

#[test]
fn frozen_means_frozen_and_the_gate_decides_by_what_is_known_then() {
    let buyer = |id: &str| {
        let mut contact = contact(id, &format!("{id}@example.com"));
        contact.events.push(Event::track(id, "Order Completed", now().minus(Duration::days(6))));
        contact
    };
    let host =
        Host::of(["a", "b", "c", "d"].map(buyer).into_iter().chain([contact("e", "e@x.de")]));
    let recent = hello().audience(r#"count("Order Completed" over 7 days) > 0"#);
    let campaign = campaign("spring", recent);
    let watch: &mut run::Watch<'_> = &mut |_| ();
    let frozen = pollster::block_on(run::freeze_audience(&campaign, &host.store, now(), watch));
    assert_eq!(frozen.unwrap().members(), 4);
    // By then the orders are too old, somebody else has bought, and two are not to be written to.
    let later = now().plus(Duration::days(3));
    let mut news = Batch::new().event(Event::track("e", "Order Completed", later));
    news.consents.push(("b".into(), Consent::withdrawn(PURPOSE, later, "2026-01")));
    let bounced = Suppressed::new(Cause::Bounce, later);
    news.suppressions.push((digest("c@example.com"), bounced));
    host.commit(news);
    pollster::block_on(host.vault.erase(&"d".into(), later)).unwrap();
    // To freeze again asks nobody.
    let again = pollster::block_on(run::freeze_audience(&campaign, &host.store, later, watch));
    assert_eq!((again.as_ref().unwrap().members(), again.unwrap().at()), (4, now()));
    let channel = channel(Idempotency::Key);
    let status = host.broadcast(&campaign, &channel, later);
    let outcomes =
        ["a claimed", "b skipped consent", "c skipped suppressed", "d skipped no-address"];
    assert_eq!(host.outcomes("spring"), outcomes);
    assert_eq!((status.state, status.sent(), status.percent()), (CastState::Done, 1, 100));
    let skipped = ["consent", "no-address", "suppressed"].map(|reason| (reason.into(), 1));
    assert_eq!(status.tally.skipped, skipped.into());
    assert_eq!(host.status(), status);
}

#[test]
fn one_address_gets_one_message_whoever_was_told_first() {
    let people = [("a", "ann@example.com"), ("b", "bob@example.com"), ("c", "Ann@EXAMPLE.com")];
    for order in [["a", "b", "c"], ["c", "b", "a"], ["b", "c", "a"]] {
        let host = Host::of(people.map(|(id, address)| contact(id, address)));
        host.freeze(&order);
        let channel = channel(Idempotency::Key);
        let status = host.broadcast(&campaign("spring", hello()), &channel, now());
        let outcomes = ["a claimed", "b claimed", "c skipped already-claimed"];
        assert_eq!(host.outcomes("spring"), outcomes);
        assert_eq!((status.sent(), channel.received().len()), (2, 2));
    }
}

#[test]
fn nobody_and_strangers_are_an_audience_too() {
    let channel = channel(Idempotency::Key);
    let host = Host::of([contact("a", "a@example.com")]);
    host.freeze(&[]);
    let status = host.broadcast(&campaign("spring", hello()), &channel, now());
    assert_eq!((status.state, status.members, status.percent()), (CastState::Done, 0, 100));
    let host = Host::of([contact("a", "a@example.com")]);
    host.freeze(&["nobody", "a", "a"]);
    let status = host.broadcast(&campaign("spring", hello()), &channel, now());
    assert_eq!(host.outcomes("spring"), ["a claimed", "nobody skipped no-address"]);
    assert_eq!((status.state, status.members, status.sent()), (CastState::Done, 2, 1));
}

#[test]
fn who_is_put_off_is_asked_again_when_due() {
    let lives = |id: &str, zone: &str| {
        let mut contact = contact(id, &format!("{id}@example.com"));
        let told = Event::identify(id, time("2026-01-02T00:00:00Z")).with("timezone", zone);
        contact.events.push(told);
        contact
    };
    let host = Host::of([
        contact("a", "a@example.com"),
        lives("b", "America/New_York"),
        lives("c", "America/Los_Angeles"),
        lives("d", "Europe/Berlin"),
    ]);
    host.freeze(&["a", "b", "c", "d"]);
    let night = hello().quiet_hours("21:00", "08:00").zone(Some("timezone"), "Europe/London");
    let campaign = campaign("spring", night);
    let channel = channel(Idempotency::Key);
    let figures = |status: &Status| (status.state, status.sent(), status.tally.deferred);
    let status = host.broadcast(&campaign, &channel, now());
    assert_eq!(figures(&status), (CastState::Running, 2, 2));
    let (first, second) = (time("2026-03-01T13:00:00Z"), time("2026-03-01T16:00:00Z"));
    assert_eq!((status.until, status.remaining(), status.percent()), (Some(first), 2, 50));
    let early = host.broadcast(&campaign, &channel, first.minus(Duration::from_micros(1)));
    assert_eq!(early, status, "nobody is due");
    let status = host.broadcast(&campaign, &channel, first);
    assert_eq!((figures(&status), status.until), ((CastState::Running, 3, 1), Some(second)));
    let status = host.broadcast(&campaign, &channel, second);
    assert_eq!((figures(&status), status.until), ((CastState::Done, 4, 0), None));
    assert_eq!(channel.received().len(), 4);
}

#[test]
fn what_the_channel_puts_off_is_handed_over_when_due() {
    let host = Host::of([contact("a", "a@example.com"), contact("b", "b@example.com")]);
    host.freeze(&["a", "b"]);
    let campaign = campaign("spring", hello());
    let busy = FlakyChannel::new(Seed::new(1)).defers(1.0).fails(0.0).errs(0.0, 0.0);
    busy.set_now(now());
    let status = host.broadcast(&campaign, &busy, now());
    assert_eq!((status.state, status.sent(), status.remaining()), (CastState::Running, 0, 2));
    let until = status.until.unwrap();
    let free = channel(Idempotency::Key);
    let status = host.broadcast(&campaign, &free, until);
    assert_eq!((status.state, status.sent(), status.until), (CastState::Done, 2, None));
}

#[test]
fn half_an_audience_is_none() {
    let host = Host::of([contact("a", "a@example.com"), contact("b", "b@example.com")]);
    let campaign = campaign("spring", hello());
    let store: &dyn Store = &host.store;
    let channel = channel(Idempotency::Key);
    let refused = |said: &str| {
        let ends: (&dyn Store, &dyn Vault, &dyn Channel) = (store, &host.vault, &channel);
        let answer = pollster::block_on(run::broadcast(&campaign, ends, now(), &mut |_| ()));
        let error = answer.unwrap_err();
        assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::Input, said));
    };
    refused("no audience of the mailing `spring` is frozen");
    let broken = || Err(bespoke::Error::new(ErrorKind::Io, "the engine died"));
    // More than fit in memory, so that some are written.
    let many = (0..41_000).map(|number| Ok(format!("{number:06}").into())).chain([broken()]);
    let answer = pollster::block_on(run::freeze(store, "spring", "these", many, now()));
    assert_eq!(answer.unwrap_err().to_string(), "the engine died");
    refused("the audience of `spring` is not complete; freeze it first");
    let written = "broadcast/0/159/spring";
    assert!(pollster::block_on(store.document(written)).unwrap().unwrap().len() > 2_000);
    let members = ["b", "a", "b"].map(|id| Ok(id.into()));
    let frozen = pollster::block_on(run::freeze(store, "spring", "these", members, now())).unwrap();
    assert_eq!((frozen.members(), frozen.told()), (2, 3));
    assert_eq!(pollster::block_on(store.document(written)).unwrap().unwrap(), "");
    let unread = std::iter::once_with(|| panic!("it is frozen already"));
    let again = pollster::block_on(run::freeze(store, "spring", "these", unread, now()));
    assert_eq!(again.unwrap(), frozen);
    let other = pollster::block_on(run::freeze(store, "spring", "others", [], now()));
    let said = "the audience of `spring` is frozen by `these`, and asked for is `others`; \
        name another mailing";
    assert_eq!(other.unwrap_err().to_string(), said);
    assert_eq!(host.broadcast(&campaign, &channel, now()).sent(), 2);
}

#[test]
fn of_two_who_freeze_the_later_wins() {
    let store = MemoryStore::new();
    pollster::block_on(async {
        let begin = async || {
            let begun = Freeze::begin(&store, "spring", "these", now()).await.unwrap();
            begun.unwrap().pages_of(1)
        };
        let people = |from: u32| (from..from + 200).map(|it| ProfileId::from(format!("{it:04}")));
        let mut first = begin().await;
        first.add(people(0)).await.unwrap();
        let mut second = begin().await;
        second.add(people(1_000)).await.unwrap();
        let error = first.add(people(500)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert_eq!(second.finish().await.unwrap().members(), 200);
        assert_eq!(first.finish().await.unwrap_err().kind(), ErrorKind::Conflict);
        let block = store.document("broadcast/2/0/spring").await.unwrap();
        assert_eq!(block.as_deref(), Some(r#"["1000"]"#));
    });
}

/// The members of a frozen audience, page by page.
async fn pages(store: &dyn Store, frozen: &bespoke::broadcast::Broadcast) -> Vec<Vec<ProfileId>> {
    let mut pages = Vec::new();
    for number in 0..frozen.pages() {
        let name = frozen.page(number).document(frozen.mailing());
        let text = store.document(&name).await.unwrap().unwrap();
        pages.push(bespoke::broadcast::Block::read(&text).unwrap());
    }
    pages
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// However members come, and however many lists they make, the pages are the set in order.
    #[test]
    fn an_audience_is_a_set_in_order(
        members in prop::collection::vec(0..900_u32, 0..1_200),
        length in 1..4_u64,
        parts in 1..50_usize,
    ) {
        let members: Vec<ProfileId> =
            members.into_iter().map(|number| format!("p{number}").into()).collect();
        let expected: Vec<ProfileId> =
            members.iter().cloned().collect::<BTreeSet<_>>().into_iter().collect();
        let store = MemoryStore::new();
        pollster::block_on(async {
            let begun = Freeze::begin(&store, "spring", "these", now()).await.unwrap();
            let mut freeze = begun.unwrap().pages_of(length);
            for part in members.chunks(parts) {
                freeze.add(part.iter().cloned()).await.unwrap();
            }
            let frozen = freeze.finish().await.unwrap();
            prop_assert_eq!(frozen.told(), members.len() as u64);
            prop_assert_eq!(frozen.members(), expected.len() as u64);
            let pages = pages(&store, &frozen).await;
            let chunks = expected.chunks(usize::try_from(length).unwrap());
            prop_assert_eq!(pages, chunks.map(<[ProfileId]>::to_vec).collect::<Vec<_>>());
            Ok(())
        })?;
    }
}
