//! Whole campaigns: who is written to, who is not, and why.

mod broadcast;
mod killed;
mod raced;

use std::collections::BTreeMap;
use std::sync::Arc;

use bespoke::claim::Claim;
use bespoke::delivery::{Channel, Delivery, Idempotency, State, StateName};
use bespoke::email::ProviderHeader;
use bespoke::error::ErrorKind;
use bespoke::event::Event;
use bespoke::identity::{CanonicalEmail, Digest, Hasher};
use bespoke::key::{KeyProvider, KeyVersion, Keys, Secret};
use bespoke::playbook::{MailingPlan, Playbook, SenderPlan, TemplatePlan, TopicPlan};
use bespoke::privacy::{Cause, Consent, MemoryVault, Subscription, Suppressed, Vault};
use bespoke::run::{self, Campaign, Contact, Decided, Delivered, Intake};
use bespoke::schema::{Field, Schema};
use bespoke::scorer::{Score, Scorer};
use bespoke::seed::Seed;
use bespoke::store::{Batch, DecisionRecord, MemoryStore, Store};
use bespoke::table::Cell;
use bespoke::testing::channel::FlakyChannel;
use bespoke::time::{Duration, Timestamp};
use bespoke::value::{Kind, Value};

/// What people consent to.
const PURPOSE: &str = "news";

/// A channel that accepts whatever comes.
fn channel(idempotency: Idempotency) -> FlakyChannel {
    FlakyChannel::new(Seed::new(1)).dropping(idempotency).defers(0.0).fails(0.0).errs(0.0, 0.0)
}

fn keys() -> Arc<dyn KeyProvider> {
    Arc::new(Keys::new(KeyVersion::new(1), Secret::new([7; 32]).unwrap()))
}

fn digest(address: &str) -> Digest {
    Hasher::new(keys()).digest(&CanonicalEmail::new(address).unwrap()).unwrap()
}

fn time(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A Sunday, 09:00 in London.
fn now() -> Timestamp {
    time("2026-03-01T09:00:00Z")
}

fn schema() -> Schema {
    Schema::new()
        .attribute("email", Field::from(Kind::Text).personal())
        .attribute("name", Field::from(Kind::Text).personal())
        .attribute("city", Kind::Text)
        .attribute("timezone", Kind::Text)
        .event("Order Completed", [("revenue", Kind::Number)])
}

/// A playbook with a mailing of this name.
fn playbook(name: &str, mailing: MailingPlan) -> Playbook {
    let hello = "Hello {{ profile.name }}! {{ given.postal_address }} {{ given.unsubscribe_url }}";
    let near = "You live in {{ profile.city }}. {{ given.unsubscribe_url }}";
    let text = if &*mailing.template == "near" { near } else { hello };
    Playbook::new("shop", schema())
        .purpose(PURPOSE, "What is new in the shop.")
        .topic("sale", TopicPlan::new(PURPOSE, "Sales."))
        .sender(SenderPlan::new("Shop <s@shop.example>", "https://shop.example/u/", "Weg 1, Ulm"))
        .template(Arc::clone(&mailing.template), TemplatePlan::new("Hello!", text, text))
        .mailing(name, mailing.given(["postal_address", "unsubscribe_url"]))
}

fn hello() -> MailingPlan {
    MailingPlan::new("hello", PURPOSE)
}

fn campaign(name: &str, mailing: MailingPlan) -> Campaign {
    Campaign::new(&playbook(name, mailing), name, &keys()).unwrap()
}

/// Somebody who consented, and whose address and name are known.
fn contact(id: &str, address: &str) -> Contact {
    let since = time("2026-01-01T00:00:00Z");
    let told = Event::identify(id, since).with_id(format!("{id}-1"));
    let told = told.with("email", address).with("name", id);
    let mut contact = Contact::new(id, vec![told]);
    contact.consents.push(Consent::granted(PURPOSE, since, "2026-01"));
    contact
}

/// A host with its store and its vault.
#[derive(Default)]
struct Host {
    store: MemoryStore,
    vault: MemoryVault,
}

impl Host {
    fn of(contacts: impl IntoIterator<Item = Contact>) -> Self {
        let host = Self::default();
        host.take_in("first", contacts).unwrap();
        host
    }

    fn take_in(
        &self,
        extract: &str,
        contacts: impl IntoIterator<Item = Contact>,
    ) -> bespoke::Result<Intake> {
        let contacts: Vec<Contact> = contacts.into_iter().collect();
        let stores: (&dyn Store, &dyn Vault) = (&self.store, &self.vault);
        pollster::block_on(run::take_in(stores, &schema(), extract, contacts, &mut |_| ()))
    }

    fn decide(&self, campaign: &Campaign, now: Timestamp) -> Decided {
        let stores: (&dyn Store, &dyn Vault) = (&self.store, &self.vault);
        pollster::block_on(run::decide(campaign, stores, now, &mut |_| ())).unwrap()
    }

    fn deliver(&self, campaign: &Campaign, channel: &dyn Channel, now: Timestamp) -> Delivered {
        let ends: (&dyn Store, &dyn Vault, &dyn Channel) = (&self.store, &self.vault, channel);
        pollster::block_on(run::deliver(campaign, ends, now, &mut |_| ())).unwrap()
    }

    fn decisions(&self, mailing: &str) -> Vec<DecisionRecord> {
        let mailing = mailing.into();
        pollster::block_on(self.store.decisions(&mailing, None, 1_000)).unwrap().items
    }

    /// Who came to what, with the reason.
    fn outcomes(&self, mailing: &str) -> Vec<String> {
        let decisions = self.decisions(mailing).into_iter();
        decisions
            .map(|record| {
                let reason = record.reason.map_or(String::new(), |reason| format!(" {reason}"));
                format!("{} {}{reason}", record.profile, record.outcome)
            })
            .collect()
    }

    fn deliveries(&self, mailing: &str, state: StateName) -> Vec<Delivery> {
        let mailing = mailing.into();
        pollster::block_on(self.store.deliveries(&mailing, state, None, 1_000)).unwrap().items
    }

    fn commit(&self, batch: Batch) {
        pollster::block_on(self.store.commit(batch)).unwrap();
    }
}

#[test]
fn who_consented_and_has_an_address_is_written_to() {
    let mut refuses = contact("c", "c@example.com");
    refuses.consents.clear();
    let mut suppressed = contact("d", "d@example.com");
    let bounced = Suppressed::new(Cause::Bounce, time("2026-02-01T00:00:00Z"));
    suppressed.suppressions.push((digest("d@example.com"), bounced));
    let mut unsubscribed = contact("e", "e@example.com");
    unsubscribed.subscriptions.push(Subscription::unsubscribed("sale", now()));
    let since = time("2026-01-01T00:00:00Z");
    let unset = Event::identify("g", since.next()).with("email", Value::Null);
    let mut unset_address = contact("g", "g@example.com");
    unset_address.events.push(unset);
    let nameless = Contact::new("h", vec![Event::track("h", "Order Completed", since)]);
    let unknown = Contact::new("i", vec![Event::track("i", "Order Completed", now().next())]);
    let host = Host::of([
        contact("a", "a@example.com"),
        contact("b", "b@example.com"),
        refuses,
        suppressed,
        unsubscribed,
        contact("f", "no address"),
        unset_address,
        nameless,
        unknown,
    ]);
    pollster::block_on(host.vault.erase(&"b".into(), now())).unwrap();
    let campaign = campaign("spring", hello().topic("sale"));
    let decided = host.decide(&campaign, now());
    let outcomes = [
        "a claimed",
        "b skipped no-address",
        "c skipped consent",
        "d skipped suppressed",
        "e skipped unsubscribed",
        "f skipped bad-address",
        "g skipped no-address",
        "h skipped no-address",
    ];
    assert_eq!(host.outcomes("spring"), outcomes);
    let counted = BTreeMap::from([("claimed".into(), 1), ("skipped".into(), 7)]);
    assert_eq!(decided.outcomes, counted);
    assert!(host.decide(&campaign, now()).outcomes.is_empty(), "nobody is decided of again");
    let channel = channel(Idempotency::Key);
    let delivered = host.deliver(&campaign, &channel, now());
    assert_eq!(delivered.states, BTreeMap::from([(StateName::Accepted, 1)]));
    let received = channel.received();
    let [(id, bytes)] = received.as_slice() else { panic!("{received:?}") };
    assert_eq!(id.as_str(), "spring-a");
    assert!(String::from_utf8_lossy(bytes).contains("a@example.com"));
    assert_eq!(host.deliver(&campaign, &channel, now()), Delivered::default());
}

#[test]
fn an_audience_is_asked_before_anything_personal_is_read() {
    let mut buyer = contact("b", "b@example.com");
    buyer.events.push(Event::track("b", "Order Completed", now()));
    let host = Host::of([contact("a", "a@example.com"), buyer]);
    let campaign = campaign("spring", hello().audience(r#"count("Order Completed") > 0"#));
    host.decide(&campaign, now());
    assert_eq!(host.outcomes("spring"), ["a skipped audience", "b claimed"]);
    assert!(host.decisions("spring")[0].steps.is_empty());
}

#[test]
fn one_address_gets_one_mail_in_one_page_and_in_two() {
    for pages in [1, 100] {
        let host = Host::of(
            [("a", "ann@example.com"), ("b", "Ann@EXAMPLE.com"), ("c", "ann@example.com")]
                .map(|(id, address)| contact(id, address)),
        );
        let store = bespoke::testing::store::FaultyStore::new(&host.store).pages_of(pages);
        let stores: (&dyn Store, &dyn Vault) = (&store, &host.vault);
        let campaign = campaign("spring", hello());
        pollster::block_on(run::decide(&campaign, stores, now(), &mut |_| ())).unwrap();
        let outcomes = ["a claimed", "b skipped already-claimed", "c skipped already-claimed"];
        assert_eq!(host.outcomes("spring"), outcomes);
        assert_eq!(host.deliveries("spring", StateName::Claimed).len(), 1);
    }
}

#[test]
fn a_cap_defers_until_the_instant_at_which_it_has_room() {
    let host = Host::of([contact("a", "a@example.com"), contact("b", "b@example.com")]);
    let capped = || hello().cap(1, Duration::days(7));
    let (winter, spring) = (campaign("winter", capped()), campaign("spring", capped()));
    let earlier = now().minus(Duration::days(3));
    host.decide(&winter, earlier);
    // Somebody new has had nothing yet.
    host.take_in("second", [contact("c", "c@example.com")]).unwrap();
    host.decide(&spring, now());
    let outcomes = ["a deferred frequency-cap", "b deferred frequency-cap", "c claimed"];
    assert_eq!(host.outcomes("spring"), outcomes);
    let until = earlier.plus(Duration::days(7));
    assert!(host.decisions("spring")[..2].iter().all(|record| record.until == Some(until)));
    let before = host.decisions("spring");
    let early = host.decide(&spring, until.minus(Duration::from_micros(1)));
    assert_eq!((early, host.decisions("spring")), (Decided::default(), before), "nobody is due");
    // One of them withdraws meanwhile: what is known then counts.
    let mut withdrawn = Batch::new();
    withdrawn.consents.push(("b".into(), Consent::withdrawn(PURPOSE, now().next(), "2026-01")));
    host.commit(withdrawn);
    let late = host.decide(&spring, until);
    assert_eq!(late.outcomes.values().sum::<u64>(), 2, "{late:?}");
    assert_eq!(host.outcomes("spring"), ["a claimed", "b skipped consent", "c claimed"]);
    let decisions = host.decisions("spring");
    let at: Vec<_> = decisions.iter().map(|record| (record.at, record.until)).collect();
    assert_eq!(at, [(until, None), (until, None), (now(), None)]);
    let channel = channel(Idempotency::Key);
    host.deliver(&spring, &channel, until);
    assert_eq!(channel.received().len(), 2);
}

#[test]
fn quiet_hours_defer_until_the_morning_where_somebody_lives() {
    let lives = |id: &str, zone: &str| {
        let mut contact = contact(id, &format!("{id}@example.com"));
        let told = Event::identify(id, time("2026-01-02T00:00:00Z")).with("timezone", zone);
        contact.events.push(told);
        contact
    };
    let host = Host::of([
        contact("a", "a@example.com"),
        lives("b", "America/New_York"),
        lives("c", "Atlantis/Capital"),
        lives("d", "Europe/Berlin"),
    ]);
    let night = hello().quiet_hours("21:00", "08:00").zone(Some("timezone"), "Europe/London");
    let campaign = campaign("spring", night);
    host.decide(&campaign, now());
    let outcomes =
        ["a claimed", "b deferred quiet-hours", "c skipped zone-unavailable", "d claimed"];
    assert_eq!(host.outcomes("spring"), outcomes);
    let morning = time("2026-03-01T13:00:00Z");
    assert_eq!(host.decisions("spring")[1].until, Some(morning));
    host.decide(&campaign, morning.minus(Duration::from_micros(1)));
    assert_eq!(host.outcomes("spring"), outcomes, "it is night still");
    host.decide(&campaign, morning);
    assert_eq!(host.outcomes("spring")[1], "b claimed");
    assert_eq!(host.outcomes("spring")[2], outcomes[2], "what is skipped stays");
}

#[test]
fn who_may_no_longer_be_written_to_is_not() {
    let people = ["a", "b", "c", "d", "e", "f"];
    let host = Host::of(people.map(|id| contact(id, &format!("{id}@example.com"))));
    let campaign = campaign("spring", hello().topic("sale"));
    host.decide(&campaign, now());
    let later = now().plus(Duration::minutes(5));
    let mut batch = Batch::new();
    batch.consents.push(("a".into(), Consent::withdrawn(PURPOSE, later, "2026-01")));
    let opted_out = Suppressed::new(Cause::UnsubscribeAll, later);
    batch.suppressions.push((digest("b@example.com"), opted_out));
    batch.subscriptions.push(("c".into(), Subscription::unsubscribed("sale", later)));
    // Not yet.
    batch.consents.push(("d".into(), Consent::withdrawn(PURPOSE, later.next(), "2026-01")));
    host.commit(batch);
    pollster::block_on(host.vault.erase(&"e".into(), later)).unwrap();
    let channel = channel(Idempotency::Key);
    let delivered = host.deliver(&campaign, &channel, later);
    let counted = BTreeMap::from([(StateName::Accepted, 2), (StateName::Failed, 4)]);
    assert_eq!(delivered.states, counted);
    let handed: Vec<String> = channel.handed().keys().map(ToString::to_string).collect();
    assert_eq!(handed, ["spring-d", "spring-f"]);
    let failed = host.deliveries("spring", StateName::Failed);
    let reasons: Vec<_> = failed.iter().map(|found| (found.id().as_str(), &found.state)).collect();
    let because = |reason: &str| State::Failed { reason: format!("{reason} since the claim") };
    let expected = [
        ("spring-a", &because("consent")),
        ("spring-b", &because("suppressed")),
        ("spring-c", &because("unsubscribed")),
        ("spring-e", &because("erased")),
    ];
    assert_eq!(reasons, expected);
    assert!(failed.iter().all(|found| found.sealed.is_none()), "what was written is dropped");
}

#[test]
fn what_was_left_behind_and_may_not_go_out_is_unknown() {
    let host = Host::of([contact("a", "a@example.com"), contact("b", "b@example.com")]);
    let campaign = campaign("spring", hello());
    host.decide(&campaign, now());
    let mut batch = Batch::new();
    let claimed = host.deliveries("spring", StateName::Claimed);
    batch.transitions.extend(claimed.iter().map(|delivery| delivery.taken(now())));
    batch.consents.push(("a".into(), Consent::withdrawn(PURPOSE, now(), "2026-01")));
    host.commit(batch);
    let channel = channel(Idempotency::Key);
    let delivered = host.deliver(&campaign, &channel, now());
    let counted = BTreeMap::from([(StateName::Accepted, 1), (StateName::Unknown, 1)]);
    assert_eq!(delivered.states, counted);
    assert_eq!(channel.received().len(), 1);
    let unknown = host.deliveries("spring", StateName::Unknown);
    assert_eq!(unknown[0].id().as_str(), "spring-a");
}

#[test]
fn a_template_that_fails_for_one_stops_nobody_else() {
    let mut settled = contact("b", "b@example.com");
    let told = Event::identify("b", time("2026-01-02T00:00:00Z")).with("city", "Ulm");
    settled.events.push(told);
    let host = Host::of([contact("a", "a@example.com"), settled]);
    let campaign = campaign("spring", MailingPlan::new("near", PURPOSE));
    host.decide(&campaign, now());
    let outcomes = host.outcomes("spring");
    let reason = "template `near`: html: nothing is known of `profile.city` (line 1, column 16)";
    assert_eq!(outcomes, [format!("a failed {reason}"), "b claimed".to_owned()]);
    assert!(host.decisions("spring")[0].message.is_none());
}

#[test]
fn what_a_mailing_is_to_be_given_must_be_given() {
    let plan = || hello().given(["coupon"]);
    let host = Host::of([contact("a", "a@example.com")]);
    let incomplete = campaign("spring", plan());
    let stores: (&dyn Store, &dyn Vault) = (&host.store, &host.vault);
    let answer = pollster::block_on(run::decide(&incomplete, stores, now(), &mut |_| ()));
    let error = answer.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Definition);
    let said = "the mailing `spring` is to be given `coupon`; say what by `Campaign::given`";
    assert_eq!(error.to_string(), said);
    assert!(host.decisions("spring").is_empty(), "nobody is written off");
    host.decide(&campaign("spring", plan()).given("coupon", "SPRING"), now());
    assert_eq!(host.outcomes("spring"), ["a claimed"]);
}

#[test]
fn what_a_channel_writes_itself_is_left_out() {
    let host = Host::of([contact("a", "a@example.com")]);
    let channel = channel(Idempotency::Key).writes([ProviderHeader::MessageId]);
    let campaign = campaign("spring", hello()).carried_by(&channel);
    host.decide(&campaign, now());
    host.deliver(&campaign, &channel, now());
    let (_, bytes) = channel.received().remove(0);
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("\r\nList-Unsubscribe: ") && !text.contains("Message-ID"), "{text}");
}

#[test]
fn without_its_key_a_message_waits() {
    let host = Host::of([contact("a", "a@example.com")]);
    let plan = playbook("spring", hello());
    let campaign = Campaign::new(&plan, "spring", &keys()).unwrap();
    host.decide(&campaign, now());
    let other: Arc<dyn KeyProvider> =
        Arc::new(Keys::new(KeyVersion::new(2), Secret::new([8; 32]).unwrap()));
    let stranger = Campaign::new(&plan, "spring", &other).unwrap();
    let channel = channel(Idempotency::Key);
    let delivered = host.deliver(&stranger, &channel, now());
    assert_eq!((delivered.unopened, delivered.states.len()), (1, 0));
    assert_eq!(host.deliver(&campaign, &channel, now()).states[&StateName::Accepted], 1);
}

/// The more somebody bought, the less; nothing of who bought as often as a shop can bear.
#[derive(Debug)]
struct Recent(Vec<Arc<str>>, f64);

impl Scorer for Recent {
    fn features(&self) -> &[Arc<str>] {
        &self.0
    }

    fn score(&self, row: &[Cell]) -> bespoke::Result<f64> {
        let orders = row.iter().map(Cell::number).sum::<f64>();
        Ok(if orders >= self.1 { f64::NAN } else { 1.0 / (1.0 + orders) })
    }

    fn version(&self) -> &'static str {
        "recent-1"
    }
}

#[test]
fn a_score_is_told_once_with_where_it_comes_from() {
    let buyer = |id: &str, orders: i64| {
        let mut contact = contact(id, &format!("{id}@example.com"));
        let order = |days| Event::track(id, "Order Completed", now().minus(Duration::days(days)));
        contact.events.extend((1..=orders).map(order));
        contact
    };
    let host = Host::of([contact("a", "a@example.com"), buyer("b", 1), buyer("c", 3)]);
    let score = Score::new(
        r#"count("Order Completed" over 90 days) > 0"#,
        r#"count("Order Completed" over 30 days) = 0"#,
        Duration::days(30),
    );
    let score = score.feature("orders", r#"count("Order Completed" over 90 days)"#);
    let plan = playbook("spring", hello().cap(1, Duration::days(1))).score("churn", score);
    let bare = || Campaign::new(&plan, "spring", &keys()).unwrap();
    let recent = |features: &[&str]| {
        Arc::new(Recent(features.iter().map(|name| Arc::from(*name)).collect(), 3.0))
    };
    let error = bare().scorer("chrun", recent(&["orders"])).unwrap_err();
    let said = "the playbook has no score `chrun`; did you mean `churn`?";
    assert_eq!((error.kind(), &*error.to_string()), (ErrorKind::Definition, said));
    let error = bare().scorer("churn", recent(&["visits"])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Model);
    let campaign = bare().scorer("churn", recent(&["orders"])).unwrap();
    // Deferred at first, so that there is a second time.
    let mut earlier = Batch::new();
    let claim = Claim::new("winter", "winter-b", "b", now());
    let delivery = Delivery::claimed(claim, digest("b@example.com"), PURPOSE, *b"");
    earlier.deliveries.push(delivery);
    host.commit(earlier);
    host.decide(&campaign, now());
    let outcomes = host.outcomes("spring");
    let odd = "c failed score `churn`: the model says NaN";
    assert_eq!(outcomes, ["a claimed", "b deferred frequency-cap", odd]);
    host.decide(&campaign, now());
    let told = |id: &str| {
        let profile = pollster::block_on(host.store.profile(&id.into())).unwrap();
        let scores =
            profile.events.into_iter().filter(|event| event.fields().get("churn").is_some());
        scores.collect::<Vec<_>>()
    };
    assert!(told("a").is_empty() && told("c").is_empty());
    let scores = told("b");
    let [score] = scores.as_slice() else { panic!("{scores:?}") };
    assert_eq!(score.fields().get("churn"), Some(&"0.5".parse().map(Value::Number).unwrap()));
    let (name, context) = score.envelope().next().unwrap();
    assert_eq!(name, "context");
    assert!(context.contains(r#""model":"recent-1""#), "{context}");
    let detail = &host.decisions("spring")[1].detail;
    assert_eq!(detail, r#"{"blocks":{},"scores":{"churn":0.5},"segments":{}}"#);
    let due = now().plus(Duration::days(1));
    host.decide(&campaign, due);
    assert_eq!(host.outcomes("spring")[1], "b claimed");
    assert_eq!(told("b").len(), 2, "each instant has its score");
}

#[test]
fn an_extract_is_read_on_from_where_it_was_left() {
    let all = || (0..600).map(|number| contact(&format!("p{number:03}"), "p@example.com"));
    for stop in [0, 1, 249, 250, 251, 500, 600] {
        let host = Host::default();
        let first = host.take_in("crm", all().take(stop)).unwrap();
        let second = host.take_in("crm", all()).unwrap();
        assert_eq!(first.people + second.people, 600);
        assert_eq!(first.events + second.events, 600);
        let third = host.take_in("crm", all()).unwrap();
        assert_eq!(third, Intake::default(), "everything was taken in");
        let page = pollster::block_on(host.store.profiles(None, 1_000)).unwrap();
        assert_eq!(page.items.len(), 600);
        assert!(page.items.iter().all(|profile| profile.version.number() == 1));
    }
}

#[test]
fn what_is_told_out_of_place_is_refused() {
    let host = Host::default();
    let mut strange = contact("b", "b@example.com");
    strange.events.push(Event::track("a", "Order Completed", now()));
    let nobody = Event::new(bespoke::event::EventKind::Track, "Order Completed", now());
    strange.events.push(nobody);
    let intake = host.take_in("crm", [strange]).unwrap();
    assert_eq!((intake.people, intake.events), (1, 1));
    assert_eq!(intake.refused, BTreeMap::from([("another-person".into(), 2)]));
    // Any order will do, as long as it is the same each time.
    let pair = ["d", "c"].map(|id| contact(id, "c@example.com"));
    assert_eq!(host.take_in("shop", pair.clone()).unwrap().people, 2);
    let error = host.take_in("shop", pair.into_iter().take(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Input);
    assert_eq!(error.to_string(), "shop: 2 people were read of it, and it has 1");
    let shown = format!("{:?}", contact("e", "e@example.com"));
    assert!(shown.contains("events: 1") && !shown.contains("example.com"), "{shown}");
}
