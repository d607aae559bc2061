//! The clauses about deliveries.

use super::{asked, at, digest, dump, refused};
use crate::claim::Claim;
use crate::delivery::{Delivery, State, StateName, Transition};
use crate::error::{ErrorKind, Result};
use crate::store::{Batch, Store};

/// A claimed delivery at the address of this number, claimed in that second.
pub(super) fn delivery(mailing: &str, message: &str, profile: &str, address: u8) -> Delivery {
    let claim = Claim::new(mailing, message, profile, at(i64::from(address)));
    Delivery::claimed(claim, digest(address), "news", [address; 3])
}

/// A step from a state: of those claimed to sending, of others to accepted.
pub(super) fn step(message: &str, from: &str, seconds: i64) -> Transition {
    let (from, to) = match from {
        "claimed" => (StateName::Claimed, State::Sending),
        _ => (StateName::Sending, State::Accepted),
    };
    Transition::new(message.into(), from, to, at(seconds))
}

fn claiming(deliveries: impl IntoIterator<Item = Delivery>) -> Batch {
    let mut batch = Batch::new();
    batch.deliveries.extend(deliveries);
    batch
}

fn stepping(transitions: impl IntoIterator<Item = Transition>) -> Batch {
    let mut batch = Batch::new();
    batch.transitions.extend(transitions);
    batch
}

pub(super) async fn are_unique<S: Store>(store: &S) -> Result<()> {
    store.commit(claiming([delivery("spring", "d-1", "p-1", 1)])).await?;
    for (twice, clause) in [
        (claiming([delivery("spring", "d-2", "p-2", 1)]), "an address is claimed once"),
        (claiming([delivery("autumn", "d-1", "p-2", 2)]), "a message is claimed once"),
        (claiming([delivery("spring", "d-1", "p-1", 1)]), "a claim is made once"),
        (
            claiming([delivery("spring", "d-2", "p-2", 2), delivery("spring", "d-3", "p-3", 2)]),
            "an address is claimed once in a batch",
        ),
        (
            claiming([delivery("spring", "d-2", "p-2", 2), delivery("autumn", "d-2", "p-2", 3)]),
            "a message is claimed once in a batch",
        ),
    ] {
        refused(store, twice, ErrorKind::Conflict, clause).await?;
    }
    let mut begun = delivery("spring", "d-2", "p-2", 2);
    begun.state = State::Sending;
    refused(store, claiming([begun]), ErrorKind::Input, "a new delivery is claimed").await?;
    let others = [delivery("autumn", "d-2", "p-1", 1), delivery("spring", "d-3", "p-1", 2)];
    store.commit(claiming(others)).await?;
    Ok(())
}

pub(super) async fn are_found<S: Store>(store: &S) -> Result<()> {
    let mut early = delivery("autumn", "d-2", "p-2", 1);
    early.claim.at = at(-5);
    let deliveries = [
        delivery("spring", "d-1", "p-1", 1),
        early.clone(),
        delivery("spring", "d-3", "p-1", 3),
        delivery("autumn", "d-0", "p-1", 3),
    ];
    store.commit(claiming(deliveries.clone())).await?;
    let [first, early, late, tied] = deliveries.map(|delivery| delivery.claim);
    let profile = store.profile(&"p-1".into()).await?;
    let claims = [first.clone(), tied.clone(), late.clone()];
    assert_eq!(profile.claims, claims, "a profile's claims come with the earliest first");
    let page = store.profiles(None, 10).await?;
    assert_eq!(page.items.first(), Some(&profile), "a page holds what one profile does");
    let found = store.addresses(&[digest(1), digest(2), digest(3)]).await?.claims;
    let found: Vec<_> = found.into_iter().collect();
    let expected = [(digest(1), vec![early, first]), (digest(3), vec![tied, late])];
    assert_eq!(found, expected, "an address's claims come with the earliest first");
    Ok(())
}

async fn only<S: Store>(store: &S, state: StateName) -> Result<Delivery> {
    let page = store.deliveries(&"spring".into(), state, None, 10).await?;
    let [delivery] = page.items.as_slice() else {
        let count = page.items.len();
        return Err(crate::error::Error::new(
            ErrorKind::Input,
            format!("{count} deliveries are {state}, not one"),
        ));
    };
    Ok(delivery.clone())
}

pub(super) async fn go_through_states<S: Store>(store: &S) -> Result<()> {
    let claimed = delivery("spring", "d-1", "p-1", 1);
    store.commit(claiming([claimed.clone()])).await?;
    assert_eq!(only(store, StateName::Claimed).await?, claimed, "a delivery comes back as it was");
    let to = |from, to, seconds| stepping([Transition::new("d-1".into(), from, to, at(seconds))]);
    let deferred = State::Deferred { until: at(9), reason: "busy".to_owned() };
    let steps = [
        (StateName::Claimed, State::Sending, 1),
        (StateName::Sending, State::Sending, 2),
        (StateName::Sending, deferred, 2),
        (StateName::Deferred, State::Sending, 3),
        (StateName::Sending, State::Unknown, 3),
        (StateName::Unknown, State::Failed { reason: "no such user".to_owned() }, 3),
    ];
    for (number, (from, state, attempts)) in (2..).zip(steps) {
        store.commit(to(from, state.clone(), number)).await?;
        let stored = only(store, state.name()).await?;
        let sealed = claimed.sealed.clone().filter(|_| !state.name().is_final());
        let expected = Delivery {
            state: state.clone(),
            since: at(number),
            attempts,
            sealed,
            ..claimed.clone()
        };
        assert_eq!(stored, expected, "a step changes the state and nothing else");
        let wrong = to(StateName::Claimed, State::Sending, 50);
        refused(store, wrong, ErrorKind::Conflict, "a step begins where the delivery is").await?;
        let back = to(state.name(), State::Claimed, 50);
        refused(store, back, ErrorKind::Conflict, "no step leads back to claimed").await?;
    }
    let after = to(StateName::Failed, State::Sending, 50);
    refused(store, after, ErrorKind::Conflict, "nothing comes after failed").await?;
    let mut chain = claiming([delivery("autumn", "d-2", "p-1", 2)]);
    chain.transitions = vec![step("d-2", "claimed", 5), step("d-2", "sending", 6)];
    store.commit(chain).await?;
    let accepted = store.deliveries(&"autumn".into(), StateName::Accepted, None, 10).await?;
    let accepted = accepted.items.first().map(|found| (found.attempts, found.sealed.is_none()));
    assert_eq!(accepted, Some((1, true)), "steps are taken in order, after the batch's claims");
    let profile = store.profile(&"p-1".into()).await?;
    assert_eq!(profile.claims.len(), 2, "a claim stays, whatever becomes of the delivery");
    Ok(())
}

pub(super) async fn are_paged_while_they_change<S: Store>(store: &S) -> Result<()> {
    let names = ["d-9", "d-2", "d-7", "d-1", "d-5"];
    for (number, name) in (1..).zip(names) {
        store.commit(claiming([delivery("spring", name, "p-1", number)])).await?;
    }
    store.commit(claiming([delivery("autumn", "d-0", "p-1", 9)])).await?;
    let whole = dump(store, &asked(), usize::MAX).await?;
    for limit in [0, 1, 2, 7] {
        let paged = dump(store, &asked(), limit).await?;
        assert_eq!(paged, whole, "pages of {limit} hold what one large page holds");
    }
    // A relay takes each page before it reads the next.
    let mut after = None;
    let mut taken = Vec::new();
    loop {
        let claimed = StateName::Claimed;
        let page = store.deliveries(&"spring".into(), claimed, after.as_ref(), 2).await?;
        let steps = page.items.iter().map(|found| step(found.id().as_str(), "claimed", 5));
        store.commit(stepping(steps)).await?;
        taken.extend(page.items.iter().map(|found| found.id().to_string()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(taken, names, "deliveries come in the order in which they were claimed");
    Ok(())
}
