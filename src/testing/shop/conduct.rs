//! What the customers do.

use chrono::{DateTime, Datelike};

use super::super::catalogue::{Catalogue, Product, euros};
use super::super::chance::{Curve, between, index, weighted};
use super::super::words::Words;
use super::person::Person;
use super::{Consent, History, Suppression};
use crate::event::{Event, EventKind};
use crate::seed::{Draws, Seed};
use crate::time::{Duration, Timestamp};
use crate::value::{Fields, Value};

/// How busy the months are, in thousandths of an average one.
const MONTHS: [u64; 12] = [900, 800, 900, 950, 1_000, 950, 850, 750, 950, 1_050, 1_400, 1_500];

/// The busiest month, against which the others are thinned out.
const PEAK: u64 = 1_500;

/// When people come, by the hour of UTC.
const HOURS: [(i64, u64); 24] = [
    (0, 10),
    (1, 5),
    (2, 3),
    (3, 2),
    (4, 3),
    (5, 6),
    (6, 14),
    (7, 26),
    (8, 38),
    (9, 46),
    (10, 50),
    (11, 52),
    (12, 60),
    (13, 58),
    (14, 48),
    (15, 45),
    (16, 46),
    (17, 52),
    (18, 62),
    (19, 76),
    (20, 84),
    (21, 72),
    (22, 44),
    (23, 22),
];

const COUPONS: [((&str, i64), u64); 3] =
    [(("WELCOME10", 10), 5), (("SALE15", 15), 3), (("FRIENDS20", 20), 2)];

/// How long lies between two newsletters.
const NEWSLETTER: Duration = Duration::days(21);

/// One thing in the cart.
struct Line<'a> {
    product: &'a Product,
    quantity: u32,
}

/// Everything that one person does, as it is written down.
pub(super) struct Conduct<'a> {
    person: &'a Person,
    seed: Seed,
    history: History,
    catalogue: &'a Catalogue,
    words: &'a Words,
    events: Vec<Event>,
    orders: u32,
}

impl<'a> Conduct<'a> {
    pub(super) fn new(
        person: &'a Person,
        seed: Seed,
        history: History,
        (catalogue, words): &'a (Catalogue, Words),
    ) -> Self {
        Self { person, seed, history, catalogue, words, events: Vec::new(), orders: 0 }
    }

    /// Joins, reads mail and comes to the shop, until the person has left or the history ends.
    pub(super) fn live(&mut self, consents: &[Consent], suppression: Option<Suppression>) {
        self.tell();
        let mut visits = self.visits();
        visits.extend(self.read_mail(consents, suppression));
        visits.sort_unstable();
        let draws = &mut self.seed.fork("shop").draws();
        for at in visits {
            self.visit(at, draws);
        }
    }

    /// The events in the order in which they happened, each with its `messageId`, and some known
    /// only later.
    pub(super) fn finish(self) -> Vec<Event> {
        let mut events = self.events;
        events.sort_by_key(Event::at);
        let draws = &mut self.seed.fork("transport").draws();
        let numbered = events.into_iter().enumerate().map(|(number, event)| {
            let event = event.with_id(format!("{}-{:04}", self.person.id, number + 1));
            if !draws.chance(0.02) {
                return event;
            }
            let delay = Duration::minutes(between(60, 48 * 60, draws));
            let received = event.at().plus(delay);
            event.received(received)
        });
        numbered.collect()
    }

    /// Tells the traits when the person joins, and country and zone again where somebody moves.
    fn tell(&mut self) {
        let person = self.person;
        let mut traits = vec![
            (self.words.get("name"), person.name.clone().into()),
            (self.words.get("email"), person.address.clone().into()),
            (self.words.get("country"), self.words.get(person.country).into()),
            (self.words.get("timezone"), self.words.get(person.timezone).into()),
            (self.words.get("favourite_category"), self.catalogue.name(person.favourite).into()),
        ];
        let birthday = person.birthday.clone().map(|day| (self.words.get("birthday"), day.into()));
        traits.extend(birthday);
        let joined = Event::identify(person.id.clone(), person.joined);
        self.events.push(joined.with_fields(traits.into_iter().collect()));
        let draws = &mut self.seed.fork("move").draws();
        if draws.chance(0.02) {
            let at = person.joined.plus(Duration::hours(between(24, 300 * 24, draws)));
            if at <= self.history.until {
                let moved = Event::identify(person.id.clone(), at);
                let moved = moved.with(self.words.get("country"), "LU");
                self.events.push(moved.with(self.words.get("timezone"), "Europe/Luxembourg"));
            }
        }
    }

    /// When the person comes of their own accord: on joining, and then at random.
    fn visits(&self) -> Vec<Timestamp> {
        let draws = &mut self.seed.fork("visits").draws();
        let mut visits = vec![self.person.joined];
        // Months are thinned out against the busiest one, so there are more chances than visits.
        let chances = self.person.visits_a_year * PEAK / 1_000;
        let mean = 365 * 86_400 / i64::try_from(chances.max(1)).unwrap_or(1);
        let mut at = self.person.joined;
        loop {
            let wait = i64::try_from(Curve::WAIT.draw(draws)).unwrap_or_default() + 1;
            at = at.plus(Duration::seconds(mean * wait / 1_000));
            if at > self.person.left || at > self.history.until {
                return visits;
            }
            if draws.below(PEAK) < MONTHS[month(at)] {
                visits.push(at_some_hour(at, draws).max(self.person.joined));
            }
        }
    }

    /// Gets the newsletters that consent and address allow, opens some, and follows some links to
    /// the shop: when, is returned.
    fn read_mail(
        &mut self,
        consents: &[Consent],
        suppression: Option<Suppression>,
    ) -> Vec<Timestamp> {
        let draws = &mut self.seed.fork("mail").draws();
        let mut visits = Vec::new();
        let (mut at, mut number) = (midnight(self.history.from).plus(Duration::hours(9)), 0);
        while at <= self.history.until {
            number += 1;
            let granted = consents.iter().rfind(|told| told.at <= at).is_some_and(|c| c.granted);
            if granted && suppression.is_none_or(|suppressed| at < suppressed.at) {
                visits.extend(self.get_mail(number, at, draws));
            }
            at = at.plus(NEWSLETTER);
        }
        visits
    }

    fn get_mail(&mut self, number: u32, sent: Timestamp, draws: &mut Draws) -> Option<Timestamp> {
        let campaign: Value = format!("newsletter-{number:02}").into();
        let mail: Value = format!("{}-{number:02}", self.person.id).into();
        let fields = self.words.fields([("campaign_id", campaign), ("email_id", mail)]);
        let delivered = sent.plus(pause(1, 900, draws));
        self.note("Email Delivered", delivered, fields.clone());
        // Who has left the shop still opens one mail in a while.
        let here = if delivered > self.person.left { 0.2 } else { 1.0 };
        if !draws.chance(self.person.opens * here) {
            return None;
        }
        let opened = delivered.plus(pause(60, 2 * 86_400, draws));
        self.note("Email Opened", opened, fields.clone());
        if !draws.chance(0.25) {
            return None;
        }
        let clicked = opened.plus(pause(5, 300, draws));
        let link = "https://shop.example.com/sale";
        self.note("Email Link Clicked", clicked, self.words.with(&fields, "link_url", link));
        draws.chance(0.5).then(|| clicked.plus(pause(1, 5, draws)))
    }

    /// One visit: a page, some products, perhaps a cart, perhaps an order.
    fn visit(&mut self, start: Timestamp, draws: &mut Draws) {
        let mut at = start;
        if draws.chance(0.7) {
            let path = weighted(&[("/", 5), ("/sale", 2), ("/new", 2)], draws);
            self.note("Page Viewed", at, self.words.fields([("path", path.into())]));
        }
        let mut cart = Vec::new();
        for _ in 0..weighted(&[(1, 3), (2, 4), (3, 2), (5, 1)], draws) {
            at = at.plus(pause(5, 180, draws));
            let product = self.choose(draws);
            self.note("Product Viewed", at, self.product(product));
            if draws.chance(0.3) {
                at = at.plus(pause(5, 90, draws));
                let quantity = weighted(&[(1_u32, 8), (2, 2), (3, 1)], draws);
                let fields = self.words.with(&self.product(product), "quantity", quantity);
                self.note("Product Added", at, fields);
                cart.push(Line { product, quantity });
            }
        }
        if !cart.is_empty() {
            self.check_out(&cart, at, draws);
        }
    }

    fn check_out(&mut self, cart: &[Line<'_>], end: Timestamp, draws: &mut Draws) {
        let mut at = end.plus(pause(5, 120, draws));
        if draws.chance(0.6) {
            self.note("Cart Viewed", at, self.words.fields([("products", self.lines(cart))]));
            at = at.plus(pause(20, 400, draws));
        }
        if draws.chance(self.person.buys) && at <= self.history.until {
            self.order(cart, at, draws);
        }
    }

    fn order(&mut self, cart: &[Line<'_>], at: Timestamp, draws: &mut Draws) {
        self.orders += 1;
        let order: Value = format!("o{:06}-{}", self.person.number, self.orders).into();
        let sum: i64 = cart.iter().map(Line::cents).sum();
        let coupon = draws.chance(self.person.coupons).then(|| weighted(&COUPONS, draws));
        let discount = coupon.map_or(0, |(_, percent)| sum * percent / 100);
        let mut fields = self.words.fields([
            ("order_id", order.clone()),
            ("revenue", euros(sum - discount)),
            ("currency", self.words.get("EUR").into()),
            ("products", self.lines(cart)),
        ]);
        if let Some((code, _)) = coupon {
            fields = self.words.with(&fields, "coupon", code);
            fields = self.words.with(&fields, "discount", euros(discount));
        }
        self.note("Order Completed", at, fields);
        if draws.chance(0.04) {
            let refunded = at.plus(pause(2 * 86_400, 20 * 86_400, draws));
            let fields = self.words.fields([
                ("order_id", order),
                ("total", euros(sum - discount)),
                ("currency", self.words.get("EUR").into()),
            ]);
            self.note("Order Refunded", refunded, fields);
        }
    }

    /// Mostly what the person favours, else anything.
    fn choose(&self, draws: &mut Draws) -> &'a Product {
        let favourite = draws.chance(0.6);
        let other = index(self.catalogue.len(), draws);
        let category = if favourite { self.person.favourite } else { other };
        self.catalogue.draw(category, self.person.spends, draws)
    }

    fn product(&self, product: &Product) -> Fields {
        self.words.fields([
            ("sku", product.sku.clone()),
            ("name", product.name.clone()),
            ("category", product.category.clone()),
            ("price", euros(product.cents())),
            ("currency", self.words.get("EUR").into()),
        ])
    }

    fn lines(&self, cart: &[Line<'_>]) -> Value {
        let line = |line: &Line<'_>| {
            let fields = self.words.fields([
                ("sku", line.product.sku.clone()),
                ("name", line.product.name.clone()),
                ("category", line.product.category.clone()),
                ("price", euros(line.product.cents())),
                ("quantity", line.quantity.into()),
            ]);
            Value::from(fields)
        };
        Value::from(cart.iter().map(line).collect::<Vec<Value>>())
    }

    fn note(&mut self, name: &str, at: Timestamp, fields: Fields) {
        if at > self.history.until {
            return;
        }
        let kind = if name == "Page Viewed" { EventKind::Page } else { EventKind::Track };
        let event = Event::new(kind, self.words.get(name), at).user(self.person.id.clone());
        self.events.push(event.with_fields(fields));
    }
}

impl Line<'_> {
    fn cents(&self) -> i64 {
        self.product.cents() * i64::from(self.quantity)
    }
}

/// The month of an instant, from 0.
fn month(at: Timestamp) -> usize {
    let date = DateTime::from_timestamp_micros(at.micros()).unwrap_or_default();
    usize::try_from(date.month0()).unwrap_or_default()
}

/// Some moment of the same day of UTC, as likely as people are about.
fn at_some_hour(at: Timestamp, draws: &mut Draws) -> Timestamp {
    midnight(at).plus(Duration::hours(weighted(&HOURS, draws))).plus(pause(0, 3_600, draws))
}

/// The beginning of the same day of UTC.
fn midnight(at: Timestamp) -> Timestamp {
    at.minus(Duration::from_micros(at.micros().rem_euclid(Duration::days(1).micros())))
}

/// From `least` to `most` seconds, down to the microsecond.
fn pause(least: i64, most: i64, draws: &mut Draws) -> Duration {
    Duration::from_micros(between(least * 1_000_000, most * 1_000_000, draws))
}
