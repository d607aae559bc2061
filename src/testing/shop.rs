//! A simulated shop: customers and a year of what they did, from a seed.
//!
//! It is for examples, tests and benchmarks. The customers visit by month and hour, favour a
//! category, fill carts and buy or abandon them, hunt for bargains, read their mail, lapse and
//! come back; a small share of the events is known only hours after it happened. The numbers are
//! made up so that usual segments are neither empty nor trivial; nothing was fitted to a real shop.
//!
//! The events have the names of the Segment specification (e-commerce V2 and e-mail), and
//! [`schema`] declares them.
//!
//! ```
//! use bespoke::seed::Seed;
//! use bespoke::testing::shop::Shop;
//!
//! let shop = Shop::new(Seed::new(7)).customers(100).until("2026-03-01T09:00:00Z".parse()?);
//! let first = shop.customer(1);
//! assert_eq!(first.id.as_str(), "c000001");
//! assert!(first.address.ends_with(".example.com"));
//!
//! let events: usize = shop.into_iter().map(|customer| customer.events.len()).sum();
//! assert!(events > 1_000);
//! # Ok::<(), bespoke::Error>(())
//! ```

mod conduct;
mod person;

use std::sync::Arc;

use super::catalogue::Catalogue;
use super::words::Words;
use crate::event::Event;
use crate::id::ProfileId;
use crate::schema::{BusinessKey, Field, Schema};
use crate::seed::Seed;
use crate::time::{Duration, Timestamp};
use crate::value::Kind;

use conduct::Conduct;
use person::Person;

/// A shop of so many customers with a year of history.
///
/// Everything follows from the seed and the end of the history. A customer does not depend on how
/// many others there are, so a shop of a hundred is the beginning of a shop of a million. The same
/// shop gives the same bytes on every platform.
///
/// Iterating gives one customer after the other and keeps none: the events are in order within a
/// customer, not over all of them.
#[derive(Clone, Debug)]
pub struct Shop {
    seed: Seed,
    customers: u32,
    history: History,
    stock: Arc<(Catalogue, Words)>,
}

/// One customer: who they are, what they agreed to, and what they did.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Customer {
    /// `c000001` and on.
    pub id: ProfileId,
    /// Their full name, as their traits have it.
    pub name: String,
    /// Their e-mail address, as their traits have it; no two customers share one.
    pub address: String,
    /// What they said to marketing mail, in the order in which they said it; at least one.
    pub consents: Vec<Consent>,
    /// What they chose to read about, in the order in which they chose it; most never chose.
    pub subscriptions: Vec<Subscription>,
    /// From when on nothing may be sent to their address, if so.
    pub suppression: Option<Suppression>,
    /// The `identify` that tells their traits, and what they did, in the order in which it
    /// happened; nothing is later than the end of the history, though it may be known later.
    pub events: Vec<Event>,
}

/// What a customer said to marketing mail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Consent {
    /// When they said it.
    pub at: Timestamp,
    /// Whether they agreed.
    pub granted: bool,
    /// How they said it.
    pub evidence: &'static str,
}

/// What a customer chose of a topic.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Subscription {
    /// When they chose.
    pub at: Timestamp,
    /// Which topic: `season`.
    pub topic: &'static str,
    /// Whether they want it.
    pub subscribed: bool,
}

/// Why nothing may be sent to an address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Suppression {
    /// From when on.
    pub at: Timestamp,
    /// `hard bounce` or `complaint`.
    pub reason: &'static str,
}

/// One customer after the other.
#[derive(Clone, Debug)]
pub struct Customers {
    shop: Shop,
    next: u32,
}

/// From when until when there are events, both included.
#[derive(Clone, Copy, Debug)]
struct History {
    from: Timestamp,
    until: Timestamp,
}

impl Shop {
    /// A shop of 20,000 customers (some 800,000 events) whose history ends at
    /// 2026-03-01T09:00:00Z, a Sunday morning.
    pub fn new(seed: Seed) -> Self {
        let stock = Arc::new((Catalogue::new(seed.fork("catalogue")), Words::new()));
        let until = Timestamp::from_micros(1_772_355_600_000_000);
        Self { seed: seed.fork("customers"), customers: 20_000, history: History::to(until), stock }
    }

    /// The same shop with so many customers.
    #[must_use]
    pub fn customers(self, customers: u32) -> Self {
        Self { customers, ..self }
    }

    /// The same shop with the year of history that ends at this instant.
    #[must_use]
    pub fn until(self, until: Timestamp) -> Self {
        Self { history: History::to(until), ..self }
    }

    /// The customer of this number, the first being 1, whether or not the shop has so many.
    pub fn customer(&self, number: u32) -> Customer {
        let seed = self.seed.fork(&number.to_string());
        let person = Person::new(number, seed, self.history);
        let consents = person.consents(seed, self.history);
        let subscriptions = person.subscriptions(seed, self.history);
        let suppression = person.suppression(seed, self.history);
        let mut conduct = Conduct::new(&person, seed, self.history, &self.stock);
        conduct.live(&consents, suppression);
        let events = conduct.finish();
        Customer {
            id: person.id,
            name: person.name,
            address: person.address,
            consents,
            subscriptions,
            suppression,
            events,
        }
    }
}

impl IntoIterator for Shop {
    type Item = Customer;
    type IntoIter = Customers;

    fn into_iter(self) -> Customers {
        Customers { shop: self, next: 0 }
    }
}

impl Iterator for Customers {
    type Item = Customer;

    fn next(&mut self) -> Option<Customer> {
        if self.next == self.shop.customers {
            return None;
        }
        self.next += 1;
        Some(self.shop.customer(self.next))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.shop.customers - self.next);
        (left.unwrap_or(usize::MAX), left.ok())
    }
}

impl ExactSizeIterator for Customers {}

impl History {
    /// The 365 days that end at `until`.
    fn to(until: Timestamp) -> Self {
        // So that whoever steps past the end of the history gets there.
        let until = until.min(Timestamp::MAX.minus(Duration::days(365)));
        Self { from: until.minus(Duration::days(365)), until }
    }
}

/// The vocabulary of the shop: its traits, its events, and what they hold.
///
/// Name, address and birthday are personal. The time zone is an IANA name. An order is known by its `order_id`; its `revenue` is
/// the sum of price times quantity over its `products`, less the `discount` of a coupon. All
/// amounts are in euros, so they are declared as numbers without a currency.
pub fn schema() -> Schema {
    let product = [
        ("sku", Field::from(Kind::Text)),
        ("name", Kind::Text.into()),
        ("category", Kind::Text.into()),
        ("price", Kind::Number.into()),
        ("currency", Kind::Text.into()),
    ];
    let added = product.iter().cloned().chain([("quantity", Kind::Number.into())]);
    let products = Field::list_of([
        ("sku", Kind::Text),
        ("name", Kind::Text),
        ("category", Kind::Text),
        ("price", Kind::Number),
        ("quantity", Kind::Number),
    ]);
    let mail = [("campaign_id", Kind::Text), ("email_id", Kind::Text)];
    Schema::new()
        .attribute("name", Field::from(Kind::Text).personal())
        .attribute("email", Field::from(Kind::Text).personal())
        .attribute("birthday", Field::from(Kind::Text).personal())
        .attribute("country", Kind::Text)
        .attribute("timezone", Kind::Text)
        .attribute("favourite_category", Kind::Text)
        .attribute("locale", Kind::Text)
        .attribute("latitude", Kind::Number)
        .attribute("longitude", Kind::Number)
        .attribute("postal_code", Kind::Text)
        .event("Page Viewed", [("path", Kind::Text)])
        .event("Product Added", added)
        .event("Product Viewed", product)
        .event("Cart Viewed", [("products", products.clone())])
        .event(
            "Order Completed",
            [
                ("order_id", Field::from(Kind::Text)),
                ("revenue", Kind::Number.into()),
                ("discount", Kind::Number.into()),
                ("currency", Kind::Text.into()),
                ("coupon", Kind::Text.into()),
                ("products", products),
            ],
        )
        .key("Order Completed", BusinessKey::new("order_id"))
        .event(
            "Order Refunded",
            [
                ("order_id", Field::from(Kind::Text)),
                ("total", Kind::Number.into()),
                ("currency", Kind::Text.into()),
            ],
        )
        .event("Email Delivered", mail)
        .event("Email Opened", mail)
        .event("Email Link Clicked", mail.into_iter().chain([("link_url", Kind::Text)]))
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use sha2::{Digest, Sha256};

    use super::*;
    use crate::gate::QuietHours;
    use crate::schema::Shape;
    use crate::time::Zone;
    use crate::value::{Decimal, Value};

    fn shop() -> Shop {
        Shop::new(Seed::new(1))
    }

    fn json(customer: &Customer) -> String {
        customer.events.iter().map(Event::to_json).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes() {
        let digest = |shop: Shop| {
            let mut hash = Sha256::new();
            shop.customers(200).into_iter().for_each(|customer| hash.update(json(&customer)));
            hash.finalize().iter().fold(String::new(), |mut hex, byte| {
                write!(hex, "{byte:02x}").unwrap();
                hex
            })
        };
        // Changes only where the shop is meant to change.
        assert_eq!(
            digest(shop()),
            "1c879abf0b76b9ef57f0ff715a46c2e5d0ddc7146404738d388820ab9d8c31ac"
        );
        assert_ne!(digest(shop()), digest(Shop::new(Seed::new(2))));
    }

    #[test]
    fn a_customer_does_not_depend_on_the_others() {
        let few = shop().customers(10).into_iter().nth(6).unwrap();
        let many = shop().customers(1_000_000).into_iter().nth(6).unwrap();
        assert_eq!(json(&few), json(&many));
        assert_eq!(json(&few), json(&shop().customer(7)));
        assert_eq!(few.consents, many.consents);
        assert_eq!(few.subscriptions, many.subscriptions);
        assert_eq!(shop().customers(3).into_iter().len(), 3);
        assert_eq!(shop().customers(3).into_iter().count(), 3);
    }

    #[test]
    fn events_are_in_order_and_within_the_year() {
        let until: Timestamp = "2024-07-04T16:20:00.5Z".parse().unwrap();
        let from = until.minus(Duration::days(365));
        for customer in shop().customers(500).until(until) {
            let at: Vec<Timestamp> = customer.events.iter().map(Event::at).collect();
            assert!(at.is_sorted() && at.iter().all(|at| from <= *at && *at <= until));
            assert!(customer.events.iter().all(|event| event.person() == Some(&customer.id)));
            assert!(customer.events.iter().all(|event| event.known_from() >= event.at()));
            assert!(customer.consents.is_sorted_by_key(|told| told.at));
            assert!(customer.subscriptions.is_sorted_by_key(|chosen| chosen.at));
            assert_eq!(customer.events[0].name().as_ref(), "identify");
            assert!(customer.address.is_ascii(), "{}", customer.address);
        }
    }

    #[test]
    fn the_ends_of_time_are_no_trouble() {
        for until in [Timestamp::MIN, Timestamp::from_micros(0), Timestamp::MAX] {
            assert_eq!(shop().customers(20).until(until).into_iter().count(), 20);
        }
    }

    #[test]
    fn revenue_is_the_exact_sum_of_the_lines_less_the_discount() {
        let number = |value: Option<&Value>| value.and_then(Value::as_number);
        let (mut orders, mut coupons) = (0, 0);
        for event in shop().customers(500).into_iter().flat_map(|customer| customer.events) {
            if &**event.name() != "Order Completed" {
                continue;
            }
            let fields = event.fields();
            let lines = fields.get("products").and_then(Value::as_list).unwrap();
            let sum = lines.iter().map(|line| line.as_object().unwrap()).map(|line| {
                let (price, quantity) = (number(line.get("price")), number(line.get("quantity")));
                price.unwrap().checked_mul(quantity.unwrap()).unwrap().micros()
            });
            let discount = number(fields.get("discount")).map_or(0, Decimal::micros);
            let revenue = number(fields.get("revenue")).unwrap().micros();
            assert_eq!(sum.sum::<i64>() - discount, revenue);
            assert_eq!(fields.get("coupon").is_some(), discount > 0);
            (orders, coupons) = (orders + 1, coupons + i32::from(discount > 0));
        }
        assert!(orders > 500 && coupons > 50, "{orders} orders, {coupons} with a coupon");
    }

    #[test]
    fn the_schema_declares_every_field_and_event() {
        let schema = schema();
        schema.check().unwrap();
        assert_eq!(Schema::from_toml(&schema.to_toml()).unwrap(), schema);
        for event in shop().customers(300).into_iter().flat_map(|customer| customer.events) {
            for (name, value) in event.fields().iter() {
                let field = event.declaration(&schema, name).unwrap_or_else(|| panic!("{name}"));
                let fits = match field.shape() {
                    Shape::Scalar(kind) => value.kind() == *kind,
                    Shape::ObjectList(_) => value.kind() == Kind::List,
                    _ => false,
                };
                assert!(fits, "{name}: {value:?}");
            }
            assert_eq!(Event::read(&event.to_json(), &schema).unwrap(), event);
        }
    }

    /// What was there before zones and topics were drawn is as it was.
    #[test]
    fn zones_and_topics_are_drawn_apart_from_the_rest() {
        let mut hash = Sha256::new();
        for customer in shop().customers(200) {
            for event in &customer.events {
                let rest = event.fields().iter().filter(|(name, _)| &***name != "timezone");
                let fields = rest.map(|(name, value)| (Arc::clone(name), value.clone())).collect();
                hash.update(event.clone().with_fields(fields).to_json());
            }
        }
        let digest = hash.finalize().iter().fold(String::new(), |mut hex, byte| {
            write!(hex, "{byte:02x}").unwrap();
            hex
        });
        assert_eq!(digest, "c1c0e8d8ce238dc5de3d0e42d68d213e7d909f661085b6a22d47c7c8d0cef84d");
    }

    #[test]
    fn zones_are_known_and_nights_fall_at_nine_for_some() {
        let now = shop().history.until;
        let night = QuietHours::new("21:00".parse().unwrap(), "08:00".parse().unwrap()).unwrap();
        let (mut elsewhere, mut quiet) = (0, 0);
        for customer in shop().customers(4_000) {
            let told = |event: &Event| event.fields().get("timezone").cloned();
            let zone = customer.events.iter().filter_map(told).next_back().unwrap();
            let zone: Zone = zone.as_text().unwrap().parse().unwrap();
            elsewhere += usize::from(!zone.name().starts_with("Europe/"));
            quiet += usize::from(night.until(zone, now).is_some());
        }
        assert!((120..=200).contains(&elsewhere), "{elsewhere}");
        assert!((50..=110).contains(&quiet), "{quiet}");
    }

    #[test]
    fn the_usual_segments_are_neither_empty_nor_trivial() {
        let customers: Vec<Customer> = shop().customers(4_000).into_iter().collect();
        let share = |members: &dyn Fn(&Customer) -> bool| {
            customers.iter().filter(|customer| members(customer)).count()
        };
        let until = shop().history.until;
        let within = |customer: &Customer, name: &str, days: i64| {
            let events = customer.events.iter().filter(|event| &**event.name() == name);
            events.filter(|event| event.at() > until.minus(Duration::days(days))).count()
        };
        let orders = |customer: &Customer, days| within(customer, "Order Completed", days);
        let revenue = |event: &Event| event.fields().get("revenue").and_then(Value::as_number);
        let vip = |customer: &Customer| {
            let recent =
                customer.events.iter().filter(|e| e.at() > until.minus(Duration::days(90)));
            let spent: i64 = recent.filter_map(revenue).map(Decimal::micros).sum();
            let dear = customer.events.iter().filter_map(revenue).filter(|sum| *sum >= 500.into());
            spent > 2_000 * Decimal::SCALE && dear.count() >= 2
        };
        let coupons = |customer: &Customer| {
            let events = customer.events.iter().filter(|event| revenue(event).is_some());
            let bought = orders(customer, 365);
            bought >= 3
                && events.filter(|event| event.fields().get("coupon").is_some()).count() * 10
                    >= bought * 7
        };
        let abandons = |customer: &Customer| {
            let last = |name| customer.events.iter().rfind(|event| &**event.name() == name);
            within(customer, "Product Added", 1) > 0
                && last("Product Added").map(Event::at) > last("Order Completed").map(Event::at)
        };
        let frequent = |customer: &Customer| {
            orders(customer, 30) >= 3 && within(customer, "Product Viewed", 30) > 10
        };
        for (segment, members, least, most) in [
            ("active", share(&|c| orders(c, 90) > 0), 600, 1_600),
            ("at risk", share(&|c| orders(c, 90) == 0 && orders(c, 180) > 0), 300, 800),
            ("lapsed", share(&|c| orders(c, 180) == 0 && orders(c, 365) > 0), 500, 1_200),
            ("vip", share(&vip), 12, 120),
            ("frequent", share(&frequent), 20, 150),
            ("abandons", share(&abandons), 4, 60),
            ("browses", share(&|c| within(c, "Product Viewed", 7) > 0), 200, 800),
            ("bargains", share(&coupons), 30, 200),
            ("consents", share(&|c| c.consents[0].granted), 3_300, 3_500),
            ("withdraws", share(&|c| c.consents.len() > 1), 250, 450),
            ("unsubscribed", share(&|c| !c.subscriptions.is_empty()), 270, 370),
            ("subscribed again", share(&|c| c.subscriptions.len() > 1), 30, 70),
            ("suppressed", share(&|c| c.suppression.is_some()), 50, 110),
        ] {
            assert!((least..=most).contains(&members), "{segment}: {members}");
        }
        let events: usize = customers.iter().map(|customer| customer.events.len()).sum();
        assert!((35..=45).contains(&(events / customers.len())), "{events} events");
        let late = share(&|c| c.events.iter().any(|event| event.known_from() > event.at()));
        assert!((800..=2_500).contains(&late), "{late} customers with late events");
    }
}
