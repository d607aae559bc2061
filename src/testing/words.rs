//! The words that events repeat, each held once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::value::{Fields, Value};

const WORDS: [&str; 43] = [
    "Cart Viewed",
    "Checkout Started",
    "EUR",
    "Email Delivered",
    "Email Link Clicked",
    "Email Opened",
    "Order Completed",
    "Order Refunded",
    "Page Viewed",
    "Product Added",
    "Product Added to Wishlist",
    "Product Reviewed",
    "Product Viewed",
    "Products Searched",
    "birthday",
    "campaign_id",
    "category",
    "country",
    "coupon",
    "currency",
    "discount",
    "email",
    "email_id",
    "engagement",
    "favourite_category",
    "identify",
    "link_url",
    "name",
    "newsletter",
    "order_id",
    "path",
    "price",
    "product_id",
    "products",
    "quantity",
    "query",
    "rating",
    "revenue",
    "sku",
    "tier",
    "timezone",
    "total",
    "value",
];

/// Words by their text.
#[derive(Clone, Debug)]
pub(super) struct Words(BTreeMap<&'static str, Arc<str>>);

impl Words {
    pub(super) fn new() -> Self {
        Self(WORDS.iter().map(|word| (*word, Arc::from(*word))).collect())
    }

    /// The word, shared where it is a common one.
    pub(super) fn get(&self, word: &str) -> Arc<str> {
        self.0.get(word).map_or_else(|| word.into(), Arc::clone)
    }

    /// Fields under common names.
    pub(super) fn fields<const N: usize>(&self, fields: [(&str, Value); N]) -> Fields {
        fields.into_iter().map(|(name, value)| (self.get(name), value)).collect()
    }

    /// The same fields with one more under a common name.
    pub(super) fn with(&self, fields: &Fields, name: &str, value: impl Into<Value>) -> Fields {
        fields.with(self.get(name), value.into())
    }
}
