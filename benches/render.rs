//! What a message costs: from a view to a letter, and from a letter to MIME.

#![expect(clippy::unwrap_used, reason = "a benchmark that fails may panic")]

use std::sync::Arc;

use bespoke::email::{Address, Composer, Draft, Sender};
use bespoke::engine::{View, Wanted};
use bespoke::facts::Timeline;
use bespoke::gate::{Candidate, Lookup, Permit, Standing, Verdict, gate};
use bespoke::identity::{CanonicalEmail, Hasher};
use bespoke::key::{KeyVersion, Keys, Secret};
use bespoke::playbook::Playbook;
use bespoke::privacy::{Consent, Ledger};
use bespoke::seed::Seed;
use bespoke::testing::shop::{Customer, Shop};
use bespoke::time::Timestamp;
use bespoke::value::Fields;
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};

fn now() -> Timestamp {
    "2026-03-01T09:00:00Z".parse().unwrap()
}

fn view(customer: &Customer) -> View {
    let playbook = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/campaign/playbooks/shop");
    let engine = Playbook::open(playbook).unwrap().engine().unwrap();
    let timeline = Timeline::of(customer.events.clone(), engine.schema());
    engine.evaluate(&timeline.facts(now()), &Wanted::everything()).unwrap()
}

fn permit(customer: &Customer, hasher: &Hasher) -> Permit {
    let address = hasher.digest(&CanonicalEmail::new(&customer.address).unwrap()).unwrap();
    let consents = Ledger::new().with(Consent::granted("marketing", now(), "2025-01"));
    let standing = Standing::new(customer.id.clone(), address)
        .erased(Lookup::Known(false))
        .suppressed(Lookup::Known(None))
        .consents(Lookup::Known(consents));
    match gate(&standing, &Candidate::marketing("marketing"), now()).verdict {
        Verdict::Permit(permit) => Some(permit),
        _ => None,
    }
    .unwrap()
}

fn render(c: &mut Criterion) {
    let customer = Shop::new(Seed::new(1)).until(now()).customer(7);
    let view = view(&customer);
    let keys = Arc::new(Keys::new(KeyVersion::new(1), Secret::new([7; 32]).unwrap()));
    let sender = Sender::new(
        "The Shop <news@shop.example>",
        "https://shop.example/unsubscribe/",
        "The Shop, 1 High Street, London",
    );
    let composer = Composer::new(&sender, Arc::clone(&keys) as _).unwrap();
    let hasher = Hasher::new(keys);
    let url = composer.unsubscribe_url(&"m-1".into(), &customer.id, &"marketing".into()).unwrap();
    let given = Fields::from_iter([
        ("unsubscribe_url", url.into()),
        ("postal_address", sender.postal_address.as_str().into()),
    ]);
    let letter = view.letter("newsletter", &given).unwrap();
    let recipient = Address::new(Some(&customer.name), &customer.address).unwrap();
    let draft = Draft::new("m-1", customer.id.clone(), recipient, letter);
    let mut group = c.benchmark_group("message");
    group.bench_function("letter", |b| b.iter(|| view.letter("newsletter", &given).unwrap()));
    group.bench_function("gate", |b| b.iter(|| permit(&customer, &hasher)));
    group.bench_function("compose", |b| {
        let permit = || permit(&customer, &hasher);
        let compose = |permit| composer.compose(permit, &draft, now()).unwrap();
        b.iter_batched(permit, compose, BatchSize::SmallInput);
    });
    group.finish();
}

criterion_group!(benches, render);
criterion_main!(benches);
