//! What people do, and what is told of it.

use std::sync::Arc;

use super::super::catalogue::{Catalogue, Product, euros};
use super::super::chance::{any, between, index, weighted};
use super::super::words::Words;
use crate::event::{Event, EventKind};
use crate::id::ProfileId;
use crate::seed::{Draws, Seed};
use crate::time::Timestamp;
use crate::value::{Fields, Value};

/// What an event tells of what this person does.
type Tell = fn(&Deeds, u64, &mut Draws) -> Fields;

/// The events by their share of a thousand.
const DEEDS: [((&str, EventKind, Tell), u64); 13] = [
    (("Page Viewed", EventKind::Page, Deeds::page), 350),
    (("Product Viewed", EventKind::Track, Deeds::product), 250),
    (("Email Delivered", EventKind::Track, Deeds::mail), 110),
    (("Email Opened", EventKind::Track, Deeds::mail), 60),
    (("Product Added", EventKind::Track, Deeds::added), 60),
    (("Products Searched", EventKind::Track, Deeds::search), 40),
    (("Cart Viewed", EventKind::Track, Deeds::cart), 30),
    (("Email Link Clicked", EventKind::Track, Deeds::click), 20),
    (("Checkout Started", EventKind::Track, Deeds::cart), 20),
    (("Order Completed", EventKind::Track, Deeds::order), 20),
    (("identify", EventKind::Identify, Deeds::status), 20),
    (("Product Added to Wishlist", EventKind::Track, Deeds::product), 15),
    (("Product Reviewed", EventKind::Track, Deeds::review), 5),
];

const COUNTRIES: [(&str, u64); 5] = [("PT", 30), ("ES", 25), ("DE", 20), ("FR", 15), ("IT", 10)];
const TIERS: [(&str, u64); 4] = [("bronze", 70), ("silver", 20), ("gold", 8), ("platinum", 2)];
const PATHS: [(&str, u64); 5] =
    [("/", 40), ("/sale", 20), ("/new", 20), ("/account", 15), ("/help", 5)];
const QUERIES: [&str; 6] = ["watch", "boots", "lamp", "tent", "novel", "gift"];
const COUPONS: [&str; 3] = ["WELCOME10", "SALE15", "FRIENDS20"];

/// Each event's name and how many of a thousand events it is, once everybody is identified.
pub fn frequencies() -> [(&'static str, u64); 13] {
    DEEDS.map(|((name, ..), share)| (name, share))
}

/// What there is to do it with.
#[derive(Clone, Debug)]
pub(super) struct Deeds {
    catalogue: Arc<Catalogue>,
    words: Arc<Words>,
}

impl Deeds {
    pub(super) fn new(seed: Seed) -> Self {
        Self { catalogue: Catalogue::new(seed).into(), words: Words::new().into() }
    }

    /// All traits of a person, told for the first time.
    pub(super) fn join(&self, who: u64, at: Timestamp, draws: &mut Draws) -> Event {
        let country = weighted(&COUNTRIES, draws);
        let fields = self.words.with(&self.status(who, draws), "country", self.words.get(country));
        let favourite = self.catalogue.name(self.favourite(who));
        let fields = self.words.with(&fields, "favourite_category", favourite);
        self.event("identify", EventKind::Identify, who, at).with_fields(fields)
    }

    /// Something that a person does.
    pub(super) fn act(&self, who: u64, at: Timestamp, draws: &mut Draws) -> Event {
        let (name, kind, tell) = weighted(&DEEDS, draws);
        self.event(name, kind, who, at).with_fields(tell(self, who, draws))
    }

    fn event(&self, name: &str, kind: EventKind, who: u64, at: Timestamp) -> Event {
        let person = ProfileId::from(format!("p{:07}", who + 1));
        Event::new(kind, self.words.get(name), at).user(person)
    }

    fn page(&self, _: u64, draws: &mut Draws) -> Fields {
        self.words.fields([("path", self.words.get(weighted(&PATHS, draws)).into())])
    }

    fn search(&self, _: u64, draws: &mut Draws) -> Fields {
        self.words.fields([("query", any(&QUERIES, draws).into())])
    }

    fn product(&self, who: u64, draws: &mut Draws) -> Fields {
        let product = self.choose(who, draws);
        self.words.fields([
            ("category", product.category.clone()),
            ("price", euros(product.cents())),
            ("product_id", product.sku.clone()),
        ])
    }

    fn added(&self, who: u64, draws: &mut Draws) -> Fields {
        self.line(who, draws).0
    }

    fn review(&self, who: u64, draws: &mut Draws) -> Fields {
        let rating = Value::from(weighted(&[(5, 50), (4, 25), (3, 15), (1, 10)], draws));
        let product = self.choose(who, draws).sku.clone();
        self.words.fields([("product_id", product), ("rating", rating)])
    }

    fn cart(&self, who: u64, draws: &mut Draws) -> Fields {
        self.words.fields([("value", euros(self.lines(who, draws).1))])
    }

    fn order(&self, who: u64, draws: &mut Draws) -> Fields {
        let (products, cents) = self.lines(who, draws);
        let fields = self.words.fields([
            ("order_id", format!("o{:016x}", draws.bits()).into()),
            ("products", products),
            ("revenue", euros(cents)),
        ]);
        if draws.chance(0.75) {
            return fields;
        }
        self.words.with(&fields, "coupon", self.words.get(any(&COUPONS, draws)))
    }

    fn mail(&self, _: u64, draws: &mut Draws) -> Fields {
        self.words.fields([
            ("campaign_id", format!("campaign-{}", between(1, 40, draws)).into()),
            ("email_id", format!("{:016x}", draws.bits()).into()),
        ])
    }

    fn click(&self, who: u64, draws: &mut Draws) -> Fields {
        let link = self.words.get(weighted(&PATHS, draws));
        self.words.with(&self.mail(who, draws), "link_url", link)
    }

    /// The traits that change.
    fn status(&self, _: u64, draws: &mut Draws) -> Fields {
        let score = draws.below(101).min(draws.below(101));
        self.words.fields([
            ("engagement", u32::try_from(score).ok().into()),
            ("newsletter", Value::Boolean(draws.chance(0.6))),
            ("tier", self.words.get(weighted(&TIERS, draws)).into()),
        ])
    }

    /// One to three lines of a cart, and what they come to in cents.
    fn lines(&self, who: u64, draws: &mut Draws) -> (Value, i64) {
        let count = weighted(&[(1, 5), (2, 3), (3, 2)], draws);
        let (lines, cents): (Vec<Value>, Vec<i64>) = (0..count)
            .map(|_| self.line(who, draws))
            .map(|(line, cents)| (Value::from(line), cents))
            .unzip();
        (lines.into(), cents.iter().sum())
    }

    fn line(&self, who: u64, draws: &mut Draws) -> (Fields, i64) {
        let product = self.choose(who, draws);
        let quantity = weighted(&[(1, 8), (2, 2)], draws);
        let fields = self.words.fields([
            ("category", product.category.clone()),
            ("price", euros(product.cents())),
            ("product_id", product.sku.clone()),
            ("quantity", Value::from(quantity)),
        ]);
        (fields, product.cents() * i64::from(quantity))
    }

    /// Mostly of the category that the person favours, else of any.
    fn choose(&self, who: u64, draws: &mut Draws) -> &Product {
        let other = index(self.catalogue.len(), draws);
        let category = if draws.chance(0.6) { self.favourite(who) } else { other };
        self.catalogue.draw(category, false, draws)
    }

    fn favourite(&self, who: u64) -> usize {
        usize::try_from(who).unwrap_or_default() % self.catalogue.len()
    }
}
