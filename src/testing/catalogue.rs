//! What the shop sells.

use std::sync::Arc;

use super::chance::{Curve, any, index};
use crate::seed::{Draws, Seed};
use crate::value::{Decimal, Value};

/// How many products there are of each category.
const PRODUCTS: usize = 48;

/// A category: its name, the words its products are named after, and its prices in cents.
struct Category {
    name: &'static str,
    nouns: [&'static str; 6],
    prices: Curve,
}

const CATEGORIES: [Category; 8] = [
    Category {
        name: "electronics",
        nouns: ["Headphones", "Tablet", "Camera", "Speaker", "Monitor", "Charger"],
        prices: Curve(&[(0, 1_500), (400_000, 8_000), (800_000, 35_000), (1_000_000, 140_000)]),
    },
    Category {
        name: "books",
        nouns: ["Novel", "Atlas", "Cookbook", "Biography", "Guide", "Poems"],
        prices: Curve(&[(0, 500), (500_000, 1_400), (1_000_000, 5_500)]),
    },
    Category {
        name: "fashion",
        nouns: ["Jacket", "Shirt", "Boots", "Scarf", "Dress", "Trousers"],
        prices: Curve(&[(0, 1_200), (500_000, 4_500), (1_000_000, 26_000)]),
    },
    Category {
        name: "home",
        nouns: ["Lamp", "Blanket", "Pan", "Chair", "Clock", "Vase"],
        prices: Curve(&[(0, 900), (500_000, 3_500), (1_000_000, 32_000)]),
    },
    Category {
        name: "luxury",
        nouns: ["Watch", "Handbag", "Necklace", "Perfume", "Pen", "Bracelet"],
        prices: Curve(&[(0, 9_000), (500_000, 32_000), (1_000_000, 240_000)]),
    },
    Category {
        name: "toys",
        nouns: ["Puzzle", "Train", "Kite", "Blocks", "Bear", "Robot"],
        prices: Curve(&[(0, 700), (500_000, 2_200), (1_000_000, 12_000)]),
    },
    Category {
        name: "garden",
        nouns: ["Spade", "Planter", "Hose", "Bench", "Lantern", "Seeds"],
        prices: Curve(&[(0, 300), (500_000, 2_600), (1_000_000, 38_000)]),
    },
    Category {
        name: "sports",
        nouns: ["Racket", "Mat", "Helmet", "Backpack", "Tent", "Ball"],
        prices: Curve(&[(0, 900), (500_000, 4_000), (1_000_000, 45_000)]),
    },
];

const ADJECTIVES: [&str; 12] = [
    "Classic", "Compact", "Bright", "Quiet", "Light", "Sturdy", "Soft", "Folding", "Green", "Blue",
    "Small", "Grand",
];

/// The categories by their number, from the first again after the last.
pub(super) fn category(number: usize) -> &'static str {
    CATEGORIES[number % CATEGORIES.len()].name
}

/// The products by category, each category from cheap to dear, and the words events are made of.
#[derive(Clone, Debug)]
pub(super) struct Catalogue {
    categories: Vec<(Arc<str>, Vec<Product>)>,
}

/// Something to buy.
#[derive(Clone, Debug)]
pub(super) struct Product {
    pub(super) sku: Value,
    pub(super) name: Value,
    pub(super) category: Value,
    cents: i64,
}

impl Catalogue {
    pub(super) fn new(seed: Seed) -> Self {
        let categories = CATEGORIES.iter().map(|category| {
            let products = category.products(&mut seed.fork(category.name).draws());
            (category.name.into(), products)
        });
        Self { categories: categories.collect() }
    }

    /// How many categories there are.
    pub(super) fn len(&self) -> usize {
        self.categories.len()
    }

    /// The category's name.
    pub(super) fn name(&self, category: usize) -> Arc<str> {
        Arc::clone(&self.categories[category].0)
    }

    /// A product of the category, rather a cheap one, or rather a dear one for who buys those.
    pub(super) fn draw(&self, category: usize, dear: bool, draws: &mut Draws) -> &Product {
        let products = &self.categories[category].1;
        let (one, other) = (index(products.len(), draws), index(products.len(), draws));
        &products[if dear { one.max(other) } else { one.min(other) }]
    }
}

impl Category {
    fn products(&self, draws: &mut Draws) -> Vec<Product> {
        let mut prices: Vec<u64> = (0..PRODUCTS).map(|_| self.prices.draw(draws)).collect();
        prices.sort_unstable();
        let code = self.name.get(..3).unwrap_or(self.name).to_uppercase();
        let category: Value = self.name.into();
        let products = prices.into_iter().enumerate().map(|(number, cents)| {
            // Whole euros but for the last cent or five, as shops have it.
            let last = any(&[1, 1, 5], draws);
            Product {
                sku: format!("{code}-{:03}", number + 1).into(),
                name: format!("{} {}", any(&ADJECTIVES, draws), any(&self.nouns, draws)).into(),
                category: category.clone(),
                cents: i64::try_from(cents / 100 * 100 + 100).unwrap_or_default() - last,
            }
        });
        products.collect()
    }
}

impl Product {
    pub(super) fn cents(&self) -> i64 {
        self.cents
    }
}

/// An amount of money.
pub(super) fn euros(cents: i64) -> Value {
    let micros = i128::from(cents) * i128::from(Decimal::SCALE / 100);
    Decimal::from_micros(micros).map_or(Value::Null, Value::from)
}
